//! What the library's `native fn`s are: instructions, or native functions of the machine.
//!
//! This is the only place that knows them. A test holds this table, the library's declarations and
//! the signatures of the machine's native functions together.

use sm_bytecode::{Inst, Native, Reg, Slot, TrapKind};

use super::function::{Diverges, FnLower, Lowered, Want};
use super::unit::TagUse;
use crate::typed::{Ty, TyKind};

/// A call of a native: evaluated arguments, their types, and where the result is wanted.
pub(crate) struct NativeCall<'w> {
    pub(crate) args: Vec<Vec<Reg>>,
    pub(crate) types: Vec<Ty>,
    pub(crate) result: Ty,
    pub(crate) want: Want<'w>,
}

impl NativeCall<'_> {
    /// The only slot of an argument.
    fn arg(&self, at: usize) -> Reg {
        self.args[at][0]
    }
}

type Emit = fn(&mut FnLower<'_, '_>, NativeCall<'_>) -> Lowered<Vec<Reg>>;

#[derive(Clone, Copy)]
enum Op {
    /// A native function of the machine with the same parameters and result.
    Native(Native),
    /// Instructions.
    Code(Emit),
}

/// Emits the native with this key.
pub(crate) fn emit(f: &mut FnLower<'_, '_>, key: &str, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    match TABLE
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, op)| *op)
    {
        Some(Op::Native(native)) => {
            let dst = f.dest(call.result, call.want);
            let args = call.args.concat().into();
            f.emit(Inst::CallNative {
                dsts: dst.as_slice().into(),
                native,
                args,
            });
            Ok(dst)
        }
        Some(Op::Code(make)) => make(f, call),
        None => {
            f.cx.unknown_native(f.module(), f.code.span(), key);
            f.code.end(Inst::Trap {
                kind: TrapKind::Unreachable,
            });
            Err(Diverges)
        }
    }
}

/// An instruction of fixed operands: the destination's type comes from the call, the operands are
/// the only slots of the arguments in their order.
macro_rules! inst {
    ($name:ident { $dst:ident $(, $arg:ident)* }) => {
        Op::Code(|f, call| {
            let dst = f.dest(call.result, call.want);
            let mut args = call.args.iter().map(|regs| regs[0]);
            $(let $arg = args.next().expect("natives are called with all arguments");)*
            debug_assert!(args.next().is_none());
            f.emit(Inst::$name { $dst: dst[0] $(, $arg)* });
            Ok(dst)
        })
    };
    ($name:ident { ; $($arg:ident),* }) => {
        Op::Code(|f, call| {
            let mut args = call.args.iter().map(|regs| regs[0]);
            $(let $arg = args.next().expect("natives are called with all arguments");)*
            debug_assert!(args.next().is_none());
            f.emit(Inst::$name { $($arg),* });
            Ok(Vec::new())
        })
    };
}

const TABLE: &[(&str, Op)] = &[
    // Tags and places.
    ("delete", inst!(TagDelete { dst, tag })),
    ("has", inst!(TagHas { dst, tag })),
    ("read", Op::Code(tag_read)),
    ("version", inst!(TagVersion { dst, tag })),
    ("tag_create", Op::Code(tag_create)),
    ("tag_write", Op::Code(tag_write)),
    ("tag_block", Op::Code(tag_block)),
    ("Tag<T>.name", Op::Code(tag_name)),
    ("has_all", inst!(PlaceHolds { dst, place })),
    ("Place.name", inst!(PlaceName { dst, place })),
    // Moving, and the node.
    ("hop_to", inst!(Migrate { dst, hop, timeout })),
    ("hop_to_all", inst!(MigrateAll { dst })),
    ("yield", inst!(Yield { ; })),
    ("neighbors", inst!(Neighbors { dst })),
    ("previous", inst!(Previous { dst })),
    ("here", inst!(Here { dst })),
    ("home", inst!(Home { dst })),
    ("hops", inst!(Hops { dst })),
    ("now", inst!(Now { dst })),
    ("id", inst!(SelfId { dst })),
    ("Hop.node", Op::Native(Native::HopNode)),
    ("Node.hop", Op::Native(Native::NodeHop)),
    ("Node.name", Op::Native(Native::NodeName)),
    // Output, chance.
    ("print", Op::Code(print)),
    ("panic", Op::Code(panic_with)),
    ("random_bits", inst!(Random { dst })),
    // Numbers.
    ("Int.float", inst!(IntToFloat { dst, a })),
    ("Int.mulhi", inst!(IntMulHi { dst, a, b })),
    ("Int.char", Op::Native(Native::StrFromCode)),
    ("Int.float_from_bits", inst!(FloatFromBits { dst, a })),
    ("Float.int", inst!(FloatToInt { dst, a })),
    ("Float.bits", inst!(FloatBits { dst, a })),
    ("Float.abs", Op::Native(Native::FloatAbs)),
    ("Float.floor", Op::Native(Native::FloatFloor)),
    ("Float.ceil", Op::Native(Native::FloatCeil)),
    ("Float.round", Op::Native(Native::FloatRound)),
    ("Float.trunc", Op::Native(Native::FloatTrunc)),
    ("Float.sqrt", Op::Native(Native::FloatSqrt)),
    ("Float.cbrt", Op::Native(Native::FloatCbrt)),
    ("Float.sin", Op::Native(Native::FloatSin)),
    ("Float.cos", Op::Native(Native::FloatCos)),
    ("Float.tan", Op::Native(Native::FloatTan)),
    ("Float.asin", Op::Native(Native::FloatAsin)),
    ("Float.acos", Op::Native(Native::FloatAcos)),
    ("Float.atan", Op::Native(Native::FloatAtan)),
    ("Float.atan2", Op::Native(Native::FloatAtan2)),
    ("Float.sinh", Op::Native(Native::FloatSinh)),
    ("Float.cosh", Op::Native(Native::FloatCosh)),
    ("Float.tanh", Op::Native(Native::FloatTanh)),
    ("Float.exp", Op::Native(Native::FloatExp)),
    ("Float.ln", Op::Native(Native::FloatLn)),
    ("Float.log2", Op::Native(Native::FloatLog2)),
    ("Float.log10", Op::Native(Native::FloatLog10)),
    ("Float.pow", Op::Native(Native::FloatPow)),
    ("Float.hypot", Op::Native(Native::FloatHypot)),
    ("Float.min", Op::Native(Native::FloatMin)),
    ("Float.max", Op::Native(Native::FloatMax)),
    ("Float.is_nan", Op::Native(Native::FloatIsNan)),
    ("Duration.nanos", Op::Code(same)),
    ("duration", Op::Code(same)),
    // Lists.
    ("[T].len", inst!(ListLen { dst, list })),
    ("[T].push", Op::Code(list_push)),
    ("[T].take_last", Op::Code(list_take_last)),
    ("[T].insert", Op::Code(list_insert)),
    ("[T].remove", Op::Code(list_remove)),
    ("[T].truncate", inst!(ListTruncate { ; list, len })),
    (
        "[T].slice",
        inst!(ListSlice {
            dst,
            list,
            from,
            to
        }),
    ),
    ("[T].append", inst!(ListAppend { ; list, other })),
    ("[T].reverse", inst!(ListReverse { ; list })),
    ("[Str].join", Op::Native(Native::StrJoin)),
    ("repeated", Op::Code(list_fill)),
    // Maps and sets.
    ("[K: V].len", inst!(MapLen { dst, map })),
    ("[K: V].get", Op::Code(map_get)),
    ("[K: V].insert", Op::Code(map_insert)),
    ("[K: V].has", Op::Code(map_has)),
    ("[K: V].remove_entry", Op::Code(map_remove)),
    ("[K: V].clear", inst!(MapClear { ; map })),
    ("Set<T>.len", inst!(MapLen { dst, map })),
    ("Set<T>.add", Op::Code(set_add)),
    ("Set<T>.has", Op::Code(map_has)),
    ("Set<T>.remove", Op::Code(map_remove)),
    ("Set<T>.clear", inst!(MapClear { ; map })),
    // Text and bytes.
    ("Str.len", Op::Native(Native::StrLen)),
    ("Str.byte_len", Op::Native(Native::StrByteLen)),
    ("Str.find", Op::Native(Native::StrFind)),
    ("Str.find_last", Op::Native(Native::StrFindLast)),
    ("Str.words", Op::Native(Native::StrWords)),
    ("Str.trim_start", Op::Native(Native::StrTrimStart)),
    ("Str.trim_end", Op::Native(Native::StrTrimEnd)),
    ("Str.strip_prefix", Op::Native(Native::StrStripPrefix)),
    ("Str.strip_suffix", Op::Native(Native::StrStripSuffix)),
    ("Str.pad_start", Op::Native(Native::StrPadStart)),
    ("Str.pad_end", Op::Native(Native::StrPadEnd)),
    ("Str.contains", Op::Native(Native::StrContains)),
    ("Str.starts_with", Op::Native(Native::StrStartsWith)),
    ("Str.ends_with", Op::Native(Native::StrEndsWith)),
    ("Str.slice", Op::Native(Native::StrSlice)),
    ("Str.chars", Op::Native(Native::StrChars)),
    ("Str.lines", Op::Native(Native::StrLines)),
    ("Str.split", Op::Native(Native::StrSplit)),
    ("Str.trim", Op::Native(Native::StrTrim)),
    ("Str.lower", Op::Native(Native::StrLower)),
    ("Str.upper", Op::Native(Native::StrUpper)),
    ("Str.replace", Op::Native(Native::StrReplace)),
    ("Str.repeat", Op::Native(Native::StrRepeat)),
    ("Str.bytes", Op::Native(Native::StrToBytes)),
    ("Str.int", Op::Native(Native::StrToInt)),
    ("Str.float", Op::Native(Native::StrToFloat)),
    ("Str.code", Op::Native(Native::StrCode)),
    ("Bytes.len", Op::Native(Native::BytesLen)),
    ("Bytes.at", Op::Native(Native::BytesGet)),
    ("Bytes.slice", Op::Native(Native::BytesSlice)),
    ("Bytes.concat", Op::Native(Native::BytesConcat)),
    ("Bytes.str", Op::Native(Native::BytesToStr)),
    ("Bytes.list", Op::Native(Native::BytesToList)),
    ("[Int].bytes", Op::Native(Native::BytesFromList)),
    // Tests.
    ("testing.ask", Op::Code(ask)),
];

/// The argument is the result: types with the same slots.
fn same(f: &mut FnLower<'_, '_>, mut call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let regs = call.args.remove(0);
    Ok(f.give(regs, call.want))
}

fn tag_read(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let dst = f.dest(call.result, call.want);
    f.emit(Inst::TagRead {
        dsts: dst.as_slice().into(),
        tag: call.arg(0),
    });
    Ok(dst)
}

fn tag_create(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let dst = f.dest(call.result, call.want);
    f.emit(Inst::TagCreate {
        dst: dst[0],
        tag: call.arg(0),
        value: call.args[1].as_slice().into(),
        lifetime: call.arg(2),
        read: call.arg(3),
        write: call.arg(4),
    });
    Ok(dst)
}

fn tag_write(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let dst = f.dest(call.result, call.want);
    let value = call.args[1].as_slice().into();
    f.emit(Inst::TagWrite {
        dst: dst[0],
        tag: call.arg(0),
        value,
    });
    Ok(dst)
}

fn tag_block(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let dst = f.dest(call.result, call.want);
    let (tag, timeout, after) = (call.arg(0), call.arg(1), call.arg(2));
    f.emit(Inst::TagBlock {
        dsts: dst.as_slice().into(),
        tag,
        timeout,
        after,
    });
    Ok(dst)
}

fn tag_name(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let tag = f.erase_tag(call.types[0], call.arg(0));
    let dst = f.dest(call.result, call.want);
    let native = Native::TagName;
    f.emit(Inst::CallNative {
        dsts: dst.as_slice().into(),
        native,
        args: [tag].into(),
    });
    Ok(dst)
}

/// Reads a tag that nobody but the runner of a test answers for.
fn ask(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let answer = match *f.cx.layout.types.get(call.result) {
        TyKind::Option(answer) => answer,
        _ => Ty::UNIT,
    };
    let (key, value) = (f.type_ix(call.types[0]), f.type_ix(answer));
    let tag = f.unit.tag(TagUse::Ask { key, value });
    let ty = f.cx.layout.types.intern(TyKind::Tag(answer));
    let asked = f.dest(ty, None);
    f.emit(Inst::TagMember {
        dst: asked[0],
        tag,
        args: call.args[0].as_slice().into(),
    });
    let dst = f.dest(call.result, call.want);
    f.emit(Inst::TagRead {
        dsts: dst.as_slice().into(),
        tag: asked[0],
    });
    Ok(dst)
}

fn print(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let text = f.show(call.types[0], &call.args[0]);
    f.emit(Inst::Print { text });
    Ok(Vec::new())
}

fn panic_with(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    f.code.end(Inst::TrapMessage {
        kind: TrapKind::Panic,
        message: call.arg(0),
    });
    Err(Diverges)
}

fn list_push(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let value = f.pack(call.types[1], &call.args[1]);
    f.emit(Inst::ListPush {
        list: call.arg(0),
        value,
    });
    Ok(Vec::new())
}

fn list_take_last(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let list = call.arg(0);
    Ok(f.unpack(call.result, call.want, |f, dst| {
        f.emit(Inst::ListPop { dst, list })
    }))
}

fn list_insert(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let value = f.pack(call.types[2], &call.args[2]);
    f.emit(Inst::ListInsert {
        list: call.arg(0),
        index: call.arg(1),
        value,
    });
    Ok(Vec::new())
}

fn list_remove(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let (list, index) = (call.arg(0), call.arg(1));
    Ok(f.unpack(call.result, call.want, |f, dst| {
        f.emit(Inst::ListRemove { dst, list, index })
    }))
}

fn list_fill(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let value = f.pack(call.types[0], &call.args[0]);
    let dst = f.dest(call.result, call.want);
    let ty = f.type_ix(call.result);
    f.emit(Inst::ListFill {
        dst: dst[0],
        ty,
        count: call.arg(1),
        value,
    });
    Ok(dst)
}

/// The place of a key in a map or set, and whether it is there.
fn find(f: &mut FnLower<'_, '_>, call: &NativeCall<'_>, want: Want<'_>) -> (Reg, Reg) {
    let key = f.pack(call.types[1], &call.args[1]);
    let entry = f.code.reg(Slot::Int);
    f.emit(Inst::MapFind {
        dst: entry,
        map: call.arg(0),
        key,
    });
    let zero = f.int(0);
    let found = f.dest1(Slot::Bool, want);
    f.emit(Inst::IntLe {
        dst: found,
        a: zero,
        b: entry,
    });
    (entry, found)
}

fn map_has(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let (_, found) = find(f, &call, call.want);
    Ok(vec![found])
}

fn map_get(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let map = call.arg(0);
    let value_ty = f.value_of(call.types[0]);
    let (entry, found) = find(f, &call, None);
    let (some, none, join) = (f.code.block(), f.code.block(), f.code.block());
    let dst = f.dest(call.result, call.want);
    f.code.end(Inst::Branch {
        cond: found,
        then: some,
        otherwise: none,
    });
    f.code.begin(some);
    let value = f.unpack(value_ty, None, |f, dst| {
        f.emit(Inst::MapValueAt { dst, map, entry })
    });
    f.some_of(call.result, &value, Some(&dst));
    f.code.jump(join);
    f.code.begin(none);
    f.none(call.result, Some(&dst));
    f.code.jump(join);
    f.code.begin(join);
    Ok(dst)
}

fn map_insert(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let key = f.pack(call.types[1], &call.args[1]);
    let value = f.pack(call.types[2], &call.args[2]);
    f.emit(Inst::MapInsert {
        map: call.arg(0),
        key,
        value,
    });
    Ok(Vec::new())
}

fn map_remove(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let key = f.pack(call.types[1], &call.args[1]);
    let dst = f.dest(call.result, call.want);
    f.emit(Inst::MapRemove {
        dst: dst[0],
        map: call.arg(0),
        key,
    });
    Ok(dst)
}

fn set_add(f: &mut FnLower<'_, '_>, call: NativeCall<'_>) -> Lowered<Vec<Reg>> {
    let key = f.pack(call.types[1], &call.args[1]);
    let dst = f.dest(call.result, call.want);
    f.emit(Inst::SetInsert {
        dst: dst[0],
        set: call.arg(0),
        key,
    });
    Ok(dst)
}

/// The keys of all natives, and the machine's function behind each that is one.
#[cfg(test)]
pub(crate) fn keys() -> impl Iterator<Item = (&'static str, Option<Native>)> {
    TABLE.iter().map(|(key, op)| match op {
        Op::Native(native) => (*key, Some(*native)),
        Op::Code(_) => (*key, None),
    })
}
