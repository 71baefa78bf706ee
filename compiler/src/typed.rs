//! The typed program: what the checker hands to lowering.
//!
//! Everything is resolved here. A name is a [`LocalId`], [`FnId`], [`TagId`] or [`AdtId`]; a method
//! is a call with `self` first; named and default arguments stand in the order of the parameters
//! (where that would change the order of evaluation, the arguments were bound to locals before, in
//! the order of the source); a bare variant knows its enum; a constant is its value; a value that
//! is not used is an expression statement. Every [`Expr`] carries its type, and both sides of each
//! construct agree exactly: there are no implicit conversions. The one exception is `Never`: an
//! expression of that type does not end, and may stand where any type is wanted.
//!
//! A program with errors is a [`Program`] too, for tools: [`ExprKind::Error`] and `Error` types
//! stand where something could not be understood. Lowering runs only where no diagnostic is an
//! error; then neither occurs, nor does [`TyKind::Infer`].

mod dump;
mod expr;
mod types;
mod visit;
mod walk;

use std::fmt;

pub use crate::ast::TestKind;

pub use crate::ast::{
    BinaryOp, FileId, FormatAlign, FormatKind, FormatSpec, Literal, Mutability, Name, Sign, Span,
    UnaryOp,
};
pub use dump::{dump, dump_module};
pub use expr::{
    Arm, AssignOp, Capture, ClosureBody, Expr, ExprKind, Flavour, Link, Part, Pattern, PatternKind,
    RangeEnd, Stmt, StmtKind, Target,
};
pub use types::{Ty, TyKind, Types};
pub use visit::NodeMut;
pub use walk::{for_each_child, for_each_stmt};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub u32);

            impl $name {
                #[must_use]
                pub const fn index(self) -> usize {
                    self.0 as usize
                }

                #[must_use]
                pub fn new(index: usize) -> Self {
                    Self(u32::try_from(index).expect("bounded by the size of a source file"))
                }
            }
        )*
    };
}

ids! {
    /// Indexes [`Program::modules`].
    ModuleId;
    /// Indexes [`Program::adts`].
    AdtId;
    /// Indexes [`Program::functions`].
    FnId;
    /// Indexes [`Program::tags`].
    TagId;
    /// Indexes the locals of the function or closure it stands in.
    LocalId;
    /// A loop of the function or closure it stands in, numbered in the order of the source.
    LoopId;
    /// A variant, by its place in the declaration of its enum.
    VariantId;
    /// A field of a struct or a variant, by its place in the declaration.
    FieldId;
}

/// A checked program: its modules, each after those it imports, the prelude first, the root last.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub types: Types,
    pub modules: Vec<Module>,
    pub adts: Vec<Adt>,
    pub functions: Vec<Function>,
    pub tags: Vec<Tag>,
    /// Of the root module.
    pub tests: Vec<Test>,
    /// `main` of the root module.
    pub main: Option<FnId>,
    /// The types of the prelude that lowering has to know.
    pub lang: Lang,
}

/// Types that the prelude declares and the language itself uses. `None` where the prelude lacks
/// one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lang {
    /// `enum Result<T, E> { Ok(T), Err(E) }`, in this order of variants.
    pub result: Option<AdtId>,
}

impl Lang {
    pub const OK: VariantId = VariantId(0);
    pub const ERR: VariantId = VariantId(1);
}

/// One source file.
#[derive(Clone, Debug)]
pub struct Module {
    /// `prelude`, `route/pull`, `./lib`; the root's is what the caller named it.
    pub path: Name,
    pub file: FileId,
    /// Modules it imports, without the prelude.
    pub imports: Vec<ModuleId>,
}

impl Module {
    /// Whether it is no file of the program.
    #[must_use]
    pub fn is_library(&self) -> bool {
        !self.path.starts_with("./")
    }
}

/// A parameter `T: Ord + Show` of a generic function or type.
#[derive(Clone, Debug)]
pub struct Generic {
    pub name: Name,
    pub bounds: Bounds,
    pub span: Span,
}

/// A built-in trait. Each is derived for every type whose parts have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// `==`: everything without functions and `var` fields.
    Eq,
    /// `<`: scalars, text, bytes, ids, and options, tuples, lists, structs and enums of them.
    Ord,
    /// May be the key of a map: immutable data without `Float`.
    Hash,
    /// `"{x}"`: everything without functions.
    Show,
    /// May leave the message, as a tag's value or the argument of `spawn`: no function inside.
    Data,
}

impl Bound {
    pub const ALL: [Self; 5] = [Self::Eq, Self::Ord, Self::Hash, Self::Show, Self::Data];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "Eq",
            Self::Ord => "Ord",
            Self::Hash => "Hash",
            Self::Show => "Show",
            Self::Data => "Data",
        }
    }
}

/// A set of [`Bound`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds(u8);

impl Bounds {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub const fn with(self, bound: Bound) -> Self {
        Self(self.0 | 1 << bound as u8)
    }

    #[must_use]
    pub const fn has(self, bound: Bound) -> bool {
        self.0 & (1 << bound as u8) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Bound> {
        Bound::ALL.into_iter().filter(move |bound| self.has(*bound))
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, bound) in self.iter().enumerate() {
            let joint = if i == 0 { "" } else { " + " };
            write!(f, "{joint}{}", bound.name())?;
        }
        Ok(())
    }
}

/// A struct or an enum.
#[derive(Clone, Debug)]
pub struct Adt {
    pub module: ModuleId,
    pub name: Name,
    pub generics: Vec<Generic>,
    pub kind: AdtKind,
    pub public: bool,
    /// Of its name in the declaration.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum AdtKind {
    Struct { fields: Vec<Field> },
    Enum { variants: Vec<Variant> },
}

impl Adt {
    /// The fields of a struct; none for an enum.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        match &self.kind {
            AdtKind::Struct { fields } => fields,
            AdtKind::Enum { .. } => &[],
        }
    }

    /// The variants of an enum; none for a struct.
    #[must_use]
    pub fn variants(&self) -> &[Variant] {
        match &self.kind {
            AdtKind::Struct { .. } => &[],
            AdtKind::Enum { variants } => variants,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Variant {
    pub name: Name,
    pub fields: Vec<Field>,
    pub span: Span,
}

/// A field of a struct or of a variant. Its type may hold [`TyKind::Param`]s of the type's
/// generics.
#[derive(Clone, Debug)]
pub struct Field {
    /// `None`: a field of a variant that is known by its place.
    pub name: Option<Name>,
    pub ty: Ty,
    /// `Var` only in structs.
    pub mutability: Mutability,
    pub span: Span,
}

/// A function, a method, or (with no parameters) the body of a test or of a default argument.
#[derive(Clone, Debug)]
pub struct Function {
    pub module: ModuleId,
    /// For people: `sum`, `[Float].sum`, `test "sums"`.
    pub name: Name,
    /// [`TyKind::Param`] in this function counts these; those of the `impl` come first.
    pub generics: Vec<Generic>,
    /// In order; `self` is the first of a method.
    pub params: Vec<LocalId>,
    pub locals: Vec<Local>,
    pub result: Ty,
    pub body: Body,
    pub public: bool,
    /// Of the name in the declaration.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Body {
    Typed(Expr),
    /// A function of the library that lowering knows by this name, unique among all natives:
    /// `print`, `[T].push`, for an overloaded name `block(tag, timeout)`, outside of the prelude
    /// `route/pull.name`.
    Native(Name),
}

/// A variable of a function or closure: a parameter, a binding, a capture or a temporary.
#[derive(Clone, Debug)]
pub struct Local {
    /// Empty for a temporary of the compiler.
    pub name: Name,
    pub ty: Ty,
    pub mutability: Mutability,
    pub span: Span,
}

/// A declared tag, or a family of tags where it has parameters.
#[derive(Clone, Debug)]
pub struct Tag {
    pub module: ModuleId,
    pub name: Name,
    pub params: Vec<Ty>,
    pub value: Ty,
    /// Nanoseconds, more than zero; `None`: it stays.
    pub lifetime: Option<i64>,
    pub read: Access,
    pub write: Access,
    pub public: bool,
    pub span: Span,
}

/// Who may read or write a tag. `Code` stands for both or for neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Access {
    #[default]
    Any,
    /// Messages of the same author.
    Owner,
    /// The module that declares the tag.
    Code,
}

#[derive(Clone, Debug)]
pub struct Test {
    pub kind: TestKind,
    pub name: Name,
    pub function: FnId,
    pub span: Span,
}

macro_rules! lookups {
    ($($method:ident: $id:ident -> $item:ident in $list:ident;)*) => {
        impl Program {
            $(
                #[must_use]
                pub fn $method(&self, id: $id) -> &$item {
                    &self.$list[id.index()]
                }
            )*
        }
    };
}

lookups! {
    module: ModuleId -> Module in modules;
    adt: AdtId -> Adt in adts;
    function: FnId -> Function in functions;
    tag: TagId -> Tag in tags;
}
