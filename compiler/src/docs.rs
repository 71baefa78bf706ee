//! What doc comments hold beside prose: examples, which tools run as tests.
//!
//! An example is a block between fences in a `///` or `//!` comment:
//!
//! ````text
//! /// The larger one.
//! ///
//! /// ```sm
//! /// assert largest(2, 3) == 3
//! /// ```
//! pub fn largest(a: Int, b: Int) -> Int { .. }
//! ````
//!
//! After `sm` may stand `check`, for one that is compiled only, or `ignore`. Blocks in other
//! languages are no examples.

use crate::ast::{Docs, Item, ItemKind, Module, Span};

#[cfg(test)]
mod tests;

/// An example in the documentation of something public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What it is an example of: `largest`, `Point.add`, for a whole module its `name`; with a
    /// number from the second one on.
    pub name: String,
    pub mode: Mode,
    /// Where it stands: the fence that opens it, in the module's text.
    pub place: Span,
    /// Its lines in the module's text, each without the comment's mark and the end of the line.
    pub lines: Vec<Span>,
}

impl Example {
    /// Its text.
    #[must_use]
    pub fn text(&self, source: &str) -> String {
        let lines = self.lines.iter().map(|line| &source[line.range()]);
        lines.map(|line| format!("{line}\n")).collect()
    }
}

/// What is to be done with an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Run,
    /// It needs more than one node, or does not end.
    Check,
}

/// The examples of a module, in the order of its text: of the module itself, and of what is `pub`.
/// `name` is what the module is called.
#[must_use]
pub fn examples(module: &Module, source: &str, name: &str) -> Vec<Example> {
    let mut found = Found {
        source,
        examples: Vec::new(),
    };
    found.add(name, module.docs.as_ref());
    for item in &module.items {
        found.item(item);
    }
    found.examples
}

struct Found<'s> {
    source: &'s str,
    examples: Vec<Example>,
}

impl Found<'_> {
    fn item(&mut self, item: &Item) {
        if let ItemKind::Impl(decl) = &item.kind {
            let target = self.source[decl.target.span.range()].trim_end();
            for function in decl
                .functions
                .iter()
                .filter(|one| one.visibility.is_public())
            {
                let name = format!("{target}.{}", function.decl.name);
                self.add(&name, function.docs.as_ref());
            }
            return;
        }
        if !item.visibility.is_public() {
            return;
        }
        let docs = item.docs.as_ref();
        match &item.kind {
            ItemKind::Fn(decl) => self.add(&decl.name.name, docs),
            ItemKind::Tag(decl) => self.add(&decl.name.name, docs),
            ItemKind::Const(decl) => self.add(&decl.name.name, docs),
            ItemKind::Struct(decl) => {
                self.add(&decl.name.name, docs);
                for field in &decl.fields {
                    let name = format!("{}.{}", decl.name, field.name);
                    self.add(&name, field.docs.as_ref());
                }
            }
            ItemKind::Enum(decl) => {
                self.add(&decl.name.name, docs);
                for variant in &decl.variants {
                    let name = format!("{}.{}", decl.name, variant.name);
                    self.add(&name, variant.docs.as_ref());
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, name: &str, docs: Option<&Docs>) {
        let Some(docs) = docs else { return };
        let mut number = 0;
        let mut open: Option<Open> = None;
        for line in lines(self.source, docs.span) {
            let text = self.source[line.range()].trim();
            match &mut open {
                None => {
                    if let Some(fence) = Fence::of(text) {
                        open = Some(Open {
                            mode: fence.mode,
                            ticks: fence.ticks,
                            place: line,
                            lines: Vec::new(),
                        });
                    }
                }
                Some(block) if is_end(text, block.ticks) => {
                    if let Some(Open {
                        mode: Some(mode),
                        place,
                        lines,
                        ..
                    }) = open.take()
                    {
                        number += 1;
                        let name = match number {
                            1 => name.to_owned(),
                            _ => format!("{name} {number}"),
                        };
                        self.examples.push(Example {
                            name,
                            mode,
                            place,
                            lines,
                        });
                    }
                }
                Some(block) => block.lines.push(line),
            }
        }
    }
}

/// A block that has begun.
struct Open {
    /// `None`: it is no example.
    mode: Option<Mode>,
    ticks: usize,
    place: Span,
    lines: Vec<Span>,
}

struct Fence {
    ticks: usize,
    mode: Option<Mode>,
}

impl Fence {
    /// A line that opens a block.
    fn of(text: &str) -> Option<Self> {
        let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
        if ticks < 3 {
            return None;
        }
        let words = text[ticks..]
            .split([' ', ','])
            .filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        let mode = match words.as_slice() {
            ["sm"] => Some(Mode::Run),
            ["sm", "check"] => Some(Mode::Check),
            _ => None,
        };
        Some(Self { ticks, mode })
    }
}

fn is_end(text: &str, ticks: usize) -> bool {
    text.len() >= ticks && text.bytes().all(|byte| byte == b'`')
}

/// The lines of a doc comment without their marks, as they stand in the source.
fn lines(source: &str, span: Span) -> impl Iterator<Item = Span> {
    let mut at = span.start as usize;
    let lines = source[span.range()].split_inclusive('\n');
    lines.filter_map(move |line| {
        let start = at;
        at += line.len();
        let text = line.trim_end_matches(['\n', '\r']);
        let bare = text.trim_start();
        let rest = bare
            .strip_prefix("///")
            .or_else(|| bare.strip_prefix("//!"))?;
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let from = start + text.len() - rest.len();
        Some(Span::new(from as u32, (start + text.len()) as u32))
    })
}
