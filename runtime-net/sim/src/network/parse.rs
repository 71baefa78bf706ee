//! From the text of a `.net.toml` to a [`Network`].

use std::collections::BTreeMap;

use sm_core::ids::Span;

use super::generate::{self, Shape};
use super::{Faults, LinkModel, LinkSpec, Memory, Network, NodeIx, NodeSpec, Partition, Window};
use crate::limits;
use crate::random::Delay;
use crate::reading::{self, Field, FileErrors, Problems, Table, suggestion, values};

/// What a network is called whose file does not say.
const UNNAMED: &str = "network";

/// Where each name was given first, to say so when it is given again.
type Seen<K> = BTreeMap<K, usize>;

pub(super) fn network(text: &str) -> Result<Network, FileErrors> {
    reading::document(text, top)
}

fn top(problems: &mut Problems<'_>, mut file: Table<'_>) -> Network {
    let name = file
        .take("name")
        .and_then(|field| field.string(problems))
        .unwrap_or(UNNAMED);
    let mut network = Network::empty(name);
    network.seed = file
        .take("seed")
        .and_then(|field| field.whole(problems, 0..u64::MAX));
    if let Some(mut table) = file.take("link").and_then(|field| field.table(problems)) {
        network.link = link_model(problems, &mut table, LinkModel::default());
        table.finish(problems);
    }
    if let Some(table) = file.take("faults").and_then(|field| field.table(problems)) {
        network.faults = faults(problems, table);
    }
    if let Some(table) = file
        .take("topology")
        .and_then(|field| field.table(problems))
    {
        topology(problems, &mut network, table);
    }
    let generated = network.links.len();
    each(problems, &mut network, file.take("node"), node);
    let mut seen = Links {
        generated,
        given: Seen::new(),
    };
    for field in elements(problems, file.take("links")) {
        links(problems, &mut network, &mut seen, &field);
    }
    network.links.sort_by_key(|link| link.ends);
    for field in elements(problems, file.take("partition")) {
        partition(problems, &mut network, &field);
    }
    let end = file.span();
    file.finish(problems);
    if network.nodes.is_empty() && problems.is_empty() {
        problems.add(end, "", "there is no node: add `[[node]]` or `[topology]`");
    }
    network
}

/// The elements of an array of tables, none if the key is absent.
fn elements<'t>(problems: &mut Problems<'_>, field: Option<Field<'t>>) -> Vec<Field<'t>> {
    field
        .and_then(|field| field.array(problems))
        .unwrap_or_default()
}

/// Reads the nodes, each name once.
fn each(
    problems: &mut Problems<'_>,
    network: &mut Network,
    nodes: Option<Field<'_>>,
    read: fn(&mut Problems<'_>, &mut Network, &mut Seen<String>, Table<'_>),
) {
    let mut seen = Seen::new();
    for field in elements(problems, nodes) {
        if let Some(table) = field.table(problems) {
            read(problems, network, &mut seen, table);
        }
    }
}

fn node(
    problems: &mut Problems<'_>,
    network: &mut Network,
    seen: &mut Seen<String>,
    mut table: Table<'_>,
) {
    let Some(name_field) = table.need(problems, "name") else {
        return;
    };
    let Some(name) = name_field.string(problems) else {
        return;
    };
    if name.is_empty() || name.chars().any(char::is_whitespace) {
        name_field.expected(problems, "a name without spaces");
    }
    if let Some(first) = seen.insert(name.to_owned(), name_field.span().start) {
        let message = format!(
            "there is a node \"{name}\" already, in line {}",
            problems.line(first)
        );
        problems.add(name_field.span(), &name_field.key, message);
    }
    let at = table
        .take("at")
        .and_then(|field| position(problems, &field));
    let tags = table
        .take("tags")
        .map(|field| values::tags(problems, &field))
        .unwrap_or_default();
    table.finish(problems);
    // A node that the topology made is described further; any other is new.
    if let Some(place) = network.node(name) {
        let made = &mut network.nodes[place.at()];
        made.at = at.or(made.at);
        made.tags
            .retain(|old| tags.iter().all(|tag| tag.name != old.name));
        made.tags.extend(tags);
    } else {
        network.nodes.push(NodeSpec {
            name: name.to_owned(),
            at,
            tags,
        });
    }
}

fn position(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<[f64; 2]> {
    let numbers: Option<Vec<f64>> = field
        .value()
        .as_array()
        .map(|array| array.len())
        .filter(|length| *length == 2)
        .and_then(|_| {
            field
                .array(problems)?
                .iter()
                .map(|n| n.number().filter(|n| n.is_finite()))
                .collect()
        });
    let position = numbers.and_then(|numbers| <[f64; 2]>::try_from(numbers).ok());
    if position.is_none() {
        field.expected(problems, "a position such as [0, 10]");
    }
    position
}

/// Reads what a link is like; what is not said is as in `base`.
fn link_model(problems: &mut Problems<'_>, table: &mut Table<'_>, base: LinkModel) -> LinkModel {
    let delay = table
        .take("delay")
        .and_then(|field| delay(problems, &field));
    let loss = table.take("loss").and_then(|field| field.share(problems));
    let bandwidth = table
        .take("bandwidth")
        .and_then(|field| field.rate(problems));
    let break_every = table
        .take("break_every")
        .and_then(|field| field.period(problems));
    let repair = table.take("repair").and_then(|field| field.time(problems));
    let idle = table.take("idle").and_then(|field| field.time(problems));
    LinkModel {
        delay: delay.unwrap_or(base.delay),
        loss: loss.unwrap_or(base.loss),
        bandwidth: bandwidth.or(base.bandwidth),
        break_every: break_every.or(base.break_every),
        repair: repair.unwrap_or(base.repair),
        idle: idle.unwrap_or(base.idle),
    }
}

/// A time, or a table of the shortest and the longest.
fn delay(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<Delay> {
    if !field.value().is_table() {
        return field.time(problems).map(Delay::fixed);
    }
    let mut table = field.table(problems)?;
    let min = table
        .need(problems, "min")
        .and_then(|field| field.time(problems));
    let max_field = table.need(problems, "max");
    let max = max_field.as_ref().and_then(|field| field.time(problems));
    table.finish(problems);
    let (min, max) = (min?, max?);
    if max < min {
        max_field?.expected(problems, "at least `min`");
        return None;
    }
    Some(Delay { min, max })
}

fn faults(problems: &mut Problems<'_>, mut table: Table<'_>) -> Faults {
    let none = Faults::default();
    let memory = [("kept", Memory::Kept), ("lost", Memory::Lost)];
    let faults = Faults {
        crash_every: table
            .take("crash_every")
            .and_then(|field| field.period(problems)),
        restart: table
            .take("restart")
            .and_then(|field| delay(problems, &field))
            .unwrap_or(none.restart),
        memory: table
            .take("memory")
            .and_then(|field| field.choice(problems, &memory))
            .unwrap_or(none.memory),
        until: table.take("until").and_then(|field| field.time(problems)),
    };
    table.finish(problems);
    faults
}

fn topology(problems: &mut Problems<'_>, network: &mut Network, mut table: Table<'_>) {
    let kinds = [
        ("line", Kind::Line),
        ("ring", Kind::Ring),
        ("grid", Kind::Grid),
    ];
    let kinds = [&kinds[..], &[("random", Kind::Random)]].concat();
    let kind = table
        .need(problems, "kind")
        .and_then(|field| field.choice(problems, &kinds));
    let bounds = 1..limits::NODES as u64 + 1;
    let nodes = table
        .need(problems, "nodes")
        .and_then(|field| field.whole(problems, bounds));
    let tags = table
        .take("tags")
        .map(|field| values::tags(problems, &field))
        .unwrap_or_default();
    let shape = match (kind, nodes.map(|nodes| nodes as u32)) {
        (Some(Kind::Line), Some(nodes)) => Some(Shape::Line { nodes }),
        (Some(Kind::Ring), Some(nodes)) => Some(Shape::Ring { nodes }),
        (Some(Kind::Grid), Some(nodes)) => {
            let bounds = 1..u64::from(nodes) + 1;
            let columns = table
                .take("columns")
                .and_then(|field| field.whole(problems, bounds));
            Some(Shape::Grid {
                nodes,
                columns: columns.map(|columns| columns as u32),
            })
        }
        (Some(Kind::Random), Some(nodes)) => Some(random(problems, &mut table, nodes)),
        _ => None,
    };
    // With an unknown kind it is not known either which other keys it has.
    if let Some(shape) = shape {
        table.finish(problems);
        generate::extend(network, shape, &tags);
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Line,
    Ring,
    Grid,
    Random,
}

fn random(problems: &mut Problems<'_>, table: &mut Table<'_>, nodes: u32) -> Shape {
    let most = (limits::LINKS as f64 * 2.0 / f64::from(nodes)).min(f64::from(nodes));
    let degree = table.need(problems, "degree").and_then(|field| {
        let degree = field
            .number()
            .filter(|degree| (0.0..=most).contains(degree));
        if degree.is_none() {
            field.expected(
                problems,
                &format!("a mean number of links from 0 to {most}"),
            );
        }
        degree
    });
    let seed = table
        .take("seed")
        .and_then(|field| field.whole(problems, 0..u64::MAX));
    Shape::Random {
        nodes,
        degree: degree.unwrap_or(0.0),
        seed,
    }
}

/// The links that are there while the file is read.
struct Links {
    /// So many of the first come from the topology, and may be described further.
    generated: usize,
    given: Seen<(NodeIx, NodeIx)>,
}

/// Reads a chain of links: each node of the list with the next.
fn links(problems: &mut Problems<'_>, network: &mut Network, seen: &mut Links, field: &Field<'_>) {
    let Some(mut table) = field.table(problems) else {
        return;
    };
    let nodes = table.need(problems, "nodes");
    let model = link_model(problems, &mut table, network.link);
    let up = windows(problems, table.take("up"));
    table.finish(problems);
    let Some(nodes) = nodes else { return };
    let chain = node_list(problems, network, &nodes);
    if chain.len() < 2
        && nodes
            .value()
            .as_array()
            .is_some_and(|array| array.len() < 2)
    {
        nodes.expected(problems, "two nodes or more");
    }
    for pair in chain.windows(2) {
        let [Some((a, _)), Some((b, at))] = pair else {
            continue;
        };
        if a == b {
            let name = &network.nodes[a.at()].name;
            problems.add(
                at.span(),
                &at.key,
                format!("a link from \"{name}\" to itself"),
            );
            continue;
        }
        let ends = (*a.min(b), *a.max(b));
        if let Some(first) = seen.given.insert(ends, at.span().start) {
            let line = problems.line(first);
            let message = format!("these two nodes are linked already, in line {line}");
            problems.add(at.span(), &at.key, message);
            continue;
        }
        let made = network.links[..seen.generated]
            .iter_mut()
            .find(|link| link.ends == ends);
        match made {
            Some(link) => (link.model, link.up) = (model, up.clone()),
            None => network.links.push(LinkSpec {
                ends,
                model,
                up: up.clone(),
            }),
        }
    }
}

/// The times in which a link is there, in order.
fn windows(problems: &mut Problems<'_>, field: Option<Field<'_>>) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    if let Some(field) = &field
        && field
            .value()
            .as_array()
            .is_some_and(|array| array.is_empty())
    {
        field.expected(problems, "one time or more, as in [{ from = \"2s\" }]");
    }
    for field in elements(problems, field) {
        let Some(window) = window(problems, &field) else {
            continue;
        };
        if let Some(last) = windows.last()
            && last.until.is_none_or(|until| until >= window.from)
        {
            let message = "times must follow each other, with a pause between them";
            problems.add(field.span(), &field.key, message);
            continue;
        }
        windows.push(window);
    }
    windows
}

/// `{ from = "2s", until = "5s" }`
fn window(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<Window> {
    let mut table = field.table(problems)?;
    let from = match table.take("from") {
        Some(field) => field.time(problems),
        None => Some(Span::ZERO),
    };
    let until_field = table.take("until");
    table.finish(problems);
    let from = from?;
    let Some(until_field) = until_field else {
        return Some(Window { from, until: None });
    };
    let until = until_field.time(problems)?;
    if until <= from {
        until_field.expected(problems, "a time after `from`");
        return None;
    }
    Some(Window {
        from,
        until: Some(until),
    })
}

/// The nodes of a list of names; `None` stands for one that there is not.
fn node_list<'t>(
    problems: &mut Problems<'_>,
    network: &Network,
    field: &Field<'t>,
) -> Vec<Option<(NodeIx, Field<'t>)>> {
    let names = field.array(problems).unwrap_or_default();
    let found = names.into_iter().map(|field| {
        let name = field.string(problems)?;
        let node = network.node(name);
        if node.is_none() {
            let help = suggestion(name, network.nodes.iter().map(|node| &*node.name));
            let message = format!("there is no node \"{name}\"");
            problems.add_with_help(field.span(), &field.key, message, help);
        }
        node.map(|node| (node, field))
    });
    found.collect()
}

fn partition(problems: &mut Problems<'_>, network: &mut Network, field: &Field<'_>) {
    let Some(mut table) = field.table(problems) else {
        return;
    };
    let nodes = table.need(problems, "nodes");
    let nodes = nodes
        .map(|field| node_list(problems, network, &field))
        .unwrap_or_default();
    let from = table
        .take("from")
        .and_then(|field| field.time(problems))
        .unwrap_or(Span::ZERO);
    let until_field = table.need(problems, "until");
    let until = until_field.as_ref().and_then(|field| field.time(problems));
    table.finish(problems);
    let (Some(until), Some(until_field)) = (until, until_field) else {
        return;
    };
    if until <= from {
        until_field.expected(problems, "a time after `from`");
        return;
    }
    let nodes = nodes.into_iter().flatten().map(|(node, _)| node).collect();
    network.partitions.push(Partition { nodes, from, until });
}
