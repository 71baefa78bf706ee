//! Networks that are made by rule: lines, rings, grids, random geometric graphs.

use std::collections::BTreeMap;

use super::{Layout, LinkModel, LinkSpec, Network, NodeIx, NodeSpec, RandomLinks, TagDef};
use crate::random::{Seed, Stream};

/// The rule by which a network is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Each node is linked with the next.
    Line {
        /// How many nodes.
        nodes: u32,
    },
    /// As a line, and the last node with the first.
    Ring {
        /// How many nodes.
        nodes: u32,
    },
    /// Rows of nodes, each linked with the next in its row and its column.
    Grid {
        /// How many nodes; the last row may be shorter.
        nodes: u32,
        /// The length of a row; the network is as square as can be if `None`.
        columns: Option<u32>,
    },
    /// Nodes at random in a square, linked with those near by; always connected.
    Random {
        /// How many nodes.
        nodes: u32,
        /// How many links a node has on average, about: nodes at the rim have fewer, and some are
        /// added where the graph would fall apart.
        degree: f64,
        /// A seed of its own, if the graph is to be the same in every run.
        seed: Option<u64>,
    },
}

/// Adds nodes `n1`, `n2` and so on with these tags, and their links.
pub(super) fn extend(network: &mut Network, shape: Shape, tags: &[TagDef]) {
    let (Shape::Line { nodes }
    | Shape::Ring { nodes }
    | Shape::Grid { nodes, .. }
    | Shape::Random { nodes, .. }) = shape;
    let first = network.nodes.len() as u32;
    network.nodes.extend((0..nodes).map(|index| NodeSpec {
        name: format!("n{}", first + index + 1),
        at: place(shape, index),
        tags: tags.to_vec(),
    }));
    if let Shape::Random { degree, seed, .. } = shape {
        network.random = Some(RandomLinks {
            nodes: first..first + nodes,
            degree,
            seed,
        });
    }
    let model = network.link;
    network.links.extend(pairs(shape).map(|(a, b)| {
        let ends = (NodeIx(first + a), NodeIx(first + b));
        LinkSpec::new(ends, model)
    }));
    network.links.sort_by_key(|link| link.ends);
}

fn row_length(nodes: u32, columns: Option<u32>) -> u32 {
    columns
        .unwrap_or_else(|| f64::from(nodes).sqrt().ceil() as u32)
        .max(1)
}

fn place(shape: Shape, index: u32) -> Option<[f64; 2]> {
    match shape {
        Shape::Line { .. } => Some([f64::from(index), 0.0]),
        Shape::Ring { nodes } => {
            let angle = std::f64::consts::TAU * f64::from(index) / f64::from(nodes);
            Some([libm::cos(angle), libm::sin(angle)])
        }
        Shape::Grid { nodes, columns } => {
            let row = row_length(nodes, columns);
            Some([f64::from(index % row), f64::from(index / row)])
        }
        Shape::Random { .. } => None,
    }
}

/// The links of a shape in which nothing is left to chance, the smaller end first.
fn pairs(shape: Shape) -> Box<dyn Iterator<Item = (u32, u32)>> {
    match shape {
        Shape::Line { nodes } => Box::new((1..nodes).map(|node| (node - 1, node))),
        Shape::Ring { nodes } => {
            let line = (1..nodes).map(|node| (node - 1, node));
            Box::new(line.chain((nodes > 2).then(|| (0, nodes - 1))))
        }
        Shape::Grid { nodes, columns } => {
            let row = row_length(nodes, columns);
            Box::new((0..nodes).flat_map(move |node| {
                let right = (node % row + 1 < row && node + 1 < nodes).then_some((node, node + 1));
                let below = (node + row < nodes).then_some((node, node + row));
                right.into_iter().chain(below)
            }))
        }
        Shape::Random { .. } => Box::new(std::iter::empty()),
    }
}

/// The network of this seed.
pub(super) fn layout(network: &Network, seed: Seed) -> Layout {
    let mut layout = Layout {
        nodes: network.nodes.clone(),
        links: network.links.clone(),
    };
    let Some(random) = &network.random else {
        return layout;
    };
    let seed = random.seed.map_or(seed, Seed);
    let mut draws = seed.stream("topology", 0);
    let places = scatter(
        &mut draws,
        &mut layout.nodes[random.nodes.start as usize..][..random.nodes.len()],
    );
    let mut links = near_pairs(&places, random.degree);
    connect(&places, &mut links, random.degree);
    add(&mut layout, random.nodes.start, &links, network.link);
    layout
}

/// Adds links to those that the file gives, which go first.
fn add(layout: &mut Layout, first: u32, pairs: &[(u32, u32)], model: LinkModel) {
    let mut links: BTreeMap<_, _> = pairs
        .iter()
        .map(|(a, b)| (NodeIx(first + a), NodeIx(first + b)))
        .map(|ends| (ends, LinkSpec::new(ends, model)))
        .collect();
    links.extend(layout.links.drain(..).map(|link| (link.ends, link)));
    layout.links = links.into_values().collect();
}

/// Where each node stands in the unit square.
fn scatter(draws: &mut Stream, nodes: &mut [NodeSpec]) -> Vec<[f64; 2]> {
    let side = (nodes.len() as f64).sqrt();
    let places = nodes.iter_mut().map(|node| {
        let place = [draws.unit(), draws.unit()];
        // People see about one node on each unit of area, whatever their number.
        node.at = node
            .at
            .or(Some(place.map(|x| (x * side * 100.0).round() / 100.0)));
        place
    });
    places.collect()
}

/// The pairs that are near enough for this mean number of links: among `n` points in the unit
/// square, a circle of area `degree / n` holds about `degree` others.
fn near_pairs(places: &[[f64; 2]], degree: f64) -> Vec<(u32, u32)> {
    let square = degree / (std::f64::consts::PI * places.len() as f64);
    let cells = Cells::new(places, square.sqrt());
    let mut pairs = Vec::new();
    for (a, place) in places.iter().enumerate() {
        for b in cells.around(place) {
            if a < b && distance(place, &places[b]) <= square {
                pairs.push((a as u32, b as u32));
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Points by the cell of a grid they lie in, so that only near ones are compared.
struct Cells {
    across: usize,
    cells: Vec<Vec<usize>>,
}

impl Cells {
    fn new(places: &[[f64; 2]], reach: f64) -> Self {
        let most = (places.len() as f64).sqrt().ceil().max(1.0);
        let across = (1.0 / reach).floor().clamp(1.0, most) as usize;
        let mut cells = Self {
            across,
            cells: vec![Vec::new(); across * across],
        };
        for (index, place) in places.iter().enumerate() {
            let (x, y) = cells.cell(place);
            cells.cells[y * across + x].push(index);
        }
        cells
    }

    fn cell(&self, place: &[f64; 2]) -> (usize, usize) {
        let along = |x: f64| ((x * self.across as f64) as usize).min(self.across - 1);
        (along(place[0]), along(place[1]))
    }

    fn around(&self, place: &[f64; 2]) -> impl Iterator<Item = usize> {
        let (x, y) = self.cell(place);
        let last = self.across - 1;
        let rows = y.saturating_sub(1)..=(y + 1).min(last);
        rows.flat_map(move |y| (x.saturating_sub(1)..=(x + 1).min(last)).map(move |x| (x, y)))
            .flat_map(|(x, y)| self.cells[y * self.across + x].iter().copied())
    }
}

fn distance(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    x * x + y * y
}

/// Links what stands apart by the shortest links there are (Kruskal 1956), looking ever further.
fn connect(places: &[[f64; 2]], pairs: &mut Vec<(u32, u32)>, degree: f64) {
    let mut parts = Parts::new(places.len());
    for (a, b) in pairs.iter() {
        parts.join(*a, *b);
    }
    let mut degree = degree.max(1.0);
    while parts.count > 1 {
        degree *= 2.0;
        let mut near = near_pairs(places, degree);
        let length = |(a, b): &(u32, u32)| distance(&places[*a as usize], &places[*b as usize]);
        near.sort_by(|x, y| length(x).total_cmp(&length(y)));
        pairs.extend(near.into_iter().filter(|(a, b)| parts.join(*a, *b)));
    }
}

/// Which nodes are connected (disjoint sets; Tarjan 1975).
struct Parts {
    parent: Vec<u32>,
    count: usize,
}

impl Parts {
    fn new(count: usize) -> Self {
        Self {
            parent: (0..count as u32).collect(),
            count,
        }
    }

    fn of(&mut self, mut node: u32) -> u32 {
        while self.parent[node as usize] != node {
            let above = self.parent[node as usize];
            self.parent[node as usize] = self.parent[above as usize];
            node = above;
        }
        node
    }

    /// Joins the parts of two nodes; whether they were two.
    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.of(a), self.of(b));
        self.parent[a.max(b) as usize] = a.min(b);
        self.count -= usize::from(a != b);
        a != b
    }
}
