//! Native functions, tags and places in programs.

use std::sync::Arc;

use sm_bytecode::types::{Slot, Type};
use sm_bytecode::{
    Access, Const, ConstIx, Inst, Native, NativeType, TagConst, TagIx, TrapKind, TypeIx,
};
use sm_vm::value::{decode_all, encode};
use sm_vm::{Machine, Outcome, Program, Value};

use crate::assemble::{Assembler, int, r, ret, rs};
use crate::driver::{Slices, limits, program, run};
use crate::host::ScriptedHost;

fn type_of(asm: &mut Assembler, native: NativeType) -> TypeIx {
    match native {
        NativeType::Bool => asm.ty(Type::Bool),
        NativeType::Int => asm.ty(Type::Int),
        NativeType::Float => asm.ty(Type::Float),
        NativeType::Str => asm.ty(Type::Str),
        NativeType::Bytes => asm.ty(Type::Bytes),
        NativeType::Id => asm.ty(Type::Id),
        NativeType::Node => asm.ty(Type::Node),
        NativeType::Hop => asm.ty(Type::Hop),
        NativeType::Name => asm.ty(Type::Name),
        NativeType::Place => asm.ty(Type::Place),
        NativeType::AnyTag => asm.ty(Type::AnyTag),
        NativeType::OptInt | NativeType::OptFloat | NativeType::OptStr => {
            let inner = match native {
                NativeType::OptInt => asm.ty(Type::Int),
                NativeType::OptFloat => asm.ty(Type::Float),
                _ => asm.ty(Type::Str),
            };
            asm.ty(Type::Option(inner))
        }
        NativeType::ListStr | NativeType::ListInt => {
            let item = if native == NativeType::ListStr {
                Type::Str
            } else {
                Type::Int
            };
            let item = asm.ty(item);
            asm.ty(Type::List(item))
        }
    }
}

/// A program that passes its arguments to a native function.
fn wrapper(native: Native) -> Arc<Program> {
    let mut asm = Assembler::default();
    let info = native.info();
    let params: Vec<TypeIx> = info
        .params
        .iter()
        .map(|ty| type_of(&mut asm, *ty))
        .collect();
    let result = type_of(&mut asm, info.result);
    let inputs = asm.group.types.slots_of_all(&params).len() as u16;
    let slots = asm.group.types.slots(result);
    let dsts: Box<[_]> = (inputs..inputs + slots.len() as u16).map(r).collect();
    let call = Inst::CallNative {
        dsts: dsts.clone(),
        native,
        args: (0..inputs).map(r).collect(),
    };
    let end = Inst::Return { values: dsts };
    asm.function(&params, result, &slots, vec![vec![call, end]]);
    program(asm.finish())
}

/// What a native function gives for these arguments, as text.
fn call(native: Native, args: &[Value]) -> String {
    let program = wrapper(native);
    let signature = program.signature(program.entry()).expect("the entry");
    let mut bytes = Vec::new();
    for (ty, arg) in signature.params.iter().zip(args) {
        let ix = program.type_ix(ty).expect("a type of the program");
        bytes.extend(encode(arg, program.types(), ix).expect("an argument of the type"));
    }
    let entry = program.entry();
    let machine = Machine::start(program.clone(), entry, &bytes, limits(), [0; 32]);
    match machine
        .expect("good arguments")
        .run(u64::MAX, &mut ScriptedHost::default())
    {
        Outcome::Done(data) => {
            let ix = program.type_ix(&data.ty).expect("a type of the program");
            let values = decode_all(&data.bytes, program.types(), &[ix]);
            values.expect("a result of the type")[0].to_string()
        }
        Outcome::Trap(report) => format!("{:?}", report.kind),
        Outcome::Kill(kind) => format!("{kind:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn native_functions_by_example() {
    let s = |text: &str| Value::Str(text.into());
    let i = Value::Int;
    let f = Value::Float;
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    let list = |items: &[&str]| Value::List(items.iter().map(|item| s(item)).collect());
    let cases: Vec<(Native, Vec<Value>, &str)> = vec![
        (Native::StrByteLen, vec![s("grüß")], "6"),
        (Native::StrLen, vec![s("grüß")], "4"),
        (Native::StrFind, vec![s("grüß dich"), s("di")], "Some(5)"),
        (Native::StrFind, vec![s("abc"), s("x")], "None"),
        (Native::StrSlice, vec![s("grüß"), i(1), i(3)], "\"rü\""),
        (Native::StrSlice, vec![s("abc"), i(3), i(3)], "\"\""),
        (
            Native::StrSlice,
            vec![s("abc"), i(0), i(4)],
            "IndexOutOfRange",
        ),
        (
            Native::StrSlice,
            vec![s("abc"), i(2), i(1)],
            "IndexOutOfRange",
        ),
        (
            Native::StrSlice,
            vec![s("abc"), i(-1), i(1)],
            "IndexOutOfRange",
        ),
        (Native::StrChars, vec![s("aü")], "[\"a\", \"ü\"]"),
        (Native::StrLines, vec![s("a\r\nb\n")], "[\"a\", \"b\"]"),
        (
            Native::StrSplit,
            vec![s("a,b,"), s(",")],
            "[\"a\", \"b\", \"\"]",
        ),
        (Native::StrSplit, vec![s("ab"), s("")], "[\"ab\"]"),
        (
            Native::StrJoin,
            vec![list(&["a", "b", "c"]), s(", ")],
            "\"a, b, c\"",
        ),
        (Native::StrJoin, vec![list(&[]), s(", ")], "\"\""),
        (Native::StrTrim, vec![s(" a \n")], "\"a\""),
        (Native::StrLower, vec![s("ÄB")], "\"äb\""),
        (Native::StrUpper, vec![s("äß")], "\"ÄSS\""),
        (Native::StrStartsWith, vec![s("abc"), s("ab")], "true"),
        (Native::StrEndsWith, vec![s("abc"), s("ab")], "false"),
        (Native::StrContains, vec![s("abc"), s("bc")], "true"),
        (
            Native::StrReplace,
            vec![s("aXbX"), s("X"), s("--")],
            "\"a--b--\"",
        ),
        (Native::StrReplace, vec![s("ab"), s(""), s("-")], "\"ab\""),
        (Native::StrRepeat, vec![s("ab"), i(3)], "\"ababab\""),
        (Native::StrRepeat, vec![s("ab"), i(-1)], "IndexOutOfRange"),
        (Native::StrRepeat, vec![s("ab"), i(i64::MAX)], "Heap"),
        (Native::StrToBytes, vec![s("ü")], "b\"\\xc3\\xbc\""),
        (
            Native::BytesToStr,
            vec![bytes(&[0xc3, 0xbc])],
            "Some(\"ü\")",
        ),
        (Native::BytesToStr, vec![bytes(&[0xff])], "None"),
        (Native::StrToInt, vec![s("-12")], "Some(-12)"),
        (Native::StrToInt, vec![s("9223372036854775808")], "None"),
        (Native::StrToFloat, vec![s("1e3")], "Some(1000.0)"),
        (Native::StrToFloat, vec![s("1,5")], "None"),
        (Native::StrCode, vec![s("ü")], "Some(252)"),
        (Native::StrCode, vec![s("")], "None"),
        (Native::StrFromCode, vec![i(252)], "Some(\"ü\")"),
        (Native::StrFromCode, vec![i(0xd800)], "None"),
        (Native::BytesLen, vec![bytes(&[1, 2])], "2"),
        (Native::BytesGet, vec![bytes(&[1, 255]), i(1)], "255"),
        (Native::BytesGet, vec![bytes(&[1]), i(1)], "IndexOutOfRange"),
        (
            Native::BytesGet,
            vec![bytes(&[1]), i(-1)],
            "IndexOutOfRange",
        ),
        (
            Native::BytesSlice,
            vec![bytes(b"abcd"), i(1), i(3)],
            "b\"bc\"",
        ),
        (
            Native::BytesConcat,
            vec![bytes(b"ab"), bytes(b"c")],
            "b\"abc\"",
        ),
        (
            Native::BytesFromList,
            vec![Value::List(vec![i(97), i(0)])],
            "b\"a\\x00\"",
        ),
        (
            Native::BytesFromList,
            vec![Value::List(vec![i(256)])],
            "IndexOutOfRange",
        ),
        (Native::BytesToList, vec![bytes(&[1, 255])], "[1, 255]"),
        (Native::FmtInt, vec![i(255), s("04x")], "\"00ff\""),
        (Native::FmtInt, vec![i(255), s("?")], "BadText"),
        (Native::FmtFloat, vec![f(72.91667), s(".1")], "\"72.9\""),
        (Native::FmtStr, vec![s("ab"), s(">3")], "\" ab\""),
        (Native::FloatFloor, vec![f(-1.5)], "-2.0"),
        (Native::FloatRound, vec![f(2.5)], "3.0"),
        (Native::FloatMin, vec![f(0.0), f(-0.0)], "0.0"),
        (Native::FloatMax, vec![f(f64::NAN), f(1.0)], "1.0"),
        (Native::FloatPow, vec![f(2.0), f(0.5)], "1.4142135623730951"),
        (Native::FloatIsNan, vec![f(f64::NAN)], "true"),
        (Native::HopNode, vec![Value::Hop([0xab; 32])], "abababab"),
        (Native::IdShow, vec![Value::Id([0x1f; 32])], "\"1f1f1f1f\""),
        (
            Native::NodeShow,
            vec![Value::Node([0x1f; 32])],
            "\"1f1f1f1f\"",
        ),
    ];
    for (native, args, expected) in cases {
        assert_eq!(call(native, &args), expected, "{native} {args:?}");
    }
}

#[test]
fn natives_that_cut_and_pad_text() {
    let s = |text: &str| Value::Str(text.into());
    let i = Value::Int;
    let cases: Vec<(Native, Vec<Value>, &str)> = vec![
        (Native::StrTrimStart, vec![s(" a \n")], "\"a \\n\""),
        (Native::StrTrimEnd, vec![s(" a \n")], "\" a\""),
        (
            Native::StrWords,
            vec![s(" ä\tb\u{a0}\n c")],
            "[\"ä\", \"b\", \"c\"]",
        ),
        (Native::StrWords, vec![s(" \n")], "[]"),
        (Native::StrFindLast, vec![s("üaaa"), s("aa")], "Some(2)"),
        (Native::StrFindLast, vec![s("abc"), s("x")], "None"),
        (Native::StrFindLast, vec![s("üb"), s("")], "Some(2)"),
        (
            Native::StrStripPrefix,
            vec![s("abc"), s("ab")],
            "Some(\"c\")",
        ),
        (Native::StrStripPrefix, vec![s("abc"), s("b")], "None"),
        (Native::StrStripSuffix, vec![s("aü"), s("ü")], "Some(\"a\")"),
        (Native::StrStripSuffix, vec![s("a"), s("aa")], "None"),
        (
            Native::StrPadStart,
            vec![s("ü"), i(6), s("äbc")],
            "\"äbcäbü\"",
        ),
        (Native::StrPadEnd, vec![s("ü"), i(3), s("-")], "\"ü--\""),
        (Native::StrPadEnd, vec![s("abc"), i(2), s("-")], "\"abc\""),
        (
            Native::StrPadEnd,
            vec![s("a"), i(i64::MIN), s("-")],
            "\"a\"",
        ),
        (Native::StrPadEnd, vec![s("a"), i(i64::MAX), s("")], "\"a\""),
        (Native::StrPadEnd, vec![s("a"), i(i64::MAX), s("-")], "Heap"),
    ];
    for (native, args, expected) in cases {
        assert_eq!(call(native, &args), expected, "{native} {args:?}");
    }
}

/// Two tags and a family with a key of text, and a main function over them.
fn with_tags(main: impl FnOnce(&mut Assembler, [TypeIx; 3])) -> Arc<Program> {
    let mut asm = Assembler::default();
    let (int_type, text) = (asm.ty(Type::Int), asm.ty(Type::Str));
    let tag = asm.ty(Type::Tag(int_type));
    let declare = |name: &str, keys: Vec<TypeIx>| TagConst {
        name: name.into(),
        value: int_type,
        keys,
        owner: None,
        lifetime: None,
        read: Access::Any,
        write: Access::Any,
    };
    let tags = [
        declare("light", vec![]),
        declare("town", vec![]),
        declare("route", vec![text, int_type]),
    ];
    asm.group.tags.extend(tags);
    asm.group.consts = vec![Const::Str("b\"c".into())];
    main(&mut asm, [int_type, text, tag]);
    program(asm.finish())
}

#[test]
fn tags_are_written_and_read_through_the_host() {
    let program = with_tags(|asm, [int_type, _, tag]| {
        let option = asm.ty(Type::Option(int_type));
        let list = asm.ty(Type::List(option));
        let mut locals = vec![Slot::Ref(tag)];
        locals.extend([Slot::Int; 6]);
        locals.extend([Slot::Bool, Slot::Int, Slot::Bool, Slot::Int]);
        let tuple = asm.ty(Type::Tuple(vec![int_type, int_type, option, option]));
        locals.push(Slot::Ref(tuple));
        let _ = list;
        asm.function(
            &[],
            tuple,
            &locals,
            vec![vec![
                Inst::TagConst {
                    dst: r(0),
                    tag: TagIx(0),
                },
                int(1, 41),
                int(2, i64::MAX),
                int(3, -1),
                int(4, 1),
                Inst::TagRead {
                    dsts: rs([7, 8]),
                    tag: r(0),
                },
                Inst::TagCreate {
                    dst: r(5),
                    tag: r(0),
                    value: rs([1]),
                    lifetime: r(2),
                    read: r(3),
                    write: r(4),
                },
                Inst::TagCreate {
                    dst: r(6),
                    tag: r(0),
                    value: rs([1]),
                    lifetime: r(3),
                    read: r(3),
                    write: r(3),
                },
                Inst::TagRead {
                    dsts: rs([9, 10]),
                    tag: r(0),
                },
                Inst::RecordNew {
                    dst: r(11),
                    ty: tuple,
                    variant: 0,
                    args: rs([5, 6, 7, 8, 9, 10]),
                },
                ret([11]),
            ]],
        );
    });
    let ran = run(&program, limits(), u64::MAX, Slices::Restored);
    let Outcome::Done(data) = ran.outcome else {
        panic!("{:?}", ran.outcome);
    };
    let ix = program.type_ix(&data.ty).expect("a type of the program");
    let value = decode_all(&data.bytes, program.types(), &[ix]).expect("a result");
    assert_eq!(value[0].to_string(), "(0, 1, None, Some(41))");
    assert!(ran.host.log[1].contains("Never"), "{:?}", ran.host.log);
    assert!(
        ran.host.log[1].contains("write: Some(Owner)"),
        "{:?}",
        ran.host.log
    );
}

#[test]
fn places_are_the_same_however_they_are_written() {
    let program = with_tags(|asm, [int_type, text, tag]| {
        let (any, place, name) = (
            asm.ty(Type::AnyTag),
            asm.ty(Type::Place),
            asm.ty(Type::Name),
        );
        let result = asm.ty(Type::Bool);
        let locals = [
            Slot::Ref(tag),
            Slot::Ref(any),
            Slot::Ref(any),
            Slot::Ref(any),
            Slot::Ref(text),
            Slot::Int,
            Slot::Ref(place),
            Slot::Ref(place),
            Slot::Bool,
            Slot::Ref(name),
            Slot::Ref(text),
        ];
        let _ = int_type;
        let erase = |dst| Inst::TagErase {
            dst: r(dst),
            src: r(0),
        };
        let show = |ty, reg| {
            [
                Inst::DataShow {
                    dst: r(10),
                    ty,
                    args: rs([reg]),
                },
                Inst::Print { text: r(10) },
            ]
        };
        let mut code = vec![
            Inst::TagConst {
                dst: r(0),
                tag: TagIx(0),
            },
            erase(1),
            Inst::TagConst {
                dst: r(0),
                tag: TagIx(1),
            },
            erase(2),
            Inst::StrConst {
                dst: r(4),
                konst: ConstIx(0),
            },
            int(5, -3),
            Inst::TagMember {
                dst: r(0),
                tag: TagIx(2),
                args: rs([4, 5]),
            },
            erase(3),
            Inst::PlaceNew {
                dst: r(6),
                wanted: rs([1, 2, 3]),
                unwanted: rs([]),
            },
            Inst::PlaceNew {
                dst: r(7),
                wanted: rs([3, 2, 1, 2]),
                unwanted: rs([]),
            },
            Inst::DataEq {
                dst: r(8),
                ty: place,
                a: rs([6]),
                b: rs([7]),
            },
            Inst::PlaceName {
                dst: r(9),
                place: r(6),
            },
        ];
        code.extend(show(name, 9));
        code.push(Inst::PlaceNew {
            dst: r(7),
            wanted: rs([1]),
            unwanted: rs([2]),
        });
        code.extend(show(place, 7));
        code.extend(show(any, 3));
        code.push(ret([8]));
        asm.function(&[], result, &locals, vec![code]);
    });
    let ran = run(&program, limits(), u64::MAX, Slices::Restored);
    assert!(
        matches!(&ran.outcome, Outcome::Done(data) if data.bytes == [1]),
        "{ran:?}"
    );
    let printed = ran.host.printed();
    let mut names: Vec<&str> = printed[0][1..printed[0].len() - 1].split(", ").collect();
    names.sort_unstable();
    assert_eq!(names, ["-3)", "light", "route(\"b\\\"c\"", "town"]);
    assert_eq!(printed[1..], ["{light, !town}", "route(\"b\\\"c\", -3)"]);
}

#[test]
fn the_name_of_a_tag_has_a_bounded_length() {
    let program = with_tags(|asm, [int_type, text, tag]| {
        let locals = [Slot::Ref(tag), Slot::Ref(text), Slot::Int];
        asm.function(
            &[],
            int_type,
            &locals,
            vec![vec![
                Inst::StrConst {
                    dst: r(1),
                    konst: ConstIx(0),
                },
                int(2, 5_000),
                Inst::CallNative {
                    dsts: rs([1]),
                    native: Native::StrRepeat,
                    args: rs([1, 2]),
                },
                Inst::TagMember {
                    dst: r(0),
                    tag: TagIx(2),
                    args: rs([1, 2]),
                },
                Inst::TagHas {
                    dst: r(3),
                    tag: r(0),
                },
                ret([2]),
            ]],
        );
        asm.group.functions[0].regs.push(Slot::Bool);
        asm.group.functions[0].compute_live_in();
    });
    let ran = run(&program, limits(), u64::MAX, Slices::Whole);
    let Outcome::Trap(report) = ran.outcome else {
        panic!("{:?}", ran.outcome);
    };
    assert_eq!(report.kind, TrapKind::NotData);
}
