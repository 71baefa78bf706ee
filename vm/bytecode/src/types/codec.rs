//! Types as bytes.

use alloc::vec::Vec;

use crate::codec::{DecodeError, Reader, Writer};
use crate::index::TypeIx;
use crate::limits::MAX_TYPES;
use crate::types::{Field, Slot, Type, TypeTable, Variant};

/// Types without parts, by their code. The codes after them belong to types with parts.
const PLAIN: [Type; 13] = [
    Type::Unit,
    Type::Bool,
    Type::Int,
    Type::Float,
    Type::Duration,
    Type::Str,
    Type::Bytes,
    Type::Id,
    Type::Node,
    Type::Hop,
    Type::Name,
    Type::Place,
    Type::AnyTag,
];

const LIST: u8 = 16;
const MAP: u8 = 17;
const SET: u8 = 18;
const OPTION: u8 = 19;
const TUPLE: u8 = 20;
const FN: u8 = 21;
const TAG: u8 = 22;
const STRUCT: u8 = 23;
const ENUM: u8 = 24;

/// Writes a type; `part` writes the references to other types.
pub(super) fn encode_type(
    writer: &mut Writer,
    ty: &Type,
    part: &mut dyn FnMut(&mut Writer, TypeIx),
) {
    match ty {
        Type::List(item) => one_part(writer, LIST, *item, part),
        Type::Set(item) => one_part(writer, SET, *item, part),
        Type::Option(item) => one_part(writer, OPTION, *item, part),
        Type::Tag(value) => one_part(writer, TAG, *value, part),
        Type::Map(key, value) => {
            one_part(writer, MAP, *key, part);
            part(writer, *value);
        }
        Type::Tuple(parts) => {
            writer.byte(TUPLE);
            writer.list(parts, |w, ty| part(w, *ty));
        }
        Type::Fn { params, result } => {
            writer.byte(FN);
            writer.list(params, |w, ty| part(w, *ty));
            part(writer, *result);
        }
        Type::Struct { name, args, fields } => {
            writer.byte(STRUCT);
            writer.text(name);
            writer.list(args, |w, ty| part(w, *ty));
            encode_fields(writer, fields, part);
        }
        Type::Enum {
            name,
            args,
            variants,
        } => {
            writer.byte(ENUM);
            writer.text(name);
            writer.list(args, |w, ty| part(w, *ty));
            writer.list(variants, |w, variant| {
                w.text(&variant.name);
                encode_fields(w, &variant.fields, part);
            });
        }
        plain => {
            let code = PLAIN.iter().position(|other| other == plain);
            writer.byte(code.expect("every type without parts is in PLAIN") as u8);
        }
    }
}

fn one_part(writer: &mut Writer, code: u8, ty: TypeIx, part: &mut dyn FnMut(&mut Writer, TypeIx)) {
    writer.byte(code);
    part(writer, ty);
}

fn encode_fields(writer: &mut Writer, fields: &[Field], part: &mut dyn FnMut(&mut Writer, TypeIx)) {
    writer.list(fields, |w, field| {
        w.text(&field.name);
        w.byte(field.mutable.into());
        part(w, field.ty);
    });
}

pub(crate) fn encode_ix(writer: &mut Writer, ix: TypeIx) {
    writer.number(ix.0.into());
}

pub(crate) fn decode_ix(reader: &mut Reader<'_>) -> Result<TypeIx, DecodeError> {
    reader.number32().map(TypeIx)
}

pub(crate) fn decode_ixs(reader: &mut Reader<'_>) -> Result<Vec<TypeIx>, DecodeError> {
    reader.list(decode_ix)
}

fn decode_type(reader: &mut Reader<'_>) -> Result<Type, DecodeError> {
    Ok(match reader.byte()? {
        LIST => Type::List(decode_ix(reader)?),
        MAP => Type::Map(decode_ix(reader)?, decode_ix(reader)?),
        SET => Type::Set(decode_ix(reader)?),
        OPTION => Type::Option(decode_ix(reader)?),
        TUPLE => Type::Tuple(decode_ixs(reader)?),
        FN => Type::Fn {
            params: decode_ixs(reader)?,
            result: decode_ix(reader)?,
        },
        TAG => Type::Tag(decode_ix(reader)?),
        STRUCT => Type::Struct {
            name: reader.text()?,
            args: decode_ixs(reader)?,
            fields: decode_fields(reader)?,
        },
        ENUM => Type::Enum {
            name: reader.text()?,
            args: decode_ixs(reader)?,
            variants: reader.list(|r| {
                Ok(Variant {
                    name: r.text()?,
                    fields: decode_fields(r)?,
                })
            })?,
        },
        plain => {
            let ty = PLAIN.get(usize::from(plain));
            ty.cloned().ok_or(DecodeError::BadTag("type"))?
        }
    })
}

fn decode_fields(reader: &mut Reader<'_>) -> Result<Vec<Field>, DecodeError> {
    reader.list(|r| {
        Ok(Field {
            name: r.text()?,
            mutable: r.flag()?,
            ty: decode_ix(r)?,
        })
    })
}

impl TypeTable {
    pub(crate) fn encode(&self, writer: &mut Writer) {
        writer.list(self.as_slice(), |w, ty| encode_type(w, ty, &mut encode_ix));
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let types = reader.list(decode_type)?;
        if types.len() > MAX_TYPES {
            return Err(DecodeError::TooLarge);
        }
        Ok(Self::from_types(types))
    }
}

impl Slot {
    pub(crate) fn encode(self, writer: &mut Writer) {
        let (code, ty) = match self {
            Slot::Int => (0, None),
            Slot::Float => (1, None),
            Slot::Bool => (2, None),
            Slot::Enum(ty) => (3, Some(ty)),
            Slot::Ref(ty) => (4, Some(ty)),
            Slot::OptRef(ty) => (5, Some(ty)),
        };
        writer.byte(code);
        ty.into_iter().for_each(|ty| encode_ix(writer, ty));
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.byte()? {
            0 => Slot::Int,
            1 => Slot::Float,
            2 => Slot::Bool,
            3 => Slot::Enum(decode_ix(reader)?),
            4 => Slot::Ref(decode_ix(reader)?),
            5 => Slot::OptRef(decode_ix(reader)?),
            _ => return Err(DecodeError::BadTag("slot")),
        })
    }
}
