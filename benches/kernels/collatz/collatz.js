'use strict';

function steps(start) {
  let n = start;
  let count = 0;
  while (n !== 1) {
    n = n % 2 === 0 ? n / 2 : 3 * n + 1;
    count++;
  }
  return count;
}

const limit = Number(process.argv[2]);
let best = 1;
let longest = 0;
for (let start = 1; start < limit; start++) {
  const count = steps(start);
  if (count > longest) {
    best = start;
    longest = count;
  }
}
console.log(`${best} ${longest}`);
