//! The reference page `docs/BYTECODE.md`, made from the tables.

#[cfg(test)]
mod tests;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codes::{HopCode, TagCode, TrapKind};
use crate::inst::operand::OperandInfo;
use crate::inst::{Effects, Fuel, OpInfo, Opcode};
use crate::limits;
use crate::native::{Native, NativeInfo};

/// The whole page.
pub fn page() -> String {
    let mut page = String::from(include_str!("reference/format.md"));
    instructions(&mut page);
    natives(&mut page);
    codes(&mut page);
    bounds(&mut page);
    page
}

fn instructions(page: &mut String) {
    *page += "## Instructions\n\n\
        `Def<C>` is a register that is written, `Use<C>` one that is read, `Update<C>` one that is \
        read and written, each with a slot of class `C`; `Defs` and `Uses` are lists of registers. \
        `Any` and lists are typed by a rule of the instruction, which follows from its \
        description.\n\n\
        Effects: `alloc` may take memory, `prim` asks the node, `suspend` ends the run until the \
        node answers, `call` enters a function, `end` ends a block.\n";
    let mut section = "";
    for info in Opcode::ALL.iter().map(|op| op.info()) {
        if info.section != section {
            section = info.section;
            *page += &format!("\n### {section}\n\n");
            *page += "| code | instruction | meaning | fuel | effects | traps |\n";
            *page += "| --- | --- | --- | --- | --- | --- |\n";
        }
        *page += &instruction(info);
    }
}

fn instruction(info: &OpInfo) -> String {
    // The compiler hands the kinds over with spaces around their brackets.
    let operand =
        |operand: &OperandInfo| format!("{}: {}", operand.name, operand.kind.replace(' ', ""));
    let operands: Vec<_> = info.operands.iter().map(operand).collect();
    let name = match operands.as_slice() {
        [] => format!("`{}`", info.name),
        _ => format!("`{} {{ {} }}`", info.name, operands.join(", ")),
    };
    format!(
        "| {:02x} | {name} | {} | {} | {} | {} |\n",
        info.opcode as u8,
        cell(info.doc),
        fuel(&info.fuel),
        effects(info.effects),
        traps(info.traps),
    )
}

fn natives(page: &mut String) {
    *page += "\n## Native functions\n\n\
        Called by `CallNative`; the price is added to that of the call. None calls back.\n\n\
        | code | function | meaning | fuel | traps |\n| --- | --- | --- | --- | --- |\n";
    for info in Native::ALL.iter().map(|native| native.info()) {
        *page += &native(info);
    }
}

fn native(info: &NativeInfo) -> String {
    let params: Vec<_> = info.params.iter().map(|param| format!("{param}")).collect();
    format!(
        "| {} | `{}({}) -> {}` | {} | {} | {} |\n",
        info.native.code(),
        info.name,
        params.join(", "),
        info.result,
        cell(info.doc),
        fuel(&info.fuel),
        traps(info.traps),
    )
}

fn codes(page: &mut String) {
    *page += "\n## Traps\n\nA trap is a pure function of the program and the node's answers.\n\n\
        | code | trap | message |\n| --- | --- | --- |\n";
    for kind in TrapKind::ALL {
        *page += &format!(
            "| {} | `{}` | {} |\n",
            kind.code(),
            kind.name(),
            kind.message()
        );
    }
    *page += "\n## Answers\n\n| code | `TagCode` | `HopCode` |\n| --- | --- | --- |\n";
    for code in 0..=u8::MAX {
        let tag = TagCode::from_code(code).map_or("", TagCode::name);
        let hop = HopCode::from_code(code).map_or("", HopCode::name);
        if !tag.is_empty() || !hop.is_empty() {
            *page += &format!("| {code} | {tag} | {hop} |\n");
        }
    }
}

fn bounds(page: &mut String) {
    let bounds = [
        ("bytes of a brick", limits::MAX_GROUP_BYTES),
        ("bytes of a manifest", limits::MAX_MANIFEST_BYTES),
        ("bytes of a debug blob", limits::MAX_DEBUG_BYTES),
        ("bytes of a bundle", limits::MAX_BUNDLE_BYTES),
        (
            "bytes of the descriptor of a type",
            limits::MAX_DESCRIPTOR_BYTES,
        ),
        ("bytes of a name", limits::MAX_NAME_BYTES),
        ("functions of a brick", limits::MAX_FUNCTIONS),
        ("callees of a brick", limits::MAX_CALLEES),
        ("types of a brick", limits::MAX_TYPES),
        ("registers of a function", limits::MAX_REGS),
        (
            "parameters of a function, keys of a tag",
            limits::MAX_PARAMS,
        ),
        ("variants of an enum", limits::MAX_VARIANTS),
        ("slots of a value", limits::MAX_VALUE_SLOTS),
        ("slots of a record", limits::MAX_RECORD_SLOTS),
        ("work to name types in circles", limits::MAX_KNOT_WORK),
        (
            "live registers, over all blocks and safepoints",
            limits::MAX_LIVE_WORK,
        ),
    ];
    *page += "\n## Bounds\n\n| what | at most |\n| --- | --- |\n";
    for (what, bound) in bounds {
        *page += &format!("| {what} | {bound} |\n");
    }
}

/// A doc comment as a cell of a table.
fn cell(doc: &str) -> String {
    let words: Vec<_> = doc.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

fn fuel(fuel: &Fuel) -> String {
    match (fuel.per, fuel.size) {
        (0, _) => format!("{}", fuel.base),
        (1, size) => format!("{} + {size}", fuel.base),
        (per, size) => format!("{} + 1 per {per} {size}", fuel.base),
    }
}

fn effects(effects: Effects) -> String {
    effects.names().collect::<Vec<_>>().join(" ")
}

fn traps(traps: &[TrapKind]) -> String {
    traps
        .iter()
        .map(|kind| kind.name())
        .collect::<Vec<_>>()
        .join(" ")
}
