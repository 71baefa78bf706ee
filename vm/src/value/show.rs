//! Values as text.

use crate::text::{
    name_for_people, write_bytes, write_duration, write_float, write_quoted, write_short_id,
};
use crate::value::{TagValue, Value};

pub(super) fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Unit => out.push_str("()"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) => write_float(out, *value),
        Value::Duration(nanos) => write_duration(out, *nanos),
        Value::Str(text) => write_quoted(out, text),
        Value::Bytes(bytes) => write_bytes(out, bytes),
        Value::Id(id) | Value::Node(id) | Value::Hop(id) => write_short_id(out, id),
        Value::Name(name) => out.push_str(name_for_people(name)),
        Value::List(items) => write_all(out, "[", items, "]"),
        Value::Map(entries) if entries.is_empty() => out.push_str("[:]"),
        Value::Map(entries) => write_entries(out, entries),
        Value::Set(items) => write_all(out, "#{", items, "}"),
        Value::Option(None) => out.push_str("None"),
        Value::Option(Some(inner)) => {
            out.push_str("Some(");
            write_value(out, inner);
            out.push(')');
        }
        Value::Tuple(items) => write_all(out, "(", items, ")"),
        Value::Struct { name, fields } => {
            out.push_str(name);
            write_fields(out, fields);
        }
        Value::Enum {
            variant, fields, ..
        } => {
            out.push_str(variant);
            if !fields.is_empty() {
                write_fields(out, fields);
            }
        }
        Value::Tag(tag) => write_tag(out, tag),
        Value::Place { wanted, unwanted } => write_place(out, wanted, unwanted),
    }
}

fn write_all(out: &mut String, open: &str, items: &[Value], close: &str) {
    out.push_str(open);
    for (index, item) in items.iter().enumerate() {
        separate(out, index);
        write_value(out, item);
    }
    out.push_str(close);
}

fn write_entries(out: &mut String, entries: &[(Value, Value)]) {
    out.push('[');
    for (index, (key, value)) in entries.iter().enumerate() {
        separate(out, index);
        write_value(out, key);
        out.push_str(": ");
        write_value(out, value);
    }
    out.push(']');
}

fn write_fields(out: &mut String, fields: &[(String, Value)]) {
    out.push('(');
    for (index, (name, value)) in fields.iter().enumerate() {
        separate(out, index);
        if !name.is_empty() {
            out.push_str(name);
            out.push_str(": ");
        }
        write_value(out, value);
    }
    out.push(')');
}

fn write_tag(out: &mut String, tag: &TagValue) {
    out.push_str("tag ");
    write_short_id(out, &tag.base);
}

fn write_place(out: &mut String, wanted: &[TagValue], unwanted: &[TagValue]) {
    out.push('{');
    for (index, tag) in wanted.iter().chain(unwanted).enumerate() {
        separate(out, index);
        if index >= wanted.len() {
            out.push('!');
        }
        write_tag(out, tag);
    }
    out.push('}');
}

fn separate(out: &mut String, index: usize) {
    if index > 0 {
        out.push_str(", ");
    }
}
