'use strict';

function stays(cr, ci) {
  let r = 0.0;
  let i = 0.0;
  for (let round = 0; round < 50; round++) {
    const rr = r * r;
    const ii = i * i;
    if (rr + ii > 4.0) {
      return false;
    }
    i = 2.0 * r * i + ci;
    r = rr - ii + cr;
  }
  return true;
}

const n = Number(process.argv[2]);
const step = 2.0 / n;
let inside = 0;
for (let y = 0; y < n; y++) {
  for (let x = 0; x < n; x++) {
    if (stays(x * step - 1.5, y * step - 1.0)) {
      inside++;
    }
  }
}
console.log(inside);
