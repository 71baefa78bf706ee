'use strict';

function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

const n = Number(process.argv[2]);
let sum = 0;
for (let k = 0; k <= n; k++) {
  sum += fib(k);
}
console.log(sum);
