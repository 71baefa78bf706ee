//! The instruction table: the one place that declares an instruction.
//!
//! An entry reads
//!
//! ```text
//! /// `dst = a + b`: the instruction as an assignment, then what there is to know.
//! 0x20 IntAdd { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1, traps [IntOverflow];
//! ```
//!
//! opcode, name, operands (see [`operand`](super::operand)), then
//! - `check NAME,`: the function in `verify/rules.rs` that types the operands of class `Any` and
//!   the immediates; an entry without them needs none;
//! - `fuel BASE + 1 / PER "SIZE"`: the price, the second part only for bulk work;
//! - `effects [..]`: see [`Effects`](super::Effects); `traps [..]`: how it can trap.
//!
//! From an entry come the variant of [`Inst`](super::Inst), its encoding, operand visits, the
//! verifier's checks, the disassembly and a line of `docs/BYTECODE.md`. Engines match on `Inst`
//! without a wildcard, so they do not compile until they handle a new one. Opcodes are part of
//! hashes: never reuse one.

/// Expands `$consumer!` with the whole table.
macro_rules! for_each_instruction {
    ($consumer:ident) => { $consumer! {

"Moves and constants" {
    /// `dst = src`
    0x00 Move { dst: Def<Any>, src: Use<Any> } check same_slot, fuel 1;
    /// `dst = value`
    0x01 IntConst { dst: Def<Int>, value: i64 } fuel 1;
    /// `dst = bits` as a double; NaN only in its canonical form
    0x02 FloatConst { dst: Def<Float>, bits: FloatBits } check float_const, fuel 1;
    /// `dst = value`
    0x03 BoolConst { dst: Def<Bool>, value: bool } fuel 1;
    /// `dst = variant` of the small enum `ty`
    0x04 EnumConst { dst: Def<Any>, ty: TypeIx, variant: u16 } check enum_const, fuel 1;
    /// `dst = consts[konst]`, text
    0x05 StrConst { dst: Def<Str>, konst: ConstIx } check str_const, fuel 1, effects [ALLOC];
    /// `dst = consts[konst]`, bytes
    0x06 BytesConst { dst: Def<Bytes>, konst: ConstIx } check bytes_const, fuel 1, effects [ALLOC];
    /// `dst = zero`: 0, 0.0, false, variant 0 or null; never into a `Ref`. The payload of `None`.
    0x07 Null { dst: Def<Any> } check null, fuel 1;
    /// `dst = Some(src)`: `Ref` to `OptRef`
    0x08 OptSome { dst: Def<Any>, src: Use<Any> } check opt_some, fuel 1;
    /// `dst = src!`: `OptRef` to `Ref`; traps if it is null
    0x09 OptGet { dst: Def<Any>, src: Use<Any> } check opt_get, fuel 1, traps [UnwrapNone];
    /// `dst = src is not null`
    0x0a OptIsSome { dst: Def<Bool>, src: Use<Any> } check opt_is_some, fuel 1;
}

"Integers" {
    /// `dst = a + b`; traps if the sum does not fit
    0x10 IntAdd { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1, traps [IntOverflow];
    /// `dst = a - b`; traps if the difference does not fit
    0x11 IntSub { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1, traps [IntOverflow];
    /// `dst = a * b`; traps if the product does not fit
    0x12 IntMul { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1, traps [IntOverflow];
    /// `dst = a / b`, rounded towards zero
    0x13 IntDiv { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 2,
        traps [DivideByZero IntOverflow];
    /// `dst = a % b`, with the sign of `a`
    0x14 IntRem { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 2,
        traps [DivideByZero IntOverflow];
    /// `dst = -a`
    0x15 IntNeg { dst: Def<Int>, a: Use<Int> } fuel 1, traps [IntOverflow];
    /// `dst = a +% b`, modulo 2^64
    0x16 IntWrapAdd { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = a -% b`, modulo 2^64
    0x17 IntWrapSub { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = a *% b`, modulo 2^64
    0x18 IntWrapMul { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst =` the upper 64 bits of the signed 128-bit product `a * b`
    0x19 IntMulHi { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = a & b`
    0x1a IntAnd { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = a | b`
    0x1b IntOr { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = a ^ b`
    0x1c IntXor { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = ~a`
    0x1d IntNot { dst: Def<Int>, a: Use<Int> } fuel 1;
    /// `dst = a << b`; traps if `b` is not in 0..64
    0x1e IntShl { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1, traps [ShiftRange];
    /// `dst = a >> b`, keeping the sign; traps if `b` is not in 0..64
    0x1f IntShr { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1, traps [ShiftRange];
    /// `dst = a >>> b`, filling with zeros; traps if `b` is not in 0..64
    0x20 IntUshr { dst: Def<Int>, a: Use<Int>, b: Use<Int> } fuel 1, traps [ShiftRange];
    /// `dst = a == b`
    0x21 IntEq { dst: Def<Bool>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = a != b`
    0x22 IntNe { dst: Def<Bool>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = a < b`
    0x23 IntLt { dst: Def<Bool>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = a <= b`
    0x24 IntLe { dst: Def<Bool>, a: Use<Int>, b: Use<Int> } fuel 1;
    /// `dst = float(a)`, rounded to the nearest, ties to even
    0x25 IntToFloat { dst: Def<Float>, a: Use<Int> } fuel 1;
}

"Floats" {
    /// `dst = a + b`
    0x30 FloatAdd { dst: Def<Float>, a: Use<Float>, b: Use<Float> } fuel 1;
    /// `dst = a - b`
    0x31 FloatSub { dst: Def<Float>, a: Use<Float>, b: Use<Float> } fuel 1;
    /// `dst = a * b`
    0x32 FloatMul { dst: Def<Float>, a: Use<Float>, b: Use<Float> } fuel 1;
    /// `dst = a / b`
    0x33 FloatDiv { dst: Def<Float>, a: Use<Float>, b: Use<Float> } fuel 2;
    /// `dst = a % b`, `fmod`: exact, with the sign of `a`
    0x34 FloatRem { dst: Def<Float>, a: Use<Float>, b: Use<Float> } fuel 8;
    /// `dst = -a`
    0x35 FloatNeg { dst: Def<Float>, a: Use<Float> } fuel 1;
    /// `dst = a == b`; NaN equals nothing
    0x36 FloatEq { dst: Def<Bool>, a: Use<Float>, b: Use<Float> } fuel 1;
    /// `dst = a != b`
    0x37 FloatNe { dst: Def<Bool>, a: Use<Float>, b: Use<Float> } fuel 1;
    /// `dst = a < b`
    0x38 FloatLt { dst: Def<Bool>, a: Use<Float>, b: Use<Float> } fuel 1;
    /// `dst = a <= b`
    0x39 FloatLe { dst: Def<Bool>, a: Use<Float>, b: Use<Float> } fuel 1;
    /// `dst = int(a)`, rounded towards zero; traps if it does not fit
    0x3a FloatToInt { dst: Def<Int>, a: Use<Float> } fuel 1, traps [FloatToInt];
    /// `dst =` the bits of `a`, every NaN being the canonical one
    0x3b FloatBits { dst: Def<Int>, a: Use<Float> } fuel 1;
    /// `dst =` the double with the bits `a`
    0x3c FloatFromBits { dst: Def<Float>, a: Use<Int> } fuel 1;
}

"Truth values and small enums" {
    /// `dst = !a`
    0x40 BoolNot { dst: Def<Bool>, a: Use<Bool> } fuel 1;
    /// `dst = a == b`
    0x41 BoolEq { dst: Def<Bool>, a: Use<Bool>, b: Use<Bool> } fuel 1;
    /// `dst =` the number of the variant of a small enum
    0x42 EnumIndex { dst: Def<Int>, src: Use<Any> } check enum_index, fuel 1;
    /// `dst =` the number of the variant of an enum with fields
    0x43 EnumTag { dst: Def<Int>, src: Use<Any> } check enum_tag, fuel 1;
}

"Records" {
    /// `dst = ty(args)`: a struct, a tuple, a boxed value (`variant` 0), or a variant of an enum
    0x48 RecordNew { dst: Def<Any>, ty: TypeIx, variant: u16, args: Uses } check record_new,
        fuel 4 + 1 / 8 "slots", effects [ALLOC];
    /// `dst = src.slots[field]` of a struct, a tuple or a boxed value
    0x49 RecordGet { dst: Def<Any>, src: Use<Any>, field: u16 } check record_get, fuel 1;
    /// `obj.slots[field] = src`; the field is declared `var`
    0x4a RecordSet { obj: Use<Any>, field: u16, src: Use<Any> } check record_set, fuel 1;
    /// `dst = src.slots[field]` of an enum whose variant is `variant`
    0x4b VariantGet { dst: Def<Any>, src: Use<Any>, variant: u16, field: u16 } check variant_get,
        fuel 1, traps [VariantMismatch];
    /// `dst = a is b`: the same object (or both null)
    0x4c RefSame { dst: Def<Bool>, a: Use<Any>, b: Use<Any> } check ref_same, fuel 1;
}

"Any data" {
    /// `dst = a == b`, structural; `a` and `b` are the slots of a `ty`
    0x50 DataEq { dst: Def<Bool>, ty: TypeIx, a: Uses, b: Uses } check data_pair,
        fuel 2 + 1 / 1 "slots visited; 16 bytes of text count as one", traps [NotData];
    /// `dst = -1, 0 or 1` as `a < b`, `a == b` or `a > b`; by fields and elements, variants by
    /// their order, `None` first, NaN after all numbers
    0x51 DataCmp { dst: Def<Int>, ty: TypeIx, a: Uses, b: Uses } check data_pair,
        fuel 2 + 1 / 1 "slots visited; 16 bytes of text count as one", traps [NotData];
    /// `dst =` the value as the language writes it; `args` are the slots of a `ty`
    0x52 DataShow { dst: Def<Str>, ty: TypeIx, args: Uses } check data_show,
        fuel 8 + 1 / 4 "bytes of dst", effects [ALLOC], traps [NotData];
}

"Text" {
    /// `dst = args[0] + args[1] + ..`, each a `Str`
    0x58 StrConcat { dst: Def<Str>, args: Uses } check str_concat,
        fuel 4 + 1 / 16 "bytes of dst", effects [ALLOC];
}

"Lists" {
    /// `dst = [args]`; `ty` is the list's type
    0x60 ListNew { dst: Def<Any>, ty: TypeIx, args: Uses } check list_new,
        fuel 4 + 1 / 8 "elements", effects [ALLOC];
    /// `dst = len(list)`
    0x61 ListLen { dst: Def<Int>, list: Use<Any> } check list_only, fuel 1;
    /// `dst = list[index]`
    0x62 ListGet { dst: Def<Any>, list: Use<Any>, index: Use<Int> } check list_get, fuel 2,
        traps [IndexOutOfRange];
    /// `list[index] = value`
    0x63 ListSet { list: Use<Any>, index: Use<Int>, value: Use<Any> } check list_set, fuel 2,
        traps [IndexOutOfRange];
    /// `list.push(value)`
    0x64 ListPush { list: Use<Any>, value: Use<Any> } check list_push, fuel 3, effects [ALLOC];
    /// `dst = list.pop()`
    0x65 ListPop { dst: Def<Any>, list: Use<Any> } check list_pop, fuel 2, traps [EmptyList];
    /// `list.insert(index, value)`; `index` may be the length
    0x66 ListInsert { list: Use<Any>, index: Use<Int>, value: Use<Any> } check list_set,
        fuel 4 + 1 / 8 "elements moved", effects [ALLOC], traps [IndexOutOfRange];
    /// `dst = list.remove(index)`
    0x67 ListRemove { dst: Def<Any>, list: Use<Any>, index: Use<Int> } check list_get,
        fuel 4 + 1 / 8 "elements moved", traps [IndexOutOfRange];
    /// `list.truncate(len)`; `len` may be larger than the length, not negative
    0x68 ListTruncate { list: Use<Any>, len: Use<Int> } check list_truncate, fuel 2,
        traps [IndexOutOfRange];
    /// `dst = list[from..to]`, a new list
    0x69 ListSlice { dst: Def<Any>, list: Use<Any>, from: Use<Int>, to: Use<Int> }
        check list_slice, fuel 4 + 1 / 8 "elements of dst", effects [ALLOC],
        traps [IndexOutOfRange];
    /// `list.append(other)`; `other` may be `list`
    0x6a ListAppend { list: Use<Any>, other: Use<Any> } check list_append,
        fuel 4 + 1 / 8 "elements of other", effects [ALLOC];
    /// `dst = [value; count]`; `ty` is the list's type
    0x6b ListFill { dst: Def<Any>, ty: TypeIx, count: Use<Int>, value: Use<Any> } check list_fill,
        fuel 4 + 1 / 8 "elements", effects [ALLOC], traps [IndexOutOfRange];
    /// `list.reverse()`, in place
    0x6c ListReverse { list: Use<Any> } check list_reverse, fuel 2 + 1 / 8 "elements";
}

"Maps and sets" {
    /// `dst = [:]` or `#{}`; `ty` is a map's or a set's type
    0x70 MapNew { dst: Def<Any>, ty: TypeIx } check map_new, fuel 4, effects [ALLOC];
    /// `dst = len(map)`
    0x71 MapLen { dst: Def<Int>, map: Use<Any> } check map_only, fuel 1;
    /// `dst =` the entry of `key`, -1 if there is none; valid until the map changes its structure
    0x72 MapFind { dst: Def<Int>, map: Use<Any>, key: Use<Any> } check map_find,
        fuel 4 + 1 / 1 "slots of the key; 16 bytes of text count as one", traps [NotData];
    /// `dst =` the key of an entry
    0x73 MapKeyAt { dst: Def<Any>, map: Use<Any>, entry: Use<Int> } check map_key_at, fuel 2,
        traps [IndexOutOfRange];
    /// `dst =` the value of an entry of a map
    0x74 MapValueAt { dst: Def<Any>, map: Use<Any>, entry: Use<Int> } check map_value_at, fuel 2,
        traps [IndexOutOfRange];
    /// `map[key] = value`; a key that was there keeps its place, a new one is the last
    0x75 MapInsert { map: Use<Any>, key: Use<Any>, value: Use<Any> } check map_insert,
        fuel 6 + 1 / 1 "slots of the key; 16 bytes of text count as one", effects [ALLOC],
        traps [NotData];
    /// `dst = set.insert(key)`: whether it was not there
    0x76 SetInsert { dst: Def<Bool>, set: Use<Any>, key: Use<Any> } check set_insert,
        fuel 6 + 1 / 1 "slots of the key; 16 bytes of text count as one", effects [ALLOC],
        traps [NotData];
    /// `dst = map.remove(key)`: whether it was there; the order of the others stays
    0x77 MapRemove { dst: Def<Bool>, map: Use<Any>, key: Use<Any> } check map_remove,
        fuel 6 + 1 / 1 "slots of the key; 16 bytes of text count as one", traps [NotData];
    /// `map.clear()`
    0x78 MapClear { map: Use<Any> } check map_clear, fuel 4;
}

"Iteration" {
    /// `dst =` the change counter of a list, map or set; entries 0..len of a map or set are dense
    /// after it
    0x80 IterBegin { dst: Def<Int>, coll: Use<Any> } check iter_begin,
        fuel 2 + 1 / 16 "entries of a map or set";
    /// traps if the collection's structure changed since `counter` was taken; setting an element
    /// or the value of a key is no change of structure
    0x81 IterCheck { coll: Use<Any>, counter: Use<Int> } check iter_check, fuel 1,
        traps [ChangedWhileIterating];
}

"Calls" {
    /// `dsts = func(args)`
    0x88 Call { dsts: Defs, func: FuncRef, args: Uses } check call, fuel 4, effects [CALL];
    /// `dst =` a closure over `captures` with the body `func`
    0x89 ClosureNew { dst: Def<Any>, func: FuncRef, captures: Uses } check closure_new,
        fuel 4 + 1 / 8 "slots", effects [ALLOC];
    /// `dsts = closure(args)`
    0x8a CallClosure { dsts: Defs, closure: Use<Any>, args: Uses } check call_closure, fuel 5,
        effects [CALL];
    /// `dsts = native(args)`; the native function has a price and traps of its own
    0x8b CallNative { dsts: Defs, native: Native, args: Uses } check call_native, fuel 2,
        effects [ALLOC];
}

"Ends of blocks" {
    /// go on at `to`
    0x90 Jump { to: BlockIx } fuel 1, effects [END];
    /// go on at `then` if `cond`, else at `otherwise`
    0x91 Branch { cond: Use<Bool>, then: BlockIx, otherwise: BlockIx } fuel 1, effects [END];
    /// go on at `targets[index]`, at `default` if there is none
    0x92 Switch { index: Use<Int>, targets: Box<[BlockIx]>, default: BlockIx } fuel 2,
        effects [END];
    /// end the function with `values`, the slots of its result
    0x93 Return { values: Uses } check return_values, fuel 2, effects [END];
    /// trap
    0x94 Trap { kind: TrapKind } fuel 1, effects [END];
    /// trap, with a message
    0x95 TrapMessage { kind: TrapKind, message: Use<Str> } fuel 1, effects [END];
    /// `if i < limit { i += 1 }`, then go on at `body` if it was so, else at `exit`. The head of
    /// a counted loop, where the body reads `i - 1`, or its foot.
    0x96 ForNext { i: Update<Int>, limit: Use<Int>, body: BlockIx, exit: BlockIx } fuel 1,
        effects [END];
}

"Tags and places" {
    /// `dst = tags[tag]`, a tag without keys
    0xa0 TagConst { dst: Def<Any>, tag: TagIx } check tag_const, fuel 2, effects [ALLOC];
    /// `dst = tags[tag](args)`; `args` are the slots of the family's keys
    0xa1 TagMember { dst: Def<Any>, tag: TagIx, args: Uses } check tag_member,
        fuel 6 + 1 / 8 "bytes of the keys; their parts, if more", effects [ALLOC],
        traps [NotData];
    /// `dst = src` with its value type forgotten
    0xa2 TagErase { dst: Def<AnyTag>, src: Use<Any> } check tag_erase, fuel 1;
    /// `dst = create(tag, value)`, a `TagCode`. `lifetime` in nanoseconds, -1 for the declared
    /// one, the largest integer for ever; `read` and `write`: -1 as declared, 0 any, 1 owner
    0xa3 TagCreate {
        dst: Def<Int>, tag: Use<Any>, value: Uses, lifetime: Use<Int>, read: Use<Int>,
        write: Use<Int>
    } check tag_create, fuel 16 + 1 / 8 "bytes of the value; its parts, if more",
        effects [PRIM], traps [NotData];
    /// `dst = delete(tag)`: whether it was there
    0xa4 TagDelete { dst: Def<Bool>, tag: Use<Any> } check tag_any, fuel 16, effects [PRIM];
    /// `dst = has(tag)`
    0xa5 TagHas { dst: Def<Bool>, tag: Use<Any> } check tag_any, fuel 8, effects [PRIM];
    /// `dsts = read(tag)`, the slots of an option of the tag's value type
    0xa6 TagRead { dsts: Defs, tag: Use<Any> } check tag_read,
        fuel 16 + 1 / 8 "bytes of the value; its parts, if more", effects [PRIM ALLOC];
    /// `dst = write(tag, value)`, a `TagCode`
    0xa7 TagWrite { dst: Def<Int>, tag: Use<Any>, value: Uses } check tag_write,
        fuel 16 + 1 / 8 "bytes of the value; its parts, if more", effects [PRIM],
        traps [NotData];
    /// `dst =` the version of the tag, 0 if it is absent
    0xa8 TagVersion { dst: Def<Int>, tag: Use<Any> } check tag_any, fuel 8, effects [PRIM];
    /// `dsts = block(tag)`, the slots of an option of the tag's value type: none when `timeout`
    /// nanoseconds (-1: no end) passed. Waits for a version larger than `after`; -1: from now.
    0xa9 TagBlock { dsts: Defs, tag: Use<Any>, timeout: Use<Int>, after: Use<Int> }
        check tag_block, fuel 16 + 1 / 8 "bytes of the value; its parts, if more",
        effects [PRIM SUSPEND ALLOC];
    /// `dst = {wanted, !unwanted}`, each an `AnyTag`
    0xaa PlaceNew { dst: Def<Place>, wanted: Uses, unwanted: Uses } check place_new,
        fuel 8 + 1 / 1 "tags", effects [ALLOC];
    /// `dst = place.name`, the canonical text of the wanted tags
    0xab PlaceName { dst: Def<Name>, place: Use<Place> }
        fuel 4 + 1 / 16 "bytes of dst", effects [ALLOC];
    /// `dst =` whether this node has all wanted tags and no unwanted one
    0xac PlaceHolds { dst: Def<Bool>, place: Use<Place> } fuel 8 + 1 / 1 "tags", effects [PRIM];
}

"Messages and the node" {
    /// `dst =` the identity of a new message that starts in `func(args)`
    0xb0 Spawn { dst: Def<Id>, func: FuncRef, args: Uses } check spawn,
        fuel 64 + 1 / 8 "bytes of the arguments; their parts, if more", effects [PRIM ALLOC],
        traps [TooManyChildren NotData];
    /// `dst = sys_migrate(hop)`, a `HopCode`: goes on there, or here with the error. `timeout` in
    /// nanoseconds, -1 for the node's own
    0xb1 Migrate { dst: Def<Int>, hop: Use<Hop>, timeout: Use<Int> } fuel 64,
        effects [PRIM SUSPEND];
    /// `dst = sys_migrate(all_neighbors)`, a `HopCode`: a copy goes on at every neighbor, this
    /// message ends; with `NoNeighbors` it goes on here
    0xb2 MigrateAll { dst: Def<Int> } fuel 64, effects [PRIM SUSPEND];
    /// end the turn and go on later
    0xb3 Yield {} fuel 4, effects [PRIM SUSPEND];
    /// `dst = neighbors()`, a list of `Hop`
    0xb4 Neighbors { dst: Def<Any> } check neighbors, fuel 8 + 1 / 1 "neighbors",
        effects [PRIM ALLOC];
    /// `dst = previous()`
    0xb5 Previous { dst: Def<OptHop> } fuel 4, effects [PRIM ALLOC];
    /// `dst = here()`
    0xb6 Here { dst: Def<Node> } fuel 4, effects [PRIM ALLOC];
    /// `dst = home()`
    0xb7 Home { dst: Def<Node> } fuel 4, effects [PRIM ALLOC];
    /// `dst = hops()`: hops made so far
    0xb8 Hops { dst: Def<Int> } fuel 4, effects [PRIM];
    /// `dst = now()`: the message's age in nanoseconds
    0xb9 Now { dst: Def<Int> } fuel 4, effects [PRIM];
    /// `dst = id()`
    0xba SelfId { dst: Def<Id> } fuel 4, effects [PRIM ALLOC];
    /// `dst =` the next 64 bits of the message's own generator
    0xbb Random { dst: Def<Int> } fuel 4, effects [PRIM];
    /// `print(text)`
    0xbc Print { text: Use<Str> } fuel 16 + 1 / 16 "bytes of text", effects [PRIM];
}

    } };
}

pub(crate) use for_each_instruction;
