'use strict';

const rounds = Number(process.argv[2]);
const counts = new Map();
let random = 42;
let found = 0;
let removed = 0;
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < 20000; i++) {
    random = random * 16807 % 2147483647;
    const key = random % 20000 * 7919;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (let i = 0; i < 20000; i++) {
    const count = counts.get(i * 7919);
    if (count !== undefined) {
      found += count;
    }
  }
  for (let i = 0; i < 1000; i++) {
    if (counts.delete(i * 7919)) {
      removed++;
    }
  }
}
console.log(`${counts.size} ${found} ${removed}`);
