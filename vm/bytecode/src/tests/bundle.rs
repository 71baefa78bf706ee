//! Bundles, and each way in which a file is none.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::{names, sample};
use crate::bundle::{Bundle, BundleError};
use crate::codec::DecodeError;
use crate::debug::DebugBlob;
use crate::group::Group;
use crate::manifest::{EntryRef, ModuleManifest, ProgramManifest};

fn bundle() -> Bundle {
    let groups = [
        sample(),
        crate::arbitrary::group(&[1; 99], crate::arbitrary::Calls::Own),
    ];
    let debug = names(&groups[0]);
    let mut module = ModuleManifest {
        name: "main".into(),
        groups: groups.iter().map(Group::hash).collect(),
        exports: vec![],
        debug: Some(debug.hash()),
    };
    module.sort();
    let mut program = ProgramManifest {
        modules: vec![module.hash()],
        entry: EntryRef {
            brick: groups[0].hash(),
            function: 0,
        },
        bricks: module.groups.clone(),
    };
    program.sort();
    let mut bundle = Bundle {
        program,
        modules: vec![module],
        bricks: groups.into(),
        debug: vec![debug],
    };
    bundle.sort();
    bundle
}

fn refused(change: impl FnOnce(&mut Bundle)) -> Option<BundleError> {
    let mut bundle = bundle();
    change(&mut bundle);
    Bundle::decode(&bundle.encode()).err()
}

fn damaged(change: impl FnOnce(&mut Vec<u8>)) -> Option<BundleError> {
    let mut bytes = bundle().encode();
    change(&mut bytes);
    Bundle::decode(&bytes).err()
}

#[test]
fn a_bundle_comes_back() {
    let bundle = bundle();
    assert_eq!(Bundle::decode(&bundle.encode()), Ok(bundle));
}

#[test]
fn damaged_files_are_refused_by_name() {
    assert_eq!(Bundle::decode(&[]), Err(BundleError::NotABundle));
    assert_eq!(Bundle::decode(b"#!/bin/sh"), Err(BundleError::NotABundle));
    assert_eq!(Bundle::decode(b"SM"), Err(BundleError::Truncated));
    assert_eq!(Bundle::decode(b"SMB\x1a"), Err(BundleError::Truncated));
    assert_eq!(
        Bundle::decode(b"SMB\x1a\x07"),
        Err(BundleError::FutureVersion(7))
    );
    assert_eq!(
        damaged(|bytes| bytes.truncate(20)),
        Some(BundleError::Truncated)
    );
    assert_eq!(
        damaged(|bytes| _ = bytes.pop()),
        Some(BundleError::Truncated)
    );
    assert_eq!(damaged(|bytes| bytes.push(0)), Some(BundleError::Trailing));
    assert_eq!(
        damaged(|bytes| bytes[4] = 1),
        Some(BundleError::FutureVersion(1))
    );
    assert_eq!(
        damaged(|bytes| bytes[20] ^= 1),
        Some(BundleError::HashMismatch)
    );
    assert_eq!(
        damaged(|bytes| bytes[200] ^= 1),
        Some(BundleError::HashMismatch)
    );
}

#[test]
fn wrong_contents_are_refused_by_name() {
    assert_eq!(refused(|_| {}), None);
    let missing = refused(|bundle| bundle.modules.clear());
    assert_eq!(missing, Some(BundleError::Missing("module")));
    let missing = refused(|bundle| _ = bundle.bricks.pop());
    assert_eq!(missing, Some(BundleError::Missing("brick")));
    let wrong = refused(|bundle| bundle.bricks.reverse());
    assert!(matches!(wrong, Some(BundleError::WrongBrick(_))));
    let changed = refused(|bundle| bundle.bricks[0] = Group::default());
    assert!(matches!(changed, Some(BundleError::WrongBrick(_))));
    let wrong = refused(|bundle| bundle.modules[0].name = "other".into());
    assert!(matches!(wrong, Some(BundleError::WrongModule(_))));
    let wrong = refused(|bundle| bundle.debug[0] = DebugBlob::default());
    assert!(matches!(wrong, Some(BundleError::WrongDebug(_))));
    let twice = refused(|bundle| bundle.debug.push(bundle.debug[0].clone()));
    assert!(matches!(twice, Some(BundleError::WrongDebug(_))));
    let unsorted = refused(|bundle| {
        bundle.modules[0].groups.reverse();
        bundle.program.modules = vec![bundle.modules[0].hash()];
    });
    let error = DecodeError::NotAscending("bricks");
    assert_eq!(unsorted, Some(BundleError::Part("module manifest", error)));
}

#[test]
fn debug_blobs_are_optional() {
    assert_eq!(refused(|bundle| bundle.debug.clear()), None);
}

proptest! {
    /// Files with a right hash but any contents: an error or a canonical bundle.
    #[test]
    fn any_contents_give_an_answer(
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = bundle().encode();
        let (header, rest) = bytes.split_at_mut(45);
        for (at, byte) in changes {
            rest[usize::from(at) % rest.len()] = byte;
        }
        header[13..].copy_from_slice(&blake3::derive_key("smart-messages 0 bundle", rest));
        if let Ok(bundle) = Bundle::decode(&bytes) {
            prop_assert_eq!(bundle.encode(), bytes);
        }
    }
}
