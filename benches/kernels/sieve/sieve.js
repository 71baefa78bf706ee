'use strict';

function primes(limit) {
  const isPrime = new Uint8Array(limit + 1).fill(1);
  let found = 0;
  for (let i = 2; i <= limit; i++) {
    if (isPrime[i] === 1) {
      found++;
      for (let multiple = i * i; multiple <= limit; multiple += i) {
        isPrime[multiple] = 0;
      }
    }
  }
  return found;
}

const rounds = Number(process.argv[2]);
let found = 0;
for (let round = 1; round <= rounds; round++) {
  found += primes(400000 + round);
}
console.log(found);
