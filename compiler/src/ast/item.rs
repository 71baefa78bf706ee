//! Modules and the items in them.

use super::{Block, Docs, Expr, FileId, Ident, Name, Span, Type};

/// One source file.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    pub file: FileId,
    /// `//!` comments at the top of the file.
    pub docs: Option<Docs>,
    pub items: Vec<Item>,
    pub span: Span,
}

/// A declaration at the top level of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub docs: Option<Docs>,
    pub visibility: Visibility,
    pub kind: ItemKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    Import(Import),
    Tag(Box<TagDecl>),
    Const(Box<ConstDecl>),
    Struct(StructDecl),
    Enum(EnumDecl),
    Fn(Box<FnDecl>),
    Impl(Box<ImplDecl>),
    Test(TestDecl),
    /// What could not be parsed.
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    Private,
    /// `pub`, and where it stands.
    Public(Span),
}

impl Visibility {
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Public(_))
    }
}

/// Whether a binding or a field can be assigned: `let` or `var`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    Let,
    Var,
}

/// `import a/b`, `import a/b as c`, `import a/b { x, y as z }`, `import ./lib`; as a public item it
/// gives on what it brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    pub path: ImportPath,
    /// `as c`: the name of the module here; without it the path's last segment.
    pub alias: Option<Ident>,
    /// `{ x, y as z }`, beside the module itself; `None` where the braces are absent.
    pub names: Option<Vec<ImportedName>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ImportPath {
    pub root: ImportRoot,
    /// At least one.
    pub segments: Vec<Ident>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportRoot {
    /// `a/b`: the standard library.
    Library,
    /// `./a` (`up` = 0), `../a` (1), `../../a` (2): relative to the importing file's folder.
    Relative { up: u32 },
}

/// `x` or `x as y` in the braces of an import.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedName {
    pub name: Ident,
    pub alias: Option<Ident>,
    pub span: Span,
}

/// `tag temperature: Float`, `tag route(to: Name): Hop lifetime 60s access code`
#[derive(Clone, Debug, PartialEq)]
pub struct TagDecl {
    pub name: Ident,
    /// Not empty: a family of tags, one for each list of argument values. They have no defaults.
    pub params: Vec<Param>,
    /// Absent: `Unit`.
    pub ty: Option<Type>,
    pub lifetime: Option<Expr>,
    pub access: Option<AccessDecl>,
}

/// `access code` (both are the same), or `access (read: any, write: owner)`; what is left out is
/// the default.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessDecl {
    pub read: Option<AccessLevel>,
    pub write: Option<AccessLevel>,
    pub span: Span,
}

/// The name of an access level as written (`any`, `owner`, `code`); the checker knows which exist.
pub type AccessLevel = Ident;

/// `const NAME: T = e`
#[derive(Clone, Debug, PartialEq)]
pub struct ConstDecl {
    pub name: Ident,
    pub ty: Type,
    pub value: Expr,
}

/// `struct P<T> { x: Int, var y: T = 0 }`
#[derive(Clone, Debug, PartialEq)]
pub struct StructDecl {
    pub name: Ident,
    pub generics: Vec<GenericParam>,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub docs: Option<Docs>,
    pub mutability: Mutability,
    pub name: Ident,
    pub ty: Type,
    pub default: Option<Expr>,
    pub span: Span,
}

/// `enum Shape<T> { Circle(radius: Float), Rect(Float, Float), Dot }`
#[derive(Clone, Debug, PartialEq)]
pub struct EnumDecl {
    pub name: Ident,
    pub generics: Vec<GenericParam>,
    pub variants: Vec<Variant>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    pub docs: Option<Docs>,
    pub name: Ident,
    pub fields: Vec<VariantField>,
    pub span: Span,
}

/// `radius: Float` or `Float`
#[derive(Clone, Debug, PartialEq)]
pub struct VariantField {
    pub name: Option<Ident>,
    pub ty: Type,
    pub span: Span,
}

/// `T` or `T: Ord + Show`
#[derive(Clone, Debug, PartialEq)]
pub struct GenericParam {
    pub name: Ident,
    pub bounds: Vec<Ident>,
    pub span: Span,
}

/// `fn f<T>(self, x: Int, y: Int = 2) -> T { .. }`, or `native fn f(..) -> T`
#[derive(Clone, Debug, PartialEq)]
pub struct FnDecl {
    pub name: Ident,
    pub generics: Vec<GenericParam>,
    /// Where `self` stands; only a function of an `impl` may have it.
    pub self_param: Option<Span>,
    pub params: Vec<Param>,
    /// Absent: `Unit`.
    pub result: Option<Type>,
    pub body: FnBody,
    /// From `fn` (or `native`) to the end of the signature.
    pub header: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FnBody {
    Block(Block),
    /// `native`, and where it stands: only the standard library may declare such a function.
    Native(Span),
}

/// `x: Int` or `x: Int = 2`
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    pub name: Ident,
    pub ty: Type,
    pub default: Option<Expr>,
    pub span: Span,
}

/// `impl<T: Hash> Set<T> { .. }`
#[derive(Clone, Debug, PartialEq)]
pub struct ImplDecl {
    pub generics: Vec<GenericParam>,
    pub target: Type,
    pub functions: Vec<ImplFn>,
}

/// A function in an `impl` block.
#[derive(Clone, Debug, PartialEq)]
pub struct ImplFn {
    pub docs: Option<Docs>,
    pub visibility: Visibility,
    pub decl: FnDecl,
    pub span: Span,
}

/// `test "name" { .. }`, `bench "name" { .. }`
#[derive(Clone, Debug, PartialEq)]
pub struct TestDecl {
    pub kind: TestKind,
    pub name: Name,
    pub name_span: Span,
    pub body: Block,
}

/// Whether a block is run to see that it holds, or to see how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestKind {
    Test,
    Bench,
}

impl TestKind {
    /// The word that begins the block.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Bench => "bench",
        }
    }
}
