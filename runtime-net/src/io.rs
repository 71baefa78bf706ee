//! Tags that drivers keep: sensors, actuators, a clock.
//!
//! A [`Driver`] keeps one tag. It says what value the tag has, and is told what programs write to
//! it, which changes nothing until the driver says so. [`Drivers`] are all those of a node: each
//! runs in a task of its own, and what they say comes out of one queue that the node's loop reads.
//! The queue is short: a driver that says much waits for the node.
//!
//! The world outside may fail, a node may not. A driver that cannot do its work says so once, as a
//! [`Event::Fault`], and goes on trying; meanwhile the tag keeps its last value.

mod clock;
mod constant;
mod drivers;
mod file;
mod form;
mod port;
mod process;
mod tag;
mod thermal;

use std::fmt;
use std::pin::Pin;

pub use clock::{Clock, ClockForm};
pub use constant::Constant;
pub use drivers::{Drivers, Twice};
pub use file::{File, FileAccess};
pub use form::{Form, TextTag};
pub use port::{Port, Tell, Writes};
pub use process::{Process, Restart};
pub use tag::Tag;
pub use thermal::{Thermal, Zone};

/// What keeps a tag.
pub trait Driver: fmt::Debug + Send {
    /// The tag that it keeps.
    fn tag(&self) -> &Tag;

    /// Whether it does anything about what programs write to the tag.
    fn takes_writes(&self) -> bool {
        false
    }

    /// Keeps the tag until the node ends: then the work is dropped, wherever it stands.
    fn run(self: Box<Self>, port: Port) -> Work;
}

/// What a driver does all its life.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

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
