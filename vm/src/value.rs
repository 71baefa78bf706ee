//! Values outside a machine: arguments, results and tag values as trees.
//!
//! [`encode`] and [`decode`] speak exactly the canonical data encoding that a machine uses, so a
//! driver, a command line or a test can make what a program reads and show what it wrote.
//! `docs/STATE.md` describes the bytes.

mod decode;
mod encode;
mod show;
#[cfg(test)]
mod tests;

use std::fmt;

use sm_bytecode::codec::DecodeError;

pub use decode::{decode, decode_all};
pub use encode::encode;

/// A value of any type that can leave a message: everything but functions.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// `()`
    Unit,
    /// `true` and `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A double; NaN is encoded in its canonical form.
    Float(f64),
    /// Nanoseconds.
    Duration(i64),
    /// Text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// The identity of a message.
    Id([u8; 32]),
    /// The identity of a node.
    Node([u8; 32]),
    /// A neighbor.
    Hop([u8; 32]),
    /// The canonical text of a place.
    Name(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in insertion order.
    Map(Vec<(Value, Value)>),
    /// A set, in insertion order.
    Set(Vec<Value>),
    /// `Some` or `None`.
    Option(Option<Box<Value>>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A struct. Names are for people; encoding looks at the order alone.
    Struct {
        /// The name of the type.
        name: String,
        /// The fields in declaration order.
        fields: Vec<(String, Value)>,
    },
    /// A variant of an enum.
    Enum {
        /// The name of the type.
        name: String,
        /// The name of the variant, which must be one of the type's.
        variant: String,
        /// What it carries, in declaration order; a positional field has an empty name.
        fields: Vec<(String, Value)>,
    },
    /// A tag.
    Tag(TagValue),
    /// A predicate over tags.
    Place {
        /// Tags that a node must have.
        wanted: Vec<TagValue>,
        /// Tags that it must not have.
        unwanted: Vec<TagValue>,
    },
}

/// A tag as a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TagValue {
    /// The identity of the declaration.
    pub base: [u8; 32],
    /// The encoded keys of a member; empty for a plain tag.
    pub key: Vec<u8>,
}

impl Value {
    /// The value with [`Value::Name`] in the place of each node and neighbor that has a name: for
    /// people, since it is none of its type any more.
    #[must_use]
    pub fn named(self, name: &dyn Fn(&[u8; 32]) -> Option<String>) -> Self {
        let all = |values: Vec<Self>| values.into_iter().map(|one| one.named(name)).collect();
        let of = |fields: Vec<(String, Self)>| {
            let fields = fields.into_iter();
            fields
                .map(|(field, one)| (field, one.named(name)))
                .collect()
        };
        match self {
            Self::Node(key) => name(&key).map_or(Self::Node(key), Self::Name),
            Self::Hop(key) => name(&key).map_or(Self::Hop(key), Self::Name),
            Self::List(values) => Self::List(all(values)),
            Self::Set(values) => Self::Set(all(values)),
            Self::Tuple(values) => Self::Tuple(all(values)),
            Self::Option(Some(one)) => Self::Option(Some(Box::new(one.named(name)))),
            Self::Map(entries) => {
                let entries = entries.into_iter();
                Self::Map(
                    entries
                        .map(|(k, v)| (k.named(name), v.named(name)))
                        .collect(),
                )
            }
            Self::Struct { name, fields } => Self::Struct {
                name,
                fields: of(fields),
            },
            Self::Enum {
                name,
                variant,
                fields,
            } => Self::Enum {
                name,
                variant,
                fields: of(fields),
            },
            value => value,
        }
    }
}

/// Why a value could not be encoded or decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ValueError {
    /// The value is none of the expected type; what was expected is named.
    Mismatch(String),
    /// Functions never leave a message.
    Function,
    /// Nested deeper than [`crate::limits::VALUE_DEPTH`].
    TooDeep,
    /// A key stands twice in a map or set.
    DuplicateKey,
    /// A number that is no variant, a NaN that is not canonical, a place out of order.
    NotCanonical,
    /// The bytes are not well-formed.
    Bytes(DecodeError),
    /// The type is not in the table.
    UnknownType,
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueError::Mismatch(expected) => write!(f, "the value is no {expected}"),
            ValueError::Function => f.write_str("a function cannot leave its message"),
            ValueError::TooDeep => f.write_str("the value is nested too deeply"),
            ValueError::DuplicateKey => f.write_str("a key stands twice in a map or set"),
            ValueError::NotCanonical => f.write_str("the encoding is not canonical"),
            ValueError::Bytes(error) => error.fmt(f),
            ValueError::UnknownType => f.write_str("the type is not known"),
        }
    }
}

impl std::error::Error for ValueError {}

impl From<DecodeError> for ValueError {
    fn from(error: DecodeError) -> Self {
        ValueError::Bytes(error)
    }
}

/// As the language writes it, text in quotes. Tags and places, whose names are not in the value,
/// are shown by their identity.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        show::write_value(&mut out, self);
        f.write_str(&out)
    }
}
