//! `net/leader`: never two leaders, one that stays where all is quiet, and another when it dies.

use std::path::Path;

use sm_core::ids::Span;
use sm_core::node::Step;
use sm_core::tags::TagName;
use sm_sim::network::{LinkModel, Partition, Shape, TagValue};
use sm_sim::sweep::{Jobs, sweep};
use sm_sim::{Detail, Event, Network, NodeIx, Options, Simulation, Start};

use crate::stage::{Play, Trouble};

const NODES: u32 = 5;
const SEEDS: u64 = 30;

fn ring() -> Play {
    let shape = Shape::Ring { nodes: NODES };
    let mut network = Network::generate("group", shape, LinkModel::default());
    for node in 0..NODES {
        network.tag(NodeIx(node), "member", TagValue::Int(1));
    }
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples/net/leader.sm");
    Play::new(&program, network)
}

/// A run in which it is looked after each step who leads.
struct Election {
    simulation: Simulation,
    mark: Option<TagName>,
}

impl Election {
    fn new(play: &Play, seed: u64) -> Self {
        let options = Options {
            detail: Detail::Steps,
            deadline: Span::secs(3_600),
            ..Options::new(seed)
        };
        let mut simulation = Simulation::new(&play.network, options).expect("one tag");
        let start = Start::new(play.package.clone());
        simulation
            .launch(NodeIx(0), &start)
            .expect("it is admitted");
        Self {
            simulation,
            mark: None,
        }
    }

    /// Goes on for so long. Answers who led, each time that changed; more than one at a time is
    /// an error.
    fn watch(&mut self, span: Span) -> Result<Vec<Option<NodeIx>>, String> {
        let until = self.simulation.now() + span;
        let mut reigns = vec![self.leader()?];
        while self.simulation.now() < until && self.simulation.step() {
            for record in self.simulation.take_records() {
                if let Event::Step { trace, .. } = record.event
                    && let Step::TagWritten { display, tag, .. } = trace.step
                    && display == "leader"
                {
                    self.mark = Some(tag);
                }
            }
            let leader = self.leader()?;
            if reigns.last() != Some(&leader) {
                reigns.push(leader);
            }
        }
        Ok(reigns)
    }

    fn leader(&self) -> Result<Option<NodeIx>, String> {
        let Some(mark) = &self.mark else {
            return Ok(None);
        };
        let nodes = (0..NODES).map(NodeIx);
        let leads = |node: &NodeIx| {
            let local = self.simulation.local(*node);
            let node = self.simulation.node(*node);
            node.is_some_and(|node| node.tags().get(local, mark).is_some())
        };
        match nodes.filter(leads).collect::<Vec<_>>()[..] {
            [] => Ok(None),
            [leader] => Ok(Some(leader)),
            ref several => Err(format!("{several:?} lead together")),
        }
    }
}

fn all_seeds(elect: impl Fn(u64) -> Result<(), String> + Sync) {
    let done = sweep(0..SEEDS, Jobs::all_cores(), |seed| elect(seed.0));
    let done = done.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(done.len() as u64, SEEDS);
}

#[test]
fn whoever_leads_goes_on_leading() {
    let play = ring();
    all_seeds(|seed| {
        let mut election = Election::new(&play, seed);
        election.watch(Span::secs(60))?;
        match election.watch(Span::secs(60))?[..] {
            [Some(_)] => Ok(()),
            ref reigns => Err(format!("not one and the same: {reigns:?}")),
        }
    });
}

#[test]
fn another_leads_when_the_leader_dies() {
    let play = ring();
    all_seeds(|seed| {
        let mut election = Election::new(&play, seed);
        election.watch(Span::secs(60))?;
        let first = election.leader()?.ok_or("nobody leads")?;
        election.simulation.crash(first);
        election.watch(Span::secs(60))?;
        match election.leader()? {
            Some(next) if next != first => Ok(()),
            other => Err(format!("after {first:?} leads {other:?}")),
        }
    });
}

#[test]
fn there_are_never_two_whatever_breaks() {
    let mut play = ring().with(Trouble::Crashes);
    play.network.faults.until = Some(Span::secs(120));
    for (nodes, from, until) in [([0, 1], 20, 50), ([1, 2], 60, 100)] {
        play.network.partitions.push(Partition {
            nodes: nodes.map(NodeIx).to_vec(),
            from: Span::secs(from),
            until: Span::secs(until),
        });
    }
    all_seeds(|seed| {
        let mut election = Election::new(&play, seed);
        election.watch(Span::secs(200))?;
        // A candidate may have died with its node before it was stored; a majority is enough.
        election.leader().map(|_| ())
    });
}
