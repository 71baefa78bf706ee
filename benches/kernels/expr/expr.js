'use strict';

let state = 42;

function below(bound) {
  state = state * 16807 % 2147483647;
  return state % bound;
}

function randomExpr(depth) {
  if (depth === 0) {
    switch (below(3)) {
      case 0:
        return { kind: 'number', number: below(10) };
      case 1:
        return { kind: 'x' };
      default:
        return { kind: 'y' };
    }
  }
  const kind = below(7);
  const left = randomExpr(depth - 1);
  const right = randomExpr(depth - 1);
  if (kind <= 2) {
    return { kind: 'add', left, right };
  }
  if (kind <= 4) {
    return { kind: 'times', left, right };
  }
  if (kind === 5) {
    return { kind: 'larger', left, right };
  }
  return { kind: 'ifLess', left, right, yes: right, no: left };
}

function is(expr, n) {
  return expr.kind === 'number' && expr.number === n;
}

function simpler(expr) {
  const { kind } = expr;
  if (kind === 'number' || kind === 'x' || kind === 'y') {
    return expr;
  }
  const left = simpler(expr.left);
  const right = simpler(expr.right);
  if (kind === 'add' || kind === 'times') {
    const neutral = kind === 'add' ? 0 : 1;
    if (is(left, neutral)) {
      return right;
    }
    if (is(right, neutral)) {
      return left;
    }
    if (left.kind === 'number' && right.kind === 'number') {
      const number = kind === 'add' ? left.number + right.number : left.number * right.number;
      return { kind: 'number', number };
    }
    return { kind, left, right };
  }
  if (kind === 'larger') {
    return { kind, left, right };
  }
  return { kind, left, right, yes: simpler(expr.yes), no: simpler(expr.no) };
}

function value(expr, at) {
  switch (expr.kind) {
    case 'number':
      return expr.number;
    case 'x':
      return at.x;
    case 'y':
      return at.y;
    case 'add':
      return (value(expr.left, at) + value(expr.right, at)) % 1000003;
    case 'times':
      return value(expr.left, at) * value(expr.right, at) % 1000003;
    case 'larger':
      return Math.max(value(expr.left, at), value(expr.right, at));
    default:
      return value(expr.left, at) < value(expr.right, at)
        ? value(expr.yes, at)
        : value(expr.no, at);
  }
}

const rounds = Number(process.argv[2]);
const expr = simpler(randomExpr(8));
const at = { x: 1, y: 2 };
let sum = 0;
for (let round = 0; round < rounds; round++) {
  sum += value(expr, at);
  at.x = sum % 1009;
  at.y = (at.y + round) % 1013;
}
console.log(sum);
