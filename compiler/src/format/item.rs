//! Declarations.

use super::cursor::{Blanks, Formatter};
use super::doc::{Gap, Group, Op};
use super::list::{Members, Separator};
use super::render::{INDENT, Rendered};
use crate::ast::{
    ConstDecl, EnumDecl, Field, FnBody, FnDecl, ImplDecl, Import, Item, ItemKind, Mutability,
    Param, Span, StructDecl, TagDecl, Variant,
};
use crate::lexer::T;

impl Formatter<'_> {
    /// All declarations of a file, one after the other into `out`.
    pub(super) fn items(&mut self, items: &[Item], out: &mut Rendered) {
        self.skip_all(T::Semi);
        let mut before: Option<(&Item, bool)> = None;
        for item in items {
            let line = self.doc.len();
            self.line(Op::Hard(Gap::Nothing), Blanks::Keep);
            let start = self.doc.len();
            self.item(item);
            let is_short = self.is_one_line(start, 0);
            if let Some((before, was_short)) = before {
                let are_long = has_code(before) && !was_short || has_code(item) && !is_short;
                if are_long || (is_import(before) && !is_import(item)) {
                    self.doc.blank_at(line);
                }
            }
            before = Some((item, is_short));
            self.skip_all(T::Semi);
            self.trailing_comments();
            self.render(out);
        }
    }

    fn item(&mut self, item: &Item) {
        if item.visibility.is_public() {
            self.keyword();
        }
        match &item.kind {
            ItemKind::Import(import) => self.import(import),
            ItemKind::Tag(tag) => self.tag(tag),
            ItemKind::Const(decl) => self.constant(decl),
            ItemKind::Struct(decl) => self.structure(decl),
            ItemKind::Enum(decl) => self.enumeration(decl),
            ItemKind::Fn(decl) => self.function(decl),
            ItemKind::Impl(decl) => self.implementation(decl),
            ItemKind::Test(test) => {
                self.keyword();
                self.keyword();
                self.block(&test.body);
            }
            ItemKind::Error => self.verbatim(item.span.end),
        }
    }

    fn import(&mut self, import: &Import) {
        let Import { path, alias, names } = import;
        self.keyword();
        while self.position() < path.span.end {
            self.token();
        }
        if alias.is_some() {
            self.alias();
        }
        let Some(names) = names else { return };
        self.space();
        self.doc.open(Group::Plain);
        let mut braces = self.open_braces(Members::Parts, names.len());
        for name in names {
            self.member(&mut braces, Blanks::Keep);
            self.token();
            if name.alias.is_some() {
                self.alias();
            }
        }
        self.close_braces(braces);
        self.doc.push(Op::Close);
    }

    /// `as name`
    fn alias(&mut self) {
        self.space();
        self.keyword();
        self.token();
    }

    fn tag(&mut self, tag: &TagDecl) {
        let TagDecl {
            name: _,
            params,
            ty,
            lifetime,
            access: _,
        } = tag;
        self.keyword();
        self.token();
        if self.kind() == Some(T::LParen) {
            self.params(params, None);
        }
        self.annotation(ty.as_ref());
        self.doc.open(Group::Plain);
        self.doc.push(Op::Indent);
        // Their order is in the tokens only.
        while let Some(kind @ (T::Lifetime | T::Access)) = self.kind() {
            self.line(Op::Line(Gap::Space), Blanks::Drop);
            self.keyword();
            match (kind, lifetime) {
                (T::Lifetime, Some(lifetime)) => self.expr(lifetime),
                _ if self.kind() == Some(T::LParen) => self.access_levels(),
                _ => self.token(),
            }
        }
        self.doc.push(Op::Dedent);
        self.doc.push(Op::Close);
    }

    /// `(read: any, write: owner)`
    fn access_levels(&mut self) {
        let mut list = self.open_list(Separator::Lines);
        while !matches!(self.kind(), Some(T::RParen) | None) {
            self.element(&mut list);
            self.token();
            self.keyword();
            self.token();
            if self.kind_after(1) == Some(T::RParen) {
                self.skip_all(T::Comma);
            }
        }
        self.close_list(list);
    }

    fn constant(&mut self, decl: &ConstDecl) {
        let ConstDecl { name: _, ty, value } = decl;
        self.keyword();
        self.token();
        self.annotation(Some(ty));
        self.space();
        self.token();
        self.value(value);
    }

    fn structure(&mut self, decl: &StructDecl) {
        let StructDecl {
            name: _,
            generics: _,
            fields,
        } = decl;
        self.keyword();
        self.token();
        self.generics();
        self.space();
        self.doc.open(Group::Plain);
        let mut braces = self.open_braces(Members::Parts, fields.len());
        for field in fields {
            self.member(&mut braces, Blanks::Keep);
            self.field(field);
        }
        self.close_braces(braces);
        self.doc.push(Op::Close);
    }

    fn field(&mut self, field: &Field) {
        let Field {
            docs: _,
            mutability,
            name: _,
            ty,
            default,
            span: _,
        } = field;
        if *mutability == Mutability::Var {
            self.keyword();
        }
        self.token();
        self.annotation(Some(ty));
        if let Some(default) = default {
            self.space();
            self.token();
            self.value(default);
        }
    }

    fn enumeration(&mut self, decl: &EnumDecl) {
        self.keyword();
        self.token();
        self.generics();
        self.space();
        self.doc.open(Group::Plain);
        let mut braces = self.open_braces(Members::Parts, decl.variants.len());
        for variant in &decl.variants {
            self.member(&mut braces, Blanks::Keep);
            self.variant(variant);
        }
        self.close_braces(braces);
        self.doc.push(Op::Close);
    }

    fn variant(&mut self, variant: &Variant) {
        self.token();
        if self.kind() != Some(T::LParen) {
            return;
        }
        let mut list = self.open_list(Separator::Lines);
        for field in &variant.fields {
            self.element(&mut list);
            if field.name.is_some() {
                self.token();
                self.keyword();
            }
            self.ty(&field.ty);
        }
        self.close_list(list);
    }

    fn function(&mut self, decl: &FnDecl) {
        let FnDecl {
            name: _,
            generics: _,
            self_param,
            params,
            result,
            body,
            header: _,
        } = decl;
        if let FnBody::Native(_) = body {
            self.keyword();
        }
        self.keyword();
        self.token();
        self.generics();
        self.params(params, *self_param);
        self.result(result.as_ref());
        match body {
            FnBody::Native(_) => {}
            FnBody::Block(body) => {
                self.space();
                self.block(body);
            }
        }
    }

    /// `self_param` is where `self` stands.
    fn params(&mut self, params: &[Param], self_param: Option<Span>) {
        let mut list = self.open_list(Separator::Lines);
        if self_param.is_some() {
            self.element(&mut list);
            self.token();
        }
        for param in params {
            self.element(&mut list);
            self.token();
            self.annotation(Some(&param.ty));
            if let Some(default) = &param.default {
                self.space();
                self.keyword();
                self.expr(default);
            }
        }
        self.close_list(list);
    }

    fn implementation(&mut self, decl: &ImplDecl) {
        self.token();
        self.generics();
        self.space();
        self.ty(&decl.target);
        self.space();
        self.doc.open(Group::Plain);
        let mut braces = self.open_braces(Members::Statements, decl.functions.len());
        let mut is_first = true;
        let mut was_long = false;
        for function in &decl.functions {
            let line = self.doc.len();
            self.member(&mut braces, Blanks::Keep);
            let start = self.doc.len();
            if function.visibility.is_public() {
                self.keyword();
            }
            self.function(&function.decl);
            let has_body = matches!(function.decl.body, FnBody::Block(_));
            let is_long = has_body && !self.is_one_line(start, INDENT);
            if (was_long || is_long) && !is_first {
                self.doc.blank_at(line);
            }
            (is_first, was_long) = (false, is_long);
        }
        self.close_braces(braces);
        self.doc.push(Op::Close);
    }
}

/// Whether there is code in a declaration: then an empty line stands before and after it, if it has
/// several lines.
fn has_code(item: &Item) -> bool {
    match &item.kind {
        ItemKind::Fn(decl) => matches!(decl.body, FnBody::Block(_)),
        ItemKind::Impl(_) | ItemKind::Test(_) => true,
        ItemKind::Import(_)
        | ItemKind::Tag(_)
        | ItemKind::Const(_)
        | ItemKind::Struct(_)
        | ItemKind::Enum(_)
        | ItemKind::Error => false,
    }
}

fn is_import(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Import(_))
}
