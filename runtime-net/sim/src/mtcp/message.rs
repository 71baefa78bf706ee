//! Services that are messages: each server has a node of the core, which is told what happens to
//! the connection, and whose deeds are done, as drivers do it (`runtime-net/src/host/services.rs`,
//! `runtime-net/src/mtcp/server/turns.rs`). The nodes have no links among themselves.

use std::collections::VecDeque;

use sm_bytecode::bundle::Bundle;
use sm_bytecode::{TypeIx, TypeTable};
use sm_core::ids::{Attachment, Incarnation, NodeId, Time};
use sm_core::launch::{Launch, LaunchLimits};
use sm_core::mtcp::wire::Frame;
use sm_core::mtcp::{ConnectionId, End, Peer, Reason, Server};
use sm_core::node::{Boot, Config, Deed, ENDED, Happening, Node, Output, Tracing, argument};

use super::Step;
use super::world::World;
use crate::launch::Package;
use crate::limits;
use crate::network::NodeIx;
use crate::random::Stream;
use crate::world::Author;

/// A program whose `main` takes a connection.
#[derive(Debug, Clone)]
pub struct Program {
    package: Package,
    types: TypeTable,
    params: Vec<TypeIx>,
}

/// Programs are the same whose code is.
impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.package == other.package
    }
}

impl Program {
    /// The program of a bundle.
    ///
    /// # Panics
    /// If the bundle has no brick for its entry.
    pub fn new(bundle: &Bundle) -> Self {
        let entry = bundle.program.entry;
        let place = bundle
            .program
            .bricks
            .iter()
            .position(|one| *one == entry.brick);
        let brick = &bundle.bricks[place.expect("the entry is a brick of the program")];
        let main = &brick.functions[usize::from(entry.function)];
        Self {
            package: Package::new(bundle),
            types: brick.types.clone(),
            params: main.params.clone(),
        }
    }

    /// The launch of the service of a connection.
    fn launch(&self, home: NodeId, name: ConnectionId) -> Vec<u8> {
        let arguments = argument(&self.types, &self.params, name);
        let launch = Launch {
            author: author().id(),
            home,
            program: self.package.program,
            brick: self.package.brick,
            function: self.package.function,
            arguments: arguments.expect("its `main` takes a connection"),
            limits: LaunchLimits::default(),
            nonce: name.0,
            expiry: 0,
        };
        let signed = launch
            .sign(author().key())
            .expect("the key is the author's");
        signed.bytes.to_vec()
    }
}

/// Who launches the services of all servers.
fn author() -> Author {
    Author::named("service")
}

/// A node, and what its driver knows of the connection.
#[derive(Debug)]
pub(super) struct Carrier {
    node: Node,
    /// What is to be told, and of which stay of the connection.
    news: VecDeque<(Attachment, Happening)>,
    stays: u64,
    here: Option<Stay>,
    /// Servers that ask for the connection, with what they said.
    wanted: Vec<(NodeId, Vec<u8>)>,
}

/// A connection that is here.
#[derive(Debug)]
struct Stay {
    attachment: Attachment,
    /// How much of the input was told, and whether its end was.
    fed: u64,
    ended: bool,
    limit: u64,
    held: bool,
    /// The service has ended: what still comes is thrown away.
    over: bool,
}

/// What came of a step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// Nothing: it waits.
    Nothing,
    /// These bytes were read at this offset, and perhaps the end behind them.
    Read(u64, Vec<u8>, Ended),
    /// Something else.
    Something,
}

/// Whether there is no more.
pub(super) type Ended = bool;

impl Carrier {
    pub(super) fn new(me: NodeId, boot: u32, program: &Program) -> Self {
        let mut config = Config::new(me);
        config.tracing = Tracing::Off;
        let boot = Boot {
            incarnation: Incarnation(u64::from(boot) + 1),
            hash_seed: u64::from(boot),
            ..Boot::default()
        };
        let mut node = Node::new(config, boot);
        for (kind, bytes) in &program.package.content {
            node.add_content(*kind, bytes)
                .expect("the compiler made it");
        }
        Self {
            node,
            news: VecDeque::new(),
            stays: 0,
            here: None,
            wanted: Vec::new(),
        }
    }

    /// The connection is here: its service begins, or goes on from a snapshot.
    pub(super) fn begin(
        &mut self,
        (now, end): (Time, &mut Server),
        name: ConnectionId,
        (program, draws): (&Program, &mut Stream),
    ) {
        end.importing();
        self.stays += 1;
        let attachment = Attachment(self.stays);
        let offsets = end.offsets();
        let mut stay = Stay {
            attachment,
            fed: offsets.read,
            ended: false,
            limit: offsets.limit,
            held: false,
            over: false,
        };
        let snapshot = end.snapshot().map(<[u8]>::to_vec);
        let happening = match snapshot {
            Some(snapshot) if snapshot == ENDED => {
                end.imported(now);
                stay.over = true;
                None
            }
            Some(snapshot) => Some(Happening::Arrived {
                name,
                snapshot,
                servers: vec![author().id()],
                offsets,
            }),
            None => Some(Happening::Opened {
                name,
                launch: program.launch(self.node.id(), name),
                offsets,
            }),
        };
        self.here = Some(stay);
        // Each stay is told of by a task of its own: the end of the one before may come later.
        let Some(happening) = happening else { return };
        match draws.chance(0.5) {
            true => self.news.push_front((attachment, happening)),
            false => self.news.push_back((attachment, happening)),
        }
    }

    /// It is over here.
    pub(super) fn gone(&mut self, (now, machine): (Time, &mut Server), end: End) {
        if let Some(stay) = self.here.take() {
            self.news.push_back((stay.attachment, Happening::Gone(end)));
        }
        self.grant(now, machine);
    }

    /// Another server asks for the connection. False if the service rests, so that it may have it.
    pub(super) fn holds(&mut self, end: &Server, from: NodeId, pull: &Frame<'_>) -> bool {
        let Some(stay) = self.here.as_ref().filter(|stay| !stay.over) else {
            return false;
        };
        let summary = end.summary();
        debug_assert!(summary.runs, "{stay:?}");
        if summary.frozen {
            return false;
        }
        let mut bytes = Vec::new();
        pull.encode(&mut bytes);
        self.wanted.retain(|(server, _)| *server != from);
        self.wanted.push((from, bytes));
        true
    }

    fn grant(&mut self, now: Time, end: &mut Server) {
        for (from, bytes) in std::mem::take(&mut self.wanted) {
            let pull = Frame::decode(&bytes).ok().flatten();
            let (pull, _) = pull.expect("it is one that came");
            // What no honest server says was no honest server's when it came.
            let _ = end.frame(now, Peer::Server(from), &pull);
        }
    }

    /// When the node is to be told the time.
    pub(super) fn next_timeout(&self) -> Time {
        self.node.poll_timeout().unwrap_or(Time::NEVER)
    }

    pub(super) fn timeout(&mut self, now: Time) {
        if self.next_timeout() <= now {
            self.node.handle_timeout(now);
        }
    }

    /// Runs a slice, or tells the node one thing.
    fn step(&mut self, now: Time, end: &mut Server) -> Carried {
        if self.node.is_ready() && self.node.run(now, limits::SLICE_FUEL).message.is_some() {
            return Carried::Something;
        }
        if let Some((attachment, happening)) = self.news.pop_front() {
            self.tell(now, (attachment, happening));
            return Carried::Something;
        }
        let Some(stay) = &mut self.here else {
            return Carried::Nothing;
        };
        if stay.over {
            return match end.wind_up(now, ENDED) {
                true => Carried::Something,
                false => Carried::Nothing,
            };
        }
        let Some(happening) = stay.look(end, !self.wanted.is_empty()) else {
            return Carried::Nothing;
        };
        let attachment = stay.attachment;
        let done = match &happening {
            Happening::Input { bytes, ended } => {
                Carried::Read(stay.fed - bytes.len() as u64, bytes.clone(), *ended)
            }
            _ => Carried::Something,
        };
        self.tell(now, (attachment, happening));
        done
    }

    fn tell(&mut self, now: Time, (attachment, happening): (Attachment, Happening)) {
        self.node.handle_connection(now, attachment, happening);
    }

    /// What the node wants done with the connection that is here.
    pub(super) fn deed(&mut self) -> Option<Deed> {
        while let Some(output) = self.node.poll_output() {
            if let Output::Connection { attachment, deed } = output
                && self
                    .here
                    .as_ref()
                    .is_some_and(|stay| stay.attachment == attachment)
            {
                return Some(deed);
            }
        }
        None
    }
}

impl Stay {
    /// What the node does not know yet.
    fn look(&mut self, end: &Server, wanted: bool) -> Option<Happening> {
        let frozen = end.summary().frozen;
        let held = frozen || wanted;
        if held != self.held {
            self.held = held;
            return Some(match held {
                true => Happening::Wanted,
                false => Happening::Thawed,
            });
        }
        if frozen {
            return None;
        }
        let (bytes, ended) = end.unread(self.fed);
        if !bytes.is_empty() || (ended && !self.ended) {
            self.fed += bytes.len() as u64;
            self.ended = ended;
            let bytes = bytes.to_vec();
            return Some(Happening::Input { bytes, ended });
        }
        let limit = end.offsets().limit;
        (limit > self.limit).then(|| {
            self.limit = limit;
            Happening::Room(limit)
        })
    }
}

impl World<'_> {
    /// The connection is here, and its service is a message.
    pub(super) fn begin_message(&mut self, at: NodeIx) {
        let (local, key, id) = (self.local(at), self.key(at), self.id);
        let plan = self.plan;
        let Some(program) = &plan.service.message else {
            return;
        };
        let host = self.host_mut(at);
        let boot = host.boot;
        let new = || Box::new(Carrier::new(key, boot, program));
        let carrier = host.carrier.get_or_insert_with(new);
        carrier.begin((local, &mut host.end), id, (program, &mut host.draws));
    }

    /// One step of a service that is a message. False if it waits for something.
    pub(super) fn serve_message(&mut self, at: NodeIx) -> bool {
        let local = self.local(at);
        let host = self.host_mut(at);
        let Some(carrier) = &mut host.carrier else {
            return false;
        };
        let done = carrier.step(local, &mut host.end);
        let mut answers = false;
        while let Some(deed) = self.host_mut(at).next_deed() {
            answers |= matches!(&deed, Deed::Turn(turn) if !turn.output.is_empty());
            self.deed_of_message(at, deed);
        }
        let read = match &done {
            Carried::Read(offset, bytes, ended) => {
                let after = offset + bytes.len() as u64;
                let read = self.judge.read(*offset, bytes, self.program.written);
                read.and_then(|()| match ended {
                    true => self.judge.end(after, self.program.ended),
                    false => Ok(()),
                })
            }
            Carried::Nothing | Carried::Something => Ok(()),
        };
        if let Err(what) = read {
            self.wrong(format!("{}: {what}", self.names.node(at)));
        }
        if answers {
            self.has_answered(at);
        }
        done != Carried::Nothing
    }

    fn deed_of_message(&mut self, at: NodeIx, deed: Deed) {
        let local = self.local(at);
        let epoch = self.host(at).end.summary().epoch;
        let host = self.host_mut(at);
        let Some(carrier) = &mut host.carrier else {
            return;
        };
        match deed {
            Deed::Accepted => {
                host.end.imported(local);
                self.did(at, Step::Starts(epoch));
            }
            Deed::Turn(turn) => {
                let matters = turn.taken > 0 || !turn.output.is_empty() || turn.finished;
                if !host.end.turn(local, turn) && matters {
                    self.wrong("what a service did in a turn is lost".to_owned());
                }
            }
            Deed::Frozen => carrier.grant(local, &mut host.end),
            Deed::Ended => {
                if let Some(stay) = &mut carrier.here {
                    stay.over = true;
                }
                carrier.grant(local, &mut host.end);
            }
            Deed::Refused(reason) => {
                host.end.reset(reason);
                self.wrong(format!("a service is not taken up: {reason}"));
            }
            Deed::Reset => {
                host.end.reset(Reason::Aborted);
                self.wrong("a service dies".to_owned());
            }
            // Its program asks for neither.
            Deed::Move(_) | Deed::Stay => {}
        }
    }
}
