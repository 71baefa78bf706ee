//! The library's natives, the table of lowering and the machine's native functions fit together.

use std::collections::BTreeMap;

use sm_bytecode::{Native, NativeType};

use super::Files;
use crate::check::{Options, check};
use crate::lower::natives;
use crate::typed::{Body, Function, Program, Ty, TyKind};

fn library() -> Program {
    let root = "import route/pull as _a\nimport route/tour as _b\nimport testing as _c\n";
    let mut files = Files {
        own: [("main".into(), root.into())].into(),
        loaded: 0,
    };
    check(&mut files, &Options::default()).program
}

/// The native functions that the library declares, by key.
fn declared(program: &Program) -> BTreeMap<&str, &Function> {
    let natives = program
        .functions
        .iter()
        .filter_map(|function| match &function.body {
            Body::Native(key) => Some((&**key, function)),
            Body::Typed(_) => None,
        });
    natives.collect()
}

#[test]
fn every_declared_native_is_known_and_every_known_one_declared() {
    let program = library();
    let declared: Vec<&str> = declared(&program).into_keys().collect();
    let mut known: Vec<&str> = natives::keys().map(|(key, _)| key).collect();
    known.sort_unstable();
    assert_eq!(declared, known);
}

#[test]
fn signatures_are_those_of_the_machine() {
    let program = library();
    let declared = declared(&program);
    let mut used = 0;
    for (key, native) in natives::keys() {
        let Some(native) = native else { continue };
        let function = declared[key];
        let params = function
            .params
            .iter()
            .map(|param| function.locals[param.index()].ty);
        let params: Vec<Option<NativeType>> = params.map(|ty| shape(&program, ty)).collect();
        let wanted: Vec<Option<NativeType>> =
            native.info().params.iter().copied().map(Some).collect();
        assert_eq!(params, wanted, "{key}");
        assert_eq!(
            shape(&program, function.result),
            Some(native.info().result),
            "{key}"
        );
        used += 1;
    }
    assert!(used > 50);
}

/// The natives that lowering uses without a declaration: formats, names of tags, and what the
/// machine needs itself to show values.
#[test]
fn every_native_of_the_machine_is_used() {
    let mut used: Vec<Native> = natives::keys().filter_map(|(_, native)| native).collect();
    used.extend([
        Native::FmtInt,
        Native::FmtFloat,
        Native::FmtStr,
        Native::TagName,
    ]);
    used.extend([
        Native::PlaceShow,
        Native::NameShow,
        Native::IdShow,
        Native::NodeShow,
    ]);
    used.sort_unstable();
    assert_eq!(used, Native::ALL);
}

fn shape(program: &Program, ty: Ty) -> Option<NativeType> {
    Some(match program.types.get(ty) {
        TyKind::Bool => NativeType::Bool,
        TyKind::Int => NativeType::Int,
        TyKind::Float => NativeType::Float,
        TyKind::Str => NativeType::Str,
        TyKind::Bytes => NativeType::Bytes,
        TyKind::Id => NativeType::Id,
        TyKind::Node => NativeType::Node,
        TyKind::Hop => NativeType::Hop,
        TyKind::Name => NativeType::Name,
        TyKind::Place => NativeType::Place,
        TyKind::Option(of) => match shape(program, *of)? {
            NativeType::Int => NativeType::OptInt,
            NativeType::Float => NativeType::OptFloat,
            NativeType::Str => NativeType::OptStr,
            _ => return None,
        },
        TyKind::List(of) => match shape(program, *of)? {
            NativeType::Str => NativeType::ListStr,
            NativeType::Int => NativeType::ListInt,
            _ => return None,
        },
        _ => return None,
    })
}
