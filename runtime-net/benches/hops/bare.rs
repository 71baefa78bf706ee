//! What hops are compared with: the same bytes there and back, with nothing above the transport.

use std::time::Instant;

use bytes::Bytes;
use quinn::Connection;
use sm_net::identity::KeyPair;
use sm_net::quic::{Socket, Trusted};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::cost::{Block, Cost};
use super::peer::{Peer, Role, loopback, nobody, options};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// An open TCP connection, without security.
pub(crate) struct Tcp {
    peer: Peer,
    stream: TcpStream,
}

impl Tcp {
    pub(crate) async fn start() -> Self {
        let peer = Peer::start(Role::Tcp, nobody());
        let connecting = TcpStream::connect(&peer.address).await;
        let stream = connecting.expect("it listens");
        stream.set_nodelay(true).expect("an option");
        Self { peer, stream }
    }

    /// Sends so many bytes there and back, so many times.
    pub(crate) async fn block(&mut self, size: usize, rounds: u32) -> Cost {
        let message = [&(size as u32).to_le_bytes()[..], &vec![7; size]].concat();
        let mut answer = vec![0; message.len()];
        let block = Block::begin(&self.peer);
        for _ in 0..rounds {
            self.stream.write_all(&message).await.expect("it is open");
            self.stream.read_exact(&mut answer).await.expect("an echo");
        }
        block.end(&self.peer, rounds * 2)
    }
}

/// A QUIC connection, with a new stream for each round trip.
pub(crate) struct Quic {
    peer: Peer,
    connection: Connection,
    _socket: Socket,
}

impl Quic {
    pub(crate) async fn start() -> Self {
        let key = KeyPair::generate().expect("randomness");
        let peer = Peer::start(Role::Quic, key.node_id());
        let socket =
            Socket::listen(&key, loopback(), &options(), Trusted::default()).expect("loopback");
        let config = socket.client(peer.key).expect("a configuration");
        let address = peer.address.parse().expect("an address");
        let connecting = socket.endpoint.connect_with(config, address, "node");
        let connection = connecting.expect("it is right").await.expect("a handshake");
        Self {
            peer,
            connection,
            _socket: socket,
        }
    }

    /// Sends so many bytes there and back, so many times, in so many tasks.
    pub(crate) async fn block(&mut self, size: usize, rounds: u32, depth: u32) -> Cost {
        let message = Bytes::from(vec![7; size]);
        let block = Block::begin(&self.peer);
        let tasks: Vec<_> = (0..depth)
            .map(|_| tokio::spawn(echoes(self.connection.clone(), message.clone(), rounds)))
            .collect();
        for task in tasks {
            task.await.expect("it ends");
        }
        block.end(&self.peer, rounds * 2 * depth)
    }
}

async fn echoes(connection: Connection, message: Bytes, rounds: u32) {
    for _ in 0..rounds {
        let (mut out, mut input) = connection.open_bi().await.expect("a stream");
        out.write_chunk(message.clone()).await.expect("it is open");
        out.finish().expect("it is open");
        input.read_to_end(4 << 20).await.expect("an answer");
    }
}
