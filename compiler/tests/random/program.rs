//! Trees of random programs over integers, options, tuples and lists, and their text.
//!
//! Every program has the variables `x0 x1 x2: Int`, `o0 o1: Int?`, `t: (Int, Int?)`,
//! `l: [Int]` and `b: [Int?]`, the lists of four elements. Arithmetic wraps and loops are
//! counted, so that every program ends.

use std::fmt::Write as _;

/// An expression of type `Int`.
#[derive(Debug)]
pub(crate) enum I {
    Lit(i64),
    Var(usize),
    /// A binding that is never assigned, by its number.
    Let(usize),
    Add(Box<I>, Box<I>),
    Mul(Box<I>, Box<I>),
    If(B, Box<I>, Box<I>),
    Block(Vec<S>, Box<I>),
    Coalesce(O, Box<I>),
    /// The payload is bound to a number in the first arm.
    MatchOption(O, usize, Box<I>, Box<I>),
    /// Literals with their arms, then a range up to 9 without its end, then the rest, bound.
    MatchInt(Box<I>, Vec<(i64, I)>, Box<I>, usize, Box<I>),
    /// Arms by the parts of a tuple: `(0, Some(n))`, `(_, None)`, `(m, _)` with a guard, the rest.
    MatchTuple(T, usize, Box<I>, Box<I>, usize, B, Box<I>, Box<I>),
    First(T),
    At(Box<I>),
    /// A closure, applied at once: parameter, body, argument.
    Call(usize, Box<I>, Box<I>),
}

/// An expression of type `Bool`.
#[derive(Debug)]
pub(crate) enum B {
    Lit(bool),
    Less(Box<I>, Box<I>),
    Equal(Box<I>, Box<I>),
    And(Box<B>, Box<B>),
    Or(Box<B>, Box<B>),
    Not(Box<B>),
    IsNone(O),
    SameOption(O, O),
    SameTuple(T, T),
}

/// An expression of type `Int?`.
#[derive(Debug)]
pub(crate) enum O {
    None,
    Some(Box<I>),
    Var(usize),
    If(Box<B>, Box<O>, Box<O>),
    Second(Box<T>),
    At(Box<I>),
}

/// An expression of type `(Int, Int?)`.
#[derive(Debug)]
pub(crate) enum T {
    Var,
    Make(Box<I>, Box<O>),
    If(Box<B>, Box<T>, Box<T>),
}

/// A statement.
#[derive(Debug)]
pub(crate) enum S {
    Set(usize, I),
    Update(usize, I),
    SetOption(usize, O),
    SetTuple(T),
    SetAt(I, I),
    UpdateAt(I, I),
    SetOptionAt(I, O),
    Let(usize, I),
    Print(I),
    PrintOption(O),
    If(B, Vec<S>, Vec<S>),
    IfLet(O, usize, Vec<S>, Vec<S>),
    LetElse(O, usize, Vec<S>),
    /// Counter, turns, a further condition, body.
    While(usize, i64, B, Vec<S>),
    /// Variable, first, last (included or not), body.
    For(usize, i64, i64, bool, Vec<S>),
    Each(usize, Vec<S>),
    /// Leaves the innermost loop, or goes on with its next turn; only in loops.
    Break,
    Continue,
}

/// Draws programs from a seed.
pub(crate) struct Maker {
    state: u64,
    /// Bindings in scope.
    scope: Vec<usize>,
    next: usize,
    loops: usize,
    /// In a closure: no variable that can be assigned, no jump.
    pure: bool,
}

impl Maker {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed ^ 0x9E37_79B9_7F4A_7C15,
            scope: Vec::new(),
            next: 0,
            loops: 0,
            pure: false,
        }
    }

    fn draw(&mut self, bound: u64) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % bound
    }

    fn lit(&mut self) -> i64 {
        self.draw(14) as i64 - 3
    }

    fn fresh(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    pub(crate) fn main(&mut self) -> Vec<S> {
        self.stmts(4, 9)
    }

    /// Statements in a scope of their own.
    fn stmts(&mut self, depth: u32, most: u64) -> Vec<S> {
        let outer = self.scope.len();
        let mut out = Vec::new();
        for _ in 0..=self.draw(most) {
            let stmt = self.stmt(depth);
            let ends = matches!(stmt, S::Break | S::Continue);
            out.push(stmt);
            if ends {
                break;
            }
        }
        self.scope.truncate(outer);
        out
    }

    fn body(&mut self, depth: u32) -> Vec<S> {
        self.loops += 1;
        let out = self.stmts(depth, 4);
        self.loops -= 1;
        out
    }

    /// Draws with one more binding in scope.
    fn with<R>(&mut self, binding: usize, draw: impl FnOnce(&mut Self) -> R) -> R {
        self.scope.push(binding);
        let out = draw(self);
        self.scope.pop();
        out
    }

    fn stmt(&mut self, depth: u32) -> S {
        let d = depth.saturating_sub(1);
        if depth == 0 {
            return S::Print(self.int(1));
        }
        match self.draw(20) {
            0 | 1 => S::Set(self.var(), self.int(depth)),
            2 | 3 => S::Update(self.var(), self.int(depth)),
            4 | 5 => S::SetOption(self.which(), self.option(depth)),
            6 => S::SetTuple(self.tuple(depth)),
            7 => S::SetAt(self.int(d), self.int(d)),
            8 => S::UpdateAt(self.int(d), self.int(d)),
            9 => S::SetOptionAt(self.int(d), self.option(d)),
            10 => self.let_stmt(depth),
            11 => S::PrintOption(self.option(depth)),
            12 => S::If(self.bool(d), self.stmts(d, 3), self.stmts(d, 3)),
            13 => {
                let (value, name) = (self.option(d), self.fresh());
                let then = self.with(name, |m| m.stmts(d, 3));
                S::IfLet(value, name, then, self.stmts(d, 3))
            }
            14 => S::While(
                self.fresh(),
                self.draw(5) as i64,
                self.bool(d),
                self.body(d),
            ),
            15 => {
                let (name, first, last) = (self.fresh(), self.lit(), self.lit());
                let body = self.with(name, |m| m.body(d));
                S::For(name, first, last, self.draw(2) == 0, body)
            }
            16 => {
                let name = self.fresh();
                S::Each(name, self.with(name, |m| m.body(d)))
            }
            17 if self.loops > 0 => self.jump(d),
            _ => S::Print(self.int(depth)),
        }
    }

    fn let_stmt(&mut self, depth: u32) -> S {
        let value = self.int(depth);
        let name = self.fresh();
        self.scope.push(name);
        S::Let(name, value)
    }

    /// A jump out of the loop, under a condition or out of a `let .. else`.
    fn jump(&mut self, depth: u32) -> S {
        let jump = if self.draw(2) == 0 {
            S::Break
        } else {
            S::Continue
        };
        if self.draw(2) == 0 {
            return S::If(self.bool(depth), vec![jump], Vec::new());
        }
        let value = self.option(depth);
        let name = self.fresh();
        self.scope.push(name);
        S::LetElse(value, name, vec![S::Print(I::Lit(7)), jump])
    }

    fn var(&mut self) -> usize {
        self.draw(3) as usize
    }

    fn which(&mut self) -> usize {
        self.draw(2) as usize
    }

    fn leaf(&mut self) -> I {
        let known = self.scope.len() as u64;
        match self.draw(3) {
            0 => I::Lit(self.lit()),
            1 if known > 0 => {
                let at = self.draw(known) as usize;
                I::Let(self.scope[at])
            }
            _ if self.pure => I::Lit(self.lit()),
            _ => I::Var(self.var()),
        }
    }

    fn int(&mut self, depth: u32) -> I {
        if depth == 0 {
            return self.leaf();
        }
        let d = depth - 1;
        match self.draw(if self.pure { 5 } else { 16 }) {
            0 | 1 => self.leaf(),
            2 => I::Add(self.boxed(d), self.boxed(d)),
            3 => I::Mul(self.boxed(d), self.boxed(d)),
            4 => I::If(self.bool(d), self.boxed(d), self.boxed(d)),
            5 | 6 => self.block(d),
            7 => I::Coalesce(self.option(d), self.boxed(d)),
            8 => {
                let (value, name) = (self.option(d), self.fresh());
                let some = self.with(name, |m| m.boxed(d));
                I::MatchOption(value, name, some, self.boxed(d))
            }
            9 | 10 => self.match_int(d),
            11 | 12 => self.match_tuple(d),
            13 => I::First(self.tuple(d)),
            14 => I::At(self.boxed(d)),
            _ => {
                let name = self.fresh();
                self.pure = true;
                let body = self.with(name, |m| m.boxed(d));
                self.pure = false;
                I::Call(name, body, self.boxed(d))
            }
        }
    }

    fn boxed(&mut self, depth: u32) -> Box<I> {
        Box::new(self.int(depth))
    }

    fn block(&mut self, depth: u32) -> I {
        let outer = self.scope.len();
        let loops = std::mem::take(&mut self.loops);
        let stmts = (0..=self.draw(2)).map(|_| self.stmt(depth)).collect();
        let value = self.boxed(depth);
        self.loops = loops;
        self.scope.truncate(outer);
        I::Block(stmts, value)
    }

    fn match_int(&mut self, depth: u32) -> I {
        let value = self.boxed(depth);
        let mut literals: Vec<i64> = (0..self.draw(6)).map(|_| self.lit()).collect();
        literals.sort_unstable();
        literals.dedup();
        let arms = literals
            .into_iter()
            .map(|n| (n, self.int(depth / 2)))
            .collect();
        let range = self.boxed(depth);
        let name = self.fresh();
        let rest = self.with(name, |m| m.boxed(depth));
        I::MatchInt(value, arms, range, name, rest)
    }

    fn match_tuple(&mut self, depth: u32) -> I {
        let value = self.tuple(depth);
        let (some, other) = (self.fresh(), self.fresh());
        let first = self.with(some, |m| m.boxed(depth));
        let none = self.boxed(depth);
        let guard = self.with(other, |m| m.bool(depth));
        let guarded = self.with(other, |m| m.boxed(depth));
        I::MatchTuple(
            value,
            some,
            first,
            none,
            other,
            guard,
            guarded,
            self.boxed(depth),
        )
    }

    fn bool(&mut self, depth: u32) -> B {
        if depth == 0 {
            return B::Less(Box::new(self.leaf()), Box::new(self.leaf()));
        }
        let d = depth - 1;
        match self.draw(if self.pure { 6 } else { 10 }) {
            0 => B::Lit(self.draw(2) == 0),
            1 => B::Less(self.boxed(d), self.boxed(d)),
            2 => B::Equal(self.boxed(d), self.boxed(d)),
            3 => B::And(Box::new(self.bool(d)), Box::new(self.bool(d))),
            4 => B::Or(Box::new(self.bool(d)), Box::new(self.bool(d))),
            5 => B::Not(Box::new(self.bool(d))),
            6 => B::IsNone(self.option(d)),
            7 | 8 => B::SameOption(self.option(d), self.option(d)),
            _ => B::SameTuple(self.tuple(d), self.tuple(d)),
        }
    }

    fn option(&mut self, depth: u32) -> O {
        if depth == 0 {
            return O::Var(self.which());
        }
        let d = depth - 1;
        match self.draw(8) {
            0 => O::None,
            1 | 2 => O::Some(self.boxed(d)),
            3 => O::If(
                Box::new(self.bool(d)),
                Box::new(self.option(d)),
                Box::new(self.option(d)),
            ),
            4 => O::Second(Box::new(self.tuple(d))),
            5 => O::At(self.boxed(d)),
            _ => O::Var(self.which()),
        }
    }

    fn tuple(&mut self, depth: u32) -> T {
        if depth == 0 {
            return T::Var;
        }
        let d = depth - 1;
        match self.draw(5) {
            0 | 1 => T::Make(self.boxed(d), Box::new(self.option(d))),
            2 => T::If(
                Box::new(self.bool(d)),
                Box::new(self.tuple(d)),
                Box::new(self.tuple(d)),
            ),
            _ => T::Var,
        }
    }
}

/// The program as the language writes it.
pub(crate) fn text(main: &[S]) -> String {
    let mut out = String::from(
        "fn main() {
    var x0 = 1
    var x1 = -2
    var x2 = 3
    var o0: Int? = None
    var o1: Int? = Some(4)
    var t: (Int, Int?) = (5, None)
    let l = [6, 7, 8, 9]
    let b: [Int?] = [None, Some(1), None, Some(2)]
",
    );
    stmts(&mut out, main);
    out.push_str("print(\"{x0} {x1} {x2} {o0} {o1} {t} {l} {b}\")\n}\n");
    out
}

fn stmts(out: &mut String, list: &[S]) {
    for stmt in list {
        let _ = writeln!(out, "{}", show_stmt(stmt));
    }
}

fn body(list: &[S]) -> String {
    let mut out = String::from("{\n");
    stmts(&mut out, list);
    out.push('}');
    out
}

fn show_stmt(stmt: &S) -> String {
    match stmt {
        S::Set(x, value) => format!("x{x} = {}", int(value)),
        S::Update(x, value) => format!("x{x} +%= {}", int(value)),
        S::SetOption(o, value) => format!("o{o} = {}", option(value)),
        S::SetTuple(value) => format!("t = {}", tuple(value)),
        S::SetAt(at, value) => format!("l[{} & 3] = {}", int(at), int(value)),
        S::UpdateAt(at, value) => format!("l[{} & 3] *%= {}", int(at), int(value)),
        S::SetOptionAt(at, value) => format!("b[{} & 3] = {}", int(at), option(value)),
        S::Let(n, value) => format!("let n{n} = {}", int(value)),
        S::Print(value) => format!("print({})", int(value)),
        S::PrintOption(value) => format!("print({})", option(value)),
        S::If(cond, then, other) => {
            format!("if {} {} else {}", bool(cond), body(then), body(other))
        }
        S::IfLet(value, n, then, other) => {
            format!(
                "if let Some(n{n}) = {} {} else {}",
                option(value),
                body(then),
                body(other)
            )
        }
        S::LetElse(value, n, other) => {
            format!("let Some(n{n}) = {} else {}", option(value), body(other))
        }
        S::While(n, turns, cond, list) => {
            let inner = body(list);
            let inner = inner.trim_start_matches('{');
            format!(
                "var k{n} = 0\nwhile k{n} < {turns} && {} {{\nk{n} += 1{inner}",
                bool(cond)
            )
        }
        S::For(n, first, last, inclusive, list) => {
            let dots = if *inclusive { "..=" } else { ".." };
            format!("for n{n} in {first}{dots}{last} {}", body(list))
        }
        S::Each(n, list) => format!("for n{n} in l {}", body(list)),
        S::Break => "break".to_owned(),
        S::Continue => "continue".to_owned(),
    }
}

fn int(value: &I) -> String {
    match value {
        I::Lit(n) => format!("({n})"),
        I::Var(x) => format!("x{x}"),
        I::Let(n) => format!("n{n}"),
        I::Add(a, b) => format!("({} +% {})", int(a), int(b)),
        I::Mul(a, b) => format!("({} *% {})", int(a), int(b)),
        I::If(cond, a, b) => format!("(if {} {{ {} }} else {{ {} }})", bool(cond), int(a), int(b)),
        I::Block(list, value) => {
            let mut inner = String::from("(if true {\n");
            stmts(&mut inner, list);
            let _ = write!(inner, "{}\n}} else {{ 0 }})", int(value));
            inner
        }
        I::Coalesce(value, other) => format!("({} ?? {})", option(value), int(other)),
        I::MatchOption(value, n, some, none) => format!(
            "(match {} {{\nSome(n{n}) => {}\nNone => {}\n}})",
            option(value),
            int(some),
            int(none)
        ),
        I::MatchInt(value, arms, range, n, rest) => {
            let mut out = format!("(match {} {{\n", int(value));
            for (literal, arm) in arms {
                let _ = writeln!(out, "{literal} => {}", int(arm));
            }
            let _ = write!(out, "2..9 => {}\nn{n} => {}\n}})", int(range), int(rest));
            out
        }
        I::MatchTuple(value, n, some, none, m, guard, guarded, rest) => format!(
            "(match {} {{\n(0 | 5, Some(n{n})) => {}\n(_, None) => {}\n\
             (n{m}, _) if {} => {}\n_ => {}\n}})",
            tuple(value),
            int(some),
            int(none),
            bool(guard),
            int(guarded),
            int(rest)
        ),
        I::First(value) => format!("{}.0", tuple(value)),
        I::At(at) => format!("l[{} & 3]", int(at)),
        I::Call(n, value, arg) => {
            format!("(fn(n{n}: Int) -> Int {{ {} }})({})", int(value), int(arg))
        }
    }
}

fn bool(value: &B) -> String {
    match value {
        B::Lit(value) => value.to_string(),
        B::Less(a, b) => format!("({} < {})", int(a), int(b)),
        B::Equal(a, b) => format!("({} == {})", int(a), int(b)),
        B::And(a, b) => format!("({} && {})", bool(a), bool(b)),
        B::Or(a, b) => format!("({} || {})", bool(a), bool(b)),
        B::Not(a) => format!("!{}", bool(a)),
        B::IsNone(value) => format!("({} == None)", option(value)),
        B::SameOption(a, b) => format!("({} == {})", option(a), option(b)),
        B::SameTuple(a, b) => format!("({} == {})", tuple(a), tuple(b)),
    }
}

fn option(value: &O) -> String {
    match value {
        // With its type, where nothing else says it.
        O::None => "(if true { None } else { Some(0) })".to_owned(),
        O::Some(value) => format!("Some({})", int(value)),
        O::Var(o) => format!("o{o}"),
        O::If(cond, a, b) => {
            format!(
                "(if {} {{ {} }} else {{ {} }})",
                bool(cond),
                option(a),
                option(b)
            )
        }
        O::Second(value) => format!("{}.1", tuple(value)),
        O::At(at) => format!("b[{} & 3]", int(at)),
    }
}

fn tuple(value: &T) -> String {
    match value {
        T::Var => "t".to_owned(),
        T::Make(a, b) => format!("({}, {})", int(a), option(b)),
        T::If(cond, a, b) => {
            format!(
                "(if {} {{ {} }} else {{ {} }})",
                bool(cond),
                tuple(a),
                tuple(b)
            )
        }
    }
}
