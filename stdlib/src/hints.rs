//! Where in the library something is that a program uses and does not import.

use std::sync::OnceLock;

use sm_compiler::ast::{FileId, Ident, Item, ItemKind, Visibility};
use sm_compiler::diagnostic::{Code, code};
use sm_compiler::parse;

use crate::{importable, source};

/// What to import for a name that a diagnostic with this code is about, if the library has it.
#[must_use]
pub fn hint(code: Code, name: &str) -> Option<String> {
    let found = |kind| {
        let mut known = index().iter();
        let found = known.find(|known| known.kind == kind && known.name == name);
        found.map(|known| known.module)
    };
    match code {
        code::UNKNOWN_NAME => found(Kind::Module)
            .map(|path| format!("`import {path}` brings the module `{name}`"))
            .or_else(|| {
                let path = found(Kind::Item)?;
                Some(format!("`import {path} {{ {name} }}` brings `{name}`"))
            }),
        code::UNKNOWN_METHOD => {
            let path = found(Kind::Method)?;
            Some(format!("`import {path}` brings a method `{name}`"))
        }
        _ => None,
    }
}

/// Something that a module of the library makes public.
struct Known {
    kind: Kind,
    name: String,
    module: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The module itself.
    Module,
    /// A function, type, constant or tag.
    Item,
    Method,
}

/// What can be imported, made when it is needed first: mistakes are rare, but there may be many.
fn index() -> &'static [Known] {
    static INDEX: OnceLock<Vec<Known>> = OnceLock::new();
    INDEX.get_or_init(|| {
        importable()
            .flat_map(|path| of_module(path, source(path).unwrap_or_default()))
            .collect()
    })
}

fn of_module(module: &'static str, text: &str) -> Vec<Known> {
    let known = |kind, name: &str| Known {
        kind,
        name: name.to_owned(),
        module,
    };
    let last = module.rsplit('/').next().unwrap_or(module);
    let mut out = vec![known(Kind::Module, last)];
    let (tree, _) = parse(FileId::default(), text);
    for item in &tree.items {
        if let ItemKind::Impl(decl) = &item.kind {
            let functions = decl.functions.iter();
            let public = functions.filter(|one| one.visibility != Visibility::Private);
            out.extend(public.map(|one| known(Kind::Method, &one.decl.name.name)));
        } else if item.visibility != Visibility::Private {
            out.extend(declared(item).map(|name| known(Kind::Item, &name.name)));
        }
    }
    out
}

fn declared(item: &Item) -> Option<&Ident> {
    match &item.kind {
        ItemKind::Tag(tag) => Some(&tag.name),
        ItemKind::Const(constant) => Some(&constant.name),
        ItemKind::Struct(decl) => Some(&decl.name),
        ItemKind::Enum(decl) => Some(&decl.name),
        ItemKind::Fn(function) => Some(&function.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_searched() {
        let (name, method) = (code::UNKNOWN_NAME, code::UNKNOWN_METHOD);
        for (code, text, expected) in [
            (name, "math", "`import math` brings the module `math`"),
            (name, "tour", "`import route/tour` brings the module `tour`"),
            (
                name,
                "go_home",
                "`import route/pull { go_home }` brings `go_home`",
            ),
            (name, "TAU", "`import math { TAU }` brings `TAU`"),
            (
                name,
                "Running",
                "`import stats { Running }` brings `Running`",
            ),
            (method, "median", "`import stats` brings a method `median`"),
        ] {
            assert_eq!(hint(code, text).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_elsewhere_or_private_is_not_found() {
        assert_eq!(hint(code::UNKNOWN_NAME, "nothing"), None);
        assert_eq!(hint(code::UNKNOWN_NAME, "mul_mod"), None);
        assert_eq!(hint(code::UNKNOWN_NAME, "simulate"), None);
        assert_eq!(hint(code::UNKNOWN_METHOD, "sink"), None);
        assert_eq!(hint(code::TYPE_MISMATCH, "math"), None);
    }
}
