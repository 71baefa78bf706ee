//! What the grammar's actions work with: the source, the names seen, and where findings go.

use std::collections::HashMap;

use crate::ast::{
    AccessDecl, AccessLevel, Arg, Docs, Expr, ExprKind, FileId, FnBody, FnDecl, GenericParam,
    Ident, Item, ItemKind, Name, Param, Pattern, PatternArg, PatternKind, Span, TagDecl, Type,
    TypeKind, UnaryOp, Visibility,
};
use crate::diagnostic::{Diagnostic, code};
use crate::lexer::DocBlock;

pub(crate) use super::literal::StrPiece;

pub(crate) const fn span(start: u32, end: u32) -> Span {
    Span { start, end }
}

/// The state of parsing one file.
pub(crate) struct Context<'s> {
    pub(crate) file: FileId,
    pub(crate) source: &'s str,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The last literal read that is one larger than the largest Int: fine after `-`.
    pub(crate) minimum: Option<Span>,
    names: HashMap<&'s str, Name>,
    docs: Vec<DocBlock>,
    /// Which of `docs` belong to something.
    docs_used: Vec<bool>,
}

/// A parameter of a function as written.
pub(crate) enum FnParam {
    SelfValue(Span),
    Param(Box<Param>),
}

/// A part of a constructor pattern as written.
pub(crate) enum PatternPart {
    Arg(PatternArg),
    Rest(Span),
}

/// A part of a list pattern as written.
pub(crate) enum ListPart {
    Element(Pattern),
    Rest(Option<Ident>, Span),
}

/// A clause of a tag declaration.
pub(crate) enum TagClause {
    Lifetime(Expr, Span),
    Access(AccessDecl),
}

/// `read: any` in an access clause.
pub(crate) struct AccessEntry {
    pub(crate) key: Ident,
    pub(crate) level: AccessLevel,
}

/// What follows an operand.
pub(crate) enum Suffix {
    Call(Vec<Arg>),
    Index(Box<Expr>),
    Field(Ident),
    TupleField(Span),
    Try,
    Unwrap,
}

impl Suffix {
    pub(crate) fn apply(self, cx: &mut Context, object: Expr, span: Span) -> Expr {
        let boxed = Box::new(object);
        let kind = match self {
            Self::Call(args) => ExprKind::Call {
                callee: boxed,
                args,
            },
            Self::Index(index) => ExprKind::Index {
                object: boxed,
                index,
            },
            Self::Field(name) => ExprKind::Field {
                object: boxed,
                name,
            },
            Self::TupleField(at) => ExprKind::TupleField {
                object: boxed,
                index: cx.tuple_index(at),
                index_span: at,
            },
            Self::Try => ExprKind::Try(boxed),
            Self::Unwrap => ExprKind::Unwrap(boxed),
        };
        Expr { kind, span }
    }
}

impl<'s> Context<'s> {
    pub(crate) fn new(file: FileId, source: &'s str, docs: Vec<DocBlock>) -> Self {
        Self {
            file,
            source,
            diagnostics: Vec::new(),
            minimum: None,
            names: HashMap::new(),
            docs_used: vec![false; docs.len()],
            docs,
        }
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn text(&self, span: Span) -> &'s str {
        &self.source[span.range()]
    }

    pub(crate) fn ident(&mut self, span: Span) -> Ident {
        let text = self.text(span);
        let name = self
            .names
            .entry(text)
            .or_insert_with(|| Name::new(text))
            .clone();
        Ident { name, span }
    }

    #[expect(
        clippy::unused_self,
        reason = "actions are written as methods throughout"
    )]
    pub(crate) fn join<E>(&self, first: E, mut rest: Vec<E>) -> Vec<E> {
        rest.insert(0, first);
        rest
    }

    // ---- Items ----

    pub(crate) fn item(&mut self, span: Span, visibility: Visibility, kind: ItemKind) -> Box<Item> {
        Box::new(Item {
            docs: self.docs(span.start),
            visibility,
            kind,
            span,
        })
    }

    /// The doc comment before what begins at `start`.
    pub(crate) fn docs(&mut self, start: u32) -> Option<Docs> {
        let index = self
            .docs
            .binary_search_by_key(&start, |docs| docs.before)
            .ok()?;
        self.docs_used[index] = true;
        Some(doc_text(self.source, self.docs[index].span, "///"))
    }

    /// Doc comments that stand before nothing they could describe.
    pub(crate) fn report_lost_docs(&mut self) {
        let lost = self
            .docs
            .iter()
            .zip(&self.docs_used)
            .filter(|(_, used)| !**used);
        for (docs, _) in lost {
            let message = "this doc comment describes nothing";
            self.diagnostics.push(
                Diagnostic::warning(code::LOST_DOCS, self.file, docs.span, message)
                    .note("`///` belongs before a declaration, a field or a variant")
                    .help("an ordinary comment begins with `//`"),
            );
        }
    }

    pub(crate) fn tag(
        &mut self,
        name: Ident,
        params: Vec<Param>,
        ty: Option<Type>,
        clauses: Vec<TagClause>,
    ) -> Box<TagDecl> {
        let mut tag = Box::new(TagDecl {
            name,
            params,
            ty,
            lifetime: None,
            access: None,
        });
        for clause in clauses {
            match clause {
                TagClause::Lifetime(value, _) if tag.lifetime.is_none() => {
                    tag.lifetime = Some(value);
                }
                TagClause::Access(access) if tag.access.is_none() => tag.access = Some(access),
                TagClause::Lifetime(_, span) => self.clause_twice("lifetime", span),
                TagClause::Access(access) => self.clause_twice("access", access.span),
            }
        }
        tag
    }

    fn clause_twice(&mut self, clause: &str, span: Span) {
        let message = format!("`{clause}` is given twice");
        self.report(Diagnostic::error(
            code::CLAUSE_TWICE,
            self.file,
            span,
            message,
        ));
    }

    pub(crate) fn access(&mut self, entries: Vec<AccessEntry>, span: Span) -> AccessDecl {
        let mut access = AccessDecl {
            read: None,
            write: None,
            span,
        };
        for entry in entries {
            let slot = match entry.key.name.as_str() {
                "read" => &mut access.read,
                "write" => &mut access.write,
                _ => {
                    let message = format!("access has no part `{}`", entry.key);
                    let diagnostic =
                        Diagnostic::error(code::BAD_ACCESS, self.file, entry.key.span, message)
                            .help("write `access (read: any, write: owner)`");
                    self.report(diagnostic);
                    continue;
                }
            };
            if slot.replace(entry.level).is_some() {
                self.clause_twice(&entry.key.name, entry.key.span);
            }
        }
        access
    }

    pub(crate) fn function(
        &mut self,
        name: Ident,
        generics: Vec<GenericParam>,
        all: Vec<FnParam>,
        result: Option<Type>,
        body: FnBody,
        header: Span,
    ) -> Box<FnDecl> {
        let mut self_param = None;
        let mut params = Vec::with_capacity(all.len());
        for (index, param) in all.into_iter().enumerate() {
            match param {
                FnParam::Param(param) => params.push(*param),
                FnParam::SelfValue(span) if index == 0 => self_param = Some(span),
                FnParam::SelfValue(span) => {
                    let message = "`self` must be the first parameter";
                    self.report(Diagnostic::error(
                        code::SELF_NOT_FIRST,
                        self.file,
                        span,
                        message,
                    ));
                    self_param.get_or_insert(span);
                }
            }
        }
        Box::new(FnDecl {
            name,
            generics,
            self_param,
            params,
            result,
            body,
            header,
        })
    }

    // ---- Types and patterns ----

    #[expect(
        clippy::unused_self,
        reason = "actions are written as methods throughout"
    )]
    pub(crate) fn double_option(&self, ty: Type, span: Span) -> Type {
        let inner_span = Span::new(span.start, span.end - 1);
        let inner = Type {
            kind: TypeKind::Option(Box::new(ty)),
            span: inner_span,
        };
        Type {
            kind: TypeKind::Option(Box::new(inner)),
            span,
        }
    }

    /// A name alone: it binds if it begins in lower case.
    #[expect(
        clippy::unused_self,
        reason = "actions are written as methods throughout"
    )]
    pub(crate) fn path_pattern(&self, mut path: Vec<Ident>) -> PatternKind {
        let is_binding = path.len() == 1 && !path[0].name.starts_with(|c: char| c.is_uppercase());
        match path.pop() {
            Some(name) if is_binding => PatternKind::Binding(name),
            Some(last) => {
                path.push(last);
                PatternKind::Path(path)
            }
            None => PatternKind::Error,
        }
    }

    pub(crate) fn constructor_pattern(
        &mut self,
        path: Vec<Ident>,
        parts: Vec<PatternPart>,
    ) -> PatternKind {
        let count = parts.len();
        let mut args = Vec::with_capacity(count);
        let mut rest = None;
        for (index, part) in parts.into_iter().enumerate() {
            match part {
                PatternPart::Arg(arg) => args.push(arg),
                PatternPart::Rest(span) => {
                    rest = Some(span);
                    if index + 1 < count {
                        let message = "`..` must come last in a pattern";
                        let diagnostic =
                            Diagnostic::error(code::REST_NOT_LAST, self.file, span, message)
                                .help("it stands for all the parts that are not named");
                        self.report(diagnostic);
                    }
                }
            }
        }
        PatternKind::Constructor { path, args, rest }
    }

    /// Elements before and after the one `..` there may be.
    pub(crate) fn list_pattern(&mut self, parts: Vec<ListPart>) -> PatternKind {
        let (mut front, mut back) = (Vec::new(), Vec::new());
        let mut rest: Option<Box<Pattern>> = None;
        for part in parts {
            match (part, &rest) {
                (ListPart::Element(pattern), None) => front.push(pattern),
                (ListPart::Element(pattern), Some(_)) => back.push(pattern),
                (ListPart::Rest(name, span), None) => rest = Some(Box::new(rest_of(name, span))),
                (ListPart::Rest(_, span), Some(first)) => {
                    let message = "a list pattern has one `..`";
                    let first = first.span;
                    let diagnostic = Diagnostic::error(code::REST_TWICE, self.file, span, message)
                        .label(first, "the first")
                        .help("with two it could match in more than one way");
                    self.report(diagnostic);
                }
            }
        }
        PatternKind::List { front, rest, back }
    }

    // ---- Expressions and statements ----

    /// `break` with what follows it: a name alone may be a label.
    #[expect(
        clippy::unused_self,
        reason = "actions are written as methods throughout"
    )]
    pub(crate) fn leave(&self, value: Option<Expr>, span: Span) -> Expr {
        let (label, value) = match value {
            Some(Expr {
                kind: ExprKind::Name(name),
                span,
            }) if name.span == span => (Some(name), None),
            value => (None, value.map(Box::new)),
        };
        Expr {
            kind: ExprKind::Break { label, value },
            span,
        }
    }

    pub(crate) fn unary(&mut self, op: UnaryOp, operand: Expr, span: Span) -> Expr {
        match operand.kind {
            ExprKind::Literal(literal)
                if op == UnaryOp::Neg && self.is_negatable(&literal, operand.span) =>
            {
                let literal = self.negative(literal, operand.span);
                Expr {
                    kind: ExprKind::Literal(literal),
                    span,
                }
            }
            kind => {
                let operand = Box::new(Expr {
                    kind,
                    span: operand.span,
                });
                Expr {
                    kind: ExprKind::Unary { op, operand },
                    span,
                }
            }
        }
    }

    pub(crate) fn spawn(&mut self, call: Expr, span: Span) -> Expr {
        let call = match call.kind {
            ExprKind::Call { .. } | ExprKind::Error => call,
            _ => {
                let message = "`spawn` needs a call";
                let diagnostic =
                    Diagnostic::error(code::SPAWN_WITHOUT_CALL, self.file, call.span, message)
                        .at("this is not a call")
                        .help(
                            "the new message starts in the function that is called: `spawn f(x)`",
                        );
                self.report(diagnostic);
                Expr {
                    kind: ExprKind::Error,
                    span: call.span,
                }
            }
        };
        Expr {
            kind: ExprKind::Spawn(Box::new(call)),
            span,
        }
    }

    fn tuple_index(&mut self, span: Span) -> u32 {
        let text = self.text(span);
        let index = if text.bytes().all(|b| b.is_ascii_digit()) {
            text.parse().ok()
        } else {
            None
        };
        index.unwrap_or_else(|| {
            let message = format!("`{text}` is not the number of a tuple's part");
            let diagnostic = Diagnostic::error(code::BAD_NUMBER, self.file, span, message)
                .help("the parts of a tuple are `.0`, `.1` and so on");
            self.report(diagnostic);
            0
        })
    }

    /// Gives a loop its label.
    #[expect(
        clippy::unused_self,
        reason = "actions are written as methods throughout"
    )]
    pub(crate) fn labeled(&self, label: Ident, mut kind: ExprKind, span: Span) -> Expr {
        match &mut kind {
            ExprKind::For(node) => node.label = Some(label),
            ExprKind::While(node) => node.label = Some(label),
            ExprKind::Loop(node) => node.label = Some(label),
            _ => {}
        }
        Expr { kind, span }
    }
}

/// What stands for the elements that a list pattern does not name.
fn rest_of(name: Option<Ident>, span: Span) -> Pattern {
    let kind = match name {
        Some(name) if !name.is_wildcard() => PatternKind::Binding(name),
        _ => PatternKind::Wildcard,
    };
    Pattern { kind, span }
}

/// The text of doc comment lines between other comments and white space.
pub(crate) fn doc_text(source: &str, span: Span, marker: &str) -> Docs {
    let mut text = String::new();
    let lines = source[span.range()]
        .lines()
        .filter_map(|line| line.trim().strip_prefix(marker));
    for (index, line) in lines.enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(line.strip_prefix(' ').unwrap_or(line));
    }
    Docs {
        text: text.into(),
        span,
    }
}
