'use strict';

function flips(pancakes) {
  let count = 0;
  for (;;) {
    const top = pancakes[0];
    if (top === 0) {
      return count;
    }
    for (let low = 0, high = top; low < high; low++, high--) {
      const kept = pancakes[low];
      pancakes[low] = pancakes[high];
      pancakes[high] = kept;
    }
    count++;
  }
}

// The next permutation, or false after the last one.
function next(order, turns) {
  for (let r = 1; r < order.length; r++) {
    const first = order[0];
    for (let i = 0; i < r; i++) {
      order[i] = order[i + 1];
    }
    order[r] = first;
    turns[r]++;
    if (turns[r] <= r) {
      return true;
    }
    turns[r] = 0;
  }
  return false;
}

const n = Number(process.argv[2]);
const order = Array.from({ length: n }, (_, i) => i);
const turns = new Array(n).fill(0);
const pancakes = new Array(n).fill(0);
let most = 0;
let checksum = 0;
let number = 0;
do {
  for (let i = 0; i < n; i++) {
    pancakes[i] = order[i];
  }
  const count = flips(pancakes);
  most = Math.max(most, count);
  checksum += number % 2 === 0 ? count : -count;
  number++;
} while (next(order, turns));
console.log(`${checksum} ${most}`);
