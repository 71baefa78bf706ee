//! A tag as its driver knows it.

use sm_bytecode::{TypeIx, TypeTable};
use sm_core::tags::{OpenTag, TagName, TagSpec};
use sm_vm::{Value, ValueError};

/// A tag open to everybody, and the value that it has from the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// The tag.
    pub open: OpenTag,
    /// Its first value in canonical encoding. Without one the tag is absent until the driver knows
    /// a value, so that no program takes for a reading what is none.
    pub value: Option<Vec<u8>>,
}

impl Tag {
    /// The tag of this name, of a type in this table.
    ///
    /// # Errors
    /// If the type is not in the table, or the value is not of the type.
    pub fn new(
        display: &str,
        (types, ty): (&TypeTable, TypeIx),
        first: Option<&Value>,
    ) -> Result<Self, ValueError> {
        let value = first.map(|value| sm_vm::value::encode(value, types, ty));
        Ok(Self {
            open: OpenTag::new(display, types, ty)?,
            value: value.transpose()?,
        })
    }

    /// Its identity.
    pub fn name(&self) -> &TagName {
        &self.open.name
    }

    /// Its name as people read it.
    pub fn display(&self) -> &str {
        &self.open.display
    }

    /// The tag as a node takes it.
    pub fn spec(&self) -> TagSpec<'_> {
        self.open.spec()
    }
}
