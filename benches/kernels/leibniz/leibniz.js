'use strict';

const BLOCK = 100000;

function pi(blocks) {
  let sum = 0.0;
  let sign = 1.0;
  for (let block = 0; block < blocks; block++) {
    for (let k = block * BLOCK; k < (block + 1) * BLOCK; k++) {
      sum += sign / (2 * k + 1);
      sign = -sign;
    }
  }
  return 4.0 * sum;
}

console.log(pi(Number(process.argv[2])).toFixed(12));
