//! Unknown types, and making two types equal.

use crate::ast::Span;
use crate::limits::{MAX_TYPE_DEPTH, MAX_TYPE_SIZE, MAX_UNIFY_STEPS};
use crate::typed::{Name, Ty, TyKind, Types};

/// What is known of the unknown types of one function.
#[derive(Debug, Default)]
pub(super) struct Infer {
    unknowns: Vec<Unknown>,
    /// The unknowns that were given a type, in order, so that a trial can be taken back.
    trail: Vec<u32>,
}

#[derive(Debug)]
struct Unknown {
    ty: Option<Ty>,
    origin: Origin,
}

/// Where an unknown type comes from, for the message if it stays unknown.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub span: Span,
    pub what: Cause,
}

#[derive(Clone, Debug)]
pub(super) enum Cause {
    ListElement,
    MapEntry,
    SetElement,
    /// Of `None`.
    Payload,
    /// A parameter of a generic function or type.
    Generic {
        name: Name,
        of: Name,
    },
    ClosureParam(Name),
    ClosureResult,
    /// In place of something that was reported already.
    Nothing,
}

/// Why two types cannot be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    Different,
    /// One would contain itself.
    Infinite,
    TooLarge,
}

/// A point to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl Infer {
    pub(super) fn fresh(&mut self, types: &mut Types, span: Span, what: Cause) -> Ty {
        let id = u32::try_from(self.unknowns.len()).expect("bounded by the size of the source");
        self.unknowns.push(Unknown {
            ty: None,
            origin: Origin { span, what },
        });
        types.intern(TyKind::Infer(id))
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.trail.len())
    }

    pub(super) fn roll_back(&mut self, mark: Mark) {
        for id in self.trail.drain(mark.0..) {
            self.unknowns[id as usize].ty = None;
        }
    }

    /// The type with its outermost part known, as far as it is.
    pub(super) fn shallow(&self, types: &Types, mut ty: Ty) -> Ty {
        while let TyKind::Infer(id) = types.get(ty) {
            match self.unknowns[*id as usize].ty {
                Some(known) => ty = known,
                None => break,
            }
        }
        ty
    }

    pub(super) fn origin(&self, id: u32) -> &Origin {
        &self.unknowns[id as usize].origin
    }

    /// Gives up on an unknown type that has been reported.
    pub(super) fn give_up(&mut self, id: u32) {
        self.bind(id, Ty::ERROR);
    }

    fn bind(&mut self, id: u32, ty: Ty) {
        self.unknowns[id as usize].ty = Some(ty);
        self.trail.push(id);
    }

    /// The type with all that is known filled in. `Err`: it is too large.
    pub(super) fn deep(&self, types: &mut Types, ty: Ty) -> Result<Ty, Mismatch> {
        let ty = self.deep_at(types, ty, 0)?;
        if types.size(ty) > MAX_TYPE_SIZE {
            return Err(Mismatch::TooLarge);
        }
        Ok(ty)
    }

    fn deep_at(&self, types: &mut Types, ty: Ty, depth: u32) -> Result<Ty, Mismatch> {
        if !types.has_infer(ty) {
            return Ok(ty);
        }
        if depth > MAX_TYPE_DEPTH {
            return Err(Mismatch::TooLarge);
        }
        let ty = self.shallow(types, ty);
        let mut result = Ok(());
        let deep = types.map_parts(ty, |types, part| {
            if result.is_err() {
                return part;
            }
            match self.deep_at(types, part, depth + 1) {
                Ok(part) if types.size(part) <= MAX_TYPE_SIZE => part,
                _ => {
                    result = Err(Mismatch::TooLarge);
                    part
                }
            }
        });
        result.map(|()| deep)
    }

    /// Makes both types equal. After an error some parts may have been made equal: the caller
    /// reports it, or rolls back.
    pub(super) fn unify(&mut self, types: &Types, a: Ty, b: Ty) -> Result<(), Mismatch> {
        let mut steps = MAX_UNIFY_STEPS;
        self.unify_at(types, a, b, 0, &mut steps)
    }

    fn unify_at(
        &mut self,
        types: &Types,
        a: Ty,
        b: Ty,
        depth: u32,
        steps: &mut u32,
    ) -> Result<(), Mismatch> {
        let (a, b) = (self.shallow(types, a), self.shallow(types, b));
        if a == b {
            return Ok(());
        }
        if a == Ty::ERROR || b == Ty::ERROR {
            self.poison(types, if a == Ty::ERROR { b } else { a }, depth);
            return Ok(());
        }
        if depth > MAX_TYPE_DEPTH || *steps == 0 {
            return Err(Mismatch::TooLarge);
        }
        *steps -= 1;
        let mut all = |infer: &mut Self, pairs: &mut dyn Iterator<Item = (Ty, Ty)>| {
            for (a, b) in pairs {
                infer.unify_at(types, a, b, depth + 1, steps)?;
            }
            Ok(())
        };
        match (types.get(a), types.get(b)) {
            // The older one stays: a message about it points to where it first came from.
            (TyKind::Infer(x), TyKind::Infer(y)) if x < y => self.assign(types, *y, a),
            (TyKind::Infer(id), _) => self.assign(types, *id, b),
            (_, TyKind::Infer(id)) => self.assign(types, *id, a),
            (TyKind::List(a), TyKind::List(b))
            | (TyKind::Set(a), TyKind::Set(b))
            | (TyKind::Option(a), TyKind::Option(b))
            | (TyKind::Tag(a), TyKind::Tag(b)) => all(self, &mut [(*a, *b)].into_iter()),
            (TyKind::Map(k, v), TyKind::Map(l, w)) => {
                all(self, &mut [(*k, *l), (*v, *w)].into_iter())
            }
            (TyKind::Tuple(a), TyKind::Tuple(b)) if a.len() == b.len() => {
                all(self, &mut pairs(a, b))
            }
            (TyKind::Adt(a, c), TyKind::Adt(b, d)) if a == b => all(self, &mut pairs(c, d)),
            (
                TyKind::Fn {
                    params: a,
                    result: c,
                },
                TyKind::Fn {
                    params: b,
                    result: d,
                },
            ) if a.len() == b.len() => all(self, &mut pairs(a, b).chain([(*c, *d)])),
            _ => Err(Mismatch::Different),
        }
    }

    /// What meets an error is one as far as it is unknown, so that it is not reported once more.
    fn poison(&mut self, types: &Types, ty: Ty, depth: u32) {
        if !types.has_infer(ty) || depth > MAX_TYPE_DEPTH {
            return;
        }
        let ty = self.shallow(types, ty);
        let kind = types.get(ty);
        if let TyKind::Infer(id) = kind {
            self.bind(*id, Ty::ERROR);
        }
        kind.for_each_part(|part| self.poison(types, part, depth + 1));
    }

    fn assign(&mut self, types: &Types, id: u32, ty: Ty) -> Result<(), Mismatch> {
        let mut steps = MAX_UNIFY_STEPS;
        self.occurs(types, id, ty, 0, &mut steps)?;
        self.bind(id, ty);
        Ok(())
    }

    /// An error if the unknown `id` stands in `ty`.
    fn occurs(
        &self,
        types: &Types,
        id: u32,
        ty: Ty,
        depth: u32,
        steps: &mut u32,
    ) -> Result<(), Mismatch> {
        if !types.has_infer(ty) {
            return Ok(());
        }
        if depth > MAX_TYPE_DEPTH || *steps == 0 {
            return Err(Mismatch::TooLarge);
        }
        *steps -= 1;
        let ty = self.shallow(types, ty);
        let kind = types.get(ty);
        if *kind == TyKind::Infer(id) {
            return Err(Mismatch::Infinite);
        }
        let mut result = Ok(());
        kind.for_each_part(|part| {
            if result.is_ok() {
                result = self.occurs(types, id, part, depth + 1, steps);
            }
        });
        result
    }
}

fn pairs<'t>(a: &'t [Ty], b: &'t [Ty]) -> impl Iterator<Item = (Ty, Ty)> + 't {
    a.iter().copied().zip(b.iter().copied())
}
