//! What an operator does with a server's connections: list, explain, migrate and drain.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};
use sm_core::ids::{NodeId, Span};
use sm_net::control::protocol::{
    Answer, Connection, ConnectionName, Explained, Has, Migrate, Move, Outcome, Request, Server,
};
use sm_net::identity::parse_key;
use sm_sim::reading::show_span;

use crate::exit::{Exit, Failure};
use crate::interrupt::Signals;
use crate::output::Terminal;
use crate::remote::names::{hex, short};
use crate::remote::{self, Kind, Node, Wanted};
use crate::settings::drain;
use crate::{output, table, text};

/// Which server is meant.
#[derive(Debug, Args)]
struct At {
    /// The server, or the proxy: its name, or the path of its socket
    #[arg(long, env = "SM_AT", value_name = "SERVER")]
    at: Option<String>,
}

impl At {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            flag: "--at",
            name: self.at.as_deref(),
        }
    }

    /// The server that is meant; a proxy where there is none.
    fn find(&self) -> Result<Node, Failure> {
        let name = self.at.as_deref();
        let is_proxy = !remote::is_there(Kind::Server, name) && remote::is_there(Kind::Proxy, name);
        let kind = if is_proxy { Kind::Proxy } else { Kind::Server };
        remote::find_of(kind, self.wanted())
    }

    /// The one that is named, or all.
    fn find_all(&self) -> Result<Vec<Node>, Failure> {
        if self.at.is_some() {
            return Ok(vec![self.find()?]);
        }
        match remote::is_there(Kind::Proxy, None) {
            true if remote::is_there(Kind::Server, None) => {
                let servers = remote::find_all_of(Kind::Server, self.wanted())?;
                let proxies = remote::find_all_of(Kind::Proxy, self.wanted())?;
                Ok(servers.into_iter().chain(proxies).collect())
            }
            true => remote::find_all_of(Kind::Proxy, self.wanted()),
            false => remote::find_all_of(Kind::Server, self.wanted()),
        }
    }
}

/// The first digits of a connection's name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Prefix(String);

fn prefix(text: &str) -> Result<Prefix, String> {
    let text = text.to_ascii_lowercase();
    let fits = (1..=32).contains(&text.len());
    if fits && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(Prefix(text));
    }
    let help = "write the first hexadecimal digits of a connection, as `smc mtcp list` shows it";
    Err(help.to_owned())
}

/// List the connections at the servers of this machine
///
/// For each: the first digits of its name, what the server has of it, whether its
/// client is attached, the bytes that would move, those of them that would be run
/// again, its standbys, and whether it can move now, or why not.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct List {
    #[command(flatten)]
    at: At,

    /// Write one JSON object
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// Say whether a connection can move now, and what it would take
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The first digits of its name
    #[arg(value_name = "CONNECTION", value_parser = prefix)]
    connection: Prefix,

    #[command(flatten)]
    at: At,

    /// Write one JSON object
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// How connections are to move.
#[derive(Debug, Args)]
struct How {
    #[command(flatten)]
    at: At,

    /// How many begin to move in a second, at most
    #[arg(long, env = "SM_RATE", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

    /// Only say what would move
    #[arg(long, env = "SM_DRY_RUN")]
    dry_run: bool,

    /// Write each move as a JSON object, one a line
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// Move a connection to another server, or all
///
/// The client of each is asked to go. One whose client does not, within ten
/// seconds, stays. Ctrl-C ends it: those that are under way may still go.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct MigrateOptions {
    /// The first digits of its name
    #[arg(value_name = "CONNECTION", value_parser = prefix, required_unless_present = "all")]
    connection: Option<Prefix>,

    /// All that run there
    #[arg(long, env = "SM_ALL", conflicts_with = "connection")]
    all: bool,

    /// The key of the server that takes them; else any
    #[arg(long, env = "SM_TO", value_name = "KEY", value_parser = parse_key)]
    to: Option<NodeId>,

    #[command(flatten)]
    how: How,
}

/// Empty a server, so that it can be stopped
///
/// It takes no more connections, and those that it has are asked to go. Those that
/// cannot are named, and waited for. Ctrl-C ends it, and the server takes
/// connections again.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Drain {
    #[command(flatten)]
    how: How,

    /// How: pause, at_once, order, deadline
    #[arg(long, env = "SM_POLICY", value_name = "FILE.toml")]
    policy: Option<PathBuf>,
}

async fn connections(server: &Node) -> Result<Vec<Connection>, Failure> {
    match server.call(&Request::Connections).await? {
        Answer::Connections(connections) => Ok(connections),
        other => Err(server.strange(&other)),
    }
}

/// The one connection whose name begins so.
async fn find(server: &Node, prefix: &Prefix) -> Result<ConnectionName, Failure> {
    let all = connections(server).await?;
    let mut fits = all.iter().filter(|one| hex(&one.id).starts_with(&prefix.0));
    match (fits.next(), fits.next()) {
        (Some(one), None) => Ok(one.id),
        (None, _) => {
            let message = format!("no connection `{}` is at `{}`", prefix.0, server.name);
            Err(Failure::failed(message).help("`smc mtcp list` shows those that there are"))
        }
        (Some(_), Some(_)) => {
            let message = format!("several connections begin with `{}`", prefix.0);
            Err(Failure::usage(message).help("write more of the digits"))
        }
    }
}

impl List {
    pub(super) async fn run(&self) -> Result<Exit, Failure> {
        let servers = self.at.find_all()?;
        let answered = remote::each(&servers, connections).await?;
        let of_server = |(server, all): &(Node, Vec<Connection>)| {
            let name = server.name.clone();
            let all = all.clone().into_iter();
            all.map(move |one| (name.clone(), one)).collect::<Vec<_>>()
        };
        let found: Vec<(String, Connection)> = answered.iter().flat_map(of_server).collect();
        if self.json {
            let all: Vec<Json> = found.iter().map(|(name, one)| object(name, one)).collect();
            output::line(json!({ "connections": all }))?;
        } else if found.is_empty() {
            output::talk("no connection is there");
        } else {
            let mut rows = vec![table::head(HEAD)];
            rows.extend(found.iter().map(|(name, one)| row(name, one)));
            for line in table::lines(&rows) {
                output::line(line)?;
            }
        }
        Ok(Exit::Ok)
    }
}

const HEAD: &[&str] = &[
    "SERVER",
    "CONNECTION",
    "HAS",
    "CLIENT",
    "BYTES",
    "LOG",
    "STANDBYS",
    "MOVES",
];

fn row(server: &str, one: &Connection) -> Vec<String> {
    vec![
        server.to_owned(),
        short(&one.id),
        has(one.has),
        if one.attached { "attached" } else { "away" }.to_owned(),
        size(one.bytes),
        size(one.log),
        one.standbys.len().to_string(),
        one.blocked
            .as_ref()
            .map_or("yes".to_owned(), |why| format!("no: {why}")),
    ]
}

fn size(bytes: u64) -> String {
    text::size(usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn has(has: Has) -> String {
    match has {
        Has::Service => "service".to_owned(),
        Has::Leaving(to) => format!("leaving to {}", short(&to)),
        Has::Copy(of) => format!("copy of {}", short(&of)),
        Has::Nothing => "nothing".to_owned(),
        Has::Client(at) => format!("client of {}", short(&at)),
    }
}

fn object(server: &str, one: &Connection) -> Json {
    let (has, other) = match &one.has {
        Has::Service => ("service", None),
        Has::Leaving(to) => ("leaving", Some(to)),
        Has::Copy(of) => ("copy", Some(of)),
        Has::Nothing => ("nothing", None),
        Has::Client(at) => ("client", Some(at)),
    };
    json!({
        "server": server,
        "connection": hex(&one.id),
        "epoch": one.epoch,
        "has": has,
        "other": other.map(|other| hex(other)),
        "attached": one.attached,
        "bytes": one.bytes,
        "log_bytes": one.log,
        "standbys": one.standbys.iter().map(|one| hex(one)).collect::<Vec<_>>(),
        "round_trip_nanos": one.round_trip,
        "movable": one.blocked.is_none(),
        "blocked": one.blocked,
    })
}

impl Explain {
    pub(super) async fn run(&self) -> Result<Exit, Failure> {
        let server = self.at.find()?;
        let id = find(&server, &self.connection).await?;
        let explained = match server.call(&Request::Explain(id)).await? {
            Answer::Explained(explained) => *explained,
            other => return Err(server.strange(&other)),
        };
        let Explained {
            connection: one,
            candidates,
        } = &explained;
        if self.json {
            let mut told = object(&server.name, one);
            told["candidates"] = candidates.iter().map(candidate).collect();
            output::line(told)?;
            return Ok(Exit::Ok);
        }
        output::line(format!(
            "{} at {}: {}",
            hex(&one.id),
            server.name,
            has(one.has)
        ))?;
        match &one.blocked {
            None => output::line("it can move now")?,
            Some(why) => output::line(format!("it cannot move now: {why}"))?,
        }
        if !matches!(one.has, Has::Client(_)) {
            let (all, log) = (size(one.bytes), size(one.log));
            output::line(format!(
                "{all} would move; {log} of them would be run again"
            ))?;
        }
        let trip = one.round_trip.map(|nanos| show_span(Span(nanos)));
        let trip = trip.map_or("not known".to_owned(), |trip| trip);
        let whom = match one.has {
            Has::Client(_) => "server",
            _ => "client",
        };
        output::line(format!("round trip to its {whom}: {trip}"))?;
        let standbys: Vec<String> = one.standbys.iter().map(|one| hex(one)).collect();
        if !standbys.is_empty() {
            output::line(format!("standbys: {}", standbys.join(", ")))?;
        }
        for candidate in candidates {
            output::line(where_to(candidate, one.has))?;
            if candidate.round_trip.is_some() {
                output::line(times(candidate, one))?;
            }
        }
        Ok(Exit::Ok)
    }
}

fn where_to(one: &Server, has: Has) -> String {
    let begin = format!("it could go to {} at {}", hex(&one.key), one.address);
    match one.gap {
        _ if matches!(has, Has::Client(_)) => begin,
        _ if !one.linked => format!("{begin}, which cannot be reached"),
        None => begin,
        Some(gap) => {
            let gap = show_span(Span(gap));
            format!("{begin}: its client would hear nothing for {gap} at least")
        }
    }
}

/// How long it would take besides, and where that is known from.
fn times(one: &Server, of: &Connection) -> String {
    let transfer = match one.transfer {
        Some(nanos) => format!(
            "{} for {}, at the rate at which it took bytes before",
            show_span(Span(nanos)),
            size(of.bytes)
        ),
        None => "not known, since nothing long was sent there yet".to_owned(),
    };
    let replay = match one.replay {
        Some(0) => "nothing is run again".to_owned(),
        Some(nanos) => format!(
            "running again {}, at the rate of those that came here",
            show_span(Span(nanos))
        ),
        None => "running again not known, since none that came here was run again".to_owned(),
    };
    format!("  besides, the transfer: {transfer}; {replay}")
}

fn candidate(one: &Server) -> Json {
    json!({
        "key": hex(&one.key),
        "address": one.address,
        "linked": one.linked,
        "round_trip_nanos": one.round_trip,
        "gap_nanos": one.gap,
        "transfer_nanos": one.transfer,
        "replay_nanos": one.replay,
    })
}

impl MigrateOptions {
    pub(super) async fn run(&self) -> Result<Exit, Failure> {
        let server = self.how.at.find()?;
        let which = match &self.connection {
            Some(prefix) => Some(find(&server, prefix).await?),
            None => None,
        };
        let to = self.to.map(|to| to.0);
        let wish = Migrate {
            which,
            to,
            ..self.how.wish()
        };
        self.how.have(&server, wish).await
    }
}

impl Drain {
    pub(super) async fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let policy = self.policy.as_deref();
        let policy = policy.map(|path| drain::read(terminal, path)).transpose()?;
        let policy = policy.unwrap_or_default();
        let server = self.how.at.find()?;
        let mut wish = Migrate {
            at_once: policy.at_once,
            order: policy.order,
            deadline: policy.deadline.map(|span| span.0),
            drain: true,
            ..self.how.wish()
        };
        // What is said here is meant more than what stands in a file.
        if self.how.rate.is_none() {
            wish.pause = policy.pause.0;
        }
        self.how.have(&server, wish).await
    }
}

impl How {
    /// What is asked for of all.
    fn wish(&self) -> Migrate {
        Migrate {
            pause: self.rate.map_or(0, |rate| 1_000_000_000 / u64::from(rate)),
            dry_run: self.dry_run,
            ..Migrate::default()
        }
    }

    /// Asks for it, and tells what becomes of it.
    async fn have(&self, server: &Node, wish: Migrate) -> Result<Exit, Failure> {
        let mut signals = Signals::listen()?;
        let drain = wish.drain && !wish.dry_run;
        let mut client = server.open(&Request::Migrate(Box::new(wish))).await?;
        let mut told = Told::default();
        loop {
            let answer = tokio::select! {
                answer = server.next(&mut client) => answer?,
                () = signals.next() => {
                    told.sum(&server.name);
                    let again = if drain { "; the server takes connections again" } else { "" };
                    return Err(Failure::new(
                        Exit::Interrupted,
                        format!("it was broken off{again}"),
                    ));
                }
            };
            match answer {
                Answer::Move(one) => told.tell(self.json, &one)?,
                Answer::Done => break,
                other => return Err(server.strange(&other)),
            }
        }
        told.sum(&server.name);
        match told.stay.is_empty() {
            true => Ok(Exit::Ok),
            false => Ok(Exit::Failed),
        }
    }
}

/// What has been told.
#[derive(Debug, Default)]
struct Told {
    moved: usize,
    ended: usize,
    /// In a drain they may go later.
    stay: BTreeSet<ConnectionName>,
    would: usize,
}

impl Told {
    fn tell(&mut self, json: bool, one: &Move) -> Result<(), Failure> {
        let (word, why, nanos) = match &one.outcome {
            Outcome::Moved(nanos) => ("moved", None, Some(*nanos)),
            Outcome::Ended => ("ended", None, None),
            Outcome::Stays(why) => ("stays", Some(why), None),
            Outcome::Would => ("would move", None, None),
        };
        self.stay.remove(&one.id);
        match &one.outcome {
            Outcome::Moved(_) => self.moved += 1,
            Outcome::Ended => self.ended += 1,
            Outcome::Would => self.would += 1,
            Outcome::Stays(_) => drop(self.stay.insert(one.id)),
        }
        let (done, all) = one.count;
        if json {
            return output::line(json!({
                "connection": hex(&one.id),
                "outcome": word.replace(' ', "_"),
                "reason": why,
                "nanos": nanos,
                "done": done,
                "all": all,
            }));
        }
        let more = match (why, nanos) {
            (Some(why), _) => format!(": {why}"),
            (None, Some(nanos)) => format!(" after {}", show_span(Span(nanos))),
            (None, None) => String::new(),
        };
        output::line(format!("[{done}/{all}] {} {word}{more}", short(&one.id)))
    }

    fn sum(&self, server: &str) {
        let counts = [
            (self.moved, "moved"),
            (self.would, "would move"),
            (self.ended, "ended"),
            (self.stay.len(), "stay"),
        ];
        let said: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        match said.is_empty() {
            true => output::talk(&format!("no connection runs at {server}")),
            false => output::talk(&format!("connections of {server}: {}", said.join(", "))),
        }
    }
}
