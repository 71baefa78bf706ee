//! Collects the declarations of all modules: first their names, then their types.

mod declare;
mod imports;
mod resolve;
mod validate;

use std::collections::HashMap;

use super::Options;
use super::module::Parsed;
use super::scope::{Names, ValueId};
use super::sink::Sink;
use super::traits::Traits;
use crate::ast::{self, Expr, FileId, Span};
use crate::typed::{
    Access, Adt, AdtId, FnId, Generic, Lang, ModuleId, Name, TagId, Test, Ty, TyKind, Types,
};

/// All that is declared in a program. It does not change while bodies are checked.
pub(super) struct World<'a> {
    pub parsed: &'a [Parsed],
    pub names: Names,
    pub adts: Vec<Adt>,
    /// For each struct the defaults of its fields.
    pub field_defaults: Vec<Vec<Option<ValueId>>>,
    pub traits: Traits,
    pub functions: Vec<Signature<'a>>,
    pub tags: Vec<TagSignature<'a>>,
    pub values: Vec<ValueDecl<'a>>,
    pub methods: Methods,
    pub tests: Vec<Test>,
    pub main: Option<FnId>,
    pub lang: Lang,
}

/// A function as its callers see it.
#[derive(Debug)]
pub(super) struct Signature<'a> {
    pub module: ModuleId,
    pub name: Name,
    /// `[Float].sum`
    pub display: Name,
    pub generics: Vec<Generic>,
    /// The target of the `impl` it stands in.
    pub owner: Option<Ty>,
    pub takes_self: bool,
    /// Includes `self`.
    pub params: Vec<ParamSignature>,
    pub result: Ty,
    /// Where the result is written, if it is.
    pub result_span: Option<Span>,
    pub body: SignatureBody<'a>,
    pub public: bool,
    /// Of its name.
    pub span: Span,
}

#[derive(Debug)]
pub(super) struct ParamSignature {
    pub name: Name,
    pub ty: Ty,
    pub default: Option<ValueId>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum SignatureBody<'a> {
    Block(&'a ast::Block),
    Native,
}

#[derive(Debug)]
pub(super) struct TagSignature<'a> {
    pub module: ModuleId,
    pub name: Name,
    pub params: Vec<(Name, Ty, Span)>,
    pub value: Ty,
    pub lifetime: Option<&'a Expr>,
    pub read: Access,
    pub write: Access,
    pub public: bool,
    pub span: Span,
}

/// A constant or a default: an expression outside of any function.
#[derive(Debug)]
pub(super) struct ValueDecl<'a> {
    pub module: ModuleId,
    /// `LIMIT`, or for a default `f(timeout)`.
    pub name: Name,
    pub kind: ValueKind,
    pub generics: Vec<Generic>,
    /// The target of the `impl` it stands in.
    pub owner: Option<Ty>,
    pub ty: Ty,
    pub expr: &'a Expr,
    pub public: bool,
    /// Of the name.
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    Constant,
    Default,
}

/// Methods by the kind of their receiver and their name.
pub(super) type Methods = HashMap<Head, HashMap<Name, Vec<FnId>>>;

/// What a method call looks at first: the outermost part of the receiver's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Head {
    Scalar(Ty),
    List,
    Map,
    Set,
    Option,
    Tuple(usize),
    Tag,
    Adt(AdtId),
}

impl Head {
    /// `None` for functions, parameters, and what is unknown: they have no methods.
    pub(super) fn of(types: &Types, ty: Ty) -> Option<Self> {
        Some(match types.get(ty) {
            TyKind::List(_) => Self::List,
            TyKind::Map(..) => Self::Map,
            TyKind::Set(_) => Self::Set,
            TyKind::Option(_) => Self::Option,
            TyKind::Tuple(parts) => Self::Tuple(parts.len()),
            TyKind::Tag(_) => Self::Tag,
            TyKind::Adt(adt, _) => Self::Adt(*adt),
            TyKind::Fn { .. } | TyKind::Param(_) | TyKind::Infer(_) => return None,
            TyKind::Error | TyKind::Never => return None,
            _ => Self::Scalar(ty),
        })
    }
}

impl<'a> World<'a> {
    pub(super) fn file(&self, module: ModuleId) -> FileId {
        self.names.files[module.index()]
    }

    pub(super) fn function(&self, id: FnId) -> &Signature<'a> {
        &self.functions[id.index()]
    }

    /// The others hold the values of constants and defaults.
    pub(super) fn is_declared(&self, id: FnId) -> bool {
        id.index() < self.functions.len()
    }

    pub(super) fn tag(&self, id: TagId) -> &TagSignature<'a> {
        &self.tags[id.index()]
    }

    pub(super) fn adt(&self, id: AdtId) -> &Adt {
        &self.adts[id.index()]
    }

    pub(super) fn value(&self, id: ValueId) -> &ValueDecl<'a> {
        &self.values[id.0 as usize]
    }

    /// The functions named `name` in the `impl` blocks for types with this head.
    pub(super) fn methods(&self, head: Head, name: &str) -> &[FnId] {
        let methods = self.methods.get(&head).and_then(|named| named.get(name));
        methods.map_or(&[], Vec::as_slice)
    }
}

/// Whether the test blocks of the root module are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tests {
    #[default]
    Check,
    Skip,
}

/// Collects what `parsed` declares.
pub(super) fn collect<'a>(
    parsed: &'a [Parsed],
    options: &Options,
    types: &mut Types,
    used: &mut Vec<bool>,
    sink: &mut Sink,
) -> World<'a> {
    let declared = declare::declare(parsed, options.tests, sink);
    used.resize(declared.names.imports.len(), false);
    resolve::resolve(parsed, &options.entry, declared, types, used, sink)
}
