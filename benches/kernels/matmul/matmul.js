'use strict';

function matrix(n) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    const row = new Float64Array(n);
    for (let j = 0; j < n; j++) {
      row[j] = (i - j) * (i + j) / n / n;
    }
    rows.push(row);
  }
  return rows;
}

function transposed(a) {
  const n = a.length;
  const rows = [];
  for (let i = 0; i < n; i++) {
    const row = new Float64Array(n);
    for (let j = 0; j < n; j++) {
      row[j] = a[j][i];
    }
    rows.push(row);
  }
  return rows;
}

function product(a, b) {
  const n = a.length;
  const columns = transposed(b);
  const rows = [];
  for (let i = 0; i < n; i++) {
    const left = a[i];
    const row = new Float64Array(n);
    for (let j = 0; j < n; j++) {
      const right = columns[j];
      let sum = 0.0;
      for (let k = 0; k < n; k++) {
        sum += left[k] * right[k];
      }
      row[j] = sum;
    }
    rows.push(row);
  }
  return rows;
}

const n = Number(process.argv[2]);
const c = product(matrix(n), matrix(n));
const middle = Math.floor(n / 2);
console.log([c[0][0], c[middle][middle], c[n - 1][n - 2]].map((x) => x.toFixed(6)).join(' '));
