//! Patterns and types.

use super::cursor::{Blanks, Formatter};
use super::doc::{Gap, Group, Op};
use super::list::Separator;
use crate::ast::{Pattern, PatternArg, PatternKind, Type};
use crate::lexer::T;

impl Formatter<'_> {
    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        let own = usize::from(matches!(
            pattern.kind,
            PatternKind::Tuple(_) | PatternKind::Unit
        ));
        let parens = self.parens(pattern.span).saturating_sub(own);
        self.in_parens(parens, |f| f.pattern_kind(pattern));
    }

    fn pattern_kind(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Wildcard | PatternKind::Binding(_) => self.token(),
            PatternKind::At { name: _, pattern } => {
                self.keyword();
                self.keyword();
                self.pattern(pattern);
            }
            PatternKind::Literal(_) => self.literal(),
            PatternKind::Range {
                start: _,
                end: _,
                limit: _,
            } => {
                self.literal();
                self.token();
                self.literal();
            }
            PatternKind::Path(path) => self.path(path.len()),
            PatternKind::Constructor { path, args, rest } => {
                self.path(path.len());
                self.constructor(args, rest.is_some());
            }
            PatternKind::Tuple(parts) => {
                let mut list = self.open_list(Separator::Lines);
                for part in parts {
                    self.element(&mut list);
                    self.pattern(part);
                }
                self.close_list(list);
            }
            PatternKind::List { front, rest, back } => {
                let mut list = self.open_list(Separator::Lines);
                for part in front {
                    self.element(&mut list);
                    self.pattern(part);
                }
                if rest.is_some() {
                    self.element(&mut list);
                    self.rest();
                }
                for part in back {
                    self.element(&mut list);
                    self.pattern(part);
                }
                self.close_list(list);
            }
            PatternKind::Unit => {
                self.token();
                self.token();
            }
            PatternKind::Or(alternatives) => self.alternatives(alternatives),
            PatternKind::Error => self.verbatim(pattern.span.end),
        }
    }

    /// `..`, `..rest`
    fn rest(&mut self) {
        self.token();
        if !matches!(self.kind(), Some(T::Comma | T::RBracket)) {
            self.token();
        }
    }

    fn path(&mut self, names: usize) {
        self.token();
        for _ in 1..names {
            self.token();
            self.token();
        }
    }

    fn constructor(&mut self, args: &[PatternArg], has_rest: bool) {
        let mut list = self.open_list(Separator::Lines);
        for arg in args {
            self.element(&mut list);
            if arg.name.is_some() {
                self.token();
                self.keyword();
            }
            self.pattern(&arg.pattern);
        }
        if has_rest {
            self.element(&mut list);
            self.token();
        }
        self.close_list(list);
    }

    fn alternatives(&mut self, alternatives: &[Pattern]) {
        self.doc.open(Group::Plain);
        for (index, alternative) in alternatives.iter().enumerate() {
            if index > 0 {
                self.line(Op::Line(Gap::Space), Blanks::Drop);
                self.keyword();
            }
            self.pattern(alternative);
        }
        self.doc.push(Op::Close);
    }

    /// `: T`, if it is there.
    pub(super) fn annotation(&mut self, ty: Option<&Type>) {
        if let Some(ty) = ty {
            self.keyword();
            self.ty(ty);
        }
    }

    /// `-> T`, if it is there.
    pub(super) fn result(&mut self, ty: Option<&Type>) {
        if let Some(ty) = ty {
            self.space();
            self.keyword();
            self.ty(ty);
        }
    }

    /// A type stays on its line.
    pub(super) fn ty(&mut self, ty: &Type) {
        while self.position() < ty.span.end {
            self.type_token();
        }
    }

    /// `<T: Ord + Show, U>`, if it is there.
    pub(super) fn generics(&mut self) {
        let mut depth = 0;
        loop {
            match self.kind() {
                Some(T::Lt) => depth += 1,
                Some(T::Gt | T::GtJoint) => depth -= 1,
                _ if depth == 0 => return,
                _ => {}
            }
            self.type_token();
            if depth == 0 {
                return;
            }
        }
    }

    fn type_token(&mut self) {
        let next = self.kind_after(1);
        match self.kind() {
            Some(T::Comma) if matches!(next, Some(T::Gt | T::GtJoint | T::RParen)) => self.skip(),
            Some(T::Comma) => {
                self.token_first();
                self.space();
            }
            Some(T::Colon) => self.keyword(),
            Some(T::Arrow | T::Plus) => {
                self.space();
                self.keyword();
            }
            _ => self.token(),
        }
    }
}
