//! The tree as text: a compact s-expression, for snapshots and for `smc emit ast`.
//!
//! One declaration, statement or arm a line; everything smaller stays on its line.

mod expr;

use std::fmt::Write as _;

use super::{
    AccessDecl, Docs, EnumDecl, FnBody, FnDecl, GenericParam, Ident, ImplDecl, Import, ImportRoot,
    Item, ItemKind, Module, Mutability, Param, Pattern, PatternArg, PatternKind, RangeEnd,
    StructDecl, TagDecl, Type, TypeKind, Variant, Visibility,
};

/// Writes `module` as nested lists.
#[must_use]
pub fn dump(module: &Module) -> String {
    let mut dumper = Dumper {
        out: String::new(),
        depth: 0,
    };
    dumper.docs(module.docs.as_ref());
    for item in &module.items {
        dumper.item(item);
    }
    dumper.out
}

struct Dumper {
    out: String,
    depth: usize,
}

impl Dumper {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn word(&mut self, text: &str) {
        self.out.push(' ');
        self.out.push_str(text);
    }

    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    fn separated<E>(&mut self, all: &[E], mut each: impl FnMut(&mut Self, &E)) {
        for (index, one) in all.iter().enumerate() {
            if index > 0 {
                self.out.push(' ');
            }
            each(self, one);
        }
    }

    fn quoted(&mut self, text: &str) {
        let _ = write!(self.out, "{text:?}");
    }

    fn docs(&mut self, docs: Option<&Docs>) {
        if let Some(docs) = docs {
            self.text("(doc ");
            self.quoted(&docs.text);
            self.text(")");
            self.line();
        }
    }

    fn item(&mut self, item: &Item) {
        self.docs(item.docs.as_ref());
        self.text("(");
        self.visibility(item.visibility);
        match &item.kind {
            ItemKind::Import(import) => self.import(import),
            ItemKind::Tag(tag) => self.tag(tag),
            ItemKind::Const(decl) => {
                self.text("const ");
                self.text(&decl.name.name);
                self.annotation(Some(&decl.ty));
                self.text(" ");
                self.expr(&decl.value);
            }
            ItemKind::Struct(decl) => self.structure(decl),
            ItemKind::Enum(decl) => self.enumeration(decl),
            ItemKind::Fn(decl) => self.function(decl),
            ItemKind::Impl(decl) => self.implementation(decl),
            ItemKind::Test(test) => {
                self.text(test.kind.word());
                self.text(" ");
                self.quoted(&test.name);
                self.block_lines(&test.body);
            }
            ItemKind::Error => self.text("error"),
        }
        self.text(")\n");
    }

    fn visibility(&mut self, visibility: Visibility) {
        if visibility.is_public() {
            self.text("pub ");
        }
    }

    fn import(&mut self, import: &Import) {
        self.text("import ");
        match import.path.root {
            ImportRoot::Library => {}
            ImportRoot::Relative { up: 0 } => self.text("./"),
            ImportRoot::Relative { up } => (0..up).for_each(|_| self.text("../")),
        }
        let path: Vec<&str> = import
            .path
            .segments
            .iter()
            .map(|s| s.name.as_str())
            .collect();
        self.text(&path.join("/"));
        self.alias(import.alias.as_ref());
        if let Some(names) = &import.names {
            self.text(" {");
            self.separated(names, |this, name| {
                this.text(&name.name.name);
                this.alias(name.alias.as_ref());
            });
            self.text("}");
        }
    }

    fn alias(&mut self, alias: Option<&Ident>) {
        if let Some(alias) = alias {
            self.text(" as ");
            self.text(&alias.name);
        }
    }

    fn tag(&mut self, tag: &TagDecl) {
        self.text("tag ");
        self.text(&tag.name.name);
        if !tag.params.is_empty() {
            self.params(false, &tag.params);
        }
        self.annotation(tag.ty.as_ref());
        if let Some(lifetime) = &tag.lifetime {
            self.text(" (lifetime ");
            self.expr(lifetime);
            self.text(")");
        }
        if let Some(AccessDecl { read, write, .. }) = &tag.access {
            self.text(" (access");
            for (name, level) in [("read", read), ("write", write)] {
                if let Some(level) = level {
                    let _ = write!(self.out, " {name}:{level}");
                }
            }
            self.text(")");
        }
    }

    fn structure(&mut self, decl: &StructDecl) {
        self.text("struct ");
        self.text(&decl.name.name);
        self.generics(&decl.generics);
        self.depth += 1;
        for field in &decl.fields {
            self.line();
            self.docs(field.docs.as_ref());
            self.text(if field.mutability == Mutability::Var {
                "(var "
            } else {
                "("
            });
            self.text(&field.name.name);
            self.annotation(Some(&field.ty));
            self.default(field.default.as_ref());
            self.text(")");
        }
        self.depth -= 1;
    }

    fn enumeration(&mut self, decl: &EnumDecl) {
        self.text("enum ");
        self.text(&decl.name.name);
        self.generics(&decl.generics);
        self.depth += 1;
        for variant in &decl.variants {
            self.line();
            self.variant(variant);
        }
        self.depth -= 1;
    }

    fn variant(&mut self, variant: &Variant) {
        self.docs(variant.docs.as_ref());
        self.text("(");
        self.text(&variant.name.name);
        for field in &variant.fields {
            self.text(" ");
            if let Some(name) = &field.name {
                self.text(&name.name);
                self.text(":");
            }
            self.ty(&field.ty);
        }
        self.text(")");
    }

    fn function(&mut self, decl: &FnDecl) {
        if matches!(decl.body, FnBody::Native(_)) {
            self.text("native ");
        }
        self.text("fn ");
        self.text(&decl.name.name);
        self.generics(&decl.generics);
        self.params(decl.self_param.is_some(), &decl.params);
        if let Some(result) = &decl.result {
            self.text(" -> ");
            self.ty(result);
        }
        if let FnBody::Block(body) = &decl.body {
            self.block_lines(body);
        }
    }

    fn implementation(&mut self, decl: &ImplDecl) {
        self.text("impl");
        self.generics(&decl.generics);
        self.text(" ");
        self.ty(&decl.target);
        self.depth += 1;
        for function in &decl.functions {
            self.line();
            self.docs(function.docs.as_ref());
            self.text("(");
            self.visibility(function.visibility);
            self.function(&function.decl);
            self.text(")");
        }
        self.depth -= 1;
    }

    fn params(&mut self, has_self: bool, params: &[Param]) {
        self.text(" (");
        if has_self {
            self.text(if params.is_empty() { "self" } else { "self " });
        }
        self.separated(params, |this, param| {
            this.text(&param.name.name);
            this.annotation(Some(&param.ty));
            this.default(param.default.as_ref());
        });
        self.text(")");
    }

    fn default(&mut self, default: Option<&super::Expr>) {
        if let Some(default) = default {
            self.text("=");
            self.expr(default);
        }
    }

    fn generics(&mut self, generics: &[GenericParam]) {
        if generics.is_empty() {
            return;
        }
        self.text("<");
        self.separated(generics, |this, param| {
            this.text(&param.name.name);
            for (index, bound) in param.bounds.iter().enumerate() {
                this.text(if index == 0 { ":" } else { "+" });
                this.text(&bound.name);
            }
        });
        self.text(">");
    }

    fn annotation(&mut self, ty: Option<&Type>) {
        if let Some(ty) = ty {
            self.text(":");
            self.ty(ty);
        }
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Named { module, name, args } => {
                if let Some(module) = module {
                    self.text(&module.name);
                    self.text(".");
                }
                self.text(&name.name);
                if !args.is_empty() {
                    self.text("<");
                    self.separated(args, Self::ty);
                    self.text(">");
                }
            }
            TypeKind::List(element) => {
                self.text("[");
                self.ty(element);
                self.text("]");
            }
            TypeKind::Map(key, value) => {
                self.text("[");
                self.ty(key);
                self.text(":");
                self.ty(value);
                self.text("]");
            }
            TypeKind::Tuple(parts) => {
                self.text("(");
                self.separated(parts, Self::ty);
                self.text(")");
            }
            TypeKind::Unit => self.text("()"),
            TypeKind::Option(ty) => {
                self.ty(ty);
                self.text("?");
            }
            TypeKind::Fn { params, result } => {
                self.text("(fn (");
                self.separated(params, Self::ty);
                self.text(")");
                if let Some(result) = result {
                    self.text(" ");
                    self.ty(result);
                }
                self.text(")");
            }
            TypeKind::Error => self.text("<error>"),
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Wildcard => self.text("_"),
            PatternKind::Binding(name) => self.text(&name.name),
            PatternKind::At { name, pattern } => {
                let _ = write!(self.out, "({name} @ ");
                self.pattern(pattern);
                self.text(")");
            }
            PatternKind::Literal(literal) => self.literal(literal),
            PatternKind::Range { start, end, limit } => {
                self.literal(start);
                self.text(if *limit == RangeEnd::Inclusive {
                    "..="
                } else {
                    ".."
                });
                self.literal(end);
            }
            PatternKind::Path(path) => self.path(path),
            PatternKind::Constructor { path, args, rest } => {
                self.text("(");
                self.path(path);
                args.iter().for_each(|arg| self.pattern_arg(arg));
                self.text(if rest.is_some() { " ..)" } else { ")" });
            }
            PatternKind::Tuple(parts) => {
                self.text("(tuple ");
                self.separated(parts, Self::pattern);
                self.text(")");
            }
            PatternKind::List { front, rest, back } => {
                self.text("(list");
                for pattern in front {
                    self.text(" ");
                    self.pattern(pattern);
                }
                if let Some(rest) = rest {
                    self.text(" ..");
                    self.pattern(rest);
                }
                for pattern in back {
                    self.text(" ");
                    self.pattern(pattern);
                }
                self.text(")");
            }
            PatternKind::Unit => self.text("()"),
            PatternKind::Or(all) => {
                self.text("(| ");
                self.separated(all, Self::pattern);
                self.text(")");
            }
            PatternKind::Error => self.text("<error>"),
        }
    }

    fn pattern_arg(&mut self, arg: &PatternArg) {
        self.text(" ");
        if let Some(name) = &arg.name {
            self.text(&name.name);
            self.text(":");
        }
        self.pattern(&arg.pattern);
    }

    fn path(&mut self, path: &[Ident]) {
        let names: Vec<&str> = path.iter().map(|name| name.name.as_str()).collect();
        self.text(&names.join("."));
    }
}
