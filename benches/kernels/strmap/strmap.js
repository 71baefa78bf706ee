'use strict';

function makeText() {
  const words = [];
  let random = 42;
  for (let i = 0; i < 10000; i++) {
    random = random * 16807 % 2147483647;
    words.push(`word${random % 2000 * 7919}`);
  }
  return words.join(' ');
}

const rounds = Number(process.argv[2]);
const text = makeText();
const counts = new Map();
for (let round = 0; round < rounds; round++) {
  for (const word of text.split(' ')) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
}
let word = '';
let most = 0;
for (const [key, count] of counts) {
  if (count > most || count === most && key < word) {
    word = key;
    most = count;
  }
}
console.log(`${counts.size} ${word} ${most}`);
