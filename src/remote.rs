//! Running nodes, and servers of M-TCP, found by the names of their sockets, and how to talk to
//! them.

pub(crate) mod names;
pub(crate) mod tags;
pub(crate) mod tell;

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use sm_net::control::protocol::{Answer, Message, Neighbor, Refusal, Request, Status, Tag};
use sm_net::control::{Client, ControlError};

use crate::exit::{Exit, Failure};
use crate::{folders, output, text};

/// A node of this machine, or a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) socket: PathBuf,
    pub(crate) kind: Kind,
}

/// What listens at a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A node, started by `smc node`.
    Node,
    /// A server of M-TCP, started by `smc mtcp serve`, or with a node.
    Server,
    /// A client end of M-TCP, started by `smc mtcp proxy`.
    Proxy,
}

impl Kind {
    /// What its socket is called, after its name.
    pub(crate) const fn ending(self) -> &'static str {
        match self {
            Self::Node => "sock",
            Self::Server => "mtcp",
            Self::Proxy => "proxy",
        }
    }

    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Server => "server",
            Self::Proxy => "proxy",
        }
    }

    const fn start(self) -> &'static str {
        match self {
            Self::Node => "`smc node` starts a node, `smc up NET.toml` all nodes of a network",
            Self::Server => {
                "`smc mtcp serve` starts a server, and `smc node` those of its services"
            }
            Self::Proxy => "`smc mtcp proxy` starts a proxy",
        }
    }
}

/// How long one of several nodes may take to answer a question.
const PATIENCE: Duration = Duration::from_secs(3);

/// Which node is meant, and the flag that says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) flag: &'static str,
    pub(crate) name: Option<&'a str>,
}

/// Runs a command's asynchronous part.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot wait for events: {error}")))?
        .block_on(work)
}

/// The nodes that live in the folder for sockets, by name.
pub(crate) fn all() -> Result<Vec<Node>, Failure> {
    all_of(Kind::Node)
}

/// Whether one of this kind lives here, or one with this name was there.
pub(crate) fn is_there(kind: Kind, name: Option<&str>) -> bool {
    match name {
        Some(name) => folders::runtime()
            .is_ok_and(|folder| folder.join(format!("{name}.{}", kind.ending())).exists()),
        None => all_of(kind).is_ok_and(|all| !all.is_empty()),
    }
}

fn all_of(kind: Kind) -> Result<Vec<Node>, Failure> {
    let folder = folders::runtime()?;
    let entries = std::fs::read_dir(&folder).map_err(|error| {
        Failure::failed(format!("cannot look into {}: {error}", folder.display()))
    })?;
    let mut nodes: Vec<Node> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == kind.ending())
        })
        .filter_map(|path| Node::at(path, kind))
        .filter(Node::lives)
        .collect();
    nodes.sort_by(|one, two| one.name.cmp(&two.name));
    Ok(nodes)
}

/// The node that is wanted; the only one there is, if none is named.
pub(crate) fn find(wanted: Wanted<'_>) -> Result<Node, Failure> {
    find_of(Kind::Node, wanted)
}

/// The same of a kind.
pub(crate) fn find_of(kind: Kind, wanted: Wanted<'_>) -> Result<Node, Failure> {
    let Some(name) = wanted.name else {
        return only(kind, wanted.flag);
    };
    if name.contains('/') {
        return Node::at(name.into(), kind)
            .ok_or_else(|| Failure::usage(format!("`{name}` is no path of a socket")));
    }
    let socket = folders::runtime()?.join(format!("{name}.{}", kind.ending()));
    if socket.exists() {
        let name = name.to_owned();
        return Ok(Node { name, socket, kind });
    }
    let noun = kind.noun();
    let message = format!("no {noun} `{name}` runs here");
    Err(absent(kind, message, Some(name)))
}

/// The node that is wanted, or all that live here if none is named.
pub(crate) fn find_all(wanted: Wanted<'_>) -> Result<Vec<Node>, Failure> {
    find_all_of(Kind::Node, wanted)
}

/// The same of a kind.
pub(crate) fn find_all_of(kind: Kind, wanted: Wanted<'_>) -> Result<Vec<Node>, Failure> {
    if wanted.name.is_some() {
        return Ok(vec![find_of(kind, wanted)?]);
    }
    match all_of(kind)? {
        nodes if nodes.is_empty() => Err(none(kind)),
        nodes => Ok(nodes),
    }
}

/// Asks each of them. Of several those are left out that have ended meanwhile or do not answer, as
/// a process that is stopped does not: what the others say is what was wanted.
pub(crate) async fn each<T>(
    nodes: &[Node],
    ask: impl AsyncFn(&Node) -> Result<T, Failure>,
) -> Result<Vec<(Node, T)>, Failure> {
    let alone = nodes.len() == 1;
    let mut answers = Vec::new();
    for node in nodes {
        let silent = format!("the {} `{}` does not answer", node.kind.noun(), node.name);
        match tokio::time::timeout(PATIENCE, ask(node)).await {
            Ok(Ok(answer)) => answers.push((node.clone(), answer)),
            Ok(Err(failure)) if alone || node.lives() => return Err(failure),
            Ok(Err(_)) => {}
            Err(_) if alone => return Err(Failure::new(Exit::Timeout, silent)),
            Err(_) => output::talk(&silent),
        }
    }
    Ok(answers)
}

fn only(kind: Kind, flag: &str) -> Result<Node, Failure> {
    let mut nodes = all_of(kind)?;
    match nodes.len() {
        0 => Err(none(kind)),
        1 => Ok(nodes.remove(0)),
        _ => {
            let (names, noun) = (list(&nodes), kind.noun());
            let message = format!("several {noun}s run here: {names}");
            let help = format!("say which one with {flag} {}", noun.to_uppercase());
            Err(Failure::usage(message).help(help))
        }
    }
}

fn none(kind: Kind) -> Failure {
    absent(kind, format!("no {} runs here", kind.noun()), None)
}

/// No such node: with the name that was probably meant, and those that there are.
fn absent(kind: Kind, message: String, name: Option<&str>) -> Failure {
    let failure = Failure::new(Exit::Unreachable, message);
    let nodes = all_of(kind).unwrap_or_default();
    if nodes.is_empty() {
        return failure.help(kind.start());
    }
    let names = nodes.iter().map(|node| node.name.as_str());
    let failure = match name.and_then(|name| text::nearest(name, names)) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure,
    };
    failure.help(format!("running {}s: {}", kind.noun(), list(&nodes)))
}

fn list(nodes: &[Node]) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let dots = if names.len() > SHOWN { ", .." } else { "" };
    format!("{}{dots}", names[..names.len().min(SHOWN)].join(", "))
}

impl Node {
    /// The node with this socket, if a path can be that of one.
    fn at(socket: PathBuf, kind: Kind) -> Option<Self> {
        let name = socket.file_stem()?.to_str()?.to_owned();
        Some(Self { name, socket, kind })
    }

    /// As a message says it.
    fn told(&self) -> String {
        format!("{} `{}`", self.kind.noun(), self.name)
    }

    /// Whether somebody listens there.
    fn lives(&self) -> bool {
        UnixStream::connect(&self.socket).is_ok()
    }

    /// Connects and asks; what comes then is the caller's to take.
    pub(crate) async fn open(&self, request: &Request) -> Result<Client, Failure> {
        let mut client = Client::open(&self.socket)
            .await
            .map_err(|error| self.failure(&error))?;
        client
            .ask(request)
            .await
            .map_err(|error| self.failure(&error))?;
        Ok(client)
    }

    /// The next of many answers; a refusal is a failure, and so is that none will come.
    pub(crate) async fn next(&self, client: &mut Client) -> Result<Answer, Failure> {
        match client.answer().await {
            Ok(Answer::Refused(refusal)) => Err(self.refused(&refusal)),
            Ok(answer) => Ok(answer),
            Err(ControlError::Ended) => Err(Failure::new(
                Exit::Unreachable,
                format!("the {} has ended", self.told()),
            )),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// The one answer to a request; a refusal is a failure.
    pub(crate) async fn call(&self, request: &Request) -> Result<Answer, Failure> {
        let mut client = self.open(request).await?;
        match client.answer().await {
            Ok(Answer::Refused(refusal)) => Err(self.refused(&refusal)),
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.failure(&error)),
        }
    }

    pub(crate) async fn status(&self) -> Result<Status, Failure> {
        match self.call(&Request::Status).await? {
            Answer::Status(status) => Ok(*status),
            other => Err(self.strange(&other)),
        }
    }

    pub(crate) async fn messages(&self) -> Result<Vec<Message>, Failure> {
        match self.call(&Request::Messages).await? {
            Answer::Messages(messages) => Ok(messages),
            other => Err(self.strange(&other)),
        }
    }

    pub(crate) async fn neighbors(&self) -> Result<Vec<Neighbor>, Failure> {
        match self.call(&Request::Neighbors).await? {
            Answer::Neighbors(neighbors) => Ok(neighbors),
            other => Err(self.strange(&other)),
        }
    }

    pub(crate) async fn tags(&self) -> Result<Vec<Tag>, Failure> {
        match self.call(&Request::Tags).await? {
            Answer::Tags(tags) => Ok(tags),
            other => Err(self.strange(&other)),
        }
    }

    /// Asks for something that is done without more words.
    pub(crate) async fn order(&self, request: &Request) -> Result<(), Failure> {
        match self.call(request).await? {
            Answer::Done => Ok(()),
            other => Err(self.strange(&other)),
        }
    }

    /// Whether the node had what was named.
    pub(crate) async fn had(&self, request: &Request) -> Result<bool, Failure> {
        match self.call(request).await? {
            Answer::Found(found) => Ok(found),
            other => Err(self.strange(&other)),
        }
    }

    /// An answer to another question.
    pub(crate) fn strange(&self, answer: &Answer) -> Failure {
        let told = self.told();
        let text = format!("{answer:?}");
        let word = text.split(['(', ' ', '{']).next().unwrap_or_default();
        Failure::new(
            Exit::Unreachable,
            format!("the {told} answers something else than was asked: {word}"),
        )
    }

    pub(crate) fn refused(&self, refusal: &Refusal) -> Failure {
        let message = format!("the {} refuses: {}", self.told(), refusal.reason);
        if refusal.by_policy {
            Failure::new(Exit::Refused, message)
        } else {
            Failure::failed(message)
        }
    }

    /// The node does not answer.
    pub(crate) fn failure(&self, error: &ControlError) -> Failure {
        let told = self.told();
        match error {
            ControlError::Absent(error) => self.unreached(error),
            ControlError::Version(_) => {
                Failure::new(Exit::Unreachable, format!("the {told}: {error}"))
                    .help("run this command and the node from the same version of smc")
            }
            ControlError::Ended => Failure::new(
                Exit::Unreachable,
                format!("the {told} ended before it answered"),
            ),
            ControlError::Broken(error) => Failure::new(
                Exit::Unreachable,
                format!("the connection with the {told} broke: {error}"),
            ),
        }
    }

    fn unreached(&self, error: &io::Error) -> Failure {
        let told = self.told();
        match error.kind() {
            io::ErrorKind::ConnectionRefused => absent(
                self.kind,
                format!("the {told} is not running any more"),
                None,
            ),
            io::ErrorKind::NotFound => absent(
                self.kind,
                format!("there is no socket {}", self.socket.display()),
                None,
            ),
            io::ErrorKind::PermissionDenied => Failure::new(
                Exit::Refused,
                format!("the {told} belongs to somebody else"),
            ),
            _ => Failure::new(
                Exit::Unreachable,
                format!("the {told} cannot be reached: {error}"),
            ),
        }
    }
}
