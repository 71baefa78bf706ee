'use strict';

const LENGTH = 65536;

function makeTable() {
  const entries = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let entry = byte;
    for (let bit = 0; bit < 8; bit++) {
      entry = entry & 1 ? 0xEDB88320 ^ entry >>> 1 : entry >>> 1;
    }
    entries[byte] = entry;
  }
  return entries;
}

function crc(table, data, start) {
  let sum = ~start;
  for (let i = 0; i < data.length; i++) {
    sum = table[(sum ^ data[i]) & 0xFF] ^ sum >>> 8;
  }
  return ~sum >>> 0;
}

const rounds = Number(process.argv[2]);
const table = makeTable();
const data = Uint8Array.from({ length: LENGTH }, (_, i) => i * 7 + Math.floor(i / 256));
let sum = 0;
for (let round = 0; round < rounds; round++) {
  sum = crc(table, data, sum);
}
console.log(sum);
