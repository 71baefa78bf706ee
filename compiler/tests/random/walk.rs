//! What a program prints, found by walking over its tree.

use std::collections::BTreeMap;

use crate::program::{B, I, O, S, T};

/// How a statement ends.
enum Flow {
    Next,
    Break,
    Continue,
}

struct State {
    x: [i64; 3],
    o: [Option<i64>; 2],
    t: (i64, Option<i64>),
    l: [i64; 4],
    b: [Option<i64>; 4],
    lets: BTreeMap<usize, i64>,
    out: Vec<String>,
}

pub(crate) fn output(main: &[S]) -> Vec<String> {
    let mut state = State {
        x: [1, -2, 3],
        o: [None, Some(4)],
        t: (5, None),
        l: [6, 7, 8, 9],
        b: [None, Some(1), None, Some(2)],
        lets: BTreeMap::new(),
        out: Vec::new(),
    };
    state.stmts(main);
    let State { x, o, t, l, b, .. } = &state;
    let b: Vec<String> = b.iter().map(|one| show(*one)).collect();
    let last = format!(
        "{} {} {} {} {} ({}, {}) {l:?} [{}]",
        x[0],
        x[1],
        x[2],
        show(o[0]),
        show(o[1]),
        t.0,
        show(t.1),
        b.join(", ")
    );
    state.out.push(last);
    state.out
}

fn show(option: Option<i64>) -> String {
    option.map_or("None".to_owned(), |n| format!("Some({n})"))
}

fn place(at: i64) -> usize {
    (at & 3) as usize
}

impl State {
    fn stmts(&mut self, list: &[S]) -> Flow {
        for stmt in list {
            match self.stmt(stmt) {
                Flow::Next => {}
                jump => return jump,
            }
        }
        Flow::Next
    }

    fn stmt(&mut self, stmt: &S) -> Flow {
        match stmt {
            S::Set(x, value) => self.x[*x] = self.int(value),
            S::Update(x, value) => {
                let old = self.x[*x];
                self.x[*x] = old.wrapping_add(self.int(value));
            }
            S::SetOption(o, value) => self.o[*o] = self.option(value),
            S::SetTuple(value) => self.t = self.tuple(value),
            S::SetAt(at, value) => {
                let at = place(self.int(at));
                self.l[at] = self.int(value);
            }
            S::UpdateAt(at, value) => {
                let at = place(self.int(at));
                let old = self.l[at];
                self.l[at] = old.wrapping_mul(self.int(value));
            }
            S::SetOptionAt(at, value) => {
                let at = place(self.int(at));
                self.b[at] = self.option(value);
            }
            S::Let(n, value) => {
                let value = self.int(value);
                self.lets.insert(*n, value);
            }
            S::Print(value) => {
                let value = self.int(value);
                self.out.push(value.to_string());
            }
            S::PrintOption(value) => {
                let value = self.option(value);
                self.out.push(show(value));
            }
            S::If(cond, then, other) => {
                return if self.bool(cond) {
                    self.stmts(then)
                } else {
                    self.stmts(other)
                };
            }
            S::IfLet(value, n, then, other) => match self.option(value) {
                Some(payload) => {
                    self.lets.insert(*n, payload);
                    return self.stmts(then);
                }
                None => return self.stmts(other),
            },
            S::LetElse(value, n, other) => match self.option(value) {
                Some(payload) => _ = self.lets.insert(*n, payload),
                None => return self.stmts(other),
            },
            S::While(..) | S::For(..) | S::Each(..) => self.turns(stmt),
            S::Break => return Flow::Break,
            S::Continue => return Flow::Continue,
        }
        Flow::Next
    }

    fn turns(&mut self, stmt: &S) {
        match stmt {
            S::While(_, turns, cond, body) => {
                for _ in 0..*turns {
                    if !self.bool(cond) || matches!(self.stmts(body), Flow::Break) {
                        break;
                    }
                }
            }
            S::For(n, first, last, inclusive, body) => {
                for i in *first..last + i64::from(*inclusive) {
                    self.lets.insert(*n, i);
                    if matches!(self.stmts(body), Flow::Break) {
                        break;
                    }
                }
            }
            S::Each(n, body) => {
                for at in 0..4 {
                    self.lets.insert(*n, self.l[at]);
                    if matches!(self.stmts(body), Flow::Break) {
                        break;
                    }
                }
            }
            other => panic!("no loop: {other:?}"),
        }
    }

    fn int(&mut self, value: &I) -> i64 {
        match value {
            I::Lit(n) => *n,
            I::Var(x) => self.x[*x],
            I::Let(n) => self.lets[n],
            I::Add(a, b) => self.int(a).wrapping_add(self.int(b)),
            I::Mul(a, b) => self.int(a).wrapping_mul(self.int(b)),
            I::If(cond, a, b) => {
                if self.bool(cond) {
                    self.int(a)
                } else {
                    self.int(b)
                }
            }
            I::Block(list, value) => {
                self.stmts(list);
                self.int(value)
            }
            I::Coalesce(value, other) => match self.option(value) {
                Some(value) => value,
                None => self.int(other),
            },
            I::MatchOption(value, n, some, none) => match self.option(value) {
                Some(payload) => {
                    self.lets.insert(*n, payload);
                    self.int(some)
                }
                None => self.int(none),
            },
            I::MatchInt(value, arms, range, n, rest) => {
                let value = self.int(value);
                if let Some((_, arm)) = arms.iter().find(|(literal, _)| *literal == value) {
                    return self.int(arm);
                }
                self.lets.insert(*n, value);
                if (2..9).contains(&value) {
                    self.int(range)
                } else {
                    self.int(rest)
                }
            }
            I::MatchTuple(value, n, some, none, m, guard, guarded, rest) => {
                let (first, second) = self.tuple(value);
                if let (0 | 5, Some(payload)) = (first, second) {
                    self.lets.insert(*n, payload);
                    return self.int(some);
                }
                if second.is_none() {
                    return self.int(none);
                }
                self.lets.insert(*m, first);
                if self.bool(guard) {
                    self.int(guarded)
                } else {
                    self.int(rest)
                }
            }
            I::First(value) => self.tuple(value).0,
            I::At(at) => {
                let at = place(self.int(at));
                self.l[at]
            }
            I::Call(n, body, arg) => {
                let arg = self.int(arg);
                self.lets.insert(*n, arg);
                self.int(body)
            }
        }
    }

    fn bool(&mut self, value: &B) -> bool {
        match value {
            B::Lit(value) => *value,
            B::Less(a, b) => self.int(a) < self.int(b),
            B::Equal(a, b) => self.int(a) == self.int(b),
            B::And(a, b) => self.bool(a) && self.bool(b),
            B::Or(a, b) => self.bool(a) || self.bool(b),
            B::Not(a) => !self.bool(a),
            B::IsNone(value) => self.option(value).is_none(),
            B::SameOption(a, b) => self.option(a) == self.option(b),
            B::SameTuple(a, b) => self.tuple(a) == self.tuple(b),
        }
    }

    fn option(&mut self, value: &O) -> Option<i64> {
        match value {
            O::None => None,
            O::Some(value) => Some(self.int(value)),
            O::Var(o) => self.o[*o],
            O::If(cond, a, b) => {
                if self.bool(cond) {
                    self.option(a)
                } else {
                    self.option(b)
                }
            }
            O::Second(value) => self.tuple(value).1,
            O::At(at) => {
                let at = place(self.int(at));
                self.b[at]
            }
        }
    }

    fn tuple(&mut self, value: &T) -> (i64, Option<i64>) {
        match value {
            T::Var => self.t,
            T::Make(a, b) => {
                let a = self.int(a);
                (a, self.option(b))
            }
            T::If(cond, a, b) => {
                if self.bool(cond) {
                    self.tuple(a)
                } else {
                    self.tuple(b)
                }
            }
        }
    }
}
