'use strict';

const LENGTH = 50000;

function quicksort(xs, from, to) {
  let low = from;
  let high = to;
  const pivot = xs[Math.floor((from + to) / 2)];
  while (low <= high) {
    while (xs[low] < pivot) {
      low++;
    }
    while (xs[high] > pivot) {
      high--;
    }
    if (low <= high) {
      const kept = xs[low];
      xs[low] = xs[high];
      xs[high] = kept;
      low++;
      high--;
    }
  }
  if (from < high) {
    quicksort(xs, from, high);
  }
  if (low < to) {
    quicksort(xs, low, to);
  }
}

const rounds = Number(process.argv[2]);
const xs = new Array(LENGTH).fill(0);
let random = 42;
let checksum = 0;
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < LENGTH; i++) {
    random = random * 16807 % 2147483647;
    xs[i] = random;
  }
  quicksort(xs, 0, LENGTH - 1);
  for (let i = 0; i < LENGTH; i++) {
    checksum = (checksum * 31 + xs[i]) % 1000000007;
  }
}
console.log(`${checksum} ${xs[0]} ${xs[LENGTH - 1]}`);
