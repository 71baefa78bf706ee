//! What a message learns from its node, and the messages it starts.

use sm_bytecode::{Fuel, Inst, Opcode, Reg, TrapKind};

use crate::heap::Heap;
use crate::heap::layout::Kind;
use crate::index::{FuncId, TypeId};
use crate::interp::{Interp, Stop};
use crate::op::R;
use crate::shape::Shape;

/// The size of an `Id`, `Node` or `Hop`.
const IDENTITY: usize = 32;

impl Interp<'_> {
    pub(super) fn message_inst(&mut self, inst: &Inst) -> Result<(), Stop> {
        match inst {
            Inst::Neighbors { dst } => self.neighbors(inst.info().fuel, *dst),
            Inst::Previous { dst } => match self.host.previous() {
                Some(node) => self.set_blob(*dst, &node),
                None => {
                    self.set(*dst, 0);
                    Ok(())
                }
            },
            Inst::Here { dst } => {
                let node = self.host.here();
                self.set_blob(*dst, &node)
            }
            Inst::Home { dst } => {
                let node = self.host.home();
                self.set_blob(*dst, &node)
            }
            Inst::SelfId { dst } => {
                let id = self.host.id();
                self.set_blob(*dst, &id)
            }
            Inst::Hops { dst } => {
                let hops = self.host.hops();
                self.set_count(*dst, hops);
                Ok(())
            }
            Inst::Now { dst } => {
                let now = self.host.now();
                self.set_count(*dst, now);
                Ok(())
            }
            Inst::Random { dst } => {
                let bits = self.rng.next_u64();
                self.set(*dst, bits);
                Ok(())
            }
            Inst::Print { text } => {
                let size = self.bytes(*text).len() as u64;
                self.charge(inst.info().fuel, size);
                let text = self.text(*text).to_owned();
                self.host.print(&text);
                Ok(())
            }
            _ => unreachable!("is dispatched elsewhere"),
        }
    }

    fn set_count(&mut self, dst: Reg, count: u64) {
        self.set(dst, i64::try_from(count).unwrap_or(i64::MAX) as u64);
    }

    fn neighbors(&mut self, fuel: Fuel, dst: Reg) -> Result<(), Stop> {
        let nodes = self.host.neighbors();
        self.charge(fuel, nodes.len() as u64);
        let list_type = self.ref_type(dst);
        let Shape::List(element) = *self.program.shape(list_type) else {
            return Err(TrapKind::Unreachable.into());
        };
        let kind = Kind::Ref(element.ty);
        let each = Heap::blob_words(IDENTITY);
        self.reserve(Heap::list_words(kind, nodes.len()) + each * nodes.len())?;
        let hops: Vec<u64> = nodes
            .iter()
            .map(|node| self.heap.new_blob(element.ty, node).word())
            .collect();
        let list = self.heap.new_list(list_type, kind, hops.len());
        self.heap.list_fill(kind, list, &hops);
        self.set_ref(dst, list);
        Ok(())
    }

    pub(super) fn spawn(&mut self, dst: R, func: FuncId, args: &[R]) -> Result<(), Stop> {
        let regs: Vec<Reg> = args.iter().map(|reg| Reg(*reg)).collect();
        let params: &[TypeId] = &self.program.function(func).params;
        let encoded = self.encode_regs(&regs, params)?;
        self.charge(Opcode::Spawn.info().fuel, encoded.size);
        self.reserve(Heap::blob_words(IDENTITY))?;
        let entry = self.program.entry_ref(func);
        let id = self
            .host
            .spawn(entry, &encoded.bytes)
            .map_err(|_| TrapKind::TooManyChildren)?;
        self.give_back(encoded.bytes);
        self.set_blob(Reg(dst), &id)
    }
}
