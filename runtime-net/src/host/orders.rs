//! Doing what an operator asks for.

use sm_core::content::ContentKind;
use sm_core::ids::{MessageId, NodeId, Span, TypeHash};
use sm_core::launch::LaunchError;
use sm_core::node::{Doing, Input, MessageInfo, Reply, TagChange};
use sm_core::tags::{Access, Keeper, Tag, TagName};
use tokio::sync::mpsc;

use super::Host;
use super::tell::tag_name;
use crate::control::Order;
use crate::control::protocol::{self, Answer, Refusal, Request, Status, Topic};

impl Host {
    /// An operator wants something.
    pub(super) fn ordered(&mut self, order: Order) {
        let (request, answers) = match order {
            Order::Request { request, answers } => (request, answers),
            Order::Reload(reload) => return self.reload(*reload),
        };
        let answer = match request {
            Request::Status => Answer::Status(Box::new(self.status())),
            Request::Launch(launch) => return self.launch(*launch, answers),
            Request::Messages => Answer::Messages(self.messages()),
            Request::Follow(topic) => return self.watchers.add(topic, answers),
            Request::Kill(message) => self.found(Input::Kill(MessageId(message))),
            Request::Neighbors => Answer::Neighbors(self.neighbors()),
            Request::Connect(connect) => self.connect(connect),
            Request::Tags => Answer::Tags(self.tags()),
            Request::PutTag(tag) => self.put_tag(*tag),
            Request::RemoveTag(name) => self.found(Input::TagGone(name.into())),
            Request::Stop => {
                self.end();
                Answer::Done
            }
            Request::Connections | Request::Explain(_) | Request::Migrate(_) => {
                refused(false, "it is a node, and serves no M-TCP".to_owned())
            }
        };
        // An operator who has gone does not want to know.
        let _ = answers.try_send(answer);
    }

    fn found(&mut self, input: Input<'_>) -> Answer {
        match self.feed(input) {
            Reply::Found(found) => Answer::Found(found),
            _ => Answer::Done,
        }
    }

    fn launch(&mut self, launch: protocol::Launch, answers: mpsc::Sender<Answer>) {
        for (kind, bytes) in &launch.content {
            let kind = ContentKind::from(*kind);
            if let Reply::Content(Err(error)) = self.feed(Input::Content(kind, bytes)) {
                let _ = answers.try_send(refused(false, error.to_string()));
                return;
            }
        }
        let hash = sm_core::launch::SignedLaunch::verify(&launch.record).map(|signed| signed.hash);
        match (self.feed(Input::Launch(&launch.record)), hash) {
            (Reply::Launch(Ok(message)), Ok(hash)) => {
                let (message, name) = (message.0, hash.0);
                let _ = answers.try_send(Answer::Launched {
                    message,
                    launch: name,
                });
                // It has not run yet: who watches misses nothing.
                if launch.watch {
                    self.watchers.add(Topic::Launch(name), answers);
                }
            }
            (Reply::Launch(Err(error)), _) => {
                let _ = answers.try_send(refused(is_policy(&error), error.to_string()));
            }
            _ => {}
        }
    }

    fn status(&self) -> Status {
        let counters = self.node.counters();
        let now = self.clock.now();
        Status {
            name: self.name.clone(),
            key: self.key.0,
            incarnation: self.incarnation.0,
            listen: self
                .link
                .addresses()
                .unwrap_or_default()
                .iter()
                .map(ToString::to_string)
                .collect(),
            pid: std::process::id(),
            age: now.0,
            neighbors: self.node.neighbors().len() as u64,
            messages: counters.messages as u64,
            in_doubt: self.node.in_doubt().len() as u64,
            tags: self.node.tags().iter(now).count() as u64,
            hops: (counters.hops_out, counters.hops_in),
            copies: (counters.copies_out, counters.copies_in),
            bytes: (
                counters.bytes_out,
                counters.code_bytes_out,
                counters.state_bytes_out,
            ),
            fuel: counters.fuel,
            refused: counters.refused,
        }
    }

    fn messages(&self) -> Vec<protocol::Message> {
        let all = self.node.list(self.clock.now());
        all.into_iter().map(message).collect()
    }

    fn neighbors(&self) -> Vec<protocol::Neighbor> {
        let mut all: Vec<protocol::Neighbor> = Vec::new();
        for (key, address, trouble) in self.link.called() {
            all.push(protocol::Neighbor {
                address: Some(address),
                trouble,
                ..self.neighbor(key)
            });
        }
        for session in self.link.sessions() {
            let nanos = |span: std::time::Duration| u64::try_from(span.as_nanos()).ok();
            let linked = protocol::Neighbor {
                address: Some(session.address.to_string()),
                linked: nanos(session.age),
                incarnation: Some(session.incarnation.0),
                round_trip: nanos(session.round_trip),
                ..self.neighbor(session.peer)
            };
            match all.iter_mut().find(|known| known.key == session.peer.0) {
                Some(known) => *known = linked,
                None => all.push(linked),
            }
        }
        all
    }

    fn neighbor(&self, key: NodeId) -> protocol::Neighbor {
        protocol::Neighbor {
            key: key.0,
            name: self.names.get(&key).cloned(),
            address: None,
            linked: None,
            incarnation: None,
            round_trip: None,
            trouble: None,
        }
    }

    fn connect(&mut self, connect: protocol::Connect) -> Answer {
        let key = NodeId(connect.key);
        if let Some(name) = connect.name {
            self.names.insert(key, name);
        }
        match connect.address {
            Some(address) => self.link.call(key, &address),
            None => self.link.trust(key),
        }
        Answer::Done
    }

    fn tags(&self) -> Vec<protocol::Tag> {
        let now = self.clock.now();
        let tag = |(name, tag): (&sm_core::tags::TagName, &Tag)| protocol::Tag {
            name: tag_name(name),
            display: tag.display.to_string(),
            ty: tag.ty.0,
            descriptor: tag.descriptor.to_vec(),
            value: tag.value.to_vec(),
            access: (access(tag.read), access(tag.write)),
            driver: tag.keeper == Keeper::Driver,
            lifetime: tag.lifetime.map(|span| span.0),
            left: tag.lifetime.map(|_| tag.expires.since(now).0),
            version: tag.version,
        };
        self.node.tags().iter(now).map(tag).collect()
    }

    fn put_tag(&mut self, tag: protocol::Tag) -> Answer {
        let name = tag.name.clone().into();
        let known = self.node.tags().get(self.clock.now(), &name);
        if known.is_some_and(|known| known.keeper == Keeper::Driver) {
            if self.drivers.takes(&name) && self.drivers.write(&name, tag.value) {
                return Answer::Done;
            }
            return refused(false, "the tag's driver does not take it".to_owned());
        }
        self.feed(Input::Tag(Box::new(tag.into())));
        Answer::Done
    }
}

fn message(info: MessageInfo) -> protocol::Message {
    protocol::Message {
        message: info.message.0,
        launch: info.launch.0,
        author: info.author.0,
        home: info.home.0,
        doing: match info.doing {
            Doing::Ready => protocol::Doing::Ready,
            Doing::Blocked(left) => protocol::Doing::Blocked(left.map(|span| span.0)),
            Doing::Moving(to) => protocol::Doing::Moving(to.map(|node| node.0)),
            Doing::InDoubt(peer) => protocol::Doing::InDoubt(peer.0),
        },
        hops: info.hops,
        age: info.age.0,
        left: info.left.0,
        bytes: info.bytes,
    }
}

fn access(access: Access) -> protocol::Access {
    match access {
        Access::Any => protocol::Access::Any,
        Access::Owner => protocol::Access::Owner,
        Access::Code => protocol::Access::Code,
    }
}

fn open(access: protocol::Access) -> Access {
    match access {
        protocol::Access::Any => Access::Any,
        protocol::Access::Owner => Access::Owner,
        protocol::Access::Code => Access::Code,
    }
}

impl From<protocol::Content> for ContentKind {
    fn from(content: protocol::Content) -> Self {
        match content {
            protocol::Content::Program => Self::Program,
            protocol::Content::Module => Self::Module,
            protocol::Content::Brick => Self::Brick,
        }
    }
}

impl From<protocol::TagName> for TagName {
    fn from(name: protocol::TagName) -> Self {
        Self {
            base: name.base,
            key: name.key.into(),
        }
    }
}

/// A tag as an operator puts it up: programs keep it, and nobody's did.
impl From<protocol::Tag> for TagChange {
    fn from(tag: protocol::Tag) -> Self {
        Self {
            keeper: Keeper::Programs,
            name: tag.name.into(),
            display: tag.display,
            ty: TypeHash(tag.ty),
            descriptor: tag.descriptor,
            access: (open(tag.access.0), open(tag.access.1)),
            lifetime: tag.lifetime.map(Span),
            program: [0; 32],
            value: tag.value,
        }
    }
}

fn refused(by_policy: bool, reason: String) -> Answer {
    Answer::Refused(Refusal { by_policy, reason })
}

fn is_policy(error: &LaunchError) -> bool {
    matches!(
        error,
        LaunchError::AuthorRefused | LaunchError::OverQuota(_) | LaunchError::Full
    )
}
