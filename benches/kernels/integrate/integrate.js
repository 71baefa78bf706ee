'use strict';

const STEPS = 100000;

function integrate(f, from, to) {
  const width = (to - from) / STEPS;
  let sum = 0.0;
  for (let i = 0; i < STEPS; i++) {
    sum += f(from + (i + 0.5) * width);
  }
  return sum * width;
}

function bell(x) {
  return 1.0 / (1.0 + x * x);
}

function wave(x) {
  return x * (1.0 - x) * (2.0 - x);
}

const rounds = Number(process.argv[2]);
let area = 0.0;
for (let round = 1; round <= rounds; round++) {
  area += integrate(bell, 0.0, round);
  area += integrate(wave, 0.0, 1.0 / round);
}
console.log(area.toFixed(9));
