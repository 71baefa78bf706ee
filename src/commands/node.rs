//! `smc node`: a node of its own process, linked with others.

mod reload;
mod services;
mod signals;

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use sm_core::ids::{Incarnation, NodeId};
use sm_core::node::{Config, TagChange};
use sm_core::tags::Keeper;
use sm_net::clock::unix_nanos;
use sm_net::control::Server;
use sm_net::control::protocol::{End, Event, What};
use sm_net::discovery::Discovery;
use sm_net::host::{CrashAt, Host, Parts};
use sm_net::identity::KeyPair;
use sm_net::io::Drivers;
use sm_net::limits;
use sm_net::quic::{LinkOptions, Quic, Trusted};
use sm_net::store::Forgetful;
use sm_sim::network::TagDef;
use tokio::sync::{mpsc, oneshot};

use crate::engine::EngineOptions;
use crate::exit::{Exit, Failure};
use crate::keys::KeyPlace;
use crate::output::{self, Terminal};
use crate::settings::{self, Said, Settings};
use crate::{folders, keys, network};
use reload::{Keys, Reloads, Wanted};
use services::Services;
use signals::Signals;

/// Run a node: admit, run and send messages until it is stopped
///
/// A fresh node listens on loopback only, has sessions with the nodes that it is told to
/// trust, and takes programs of its own key and of trusted keys. SIGTERM and SIGINT end it,
/// SIGHUP has it read its settings file and the trusted keys again.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// Settings of the node; flags are stronger
    #[arg(long, env = "SM_CONFIG", value_name = "FILE.toml")]
    config: Option<PathBuf>,

    #[command(flatten)]
    said: Said,

    /// A tag that it begins with; its type is that of the value, or NAME: TYPE=VALUE
    #[arg(long, value_name = "NAME=VALUE")]
    tag: Vec<String>,

    /// A tag that a driver keeps: clock, file:PATH, process:COMMAND, thermal:ZONE, const:VALUE
    #[arg(long, value_name = "NAME=DRIVER")]
    io: Vec<String>,

    #[command(flatten)]
    engine: EngineOptions,

    /// Be the node of this network file that `--as` names: its tags are put up
    #[arg(long, env = "SM_NET", value_name = "NET.toml")]
    #[arg(requires = "as_node")]
    net: Option<PathBuf>,

    /// Which node of the network file
    #[arg(long = "as", env = "SM_AS", value_name = "NODE")]
    #[arg(id = "as_node", requires = "net")]
    as_node: Option<String>,

    /// Of the network, if it is drawn at random
    #[arg(long, env = "SM_SEED")]
    seed: Option<u64>,

    /// End when standard input ends; the first line of output is a JSON object about the node
    #[arg(long, env = "SM_UNTIL_EOF", hide = true)]
    until_eof: bool,

    /// Die as of `kill -9` at this step of the protocol, for tests
    #[arg(long, value_name = "STEP[:N]", hide = true)]
    crash_at: Option<CrashAt>,
}

/// A node that runs.
struct Ready<'a> {
    name: &'a str,
    key: NodeId,
    listen: &'a [SocketAddr],
    socket: &'a Path,
    places: &'a [String],
}

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| cannot("wait for events", &error))?;
        let ended = runtime.block_on(self.live(terminal));
        // A read of standard input that has no end must not keep the process.
        runtime.shutdown_background();
        ended
    }

    async fn live(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let signals = Signals::listen(self.until_eof)?;
        let mut wanted = Wanted::read(self, terminal)?;
        let drivers = wanted.take_drivers();
        let settings = &wanted.settings;
        let key = self.key(terminal, settings)?;
        let incarnation = Incarnation(unix_nanos());
        let mut link = link(settings, &key, incarnation, &wanted.trusted)?;
        for neighbor in &settings.said.neighbors {
            link.call(neighbor.key, &neighbor.address);
        }
        let name = settings
            .said
            .name
            .clone()
            .unwrap_or_else(|| "node".to_owned());
        let listen = link.addresses().map_err(|error| cannot("listen", &error))?;
        let socket = folders::runtime()?.join(format!("{name}.sock"));
        let (orders, ordered) = mpsc::channel(limits::CONTROL_ORDERS);
        let server = Server::start(&socket, orders.clone())
            .await
            .map_err(|error| no_socket(&name, &error))?;
        let services = Services::open(terminal, settings, (&name, &key)).await?;
        let places = services.places;
        let _operated = services.operated;
        let parts = Parts {
            name: name.clone(),
            config: Config {
                limits: settings.limits,
                policy: wanted.policy(key.node_id()),
                ..Config::new(key.node_id())
            },
            incarnation,
            link,
            discovery: discovery(settings, key.node_id(), &listen)?,
            store: Box::new(Forgetful),
            drivers: Drivers::start(drivers).map_err(|twice| {
                Failure::usage(format!("the tag `{}` has two drivers", twice.0))
            })?,
            services: services.services,
            content: services.content,
            tags: wanted.tags.clone(),
            orders: ordered,
            record: record(settings.said.record.as_deref())?,
            crash_at: self.crash_at,
            jit: self.engine.background()?,
            listener: self.listener(),
        };
        let host = Host::start(parts).map_err(|error| cannot("start", &error))?;
        self.announce(&Ready {
            name: &name,
            key: key.node_id(),
            listen: &listen,
            socket: &socket,
            places: &places,
        })?;
        let reloads = Reloads {
            options: self,
            terminal,
            own: key.node_id(),
            wanted,
            orders,
        };
        let ran = live_until(host, signals.end(reloads)).await;
        drop(server);
        ran.map_err(|error| cannot("write the recording", &error))?;
        Ok(Exit::Ok)
    }

    /// Says who and where it is.
    fn announce(&self, ready: &Ready<'_>) -> Result<(), Failure> {
        if self.until_eof {
            let mut object = json!({
                "name": ready.name,
                "key": ready.key.to_string(),
                "listen": ready.listen,
                "socket": ready.socket.display().to_string(),
            });
            if !ready.places.is_empty() {
                object["services"] = json!(ready.places);
            }
            return output::line(object);
        }
        let listen: Vec<String> = ready.listen.iter().map(SocketAddr::to_string).collect();
        output::talk(&format!(
            "node {} listens on {}",
            ready.name,
            listen.join(", ")
        ));
        output::talk(&format!("its key is {}", ready.key));
        for place in ready.places {
            output::talk(&format!("clients reach it with --service {place}"));
        }
        Ok(())
    }

    /// Who started the node by a program knows of its links without being told.
    fn listener(&self) -> Box<dyn FnMut(&Event) + Send> {
        let quiet = self.until_eof;
        Box::new(move |event| {
            if !(quiet && matches!(event.what, What::Linked(_))) {
                show(event);
            }
        })
    }

    /// What the settings file says, and what flags say in its place.
    fn settings(&self, terminal: &Terminal) -> Result<Settings, Failure> {
        let mut settings = match &self.config {
            Some(path) => settings::read(terminal, path)?,
            None => Settings::default(),
        };
        settings.said = self.said.clone().before(settings.said);
        settings.said.name = self.as_node.clone().or(settings.said.name);
        for line in &self.io {
            let driver = settings::flags::io(line);
            settings
                .io
                .push(driver.map_err(|why| wrong("--io", line, &why))?);
        }
        Ok(settings)
    }

    /// The node of a network file lives once; any other keeps its key.
    fn key(&self, terminal: &Terminal, settings: &Settings) -> Result<KeyPair, Failure> {
        match (&settings.said.key, &self.as_node) {
            (Some(place), _) => keys::at_or_new(terminal, place),
            (None, None) => keys::at_or_new(terminal, &node_key()),
            (None, Some(_)) => keys::generate(),
        }
    }

    /// Named keys only: those of flags and settings, of the user's list, and the user's own.
    fn trusted(&self, terminal: &Terminal, settings: &Settings) -> Result<Keys, Failure> {
        let mut trusted: Keys = settings.said.trust.iter().copied().collect();
        if self.as_node.is_none() {
            trusted.extend(keys::trusted(terminal)?.iter().map(|one| one.key));
            trusted.insert(keys::default_or_new(terminal)?.node_id());
        }
        Ok(trusted)
    }

    /// Tags of the network file, of the settings, and of flags.
    fn tags(&self, terminal: &Terminal, settings: &Settings) -> Result<Vec<TagChange>, Failure> {
        let put_up = |tag: &TagDef| {
            tag.put_up()
                .map_err(|error| Failure::failed(format!("tag `{}`: {error}", tag.name)))
        };
        let of_net = self.of_net(terminal)?;
        let mut tags = of_net
            .iter()
            .chain(&settings.tags)
            .map(put_up)
            .collect::<Result<Vec<_>, _>>()?;
        for line in &self.tag {
            let tag = settings::flags::tag(line).map_err(|why| wrong("--tag", line, &why))?;
            let value = tag.value.as_deref().unwrap_or_default();
            tags.push(TagChange::new(Keeper::Programs, &tag.spec(), value));
        }
        Ok(tags)
    }

    fn of_net(&self, terminal: &Terminal) -> Result<Vec<TagDef>, Failure> {
        let (Some(file), Some(name)) = (&self.net, &self.as_node) else {
            return Ok(Vec::new());
        };
        let network = network::read(terminal, file)?;
        let node = network::node(&network, Some(name))?;
        let mut layout = network.layout(sm_sim::Seed(network::seed(&network, self.seed)));
        Ok(layout.nodes.swap_remove(node.at()).tags)
    }
}

fn link(
    settings: &Settings,
    key: &KeyPair,
    incarnation: Incarnation,
    trusts: &Keys,
) -> Result<Quic, Failure> {
    let listen = match &settings.said.listen[..] {
        [] => &[SocketAddr::from(([127, 0, 0, 1], 0))],
        listen => listen,
    };
    let options = LinkOptions {
        keep_alive: settings.said.keep_alive.unwrap_or(limits::KEEP_ALIVE),
        idle: settings.said.idle.unwrap_or(limits::IDLE),
        incarnation,
    };
    let trusted = Trusted::default();
    trusts.iter().for_each(|key| trusted.insert(*key));
    Quic::listen(key, listen, &options, trusted).map_err(|error| {
        Failure::failed(format!("cannot listen on {error}"))
            .help("`--listen 127.0.0.1:0` takes any port that is free")
    })
}

fn discovery(
    settings: &Settings,
    own: NodeId,
    listen: &[SocketAddr],
) -> Result<Option<Discovery>, Failure> {
    if !settings.said.discover {
        return Ok(None);
    }
    let outside = listen.iter().filter(|at| !at.ip().is_loopback());
    let mut announced: Vec<SocketAddr> = outside.copied().collect();
    // An announcement has one port.
    let port = announced.first().map(SocketAddr::port);
    announced.retain(|at| Some(at.port()) == port);
    if announced.is_empty() {
        return Err(Failure::usage("`--discover` finds nobody on loopback")
            .help("`--listen 0.0.0.0:0` listens on all interfaces"));
    }
    Discovery::start(own, &announced)
        .map(Some)
        .map_err(|error| Failure::failed(format!("cannot search for nodes: {error}")))
}

fn record(path: Option<&Path>) -> Result<Option<File>, Failure> {
    let Some(path) = path else {
        return Ok(None);
    };
    File::create(path)
        .map(Some)
        .map_err(|error| Failure::failed(format!("cannot write to `{}`: {error}", path.display())))
}

fn wrong(flag: &str, line: &str, why: &str) -> Failure {
    Failure::usage(format!("`{flag} {line}`: {why}"))
}

/// The key of a node that is not said to have another.
fn node_key() -> KeyPlace {
    "node".parse().expect("it is a name")
}

/// Lets a node live in a task of its own, which the runtime wakes without a call to the system.
async fn live_until(host: Host, end: impl Future<Output = ()>) -> std::io::Result<()> {
    let (over, ended) = oneshot::channel::<()>();
    let mut life = tokio::spawn(host.run(async { drop(ended.await) }));
    let lived = tokio::select! {
        lived = &mut life => lived,
        () = end => {
            drop(over);
            life.await
        }
    };
    lived.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
}

/// What a node tells its operator: lines of programs are data, the rest is talk.
fn show(event: &Event) {
    let message = || NodeId(event.message).to_string()[..12].to_owned();
    let key = |key: &[u8; 32]| NodeId(*key).to_string()[..12].to_owned();
    match &event.what {
        // Who started the node and went away does not want to read it.
        What::Printed(text) => drop(output::line(text)),
        What::Linked(peer) => output::talk(&format!("linked with {}", key(peer))),
        What::Unlinked { key: peer, reason } => {
            output::talk(&format!("no longer linked with {}: {reason}", key(peer)));
        }
        What::Note(text) => output::talk(text),
        What::Ended(End::Killed(_, why)) => {
            output::talk(&format!("message {} was ended: {why}", message()));
        }
        _ => {}
    }
}

fn cannot(what: &str, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot {what}: {error}"))
}

fn no_socket(name: &str, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        return Failure::failed(format!("a node `{name}` runs here already"))
            .help("give this one another name: --name NAME");
    }
    cannot("listen to orders", error)
}
