//! Values to bytes and back.

use proptest::prelude::*;
use sm_bytecode::types::{Field, Type, Variant};
use sm_bytecode::{TypeIx, TypeTable};

use crate::value::{TagValue, Value, ValueError, decode, encode};

fn field(name: &str, ty: TypeIx) -> Field {
    Field {
        name: name.into(),
        ty,
        mutable: false,
    }
}

/// A table with one type of every kind; the last one contains all others.
fn types() -> (TypeTable, TypeIx) {
    let mut table = TypeTable::new();
    let plain = [
        Type::Unit,
        Type::Bool,
        Type::Int,
        Type::Float,
        Type::Duration,
        Type::Str,
        Type::Bytes,
        Type::Id,
        Type::Name,
        Type::Place,
        Type::AnyTag,
    ];
    let mut all: Vec<TypeIx> = plain.into_iter().map(|ty| table.intern(ty)).collect();
    let (int, text) = (all[2], all[5]);
    for ty in [all[0], all[1], int, all[3], all[4], text] {
        all.push(table.intern(Type::List(ty)));
    }
    all.push(table.intern(Type::Map(text, int)));
    all.push(table.intern(Type::Set(text)));
    let option = table.intern(Type::Option(int));
    all.push(table.intern(Type::Option(option)));
    all.push(table.intern(Type::Enum {
        name: "Shape".into(),
        args: vec![],
        variants: vec![
            Variant {
                name: "Dot".into(),
                fields: vec![],
            },
            Variant {
                name: "Circle".into(),
                fields: vec![field("radius", all[3])],
            },
        ],
    }));
    let whole = table.intern(Type::Tuple(all));
    (table, whole)
}

/// Some value of a type, drawn from numbers.
fn make(types: &TypeTable, ty: TypeIx, draw: &mut impl FnMut() -> u64) -> Value {
    let text = |number: u64| ["", "a", "grüß", "{\"}\n", "zz"][number as usize % 5].to_owned();
    let count = |draw: &mut dyn FnMut() -> u64| draw() % 4;
    match types.get(ty).expect("known").clone() {
        Type::Unit => Value::Unit,
        Type::Bool => Value::Bool(draw() % 2 == 1),
        Type::Int => Value::Int(draw() as i64),
        Type::Float => Value::Float(draw() as i32 as f64 / 8.0),
        Type::Duration => Value::Duration(draw() as i64),
        Type::Str => Value::Str(text(draw())),
        Type::Name => Value::Name(text(draw())),
        Type::Bytes => Value::Bytes(draw().to_le_bytes().to_vec()),
        Type::Id => Value::Id([draw() as u8; 32]),
        Type::Place => Value::Place {
            wanted: vec![TagValue {
                base: [draw() as u8; 32],
                key: vec![1],
            }],
            unwanted: vec![],
        },
        Type::AnyTag => Value::Tag(TagValue {
            base: [draw() as u8; 32],
            key: vec![],
        }),
        Type::List(item) => {
            Value::List((0..count(draw)).map(|_| make(types, item, draw)).collect())
        }
        Type::Set(_) => Value::Set(
            (0..count(draw))
                .map(|n| Value::Str(format!("key {n}")))
                .collect(),
        ),
        Type::Map(_, value) => {
            let key = |n| Value::Str(format!("key {n}"));
            Value::Map(
                (0..count(draw))
                    .map(|n| (key(n), make(types, value, draw)))
                    .collect(),
            )
        }
        Type::Option(inner) => match draw() % 3 {
            0 => Value::Option(None),
            _ => Value::Option(Some(Box::new(make(types, inner, draw)))),
        },
        Type::Tuple(parts) => {
            Value::Tuple(parts.iter().map(|part| make(types, *part, draw)).collect())
        }
        Type::Enum { name, variants, .. } => {
            let variant = &variants[draw() as usize % variants.len()];
            let fields = variant.fields.iter();
            Value::Enum {
                name,
                variant: variant.name.clone(),
                fields: fields
                    .map(|f| (f.name.clone(), make(types, f.ty, draw)))
                    .collect(),
            }
        }
        other => unreachable!("{other:?} is not in the table"),
    }
}

fn drawn(seed: u64) -> impl FnMut() -> u64 {
    let mut rng = crate::rng::Rng::from_seed([seed as u8 | 1; 32]);
    (0..seed % 97).for_each(|_| _ = rng.next_u64());
    move || rng.next_u64() >> (rng.next_u64() % 64)
}

proptest! {
    #[test]
    fn a_value_comes_back(seed: u64) {
        let (types, ty) = types();
        let value = make(&types, ty, &mut drawn(seed));
        let bytes = encode(&value, &types, ty).expect("a value of the type");
        prop_assert_eq!(decode(&bytes, &types, ty), Ok(value));
    }

    #[test]
    fn a_value_has_one_encoding(seed: u64, at: usize, bit in 0..8_u8) {
        let (types, ty) = types();
        let value = make(&types, ty, &mut drawn(seed));
        let mut bytes = encode(&value, &types, ty).expect("a value of the type");
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(other) = decode(&bytes, &types, ty) {
            prop_assert_eq!(encode(&other, &types, ty), Ok(bytes));
        }
    }
}

#[test]
fn the_encoding_is_fixed_for_all_time() {
    let mut types = TypeTable::new();
    let int = types.intern(Type::Int);
    let text = types.intern(Type::Str);
    let ints = types.intern(Type::List(int));
    let map = types.intern(Type::Map(text, int));
    let option = types.intern(Type::Option(int));
    let both = types.intern(Type::Tuple(vec![ints, map, option]));
    let value = Value::Tuple(vec![
        Value::List(vec![Value::Int(1), Value::Int(-1)]),
        Value::Map(vec![(Value::Str("a".into()), Value::Int(-1))]),
        Value::Option(Some(Box::new(Value::Int(300)))),
    ]);
    let mut expected = vec![2];
    expected.extend(1_i64.to_le_bytes());
    expected.extend((-1_i64).to_le_bytes());
    expected.extend([1, 1, b'a', 1]);
    expected.extend([1, 0xd8, 0x04]);
    assert_eq!(encode(&value, &types, both), Ok(expected));
    assert_eq!(value.to_string(), r#"([1, -1], ["a": -1], Some(300))"#);
}

#[test]
fn what_is_no_value_of_the_type_is_refused() {
    let mut types = TypeTable::new();
    let int = types.intern(Type::Int);
    let set = types.intern(Type::Set(int));
    let unit = types.intern(Type::Unit);
    let function = types.intern(Type::Fn {
        params: vec![],
        result: int,
    });
    let float = types.intern(Type::Float);
    let twice = Value::Set(vec![Value::Int(1), Value::Int(1)]);
    assert_eq!(encode(&twice, &types, set), Err(ValueError::DuplicateKey));
    assert_eq!(
        decode(&[2, 2, 2], &types, set),
        Err(ValueError::DuplicateKey)
    );
    assert_eq!(
        encode(&Value::Unit, &types, function),
        Err(ValueError::Function)
    );
    assert_eq!(
        encode(&Value::Unit, &types, int),
        Err(ValueError::Mismatch("Int".into()))
    );
    assert_eq!(decode(&[1], &types, unit), Err(ValueError::NotCanonical));
    let nan = f64::from_bits(0x7ff8_0000_0000_0001)
        .to_bits()
        .to_le_bytes();
    assert_eq!(decode(&nan, &types, float), Err(ValueError::NotCanonical));
    assert!(matches!(
        decode(&[0x80, 0], &types, int),
        Err(ValueError::Bytes(_))
    ));
    assert!(matches!(
        decode(&[2, 0], &types, int),
        Err(ValueError::Bytes(_))
    ));
}

#[test]
fn deep_values_are_refused_and_not_followed() {
    let mut types = TypeTable::new();
    let node = types.reserve();
    let next = types.intern(Type::Option(node));
    types.set(
        node,
        Type::Struct {
            name: "Node".into(),
            args: vec![],
            fields: vec![field("next", next)],
        },
    );
    let bytes = vec![1; 100_000];
    assert_eq!(decode(&bytes, &types, node), Err(ValueError::TooDeep));
}
