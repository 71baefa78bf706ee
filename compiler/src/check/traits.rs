//! Which types have which built-in traits.
//!
//! Traits are derived: a type has one if its parts have it. For a generic type that is computed
//! once, as the set of its parameters that must have the trait (or that it never has it), looking
//! at each declaration again when one that it uses has changed. So a question about a type only
//! looks at the type as it is written, never into declarations, and recursive types need no special
//! care.

use std::collections::VecDeque;

use crate::ast::Mutability;
use crate::typed::{Adt, AdtId, AdtKind, Bound, Field, Generic, Ty, TyKind, Types};

/// What a type needs of its parameters to have a trait: a set of them, or it never has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Params(u64),
    Never,
}

impl Needs {
    const NOTHING: Self = Self::Params(0);

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Params(a), Self::Params(b)) => Self::Params(a | b),
            _ => Self::Never,
        }
    }
}

/// The traits of all structs and enums.
#[derive(Debug, Default)]
pub(super) struct Traits {
    /// By type, then by trait.
    adts: Vec<[Needs; Bound::ALL.len()]>,
}

/// For each type the types that hold it in a field.
fn users(adts: &[Adt], types: &Types) -> Vec<Vec<usize>> {
    let mut users = vec![Vec::new(); adts.len()];
    for (at, adt) in adts.iter().enumerate() {
        let of_variants = adt.variants().iter().flat_map(|variant| &variant.fields);
        for field in adt.fields().iter().chain(of_variants) {
            types.for_each_within(field.ty, &mut |kind| {
                if let TyKind::Adt(used, _) = kind {
                    users[used.index()].push(at);
                }
            });
        }
    }
    for list in &mut users {
        list.dedup();
    }
    users
}

/// How a kind of type comes to a trait.
enum Rule<'t> {
    Has,
    Lacks,
    Parts(&'t [Ty]),
    Param(u32),
    Adt(AdtId, &'t [Ty]),
}

impl Traits {
    pub(super) fn derive(adts: &[Adt], types: &Types) -> Self {
        let mut traits = Self {
            adts: vec![[Needs::NOTHING; Bound::ALL.len()]; adts.len()],
        };
        let users = users(adts, types);
        for bound in Bound::ALL {
            traits.settle(adts, types, &users, bound);
        }
        traits
    }

    /// Computes one trait for all types, again for those whose parts have changed. Needs only grow,
    /// at most by one parameter at a time, so this ends.
    fn settle(&mut self, adts: &[Adt], types: &Types, users: &[Vec<usize>], bound: Bound) {
        let mut queue: VecDeque<usize> = (0..adts.len()).collect();
        let mut queued = vec![true; adts.len()];
        while let Some(at) = queue.pop_front() {
            queued[at] = false;
            let now = self.of_adt(&adts[at], types, bound);
            if now == self.adts[at][bound as usize] {
                continue;
            }
            self.adts[at][bound as usize] = now;
            for &user in &users[at] {
                if !queued[user] {
                    queued[user] = true;
                    queue.push_back(user);
                }
            }
        }
    }

    fn of_adt(&self, adt: &Adt, types: &Types, bound: Bound) -> Needs {
        let mut needs = Needs::NOTHING;
        let immutable = matches!(bound, Bound::Eq | Bound::Ord | Bound::Hash);
        let mut field = |field: &Field| {
            if immutable && field.mutability == Mutability::Var {
                needs = Needs::Never;
            }
            needs = needs.and(self.needs(types, field.ty, bound));
        };
        match &adt.kind {
            AdtKind::Struct { fields } => fields.iter().for_each(&mut field),
            AdtKind::Enum { variants } => {
                variants
                    .iter()
                    .flat_map(|one| &one.fields)
                    .for_each(&mut field);
            }
        }
        needs
    }

    fn needs(&self, types: &Types, ty: Ty, bound: Bound) -> Needs {
        let all = |parts: &[Ty]| {
            let needs = parts.iter().map(|part| self.needs(types, *part, bound));
            needs.fold(Needs::NOTHING, Needs::and)
        };
        match rule(types.get(ty), bound) {
            Rule::Has => Needs::NOTHING,
            Rule::Lacks => Needs::Never,
            Rule::Parts(parts) => all(parts),
            Rule::Param(index) => Needs::Params(1 << index.min(63)),
            Rule::Adt(adt, args) => match self.adts[adt.index()][bound as usize] {
                Needs::Never => Needs::Never,
                Needs::Params(params) => {
                    let args = args.iter().enumerate();
                    let needed = args.filter(|(at, _)| params & (1 << at) != 0);
                    let needs = needed.map(|(_, arg)| self.needs(types, *arg, bound));
                    needs.fold(Needs::NOTHING, Needs::and)
                }
            },
        }
    }

    /// Whether `ty` has the trait, within a function with these generic parameters.
    pub(super) fn has(&self, types: &Types, ty: Ty, bound: Bound, generics: &[Generic]) -> bool {
        match self.needs(types, ty, bound) {
            Needs::Never => false,
            Needs::Params(params) => generics
                .iter()
                .enumerate()
                .all(|(at, generic)| params & (1 << at) == 0 || implied(generic, bound)),
        }
    }

    /// The field because of which a struct or enum never has the trait.
    pub(super) fn field_at_fault<'a>(
        &self,
        types: &Types,
        adt: &'a Adt,
        bound: Bound,
    ) -> Option<&'a Field> {
        let immutable = matches!(bound, Bound::Eq | Bound::Ord | Bound::Hash);
        let of_variants = adt.variants().iter().flat_map(|variant| &variant.fields);
        adt.fields().iter().chain(of_variants).find(|field| {
            immutable && field.mutability == Mutability::Var
                || self.needs(types, field.ty, bound) == Needs::Never
        })
    }

    /// The part of `ty` that keeps it from having the trait, if that is a part of it as written.
    pub(super) fn culprit(
        &self,
        types: &Types,
        ty: Ty,
        bound: Bound,
        generics: &[Generic],
    ) -> Option<Ty> {
        let parts: &[Ty] = match rule(types.get(ty), bound) {
            Rule::Parts(parts) => parts,
            Rule::Adt(adt, args) if self.adts[adt.index()][bound as usize] != Needs::Never => args,
            _ => return None,
        };
        let part = parts.iter().copied();
        let mut lacking = part.filter(|part| !self.has(types, *part, bound, generics));
        let part = lacking.next()?;
        self.culprit(types, part, bound, generics).or(Some(part))
    }
}

/// Whether the bounds of a parameter give the trait: every trait but Show and Data implies those
/// two, which are the same (no function inside), and Ord and Hash imply Eq.
fn implied(generic: &Generic, bound: Bound) -> bool {
    let has = |bounds: &[Bound]| bounds.iter().any(|bound| generic.bounds.has(*bound));
    match bound {
        Bound::Ord => has(&[Bound::Ord]),
        Bound::Hash => has(&[Bound::Hash]),
        Bound::Eq => has(&[Bound::Eq, Bound::Ord, Bound::Hash]),
        Bound::Show | Bound::Data => has(&Bound::ALL),
    }
}

fn rule(kind: &TyKind, bound: Bound) -> Rule<'_> {
    let parts = |parts| match bound {
        Bound::Hash => Rule::Lacks,
        _ => Rule::Parts(parts),
    };
    match kind {
        TyKind::Float if bound == Bound::Hash => Rule::Lacks,
        TyKind::Place | TyKind::AnyTag => match bound {
            Bound::Ord | Bound::Hash => Rule::Lacks,
            _ => Rule::Has,
        },
        // What the tag's value is does not matter: the tag is only its name.
        TyKind::Tag(_) if matches!(bound, Bound::Ord | Bound::Hash) => Rule::Lacks,
        TyKind::Tag(_) => Rule::Has,
        TyKind::List(of) => parts(std::slice::from_ref(of)),
        TyKind::Option(of) => Rule::Parts(std::slice::from_ref(of)),
        TyKind::Tuple(of) => Rule::Parts(of),
        TyKind::Map(..) | TyKind::Set(_) if bound == Bound::Ord => Rule::Lacks,
        // Keys are immutable data with Eq already.
        TyKind::Map(_, value) => parts(std::slice::from_ref(value)),
        TyKind::Set(of) => parts(std::slice::from_ref(of)),
        TyKind::Fn { .. } => Rule::Lacks,
        TyKind::Param(index) => Rule::Param(*index),
        TyKind::Adt(adt, args) => Rule::Adt(*adt, args),
        // Scalars; and what is unknown or wrong has been reported elsewhere.
        _ => Rule::Has,
    }
}
