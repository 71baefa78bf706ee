//! Reading TOML with errors that name the key, the line, and what was expected.
//!
//! A [`Table`] remembers which keys it was asked for; what is left over at the end is unknown, and
//! those it was asked for are what may have been meant.

use std::collections::BTreeMap;
use std::ops::Range;

use sm_core::ids::Span;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Problems, suggestion};
use super::units;

/// A value, and the path of the key it stands at.
#[derive(Debug, Clone)]
pub struct Field<'t> {
    /// The path of the key from the top of the file.
    pub key: String,
    /// Where the key stands, in bytes.
    pub key_span: Range<usize>,
    value: &'t Spanned<DeValue<'t>>,
}

/// The entries of a table that nobody has asked for yet.
#[derive(Debug)]
pub struct Table<'t> {
    path: String,
    span: Range<usize>,
    entries: BTreeMap<&'t str, Field<'t>>,
    asked: Vec<&'static str>,
}

impl<'t> Table<'t> {
    /// A table at this path.
    /// A table at this path.
    pub fn new(path: &str, span: Range<usize>, table: &'t DeTable<'t>) -> Self {
        let entries = table.iter().map(|(key, value)| {
            let name: &str = key.get_ref();
            let full = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            (
                name,
                Field {
                    key: full,
                    key_span: key.span(),
                    value,
                },
            )
        });
        Self {
            path: path.to_owned(),
            span,
            entries: entries.collect(),
            asked: Vec::new(),
        }
    }

    /// The value of an optional key.
    pub fn take(&mut self, key: &'static str) -> Option<Field<'t>> {
        self.asked.push(key);
        self.entries.remove(key)
    }

    /// The value of a key that has to be there.
    pub fn need(&mut self, problems: &mut Problems<'_>, key: &'static str) -> Option<Field<'t>> {
        let field = self.take(key);
        if field.is_none() {
            problems.add(self.span.clone(), &self.path, format!("`{key}` is missing"));
        }
        field
    }

    /// All entries, whatever they are called, in the order of the file.
    pub fn rest(self) -> impl Iterator<Item = (&'t str, Field<'t>)> {
        let mut entries: Vec<_> = self.entries.into_iter().collect();
        entries.sort_by_key(|(_, field)| field.key_span.start);
        entries.into_iter()
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Where the table stands, in bytes.
    /// Where it stands.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Reports what nobody asked for.
    pub fn finish(self, problems: &mut Problems<'_>) {
        for (name, field) in self.entries {
            let help = suggestion(name, self.asked.iter().copied())
                .unwrap_or_else(|| format!("known here: {}", self.asked.join(", ")));
            problems.add_with_help(field.key_span, &field.key, "unknown key", Some(help));
        }
    }
}

impl<'t> Field<'t> {
    /// Where the value stands, in bytes.
    /// Where the value stands.
    pub fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// The value as TOML.
    /// The value as TOML has it.
    pub fn value(&self) -> &'t DeValue<'t> {
        self.value.get_ref()
    }

    /// Reports that something else was expected.
    pub fn expected(&self, problems: &mut Problems<'_>, what: &str) {
        let found = match self.value() {
            DeValue::String(text) => format!("\"{text}\""),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(_) => "an array".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        problems.add(
            self.span(),
            &self.key,
            format!("expected {what}, found {found}"),
        );
    }

    /// The value, or a report that it is not `what`.
    fn or_expected<T>(
        &self,
        problems: &mut Problems<'_>,
        what: &str,
        value: Option<T>,
    ) -> Option<T> {
        if value.is_none() {
            self.expected(problems, what);
        }
        value
    }

    /// A text.
    /// A text.
    pub fn string(&self, problems: &mut Problems<'_>) -> Option<&'t str> {
        self.or_expected(problems, "a text", self.value().as_str())
    }

    /// An integer of 64 bits.
    /// A whole number of 64 bits, if it is one.
    pub fn int(&self) -> Option<i64> {
        let number = self.value().as_integer()?;
        i64::from_str_radix(number.as_str(), number.radix()).ok()
    }

    /// A floating-point number, or an integer where one is meant.
    pub fn number(&self) -> Option<f64> {
        match self.value() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(_) => self.int().map(|value| value as f64),
            _ => None,
        }
    }

    /// A whole number within these bounds.
    pub fn whole(&self, problems: &mut Problems<'_>, bounds: Range<u64>) -> Option<u64> {
        let value = self.int().and_then(|value| u64::try_from(value).ok());
        let value = value.filter(|value| bounds.contains(value));
        let what = match bounds.end {
            u64::MAX => format!("a whole number from {}", bounds.start),
            end => format!("a whole number from {} to {}", bounds.start, end - 1),
        };
        self.or_expected(problems, &what, value)
    }

    /// True or false.
    pub fn flag(&self, problems: &mut Problems<'_>) -> Option<bool> {
        self.or_expected(problems, "true or false", self.value().as_bool())
    }

    /// A probability.
    pub fn share(&self, problems: &mut Problems<'_>) -> Option<f64> {
        let value = self.number().filter(|value| (0.0..=1.0).contains(value));
        self.or_expected(problems, "a share from 0 to 1", value)
    }

    /// A length of time.
    /// A length of time, which may be zero.
    pub fn time(&self, problems: &mut Problems<'_>) -> Option<Span> {
        let value = self.value().as_str().and_then(units::span);
        self.or_expected(problems, "a time such as \"5ms\" or \"2min\"", value)
    }

    /// A time after which something happens again: zero would be for ever.
    pub fn period(&self, problems: &mut Problems<'_>) -> Option<Span> {
        let value = self
            .value()
            .as_str()
            .and_then(units::span)
            .filter(|time| *time > Span::ZERO);
        self.or_expected(problems, "a time above zero such as \"4s\"", value)
    }

    /// Bytes a second.
    /// Bytes a second.
    pub fn rate(&self, problems: &mut Problems<'_>) -> Option<u64> {
        let value = self.value().as_str().and_then(units::rate);
        self.or_expected(problems, "a rate such as \"250kB/s\"", value)
    }

    /// Bytes.
    pub fn size(&self, problems: &mut Problems<'_>) -> Option<u64> {
        let value = self.value().as_str().and_then(units::size);
        self.or_expected(problems, "a number of bytes such as \"200MB\"", value)
    }

    /// A table.
    pub fn table(&self, problems: &mut Problems<'_>) -> Option<Table<'t>> {
        let table = self.value().as_table();
        let table = self.or_expected(problems, "a table", table)?;
        Some(Table::new(&self.key, self.span(), table))
    }

    /// The elements of an array, each with its number in the path.
    pub fn array(&self, problems: &mut Problems<'_>) -> Option<Vec<Field<'t>>> {
        let array = self.value().as_array();
        let array = self.or_expected(problems, "an array", array)?;
        let fields = array.iter().enumerate().map(|(index, value)| Field {
            key: format!("{}[{index}]", self.key),
            key_span: value.span(),
            value,
        });
        Some(fields.collect())
    }

    /// The elements of an array, or the value itself if it is none.
    pub fn one_or_more(&self, problems: &mut Problems<'_>) -> Vec<Field<'t>> {
        if self.value().is_array() {
            self.array(problems).unwrap_or_default()
        } else {
            vec![self.clone()]
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, problems: &mut Problems<'_>, choices: &[(&str, T)]) -> Option<T> {
        let word = self.string(problems)?;
        let found = choices.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let names: Vec<String> = choices
                .iter()
                .map(|(name, _)| format!("\"{name}\""))
                .collect();
            let help = suggestion(word, choices.iter().map(|(name, _)| *name));
            let message = format!("expected {}, found \"{word}\"", names.join(" or "));
            problems.add_with_help(self.span(), &self.key, message, help);
        }
        found.map(|(_, value)| *value)
    }
}
