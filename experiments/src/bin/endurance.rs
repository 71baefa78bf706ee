//! Very many moves while servers are killed: no byte may be lost, doubled or out of order.
//!
//!     cargo run --release -p sm-experiments --bin endurance [-- --moves 100000]
//!
//! Clients ask without a pause, and check each answer against all that they ever asked. Meanwhile
//! each moves its connection again and again, and a server is killed now and then, and started anew
//! with nothing in its memory. With a standby a connection goes on; while it has none, it may end,
//! but its client has to be told.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use serde::{Deserialize, Serialize};
use sm_experiments::fleet::{self, Fleet};
use sm_experiments::page::{Page, Table};
use sm_experiments::{block_on, now};
use sm_net::mtcp::{Broken, ClientControl, ClientOptions, MtcpStream, ServiceStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone, Parser)]
struct Args {
    /// How many moves
    #[arg(long, default_value_t = 100_000)]
    moves: u64,
    /// How many clients at once
    #[arg(long, default_value_t = 16)]
    clients: u64,
    /// How many servers
    #[arg(long, default_value_t = 4)]
    servers: usize,
    /// Milliseconds from one kill to the next
    #[arg(long, default_value_t = 500)]
    kill_every: u64,
    /// Write the page
    #[arg(long)]
    record: bool,
    /// Where it goes
    #[arg(long, default_value = "experiments/endurance")]
    out: PathBuf,
}

/// What a service and a client both know of a connection: a sum over all that was asked.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Sum(u64);

impl Sum {
    /// FNV-1a (Fowler, Noll, Vo) over one request.
    fn take(&mut self, request: &[u8]) {
        for byte in request {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// A request has its length in two bytes, then so many; the answer is as long, and begins with the
/// sum over all requests.
async fn service(mut stream: ServiceStream) -> io::Result<()> {
    let mut sum: Sum = stream.import_state()?.unwrap_or_default();
    let mut request = Vec::new();
    loop {
        let size = stream.read_u16_le().await?;
        request.resize(usize::from(size), 0);
        stream.read_exact(&mut request).await?;
        sum.take(&request);
        request[..8].copy_from_slice(&sum.0.to_le_bytes());
        stream.write_all(&request).await?;
        stream.export_state(&sum).await?;
    }
}

/// What all clients count.
#[derive(Default)]
struct Counts {
    moves: AtomicU64,
    /// Moves that did not come about; the connection went on.
    refused: AtomicU64,
    answers: AtomicU64,
    wrong: AtomicU64,
    bytes: AtomicU64,
    /// How connections ended, as their clients were told.
    ends: Mutex<BTreeMap<String, u64>>,
}

/// Pseudorandom numbers: splitmix64 (Steele, Lea, Flood, 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % most
    }
}

/// Asks and checks until the stream ends. Gives why it ended.
async fn asks(mut stream: MtcpStream, chance: &mut Chance, counts: &Counts) -> io::Error {
    let mut sum = Sum::default();
    let mut answer = Vec::new();
    loop {
        let size = 8 + chance.below(4000) as usize;
        let mut request: Vec<u8> = (0..size).map(|_| chance.below(256) as u8).collect();
        let said = async {
            let head = (size as u16).to_le_bytes();
            stream.write_all(&[&head, &request[..]].concat()).await?;
            stream.flush().await?;
            answer.resize(size, 0);
            stream.read_exact(&mut answer).await
        };
        if let Err(error) = said.await {
            return error;
        }
        sum.take(&request);
        request[..8].copy_from_slice(&sum.0.to_le_bytes());
        if answer != request {
            counts.wrong.fetch_add(1, Ordering::Relaxed);
            return io::Error::other("a wrong answer");
        }
        counts.answers.fetch_add(1, Ordering::Relaxed);
        counts.bytes.fetch_add(2 * size as u64, Ordering::Relaxed);
    }
}

/// Moves the connection until it is over.
async fn moves(control: ClientControl, over: Arc<AtomicBool>, counts: Arc<Counts>, seed: u64) {
    let mut chance = Chance(seed);
    while !over.load(Ordering::Acquire) {
        match control.migrate(None).await {
            Ok(_) => counts.moves.fetch_add(1, Ordering::Relaxed),
            Err(_) => counts.refused.fetch_add(1, Ordering::Relaxed),
        };
        tokio::time::sleep(Duration::from_micros(chance.below(3000))).await;
    }
}

async fn client(options: ClientOptions, counts: Arc<Counts>, seed: u64) {
    let mut chance = Chance(seed);
    loop {
        // A server that is just being started again refuses.
        let Ok(stream) = MtcpStream::connect(options.clone()).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let over = Arc::new(AtomicBool::new(false));
        let seed = chance.below(u64::MAX);
        let mover = moves(stream.control(), over.clone(), counts.clone(), seed);
        let mover = tokio::spawn(mover);
        let error = asks(stream, &mut chance, &counts).await;
        over.store(true, Ordering::Release);
        mover.abort();
        let mut ends = counts.ends.lock().unwrap_or_else(PoisonError::into_inner);
        *ends.entry(told(&error)).or_default() += 1;
    }
}

/// Why a connection ended, without the servers that were asked for it.
fn told(error: &io::Error) -> String {
    let broken = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Broken>());
    broken.map_or_else(|| error.to_string(), |broken| broken.closed.to_string())
}

async fn run(args: &Args) -> io::Result<Table> {
    let mut fleet = Fleet::start(args.servers, 1)?;
    let counts = Arc::new(Counts::default());
    let mut chance = Chance(now().elapsed().as_nanos() as u64);
    let started = now();
    let clients = (0..args.clients).map(|seed| client(fleet.options(), counts.clone(), seed));
    clients.for_each(|client| drop(tokio::spawn(client)));
    let mut kills = 0_u64;
    while counts.moves.load(Ordering::Relaxed) < args.moves {
        tokio::time::sleep(Duration::from_millis(args.kill_every)).await;
        fleet.restart(chance.below(args.servers as u64) as usize)?;
        kills += 1;
        if kills.is_multiple_of(20) {
            let done = counts.moves.load(Ordering::Relaxed);
            eprintln!("{done} moves, {kills} kills");
        }
    }
    let mut table = Table::new(&["what", "how often"]);
    let mut row = |what: &str, count: u64| table.row(vec![what.to_owned(), count.to_string()]);
    row("moves", counts.moves.load(Ordering::Relaxed));
    row("servers killed and started again", kills);
    row(
        "moves that were refused",
        counts.refused.load(Ordering::Relaxed),
    );
    row("answers checked", counts.answers.load(Ordering::Relaxed));
    row("bytes checked", counts.bytes.load(Ordering::Relaxed));
    row("wrong answers", counts.wrong.load(Ordering::Relaxed));
    row("seconds", started.elapsed().as_secs());
    let ends = counts.ends.lock().unwrap_or_else(PoisonError::into_inner);
    for (why, count) in &*ends {
        row(&format!("connections that ended: {why}"), *count);
    }
    match counts.wrong.load(Ordering::Relaxed) {
        0 => Ok(table),
        _ => Err(io::Error::other(format!(
            "wrong answers\n{}",
            table.markdown()
        ))),
    }
}

const INTRODUCTION: &str = "\
# Very many moves, while servers are killed

Each client sends requests of up to 4 KB without a pause, and compares each answer with what it
must be after all that it ever asked: a byte that is lost, doubled or out of order on any of the
ways there and back would change all later answers. Each connection has one standby, and moves
again and again. Now and then a server is killed (`SIGKILL`) and started again with nothing in its
memory.

A connection whose server dies while its standby is not there yet is over; what its client is told
stands below. Such a client connects anew.

";

fn main() -> io::Result<()> {
    fleet::be_a_server(|stream| async move {
        let _ = service(stream).await;
    })?;
    let args = Args::parse();
    let table = block_on(run(&args))?;
    print!("{}", table.markdown());
    if !args.record {
        return Ok(());
    }
    let introduction = format!(
        "{INTRODUCTION}{} clients, {} servers, a kill each {} ms.\n",
        args.clients, args.servers, args.kill_every,
    );
    let page = Page {
        name: "endurance",
        arguments: "-- --record",
        introduction: &introduction,
        plot: None,
    };
    page.leave(&args.out, &table)
}
