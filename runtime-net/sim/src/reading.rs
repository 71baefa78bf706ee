//! Reading the files that people write, in TOML: networks, and the settings of a node.
//!
//! Every mistake is reported with its line, the key, and what was expected, and all mistakes of a
//! file at once: a reader takes what it wants from a [`Table`], adds what is wrong to
//! [`Problems`], and goes on.

mod error;
mod table;
mod units;
pub mod values;

pub use error::{FileError, FileErrors, Problems, suggestion};
pub use table::{Field, Table};
pub use units::show_span;

use toml::de::DeTable;

use crate::limits;

/// Reads a file: `top` makes of its outermost table what is wanted.
///
/// # Errors
/// Everything that is wrong with it, in the order of the lines.
pub fn document<T>(
    text: &str,
    top: impl FnOnce(&mut Problems<'_>, Table<'_>) -> T,
) -> Result<T, FileErrors> {
    let mut problems = Problems::new(text);
    if text.len() > limits::FILE_BYTES {
        let message = format!("the file is longer than {} MB", limits::FILE_BYTES >> 20);
        problems.add(0..0, "", message);
        return Err(problems.into_errors());
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        problems.add(error.span().unwrap_or(0..0), "", error.message());
    }
    if !problems.is_empty() {
        return Err(problems.into_errors());
    }
    let read = top(&mut problems, Table::new("", 0..0, document.get_ref()));
    if problems.is_empty() {
        Ok(read)
    } else {
        Err(problems.into_errors())
    }
}
