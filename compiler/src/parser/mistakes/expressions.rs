//! Mistakes in expressions.

use super::{Mistake, Scene};
use crate::ast::Span;
use crate::diagnostic::{Fix, code};
use crate::lexer::{T, Token};
use crate::parser::recovery::Splice;

/// `===`, `!==`, `<>`, `**`: operators that are two here.
pub(super) fn strict_equality(scene: &Scene) -> Option<Mistake> {
    if !scene.is_adjacent(0) {
        return None;
    }
    let (written, meant, kind) = match (scene.kind(-1)?, scene.kind(0)?) {
        (T::EqEq, T::Eq) => ("===", "==", T::EqEq),
        (T::Ne, T::Eq) => ("!==", "!=", T::Ne),
        (T::Lt, T::Gt) => ("<>", "!=", T::Ne),
        (T::Star, T::Star) => {
            let span = scene.get(-1)?.span.to(scene.get(0)?.span);
            let diagnostic = scene
                .error(code::FOREIGN_OPERATOR, span, "there is no operator `**`")
                .help("a power is a method: `x.pow(2)`");
            let repair = scene.replace(scene.at..scene.at + 1, &[]);
            return Some(Mistake::new(diagnostic).repaired_by(repair));
        }
        _ => return None,
    };
    let span = scene.get(-1)?.span.to(scene.get(0)?.span);
    let diagnostic = scene
        .error(
            code::FOREIGN_OPERATOR,
            span,
            format!("`{written}` is written `{meant}`"),
        )
        .fix(Fix::new(format!("write `{meant}`"), span, meant).certain());
    let repair = scene.replace(scene.index(-1)..scene.at + 1, &[kind]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `i++`, `i--`, `++i`
pub(super) fn increment(scene: &Scene) -> Option<Mistake> {
    let (first, assign, kind) = match (scene.kind(-2), scene.kind(-1), scene.kind(0)) {
        (Some(T::Minus), Some(T::Minus), _) if scene.is_adjacent(-1) => (-2, "-=", T::MinusEq),
        (_, Some(T::Plus), Some(T::Plus)) if scene.is_adjacent(0) => (-1, "+=", T::PlusEq),
        (_, _, Some(T::Plus)) if scene.kind(1) == Some(T::Plus) => (0, "+=", T::PlusEq),
        _ => return None,
    };
    let (a, b) = (scene.get(first)?, scene.get(first + 1)?);
    let span = a.span.to(b.span);
    let operator = scene.text(span);
    let diagnostic = scene
        .error(
            code::INCREMENT,
            span,
            format!("there is no operator `{operator}`"),
        )
        .help(format!("write `x {assign} 1`"));
    let index = scene.index(first);
    let is_postfix = index > scene.segment.start;
    let mistake = match is_postfix {
        true => {
            let fix = Fix::new(format!("write `{assign} 1`"), span, format!(" {assign} 1"));
            // The operator made the next line part of this one.
            let next = scene.tokens.get(index + 2);
            let kinds: &[T] = match next.is_some_and(|next| next.is_first_on_line()) {
                true if !next.is_some_and(|next| next.kind.closes()) => &[kind, T::Hole, T::Term],
                _ => &[kind, T::Hole],
            };
            let repair = scene.replace(index..index + 2, kinds);
            Mistake::new(diagnostic.fix(fix)).repaired_by(repair)
        }
        false => {
            let repair = scene.replace(index..index + 2, &[]);
            Mistake::new(diagnostic).repaired_by(repair)
        }
    };
    Some(mistake)
}

/// `Shape::Dot`
pub(super) fn path_colons(scene: &Scene) -> Option<Mistake> {
    let first = match (scene.kind(-1), scene.kind(0), scene.kind(1)) {
        (Some(T::Colon), Some(T::Colon), _) if scene.is_adjacent(0) => -1,
        (_, Some(T::Colon), Some(T::Colon)) if scene.is_adjacent(1) => 0,
        _ => return None,
    };
    let span = scene.get(first)?.span.to(scene.get(first + 1)?.span);
    let in_import = scene.first() == Some(T::Import);
    let (symbol, kind) = if in_import {
        ("/", T::Slash)
    } else {
        (".", T::Dot)
    };
    let diagnostic = scene
        .error(
            code::PATH_COLONS,
            span,
            format!("`::` is written `{symbol}`"),
        )
        .fix(Fix::new(format!("write `{symbol}`"), span, symbol).certain());
    let index = scene.index(first);
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(index..index + 2, &[kind])))
}

/// `f(x = 1)`
pub(super) fn named_argument(scene: &Scene) -> Option<Mistake> {
    let is_call = scene.opener()?.kind == T::LParen
        && matches!(scene.before_opener()?, T::Ident | T::RParen | T::RBracket);
    let is_named = scene.kind(0)? == T::Eq && scene.at == scene.segment.start + 1;
    let is_value = scene.expected.after_operand();
    if !is_call || !is_named || !is_value || scene.kind(-1)? != T::Ident {
        return None;
    }
    let (name, token) = (scene.name(-1)?, scene.get(0)?);
    let span = Span::new(scene.get(-1)?.span.end, token.span.end);
    let message = format!("a named argument is written `{name}: value`");
    let diagnostic = scene
        .error(code::NAMED_ARGUMENT, token.span, message)
        .fix(Fix::new("write `:`", span, ":").certain());
    let repair = scene.replace(scene.at..scene.at + 1, &[T::Colon]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `x as Float`
pub(super) fn cast(scene: &Scene) -> Option<Mistake> {
    if scene.kind(0)? != T::As || !scene.expected.after_operand() {
        return None;
    }
    let to = scene.name(1);
    let method = match to {
        Some("Int" | "int" | "i64") => "x.int()",
        Some("Float" | "float" | "f64") => "x.float()",
        Some("Str" | "string" | "String") => "\"{x}\"",
        _ => "x.int()",
    };
    let span = scene
        .get(1)
        .map_or(scene.get(0)?.span, |next| scene.place().to(next.span));
    let diagnostic = scene
        .error(code::CAST, span, "there is no conversion with `as`")
        .help(format!(
            "a conversion is a method, so that it is seen to be one: `{method}`"
        ));
    let end = scene.at + if to.is_some() { 2 } else { 1 };
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(scene.at..end, &[])))
}

/// `c ? a : b`
pub(super) fn ternary(scene: &Scene) -> Option<Mistake> {
    if scene.kind(-1)? != T::Question || !scene.expected.after_operand() {
        return None;
    }
    let mut flat = scene.flat(scene.rest());
    let colon = flat.find(|index| scene.tokens[*index].kind == T::Colon);
    // In brackets `:` may belong to another construct, but a `?` before an operand never does.
    let begins_operand = matches!(
        scene.kind(0)?,
        T::Ident | T::Int | T::Float | T::Str | T::StrOpen | T::Duration | T::True | T::False
    );
    if colon.is_none() || !begins_operand {
        return None;
    }
    let question = scene.get(-1)?;
    let diagnostic = scene
        .error(code::TERNARY, question.span, "there is no operator `? :`")
        .help("`if` is an expression: `let x = if c { a } else { b }`")
        .note("`e?` hands the error or the absence in `e` on to the caller");
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(scene.rest(), &[])))
}

/// `P { x: 1 }`
pub(super) fn struct_literal(scene: &Scene) -> Option<Mistake> {
    let name = scene.name(-1)?;
    let is_type = name.starts_with(|c: char| c.is_uppercase());
    if scene.kind(0)? != T::LBrace || !is_type || scene.expected.has("{") {
        return None;
    }
    let close = scene.closer_of(scene.at);
    let (open, end) = (scene.get(0)?.span, scene.tokens.get(close)?.span);
    let gap = Span::new(scene.get(-1)?.span.end, open.end);
    let message = format!("a struct is built as a call: `{name}(..)`");
    let diagnostic = scene
        .error(code::STRUCT_LITERAL, open, message)
        .help(format!(
            "name the fields in parentheses: `{name}(x: 1, y: 2)`"
        ))
        .fix(Fix::new("use parentheses", gap, "(").and(end, ")"));
    let mut with: Vec<Token> = scene.tokens[scene.at..=close].to_vec();
    with.iter_mut()
        .filter(|token| token.kind == T::Term)
        .for_each(|t| t.kind = T::Comma);
    if let [first, .., last] = with.as_mut_slice() {
        (first.kind, last.kind) = (T::LParen, T::RParen);
    }
    Some(Mistake::new(diagnostic).repaired_by(Splice {
        range: scene.at..close + 1,
        with,
    }))
}

/// `x => x + 1`, `|x| x + 1`, `(x, y) => ..`, `fn(x) x + 1`
pub(super) fn lambda(scene: &Scene) -> Option<Mistake> {
    let in_brackets = scene.opener().is_some_and(|open| open.kind == T::LParen);
    let span = match scene.kind(0)? {
        T::FatArrow | T::Arrow if scene.expected.after_operand() && in_brackets => scene.place(),
        T::FatArrow | T::Arrow
            if scene.expected.after_operand() && scene.first() == Some(T::Let) =>
        {
            scene.place()
        }
        T::Or | T::OrOr if scene.expected.has("spawn") => scene.place(),
        _ if is_bodiless_closure(scene) => {
            let diagnostic = scene
                .error(
                    code::LAMBDA,
                    scene.place(),
                    "the body of a closure stands in braces",
                )
                .help("write `fn(x) { x + 1 }`");
            let mistake = Mistake::new(diagnostic);
            let skip = usize::from(scene.kind(0)? == T::FatArrow);
            let mut with = vec![scene.made(T::LBrace, scene.at)];
            with.extend_from_slice(&scene.tokens[scene.at + skip..scene.rest().end]);
            with.push(scene.made(T::RBrace, scene.rest().end));
            return Some(mistake.repaired_by(Splice {
                range: scene.rest(),
                with,
            }));
        }
        _ => return None,
    };
    let diagnostic = scene
        .error(code::LAMBDA, span, "a closure is written `fn(x) { .. }`")
        .help("its parameters need no types where they can be inferred: `xs.map(fn(x) { x + 1 })`");
    let start = scene.segment.start.max(match scene.first() {
        Some(T::Let) => scene.at,
        _ => scene.segment.start,
    });
    let repair = scene.replace(start..scene.rest().end, &[T::Hole]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `fn(x) x + 1` or `fn(x) => x + 1`
fn is_bodiless_closure(scene: &Scene) -> bool {
    let after_params =
        scene.kind(-1) == Some(T::RParen) && scene.expected.has("{") && scene.expected.has("->");
    let keyword = scene.keyword().filter(|token| token.kind == T::Fn);
    let is_closure = keyword.is_some_and(|keyword| {
        let index = scene.tokens.iter().position(|token| *token == keyword);
        index.is_some_and(|index| scene.tokens[index + 1].kind == T::LParen)
    });
    after_params && is_closure && !matches!(scene.kind(0), Some(T::Colon | T::Term | T::RParen))
}

/// `+x`, `&x`, `*x`
pub(super) fn prefix_operator(scene: &Scene) -> Option<Mistake> {
    if scene.expected.after_operand() || !scene.expected.has("spawn") {
        return None;
    }
    let help = match scene.kind(0)? {
        T::And | T::AndAnd => {
            "structs and collections are references already; other data is copied"
        }
        T::Star => "there are no pointers to follow: a reference is used like the value",
        T::Plus => "a number without a sign is positive",
        _ => return None,
    };
    let begins_operand = matches!(
        scene.kind(1),
        Some(T::Ident | T::LParen | T::Int | T::Float)
    );
    let after_operator = scene.kind(-1).is_some_and(T::is_infix);
    if !begins_operand || after_operator {
        return None;
    }
    let token = scene.get(0)?;
    let operator = scene.text(token.span);
    let message = format!("`{operator}` cannot stand before an operand");
    let diagnostic = scene
        .error(code::FOREIGN_OPERATOR, token.span, message)
        .help(help)
        .fix(Fix::new("remove it", token.span, ""));
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(scene.at..scene.at + 1, &[])))
}

/// `"{}"`
pub(super) fn empty_interpolation(scene: &Scene) -> Option<Mistake> {
    if scene.kind(-1)? != T::InterpOpen || !matches!(scene.kind(0)?, T::InterpClose | T::FormatSpec)
    {
        return None;
    }
    let span = scene.get(-1)?.span.to(scene.get(0)?.span);
    let diagnostic = scene
        .error(
            code::EMPTY_INTERPOLATION,
            span,
            "there is no expression in these braces",
        )
        .help("write it where its value belongs: \"t = {t} F\"")
        .help("braces that are meant as text are written `\\{` and `\\}`");
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(scene.at..scene.at, &[T::Hole])))
}

/// `let x = { .. }`, where braces hold a place
pub(super) fn block_as_value(scene: &Scene) -> Option<Mistake> {
    let open = scene
        .segment
        .open
        .filter(|open| scene.tokens[*open].kind == T::LPlace)?;
    let span = scene.tokens[open].span;
    let diagnostic = scene
        .error(
            code::BLOCK_AS_VALUE,
            scene.place(),
            "these braces hold a place, not a block",
        )
        .label(
            span,
            "where a value is expected, braces hold tags: `{temperature, town}`",
        );
    let close = scene.closer_of(open);
    let is_map = scene.kind(0) == Some(T::Colon) && matches!(scene.kind(-1), Some(T::Str | T::Int));
    let diagnostic = match is_map && scene.at == open + 2 {
        true => diagnostic.fix(
            Fix::new("a map is written", span, "[")
                .and(scene.tokens[close].span, "]")
                .certain(),
        ),
        false => diagnostic
            .help("a map is written `[\"a\": 1]`, a set `#{1, 2}`")
            .help("steps towards a value stand in a function, in an `if` or in a `match`"),
    };
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(open..close + 1, &[T::Hole])))
}

/// `a..` and `..b`
pub(super) fn open_range(scene: &Scene) -> Option<Mistake> {
    let is_range = |kind| matches!(kind, Some(T::DotDot | T::DotDotEq));
    let ends = matches!(
        scene.kind(0),
        None | Some(T::RBracket | T::RParen | T::Term | T::LBrace | T::Comma | T::RBrace)
    );
    let token = match () {
        () if is_range(scene.kind(-1)) && ends && scene.expected.has("spawn") => scene.get(-1)?,
        () if is_range(scene.kind(0)) && scene.expected.has("spawn") => scene.get(0)?,
        () => return None,
    };
    let diagnostic = scene
        .error(
            code::OPEN_RANGE,
            token.span,
            "a range needs both of its ends",
        )
        .help("write `0..xs.len()`");
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(scene.at..scene.at, &[T::Hole])))
}
