'use strict';

const rounds = Number(process.argv[2]);
let length = 0;
let sevens = 0;
for (let round = 0; round < rounds; round++) {
  const parts = [];
  for (let i = 0; i < 1000; i++) {
    parts.push(`item ${i} of ${round}: ${i * round % 1000}`);
  }
  const text = parts.join(', ');
  length += text.length;
  for (const part of text.split(', ')) {
    if (part.endsWith('7')) {
      sevens++;
    }
  }
}
console.log(`${length} ${sevens}`);
