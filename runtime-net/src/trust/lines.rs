//! The lines of a list of trusted keys: `NAME KEY`, and comments that begin with `#`.

use std::collections::BTreeMap;
use std::fmt;

use sm_core::ids::NodeId;

use crate::identity::{KeyError, Name, NameError, parse_key};

use super::Trusted;

/// A line that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrongLine {
    /// Its number, from one.
    pub line: usize,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// It is not `NAME KEY`.
    Words,
    /// The first word is no name.
    Name(NameError),
    /// The second word is no key.
    Key(KeyError),
    /// The name has another key in this line above.
    Again(usize),
}

impl fmt::Display for WrongLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.wrong)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words => f.write_str("a line is written NAME KEY"),
            Self::Name(error) => error.fmt(f),
            Self::Key(error) => error.fmt(f),
            Self::Again(first) => write!(f, "line {first} gives this name to another key"),
        }
    }
}

/// The keys of a text, or all its wrong lines. A line that says the same again is no mistake.
pub(super) fn parse(text: &str) -> Result<Vec<Trusted>, Vec<WrongLine>> {
    let mut entries = Vec::new();
    let mut wrong = Vec::new();
    let mut seen = BTreeMap::new();
    for (line, words) in (1..).zip(text.lines().map(words)) {
        if words.is_empty() {
            continue;
        }
        match entry(&words).and_then(|entry| once(&mut seen, entry, line)) {
            Ok(entry) => entries.extend(entry),
            Err(error) => wrong.push(WrongLine { line, wrong: error }),
        }
    }
    match wrong.is_empty() {
        true => Ok(entries),
        false => Err(wrong),
    }
}

/// The entry, or nothing if an earlier line says the same.
fn once(
    seen: &mut BTreeMap<Name, (usize, NodeId)>,
    entry: Trusted,
    line: usize,
) -> Result<Option<Trusted>, Wrong> {
    match seen.get(&entry.name) {
        Some((first, key)) if *key != entry.key => Err(Wrong::Again(*first)),
        Some(_) => Ok(None),
        None => {
            seen.insert(entry.name.clone(), (line, entry.key));
            Ok(Some(entry))
        }
    }
}

/// The text without the lines of this name.
pub(super) fn without(text: &str, name: &Name) -> String {
    let is_kept = |line: &&str| words(line).first() != Some(&name.as_str());
    text.split_inclusive('\n').filter(is_kept).collect()
}

/// The words of a line before its comment.
fn words(line: &str) -> Vec<&str> {
    let (said, _comment) = line.split_once('#').unwrap_or((line, ""));
    said.split_whitespace().collect()
}

fn entry(words: &[&str]) -> Result<Trusted, Wrong> {
    let [name, key] = words else {
        return Err(Wrong::Words);
    };
    Ok(Trusted {
        name: name.parse().map_err(Wrong::Name)?,
        key: parse_key(key).map_err(Wrong::Key)?,
    })
}
