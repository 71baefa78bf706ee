//! Tags that drivers keep.

use sm_core::ids::{Span, TypeHash};
use sm_core::tags::{Access, TagName, TagSpec};

/// A public tag with its first value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// Its identity.
    pub name: TagName,
    /// Its name as people read it.
    pub display: String,
    /// The type of its value.
    pub ty: TypeHash,
    /// The descriptor of that type.
    pub descriptor: Vec<u8>,
    /// How long it lives after each write, without end if `None`.
    pub lifetime: Option<Span>,
    /// Its value in canonical encoding.
    pub value: Vec<u8>,
}

impl Tag {
    /// The tag as a node takes it: open to everybody.
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

/// What a driver tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A tag has a value.
    Value {
        /// Its place in the list of tags.
        tag: usize,
        /// The value.
        value: Vec<u8>,
    },
    /// A driver cannot do its work.
    Fault {
        /// The tag's place in the list of tags.
        tag: usize,
        /// Why.
        reason: String,
    },
}

/// The drivers of a node.
#[derive(Debug, Default)]
pub struct Drivers;

impl Drivers {
    /// What happens next.
    pub async fn next(&mut self) -> Event {
        std::future::pending().await
    }

    /// Hands a program's write to the driver of a tag; whether it is taken.
    pub fn write(&self, _: &TagName, _: Vec<u8>) -> bool {
        false
    }

    /// The tags that are kept.
    pub fn tags(&self) -> &[Tag] {
        &[]
    }
}
