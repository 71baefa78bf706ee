//! Bricks, manifests and debug blobs as canonical bytes, and their names.

use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{DecodeError, Reader, Writer};
use crate::debug::{DebugBlob, DebugFunction, DebugGroup, InlinedCall, Position};
use crate::group::{Access, Block, Callee, Const, Function, Group, TagConst};
use crate::hash::{BrickHash, DebugHash, ManifestHash, ProgramHash};
use crate::index::Reg;
use crate::inst::Inst;
use crate::limits::{FORMAT_VERSION, MAX_DEBUG_BYTES, MAX_GROUP_BYTES, MAX_MANIFEST_BYTES};
use crate::manifest::{EntryRef, Export, ModuleManifest, ProgramManifest};
use crate::types::codec::{decode_ix, decode_ixs, encode_ix};
use crate::types::{Slot, TypeTable};

/// Gives a type its canonical bytes: a version byte, then what `write` and `read` say.
macro_rules! canonical {
    ($type:ty, $hash:ty, $limit:expr) => {
        impl $type {
            /// The canonical bytes.
            pub fn encode(&self) -> Vec<u8> {
                let mut writer = Writer::new();
                writer.byte(FORMAT_VERSION);
                self.write(&mut writer);
                writer.into_bytes()
            }

            /// The value with these canonical bytes.
            ///
            /// # Errors
            /// If the bytes are not exactly what [`Self::encode`] writes for some value.
            pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
                let mut reader = Reader::new(bytes, $limit)?;
                match reader.byte()? {
                    FORMAT_VERSION => {}
                    other => return Err(DecodeError::Version(other)),
                }
                let value = Self::read(&mut reader)?;
                reader.finish()?;
                Ok(value)
            }

            /// The name: the hash of the canonical bytes.
            pub fn hash(&self) -> $hash {
                <$hash>::of(&self.encode())
            }
        }
    };
}

canonical!(Group, BrickHash, MAX_GROUP_BYTES);
canonical!(ModuleManifest, ManifestHash, MAX_MANIFEST_BYTES);
canonical!(ProgramManifest, ProgramHash, MAX_MANIFEST_BYTES);
canonical!(DebugBlob, DebugHash, MAX_DEBUG_BYTES);

impl Group {
    fn write(&self, w: &mut Writer) {
        self.types.encode(w);
        w.list(&self.consts, |w, konst| konst.write(w));
        w.list(&self.tags, |w, tag| tag.write(w));
        w.list(&self.callees, |w, callee| callee.write(w));
        w.list(&self.functions, |w, function| function.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Group {
            types: TypeTable::decode(r)?,
            consts: r.list(Const::read)?,
            tags: r.list(TagConst::read)?,
            callees: r.list(Callee::read)?,
            functions: r.list(Function::read)?,
        })
    }
}

impl Const {
    fn write(&self, w: &mut Writer) {
        match self {
            Const::Str(text) => {
                w.byte(0);
                w.text(text);
            }
            Const::Bytes(bytes) => {
                w.byte(1);
                w.blob(bytes);
            }
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.byte()? {
            0 => r.text().map(Const::Str),
            1 => r.blob().map(|bytes| Const::Bytes(bytes.into())),
            _ => Err(DecodeError::BadTag("constant")),
        }
    }
}

impl TagConst {
    fn write(&self, w: &mut Writer) {
        w.text(&self.name);
        encode_ix(w, self.value);
        w.list(&self.keys, |w, key| encode_ix(w, *key));
        w.option(self.owner.as_ref(), |w, owner| w.text(owner));
        w.option(self.lifetime, Writer::number);
        w.byte(self.read as u8);
        w.byte(self.write as u8);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(TagConst {
            name: r.text()?,
            value: decode_ix(r)?,
            keys: decode_ixs(r)?,
            owner: r.option(Reader::text)?,
            lifetime: r.option(Reader::number)?,
            read: Access::read(r)?,
            write: Access::read(r)?,
        })
    }
}

impl Access {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.byte()? {
            0 => Ok(Access::Any),
            1 => Ok(Access::Owner),
            2 => Ok(Access::Code),
            _ => Err(DecodeError::BadTag("access")),
        }
    }
}

impl Callee {
    fn write(&self, w: &mut Writer) {
        w.raw(self.group.as_bytes());
        w.number(self.function.into());
        w.list(&self.params, |w, ty| encode_ix(w, *ty));
        encode_ix(w, self.result);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Callee {
            group: r.hash().map(BrickHash)?,
            function: r.number16()?,
            params: decode_ixs(r)?,
            result: decode_ix(r)?,
        })
    }
}

impl Function {
    fn write(&self, w: &mut Writer) {
        w.list(&self.params, |w, ty| encode_ix(w, *ty));
        w.list(&self.captures, |w, ty| encode_ix(w, *ty));
        encode_ix(w, self.result);
        w.list(&self.regs, |w, slot| slot.encode(w));
        w.list(&self.blocks, |w, block| block.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Function {
            params: decode_ixs(r)?,
            captures: decode_ixs(r)?,
            result: decode_ix(r)?,
            regs: r.list(Slot::decode)?,
            blocks: r.list(Block::read)?,
        })
    }
}

impl Block {
    fn write(&self, w: &mut Writer) {
        w.list(&self.live_in, |w, reg| w.number(reg.0.into()));
        w.list(&self.insts, |w, inst| inst.encode(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Block {
            live_in: r.list(|r| r.number16().map(Reg))?,
            insts: r.list(Inst::decode)?,
        })
    }
}

impl EntryRef {
    fn write(&self, w: &mut Writer) {
        w.raw(self.brick.as_bytes());
        w.number(self.function.into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(EntryRef {
            brick: r.hash().map(BrickHash)?,
            function: r.number16()?,
        })
    }
}

impl ModuleManifest {
    /// Brings bricks and exports into ascending order without duplicates, as the encoding
    /// demands.
    pub fn sort(&mut self) {
        self.groups.sort_unstable();
        self.groups.dedup();
        self.exports.sort_unstable();
        self.exports.dedup();
    }

    fn write(&self, w: &mut Writer) {
        w.text(&self.name);
        w.list(&self.groups, |w, group| w.raw(group.as_bytes()));
        w.list(&self.exports, |w, export| {
            w.text(&export.symbol);
            export.target.write(w);
        });
        w.option(self.debug, |w, debug| w.raw(debug.as_bytes()));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let name = r.text()?;
        let groups = ascending("bricks", r.list(|r| r.hash().map(BrickHash))?, |group| {
            *group
        })?;
        let exports = r.list(|r| {
            Ok(Export {
                symbol: r.text()?,
                target: EntryRef::read(r)?,
            })
        })?;
        let names = exports
            .windows(2)
            .all(|pair| pair[0].symbol < pair[1].symbol);
        if !names {
            return Err(DecodeError::NotAscending("exports"));
        }
        Ok(ModuleManifest {
            name,
            groups,
            exports,
            debug: r.option(|r| r.hash().map(DebugHash))?,
        })
    }
}

impl ProgramManifest {
    /// Brings modules and bricks into ascending order without duplicates, as the encoding
    /// demands.
    pub fn sort(&mut self) {
        self.modules.sort_unstable();
        self.modules.dedup();
        self.bricks.sort_unstable();
        self.bricks.dedup();
    }

    fn write(&self, w: &mut Writer) {
        w.list(&self.modules, |w, module| w.raw(module.as_bytes()));
        self.entry.write(w);
        w.list(&self.bricks, |w, brick| w.raw(brick.as_bytes()));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let modules = r.list(|r| r.hash().map(ManifestHash))?;
        let entry = EntryRef::read(r)?;
        let bricks = r.list(|r| r.hash().map(BrickHash))?;
        Ok(ProgramManifest {
            modules: ascending("modules", modules, |module| *module)?,
            entry,
            bricks: ascending("bricks", bricks, |brick| *brick)?,
        })
    }
}

impl DebugBlob {
    /// Brings entries and register names into ascending order, as the encoding demands.
    pub fn sort(&mut self) {
        self.groups.sort_by_key(|group| group.brick);
        self.groups.dedup_by_key(|group| group.brick);
        for function in self
            .groups
            .iter_mut()
            .flat_map(|group| &mut group.functions)
        {
            function.registers.sort();
            function.registers.dedup();
            function.positions.sort_by_key(|position| position.pc);
            function.positions.dedup_by_key(|position| position.pc);
        }
    }

    fn write(&self, w: &mut Writer) {
        w.list(&self.files, |w, file| w.text(file));
        w.list(&self.groups, |w, group| {
            w.raw(group.brick.as_bytes());
            w.list(&group.functions, |w, function| function.write(w));
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let files = r.list(Reader::text)?;
        let groups = r.list(|r| {
            Ok(DebugGroup {
                brick: r.hash().map(BrickHash)?,
                functions: r.list(DebugFunction::read)?,
            })
        })?;
        Ok(DebugBlob {
            files,
            groups: ascending("debug entries", groups, |group| group.brick)?,
        })
    }
}

impl DebugFunction {
    fn write(&self, w: &mut Writer) {
        w.text(&self.name);
        w.list(&self.registers, |w, (reg, name)| {
            w.number(reg.0.into());
            w.text(name);
        });
        w.list(&self.positions, |w, position| position.write(w));
        w.list(&self.inlined, |w, call| {
            w.text(&call.name);
            call.at.write(w);
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let name = r.text()?;
        let registers: Vec<(Reg, String)> = r.list(|r| Ok((r.number16().map(Reg)?, r.text()?)))?;
        if !registers.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(DecodeError::NotAscending("register names"));
        }
        let positions = r.list(Position::read)?;
        let positions = ascending("positions", positions, |position| position.pc)?;
        let inlined = r.list(|r| {
            Ok(InlinedCall {
                name: r.text()?,
                at: Position::read(r)?,
            })
        })?;
        Ok(DebugFunction {
            name,
            registers,
            positions,
            inlined,
        })
    }
}

impl Position {
    fn write(&self, w: &mut Writer) {
        for number in [
            self.pc,
            self.file,
            self.start,
            self.end,
            self.line,
            self.column,
            self.inlined,
        ] {
            w.number(number.into());
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Position {
            pc: r.number32()?,
            file: r.number32()?,
            start: r.number32()?,
            end: r.number32()?,
            line: r.number32()?,
            column: r.number32()?,
            inlined: r.number32()?,
        })
    }
}

/// The list, if each element's key is larger than the one before.
fn ascending<T, K: Ord>(
    what: &'static str,
    items: Vec<T>,
    key: impl Fn(&T) -> K,
) -> Result<Vec<T>, DecodeError> {
    if items.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])) {
        Ok(items)
    } else {
        Err(DecodeError::NotAscending(what))
    }
}
