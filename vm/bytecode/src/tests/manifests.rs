//! Manifests and debug blobs as bytes.

use std::vec;

use proptest::prelude::*;

use super::{names, sample};
use crate::codec::DecodeError;
use crate::debug::DebugBlob;
use crate::hash::{BrickHash, DebugHash, ManifestHash};
use crate::index::Reg;
use crate::manifest::{EntryRef, Export, ModuleManifest, ProgramManifest};

fn entry(byte: u8, function: u16) -> EntryRef {
    EntryRef {
        brick: BrickHash([byte; 32]),
        function,
    }
}

fn module() -> ModuleManifest {
    ModuleManifest {
        name: "route/pull".into(),
        groups: vec![BrickHash([1; 32]), BrickHash([2; 32])],
        exports: vec![
            Export {
                symbol: "explore".into(),
                target: entry(1, 0),
            },
            Export {
                symbol: "migrate".into(),
                target: entry(2, 300),
            },
        ],
        debug: Some(DebugHash([9; 32])),
    }
}

fn program() -> ProgramManifest {
    ProgramManifest {
        modules: vec![ManifestHash([3; 32]), ManifestHash([4; 32])],
        entry: entry(2, 1),
        bricks: vec![BrickHash([2; 32])],
    }
}

#[test]
fn they_come_back() {
    assert_eq!(ModuleManifest::decode(&module().encode()), Ok(module()));
    assert_eq!(ProgramManifest::decode(&program().encode()), Ok(program()));
    let blob = names(&sample());
    assert_eq!(DebugBlob::decode(&blob.encode()), Ok(blob));
}

#[test]
fn lists_ascend() {
    let mut wrong = module();
    wrong.groups.reverse();
    let answer = ModuleManifest::decode(&wrong.encode());
    assert_eq!(answer, Err(DecodeError::NotAscending("bricks")));
    wrong.sort();
    assert_eq!(wrong, module());

    let mut wrong = module();
    wrong.exports[1].symbol = "explore".into();
    let answer = ModuleManifest::decode(&wrong.encode());
    assert_eq!(answer, Err(DecodeError::NotAscending("exports")));

    let mut wrong = program();
    wrong.modules.push(ManifestHash([4; 32]));
    let answer = ProgramManifest::decode(&wrong.encode());
    assert_eq!(answer, Err(DecodeError::NotAscending("modules")));
    wrong.sort();
    assert_eq!(wrong, program());

    let mut wrong = names(&sample());
    wrong.groups[0].functions[0].positions.swap(0, 1);
    let answer = DebugBlob::decode(&wrong.encode());
    assert_eq!(answer, Err(DecodeError::NotAscending("positions")));
    let mut wrong = names(&sample());
    wrong.groups[0].functions[0].registers.swap(0, 1);
    let answer = DebugBlob::decode(&wrong.encode());
    assert_eq!(answer, Err(DecodeError::NotAscending("register names")));
    wrong.sort();
    assert_eq!(wrong, names(&sample()));
}

#[test]
fn other_versions_are_refused() {
    let mut bytes = program().encode();
    bytes[0] = 1;
    assert_eq!(
        ProgramManifest::decode(&bytes),
        Err(DecodeError::Version(1))
    );
    let mut bytes = program().encode();
    bytes.push(0);
    assert_eq!(ProgramManifest::decode(&bytes), Err(DecodeError::Trailing));
}

#[test]
fn positions_and_names_are_found() {
    let group = sample();
    let blob = names(&group);
    let function = blob.function(&group.hash(), 0).expect("named");
    let line = |pc| function.position(pc).map(|position| position.line);
    assert_eq!([0, 4, 5, 8, 9, 99].map(line), [3, 3, 4, 4, 6, 6].map(Some));
    assert_eq!(function.register(Reg(1)), Some("total"));
    assert_eq!(function.register(Reg(2)), None);
    assert_eq!(blob.file(&function.positions[0]), Some("lib.sm"));
    assert!(blob.function(&group.hash(), 1).is_none());
    assert!(blob.function(&BrickHash([0; 32]), 0).is_none());
}

#[test]
fn calls_in_whose_place_code_stands_are_found() {
    let group = sample();
    let mut blob = names(&group);
    let calls = |blob: &DebugBlob, pc| {
        let function = blob.function(&group.hash(), 0).expect("named");
        let calls = function.calls(pc).map(|(name, at)| (name.into(), at.line));
        calls.collect::<vec::Vec<(alloc::string::String, u32)>>()
    };
    assert_eq!(calls(&blob, 5), [("sum".into(), 4)]);
    let nested = [("inner".into(), 6), ("outer".into(), 8), ("sum".into(), 8)];
    assert_eq!(calls(&blob, 9), nested);
    // A circle, which only a forged blob has, ends.
    blob.groups[0].functions[0].inlined[0].at.inlined = 2;
    assert!(calls(&blob, 9).len() < 4);
}

proptest! {
    #[test]
    fn changed_bytes_are_refused_or_canonical(at: u16, byte: u8, which in 0..3) {
        let change = |mut bytes: vec::Vec<u8>| {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
            bytes
        };
        match which {
            0 => {
                let bytes = change(module().encode());
                if let Ok(value) = ModuleManifest::decode(&bytes) {
                    prop_assert_eq!(value.encode(), bytes);
                }
            }
            1 => {
                let bytes = change(program().encode());
                if let Ok(value) = ProgramManifest::decode(&bytes) {
                    prop_assert_eq!(value.encode(), bytes);
                }
            }
            _ => {
                let bytes = change(names(&sample()).encode());
                if let Ok(value) = DebugBlob::decode(&bytes) {
                    prop_assert_eq!(value.encode(), bytes);
                }
            }
        }
    }
}
