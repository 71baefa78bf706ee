//! A peer with a real key and a real endpoint that does what no node does.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use quinn::{Connection, ConnectionError, SendStream, VarInt};
use sm_bytecode::bundle::Bundle;
use sm_core::content::ContentKind;
use sm_core::ids::{Incarnation, NodeId, Time};
use sm_core::launch::{Launch, LaunchLimits};
use sm_core::node::{Boot, Config, Input, Node, Output};
use sm_core::wire::Frame;
use sm_net::identity::KeyPair;
use sm_net::link::{Link, LinkEvent};
use sm_net::quic::{LinkOptions, Quic, Socket, Trusted};

/// What a node says first on a stream of its own, before its boot.
pub(crate) const GREETING: &[u8; 4] = b"SMN\0";

/// How long a peer waits for a session to be ended before it believes that it lives.
const QUIET: Duration = Duration::from_millis(300);

/// Longer than a node waits for anything.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A peer, and the node that it harms.
pub(crate) struct Peer {
    pub(crate) key: KeyPair,
    /// Its own address: nobody else in the test has it.
    pub(crate) from: Ipv4Addr,
    pub(crate) victim: NodeId,
    pub(crate) at: SocketAddr,
}

/// A session of which only the beginning is as it should be.
pub(crate) struct Session {
    pub(crate) connection: Connection,
    /// The stream of the session as a whole.
    pub(crate) common: SendStream,
    _socket: Socket,
}

/// What became of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on.
    Lives,
    /// The node closed it with this code (`docs/WIRE.md`).
    Closed(u32),
    /// It never began, or ended without a word.
    Gone(String),
}

impl Peer {
    fn at(&self) -> SocketAddr {
        SocketAddr::from((self.from, 0))
    }

    fn options(&self) -> LinkOptions {
        LinkOptions {
            keep_alive: Duration::from_millis(200),
            idle: Duration::from_secs(5),
            incarnation: Incarnation(1),
        }
    }

    fn trusted(&self) -> Trusted {
        let trusted = Trusted::default();
        trusted.insert(self.victim);
        trusted
    }

    pub(crate) fn socket(&self) -> Socket {
        Socket::listen(&self.key, self.at(), &self.options(), self.trusted())
            .expect("loopback has room")
    }

    /// A connection on which nothing has been said.
    pub(crate) async fn connect(&self, socket: &Socket) -> Result<Connection, ConnectionError> {
        let config = socket.client(self.victim).expect("a configuration");
        self.connect_with(socket, config).await
    }

    pub(crate) async fn connect_with(
        &self,
        socket: &Socket,
        config: quinn::ClientConfig,
    ) -> Result<Connection, ConnectionError> {
        let connecting = socket.endpoint.connect_with(config, self.at, "node");
        connecting.expect("it can be called").await
    }

    /// A session that has begun as it should.
    pub(crate) async fn session(&self) -> Session {
        let socket = self.socket();
        let config = socket.client(self.victim).expect("a configuration");
        self.session_with(socket, config).await
    }

    /// A session in which the node may open no stream for a hop, and so has nowhere to answer.
    pub(crate) async fn deaf_session(&self) -> Session {
        let socket = self.socket();
        let mut config = socket.client(self.victim).expect("a configuration");
        let mut transport = quinn::TransportConfig::default();
        transport.max_concurrent_bidi_streams(VarInt::from_u32(0));
        // What it does not read soon has to wait at the other end.
        transport.stream_receive_window(VarInt::from_u32(16 << 10));
        config.transport_config(Arc::new(transport));
        self.session_with(socket, config).await
    }

    async fn session_with(&self, socket: Socket, config: quinn::ClientConfig) -> Session {
        let connection = self.connect_with(&socket, config).await;
        let connection = connection.expect("it is trusted");
        let greeting = [GREETING, &1_u64.to_le_bytes()[..]].concat();
        let mut common = connection.open_uni().await.expect("a stream");
        common.write_all(&greeting).await.expect("it listens");
        let incarnation = Incarnation(1);
        let hello = framed(&Frame::Hello { incarnation }.encode());
        common.write_all(&hello).await.expect("it listens");
        // The node has greeted as well: from here on the session is one.
        connection.accept_uni().await.expect("it greets");
        Session {
            connection,
            common,
            _socket: socket,
        }
    }

    /// Behaves for once: a message of the peer's own goes to the node and comes back. Answers the
    /// frames that it took.
    pub(crate) async fn visit(&self, bundle: &Bundle) -> Vec<Vec<u8>> {
        let mut link = Quic::listen(&self.key, &[self.at()], &self.options(), self.trusted());
        let link = link.as_mut().expect("loopback has room");
        link.call(self.victim, &self.at.to_string());
        let boot = Boot {
            incarnation: Incarnation(1),
            ..Boot::default()
        };
        let mut node: Node = Node::new(Config::new(self.key.node_id()), boot);
        let (mut frames, mut launched) = (Vec::new(), false);
        loop {
            match link.next().await {
                LinkEvent::Up { session, peer, .. } => {
                    node.handle(Time::ZERO, Input::SessionUp(session, peer));
                }
                LinkEvent::Frame(session, frame) => {
                    node.handle(Time::ZERO, Input::Frame(session, &frame));
                }
                _ => {}
            }
            if !launched && !node.neighbors().is_empty() {
                launched = true;
                launch(&mut node, &self.key, bundle);
            }
            loop {
                while let Some(output) = node.poll_output() {
                    match output {
                        Output::Send { session, bytes } => {
                            frames.push(bytes.clone());
                            link.send(session, bytes);
                        }
                        Output::Store { token, .. } => node.handle_stored(Time::ZERO, token),
                        Output::Report(_) => return frames,
                        _ => {}
                    }
                }
                if !node.is_ready() {
                    break;
                }
                node.run(Time::ZERO, 1_000_000);
            }
            link.flush();
        }
    }
}

impl Session {
    /// Waits a while for the end of the session, which should not come.
    pub(crate) async fn lives(&self) -> Fate {
        fate_within(&self.connection, QUIET).await
    }

    /// Waits for the end of the session.
    pub(crate) async fn ends(&self) -> Fate {
        fate_within(&self.connection, LONG).await
    }

    /// Sends bytes on a stream of their own, as many as go, and ends it.
    pub(crate) async fn say(&self, bytes: &[u8]) {
        let Ok(mut out) = self.connection.open_uni().await else {
            return;
        };
        // The node may have had enough of it.
        let _ = out.write_all(bytes).await;
        let _ = out.finish();
    }
}

impl Fate {
    pub(crate) fn of(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => {
                Self::Closed(u32::try_from(close.error_code.into_inner()).expect("a small code"))
            }
            other => Self::Gone(other.to_string()),
        }
    }
}

/// What has become of a connection after that time.
pub(crate) async fn fate_within(connection: &Connection, time: Duration) -> Fate {
    match tokio::time::timeout(time, connection.closed()).await {
        Err(_) => Fate::Lives,
        Ok(error) => Fate::of(&error),
    }
}

/// A frame after its length.
pub(crate) fn framed(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).expect("a short frame");
    [&length.to_le_bytes()[..], frame].concat()
}

fn launch(node: &mut Node, key: &KeyPair, bundle: &Bundle) {
    let bricks = bundle.bricks.iter();
    let bricks = bricks.map(|one| (ContentKind::Brick, one.encode()));
    let modules = bundle.modules.iter();
    let modules = modules.map(|one| (ContentKind::Module, one.encode()));
    let program = (ContentKind::Program, bundle.program.encode());
    for (kind, bytes) in bricks.chain(modules).chain([program]) {
        node.add_content(kind, &bytes)
            .expect("the compiler's code is good");
    }
    let launch = Launch {
        author: key.author_id(),
        home: key.node_id(),
        program: bundle.hash().0,
        brick: bundle.program.entry.brick.0,
        function: bundle.program.entry.function,
        arguments: Vec::new(),
        limits: LaunchLimits::default(),
        nonce: [0; 16],
        expiry: 0,
    };
    let signed = launch.sign(key.signing_key()).expect("it is the key");
    node.handle_launch(Time::ZERO, &signed.bytes)
        .expect("its own node takes it");
}
