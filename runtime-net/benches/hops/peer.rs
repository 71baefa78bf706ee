//! The other process: an echo of plain TCP or of bare QUIC, or a node.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sm_core::ids::{Incarnation, NodeId};
use sm_net::identity::{KeyPair, parse_key};
use sm_net::quic::{LinkOptions, Socket, Trusted};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What the other process is.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Tcp,
    Quic,
    Node,
}

/// The other process; it ends when this is dropped.
pub(crate) struct Peer {
    child: Child,
    _input: ChildStdin,
    pub(crate) address: String,
    pub(crate) key: NodeId,
}

impl Peer {
    pub(crate) fn start(role: Role, own: NodeId) -> Self {
        let role = match role {
            Role::Tcp => "tcp",
            Role::Quic => "quic",
            Role::Node => "node",
        };
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .args(["--peer", role, &own.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let input = child.stdin.take().expect("a pipe");
        let mut line = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it says where it is");
        let (address, key) = line.trim().split_once(' ').expect("an address and a key");
        Self {
            child,
            _input: input,
            address: address.to_owned(),
            key: parse_key(key).expect("a key"),
        }
    }

    /// The processor time that it and this process have used.
    pub(crate) fn cpu(&self) -> Duration {
        own_cpu() + cpu_of(&self.child.id().to_string())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What this process has run, with the threads of nodes that have ended.
fn own_cpu() -> Duration {
    let ran = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(ran.tv_sec as u64, ran.tv_nsec as u32)
}

/// What the threads of a peer have run, as the kernel counts it. None of them ends before it.
fn cpu_of(process: &str) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let ran = |thread: std::fs::DirEntry| {
        let counts = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        counts.split(' ').next()?.parse::<u64>().ok()
    };
    let nanos: u64 = threads
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(ran)
        .sum();
    Duration::from_nanos(nanos)
}

/// The key of an end that proves none: plain TCP asks for no key.
pub(crate) fn nobody() -> NodeId {
    KeyPair::from_seed([1; 32]).node_id()
}

/// Any port that is free.
pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub(crate) fn options() -> LinkOptions {
    LinkOptions {
        keep_alive: Duration::from_millis(200),
        idle: Duration::from_secs(10),
        incarnation: Incarnation(sm_net::clock::unix_nanos()),
    }
}

pub(crate) fn live(arguments: &[String]) {
    let other = parse_key(&arguments[1]).expect("a key");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match arguments[0].as_str() {
        "tcp" => runtime.block_on(echo_tcp()),
        "quic" => runtime.block_on(echo_quic(other)),
        _ => runtime.block_on(super::pair::serve(other)),
    }
}

pub(crate) fn say(address: SocketAddr, key: NodeId) {
    println!("{address} {key}");
    std::io::stdout().flush().expect("somebody listens");
}

async fn echo_tcp() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback");
    say(listener.local_addr().expect("it listens"), nobody());
    let (mut stream, _) = listener.accept().await.expect("a caller");
    stream.set_nodelay(true).expect("an option");
    let mut length = [0; 4];
    while stream.read_exact(&mut length).await.is_ok() {
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        stream.read_exact(&mut bytes).await.expect("the rest");
        stream.write_all(&length).await.expect("an echo");
        stream.write_all(&bytes).await.expect("an echo");
    }
}

async fn echo_quic(other: NodeId) {
    let key = KeyPair::generate().expect("randomness");
    let trusted = Trusted::default();
    trusted.insert(other);
    let socket = Socket::listen(&key, loopback(), &options(), trusted).expect("loopback");
    say(
        socket.endpoint.local_addr().expect("it listens"),
        key.node_id(),
    );
    let incoming = socket.endpoint.accept().await.expect("a caller");
    let connection = incoming.await.expect("a handshake");
    while let Ok((mut out, mut input)) = connection.accept_bi().await {
        tokio::spawn(async move {
            let bytes = input.read_to_end(4 << 20).await.expect("a request");
            out.write_chunk(bytes.into()).await.expect("an answer");
            out.finish().expect("it is open");
        });
    }
}
