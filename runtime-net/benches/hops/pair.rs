//! Messages that move between two nodes, one here and one in another process.

use std::sync::Arc;

use sm_compiler::ast::FileId;
use sm_compiler::check::{self, Loader, Source};
use sm_compiler::driver::compile;
use sm_core::ids::{NodeId, Span};
use sm_core::launch::{Launch, LaunchLimits};
use sm_core::node::Config;
use sm_net::control::Order;
use sm_net::control::protocol::{self, Answer, Content, End, Event, Request, What};
use sm_net::host::{Host, Parts};
use sm_net::identity::KeyPair;
use sm_net::io::Drivers;
use sm_net::quic::{Quic, Trusted};
use sm_net::store::Forgetful;
use tokio::sync::{mpsc, oneshot};

use super::cost::{Block, Cost};
use super::peer::{Peer, Role, loopback, options, say};

const PROGRAM: &str = include_str!("hops.sm");

/// How a message moves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grade {
    Fast,
    Exact,
}

/// Two nodes.
pub(crate) struct Pair {
    peer: Peer,
    key: KeyPair,
    orders: mpsc::Sender<Order>,
    code: Code,
    launches: u64,
    /// The ends of messages.
    ends: mpsc::UnboundedReceiver<End>,
    /// Ends the node here when it is dropped.
    _life: oneshot::Sender<()>,
}

struct Code {
    content: Vec<(Content, Vec<u8>)>,
    program: [u8; 32],
    entry: sm_bytecode::EntryRef,
}

/// The node at the other end: lives until it is killed.
pub(crate) async fn serve(other: NodeId) {
    let key = KeyPair::generate().expect("randomness");
    let trusted = Trusted::default();
    trusted.insert(other);
    let link = Quic::listen(&key, &[loopback()], &options(), trusted).expect("loopback");
    say(link.addresses().expect("it listens")[0], key.node_id());
    let (_orders, ordered) = mpsc::channel(1);
    let node = host(&key, link, ordered, Box::new(|_| {}));
    let ran = tokio::spawn(node.run(std::future::pending())).await;
    ran.expect("it does not fail").expect("it is not recorded");
}

fn host(
    key: &KeyPair,
    link: Quic,
    orders: mpsc::Receiver<Order>,
    listener: Box<dyn FnMut(&Event) + Send>,
) -> Host {
    let parts = Parts {
        name: "bench".to_owned(),
        config: Config::new(key.node_id()),
        incarnation: options().incarnation,
        link,
        discovery: None,
        store: Box::new(Forgetful),
        drivers: Drivers::default(),
        services: Vec::new(),
        content: Vec::new(),
        tags: Vec::new(),
        orders,
        record: None,
        crash_at: None,
        jit: None,
        listener,
    };
    Host::start(parts).expect("it is not recorded")
}

impl Pair {
    /// Both nodes, linked. The one here runs in a thread of its own, as it would in a process.
    pub(crate) async fn start() -> Self {
        let key = KeyPair::generate().expect("randomness");
        let peer = Peer::start(Role::Node, key.node_id());
        let (orders, ordered) = mpsc::channel(64);
        let (ended, ends) = mpsc::unbounded_channel();
        let (life, over) = oneshot::channel::<()>();
        let (own, called, address) = (key.clone(), peer.key, peer.address.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let trusted = Trusted::default();
                let mut link =
                    Quic::listen(&own, &[loopback()], &options(), trusted).expect("loopback");
                link.call(called, &address);
                let told = Box::new(move |event: &Event| tell(event, &ended));
                let node = host(&own, link, ordered, told);
                let ran = tokio::spawn(node.run(async { drop(over.await) })).await;
                ran.expect("it does not fail").expect("it is not recorded");
            });
        });
        let pair = Self {
            peer,
            key,
            orders,
            code: code(),
            launches: 0,
            ends,
            _life: life,
        };
        while !pair.is_linked().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        pair
    }

    /// So many messages at a time move there and back, so many times.
    pub(crate) async fn block(
        &mut self,
        size: usize,
        rounds: u32,
        depth: u32,
        grade: Grade,
    ) -> Cost {
        let block = Block::begin(&self.peer);
        for _ in 0..depth {
            self.launch(rounds * 2, size, grade).await;
        }
        for _ in 0..depth {
            let end = self.ends.recv().await.expect("the node lives");
            assert!(matches!(end, End::Done { .. }), "{end:?}");
        }
        block.end(&self.peer, rounds * 2 * depth)
    }

    async fn ask(&self, request: Request) -> mpsc::Receiver<Answer> {
        let (answers, answered) = mpsc::channel(1 << 16);
        let order = Order::Request { request, answers };
        self.orders.send(order).await.expect("the node lives");
        answered
    }

    async fn is_linked(&self) -> bool {
        let mut answered = self.ask(Request::Status).await;
        match answered.recv().await {
            Some(Answer::Status(status)) => status.neighbors == 1,
            other => panic!("no status: {other:?}"),
        }
    }

    async fn launch(&mut self, hops: u32, size: usize, grade: Grade) {
        self.launches += 1;
        let mut arguments = Vec::new();
        for number in [i64::from(hops), size as i64 / 8] {
            arguments.extend(int(number));
        }
        arguments.push(u8::from(grade == Grade::Fast));
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.launches.to_le_bytes());
        let launch = Launch {
            author: self.key.author_id(),
            home: self.key.node_id(),
            program: self.code.program,
            brick: self.code.entry.brick.0,
            function: self.code.entry.function,
            arguments,
            limits: LaunchLimits {
                fuel: u64::MAX >> 1,
                hops: u32::MAX,
                bytes: u64::MAX >> 1,
                lifetime: Span::secs(3_600),
                ..LaunchLimits::default()
            },
            nonce,
            expiry: 0,
        };
        let record = launch.sign(self.key.signing_key()).expect("it is the key");
        let launch = protocol::Launch {
            record: record.bytes.to_vec(),
            content: self.code.content.clone(),
            watch: false,
        };
        let mut answered = self.ask(Request::Launch(Box::new(launch))).await;
        let answer = answered.recv().await;
        assert!(
            matches!(answer, Some(Answer::Launched { .. })),
            "{answer:?}"
        );
    }
}

/// An `Int` as arguments have it: zigzag, then LEB128.
fn int(number: i64) -> Vec<u8> {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

/// Passes on the end of a message: copies print something, the others report it.
fn tell(event: &Event, ended: &mpsc::UnboundedSender<End>) {
    let end = match &event.what {
        What::Printed(_) => End::Done {
            ty: [0; 32],
            value: Vec::new(),
        },
        What::Reported { end, .. } => end.clone(),
        _ => return,
    };
    // Nobody listens when the benchmark is over.
    let _ = ended.send(end);
}

/// The program and the library that it is compiled with.
struct Files;

impl Loader for Files {
    fn load(&mut self, path: &str) -> Option<Source> {
        let (file, text) = match path {
            "./hops" => (FileId(0), PROGRAM),
            "prelude" => (FileId(1), sm_stdlib::source(path)?),
            _ => return None,
        };
        Some(Source {
            file,
            text: Arc::from(text),
        })
    }
}

fn code() -> Code {
    let options = check::Options {
        root: "./hops".to_owned(),
        ..check::Options::default()
    };
    let compiled = compile(&mut Files, &options, sm_stdlib::prebuilt());
    let code = compiled
        .code
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    let bundle = code.bundle().expect("it has a main");
    let modules = bundle
        .modules
        .iter()
        .map(|one| (Content::Module, one.encode()));
    let bricks = bundle
        .bricks
        .iter()
        .map(|one| (Content::Brick, one.encode()));
    Code {
        content: [(Content::Program, bundle.program.encode())]
            .into_iter()
            .chain(modules)
            .chain(bricks)
            .collect(),
        program: bundle.hash().0,
        entry: bundle.program.entry,
    }
}
