//! Names that must not change by accident. If one of these fails, the format changed: every brick
//! in every cache gets another name. Before version 1.0 that may be; write it into the changelog.

use std::format;
use std::vec;

use super::{names, sample};
use crate::arbitrary::{Calls, group};
use crate::codec::Writer;
use crate::hash::TypeHash;
use crate::index::TypeIx;
use crate::inst::Opcode;
use crate::native::Native;
use crate::types::{Type, TypeTable};

#[test]
fn names_of_types() {
    let group = sample();
    let name = |ix: TypeIx| {
        format!(
            "{} {}",
            group.types.show(ix),
            group.types.hash(ix).expect("closed")
        )
    };
    let all: vec::Vec<_> = group.types.iter().map(|(ix, _)| name(ix)).collect();
    assert_eq!(all.join("\n"), include_str!("types.txt").trim_end());
}

#[test]
fn bytes_of_a_small_type() {
    let table = TypeTable::from_types(vec![Type::List(TypeIx(1)), Type::Int]);
    assert_eq!(table.descriptor(TypeIx(0)), Some(vec![2, 16, 1, 2]));
    let int = TypeHash::of(&[2]);
    assert_eq!(table.hash(TypeIx(1)), Ok(int));
    let list = [&[16, 0][..], int.as_bytes()].concat();
    assert_eq!(table.hash(TypeIx(0)), Ok(TypeHash::of(&list)));
}

#[test]
fn name_of_a_brick() {
    let hash = format!("{}", sample().hash());
    assert_eq!(hash, BRICK);
}

#[test]
fn name_of_a_debug_blob() {
    let group = sample();
    assert_eq!(format!("{}", names(&group).hash()), DEBUG);
}

/// Opcodes, operands and native codes, all of them.
#[test]
fn the_tables_as_they_are_encoded() {
    let mut writer = Writer::new();
    for info in Opcode::ALL.iter().map(|op| op.info()) {
        writer.byte(info.opcode as u8);
        writer.text(info.name);
        writer.list(info.operands, |w, operand| {
            w.text(operand.name);
            // Compilers differ in the spaces that they put around brackets.
            w.text(&operand.kind.replace(' ', ""));
        });
        writer.number(info.fuel.base.into());
        writer.number(info.fuel.per.into());
    }
    for info in Native::ALL.iter().map(|native| native.info()) {
        writer.number(info.native.code().into());
        writer.text(info.name);
        writer.list(info.params, |w, param| w.text(&format!("{param}")));
        writer.text(&format!("{}", info.result));
        writer.number(info.fuel.base.into());
        writer.number(info.fuel.per.into());
    }
    let name = format!("{}", TypeHash::of(&writer.into_bytes()));
    assert_eq!(name, TABLES);
}

/// Random bricks, so that every encoding of an operand is in it. Changes also with the generator.
#[test]
fn names_of_random_bricks() {
    let mut writer = Writer::new();
    for seed in 0..20_u8 {
        let entropy: vec::Vec<u8> = (0..1000_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed)
            .collect();
        writer.raw(group(&entropy, Calls::Foreign).hash().as_bytes());
    }
    assert_eq!(format!("{}", TypeHash::of(&writer.into_bytes())), RANDOM);
}

const BRICK: &str = "c814579c4cf7e4ec34cb9b4cbdba4b02a3ce7fbcf3cc499241994267e051b659";
const DEBUG: &str = "88b29bba0c79547598a704476747cc0979373709ba8a25c76220ba3d0fd2192f";
const TABLES: &str = "5514c4ea0a14328e1bcc2bbe498485284f00c848cadba6495fd58ff5c90ef2cb";
const RANDOM: &str = "b4b6312c977007d21202a3d7ec06f27f19cf1eefe7a29f11bb3caab2718dc7f0";
