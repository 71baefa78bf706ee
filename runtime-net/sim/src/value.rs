//! Values of tags between a network file, a node and people.

use std::fmt;

use sm_bytecode::{Type, TypeIx, TypeTable};
use sm_core::ids::{Span, TypeHash};
use sm_core::node::TagChange;
use sm_core::tags::{Access, Keeper, TagName, TagSpec};
use sm_vm::{Value, ValueError};

use crate::network::{TagDef, TagType, TagValue};
use crate::world::Names;

/// A tag of a network file in the form in which nodes take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeTag {
    name: TagName,
    display: String,
    ty: TypeHash,
    descriptor: Vec<u8>,
    lifetime: Option<Span>,
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
        let ix = intern(&def.ty, &mut types);
        let encode = |value: &TagValue| sm_vm::value::encode(&tree(value, &def.ty), &types, ix);
        let value = encode(&def.value)?;
        let driver = match &def.driver {
            None => None,
            Some(driver) => Some(NodeDriver {
                series: driver.series.iter().map(encode).collect::<Result<_, _>>()?,
                every: driver.every,
            }),
        };
        let ty = types.hash(ix).map_err(|_| ValueError::UnknownType)?;
        Ok(Self {
            name: TagName::plain(sm_vm::tag_identity(&def.name, ty, &[], None)),
            display: def.name.clone(),
            ty: TypeHash(ty.0),
            descriptor: types.descriptor(ix).ok_or(ValueError::UnknownType)?,
            lifetime: def.lifetime,
            value,
            driver,
        })
    }

    /// The tag as a node takes it: open to everybody.
    pub(crate) fn spec(&self) -> TagSpec<'_> {
        TagSpec {
            name: &self.name,
            display: &self.display,
            ty: self.ty,
            descriptor: &self.descriptor,
            read: Access::Any,
            write: Access::Any,
            lifetime: self.lifetime,
            program: [0; 32],
        }
    }

    /// Gives the tag its first value as one that programs keep.
    pub(crate) fn put_up(&self) -> TagChange {
        TagChange::new(Keeper::Programs, &self.spec(), &self.value)
    }

    /// Its identity.
    pub(crate) fn name(&self) -> &TagName {
        &self.name
    }

    /// Its name as people read it.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// The descriptor of its type.
    pub(crate) fn descriptor(&self) -> &[u8] {
        &self.descriptor
    }
}

fn intern(ty: &TagType, types: &mut TypeTable) -> TypeIx {
    let ty = match ty {
        TagType::Unit => Type::Unit,
        TagType::Bool => Type::Bool,
        TagType::Int => Type::Int,
        TagType::Float => Type::Float,
        TagType::Duration => Type::Duration,
        TagType::Str => Type::Str,
        TagType::Bytes => Type::Bytes,
        TagType::List(of) => Type::List(intern(of, types)),
        TagType::Set(of) => Type::Set(intern(of, types)),
        TagType::Option(of) => Type::Option(intern(of, types)),
        TagType::Map(key, of) => {
            let key = intern(key, types);
            Type::Map(key, intern(of, types))
        }
        TagType::Tuple(of) => Type::Tuple(of.iter().map(|of| intern(of, types)).collect()),
    };
    types.intern(ty)
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
            Some(value) => value.fmt(f),
            None => write!(f, "{} bytes", self.value.len()),
        }
    }
}

/// A value of the type with this descriptor.
pub(crate) fn decode(descriptor: &[u8], value: &[u8]) -> Option<Value> {
    let types = TypeTable::from_descriptor(descriptor).ok()?;
    sm_vm::value::decode(value, &types, TypeIx(0)).ok()
}
