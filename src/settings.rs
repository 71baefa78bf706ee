//! The settings file of a node, and the same in one line for flags.
//!
//! `docs/nodes.md` is its reference. What a file does not say is left to flags and defaults.

pub(crate) mod drain;
mod drivers;
pub(crate) mod flags;
mod granted;
pub(crate) mod policy;
mod services;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use sm_core::ids::{NodeId, Span};
use sm_core::node::NodeLimits;
use sm_core::tags::TagName;
use sm_net::identity::{Neighbor, parse_key};
use sm_net::io::Driver;
use sm_net::limits;
use sm_sim::limits::FILE_BYTES;
use sm_sim::network::TagDef;
use sm_sim::reading::{self, Field, FileErrors, Problems, Table, values};

pub(crate) use services::ServiceDef;

use crate::exit::Failure;
use crate::keys::KeyPlace;
use crate::output::Terminal;
use crate::{network, source};

/// What an operator wrote down about a node.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) said: Said,
    /// The tags that it begins with.
    pub(crate) tags: Vec<TagDef>,
    /// Its sensors and actuators.
    pub(crate) io: Vec<Box<dyn Driver>>,
    /// What clients connect to.
    pub(crate) services: Vec<ServiceDef>,
    /// What it grants; defaults where nothing is said.
    pub(crate) limits: NodeLimits,
}

/// What flags and the settings file can say alike. The comments are the help of the flags.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Said {
    /// What people call it; its socket is called so too. Default: `node`
    #[arg(long, env = "SM_NAME")]
    pub(crate) name: Option<String>,

    /// Where it listens, once for each address; port 0 takes any. Default: 127.0.0.1:0
    #[arg(
        long,
        env = "SM_LISTEN",
        value_name = "ADDR:PORT",
        value_delimiter = ','
    )]
    pub(crate) listen: Vec<SocketAddr>,

    /// Its own key, made if there is none: a name, or a path with a `/`. Default: `node`
    #[arg(long, env = "SM_KEY", value_name = "NAME|PATH")]
    pub(crate) key: Option<KeyPlace>,

    /// A node to be linked with; may be given more than once
    #[arg(long = "neighbor", env = "SM_NEIGHBOR", value_name = "KEY@ADDR")]
    #[arg(value_delimiter = ',', value_parser = str::parse::<Neighbor>)]
    pub(crate) neighbors: Vec<Neighbor>,

    /// A key of a node or an author to be trusted; may be given more than once
    #[arg(long, env = "SM_TRUST", value_name = "KEY")]
    #[arg(value_delimiter = ',', value_parser = parse_key)]
    pub(crate) trust: Vec<NodeId>,

    /// Find trusted nodes on the local network by multicast DNS, and be found by them
    #[arg(long, env = "SM_DISCOVER")]
    pub(crate) discover: bool,

    /// How often it shows itself to a silent neighbor
    #[arg(long, env = "SM_KEEP_ALIVE", value_name = "DURATION")]
    #[arg(value_parser = crate::arguments::span)]
    pub(crate) keep_alive: Option<Duration>,

    /// After how much silence it takes a neighbor for dead
    #[arg(long, env = "SM_IDLE", value_name = "DURATION")]
    #[arg(value_parser = crate::arguments::span)]
    pub(crate) idle: Option<Duration>,

    /// Write down all that happens to the node, for `smc replay`
    #[arg(long, env = "SM_RECORD", value_name = "FILE.smtrace")]
    pub(crate) record: Option<PathBuf>,
}

impl Said {
    /// What holds where both say something: this goes before, and lists of keys add up.
    pub(crate) fn before(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            listen: match self.listen.is_empty() {
                true => other.listen,
                false => self.listen,
            },
            key: self.key.or(other.key),
            neighbors: [other.neighbors, self.neighbors].concat(),
            trust: [other.trust, self.trust].concat(),
            discover: self.discover || other.discover,
            keep_alive: self.keep_alive.or(other.keep_alive),
            idle: self.idle.or(other.idle),
            record: self.record.or(other.record),
        }
    }
}

/// Reads a settings file; everything that is wrong with it is shown.
pub(crate) fn read(terminal: &Terminal, path: &Path) -> Result<Settings, Failure> {
    let text = source::text("settings file", path, FILE_BYTES)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&text, folder)
        .map_err(|errors| network::complain(terminal, (&path.display().to_string(), &text), errors))
}

/// Reads settings; paths in them begin in this folder.
pub(crate) fn parse(text: &str, folder: &Path) -> Result<Settings, FileErrors> {
    reading::document(text, |problems, file| top(problems, file, folder))
}

fn top(problems: &mut Problems<'_>, mut file: Table<'_>, folder: &Path) -> Settings {
    let mut said = Said {
        name: file.take("name").and_then(|field| name(problems, &field)),
        listen: each(problems, file.take("listen"), address),
        key: file
            .take("key")
            .and_then(|field| key_place(problems, &field, folder)),
        neighbors: once(problems, file.take("neighbors"), neighbor, |one| one.key),
        trust: once(problems, file.take("trust"), key, |key| *key),
        discover: file
            .take("discover")
            .and_then(|field| field.flag(problems))
            .unwrap_or_default(),
        record: file
            .take("record")
            .and_then(|field| path(problems, &field, folder)),
        ..Said::default()
    };
    silence(problems, &mut file, &mut said);
    let mut settings = Settings {
        said,
        ..Settings::default()
    };
    let mut seen = Seen::new();
    if let Some(table) = file.take("tags").and_then(|field| field.table(problems)) {
        settings.tags = tags(problems, table, &mut seen);
    }
    if let Some(table) = file.take("io").and_then(|field| field.table(problems)) {
        settings.io = drivers::all(problems, table, folder, &mut seen);
    }
    if let Some(table) = file
        .take("services")
        .and_then(|field| field.table(problems))
    {
        settings.services = services::all(problems, table, folder);
    }
    if let Some(table) = file.take("limits").and_then(|field| field.table(problems)) {
        settings.limits = granted::limits(problems, table);
    }
    file.finish(problems);
    settings
}

/// Where each tag stands in the file, to say so when it is given again.
type Seen = BTreeMap<TagName, usize>;

/// Reports a tag that is there already.
fn see(problems: &mut Problems<'_>, seen: &mut Seen, name: &TagName, field: &Field<'_>) {
    if let Some(first) = seen.insert(name.clone(), field.key_span.start) {
        let line = problems.line(first);
        let message = format!("there is such a tag already, in line {line}");
        problems.add(field.key_span.clone(), &field.key, message);
    }
}

fn tags(problems: &mut Problems<'_>, table: Table<'_>, seen: &mut Seen) -> Vec<TagDef> {
    let mut tags = Vec::new();
    for (name, field) in table.rest() {
        let Some(tag) = values::tag(problems, name, &field) else {
            continue;
        };
        if tag.driver.is_some() {
            let message = "only a simulated node has such a driver";
            let help = format!("the driver of a real one stands in [io.{name}]");
            problems.add_with_help(field.span(), &field.key, message, Some(help));
        }
        match tag.open() {
            Ok((open, _)) => see(problems, seen, &open.name, &field),
            Err(error) => problems.add(field.span(), &field.key, error.to_string()),
        }
        tags.push(tag);
    }
    tags
}

fn silence(problems: &mut Problems<'_>, file: &mut Table<'_>, said: &mut Said) {
    let keep_alive = file.take("keep_alive");
    let idle = file.take("idle");
    let period = |problems: &mut Problems<'_>, field: &Option<Field<'_>>| {
        let span = field.as_ref()?.period(problems)?;
        Some(duration(span))
    };
    said.keep_alive = period(problems, &keep_alive);
    said.idle = period(problems, &idle);
    let unread =
        |field: &Option<Field<'_>>, read: Option<Duration>| field.is_some() && read.is_none();
    if unread(&keep_alive, said.keep_alive) || unread(&idle, said.idle) {
        return;
    }
    let Some(field) = idle.or(keep_alive) else {
        return;
    };
    let shown = said.keep_alive.unwrap_or(limits::KEEP_ALIVE);
    if said.idle.unwrap_or(limits::IDLE) <= shown {
        field.expected(problems, "`idle` to be longer than `keep_alive`");
    }
}

fn duration(span: Span) -> Duration {
    Duration::from_nanos(span.0)
}

/// One value, or each of a list.
fn each<T>(
    problems: &mut Problems<'_>,
    field: Option<Field<'_>>,
    read: fn(&mut Problems<'_>, &Field<'_>) -> Option<T>,
) -> Vec<T> {
    let fields = field.map(|field| field.one_or_more(problems));
    let fields = fields.unwrap_or_default();
    fields
        .iter()
        .filter_map(|field| read(problems, field))
        .collect()
}

/// The same, with no key twice.
fn once<T>(
    problems: &mut Problems<'_>,
    field: Option<Field<'_>>,
    read: fn(&mut Problems<'_>, &Field<'_>) -> Option<T>,
    key: fn(&T) -> NodeId,
) -> Vec<T> {
    let mut seen = BTreeMap::new();
    let mut all = Vec::new();
    let fields = field.map(|field| field.one_or_more(problems));
    for field in fields.unwrap_or_default() {
        let Some(one) = read(problems, &field) else {
            continue;
        };
        if let Some(first) = seen.insert(key(&one), field.span().start) {
            let line = problems.line(first);
            let message = format!("this key is given already, in line {line}");
            problems.add(field.span(), &field.key, message);
            continue;
        }
        all.push(one);
    }
    all
}

fn name(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<String> {
    let name = field.string(problems)?;
    // The node's socket is called so.
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '/') {
        field.expected(problems, "a name without spaces and slashes");
        return None;
    }
    Some(name.to_owned())
}

fn address(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<SocketAddr> {
    let address = field.string(problems)?.parse().ok();
    if address.is_none() {
        field.expected(problems, "an address such as \"127.0.0.1:7700\"");
    }
    address
}

fn neighbor(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<Neighbor> {
    let read = field.string(problems)?.parse::<Neighbor>();
    read.map_err(|error| problems.add(field.span(), &field.key, error.to_string()))
        .ok()
}

fn key(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<NodeId> {
    let read = parse_key(field.string(problems)?);
    read.map_err(|error| problems.add(field.span(), &field.key, error.to_string()))
        .ok()
}

fn key_place(problems: &mut Problems<'_>, field: &Field<'_>, folder: &Path) -> Option<KeyPlace> {
    let read = field.string(problems)?.parse::<KeyPlace>();
    let read = read.map(|place| place.in_folder(folder));
    read.map_err(|error| problems.add(field.span(), &field.key, error))
        .ok()
}

fn path(problems: &mut Problems<'_>, field: &Field<'_>, folder: &Path) -> Option<PathBuf> {
    let path = field.string(problems)?;
    if path.is_empty() {
        field.expected(problems, "a path");
        return None;
    }
    Some(folder.join(path))
}
