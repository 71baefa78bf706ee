//! A stream whose server becomes slow: what it brings with and without moving.
//!
//!     cargo run --release -p sm-experiments --bin streaming [-- --quick] [--out FOLDER]
//!
//! The talk's second experiment: chunks of 1 KB at an even rate, until the server has sent 32 KB;
//! from then on it is slower by a factor. The client's policy moves the connection when the
//! smoothed rate falls below a share of the best that it has seen there.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use serde::{Deserialize, Serialize};
use sm_core::ids::Span;
use sm_experiments::fleet::{self, Fleet};
use sm_experiments::page::{Page, Table};
use sm_experiments::{block_on, now};
use sm_net::mtcp::policy::{Metric, Policy, Rule, Trigger};
use sm_net::mtcp::{MtcpStream, ServiceStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    /// A short stream, once: whether it works
    #[arg(long)]
    quick: bool,
    /// Where table, plot and page go
    #[arg(long, default_value = "experiments/streaming")]
    out: PathBuf,
}

const CHUNK: usize = 1 << 10;
/// Bytes per second of a server that is not slow.
const RATE: u64 = 256 << 10;
/// What a server sends before it becomes slow.
const FAST_BYTES: u64 = 32 << 10;
/// How many servers become slow, one after the other.
const SLOW_SERVERS: u32 = 3;
/// How often the client looks, and over how long the rate is smoothed.
const EVERY: Duration = Duration::from_millis(25);
const SMOOTH: Duration = Duration::from_millis(75);

/// What the client wants, and how far it has come.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Stream {
    bytes: u64,
    factor: u32,
    sent: u64,
    /// Servers that have become slow.
    slow: u32,
}

/// The byte at this place of the stream.
fn byte_at(at: u64) -> u8 {
    (at % 251) as u8
}

async fn service(mut stream: ServiceStream) -> io::Result<()> {
    let mut state = match stream.import_state::<Stream>()? {
        Some(state) => state,
        None => Stream {
            bytes: stream.read_u64_le().await?,
            factor: stream.read_u32_le().await?,
            sent: 0,
            slow: 0,
        },
    };
    let (mut here, mut is_slow) = (0, false);
    let mut due = tokio::time::Instant::now();
    while state.sent < state.bytes {
        let chunk: Vec<u8> = (state.sent..).take(CHUNK).map(byte_at).collect();
        stream.write_all(&chunk).await?;
        state.sent += CHUNK as u64;
        here += CHUNK as u64;
        if here >= FAST_BYTES && !is_slow && state.slow < SLOW_SERVERS {
            is_slow = true;
            state.slow += 1;
        }
        stream.export_state(&state).await?;
        let pause = Duration::from_secs(1) * CHUNK as u32 / RATE as u32;
        due += pause * if is_slow { state.factor } else { 1 };
        tokio::time::sleep_until(due).await;
    }
    stream.shutdown().await
}

/// The policy of the talk, with a share in thousandths.
fn policy(share: u32) -> Policy {
    Policy {
        rules: vec![Rule::Metric {
            metric: Metric::Rate,
            trigger: Trigger::Ratio {
                below: share,
                back: share,
            },
            hold: Span::ZERO,
        }],
        every: span(EVERY),
        smooth: span(SMOOTH),
        continuous: true,
        pause: span(SMOOTH),
    }
}

fn span(time: Duration) -> Span {
    Span(time.as_nanos() as u64)
}

/// What a stream came to.
struct Ran {
    /// Bytes per second.
    rate: f64,
    moves: u32,
}

async fn run(fleet: &Fleet, bytes: u64, factor: u32, share: Option<u32>) -> io::Result<Ran> {
    let mut options = fleet.options();
    options.policy = share.map(policy);
    options.follow = false;
    let mut stream = MtcpStream::connect(options).await?;
    let control = stream.control();
    stream.write_u64_le(bytes).await?;
    stream.write_u32_le(factor).await?;
    stream.flush().await?;
    let began = now();
    let mut server = control.server();
    let (mut got, mut moves) = (0, 0);
    let mut buffer = [0; 4 * CHUNK];
    while got < bytes {
        let count = stream.read(&mut buffer).await?;
        let right = (got..).zip(&buffer[..count]);
        if count == 0 || !right.into_iter().all(|(at, byte)| *byte == byte_at(at)) {
            return Err(io::Error::other("the stream is wrong"));
        }
        got += count as u64;
        moves += u32::from(control.server() != server);
        server = control.server();
    }
    let rate = bytes as f64 / began.elapsed().as_secs_f64();
    Ok(Ran { rate, moves })
}

/// The most that can come of it: each slow server is left as soon as the smoothed rate can have
/// fallen below the share, and nothing else is lost.
fn bound(bytes: u64, factor: u32, share: u32) -> f64 {
    let slow = 1.0 / f64::from(factor);
    let keeps = SMOOTH.as_secs_f64() / (SMOOTH + EVERY).as_secs_f64();
    let falls = (f64::from(share) / 1000.0 - slow) / (1.0 - slow);
    let samples = (falls.ln() / keeps.ln()).ceil().max(1.0);
    let noticed = samples * EVERY.as_secs_f64();
    let lost = f64::from(SLOW_SERVERS) * noticed * (1.0 - slow);
    bytes as f64 / (bytes as f64 / RATE as f64 + lost)
}

/// The best of some runs, for a loaded machine delays what is due.
async fn best(fleet: &Fleet, bytes: u64, of: (u32, Option<u32>), runs: u32) -> io::Result<Ran> {
    let mut best = run(fleet, bytes, of.0, of.1).await?;
    for _ in 1..runs {
        let ran = run(fleet, bytes, of.0, of.1).await?;
        if ran.rate > best.rate {
            best = ran;
        }
    }
    Ok(best)
}

const COLUMNS: [&str; 7] = [
    "slower by",
    "share",
    "without moving, KB/s",
    "moving, KB/s",
    "moves",
    "bound, KB/s",
    "moving to bound",
];

async fn measure(quick: bool) -> io::Result<Table> {
    let (bytes, runs): (u64, _) = if quick { (256 << 10, 1) } else { (1 << 20, 3) };
    let (factors, shares): (&[u32], &[u32]) = match quick {
        true => (&[4], &[750]),
        false => (&[2, 4, 8], &[600, 750, 900]),
    };
    let mut table = Table::new(&COLUMNS);
    for &factor in factors {
        let fleet = Fleet::start(2, 0)?;
        let stays = run(&fleet, bytes, factor, None).await?;
        for &share in shares {
            let moves = best(&fleet, bytes, (factor, Some(share)), runs).await?;
            let bound = bound(bytes, factor, share);
            let kilobytes = |rate: f64| format!("{:.0}", rate / 1024.0);
            table.row(vec![
                factor.to_string(),
                format!("{:.2}", f64::from(share) / 1000.0),
                kilobytes(stays.rate),
                kilobytes(moves.rate),
                moves.moves.to_string(),
                kilobytes(bound),
                format!("{:.2}", moves.rate / bound),
            ]);
        }
        eprintln!("slower by {factor}: done");
    }
    Ok(table)
}

fn introduction() -> String {
    format!(
        "\
# A stream whose server becomes slow

Chunks of {CHUNK} bytes at {} KB/s. When a server has sent {} KB it becomes slower by a factor; the
first {SLOW_SERVERS} servers do, one after the other. The client looks every {} ms at the rate,
smoothed over {} ms, and moves when it is below a *share* of the best that it has seen at that
server. The stream has 1 MB; the best of three runs counts.

The *bound* is what a client would get that loses nothing but the time in which the smoothed rate
falls to the share: with R the full rate, f the factor, s the share, e and t the times of looking
and smoothing, that is k = ceil(ln((s - 1/f) / (1 - 1/f)) / ln(t / (t + e))) looks for each slow
server, in each of which (1 - 1/f) of e R bytes do not come.
",
        RATE >> 10,
        FAST_BYTES >> 10,
        EVERY.as_millis(),
        SMOOTH.as_millis(),
    )
}

fn main() -> io::Result<()> {
    fleet::be_a_server(|stream| async move {
        let _ = service(stream).await;
    })?;
    let args = Args::parse();
    let table = block_on(measure(args.quick))?;
    print!("{}", table.markdown());
    if args.quick {
        return Ok(());
    }
    let page = Page {
        name: "streaming",
        arguments: "",
        introduction: &introduction(),
        plot: Some("Rates with and without moving"),
    };
    page.leave(&args.out, &table)
}
