//! A node: the Tag Space, the messages that stand on it, and their way in and out.

mod config;
mod output;

use std::collections::VecDeque;

pub use config::{Authors, Boot, Config, NodeLimits, Parking, Policy, Tracing};
pub use output::{End, Kill, Log, Output, Report, Step, Trace, TraceFrame};

use crate::content::{ContentError, ContentId, ContentKind};
use crate::hop::Doubt;
use crate::ids::{MessageId, NodeId, SessionId, StoreToken, Time};
use crate::launch::LaunchError;
use crate::tags::{TagSpace, TagSpec};

/// One node, without input and output of its own.
///
/// # Calling order
///
/// 1. [`Node::new`] with what the store held.
/// 2. Whatever happens, in the order in which it happens: a `handle_*` call with the time `now`,
///    which never goes back.
/// 3. After each call: [`Node::poll_output`] until there is none, doing what it says in order.
/// 4. While [`Node::is_ready`]: [`Node::run`] with the fuel of one slice, then outputs again.
///    Between two slices events may be handled; they do not enter the turn that is under way.
/// 5. When [`Node::poll_timeout`] has come: [`Node::handle_timeout`]. It is to be asked again
///    after every call.
///
/// What happens is a pure function of the calls: the same calls in the same order give the same
/// outputs. A simulator may therefore run a turn in no time, and a driver in slices.
///
/// # Starting a program
///
/// [`Node::add_content`] for each brick and manifest, then [`Node::handle_launch`] with a signed
/// launch record whose home is this node. Its end comes out as [`Output::Report`].
#[derive(Debug)]
pub struct Node {
    config: Config,
    tags: TagSpace,
    outputs: VecDeque<Output>,
}

/// What a slice did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// The fuel that programs used.
    pub fuel: u64,
    /// The message that ran, if one did.
    pub message: Option<MessageId>,
}

/// Numbers of a node, for `--json`, metrics and checkers. All but the first count since boot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Messages that stand here now, whether running, waiting or moving.
    pub messages: usize,
    /// Exact hops from here that were committed.
    pub hops_out: u64,
    /// Exact hops to here that were installed.
    pub hops_in: u64,
    /// Copies sent, counted once for each neighbor.
    pub copies_out: u64,
    /// Copies taken in.
    pub copies_in: u64,
    /// Bytes of frames sent, broadcasts counted once.
    pub bytes_out: u64,
    /// Of these, bytes of code: bricks, manifests and launch records.
    pub code_bytes_out: u64,
    /// Of these, bytes of captured states.
    pub state_bytes_out: u64,
    /// Turns that ended.
    pub turns: u64,
    /// Fuel used by programs.
    pub fuel: u64,
    /// What arrived and was refused.
    pub refused: u64,
}

impl Node {
    /// A node that has just started.
    pub fn new(config: Config, boot: Boot) -> Self {
        let tags = TagSpace::new(config.limits.tags);
        drop(boot);
        Self {
            config,
            tags,
            outputs: VecDeque::new(),
        }
    }

    /// The node's key.
    pub fn id(&self) -> NodeId {
        self.config.node
    }

    // Events.

    /// A session with an authenticated peer has begun. It replaces one that was there.
    ///
    /// Both ends get this call; the peer is a neighbor as soon as its first frame has come.
    pub fn handle_session_up(&mut self, now: Time, session: SessionId, peer: NodeId) {
        let _ = (now, session, peer);
    }

    /// A session has ended. Unknown ones are ignored.
    pub fn handle_session_down(&mut self, now: Time, session: SessionId) {
        let _ = (now, session);
    }

    /// One whole frame has come in a session.
    pub fn handle_frame(&mut self, now: Time, session: SessionId, bytes: &[u8]) {
        let _ = (now, session, bytes);
    }

    /// One whole frame was heard that a peer broadcast. Ignored without a session with it.
    pub fn handle_broadcast(&mut self, now: Time, peer: NodeId, bytes: &[u8]) {
        let _ = (now, peer, bytes);
    }

    /// So many bytes wait in the driver to be sent in a session. A driver that never tells is
    /// taken to send at once; one that tells of too many makes hops there answer `Busy`.
    pub fn handle_backlog(&mut self, session: SessionId, bytes: usize) {
        let _ = (session, bytes);
    }

    /// The store has a batch for good. Tokens are confirmed in their order.
    pub fn handle_stored(&mut self, now: Time, token: StoreToken) {
        let _ = (now, token);
    }

    /// Time has passed to [`Node::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Time) {
        let _ = now;
    }

    /// Takes a brick or a manifest into the cache.
    ///
    /// # Errors
    /// [`ContentError`] if the bytes are no such thing; nothing changes.
    pub fn add_content(
        &mut self,
        kind: ContentKind,
        bytes: &[u8],
    ) -> Result<ContentId, ContentError> {
        crate::content::check(kind, bytes)
    }

    /// Starts a message from a signed launch record.
    ///
    /// # Errors
    /// [`LaunchError`] if the record does not verify, asks for more than this node grants, or its
    /// code is not in the cache.
    pub fn handle_launch(&mut self, now: Time, record: &[u8]) -> Result<MessageId, LaunchError> {
        let _ = (now, record);
        Err(LaunchError::Full)
    }

    /// A driver gives a value to a tag that it keeps: a sensor, an actuator, a clock.
    ///
    /// The first call makes the tag. If a turn is under way it takes effect at its end.
    pub fn handle_io(&mut self, now: Time, spec: &TagSpec<'_>, value: &[u8]) {
        let _ = (now, spec, value);
    }

    /// The operator creates or writes an ordinary tag on behalf of nobody.
    ///
    /// If a turn is under way it takes effect at its end. It is not refused for quotas.
    pub fn handle_tag(&mut self, now: Time, spec: &TagSpec<'_>, value: &[u8]) {
        let _ = (now, spec, value);
    }

    // Running.

    /// Whether a message can run.
    pub fn is_ready(&self) -> bool {
        false
    }

    /// Runs one message for at most this much fuel: goes on with the turn that is under way, or
    /// begins the turn of the message that has been ready for longest.
    pub fn run(&mut self, now: Time, fuel: u64) -> Progress {
        let _ = (now, fuel);
        Progress::default()
    }

    // Asking.

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Node::handle_timeout`] is next due.
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }

    /// The Tag Space, for showing and checking.
    pub fn tags(&self) -> &TagSpace {
        &self.tags
    }

    /// The messages that stand here and may run, now or when something wakes them: for checkers.
    pub fn runnable(&self) -> Vec<MessageId> {
        Vec::new()
    }

    /// The hops whose end this node does not know.
    pub fn in_doubt(&self) -> Vec<Doubt> {
        Vec::new()
    }

    /// The neighbors that a message could move to.
    pub fn neighbors(&self) -> Vec<NodeId> {
        Vec::new()
    }

    /// What happened so far, in numbers.
    pub fn counters(&self) -> Counters {
        Counters::default()
    }
}
