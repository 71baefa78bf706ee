//! Expressions: the walk, and the kinds that are simple.

use std::collections::BTreeMap;

use super::body::{Body, Reason, Want, Why};
use super::frame::FrameKind;
use super::names::Named;
use super::scope::Entity;
use super::unify::{Cause, Origin};
use crate::ast::{self, Ident, Literal, MapEntry, PlaceTerm, Polarity, RangeEnd, Span, StrPart};
use crate::diagnostic::{Fix, code};
use crate::typed::{Bound, Expr, ExprKind, FormatKind, FormatSpec, Part, Sign, TagId, Ty, TyKind};

impl Body<'_, '_> {
    /// The expression, with a value of type `ty`; says so if it has another.
    pub(super) fn check(&mut self, expr: &ast::Expr, ty: Ty, why: Why) -> Expr {
        let checked = self.infer(expr, Want::Type(ty, why));
        self.coerce(checked, ty, why)
    }

    /// The expression with whatever type it has; `want` helps to find it.
    pub(super) fn infer(&mut self, expr: &ast::Expr, want: Want) -> Expr {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Error => self.error_expr(span),
            ast::ExprKind::Unit => self.expr(ExprKind::Unit, Ty::UNIT, span),
            ast::ExprKind::Literal(literal) => self.literal(literal, span),
            ast::ExprKind::Interpolated(parts) => self.interpolated(parts, span),
            ast::ExprKind::Name(name) => self.name(name, want),
            ast::ExprKind::Tuple(parts) => self.tuple(parts, span, want),
            ast::ExprKind::List(elements) => self.list(elements, span, want),
            ast::ExprKind::Map(entries) => self.map(entries, span, want),
            ast::ExprKind::Set(elements) => self.set(elements, span, want),
            ast::ExprKind::Place(terms) => self.place(terms, span, Around::Expression),
            ast::ExprKind::Unary { op, operand } => self.unary(*op, operand, span, want),
            ast::ExprKind::Binary {
                op,
                op_span,
                left,
                right,
            } => self.binary(*op, *op_span, left, right, want),
            ast::ExprKind::Chain { first, rest } => self.chain(first, rest, want),
            ast::ExprKind::Range { start, end, .. } => self.range_value(start, end, span),
            ast::ExprKind::Call { callee, args } => self.call(callee, args, span, want),
            ast::ExprKind::Index { object, index } => self.index(object, index, span),
            ast::ExprKind::Field { object, name } => self.field(object, name, span, want),
            ast::ExprKind::TupleField {
                object,
                index,
                index_span,
            } => self.tuple_field(object, *index, *index_span, span),
            ast::ExprKind::Try(value) => self.try_value(value, span),
            ast::ExprKind::Unwrap(value) => self.unwrap(value, span),
            ast::ExprKind::Spawn(call) => self.spawn(call, span),
            ast::ExprKind::Closure(closure) => self.closure(closure, span, want),
            ast::ExprKind::Block(block) => self.block(block, want),
            ast::ExprKind::If(branch) => self.branch(branch, span, want),
            ast::ExprKind::Match(matching) => self.matching(matching, span, want),
            ast::ExprKind::For(repeat) => self.for_loop(repeat, span),
            ast::ExprKind::While(repeat) => self.while_loop(repeat, span),
            ast::ExprKind::Loop(repeat) => self.endless_loop(repeat, span, want),
            ast::ExprKind::Return(value) => self.returning(value.as_deref(), span),
            ast::ExprKind::Break { label, value } => {
                self.leave(label.as_ref(), value.as_deref(), span)
            }
            ast::ExprKind::Continue(label) => self.proceed(label.as_ref(), span),
        }
    }

    fn literal(&mut self, literal: &Literal, span: Span) -> Expr {
        let ty = literal_type(literal);
        self.expr(ExprKind::Literal(literal.clone()), ty, span)
    }

    fn name(&mut self, name: &Ident, want: Want) -> Expr {
        let span = name.span;
        match self.named(name, want) {
            Named::Local(local) => {
                let ty = self.frame().locals[local.index()].ty;
                self.expr(ExprKind::Local(local), ty, span)
            }
            Named::Entity(entity) => self.entity_value(entity, name, span),
            Named::Variant(adt, variant) => self.variant_value(adt, variant, span, want),
            Named::Some => self.some_value(span),
            Named::None => {
                let ty = match want.hint().map(|hint| self.shallow(hint)) {
                    Some(hint) if matches!(self.kind(hint), TyKind::Option(_)) => hint,
                    _ => {
                        let of = self.fresh(span, Cause::Payload);
                        self.option(of)
                    }
                };
                self.expr(ExprKind::None, ty, span)
            }
            Named::Error => self.error_expr(span),
        }
    }

    /// An item as a value.
    pub(super) fn entity_value(&mut self, entity: Entity, name: &Ident, span: Span) -> Expr {
        match entity {
            Entity::Fn(function) => self.function_value(function, span),
            Entity::Tag(tag) => self.tag_value(tag, name, span),
            Entity::Const(value) => self.value(value, &[], span),
            Entity::Overloads(_) => {
                let message = format!("`{name}` stands for several functions");
                let error = self.error(code::NOT_A_VALUE, span, message);
                self.report(error.help("call it, or wrap the call in a closure"));
                self.error_expr(span)
            }
            Entity::Adt(_) | Entity::Module(_) => {
                let message = format!("`{name}` is {}, not a value", entity.article());
                let error = self.error(code::NOT_A_VALUE, span, message);
                self.report(match entity {
                    Entity::Adt(_) => error.help(format!("a value is made as in `{name}(..)`")),
                    _ => error.help(format!("name something of it, as in `{name}.item`")),
                });
                self.error_expr(span)
            }
        }
    }

    fn tag_value(&mut self, tag: TagId, name: &Ident, span: Span) -> Expr {
        let signature = self.world.tag(tag);
        if signature.params.is_empty() {
            let ty = self.intern(TyKind::Tag(signature.value));
            return self.tag_expr(tag, Vec::new(), ty, span);
        }
        let params: Vec<String> = signature
            .params
            .iter()
            .map(|one| one.0.to_string())
            .collect();
        let message = format!("`{name}` is a family of tags: it takes arguments");
        let error = self.error(code::TAG_FAMILY, span, message);
        let error = error.help(format!("write `{name}({})`", params.join(", ")));
        let file = self.world.file(signature.module);
        self.report(error.label_in(file, signature.span, "declared here"));
        self.error_expr(span)
    }

    // ------------------------------------------------------------------------------- collections

    fn tuple(&mut self, parts: &[ast::Expr], span: Span, want: Want) -> Expr {
        let hints: Vec<Option<Ty>> = match want.hint().map(|hint| self.kind(hint)) {
            Some(TyKind::Tuple(of)) if of.len() == parts.len() => {
                of.iter().copied().map(Some).collect()
            }
            _ => vec![None; parts.len()],
        };
        let checked = parts.iter().zip(&hints).map(|(part, hint)| {
            let want = hint.map_or(Want::Anything, Want::ty);
            self.infer(part, want)
        });
        let checked: Vec<Expr> = checked.collect();
        let of = checked.iter().zip(hints);
        let of = of.map(|(part, hint)| part_type(part.ty, hint)).collect();
        let ty = self.intern(TyKind::Tuple(of));
        self.expr(ExprKind::Tuple(checked), ty, span)
    }

    /// The type of the elements: the wanted one, or a new unknown one.
    fn element(
        &mut self,
        want: Want,
        part: fn(&TyKind) -> Option<Ty>,
        span: Span,
        cause: Cause,
    ) -> Ty {
        let hint = want.hint().and_then(|hint| part(self.kind(hint)));
        hint.unwrap_or_else(|| self.fresh(span, cause))
    }

    fn elements(&mut self, elements: &[ast::Expr], of: Ty) -> Vec<Expr> {
        let mut why = Why::Plain;
        let mut checked = Vec::with_capacity(elements.len());
        for element in elements {
            checked.push(self.check(element, of, why));
            why = Why::At(
                self.file,
                elements[0].span,
                "the first element decides the type",
            );
        }
        checked
    }

    fn list(&mut self, elements: &[ast::Expr], span: Span, want: Want) -> Expr {
        let part = |kind: &TyKind| match kind {
            TyKind::List(of) => Some(*of),
            _ => None,
        };
        let of = self.element(want, part, span, Cause::ListElement);
        let elements = self.elements(elements, of);
        let ty = self.intern(TyKind::List(of));
        self.expr(ExprKind::List(elements), ty, span)
    }

    fn set(&mut self, elements: &[ast::Expr], span: Span, want: Want) -> Expr {
        let part = |kind: &TyKind| match kind {
            TyKind::Set(of) => Some(*of),
            _ => None,
        };
        let of = self.element(want, part, span, Cause::SetElement);
        let elements = self.elements(elements, of);
        self.duplicates(elements.iter(), "element");
        self.require(of, Bound::Hash, span, Reason::Key);
        let ty = self.intern(TyKind::Set(of));
        self.expr(ExprKind::Set(elements), ty, span)
    }

    fn map(&mut self, entries: &[MapEntry], span: Span, want: Want) -> Expr {
        let key = |kind: &TyKind| match kind {
            TyKind::Map(key, _) => Some(*key),
            _ => None,
        };
        let value = |kind: &TyKind| match kind {
            TyKind::Map(_, value) => Some(*value),
            _ => None,
        };
        let key = self.element(want, key, span, Cause::MapEntry);
        let value = self.element(want, value, span, Cause::MapEntry);
        let mut checked = Vec::with_capacity(entries.len());
        let (mut of_key, mut of_value) = (Why::Plain, Why::Plain);
        for entry in entries {
            let pair = (
                self.check(&entry.key, key, of_key),
                self.check(&entry.value, value, of_value),
            );
            checked.push(pair);
            let first = &entries[0];
            of_key = Why::At(self.file, first.key.span, "the first key decides the type");
            of_value = Why::At(
                self.file,
                first.value.span,
                "the first value decides the type",
            );
        }
        self.duplicates(checked.iter().map(|(key, _)| key), "key");
        self.require(key, Bound::Hash, span, Reason::Key);
        let ty = self.intern(TyKind::Map(key, value));
        self.expr(ExprKind::Map(checked), ty, span)
    }

    /// Warns about literals that stand twice among the keys of a map or the elements of a set.
    fn duplicates<'e>(&mut self, values: impl Iterator<Item = &'e Expr>, what: &str) {
        let mut first: BTreeMap<LiteralKey<'e>, Span> = BTreeMap::new();
        for value in values {
            let ExprKind::Literal(literal) = &value.kind else {
                continue;
            };
            let Some(key) = LiteralKey::of(literal) else {
                continue;
            };
            let before = *first.entry(key).or_insert(value.span);
            if before == value.span {
                continue;
            }
            let message = format!("this {what} is there already");
            let warning = self.warning(code::DUPLICATE_KEY, value.span, message);
            let warning = warning.label(before, "the first");
            self.report(match what {
                "key" => warning.note("the last value counts"),
                _ => warning.note("a set has each element once"),
            });
        }
    }

    fn place(&mut self, terms: &[PlaceTerm], span: Span, around: Around) -> Expr {
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        let mut wrong = None;
        let mut wrongs = 0;
        for term in terms {
            let tag = self.infer(&term.tag, Want::Anything);
            let fits = matches!(
                self.kind(tag.ty),
                TyKind::Tag(_) | TyKind::AnyTag | TyKind::Error | TyKind::Never
            );
            if !fits {
                wrongs += 1;
                wrong.get_or_insert((tag.ty, tag.span));
            }
            match term.polarity {
                Polarity::Positive => wanted.push(tag),
                Polarity::Negative => unwanted.push(tag),
            }
        }
        if let Some(first) = wrong {
            let no_place = wrongs == terms.len() && unwanted.is_empty();
            self.no_tag(first, &wanted, no_place.then_some(around), span);
            return self.error_expr(span);
        }
        self.expr(ExprKind::Place { wanted, unwanted }, Ty::PLACE, span)
    }

    /// Something in the braces of a place is no tag; with `around` nothing in them is.
    fn no_tag(&mut self, first: (Ty, Span), terms: &[Expr], around: Option<Around>, span: Span) {
        let (ty, at) = first;
        let shown = self.show(ty);
        let error = self.error(code::NOT_A_TAG, at, "a place is made of tags");
        let error = error.at(format!("this is `{shown}`"));
        let open = Span::new(span.start, span.start + 1);
        let close = Span::new(span.end - 1, span.end);
        let braces = "where a value is expected, braces hold tags: `{temperature, town}`";
        self.report(match (around, terms) {
            (None, _) => error,
            (Some(Around::Text), _) => error
                .note("in a text `{` begins an expression, and a brace in that a place")
                .help("braces as text are written `\\{` and `\\}`")
                .fix(Fix::new("the value alone is", open, "").and(close, "")),
            (Some(Around::Expression), [only]) => {
                let before = Span::new(open.start, only.span.start);
                let fix = Fix::new("a single value needs none", before, "");
                let after = Span::new(only.span.end, close.end);
                error.note(braces).fix(fix.and(after, "").certain())
            }
            (Some(Around::Expression), terms) => {
                let fix = Fix::new("a set is written", open, "#{");
                let is_literal = |term: &Expr| matches!(term.kind, ExprKind::Literal(_));
                error.note(braces).fix(match terms.iter().all(is_literal) {
                    true => fix.certain(),
                    false => fix,
                })
            }
        });
    }

    fn range_value(&mut self, start: &ast::Expr, end: &ast::Expr, span: Span) -> Expr {
        self.infer(start, Want::Anything);
        self.infer(end, Want::Anything);
        let error = self.error(code::RANGE_VALUE, span, "a range is no value");
        self.report(
            error
                .note("ranges stand in the head of a `for` loop and in patterns")
                .help("for a part of a list or text use `.slice(from, to)`"),
        );
        self.error_expr(span)
    }

    // ------------------------------------------------------------------------------------- parts

    pub(super) fn index(&mut self, object: &ast::Expr, index: &ast::Expr, span: Span) -> Expr {
        let object = self.infer(object, Want::Anything);
        if let ast::ExprKind::Range { start, end, limit } = &index.kind {
            return self.part(object, (start, end, *limit), span);
        }
        let (key, value) = match self.kind(object.ty) {
            TyKind::List(of) => (Ty::INT, *of),
            TyKind::Map(key, value) => (*key, *value),
            _ => {
                self.infer(index, Want::Anything);
                return self.not_indexable(&object, span);
            }
        };
        let index = self.check(index, key, Why::Plain);
        let kind = ExprKind::Index {
            object: Box::new(object),
            index: Box::new(index),
        };
        self.expr(kind, value, span)
    }

    /// `xs[from..to]`, which is a method here.
    fn part(
        &mut self,
        object: Expr,
        (from, to, limit): (&ast::Expr, &ast::Expr, RangeEnd),
        span: Span,
    ) -> Expr {
        if !matches!(
            self.kind(object.ty),
            TyKind::List(_) | TyKind::Str | TyKind::Bytes
        ) {
            return self.not_indexable(&object, span);
        }
        let ty = object.ty;
        let ends = [from, to].map(|end| self.check(end, Ty::INT, Why::Plain));
        if ends.iter().all(|end| end.ty != Ty::ERROR) {
            let begin = Span::new(object.span.end, from.span.start);
            let close = match limit {
                RangeEnd::Exclusive => ")",
                RangeEnd::Inclusive => " + 1)",
            };
            let fix = Fix::new("a part is given by `slice`", begin, ".slice(")
                .and(Span::new(from.span.end, to.span.start), ", ")
                .and(Span::new(to.span.end, span.end), close);
            let error = self.error(code::RANGE_VALUE, span, "a range cannot be an index");
            self.report(error.fix(fix.certain()));
        }
        self.expr(ExprKind::Error, ty, span)
    }

    fn not_indexable(&mut self, object: &Expr, span: Span) -> Expr {
        let ty = self.shallow(object.ty);
        if self.is_unknown(ty) {
            self.must_be_known(object);
        } else if ty != Ty::ERROR && ty != Ty::NEVER {
            let shown = self.show(ty);
            let message = format!("`{shown}` has no elements to index");
            let error = self.error(code::NOT_INDEXABLE, span, message);
            self.report(match *self.kind(ty) {
                TyKind::Str => error
                    .note("a character of a text has no fixed place in its bytes")
                    .help("use `.slice(from, to)`, or `.chars()` for a list of characters"),
                TyKind::Bytes => error.help("use `.at(index)`"),
                TyKind::Tuple(_) => error.help("write the field's number after a dot, as in `t.0`"),
                _ => error.note("lists and maps have"),
            });
        }
        self.error_expr(span)
    }

    fn tuple_field(&mut self, object: &ast::Expr, index: u32, at: Span, span: Span) -> Expr {
        let object = self.infer(object, Want::Anything);
        let ty = self.shallow(object.ty);
        let len = match self.kind(ty) {
            TyKind::Tuple(parts) => match parts.get(index as usize) {
                Some(&part) => {
                    let object = Box::new(object);
                    return self.expr(ExprKind::TupleField { object, index }, part, span);
                }
                None => Some(parts.len()),
            },
            _ => None,
        };
        if self.is_unknown(ty) {
            self.must_be_known(&object);
        } else if ty != Ty::ERROR && ty != Ty::NEVER {
            let shown = self.show(ty);
            let error = self.error(
                code::UNKNOWN_FIELD,
                at,
                format!("`{shown}` has no field `{index}`"),
            );
            self.report(match len {
                Some(len) => error.note(format!("its last is `{}`", len - 1)),
                None => error.note("it is no tuple"),
            });
        }
        self.error_expr(span)
    }

    /// The type of a part is needed now, and nothing before has said what it is.
    pub(super) fn must_be_known(&mut self, expr: &Expr) {
        let message = "the type of this must be known here";
        let error = self.error(code::UNKNOWN_TYPE_HERE, expr.span, message);
        let origin = match self.kind(expr.ty) {
            TyKind::Infer(id) => Some(self.infer.origin(*id).clone()),
            _ => None,
        };
        let error = match (&expr.kind, origin) {
            (
                ExprKind::Local(local),
                Some(Origin {
                    what: Cause::ClosureParam(name),
                    ..
                }),
            ) => {
                let local = &self.frames[self.frames.len() - 1].locals[local.index()];
                error
                    .label(local.span, "a parameter without a type")
                    .help(format!("write it down, as in `{name}: Int`"))
            }
            (_, Some(origin)) if origin.span != expr.span => error
                .label(
                    origin.span,
                    "it comes from here, and nothing before says what it is",
                )
                .help("write the type down where it comes from: `let x: T = ..`"),
            _ => error.help("bind it to a name with a type: `let x: T = ..`"),
        };
        self.report(error);
        if let TyKind::Infer(id) = *self.kind(expr.ty) {
            self.infer.give_up(id);
        }
    }

    // ---------------------------------------------------------------------------- interpolation

    fn interpolated(&mut self, parts: &[StrPart], span: Span) -> Expr {
        let mut checked = Vec::with_capacity(parts.len());
        for part in parts {
            checked.push(match part {
                StrPart::Text(text) => Part::Text(text.clone()),
                StrPart::Value { value, spec } => {
                    let value = match &value.kind {
                        ast::ExprKind::Place(terms) => self.place(terms, value.span, Around::Text),
                        _ => self.infer(value, Want::Anything),
                    };
                    self.require(value.ty, Bound::Show, value.span, Reason::Interpolation);
                    if let Some(spec) = spec {
                        self.format(&value, spec);
                    }
                    let spec = *spec;
                    Part::Value { value, spec }
                }
            });
        }
        self.expr(ExprKind::Interpolate(checked), Ty::STR, span)
    }

    /// Whether the value has what its format asks for.
    fn format(&mut self, value: &Expr, spec: &FormatSpec) {
        let ty = self.shallow(value.ty);
        if ty == Ty::ERROR || ty == Ty::NEVER {
            return;
        }
        if let Some(problem) = self_contradiction(spec) {
            let error = self.error(code::FORMAT_SPEC, spec.span, problem);
            self.report(error);
            return;
        }
        let wrong = format_fits(spec, ty);
        if let Some((what, wanted)) = wrong {
            let shown = self.show(ty);
            let error = self.error(
                code::FORMAT_SPEC,
                spec.span,
                format!("the format is for {what}"),
            );
            let error = error.label(value.span, format!("this is `{shown}`"));
            self.report(match (ty == Ty::INT, wanted) {
                (true, "Float") => error.fix(Fix::new(
                    "convert it to `Float`",
                    Span::point(value.span.end),
                    ".float()",
                )),
                _ => error,
            });
        }
    }

    // ----------------------------------------------------------------------------- leaving early

    fn returning(&mut self, value: Option<&ast::Expr>, span: Span) -> Expr {
        let (result, declared, kind) = {
            let frame = self.frame();
            (frame.result, frame.declared, frame.kind)
        };
        if kind == FrameKind::Value {
            return self.not_constant(span, "`return`");
        }
        let why = match declared {
            Some((at, text)) => Why::At(self.file, at, text),
            None => Why::Plain,
        };
        let value = match value {
            Some(value) => {
                let value = self.check(value, result, why);
                Some(Box::new(value))
            }
            None => {
                let unit = self.expr(ExprKind::Unit, Ty::UNIT, span);
                self.coerce(unit, result, why);
                None
            }
        };
        self.expr(ExprKind::Return(value), Ty::NEVER, span)
    }
}

/// A literal that may be a key, as one that can be ordered.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum LiteralKey<'e> {
    Number(i64),
    Bool(bool),
    Str(&'e str),
    Bytes(&'e [u8]),
}

impl<'e> LiteralKey<'e> {
    fn of(literal: &'e Literal) -> Option<Self> {
        match literal {
            Literal::Int(number) | Literal::Duration(number) => Some(Self::Number(*number)),
            Literal::Bool(value) => Some(Self::Bool(*value)),
            Literal::Str(text) => Some(Self::Str(text)),
            Literal::Bytes(bytes) => Some(Self::Bytes(bytes)),
            Literal::Float(_) => None,
        }
    }
}

/// Where the braces of a place stand.
#[derive(Clone, Copy)]
enum Around {
    Expression,
    /// In those of an interpolation.
    Text,
}

/// What a format asks for that goes with no value.
fn self_contradiction(spec: &FormatSpec) -> Option<&'static str> {
    let has_radix = !matches!(spec.kind, FormatKind::Show | FormatKind::Exponent);
    match spec {
        _ if spec.prefix && !has_radix => {
            Some("`#` writes `0x`, `0b` or `0o`, and needs one of `x`, `X`, `b`, `o`")
        }
        _ if spec.grouped && spec.kind != FormatKind::Show => {
            Some("`,` stands between the digits of a decimal number")
        }
        _ if spec.grouped && spec.zero => Some("there are no commas between zeros that only fill"),
        _ => None,
    }
}

/// What the format is for, and a type that has it, where a value of type `ty` does not.
fn format_fits(spec: &FormatSpec, ty: Ty) -> Option<(&'static str, &'static str)> {
    let (int, float) = (ty == Ty::INT, ty == Ty::FLOAT);
    match spec.kind {
        FormatKind::Hex | FormatKind::UpperHex | FormatKind::Binary | FormatKind::Octal if !int => {
            Some(("the digits of an `Int`", "Int"))
        }
        FormatKind::Exponent if !float => Some(("a `Float`", "Float")),
        _ if spec.precision.is_some() && !(float || ty == Ty::STR) => {
            Some(("a precision, which is for `Float` and `Str`", "Float"))
        }
        _ if spec.grouped && !(int || float) => {
            Some(("commas between digits, which are for numbers", "Int"))
        }
        _ if (spec.zero || spec.sign == Sign::Always) && !(int || float) => {
            Some(("a sign or zeros, which are for numbers", "Int"))
        }
        _ => None,
    }
}

/// The type of a part that is kept: one that never comes has any type, the wanted one if there is
/// one.
fn part_type(ty: Ty, hint: Option<Ty>) -> Ty {
    if ty == Ty::NEVER {
        hint.unwrap_or(Ty::UNIT)
    } else {
        ty
    }
}

pub(super) const fn literal_type(literal: &Literal) -> Ty {
    match literal {
        Literal::Int(_) => Ty::INT,
        Literal::Float(_) => Ty::FLOAT,
        Literal::Bool(_) => Ty::BOOL,
        Literal::Str(_) => Ty::STR,
        Literal::Bytes(_) => Ty::BYTES,
        Literal::Duration(_) => Ty::DURATION,
    }
}
