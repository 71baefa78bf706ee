//! The sealed record that a client end keeps for whoever goes on without its server.

use std::borrow::Cow;
use std::sync::Arc;

use crate::limits;
use crate::mtcp::Fault;
use crate::mtcp::wire::Frame;

/// Sealed parts of a record, in their order.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Record {
    parts: Vec<Arc<Vec<u8>>>,
    bytes: usize,
}

/// What is kept, and what is shown of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Keeping {
    record: Record,
    /// The next record, which is not whole yet.
    coming: Option<Record>,
    /// How many parts were shown to the server that asks for them.
    shown: Option<usize>,
}

impl Record {
    fn add(&mut self, sealed: &[u8]) -> Result<(), Fault> {
        self.bytes += sealed.len();
        if self.bytes > limits::MTCP_HELD_BYTES {
            return Err(Fault::OverCredit);
        }
        self.parts.push(Arc::new(sealed.to_vec()));
        Ok(())
    }
}

impl Keeping {
    /// How long the record is; zero if there is none.
    pub(super) fn bytes(&self) -> usize {
        self.record.bytes
    }

    /// A part has come, and whether a record begins and is whole with it.
    pub(super) fn add(
        &mut self,
        sealed: &[u8],
        (begins, whole): (bool, bool),
    ) -> Result<(), Fault> {
        if begins {
            self.coming = Some(Record::default());
        }
        match &mut self.coming {
            // There is nothing to go on from any more.
            Some(_) if sealed.is_empty() => {}
            Some(coming) => coming.add(sealed)?,
            None if whole && self.record.bytes > 0 => return self.record.add(sealed),
            None => return Err(Fault::OutOfTurn),
        }
        if whole {
            self.record = self.coming.take().unwrap_or_default();
        }
        Ok(())
    }

    /// Another attempt is made. What has not come of the next record will not come.
    pub(super) fn leave(&mut self) {
        self.coming = None;
        self.shown = None;
    }

    /// A server asks for the record.
    pub(super) fn show(&mut self) {
        self.shown = Some(0);
    }

    /// Whether there is more for it.
    pub(super) fn has_next(&self) -> bool {
        self.shown.is_some_and(|at| at < self.record.parts.len())
    }

    /// The next part for it.
    pub(super) fn next(&mut self) -> Option<Frame<'_>> {
        let at = self.shown?;
        let sealed = self.record.parts.get(at)?;
        self.shown = Some(at + 1);
        Some(Frame::Held {
            begins: at == 0,
            whole: at + 1 == self.record.parts.len(),
            sealed: Cow::Borrowed(sealed),
        })
    }
}
