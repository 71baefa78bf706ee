//! From bytes to trees.

use std::collections::BTreeSet;

use sm_bytecode::codec::{DecodeError, Reader};
use sm_bytecode::types::{Field, Type, Variant};
use sm_bytecode::{FloatBits, TypeIx, TypeTable};

use crate::limits::{DATA_BYTES, DATA_STEPS, VALUE_DEPTH};
use crate::value::{TagValue, Value, ValueError};

/// The value of type `ty` whose canonical encoding is `bytes`.
///
/// # Errors
/// On anything that [`crate::value::encode`] would not have written. Time and memory are linear
/// in the bytes.
pub fn decode(bytes: &[u8], types: &TypeTable, ty: TypeIx) -> Result<Value, ValueError> {
    let mut values = decode_all(bytes, types, &[ty])?;
    Ok(values.remove(0))
}

/// The values of these types whose encodings follow each other: arguments, or the keys of a tag.
///
/// # Errors
/// As [`decode`].
pub fn decode_all(
    bytes: &[u8],
    types: &TypeTable,
    all: &[TypeIx],
) -> Result<Vec<Value>, ValueError> {
    let mut decoder = Decoder {
        types,
        bytes: Reader::new(bytes, DATA_BYTES)?,
        left: DATA_STEPS,
    };
    let mut values = Vec::new();
    for ty in all {
        values.push(decoder.value(*ty, VALUE_DEPTH)?);
    }
    decoder.bytes.finish()?;
    Ok(values)
}

struct Decoder<'a> {
    types: &'a TypeTable,
    bytes: Reader<'a>,
    /// The values that may still follow: wrappers around wrappers take no bytes of their own.
    left: u64,
}

impl Decoder<'_> {
    fn value(&mut self, ty: TypeIx, depth: usize) -> Result<Value, ValueError> {
        let depth = depth.checked_sub(1).ok_or(ValueError::TooDeep)?;
        self.left = self.left.checked_sub(1).ok_or(DecodeError::TooLarge)?;
        let types = self.types;
        Ok(match types.get(ty).ok_or(ValueError::UnknownType)? {
            Type::Unit => self.nothing().map(|()| Value::Unit)?,
            Type::Bool => Value::Bool(self.bytes.flag()?),
            Type::Int => Value::Int(self.bytes.signed()?),
            Type::Float => Value::Float(self.float()?),
            Type::Duration => Value::Duration(self.bytes.signed()?),
            Type::Str => Value::Str(self.bytes.text()?),
            Type::Bytes => Value::Bytes(self.bytes.blob()?.to_vec()),
            Type::Id => Value::Id(self.bytes.hash()?),
            Type::Node => Value::Node(self.bytes.hash()?),
            Type::Hop => Value::Hop(self.bytes.hash()?),
            Type::Name => Value::Name(self.bytes.text()?),
            Type::Place => Value::Place {
                wanted: self.tags()?,
                unwanted: self.tags()?,
            },
            Type::List(elem) => Value::List(self.list(*elem, depth)?),
            Type::Map(key, value) => Value::Map(self.map(*key, *value, depth)?),
            Type::Set(elem) => Value::Set(self.set(*elem, depth)?),
            Type::Option(inner) => match self.bytes.flag()? {
                false => Value::Option(None),
                true => Value::Option(Some(Box::new(self.value(*inner, depth)?))),
            },
            Type::Tuple(parts) => {
                let items = parts.iter().map(|part| self.value(*part, depth));
                Value::Tuple(items.collect::<Result<_, _>>()?)
            }
            Type::Fn { .. } => return Err(ValueError::Function),
            Type::Tag(_) | Type::AnyTag => Value::Tag(self.tag()?),
            Type::Struct { name, fields, .. } => Value::Struct {
                name: name.clone(),
                fields: self.struct_fields(fields, depth)?,
            },
            Type::Enum { name, variants, .. } => self.variant(name, variants, depth)?,
        })
    }

    fn nothing(&mut self) -> Result<(), ValueError> {
        match self.bytes.byte()? {
            0 => Ok(()),
            _ => Err(ValueError::NotCanonical),
        }
    }

    fn float(&mut self) -> Result<f64, ValueError> {
        let bits = FloatBits(self.word()?);
        if bits.is_canonical() {
            Ok(bits.value())
        } else {
            Err(ValueError::NotCanonical)
        }
    }

    fn word(&mut self) -> Result<u64, ValueError> {
        let bytes = self.bytes.raw(8)?;
        Ok(u64::from_le_bytes(
            bytes.try_into().expect("raw(8) answers 8 bytes"),
        ))
    }

    fn list(&mut self, elem: TypeIx, depth: usize) -> Result<Vec<Value>, ValueError> {
        let count = self.bytes.length()?;
        let types = self.types;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(match types.get(elem) {
                Some(Type::Int) => Value::Int(self.word()? as i64),
                Some(Type::Duration) => Value::Duration(self.word()? as i64),
                _ => self.value(elem, depth)?,
            });
        }
        Ok(items)
    }

    fn map(
        &mut self,
        key: TypeIx,
        value: TypeIx,
        depth: usize,
    ) -> Result<Vec<(Value, Value)>, ValueError> {
        let count = self.bytes.length()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push((self.value(key, depth)?, self.value(value, depth)?));
        }
        self.check_keys(key, entries.iter().map(|(key, _)| key))?;
        Ok(entries)
    }

    fn set(&mut self, elem: TypeIx, depth: usize) -> Result<Vec<Value>, ValueError> {
        let count = self.bytes.length()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.value(elem, depth)?);
        }
        self.check_keys(elem, items.iter())?;
        Ok(items)
    }

    /// Equal keys have equal encodings.
    fn check_keys<'v>(
        &self,
        ty: TypeIx,
        keys: impl Iterator<Item = &'v Value>,
    ) -> Result<(), ValueError> {
        let mut seen = BTreeSet::new();
        for key in keys {
            if !seen.insert(crate::value::encode(key, self.types, ty)?) {
                return Err(ValueError::DuplicateKey);
            }
        }
        Ok(())
    }

    fn struct_fields(
        &mut self,
        fields: &[Field],
        depth: usize,
    ) -> Result<Vec<(String, Value)>, ValueError> {
        if fields.is_empty() {
            self.nothing()?;
        }
        self.fields(fields, depth)
    }

    fn fields(
        &mut self,
        fields: &[Field],
        depth: usize,
    ) -> Result<Vec<(String, Value)>, ValueError> {
        let named = fields.iter();
        named
            .map(|field| Ok((field.name.clone(), self.value(field.ty, depth)?)))
            .collect()
    }

    fn variant(
        &mut self,
        name: &str,
        variants: &[Variant],
        depth: usize,
    ) -> Result<Value, ValueError> {
        let number = usize::try_from(self.bytes.number()?).unwrap_or(usize::MAX);
        let variant = variants.get(number).ok_or(ValueError::NotCanonical)?;
        Ok(Value::Enum {
            name: name.to_owned(),
            variant: variant.name.clone(),
            fields: self.fields(&variant.fields, depth)?,
        })
    }

    fn tag(&mut self) -> Result<TagValue, ValueError> {
        Ok(TagValue {
            base: self.bytes.hash()?,
            key: self.bytes.blob()?.to_vec(),
        })
    }

    fn tags(&mut self) -> Result<Vec<TagValue>, ValueError> {
        let count = self.bytes.length()?;
        let mut tags = Vec::new();
        for _ in 0..count {
            tags.push(self.tag()?);
        }
        match tags.is_sorted_by(|a, b| a < b) {
            true => Ok(tags),
            false => Err(ValueError::NotCanonical),
        }
    }
}
