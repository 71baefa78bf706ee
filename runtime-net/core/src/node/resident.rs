//! A message that stands on the node.

use std::sync::Arc;

use sm_vm::Answer;

use super::Parking;
use super::connection::Port;
use crate::engine::Engine;
use crate::envelope::Envelope;
use crate::ids::{HopNumber, NodeId, Span, Time};
use crate::launch::{LaunchLimits, SignedLaunch};
use crate::tags::Actor;

/// A message with everything that belongs to it.
#[derive(Debug)]
pub(super) struct Resident<E: Engine> {
    /// As it was at `since`; what it has used is taken off at once.
    pub(super) envelope: Envelope,
    /// When the envelope's age and lifetime were right.
    pub(super) since: Time,
    pub(super) launch: Arc<SignedLaunch>,
    pub(super) program: E::Program,
    pub(super) body: Body<E>,
    /// What it was counted with in the memory of all messages, in bytes.
    pub(super) counted: u64,
    pub(super) phase: Phase,
    /// Whether a timer ends it. What was spawned here gets one behind its first turn, which most
    /// end in.
    pub(super) is_timed: bool,
    /// The neighbor it came from.
    pub(super) previous: Option<NodeId>,
    /// The client connection that carries it.
    pub(super) port: Option<Box<Port>>,
    /// The node's secret, for its machine.
    pub(super) hash_seed: u64,
}

/// The state of a message between two turns.
#[derive(Debug)]
pub(super) enum Body<E: Engine> {
    Live(Box<E::Machine>),
    /// Its captured state.
    Image(Box<[u8]>),
    /// It is in the turn that is under way.
    Taken,
}

/// What a message is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// It is in the queue of those that can run, or runs.
    Ready,
    /// It sleeps until a tag is written, or this time comes.
    Blocked(Option<Time>),
    /// It waits for the end of a hop from here.
    Moving(HopNumber),
    /// It waits, up to this time, for its client to attach to a neighbor.
    Asked(Time, NodeId),
}

/// What a machine of a launch may use here.
pub(super) fn machine_limits(limits: &LaunchLimits, hash_seed: u64) -> sm_vm::Limits {
    sm_vm::Limits {
        heap_bytes: limits.heap_bytes,
        frames: limits.frames,
        hash_seed,
        ..sm_vm::Limits::default()
    }
}

impl<E: Engine> Resident<E> {
    /// What its machine may use.
    pub(super) fn limits(&self) -> sm_vm::Limits {
        machine_limits(&self.launch.launch.limits, self.hash_seed)
    }

    /// Its age: what its program sees as `now()`.
    pub(super) fn age(&self, now: Time) -> Span {
        self.envelope.age + now.since(self.since)
    }

    /// When its lifetime is over.
    pub(super) fn expires(&self) -> Time {
        self.since + self.envelope.left
    }

    /// The envelope as it is now.
    pub(super) fn envelope_at(&self, now: Time) -> Envelope {
        let stayed = now.since(self.since);
        Envelope {
            age: self.envelope.age + stayed,
            left: self.envelope.left - stayed,
            ..self.envelope
        }
    }

    /// Whether a client connection carries it.
    pub(super) fn is_carried(&self) -> bool {
        self.port.as_ref().is_some_and(|port| port.is_attached())
    }

    /// On whose behalf it acts.
    pub(super) fn actor(&self) -> Actor {
        Actor {
            author: self.launch.launch.author,
            standing: self.envelope.standing,
        }
    }

    /// Gives it the answer it stopped for. It is restored for that, since it will run soon.
    ///
    /// # Errors
    /// Why the node's own image does not restore, in words.
    pub(super) fn answer(&mut self, answer: Answer) -> Result<(), String> {
        if let Some(mut machine) = self.take()? {
            E::answer(&mut machine, answer);
            self.body = Body::Live(machine);
        }
        Ok(())
    }

    /// Takes its machine for a turn, restoring it if need be.
    ///
    /// # Errors
    /// Why the node's own image does not restore, in words.
    pub(super) fn take(&mut self) -> Result<Option<Box<E::Machine>>, String> {
        match std::mem::replace(&mut self.body, Body::Taken) {
            Body::Live(machine) => Ok(Some(machine)),
            Body::Taken => Ok(None),
            Body::Image(state) => {
                let machine = E::restore(&self.program, &state, self.limits())?;
                Ok(Some(Box::new(machine)))
            }
        }
    }

    /// Puts its machine back after a turn. `buffer` is memory for its state.
    pub(super) fn park(
        &mut self,
        machine: Box<E::Machine>,
        parking: Parking,
        buffer: &mut Vec<u8>,
    ) {
        self.body = match parking {
            Parking::Live => Body::Live(machine),
            Parking::Image => {
                buffer.clear();
                E::capture(&machine, buffer);
                Body::Image(buffer.as_slice().into())
            }
        };
    }

    /// The memory that it holds, in bytes. It is not in a turn.
    pub(super) fn bytes(&self) -> u64 {
        let port = self.port.as_ref().map_or(0, |port| port.bytes());
        match &self.body {
            Body::Live(machine) => E::bytes(machine) + port,
            Body::Image(image) => image.len() as u64 + port,
            Body::Taken => self.counted,
        }
    }

    /// Appends its captured state. It is not in a turn.
    pub(super) fn write_state(&self, out: &mut Vec<u8>) {
        match &self.body {
            Body::Live(machine) => E::capture(machine, out),
            Body::Image(image) => out.extend_from_slice(image),
            Body::Taken => {}
        }
    }
}
