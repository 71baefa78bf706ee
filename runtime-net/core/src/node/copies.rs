//! Copies on their way in: the fast grade. They are expendable, so nothing is ever answered.

use sm_vm::Answer;

use super::resident::Resident;
use super::{Log, Node, Output, Step, TimerKind};
use crate::engine::Engine;
use crate::envelope::Envelope;
use crate::ids::{LaunchHash, MessageId, NodeId, Time};
use crate::limits;
use crate::wire::{Copy, Frame};

/// A copy that waits for its code.
#[derive(Debug)]
pub(super) struct WaitingCopy {
    pub(super) from: NodeId,
    /// With the copy's own id.
    pub(super) envelope: Envelope,
    original: MessageId,
    state: Vec<u8>,
    /// When it is given up.
    until: Time,
}

impl<E: Engine> Node<E> {
    /// A copy has come, from a neighbor or over the air.
    pub(super) fn take_copy(&mut self, from: NodeId, copy: Copy<'_>) {
        let original = copy.envelope.message;
        let message = original.copy_at(copy.envelope.hops, &self.config.node);
        let envelope = Envelope {
            message,
            ..copy.envelope
        };
        if let Err((_, why)) = self.admit(&envelope) {
            return self.drop_copy(from, why);
        }
        if self.library.is_ready(&envelope.launch) {
            return self.start_copy(from, envelope, original, copy.state);
        }
        if self.copies.len() >= limits::WAITING_COPIES {
            return self.drop_copy(from, "too many copies wait for their code");
        }
        let (until, state) = (self.now + limits::COPY_WAIT, copy.state.to_vec());
        let number = self.copy_count;
        self.copy_count += 1;
        self.timers.insert((until, TimerKind::Copy(number)));
        let waiting = WaitingCopy {
            from,
            envelope,
            original,
            state,
            until,
        };
        self.copies.insert(number, waiting);
        self.look_again_at_copy(number, Some(from));
    }

    /// Starts a copy whose code is here, or asks for what is missing.
    pub(super) fn look_again_at_copy(&mut self, number: u64, asking: Option<NodeId>) {
        let Some(waiting) = self.copies.get(&number) else {
            return;
        };
        let (from, launch) = (waiting.from, waiting.envelope.launch);
        if self.library.is_too_large(&launch) {
            return self.give_up_copy(number);
        }
        if self.library.missing(&launch).is_empty() {
            if let Some(waiting) = self.take_waiting(number) {
                let WaitingCopy {
                    envelope, original, ..
                } = waiting;
                self.start_copy(from, envelope, original, &waiting.state);
            }
            return;
        }
        if asking == Some(from) {
            let missing = self.ask_for(from, &launch);
            if !missing.is_empty() {
                self.send(from, &Frame::Want(missing));
            }
        }
    }

    fn start_copy(&mut self, from: NodeId, envelope: Envelope, original: MessageId, state: &[u8]) {
        // What could not be told without the launch record is told now.
        let resident = match self.admit(&envelope) {
            Ok(()) => self.revive_copy(from, envelope, state),
            Err((_, why)) => Err(why.to_owned()),
        };
        match resident {
            Err(why) => self.drop_copy(from, &why),
            Ok(resident) => {
                self.counters.copies_in += 1;
                self.leave_crumb(envelope.launch, from);
                self.trace(envelope.message, || Step::CopyArrived {
                    of: original,
                    from,
                });
                self.settle_in(resident);
            }
        }
    }

    fn revive_copy(
        &mut self,
        from: NodeId,
        envelope: Envelope,
        state: &[u8],
    ) -> Result<Box<Resident<E>>, String> {
        let mut resident = self.revive(from, envelope, state)?;
        resident.answer(Answer::Go {
            seed: envelope.message.seed(),
        })?;
        Ok(resident)
    }

    /// A copy's code will not come, or has not.
    pub(super) fn give_up_copy(&mut self, number: u64) {
        let Some(waiting) = self.take_waiting(number) else {
            return;
        };
        let launch: LaunchHash = waiting.envelope.launch;
        self.ask_again(waiting.from, &launch);
        self.drop_copy(waiting.from, "its code has not come");
    }

    /// Copies are lost with the session over which their code was to come.
    pub(super) fn drop_copies_from(&mut self, from: NodeId) {
        let of_peer = self.copies.iter().filter(|(_, copy)| copy.from == from);
        let gone: Vec<u64> = of_peer.map(|(number, _)| *number).collect();
        for number in gone {
            self.take_waiting(number);
            self.drop_copy(from, "the session ended before its code had come");
        }
    }

    fn take_waiting(&mut self, number: u64) -> Option<WaitingCopy> {
        let waiting = self.copies.remove(&number)?;
        self.timers
            .remove(&(waiting.until, TimerKind::Copy(number)));
        Some(waiting)
    }

    fn drop_copy(&mut self, from: NodeId, why: &str) {
        self.counters.refused += 1;
        self.emit(Output::Log(Log::CopyDropped {
            from,
            reason: why.to_owned(),
        }));
    }
}
