//! What may be written on the command line, and what it means.

use sm_bytecode::{Field, Type, TypeIx, TypeTable, Variant};
use sm_vm::Value;

use super::{FieldDefaults, Parameter, Signature, literal, parse};

struct Table(TypeTable);

impl Table {
    fn new() -> Self {
        Self(TypeTable::new())
    }

    fn add(&mut self, ty: Type) -> TypeIx {
        self.0.intern(ty)
    }

    fn says(&self, ty: TypeIx, text: &str) -> Result<String, String> {
        let value = literal::parse(&self.0, &FieldDefaults::new(), ty, text);
        value
            .map(|value| value.to_string())
            .map_err(|mistake| mistake.to_string())
    }
}

fn field(name: &str, ty: TypeIx) -> Field {
    Field {
        name: name.to_owned(),
        ty,
        mutable: false,
    }
}

#[test]
fn scalars() {
    let mut types = Table::new();
    let int = types.add(Type::Int);
    let float = types.add(Type::Float);
    let duration = types.add(Type::Duration);
    let bool = types.add(Type::Bool);
    for (text, value) in [
        ("42", "42"),
        ("-7", "-7"),
        ("0xff", "255"),
        (" 1_000 ", "1000"),
    ] {
        assert_eq!(types.says(int, text), Ok(value.to_owned()));
    }
    assert_eq!(
        types.says(int, "-9223372036854775808"),
        Ok("-9223372036854775808".to_owned())
    );
    for text in [
        "",
        "4x",
        "1.5",
        "9223372036854775808",
        "1 2",
        "1\nfn f() {}",
        "n",
        "1 + 1",
        "\"1\"",
    ] {
        assert!(types.says(int, text).is_err(), "{text:?} is no Int");
    }
    assert_eq!(types.says(float, "-2.5"), Ok("-2.5".to_owned()));
    assert_eq!(types.says(float, "3"), Ok("3.0".to_owned()));
    assert_eq!(types.says(duration, "1.5s"), Ok("1.5s".to_owned()));
    assert!(types.says(duration, "5").is_err());
    assert_eq!(types.says(bool, "true"), Ok("true".to_owned()));
    assert!(types.says(bool, "yes").is_err());
}

#[test]
fn collections_nest() {
    let mut types = Table::new();
    let int = types.add(Type::Int);
    let str = types.add(Type::Str);
    let list = types.add(Type::List(int));
    let map = types.add(Type::Map(str, list));
    let option = types.add(Type::Option(map));
    let tuple = types.add(Type::Tuple(vec![option, int]));
    let set = types.add(Type::Set(int));
    for text in [
        "(None, 1)",
        "(Some([\"a\": [1, 2], \"b\": []]), 2)",
        "(Some([:]), 3)",
    ] {
        assert_eq!(types.says(tuple, text), Ok(text.to_owned()));
    }
    assert_eq!(types.says(set, "#{1, 2}"), Ok("#{1, 2}".to_owned()));
    let mistake = types
        .says(tuple, "(Some([\"a\": [1, x]]), 2)")
        .expect_err("x is no Int");
    assert!(mistake.starts_with("at `x`:"), "{mistake}");
    assert!(types.says(tuple, "(None, 1, 2)").is_err());
}

#[test]
fn structs_and_variants() {
    let mut types = Table::new();
    let int = types.add(Type::Int);
    let point = types.add(Type::Struct {
        name: "Point".to_owned(),
        args: vec![],
        fields: vec![field("x", int), field("y", int)],
    });
    let shape = types.add(Type::Enum {
        name: "Shape".to_owned(),
        args: vec![],
        variants: vec![
            Variant {
                name: "Dot".to_owned(),
                fields: vec![],
            },
            Variant {
                name: "At".to_owned(),
                fields: vec![field("", point), field("size", int)],
            },
        ],
    });
    assert_eq!(
        types.says(point, "Point(y: 2, x: 1)"),
        Ok("Point(x: 1, y: 2)".to_owned())
    );
    for text in [
        "Point(x: 1)",
        "Point(x: 1, z: 2)",
        "Pt(x: 1, y: 2)",
        "Point",
        "Point(x: 1, x: 2)",
    ] {
        assert!(types.says(point, text).is_err(), "{text}");
    }
    assert_eq!(types.says(shape, "Dot"), Ok("Dot".to_owned()));
    assert_eq!(
        types.says(shape, "Shape.At(Point(x: 1, y: 2), size: 3)"),
        Ok("At(Point(x: 1, y: 2), size: 3)".to_owned())
    );
    assert!(types.says(shape, "Dto").is_err());
    assert!(types.says(shape, "Dot(1)").is_err());
}

#[test]
fn nesting_has_an_end() {
    let mut types = Table::new();
    let int = types.add(Type::Int);
    let list = types.add(Type::List(int));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(types.says(list, &deep).is_err());
}

fn greet() -> Signature {
    let mut types = TypeTable::new();
    let (str, int) = (types.intern(Type::Str), types.intern(Type::Int));
    let parameters = vec![
        Parameter {
            name: "name".to_owned(),
            ty: str,
            default: None,
        },
        Parameter {
            name: "times".to_owned(),
            ty: int,
            default: Some(Value::Int(1)),
        },
    ];
    Signature {
        types,
        parameters,
        fields: FieldDefaults::new(),
    }
}

fn given(texts: &[&str]) -> Result<Vec<Value>, String> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    parse(&greet(), &texts).map_err(|failure| format!("{failure:?}"))
}

#[test]
fn order_and_names() {
    let ann = |times| Ok(vec![Value::Str("Ann".to_owned()), Value::Int(times)]);
    assert_eq!(given(&["Ann"]), ann(1));
    assert_eq!(given(&["Ann", "2"]), ann(2));
    assert_eq!(given(&["times=2", "Ann"]), ann(2));
    assert_eq!(given(&["times=2", "name=Ann"]), ann(2));
    assert!(given(&[]).is_err());
    assert!(given(&["Ann", "2", "3"]).is_err());
    assert!(given(&["Ann", "name=Bo"]).is_err());
    assert!(given(&["times=1", "Ann", "times=1"]).is_err());
}

#[test]
fn amounts_have_units() {
    assert_eq!(super::fuel("5_000_000"), Ok(5_000_000));
    assert_eq!(super::fuel("500M"), Ok(500_000_000));
    assert_eq!(super::size("64MiB"), Ok(64 << 20));
    assert_eq!(super::size("1GiB"), Ok(1 << 30));
    for wrong in [
        "",
        "M",
        "-1",
        "+1",
        "_1",
        "1.5G",
        "0",
        "1m",
        "99999999999999G",
    ] {
        assert!(super::fuel(wrong).is_err(), "{wrong}");
    }
    for wrong in ["64MB", "64 MiB", "0KiB"] {
        assert!(super::size(wrong).is_err(), "{wrong}");
    }
}
