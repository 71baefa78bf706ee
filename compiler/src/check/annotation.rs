//! From a type as it is written to a [`Ty`].

use super::scope::{Binding, Entity, Names, SCALAR_NAMES, scalar};
use super::sink::Sink;
use super::suggest::nearest;
use crate::ast::{self, FileId, GenericParam, Ident, Span, TypeKind};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::limits::{MAX_GENERICS, MAX_TYPE_SIZE};
use crate::typed::{Bound, Bounds, Generic, ModuleId, Name, Ty, TyKind, Types};

/// Resolves the types written in one module, within one list of generic parameters.
pub(super) struct Annotations<'a> {
    pub names: &'a Names,
    pub types: &'a mut Types,
    pub sink: &'a mut Sink,
    /// By import: whether a name it brings was used.
    pub used: &'a mut [bool],
    pub module: ModuleId,
    pub file: FileId,
    pub generics: &'a [Generic],
    /// What `Self` stands for: the target of the `impl` around.
    pub self_ty: Option<Ty>,
    /// Types written as keys: they must have `Hash`, which is known only after all types are.
    pub keys: &'a mut Vec<WrittenKey>,
}

/// The type of a map's keys or a set's elements, where it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenKey {
    pub ty: Ty,
    pub file: FileId,
    pub span: Span,
}

impl Annotations<'_> {
    pub(super) fn ty(&mut self, written: &ast::Type) -> Ty {
        let ty = self.parts(written);
        if self.types.size(ty) > MAX_TYPE_SIZE {
            self.error(code::TYPE_TOO_LARGE, written.span, "this type is too large");
            return Ty::ERROR;
        }
        ty
    }

    /// The result of a function, which may be `Never`; absent: `Unit`.
    pub(super) fn result(&mut self, written: Option<&ast::Type>) -> Ty {
        match written.map(|written| &written.kind) {
            None => Ty::UNIT,
            Some(TypeKind::Named {
                module: None,
                name,
                args,
            }) if args.is_empty() && name.name == "Never" && self.item(&name.name).is_none() => {
                Ty::NEVER
            }
            Some(_) => written.map_or(Ty::UNIT, |written| self.ty(written)),
        }
    }

    fn parts(&mut self, written: &ast::Type) -> Ty {
        let kind = match &written.kind {
            TypeKind::Error => return Ty::ERROR,
            TypeKind::Unit => return Ty::UNIT,
            TypeKind::Named { module, name, args } => {
                return self.named(module.as_ref(), name, args);
            }
            TypeKind::List(of) => TyKind::List(self.parts(of)),
            TypeKind::Option(of) => TyKind::Option(self.parts(of)),
            TypeKind::Map(key, value) => TyKind::Map(self.key(key), self.parts(value)),
            TypeKind::Tuple(parts) => TyKind::Tuple(self.list(parts)),
            TypeKind::Fn { params, result } => TyKind::Fn {
                params: self.list(params),
                result: self.result(result.as_deref()),
            },
        };
        self.types.intern(kind)
    }

    fn list(&mut self, written: &[ast::Type]) -> Box<[Ty]> {
        written.iter().map(|part| self.parts(part)).collect()
    }

    fn key(&mut self, written: &ast::Type) -> Ty {
        let ty = self.parts(written);
        if ty != Ty::ERROR {
            let (file, span) = (self.file, written.span);
            self.keys.push(WrittenKey { ty, file, span });
        }
        ty
    }

    fn named(&mut self, module: Option<&Ident>, name: &Ident, args: &[ast::Type]) -> Ty {
        if module.is_none()
            && let Some(at) = self.generic(&name.name)
        {
            self.arity(name, args, 0);
            return self.types.intern(TyKind::Param(at));
        }
        if module.is_none()
            && name.name == "Self"
            && let Some(ty) = self.self_ty
        {
            self.arity(name, args, 0);
            return ty;
        }
        let binding = match module {
            Some(module) => match self.qualified(module, name) {
                Some(binding) => Some(binding),
                None => return Ty::ERROR,
            },
            None => self.item(&name.name),
        };
        match binding.map(|binding| (binding.entity, binding.import)) {
            Some((Entity::Adt(adt), import)) => {
                self.mark(import);
                let arity = self.names.adts[adt.index()].arity;
                let args = self.args(name, args, arity);
                self.types.intern(TyKind::Adt(adt, args))
            }
            Some((entity, _)) if scalar(&name.name).is_none() => {
                let message = format!("`{name}` is {}, not a type", entity.article());
                self.error(code::UNKNOWN_TYPE, name.span, message);
                Ty::ERROR
            }
            _ => self.builtin(name, args),
        }
    }

    fn mark(&mut self, import: Option<super::scope::ImportId>) {
        if let Some(import) = import {
            self.used[import.0 as usize] = true;
        }
    }

    fn generic(&self, name: &Name) -> Option<u32> {
        let at = self
            .generics
            .iter()
            .position(|generic| generic.name == *name)?;
        u32::try_from(at).ok()
    }

    fn item(&self, name: &str) -> Option<Binding> {
        self.names.lookup(self.module, name).cloned()
    }

    /// A public name of an imported module.
    fn qualified(&mut self, module: &Ident, name: &Ident) -> Option<Binding> {
        let found = self.item(&module.name);
        let Some(Binding {
            entity: Entity::Module(target),
            import,
            ..
        }) = found
        else {
            let message = format!("there is no module `{module}` here");
            self.error(code::UNKNOWN_NAME, module.span, message);
            return None;
        };
        self.mark(import);
        let binding = self.names.public(target, &name.name).cloned();
        if binding.is_none() {
            let message = format!("`{module}` has no public type `{name}`");
            let error = Diagnostic::error(code::UNKNOWN_TYPE, self.file, name.span, message);
            let near = self.names.nearest_public(target, &name.name);
            self.sink.push(did_you_mean(error, name.span, near));
        }
        binding
    }

    fn builtin(&mut self, name: &Ident, args: &[ast::Type]) -> Ty {
        if let Some(ty) = scalar(&name.name) {
            self.arity(name, args, 0);
            return ty;
        }
        match &*name.name {
            "Set" => {
                if args.len() == 1 {
                    let of = self.key(&args[0]);
                    return self.types.intern(TyKind::Set(of));
                }
                self.arity(name, args, 1);
                Ty::ERROR
            }
            "Tag" => {
                let args = self.args(name, args, 1);
                self.types.intern(TyKind::Tag(args[0]))
            }
            _ => {
                self.unknown(name, args);
                Ty::ERROR
            }
        }
    }

    /// The type arguments, as many as are wanted.
    fn args(&mut self, name: &Ident, written: &[ast::Type], wanted: usize) -> Box<[Ty]> {
        if !self.arity(name, written, wanted) {
            return vec![Ty::ERROR; wanted].into();
        }
        self.list(written)
    }

    fn arity(&mut self, name: &Ident, written: &[ast::Type], wanted: usize) -> bool {
        if written.len() == wanted {
            return true;
        }
        let message = match wanted {
            0 => format!("`{name}` takes no type arguments"),
            1 => format!("`{name}` takes one type argument, as in `{name}<Int>`"),
            n => format!("`{name}` takes {n} type arguments, not {}", written.len()),
        };
        self.error(code::WRONG_TYPE_ARGUMENTS, name.span, message);
        false
    }

    fn unknown(&mut self, name: &Ident, args: &[ast::Type]) {
        let message = match &*name.name {
            "Never" => "`Never` can only be the result of a function".to_owned(),
            "Self" => {
                "`Self` is the type of an `impl` block, and there is none around this".to_owned()
            }
            _ => format!("there is no type `{name}`"),
        };
        let error = Diagnostic::error(code::UNKNOWN_TYPE, self.file, name.span, message);
        if let Some(written) = foreign(&name.name) {
            self.sink.push(match args {
                [] if scalar(written).is_some() => {
                    error.fix(Fix::new(format!("write `{written}`"), name.span, written))
                }
                _ => error.help(format!("the language writes `{written}`")),
            });
            return;
        }
        let scope = self.names.visible(self.module).filter(|name| {
            let binding = self.names.lookup(self.module, name);
            binding.is_some_and(|binding| matches!(binding.entity, Entity::Adt(_)))
        });
        let builtin = SCALAR_NAMES.iter().map(|(name, _)| *name);
        let generics = self.generics.iter().map(|generic| &*generic.name);
        let near = nearest(
            &name.name,
            scope.chain(builtin).chain(generics).chain(["Set", "Tag"]),
        );
        self.sink.push(did_you_mean(error, name.span, near));
    }

    fn error(&mut self, code: crate::diagnostic::Code, span: Span, message: impl Into<String>) {
        self.sink
            .push(Diagnostic::error(code, self.file, span, message));
    }
}

/// How the language writes what others call `name`.
fn foreign(name: &str) -> Option<&'static str> {
    Some(match name {
        "String" | "string" | "str" | "char" | "Char" => "Str",
        "int" | "i64" | "i32" | "u64" | "u32" | "usize" | "Integer" | "long" => "Int",
        "float" | "double" | "Double" | "f64" | "f32" | "number" | "Number" => "Float",
        "bool" | "boolean" | "Boolean" => "Bool",
        "void" | "Void" | "None" | "Nil" => "Unit",
        "List" | "Vec" | "Array" | "list" => "[T]",
        "Map" | "Dict" | "HashMap" | "Dictionary" | "map" | "dict" => "[K: V]",
        "Option" | "Optional" | "Maybe" => "T?",
        "HashSet" => "Set<T>",
        _ => return None,
    })
}

/// Adds the name that was probably meant, and the edit that writes it.
pub(super) fn did_you_mean(error: Diagnostic, span: Span, near: Option<&str>) -> Diagnostic {
    match near {
        Some(near) => error.fix(Fix::new(format!("did you mean `{near}`"), span, near)),
        None => error,
    }
}

/// Reads the generic parameters of an item, after those of its `impl`.
pub(super) fn generics(
    params: &[GenericParam],
    outer: &[Generic],
    file: FileId,
    sink: &mut Sink,
) -> Vec<Generic> {
    let mut all = outer.to_vec();
    for param in params {
        if let Some(first) = all.iter().find(|generic| generic.name == param.name.name) {
            let message = format!("two generic parameters are named `{}`", param.name);
            let error = Diagnostic::error(code::DUPLICATE_NAME, file, param.name.span, message);
            sink.push(error.label(first.span, "the first"));
            continue;
        }
        if all.len() == MAX_GENERICS {
            let message = format!("more than {MAX_GENERICS} generic parameters");
            sink.push(Diagnostic::error(
                code::TYPE_TOO_LARGE,
                file,
                param.span,
                message,
            ));
            break;
        }
        all.push(Generic {
            name: param.name.name.clone(),
            bounds: bounds(&param.bounds, file, sink),
            span: param.name.span,
        });
    }
    all
}

fn bounds(written: &[Ident], file: FileId, sink: &mut Sink) -> Bounds {
    let mut bounds = Bounds::NONE;
    for name in written {
        if let Some(bound) = Bound::ALL
            .into_iter()
            .find(|bound| name.name == *bound.name())
        {
            bounds = bounds.with(bound);
            continue;
        }
        let message = format!("there is no trait `{name}`");
        let error = Diagnostic::error(code::UNKNOWN_BOUND, file, name.span, message)
            .note("the traits are Eq, Ord, Hash, Show and Data");
        let near = nearest(&name.name, Bound::ALL.map(Bound::name));
        sink.push(did_you_mean(error, name.span, near));
    }
    bounds
}
