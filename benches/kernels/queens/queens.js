'use strict';

class Board {
  constructor(size) {
    this.size = size;
    this.columns = new Array(size).fill(true);
    this.rising = new Array(2 * size).fill(true);
    this.falling = new Array(2 * size).fill(true);
  }

  isFree(row, column) {
    return this.columns[column]
      && this.rising[row + column]
      && this.falling[row - column + this.size];
  }

  mark(row, column, free) {
    this.columns[column] = free;
    this.rising[row + column] = free;
    this.falling[row - column + this.size] = free;
  }

  solutions(row) {
    if (row === this.size) {
      return 1;
    }
    let count = 0;
    for (let column = 0; column < this.size; column++) {
      if (this.isFree(row, column)) {
        this.mark(row, column, false);
        count += this.solutions(row + 1);
        this.mark(row, column, true);
      }
    }
    return count;
  }
}

console.log(new Board(Number(process.argv[2])).solutions(0));
