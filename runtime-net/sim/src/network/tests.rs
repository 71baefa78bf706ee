//! Network files as people write them, well and badly.

use proptest::prelude::*;

use super::*;

fn errors(text: &str) -> String {
    Network::parse(text)
        .expect_err("the file is wrong")
        .to_string()
}

const TOWN: &str = include_str!("../../../../examples/town.net.toml");
const FIRE: &str = include_str!("../../../../examples/fire.net.toml");
const SELF_ROUTING: &str = include_str!("../../../../examples/self_routing.net.toml");

#[test]
fn the_town_has_twelve_thermometers() {
    let town = Network::parse(TOWN).expect("the example is right");
    let readings: Vec<f64> = town
        .nodes
        .iter()
        .filter_map(|node| node.tags.iter().find(|tag| tag.name == "temperature"))
        .filter_map(|tag| match tag.value {
            TagValue::Float(value) => Some(value),
            _ => None,
        })
        .collect();
    assert_eq!(readings.len(), 12);
    assert!((readings.iter().sum::<f64>() / 12.0 - 72.9167).abs() < 0.0001);
    assert_eq!(town.links.len(), 17);
    let delay = Delay {
        min: Span::millis(2),
        max: Span::millis(8),
    };
    assert!(town.links.iter().all(|link| link.model.delay == delay));
}

#[test]
fn the_other_examples_are_read() {
    let fire = Network::parse(FIRE).expect("the example is right");
    let camera = &fire.nodes[fire.node("camera").expect("there is a camera").at()];
    let types: Vec<String> = camera.tags.iter().map(|tag| tag.ty.to_string()).collect();
    assert_eq!(types, ["[Int]", "(Float, Float)"]);
    let line = Network::parse(SELF_ROUTING).expect("the example is right");
    assert_eq!(line.links.len(), 3);
}

const ALL: &str = r##"
name = "all"
seed = 7
[link]
delay = { min = "1ms", max = "9ms" }
loss = 0.1
bandwidth = "250kB/s"
break_every = "4s"
repair = "100ms"
idle = "1s"
[faults]
crash_every = "30s"
restart = "1s"
memory = "lost"
until = "20s"
[topology]
kind = "grid"
nodes = 5
columns = 3
tags = { temperature = 20.5 }
[[node]]
name = "n5"
at = [9, 9.5]
[node.tags]
temperature = 30
timeout = { type = "Duration", value = "1.5s", lifetime = "60s" }
routes = { type = "[Str: [Int]]", value = { home = [1, 2], away = [] } }
pairs = { type = "[Int: Bool]", value = [[1, true]] }
seen = { type = "#{Str}", value = ["a"] }
maybe = { type = "Int?", value = 3 }
raw = { type = "Bytes", value = "00ff" }
mark = { type = "Unit" }
clock = { value = 1, io = { series = [2, 3], every = "1s" } }
[[node]]
name = "extra"
[[links]]
nodes = ["n5", "extra", "n1"]
delay = "50us"
[[links]]
nodes = ["n1", "n2"]
loss = 0.5
up = [{ until = "2s" }, { from = "3s" }]
[[partition]]
nodes = ["extra"]
from = "2s"
until = "3s"
"##;

#[test]
fn everything_there_is_to_say_is_read() {
    let all = Network::parse(ALL).expect("the file is right");
    let mut lines = vec![format!("{:?} {:?} {:?}", all.name, all.seed, all.faults)];
    for node in &all.nodes {
        lines.push(format!("{} at {:?}", node.name, node.at));
        lines.extend(node.tags.iter().map(|tag| {
            let TagDef {
                name,
                ty,
                value,
                lifetime,
                driver,
            } = tag;
            format!("  {name}: {ty} = {value:?} {lifetime:?} {driver:?}")
        }));
    }
    lines.extend(
        all.links
            .iter()
            .map(|link| format!("{:?} {:?} {:?}", link.ends, link.model, link.up)),
    );
    lines.extend(
        all.partitions
            .iter()
            .map(|partition| format!("{partition:?}")),
    );
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn unknown_keys_say_what_may_be_meant() {
    insta::assert_snapshot!(errors(
        r#"
nmae = "x"
[link]
dealy = "5ms"
colour = "blue"
[faults]
crash_evry = "3s"
[[node]]
name = "a"
taggs = {}
[[links]]
nods = ["a", "b"]
[[partition]]
nodes = ["a"]
form = "1s"
until = "2s"
"#
    ));
}

#[test]
fn wrong_values_say_what_is_expected() {
    insta::assert_snapshot!(errors(
        r#"
name = 3
seed = -1
[link]
delay = 5
loss = 2
bandwidth = "fast"
break_every = "0s"
repair = { min = "1s" }
[faults]
restart = { min = "2s", max = "1s" }
memory = "keep"
[topology]
kind = "rnig"
nodes = 0
[[node]]
name = "two words"
at = [1]
[[node]]
tags = 3
[[partition]]
nodes = "a"
from = "2s"
until = "1s"
"#
    ));
}

#[test]
fn times_of_links_follow_each_other() {
    insta::assert_snapshot!(errors(
        r#"
[topology]
kind = "line"
nodes = 5
[[links]]
nodes = ["n1", "n2"]
up = [{ from = "2s", until = "2s" }, { from = "3s" }, { from = "5s" }]
[[links]]
nodes = ["n2", "n3"]
up = [{ form = "3s" }]
[[links]]
nodes = ["n3", "n4"]
up = []
[[links]]
nodes = ["n4", "n5"]
up = "2s"
"#
    ));
}

#[test]
fn nodes_and_links_that_do_not_fit_together_are_named() {
    insta::assert_snapshot!(errors(
        r#"
[[node]]
name = "brigade"
[[node]]
name = "camera"
[[node]]
name = "brigade"
[[links]]
nodes = ["brigade", "camra"]
[[links]]
nodes = ["brigade", "camera", "camera"]
[[links]]
nodes = ["camera", "brigade"]
[[links]]
nodes = ["camera"]
"#
    ));
}

#[test]
fn tags_that_are_none_are_named() {
    insta::assert_snapshot!(errors(
        r#"
[[node]]
name = "a"
[node.tags]
"two words" = 1
empty = []
when = 2020-01-01
mixed = [1, "two"]
typo = { type = "Flot", value = 1 }
nested = { type = "[[Int]", value = [] }
keyed = { type = "[Float: Int]", value = [] }
short = { type = "(Int, Int)", value = [1] }
valueless = { type = "Int" }
late = { type = "Duration", value = 5 }
odd = { type = "Bytes", value = "0" }
huge = 99999999999999999999
slow = { value = 1, io = { series = [2] } }
trailing = { type = "Int Int", value = 1 }
"#
    ));
}

#[test]
fn text_that_is_no_toml_is_placed() {
    insta::assert_snapshot!(errors("name = \"x\"\n[link\ndelay = \n"));
}

#[test]
fn a_network_needs_a_node() {
    assert_eq!(
        errors(""),
        "line 1: there is no node: add `[[node]]` or `[topology]`"
    );
}

#[test]
fn shapes_have_the_links_they_should() {
    let links = |shape| {
        let network = Network::generate("test", shape, LinkModel::default());
        let ends = network
            .links
            .iter()
            .map(|link| (link.ends.0.0, link.ends.1.0));
        ends.collect::<Vec<_>>()
    };
    assert_eq!(links(Shape::Line { nodes: 3 }), [(0, 1), (1, 2)]);
    assert_eq!(links(Shape::Ring { nodes: 3 }), [(0, 1), (0, 2), (1, 2)]);
    assert_eq!(links(Shape::Ring { nodes: 2 }), [(0, 1)]);
    assert_eq!(links(Shape::Ring { nodes: 1 }), []);
    let grid = links(Shape::Grid {
        nodes: 5,
        columns: Some(3),
    });
    assert_eq!(grid, [(0, 1), (0, 3), (1, 2), (1, 4), (3, 4)]);
    assert_eq!(
        links(Shape::Grid {
            nodes: 9,
            columns: None
        })
        .len(),
        12
    );
}

fn reachable(layout: &Layout) -> usize {
    let mut near = vec![Vec::new(); layout.nodes.len()];
    for LinkSpec { ends: (a, b), .. } in &layout.links {
        near[a.at()].push(*b);
        near[b.at()].push(*a);
    }
    let mut seen = std::collections::BTreeSet::from([NodeIx(0)]);
    let mut next = vec![NodeIx(0)];
    while let Some(node) = next.pop() {
        next.extend(
            near[node.at()]
                .iter()
                .copied()
                .filter(|node| seen.insert(*node)),
        );
    }
    seen.len()
}

proptest! {
    #[test]
    fn random_graphs_are_connected_and_repeat(nodes in 1u32..80, degree in 0.0..12.0, seed: u64) {
        let degree = f64::min(degree, f64::from(nodes));
        let shape = Shape::Random { nodes, degree, seed: None };
        let network = Network::generate("test", shape, LinkModel::default());
        let layout = network.layout(Seed(seed));
        prop_assert_eq!(reachable(&layout), nodes as usize);
        prop_assert_eq!(&layout, &network.layout(Seed(seed)));
        prop_assert!(layout.links.is_sorted_by(|a, b| a.ends < b.ends));
        prop_assert!(layout.links.iter().all(|link| link.ends.0 < link.ends.1));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
        let _ = Network::parse(&text);
        let _ = TagType::parse(&text);
    }

    #[test]
    fn no_damaged_file_makes_the_parser_panic(at in 0usize..ALL.len(), with in "[\\PC\n]{0,3}") {
        let mut text = ALL.to_owned();
        if text.is_char_boundary(at) {
            text.replace_range(at..at + 1, &with);
        }
        let _ = Network::parse(&text);
    }
}

#[test]
fn a_random_graph_has_about_the_degree_asked_for() {
    let shape = Shape::Random {
        nodes: 1000,
        degree: 8.0,
        seed: Some(1),
    };
    let network = Network::generate("test", shape, LinkModel::default());
    let links = network.layout(Seed(1)).links.len();
    assert!((3200..4100).contains(&links), "{links}");
    assert_eq!(network.layout(Seed(1)), network.layout(Seed(2)));
}

#[test]
fn every_example_of_the_reference_is_right() {
    let text = include_str!("../../../../docs/networks.md");
    let blocks: Vec<&str> = text.split("```toml\n").skip(1).collect();
    assert!(blocks.len() >= 6);
    for block in blocks {
        let (example, _) = block.split_once("```").expect("a block ends");
        if let Err(errors) = Network::parse(example) {
            panic!("{errors}\nin\n{example}");
        }
    }
}
