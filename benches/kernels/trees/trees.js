'use strict';

class Tree {
  constructor(left, right) {
    this.left = left;
    this.right = right;
  }
}

function grow(depth) {
  return depth === 0
    ? new Tree(null, null)
    : new Tree(grow(depth - 1), grow(depth - 1));
}

function count(tree) {
  return tree === null ? 0 : 1 + count(tree.left) + count(tree.right);
}

const depth = Number(process.argv[2]);
const longLived = grow(depth);
let nodes = 0;
for (let at = 4; at <= depth; at += 2) {
  for (let i = 0; i < 1 << (depth - at); i++) {
    nodes += count(grow(at));
  }
}
console.log(`${nodes} ${count(longLived)}`);
