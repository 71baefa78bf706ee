//! Values as text: in files, and in lines of processes.

use sm_bytecode::{Type, TypeIx, TypeTable};
use sm_vm::{Value, ValueError};

use super::Tag;
use crate::limits;

/// What text outside means as the value of a tag.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Form {
    /// Text in UTF-8, without the end of its last line.
    #[default]
    Str,
    /// A whole number in decimal digits.
    Int,
    /// A finite number.
    Float,
    /// `true` or `false`.
    Bool,
    /// Any bytes, exactly.
    Bytes,
}

impl Form {
    /// All, by the names of their types.
    pub const ALL: &'static [(&'static str, Form)] = &[
        ("Str", Form::Str),
        ("Int", Form::Int),
        ("Float", Form::Float),
        ("Bool", Form::Bool),
        ("Bytes", Form::Bytes),
    ];

    /// The type of the values.
    pub fn ty(self) -> Type {
        match self {
            Self::Str => Type::Str,
            Self::Int => Type::Int,
            Self::Float => Type::Float,
            Self::Bool => Type::Bool,
            Self::Bytes => Type::Bytes,
        }
    }

    /// What a text says.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn read(self, text: &[u8]) -> Result<Value, String> {
        let found = || shown(text);
        if self == Self::Bytes {
            return Ok(Value::Bytes(text.to_vec()));
        }
        let text = std::str::from_utf8(text).map_err(|_| format!("no text: {}", found()))?;
        let word = text.trim();
        match self {
            Self::Int => word.parse().ok().map(Value::Int),
            Self::Bool => word.parse().ok().map(Value::Bool),
            Self::Float => finite(word).map(Value::Float),
            Self::Str | Self::Bytes => Some(Value::Str(without_end(text).to_owned())),
        }
        .ok_or_else(|| format!("no {}: {}", self.name(), found()))
    }

    /// The text that says this value; `None` if it is of another type.
    pub fn text(self, value: &Value) -> Option<Vec<u8>> {
        match (self, value) {
            (Self::Str, Value::Str(text)) => Some(text.clone().into_bytes()),
            (Self::Bytes, Value::Bytes(bytes)) => Some(bytes.clone()),
            (Self::Int, Value::Int(_))
            | (Self::Float, Value::Float(_))
            | (Self::Bool, Value::Bool(_)) => Some(value.to_string().into_bytes()),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        let named = Self::ALL.iter().find(|(_, form)| *form == self);
        named.map_or("", |(name, _)| name)
    }

    fn types(self) -> (TypeTable, TypeIx) {
        let mut types = TypeTable::new();
        let ty = types.intern(self.ty());
        (types, ty)
    }
}

/// A tag whose values are text outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextTag {
    tag: Tag,
    form: Form,
}

impl TextTag {
    /// The tag of this name.
    ///
    /// # Errors
    /// If the first value is not of this form.
    pub fn new(display: &str, form: Form, first: Option<&Value>) -> Result<Self, ValueError> {
        let (types, ty) = form.types();
        let tag = Tag::new(display, (&types, ty), first)?;
        Ok(Self { tag, form })
    }

    /// The tag.
    pub fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The form of its values.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The value that a text says, in canonical encoding.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn encode(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        let value = self.form.read(text)?;
        let (types, ty) = self.form.types();
        sm_vm::value::encode(&value, &types, ty).map_err(|error| error.to_string())
    }

    /// The text of a value in canonical encoding.
    ///
    /// # Errors
    /// If it is none.
    pub fn decode(&self, value: &[u8]) -> Result<Vec<u8>, String> {
        let (types, ty) = self.form.types();
        let value = sm_vm::value::decode(value, &types, ty).map_err(|error| error.to_string())?;
        let text = self.form.text(&value);
        text.ok_or_else(|| "the value is of another type".to_owned())
    }
}

fn finite(word: &str) -> Option<f64> {
    word.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Without the end of the last line, which belongs to the file and not to the text.
fn without_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// The beginning of what was found, fit to be printed.
fn shown(text: &[u8]) -> String {
    let start = &text[..text.len().min(limits::FAULT_EXCERPT)];
    let dots = if start.len() < text.len() { ".." } else { "" };
    format!("\"{}{dots}\"", start.trim_ascii_end().escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag(form: Form) -> TextTag {
        TextTag::new("t", form, None).expect("a form has a type")
    }

    #[test]
    fn text_is_read_as_the_form_wants_it() {
        let good = [
            (Form::Str, "two words\r\n", Value::Str("two words".into())),
            (Form::Str, "a\n\n", Value::Str("a\n".into())),
            (Form::Int, " -7\n", Value::Int(-7)),
            (Form::Float, "21.5\n", Value::Float(21.5)),
            (Form::Float, "3", Value::Float(3.0)),
            (Form::Bool, "true\n", Value::Bool(true)),
            (Form::Bytes, "a\n", Value::Bytes(b"a\n".to_vec())),
        ];
        for (form, text, value) in good {
            assert_eq!(form.read(text.as_bytes()), Ok(value), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_of_the_form_is_shown() {
        let said = |form: Form, text: &[u8]| form.read(text).expect_err("it is not");
        assert_eq!(said(Form::Int, b"warm\n"), "no Int: \"warm\"");
        assert_eq!(said(Form::Float, b"nan"), "no Float: \"nan\"");
        assert_eq!(said(Form::Bool, b"1"), "no Bool: \"1\"");
        assert_eq!(said(Form::Str, b"\xff"), "no text: \"\\xff\"");
        assert!(said(Form::Int, &[b'x'; 10_000]).len() < 100);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>()) {
            for (_, form) in Form::ALL {
                let _ = tag(*form).encode(&bytes);
                let _ = tag(*form).decode(&bytes);
            }
        }

        #[test]
        fn what_is_written_is_read_again(
            number in any::<i64>(),
            part in -1e300..1e300f64,
            text in "[^\r\n]*",
            on in any::<bool>(),
        ) {
            let values = [
                (Form::Int, Value::Int(number)),
                (Form::Float, Value::Float(part)),
                (Form::Bool, Value::Bool(on)),
                (Form::Bytes, Value::Bytes(text.clone().into_bytes())),
                (Form::Str, Value::Str(text)),
            ];
            for (form, value) in values {
                let written = form.text(&value).expect("it is of this form");
                prop_assert_eq!(form.read(&written), Ok(value));
            }
        }
    }
}
