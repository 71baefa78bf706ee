//! Words of other languages.

use super::{Mistake, Scene};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::lexer::{T, Token};

/// `a and b`, `a or b`, `not a`
pub(super) fn word_operator(scene: &Scene) -> Option<Mistake> {
    let (offset, symbol, kind) = match (scene.name(0), scene.name(-1)) {
        (Some("and"), _) if scene.expected.after_operand() => (0, "&&", T::AndAnd),
        (Some("or"), _) if scene.expected.after_operand() => (0, "||", T::OrOr),
        (_, Some("not")) if scene.expected.after_operand() => (-1, "!", T::Bang),
        _ => return None,
    };
    let token = scene.get(offset)?;
    let word = scene.text(token.span);
    let followed_by_space = if kind == T::Bang { 1 } else { 0 };
    let mut edit = token.span;
    edit.end = (edit.end + followed_by_space).min(scene.get(offset + 1)?.span.start);
    let diagnostic = scene
        .error(
            code::WORD_OPERATOR,
            token.span,
            format!("`{word}` is written `{symbol}`"),
        )
        .fix(Fix::new(format!("write `{symbol}`"), edit, symbol).certain());
    let index = scene.index(offset);
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(index..index + 1, &[kind])))
}

/// `elif c {`, also on a line of its own
pub(super) fn else_if_word(scene: &Scene) -> Option<Mistake> {
    const WORDS: [&str; 3] = ["elif", "elsif", "elseif"];
    let is_word = |name: Option<&str>| name.is_some_and(|name| WORDS.contains(&name));
    let offset = match () {
        () if is_word(scene.name(0)) => 0,
        () if is_word(scene.name(-1)) => -1,
        () => return None,
    };
    let token = scene.get(offset)?;
    let word = scene.text(token.span);
    let diagnostic = scene
        .error(
            code::ELSE_IF_WORD,
            token.span,
            format!("`{word}` is written `else if`"),
        )
        .fix(Fix::new("write `else if`", token.span, "else if").certain());
    let index = scene.index(offset);
    let start = match scene.kind(offset - 1) {
        Some(T::Term) => index - 1,
        _ => index,
    };
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(start..index + 1, &[T::Else, T::If])))
}

/// `let mut x`, and bindings with a word of another language: `val x = 1`
pub(super) fn mutable_binding(scene: &Scene) -> Option<Mistake> {
    scene
        .name(0)
        .or_else(|| scene.kind(0).filter(|kind| *kind == T::LParen).map(|_| ""))?;
    let word = scene.name(-1)?;
    let token = scene.get(-1)?;
    let index = scene.index(-1);
    let is_let = matches!(scene.kind(-2), Some(T::Let | T::Var));
    let (span, start, kind, symbol) = match word {
        "mut" if is_let => (scene.get(-2)?.span.to(token.span), index - 1, T::Var, "var"),
        "val" | "auto" if is_statement_start(scene, index) => (token.span, index, T::Let, "let"),
        "mut" if is_statement_start(scene, index) => (token.span, index, T::Var, "var"),
        _ => return None,
    };
    let message = match symbol {
        "var" => "a variable that changes is declared with `var`",
        _ => "a name is bound with `let`",
    };
    let diagnostic = scene
        .error(code::BINDING_WORD, span, message)
        .fix(Fix::new(format!("write `{symbol}`"), span, symbol).certain());
    Some(Mistake::new(diagnostic).repaired_by(scene.replace(start..index + 1, &[kind])))
}

fn is_statement_start(scene: &Scene, index: usize) -> bool {
    scene.segment.start == index
}

/// `func`, `def`, `function`, `fun` for `fn`
pub(super) fn function_word(scene: &Scene) -> Option<Mistake> {
    const WORDS: [&str; 6] = ["func", "def", "function", "fun", "proc", "sub"];
    let is_word = |name: Option<&str>| name.is_some_and(|name| WORDS.contains(&name));
    let (offset, token) = match () {
        () if is_word(scene.name(0)) && !scene.expected.after_operand() => (0, scene.get(0)?),
        // `func name` in a block, or `function(x) {` as a value.
        () if is_word(scene.name(-1)) => (-1, scene.get(-1)?),
        () => return foreign_closure(scene, &WORDS),
    };
    Some(function_mistake(scene, token, scene.index(offset)))
}

/// `function(x) { .. }`: read as a call until its brace.
fn foreign_closure(scene: &Scene, words: &[&str]) -> Option<Mistake> {
    if scene.kind(0) != Some(T::LBrace) || scene.kind(-1) != Some(T::RParen) {
        return None;
    }
    let mut flat = scene.flat(scene.segment.start..scene.at);
    let index = flat.rfind(|index| {
        let token = scene.tokens[*index];
        token.kind == T::Ident && words.contains(&scene.text(token.span))
    })?;
    Some(function_mistake(scene, scene.tokens[index], index))
}

fn function_mistake(scene: &Scene, token: Token, index: usize) -> Mistake {
    let word = scene.text(token.span);
    let diagnostic = scene
        .error(
            code::FUNCTION_WORD,
            token.span,
            format!("`{word}` is written `fn`"),
        )
        .fix(Fix::new("write `fn`", token.span, "fn").certain());
    Mistake::new(diagnostic).repaired_by(scene.replace(index..index + 1, &[T::Fn]))
}

/// Words that begin something in other languages, and what to write here.
const FOREIGN: &[(&str, &str)] = &[
    (
        "class",
        "data is declared with `struct`, its methods in an `impl` block",
    ),
    (
        "interface",
        "there are no interfaces: the traits Eq, Ord, Hash and Show are built in",
    ),
    (
        "trait",
        "there are no traits of one's own: Eq, Ord, Hash and Show are built in",
    ),
    (
        "protocol",
        "there are no traits of one's own: Eq, Ord, Hash and Show are built in",
    ),
    ("type", "a type is declared with `struct` or `enum`"),
    ("typedef", "a type is declared with `struct` or `enum`"),
    ("union", "a choice between kinds of data is an `enum`"),
    (
        "use",
        "a module is imported with `import path/of/module { names }`",
    ),
    (
        "using",
        "a module is imported with `import path/of/module { names }`",
    ),
    (
        "include",
        "a module is imported with `import path/of/module { names }`",
    ),
    (
        "require",
        "a module is imported with `import path/of/module { names }`",
    ),
    (
        "from",
        "a module is imported with `import path/of/module { names }`",
    ),
    ("module", "a file is a module; it does not name itself"),
    ("package", "a file is a module; it does not name itself"),
    ("namespace", "a file is a module; it does not name itself"),
    ("mod", "a file is a module; import it with `import ./name`"),
    ("export", "what other modules may use is marked with `pub`"),
    ("public", "what other modules may use is marked with `pub`"),
    (
        "private",
        "everything is private that is not marked with `pub`",
    ),
    (
        "static",
        "a value at the top level is a `const`; a function in an `impl` without `self` is static",
    ),
    (
        "async",
        "every function can wait: `block` and `migrate` may stand anywhere",
    ),
    (
        "await",
        "waiting needs no word: `block(tag)` sleeps until the tag is written",
    ),
    ("go", "a new message is started with `spawn f(x)`"),
    (
        "defer",
        "there is no `defer`; a value needs no clean-up here",
    ),
    (
        "switch",
        "a choice between patterns is `match value { pattern => result }`",
    ),
    (
        "case",
        "an arm of a `match` is written `pattern => result`, without `case`",
    ),
    ("default", "the arm for everything else is `_ => result`"),
    (
        "when",
        "a choice between patterns is `match value { pattern => result }`",
    ),
    (
        "do",
        "a loop that ends in its middle is `loop { .. if done { break } }`",
    ),
    ("foreach", "all elements of a list: `for x in list { .. }`"),
    (
        "until",
        "a loop with a condition is `while !condition { .. }`",
    ),
    ("unless", "a condition is `if !condition { .. }`"),
    ("repeat", "a number of turns is `for _ in 0..n { .. }`"),
    ("throw", "an error is a value: `return Err(e)`"),
    ("raise", "an error is a value: `return Err(e)`"),
    (
        "try",
        "an error is a value: `e?` hands it on, `match` looks at it",
    ),
    (
        "catch",
        "an error is a value: `e?` hands it on, `match` looks at it",
    ),
    (
        "except",
        "an error is a value: `e?` hands it on, `match` looks at it",
    ),
    (
        "finally",
        "an error is a value: `e?` hands it on, `match` looks at it",
    ),
    (
        "new",
        "a struct is built by calling its name: `P(x: 1, y: 2)`",
    ),
    ("delete", "`delete` is a function: `delete(tag)`"),
    ("yield", "`yield` is a function: `yield()`"),
    ("lambda", "a closure is written `fn(x) { .. }`"),
    ("end", "a block ends with `}`"),
    ("then", "the body of an `if` stands in braces"),
    ("ref", "structs and collections are references already"),
    (
        "int",
        "a name is bound with `let`, and its type stands behind it: `let x: Int = 1`",
    ),
    (
        "float",
        "a name is bound with `let`, and its type stands behind it: `let x: Float = 1.0`",
    ),
    (
        "double",
        "a name is bound with `let`, and its type stands behind it: `let x: Float = 1.0`",
    ),
    (
        "string",
        "a name is bound with `let`, and its type stands behind it: `let s: Str = \"\"`",
    ),
    (
        "bool",
        "a name is bound with `let`, and its type stands behind it: `let b: Bool = true`",
    ),
    ("void", "a function without a result has no `->`"),
];

/// A word that begins something elsewhere, followed by what would follow it there.
pub(super) fn foreign_word(scene: &Scene) -> Option<Mistake> {
    let at_start = |offset: isize| {
        let index = scene.at.checked_add_signed(offset)?;
        let before = index.checked_sub(1).map(|before| scene.tokens[before].kind);
        let is_start = scene.segment.start == index || before == Some(T::Pub);
        let starts_operand = before.is_some_and(|kind| kind.is_assignment() || kind == T::LParen);
        (is_start || starts_operand).then_some(offset)
    };
    let follows = scene.name(0).is_some()
        || matches!(
            scene.kind(0),
            Some(T::LBrace | T::Str | T::Int | T::SelfValue | T::Fn | T::Struct | T::Tag | T::Let)
        );
    let offset = [-1, 0]
        .into_iter()
        .filter_map(at_start)
        .find(|offset| (*offset == 0 || follows) && help_for(scene.name(*offset)).is_some())?;
    if offset == 0 && scene.expected.after_operand() {
        return None;
    }
    let token = scene.get(offset)?;
    let index = scene.index(offset);
    // Some words are only too much; what others begin is read as one error.
    let repair = match SUPERFLUOUS.contains(&scene.text(token.span)) {
        true => scene.replace(index..index + 1, &[]),
        false => scene.replace(index..scene.segment.end.max(index + 1), &[T::Hole]),
    };
    Some(Mistake::new(foreign_diagnostic(scene, token)?).repaired_by(repair))
}

const SUPERFLUOUS: [&str; 9] = [
    "case", "export", "public", "private", "static", "async", "await", "new", "go",
];

fn help_for(name: Option<&str>) -> Option<&'static str> {
    FOREIGN
        .iter()
        .find(|(word, _)| Some(*word) == name)
        .map(|(_, help)| *help)
}

fn foreign_diagnostic(scene: &Scene, token: Token) -> Option<Diagnostic> {
    let word = scene.text(token.span);
    let message = format!("`{word}` begins nothing in this language");
    Some(
        scene
            .error(code::FOREIGN_WORD, token.span, message)
            .help(help_for(Some(word))?),
    )
}
