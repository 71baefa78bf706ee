//! Objects on the heap. What a reference refers to is known from its type, and a reference that is
//! no option is never null, so only what types do not say is checked: indices and variants.

use std::sync::atomic::AtomicUsize;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use super::Translator;
use crate::heap::layout::{COUNT, FIELDS, Header, LIST_DATA, ONE_MORE, Ref};
use crate::index::ConstId;
use crate::interp::native::Helper;
use crate::jit::compile::push_signature;
use crate::jit::context::{Reason, at};
use crate::op::{List, Op, R, Side};

/// The bytes of a word.
const WORD: i32 = 8;
/// Where in a header its `aux` is, whose lower half is the variant of a record.
const AUX: i32 = 4;

impl Translator<'_> {
    /// Translates an operation on records and closures. False if it is none.
    pub(super) fn object(&mut self, op: Op) -> bool {
        match op {
            Op::Const { dst, id } => self.set_reference(dst, Ref::constant(id)),
            Op::TagConst { dst, id } => self.set_reference(dst, Ref::tag(id)),
            Op::EnumTag { dst, src } => {
                let variant = self.variant(src);
                let value = self.b.ins().uextend(types::I64, variant);
                self.set(dst, value);
            }
            Op::RecordNew { dst, site } => self.record_new(dst, site),
            Op::ClosureNew {
                dst,
                func,
                captures,
            } => {
                let header = Header::closure(func, self.program.list(captures).len());
                self.alloc(dst, header, captures);
            }
            Op::RecordGet { dst, src, field } => {
                let src = self.get(src);
                let value = self.load_field(self.ty(dst), src, field.into());
                self.set(dst, value);
            }
            Op::RecordSet { obj, field, src } => {
                let (obj, value) = (self.get(obj), self.get_word(src));
                let object = self.object_at(obj);
                let offset = field_offset(field.into());
                self.b
                    .ins()
                    .store(self.regions.fields, value, object, offset);
            }
            Op::VariantGet {
                dst,
                src,
                variant,
                field,
            } => {
                let found = self.variant(src);
                let is_right = self
                    .b
                    .ins()
                    .icmp_imm_u(IntCC::Equal, found, i64::from(variant));
                self.exit_unless(is_right, Reason::Trap);
                let src = self.get(src);
                let value = self.load_field(self.ty(dst), src, field.into());
                self.set(dst, value);
            }
            _ => return false,
        }
        true
    }

    fn set_reference(&mut self, dst: R, reference: Ref) {
        let value = self.b.ins().iconst(types::I64, reference.word() as i64);
        self.set(dst, value);
    }

    /// The heap's first word. It does not move while native code runs.
    fn heap(&mut self) -> Value {
        let flags = self.regions.fixed;
        self.b.ins().load(types::I64, flags, self.context, at::HEAP)
    }

    /// The address of the word that a reference is the number of.
    pub(super) fn object_at(&mut self, reference: Value) -> Value {
        let heap = self.heap();
        let offset = self.b.ins().ishl_imm_u(reference, 3);
        self.b.ins().iadd(heap, offset)
    }

    pub(super) fn load_field(&mut self, ty: Type, object: Value, field: usize) -> Value {
        let object = self.object_at(object);
        let flags = self.regions.fields;
        self.b.ins().load(ty, flags, object, field_offset(field))
    }

    fn variant(&mut self, record: R) -> Value {
        let record = self.get(record);
        let object = self.object_at(record);
        self.b
            .ins()
            .load(types::I16, self.regions.headers, object, AUX)
    }

    fn record_new(&mut self, dst: R, site: Side) {
        let site = self.program.records[site.index()];
        self.alloc(dst, site.header, site.args);
    }

    /// A new object with the words of these registers.
    fn alloc(&mut self, dst: R, header: Header, regs: List) {
        let regs = self.program.list(regs);
        let at = self.room(1 + regs.len());
        let object = self.object_at(at);
        let header = self.b.ins().iconst(types::I64, header.0 as i64);
        self.b.ins().store(self.regions.headers, header, object, 0);
        for (field, reg) in regs.iter().enumerate() {
            let word = self.get_word(*reg);
            let offset = field_offset(field);
            self.b
                .ins()
                .store(self.regions.fields, word, object, offset);
        }
        self.set(dst, at);
    }

    /// Takes so many words from the heap: the number of the first. They have to be written.
    fn room(&mut self, words: usize) -> Value {
        let start = self.load_context(at::HEAP_LEN, self.regions.context);
        let end = self.b.ins().iadd_imm_s(start, words as i64);
        let limit = self.load_context(at::HEAP_END, self.regions.fixed);
        let is_over = self.b.ins().icmp(IntCC::UnsignedGreaterThan, end, limit);
        self.exit_if(is_over, Reason::Heap);
        self.store_context(end, at::HEAP_LEN);
        start
    }

    /// Translates an operation on lists. False if it is none.
    pub(super) fn list(&mut self, op: Op) -> bool {
        match op {
            Op::ListLen { dst, list } => {
                let len = match self.known_list(list) {
                    Some((len, _)) => len,
                    None => {
                        let list = self.get(list);
                        self.list_len(list)
                    }
                };
                self.set(dst, len);
            }
            Op::ListGetWord { dst, list, index } => {
                let element = self.word_element(list, index);
                let flags = self.regions.elements;
                let ty = self.ty(dst);
                let value = self.b.ins().load(ty, flags, element, WORD);
                self.set(dst, value);
            }
            Op::ListGetByte { dst, list, index } => {
                let element = self.byte_element(list, index);
                let flags = self.regions.elements;
                let value = self.b.ins().load(types::I8, flags, element, WORD);
                self.set(dst, value);
            }
            Op::ListSetWord { list, index, value } => {
                let element = self.word_element(list, index);
                let value = self.get_word(value);
                self.b
                    .ins()
                    .store(self.regions.elements, value, element, WORD);
            }
            Op::ListSetByte { list, index, value } => {
                let element = self.byte_element(list, index);
                let value = self.get(value);
                self.b
                    .ins()
                    .store(self.regions.elements, value, element, WORD);
            }
            Op::ListPushWord { list, value } => self.push(list, value, false),
            Op::ListPushByte { list, value } => self.push(list, value, true),
            Op::IterCheck { coll, counter } => {
                let (coll, counter) = (self.get(coll), self.get(counter));
                let coll = self.object_at(coll);
                let flags = self.regions.collections;
                let changes = COUNT as i32 * WORD + 4;
                let changes = self.b.ins().load(types::I32, flags, coll, changes);
                let changes = self.b.ins().uextend(types::I64, changes);
                let has_changed = self.b.ins().icmp(IntCC::NotEqual, changes, counter);
                self.exit_if(has_changed, Reason::Trap);
            }
            _ => return false,
        }
        true
    }

    fn list_len(&mut self, list: Value) -> Value {
        self.half_word(list, COUNT)
    }

    /// The lower half of a word of a list or map.
    pub(super) fn half_word(&mut self, object: Value, word: usize) -> Value {
        let object = self.object_at(object);
        let flags = self.regions.collections;
        let half = self
            .b
            .ins()
            .load(types::I32, flags, object, word as i32 * WORD);
        self.b.ins().uextend(types::I64, half)
    }

    /// The length and the array's address of a list.
    pub(super) fn look_up(&mut self, list: R) -> (Value, Value) {
        let list = self.get(list);
        let len = self.list_len(list);
        let array = self.half_word(list, LIST_DATA);
        (len, self.object_at(array))
    }

    /// The same of a list that was looked up before a loop around this block.
    fn known_list(&mut self, list: R) -> Option<(Value, Value)> {
        self.block.filter(|block| self.loops.knows(*block, list))?;
        let (len, array) = *self.lists.get(&list)?;
        Some((self.b.use_var(len), self.b.use_var(array)))
    }

    /// The array's address and the index, which is below the list's length.
    fn checked_index(&mut self, list: R, index: R) -> (Value, Value) {
        let (len, array) = match self.known_list(list) {
            Some(known) => known,
            None => self.look_up(list),
        };
        let index = self.get(index);
        let is_out = self
            .b
            .ins()
            .icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        self.exit_if(is_out, Reason::Trap);
        (array, index)
    }

    /// Behind the array's header, where the element lies.
    fn word_element(&mut self, list: R, index: R) -> Value {
        let (array, index) = self.checked_index(list, index);
        let offset = self.b.ins().ishl_imm_u(index, 3);
        self.b.ins().iadd(array, offset)
    }

    fn byte_element(&mut self, list: R, index: R) -> Value {
        let (array, index) = self.checked_index(list, index);
        self.b.ins().iadd(array, index)
    }

    fn push(&mut self, list: R, value: R, is_packed: bool) {
        let (list, value) = (self.get(list), self.get(value));
        let len = self.list_len(list);
        let array = self.half_word(list, LIST_DATA);
        let at = self.object_at(array);
        // The array of an empty list is null, and word 0 of a heap is the header of nothing.
        let flags = self.regions.collections;
        let capacity = self.b.ins().load(types::I32, flags, at, AUX);
        let capacity = self.b.ins().uextend(types::I64, capacity);
        let fits = self.b.ins().icmp(IntCC::UnsignedLessThan, len, capacity);
        let (short, long, next) = (
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
        );
        self.b.set_cold_block(long);
        self.b.ins().brif(fits, short, &[], long, &[]);
        for block in [short, long] {
            self.b.seal_block(block);
        }
        self.b.switch_to_block(long);
        let word = self.word_of(value);
        self.push_full(list, word);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(short);
        let offset = match is_packed {
            true => len,
            false => self.b.ins().ishl_imm_u(len, 3),
        };
        let element = self.b.ins().iadd(at, offset);
        self.b
            .ins()
            .store(self.regions.elements, value, element, WORD);
        let object = self.object_at(list);
        let count = self
            .b
            .ins()
            .load(types::I64, flags, object, COUNT as i32 * WORD);
        let count = self.b.ins().iadd_imm_s(count, ONE_MORE as i64);
        self.b
            .ins()
            .store(flags, count, object, COUNT as i32 * WORD);
        self.b.ins().jump(next, &[]);
        self.b.seal_block(next);
        self.b.switch_to_block(next);
    }

    /// Adds to a list whose array is full, or leaves.
    fn push_full(&mut self, list: Value, word: Value) {
        self.pushes = true;
        let slot: *const AtomicUsize = self.push;
        let slot = self.b.ins().iconst(types::I64, slot as usize as i64);
        let flags = self.regions.context;
        let code = self.b.ins().load(types::I64, flags, slot, 0);
        let signature = self.b.import_signature(push_signature());
        let args = [self.context, list, word];
        self.b.ins().call_indirect(signature, code, &args);
        let done = self.load_context(at::CHARGE, flags);
        self.exit_unless(done, Reason::Heap);
    }

    /// The length of text or bytes that may be a constant.
    pub(super) fn bytes_len(&mut self, bytes: Value) -> Value {
        self.help(Helper::BytesLen, &[bytes])
    }

    /// A byte of text or bytes on the heap; constants are left to the interpreter.
    pub(super) fn bytes_get(&mut self, dst: R, bytes: R, index: R) {
        let (bytes, index) = (self.get(bytes), self.get(index));
        let first = Ref::constant(ConstId(0)).word() as i64;
        let is_const = self
            .b
            .ins()
            .icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, bytes, first);
        self.exit_if(is_const, Reason::Instruction);
        let object = self.object_at(bytes);
        let len = self
            .b
            .ins()
            .load(types::I32, self.regions.headers, object, AUX);
        let len = self.b.ins().uextend(types::I64, len);
        let is_out = self
            .b
            .ins()
            .icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        self.exit_if(is_out, Reason::Trap);
        let byte = self.b.ins().iadd(object, index);
        let byte = self
            .b
            .ins()
            .load(types::I8, self.regions.elements, byte, WORD);
        let byte = self.b.ins().uextend(types::I64, byte);
        self.set(dst, byte);
    }
}

fn field_offset(field: usize) -> i32 {
    (FIELDS + field) as i32 * WORD
}
