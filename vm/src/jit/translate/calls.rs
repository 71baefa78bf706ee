//! Calls, helpers, and the ends of blocks.

use std::sync::atomic::AtomicUsize;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, ExtFuncData, ExternalName, FuncRef, InstBuilder, JumpTableData,
    Signature, Value, types,
};
use sm_bytecode::Inst;

use super::{Next, Start, Translator};
use crate::heap::layout::{ENTRY_HASH, ENTRY_VALUE, MAP_ENTRIES, MAP_USED};
use crate::heap::map::MAP_STRIDE;
use crate::index::FuncId;
use crate::interp::native::Helper;
use crate::jit::METERED;
use crate::jit::compile::{Shape, itself, shape, type_of};
use crate::jit::context::{Reason, at};
use crate::op::{List, Op, Pc, R, Side};

/// Up to so many targets are compared with one after the other.
const FEW: usize = 4;

/// What is called.
enum Callee {
    /// This function, whose code begins where this code begins.
    Itself(FuncRef),
    Address(Value),
}

impl Translator<'_> {
    pub(super) fn call(&mut self, op: Op, price: i64) -> Next {
        let (callee, lists, shape) = match op {
            Op::Call { func, lists } => {
                let Some(shape) = shape(self.program, func) else {
                    return self.leave(Reason::Instruction);
                };
                (self.callee(func, &shape), lists, shape)
            }
            Op::CallClosure { closure, lists } => {
                let Some(shape) = self.shape_of_call(lists) else {
                    return self.leave(Reason::Instruction);
                };
                let closure = self.get(closure);
                let object = self.object_at(closure);
                let header = self
                    .b
                    .ins()
                    .load(types::I32, self.regions.headers, object, 0);
                let func = self.b.ins().ushr_imm_u(header, 4);
                let func = self.b.ins().uextend(types::I64, func);
                let offset = self.b.ins().ishl_imm_u(func, 3);
                let table = self.table_address();
                let place = self.b.ins().iadd(table, offset);
                let address = self.code_at(place, 0);
                self.store_context(closure, at::CLOSURE);
                (Callee::Address(address), lists, shape)
            }
            _ => return self.leave(Reason::Instruction),
        };
        let args: Vec<Value> = self
            .program
            .list(lists)
            .iter()
            .map(|reg| self.get(*reg))
            .collect();
        self.charge(price);
        let mut values = vec![self.context, self.fuel()];
        values.extend(args);
        let call = match callee {
            Callee::Itself(func) => self.b.ins().call(func, &values),
            Callee::Address(address) => {
                let signature = self.b.import_signature(shape.signature());
                self.b.ins().call_indirect(signature, address, &values)
            }
        };
        let results = self.b.inst_results(call).to_vec();
        self.set_fuel(results[0]);
        self.look_back();
        for (dst, value) in self.program.list_after(lists).iter().zip(&results[1..]) {
            self.set(*dst, *value);
        }
        Next::Charged
    }

    /// Goes on if the callee returned; writes the frame's record if it came to an exit.
    fn look_back(&mut self) {
        let fuel = self.fuel();
        let (cold, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        let is_negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, fuel, 0);
        self.b.ins().brif(is_negative, cold, &[], next, &[]);
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        let exit = self.load_context(at::EXIT, self.regions.context);
        let (spill, arg) = self.waiting();
        let args = [BlockArg::Value(arg)];
        self.b.ins().brif(exit, spill, &args, next, &[]);
        self.b.seal_block(next);
        self.b.switch_to_block(next);
    }

    fn callee(&mut self, func: FuncId, shape: &Shape) -> Callee {
        if func == self.func && self.start == Start::Call {
            return Callee::Itself(self.itself(shape));
        }
        let table = self.table_address();
        Callee::Address(self.code_at(table, func.index() as i32 * 8))
    }

    fn itself(&mut self, shape: &Shape) -> FuncRef {
        let signature = self.b.import_signature(shape.signature());
        let name = itself(self.func);
        let name = self.b.func.declare_imported_user_function(name);
        self.b.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        })
    }

    fn table_address(&mut self) -> Value {
        let table: *const AtomicUsize = self.table.as_ptr();
        self.b.ins().iconst(types::I64, table as usize as i64)
    }

    /// The code at a place of the table; leaves if there is none yet.
    fn code_at(&mut self, place: Value, offset: i32) -> Value {
        let code = self
            .b
            .ins()
            .load(types::I64, self.regions.context, place, offset);
        self.exit_unless(code, Reason::Callee);
        code
    }

    /// What a closure takes and gives, of the registers of a call.
    fn shape_of_call(&self, lists: List) -> Option<Shape> {
        let types = |regs: &[R]| regs.iter().map(|reg| self.ty(*reg)).collect();
        let results = self.program.list_after(lists);
        (results.len() <= crate::jit::MAX_RESULTS).then(|| Shape {
            params: types(self.program.list(lists)),
            results: types(results),
        })
    }

    /// Calls a helper, and gives its result.
    pub(super) fn help(&mut self, helper: Helper, args: &[Value]) -> Value {
        let mut values = Vec::new();
        if helper.takes_context() {
            values.push(self.context);
        }
        values.extend(args);
        let mut signature = Signature::new(self.call_conv);
        let params = values
            .iter()
            .map(|value| self.b.func.dfg.value_type(*value));
        signature.params = params.map(AbiParam::new).collect();
        let result = match helper {
            Helper::FloatRem => types::F64,
            _ => types::I64,
        };
        signature.returns = vec![AbiParam::new(result)];
        let signature = self.b.import_signature(signature);
        let address = self.b.ins().iconst(types::I64, helper.address() as i64);
        let call = self.b.ins().call_indirect(signature, address, &values);
        self.b.inst_results(call)[0]
    }

    /// Instructions that are done by a helper, in part at least.
    pub(super) fn helped(&mut self, op: Op, price: i64) -> Next {
        match op {
            Op::Slow { index } => return self.slow(index, price),
            Op::BytesLen { dst, bytes } => {
                let bytes = self.get(bytes);
                let len = self.bytes_len(bytes);
                self.set(dst, len);
            }
            Op::BytesGet { dst, bytes, index } => self.bytes_get(dst, bytes, index),
            Op::MapFindWord {
                dst,
                map,
                key,
                stride,
            } => {
                let stride = self.b.ins().iconst(types::I64, i64::from(stride));
                let args = [self.get(map), self.get_word(key), stride];
                let entry = self.help(Helper::MapFindWord, &args);
                self.set(dst, entry);
            }
            Op::MapValueAt { dst, map, entry } => self.map_value_at(dst, map, entry),
            Op::MapInsertWord { map, key, value } => {
                let args = [self.get(map), self.get_word(key), self.get_word(value)];
                let done = self.help(Helper::MapInsertWord, &args);
                self.exit_unless(done, Reason::Heap);
            }
            Op::MapFindText {
                dst,
                map,
                key,
                stride,
            } => {
                let stride = self.b.ins().iconst(types::I64, i64::from(stride));
                let args = [self.get(map), self.get(key), stride];
                let entry = self.help(Helper::MapFindText, &args);
                let charge = self.load_context(at::CHARGE, self.regions.context);
                self.charge_helper(charge, price);
                self.set(dst, entry);
                return Next::Charged;
            }
            Op::MapInsertText { map, key, value } => {
                let args = [self.get(map), self.get(key), self.get_word(value)];
                let charge = self.help(Helper::MapInsertText, &args);
                self.charge_helper(charge, price);
                return Next::Charged;
            }
            _ => return self.leave(Reason::Instruction),
        }
        Next::Instruction
    }

    fn map_value_at(&mut self, dst: R, map: R, entry: R) {
        let (map, entry) = (self.get(map), self.get(entry));
        let used = self.half_word(map, MAP_USED);
        let is_out = self
            .b
            .ins()
            .icmp(IntCC::UnsignedGreaterThanOrEqual, entry, used);
        self.exit_if(is_out, Reason::Trap);
        let entries = self.half_word(map, MAP_ENTRIES);
        let words = self.b.ins().imul_imm_s(entry, MAP_STRIDE as i64);
        let first = self.b.ins().iadd(entries, words);
        let entry = self.object_at(first);
        let flags = self.regions.elements;
        let offset = |word: usize| (1 + word as i32) * 8;
        let hash = self
            .b
            .ins()
            .load(types::I64, flags, entry, offset(ENTRY_HASH));
        self.exit_unless(hash, Reason::Trap);
        let ty = self.ty(dst);
        let value = self.b.ins().load(ty, flags, entry, offset(ENTRY_VALUE));
        self.set(dst, value);
    }

    /// Runs an instruction in its bytecode form, its operands in the window.
    fn slow(&mut self, index: Side, price: i64) -> Next {
        let inst = &self.program.slow[index.index()].inst;
        if !can_help(inst) {
            return self.leave(Reason::Instruction);
        }
        let window = self.load_context(at::WINDOW, self.regions.fixed);
        let flags = self.regions.elements;
        let mut regs = Vec::new();
        inst.uses(|reg| regs.push(reg.0));
        for reg in regs.drain(..) {
            let word = self.get_word(reg);
            self.b.ins().store(flags, word, window, i32::from(reg) * 8);
        }
        let args = [self.func.0, self.pc().0, { index.0 }]
            .map(|arg| self.b.ins().iconst(types::I32, i64::from(arg)));
        let charge = self.help(Helper::Slow, &args);
        self.charge_helper(charge, price);
        inst.defs(|reg| regs.push(reg.0));
        for reg in regs {
            let ty = type_of(self.function.kinds[usize::from(reg)]);
            let value = self.b.ins().load(ty, flags, window, i32::from(reg) * 8);
            self.set(reg, value);
        }
        Next::Charged
    }

    /// Takes off what a helper charges and the base price; leaves if it did nothing.
    fn charge_helper(&mut self, charge: Value, price: i64) {
        let is_undone = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, charge, 0);
        self.exit_if(is_undone, Reason::Helper);
        self.charge(price);
        if METERED {
            let fuel = self.fuel();
            let fuel = self.b.ins().isub(fuel, charge);
            self.set_fuel(fuel);
        }
    }

    /// The end of a block, or an instruction that is not compiled.
    pub(super) fn end(&mut self, op: Op, price: i64) -> Next {
        match op {
            Op::Jump { to } => self.go(to, price),
            Op::Branch {
                cond,
                then,
                otherwise,
            } => {
                let cond = self.get(cond);
                self.branch(cond, [then, otherwise], price);
            }
            Op::ForNext {
                i,
                limit,
                body,
                exit,
            } => {
                let (value, limit) = (self.get(i), self.get(limit));
                // What comes behind a branch in memory is its second way: the one taken more often.
                let ends = IntCC::SignedGreaterThanOrEqual;
                let ends = self.b.ins().icmp(ends, value, limit);
                let (next, end) = (self.b.create_block(), self.b.create_block());
                self.b.ins().brif(ends, end, &[], next, &[]);
                self.b.seal_block(next);
                self.b.seal_block(end);
                let pending = self.pending;
                self.b.switch_to_block(end);
                self.go(exit, price);
                self.b.switch_to_block(next);
                let value = self.b.ins().iadd_imm_s(value, 1);
                self.set(i, value);
                self.pending = pending;
                self.go(body, price);
            }
            Op::Switch {
                index,
                count,
                targets,
            } => {
                self.charge(price);
                self.switch(index, count, targets);
            }
            Op::Return { values } => {
                self.charge(price);
                self.return_values(self.program.list(values));
            }
            _ => return self.leave(Reason::Instruction),
        }
        Next::Block
    }

    fn switch(&mut self, index: R, count: u16, targets: Side) {
        let index = self.get(index);
        let targets: &[Pc] = &self.program.jumps[targets.index()..][..=usize::from(count)];
        let blocks: Vec<Block> = targets.iter().map(|to| self.target_at(*to)).collect();
        let (default, blocks) = blocks.split_last().expect("there is a default");
        if blocks.len() <= FEW {
            for (number, block) in (0..).zip(blocks) {
                let is_it = self.b.ins().icmp_imm_s(IntCC::Equal, index, number);
                let next = self.b.create_block();
                self.b.ins().brif(is_it, *block, &[], next, &[]);
                self.b.seal_block(next);
                self.b.switch_to_block(next);
            }
            self.b.ins().jump(*default, &[]);
            return;
        }
        let last = self.b.ins().iconst(types::I64, i64::from(count));
        let index = self.b.ins().umin(index, last);
        let index = self.b.ins().ireduce(types::I32, index);
        let pool = &mut self.b.func.dfg.value_lists;
        let call =
            |block: &Block, pool: &mut _| cranelift_codegen::ir::BlockCall::new(*block, [], pool);
        let default = call(default, pool);
        let entries: Vec<_> = blocks.iter().map(|block| call(block, pool)).collect();
        let table = self
            .b
            .create_jump_table(JumpTableData::new(default, &entries));
        self.b.ins().br_table(index, table);
    }

    fn return_values(&mut self, regs: &[R]) {
        let mut values = vec![self.fuel()];
        if self.start == Start::Call {
            values.extend(regs.iter().map(|reg| self.get(*reg)));
        } else {
            let frame = self.load_context(at::REGS, self.regions.fixed);
            for (slot, reg) in (0..).zip(regs) {
                let word = self.get_word(*reg);
                let flags = self.regions.elements;
                self.b.ins().store(flags, word, frame, slot * 8);
            }
        }
        self.b.ins().return_(&values);
    }
}

/// Whether a helper can run the instruction: it asks the node for nothing, and when it fails it has
/// changed nothing.
fn can_help(inst: &Inst) -> bool {
    matches!(
        inst,
        Inst::DataEq { .. }
            | Inst::DataCmp { .. }
            | Inst::DataShow { .. }
            | Inst::StrConcat { .. }
            | Inst::CallNative { .. }
            | Inst::ListNew { .. }
            | Inst::ListPop { .. }
            | Inst::ListInsert { .. }
            | Inst::ListRemove { .. }
            | Inst::ListTruncate { .. }
            | Inst::ListSlice { .. }
            | Inst::ListAppend { .. }
            | Inst::ListFill { .. }
            | Inst::ListReverse { .. }
            | Inst::MapNew { .. }
            | Inst::MapFind { .. }
            | Inst::MapKeyAt { .. }
            | Inst::MapInsert { .. }
            | Inst::SetInsert { .. }
            | Inst::MapRemove { .. }
            | Inst::MapClear { .. }
            | Inst::IterBegin { .. }
    )
}
