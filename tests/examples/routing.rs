//! Pull routing reaches its place in 432 of 432 searches: eight searchers among fifty random nodes,
//! with 54 seeds, in three settings.
//!
//! The algorithm of the talk's slides reached its place in 56 of 432 in a model of the same.

use std::path::Path;

use sm_core::ids::Span;
use sm_core::node::End;
use sm_sim::network::{LinkModel, Shape, TagValue};
use sm_sim::sweep::{Jobs, sweep};
use sm_sim::{LaunchStatus, Network, NodeIx, Options, Seed, Simulation, Start, Stop};

use crate::stage::Play;

const NODES: u32 = 50;
const DEGREE: f64 = 6.0;
const SEARCHERS: usize = 8;
const SEEDS: u64 = 54;

#[test]
fn without_loss() {
    assert_eq!(found(LinkModel::default()), 432);
}

#[test]
fn with_one_copy_in_ten_lost() {
    assert_eq!(
        found(LinkModel {
            loss: 0.1,
            ..LinkModel::default()
        }),
        432
    );
}

#[test]
fn with_links_that_are_cut_every_four_seconds() {
    let link = LinkModel {
        break_every: Some(Span::secs(4)),
        ..LinkModel::default()
    };
    assert_eq!(found(link), 432);
}

/// How many of the searches end at the place.
fn found(link: LinkModel) -> usize {
    let shape = Shape::Random {
        nodes: NODES,
        degree: DEGREE,
        seed: None,
    };
    let network = Network::generate("fifty", shape, link);
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples/searcher.sm");
    let play = Play::new(&program, network);
    let counts = sweep(0..SEEDS, Jobs::all_cores(), |seed| {
        Ok::<usize, String>(search(&play, seed))
    });
    counts.expect("no search fails by itself").into_iter().sum()
}

/// Eight searchers start at once in a network of this seed.
fn search(play: &Play, seed: Seed) -> usize {
    let mut places: Vec<u32> = (0..NODES).collect();
    seed.stream("places of a test", 0).shuffle(&mut places);
    let mut network = play.network.clone();
    network.tag(
        NodeIx(places[0]),
        "treasure",
        TagValue::Str("gold".to_owned()),
    );
    let mut simulation = Simulation::new(&network, Options::new(seed.0)).expect("one tag");
    // Sessions first: a searcher that starts before them would stand alone.
    simulation.run_for(Span::secs(1));
    let start = Start::new(play.package.clone());
    let launches: Vec<_> = places[1..=SEARCHERS]
        .iter()
        .map(|place| {
            simulation
                .launch(NodeIx(*place), &start)
                .expect("it is admitted")
        })
        .collect();
    for launch in &launches {
        assert_ne!(simulation.run(*launch), Stop::Violation);
    }
    let reached = |status: &LaunchStatus| {
        status
            .result()
            .is_some_and(|report| matches!(&report.end, End::Done { value, .. } if value == &[1]))
    };
    launches
        .iter()
        .filter(|launch| simulation.status(**launch).is_some_and(reached))
        .count()
}
