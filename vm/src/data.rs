//! Walks over values by their types: encoding, decoding, comparing, showing.
//!
//! All of them are iterative, so the depth of a value costs heap and not stack, and all of them
//! count what they visit: a cycle, or structure that is shared exponentially, ends in
//! [`NotData`].

pub(crate) mod compare;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod show;

use crate::heap::Heap;
use crate::heap::key::{Steps, TooManySteps};
use crate::heap::layout::Ref;
use crate::limits::DATA_STEPS;
use crate::program::Program;
use crate::shape::Element;

/// The value is cyclic, too large, or contains a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NotData;

impl From<TooManySteps> for NotData {
    fn from(_: TooManySteps) -> Self {
        NotData
    }
}

pub(crate) fn data_steps() -> Steps {
    Steps::new(DATA_STEPS)
}

/// Where the first slot of a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum At {
    /// Among the slots that the walk was given.
    Slot(usize),
    /// In a word of the heap.
    Word(usize),
    /// The value is this word alone.
    Is(u64),
}

/// What a walk looks at.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) program: &'a Program,
    pub(crate) heap: &'a Heap,
    pub(crate) slots: &'a [u64],
}

impl View<'_> {
    /// The word `offset` behind a place.
    fn word(&self, at: At, offset: usize) -> u64 {
        match at {
            At::Slot(index) => self.slots[index + offset],
            At::Word(index) => self.heap.word(index + offset),
            At::Is(word) => word,
        }
    }

    fn reference(&self, at: At) -> Ref {
        Ref::of_word(self.word(at, 0))
    }

    /// The slots of an element whose word is known: in its box, if it has one.
    fn element(element: Element, word: u64) -> At {
        match element.boxed {
            true => field(Ref::of_word(word), 0),
            false => At::Is(word),
        }
    }
}

/// The place of a field of a record.
fn field(record: Ref, slot: usize) -> At {
    At::Word(record.addr().at(crate::heap::layout::FIELDS + slot))
}

/// The place behind another one.
fn behind(at: At, offset: usize) -> At {
    match at {
        At::Slot(index) => At::Slot(index + offset),
        At::Word(index) => At::Word(index + offset),
        At::Is(word) => At::Is(word),
    }
}
