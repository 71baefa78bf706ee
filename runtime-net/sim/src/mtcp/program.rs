//! The client's program: what it says, when, and in which pieces.

use super::plan::{Kind, Plan};
use crate::random::{Seed, Stream};

/// A program that says all that it has to say, and then ends its direction.
#[derive(Debug)]
pub(super) struct Program {
    /// All that it says, from the seed.
    pub(super) input: Vec<u8>,
    /// How much the client end has taken of it.
    pub(super) written: usize,
    /// Whether it has ended its direction.
    pub(super) ended: bool,
    /// What has come and it has not taken.
    pub(super) unread: usize,
    draws: Stream,
}

impl Program {
    pub(super) fn new(plan: &Plan, seed: Seed) -> Self {
        let mut draws = seed.stream("mtcp: program", 0);
        let request = |_| match plan.service.kind {
            Kind::Stream => 1 + draws.below(plan.saying.most) as u32,
            Kind::Echo | Kind::Count => draws.bits() as u32,
        };
        let requests = (0..plan.saying.requests).map(request);
        let input = requests.flat_map(u32::to_le_bytes).collect();
        Self {
            input,
            written: 0,
            ended: false,
            unread: 0,
            draws,
        }
    }

    /// What it says next.
    pub(super) fn piece(&mut self, plan: &Plan) -> &[u8] {
        let most = 1 + self.draws.index(plan.saying.piece);
        let rest = &self.input[self.written..];
        &rest[..rest.len().min(most)]
    }

    pub(super) fn has_said_all(&self) -> bool {
        self.written == self.input.len()
    }
}
