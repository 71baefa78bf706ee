//! Where the lines go that a program prints.

use crate::exit::Failure;
use crate::output;

/// Lines on standard output at once, or kept for the JSON object at the end.
#[derive(Debug)]
pub(crate) enum Printing {
    Now,
    Kept(Vec<String>),
}

impl Printing {
    pub(crate) fn line(&mut self, text: String) -> Result<(), Failure> {
        match self {
            Self::Now => output::line(text),
            Self::Kept(lines) => {
                lines.push(text);
                Ok(())
            }
        }
    }

    /// The lines that were kept since the last call.
    pub(crate) fn take(&mut self) -> Vec<String> {
        match self {
            Self::Now => Vec::new(),
            Self::Kept(lines) => std::mem::take(lines),
        }
    }
}
