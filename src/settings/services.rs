//! `[services.NAME]`: what clients connect to, and which program serves them.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sm_core::ids::NodeId;
use sm_net::limits::{MTCP_HELD_AGE, MTCP_PEERS, MTCP_SERVICE_BYTES};
use sm_net::mtcp::{Candidate, Delegation};
use sm_sim::reading::{Field, Problems, Table};

use super::{address, key, neighbor, once, path};
use crate::commands::mtcp::delegation;

/// At most so many other servers keep a copy.
const STANDBYS: Range<u64> = 0..5;

/// A service of a node.
#[derive(Clone, Debug)]
pub(crate) struct ServiceDef {
    pub(crate) name: String,
    /// A program, or a bundle of bricks.
    pub(crate) program: PathBuf,
    pub(crate) listen: SocketAddr,
    /// The service's key; none where it is the node's.
    pub(crate) key: Option<NodeId>,
    pub(crate) delegation: Option<Delegation>,
    /// Its other servers.
    pub(crate) peers: Vec<Candidate>,
    /// How many of them keep a copy of each connection.
    pub(crate) standbys: usize,
    /// That its clients keep the state of their connections.
    pub(crate) held: Option<HeldDef>,
}

/// How the clients of a rollback-safe service keep its state.
#[derive(Clone, Debug)]
pub(crate) struct HeldDef {
    /// The file of the keys that seal it.
    pub(crate) keys: PathBuf,
    /// How old it may be.
    pub(crate) most: Duration,
}

/// Reads all services by their names.
pub(super) fn all(problems: &mut Problems<'_>, table: Table<'_>, folder: &Path) -> Vec<ServiceDef> {
    let mut services = Vec::new();
    for (name, field) in table.rest() {
        if name.is_empty() || name.len() > MTCP_SERVICE_BYTES {
            let message = format!("the name of a service has 1 to {MTCP_SERVICE_BYTES} bytes");
            problems.add(field.key_span.clone(), &field.key, message);
            continue;
        }
        let Some(table) = field.table(problems) else {
            continue;
        };
        services.extend(one(problems, name, table, folder));
    }
    services
}

fn one(
    problems: &mut Problems<'_>,
    name: &str,
    mut table: Table<'_>,
    folder: &Path,
) -> Option<ServiceDef> {
    let program = table.need(problems, "program");
    let program = program.and_then(|field| path(problems, &field, folder));
    let listen = table.need(problems, "listen");
    let listen = listen.and_then(|field| address(problems, &field));
    let key_field = table.take("key");
    let key = key_field.as_ref().and_then(|field| key(problems, field));
    let signed = table.take("delegation");
    let delegation = signed.as_ref().and_then(|field| signed_by(problems, field));
    match (&key_field, &signed) {
        (Some(field), None) => {
            let message = "a server needs a `delegation` of that key";
            let help = "`smc mtcp delegate` writes it, with the service's key";
            problems.add_with_help(field.span(), &field.key, message, Some(help.to_owned()));
        }
        (None, Some(field)) => {
            problems.add(field.span(), &field.key, "it needs the service's `key`");
        }
        _ => {}
    }
    let peers_field = table.take("peers");
    let peers = once(problems, peers_field, neighbor, |one| one.key);
    let standbys = table
        .take("standbys")
        .and_then(|field| standbys(problems, &field, peers.len()));
    let held = held(problems, &mut table, folder);
    table.finish(problems);
    let candidate = |peer: sm_net::identity::Neighbor| Candidate {
        server: peer.key,
        address: peer.address,
    };
    Some(ServiceDef {
        name: name.to_owned(),
        program: program?,
        listen: listen?,
        key,
        delegation,
        peers: peers.into_iter().map(candidate).take(MTCP_PEERS).collect(),
        standbys: standbys.unwrap_or_default(),
        held,
    })
}

/// A client can show an old state, and show it twice: so it takes a declaration that this does no
/// harm.
fn held(problems: &mut Problems<'_>, table: &mut Table<'_>, folder: &Path) -> Option<HeldDef> {
    let state = table.take("state");
    let by_client = state
        .as_ref()
        .and_then(|field| field.choice(problems, &[("servers", false), ("client", true)]));
    let safe = table.take("rollback_safe");
    let is_safe = safe.as_ref().and_then(|field| field.flag(problems));
    let file = table.take("sealing_keys");
    let keys = file
        .as_ref()
        .and_then(|field| path(problems, field, folder));
    let age = table.take("max_age");
    let most = age.as_ref().and_then(|field| field.period(problems));
    let Some(field) = state.filter(|_| by_client == Some(true)) else {
        for field in [safe, file, age].iter().flatten() {
            problems.add(field.span(), &field.key, "it needs `state = \"client\"`");
        }
        return None;
    };
    if is_safe != Some(true) {
        let message = "a client can set such a service back to an older state";
        let help = "if that does no harm, declare it: `rollback_safe = true`";
        problems.add_with_help(field.span(), &field.key, message, Some(help.to_owned()));
    }
    if file.is_none() {
        let message = "it needs `sealing_keys`, a file that all servers of the service have";
        let help = "`smc mtcp seal-key new FILE` makes one";
        problems.add_with_help(field.span(), &field.key, message, Some(help.to_owned()));
    }
    Some(HeldDef {
        keys: keys?,
        most: most.map_or(MTCP_HELD_AGE, |most| Duration::from_nanos(most.0)),
    })
}

fn signed_by(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<Delegation> {
    let read = delegation(field.string(problems)?);
    read.map_err(|why| problems.add(field.span(), &field.key, why))
        .ok()
}

fn standbys(problems: &mut Problems<'_>, field: &Field<'_>, peers: usize) -> Option<usize> {
    let count = usize::try_from(field.whole(problems, STANDBYS)?).ok()?;
    if count > peers {
        field.expected(problems, "as many `peers` at least");
        return None;
    }
    Some(count)
}
