//! From the shape that a test asks for to a network.

use std::path::Path;

use sm_sim::limits::FILE_BYTES;
use sm_sim::network::{LinkModel, LinkSpec, NodeSpec, Shape};
use sm_sim::{Network, NodeIx};

use super::super::question::Question;
use crate::source;

/// What networks without a file are called: keys of nodes follow from it.
const NAME: &str = "test";

/// The most nodes of a network that a test makes by rule.
const NODES: i64 = 10_000;

/// In a network of this size each node may be linked with each other.
const FULL: u32 = 200;

pub(super) fn network(shape: &Question, folder: &Path) -> Result<Network, String> {
    let generate = |shape: Shape| Ok(Network::generate(NAME, shape, LinkModel::default()));
    match shape.what.as_str() {
        "File" => file(&folder.join(shape.text(0))),
        "Line" => generate(Shape::Line {
            nodes: size(shape.int(0))?,
        }),
        "Ring" => generate(Shape::Ring {
            nodes: size(shape.int(0))?,
        }),
        "Grid" => {
            let columns = size(shape.int(0))?;
            generate(Shape::Grid {
                nodes: size(shape.int(0).saturating_mul(shape.int(1)))?,
                columns: Some(columns),
            })
        }
        "Random" => {
            let links = shape.int(1);
            if !(1..=100).contains(&links) {
                return Err(format!("a node has 1 to 100 links, not {links}"));
            }
            generate(Shape::Random {
                nodes: size(shape.int(0))?,
                degree: links as f64,
                seed: None,
            })
        }
        "Star" => {
            let nodes = size(shape.int(0))?;
            Ok(linked(nodes, (1..nodes).map(|node| (0, node))))
        }
        "Full" => {
            let nodes = size(shape.int(0))?;
            if nodes > FULL {
                return Err(format!(
                    "a full network has at most {FULL} nodes, not {nodes}"
                ));
            }
            let pairs = (0..nodes).flat_map(|a| (a + 1..nodes).map(move |b| (a, b)));
            Ok(linked(nodes, pairs))
        }
        other => Err(format!("this smc knows no network `{other}`")),
    }
}

fn size(nodes: i64) -> Result<u32, String> {
    let count = u32::try_from(nodes)
        .ok()
        .filter(|_| (1..=NODES).contains(&nodes));
    count.ok_or_else(|| format!("a network has 1 to {NODES} nodes, not {nodes}"))
}

fn linked(nodes: u32, pairs: impl Iterator<Item = (u32, u32)>) -> Network {
    let mut network = Network::empty(NAME);
    network.nodes = (1..=nodes)
        .map(|number| NodeSpec {
            name: format!("n{number}"),
            ..NodeSpec::default()
        })
        .collect();
    let model = LinkModel::default();
    network.links = pairs
        .map(|(a, b)| LinkSpec::new((NodeIx(a), NodeIx(b)), model))
        .collect();
    network
}

fn file(path: &Path) -> Result<Network, String> {
    let text = source::text("network", path, FILE_BYTES).map_err(|failure| failure.sentence())?;
    Network::parse(&text).map_err(|errors| {
        let name = path.display();
        match errors.0.first() {
            Some(error) => format!("`{name}` is no network: {error}"),
            None => format!("`{name}` is no network"),
        }
    })
}
