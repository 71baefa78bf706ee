//! From TOML to tags and their values.

use sm_core::ids::Span;
use toml::de::DeValue;

use super::error::{Problems, suggestion};
use super::table::{Field, Table};
use super::units;
use crate::network::{Driver, TYPE_NAMES, TagDef, TagType, TagValue};

/// Reads a table of tags by name.
pub fn tags(problems: &mut Problems<'_>, field: &Field<'_>) -> Vec<TagDef> {
    let Some(table) = field.table(problems) else {
        return Vec::new();
    };
    table
        .rest()
        .filter_map(|(name, field)| tag(problems, name, &field))
        .collect()
}

/// Reads one tag of this name: a plain value, or a table that describes it.
pub fn tag(problems: &mut Problems<'_>, name: &str, field: &Field<'_>) -> Option<TagDef> {
    if !is_name(name) {
        problems.add(
            field.key_span.clone(),
            &field.key,
            "no program can name such a tag",
        );
        return None;
    }
    match field.value() {
        DeValue::Table(_) => {
            let table = field.table(problems)?;
            described(problems, name, table)
        }
        _ => plain(problems, name, field),
    }
}

/// Whether a program can name such a tag.
pub fn is_name(name: &str) -> bool {
    let letters = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    letters && !name.is_empty() && !name.starts_with(|c: char| c.is_numeric())
}

/// `{ type = "Duration", value = "5s", .. }`
fn described(problems: &mut Problems<'_>, name: &str, mut table: Table<'_>) -> Option<TagDef> {
    let ty = match table.take("type") {
        Some(field) => Some(ty(problems, &field)?),
        None => None,
    };
    let value_field = if ty == Some(TagType::Unit) && !table.has("value") {
        table.take("value")
    } else {
        Some(table.need(problems, "value")?)
    };
    let lifetime = table
        .take("lifetime")
        .and_then(|field| field.period(problems));
    let io = table.take("io");
    table.finish(problems);
    let ty = match (ty, &value_field) {
        (Some(ty), _) => ty,
        (None, Some(field)) => evident(problems, field)?,
        (None, None) => TagType::Unit,
    };
    let value = match value_field {
        Some(field) => value(problems, &ty, &field)?,
        None => TagValue::Unit,
    };
    let driver = match io {
        Some(field) => {
            let table = field.table(problems)?;
            Some(driver(problems, &ty, table)?)
        }
        None => None,
    };
    Some(TagDef {
        name: name.to_owned(),
        ty,
        value,
        lifetime,
        driver,
    })
}

fn driver(problems: &mut Problems<'_>, ty: &TagType, mut table: Table<'_>) -> Option<Driver> {
    let series = match table.take("series").and_then(|field| field.array(problems)) {
        Some(fields) => fields
            .iter()
            .map(|field| value(problems, ty, field))
            .collect(),
        None => Some(Vec::new()),
    };
    let every = table.take("every").map(|field| field.period(problems));
    let missing = every.is_none() && series.as_ref().is_some_and(|series| !series.is_empty());
    if missing {
        table.need(problems, "every");
    }
    table.finish(problems);
    Some(Driver {
        series: series?,
        every: every.unwrap_or(Some(Span::ZERO))?,
    })
}

fn plain(problems: &mut Problems<'_>, name: &str, field: &Field<'_>) -> Option<TagDef> {
    let ty = evident(problems, field)?;
    let value = value(problems, &ty, field)?;
    Some(TagDef {
        name: name.to_owned(),
        ty,
        value,
        lifetime: None,
        driver: None,
    })
}

/// A type as the language writes it.
pub fn ty(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<TagType> {
    let text = field.string(problems)?;
    match TagType::parse(text) {
        Ok(ty) => Some(ty),
        Err(message) => {
            let unknown = text.trim_matches(|c: char| !c.is_alphanumeric());
            let help = suggestion(unknown, TYPE_NAMES.iter().copied());
            problems.add_with_help(field.span(), &field.key, message, help);
            None
        }
    }
}

/// The type that a value without a named type has.
pub fn evident(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<TagType> {
    let hint = "a type, as in { type = \"[Int]\", value = [] }";
    match field.value() {
        DeValue::Boolean(_) => Some(TagType::Bool),
        DeValue::Integer(_) => Some(TagType::Int),
        DeValue::Float(_) => Some(TagType::Float),
        DeValue::String(_) => Some(TagType::Str),
        DeValue::Array(_) => match field.array(problems)?.first() {
            Some(first) => Some(TagType::List(Box::new(evident(problems, first)?))),
            None => {
                field.expected(problems, hint);
                None
            }
        },
        DeValue::Datetime(_) | DeValue::Table(_) => {
            field.expected(problems, hint);
            None
        }
    }
}

/// A value of this type.
pub fn value(problems: &mut Problems<'_>, ty: &TagType, field: &Field<'_>) -> Option<TagValue> {
    let read = match ty {
        TagType::List(of) | TagType::Set(of) => return list(problems, of, field),
        TagType::Map(key, of) => return map(problems, key, of, field),
        TagType::Tuple(of) => return tuple(problems, of, field),
        TagType::Option(of) => {
            return value(problems, of, field).map(|value| TagValue::Some(Box::new(value)));
        }
        TagType::Unit => empty_array(field).then_some(TagValue::Unit),
        TagType::Bool => field.value().as_bool().map(TagValue::Bool),
        TagType::Int => field.int().map(TagValue::Int),
        TagType::Float => field.number().map(TagValue::Float),
        TagType::Str => field
            .value()
            .as_str()
            .map(|text| TagValue::Str(text.to_owned())),
        TagType::Duration => field.value().as_str().and_then(duration),
        TagType::Bytes => field.value().as_str().and_then(bytes),
    };
    if read.is_none() {
        field.expected(problems, expectation(ty));
    }
    read
}

fn expectation(ty: &TagType) -> &'static str {
    match ty {
        TagType::Unit => "[]",
        TagType::Bool => "true or false",
        TagType::Int => "an integer of 64 bits",
        TagType::Float => "a number",
        TagType::Duration => "a time such as \"5ms\"",
        TagType::Bytes => "bytes as hexadecimal digits",
        _ => "a text",
    }
}

fn empty_array(field: &Field<'_>) -> bool {
    field
        .value()
        .as_array()
        .is_some_and(|array| array.is_empty())
}

fn duration(text: &str) -> Option<TagValue> {
    i64::try_from(units::span(text)?.0)
        .ok()
        .map(TagValue::Duration)
}

fn bytes(text: &str) -> Option<TagValue> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(TagValue::Bytes(
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    ))
}

fn list(problems: &mut Problems<'_>, of: &TagType, field: &Field<'_>) -> Option<TagValue> {
    let fields = field.array(problems)?;
    let values: Vec<_> = fields
        .iter()
        .map(|field| value(problems, of, field))
        .collect();
    values
        .into_iter()
        .collect::<Option<_>>()
        .map(TagValue::List)
}

fn tuple(problems: &mut Problems<'_>, of: &[TagType], field: &Field<'_>) -> Option<TagValue> {
    let fields = field.array(problems)?;
    if fields.len() != of.len() {
        field.expected(problems, &format!("an array of {} values", of.len()));
        return None;
    }
    let values: Vec<_> = fields
        .iter()
        .zip(of)
        .map(|(field, of)| value(problems, of, field))
        .collect();
    values
        .into_iter()
        .collect::<Option<_>>()
        .map(TagValue::Tuple)
}

/// A map is a table if its keys are texts, and an array of pairs otherwise.
fn map(
    problems: &mut Problems<'_>,
    key: &TagType,
    of: &TagType,
    field: &Field<'_>,
) -> Option<TagValue> {
    if *key == TagType::Str && field.value().is_table() {
        let entries: Vec<_> = field
            .table(problems)?
            .rest()
            .map(|(name, field)| {
                Some((TagValue::Str(name.to_owned()), value(problems, of, &field)?))
            })
            .collect();
        return entries
            .into_iter()
            .collect::<Option<_>>()
            .map(TagValue::Map);
    }
    let pair = [key.clone(), of.clone()];
    let entries: Vec<_> = field
        .array(problems)?
        .iter()
        .map(|field| match tuple(problems, &pair, field)? {
            TagValue::Tuple(pair) => <[TagValue; 2]>::try_from(pair).ok().map(|[k, v]| (k, v)),
            _ => None,
        })
        .collect();
    entries
        .into_iter()
        .collect::<Option<_>>()
        .map(TagValue::Map)
}
