//! `smc mtcp`: connections that move, for programs that know nothing of it.

mod front;
mod operate;
mod pulse;
pub(crate) mod sealing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use sm_core::ids::NodeId;
use sm_net::clock;
use sm_net::identity::parse_key;
use sm_net::mtcp::policy::Policy;
use sm_net::mtcp::{
    Accepted, ClientOptions, Control, Delegation, MtcpConnector, MtcpListener, Operated, ServiceId,
    ServiceOptions, forward, forward_plain, listen_at, relay,
};

use crate::exit::{Exit, Failure};
use crate::folders;
use crate::keys::{self, KeyPlace};
use crate::output::{self, Terminal};
use crate::remote::names::hex;
use crate::remote::{Kind, block_on};
use crate::settings::{self, policy::Side};

/// Carry TCP connections so that they survive lost links and changed servers
///
/// A client end stands beside the clients, a server end before the servers;
/// between them speaks M-TCP, encrypted. What is a service, and who may serve
/// it, its key says.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Proxy(Proxy),
    Serve(Box<Serve>),
    Delegate(Delegate),
    SealKey(sealing::SealKey),
    List(operate::List),
    Explain(operate::Explain),
    Migrate(operate::MigrateOptions),
    Drain(operate::Drain),
}

/// Take plain TCP connections here, and carry them to a service
#[derive(Debug, Args)]
struct Proxy {
    /// The service: its name, its key, and where its servers are
    #[arg(long, env = "SM_SERVICE", value_name = "NAME=KEY@HOST:PORT,..", value_parser = place)]
    service: Place,

    /// Where programs connect to
    #[arg(long, env = "SM_LISTEN", value_name = "ADDRESS:PORT")]
    listen: String,

    /// When connections go to another server; else when theirs asks for it
    #[arg(long, env = "SM_POLICY", value_name = "FILE.toml")]
    policy: Option<PathBuf>,

    /// What operators call it; else the service and its port, as `web-7800`
    #[arg(long, env = "SM_NAME", value_name = "NAME", value_parser = name)]
    name: Option<String>,

    #[command(flatten)]
    pulse: pulse::Pulse,
}

/// Take connections of a service, and carry them to a plain TCP server
///
/// They survive lost links; they do not move to another server, for what the
/// plain server knows stays where it is. With --upstream this is a front end
/// to such a server, and there may be several: connections move between them.
/// SIGTERM has one end when its connections are elsewhere.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct Serve {
    /// The name of the service
    #[arg(long, env = "SM_SERVICE", value_name = "NAME")]
    service: String,

    /// Where client ends connect to
    #[arg(long, env = "SM_LISTEN", value_name = "ADDRESS:PORT")]
    listen: String,

    /// Where the plain server is
    #[arg(long, env = "SM_FORWARD", value_name = "HOST:PORT")]
    #[arg(required_unless_present = "upstream")]
    forward: Option<String>,

    #[command(flatten)]
    front: front::Front,

    #[command(flatten)]
    held: sealing::Held,

    /// The plain server's clients speak first: plain ones may come to the same port,
    /// and are carried as they are
    #[arg(long, env = "SM_CLIENT_FIRST", verbatim_doc_comment)]
    client_first: bool,

    /// What operators call it; else the service and its port, as `web-7700`
    #[arg(long, env = "SM_NAME", value_name = "NAME", value_parser = name)]
    name: Option<String>,

    /// When it asks clients to go to another server, because it has too much to do
    #[arg(long, env = "SM_POLICY", value_name = "FILE.toml")]
    policy: Option<PathBuf>,

    /// This server's key: its name, or the path of its file; else your default key
    #[arg(long, env = "SM_KEY", value_name = "KEY")]
    key: Option<KeyPlace>,

    /// The service's key, if it is not this server's
    #[arg(long, env = "SM_SERVICE_KEY", value_name = "KEY", value_parser = parse_key)]
    #[arg(requires = "delegation")]
    service_key: Option<NodeId>,

    /// What `smc mtcp delegate` wrote for this server's key
    #[arg(long, env = "SM_DELEGATION", value_name = "DIGITS", value_parser = delegation)]
    #[arg(requires = "service_key")]
    delegation: Option<Delegation>,

    #[command(flatten)]
    pulse: pulse::Pulse,
}

/// Let a server speak for a service, with the service's key
#[derive(Debug, Args)]
struct Delegate {
    /// The name of the service
    #[arg(long, env = "SM_SERVICE", value_name = "NAME")]
    service: String,

    /// The server's public key
    #[arg(long, env = "SM_SERVER", value_name = "KEY", value_parser = parse_key)]
    server: NodeId,

    /// For how many days
    #[arg(long, env = "SM_DAYS", value_name = "DAYS", default_value_t = 90)]
    days: u32,

    /// The service's key: its name, or the path of its file; else your default key
    #[arg(long, env = "SM_KEY", value_name = "KEY")]
    key: Option<KeyPlace>,
}

/// A service and its servers, as they are written on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    service: ServiceId,
    addresses: Vec<String>,
}

fn place(text: &str) -> Result<Place, String> {
    let form = "write NAME=KEY@HOST:PORT, and further servers behind commas";
    let (name, rest) = text.split_once('=').ok_or(form)?;
    let (key, addresses) = rest.split_once('@').ok_or(form)?;
    let key = parse_key(key).map_err(|error| error.to_string())?;
    let addresses: Vec<String> = addresses.split(',').map(str::to_owned).collect();
    let fits = |address: &String| {
        let port = address
            .rsplit_once(':')
            .filter(|(host, _)| !host.is_empty());
        port.is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    };
    if name.is_empty() || !addresses.iter().all(fits) {
        return Err(form.to_owned());
    }
    let name = name.to_owned();
    Ok(Place {
        service: ServiceId { name, key },
        addresses,
    })
}

pub(crate) fn delegation(text: &str) -> Result<Delegation, String> {
    let digits = "write the digits that `smc mtcp delegate` wrote";
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(digits.to_owned());
    }
    let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
    let bytes: Result<Vec<u8>, _> = pairs.map(|pair| u8::from_str_radix(pair, 16)).collect();
    let bytes = bytes.map_err(|_| digits)?;
    Delegation::decode(&bytes).map_err(|error| format!("{error}; {digits}"))
}

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        match &self.what {
            What::Proxy(proxy) => block_on(proxy.run(terminal)),
            What::Serve(serve) => block_on(serve.run(terminal)),
            What::Delegate(delegate) => delegate.run(terminal),
            What::SealKey(key) => key.run(),
            What::List(list) => block_on(list.run()),
            What::Explain(explain) => block_on(explain.run()),
            What::Migrate(migrate) => block_on(migrate.run()),
            What::Drain(drain) => block_on(drain.run(terminal)),
        }
    }
}

impl Proxy {
    async fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let Place { service, addresses } = self.service.clone();
        let mut options = ClientOptions::new(service, addresses);
        options.policy = policy(terminal, self.policy.as_deref(), Side::Client)?;
        options.timing = self.pulse.timing();
        let connector = MtcpConnector::new(options).map_err(|error| unusable(&error))?;
        let connector = Arc::new(connector);
        let listener = listen_at(&self.listen).await;
        let listener = listener.map_err(|error| cannot_listen(&self.listen, &error))?;
        let at = listener.local_addr().map_err(|error| unusable(&error))?;
        let name = &self.service.service.name;
        let _operated = {
            let name = called(self.name.as_ref(), name, at.port());
            operated(Operable::Proxy(&connector), &name).await?
        };
        output::talk(&format!("connections to {at} go to the service `{name}`"));
        loop {
            let Ok((plain, from)) = listener.accept().await else {
                tokio::time::sleep(sm_net::limits::ACCEPT_PAUSE).await;
                continue;
            };
            let connector = connector.clone();
            tokio::spawn(async move {
                if let Err(error) = relay(plain, &connector).await {
                    output::talk(&format!("the connection of {from} has ended: {error}"));
                }
            });
        }
    }
}

impl Serve {
    async fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let key = keys::place_or_default(terminal, self.key.as_ref())?;
        let mut options = ServiceOptions::new(key, &self.service);
        options.config.timing = self.pulse.timing();
        if let (Some(key), Some(delegation)) = (self.service_key, &self.delegation) {
            options.service.key = key;
            options.delegation = Some(delegation.clone());
            let now = clock::unix_nanos() / 1_000_000_000;
            let own = options.key.node_id();
            if let Err(error) = delegation.check(&options.service, own, now) {
                return Err(
                    Failure::usage(format!("the delegation does not fit: {error}"))
                        .help("`smc mtcp delegate` makes another one, with the service's key"),
                );
            }
        }
        let Some(forward_to) = self.forward.clone().filter(|_| !self.front.is_wanted()) else {
            let options = self.held.of(options)?;
            let name = (&self.listen[..], self.name.as_ref());
            return self.front.run(options, name).await;
        };
        // What the plain server knows does not move.
        options.config.quota = 0;
        options.client_first = self.client_first;
        options.policy = policy(terminal, self.policy.as_deref(), Side::Server)?;
        let service = options.service.clone();
        let listener = MtcpListener::bind(&self.listen, options).await;
        let mut listener = listener.map_err(|error| cannot_listen(&self.listen, &error))?;
        let at = listener.local_addr();
        let name = called(self.name.as_ref(), &service.name, at.port());
        let control = listener.control();
        let _operated = operated(Operable::Server(&control), &name).await?;
        output::talk(&format!(
            "clients reach it with --service {}={}@{at}",
            service.name, service.key
        ));
        loop {
            let accepted = listener.accept_any().await;
            let to = forward_to.clone();
            tokio::spawn(async move {
                let ended = match accepted {
                    Accepted::Moving(stream) => forward(stream, &to).await,
                    Accepted::Plain(client) => forward_plain(client, &to).await,
                };
                if let Err(error) = ended {
                    output::talk(&format!("a connection to {to} has ended: {error}"));
                }
            });
        }
    }
}

impl Delegate {
    fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let key = keys::place_or_default(terminal, self.key.as_ref())?;
        let now = clock::unix_nanos() / 1_000_000_000;
        let expires = now + u64::from(self.days) * 24 * 3600;
        let signed = Delegation::sign(&key, &self.service, self.server, expires);
        let signed = signed.map_err(|_| {
            let most = sm_net::limits::MTCP_SERVICE_BYTES;
            Failure::usage(format!("the name of a service has 1 to {most} bytes"))
        })?;
        output::line(hex(&signed.encode()))?;
        Ok(Exit::Ok)
    }
}

fn policy(terminal: &Terminal, path: Option<&Path>, side: Side) -> Result<Option<Policy>, Failure> {
    path.map(|path| settings::policy::read(terminal, path, side))
        .transpose()
}

/// What a socket can be called.
fn name(text: &str) -> Result<String, String> {
    match text == file_name(text) && !text.is_empty() {
        true => Ok(text.to_owned()),
        false => Err("write letters, digits, `-`, `_` and `.`".to_owned()),
    }
}

fn file_name(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.chars()
        .map(|c| if fits(c) { c } else { '-' })
        .collect()
}

/// What operators call an end, if nothing else is said.
fn called(name: Option<&String>, service: &str, port: u16) -> String {
    match name {
        Some(name) => name.clone(),
        None => format!("{service}-{port}"),
    }
}

/// What operators can be let in to.
pub(crate) enum Operable<'a> {
    Server(&'a Control),
    Proxy(&'a MtcpConnector),
}

/// Lets operators in, by a name; what no file can be called is replaced in it.
pub(crate) async fn operated(what: Operable<'_>, name: &str) -> Result<Operated, Failure> {
    let name = file_name(name);
    let kind = match what {
        Operable::Server(_) => Kind::Server,
        Operable::Proxy(_) => Kind::Proxy,
    };
    let socket = folders::runtime()?.join(format!("{name}.{}", kind.ending()));
    let operated = match what {
        Operable::Server(control) => control.operate(&socket).await,
        Operable::Proxy(connector) => connector.operate(&socket).await,
    };
    operated.map_err(|error| no_socket((kind, &name), &error))
}

fn no_socket((kind, name): (Kind, &str), error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        let noun = kind.noun();
        return Failure::failed(format!("a {noun} `{name}` runs here already"))
            .help("give this one another name: --name NAME");
    }
    Failure::failed(format!("cannot listen to orders: {error}"))
}

fn cannot_listen(at: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Unreachable, format!("cannot listen at {at}: {error}"))
        .help("port 0 takes any that is free")
}

fn unusable(error: &std::io::Error) -> Failure {
    Failure::failed(error.to_string())
}
