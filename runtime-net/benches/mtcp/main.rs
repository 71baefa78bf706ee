//! What M-TCP costs beside TLS over TCP, in one run, and how long a planned move takes.
//!
//!     cargo bench -p sm-net --bench mtcp            # all of it
//!     cargo bench -p sm-net --bench mtcp -- --quick # once, small, to see that it works
//!
//! The servers are in a thread of their own. Blocks of both kinds are measured in turn, so that
//! both meet the same machine; ratios are of minima. A move takes 10 KB of state along, and is
//! measured from the wish to the next answer: cold, with a new session to the other server, and
//! warm, where the client has prepared one.

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod bare;
mod servers;

use std::time::{Duration, Instant};

use sm_net::mtcp::{ClientOptions, MtcpStream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use servers::{ECHO, SOURCE, STATE, Servers};

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
}

const FULL: Plan = Plan {
    bytes: 64 << 20,
    rounds: 2_000,
    moves: 20,
    blocks: 15,
};
const QUICK: Plan = Plan {
    bytes: 1 << 20,
    rounds: 50,
    moves: 3,
    blocks: 2,
};

/// A short request, and its answer.
const MESSAGE: usize = 1 << 10;

fn main() {
    let quick = std::env::args().any(|one| one == "--quick");
    let plan = if quick { QUICK } else { FULL };
    let servers = servers::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(measure(plan, servers));
}

async fn measure(plan: Plan, servers: Servers) {
    let mut plain = [Duration::MAX; 2];
    let mut moved = [Duration::MAX; 2];
    let mut gaps = [Duration::MAX; 2];
    for _ in 0..plan.blocks {
        let mut tls = bare::connect(servers.bare).await;
        plain[0] = plain[0].min(stream(&mut tls, plan.bytes).await);
        let mut tls = bare::connect(servers.bare).await;
        plain[1] = plain[1].min(rounds(&mut tls, plan.rounds).await);
        let options = ClientOptions::new(servers.service.clone(), servers.addresses.clone());
        let mut mtcp = MtcpStream::connect(options.clone())
            .await
            .expect("it listens");
        moved[0] = moved[0].min(stream(&mut mtcp, plan.bytes).await);
        let mut mtcp = MtcpStream::connect(options.clone())
            .await
            .expect("it listens");
        moved[1] = moved[1].min(rounds(&mut mtcp, plan.rounds).await);
        let mut mtcp = MtcpStream::connect(options).await.expect("it listens");
        mtcp.write_u8(STATE).await.expect("it reads");
        for _ in 0..plan.moves {
            for (way, gap) in [Way::Cold, Way::Warm].into_iter().zip(&mut gaps) {
                *gap = (*gap).min(move_it(&mut mtcp, way).await);
            }
        }
    }
    let rate = |time: Duration| plan.bytes as f64 / time.as_secs_f64() / 1e6;
    let trip = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(plan.rounds);
    let (slow, fast) = (rate(moved[0]), rate(plain[0]));
    println!(
        "stream:     M-TCP {slow:.0} MB/s, TLS {fast:.0} MB/s, ratio {:.2}",
        slow / fast
    );
    let (long, short) = (trip(moved[1]), trip(plain[1]));
    println!(
        "1 KB trip:  M-TCP {long:.1} µs, TLS {short:.1} µs, ratio {:.2}",
        long / short
    );
    let kinds = [
        ("cold move:", gaps[0], (5.0, 1_500.0)),
        ("warm move:", gaps[1], (3.0, 500.0)),
    ];
    for (kind, gap, (trips, more)) in kinds {
        let gap = gap.as_secs_f64() * 1e6;
        let most = trips * long + more;
        let misses = if gap <= most { "" } else { " *" };
        println!("{kind}  {gap:.1} µs until the next answer, of {most:.1} at most{misses}");
    }
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
