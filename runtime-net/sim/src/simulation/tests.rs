//! Runs without programs: faults come, end, and repeat.

use super::*;
use crate::network::{LinkModel, Memory, Shape, TagDef, TagValue};
use crate::random::Delay;
use crate::trace::{Detail, Json, Text};

fn grid(nodes: u32) -> Network {
    let link = LinkModel {
        delay: Delay {
            min: Span::millis(1),
            max: Span::millis(9),
        },
        break_every: Some(Span::secs(4)),
        loss: 0.1,
        ..LinkModel::default()
    };
    let mut network = Network::generate(
        "grid",
        Shape::Grid {
            nodes,
            columns: None,
        },
        link,
    );
    network.faults.crash_every = Some(Span::secs(10));
    network
}

fn started(network: &Network, seed: u64) -> Simulation {
    let options = Options {
        detail: Detail::Everything,
        checks: Checks::On,
        ..Options::new(seed)
    };
    Simulation::new(network, options).expect("the tags can be encoded")
}

fn count(records: &[Record], what: impl Fn(&Event) -> bool) -> usize {
    records.iter().filter(|record| what(&record.event)).count()
}

#[test]
fn the_same_seed_is_the_same_run() {
    let network = grid(9);
    let hash = |seed| {
        let mut simulation = started(&network, seed);
        assert_eq!(simulation.run_for(Span::secs(60)), Stop::Deadline);
        assert_eq!(simulation.violation(), None);
        simulation.trace_hash()
    };
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

#[test]
fn asking_for_less_detail_or_checks_changes_nothing() {
    let network = grid(4);
    let hash = |detail, checks| {
        let options = Options {
            detail,
            checks,
            ..Options::new(3)
        };
        let mut simulation = Simulation::new(&network, options).expect("there are no tags");
        simulation.run_for(Span::secs(30));
        simulation.trace_hash()
    };
    let all = hash(Detail::Everything, Checks::On);
    assert_eq!(hash(Detail::Output, Checks::Off), all);
    assert_eq!(hash(Detail::Steps, Checks::On), all);
}

#[test]
fn faults_happen_and_end() {
    let network = grid(9);
    let mut simulation = started(&network, 5);
    simulation.run_for(Span::secs(60));
    let before: Vec<Record> = simulation.take_records().collect();
    assert!(count(&before, |event| matches!(event, Event::NodeDown { .. })) > 10);
    assert!(count(&before, |event| matches!(event, Event::SessionDown { .. })) > 10);
    assert_eq!(
        simulation.converge(),
        Stop::Quiet,
        "{:?}",
        simulation.violation()
    );
    let after: Vec<Record> = simulation.take_records().collect();
    assert_eq!(
        count(&after, |event| matches!(event, Event::NodeDown { .. })),
        0
    );
    // Everybody is there and connected again.
    for node in 0..9 {
        let node = NodeIx(node);
        assert!(simulation.node(node).is_some());
        for (link, side) in simulation.links.of(node).to_vec() {
            let peer = simulation.links.node(link, side.other());
            let sessions = |at: NodeIx, other: NodeIx| {
                let all = before.iter().chain(&after).rev();
                all.into_iter().find_map(|record| match record.event {
                    Event::SessionUp {
                        node,
                        peer,
                        session,
                    } if (node, peer) == (at, other) => Some(session),
                    _ => None,
                })
            };
            assert_eq!(sessions(node, peer), sessions(peer, node));
        }
    }
}

#[test]
fn a_partition_ends_the_sessions_across_it_and_no_other() {
    let mut network = Network::generate("line", Shape::Line { nodes: 4 }, LinkModel::default());
    network.partitions.push(Partition {
        nodes: vec![NodeIx(0), NodeIx(1)],
        from: Span::secs(1),
        until: Span::secs(3),
    });
    let mut simulation = started(&network, 1);
    assert_eq!(simulation.converge(), Stop::Quiet);
    // Converging ends partitions before they begin.
    let mut simulation = started(&network, 1);
    simulation.run_for(Span::secs(10));
    let records: Vec<Record> = simulation.take_records().collect();
    let down: std::collections::BTreeSet<NodeIx> = records
        .iter()
        .filter_map(|record| match record.event {
            Event::SessionDown { node, .. } => Some(node),
            _ => None,
        })
        .collect();
    assert_eq!(down, [NodeIx(1), NodeIx(2)].into());
    let last_up = records.iter().rev().find_map(|record| match record.event {
        Event::SessionUp { node, peer, .. } => Some((record.at, node.max(peer))),
        _ => None,
    });
    let (at, _) = last_up.expect("the two find each other again");
    assert!(at > Time::ZERO + Span::secs(3) && at < Time::ZERO + Span::secs(4));
}

#[test]
fn a_node_is_another_one_after_each_boot() {
    let mut network = Network::single("home");
    network.faults.memory = Memory::Lost;
    let mut simulation = started(&network, 1);
    let home = NodeIx(0);
    for _ in 0..3 {
        simulation.crash(home);
        simulation.crash(home);
        assert!(simulation.node(home).is_none());
        assert_eq!(
            simulation.local(home),
            simulation.hosts[0].local(simulation.now)
        );
        simulation.restart(home);
        simulation.restart(home);
    }
    let boots: Vec<u64> = simulation
        .take_records()
        .filter_map(|record| match record.event {
            Event::NodeUp { incarnation, .. } => Some(incarnation.0),
            _ => None,
        })
        .collect();
    assert_eq!(boots, [1, 2, 3, 4]);
}

#[test]
fn a_tag_that_cannot_be_encoded_is_named() {
    let mut network = Network::single("home");
    let twice = vec![
        (TagValue::Int(1), TagValue::Int(2)),
        (TagValue::Int(1), TagValue::Int(3)),
    ];
    network.nodes[0]
        .tags
        .push(TagDef::new("routes", TagValue::Map(twice)));
    let error = Simulation::new(&network, Options::new(1)).expect_err("a key stands twice");
    let expected = "tag `routes` of node home: a key stands twice in a map or set";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn events_are_told_to_people_and_machines() {
    let mut network = grid(2);
    network.link.break_every = None;
    network.faults.until = Some(Span::secs(5));
    network.partitions.push(Partition {
        nodes: vec![NodeIx(0)],
        from: Span::secs(1),
        until: Span::secs(2),
    });
    let mut simulation = started(&network, 4);
    simulation.run_for(Span::secs(4));
    let records: Vec<Record> = simulation.take_records().collect();
    let quiet = |record: &&Record| {
        !matches!(
            record.event,
            Event::Sent { .. } | Event::Arrived { .. } | Event::Stored { .. }
        )
    };
    let lines: Vec<String> = records
        .iter()
        .filter(quiet)
        .flat_map(|record| {
            let text = Text::new(simulation.names(), record).to_string();
            [
                text,
                Json::new(simulation.names(), record).value().to_string(),
            ]
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(30))]
    #[test]
    fn every_run_converges(seed: u64, nodes in 1u32..12, memory: bool) {
        let mut network = grid(nodes);
        network.faults.memory = if memory { Memory::Kept } else { Memory::Lost };
        let mut simulation = started(&network, seed);
        simulation.run_for(Span::secs(30));
        proptest::prop_assert_eq!(simulation.converge(), Stop::Quiet);
    }
}

#[test]
fn a_step_that_is_not_due_yet_is_left_for_later() {
    let mut network = Network::single("alone");
    network.faults.crash_every = Some(Span::secs(1_000_000));
    let mut simulation = started(&network, 3);
    let now = simulation.now();
    assert!(!simulation.step_within(Span::millis(1)));
    assert_eq!(simulation.now(), now);
    assert!(simulation.step_within(Span::secs(1_000_000_000)));
    assert!(simulation.now() > now);
}

#[test]
fn a_link_is_cut_and_mended_by_hand() {
    let network = Network::generate("line", Shape::Line { nodes: 3 }, LinkModel::default());
    let mut simulation = started(&network, 1);
    let neighbors = |simulation: &Simulation| {
        let count = |node| {
            simulation
                .node(NodeIx(node))
                .map_or(0, |node| node.neighbors().len())
        };
        [count(0), count(1), count(2)]
    };
    assert_eq!(neighbors(&simulation), [1, 2, 1]);
    assert!(simulation.cut(NodeIx(1), NodeIx(0)));
    simulation.run_for(Span::secs(2));
    assert_eq!(neighbors(&simulation), [0, 1, 1]);
    assert!(simulation.mend(NodeIx(0), NodeIx(1)));
    simulation.run_for(Span::secs(2));
    assert_eq!(neighbors(&simulation), [1, 2, 1]);
    assert!(!simulation.cut(NodeIx(0), NodeIx(2)));
    assert!(!simulation.mend(NodeIx(0), NodeIx(2)));
}

#[test]
fn links_come_and_go_at_their_times() {
    let text = r#"
        [topology]
        kind = "line"
        nodes = 2
        [[links]]
        nodes = ["n1", "n2"]
        idle = "100ms"
        repair = "10ms"
        up = [{ from = "2s", until = "5s" }, { from = "8s" }]
    "#;
    let network = Network::parse(text).expect("the file is right");
    let mut simulation = started(&network, 7);
    let mut up = Vec::new();
    for _ in 0..10 {
        simulation.run_for(Span::secs(1));
        let node = simulation.node(NodeIx(0)).expect("it never crashes");
        up.push(node.neighbors().len());
    }
    // Looked at each second; the session begins, and its end is found, a moment after its time.
    assert_eq!(up, [0, 0, 1, 1, 1, 0, 0, 0, 1, 1]);
}
