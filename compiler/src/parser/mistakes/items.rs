//! Mistakes in declarations.

use super::{Mistake, Scene};
use crate::ast::Span;
use crate::diagnostic::{Fix, code};
use crate::lexer::{T, Token};
use crate::parser::expected::Want;
use crate::parser::recovery::Splice;

/// `fn f() Int {`, `fn f(): Int {`, `fn f() => Int {`
pub(super) fn result_arrow(scene: &Scene) -> Option<Mistake> {
    let is_after_params = scene.kind(-1)? == T::RParen && scene.expected.has("->");
    let next_is_block = |offset| scene.kind(offset) == Some(T::LBrace);
    let (span, text, end) = match scene.kind(0)? {
        T::Colon | T::FatArrow if !matches!(scene.kind(1), None | Some(T::Term)) => {
            (scene.place(), "->", scene.at + 1)
        }
        T::Ident if next_is_block(1) => (Span::point(scene.place().start), "-> ", scene.at),
        T::LBracket
            if next_is_block(
                scene.closer_of(scene.at).cast_signed() - scene.at.cast_signed() + 1,
            ) =>
        {
            (Span::point(scene.place().start), "-> ", scene.at)
        }
        _ => return None,
    };
    if !is_after_params || scene.get(1).is_some_and(|next| next.is_first_on_line()) {
        return None;
    }
    let replacement = if scene.kind(0)? == T::Colon {
        " ->"
    } else {
        text
    };
    let diagnostic = scene
        .error(
            code::MISSING_ARROW,
            scene.place(),
            "the type of a result follows `->`",
        )
        .fix(Fix::new("write `->`", span, replacement).certain());
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(scene.at..end, &[T::Arrow])))
}

/// `fn helper() {` in a block
pub(super) fn nested_function(scene: &Scene) -> Option<Mistake> {
    let name = scene.name(0)?;
    if scene.kind(-1)? != T::Fn || scene.kind(1)? != T::LParen || scene.expected.has("name") {
        return None;
    }
    let span = scene.get(-1)?.span.to(scene.get(0)?.span);
    let diagnostic = scene
        .error(
            code::NESTED_FUNCTION,
            span,
            "a function cannot be declared in a block",
        )
        .help("move it to the top level of the file")
        .help(format!(
            "or bind a closure to the name: `let {name} = fn(..) {{ .. }}`"
        ));
    let with: Vec<Token> = vec![
        scene.made(T::Let, scene.index(-1)),
        scene.get(0)?,
        scene.made(T::Eq, scene.at),
        scene.get(-1)?,
    ];
    let starts = scene.index(-1) == scene.segment.start;
    let mistake = Mistake::new(diagnostic);
    Some(match starts {
        true => mistake.repaired_by(Splice {
            range: scene.index(-1)..scene.at + 1,
            with,
        }),
        false => mistake.repaired_by(scene.replace(scene.at..scene.at + 1, &[])),
    })
}

/// `import a.b`, `import "lib"`, `import { x } from ..`
pub(super) fn import_path(scene: &Scene) -> Option<Mistake> {
    if scene.first()? != T::Import {
        return None;
    }
    let token = scene.get(0)?;
    let mistake = match token.kind {
        T::Dot => {
            let diagnostic = scene
                .error(
                    code::IMPORT_PATH,
                    token.span,
                    "the parts of a module's path are joined by `/`",
                )
                .fix(Fix::new("write `/`", token.span, "/").certain());
            Mistake::new(diagnostic).repaired_by(scene.replace(scene.at..scene.at + 1, &[T::Slash]))
        }
        T::Str | T::StrOpen => {
            let diagnostic = scene
                .error(
                    code::IMPORT_PATH,
                    token.span,
                    "a module's path has no quotes",
                )
                .help("`import route/tour` is from the standard library")
                .help("`import ./lib` is a file beside this one");
            Mistake::new(diagnostic)
        }
        T::LBrace | T::LPlace | T::Star if scene.at == scene.segment.start + 1 => {
            let diagnostic = scene
                .error(
                    code::IMPORT_PATH,
                    token.span,
                    "the path of the module comes first",
                )
                .help("write `import path/of/module { a, b }`");
            Mistake::new(diagnostic)
        }
        _ => return None,
    };
    Some(mistake)
}

/// `fn f(x)`
pub(super) fn untyped_parameter(scene: &Scene) -> Option<Mistake> {
    let ends = matches!(scene.kind(0)?, T::Comma | T::RParen | T::Eq);
    let in_params = scene.opener()?.kind == T::LParen
        && matches!(scene.before_opener()?, T::Ident | T::Gt | T::GtJoint);
    let only_colon = scene.expected.has(":") && !scene.expected.after_operand();
    if !ends || !in_params || !only_colon || scene.expected.has("=>") {
        return None;
    }
    let name = scene.name(-1)?;
    let token = scene.get(-1)?;
    let diagnostic = scene
        .error(
            code::UNTYPED_PARAMETER,
            token.span,
            format!("the parameter `{name}` has no type"),
        )
        .at("`: Type` is missing here")
        .help("types are inferred inside of functions, and written at their signatures");
    let repair = scene.replace(scene.at..scene.at, &[T::Colon, T::Hole]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// A statement or an expression outside of all functions
pub(super) fn statement_at_top(scene: &Scene) -> Option<Mistake> {
    let is_start = scene.at == 0 && scene.expected.want() == Want::Item;
    let token = scene.get(0)?;
    if !is_start || matches!(token.kind, T::Bad) {
        return None;
    }
    let found = scene.found();
    let message = format!("expected a declaration, found {found}");
    let diagnostic = scene.error(code::EXPECTED_ITEM, token.span, message);
    let diagnostic = match token.kind {
        T::Let | T::Var => diagnostic
            .help("a value at the top level is a constant: `const NAME: Type = value`")
            .help("a program's steps stand in `fn main() { .. }`"),
        T::LBrace | T::RBrace => diagnostic,
        _ => diagnostic
            .help("a program's steps stand in `fn main() { .. }`")
            .note("declarations begin with import, tag, const, struct, enum, fn, impl or test"),
    };
    let repair = scene.replace(0..scene.tokens.len(), &[T::Hole]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// A declaration in a function
pub(super) fn declaration_in_block(scene: &Scene) -> Option<Mistake> {
    let token = scene.get(0)?;
    if !token.kind.begins_item() || scene.expected.want() != Want::Statement {
        return None;
    }
    let message = format!("expected a statement, found {}", scene.found());
    let diagnostic = scene
        .error(code::EXPECTED_EXPRESSION, token.span, message)
        .help("declarations stand at the top level of the file");
    let repair = scene.replace(scene.rest(), &[T::Hole]);
    Some(Mistake::new(diagnostic).repaired_by(repair))
}

/// `pub impl`, `pub let`
pub(super) fn public_what(scene: &Scene) -> Option<Mistake> {
    let (before, token) = (scene.get(-1)?, scene.get(0)?);
    if before.kind != T::Pub {
        return None;
    }
    let help = match token.kind {
        T::Impl => "mark the functions in it that others may call",
        _ => "`pub` stands before tag, const, struct, enum, fn or import",
    };
    let message = format!("`pub` cannot stand before {}", scene.found());
    let diagnostic = scene
        .error(code::PUBLIC_WHAT, before.span, message)
        .help(help)
        .fix(Fix::new(
            "remove `pub`",
            Span::new(before.span.start, token.span.start),
            "",
        ));
    let index = scene.index(-1);
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(index..index + 1, &[])))
}

/// A keyword where a name is expected
pub(super) fn keyword_as_name(scene: &Scene) -> Option<Mistake> {
    let token = scene.get(0)?;
    let next_fits = !matches!(scene.kind(1), Some(T::Ident));
    let wants_name = scene.expected.has("name")
        && (!scene.expected.has_hole() || scene.expected.want() == Want::Pattern);
    if !wants_name
        || token.is_first_on_line()
        || !next_fits
        || !token.kind.is_reserved()
        || scene.expected.after_operand()
    {
        return None;
    }
    let word = scene.text(token.span);
    let message = format!("`{word}` is a keyword and cannot be a name");
    let diagnostic = scene
        .error(code::KEYWORD_AS_NAME, token.span, message)
        .fix(Fix::new(
            "add an underscore",
            token.span,
            format!("{word}_"),
        ));
    let with = vec![Token {
        kind: T::Ident,
        ..token
    }];
    let repair = Splice {
        range: scene.at..scene.at + 1,
        with,
    };
    Some(Mistake::new(diagnostic).repaired_by(repair))
}
