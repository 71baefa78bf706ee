//! Expressions and statements as other languages write them.

use std::ops::Range;

use super::{Mistake, Scene};
use crate::ast::Span;
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::lexer::{T, Token};
use crate::parser::recovery::Splice;

impl<'a> Scene<'a> {
    /// The source of some tokens.
    fn source_of(&self, range: Range<usize>) -> &'a str {
        match self.tokens.get(range) {
            Some([first, .., last]) => self.text(first.span.to(last.span)),
            Some([only]) => self.text(only.span),
            _ => "",
        }
    }

    /// The first index from `start` on, in no inner brackets, whose token is such.
    fn find_flat(&self, start: usize, end: usize, is: impl Fn(T) -> bool) -> Option<usize> {
        let mut flat = self.flat(start..end.max(start));
        flat.find(|index| is(self.tokens[*index].kind))
    }

    fn is_word(&self, index: usize, words: &[&str]) -> bool {
        let token = self.tokens.get(index).filter(|t| t.kind == T::Ident);
        token.is_some_and(|token| words.contains(&self.text(token.span)))
    }

    /// Where the operand begins that ends before `end`.
    fn operand_start(&self, end: usize) -> usize {
        let ends_before = |kind: T| {
            kind.is_infix()
                || kind.is_assignment()
                || kind.opens()
                || matches!(
                    kind,
                    T::Bang | T::If | T::While | T::Return | T::Assert | T::Match
                )
                || matches!(kind, T::In | T::FatArrow | T::Colon | T::Term | T::Comma)
        };
        let mut flat = self.flat(self.segment.start..end).rev();
        let before = flat.find(|index| {
            ends_before(self.tokens[*index].kind) || self.is_word(*index, &["and", "or", "not"])
        });
        before.map_or(self.segment.start, |index| index + 1)
    }

    /// Where the operand of a comparison ends that begins at `start`.
    fn operand_end(&self, start: usize) -> usize {
        let end = self.segment.end;
        let stops = |kind: T| {
            matches!(
                kind,
                T::AndAnd | T::OrOr | T::LBrace | T::FatArrow | T::Else | T::LetElse | T::If
            )
        };
        let mut flat = self.flat(start..end.max(start));
        let found = flat.find(|index| {
            let kind = self.tokens[*index].kind;
            stops(kind) || kind.is_assignment() || self.is_word(*index, &["and", "or"])
        });
        found.unwrap_or(end)
    }

    /// Where the name, string or bracket with all behind it begins that ends before `end`.
    fn postfix_start(&self, end: usize) -> usize {
        let mut start = end;
        while let Some(before) = start.checked_sub(1) {
            let kind = self.tokens[before].kind;
            let begins = match kind {
                _ if kind.closes() => self.opener_of(before),
                T::Ident | T::SelfValue | T::Str | T::Int => before,
                _ => break,
            };
            start = begins;
            match begins.checked_sub(1).map(|index| self.tokens[index].kind) {
                Some(T::Dot) => start = begins - 1,
                Some(T::Ident | T::RParen | T::RBracket) if kind.closes() => {}
                _ => break,
            }
        }
        start
    }

    /// Where the bracket opens that closes at `close`.
    fn opener_of(&self, close: usize) -> usize {
        let mut depth = 0_usize;
        for index in (0..=close).rev() {
            let kind = self.tokens[index].kind;
            if kind.closes() {
                depth += 1;
            } else if kind.opens() {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
        }
        close
    }

    /// `left in right`, from `start` on.
    fn membership(&self, start: usize, at: usize, right: usize, negated: bool) -> Mistake {
        let end = self.operand_end(right);
        let (left, right_text) = (self.source_of(start..at), self.source_of(right..end));
        let not = if negated { "!" } else { "" };
        let span = self.tokens[at].span.to(self.tokens[right - 1].span);
        let word = self.text(span);
        let message = format!("there is no operator `{word}`");
        let diagnostic = self
            .error(code::WORD_OPERATOR, span, message)
            .help(format!(
                "of a map or a set: `{not}{right_text}.has({left})`"
            ))
            .help(format!(
                "of a list or a text: `{not}{right_text}.contains({left})`"
            ));
        Mistake::new(diagnostic).repaired_by(self.replace(start..end, &[T::Hole]))
    }
}

/// `x in xs`, `x not in xs`
pub(super) fn membership(scene: &Scene) -> Option<Mistake> {
    let right = match scene.kind(0)? {
        T::In => scene.at + 1,
        T::Ident if scene.name(0) == Some("not") && scene.kind(1) == Some(T::In) => scene.at + 2,
        _ => return None,
    };
    if !scene.expected.after_operand() {
        return None;
    }
    let start = scene.operand_start(scene.at);
    Some(scene.membership(start, scene.at, right, right > scene.at + 1))
}

/// `x is not None`
pub(super) fn is_not(scene: &Scene) -> Option<Mistake> {
    if scene.name(-1)? != "not" || scene.kind(-2)? != T::Is {
        return None;
    }
    let (is, not) = (scene.get(-2)?, scene.get(-1)?);
    let span = is.span.to(not.span);
    let is_value = !matches!(scene.kind(0)?, T::Ident | T::SelfValue)
        || scene.name(0)?.starts_with(char::is_uppercase);
    let diagnostic = scene.error(code::WORD_OPERATOR, span, "`is not` is written `!=`");
    let fix = Fix::new("write `!=`", span, "!=");
    let diagnostic = match is_value {
        true => diagnostic.fix(fix.certain()),
        false => diagnostic
            .fix(fix)
            .help("whether two names mean different objects is `!(a is b)`"),
    };
    let repair = scene.replace(scene.index(-2)..scene.at, &[T::Ne]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `not x == 3`, `not x in xs`: elsewhere `not` takes the whole comparison.
pub(super) fn not_comparison(scene: &Scene) -> Option<Mistake> {
    if scene.name(-1)? != "not" || !scene.expected.after_operand() {
        return None;
    }
    let end = scene.operand_end(scene.at);
    if let Some(at) = scene.find_flat(scene.at, end, |kind| kind == T::In) {
        return Some(scene.membership(scene.at, at, at + 1, true)).map(|mistake| Mistake {
            repair: Some(scene.replace(scene.index(-1)..scene.operand_end(at + 1), &[T::Hole])),
            ..mistake
        });
    }
    let compares = |kind| {
        matches!(
            kind,
            T::EqEq | T::Ne | T::Lt | T::Le | T::Gt | T::Ge | T::Is
        )
    };
    scene.find_flat(scene.at, end, compares)?;
    let (word, first) = (scene.get(-1)?, scene.get(0)?);
    let last = scene.tokens.get(end.checked_sub(1)?)?;
    let before = Span::new(word.span.start, first.span.start);
    let diagnostic = scene
        .error(code::WORD_OPERATOR, word.span, "`not` is written `!`")
        .note("`!` binds tighter than a comparison, which needs parentheses")
        .fix(
            Fix::new("write `!(..)`", before, "!(")
                .and(Span::point(last.span.end), ")")
                .certain(),
        );
    let mut with = vec![
        scene.made(T::Bang, scene.index(-1)),
        scene.made(T::LParen, scene.at),
    ];
    with.extend_from_slice(&scene.tokens[scene.at..end]);
    with.push(scene.made(T::RParen, end));
    Some(Mistake::new(diagnostic).repaired_by(Splice {
        range: scene.index(-1)..end,
        with,
    }))
}

/// `[x * 2 for x in xs if x > 1]`
pub(super) fn comprehension(scene: &Scene) -> Option<Mistake> {
    let open = scene.segment.open?;
    let brackets = scene.tokens[open];
    let holds_values = matches!(
        brackets.kind,
        T::LBracket | T::LParen | T::LSet | T::LPlace | T::LBlock
    );
    if scene.kind(0)? != T::For || !scene.expected.after_operand() || !holds_values {
        return None;
    }
    let close = scene.closer_of(open);
    let of = scene.find_flat(scene.at, close, |kind| kind == T::In)?;
    let condition = scene.find_flat(of, close, |kind| kind == T::If);
    let pattern = match scene.source_of(scene.at + 1..of) {
        pair if pair.contains(',') && !pair.starts_with('(') => format!("({pair})"),
        one => one.to_owned(),
    };
    let element = scene.source_of(open + 1..scene.at);
    let mut written = scene
        .source_of(of + 1..condition.unwrap_or(close))
        .to_owned();
    if let Some(condition) = condition {
        let condition = scene.source_of(condition + 1..close);
        written = format!("{written}.filter(fn({pattern}) {{ {condition} }})");
    }
    let list = match element == pattern {
        true => written.clone(),
        false => format!("{written}.map(fn({pattern}) {{ {element} }})"),
    };
    let callee = open.checked_sub(1).filter(|_| brackets.kind == T::LParen);
    let callee = callee.filter(|index| scene.tokens[*index].kind == T::Ident);
    let has_key = scene.find_flat(open + 1, scene.at, |kind| kind == T::Colon);
    let function = callee.map(|index| scene.text(scene.tokens[index].span));
    let meant = match (brackets.kind, function) {
        (T::LBracket, _) => has_key.is_none().then_some(list),
        (_, Some("list")) => Some(list),
        (_, Some(name @ ("sum" | "min" | "max" | "len" | "sorted" | "set"))) => {
            Some(format!("{list}.{name}()"))
        }
        (_, Some(name @ ("any" | "all"))) => {
            Some(format!("{written}.{name}(fn({pattern}) {{ {element} }})"))
        }
        _ => None,
    };
    let start = match (&meant, callee) {
        (Some(_), Some(callee)) => callee,
        _ => open,
    };
    let message = "a `for` makes no list: there are no comprehensions";
    let diagnostic = scene.error(code::COMPREHENSION, scene.get(0)?.span, message);
    let diagnostic = match meant {
        Some(meant) => {
            let all = scene.tokens[start].span.to(scene.tokens[close].span);
            diagnostic.fix(Fix::new("methods do", all, meant))
        }
        None => diagnostic
            .help("`xs.filter(fn(x) { .. })` and `xs.map(fn(x) { .. })` make lists")
            .help("a loop fills a map or a set: `for x in xs { map[x] = .. }`"),
    };
    let repair = match start < open {
        true => scene.replace(start..close + 1, &[T::Hole]),
        false => scene.replace(open + 1..close, &[T::Hole]),
    };
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `a if c else b`
pub(super) fn trailing_if(scene: &Scene) -> Option<Mistake> {
    if scene.kind(0)? != T::If || !scene.expected.after_operand() {
        return None;
    }
    let end = scene.rest().end;
    let is_else = |kind| matches!(kind, T::Else | T::LetElse);
    let otherwise = scene.find_flat(scene.at + 1, end, is_else)?;
    let begins = |kind: T| {
        kind.is_assignment() || matches!(kind, T::Return | T::FatArrow | T::Colon | T::Comma)
    };
    let mut flat = scene.flat(scene.segment.start..scene.at).rev();
    let before = flat.find(|index| begins(scene.tokens[*index].kind));
    let start = before.map_or(scene.segment.start, |index| index + 1);
    let (value, condition) = (
        scene.source_of(start..scene.at),
        scene.source_of(scene.at + 1..otherwise),
    );
    let other = scene.source_of(otherwise + 1..end);
    if other.is_empty() || condition.is_empty() || condition.contains('{') {
        return None;
    }
    let span = scene.tokens[start].span.to(scene.tokens[end - 1].span);
    let written = format!("if {condition} {{ {value} }} else {{ {other} }}");
    let message = "`if` stands before the value that it chooses";
    let diagnostic = scene
        .error(code::TERNARY, scene.get(0)?.span, message)
        .fix(Fix::new("write", span, written).certain());
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(start..end, &[T::Hole])))
}

/// `xs[1:]`, `xs[1..]`, `xs[..2]`, `xs[::2]`
pub(super) fn slice(scene: &Scene) -> Option<Mistake> {
    let open = scene.segment.open?;
    let is_index = scene.tokens[open].kind == T::LBracket
        && matches!(
            scene.before_opener()?,
            T::Ident | T::RParen | T::RBracket | T::Str | T::StrClose
        );
    let close = scene.closer_of(open);
    let is_separator = |kind| matches!(kind, T::Colon | T::DotDot | T::DotDotEq);
    let at = scene.find_flat(open + 1, close, is_separator)?;
    if !is_index || scene.at < at || scene.at > close {
        return None;
    }
    let is_colon = |at: usize| scene.tokens[at].kind == T::Colon;
    let is_name = |at: usize| scene.tokens[at].kind == T::Ident;
    if is_colon(at) && is_colon(at + 1) && is_name(at - 1) && is_name(at + 2) {
        // `xs[Color::Red]`
        return None;
    }
    let object = scene.source_of(scene.postfix_start(open)..open);
    let (from, to) = (
        scene.source_of(open + 1..at),
        scene.source_of(at + 1..close),
    );
    let step = scene.find_flat(at + 1, close, |kind| kind == T::Colon);
    let step = step.map(|second| scene.source_of(second + 1..close));
    let span = scene.tokens[open].span.to(scene.tokens[close].span);
    let diagnostic = scene.error(code::SLICE, span, "a part of a list is given by a method");
    let is_plain = !from.contains('-') && !to.contains(['-', ':', '=']);
    let fix = |text: String| Fix::new("write", span, text);
    let diagnostic = match (from, to) {
        ("", ":-1") => diagnostic.fix(fix(".reversed()".into())),
        _ if step.is_some() => stepped(diagnostic, object, step.filter(|_| from.is_empty())),
        _ if !is_plain => diagnostic
            .help("write `xs.slice(from, to)`; positions from the end are counted from `xs.len()`"),
        (_, "") if from.is_empty() => diagnostic.fix(fix(".copy()".into())),
        (_, "") => diagnostic.fix(fix(format!(".slice({from}, {object}.len())")).certain()),
        ("", _) => diagnostic.fix(fix(format!(".slice(0, {to})")).certain()),
        _ => diagnostic.fix(fix(format!(".slice({from}, {to})")).certain()),
    };
    // As an index that was reported.
    let repair = scene.replace(open + 1..close, &[T::Hole, T::DotDot, T::Hole]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// What to write for every so manieth element; `step` is there where that is all.
fn stepped(diagnostic: Diagnostic, object: &str, step: Option<&str>) -> Diagnostic {
    let step = step.and_then(|step| step.parse::<u32>().ok().filter(|step| *step > 1));
    match step {
        Some(step) => diagnostic.help(format!(
            "`{object}.chunks({step}).map(fn(part) {{ part[0] }})` takes the first of every {step}"
        )),
        None => diagnostic.help(
            "`xs.slice(from, to)` gives a part, `xs.chunks(n)` all of it in parts of `n`, and \
             `xs.reversed()` the other order",
        ),
    }
}

/// `for k, v in pairs`, `let a, b = pair`
pub(super) fn bare_names(scene: &Scene) -> Option<Mistake> {
    let keyword = scene.first()?;
    let is_first = scene.at == scene.segment.start + 2 && scene.kind(0)? == T::Comma;
    if !is_first || !matches!(keyword, T::For | T::Let | T::Var) {
        return None;
    }
    let mut end = scene.at;
    while let (Some(T::Comma), Some(T::Ident | T::Underscore)) = (
        scene.tokens.get(end).map(|token| token.kind),
        scene.tokens.get(end + 1).map(|token| token.kind),
    ) {
        end += 2;
    }
    if end == scene.at {
        return None;
    }
    let names = scene.index(-1)..end;
    let span = scene.tokens[names.start]
        .span
        .to(scene.tokens[end - 1].span);
    let diagnostic = scene.error(
        code::BARE_NAMES,
        span,
        "names that take a tuple apart stand in parentheses",
    );
    let parentheses = Fix::new("write", Span::point(span.start), "(");
    let parentheses = parentheses.and(Span::point(span.end), ")");
    let mut with = vec![scene.made(T::LParen, names.start)];
    with.extend_from_slice(&scene.tokens[names.clone()]);
    with.push(scene.made(T::RParen, end));
    let items = items_call(scene, end).filter(|_| keyword == T::For);
    let (fix, range) = match items {
        None => (parentheses, names),
        Some(items) => {
            with.extend_from_slice(&scene.tokens[end..items.start]);
            let first = scene.tokens[items.start].span;
            let call = first.to(scene.tokens[items.end - 1].span);
            (parentheses.and(call, ""), names.start..items.end)
        }
    };
    let mistake = Mistake::new(diagnostic.fix(fix.certain()));
    Some(mistake.repaired_by(Splice { range, with }))
}

/// The `.items()` of `for k, v in map.items() {`: a `for` goes over a map itself.
fn items_call(scene: &Scene, names_end: usize) -> Option<Range<usize>> {
    let brace = scene.find_flat(names_end, scene.tokens.len(), |kind| kind == T::LBrace)?;
    let call = brace.checked_sub(4)?..brace;
    let kinds: Vec<T> = scene.tokens[call.clone()]
        .iter()
        .map(|token| token.kind)
        .collect();
    let is_call = kinds == [T::Dot, T::Ident, T::LParen, T::RParen] && call.start > names_end;
    (is_call && scene.text(scene.tokens[call.start + 1].span) == "items").then_some(call)
}

/// `a, b = b, a`
pub(super) fn several_targets(scene: &Scene) -> Option<Mistake> {
    let is_first = scene.at == scene.segment.start + 1 && scene.kind(0)? == T::Comma;
    let in_block = scene
        .segment
        .open
        .is_some_and(|open| matches!(scene.tokens[open].kind, T::LBrace | T::LBlock));
    if !is_first || !in_block || scene.kind(-1)? != T::Ident {
        return None;
    }
    let is_end = |kind| matches!(kind, T::Term | T::RBrace);
    let end = (scene.at..scene.tokens.len()).find(|index| is_end(scene.tokens[*index].kind))?;
    let assigned = scene.find_flat(scene.at, end, T::is_assignment)?;
    let is_target = |token: &Token| matches!(token.kind, T::Ident | T::Comma | T::Dot);
    if !scene.tokens[scene.at..assigned].iter().all(is_target) {
        return None;
    }
    let start = scene.segment.start;
    let span = scene.tokens[start].span.to(scene.tokens[assigned - 1].span);
    let diagnostic = scene
        .error(
            code::BARE_NAMES,
            span,
            "several variables cannot be assigned at once",
        )
        .help("assign one after the other: `let old = a`, `a = b`, `b = old`")
        .help("new variables are declared with `let (a, b) = ..`");
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(start..end, &[T::Hole])))
}

/// `try:` and `except:`, each read as the label of a loop
pub(super) fn try_block(scene: &Scene) -> Option<Mistake> {
    if scene.kind(-1)? != T::Colon || scene.name(-2)? != "try" {
        return None;
    }
    let start = scene.index(-2);
    let word = scene.get(-2)?;
    let diagnostic = scene
        .error(
            code::FOREIGN_WORD,
            word.span,
            "`try` begins nothing in this language",
        )
        .help("an error is a value: `e?` hands it on, `match` looks at it")
        .help("a trap is a mistake of the program, and ends it: nothing catches it");
    // The statements stay, and the words go.
    let mut with = Vec::new();
    let end = scene
        .find_flat(start, scene.tokens.len(), |kind| kind == T::RBrace)
        .unwrap_or(scene.tokens.len());
    let mut at = scene.at;
    while at < end {
        if scene.is_word(at, &["except", "finally", "catch"])
            && let Some(colon) = scene.find_flat(at, end, |kind| kind == T::Colon)
        {
            at = colon + 1;
            continue;
        }
        with.push(scene.tokens[at]);
        at += 1;
    }
    Some(Mistake::new(diagnostic).repaired_by(Splice {
        range: start..end,
        with,
    }))
}

/// `f"a {x}"`, `r"\d"`
pub(super) fn string_prefix(scene: &Scene) -> Option<Mistake> {
    let prefix = scene.name(-1)?;
    let is_string = matches!(scene.kind(0)?, T::Str | T::StrOpen | T::StrError);
    if !is_string || !scene.is_adjacent(0) || !matches!(prefix, "f" | "F" | "r" | "R" | "u" | "s") {
        return None;
    }
    let span = scene.get(-1)?.span;
    let message = format!("a string has no prefix `{prefix}`");
    let diagnostic = scene.error(code::STRING_PREFIX, span, message);
    let diagnostic = match prefix {
        "r" | "R" => diagnostic.help("a backslash in a string is written `\\\\`"),
        _ => diagnostic
            .note("every string may hold expressions: `\"{x}\"`")
            .fix(Fix::new("remove it", span, "").certain()),
    };
    let index = scene.index(-1);
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(index..index + 1, &[])))
}

/// `5.`, `.5`
pub(super) fn bare_point(scene: &Scene) -> Option<Mistake> {
    let (span, at, range) = match (scene.kind(-2), scene.kind(-1), scene.kind(0), scene.kind(1)) {
        (Some(T::Int), Some(T::Dot), next, _)
            if scene.is_adjacent(-1) && !matches!(next, Some(T::Ident | T::Int)) =>
        {
            let span = scene.get(-2)?.span.to(scene.get(-1)?.span);
            (span, span.end, scene.index(-2)..scene.at)
        }
        (_, _, Some(T::Dot), Some(T::Int)) if scene.is_adjacent(1) && scene.expected.has_hole() => {
            let span = scene.get(0)?.span.to(scene.get(1)?.span);
            (span, span.start, scene.at..scene.at + 2)
        }
        _ => return None,
    };
    let diagnostic = scene
        .error(
            code::BAD_NUMBER,
            span,
            "a Float has digits on both sides of its point",
        )
        .fix(Fix::new("write", Span::point(at), "0").certain());
    // The point made the next line part of this one.
    let goes_on = scene.tokens.get(range.end).is_some_and(|next| {
        next.is_first_on_line() && !next.kind.closes() && !next.kind.is_infix()
    });
    let kinds: &[T] = match goes_on {
        true => &[T::Hole, T::Term],
        false => &[T::Hole],
    };
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(range, kinds)))
}

/// `A => assert x`, `A => let x = 1`
pub(super) fn arm_statement(scene: &Scene) -> Option<Mistake> {
    let keyword = scene.get(0)?;
    let is_statement = matches!(keyword.kind, T::Assert | T::Let | T::Var);
    if !is_statement || scene.kind(-1)? != T::FatArrow {
        return None;
    }
    let close = scene.closer_of(scene.segment.open?);
    let line = scene
        .find_flat(scene.at, close, |kind| kind == T::Term)
        .unwrap_or(close);
    // Another arm may follow on the line.
    let end = match scene.find_flat(scene.at, line, |kind| kind == T::FatArrow) {
        Some(arrow) => {
            let mut flat = scene.flat(scene.at..arrow);
            flat.rfind(|index| scene.tokens[*index].kind == T::Comma)?
        }
        None => line,
    };
    let word = scene.text(keyword.span);
    let last = scene.tokens[end - 1].span.end;
    let message = format!("`{word}` in an arm stands in braces");
    let diagnostic = scene.error(code::ARM_STATEMENT, keyword.span, message).fix(
        Fix::new("write", Span::point(keyword.span.start), "{ ")
            .and(Span::point(last), " }")
            .certain(),
    );
    let mut with = vec![scene.made(T::LBrace, scene.at)];
    with.extend_from_slice(&scene.tokens[scene.at..end]);
    with.push(scene.made(T::RBrace, end));
    Some(Mistake::new(diagnostic).repaired_by(Splice {
        range: scene.at..end,
        with,
    }))
}

/// `A if let Some(x) = y => ..`
pub(super) fn guard_let(scene: &Scene) -> Option<Mistake> {
    let is_guard = scene.kind(0)? == T::Let && scene.kind(-1)? == T::If;
    let arrow = scene.find_flat(scene.at, scene.segment.end, |kind| kind == T::FatArrow)?;
    if !is_guard || scene.index(-1) == scene.segment.start {
        return None;
    }
    let span = scene.tokens[scene.at].span.to(scene.tokens[arrow - 1].span);
    let diagnostic = scene
        .error(
            code::GUARD_LET,
            span,
            "the condition of an arm binds nothing",
        )
        .help("look at the second value in the arm: `=> if let Some(x) = y { .. } else { .. }`")
        .help("or match both at once: `match (a, b) { (Some(x), Some(y)) => .. }`");
    // What the arm does with the names that are not bound is no mistake of its own.
    let arm = scene.at..scene.segment.end;
    let repair = scene.replace(arm, &[T::Hole, T::FatArrow, T::Hole]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `{"a": 1}`, `{1, 2}` and `{a: 1}` where braces are those of a block
pub(super) fn data_in_block(scene: &Scene) -> Option<Mistake> {
    let open = scene.segment.open?;
    let braces = scene.tokens[open];
    if !matches!(braces.kind, T::LBrace | T::LBlock) {
        return None;
    }
    let close = scene.closer_of(open);
    let end = scene.tokens[close];
    let is_key = |kind| matches!(kind, T::Str | T::Int | T::Ident);
    let is_value = |kind| matches!(kind, T::Str | T::Int | T::Float | T::Ident);
    let first = scene.tokens.get(open + 1)?.kind;
    let is_operand = scene.expected.after_operand();
    let ends = is_operand || scene.expected.has("}");
    let is_label = scene.expected.has("while") && !scene.expected.has("let");
    let fix = |title: &str, before: &str, after: &str| {
        Fix::new(title, braces.span, before).and(end.span, after)
    };
    let (help, fix) = match (scene.kind(-1)?, scene.kind(0)?) {
        (kind, T::Colon) if is_key(kind) && scene.at == open + 2 && is_operand => {
            ("a map is `[\"a\": 1]`", fix("a map is written", "[", "]"))
        }
        (T::Colon, _) if first == T::Ident && scene.at == open + 3 && is_label => (
            "a struct is made by its name: `P(x: 1)`",
            fix("a map is written", "[", "]"),
        ),
        (kind, T::Comma) if is_value(kind) && scene.at == open + 2 && ends => (
            "a place is `{a, b}` after `=`, `(` or `,`",
            fix("a set is written", "#{", "}"),
        ),
        _ => return None,
    };
    let diagnostic = scene
        .error(
            code::BLOCK_AS_VALUE,
            scene.place(),
            "these braces are those of a block",
        )
        .label(braces.span, "a block of statements begins here")
        .help(help)
        .fix(fix);
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(open + 1..close, &[T::Hole])))
}
