'use strict';

function a(i, j) {
  return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

function times(v, out) {
  for (let i = 0; i < v.length; i++) {
    let sum = 0.0;
    for (let j = 0; j < v.length; j++) {
      sum += a(i, j) * v[j];
    }
    out[i] = sum;
  }
}

function timesTransposed(v, out) {
  for (let i = 0; i < v.length; i++) {
    let sum = 0.0;
    for (let j = 0; j < v.length; j++) {
      sum += a(j, i) * v[j];
    }
    out[i] = sum;
  }
}

const n = Number(process.argv[2]);
const u = new Float64Array(n).fill(1.0);
const v = new Float64Array(n);
const between = new Float64Array(n);
for (let round = 0; round < 10; round++) {
  times(u, between);
  timesTransposed(between, v);
  times(v, between);
  timesTransposed(between, u);
}
let uv = 0.0;
let vv = 0.0;
for (let i = 0; i < n; i++) {
  uv += u[i] * v[i];
  vv += v[i] * v[i];
}
console.log(Math.sqrt(uv / vv).toFixed(9));
