//! Values of tags between a network file, a node and people.

use std::fmt;

use sm_bytecode::{TypeIx, TypeTable};
use sm_core::ids::{NodeId, Span};
use sm_core::node::TagChange;
use sm_core::tags::{Keeper, OpenTag, TagName, TagSpec};
use sm_vm::{Value, ValueError};

use crate::network::{TagDef, TagType, TagValue};
use crate::world::Names;

/// A tag of a network file in the form in which nodes take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeTag {
    tag: OpenTag,
    /// The first value.
    pub(crate) value: Vec<u8>,
    /// How a driver keeps it, if one does.
    pub(crate) driver: Option<NodeDriver>,
}

/// How a driver keeps a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeDriver {
    /// The values it takes by and by.
    pub(crate) series: Vec<Vec<u8>>,
    /// The time between two of them, and the time it takes to follow a write.
    pub(crate) every: Span,
}

impl NodeTag {
    /// Encodes a tag.
    ///
    /// # Errors
    /// If a map or set holds a key twice.
    pub(crate) fn new(def: &TagDef) -> Result<Self, ValueError> {
        let mut types = TypeTable::new();
        let ix = def.ty.intern(&mut types);
        let encode = |value: &TagValue| sm_vm::value::encode(&tree(value, &def.ty), &types, ix);
        let value = encode(&def.value)?;
        let driver = match &def.driver {
            None => None,
            Some(driver) => Some(NodeDriver {
                series: driver.series.iter().map(encode).collect::<Result<_, _>>()?,
                every: driver.every,
            }),
        };
        let tag = OpenTag {
            lifetime: def.lifetime,
            ..OpenTag::new(&def.name, &types, ix)?
        };
        Ok(Self { tag, value, driver })
    }

    /// The tag as a node takes it: open to everybody.
    pub(crate) fn spec(&self) -> TagSpec<'_> {
        self.tag.spec()
    }

    /// Gives the tag its first value as one that programs keep.
    pub(crate) fn put_up(&self) -> TagChange {
        TagChange::new(Keeper::Programs, &self.spec(), &self.value)
    }

    /// The tag with its first value.
    pub(crate) fn into_open(self) -> (OpenTag, Vec<u8>) {
        (self.tag, self.value)
    }

    /// Its identity.
    pub(crate) fn name(&self) -> &TagName {
        &self.tag.name
    }

    /// Its name as people read it.
    pub(crate) fn display(&self) -> &str {
        &self.tag.display
    }

    /// The descriptor of its type.
    pub(crate) fn descriptor(&self) -> &[u8] {
        &self.tag.descriptor
    }
}

/// A value as the machine's library knows it.
fn tree(value: &TagValue, ty: &TagType) -> Value {
    let all = |values: &[TagValue], of: &TagType| values.iter().map(|v| tree(v, of)).collect();
    match (value, ty) {
        (TagValue::Unit, _) => Value::Unit,
        (TagValue::Bool(value), _) => Value::Bool(*value),
        (TagValue::Int(value), _) => Value::Int(*value),
        (TagValue::Float(value), _) => Value::Float(*value),
        (TagValue::Duration(value), _) => Value::Duration(*value),
        (TagValue::Str(text), _) => Value::Str(text.clone()),
        (TagValue::Bytes(bytes), _) => Value::Bytes(bytes.clone()),
        (TagValue::List(values), TagType::Set(of)) => Value::Set(all(values, of)),
        (TagValue::List(values), TagType::List(of)) => Value::List(all(values, of)),
        (TagValue::Map(entries), TagType::Map(key, of)) => Value::Map(
            entries
                .iter()
                .map(|(k, v)| (tree(k, key), tree(v, of)))
                .collect(),
        ),
        (TagValue::Some(value), TagType::Option(of)) => {
            Value::Option(Some(Box::new(tree(value, of))))
        }
        (TagValue::Tuple(values), TagType::Tuple(of)) => Value::Tuple(
            values
                .iter()
                .zip(of)
                .map(|(value, of)| tree(value, of))
                .collect(),
        ),
        // What does not fit its type fits no type: encoding says so.
        (TagValue::List(_) | TagValue::Map(_) | TagValue::Some(_) | TagValue::Tuple(_), _) => {
            Value::Tuple(Vec::new())
        }
    }
}

/// The value of a tag as the language writes it, or its length where the type is not known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShowValue<'a> {
    pub(crate) names: &'a Names,
    pub(crate) tag: &'a TagName,
    pub(crate) value: &'a [u8],
}

impl fmt::Display for ShowValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decoded = self
            .names
            .descriptor(self.tag)
            .and_then(|d| decode(d, self.value));
        match decoded {
            Some(value) => {
                let names = self.names;
                let name = |key: &[u8; 32]| Some(names.node(names.find(NodeId(*key))?).to_owned());
                value.named(&name).fmt(f)
            }
            None => write!(f, "{} bytes", self.value.len()),
        }
    }
}

/// A value of the type with this descriptor.
pub(crate) fn decode(descriptor: &[u8], value: &[u8]) -> Option<Value> {
    let types = TypeTable::from_descriptor(descriptor).ok()?;
    sm_vm::value::decode(value, &types, TypeIx(0)).ok()
}
