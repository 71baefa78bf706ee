//! A node alone, with one program on it.

use ed25519_dalek::SigningKey;
use sm_core::content::ContentKind;
use sm_core::ids::{NodeId, Span, Time};
use sm_core::launch::{Launch, LaunchLimits};
use sm_core::node::{Boot, Config, End, Node, Output, Parking, Tracing};
use sm_core::tags::TagLimits;

use super::code;

/// A node and what became of its messages.
pub(crate) struct Alone {
    pub(crate) node: Node,
    /// How the first message ended.
    end: Option<End>,
}

/// More than any figure needs.
const MANY: usize = 1 << 24;

/// The fuel of a slice, as `smc run` has it.
const SLICE: u64 = 500_000;

const NOW: Time = Time(1);

impl Alone {
    /// The program starts with these numbers.
    pub(crate) fn start(text: &'static str, numbers: &[usize], parking: Parking) -> Self {
        let author = SigningKey::from_bytes(&[1; 32]);
        let key = author.verifying_key().to_bytes();
        let mut config = Config::new(NodeId(key));
        config.tracing = Tracing::Off;
        config.parking = parking;
        let limits = &mut config.limits;
        (limits.messages, limits.messages_per_launch) = (MANY, MANY);
        limits.bytes = u64::MAX;
        limits.fuel_per_turn = u64::MAX;
        limits.tags = TagLimits::default();
        let mut node = Node::new(config, Boot::default());
        let bundle = code::bundle(text);
        let mut add = |kind, bytes: Vec<u8>| {
            node.add_content(kind, &bytes).expect("it was compiled");
        };
        bundle
            .bricks
            .iter()
            .for_each(|brick| add(ContentKind::Brick, brick.encode()));
        bundle
            .modules
            .iter()
            .for_each(|module| add(ContentKind::Module, module.encode()));
        add(ContentKind::Program, bundle.program.encode());
        let launch = Launch {
            author: key.into(),
            home: NodeId(key),
            program: bundle.hash().0,
            brick: bundle.program.entry.brick.0,
            function: bundle.program.entry.function,
            arguments: numbers
                .iter()
                .flat_map(|number| code::int(*number))
                .collect(),
            limits: LaunchLimits {
                fuel: u64::MAX >> 1,
                fuel_per_turn: u64::MAX >> 1,
                children: u32::MAX,
                lifetime: Span::secs(3_600),
                ..LaunchLimits::default()
            },
            nonce: [0; 16],
            expiry: 0,
        };
        let record = launch.sign(&author).expect("it is the key");
        node.handle_launch(NOW, &record.bytes)
            .expect("it may start");
        Self { node, end: None }
    }

    /// One slice, and what comes out of it.
    pub(crate) fn slice(&mut self) {
        self.node.run(NOW, SLICE);
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Report(report) => self.end = Some(report.end),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Runs until nothing can.
    pub(crate) fn settle(&mut self) {
        while self.node.is_ready() {
            self.slice();
        }
    }

    /// Runs to the end of the program.
    pub(crate) fn finish(&mut self) {
        self.settle();
        assert!(matches!(self.end, Some(End::Done { .. })), "{:?}", self.end);
    }
}
