//! Calling neighbors: each whenever there is no session with it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use quinn::{ConnectionError, VarInt};
use sm_core::ids::{Incarnation, NodeId};
use tokio::sync::{mpsc, watch};

use super::greeting::{ended, greet, longer};
use super::socket::Socket;
use super::{Caller, Raw, code};
use crate::limits;

/// The nodes that there are sessions with.
#[derive(Clone, Debug, Default)]
pub(super) struct Neighbors(pub(super) BTreeSet<NodeId>);

/// Calls neighbors.
#[derive(Debug)]
pub(super) struct Dialer {
    line: Line,
    calls: BTreeMap<NodeId, Call>,
}

/// What a call needs.
#[derive(Clone, Debug)]
struct Line {
    sockets: Arc<[Socket]>,
    incarnation: Incarnation,
    events: mpsc::Sender<Raw>,
    linked: watch::Receiver<Neighbors>,
}

/// A neighbor that is called.
#[derive(Debug)]
struct Call {
    address: String,
    task: tokio::task::JoinHandle<()>,
    trouble: Arc<Mutex<Option<String>>>,
    origin: Origin,
}

/// How the address of a neighbor is known; the later one counts for more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Origin {
    /// By a search, which may find another one later.
    Found,
    /// By its operator.
    Given,
}

/// The name in a handshake, which means nothing: keys are checked.
const ANYBODY: &str = "node.smartmsg";

impl Dialer {
    pub(super) fn new(
        sockets: Arc<[Socket]>,
        incarnation: Incarnation,
        events: mpsc::Sender<Raw>,
        linked: watch::Receiver<Neighbors>,
    ) -> Self {
        let line = Line {
            sockets,
            incarnation,
            events,
            linked,
        };
        Self {
            line,
            calls: BTreeMap::new(),
        }
    }

    /// Calls a node from now on at this address, unless there is one that counts for more.
    pub(super) fn call(&mut self, peer: NodeId, address: &str, origin: Origin) {
        if let Some(call) = self.calls.get_mut(&peer) {
            if call.origin > origin {
                return;
            }
            call.origin = origin;
            if call.address == address {
                return;
            }
        }
        let trouble = Arc::new(Mutex::new(None));
        let task = tokio::spawn(keep_calling(
            self.line.clone(),
            peer,
            address.to_owned(),
            trouble.clone(),
        ));
        let address = address.to_owned();
        let call = Call {
            address,
            task,
            trouble,
            origin,
        };
        if let Some(before) = self.calls.insert(peer, call) {
            before.task.abort();
        }
    }

    /// Calls a node no more.
    pub(super) fn hang_up(&mut self, peer: &NodeId) {
        if let Some(call) = self.calls.remove(peer) {
            call.task.abort();
        }
    }

    pub(super) fn called(&self) -> Vec<(NodeId, String, Option<String>)> {
        let calls = self.calls.iter();
        calls
            .map(|(peer, call)| {
                let trouble = call.trouble.lock().expect("nobody panics with it").clone();
                (*peer, call.address.clone(), trouble)
            })
            .collect()
    }
}

impl Drop for Dialer {
    fn drop(&mut self) {
        self.calls.values().for_each(|call| call.task.abort());
    }
}

async fn keep_calling(
    mut line: Line,
    peer: NodeId,
    address: String,
    trouble: Arc<Mutex<Option<String>>>,
) {
    let mut pause = limits::REDIAL_FIRST;
    loop {
        let absent = |linked: &Neighbors| !linked.0.contains(&peer);
        if line.linked.wait_for(absent).await.is_err() {
            return;
        }
        let outcome = line.call(peer, &address).await;
        let news = outcome.as_ref().err().cloned();
        let changed = {
            let mut told = trouble.lock().expect("nobody panics with it");
            std::mem::replace(&mut *told, news.clone()) != news
        };
        match (outcome, news) {
            (Ok(after), _) => {
                pause = limits::REDIAL_FIRST;
                tokio::time::sleep(after).await;
            }
            (Err(_), Some(news)) => {
                if changed {
                    let text = format!("cannot link with {} at {address}: {news}", short(&peer));
                    let _ = line.events.send(Raw::Note(text)).await;
                }
                tokio::time::sleep(pause).await;
                pause = longer(pause);
            }
            (Err(_), None) => {}
        }
    }
}

/// The first digits of a key, which is enough to tell neighbors apart.
fn short(key: &NodeId) -> String {
    key.to_string()[..12].to_owned()
}

impl Line {
    /// Calls once and waits for the end of the connection; answers how long to wait before calling
    /// again.
    async fn call(&self, peer: NodeId, address: &str) -> Result<std::time::Duration, String> {
        let found = tokio::net::lookup_host(address)
            .await
            .map_err(|error| format!("its address is not found: {error}"))?;
        let found: Vec<SocketAddr> = found.collect();
        let first = found.first().ok_or("its address is not found")?;
        let ways = found.iter().flat_map(|at| {
            let sockets = self.sockets.iter();
            sockets.filter_map(|socket| Some((socket.distance(*at)?, socket, *at)))
        });
        let (_, socket, at) = ways.min_by_key(|(distance, ..)| *distance).ok_or_else(|| {
            let family = if first.is_ipv6() { "IPv6" } else { "IPv4" };
            format!("this node listens at no address of {family}")
        })?;
        let config = socket.client(peer)?;
        let connecting = socket
            .endpoint
            .connect_with(config, at, ANYBODY)
            .map_err(|error| error.to_string())?;
        let connection = connecting.await.map_err(|error| ended(&error))?;
        let greeted = greet(connection.clone(), Caller::Here, self.incarnation)
            .await
            .map_err(|trouble| trouble.to_string())?;
        if self
            .events
            .send(Raw::Greeted(Box::new(greeted)))
            .await
            .is_err()
        {
            return Err("this node ends".to_owned());
        }
        let end = connection.closed().await;
        let unfit = VarInt::from_u32(code::UNFIT);
        Ok(match end {
            ConnectionError::ApplicationClosed(close) if close.error_code == unfit => {
                limits::REDIAL_UNFIT
            }
            _ => limits::REDIAL_FIRST,
        })
    }
}
