//! The text form.

use super::{names, sample};
use crate::verify::VerifiedGroup;

#[test]
fn a_group_as_text() {
    let group = sample();
    VerifiedGroup::new(group.clone()).expect("the sample is valid");
    let text = group.disassemble(Some(&names(&group)));
    let body = text.split_once('\n').map_or("", |(_, rest)| rest);
    std::assert_eq!(body, include_str!("disasm.txt"), "\n{text}");
}

#[test]
fn names_are_optional() {
    let text = sample().disassemble(None);
    assert!(text.contains("r1 = IntAdd r1, r6"), "{text}");
}
