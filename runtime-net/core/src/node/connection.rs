//! Client connections whose services are messages: what comes from them and goes to them.
//!
//! A message that serves a connection is *carried* by it: it stays where its client is attached,
//! and M-TCP moves both. The state behind each turn goes out together with what the turn wrote, as
//! the snapshot of the connection; where the connection goes on, the message does from there. The
//! node that it has left forgets it when it hears so.
//!
//! Programs see a connection as tags that only its own message has ([`Port`]), and wait for it at
//! an ordinary one, which others may write too (`stdlib/sm/net/connection.sm`).

mod awaited;
pub(super) mod port;

use sm_vm::{Answer, Outcome};

pub(super) use awaited::Awaited;
pub use port::{ArgumentError, argument};
pub(super) use port::{Port, is_news, is_reserved};

use super::resident::{Body, Phase, Resident};
use super::{End, Node, Output, Step, TimerKind};
use crate::codec::{DecodeError, Reader, Writer};
use crate::content::ContentId;
use crate::engine::Engine;
use crate::envelope::Envelope;
use crate::hop::HopError;
use crate::ids::{Attachment, AuthorId, LaunchHash, MessageId, NodeId, Span};
use crate::launch::{LaunchError, SignedLaunch};
use crate::limits;
use crate::mtcp::{self, ConnectionId, Offsets, Reason};
use crate::tags::Standing;

/// What happens to a connection at this node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happening {
    /// A client has opened it: its service begins with this signed launch.
    Opened {
        /// Its name.
        name: ConnectionId,
        /// The bytes of the launch, whose home is this node.
        launch: Vec<u8>,
        /// Where its streams are.
        offsets: Offsets,
    },
    /// It comes from another server, and its service with it.
    Arrived {
        /// Its name.
        name: ConnectionId,
        /// What went out with its last turn.
        snapshot: Vec<u8>,
        /// Whose launches may come with it, beside those that the node admits anyway: the other
        /// servers of the service.
        servers: Vec<AuthorId>,
        /// Where its streams are.
        offsets: Offsets,
    },
    /// The client has written more.
    Input {
        /// What.
        bytes: Vec<u8>,
        /// That was all.
        ended: bool,
    },
    /// The service may write up to this offset.
    Room(u64),
    /// Another server wants it. It is frozen at the end of the turn that is under way.
    Wanted,
    /// It stays.
    Thawed,
    /// Nobody can be asked to take it where its service wants to move.
    NoWay,
    /// It is over here.
    Gone(mtcp::End),
}

/// What is to be done with a connection.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Deed {
    /// Its service runs here.
    Accepted,
    /// It does not, and the client is to be refused.
    Refused(Reason),
    /// A turn has ended.
    Turn(mtcp::Turn),
    /// Its service does not run until it is thawed or gone.
    Frozen,
    /// Its service wants that it goes on at this server.
    Move(NodeId),
    /// It does not want that any more.
    Stay,
    /// Its service has ended, and has written all. What still comes is of no interest.
    Ended,
    /// Its service has died.
    Reset,
}

/// The snapshot of a service that has ended.
pub const ENDED: &[u8] = &[u8::MAX];

/// The first byte of the snapshot of a service that runs.
const VERSION: u8 = 0;

/// A service on its way.
struct Snapshot<'a> {
    envelope: Envelope,
    launch: &'a [u8],
    state: &'a [u8],
}

impl<'a> Snapshot<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        match input.u8()? {
            VERSION => {}
            other => return Err(DecodeError::Version(other)),
        }
        let snapshot = Self {
            envelope: Envelope::decode(&mut input)?,
            launch: input.bytes(limits::LAUNCH_BYTES)?,
            state: input.bytes(limits::STATE_BYTES)?,
        };
        input.finish()?;
        Ok(snapshot)
    }
}

fn encode<E: Engine>(envelope: &Envelope, resident: &Resident<E>) -> Vec<u8> {
    let mut state = Vec::new();
    resident.write_state(&mut state);
    let mut out = Writer::with_capacity(state.len() + resident.launch.bytes.len() + 256);
    out.u8(VERSION);
    envelope.encode(&mut out);
    out.bytes(&resident.launch.bytes);
    out.bytes(&state);
    out.0
}

/// Why a service is not taken up.
enum Obstacle {
    /// It is not admitted: who launched it where, and why.
    Refused(NodeId, Reason, String),
    /// This code of its launch is not here, which that node may have.
    Code(LaunchHash, NodeId, ContentId),
}

impl<E: Engine> Node<E> {
    /// Something happens to a connection. If a turn is under way it takes effect at its end.
    pub fn handle_connection(
        &mut self,
        now: crate::ids::Time,
        attachment: Attachment,
        happening: Happening,
    ) {
        self.now = self.now.max(now);
        if self.turn.is_some() {
            let waiting = super::outside::Deferred::Connection(attachment, happening);
            return self.deferred.push_back(waiting);
        }
        self.happened(attachment, happening);
        self.commit();
    }

    pub(super) fn happened(&mut self, attachment: Attachment, happening: Happening) {
        match happening {
            Happening::Opened {
                name,
                launch,
                offsets,
            } => {
                let begun = self.begin_service(name, &launch);
                let begun = begun.map_err(|error| {
                    let why = format!("a connection's service: {error}");
                    (self.config.node, reason_of(&error), why)
                });
                self.carry(attachment, Port::new(attachment, name, offsets), begun);
            }
            Happening::Arrived {
                name,
                snapshot,
                servers,
                offsets,
            } => {
                let until = self.now + limits::COPY_WAIT;
                self.arrived(
                    attachment,
                    Awaited::new(name, snapshot, servers, offsets, until),
                );
            }
            known => match self.attachments.get(&attachment).copied() {
                Some(message) => self.happened_to(message, attachment, known),
                None => self.happened_to_awaited(attachment, known),
            },
        }
    }

    fn begin_service(
        &mut self,
        name: ConnectionId,
        launch: &[u8],
    ) -> Result<Box<Resident<E>>, LaunchError> {
        let signed = SignedLaunch::verify(launch)?;
        // Its client has heard of no beginning, and has it begin anew.
        self.leave_behind(name, MessageId::first(&signed.hash));
        self.may_launch(&signed)?;
        Ok(Box::new(self.first_of(signed)?))
    }

    /// Takes up a service that comes with its connection: admitted as a message that arrives,
    /// but that its author may be another server of the service.
    fn take_service(
        &mut self,
        name: ConnectionId,
        snapshot: &[u8],
        servers: &[AuthorId],
    ) -> Result<Box<Resident<E>>, Obstacle> {
        let own = self.config.node;
        let bad = |why: String| Obstacle::Refused(own, Reason::Version, why);
        let snapshot = Snapshot::decode(snapshot).map_err(|error| bad(error.to_string()))?;
        let mut envelope = snapshot.envelope;
        if self.library.launch(&envelope.launch).is_none() {
            let signed =
                SignedLaunch::verify(snapshot.launch).map_err(|error| bad(error.to_string()))?;
            if signed.hash != envelope.launch {
                return Err(bad("its launch is another one".to_owned()));
            }
            self.library.add_launch(signed);
        }
        let launch = self.library.launch(&envelope.launch).cloned();
        let launch = launch.ok_or_else(|| bad("the launch record is not here".to_owned()))?;
        let home = launch.launch.home;
        self.leave_behind(name, envelope.message);
        let author = launch.launch.author;
        let peer = servers.contains(&author);
        let admitted = self.admit_resources(&envelope);
        let admitted = admitted.and_then(|()| match peer {
            true => Ok(()),
            false => self.admit_author(&author),
        });
        let admitted = admitted.and_then(|()| self.admit_quota(&envelope, &launch.launch));
        if let Err((error, why)) = admitted {
            let why = why.to_owned();
            return Err(Obstacle::Refused(home, reason_of_hop(error), why));
        }
        if let Some(missing) = self.library.missing(&envelope.launch).first() {
            return Err(Obstacle::Code(envelope.launch, home, *missing));
        }
        envelope.hops = envelope.hops.saturating_add(1);
        let revived = self.revive(own, envelope, snapshot.state);
        let mut resident = revived.map_err(|why| Obstacle::Refused(home, Reason::Version, why))?;
        if peer && envelope.standing == Standing::Trusted {
            resident.envelope.standing = Standing::Trusted;
        }
        resident.previous = None;
        Ok(resident)
    }

    /// What is here of a service that begins anew, or comes back from elsewhere, is an earlier
    /// state of it: that it has gone is told later.
    fn leave_behind(&mut self, name: ConnectionId, message: MessageId) {
        let resident = self.messages.get(&message);
        let port = resident.and_then(|resident| resident.port.as_deref());
        if port.is_some_and(|port| port.name() == name) {
            self.moved_away(message);
        }
    }

    /// Has a message carried by a connection, or says why that cannot be.
    fn carry(
        &mut self,
        attachment: Attachment,
        port: Port,
        begun: Result<Box<Resident<E>>, (NodeId, Reason, String)>,
    ) {
        let mut resident = match begun {
            Ok(resident) => resident,
            Err((from, reason, why)) => {
                self.refused(from, &why);
                return self.do_with(attachment, Deed::Refused(reason));
            }
        };
        let message = resident.envelope.message;
        let pending = match &resident.body {
            Body::Live(machine) => E::pending(machine),
            Body::Image(_) | Body::Taken => None,
        };
        let news = port.news();
        resident.port = Some(Box::new(port));
        self.attachments.insert(attachment, message);
        self.trace(message, || Step::Carried);
        self.settle_in(resident);
        self.do_with(attachment, Deed::Accepted);
        self.tags
            .put_for_operator(self.now, &news.spec(), port::NO_NEWS);
        self.go_on_here(message, pending);
        self.wake();
    }

    /// A service that was taken up goes on. Versions of tags are each node's own: what there is
    /// of a tag that it waits for is news here.
    fn go_on_here(&mut self, message: MessageId, pending: Option<Outcome>) {
        let Some(pending) = pending else {
            return;
        };
        self.ready.retain(|ready| *ready != message);
        match pending {
            Outcome::Move { hop, .. } if hop == self.config.node.0 => {
                let here = Answer::Hop(sm_bytecode::HopCode::Ok);
                if self.answer(message, here) {
                    self.make_ready(message);
                }
            }
            Outcome::Move { .. } => self.stay(message, HopError::Unreachable),
            Outcome::MoveAll => self.stay(message, HopError::Refused),
            Outcome::Block { tag, timeout, .. } => self.block(message, &tag, timeout, Some(0)),
            _ => self.make_ready(message),
        }
    }

    fn happened_to(&mut self, message: MessageId, attachment: Attachment, what: Happening) {
        let Some(port) = self.port_of(message) else {
            return;
        };
        match what {
            Happening::Input { bytes, ended } => {
                port.arrived(&bytes, ended);
                self.recount(message);
                self.tell_news(message);
            }
            Happening::Room(limit) => {
                if port.may_write_to(limit) {
                    self.tell_news(message);
                }
            }
            Happening::Wanted => {
                port.frozen = true;
                self.export(message);
                self.do_with(attachment, Deed::Frozen);
            }
            Happening::Thawed => {
                port.frozen = false;
                let ready = self.messages.get(&message).map(|resident| resident.phase);
                if ready == Some(Phase::Ready) && !self.ready.contains(&message) {
                    self.ready.push_back(message);
                }
            }
            Happening::NoWay => self.not_moved(message),
            Happening::Gone(mtcp::End::Moved) => self.moved_away(message),
            Happening::Gone(_) => self.cut_off(message, attachment),
            Happening::Opened { .. } | Happening::Arrived { .. } => {}
        }
    }

    fn port_of(&mut self, message: MessageId) -> Option<&mut Port> {
        self.messages.get_mut(&message)?.port.as_deref_mut()
    }

    /// Wakes who waits for a connection.
    fn tell_news(&mut self, message: MessageId) {
        if let Some(news) = self.port_of(message).map(|port| port.news()) {
            self.tags
                .put_for_operator(self.now, &news.spec(), port::NO_NEWS);
            self.wake();
        }
    }

    /// The connection is over, and its service goes on without it.
    fn cut_off(&mut self, message: MessageId, attachment: Attachment) {
        self.attachments.remove(&attachment);
        let Some(port) = self.port_of(message) else {
            return;
        };
        port.cut_off();
        self.thaw(message);
        self.not_moved(message);
        self.tell_news(message);
    }

    fn thaw(&mut self, message: MessageId) {
        if let Some(attachment) = self.port_of(message).map(|port| port.attachment()) {
            self.happened_to(message, attachment, Happening::Thawed);
        }
    }

    /// Another server has the connection, and its node the message.
    fn moved_away(&mut self, message: MessageId) {
        self.trace(message, || Step::CarriedAway);
        if let Some(resident) = self.remove(message) {
            self.forget_port(&resident);
        }
    }

    fn forget_port(&mut self, resident: &Resident<E>) {
        if let Some(port) = &resident.port {
            self.attachments.remove(&port.attachment());
            self.tags.take_away(&port.news().name);
        }
    }

    /// A message with a connection has ended.
    pub(super) fn end_service(&mut self, resident: &Resident<E>, end: &End) {
        self.forget_port(resident);
        let Some(port) = resident.port.as_deref().filter(|port| port.is_attached()) else {
            return;
        };
        let attachment = port.attachment();
        if !matches!(end, End::Done { .. }) {
            return self.do_with(attachment, Deed::Reset);
        }
        let last = mtcp::Turn {
            finished: true,
            snapshot: Some(ENDED.to_vec()),
            ..port.peek_turn()
        };
        self.do_with(attachment, Deed::Turn(last));
        self.do_with(attachment, Deed::Ended);
    }

    /// The end of a turn of a message: what it did with its connection, and where it is now.
    pub(super) fn end_turn_of_service(&mut self, message: MessageId) {
        self.export(message);
        let Some(resident) = self.messages.get(&message) else {
            return;
        };
        let attachment = resident.port.as_deref().map(Port::attachment);
        if let (Some(attachment), Phase::Asked(_, to)) = (attachment, resident.phase) {
            self.do_with(attachment, Deed::Move(to));
        }
    }

    fn export(&mut self, message: MessageId) {
        let now = self.now;
        let Some(resident) = self.messages.get_mut(&message) else {
            return;
        };
        let envelope = resident.envelope_at(now);
        let turn = match resident.port.as_deref_mut() {
            Some(port) if port.is_attached() => port.take_turn(),
            _ => return,
        };
        let snapshot = Some(encode(&envelope, resident));
        let attachment = resident.port.as_deref().map(Port::attachment);
        if let Some(attachment) = attachment {
            self.do_with(attachment, Deed::Turn(mtcp::Turn { snapshot, ..turn }));
        }
    }

    /// A carried message wants to move: the client is asked to attach there.
    pub(super) fn ask_to_move(&mut self, message: MessageId, to: NodeId, timeout: Option<u64>) {
        let at = self.now + timeout.map_or(limits::HOP_TIMEOUT_DEFAULT, Span);
        if let Some(resident) = self.messages.get_mut(&message) {
            resident.phase = Phase::Asked(at, to);
            self.timers.insert((at, TimerKind::Asked(message)));
        }
        self.trace(message, || Step::Leaving { to });
    }

    /// It has not moved in time.
    pub(super) fn asked_in_vain(&mut self, message: MessageId) {
        let attachment = self.port_of(message).map(|port| port.attachment());
        if let Some(attachment) = attachment {
            self.do_with(attachment, Deed::Stay);
        }
        self.settle_asked(message, HopError::Timeout);
    }

    fn not_moved(&mut self, message: MessageId) {
        self.settle_asked(message, HopError::Unreachable);
    }

    fn settle_asked(&mut self, message: MessageId, error: HopError) {
        let phase = self.messages.get(&message).map(|resident| resident.phase);
        if let Some(Phase::Asked(at, _)) = phase {
            self.timers.remove(&(at, TimerKind::Asked(message)));
            self.stay(message, error);
        }
    }

    fn do_with(&mut self, attachment: Attachment, deed: Deed) {
        self.hold(Output::Connection { attachment, deed });
    }
}

fn reason_of(error: &LaunchError) -> Reason {
    match error {
        LaunchError::Full => Reason::Busy,
        LaunchError::OverQuota(_) => Reason::Quota,
        LaunchError::Missing(_) | LaunchError::BadProgram(_) | LaunchError::BadArguments(_) => {
            Reason::Version
        }
        _ => Reason::NotAllowed,
    }
}

fn reason_of_hop(error: HopError) -> Reason {
    match error {
        HopError::Busy => Reason::Busy,
        HopError::Quota => Reason::Quota,
        HopError::Version => Reason::Version,
        _ => Reason::NotAllowed,
    }
}
