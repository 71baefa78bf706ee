//! What a test asks its runner, as the library's `testing` module writes it down.

use sm_bytecode::{TypeIx, TypeTable};
use sm_vm::{TagRef, Value};

/// The name of the tag by which a test asks. No program can declare one of this name.
const ASK: &str = "ask the test runner";

/// A variant of `Ask`, or of `Shape`.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) what: String,
    fields: Vec<Value>,
}

impl Question {
    /// The question in a tag; `None` for every other tag.
    pub(super) fn of(tag: &TagRef<'_>) -> Option<Self> {
        if tag.decl.name != ASK {
            return None;
        }
        let types = TypeTable::from_descriptor(tag.decl.keys.first()?).ok()?;
        let value = sm_vm::value::decode(tag.key, &types, TypeIx(0)).ok()?;
        Self::of_value(value)
    }

    fn of_value(value: Value) -> Option<Self> {
        match value {
            Value::Enum {
                variant, fields, ..
            } => Some(Self {
                what: variant,
                fields: fields.into_iter().map(|(_, field)| field).collect(),
            }),
            _ => None,
        }
    }

    /// A field that is a number; 0 where there is none.
    pub(super) fn int(&self, at: usize) -> i64 {
        match self.fields.get(at) {
            Some(Value::Int(number)) => *number,
            _ => 0,
        }
    }

    /// A field that is text.
    pub(super) fn text(&self, at: usize) -> &str {
        match self.fields.get(at) {
            Some(Value::Str(text)) => text,
            _ => "",
        }
    }

    /// A field that is a variant itself.
    pub(super) fn inner(&self, at: usize) -> Option<Self> {
        Self::of_value(self.fields.get(at)?.clone())
    }
}
