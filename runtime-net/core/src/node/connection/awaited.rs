//! Services that have come with their connections and lack code, which other servers may have.

use super::{Happening, Obstacle, Port};
use crate::engine::Engine;
use crate::ids::{Attachment, AuthorId, LaunchHash, NodeId, Time};
use crate::limits;
use crate::mtcp::{ConnectionId, Offsets, Reason};
use crate::node::{Deed, Node, TimerKind};
use crate::wire::Frame;

/// A service on its way in.
#[derive(Debug)]
pub(in crate::node) struct Awaited {
    name: ConnectionId,
    snapshot: Vec<u8>,
    servers: Vec<AuthorId>,
    offsets: Offsets,
    /// When it is given up.
    until: Time,
    /// Its launch, and who is asked for the code.
    asked: Option<(LaunchHash, NodeId)>,
    /// What has happened to its connection meanwhile: input of a window at most.
    since: Vec<Happening>,
}

impl Awaited {
    pub(super) fn new(
        name: ConnectionId,
        snapshot: Vec<u8>,
        servers: Vec<AuthorId>,
        offsets: Offsets,
        until: Time,
    ) -> Self {
        Self {
            name,
            snapshot,
            servers,
            offsets,
            until,
            asked: None,
            since: Vec::new(),
        }
    }

    /// The launch whose code it waits for.
    pub(in crate::node) fn launch(&self) -> Option<LaunchHash> {
        self.asked.map(|(launch, _)| launch)
    }
}

impl<E: Engine> Node<E> {
    /// Takes a service up, or fetches what it lacks, or refuses it.
    pub(super) fn arrived(&mut self, attachment: Attachment, mut awaited: Awaited) {
        let taken = self.take_service(awaited.name, &awaited.snapshot, &awaited.servers);
        let taken = match taken {
            Ok(resident) => Ok(resident),
            Err(Obstacle::Refused(from, reason, why)) => Err((from, reason, why)),
            Err(Obstacle::Code(launch, home, missing)) => {
                let room = self.awaited.len() < limits::WAITING_COPIES;
                if let Some(from) = self.who_has(home, &awaited.servers).filter(|_| room) {
                    awaited.asked = Some((launch, from));
                    let due = (awaited.until, TimerKind::Service(attachment));
                    self.timers.insert(due);
                    self.awaited.insert(attachment, awaited);
                    return self.fetch_for_service(from, &launch);
                }
                Err((home, Reason::Version, format!("{missing} is missing")))
            }
        };
        let port = Port::new(attachment, awaited.name, awaited.offsets);
        self.carry(attachment, port, taken);
        for happening in awaited.since {
            self.happened(attachment, happening);
        }
    }

    /// A neighbor that may have the code of a service: where it began, or any other server.
    fn who_has(&self, home: NodeId, servers: &[AuthorId]) -> Option<NodeId> {
        let servers = servers.iter().map(|server| NodeId(server.0));
        let mut all = std::iter::once(home).chain(servers);
        all.find(|node| self.peers.contains_key(node))
    }

    fn fetch_for_service(&mut self, from: NodeId, launch: &LaunchHash) {
        let missing = self.ask_for(from, launch);
        if !missing.is_empty() {
            self.send(from, &Frame::Want(missing));
        }
    }

    pub(super) fn happened_to_awaited(&mut self, attachment: Attachment, what: Happening) {
        if matches!(what, Happening::Gone(_)) {
            self.take_awaited(attachment);
        } else if let Some(awaited) = self.awaited.get_mut(&attachment) {
            awaited.since.push(what);
        }
    }

    /// Some code has come; from this neighbor what names more.
    pub(in crate::node) fn look_again_at_services(&mut self, asking: Option<NodeId>) {
        let all: Vec<Attachment> = self.awaited.keys().copied().collect();
        for attachment in all {
            let asked = self.awaited.get(&attachment).and_then(|one| one.asked);
            let Some((launch, from)) = asked else {
                continue;
            };
            if self.library.is_too_large(&launch) {
                self.give_up_service(attachment);
            } else if self.library.missing(&launch).is_empty() {
                if let Some(awaited) = self.take_awaited(attachment) {
                    self.arrived(attachment, awaited);
                }
            } else if asking == Some(from) {
                self.fetch_for_service(from, &launch);
            }
        }
    }

    /// The code has not come, or cannot be used.
    pub(in crate::node) fn give_up_service(&mut self, attachment: Attachment) {
        let Some(awaited) = self.take_awaited(attachment) else {
            return;
        };
        if let Some((launch, from)) = awaited.asked {
            self.ask_again(from, &launch);
            self.refused(from, "the code of a connection's service has not come");
        }
        self.do_with(attachment, Deed::Refused(Reason::Version));
    }

    fn take_awaited(&mut self, attachment: Attachment) -> Option<Awaited> {
        let awaited = self.awaited.remove(&attachment)?;
        let due = (awaited.until, TimerKind::Service(attachment));
        self.timers.remove(&due);
        Some(awaited)
    }
}
