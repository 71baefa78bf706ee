//! Where examples are found, and how they are cut out.

use super::{Mode, examples};
use crate::ast::FileId;

const SOURCE: &str = "//! A module.
//!
//! ```sm
//! assert one() == 1
//! ```

/// One.
///
/// ```sm
/// let x = one()
///
/// assert x == 1
/// ```
/// ```text
/// no example
/// ```
/// ````sm check
/// ```
/// ````
pub fn one() -> Int { 1 }

/// ```sm
/// private()
/// ```
fn private() {}

pub struct Point {
    /// ```sm
    /// Point(x: 1)
    /// ```
    x: Int
}

impl Point {
    /// ```sm, ignore
    /// nothing
    /// ```
    pub fn none(self) {}

    ///   ```sm
    ///     indented
    ///   ```
    pub fn some(self) {}

    /// ```sm
    /// never closed
    pub fn open(self) {}
}
";

#[test]
fn examples_are_found_in_what_is_public() {
    let (module, diagnostics) = crate::parse(FileId(0), SOURCE);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let found = examples(&module, SOURCE, "numbers");
    let seen: Vec<(&str, Mode, String)> = found
        .iter()
        .map(|one| (&*one.name, one.mode, one.text(SOURCE)))
        .collect();
    assert_eq!(
        seen,
        [
            ("numbers", Mode::Run, "assert one() == 1\n".to_owned()),
            (
                "one",
                Mode::Run,
                "let x = one()\n\nassert x == 1\n".to_owned()
            ),
            ("one 2", Mode::Check, "```\n".to_owned()),
            ("Point.x", Mode::Run, "Point(x: 1)\n".to_owned()),
            ("Point.some", Mode::Run, "    indented\n".to_owned()),
        ]
    );
    assert_eq!(&SOURCE[found[1].place.range()], "```sm");
    assert_eq!(&SOURCE[found[4].lines[0].range()], "    indented");
}
