//! What is wrong with a file, and where.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// The line, counted from one.
    pub line: usize,
    /// The column in characters, counted from one.
    pub column: usize,
    /// The bytes of the file it is about.
    pub span: Range<usize>,
    /// The key it is about, as a path from the top of the file; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What may have been meant.
    pub help: Option<String>,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "; {help}"))
    }
}

/// All that is wrong with a file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileErrors(pub Vec<FileError>);

impl fmt::Display for FileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        self.0.iter().try_for_each(|error| {
            let between = if std::mem::take(&mut first) { "" } else { "\n" };
            write!(f, "{between}{error}")
        })
    }
}

impl std::error::Error for FileErrors {}

/// Collects what is wrong while a file is read.
#[derive(Debug)]
pub struct Problems<'a> {
    text: &'a str,
    found: Vec<FileError>,
}

impl<'a> Problems<'a> {
    /// Nothing is wrong yet with this file.
    /// Nothing is wrong yet with this file.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    /// Adds what is wrong at a place of the file, with the key it is about.
    /// Something is wrong at `span`, where `key` stands.
    pub fn add(&mut self, span: Range<usize>, key: &str, message: impl Into<String>) {
        self.found.push(self.error(span, key, message.into(), None));
    }

    /// The same, with what may have been meant.
    /// The same, and what may help.
    pub fn add_with_help(
        &mut self,
        span: Range<usize>,
        key: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.found.push(self.error(span, key, message.into(), help));
    }

    /// Whether nothing is wrong.
    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The line of a place in the file, counted from one.
    pub fn line(&self, offset: usize) -> usize {
        self.position(offset).0
    }

    /// What is wrong, in the order of the lines.
    /// All that is wrong, in the order of the file.
    pub fn into_errors(mut self) -> FileErrors {
        self.found.sort_by_key(|error| error.span.start);
        FileErrors(self.found)
    }

    fn error(
        &self,
        span: Range<usize>,
        key: &str,
        message: String,
        help: Option<String>,
    ) -> FileError {
        let (line, column) = self.position(span.start);
        FileError {
            line,
            column,
            span,
            key: key.to_owned(),
            message,
            help,
        }
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// `did you mean` for a word that is almost one of those known.
pub fn suggestion<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let nearest = known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance > 0)
        .min_by_key(|(distance, _)| *distance)?;
    let (distance, candidate) = nearest;
    let close = distance <= 1 + word.chars().count() / 4;
    close.then(|| format!("did you mean `{candidate}`?"))
}
