//! The declarations of a session: each replaces the one of the same name.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use sm_compiler::ast::{
    AccessDecl, FileId, ImplDecl, Import, ImportRoot, Item, ItemKind, Span, TagDecl, TestKind,
    Type, Visibility,
};

use crate::composed::{Composed, Excerpt, Owner, Text};

/// What a declaration declares. Names and methods live in one space, as methods have a dot.
pub(crate) type Key = String;

/// A declaration.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) key: Key,
    pub(crate) kind: Kind,
    form: Form,
    /// Whether it takes part. One that does not fit the others any more waits until it does.
    pub(crate) standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    In,
    Aside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A struct or an enum.
    Type,
    /// Of a library, or of the files beside the session.
    Import(Near),
    /// It is checked when it is entered, and run when that is asked for.
    Test,
    Other,
}

/// Where an import comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Near {
    Library,
    Folder,
}

#[derive(Clone, Debug)]
enum Form {
    Whole(Excerpt),
    /// One function of an `impl`, with the head of it.
    Method {
        head: Excerpt,
        body: Excerpt,
    },
    /// One name of an import, or a tag with other rights: a line in the place of the whole.
    Instead {
        whole: Excerpt,
        line: String,
    },
}

impl Definition {
    /// Writes it into a text.
    pub(crate) fn compose(&self, owner: Owner, into: &mut Composed) {
        match &self.form {
            Form::Whole(excerpt) => {
                into.verbatim(owner, excerpt);
            }
            Form::Method { head, body } => {
                into.verbatim(owner, head);
                into.glue(owner, " {\n");
                into.verbatim(owner, body);
                into.glue(owner, "\n}");
            }
            Form::Instead { whole, line } => into.instead(owner, whole, line),
        }
        into.glue(owner, "\n");
    }

    /// As a person wrote it.
    pub(crate) fn source(&self) -> String {
        match &self.form {
            Form::Whole(excerpt) => excerpt.as_str().trim().to_owned(),
            Form::Method { head, body } => {
                format!("{} {{\n    {}\n}}", head.as_str(), body.as_str())
            }
            Form::Instead { line, .. } => line.clone(),
        }
    }

    /// A name for messages.
    pub(crate) fn shown(&self) -> &str {
        &self.key
    }
}

/// A test block that can be run.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) name: String,
    /// What stands between its braces.
    pub(crate) body: Excerpt,
}

/// The test blocks of an input.
pub(crate) fn tests(text: &Rc<Text>, items: &[Item]) -> Vec<Test> {
    let test = |item: &Item| match &item.kind {
        ItemKind::Test(test) if test.kind == TestKind::Test => {
            let braces = test.body.span.range();
            Some(Test {
                name: test.name.to_string(),
                body: Excerpt {
                    text: text.clone(),
                    range: braces.start + 1..braces.end - 1,
                },
            })
        }
        _ => None,
    };
    items.iter().filter_map(test).collect()
}

/// The tags of an input whose rights are those of a module's code.
pub(crate) fn tags_of_code(items: &[Item]) -> impl Iterator<Item = &str> {
    items.iter().filter_map(|item| match &item.kind {
        ItemKind::Tag(tag) if tag.access.as_ref().is_some_and(is_of_code) => {
            Some(tag.name.name.as_ref())
        }
        _ => None,
    })
}

fn is_of_code(access: &AccessDecl) -> bool {
    let levels = [&access.read, &access.write];
    levels
        .into_iter()
        .flatten()
        .any(|level| level.name.as_ref() as &str == "code")
}

/// The declarations of an input, whose items were read out of `text` itself.
pub(crate) fn of(text: &Rc<Text>, items: &[Item]) -> Vec<Definition> {
    let reader = Reader { text };
    items.iter().flat_map(|item| reader.item(item)).collect()
}

/// Puts new declarations in the place of those they replace, and others at the end. Answers what
/// was replaced.
pub(crate) fn replace(all: &mut Vec<Definition>, new: Vec<Definition>) -> BTreeSet<Key> {
    let mut replaced = BTreeSet::new();
    for one in new {
        match all.iter_mut().find(|old| old.key == one.key) {
            Some(old) => {
                replaced.insert(one.key.clone());
                *old = one;
            }
            None => all.push(one),
        }
    }
    replaced
}

struct Reader<'a> {
    text: &'a Rc<Text>,
}

impl Reader<'_> {
    fn item(&self, item: &Item) -> Vec<Definition> {
        let start = item
            .docs
            .as_ref()
            .map_or(item.span.start, |docs| docs.span.start);
        let whole = self.excerpt(Span::new(start.min(item.span.start), item.span.end));
        let named = |name: &str, kind| {
            vec![Definition {
                key: name.to_owned(),
                kind,
                form: Form::Whole(whole.clone()),
                standing: Standing::In,
            }]
        };
        match &item.kind {
            ItemKind::Import(import) => self.import(import, item),
            ItemKind::Impl(block) => self.methods(block, item),
            ItemKind::Tag(tag) => vec![Definition {
                key: tag.name.name.to_string(),
                kind: Kind::Other,
                form: self.tag(tag, &whole),
                standing: Standing::In,
            }],
            ItemKind::Const(constant) => named(&constant.name.name, Kind::Other),
            ItemKind::Struct(declared) => named(&declared.name.name, Kind::Type),
            ItemKind::Enum(declared) => named(&declared.name.name, Kind::Type),
            ItemKind::Fn(function) => named(&function.name.name, Kind::Other),
            ItemKind::Test(test) => named(
                &format!("{} \"{}\"", test.kind.word(), test.name),
                Kind::Test,
            ),
            ItemKind::Error => Vec::new(),
        }
    }

    /// The code of a session is that of many modules, one for each input. So a tag of its module's
    /// code is one of the session's author.
    fn tag(&self, tag: &TagDecl, whole: &Excerpt) -> Form {
        let Some(access) = tag.access.as_ref().filter(|access| is_of_code(access)) else {
            return Form::Whole(whole.clone());
        };
        let before = &self.text.text[whole.range.start..access.span.start as usize];
        let after = &self.text.text[access.span.end as usize..whole.range.end];
        Form::Instead {
            whole: whole.clone(),
            line: format!("{before}access owner{after}"),
        }
    }

    /// One for each name, so that another import can replace some of them.
    fn import(&self, import: &Import, item: &Item) -> Vec<Definition> {
        let whole = self.excerpt(item.span);
        let path = self.str(import.path.span);
        let public = match item.visibility {
            Visibility::Public(_) => "pub ",
            Visibility::Private => "",
        };
        let near = match import.path.root {
            ImportRoot::Library => Near::Library,
            ImportRoot::Relative { .. } => Near::Folder,
        };
        let one = |key: &str, line: String| Definition {
            key: key.to_owned(),
            kind: Kind::Import(near),
            form: Form::Instead {
                whole: whole.clone(),
                line,
            },
            standing: Standing::In,
        };
        let mut all = Vec::new();
        if let Some(alias) = import.alias.as_ref().or(import.path.segments.last())
            && (import.alias.is_some() || import.names.is_none())
        {
            all.push(one(
                &alias.name,
                format!("{public}import {path} as {alias}"),
            ));
        }
        for name in import.names.iter().flatten() {
            let here = name.alias.as_ref().unwrap_or(&name.name);
            let text = self.str(name.span);
            all.push(one(
                &here.name,
                format!("{public}import {path} {{ {text} }}"),
            ));
        }
        all
    }

    /// One for each function, so that another block can replace some of them.
    fn methods(&self, block: &ImplDecl, item: &Item) -> Vec<Definition> {
        let target = self.type_name(&block.target);
        let head = self.excerpt(Span::new(item.span.start, block.target.span.end));
        let method = |one: &sm_compiler::ast::ImplFn| {
            let start = one
                .docs
                .as_ref()
                .map_or(one.span.start, |docs| docs.span.start);
            let body = self.excerpt(Span::new(start.min(one.span.start), one.span.end));
            Definition {
                key: format!("{target}.{}", one.decl.name),
                kind: Kind::Other,
                form: Form::Method {
                    head: head.clone(),
                    body,
                },
                standing: Standing::In,
            }
        };
        block.functions.iter().map(method).collect()
    }

    fn type_name(&self, ty: &Type) -> String {
        self.str(ty.span).split_whitespace().collect()
    }

    fn excerpt(&self, span: Span) -> Excerpt {
        Excerpt {
            text: self.text.clone(),
            range: span.range(),
        }
    }

    fn str(&self, span: Span) -> &str {
        &self.text.text[span.range()]
    }
}

/// The text with everything blanked out but these ranges, so that places stay what they are.
pub(crate) fn blanked(text: &str, keep: &[Range<usize>]) -> String {
    let kept = |at: usize| keep.iter().any(|range| range.contains(&at));
    let mut out = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        if kept(at) || letter == '\n' {
            out.push(letter);
        } else {
            out.extend(std::iter::repeat_n(' ', letter.len_utf8()));
        }
    }
    out
}

/// Files of parse results that are not compiled.
pub(crate) const UNNAMED: FileId = FileId(0);
