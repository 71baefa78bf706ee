//! What can be said about declarations only when all of them are known.

use super::super::annotation::WrittenKey;
use super::super::scope::PRELUDE_ID;
use super::super::sink::Sink;
use super::{Head, Methods, Signature, SignatureBody, World};
use crate::ast::{FileId, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{Bound, FnId, Generic, Ty, TyKind, Types};

/// The table of methods; reports an `impl` that cannot be, and methods that hide each other.
pub(super) fn methods(world: &World<'_>, types: &mut Types, sink: &mut Sink) -> Methods {
    let mut methods = Methods::default();
    let mut refused = None;
    for (at, function) in world.functions.iter().enumerate() {
        let Some(owner) = function.owner else {
            continue;
        };
        let Some(head) = Head::of(types, owner) else {
            if owner != Ty::ERROR && refused != Some(owner) {
                refused = Some(owner);
                sink.push(no_target(world, types, function, owner));
            }
            continue;
        };
        let named = methods.entry(head).or_default();
        let same = named.entry(function.name.clone()).or_default();
        if same.len() < MAX_SAME_NAME {
            if let Some(first) = clash(world, types, function, same) {
                sink.push(twice(world, function, first));
                continue;
            }
            same.push(FnId::new(at));
        }
    }
    methods
}

/// Methods of one name in `impl` blocks of one kind of type; each call looks at all of them.
const MAX_SAME_NAME: usize = 32;

fn no_target(world: &World<'_>, types: &Types, function: &Signature<'_>, owner: Ty) -> Diagnostic {
    let owner = types.show(owner, &world.adts, &function.generics);
    let message = format!("`{owner}` cannot have methods");
    let file = world.file(function.module);
    Diagnostic::error(code::BAD_IMPL, file, function.span, message)
        .note("an `impl` block is for a struct, an enum or a built-in type")
}

/// Another method of the same name whose receivers this one could take too.
fn clash<'w>(
    world: &'w World<'_>,
    types: &mut Types,
    function: &Signature<'_>,
    same: &[FnId],
) -> Option<&'w Signature<'w>> {
    let owner = function.owner?;
    let near = |module| module == function.module || module == PRELUDE_ID;
    let same = same.iter().map(|id| world.function(*id));
    let mut clashing = same.filter(|other| near(other.module)).filter(|other| {
        other
            .owner
            .is_some_and(|other| overlap(types, owner, other))
    });
    clashing.next()
}

/// Whether some type fits both; a parameter fits everything.
fn overlap(types: &Types, a: Ty, b: Ty) -> bool {
    let all = |a: &[Ty], b: &[Ty]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| overlap(types, *a, *b))
    };
    match (types.get(a), types.get(b)) {
        (TyKind::Param(_), _) | (_, TyKind::Param(_)) => true,
        (TyKind::List(a), TyKind::List(b))
        | (TyKind::Set(a), TyKind::Set(b))
        | (TyKind::Option(a), TyKind::Option(b))
        | (TyKind::Tag(a), TyKind::Tag(b)) => overlap(types, *a, *b),
        (TyKind::Map(k, v), TyKind::Map(l, w)) => all(&[*k, *v], &[*l, *w]),
        (TyKind::Tuple(a), TyKind::Tuple(b)) => all(a, b),
        (TyKind::Adt(a, c), TyKind::Adt(b, d)) => a == b && all(c, d),
        (
            TyKind::Fn {
                params: a,
                result: c,
            },
            TyKind::Fn {
                params: b,
                result: d,
            },
        ) => all(a, b) && overlap(types, *c, *d),
        _ => a == b,
    }
}

fn twice(world: &World<'_>, function: &Signature<'_>, first: &Signature<'_>) -> Diagnostic {
    let message = format!("`{}` is declared twice", function.display);
    let file = world.file(function.module);
    Diagnostic::error(code::DUPLICATE_NAME, file, function.span, message).label_in(
        world.file(first.module),
        first.span,
        format!("`{}` takes the same receivers", first.display),
    )
}

/// Checks what types say about data: keys, tags, `main`.
pub(super) fn world(world: &World<'_>, types: &Types, keys: &[WrittenKey], sink: &mut Sink) {
    let mut validator = Validator { world, types, sink };
    for key in keys {
        validator.key(key);
    }
    for tag in &world.tags {
        let file = world.file(tag.module);
        let what = format!("the value of the tag `{}`", tag.name);
        validator.data(file, tag.span, tag.value, Bound::Data, &what);
        for (name, ty, span) in &tag.params {
            validator.data(
                file,
                *span,
                *ty,
                Bound::Hash,
                &format!("`{name}`, which names a tag,"),
            );
        }
    }
    validator.main();
    for (adt, defaults) in world.adts.iter().zip(&world.field_defaults) {
        debug_assert_eq!(adt.fields().len(), defaults.len());
    }
}

struct Validator<'a> {
    world: &'a World<'a>,
    types: &'a Types,
    sink: &'a mut Sink,
}

impl Validator<'_> {
    /// A key whose type is a parameter gets its bound where that is used.
    fn key(&mut self, key: &WrittenKey) {
        if self.types.has_param(key.ty) {
            return;
        }
        if !self.world.traits.has(self.types, key.ty, Bound::Hash, &[]) {
            let shown = self.types.show(key.ty, &self.world.adts, &[]);
            let message = format!("`{shown}` cannot be a key");
            let error = Diagnostic::error(code::MISSING_BOUND, key.file, key.span, message)
                .note("keys are immutable data without `Float`");
            self.sink.push(error);
        }
    }

    fn data(&mut self, file: FileId, span: Span, ty: Ty, bound: Bound, what: &str) {
        self.data_in(file, span, ty, bound, what, &[]);
    }

    fn data_in(
        &mut self,
        file: FileId,
        span: Span,
        ty: Ty,
        bound: Bound,
        what: &str,
        generics: &[Generic],
    ) {
        if self.world.traits.has(self.types, ty, bound, generics) {
            return;
        }
        let shown = self.types.show(ty, &self.world.adts, generics);
        let (must, note) = match bound {
            Bound::Hash => (
                "must be immutable data without `Float`",
                "it is compared and hashed",
            ),
            _ => (
                "must be data",
                "a function inside it cannot leave the message",
            ),
        };
        let message = format!("{what} {must}, and `{shown}` is not");
        let error = Diagnostic::error(code::NOT_DATA, file, span, message);
        self.sink.push(error.note(note));
    }

    fn main(&mut self) {
        let Some(main) = self.world.main.map(|id| self.world.function(id)) else {
            return;
        };
        let file = self.world.file(main.module);
        if !main.generics.is_empty() || matches!(main.body, SignatureBody::Native) {
            let message = "`main` takes no generic parameters";
            let error = Diagnostic::error(code::BAD_MAIN, file, main.span, message);
            self.sink
                .push(error.note("its arguments come from the command line"));
            return;
        }
        for param in &main.params {
            let what = format!("the parameter `{}` of `main`", param.name);
            self.data_in(
                file,
                param.span,
                param.ty,
                Bound::Data,
                &what,
                &main.generics,
            );
        }
        self.data_in(
            file,
            main.span,
            main.result,
            Bound::Data,
            "the result of `main`",
            &[],
        );
    }
}
