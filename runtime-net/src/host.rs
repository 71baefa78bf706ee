//! The loop of a node: everything that happens goes through it, one thing after the other.
//!
//! ```text
//! links ──┐                       ┌── links
//! orders ─┼─> input -> node -> output ── sensors, operators
//! values ─┤                       └── store
//! clock ──┘
//! ```
//!
//! Each input is written down, if the node is recorded, then handled; then everything that the node
//! puts out is done, in order. Between two slices of a program the network is looked at.

mod faults;
mod orders;
mod recording;
mod reload;
mod services;
mod steps;
mod tell;

use std::io;
use std::sync::Arc;

use sm_core::content::ContentKind;
use sm_core::ids::{Incarnation, NodeId, SessionId, Time};
use sm_core::node::{Boot, Config, Input, Node, Output, Reply, TagChange};
use sm_core::tags::Keeper;
use sm_vm::Jit;
use tokio::sync::mpsc;

use crate::clock::{Clock, unix_nanos};
use crate::control::Order;
use crate::control::protocol::{Event, What};
use crate::discovery::{Discovery, Found};
use crate::io::Drivers;
use crate::limits;
use crate::link::{Link, LinkEvent};
use crate::quic::Quic;
use crate::store::Store;
use crate::watch::Watchers;
use faults::Faults;
use recording::Record;
pub use reload::Reload;
use services::Services;
pub use services::{Service, Starter};
use steps::Steps;
pub use steps::{CrashAt, NoSuchStep};

/// What a node is made of.
pub struct Parts {
    /// What people call it.
    pub name: String,
    /// What its operator decided.
    pub config: Config,
    /// Its boot.
    pub incarnation: Incarnation,
    /// Its links.
    pub link: Quic,
    /// Its search for others, if it searches.
    pub discovery: Option<Discovery>,
    /// Its store.
    pub store: Box<dyn Store>,
    /// Its sensors and actuators.
    pub drivers: Drivers,
    /// What its clients connect to.
    pub services: Vec<Service>,
    /// Code that it has from the start, beside that of its store.
    pub content: Vec<(ContentKind, Arc<[u8]>)>,
    /// The tags that it begins with, beside those of drivers.
    pub tags: Vec<TagChange>,
    /// The orders of its operator.
    pub orders: mpsc::Receiver<Order>,
    /// Where its life is written down, if it is.
    pub record: Option<std::fs::File>,
    /// Where it dies, if a test wants that.
    pub crash_at: Option<CrashAt>,
    /// What compiles programs that run hot.
    pub jit: Option<Jit>,
    /// Is told everything that happens.
    pub listener: Box<dyn FnMut(&Event) + Send>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// A node that lives.
pub struct Host {
    name: String,
    key: NodeId,
    incarnation: Incarnation,
    node: Node,
    clock: Clock,
    link: Quic,
    /// The node's name for each session, and what it was told of the bytes that wait there.
    backlogs: std::collections::BTreeMap<SessionId, usize>,
    names: std::collections::BTreeMap<NodeId, String>,
    discovery: Option<Discovery>,
    store: Box<dyn Store>,
    drivers: Drivers,
    services: Services,
    orders: mpsc::Receiver<Order>,
    watchers: Watchers,
    faults: Faults,
    record: Option<Record>,
    steps: Steps,
    listener: Box<dyn FnMut(&Event) + Send>,
    /// It is to end, and its clients go elsewhere before that.
    ending: bool,
    stopping: bool,
}

/// What the network has for the node after some of it was handled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Waiting {
    Nothing,
    /// There may be more.
    More,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Host {
    /// Starts a node: its tags are put up, and nobody is a neighbor yet.
    ///
    /// # Errors
    /// If its recording cannot be written, or the system has no randomness.
    pub fn start(parts: Parts) -> io::Result<Self> {
        let Parts {
            name,
            config,
            incarnation,
            link,
            discovery,
            mut store,
            drivers,
            services,
            content,
            tags,
            orders,
            record,
            crash_at,
            jit,
            listener,
        } = parts;
        let clock = Clock::start();
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let boot = Boot {
            now: clock.now(),
            incarnation,
            hash_seed: u64::from_le_bytes(seed),
            records: store.records(),
        };
        let record = record.map(|file| Record::new(file, &config, &boot));
        let key = config.node;
        let mut node = Node::new(config, boot);
        if let Some(jit) = jit {
            node.compile_with(jit);
        }
        let mut host = Self {
            name,
            key,
            incarnation,
            node,
            clock,
            link,
            backlogs: Default::default(),
            names: Default::default(),
            discovery,
            store,
            drivers,
            services: Services::start(services),
            orders,
            watchers: Watchers::default(),
            faults: Faults::default(),
            record: record.transpose()?,
            steps: Steps::new(crash_at),
            listener,
            ending: false,
            stopping: false,
        };
        for (kind, bytes) in content {
            host.feed(Input::Content(kind, &bytes));
        }
        host.begin(tags);
        Ok(host)
    }

    fn begin(&mut self, tags: Vec<TagChange>) {
        self.feed(Input::Date(unix_nanos() / 1_000_000_000));
        for change in tags {
            self.feed(Input::Tag(Box::new(change)));
        }
        let sensors: Vec<TagChange> = self.drivers.tags().iter().filter_map(first_value).collect();
        for change in sensors {
            self.feed(Input::Tag(Box::new(change)));
        }
    }

    /// Lives until an operator ends it or `end` comes, then says goodbye.
    ///
    /// # Errors
    /// If its recording cannot be written.
    pub async fn run(mut self, end: impl Future<Output = ()>) -> io::Result<()> {
        let mut end = std::pin::pin!(end);
        let timer = tokio::time::sleep(std::time::Duration::ZERO);
        let mut timer = std::pin::pin!(timer);
        let mut due = None;
        while !self.stopping {
            if self.catch_up() == Waiting::More {
                // What was sent goes out before the rest is looked at.
                tokio::task::yield_now().await;
            }
            if self.node.poll_timeout() != due {
                due = self.node.poll_timeout();
                let at = self.clock.instant(due.unwrap_or(Time::NEVER));
                timer.as_mut().reset(at.into());
            }
            let ready = self.node.is_ready();
            tokio::select! {
                biased;
                () = &mut end, if !self.ending => self.end(),
                // Connections come before neighbors for the same reason as orders.
                next = services::next(&mut self.services) => self.serviced(next),
                // Neighbors are heard at each turn of this loop; they shut out nobody else.
                order = next_order(&mut self.orders) => self.ordered(order),
                event = self.drivers.next() => self.sensed(event),
                found = next_found(&mut self.discovery) => {
                    self.link.found(found.key, found.address);
                }
                () = &mut timer, if due.is_some() => self.timeout(&mut due),
                event = self.link.next() => self.linked(event),
                () = tokio::task::yield_now(), if ready => {}
            }
        }
        self.stop().await
    }

    /// Handles what has come already, up to a bound, so that programs run in between.
    fn catch_up(&mut self) -> Waiting {
        let mut waiting = Waiting::More;
        for _ in 0..limits::EVENTS_PER_SLICE {
            match self.link.try_next() {
                Some(event) => self.linked(event),
                None => {
                    waiting = Waiting::Nothing;
                    break;
                }
            }
        }
        // Answers do not wait for programs.
        self.flush();
        self.slice();
        self.flush();
        waiting
    }

    /// Lets out what was sent since the last time.
    fn flush(&mut self) {
        loop {
            let sessions = self.link.flush();
            if sessions.is_empty() {
                return;
            }
            for session in sessions {
                self.weigh(session);
            }
        }
    }

    /// Runs programs until the fuel of one slice is used up: one for long, or several that soon
    /// stop, so that what they send goes out together.
    fn slice(&mut self) {
        let mut left = limits::SLICE_FUEL;
        while left > 0 && self.node.is_ready() {
            let Reply::Ran(progress) = self.feed(Input::Run(left)) else {
                return;
            };
            left = left.saturating_sub(progress.fuel.max(limits::TURN_FUEL));
        }
    }

    /// Sends clients elsewhere, and ends then; at once when it is said again.
    fn end(&mut self) {
        self.ending = true;
        self.stopping = !self.services.drain();
    }

    fn timeout(&mut self, due: &mut Option<Time>) {
        // The clock of timers is coarser than the node's: it may have come a little early.
        if due.is_some_and(|due| due <= self.clock.now()) {
            self.feed(Input::Timeout);
        }
        *due = None;
    }

    fn linked(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up { session, peer, .. } => {
                self.backlogs.insert(session, 0);
                self.feed(Input::SessionUp(session, peer));
                self.tell_of_link(peer, What::Linked(peer.0));
            }
            LinkEvent::Down {
                session,
                peer,
                reason,
            } => {
                self.backlogs.remove(&session);
                self.feed(Input::SessionDown(session));
                let key = peer.0;
                self.tell_of_link(peer, What::Unlinked { key, reason });
            }
            LinkEvent::Frame(session, frame) => {
                self.feed(Input::Frame(session, &frame));
            }
            LinkEvent::Heard(peer, frame) => {
                self.feed(Input::Broadcast(peer, &frame));
            }
            LinkEvent::Drained(session) => self.weigh(session),
            LinkEvent::Note(text) => self.tell(What::Note(text)),
        }
    }

    fn sensed(&mut self, event: crate::io::Event) {
        match event {
            crate::io::Event::Value { tag, value } => {
                let Some(known) = self.drivers.tags().get(tag) else {
                    return;
                };
                let change = TagChange::new(Keeper::Driver, &known.spec(), &value);
                self.feed(Input::Tag(Box::new(change)));
            }
            crate::io::Event::Fault { tag, reason } => {
                let display = self
                    .drivers
                    .tags()
                    .get(tag)
                    .map(|tag| tag.display().to_owned());
                let display = display.unwrap_or_default();
                self.tell(What::Note(format!("tag `{display}`: {reason}")));
            }
        }
    }

    /// Lets something happen to the node, and does what follows.
    fn feed(&mut self, input: Input<'_>) -> Reply {
        let now = self.clock.now();
        if let Some(record) = &mut self.record {
            record.input(now, &input, &self.node);
        }
        self.steps.before(&input);
        let reply = self.node.handle(now, input);
        self.steps.after();
        while let Some(output) = self.node.poll_output() {
            if let Some(record) = &mut self.record {
                record.output(&output);
            }
            if self.steps.lets(&output) {
                self.perform(output);
            }
        }
        reply
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Send { session, bytes } => {
                self.link.send(session, bytes);
                self.weigh(session);
            }
            Output::Broadcast { bytes } => self.link.broadcast(bytes),
            Output::Close { session } => self.link.close(session),
            Output::Store { token, batch } => {
                if let Some(stored) = self.store.write(token, batch) {
                    self.feed(Input::Stored(stored));
                }
            }
            Output::IoWrite { tag, value, .. } => {
                if !self.drivers.write(&tag, value) {
                    self.tell(What::Note(
                        "a write to a tag of a driver is lost".to_owned(),
                    ));
                }
            }
            Output::Connection { attachment, deed } => self.do_with_connection(attachment, deed),
            told => self.told(told),
        }
    }

    /// Tells the node how much waits in a session, if that has changed much.
    fn weigh(&mut self, session: SessionId) {
        let waits = self.link.backlog(session);
        let Some(told) = self.backlogs.get_mut(&session) else {
            return;
        };
        let changed = waits.abs_diff(*told) >= limits::BACKLOG_STEP || (waits == 0 && *told > 0);
        if changed {
            *told = waits;
            self.feed(Input::Backlog(session, waits));
        }
    }

    async fn stop(mut self) -> io::Result<()> {
        if let Some(record) = self.record.take() {
            record.end(&self.node)?;
        }
        self.flush();
        self.link.end().await;
        Ok(())
    }
}

/// What an operator wants next. Without operators the node lives on.
async fn next_order(orders: &mut mpsc::Receiver<Order>) -> Order {
    match orders.recv().await {
        Some(order) => order,
        None => std::future::pending().await,
    }
}

async fn next_found(discovery: &mut Option<Discovery>) -> Found {
    match discovery {
        Some(discovery) => discovery.next().await,
        None => std::future::pending().await,
    }
}

/// What a driver's tag begins with; one that must be read first is absent until then.
fn first_value(tag: &crate::io::Tag) -> Option<TagChange> {
    let value = tag.value.as_ref()?;
    Some(TagChange::new(Keeper::Driver, &tag.spec(), value))
}
