//! Default arguments of `main`, and defaults of the fields of structs in them: functions without
//! parameters that the bundle exports as `main(name)` and `Struct(field)`, run here and now.

use std::collections::BTreeMap;
use std::sync::Arc;

use sm_bytecode::bundle::Bundle;
use sm_bytecode::{BrickHash, EntryRef, TagCode, Type, TypeTable, VerifiedGroup};
use sm_vm::{CreateOptions, Host, Limits, Machine, Outcome, Program, SpawnRefused, TagRef, Value};

use crate::exit::Failure;

/// Fuel for one default: far more than any constant needs.
const FUEL: u64 = 10_000_000;

/// The value of a parameter that is not given; `None` if it must be given.
pub(super) fn of(bundle: &Bundle, parameter: &str) -> Result<Option<Value>, Failure> {
    let symbol = format!("main({parameter})");
    let mut exports = bundle.modules.iter().flat_map(|module| &module.exports);
    let Some(export) = exports.find(|export| export.symbol == symbol) else {
        return Ok(None);
    };
    let value = compute(bundle, export.target).map_err(|reason| {
        Failure::failed(format!(
            "the default of the parameter `{parameter}` {reason}"
        ))
        .help(format!("give a value: {parameter}=.."))
    })?;
    Ok(Some(value))
}

/// The values of the fields of these structs that need not be given, by struct and field. One that
/// cannot be computed has to be given.
pub(super) fn of_fields(bundle: &Bundle, types: &TypeTable) -> BTreeMap<(String, String), Value> {
    let mut found = BTreeMap::new();
    for ty in types.as_slice() {
        let Type::Struct { name, fields, .. } = ty else {
            continue;
        };
        for field in fields {
            if let Some(value) = of_field(bundle, &format!("{name}({})", field.name)) {
                found.insert((name.clone(), field.name.clone()), value);
            }
        }
    }
    found
}

/// `None` as well if structs of two modules have this name.
fn of_field(bundle: &Bundle, symbol: &str) -> Option<Value> {
    let exports = bundle.modules.iter().flat_map(|module| &module.exports);
    let mut found = exports.filter(|export| export.symbol == symbol);
    match (found.next(), found.next()) {
        (Some(only), None) => compute(bundle, only.target).ok(),
        _ => None,
    }
}

/// The value that a function without parameters answers, or what it does instead.
fn compute(bundle: &Bundle, entry: EntryRef) -> Result<Value, String> {
    let bad = |error: &dyn std::fmt::Display| format!("cannot be computed: {error}");
    let program = link(bundle, entry).map_err(|error| bad(&error))?;
    let entry_ref = program.entry();
    let mut machine = Machine::start(program, entry_ref, &[], Limits::default(), [0; 32])
        .map_err(|error| bad(&error))?;
    match machine.run(FUEL, &mut Nowhere) {
        Outcome::Done(data) => {
            let (group, function) = super::function(bundle, entry).ok_or("is missing")?;
            sm_vm::value::decode(&data.bytes, &group.types, function.result)
                .map_err(|error| bad(&error))
        }
        Outcome::Trap(report) => Err(bad(&report.kind)),
        Outcome::OutOfFuel => Err("takes too long to compute".to_owned()),
        _ => Err("needs a node to be computed".to_owned()),
    }
}

fn link(bundle: &Bundle, entry: EntryRef) -> Result<Arc<Program>, String> {
    let mut bricks: BTreeMap<BrickHash, Arc<VerifiedGroup>> = BTreeMap::new();
    for brick in &bundle.bricks {
        let brick = VerifiedGroup::new(brick.clone()).map_err(|error| error.to_string())?;
        bricks.insert(brick.hash(), Arc::new(brick));
    }
    let mut manifest = bundle.program.clone();
    manifest.entry = entry;
    Program::link(&manifest, &bundle.modules, |hash| bricks.get(hash).cloned())
        .map_err(|error| error.to_string())
}

/// There is no node yet: nothing is here, and nobody listens.
struct Nowhere;

impl Host for Nowhere {
    fn tag_create(&mut self, _: &TagRef<'_>, _: &[u8], _: CreateOptions) -> TagCode {
        TagCode::Refused
    }

    fn tag_delete(&mut self, _: &TagRef<'_>) -> bool {
        false
    }

    fn tag_has(&mut self, _: &TagRef<'_>) -> bool {
        false
    }

    fn tag_read(&mut self, _: &TagRef<'_>) -> Option<&[u8]> {
        None
    }

    fn tag_write(&mut self, _: &TagRef<'_>, _: &[u8]) -> TagCode {
        TagCode::Refused
    }

    fn tag_version(&mut self, _: &TagRef<'_>) -> u64 {
        0
    }

    fn spawn(&mut self, _: EntryRef, _: &[u8]) -> Result<[u8; 32], SpawnRefused> {
        Err(SpawnRefused)
    }

    fn neighbors(&mut self) -> Vec<[u8; 32]> {
        Vec::new()
    }

    fn previous(&self) -> Option<[u8; 32]> {
        None
    }

    fn here(&self) -> [u8; 32] {
        [0; 32]
    }

    fn home(&self) -> [u8; 32] {
        [0; 32]
    }

    fn hops(&self) -> u64 {
        0
    }

    fn now(&self) -> u64 {
        0
    }

    fn id(&self) -> [u8; 32] {
        [0; 32]
    }

    fn print(&mut self, _: &str) {}
}
