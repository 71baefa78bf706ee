//! `smc up`: a network of real nodes, one process each.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sm_net::control::protocol::Status;
use sm_sim::network::{Layout, NodeIx};
use sm_sim::{Network, Seed};
use tokio::net::TcpListener;

use crate::exit::{Exit, Failure};
use crate::fleet::service::{self, Clients, Service};
use crate::fleet::{Fleet, Heard, Start};
use crate::interrupt::Signals;
use crate::output::{self, Style, Terminal};
use crate::remote::names::short;
use crate::{keys, network, remote, table, text};

/// Run all nodes of a network on this machine, until Ctrl-C
///
/// Each node of the file is a process of its own, with the tags that the file
/// gives it, and is linked with its neighbors over the loopback interface. What
/// programs print there is shown with the node's name. Delays, losses, faults,
/// partitions and the times of links are those of a simulation: here nothing
/// imitates them.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// The network, a .net.toml
    #[arg(value_name = "NET.toml")]
    net: PathBuf,

    /// The seed that draws what the network leaves to chance
    ///
    /// Default: the network's, or 0.
    #[arg(long, env = "SM_SEED")]
    seed: Option<u64>,

    /// A service of all nodes: its program, and where its clients connect
    ///
    /// For each client a message is started, at one node after the other. It moves
    /// with its client's connection, and another node has a copy of it, so the
    /// connection survives when its node is stopped or killed.
    #[arg(long, env = "SM_SERVE", value_name = "FILE.sm[@ADDRESS:PORT]")]
    #[arg(value_parser = service::wanted, verbatim_doc_comment)]
    serve: Option<service::Wanted>,
}

/// How many processes one network may have: more than that is no laptop's network.
const MOST_NODES: usize = 128;

/// How long all nodes may take to start and to be linked.
const STARTING: Duration = Duration::from_secs(20);

/// How long nodes may take to end when they are asked to.
const ENDING: Duration = Duration::from_secs(3);

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let network = network::read(terminal, &self.net)?;
        let seed = network::seed(&network, self.seed);
        let layout = network.layout(Seed(seed));
        check(&network, &layout)?;
        let program = std::env::current_exe()
            .map_err(|error| Failure::failed(format!("cannot find smc itself: {error}")))?;
        let count = layout.nodes.len();
        let service = self.serve.as_ref();
        let service = service.map(|wanted| Service::prepare(terminal, wanted, count));
        let start = Start {
            program,
            net: self.net.clone(),
            seed,
            trust: keys::default_or_new(terminal)?.node_id().to_string(),
            names: layout.nodes.iter().map(|node| node.name.clone()).collect(),
            links: links(&layout),
            service: service.transpose()?,
        };
        remote::block_on(up(terminal, &start))
    }
}

/// What must not be there, or be too much.
fn check(network: &Network, layout: &Layout) -> Result<(), Failure> {
    let count = layout.nodes.len();
    if count > MOST_NODES {
        return Err(Failure::failed(format!(
            "the network `{}` has {}, and one machine runs {MOST_NODES} at most",
            network.name,
            text::count(count, "node")
        ))
        .help("`smc run --net` simulates large networks"));
    }
    let running = remote::all()?;
    let named = |name: &str| running.iter().any(|node| node.name == name);
    match layout.nodes.iter().find(|node| named(&node.name)) {
        Some(node) => Err(
            Failure::failed(format!("a node `{}` runs here already", node.name))
                .help(format!("`smc stop {}` ends it", node.name)),
        ),
        None => Ok(()),
    }
}

/// Who is linked with whom, each pair once.
fn links(layout: &Layout) -> BTreeSet<(usize, usize)> {
    let at = |node: NodeIx| node.at();
    let ends = layout.links.iter().map(|link| link.ends);
    ends.map(|(one, two)| (at(one).min(at(two)), at(one).max(at(two))))
        .collect()
}

async fn up(terminal: &Terminal, start: &Start) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let door = match &start.service {
        Some(service) => Some((service, service.listen().await?)),
        None => None,
    };
    let mut fleet = Fleet::start(start)?;
    let done = tokio::select! {
        began = begin(terminal, &mut fleet, start, door) => match began {
            Ok(clients) => {
                let seen = watch(terminal, &mut fleet, &mut signals).await;
                if let Some(clients) = clients {
                    clients.end().await;
                }
                seen
            }
            Err(failure) => Err(failure),
        },
        () = signals.next() => Ok(Exit::Ok),
    };
    end(terminal, &mut fleet, &mut signals).await;
    done
}

async fn begin(
    terminal: &Terminal,
    fleet: &mut Fleet,
    start: &Start,
    door: Option<(&Service, TcpListener)>,
) -> Result<Option<Clients>, Failure> {
    let states = match tokio::time::timeout(STARTING, fleet.begin(terminal, start)).await {
        Ok(began) => began?,
        Err(_) => return Err(fleet.late(start).await),
    };
    let mut rows = vec![table::head(&[
        "NODE",
        "ADDRESS",
        "KEY",
        "NEIGHBORS",
        "TAGS",
    ])];
    rows.extend(states.iter().map(row));
    for line in table::lines(&rows) {
        output::talk(&line);
    }
    if let Some(first) = states.first() {
        output::talk(&format!(
            "the network is up: smc send FILE --to {} --wait; Ctrl-C ends all",
            first.name
        ));
    }
    door.map(|(service, listener)| open(service, listener))
        .transpose()
}

/// Lets clients in.
fn open(service: &Service, listener: TcpListener) -> Result<Clients, Failure> {
    let at = listener.local_addr();
    let at = at.map_err(|error| Failure::failed(format!("cannot listen: {error}")))?;
    let clients = service.take(listener)?;
    output::talk(&format!(
        "all nodes serve `{}`: nc {} {} for one; smc mtcp list shows who is there",
        service.name(),
        at.ip(),
        at.port()
    ));
    Ok(clients)
}

fn row(status: &Status) -> Vec<String> {
    vec![
        status.name.clone(),
        status.listen.join(" "),
        short(&status.key),
        status.neighbors.to_string(),
        status.tags.to_string(),
    ]
}

/// Shows what nodes say until somebody ends all, or all have ended.
async fn watch(
    terminal: &Terminal,
    fleet: &mut Fleet,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    loop {
        let heard = tokio::select! {
            heard = fleet.hear() => heard,
            () = signals.next() => return Ok(Exit::Ok),
        };
        show(terminal, &heard)?;
        if fleet.is_empty() {
            return Err(Failure::new(Exit::Unreachable, "all nodes have ended"));
        }
    }
}

/// One line of a node, after its name.
pub(crate) fn show(terminal: &Terminal, heard: &Heard) -> Result<(), Failure> {
    let name = |node| terminal.paint(Style::Name, format_args!("{node}:"));
    match heard {
        Heard::Ready => {}
        Heard::Printed { node, line } => output::line(format!("{} {line}", name(node)))?,
        Heard::Said { node, line } => output::talk(&format!("{} {line}", name(node))),
        Heard::Ended { node, how } => {
            output::talk(&format!("{} the node has ended: {how}", name(node)));
        }
    }
    Ok(())
}

/// Asks all to end; those that do not in time, or after a second signal, are ended.
async fn end(terminal: &Terminal, fleet: &mut Fleet, signals: &mut Signals) {
    fleet.stop();
    let ended = async {
        while !fleet.is_empty() {
            let heard = fleet.hear().await;
            // That a node ends, and its links with it, is what was wanted.
            if matches!(heard, Heard::Printed { .. }) && show(terminal, &heard).is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = tokio::time::timeout(ENDING, ended) => {}
        () = signals.next() => {}
    }
    fleet.kill().await;
}
