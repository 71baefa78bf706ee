//! Where a driver meets its node.

use std::sync::atomic::{AtomicBool, Ordering};

use sm_core::limits::TAG_VALUE_BYTES;
use tokio::sync::mpsc;

use super::Event;

/// Both directions between a driver and its node.
#[derive(Debug)]
pub struct Port {
    /// To the node.
    pub tell: Tell,
    /// From programs.
    pub writes: Writes,
}

/// What a driver says to its node.
#[derive(Debug)]
pub struct Tell {
    tag: usize,
    events: mpsc::Sender<Event>,
    faulty: AtomicBool,
}

impl Tell {
    pub(super) fn new(tag: usize, events: mpsc::Sender<Event>) -> Self {
        Self {
            tag,
            events,
            faulty: AtomicBool::new(false),
        }
    }

    /// The tag has this value, in canonical encoding. Waits while the node has much to do.
    ///
    /// Each value wakes the programs that block on the tag, also one that is the same as before: a
    /// driver that looks again and again does not put what has not changed.
    pub async fn put(&self, value: Vec<u8>) {
        if value.len() > TAG_VALUE_BYTES {
            return self.fault("a value is longer than a tag may be").await;
        }
        let tag = self.tag;
        self.send(Event::Value { tag, value }).await;
    }

    /// The driver cannot do its work. It is told once, until [`well`](Self::well).
    pub async fn fault(&self, reason: impl Into<String>) {
        if self.faulty.swap(true, Ordering::Relaxed) {
            return;
        }
        let (tag, reason) = (self.tag, reason.into());
        self.send(Event::Fault { tag, reason }).await;
    }

    /// All is well again: the next fault is told.
    pub fn well(&self) {
        self.faulty.store(false, Ordering::Relaxed);
    }

    /// For another kind of work of the same driver, whose faults are told for themselves.
    pub fn other(&self) -> Self {
        Self::new(self.tag, self.events.clone())
    }

    async fn send(&self, event: Event) {
        // Without a node there is nobody to tell, and the driver is about to end.
        drop(self.events.send(event).await);
    }
}

/// What programs wrote.
#[derive(Debug)]
pub struct Writes(mpsc::Receiver<Vec<u8>>);

impl Writes {
    pub(super) fn new(writes: mpsc::Receiver<Vec<u8>>) -> Self {
        Self(writes)
    }

    /// The next value that a program wrote, in canonical encoding; `None` if none will come any
    /// more. Nothing is lost if the wait is given up.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        self.0.recv().await
    }
}
