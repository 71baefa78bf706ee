//! Real nodes for the target that reads frames.

use ed25519_dalek::SigningKey;
use sm_bytecode::bundle::Bundle;
use sm_core::content::ContentKind;
use sm_core::ids::{AuthorId, MessageId, NodeId, SessionId, Span, Time};
use sm_core::launch::{Launch, LaunchLimits};
use sm_core::node::{Boot, Config, Input, Node, Output};
use sm_net::control::protocol::Request;

const SESSION: SessionId = SessionId(1);
const LONELY: NodeId = NodeId([1; 32]);

/// Fuel of one slice, and the most slices after one frame: an input must not run long because a
/// program in it does.
const FUEL: u64 = 10_000;
const SLICES: usize = 16;

/// A node with one neighbor, of which it believes nothing.
pub(crate) struct Lonely {
    node: Node,
    now: Time,
}

impl Lonely {
    pub(crate) fn new() -> Self {
        Self::between(LONELY, author_node())
    }

    fn between(own: NodeId, peer: NodeId) -> Self {
        let mut node = Node::new(Config::new(own), Boot::default());
        node.handle_session_up(Time::ZERO, SESSION, peer);
        Self {
            node,
            now: Time::ZERO,
        }
    }

    /// A frame comes.
    pub(crate) fn hears(&mut self, frame: &[u8]) -> Vec<Vec<u8>> {
        self.now = self.now + Span::millis(1);
        self.node.handle_frame(self.now, SESSION, frame);
        self.works()
    }

    /// An operator wants something, and the node does what a host would have it do.
    pub(crate) fn obeys(&mut self, request: Request) {
        let input = match &request {
            Request::Launch(launch) => {
                for (kind, bytes) in &launch.content {
                    let _ = self.node.add_content((*kind).into(), bytes);
                }
                Input::Launch(&launch.record)
            }
            Request::Kill(message) => Input::Kill(MessageId(*message)),
            Request::PutTag(tag) => Input::Tag(Box::new((**tag).clone().into())),
            Request::RemoveTag(name) => Input::TagGone(name.clone().into()),
            _ => return,
        };
        self.node.handle(self.now, input);
        self.works();
    }

    /// Time passes, and the session ends.
    pub(crate) fn ends(mut self) {
        for _ in 0..SLICES {
            let Some(due) = self.node.poll_timeout() else {
                break;
            };
            self.now = self.now.max(due);
            self.node.handle_timeout(self.now);
            self.works();
        }
        self.node.handle_session_down(self.now, SESSION);
        self.works();
    }

    /// Does what the node wants; answers the frames that it sent.
    fn works(&mut self) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        for _ in 0..SLICES {
            while let Some(output) = self.node.poll_output() {
                match output {
                    Output::Send { bytes, .. } | Output::Broadcast { bytes } => sent.push(bytes),
                    Output::Store { token, .. } => self.node.handle_stored(self.now, token),
                    _ => {}
                }
            }
            if !self.node.is_ready() {
                break;
            }
            self.node.run(self.now, FUEL);
        }
        sent
    }
}

fn author() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The neighbor, where programs of the author start.
fn author_node() -> NodeId {
    NodeId(author().verifying_key().to_bytes())
}

/// What a good neighbor sends while a program comes and goes: the input of `wire`.
pub(crate) fn recorded(bundle: &Bundle) -> Vec<Vec<u8>> {
    let mut near = Lonely::new();
    let mut far = Lonely::between(author_node(), LONELY);
    let mut to_far = near.works();
    let mut input = Vec::new();
    let mut to_near = far.works();
    launch(&mut far, bundle);
    to_near.extend(far.works());
    for _ in 0..64 {
        for frame in to_near.drain(..) {
            input.extend((frame.len() as u16).to_le_bytes());
            input.extend(&frame);
            to_far.extend(near.hears(&frame));
        }
        for frame in to_far.drain(..) {
            to_near.extend(far.hears(&frame));
        }
        to_near.extend(far.works());
    }
    vec![input]
}

fn launch(at: &mut Lonely, bundle: &Bundle) {
    let contents = bundle
        .bricks
        .iter()
        .map(|brick| (ContentKind::Brick, brick.encode()));
    let modules = bundle
        .modules
        .iter()
        .map(|module| (ContentKind::Module, module.encode()));
    let program = (ContentKind::Program, bundle.program.encode());
    for (kind, bytes) in contents.chain(modules).chain([program]) {
        at.node
            .add_content(kind, &bytes)
            .expect("the sample is good");
    }
    at.node
        .handle_launch(Time::ZERO, &signed(bundle, author_node()))
        .expect("the sample is admitted");
}

/// The record of a launch at a node.
fn signed(bundle: &Bundle, home: NodeId) -> Vec<u8> {
    let launch = Launch {
        author: AuthorId(author().verifying_key().to_bytes()),
        home,
        program: bundle.hash().0,
        brick: bundle.program.entry.brick.0,
        function: bundle.program.entry.function,
        arguments: Vec::new(),
        limits: LaunchLimits::default(),
        nonce: [0; 16],
        expiry: 0,
    };
    let signed = launch.sign(&author()).expect("the author signs");
    signed.bytes.to_vec()
}

/// The record of a launch that the lonely node admits.
pub(crate) fn launch_record(bundle: &Bundle) -> Vec<u8> {
    signed(bundle, LONELY)
}
