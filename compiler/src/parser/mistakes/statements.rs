//! Mistakes in statements.

use super::{Mistake, Scene};
use crate::ast::Span;
use crate::diagnostic::{Fix, code};
use crate::lexer::T;
use crate::parser::recovery::Splice;

/// `x := 1`, `let x := 1`
pub(super) fn colon_equals(scene: &Scene) -> Option<Mistake> {
    if scene.kind(-1)? != T::Colon || scene.kind(0)? != T::Eq || !scene.is_adjacent(0) {
        return None;
    }
    let span = scene.get(-1)?.span.to(scene.get(0)?.span);
    let colon = scene.index(-1);
    let (message, fix, repair) = match scene.name(-2).filter(|_| colon == scene.segment.start + 1) {
        Some(name) => {
            let before = Span::point(scene.get(-2)?.span.start);
            let with = vec![
                scene.made(T::Let, colon - 1),
                scene.get(-2)?,
                scene.made(T::Eq, colon),
            ];
            (
                format!("a variable is declared with `let {name} = ..`"),
                Fix::new("write `let`", before, "let ").and(span, "="),
                Splice {
                    range: colon - 1..scene.at + 1,
                    with,
                },
            )
        }
        None => (
            "`:=` is written `=`".to_owned(),
            Fix::new("write `=`", span, "="),
            scene.replace(colon..colon + 1, &[]),
        ),
    };
    let diagnostic = scene
        .error(code::COLON_EQUALS, span, message)
        .fix(fix)
        .help("`let` binds once; a variable that changes is declared with `var`");
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `if x = y {`, `while (x = y) {`, `assert x = y`
pub(super) fn assignment_in_condition(scene: &Scene) -> Option<Mistake> {
    if scene.kind(0)? != T::Eq || !scene.expected.after_operand() {
        return None;
    }
    let is_condition = |kind| matches!(kind, T::If | T::While | T::Assert);
    let in_parentheses = scene.before_opener().is_some_and(is_condition);
    let in_header = scene
        .keyword()
        .is_some_and(|token| is_condition(token.kind));
    if !in_parentheses && !in_header {
        return None;
    }
    let span = scene.get(0)?.span;
    let diagnostic = scene
        .error(
            code::ASSIGN_IN_CONDITION,
            span,
            "`=` assigns; a comparison is written `==`",
        )
        .fix(Fix::new("write `==`", span, "=="));
    let repair = scene.replace(scene.at..scene.at + 1, &[T::EqEq]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `for (x in xs) {`, `for (let i = 0; i < n; i++) {`
pub(super) fn for_parentheses(scene: &Scene) -> Option<Mistake> {
    let open = scene.segment.open.or_else(|| match scene.kind(-1)? {
        T::LParen => Some(scene.index(-1)),
        _ => None,
    })?;
    if scene.tokens[open].kind != T::LParen
        || scene.tokens.get(open.checked_sub(1)?)?.kind != T::For
    {
        return None;
    }
    if scene.kind(0)? == T::In {
        return Some(parenthesised_in(scene, open));
    }
    let close = scene.closer_of(open);
    let span = scene.tokens[open].span.to(scene.tokens[close].span);
    let repair = scene.replace(open..close + 1, &[T::Underscore, T::In, T::Hole]);
    Some(for_mistake(scene, span).repaired_by(repair))
}

/// `for (x in xs)`, `for (x, y in xs)`
fn parenthesised_in(scene: &Scene, open: usize) -> Mistake {
    let close = scene.closer_of(open);
    let (opener, closer) = (scene.tokens[open], scene.tokens[close]);
    let pattern = &scene.tokens[open + 1..scene.at];
    let rest = &scene.tokens[scene.at..close];
    let span = opener.span.to(closer.span);
    let is_tuple = pattern.iter().any(|token| token.kind == T::Comma);
    let (fix, with) = match is_tuple {
        true => {
            let end = pattern.last().map_or(opener.span, |token| token.span).end;
            let fix = Fix::new("close them before `in`", Span::point(end), ")");
            (
                fix.and(closer.span, ""),
                [&[opener], pattern, &[closer], rest].concat(),
            )
        }
        false => {
            let fix = Fix::new("remove the parentheses", opener.span, "");
            (fix.and(closer.span, ""), [pattern, rest].concat())
        }
    };
    let message = "the head of a `for` has no parentheses";
    let diagnostic = scene.error(code::FOR_HEAD, span, message).fix(fix);
    Mistake::new(diagnostic).repaired_by(Splice {
        range: open..close + 1,
        with,
    })
}

fn for_mistake(scene: &Scene, span: Span) -> Mistake {
    let message = "`for` goes over a range or a collection";
    let diagnostic = scene
        .error(code::FOR_HEAD, span, message)
        .help("count with a range: `for i in 0..n { .. }`")
        .help("for anything else there is `while condition { .. }`");
    Mistake::new(diagnostic)
}

/// `for i = 0; i < n; i++ {`
pub(super) fn for_counter(scene: &Scene) -> Option<Mistake> {
    let keyword = scene.keyword()?;
    let is_counter = matches!(scene.kind(0)?, T::Eq | T::Colon | T::Let | T::Var);
    if keyword.kind != T::For || !is_counter {
        return None;
    }
    let mistake = for_mistake(scene, keyword.span.to(scene.place()));
    // After `i++` the brace looks like that of an operand.
    let is_brace = |kind| matches!(kind, T::LBrace | T::LPlace | T::LBlock);
    let block = (scene.at..scene.tokens.len()).find(|i| is_brace(scene.tokens[*i].kind))?;
    let kinds: &[T] = match scene.kind(0)? {
        T::Let | T::Var => &[T::Underscore, T::In, T::Hole, T::LBrace],
        _ => &[T::In, T::Hole, T::LBrace],
    };
    Some(mistake.repaired_by(scene.replace(scene.at..block + 1, kinds)))
}

/// `if x:`, `else:`, `for x in xs:`, `fn f():`
pub(super) fn colon_block(scene: &Scene) -> Option<Mistake> {
    let ends_line = matches!(scene.kind(1), None | Some(T::Term | T::RBrace))
        || scene.get(1).is_some_and(|next| next.is_first_on_line());
    if scene.kind(0)? != T::Colon || !scene.expected.has("{") || !ends_line {
        return None;
    }
    let span = scene.get(0)?.span;
    let diagnostic = scene
        .error(code::MISSING_BLOCK, span, "a block stands in braces")
        .at("`{` belongs here, and `}` after the block")
        .note("indentation means nothing to the compiler");
    let repair = scene.replace(scene.at..scene.at + 1, &[T::LBrace, T::RBrace]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `if x return`, `while x` and nothing, `fn f()` and nothing
pub(super) fn missing_block(scene: &Scene) -> Option<Mistake> {
    let keyword = scene.keyword().or_else(|| {
        scene
            .get(-1)
            .filter(|token| matches!(token.kind, T::Else | T::LetElse | T::Loop))
    })?;
    let is_last = matches!(scene.kind(-1)?, T::Else | T::LetElse | T::Loop);
    let keyword = if is_last { scene.get(-1)? } else { keyword };
    let has_block = scene
        .flat(scene.rest())
        .any(|index| scene.tokens[index].kind == T::LBrace);
    if !scene.expected.has("{") || has_block || scene.first() == Some(T::Import) {
        return None;
    }
    let word = scene.text(keyword.span);
    let thing = match keyword.kind {
        T::Fn | T::Struct | T::Enum | T::Impl | T::Test | T::Bench => {
            format!("a `{word}` needs its braces")
        }
        T::If | T::While | T::For | T::Match | T::Else | T::LetElse | T::Loop => {
            format!("the body of `{word}` stands in braces")
        }
        _ => return None,
    };
    let diagnostic = scene
        .error(
            code::MISSING_BLOCK,
            scene.place(),
            format!("{thing}, found {}", scene.found()),
        )
        .at("`{` is missing here")
        .label(keyword.span, format!("this `{word}`"));
    let mut with = vec![scene.made(T::LBrace, scene.at)];
    if keyword.kind != T::Match {
        with.extend_from_slice(&scene.tokens[scene.rest()]);
    }
    with.push(scene.made(T::RBrace, scene.rest().end));
    Some(Mistake::new(diagnostic).repaired_by(Splice {
        range: scene.rest(),
        with,
    }))
}

/// `A -> x` or `A: x` in a `match`
pub(super) fn match_arrow(scene: &Scene) -> Option<Mistake> {
    let token = scene.get(0)?;
    let is_arrow = matches!(token.kind, T::Arrow | T::Colon | T::Eq);
    if !is_arrow || !scene.expected.has("=>") {
        return None;
    }
    let diagnostic = scene
        .error(
            code::MATCH_ARROW,
            token.span,
            "an arm of a `match` is written `pattern => result`",
        )
        .fix(Fix::new("write `=>`", token.span, "=>").certain());
    let repair = scene.replace(scene.at..scene.at + 1, &[T::FatArrow]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `const x = 1` in a function
pub(super) fn const_statement(scene: &Scene) -> Option<Mistake> {
    if scene.kind(0)? != T::Const || !scene.expected.has("assert") {
        return None;
    }
    let span = scene.get(0)?.span;
    let diagnostic = scene
        .error(
            code::BINDING_WORD,
            span,
            "a constant is declared at the top level",
        )
        .fix(Fix::new("bind a name with `let`", span, "let"));
    let repair = scene.replace(scene.at..scene.at + 1, &[T::Let]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `let x`, `let x: Int`
pub(super) fn let_without_value(scene: &Scene) -> Option<Mistake> {
    let keyword = scene
        .first()
        .filter(|kind| matches!(kind, T::Let | T::Var))?;
    let ends = matches!(scene.kind(0), None | Some(T::Term | T::RBrace));
    if !scene.expected.has("=") || scene.expected.after_operand() || !ends {
        return None;
    }
    let word = if keyword == T::Let { "let" } else { "var" };
    let diagnostic = scene
        .error(
            code::LET_WITHOUT_VALUE,
            scene.place(),
            format!("this `{word}` has no value"),
        )
        .at("`= value` is missing")
        .help("every variable has a value from the start: there is no null");
    let repair = scene.replace(scene.at..scene.at, &[T::Eq, T::Hole]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// An `else` that belongs to nothing, and a `let .. else` behind a brace
pub(super) fn else_alone(scene: &Scene) -> Option<Mistake> {
    if !matches!(scene.kind(0)?, T::Else | T::LetElse) || scene.expected.has("else") {
        return None;
    }
    let span = scene.get(0)?.span;
    let is_let = matches!(scene.first(), Some(T::Let | T::Var));
    let diagnostic = match is_let && scene.kind(0)? == T::Else {
        true => scene
            .error(
                code::ELSE_ALONE,
                span,
                "the value of a `let .. else` cannot end with `}`",
            )
            .help("put it in parentheses: `let Some(x) = (match ..) else { .. }`"),
        false => scene
            .error(code::ELSE_ALONE, span, "this `else` belongs to no `if`")
            .help("only a block can stand between `if` and `else`: `if c { a } else { b }`"),
    };
    let repair = match is_let {
        true => scene.replace(scene.at..scene.at + 1, &[T::LetElse]),
        false => scene.replace(scene.rest(), &[]),
    };
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `print "text"`
pub(super) fn call_without_parentheses(scene: &Scene) -> Option<Mistake> {
    let name = scene
        .name(-1)
        .filter(|_| scene.index(-1) == scene.segment.start)?;
    let is_argument = matches!(scene.kind(0)?, T::Str | T::StrOpen | T::Int | T::Float);
    if !is_argument || !scene.expected.after_operand() {
        return None;
    }
    let end = scene.tokens.get(scene.rest().end.checked_sub(1)?)?.span.end;
    let span = Span::new(scene.place().start, end);
    let gap = Span::new(scene.get(-1)?.span.end, span.start);
    let message = format!("the arguments of `{name}` stand in parentheses");
    let diagnostic = scene
        .error(code::CALL_WITHOUT_PARENTHESES, span, message)
        .fix(Fix::new("add them", gap, "(").and(Span::point(end), ")"));
    let mut with = vec![scene.made(T::LParen, scene.at)];
    with.extend_from_slice(&scene.tokens[scene.rest()]);
    with.push(scene.made(T::RParen, scene.rest().end));
    Some(Mistake::new(diagnostic).repaired_by(Splice {
        range: scene.rest(),
        with,
    }))
}
