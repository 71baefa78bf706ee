//! Bricks as text, for people.
//!
//! ```text
//! fn f0 sum([Int]) -> Int
//!   regs r0: [Int] list, r1: Int total, ..
//! b0:
//!      0  r1:total = IntConst 0
//! b1 (r0 r1):
//!      4  r2 = ListGet r0:list, r1
//! ```
//!
//! Works on any group, also on one that does not verify. Names come from a debug blob.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use crate::debug::{DebugBlob, DebugFunction};
use crate::group::{Access, Callee, Const, Function, Group, TagConst};
use crate::hash::BrickHash;
use crate::index::{FuncRef, Reg};
use crate::inst::Inst;
use crate::inst::operand::OperandRef;
use crate::types::Slot;

/// Longest piece of a constant that is shown, in characters.
const MAX_CONST_CHARS: usize = 60;

impl Group {
    /// The group as text, with the names that the blob has for it.
    pub fn disassemble(&self, debug: Option<&DebugBlob>) -> String {
        let hash = self.hash();
        let mut text = String::new();
        let shown = Disassembly {
            group: self,
            hash,
            debug,
        };
        shown
            .write(&mut text)
            .expect("writing to a String does not fail");
        text
    }
}

struct Disassembly<'a> {
    group: &'a Group,
    hash: BrickHash,
    debug: Option<&'a DebugBlob>,
}

impl Disassembly<'_> {
    fn write(&self, out: &mut String) -> fmt::Result {
        let group = self.group;
        writeln!(out, "brick {:.16}", self.hash)?;
        for (ix, _) in group.types.iter().filter(|(_, ty)| ty.is_nominal()) {
            writeln!(out, "  {ix} = {}", group.types.show_declaration(ix))?;
        }
        for (at, konst) in group.consts.iter().enumerate() {
            writeln!(out, "  c{at} = {}", show_const(konst))?;
        }
        for (at, tag) in group.tags.iter().enumerate() {
            writeln!(out, "  g{at} = {}", self.tag(tag))?;
        }
        for (at, callee) in group.callees.iter().enumerate() {
            writeln!(out, "  x{at} = {}", self.callee(callee))?;
        }
        for (at, function) in group.functions.iter().enumerate() {
            let debug = self
                .debug
                .and_then(|blob| blob.function(&self.hash, at as u16));
            out.push('\n');
            self.function(at, function, debug, out)?;
        }
        Ok(())
    }

    fn tag(&self, tag: &TagConst) -> String {
        let types = &self.group.types;
        let mut text = format!("tag {}", tag.name);
        if !tag.keys.is_empty() {
            text += &format!("({})", types.show_all(&tag.keys));
        }
        text += &format!(": {}", types.show(tag.value));
        if let Some(lifetime) = tag.lifetime {
            text += &format!(" lifetime {lifetime}ns");
        }
        if (tag.read, tag.write) != (Access::Any, Access::Any) {
            text += &format!(" read {:?} write {:?}", tag.read, tag.write);
        }
        if let Some(owner) = &tag.owner {
            text += &format!(" of {owner}");
        }
        text
    }

    fn callee(&self, callee: &Callee) -> String {
        let types = &self.group.types;
        let name = self
            .debug
            .and_then(|blob| blob.function(&callee.group, callee.function));
        format!(
            "{:.16}.f{} fn {}({}) -> {}",
            callee.group,
            callee.function,
            name.map_or("", |debug| debug.name.as_str()),
            types.show_all(&callee.params),
            types.show(callee.result),
        )
    }

    fn function(
        &self,
        at: usize,
        function: &Function,
        debug: Option<&DebugFunction>,
        out: &mut String,
    ) -> fmt::Result {
        let types = &self.group.types;
        let name = debug.map_or("", |debug| debug.name.as_str());
        write!(out, "fn f{at} {name}({})", types.show_all(&function.params))?;
        if !function.captures.is_empty() {
            write!(out, " captures ({})", types.show_all(&function.captures))?;
        }
        writeln!(out, " -> {}", types.show(function.result))?;
        for (at, slot) in function.regs.iter().enumerate() {
            let reg = RegName {
                reg: Reg(at as u16),
                debug,
            };
            writeln!(out, "  {reg}: {}", self.slot(*slot))?;
        }
        let mut pc = 0;
        for (at, block) in function.blocks.iter().enumerate() {
            let live: Vec<_> = block.live_in.iter().map(|reg| format!("{reg}")).collect();
            match live.as_slice() {
                [] => writeln!(out, "b{at}:")?,
                _ => writeln!(out, "b{at} ({}):", live.join(" "))?,
            }
            for inst in &block.insts {
                writeln!(out, "{pc:6}  {}", self.inst(inst, debug))?;
                pc += 1;
            }
        }
        Ok(())
    }

    fn slot(&self, slot: Slot) -> String {
        let types = &self.group.types;
        match slot {
            Slot::Int => "int".into(),
            Slot::Float => "float".into(),
            Slot::Bool => "bool".into(),
            Slot::Enum(ty) => format!("enum {}", types.show(ty)),
            Slot::Ref(ty) => format!("ref {}", types.show(ty)),
            Slot::OptRef(ty) => format!("ref {} or null", types.show(ty)),
        }
    }

    /// `written registers = Name the other operands`.
    fn inst(&self, inst: &Inst, debug: Option<&DebugFunction>) -> String {
        let mut written = Vec::new();
        let mut rest = Vec::new();
        let info = inst.info();
        let mut names = info.operands.iter();
        inst.operands(|operand| {
            let name = names.next().map_or("", |operand| operand.name);
            let is_written = matches!(operand, OperandRef::Def(_) | OperandRef::Defs(_));
            let shown = self.operand(name, operand, debug);
            match is_written {
                true if shown.is_empty() => {}
                true => written.push(shown),
                false => rest.push(shown),
            }
        });
        let mut text = String::new();
        if !written.is_empty() {
            text += &format!("{} = ", written.join(", "));
        }
        text += info.name;
        if !rest.is_empty() {
            text += &format!(" {}", rest.join(", "));
        }
        text
    }

    fn operand(
        &self,
        name: &str,
        operand: OperandRef<'_>,
        debug: Option<&DebugFunction>,
    ) -> String {
        let group = self.group;
        let reg = |reg: Reg| format!("{}", RegName { reg, debug });
        let regs = |regs: &[Reg]| regs.iter().map(|r| reg(*r)).collect::<Vec<_>>().join(", ");
        match operand {
            OperandRef::Use(one) | OperandRef::Def(one) | OperandRef::Update(one) => reg(one),
            OperandRef::Defs(list) => regs(list),
            OperandRef::Uses(list) => format!("({})", regs(list)),
            OperandRef::Block(to) => format!("{name} {to}"),
            OperandRef::Blocks(targets) => format!("{name} {targets:?}"),
            OperandRef::Type(ty) => group.types.show(ty),
            OperandRef::Const(ix) => group.const_at(ix).map_or_else(|| "?".into(), show_const),
            OperandRef::Tag(ix) => {
                format!(
                    "{ix}:{}",
                    group.tag_at(ix).map_or("?", |tag| tag.name.as_str())
                )
            }
            OperandRef::Func(func) => self.func(func),
            OperandRef::Native(native) => native.name().into(),
            OperandRef::Trap(kind) => kind.name().into(),
            OperandRef::Int(value) => format!("{value}"),
            OperandRef::Float(bits) => format!("{bits:?}"),
            OperandRef::Bool(value) => format!("{value}"),
            OperandRef::Index(index) => format!("{name} {index}"),
        }
    }

    fn func(&self, func: FuncRef) -> String {
        let at = match func {
            FuncRef::Local(index) => Some((self.hash, index)),
            FuncRef::Callee(index) => {
                let callee = self.group.callees.get(usize::from(index));
                callee.map(|callee| (callee.group, callee.function))
            }
        };
        let known = at.and_then(|(brick, index)| self.debug?.function(&brick, index));
        match known {
            Some(debug) => format!("{func}:{}", debug.name),
            None => format!("{func}"),
        }
    }
}

/// A register with the name of its variable.
struct RegName<'a> {
    reg: Reg,
    debug: Option<&'a DebugFunction>,
}

impl fmt::Display for RegName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.debug.and_then(|debug| debug.register(self.reg)) {
            Some(name) => write!(f, "{}:{name}", self.reg),
            None => write!(f, "{}", self.reg),
        }
    }
}

fn show_const(konst: &Const) -> String {
    match konst {
        Const::Str(text) if text.chars().count() > MAX_CONST_CHARS => {
            let head: String = text.chars().take(MAX_CONST_CHARS).collect();
            format!("{head:?}.. ({} bytes)", text.len())
        }
        Const::Str(text) => format!("{text:?}"),
        Const::Bytes(bytes) => {
            let head = &bytes[..bytes.len().min(MAX_CONST_CHARS / 2)];
            let hex: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
            let more = if head.len() < bytes.len() { ".." } else { "" };
            format!("bytes {hex}{more} ({} bytes)", bytes.len())
        }
    }
}
