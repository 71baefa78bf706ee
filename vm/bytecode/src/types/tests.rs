//! Tests of types: slots, names, descriptors, checks.

use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use crate::codec::DecodeError;
use crate::index::TypeIx;
use crate::limits::{MAX_NAME_BYTES, MAX_PARAMS, MAX_RECORD_SLOTS, MAX_TYPES, MAX_VARIANTS};
use crate::types::{Field, Slot, Type, TypeError, TypePool, TypeTable, Variant};

fn field(name: &str, ty: TypeIx) -> Field {
    Field {
        name: name.into(),
        ty,
        mutable: false,
    }
}

fn structure(name: &str, fields: &[(&str, TypeIx)]) -> Type {
    let fields = fields.iter().map(|(name, ty)| field(name, *ty)).collect();
    Type::Struct {
        name: name.into(),
        args: vec![],
        fields,
    }
}

fn small_enum(name: &str, variants: &[&str]) -> Type {
    let variants = variants
        .iter()
        .map(|name| Variant {
            name: name.to_string(),
            fields: vec![],
        })
        .collect();
    Type::Enum {
        name: name.into(),
        args: vec![],
        variants,
    }
}

/// `struct Tree { value: Int, kids: [Tree] }`
fn tree(types: &mut TypeTable) -> TypeIx {
    let tree = types.reserve();
    let int = types.intern(Type::Int);
    let kids = types.intern(Type::List(tree));
    types.set(tree, structure("Tree", &[("value", int), ("kids", kids)]));
    tree
}

#[test]
fn slots_of_every_shape() {
    let mut types = TypeTable::new();
    let [unit, int, float, text, duration] = [
        Type::Unit,
        Type::Int,
        Type::Float,
        Type::Str,
        Type::Duration,
    ]
    .map(|t| types.intern(t));
    let color = types.intern(small_enum("Color", &["Red", "Green"]));
    let [option_unit, option_int, option_text, option_color] =
        [unit, int, text, color].map(|ty| types.intern(Type::Option(ty)));
    let deep_int = types.intern(Type::Option(option_int));
    let deep_text = types.intern(Type::Option(option_text));
    let list = types.intern(Type::List(int));

    let expected: [(TypeIx, &[Slot], Slot); 11] = [
        (unit, &[], Slot::Ref(unit)),
        (int, &[Slot::Int], Slot::Int),
        (float, &[Slot::Float], Slot::Float),
        (duration, &[Slot::Int], Slot::Int),
        (color, &[Slot::Enum(color)], Slot::Enum(color)),
        (list, &[Slot::Ref(list)], Slot::Ref(list)),
        (option_unit, &[Slot::Bool], Slot::Bool),
        (option_int, &[Slot::Bool, Slot::Int], Slot::Ref(option_int)),
        (
            option_color,
            &[Slot::Bool, Slot::Enum(color)],
            Slot::Ref(option_color),
        ),
        (
            deep_int,
            &[Slot::Bool, Slot::Bool, Slot::Int],
            Slot::Ref(deep_int),
        ),
        (
            deep_text,
            &[Slot::Bool, Slot::OptRef(text)],
            Slot::Ref(deep_text),
        ),
    ];
    let facts = types.check().expect("well-formed");
    for (ty, slots, elem) in expected {
        assert_eq!(types.slots(ty), slots, "{}", types.show(ty));
        assert_eq!(types.elem(ty), elem, "{}", types.show(ty));
        assert_eq!(facts.slots(ty), slots);
        assert_eq!(facts.elem(ty), elem);
    }
    assert_eq!(types.slots(option_text), [Slot::OptRef(text)]);
}

#[test]
fn records_are_the_slots_of_their_fields() {
    let mut types = TypeTable::new();
    let [unit, int, text] = [Type::Unit, Type::Int, Type::Str].map(|ty| types.intern(ty));
    let option = types.intern(Type::Option(int));
    let point = types.intern(structure("P", &[("a", option), ("b", unit), ("c", text)]));
    let slots = [Slot::Bool, Slot::Int, Slot::Ref(text)];
    assert_eq!(types.record_slots(point, 0).as_deref(), Some(&slots[..]));
    assert_eq!(types.record_slots(point, 1), None);
    assert_eq!(types.field_offset(point, 0, 2), Some(2));
    assert_eq!(types.field_offset(point, 0, 3), None);
    assert_eq!(types.record_slots(option, 0).as_deref(), Some(&slots[..2]));
    assert_eq!(types.record_slots(unit, 0), Some(vec![]));
    assert_eq!(types.record_slots(int, 0), None);
    let small = types.intern(small_enum("E", &["A"]));
    assert_eq!(types.record_slots(small, 0), None);

    let facts = types.check().expect("well-formed");
    for (ix, _) in types.iter() {
        for variant in 0..2 {
            let plain = facts.record(ix, variant);
            let plain = plain.map(|record| record.iter().map(|field| field.slot).collect());
            assert_eq!(types.record_slots(ix, variant), plain, "{}", types.show(ix));
        }
    }
}

#[test]
fn interning_finds_equal_types() {
    let mut types = TypeTable::new();
    let int = types.intern(Type::Int);
    let list = types.intern(Type::List(int));
    assert_eq!(types.intern(Type::Int), int);
    assert_eq!(types.intern(Type::List(int)), list);
    assert_eq!(types.len(), 2);
}

#[test]
fn names_do_not_depend_on_the_table() {
    let mut plain = TypeTable::new();
    let first = tree(&mut plain);
    let mut other = TypeTable::new();
    other.intern(Type::Float);
    let int = other.intern(Type::Int);
    other.intern(Type::List(int));
    let second = tree(&mut other);
    assert_ne!(first, second);
    assert_eq!(plain.hash(first), other.hash(second));
    assert_eq!(plain.descriptor(first), other.descriptor(second));
}

#[test]
fn names_tell_types_apart() {
    let mut types = TypeTable::new();
    let [unit, int, text] = [Type::Unit, Type::Int, Type::Str].map(|ty| types.intern(ty));
    let fields = |mutable| {
        vec![Field {
            name: "x".into(),
            ty: int,
            mutable,
        }]
    };
    let named = |name: &str, args: Vec<TypeIx>, mutable| Type::Struct {
        name: name.into(),
        args,
        fields: fields(mutable),
    };
    let all = [
        named("A", vec![], false),
        named("B", vec![], false),
        named("A", vec![int], false),
        named("A", vec![text], false),
        named("A", vec![], true),
        structure("A", &[("y", int)]),
        structure("A", &[("x", text)]),
        structure("A", &[("x", int), ("y", int)]),
        small_enum("A", &["x"]),
        small_enum("A", &["x", "y"]),
        small_enum("A", &["y", "x"]),
        Type::List(int),
        Type::Set(int),
        Type::Option(int),
        Type::Tag(int),
        Type::Map(int, text),
        Type::Map(text, int),
        Type::Tuple(vec![int, text]),
        Type::Tuple(vec![text, int]),
        Type::Fn {
            params: vec![int],
            result: unit,
        },
        Type::Fn {
            params: vec![],
            result: int,
        },
    ];
    for ty in all {
        types.intern(ty);
    }
    let mut hashes = types.hashes().expect("closed");
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), types.len());
}

/// `struct A { b: B? }` and `struct B { a: A? }`, in either order.
fn knot(types: &mut TypeTable, names: [&str; 2]) -> [TypeIx; 2] {
    let places = [types.reserve(), types.reserve()];
    for (at, name) in names.iter().enumerate() {
        let other = types.intern(Type::Option(places[1 - at]));
        let field = if *name == "A" { "b" } else { "a" };
        types.set(places[at], structure(name, &[(field, other)]));
    }
    places
}

#[test]
fn members_of_a_knot_have_names_of_their_own() {
    let mut types = TypeTable::new();
    let [a, b] = knot(&mut types, ["A", "B"]);
    let mut turned = TypeTable::new();
    let [other_b, other_a] = knot(&mut turned, ["B", "A"]);
    assert_eq!(types.hash(a), turned.hash(other_a));
    assert_eq!(types.hash(b), turned.hash(other_b));
    assert_ne!(types.hash(a), types.hash(b));
    assert!(types.check().is_ok());
}

#[test]
fn the_same_recursive_type_twice_is_a_duplicate() {
    let mut types = TypeTable::new();
    let first = tree(&mut types);
    let second = tree(&mut types);
    assert_eq!(types.hash(first), types.hash(second));
    assert!(matches!(types.check(), Err(TypeError::Duplicate(_))));
}

#[test]
fn descriptors_come_back() {
    let mut types = TypeTable::new();
    types.intern(Type::Bytes);
    let root = tree(&mut types);
    let bytes = types.descriptor(root).expect("closed");
    let table = TypeTable::from_descriptor(&bytes).expect("canonical");
    assert_eq!(table.hash(TypeIx(0)), types.hash(root));
    assert_eq!(table.len(), 3, "nothing but the type and its parts");
    assert_eq!(table.descriptor(TypeIx(0)), Some(bytes));
}

#[test]
fn descriptors_in_another_order_are_refused() {
    let table = TypeTable::from_types(vec![Type::Int, Type::List(TypeIx(0))]);
    let mut writer = crate::codec::Writer::new();
    table.encode(&mut writer);
    let answer = TypeTable::from_descriptor(&writer.into_bytes());
    assert_eq!(answer, Err(TypeError::NotCanonical));
    let short = TypeTable::from_descriptor(&[1]);
    assert_eq!(short, Err(TypeError::Decode(DecodeError::Truncated)));
}

#[test]
fn importing_joins_equal_types() {
    let mut from = TypeTable::new();
    from.intern(Type::Float);
    let tree_there = tree(&mut from);
    let mut types = TypeTable::new();
    types.intern(Type::Bool);
    let tree_here = tree(&mut types);
    let len = types.len();
    assert_eq!(types.import(&from, tree_there), Ok(tree_here));
    assert_eq!(types.len(), len);

    let mut empty = TypeTable::new();
    let imported = empty.import(&from, tree_there).expect("there");
    assert_eq!(empty.hash(imported), from.hash(tree_there));
    assert_eq!(
        empty.import(&from, TypeIx(99)),
        Err(TypeError::UnknownPart(TypeIx(99)))
    );
}

#[test]
fn a_pool_holds_each_type_once() {
    let mut first = TypeTable::new();
    let tree_one = tree(&mut first);
    let mut second = TypeTable::new();
    second.intern(Type::Str);
    let tree_two = tree(&mut second);
    let mut pool = TypePool::new();
    let places_one = pool.join(&first, &first.hashes().expect("closed"));
    let places_two = pool.join(&second, &second.hashes().expect("closed"));
    assert_eq!(places_one[tree_one.index()], places_two[tree_two.index()]);
    assert_eq!(pool.table().len(), 4);
    let name = first.hash(tree_one).expect("closed");
    assert_eq!(pool.find(&name), Some(places_one[tree_one.index()]));
    assert!(pool.table().check().is_ok());
}

#[test]
fn facts_follow_what_values_contain() {
    let mut types = TypeTable::new();
    let [int, float, text] = [Type::Int, Type::Float, Type::Str].map(|ty| types.intern(ty));
    let func = types.intern(Type::Fn {
        params: vec![float],
        result: int,
    });
    let holder = types.intern(structure("Holder", &[("f", func)]));
    let holders = types.intern(Type::List(holder));
    let pair = types.intern(Type::Tuple(vec![int, text]));
    let mixed = types.intern(Type::Tuple(vec![int, float]));
    let tag = types.intern(Type::Tag(mixed));
    let cell = Field {
        name: "v".into(),
        ty: int,
        mutable: true,
    };
    let cell = types.intern(Type::Struct {
        name: "Cell".into(),
        args: vec![],
        fields: vec![cell],
    });
    let phantom = types.intern(Type::Struct {
        name: "Phantom".into(),
        args: vec![func],
        fields: vec![],
    });
    let tree = tree(&mut types);
    let facts = types.check().expect("well-formed");

    let data = |ix| facts.is_data(ix);
    assert_eq!([func, holder, holders].map(data), [false; 3]);
    assert_eq!(
        [int, float, pair, mixed, tag, cell, phantom, tree].map(data),
        [true; 8]
    );
    let key = |ix| facts.is_key(ix);
    assert_eq!([int, text, pair, tag, phantom].map(key), [true; 5]);
    assert_eq!(
        [float, mixed, cell, tree, holders, func].map(key),
        [false; 6]
    );
}

fn check(types: impl Into<Vec<Type>>) -> Option<TypeError> {
    TypeTable::from_types(types.into()).check().err()
}

#[test]
fn faults_of_a_table_are_named() {
    let t = TypeIx;
    let func = |result| Type::Fn {
        params: vec![],
        result,
    };
    let cases = [
        (check([Type::List(t(1))]), TypeError::UnknownPart(t(0))),
        (check([Type::Int, Type::Int]), TypeError::Duplicate(t(1))),
        (check([Type::List(t(0))]), TypeError::Unfounded(t(0))),
        (
            check([Type::Option(t(1)), func(t(0))]),
            TypeError::Unfounded(t(0)),
        ),
        (
            check([Type::Int, Type::Tuple(vec![t(0)])]),
            TypeError::ShortTuple(t(1)),
        ),
        (
            check([Type::Float, Type::Set(t(0))]),
            TypeError::BadKey(t(1)),
        ),
        (
            check([Type::Float, Type::Map(t(0), t(0))]),
            TypeError::BadKey(t(1)),
        ),
        (
            check([Type::Int, func(t(0)), Type::Tag(t(1))]),
            TypeError::NotData(t(2)),
        ),
    ];
    for (answer, fault) in cases {
        assert_eq!(answer, Some(fault));
    }
    let many = Type::Fn {
        params: vec![t(0); MAX_PARAMS + 1],
        result: t(0),
    };
    assert_eq!(
        check([Type::Int, many]),
        Some(TypeError::TooManySlots(t(1)))
    );
    let wide = Type::Tuple(vec![t(0); MAX_RECORD_SLOTS + 1]);
    assert_eq!(
        check([Type::Int, wide]),
        Some(TypeError::TooManySlots(t(1)))
    );
}

#[test]
fn names_can_be_shown() {
    let named = |name: &str| check([small_enum(name, &["A"])]);
    assert_eq!(named("Größe"), None);
    assert_eq!(named(""), Some(TypeError::BadName(TypeIx(0))));
    assert_eq!(named("a\x1b[2J"), Some(TypeError::BadName(TypeIx(0))));
    let long = "n".repeat(MAX_NAME_BYTES + 1);
    assert_eq!(named(&long), Some(TypeError::BadName(TypeIx(0))));
    let field = check([Type::Int, structure("S", &[("\n", TypeIx(0))])]);
    assert_eq!(field, Some(TypeError::BadName(TypeIx(1))));
}

#[test]
fn faults_of_enums_and_sizes_are_named() {
    let variant = |name: usize, mutable| Variant {
        name: format!("v{name}"),
        fields: vec![Field {
            name: String::new(),
            ty: TypeIx(0),
            mutable,
        }],
    };
    let choice = |variants| Type::Enum {
        name: "E".into(),
        args: vec![],
        variants,
    };
    let check = |ty| {
        TypeTable::from_types(vec![Type::Int, ty])
            .check()
            .map(|_| ())
    };
    let many = (0..=MAX_VARIANTS)
        .map(|name| variant(name, false))
        .collect();
    assert_eq!(
        check(choice(many)),
        Err(TypeError::TooManyVariants(TypeIx(1)))
    );
    let mutable = choice(vec![variant(0, true)]);
    assert_eq!(check(mutable), Err(TypeError::MutableVariant(TypeIx(1))));

    let options = |count: u32| {
        let chain = (0..count)
            .map(|at| Type::Option(TypeIx(at + 1)))
            .chain([Type::Int]);
        TypeTable::from_types(chain.collect()).check().map(|_| ())
    };
    assert_eq!(options(7), Ok(()));
    assert_eq!(options(8), Err(TypeError::TooManySlots(TypeIx(0))));

    let lists = (0..MAX_TYPES as u32)
        .map(|at| Type::List(TypeIx(at + 1)))
        .chain([Type::Int]);
    let lists = TypeTable::from_types(lists.collect());
    assert_eq!(lists.check().map(|_| ()), Err(TypeError::TooManyTypes));
}

/// A ring of structs, each of which contains the next one.
fn ring(len: u32) -> TypeTable {
    let member = |at: u32| structure(&format!("S{at}"), &[("next", TypeIx((at + 1) % len))]);
    TypeTable::from_types((0..len).map(member).collect())
}

#[test]
fn large_knots_are_refused() {
    assert!(ring(1000).check().is_ok());
    assert_eq!(ring(2000).check().map(|_| ()), Err(TypeError::KnotTooLarge));
}

#[test]
fn types_are_shown_as_the_language_writes_them() {
    let mut types = TypeTable::new();
    let [int, text, unit] = [Type::Int, Type::Str, Type::Unit].map(|ty| types.intern(ty));
    let option = types.intern(Type::Option(int));
    let map = types.intern(Type::Map(text, option));
    let func = types.intern(Type::Fn {
        params: vec![map, int],
        result: unit,
    });
    assert_eq!(types.show(func), "fn([Str: Int?], Int) -> Unit");
    let pair = types.intern(Type::Tuple(vec![int, text]));
    let args = vec![pair, int];
    let result = types.intern(Type::Enum {
        name: "Result".into(),
        args,
        variants: vec![],
    });
    assert_eq!(types.show(result), "Result<(Int, Str), Int>");
    let tree = tree(&mut types);
    assert_eq!(
        types.show_declaration(tree),
        "struct Tree { value: Int, kids: [Tree] }"
    );
    assert_eq!(types.show(TypeIx(77)), "?");
}

#[test]
fn showing_ends_on_types_that_double() {
    let doubles = (0..100)
        .map(|at| Type::Tuple(vec![TypeIx(at + 1); 2]))
        .chain([Type::Int]);
    let types = TypeTable::from_types(doubles.collect());
    assert!(types.show(TypeIx(0)).len() < 1000);
}
