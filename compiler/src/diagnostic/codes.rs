//! The table of diagnostic codes.
//!
//! A code is stable: once released it keeps its meaning, and the number of a retired one is not used
//! again. Ranges: `SM00xx` lexical, `SM01xx` syntax, `SM02xx` names, `SM03xx` types, `SM04xx`
//! patterns, `SM05xx` tags and places, `SM06xx` modules, `SM07xx` lowering and limits, `SM08xx`
//! warnings.

use std::fmt;

use serde::Serialize;

/// A stable name like `SM0101`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Code(&'static str);

impl Code {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What `smc explain` says about a code.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CodeInfo {
    pub code: Code,
    /// A few words: what kind of mistake it is.
    pub title: &'static str,
    /// A page of plain text: what is wrong, an example, what to write instead.
    pub page: &'static str,
}

/// The page of a code, by its name in any case.
#[must_use]
pub fn explain(name: &str) -> Option<&'static CodeInfo> {
    TABLE
        .iter()
        .find(|info| info.code.0.eq_ignore_ascii_case(name))
}

/// `CONSTANT = "SM0123", "title", "page";` makes `code::CONSTANT` and an entry of [`TABLE`].
macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $page:literal;)*) => {
        /// One constant for each code.
        pub mod code {
            use super::Code;
            $(
                #[doc = concat!("`", $code, "`: ", $title, ".")]
                pub const $name: Code = Code($code);
            )*
        }

        /// All codes, in the order of their numbers.
        pub const TABLE: &[CodeInfo] = &[
            $(CodeInfo { code: code::$name, title: $title, page: $page },)*
        ];
    };
}

codes! {
    // SM00xx: lexical.
    UNEXPECTED_CHARACTER = "SM0001", "unexpected character",
        "The source holds a character that begins no word of the language.

Outside of strings and comments a program is written in letters, digits, `_` and the operators.
Typographic quotes and dashes, copied from a text processor, are the most frequent guests.";
}
