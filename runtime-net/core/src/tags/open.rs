//! A tag that everybody may read and write: what operators and drivers put up.

use sm_bytecode::{TypeIx, TypeTable};
use sm_vm::ValueError;

use super::{Access, TagName, TagSpec};
use crate::ids::{Span, TypeHash};

/// A tag open to everybody: every program that declares one of this name and type meets it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenTag {
    /// Its identity.
    pub name: TagName,
    /// Its name as people read it.
    pub display: String,
    /// The type of its value.
    pub ty: TypeHash,
    /// The canonical descriptor of that type.
    pub descriptor: Vec<u8>,
    /// How long it lives after each write, without end if `None`.
    pub lifetime: Option<Span>,
}

impl OpenTag {
    /// The tag of this name whose values are of type `ty`. It lives without end.
    ///
    /// # Errors
    /// [`ValueError::UnknownType`] if the table lacks the type or one that it is made of.
    pub fn new(display: &str, types: &TypeTable, ty: TypeIx) -> Result<Self, ValueError> {
        let hash = types.hash(ty).map_err(|_| ValueError::UnknownType)?;
        Ok(Self {
            name: TagName::plain(sm_vm::tag_identity(display, hash, &[], None)),
            display: display.to_owned(),
            ty: TypeHash(hash.0),
            descriptor: types.descriptor(ty).ok_or(ValueError::UnknownType)?,
            lifetime: None,
        })
    }

    /// The tag as a node takes it.
    pub fn spec(&self) -> TagSpec<'_> {
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
}
