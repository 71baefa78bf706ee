//! Types of a checked program as text that another program can hold.

use std::collections::BTreeSet;

use sm_compiler::check::PRELUDE;
use sm_compiler::typed::{AdtId, AdtKind, Program, Ty, TyKind};

use super::binding::{Identity, TypeText};

/// A type that has a name in every program and whose values can leave a message; `None` for others.
pub(crate) fn data(program: &Program, ty: Ty) -> Option<TypeText> {
    let mut writer = Writer {
        program,
        imports: BTreeSet::new(),
    };
    let text = is_data(program, ty).then(|| writer.write(ty)).flatten()?;
    Some(TypeText {
        text,
        shown: shown(program, ty),
        imports: writer.imports,
        identity: identity(program, ty),
    })
}

/// As people read it.
pub(crate) fn shown(program: &Program, ty: Ty) -> String {
    program.types.show(ty, &program.adts, &[])
}

/// What `is` can compare.
fn identity(program: &Program, ty: Ty) -> Identity {
    match program.types.get(ty) {
        TyKind::List(_) | TyKind::Map(..) | TyKind::Set(_) => Identity::Reference,
        TyKind::Adt(adt, _) => match program.adt(*adt).kind {
            AdtKind::Struct { .. } => Identity::Reference,
            AdtKind::Enum { .. } => Identity::None,
        },
        _ => Identity::None,
    }
}

/// Whether no function is in it.
pub(crate) fn is_data(program: &Program, ty: Ty) -> bool {
    let mut seen = BTreeSet::new();
    let mut queue = vec![ty];
    let mut is_data = true;
    while let Some(ty) = queue.pop() {
        let mut adts: Vec<AdtId> = Vec::new();
        program.types.for_each_within(ty, &mut |kind| match kind {
            TyKind::Fn { .. } | TyKind::Error | TyKind::Infer(_) | TyKind::Never => {
                is_data = false;
            }
            TyKind::Adt(adt, _) => adts.push(*adt),
            _ => {}
        });
        for adt in adts {
            if seen.insert(adt) {
                let adt = program.adt(adt);
                let variants = adt.variants().iter().flat_map(|variant| &variant.fields);
                queue.extend(adt.fields().iter().chain(variants).map(|field| field.ty));
            }
        }
    }
    is_data
}

struct Writer<'p> {
    program: &'p Program,
    imports: BTreeSet<(String, String)>,
}

impl Writer<'_> {
    fn write(&mut self, ty: Ty) -> Option<String> {
        Some(match self.program.types.get(ty) {
            TyKind::List(of) => format!("[{}]", self.write(*of)?),
            TyKind::Set(of) => format!("Set<{}>", self.write(*of)?),
            TyKind::Tag(of) => format!("Tag<{}>", self.write(*of)?),
            TyKind::Option(of) => format!("{}?", self.write(*of)?),
            TyKind::Map(key, value) => format!("[{}: {}]", self.write(*key)?, self.write(*value)?),
            TyKind::Tuple(parts) => format!("({})", self.all(parts)?),
            TyKind::Adt(adt, args) if args.is_empty() => self.adt(*adt)?,
            TyKind::Adt(adt, args) => format!("{}<{}>", self.adt(*adt)?, self.all(args)?),
            TyKind::Fn { .. }
            | TyKind::AnyTag
            | TyKind::Never
            | TyKind::Error
            | TyKind::Param(_)
            | TyKind::Infer(_) => return None,
            scalar => format!("{scalar:?}"),
        })
    }

    fn all(&mut self, parts: &[Ty]) -> Option<String> {
        let parts: Option<Vec<String>> = parts.iter().map(|part| self.write(*part)).collect();
        Some(parts?.join(", "))
    }

    /// A type of another module has its name through an import that only glue can name.
    fn adt(&mut self, adt: AdtId) -> Option<String> {
        let adt = self.program.adt(adt);
        let module = self.program.module(adt.module);
        let is_root = adt.module.index() + 1 == self.program.modules.len();
        if is_root || module.path == PRELUDE {
            return Some(adt.name.to_string());
        }
        if !adt.public {
            return None;
        }
        let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let alias = format!("__{}", module.path.chars().map(letter).collect::<String>());
        let name = format!("{alias}.{}", adt.name);
        self.imports.insert((module.path.to_string(), alias));
        Some(name)
    }
}

/// Fields and methods of a type.
pub(crate) fn members(program: &Program, ty: Ty) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let kind = program.types.get(ty);
    if let TyKind::Adt(adt, _) = kind {
        let fields = program.adt(*adt).fields().iter();
        names.extend(fields.filter_map(|field| field.name.as_ref().map(ToString::to_string)));
    }
    for function in &program.functions {
        let Some(first) = function.params.first() else {
            continue;
        };
        let of = &function.locals[first.index()];
        if of.name == "self"
            && has_same_head(kind, program.types.get(of.ty))
            && let Some((_, method)) = function.name.rsplit_once('.')
        {
            let method = method.split('(').next().unwrap_or(method);
            names.insert(format!("{method}("));
        }
    }
    names
}

/// Whether they are the same type, whatever their parts are.
fn has_same_head(one: &TyKind, other: &TyKind) -> bool {
    match (one, other) {
        (TyKind::Adt(one, _), TyKind::Adt(other, _)) => one == other,
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}
