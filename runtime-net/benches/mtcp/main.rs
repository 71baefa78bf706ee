//! What M-TCP costs beside TLS over TCP, in one run, and how long a planned move takes.
//!
//!     cargo bench --workspace --bench mtcp            # all of it
//!     cargo bench --workspace --bench mtcp -- --quick # once, small, to see that it works
//!
//! The servers are in a thread of their own, and so is a proxy as `smc mtcp proxy` is one. Blocks
//! of all kinds are measured in turn, so that all meet the same machine; ratios are of minima. A
//! move takes 10 KB of state along, and is measured from the wish to the next answer: cold, with a
//! new session to the other server, and warm, where the client has prepared one. A figure that
//! misses its bound has a star.

#[global_allocator]
static MEMORY: memory::Counting = memory::Counting;

mod bare;
mod memory;
mod servers;

use std::time::{Duration, Instant};

use sm_core::ids::Span;
use sm_net::mtcp::{ClientOptions, MtcpConnector, MtcpStream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use servers::{ECHO, HEARTBEAT, SOURCE, STATE, Servers};

/// How much is measured.
#[derive(Clone, Copy)]
struct Plan {
    /// Bytes of one block of a stream.
    bytes: u64,
    /// Round trips of one block.
    rounds: u32,
    /// Moves of each kind in one block.
    moves: u32,
    blocks: u32,
    /// Connections that are idle at once.
    idle: usize,
}

const FULL: Plan = Plan {
    bytes: 64 << 20,
    rounds: 2_000,
    moves: 20,
    blocks: 15,
    idle: 200,
};
const QUICK: Plan = Plan {
    bytes: 1 << 20,
    rounds: 50,
    moves: 3,
    blocks: 2,
    idle: 10,
};

/// A short request, and its answer.
const MESSAGE: usize = 1 << 10;

/// The least share of TLS's rate.
const RATIO: f64 = 0.6;
/// The most that a round trip takes longer than over TLS, in µs: alone, and through a proxy.
const LIBRARY: f64 = 5.0;
const PROXY: f64 = 40.0;
/// The most that an idle connection keeps at either end beside its session of TLS, in bytes.
const IDLE: f64 = 8192.0;

fn main() {
    let quick = std::env::args().any(|one| one == "--quick");
    let plan = if quick { QUICK } else { FULL };
    let servers = servers::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        idle(plan, &servers).await;
        measure(plan, servers).await;
    });
}

/// What all ways have in common: the least time for a stream and for round trips.
#[derive(Clone, Copy)]
struct Least {
    stream: Duration,
    rounds: Duration,
}

impl Least {
    const NONE: Self = Self {
        stream: Duration::MAX,
        rounds: Duration::MAX,
    };

    /// One block; who connects does it for each anew.
    async fn block<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        plan: Plan,
        connect: impl AsyncFn() -> T,
    ) {
        let stream = stream(&mut connect().await, plan.bytes).await;
        self.stream = self.stream.min(stream);
        let rounds = rounds(&mut connect().await, plan.rounds).await;
        self.rounds = self.rounds.min(rounds);
    }

    /// MB/s.
    fn rate(self, plan: Plan) -> f64 {
        plan.bytes as f64 / self.stream.as_secs_f64() / 1e6
    }

    /// µs.
    fn trip(self, plan: Plan) -> f64 {
        self.rounds.as_secs_f64() * 1e6 / f64::from(plan.rounds)
    }
}

async fn measure(plan: Plan, servers: Servers) {
    let (mut tls, mut mtcp, mut proxied) = (Least::NONE, Least::NONE, Least::NONE);
    let mut gaps = [Duration::MAX; 2];
    let over_tls = bare::connector();
    let connector = connector(&servers);
    let connect = async || connector.connect().await.expect("it listens");
    for _ in 0..plan.blocks {
        let bare = async || bare::connect(servers.bare, &over_tls).await;
        tls.block(plan, bare).await;
        mtcp.block(plan, connect).await;
        let plain = async || {
            let tcp = TcpStream::connect(servers.proxy).await;
            let tcp = tcp.expect("it listens");
            tcp.set_nodelay(true).expect("it is TCP");
            tcp
        };
        proxied.block(plan, plain).await;
        let mut moving = connect().await;
        moving.write_u8(STATE).await.expect("it reads");
        for _ in 0..plan.moves {
            for (way, gap) in [Way::Cold, Way::Warm].into_iter().zip(&mut gaps) {
                *gap = (*gap).min(move_it(&mut moving, way).await);
            }
        }
    }
    let (fast, short) = (tls.rate(plan), tls.trip(plan));
    println!("TLS:        {fast:.0} MB/s, 1 KB there and back in {short:.1} µs");
    for (way, least, more) in [("library", mtcp, LIBRARY), ("proxy", proxied, PROXY)] {
        let (slow, long) = (least.rate(plan), least.trip(plan));
        let ratio = slow / fast;
        let star = miss(way == "proxy" || ratio >= RATIO);
        let bound = match way {
            "library" => format!(", of {RATIO} at least"),
            _ => String::new(),
        };
        println!("{way}:    {slow:.0} MB/s, {ratio:.2} of TLS{bound}{star}");
        let longer = long - short;
        let star = miss(longer <= more);
        println!("{way}:    {long:.1} µs, {longer:.1} more than TLS, of {more} at most{star}");
    }
    let long = mtcp.trip(plan);
    let kinds = [
        ("cold move:", gaps[0], (5.0, 1_500.0)),
        ("warm move:", gaps[1], (3.0, 500.0)),
    ];
    for (kind, gap, (trips, more)) in kinds {
        let gap = gap.as_secs_f64() * 1e6;
        let most = trips * long + more;
        let star = miss(gap <= most);
        println!("{kind}  {gap:.1} µs until the next answer, of {most:.1} at most{star}");
    }
}

fn miss(fine: bool) -> &'static str {
    if fine { "" } else { " *" }
}

fn connector(servers: &Servers) -> MtcpConnector {
    let mut options = ClientOptions::new(servers.service.clone(), servers.addresses.clone());
    options.timing.heartbeat = Span(HEARTBEAT.as_nanos() as u64);
    MtcpConnector::new(options).expect("there is TLS")
}

/// What connections keep that were asked once and are idle since.
async fn idle(plan: Plan, servers: &Servers) {
    let connector = connector(servers);
    let over_tls = bare::connector();
    let tls = keep(plan.idle, async || {
        bare::connect(servers.bare, &over_tls).await
    });
    let tls = tls.await;
    let connect = async || connector.connect().await.expect("it listens");
    let mtcp = keep(plan.idle, connect).await;
    for (side, name) in ["client", "server"].into_iter().enumerate() {
        let (all, below) = (mtcp[side], tls[side]);
        let more = all - below;
        let star = miss(more <= IDLE);
        let below = format!("TLS {below:.0}, beyond it {more:.0}");
        println!("idle {name}: {all:.0} bytes, {below}, of {IDLE} at most{star}");
    }
}

/// The bytes that each of so many connections keeps at client and server.
async fn keep<T: AsyncRead + AsyncWrite + Unpin>(
    count: usize,
    connect: impl AsyncFn() -> T,
) -> [f64; 2] {
    // What all share is there before.
    let mut first = connect().await;
    rounds(&mut first, 1).await;
    memory::count(true);
    let before = memory::kept();
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let mut one = connect().await;
        rounds(&mut one, 1).await;
        all.push(one);
    }
    // Ends of M-TCP notice that they are idle.
    tokio::time::sleep(3 * HEARTBEAT).await;
    let after = memory::kept();
    memory::count(false);
    [0, 1].map(|side| (after[side] - before[side]) as f64 / count as f64)
}

async fn stream(at: &mut (impl AsyncRead + AsyncWrite + Unpin), bytes: u64) -> Duration {
    let mut buffer = vec![0; 64 << 10];
    at.write_u8(SOURCE).await.expect("it reads");
    at.write_u64_le(bytes).await.expect("it reads");
    at.flush().await.expect("it reads");
    // From the first byte on: what is measured is not the way there.
    let mut got = at.read(&mut buffer).await.expect("it comes") as u64;
    let since = now();
    while got < bytes {
        let read = at.read(&mut buffer).await.expect("it comes");
        assert!(read > 0, "it ended early");
        got += read as u64;
    }
    since.elapsed()
}

async fn rounds(at: &mut (impl AsyncRead + AsyncWrite + Unpin), rounds: u32) -> Duration {
    at.write_u8(ECHO).await.expect("it reads");
    let mut answer = [0; MESSAGE];
    ask(at, &mut answer).await;
    let since = now();
    for _ in 0..rounds {
        ask(at, &mut answer).await;
    }
    since.elapsed()
}

async fn ask(at: &mut (impl AsyncRead + AsyncWrite + Unpin), answer: &mut [u8; MESSAGE]) {
    at.write_all(&[7; MESSAGE]).await.expect("it reads");
    at.flush().await.expect("it reads");
    at.read_exact(answer).await.expect("it comes");
}

/// How a move begins.
#[derive(Clone, Copy)]
enum Way {
    Cold,
    Warm,
}

/// From the wish to move to the next answer, from the other server.
async fn move_it(stream: &mut MtcpStream, way: Way) -> Duration {
    let control = stream.control();
    let mut answer = [0; MESSAGE];
    // So that nothing is left of the move before.
    ask(stream, &mut answer).await;
    if let Way::Warm = way {
        control.prepare(None).await.expect("the other takes it");
    }
    let since = now();
    control.migrate(None).await.expect("the other takes it");
    ask(stream, &mut answer).await;
    since.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn now() -> Instant {
    Instant::now()
}
