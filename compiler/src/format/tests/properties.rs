//! What holds for all programs of the repository, and for all ways to space them.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{FILE, Unformatted, format};
use super::{formatted, formatted_to};
use crate::diagnostic::has_errors;
use crate::lexer::{T, Token, lex};
use crate::parse;

/// A program is spaced in as many ways as make so many bytes.
const SPACED_BYTES: u64 = 15_000;

/// Every text of a program without mistakes, with the name of its file.
fn programs() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in [
        "stdlib/sm",
        "examples",
        "tests",
        "fuzz",
        "compiler/src/parser/tests",
    ] {
        walk(&root.join(folder), &mut files);
    }
    let mut programs: Vec<(PathBuf, String)> = files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).expect("a text");
            (file, text)
        })
        .collect();
    for (file, text) in &mut programs {
        // The parser's tests keep each construct and its tree in one file.
        if file.extension().is_some_and(|ending| ending == "snap") {
            let source = text.splitn(3, "---\n").nth(2).unwrap_or("");
            *text = source.split("\n----\n").next().unwrap_or("").to_owned();
        }
    }
    programs.retain(|(_, text)| !has_errors(&parse(FILE, text).1));
    programs
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("a folder of the repository");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_construct = path
            .parent()
            .is_some_and(|folder| folder.ends_with("constructs"));
        if path.is_dir() {
            walk(&path, files);
        } else if ending == Some("sm") || (ending == Some("snap") && is_construct) {
            files.push(path);
        }
    }
}

#[test]
fn programs_keep_their_meaning_and_their_comments() {
    let programs = programs();
    assert!(programs.len() > 100, "{} programs", programs.len());
    for (file, text) in &programs {
        println!("{}", file.display());
        formatted(text);
        formatted(&text.replace('\n', "\r\n"));
        formatted(&format!("\u{feff}{}", text.trim_end()));
        for columns in [60, 30, 1] {
            formatted_to(text, columns);
        }
    }
}

#[test]
fn the_spacing_of_a_program_may_be_any() {
    let (mut tried, mut wrong) = (0, 0);
    for (file, text) in programs() {
        for seed in 0..(SPACED_BYTES / text.len() as u64).clamp(2, 30) {
            let mut spacing = Spacing::new(seed);
            let spaced = spacing.apply(&text);
            tried += 1;
            // A place may have become a block, or a word have grown together with its neighbor.
            if has_errors(&parse(FILE, &spaced).1) {
                wrong += 1;
                continue;
            }
            println!("{} with spacing {seed}", file.display());
            let columns = [100, 100, 60, 30, 1][spacing.below(5) as usize];
            formatted_to(&spaced, columns);
        }
    }
    assert!(
        wrong * 3 < tried,
        "{wrong} of {tried} spacings make mistakes"
    );
}

#[test]
fn the_examples_of_the_style_are_in_it() {
    let blocks = include_str!("../../../../docs/formatting.md").split("```sm module ");
    let blocks: Vec<&str> = blocks
        .skip(1)
        .filter_map(|rest| rest.split_once('\n')?.1.split("```").next())
        .collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        assert_eq!(formatted(block), block);
    }
}

#[test]
fn a_program_with_mistakes_is_refused() {
    let Err(Unformatted::Mistakes(found)) = format("fn main() {\n    let = 1\n}\n") else {
        panic!("it was formatted");
    };
    assert_eq!(found.len(), 1);
    assert!(format("fn f(").is_err());
}

#[test]
fn the_deepest_programs_are_formatted() {
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("f(", "1", ")"),
        ("f(fn() { ", "1", " })"),
        ("-", "x", ""),
        ("if a { ", "1", " } else { 2 }"),
        ("a.b().c(", "1", ")"),
        ("{ let x = ", "1", " }"),
        ("1 + (2 * ", "3", ")"),
    ] {
        let text = |depth: usize| {
            let nested = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            format!("fn f() {{\n    let y = {nested}\n}}\n")
        };
        let mut depths = (1..250).rev().map(text);
        let deepest = depths.find(|text| !has_errors(&parse(FILE, text).1));
        formatted(&deepest.expect("one is not too deep"));
    }
}

/// A generator of random spacings: what Steele and others call SplitMix64.
struct Spacing(u64);

impl Spacing {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    /// `text` with other white space, and more comments, between its tokens.
    fn apply(&mut self, text: &str) -> String {
        let lexed = lex(FILE, text);
        // Some spacings change little, some everything.
        let rarity = 1 + self.below(12);
        let mut out = String::new();
        let mut end = 0;
        let mut open: Vec<T> = Vec::new();
        let mut before: Option<Token> = None;
        for token in &lexed.tokens {
            let gap = &text[end..token.span.start as usize];
            let in_string = open.contains(&T::StrOpen);
            if in_string || self.below(rarity) > 0 {
                out.push_str(gap);
            } else {
                let may_end = before.is_none_or(|before| goes_on(before.kind, token.kind, &open));
                let is_last = matches!(token.kind, T::RParen | T::RBracket);
                if is_last && before.is_some_and(|b| b.kind.can_end_statement()) {
                    out.push_str([",", "", ""][self.below(3) as usize]);
                }
                self.space(gap, may_end, &mut out);
            }
            out.push_str(&text[token.span.range()]);
            end = token.span.end as usize;
            if token.kind.opens() {
                open.push(token.kind);
            } else if token.kind.closes() {
                open.pop();
            }
            before = Some(*token);
        }
        out.push_str(&text[end..]);
        out
    }

    /// Something like `gap`, in which a line ends if one must, or may.
    fn space(&mut self, gap: &str, may_end: bool, out: &mut String) {
        let must_end = gap.contains('\n');
        match self.below(4) {
            0 if !gap.contains("//") && (may_end || !must_end) => out.push(' '),
            1 if gap.trim().is_empty() && (may_end || !must_end) => {}
            2 if gap.trim().is_empty() && must_end => out.push_str("; "),
            _ => out.push_str(gap),
        }
        for _ in 0..self.below(3) {
            let text = match self.below(9) {
                0 => "  ",
                1 => "/* c */",
                2 => " /* d */ ",
                3 if must_end || may_end => "\n",
                4 if must_end || may_end => "\n\n\n",
                5 if must_end || may_end => " // e\n",
                6 if must_end || may_end => "\n        // f\n",
                7 if must_end || may_end => " /* g\n h */ ",
                8 if must_end => "\n/// i\n",
                _ => " ",
            };
            out.push_str(text);
        }
    }
}

/// Whether a line may end between two tokens without ending a statement.
fn goes_on(before: T, next: T, open: &[T]) -> bool {
    let in_brackets = matches!(open.last(), Some(T::LParen | T::LBracket | T::LSet));
    let is_type = matches!(before, T::Gt | T::GtJoint | T::Coalesce);
    in_brackets || next.continues_line() || !(before.can_end_statement() || is_type)
}
