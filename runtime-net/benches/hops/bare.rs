//! What hops are compared with: the same bytes there and back, with nothing above the transport.

use std::time::Instant;

use sm_net::identity::KeyPair;
use sm_net::quic::{Socket, Trusted};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::peer::{Peer, Role, loopback, nobody, options};
use super::{Cost, Plan};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// One way over an open TCP connection, without security.
pub(crate) async fn tcp(plan: Plan, size: usize) -> Cost {
    let peer = Peer::start(Role::Tcp, nobody());
    let mut stream = tokio::net::TcpStream::connect(&peer.address)
        .await
        .expect("it listens");
    stream.set_nodelay(true).expect("an option");
    let message = [&(size as u32).to_le_bytes()[..], &vec![7; size]].concat();
    let mut answer = vec![0; message.len()];
    let mut measured = Vec::new();
    for _ in 0..=plan.times {
        let (began, cpu) = (now(), peer.cpu());
        for _ in 0..plan.rounds {
            stream.write_all(&message).await.expect("it is open");
            stream.read_exact(&mut answer).await.expect("an echo");
        }
        measured.push((began.elapsed(), peer.cpu().saturating_sub(cpu)));
    }
    Cost::least(measured.into_iter().skip(1), plan.rounds * 2)
}

/// One way over a QUIC connection, a new stream for each round trip, so many at a time.
pub(crate) async fn quic(plan: Plan, size: usize, depth: u32) -> Cost {
    let key = KeyPair::generate().expect("randomness");
    let peer = Peer::start(Role::Quic, key.node_id());
    let socket =
        Socket::listen(&key, loopback(), &options(), Trusted::default()).expect("loopback");
    let config = socket.client(peer.key).expect("a configuration");
    let address = peer.address.parse().expect("an address");
    let connecting = socket.endpoint.connect_with(config, address, "node");
    let connection = connecting.expect("it is right").await.expect("a handshake");
    let message = bytes::Bytes::from(vec![7; size]);
    let mut measured = Vec::new();
    for _ in 0..=plan.times {
        let (began, cpu) = (now(), peer.cpu());
        let tasks: Vec<_> = (0..depth)
            .map(|_| {
                let (connection, message) = (connection.clone(), message.clone());
                tokio::spawn(async move {
                    for _ in 0..plan.rounds {
                        let (mut out, mut input) = connection.open_bi().await.expect("a stream");
                        out.write_chunk(message.clone()).await.expect("it is open");
                        out.finish().expect("it is open");
                        input.read_to_end(4 << 20).await.expect("an answer");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it ends");
        }
        measured.push((began.elapsed(), peer.cpu().saturating_sub(cpu)));
    }
    Cost::least(measured.into_iter().skip(1), plan.rounds * 2 * depth)
}
