//! What travels with a state: everything about a message that its program does not hold itself.

use crate::codec::{DecodeError, Reader, Writer};
use crate::digest::Context;
use crate::ids::{Epoch, LaunchHash, MessageId, Span};
use crate::launch::LaunchLimits;
use crate::tags::Standing;

/// The envelope of a message on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The message; in a copy, the message that it is a copy of.
    pub message: MessageId,
    /// The launch it belongs to.
    pub launch: LaunchHash,
    /// The number of exact hops it has completed, this one included.
    pub epoch: Epoch,
    /// The number of hops of any kind it has made, this one included.
    pub hops: u64,
    /// Its age: what its program sees as `now()`. Time on the way does not count.
    pub age: Span,
    /// What is left of its lifetime.
    pub left: Span,
    /// What it may still use.
    pub budget: Budget,
    /// How many messages it has spawned: names the next one.
    pub spawned: u64,
    /// Whether every node on its way trusted the one before it with this author.
    pub standing: Standing,
    /// Where it belongs in a distributed trace.
    pub trace: TraceContext,
}

/// What a message may still use. It never grows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Budget {
    /// Fuel.
    pub fuel: u64,
    /// Hops.
    pub hops: u32,
    /// Messages to spawn; what they may spawn in turn follows from it.
    pub children: u32,
    /// Tags to create.
    pub tags: u32,
    /// Bytes of state to move.
    pub bytes: u64,
}

impl Budget {
    /// What the first message of a launch may use.
    pub fn of(limits: &LaunchLimits) -> Self {
        Self {
            fuel: limits.fuel,
            hops: limits.hops,
            children: limits.children,
            tags: limits.tags,
            bytes: limits.bytes,
        }
    }

    /// Takes one message to spawn, and answers what that may use; `None` if there is none left.
    ///
    /// Of a message that may spawn `n`, all descendants together are `n³` at most:
    /// `n³ = (n - 1)³ + 1 + 3n(n - 1)` are those of its later children, the child, and those of the
    /// child, which may spawn the cube root of the last.
    pub fn spawn(&mut self) -> Option<Self> {
        let before = u128::from(self.children);
        self.children = self.children.checked_sub(1)?;
        Some(Self {
            children: cube_root(3 * before * (before - 1)),
            ..*self
        })
    }

    /// Whether this is nowhere more than a launch grants.
    pub fn within(&self, limits: &LaunchLimits) -> bool {
        self.fuel <= limits.fuel
            && self.hops <= limits.hops
            && self.children <= limits.children
            && self.tags <= limits.tags
            && self.bytes <= limits.bytes
    }
}

/// The whole part of it, as far as it fits.
fn cube_root(of: u128) -> u32 {
    // Close to it, and corrected by whole numbers: the same on every machine.
    let mut root = (of as f64).cbrt() as u32;
    let is_over = |root: u32| u128::from(root).pow(3) > of;
    while is_over(root) {
        root -= 1;
    }
    while root < u32::MAX && !is_over(root + 1) {
        root += 1;
    }
    root
}

/// W3C trace context: one trace for each launch, a span for each stay at a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TraceContext {
    /// The trace.
    pub trace: [u8; 16],
    /// The span of the stay before; `None` for that of the message's own, which is computed when
    /// somebody asks.
    pub span: Option<[u8; 8]>,
    /// The flags; the lowest bit says that it is sampled.
    pub flags: u8,
}

static TRACE_CONTEXT: Context = Context::new("smart-messages 2026 trace of a launch");
static SPAN_CONTEXT: Context = Context::new("smart-messages 2026 span of a stay");

impl Default for TraceContext {
    fn default() -> Self {
        Self {
            trace: [0; 16],
            span: Some([0; 8]),
            flags: 0,
        }
    }
}

impl TraceContext {
    /// The trace of a launch, sampled.
    pub fn of(launch: &LaunchHash) -> Self {
        let hash = TRACE_CONTEXT.hash(&[&launch.0]);
        let (trace, span) = (hash.first_chunk().copied(), hash[16..].first_chunk());
        Self {
            trace: trace.expect("a hash has 32 bytes"),
            span: span.copied(),
            flags: 1,
        }
    }

    /// The span of the next stay of a message, after this many hops.
    pub fn stay(&self, message: &MessageId, hops: u64) -> Self {
        let hash = SPAN_CONTEXT.hash(&[&message.0, &hops.to_le_bytes()]);
        Self {
            span: hash.first_chunk().copied(),
            ..*self
        }
    }
}

impl Envelope {
    pub(crate) fn encode(&self, out: &mut Writer) {
        out.raw(&self.message.0);
        out.raw(&self.launch.0);
        out.var(self.epoch.0);
        out.var(self.hops);
        out.var(self.age.0);
        out.var(self.left.0);
        self.budget.encode(out);
        out.var(self.spawned);
        out.u8(match self.standing {
            Standing::Stranger => 0,
            Standing::Trusted => 1,
        });
        let own = || self.trace.stay(&self.message, self.hops).span;
        out.raw(&self.trace.trace);
        out.raw(&self.trace.span.or_else(own).unwrap_or_default());
        out.u8(self.trace.flags);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            message: MessageId(input.array()?),
            launch: LaunchHash(input.array()?),
            epoch: Epoch(input.var()?),
            hops: input.var()?,
            age: Span(input.var()?),
            left: Span(input.var()?),
            budget: Budget::decode(input)?,
            spawned: input.var()?,
            standing: match input.u8()? {
                0 => Standing::Stranger,
                1 => Standing::Trusted,
                other => return Err(DecodeError::Unknown(other)),
            },
            trace: TraceContext {
                trace: input.array()?,
                span: Some(input.array()?),
                flags: input.u8()?,
            },
        })
    }
}

impl Budget {
    fn encode(&self, out: &mut Writer) {
        out.var(self.fuel);
        out.var(self.hops.into());
        out.var(self.children.into());
        out.var(self.tags.into());
        out.var(self.bytes);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            fuel: input.var()?,
            hops: input.small()?,
            children: input.small()?,
            tags: input.small()?,
            bytes: input.var()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget(children: u32) -> Budget {
        Budget {
            children,
            ..Budget::of(&LaunchLimits::default())
        }
    }

    /// All descendants of messages that may spawn 0, 1, 2 .. and spawn all they may.
    fn descendants(most: u32) -> Vec<u64> {
        let mut all = vec![0];
        for children in 1..=most {
            let mut parent = budget(children);
            let child = parent.spawn().expect("it may");
            let later = all[parent.children as usize];
            all.push(later + 1 + all[child.children as usize]);
        }
        all
    }

    #[test]
    fn all_descendants_are_bounded_by_the_cube() {
        for (children, all) in (0u64..).zip(descendants(4_096)) {
            assert!(all <= children.pow(3), "{children}: {all}");
        }
    }

    #[test]
    fn ten_generations_fit_into_the_default() {
        let mut budgets = vec![LaunchLimits::default().children];
        while let Some(child) = budget(budgets[budgets.len() - 1]).spawn() {
            budgets.push(child.children);
        }
        assert_eq!(budgets, [4_096, 369, 74, 25, 12, 7, 5, 3, 2, 1, 0]);
    }

    #[test]
    fn cube_roots_are_exact() {
        for root in [
            0,
            1,
            2,
            3,
            1_000,
            1_625_499,
            2_642_245,
            u32::MAX - 1,
            u32::MAX,
        ] {
            let cube = u128::from(root).pow(3);
            assert_eq!(cube_root(cube), root);
            assert_eq!(cube_root(cube + u128::from(root)), root);
            assert_eq!(cube_root(cube.saturating_sub(1)), root.saturating_sub(1));
        }
        assert_eq!(cube_root(u128::MAX), u32::MAX);
    }

    proptest! {
        /// Whoever makes a budget up gets no more out of it than it says.
        #[test]
        fn a_child_has_less_than_its_parent_had(children: u32) {
            let mut parent = budget(children);
            match parent.spawn() {
                None => prop_assert_eq!(children, 0),
                Some(child) => {
                    prop_assert_eq!(parent.children, children - 1);
                    prop_assert!(child.children < children);
                    prop_assert_eq!(Budget { children, ..child }, budget(children));
                    let (before, share) = (u128::from(children), u128::from(child.children));
                    let rest = 3 * before * (before - 1);
                    prop_assert!(share.pow(3) <= rest);
                    prop_assert!(rest < (share + 1).pow(3));
                }
            }
        }
    }
}
