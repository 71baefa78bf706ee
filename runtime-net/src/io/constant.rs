//! A value that stays.

use super::{Driver, Port, Tag, Work};

/// Keeps a tag at its first value: the name of a place, the capacity of a battery. Other than with
/// an ordinary tag, no program can change it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constant(Tag);

impl Constant {
    /// For a tag with a first value.
    pub fn new(tag: Tag) -> Self {
        Self(tag)
    }
}

impl Driver for Constant {
    fn tag(&self) -> &Tag {
        &self.0
    }

    fn run(self: Box<Self>, _: Port) -> Work {
        Box::pin(std::future::ready(()))
    }
}
