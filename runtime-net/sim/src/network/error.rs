//! What is wrong with a network file, and where.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError {
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

impl fmt::Display for NetworkError {
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
pub struct NetworkErrors(pub Vec<NetworkError>);

impl fmt::Display for NetworkErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        self.0.iter().try_for_each(|error| {
            let between = if std::mem::take(&mut first) { "" } else { "\n" };
            write!(f, "{between}{error}")
        })
    }
}

impl std::error::Error for NetworkErrors {}

/// Collects what is wrong while a file is read.
pub(super) struct Problems<'a> {
    text: &'a str,
    found: Vec<NetworkError>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, span: Range<usize>, key: &str, message: impl Into<String>) {
        self.found.push(self.error(span, key, message.into(), None));
    }

    pub(super) fn add_with_help(
        &mut self,
        span: Range<usize>,
        key: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.found.push(self.error(span, key, message.into(), help));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The line of a place in the file, counted from one.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.position(offset).0
    }

    pub(super) fn into_errors(mut self) -> NetworkErrors {
        self.found.sort_by_key(|error| error.span.start);
        NetworkErrors(self.found)
    }

    fn error(
        &self,
        span: Range<usize>,
        key: &str,
        message: String,
        help: Option<String>,
    ) -> NetworkError {
        let (line, column) = self.position(span.start);
        NetworkError {
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
pub(super) fn suggestion<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<String> {
    let nearest = known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance > 0)
        .min_by_key(|(distance, _)| *distance)?;
    let (distance, candidate) = nearest;
    let close = distance <= 1 + word.chars().count() / 4;
    close.then(|| format!("did you mean `{candidate}`?"))
}
