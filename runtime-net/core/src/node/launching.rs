//! The first message of a launch.

use super::resident::{Body, Phase, Resident, machine_limits};
use super::{Node, Step};
use crate::engine::Engine;
use crate::envelope::{Budget, Envelope, TraceContext};
use crate::ids::{Epoch, MessageId, Span, Time};
use crate::launch::{LaunchError, SignedLaunch};
use crate::tags::Standing;

impl<E: Engine> Node<E> {
    /// Starts a message from a signed launch record.
    ///
    /// # Errors
    /// [`LaunchError`] if the record does not verify, asks for more than this node grants, or its
    /// code is not in the cache.
    pub fn handle_launch(&mut self, now: Time, record: &[u8]) -> Result<MessageId, LaunchError> {
        self.now = self.now.max(now);
        let signed = SignedLaunch::verify(record)?;
        self.may_launch(&signed)?;
        let resident = self.first_of(signed)?;
        let message = resident.envelope.message;
        self.trace(message, || Step::Launched);
        self.settle_in(Box::new(resident));
        self.commit();
        Ok(message)
    }

    pub(super) fn may_launch(&self, signed: &SignedLaunch) -> Result<(), LaunchError> {
        let SignedLaunch { launch, first, .. } = signed;
        if launch.home != self.config.node {
            return Err(LaunchError::NotHome);
        }
        if !self.config.policy.authors.contains(&launch.author) {
            return Err(LaunchError::AuthorRefused);
        }
        if self.past(launch.expiry) {
            return Err(LaunchError::Expired);
        }
        if let Some(limit) = self.over(&launch.limits) {
            return Err(LaunchError::OverQuota(limit));
        }
        if self.messages.contains_key(first) {
            return Err(LaunchError::Duplicate);
        }
        if self.is_full() {
            return Err(LaunchError::Full);
        }
        Ok(())
    }

    pub(super) fn first_of(&mut self, signed: SignedLaunch) -> Result<Resident<E>, LaunchError> {
        let hash = signed.hash;
        self.library.add_launch(signed.clone());
        if let Some(missing) = self.library.missing(&hash).first() {
            return Err(LaunchError::Missing(*missing));
        }
        let launch = &signed.launch;
        let program = self
            .library
            .program(&launch.program)
            .map_err(LaunchError::BadProgram)?;
        let message = signed.first;
        let limits = machine_limits(&launch.limits, self.hash_seed);
        let entry = sm_bytecode::EntryRef {
            brick: sm_bytecode::BrickHash(launch.brick),
            function: launch.function,
        };
        let machine = E::start(
            &program,
            entry,
            &launch.arguments,
            limits,
            message.lazy_seed(),
        )
        .map_err(LaunchError::BadArguments)?;
        let envelope = Envelope {
            message,
            launch: hash,
            epoch: Epoch::default(),
            hops: 0,
            age: Span::ZERO,
            left: launch.limits.lifetime,
            budget: Budget::of(&launch.limits),
            spawned: 0,
            standing: Standing::Trusted,
            trace: TraceContext::of(&hash),
        };
        let (body, phase, previous) = (Body::Live(machine.into()), Phase::Ready, None);
        let launch = std::sync::Arc::new(signed);
        let since = self.now;
        Ok(Resident {
            envelope,
            since,
            launch,
            program,
            body,
            counted: 0,
            phase,
            previous,
            port: None,
            is_timed: false,
            hash_seed: self.hash_seed,
        })
    }

    /// Whether a date, in seconds of Unix time, is known to be over. Zero never is.
    pub(super) fn past(&self, expiry: u64) -> bool {
        const NANOSECONDS: u64 = 1_000_000_000;
        self.date.is_some_and(|(date, told)| {
            let today = date.saturating_add(self.now.since(told).0 / NANOSECONDS);
            expiry != 0 && today > expiry
        })
    }
}
