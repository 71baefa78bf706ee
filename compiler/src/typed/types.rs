//! Types, interned: equal types have equal [`Ty`]s.

use std::collections::HashMap;

use super::{Adt, AdtId, Generic};

/// A type: an index into the [`Types`] of its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ty(u32);

impl Ty {
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TyKind {
    Unit,
    Bool,
    Int,
    Float,
    Duration,
    Str,
    Bytes,
    Id,
    Node,
    Hop,
    Name,
    Place,
    /// A tag whose value type is forgotten.
    AnyTag,
    /// Of what does not end.
    Never,
    /// Of what could not be understood.
    Error,
    List(Ty),
    Map(Ty, Ty),
    Set(Ty),
    Option(Ty),
    /// Two or more.
    Tuple(Box<[Ty]>),
    Fn {
        params: Box<[Ty]>,
        result: Ty,
    },
    Tag(Ty),
    Adt(AdtId, Box<[Ty]>),
    /// A generic parameter of the function or type it stands in.
    Param(u32),
    /// A type that is not yet known; only while a function is checked.
    Infer(u32),
}

macro_rules! scalars {
    ($($constant:ident = $kind:ident),* $(,)?) => {
        const SCALARS: &[TyKind] = &[$(TyKind::$kind),*];

        #[expect(
            non_camel_case_types,
            clippy::upper_case_acronyms,
            reason = "the index of a constant, named as it is"
        )]
        #[derive(Clone, Copy)]
        enum Scalar { $($constant),* }

        /// The types without parts stand at the same index in every store.
        impl Ty {
            $(pub const $constant: Self = Self(Scalar::$constant as u32);)*
        }
    };
}

scalars! {
    UNIT = Unit,
    BOOL = Bool,
    INT = Int,
    FLOAT = Float,
    DURATION = Duration,
    STR = Str,
    BYTES = Bytes,
    ID = Id,
    NODE = Node,
    HOP = Hop,
    NAME = Name,
    PLACE = Place,
    ANY_TAG = AnyTag,
    NEVER = Never,
    ERROR = Error,
}

/// All types of a program, each once.
#[derive(Clone, Debug)]
pub struct Types {
    kinds: Vec<TyKind>,
    facts: Vec<Facts>,
    index: HashMap<TyKind, Ty>,
}

/// What is known of a type without looking into it again.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    /// Parts of parts, saturating: the length of the type as written.
    size: u32,
    /// The type holds a [`TyKind::Infer`] or [`TyKind::Param`].
    infer: bool,
    param: bool,
    error: bool,
}

impl Default for Types {
    fn default() -> Self {
        Self::new()
    }
}

impl Types {
    #[must_use]
    pub fn new() -> Self {
        let mut types = Self {
            kinds: Vec::new(),
            facts: Vec::new(),
            index: HashMap::new(),
        };
        for kind in SCALARS {
            types.intern(kind.clone());
        }
        types
    }

    #[must_use]
    pub fn get(&self, ty: Ty) -> &TyKind {
        &self.kinds[ty.0 as usize]
    }

    /// The type of this kind.
    pub fn intern(&mut self, kind: TyKind) -> Ty {
        if let Some(&ty) = self.index.get(&kind) {
            return ty;
        }
        let ty = Ty(u32::try_from(self.kinds.len()).expect("fewer types than bytes of source"));
        self.facts.push(self.facts_of(&kind));
        self.kinds.push(kind.clone());
        self.index.insert(kind, ty);
        ty
    }

    fn facts_of(&self, kind: &TyKind) -> Facts {
        let mut facts = Facts {
            size: 1,
            infer: matches!(kind, TyKind::Infer(_)),
            param: matches!(kind, TyKind::Param(_)),
            error: matches!(kind, TyKind::Error),
        };
        kind.for_each_part(|part| {
            let of_part = self.facts[part.0 as usize];
            facts.size = facts.size.saturating_add(of_part.size);
            facts.infer |= of_part.infer;
            facts.param |= of_part.param;
            facts.error |= of_part.error;
        });
        facts
    }

    /// How many types stand in it, itself included, each as often as it is written.
    #[must_use]
    pub fn size(&self, ty: Ty) -> u32 {
        self.facts[ty.0 as usize].size
    }

    #[must_use]
    pub fn has_infer(&self, ty: Ty) -> bool {
        self.facts[ty.0 as usize].infer
    }

    #[must_use]
    pub fn has_param(&self, ty: Ty) -> bool {
        self.facts[ty.0 as usize].param
    }

    #[must_use]
    pub fn has_error(&self, ty: Ty) -> bool {
        self.facts[ty.0 as usize].error
    }

    /// How many distinct types there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The type with `args[i]` in the place of each `Param(i)`.
    pub fn substitute(&mut self, ty: Ty, args: &[Ty]) -> Ty {
        if args.is_empty() || !self.has_param(ty) {
            return ty;
        }
        if let TyKind::Param(index) = *self.get(ty) {
            return args.get(index as usize).copied().unwrap_or(ty);
        }
        self.map_parts(ty, |types, part| types.substitute(part, args))
    }

    /// Calls `f` with the kind of the type, of its parts, of their parts, as often as each is
    /// written.
    pub fn for_each_within(&self, ty: Ty, f: &mut impl FnMut(&TyKind)) {
        let kind = self.get(ty);
        f(kind);
        kind.for_each_part(|part| self.for_each_within(part, f));
    }

    /// The type with each of its direct parts replaced.
    pub fn map_parts(&mut self, ty: Ty, mut f: impl FnMut(&mut Self, Ty) -> Ty) -> Ty {
        let kind = self.get(ty).clone();
        let mut list = |types: &mut Self, parts: &[Ty]| -> Box<[Ty]> {
            parts.iter().map(|part| f(types, *part)).collect()
        };
        let mapped = match kind {
            TyKind::List(of) => TyKind::List(list(self, &[of])[0]),
            TyKind::Set(of) => TyKind::Set(list(self, &[of])[0]),
            TyKind::Option(of) => TyKind::Option(list(self, &[of])[0]),
            TyKind::Tag(of) => TyKind::Tag(list(self, &[of])[0]),
            TyKind::Map(key, value) => {
                let parts = list(self, &[key, value]);
                TyKind::Map(parts[0], parts[1])
            }
            TyKind::Tuple(parts) => TyKind::Tuple(list(self, &parts)),
            TyKind::Adt(adt, args) => TyKind::Adt(adt, list(self, &args)),
            TyKind::Fn { params, result } => TyKind::Fn {
                params: list(self, &params),
                result: list(self, &[result])[0],
            },
            _ => return ty,
        };
        self.intern(mapped)
    }

    /// The type as the language writes it. `Param`s are written with the names of `generics`.
    #[must_use]
    pub fn show(&self, ty: Ty, adts: &[Adt], generics: &[Generic]) -> String {
        let mut out = String::new();
        let mut writer = Writer {
            types: self,
            adts,
            generics,
            budget: SHOWN_PARTS,
        };
        writer.write(ty, &mut out);
        out
    }
}

impl TyKind {
    /// Calls `f` with each type that stands directly in this one.
    pub fn for_each_part(&self, mut f: impl FnMut(Ty)) {
        match self {
            Self::List(of) | Self::Set(of) | Self::Option(of) | Self::Tag(of) => f(*of),
            Self::Map(key, value) => {
                f(*key);
                f(*value);
            }
            Self::Tuple(parts) | Self::Adt(_, parts) => parts.iter().copied().for_each(f),
            Self::Fn { params, result } => {
                params.iter().copied().for_each(&mut f);
                f(*result);
            }
            _ => {}
        }
    }
}

/// Parts of a type that are written out; the rest is `..`: a message has to stay readable.
const SHOWN_PARTS: u32 = 60;

struct Writer<'a> {
    types: &'a Types,
    adts: &'a [Adt],
    generics: &'a [Generic],
    budget: u32,
}

impl Writer<'_> {
    fn write(&mut self, ty: Ty, out: &mut String) {
        if self.budget == 0 {
            out.push_str("..");
            return;
        }
        self.budget -= 1;
        match self.types.get(ty) {
            TyKind::List(of) => self.around("[", *of, "]", out),
            TyKind::Set(of) => self.around("Set<", *of, ">", out),
            TyKind::Tag(of) => self.around("Tag<", *of, ">", out),
            TyKind::Option(of) => self.option(*of, out),
            TyKind::Map(key, value) => {
                self.around("[", *key, ": ", out);
                self.around("", *value, "]", out);
            }
            TyKind::Tuple(parts) => self.list("(", parts, ")", out),
            TyKind::Fn { params, result } => {
                self.list("fn(", params, ")", out);
                if *result != Ty::UNIT {
                    self.around(" -> ", *result, "", out);
                }
            }
            TyKind::Adt(adt, args) => {
                out.push_str(self.adts.get(adt.index()).map_or("?", |adt| &adt.name));
                if !args.is_empty() {
                    self.list("<", args, ">", out);
                }
            }
            TyKind::Param(index) => {
                let generic = self.generics.get(*index as usize);
                out.push_str(generic.map_or("?", |generic| &generic.name));
            }
            TyKind::Infer(_) | TyKind::Error => out.push('_'),
            scalar => out.push_str(&format!("{scalar:?}")),
        }
    }

    fn around(&mut self, before: &str, ty: Ty, after: &str, out: &mut String) {
        out.push_str(before);
        self.write(ty, out);
        out.push_str(after);
    }

    /// `(fn() -> T)?` is no `fn() -> T?`.
    fn option(&mut self, of: Ty, out: &mut String) {
        let is_fn = matches!(self.types.get(of), TyKind::Fn { .. });
        let (before, after) = if is_fn { ("(", ")?") } else { ("", "?") };
        self.around(before, of, after, out);
    }

    fn list(&mut self, before: &str, parts: &[Ty], after: &str, out: &mut String) {
        out.push_str(before);
        for (i, part) in parts.iter().enumerate() {
            self.around(if i == 0 { "" } else { ", " }, *part, "", out);
            if self.budget == 0 {
                break;
            }
        }
        out.push_str(after);
    }
}
