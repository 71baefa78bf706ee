//! The syntax tree: what the parser builds and every later phase reads.
//!
//! The tree says what was written, with the byte range of each part, and nothing about what it
//! means: names are not resolved, types are not checked. A place that could not be parsed holds an
//! `Error` node (`ItemKind`, `ExprKind`, `PatternKind` and `TypeKind` each have one); its
//! diagnostic has been reported already, so later phases pass over it in silence.
//!
//! The height of every tree is bounded by [`crate::limits::MAX_DEPTH`], so a recursive walk is
//! safe.

mod dump;
mod expr;
mod item;
mod pattern;
mod types;

#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

pub use dump::dump;
pub use expr::{
    Arg, Assert, Assign, AssignOp, BinaryOp, Block, Closure, ClosureParam, Condition, Expr,
    ExprKind, For, FormatAlign, FormatKind, FormatSpec, If, Let, Link, Literal, Loop, MapEntry,
    Match, MatchArm, PlaceTerm, Polarity, RangeEnd, Sign, Stmt, StmtKind, StrPart, UnaryOp, While,
};
pub use item::{
    AccessDecl, AccessLevel, ConstDecl, EnumDecl, Field, FnBody, FnDecl, GenericParam, ImplDecl,
    ImplFn, Import, ImportPath, ImportRoot, ImportedName, Item, ItemKind, Module, Mutability,
    Param, StructDecl, TagDecl, TestDecl, TestKind, Variant, VariantField, Visibility,
};
pub use pattern::{Pattern, PatternArg, PatternKind};
pub use types::{Type, TypeKind};

/// A range of bytes in one source file, `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The empty range at `at`.
    #[must_use]
    pub const fn point(at: u32) -> Self {
        Self { start: at, end: at }
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    #[must_use]
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    #[must_use]
    pub const fn contains(self, offset: u32) -> bool {
        self.start <= offset && offset < self.end
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Which source file a span belongs to; the caller of the compiler numbers them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct FileId(pub u32);

/// An identifier's text: cheap to clone, and shared by all its uses in one file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name where it stands in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Ident {
    pub name: Name,
    pub span: Span,
}

impl Ident {
    #[must_use]
    pub fn new(name: impl Into<Name>, span: Span) -> Self {
        Self {
            name: name.into(),
            span,
        }
    }

    /// The name of a parameter or binding that is not used: `_`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.name == "_"
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The text of the doc comments before an item, without `///`, lines joined by `\n`.
#[derive(Clone, Debug, PartialEq)]
pub struct Docs {
    pub text: Name,
    pub span: Span,
}
