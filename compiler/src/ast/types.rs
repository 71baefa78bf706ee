//! Types as they are written.

use super::{Ident, Span};

/// A type annotation.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    pub kind: TypeKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `Int`, `Set<T>`, `Result<T, E>`, `lib.Point`: a named type, perhaps out of an imported
    /// module.
    Named {
        module: Option<Ident>,
        name: Ident,
        args: Vec<Type>,
    },
    /// `[T]`
    List(Box<Type>),
    /// `[K: V]`
    Map(Box<Type>, Box<Type>),
    /// `(A, B)` with two or more parts; `()` is [`TypeKind::Unit`].
    Tuple(Vec<Type>),
    /// `()`; the name `Unit` is [`TypeKind::Named`].
    Unit,
    /// `T?`
    Option(Box<Type>),
    /// `fn(A, B) -> R`; without `->` the result is `Unit`.
    Fn {
        params: Vec<Type>,
        result: Option<Box<Type>>,
    },
    /// What could not be parsed.
    Error,
}
