//! From trees to bytes.

use std::collections::BTreeSet;

use sm_bytecode::codec::Writer;
use sm_bytecode::types::{Field, Type};
use sm_bytecode::{FloatBits, TypeIx, TypeTable};

use crate::limits::VALUE_DEPTH;
use crate::value::{TagValue, Value, ValueError};

/// The canonical encoding of a value of type `ty`.
///
/// # Errors
/// If the value is not of the type, contains a function or a key twice, or is nested too deeply.
pub fn encode(value: &Value, types: &TypeTable, ty: TypeIx) -> Result<Vec<u8>, ValueError> {
    let mut out = Writer::new();
    write(&mut out, types, ty, value, VALUE_DEPTH)?;
    Ok(out.into_bytes())
}

fn write(
    out: &mut Writer,
    types: &TypeTable,
    ty: TypeIx,
    value: &Value,
    depth: usize,
) -> Result<(), ValueError> {
    let depth = depth.checked_sub(1).ok_or(ValueError::TooDeep)?;
    match (types.get(ty).ok_or(ValueError::UnknownType)?, value) {
        (Type::Unit, Value::Unit) => out.byte(0),
        (Type::Bool, Value::Bool(value)) => out.byte(u8::from(*value)),
        (Type::Int, Value::Int(value)) | (Type::Duration, Value::Duration(value)) => {
            out.signed(*value);
        }
        (Type::Float, Value::Float(value)) => out.raw(&FloatBits::of(*value).0.to_le_bytes()),
        (Type::Str, Value::Str(text)) | (Type::Name, Value::Name(text)) => out.text(text),
        (Type::Bytes, Value::Bytes(bytes)) => out.blob(bytes),
        (Type::Id, Value::Id(id)) | (Type::Node, Value::Node(id)) | (Type::Hop, Value::Hop(id)) => {
            out.raw(id);
        }
        (Type::Option(_), Value::Option(None)) => out.byte(0),
        (Type::Option(inner), Value::Option(Some(value))) => {
            out.byte(1);
            write(out, types, *inner, value, depth)?;
        }
        (Type::List(elem), Value::List(items)) => write_list(out, types, *elem, items, depth)?,
        (Type::Set(elem), Value::Set(items)) => {
            out.length(items.len());
            let mut seen = BTreeSet::new();
            for item in items {
                write_key(out, types, *elem, item, depth, &mut seen)?;
            }
        }
        (Type::Map(key, elem), Value::Map(entries)) => {
            out.length(entries.len());
            let mut seen = BTreeSet::new();
            for (name, value) in entries {
                write_key(out, types, *key, name, depth, &mut seen)?;
                write(out, types, *elem, value, depth)?;
            }
        }
        (Type::Tuple(parts), Value::Tuple(items)) if parts.len() == items.len() => {
            for (part, item) in parts.iter().zip(items) {
                write(out, types, *part, item, depth)?;
            }
        }
        (Type::Struct { fields, .. }, Value::Struct { fields: values, .. })
            if fields.len() == values.len() =>
        {
            write_fields(out, types, fields, values, depth)?;
            if fields.is_empty() {
                out.byte(0);
            }
        }
        (
            Type::Enum { variants, .. },
            Value::Enum {
                variant, fields, ..
            },
        ) => {
            let number = variants.iter().position(|known| known.name == *variant);
            let number = number.ok_or_else(|| mismatch(types, ty))?;
            if variants[number].fields.len() != fields.len() {
                return Err(mismatch(types, ty));
            }
            out.number(number as u64);
            write_fields(out, types, &variants[number].fields, fields, depth)?;
        }
        (Type::Tag(_) | Type::AnyTag, Value::Tag(tag)) => write_tag(out, tag),
        (Type::Place, Value::Place { wanted, unwanted }) => {
            write_tags(out, wanted);
            write_tags(out, unwanted);
        }
        (Type::Fn { .. }, _) => return Err(ValueError::Function),
        _ => return Err(mismatch(types, ty)),
    }
    Ok(())
}

fn write_fields(
    out: &mut Writer,
    types: &TypeTable,
    fields: &[Field],
    values: &[(String, Value)],
    depth: usize,
) -> Result<(), ValueError> {
    for (field, (_, value)) in fields.iter().zip(values) {
        write(out, types, field.ty, value, depth)?;
    }
    Ok(())
}

/// Integers in a list have a fixed size, so that a machine can copy them as a block.
fn write_list(
    out: &mut Writer,
    types: &TypeTable,
    elem: TypeIx,
    items: &[Value],
    depth: usize,
) -> Result<(), ValueError> {
    out.length(items.len());
    for item in items {
        match (types.get(elem), item) {
            (Some(Type::Int), Value::Int(value))
            | (Some(Type::Duration), Value::Duration(value)) => {
                out.raw(&value.to_le_bytes());
            }
            _ => write(out, types, elem, item, depth)?,
        }
    }
    Ok(())
}

fn write_key(
    out: &mut Writer,
    types: &TypeTable,
    ty: TypeIx,
    key: &Value,
    depth: usize,
    seen: &mut BTreeSet<Vec<u8>>,
) -> Result<(), ValueError> {
    let mut encoded = Writer::new();
    write(&mut encoded, types, ty, key, depth)?;
    let encoded = encoded.into_bytes();
    out.raw(&encoded);
    if seen.insert(encoded) {
        Ok(())
    } else {
        Err(ValueError::DuplicateKey)
    }
}

fn write_tag(out: &mut Writer, tag: &TagValue) {
    out.raw(&tag.base);
    out.blob(&tag.key);
}

/// Tags of a place are in order, so that equal places have equal bytes.
fn write_tags(out: &mut Writer, tags: &[TagValue]) {
    let sorted: BTreeSet<&TagValue> = tags.iter().collect();
    out.length(sorted.len());
    sorted.into_iter().for_each(|tag| write_tag(out, tag));
}

fn mismatch(types: &TypeTable, ty: TypeIx) -> ValueError {
    let expected = match types.get(ty) {
        Some(Type::Struct { name, .. } | Type::Enum { name, .. }) => name.clone(),
        Some(Type::List(_)) => "list".into(),
        Some(Type::Map(..)) => "map".into(),
        Some(Type::Set(_)) => "set".into(),
        Some(Type::Option(_)) => "option".into(),
        Some(Type::Tuple(_)) => "tuple".into(),
        Some(Type::Tag(_)) => "tag".into(),
        Some(plain) => format!("{plain:?}"),
        None => "known type".into(),
    };
    ValueError::Mismatch(expected)
}
