//! What a program can do without of a long module of the library: functions that it does not
//! name. To read and check them takes longer than the rest of most programs.
//!
//! An [`Outline`] is made of the module's text when the library is built. [`Outline::text`] is that
//! text with blanks where comments stand and functions that nobody names; so places in it are those
//! of the whole. What counts as named is generous: the name is a word somewhere in the program,
//! or in what is kept.
//!
//! **Invariant:** an outline never shows. A program that checks against it without a diagnostic
//! gives the same code as with the whole text, and any other is checked again with that.

use std::collections::BTreeMap;

use crate::ast::{FileId, ItemKind, Span};
use crate::lower::prebuilt::{count, part, take_count, take_part};
use crate::{lexer, parser};

/// The functions of a module by name, and what names what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Ascending by name.
    functions: Vec<Named>,
    /// What is named outside of all functions, by position in `functions`.
    roots: Vec<u32>,
    comments: Vec<Span>,
}

/// All functions and methods of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Named {
    name: String,
    spans: Vec<Span>,
    /// What they name, by position.
    names: Vec<u32>,
}

impl Outline {
    /// The outline of a module of the library.
    pub(crate) fn new(source: &str) -> Self {
        let (module, _) = parser::parse(FileId::default(), source);
        let mut spans: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
        for item in &module.items {
            match &item.kind {
                ItemKind::Fn(decl) => spans.entry(&decl.name.name).or_default().push(item.span),
                ItemKind::Impl(decl) => decl.functions.iter().for_each(|one| {
                    spans.entry(&one.decl.name.name).or_default().push(one.span);
                }),
                _ => {}
            }
        }
        let comments = lexer::lex(FileId::default(), source).comments;
        let bare = blank(source, &comments);
        let all: Vec<Span> = spans.values().flatten().copied().collect();
        let outside = blank(&bare, &all);
        let known: Vec<&str> = spans.keys().copied().collect();
        let named = |texts: &mut dyn Iterator<Item = &str>| {
            let mut found: Vec<u32> = texts
                .flat_map(words)
                .filter_map(|word| at(&known, word))
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let text = |span: &Span| &bare[span.start as usize..span.end as usize];
        let functions = spans.iter().map(|(name, spans)| Named {
            name: (*name).to_owned(),
            spans: spans.clone(),
            names: named(&mut spans.iter().map(text)),
        });
        Self {
            functions: functions.collect(),
            roots: named(&mut [&*outside].into_iter()),
            comments,
        }
    }

    /// Notes the functions that a text of the program may name.
    pub(crate) fn note(&self, text: &str, wanted: &mut Wanted) {
        wanted.0.resize(self.functions.len(), false);
        for word in words(text) {
            let found = self.functions.binary_search_by(|one| (*one.name).cmp(word));
            if let Ok(at) = found {
                wanted.0[at] = true;
            }
        }
    }

    /// The module's text without the functions that are not wanted.
    pub(crate) fn text(&self, source: &str, mut wanted: Wanted) -> String {
        wanted.0.resize(self.functions.len(), false);
        let of_program = (0..wanted.0.len()).filter(|at| wanted.0[*at]);
        let mut work: Vec<usize> = of_program.collect();
        let mut want = |at: &u32, work: &mut Vec<usize>| {
            if !std::mem::replace(&mut wanted.0[*at as usize], true) {
                work.push(*at as usize);
            }
        };
        self.roots.iter().for_each(|at| want(at, &mut work));
        while let Some(at) = work.pop() {
            self.functions[at]
                .names
                .iter()
                .for_each(|at| want(at, &mut work));
        }
        let dropped = self.functions.iter().zip(&wanted.0);
        let dropped = dropped.filter(|(_, wanted)| !**wanted);
        let mut gone = self.comments.clone();
        gone.extend(dropped.flat_map(|(function, _)| &function.spans));
        blank(source, &gone)
    }
}

impl Outline {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let numbers = |out: &mut Vec<u8>, numbers: &[u32]| {
            count(out, numbers.len());
            let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
            out.extend(bytes);
        };
        let spans = |out: &mut Vec<u8>, spans: &[Span]| {
            let ends = spans.iter().flat_map(|span| [span.start, span.end]);
            numbers(out, &ends.collect::<Vec<_>>());
        };
        count(out, self.functions.len());
        for function in &self.functions {
            part(out, function.name.as_bytes());
            spans(out, &function.spans);
            numbers(out, &function.names);
        }
        numbers(out, &self.roots);
        spans(out, &self.comments);
    }

    pub(crate) fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let numbers = |bytes: &mut &[u8]| -> Option<Vec<u32>> {
            let (all, rest) = bytes_of(bytes)?;
            *bytes = rest;
            Some(
                all.as_chunks()
                    .0
                    .iter()
                    .map(|one| u32::from_le_bytes(*one))
                    .collect(),
            )
        };
        let spans = |bytes: &mut &[u8]| -> Option<Vec<Span>> {
            let ends = numbers(bytes)?;
            Some(
                ends.as_chunks()
                    .0
                    .iter()
                    .map(|[start, end]| Span::new(*start, *end))
                    .collect(),
            )
        };
        let functions = (0..take_count(bytes)?).map(|_| {
            Some(Named {
                name: String::from_utf8(take_part(bytes)?.to_vec()).ok()?,
                spans: spans(bytes)?,
                names: numbers(bytes)?,
            })
        });
        Some(Self {
            functions: functions.collect::<Option<_>>()?,
            roots: numbers(bytes)?,
            comments: spans(bytes)?,
        })
    }
}

/// The bytes of a list of numbers, and what follows.
fn bytes_of<'b>(bytes: &mut &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
    let count = take_count(bytes)?;
    bytes.split_at_checked(count.checked_mul(4)?)
}

/// Which functions are to be kept, by position.
#[derive(Debug, Default)]
pub(crate) struct Wanted(Vec<bool>);

/// The text with blanks in these ranges, in which lines end where they did.
fn blank(source: &str, spans: &[Span]) -> String {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    let source = source.as_bytes();
    let blanks = source
        .iter()
        .map(|byte| if *byte == b'\n' { b'\n' } else { b' ' });
    let mut bytes: Vec<u8> = blanks.collect();
    let mut from = 0;
    for span in spans.iter().chain([&Span::new(source.len() as u32, 0)]) {
        let to = (span.start as usize).max(from);
        bytes[from..to].copy_from_slice(&source[from..to]);
        from = to.max(span.end as usize);
    }
    String::from_utf8(bytes).expect("whole tokens and comments were replaced")
}

/// Everything in a text that could be a name, also in comments and in strings, which can hold
/// expressions.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c != '_' && !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn at(known: &[&str], word: &str) -> Option<u32> {
    let at = known.binary_search(&word).ok()?;
    u32::try_from(at).ok()
}
