//! Messages on their way out: exact hops, copies, and the content that neighbors ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::resident::Phase;
use super::session::Known;
use super::{Node, Output, Step};
use crate::content::{ContentId, ContentKind, Library};
use crate::engine::Engine;
use crate::envelope::Envelope;
use crate::hop::{Departure, HopEnd, HopError, HopFrame};
use crate::ids::{AuthorId, HopId, LaunchHash, MessageId, NodeId, SessionId, Span, Time};
use crate::limits;
use crate::tags::Standing;
use crate::wire::{BareStep, CopyFrame, Frame, More, Offer};

/// What a hop carries while its sender can still need it.
#[derive(Debug)]
pub(super) struct Outgoing {
    to: NodeId,
    envelope: Envelope,
    state: Vec<u8>,
    /// What the receiver asked for.
    wanted: Vec<ContentId>,
    inline: Inline,
}

/// Whether the offer held the state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Inline {
    Yes,
    No,
}

/// What is left here of a message until the hop with which it left is settled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Departed {
    pub(super) launch: LaunchHash,
    /// The hops of any kind that it has made, this one included.
    pub(super) hops: u64,
    pub(super) age: Span,
    /// When it had that age.
    pub(super) since: Time,
}

impl Departed {
    /// All that a restarted node knows: the launch.
    pub(super) fn of(launch: LaunchHash, since: Time) -> Self {
        let (hops, age) = (0, Span::ZERO);
        Self {
            launch,
            hops,
            age,
            since,
        }
    }
}

impl Outgoing {
    /// The neighbor that the message moves to.
    pub(super) fn to(&self) -> NodeId {
        self.to
    }

    /// The launch that its message belongs to.
    pub(super) fn launch(&self) -> LaunchHash {
        self.envelope.launch
    }
}

impl<E: Engine> Node<E> {
    /// A message wants to move to a neighbor.
    pub(super) fn depart(&mut self, message: MessageId, to: NodeId, timeout: Option<u64>) {
        if let Err(error) = self.try_depart(message, to, timeout) {
            self.stay(message, error);
        }
    }

    fn try_depart(
        &mut self,
        message: MessageId,
        to: NodeId,
        timeout: Option<u64>,
    ) -> Result<(), HopError> {
        let mut state = Vec::new();
        let envelope = self.pack(message, &mut state)?;
        if self.backlogged(to) {
            return Err(HopError::Busy);
        }
        let timeout = timeout.map_or(limits::HOP_TIMEOUT_DEFAULT, Span);
        let deadline = self.now + timeout;
        let expires = self.now + envelope.left;
        let bytes = state.len();
        let hop = self.hops.depart(Departure {
            message,
            to,
            bytes,
            deadline,
            expires,
        })?;
        let short = state.len() <= limits::INLINE_STATE_BYTES;
        let inline = if short { Inline::Yes } else { Inline::No };
        let out = Outgoing {
            to,
            envelope,
            state,
            wanted: Vec::new(),
            inline,
        };
        self.outgoing.insert(hop, Box::new(out));
        if let Some(resident) = self.messages.get_mut(&message) {
            resident.phase = Phase::Moving(hop.number());
            resident.envelope.budget.bytes -= bytes as u64;
        }
        self.trace(message, || Step::Leaving { to });
        self.drain_hops();
        Ok(())
    }

    /// Appends the state of a message to `out`, and answers its envelope: both as they would
    /// arrive at the next node.
    fn pack(&mut self, message: MessageId, out: &mut Vec<u8>) -> Result<Envelope, HopError> {
        let resident = self.messages.get(&message).ok_or(HopError::Refused)?;
        let mut envelope = resident.envelope_at(self.now);
        if envelope.budget.hops == 0 {
            return Err(HopError::HopLimit);
        }
        let before = out.len();
        resident.write_state(out);
        let state_len = out.len() - before;
        let bytes = state_len as u64;
        if state_len > limits::STATE_BYTES || bytes > envelope.budget.bytes {
            return Err(HopError::Quota);
        }
        envelope.trace = envelope.trace.stay(&message, envelope.hops);
        envelope.budget.hops -= 1;
        envelope.budget.bytes -= bytes;
        envelope.hops = envelope.hops.saturating_add(1);
        Ok(envelope)
    }

    /// A copy is to go on at every neighbor, and this message ends here.
    pub(super) fn send_copies(&mut self, message: MessageId) {
        let neighbors = self.neighbors();
        if neighbors.is_empty() {
            return self.stay(message, HopError::NoNeighbors);
        }
        let mut frame = CopyFrame::new();
        match self.pack(message, frame.state()) {
            Ok(envelope) => {
                let state_len = frame.state_len();
                let frame = frame.end(&envelope);
                if frame.len() > limits::FRAME_BYTES {
                    return self.stay(message, HopError::Quota);
                }
                self.counters.copies_out += neighbors.len() as u64;
                self.counters.state_bytes_out += state_len as u64;
                self.spread(frame);
                let count = neighbors.len();
                self.trace(message, || Step::CopiesSent { neighbors: count });
                self.remove(message);
            }
            Err(error) => self.stay(message, error),
        }
    }

    /// One transmission where it fits, else one frame to each neighbor.
    fn spread(&mut self, frame: Vec<u8>) {
        if frame.len() <= limits::BROADCAST_BYTES {
            self.counters.bytes_out += frame.len() as u64;
            return self.hold(Output::Broadcast { bytes: frame });
        }
        let most = limits::OUTBOUND_BYTES_PER_NEIGHBOR;
        let takes = |session: &SessionId| {
            let known = self.sessions.get(session);
            known.is_some_and(|known| known.backlog <= most)
        };
        let mut sessions: Vec<SessionId> = self.peers.values().copied().filter(takes).collect();
        self.counters.bytes_out += (frame.len() * sessions.len()) as u64;
        let last = sessions.pop();
        for session in sessions {
            let bytes = frame.clone();
            self.hold(Output::Send { session, bytes });
        }
        if let Some(session) = last {
            let bytes = frame;
            self.hold(Output::Send { session, bytes });
        }
    }

    /// Sends a step of a hop with what belongs to it.
    pub(super) fn send_step(&mut self, to: NodeId, id: HopId, frame: HopFrame) {
        let hop = id.number();
        let bare = |step| Frame::Step { hop, step };
        let frame = match frame {
            HopFrame::Offer => return self.send_offer(to, id),
            HopFrame::State => return self.send_rest(to, id),
            HopFrame::Accept => return self.send_accept(to, id),
            HopFrame::Refuse(reason) => Frame::Refuse { hop, reason },
            HopFrame::Prepared(incarnation) => Frame::Prepared { hop, incarnation },
            HopFrame::Commit(incarnation) => Frame::Commit { hop, incarnation },
            HopFrame::Done => bare(BareStep::Done),
            HopFrame::Lost => bare(BareStep::Lost),
            HopFrame::Abort => bare(BareStep::Abort),
            HopFrame::Query => bare(BareStep::Query),
            HopFrame::Unknown => bare(BareStep::Unknown),
        };
        self.send(to, &frame);
    }

    fn send_offer(&mut self, to: NodeId, hop: HopId) {
        let Some(out) = self.outgoing.get(&hop) else {
            return;
        };
        let known = self.known.entry(to).or_default();
        let attached = attachment(&mut self.library, known, &out.launch());
        let borrowed = attached
            .iter()
            .map(|(kind, bytes)| (*kind, &**bytes))
            .collect();
        let mut envelope = out.envelope;
        // A neighbor is told the epoch that the message will have if it takes it.
        envelope.epoch = envelope.epoch.next();
        let state = (out.inline == Inline::Yes).then_some(&*out.state);
        self.counters.code_bytes_out += code_bytes(&attached);
        self.counters.state_bytes_out += state.map_or(0, <[u8]>::len) as u64;
        let offer = Offer {
            hop: hop.number(),
            envelope,
            state_len: out.state.len(),
            state,
            attached: borrowed,
        };
        let frame = Frame::Offer(offer).encode();
        self.send_bytes(to, frame);
    }

    /// The neighbor takes a message and wants this content with it.
    pub(super) fn note_wanted(&mut self, from: NodeId, hop: HopId, wanted: Vec<ContentId>) {
        if let Some(out) = self.outgoing.get_mut(&hop).filter(|out| out.to == from) {
            out.wanted = wanted;
        }
    }

    fn send_rest(&mut self, to: NodeId, hop: HopId) {
        let Some(out) = self.outgoing.get_mut(&hop) else {
            return;
        };
        let wanted = std::mem::take(&mut out.wanted);
        // The receiver has it then, or this end gives the hop up.
        let state = match out.inline {
            Inline::Yes => Vec::new(),
            Inline::No => std::mem::take(&mut out.state),
        };
        self.send_content(to, &wanted);
        self.counters.state_bytes_out += state.len() as u64;
        let mut chunks = state.chunks(limits::STATE_CHUNK_BYTES).peekable();
        if chunks.peek().is_none() {
            self.send(
                to,
                &Frame::State {
                    hop: hop.number(),
                    bytes: &[],
                    more: More::Last,
                },
            );
        }
        while let Some(bytes) = chunks.next() {
            let more = if chunks.peek().is_some() {
                More::Follows
            } else {
                More::Last
            };
            let hop = hop.number();
            self.send(to, &Frame::State { hop, bytes, more });
        }
    }

    /// Sends what is here of this content, as many pieces in a frame as fit.
    pub(super) fn send_content(&mut self, to: NodeId, wanted: &[ContentId]) {
        if self.backlogged(to) {
            return self.refused(to, "it asks for more than it takes");
        }
        let distinct: BTreeSet<&ContentId> = wanted.iter().collect();
        let mut frame: Vec<(ContentKind, Arc<[u8]>)> = Vec::new();
        let mut size = 0;
        for id in distinct {
            let Some(bytes) = self.library.bytes(id) else {
                continue;
            };
            if size > 0 && size + bytes.len() > limits::CODE_FRAME_BYTES {
                self.send_pieces(to, &frame);
                frame.clear();
                size = 0;
            }
            size += bytes.len();
            frame.push((id.kind, bytes));
        }
        if !frame.is_empty() {
            self.send_pieces(to, &frame);
        }
    }

    fn send_pieces(&mut self, to: NodeId, pieces: &[(ContentKind, Arc<[u8]>)]) {
        self.counters.code_bytes_out += code_bytes(pieces);
        let pieces = pieces
            .iter()
            .map(|(kind, bytes)| (*kind, &**bytes))
            .collect();
        self.send(to, &Frame::Code(pieces));
    }

    /// The hop was aborted: the message stays.
    pub(super) fn resume(&mut self, hop: HopId, message: MessageId, error: HopError) {
        self.outgoing.remove(&hop);
        if self.moves_with(message, hop) {
            self.stay(message, error);
        }
    }

    /// The hop is committed: the message is no longer here.
    pub(super) fn left(&mut self, hop: HopId, message: MessageId, to: NodeId) {
        if let Some(out) = self.outgoing.remove(&hop) {
            let Envelope {
                launch, hops, age, ..
            } = out.envelope;
            let since = self.now;
            self.departed.insert(
                hop,
                Departed {
                    launch,
                    hops,
                    age,
                    since,
                },
            );
        }
        self.counters.hops_out += 1;
        self.trace(message, || Step::Left { to });
        if self.moves_with(message, hop) {
            self.remove(message);
        }
        // The record that says so has removed it from the store as well.
        self.changed.remove(&message);
    }

    /// A committed hop has ended. Nobody else can tell the home if the message was lost.
    pub(super) fn closed(&mut self, hop: HopId, message: MessageId, end: HopEnd) {
        let Some(Departed { launch, .. }) = self.departed.remove(&hop) else {
            return;
        };
        let kill = match end {
            HopEnd::Delivered => return,
            HopEnd::Lost => super::Kill::LostInHop,
            HopEnd::Expired => super::Kill::Lifetime,
        };
        self.report(message, launch, super::End::Killed(kill));
    }

    fn moves_with(&self, message: MessageId, hop: HopId) -> bool {
        let phase = self.messages.get(&message).map(|resident| resident.phase);
        phase == Some(Phase::Moving(hop.number()))
    }

    /// How far this node believes what a neighbor brings of an author.
    pub(super) fn standing_of(
        &self,
        from: NodeId,
        envelope: &Envelope,
        author: &AuthorId,
    ) -> Standing {
        let policy = &self.config.policy;
        let trusted = policy.carriers.get(&from).unwrap_or(&policy.others);
        match envelope.standing {
            Standing::Trusted if trusted.contains(author) => Standing::Trusted,
            _ => Standing::Stranger,
        }
    }

    /// When the message of an envelope that has just come is over.
    pub(super) fn expiry_of(&self, envelope: &Envelope) -> Time {
        self.now + envelope.left
    }
}

/// The launch record and the program manifest, if a neighbor may not have them yet.
fn attachment<E: Engine>(
    library: &mut Library<E>,
    known: &mut Known,
    launch: &LaunchHash,
) -> Vec<(ContentKind, Arc<[u8]>)> {
    let Some(program) = library.launch(launch).map(|signed| signed.launch.program) else {
        return Vec::new();
    };
    let news = known.note_launch(*launch, Some(program));
    let piece = |id: ContentId| library.bytes(&id).map(|bytes| (id.kind, bytes));
    let mut attached: Vec<_> = news.into_iter().flatten().filter_map(piece).collect();
    attached.retain(|(_, bytes)| bytes.len() <= limits::INLINE_CONTENT_BYTES);
    attached
}

/// How many of these bytes are code: a launch record is none.
fn code_bytes(pieces: &[(ContentKind, Arc<[u8]>)]) -> u64 {
    let code = pieces
        .iter()
        .filter(|(kind, _)| *kind != ContentKind::Launch);
    code.map(|(_, bytes)| bytes.len() as u64).sum()
}
