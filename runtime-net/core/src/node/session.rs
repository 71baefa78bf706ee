//! Sessions with neighbors: who is one, and what of them has been asked and told.

use std::collections::BTreeSet;

use super::{Log, Node, Output};
use crate::codec::DecodeError;
use crate::content::ContentId;
use crate::engine::Engine;
use crate::hop::{HopFault, HopFrame, Side};
use crate::ids::{HopId, Incarnation, LaunchHash, NodeId, SessionId, Time};
use crate::limits;
use crate::wire::{BareStep, Frame, More};

/// A session with an authenticated peer.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) peer: NodeId,
    greeted: Greeted,
    /// What this node has asked for and not received.
    asked: BTreeSet<ContentId>,
    /// Bytes that wait in the driver.
    pub(super) backlog: usize,
}

/// What a peer is known to have in its cache, in its present boot. It may have forgotten it.
#[derive(Debug, Default)]
pub(super) struct Known {
    incarnation: Incarnation,
    has: BTreeSet<ContentId>,
}

impl Known {
    /// Notes that the peer has, or is being sent, a launch record, and with it its program;
    /// answers which of the two are news.
    pub(super) fn note_launch(
        &mut self,
        launch: LaunchHash,
        program: Option<[u8; 32]>,
    ) -> [Option<ContentId>; 2] {
        let launch = ContentId::launch(launch);
        if !self.note(launch) {
            return [None, None];
        }
        let program = program.map(ContentId::program);
        [Some(launch), program.filter(|id| self.note(*id))]
    }

    fn note(&mut self, id: ContentId) -> bool {
        if self.has.len() >= limits::KNOWN_PER_NEIGHBOR {
            self.has.clear();
        }
        self.has.insert(id)
    }
}

/// Whether the peer's first frame has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Greeted {
    Yes,
    No,
}

impl Session {
    fn new(peer: NodeId) -> Self {
        Self {
            peer,
            greeted: Greeted::No,
            asked: BTreeSet::new(),
            backlog: 0,
        }
    }

    /// Notes that the peer is being asked for something; whether it had not been before.
    pub(super) fn ask(&mut self, id: ContentId) -> bool {
        self.asked.len() < limits::ASKED_PER_NEIGHBOR && self.asked.insert(id)
    }

    /// Whether the peer has been asked for this.
    pub(super) fn asks(&self, id: &ContentId) -> bool {
        self.asked.contains(id)
    }

    /// The peer has answered, or is to be asked again.
    pub(super) fn answered(&mut self, id: &ContentId) {
        self.asked.remove(id);
    }
}

impl<E: Engine> Node<E> {
    /// A session with an authenticated peer has begun. It replaces one that was there.
    ///
    /// Both ends get this call; the peer is a neighbor as soon as its first frame has come. One
    /// that is a neighbor already stays one meanwhile: two nodes that call each other at once have
    /// two sessions for a moment, and programs are not to see that.
    pub fn handle_session_up(&mut self, now: Time, session: SessionId, peer: NodeId) {
        self.now = self.now.max(now);
        self.end_sessions_with(peer, Greeted::No);
        if peer == self.config.node || self.sessions.len() >= limits::NEIGHBORS {
            return self.emit(Output::Close { session });
        }
        self.sessions.insert(session, Session::new(peer));
        let incarnation = self.incarnation;
        let hello = Frame::Hello { incarnation }.encode();
        self.counters.bytes_out += hello.len() as u64;
        self.emit(Output::Send {
            session,
            bytes: hello,
        });
        self.commit();
    }

    /// A session has ended, and with it the one that it was to replace. Unknown ones are ignored.
    pub fn handle_session_down(&mut self, now: Time, session: SessionId) {
        self.now = self.now.max(now);
        if let Some(known) = self.sessions.get(&session) {
            let (peer, greeted) = (known.peer, known.greeted);
            self.end_session(session);
            if greeted == Greeted::No {
                self.end_sessions_with(peer, Greeted::Yes);
            }
        }
        self.commit();
    }

    /// One whole frame has come in a session.
    ///
    /// A frame that does not decode, or that no honest neighbor would send here and now, is
    /// logged and changes nothing.
    pub fn handle_frame(&mut self, now: Time, session: SessionId, bytes: &[u8]) {
        self.now = self.now.max(now);
        let Some(known) = self.sessions.get(&session) else {
            return self.emit(Output::Log(Log::NoSession { session }));
        };
        let (peer, greeted) = (known.peer, known.greeted);
        match (Frame::decode(bytes), greeted) {
            (Ok(Frame::Hello { incarnation }), Greeted::No) => {
                self.greet(session, peer, incarnation);
            }
            (Ok(frame), Greeted::Yes) => self.take_frame(peer, frame),
            (Ok(_), Greeted::No) => self.refused(peer, "the first frame is no greeting"),
            (Err(error @ DecodeError::Version(_)), _) => {
                self.refused(peer, &error.to_string());
                self.end_session(session);
                self.emit(Output::Close { session });
            }
            (Err(error), _) => self.refused(peer, &error.to_string()),
        }
        self.commit();
    }

    /// One whole frame was heard that a peer broadcast. Ignored without a session with it.
    pub fn handle_broadcast(&mut self, now: Time, peer: NodeId, bytes: &[u8]) {
        self.now = self.now.max(now);
        if !self.peers.contains_key(&peer) {
            return;
        }
        match Frame::decode(bytes) {
            Ok(Frame::Copy(copy)) => self.take_copy(peer, copy),
            Ok(_) => self.refused(peer, "only copies are broadcast"),
            Err(error) => self.refused(peer, &error.to_string()),
        }
        self.commit();
    }

    /// So many bytes wait in the driver to be sent in a session. A driver that never tells is
    /// taken to send at once; one that tells of too many makes hops there answer `Busy`.
    pub fn handle_backlog(&mut self, session: SessionId, bytes: usize) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.backlog = bytes;
        }
    }

    /// The neighbors that a message could move to, in the order of their keys.
    pub fn neighbors(&self) -> Vec<NodeId> {
        self.peers.keys().copied().collect()
    }

    fn greet(&mut self, session: SessionId, peer: NodeId, incarnation: Incarnation) {
        self.end_sessions_with(peer, Greeted::Yes);
        if let Some(known) = self.sessions.get_mut(&session) {
            known.greeted = Greeted::Yes;
        }
        if self.known.len() >= limits::NEIGHBORS {
            self.known.retain(|node, _| self.peers.contains_key(node));
        }
        let known = self.known.entry(peer).or_default();
        if known.incarnation != incarnation {
            *known = Known {
                incarnation,
                ..Known::default()
            };
        }
        self.peers.insert(peer, session);
        self.hops.session_up(peer);
        self.drain_hops();
    }

    /// Those whose first frame has come, or those whose has not.
    fn end_sessions_with(&mut self, peer: NodeId, greeted: Greeted) {
        let those = |known: &Session| known.peer == peer && known.greeted == greeted;
        let all = self.sessions.iter();
        let all = all.filter(|(_, known)| those(known));
        let old: Vec<SessionId> = all.map(|(session, _)| *session).collect();
        old.into_iter()
            .for_each(|session| self.end_session(session));
    }

    fn end_session(&mut self, session: SessionId) {
        let Some(known) = self.sessions.remove(&session) else {
            return;
        };
        if self.peers.get(&known.peer) == Some(&session) {
            self.peers.remove(&known.peer);
            self.hops.session_down(known.peer);
            self.drain_hops();
            self.drop_copies_from(known.peer);
        }
    }

    /// What the sender of a hop says is about a hop of the node it comes from, what its receiver
    /// says about one of this node: no frame can speak of the hops of others.
    fn take_frame(&mut self, from: NodeId, frame: Frame<'_>) {
        let own = self.config.node;
        match frame {
            Frame::Hello { .. } => self.refused(from, "a second greeting"),
            Frame::Offer(offer) => self.take_offer(from, offer),
            Frame::Accept { hop, missing } => {
                let hop = hop.of(own);
                self.note_wanted(from, hop, missing);
                self.step(from, hop, HopFrame::Accept);
            }
            Frame::Refuse { hop, reason } => {
                self.step(from, hop.of(own), HopFrame::Refuse(reason));
            }
            Frame::State { hop, bytes, more } => {
                let hop = hop.of(from);
                if self.take_state(from, hop, bytes, more) == More::Last {
                    self.step(from, hop, HopFrame::State);
                }
            }
            Frame::Prepared { hop, incarnation } => {
                self.step(from, hop.of(own), HopFrame::Prepared(incarnation));
            }
            Frame::Commit { hop, incarnation } => {
                self.step(from, hop.of(from), HopFrame::Commit(incarnation));
            }
            Frame::Step { hop, step } => {
                let (frame, by) = frame_of(step);
                let node = match by {
                    Side::Sender => from,
                    Side::Receiver => own,
                };
                self.step(from, hop.of(node), frame);
            }
            Frame::Copy(copy) => self.take_copy(from, copy),
            Frame::Want(ids) => self.send_content(from, &ids),
            Frame::Code(pieces) => self.take_content(from, &pieces),
            Frame::Report {
                report,
                home,
                hops_left,
            } => self.pass_on(report, home, hops_left),
        }
        self.drain_hops();
    }

    fn step(&mut self, from: NodeId, hop: HopId, frame: HopFrame) {
        if let Err(fault) = self.hops.frame(from, hop, frame) {
            self.fault(from, fault);
        }
    }

    fn fault(&mut self, from: NodeId, fault: HopFault) {
        self.refused(from, &fault.to_string());
    }

    /// Something that came was refused, and changed nothing else.
    pub(super) fn refused(&mut self, from: NodeId, reason: &str) {
        self.counters.refused += 1;
        self.emit(Output::Log(Log::Refused {
            from,
            reason: reason.to_owned(),
        }));
    }

    /// The present session with a neighbor.
    pub(super) fn session_with(&mut self, peer: NodeId) -> Option<&mut Session> {
        let session = self.peers.get(&peer)?;
        self.sessions.get_mut(session)
    }

    /// Sends a frame to a neighbor, if there is a session.
    pub(super) fn send(&mut self, to: NodeId, frame: &Frame<'_>) {
        if self.peers.contains_key(&to) {
            self.send_bytes(to, frame.encode());
        }
    }

    /// Sends an encoded frame to a neighbor, if there is a session.
    pub(super) fn send_bytes(&mut self, to: NodeId, bytes: Vec<u8>) {
        let Some(&session) = self.peers.get(&to) else {
            return;
        };
        self.counters.bytes_out += bytes.len() as u64;
        self.emit(Output::Send { session, bytes });
    }

    /// Whether too much waits to be sent to a neighbor.
    pub(super) fn backlogged(&mut self, to: NodeId) -> bool {
        let most = limits::OUTBOUND_BYTES_PER_NEIGHBOR;
        self.session_with(to)
            .is_some_and(|session| session.backlog > most)
    }
}

/// The step, and the end of the hop that says it.
fn frame_of(step: BareStep) -> (HopFrame, Side) {
    match step {
        BareStep::Done => (HopFrame::Done, Side::Receiver),
        BareStep::Lost => (HopFrame::Lost, Side::Receiver),
        BareStep::Query => (HopFrame::Query, Side::Receiver),
        BareStep::Abort => (HopFrame::Abort, Side::Sender),
        BareStep::Unknown => (HopFrame::Unknown, Side::Sender),
    }
}
