//! Patterns: what they match, and what they bind.

use std::collections::BTreeMap;

use super::arguments::Param;
use super::body::Body;
use super::expr::literal_type;
use super::frame::LocalKind;
use super::names::{Named, Qualifier};
use super::scope::{Entity, PRELUDE_ID};
use super::unify::Cause;
use crate::ast::{self, Ident, Literal, Mutability, PatternArg, RangeEnd, Span};
use crate::diagnostic::{Fix, code};
use crate::limits::MAX_FIELDS;
use crate::typed::{AdtId, ExprKind, LocalId, Name, Pattern, PatternKind, Ty, TyKind, VariantId};

/// The names that a pattern binds.
struct Binder {
    mutability: Mutability,
    bound: BTreeMap<Name, (LocalId, Span)>,
    /// The locals that another side of an `|` has bound already.
    shared: BTreeMap<Name, (LocalId, Span)>,
}

/// What a path in a pattern means.
enum Meaning {
    Variant(AdtId, VariantId),
    Struct(AdtId),
    Some,
    None,
    Constant(PatternKind, Ty),
    /// It has been reported.
    Error,
}

impl Body<'_, '_> {
    /// Checks a pattern for values of type `ty`, and brings what it binds into scope.
    pub(super) fn pattern(
        &mut self,
        pattern: &ast::Pattern,
        ty: Ty,
        mutability: Mutability,
    ) -> Pattern {
        let mut binder = Binder {
            mutability,
            bound: BTreeMap::new(),
            shared: BTreeMap::new(),
        };
        let checked = self.pattern_in(pattern, ty, &mut binder);
        for (name, (local, _)) in binder.bound {
            self.bring_into_scope(&name, local);
        }
        checked
    }

    fn pattern_in(&mut self, pattern: &ast::Pattern, ty: Ty, binder: &mut Binder) -> Pattern {
        let span = pattern.span;
        let kind = match &pattern.kind {
            ast::PatternKind::Error => PatternKind::Error,
            ast::PatternKind::Wildcard => PatternKind::Wildcard,
            ast::PatternKind::Binding(name) => PatternKind::Bind(self.bind(name, ty, binder)),
            ast::PatternKind::At { name, pattern } => {
                let local = self.bind(name, ty, binder);
                let pattern = Box::new(self.pattern_in(pattern, ty, binder));
                PatternKind::At { local, pattern }
            }
            ast::PatternKind::Literal(literal) => {
                let fits = self.pattern_fits(literal_type(literal), ty, span);
                if fits {
                    PatternKind::Literal(literal.clone())
                } else {
                    PatternKind::Error
                }
            }
            ast::PatternKind::Range { start, end, limit } => {
                self.range_pattern(start, end, *limit, ty, span)
            }
            ast::PatternKind::Unit => {
                let fits = self.pattern_fits(Ty::UNIT, ty, span);
                if fits {
                    PatternKind::Wildcard
                } else {
                    PatternKind::Error
                }
            }
            ast::PatternKind::Tuple(parts) => self.tuple_pattern(parts, ty, span, binder),
            ast::PatternKind::List { front, rest, back } => {
                self.list_pattern((front, rest.as_deref(), back), ty, span, binder)
            }
            ast::PatternKind::Or(sides) => self.or_pattern(sides, ty, binder),
            ast::PatternKind::Path(path) => self.path_pattern(path, ty, span),
            ast::PatternKind::Constructor { path, args, rest } => {
                self.constructor_pattern(path, (args, *rest), ty, span, binder)
            }
        };
        Pattern { kind, ty, span }
    }

    fn bind(&mut self, name: &Ident, ty: Ty, binder: &mut Binder) -> LocalId {
        if let Some((_, first)) = binder.bound.get(&name.name) {
            let message = format!("`{name}` is bound twice in one pattern");
            let error = self.error(code::DUPLICATE_BINDING, name.span, message);
            self.report(error.label(*first, "the first"));
        }
        let local = match binder.shared.get(&name.name) {
            Some((local, first)) => {
                let (local, first) = (*local, *first);
                let known = self.frame().locals[local.index()].ty;
                if self.unify(known, ty).is_err() {
                    let (known, found) = (self.show(known), self.show(ty));
                    let message =
                        format!("`{name}` is `{found}` here, and `{known}` on another side of `|`");
                    let error = self.error(code::BINDINGS_DIFFER, name.span, message);
                    self.report(error.label(first, format!("`{known}` here")));
                }
                local
            }
            None => self.local(name, ty, binder.mutability, LocalKind::Binding),
        };
        binder.bound.insert(name.name.clone(), (local, name.span));
        local
    }

    /// Whether a pattern for values of `of` can stand where values of `ty` come.
    fn pattern_fits(&mut self, of: Ty, ty: Ty, span: Span) -> bool {
        if ty == Ty::NEVER || self.unify(ty, of).is_ok() {
            return true;
        }
        let (of, ty) = (self.show(of), self.show(ty));
        let message = format!("this pattern is for `{of}`, and the value is `{ty}`");
        let error = self.error(code::TYPE_MISMATCH, span, message);
        self.report(error);
        false
    }

    fn range_pattern(
        &mut self,
        start: &Literal,
        end: &Literal,
        limit: RangeEnd,
        ty: Ty,
        span: Span,
    ) -> PatternKind {
        let (start, end, of) = match (start, end) {
            (Literal::Int(a), Literal::Int(b)) => (*a, *b, Ty::INT),
            (Literal::Duration(a), Literal::Duration(b)) => (*a, *b, Ty::DURATION),
            _ => {
                let message = "a range in a pattern is between two `Int`s or two `Duration`s";
                let error = self.error(code::TYPE_MISMATCH, span, message);
                self.report(error);
                return PatternKind::Error;
            }
        };
        let empty = match limit {
            RangeEnd::Inclusive => start > end,
            RangeEnd::Exclusive => start >= end,
        };
        if empty {
            let error = self.error(code::EMPTY_RANGE, span, "this range holds nothing");
            self.report(error.note("it goes from the smaller to the greater"));
            return PatternKind::Error;
        }
        if !self.pattern_fits(of, ty, span) {
            return PatternKind::Error;
        }
        PatternKind::Range { start, end, limit }
    }

    fn tuple_pattern(
        &mut self,
        parts: &[ast::Pattern],
        ty: Ty,
        span: Span,
        binder: &mut Binder,
    ) -> PatternKind {
        let types: Vec<Ty> = match self.kind(ty) {
            TyKind::Tuple(of) if of.len() == parts.len() => of.to_vec(),
            TyKind::Error | TyKind::Never => vec![Ty::ERROR; parts.len()],
            _ => {
                let fresh = parts
                    .iter()
                    .map(|part| self.fresh(part.span, Cause::Nothing));
                let fresh: Vec<Ty> = fresh.collect();
                let of = self.intern(TyKind::Tuple(fresh.as_slice().into()));
                if !self.pattern_fits(of, ty, span) {
                    for part in parts {
                        self.pattern_in(part, Ty::ERROR, binder);
                    }
                    return PatternKind::Error;
                }
                fresh
            }
        };
        let parts = parts
            .iter()
            .zip(types)
            .map(|(part, ty)| self.pattern_in(part, ty, binder));
        PatternKind::Tuple(parts.collect())
    }

    fn list_pattern(
        &mut self,
        (front, rest, back): (&[ast::Pattern], Option<&ast::Pattern>, &[ast::Pattern]),
        ty: Ty,
        span: Span,
        binder: &mut Binder,
    ) -> PatternKind {
        let parts = front.len() + back.len();
        let of = match self.kind(ty) {
            TyKind::List(of) => Some(*of),
            TyKind::Error | TyKind::Never => Some(Ty::ERROR),
            _ => {
                let of = self.fresh(span, Cause::Nothing);
                let list = self.intern(TyKind::List(of));
                self.pattern_fits(list, ty, span).then_some(of)
            }
        };
        let fits = of.is_some() && parts <= MAX_FIELDS;
        if of.is_some() && !fits {
            let message =
                format!("this pattern has {parts} elements, and {MAX_FIELDS} are allowed");
            let error = self.error(code::LIST_PATTERN_TOO_LONG, span, message);
            self.report(error.help("look at the elements in a loop"));
        }
        let (element, list) = match of.filter(|_| fits) {
            Some(of) => (of, ty),
            None => (Ty::ERROR, Ty::ERROR),
        };
        let mut all = |body: &mut Self, patterns: &[ast::Pattern]| {
            let checked = patterns.iter();
            let checked = checked.map(|pattern| body.pattern_in(pattern, element, binder));
            checked.collect::<Vec<Pattern>>()
        };
        let front = all(self, front);
        let back = all(self, back);
        let rest = rest.map(|rest| Box::new(self.pattern_in(rest, list, binder)));
        if !fits {
            return PatternKind::Error;
        }
        let length = Box::new(length_pattern(parts, rest.as_deref(), span));
        PatternKind::List {
            length,
            front,
            rest,
            back,
        }
    }

    /// Every side must bind the same names; they are the same locals.
    fn or_pattern(&mut self, sides: &[ast::Pattern], ty: Ty, binder: &mut Binder) -> PatternKind {
        let mut checked = Vec::with_capacity(sides.len());
        let mut first: Option<BTreeMap<Name, (LocalId, Span)>> = None;
        for side in sides {
            let mut own = Binder {
                mutability: binder.mutability,
                bound: BTreeMap::new(),
                shared: match &first {
                    Some(first) => first.clone(),
                    None => binder.shared.clone(),
                },
            };
            checked.push(self.pattern_in(side, ty, &mut own));
            match &first {
                None => first = Some(own.bound),
                Some(first) => self.same_names(first, &own.bound, side.span),
            }
        }
        for (name, (local, span)) in first.unwrap_or_default() {
            if let Some((_, before)) = binder.bound.insert(name.clone(), (local, span)) {
                let message = format!("`{name}` is bound twice in one pattern");
                let error = self.error(code::DUPLICATE_BINDING, span, message);
                self.report(error.label(before, "the first"));
            }
        }
        PatternKind::Or(checked)
    }

    fn same_names(
        &mut self,
        first: &BTreeMap<Name, (LocalId, Span)>,
        other: &BTreeMap<Name, (LocalId, Span)>,
        side: Span,
    ) {
        for (name, (_, span)) in first {
            if !other.contains_key(name) {
                let message = format!("`{name}` is not bound on every side of `|`");
                let error = self.error(code::BINDINGS_DIFFER, side, message);
                self.report(error.at("not bound here").label(*span, "bound here"));
            }
        }
        for (name, (_, span)) in other {
            if !first.contains_key(name) {
                let message = format!("`{name}` is not bound on every side of `|`");
                let error = self.error(code::BINDINGS_DIFFER, *span, message);
                self.report(error.at("bound only on some sides"));
            }
        }
    }

    // -------------------------------------------------------------------------------------- paths

    fn meaning(&mut self, path: &[Ident], ty: Ty, span: Span) -> Meaning {
        let Some((name, before)) = path.split_last() else {
            return Meaning::Error;
        };
        if before.is_empty() {
            return self.bare_meaning(name, ty);
        }
        if path.len() > LONGEST_PATH {
            let message = "no name is that long";
            let error = self.error(code::UNKNOWN_NAME, span, message);
            self.report(error.note("the longest are `module.Enum.Variant`"));
            return Meaning::Error;
        }
        let object = ast::Expr {
            kind: path_expr(before),
            span: before[0].span.to(before[before.len() - 1].span),
        };
        match self.qualifier(&object) {
            Some(Qualifier::Module(module)) => match self.module_item(module, name) {
                Some(entity) => self.entity_meaning(entity, name),
                None => Meaning::Error,
            },
            Some(Qualifier::Adt(adt)) => match self.world.names.variant(adt, &name.name) {
                Some(variant) => Meaning::Variant(adt, variant),
                None => {
                    self.no_such_member(super::collect::Head::Adt(adt), name);
                    Meaning::Error
                }
            },
            _ => {
                let message = format!("there is no type or module `{}` here", before[0]);
                if self.reported.insert(before[0].name.clone()) {
                    let error = self.error(code::UNKNOWN_NAME, before[0].span, message);
                    self.report(error.label(span, "in this pattern"));
                }
                Meaning::Error
            }
        }
    }

    fn bare_meaning(&mut self, name: &Ident, ty: Ty) -> Meaning {
        let own = self.self_type(name);
        let named = match own.or_else(|| self.wanted_variant(&name.name, Some(ty))) {
            Some(named) => named,
            None => {
                let of = |body: &mut Self, module| body.named_in(module, name);
                let own = of(self, self.module);
                let found = own.or_else(|| of(self, PRELUDE_ID));
                match (found, &*name.name) {
                    (Some(found), _) => found,
                    (None, "Some") => Named::Some,
                    (None, "None") => Named::None,
                    _ => {
                        self.unknown_pattern(name, ty);
                        Named::Error
                    }
                }
            }
        };
        match named {
            Named::Variant(adt, variant) => Meaning::Variant(adt, variant),
            Named::Some => Meaning::Some,
            Named::None => Meaning::None,
            Named::Entity(entity) => self.entity_meaning(entity, name),
            Named::Local(_) | Named::Error => Meaning::Error,
        }
    }

    fn unknown_pattern(&mut self, name: &Ident, ty: Ty) {
        let adt = match self.kind(ty) {
            TyKind::Adt(adt, _) if self.world.names.adts[adt.index()].is_enum => *adt,
            _ => return self.capital_name(name),
        };
        let head = &self.world.names.adts[adt.index()];
        let message = format!("`{}` has no variant `{name}`", head.name);
        let error = self.error(code::UNKNOWN_VARIANT, name.span, message);
        let variants = head.variants.keys().map(|name| &**name);
        let error = self.suggest(error, name, variants);
        self.report(error);
    }

    /// A name with a capital letter that is nothing, and so was meant to bind.
    fn capital_name(&mut self, name: &Ident) {
        if !self.reported.insert(name.name.clone()) {
            return;
        }
        let message = format!("there is no `{name}` here");
        let error = self.error(code::UNKNOWN_NAME, name.span, message);
        let visible = self.world.names.visible(self.module);
        let error = self.suggest(error, name, visible.chain(["Some", "None"]));
        if !error.fixes.is_empty() {
            return self.report(error);
        }
        let small = in_small_letters(&name.name);
        self.report(
            error
                .note("in a pattern a capital letter begins a variant, a struct or a constant")
                .fix(Fix::new("a variable begins small", name.span, small)),
        );
    }

    fn entity_meaning(&mut self, entity: Entity, name: &Ident) -> Meaning {
        match entity {
            Entity::Adt(adt) if !self.world.names.adts[adt.index()].is_enum => Meaning::Struct(adt),
            Entity::Const(value) => {
                let value = self.value(value, &[], name.span);
                let ty = value.ty;
                match value.kind {
                    ExprKind::Literal(literal) => {
                        Meaning::Constant(PatternKind::Literal(literal), ty)
                    }
                    ExprKind::Variant { adt, variant, args } if args.is_empty() => {
                        Meaning::Variant(adt, variant)
                    }
                    ExprKind::Error => Meaning::Error,
                    _ => {
                        let message = format!("the constant `{name}` cannot be a pattern");
                        let error = self.error(code::PATTERN_MISMATCH, name.span, message);
                        self.report(
                            error
                                .note("numbers, texts, durations and plain variants can be")
                                .help(format!("compare in a guard: `x if x == {name}`")),
                        );
                        Meaning::Error
                    }
                }
            }
            _ => {
                let message = format!("`{name}` is {}, not a pattern", entity.article());
                let error = self.error(code::PATTERN_MISMATCH, name.span, message);
                self.report(error);
                Meaning::Error
            }
        }
    }

    fn path_pattern(&mut self, path: &[Ident], ty: Ty, span: Span) -> PatternKind {
        match self.meaning(path, ty, span) {
            Meaning::Error => PatternKind::Error,
            Meaning::Constant(kind, of) => {
                if self.pattern_fits(of, ty, span) {
                    kind
                } else {
                    PatternKind::Error
                }
            }
            Meaning::None => {
                let payload = self.fresh(span, Cause::Nothing);
                let of = self.option(payload);
                if self.pattern_fits(of, ty, span) {
                    PatternKind::None
                } else {
                    PatternKind::Error
                }
            }
            Meaning::Some => {
                self.needs_parts("Some", 1, span);
                PatternKind::Error
            }
            Meaning::Struct(adt) => {
                let declared = self.world.adt(adt);
                self.needs_parts(&declared.name, declared.fields().len(), span);
                PatternKind::Error
            }
            Meaning::Variant(adt, variant) => {
                let Some(params) = self.variant_parts(adt, variant, ty, span) else {
                    return PatternKind::Error;
                };
                if !params.is_empty() {
                    let name = &self.world.adt(adt).variants()[variant.index()].name;
                    self.needs_parts(name, params.len(), span);
                    return PatternKind::Error;
                }
                let fields = Vec::new();
                PatternKind::Variant {
                    adt,
                    variant,
                    fields,
                }
            }
        }
    }

    fn needs_parts(&mut self, name: &str, parts: usize, span: Span) {
        let message = format!("`{name}` has parts, which the pattern leaves out");
        let error = self.error(code::PATTERN_MISMATCH, span, message);
        let all = vec!["_"; parts.max(1)].join(", ");
        let fix = Fix::new("match any parts", Span::point(span.end), format!("({all})"));
        self.report(error.fix(fix));
    }

    /// The fields of a variant, their types seen from a value of type `ty`.
    fn variant_parts(
        &mut self,
        adt: AdtId,
        variant: VariantId,
        ty: Ty,
        span: Span,
    ) -> Option<Vec<Param>> {
        let declared = self.world.adt(adt);
        let args = self.pattern_type(adt, ty, span)?;
        let fields = &declared.variants()[variant.index()].fields;
        Some(self.field_params(fields, &args))
    }

    fn field_params(&mut self, fields: &[crate::typed::Field], args: &[Ty]) -> Vec<Param> {
        let params = fields.iter().map(|field| Param {
            name: field.name.clone(),
            ty: self.cx.types.substitute(field.ty, args),
            default: None,
            span: field.span,
        });
        params.collect()
    }

    /// The type arguments with which a pattern of `adt` matches values of `ty`.
    fn pattern_type(&mut self, adt: AdtId, ty: Ty, span: Span) -> Option<Vec<Ty>> {
        let args = self.world.adt(adt).generics.iter();
        let args: Vec<Ty> = args.map(|_| self.fresh(span, Cause::Nothing)).collect();
        let of = self.intern(TyKind::Adt(adt, args.as_slice().into()));
        self.pattern_fits(of, ty, span).then_some(args)
    }

    // ------------------------------------------------------------------------------- constructors

    fn constructor_pattern(
        &mut self,
        path: &[Ident],
        (args, rest): (&[PatternArg], Option<Span>),
        ty: Ty,
        span: Span,
        binder: &mut Binder,
    ) -> PatternKind {
        let name = path
            .last()
            .map_or_else(|| Name::new(""), |last| last.name.clone());
        let meaning = self.meaning(path, ty, span);
        let params = match &meaning {
            Meaning::Variant(adt, variant) => self.variant_parts(*adt, *variant, ty, span),
            Meaning::Struct(adt) => self
                .pattern_type(*adt, ty, span)
                .map(|type_args| self.field_params(self.world.adt(*adt).fields(), &type_args)),
            Meaning::Some => {
                let of = self.fresh(span, Cause::Nothing);
                let option = self.option(of);
                let fits = self.pattern_fits(option, ty, span);
                fits.then(|| {
                    vec![Param {
                        name: None,
                        ty: of,
                        default: None,
                        span,
                    }]
                })
            }
            Meaning::None | Meaning::Constant(..) => {
                let message = format!("`{name}` has no parts");
                let error = self.error(code::PATTERN_MISMATCH, span, message);
                self.report(error.help(format!("write `{name}`")));
                None
            }
            Meaning::Error => None,
        };
        let Some(params) = params else {
            for arg in args {
                self.pattern_in(&arg.pattern, Ty::ERROR, binder);
            }
            return PatternKind::Error;
        };
        let by_name = matches!(meaning, Meaning::Struct(_));
        let Some(mut fields) = self.parts(&name, &params, (args, rest), by_name, span, binder)
        else {
            return PatternKind::Error;
        };
        match meaning {
            Meaning::Variant(adt, variant) => PatternKind::Variant {
                adt,
                variant,
                fields,
            },
            Meaning::Struct(adt) => PatternKind::Struct { adt, fields },
            _ => match fields.pop() {
                Some(field) => PatternKind::Some(Box::new(field)),
                None => PatternKind::Error,
            },
        }
    }

    /// A pattern for each part, those that are left out by `..` being wildcards.
    fn parts(
        &mut self,
        name: &str,
        params: &[Param],
        (args, rest): (&[PatternArg], Option<Span>),
        by_name: bool,
        span: Span,
        binder: &mut Binder,
    ) -> Option<Vec<Pattern>> {
        let mut fields: Vec<Option<Pattern>> = Vec::new();
        fields.resize_with(params.len(), || None);
        let mut fine = true;
        for (at, arg) in args.iter().enumerate() {
            let slot = match &arg.name {
                Some(field) => self.named_part(name, params, field),
                None if by_name => {
                    let message = format!("the fields of `{name}` are matched by name");
                    let error = self.error(code::PATTERN_MISMATCH, arg.span, message);
                    self.report(error.help("write `field: pattern`"));
                    None
                }
                None => Some(at).filter(|at| *at < params.len()),
            };
            let ty = slot.map_or(Ty::ERROR, |slot| params[slot].ty);
            let pattern = self.pattern_in(&arg.pattern, ty, binder);
            fine &= slot.is_some();
            if let Some(slot) = slot
                && fields[slot].replace(pattern).is_some()
            {
                let message = "this part is matched twice";
                let error = self.error(code::PATTERN_MISMATCH, arg.span, message);
                self.report(error);
                fine = false;
            }
        }
        let missing = fields.iter().filter(|field| field.is_none()).count();
        let too_many = !by_name && args.len() > params.len();
        if too_many || (fine && missing > 0 && rest.is_none()) {
            let parts = if params.len() == 1 { "part" } else { "parts" };
            let message = format!("`{name}` has {} {parts}, not {}", params.len(), args.len());
            let error = self.error(code::PATTERN_MISMATCH, span, message);
            self.report(if too_many {
                error
            } else {
                error.help("`..` at the end leaves the others out")
            });
            return None;
        }
        let wildcard = |param: &Param| Pattern {
            kind: PatternKind::Wildcard,
            ty: param.ty,
            span,
        };
        let filled = fields.into_iter().zip(params);
        let filled = filled.map(|(field, param)| field.unwrap_or_else(|| wildcard(param)));
        fine.then(|| filled.collect())
    }

    fn named_part(&mut self, name: &str, params: &[Param], field: &Ident) -> Option<usize> {
        let is = |param: &Param| {
            param
                .name
                .as_ref()
                .is_some_and(|known| *known == field.name)
        };
        let found = params.iter().position(is);
        if found.is_none() {
            let message = format!("`{name}` has no field `{field}`");
            let error = self.error(code::UNKNOWN_FIELD, field.span, message);
            let names = params.iter().filter_map(|param| param.name.as_deref());
            let error = self.suggest(error, field, names);
            self.report(error);
        }
        found
    }
}

/// What the length of a list with these elements, or more of them, matches.
fn in_small_letters(name: &str) -> String {
    let mut small = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_small {
            small.push('_');
        }
        after_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        small.push(letter.to_ascii_lowercase());
    }
    small
}

fn length_pattern(elements: usize, rest: Option<&Pattern>, span: Span) -> Pattern {
    let elements = i64::try_from(elements).unwrap_or(i64::MAX);
    let kind = match (elements, rest.is_some()) {
        (0, true) => PatternKind::Wildcard,
        (_, true) => PatternKind::Range {
            start: elements,
            end: i64::MAX,
            limit: RangeEnd::Inclusive,
        },
        (_, false) => PatternKind::Literal(Literal::Int(elements)),
    };
    Pattern {
        kind,
        ty: Ty::INT,
        span,
    }
}

/// `module.Enum.Variant`
const LONGEST_PATH: usize = 3;

/// `a.b` as an expression.
fn path_expr(path: &[Ident]) -> ast::ExprKind {
    let mut parts = path.iter();
    let Some(first) = parts.next() else {
        return ast::ExprKind::Error;
    };
    let mut expr = ast::ExprKind::Name(first.clone());
    for (name, before) in parts.zip(path) {
        expr = ast::ExprKind::Field {
            object: Box::new(ast::Expr {
                kind: expr,
                span: before.span,
            }),
            name: name.clone(),
        };
    }
    expr
}
