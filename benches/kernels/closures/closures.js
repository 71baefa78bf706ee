'use strict';

const adder = (n) => (x) => x + n;
const compose = (f, g) => (x) => g(f(x));

const rounds = Number(process.argv[2]);
const xs = Array.from({ length: 1000 }, (_, i) => i);
let total = 0;
for (let round = 0; round < rounds; round++) {
  const step = compose(adder(round), (x) => x * 3 % 1001);
  total += xs
    .map((x) => step(x))
    .filter((x) => x % 2 === 0)
    .reduce((sum, x) => sum + x, 0);
}
console.log(total);
