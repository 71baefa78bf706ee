//! How long the change from one server to another takes, by the size of the service's state.
//!
//!     cargo run --release -p sm-experiments --bin switching [-- --quick] [--out FOLDER]
//!
//! A client asks for 64 bytes again and again, one request at a time. Meanwhile the connection
//! moves as planned, or its server is killed. The gap is the longest time between two answers.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sm_experiments::fleet::{self, Fleet};
use sm_experiments::page::{Page, Table};
use sm_experiments::spread::Spread;
use sm_experiments::{block_on, now};
use sm_net::mtcp::{ClientControl, MtcpStream, ServiceStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    /// Few moves of small states: whether it works
    #[arg(long)]
    quick: bool,
    /// Where table, plot and page go
    #[arg(long, default_value = "experiments/switching")]
    out: PathBuf,
}

/// The bytes of a request and of an answer.
const MESSAGE: usize = 64;
/// The first byte of a request: the same back, or a state of so many bytes and then the same back.
const ECHO: u8 = 0;
const STATE: u8 = 1;
/// Requests after the newest state when the server is killed: a log of 64 KB.
const LOG: usize = (64 << 10) / MESSAGE;

/// A state as large as the client wants it.
#[derive(Default)]
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Blob;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

async fn service(mut stream: ServiceStream) -> io::Result<()> {
    let mut state: Blob = stream.import_state()?.unwrap_or_default();
    let mut message = [0; MESSAGE];
    loop {
        stream.read_exact(&mut message).await?;
        if message[0] == STATE {
            let size = message[1..9].try_into().map(u64::from_le_bytes);
            state.0 = vec![7; size.expect("8 bytes") as usize];
        }
        stream.write_all(&message).await?;
        if message[0] == STATE {
            stream.export_state(&state).await?;
        }
    }
}

/// A client, and the times between its answers.
struct Client {
    stream: MtcpStream,
    last: Instant,
    longest: Duration,
}

impl Client {
    async fn connect(fleet: &Fleet) -> io::Result<Self> {
        Ok(Self {
            stream: MtcpStream::connect(fleet.options()).await?,
            last: now(),
            longest: Duration::ZERO,
        })
    }

    async fn ask(&mut self, kind: u8, size: u64) -> io::Result<()> {
        let mut message = [kind; MESSAGE];
        message[1..9].copy_from_slice(&size.to_le_bytes());
        self.stream.write_all(&message).await?;
        self.stream.flush().await?;
        self.stream.read_exact(&mut message).await?;
        let since = self.last.elapsed();
        self.longest = self.longest.max(since);
        self.last = now();
        Ok(())
    }

    /// The time of one request, as the median of some.
    async fn trip(&mut self) -> io::Result<Spread> {
        let mut trips = Spread::default();
        for _ in 0..101 {
            let since = now();
            self.ask(ECHO, 0).await?;
            trips.add(since.elapsed());
        }
        Ok(trips)
    }
}

/// What came of one mode and one size.
#[derive(Default)]
struct Outcome {
    gaps: Spread,
    /// Of a planned move: from the wish to its fulfilment. Of a kill: until the client notices.
    protocol: Spread,
    trip: f64,
}

async fn standby(control: &ClientControl, wanted: usize) {
    while control.standbys().len() < wanted {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Who has a connection's state beside its server.
#[derive(Clone, Copy, PartialEq)]
enum Copies {
    /// So many standbys.
    At(usize),
    /// Its client.
    Client,
}

impl Copies {
    fn fleet(self) -> io::Result<Fleet> {
        match self {
            Copies::At(standbys) => Fleet::start(2, standbys),
            Copies::Client => Fleet::start_held(2),
        }
    }

    fn standbys(self) -> usize {
        match self {
            Copies::At(standbys) => standbys,
            Copies::Client => 0,
        }
    }
}

/// Moves as planned.
async fn planned(copies: Copies, size: u64, moves: usize) -> io::Result<Outcome> {
    let (fleet, standbys) = (copies.fleet()?, copies.standbys());
    let mut client = Client::connect(&fleet).await?;
    let control = client.stream.control();
    let mut outcome = Outcome::default();
    for _ in 0..moves {
        client.ask(STATE, size).await?;
        standby(&control, standbys).await;
        outcome.trip = client.trip().await?.micros(50);
        client.longest = Duration::ZERO;
        let moved = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn({
            let (control, moved) = (control.clone(), moved.clone());
            async move {
                let since = now();
                let result = control.migrate(None).await;
                moved.store(true, Ordering::Release);
                result.map(|_| since.elapsed())
            }
        });
        while !moved.load(Ordering::Acquire) {
            client.ask(ECHO, 0).await?;
        }
        for _ in 0..3 {
            client.ask(ECHO, 0).await?;
        }
        outcome.protocol.add(task.await??);
        outcome.gaps.add(client.longest);
    }
    Ok(outcome)
}

/// Kills the server, with a log of 64 KB.
async fn killed(copies: Copies, size: u64, kills: usize) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    for _ in 0..kills {
        let mut fleet = copies.fleet()?;
        let mut client = Client::connect(&fleet).await?;
        let control = client.stream.control();
        client.ask(STATE, size).await?;
        standby(&control, copies.standbys()).await;
        for _ in 0..LOG {
            client.ask(ECHO, 0).await?;
        }
        outcome.trip = client.trip().await?.micros(50);
        let owner = control.server();
        let index = fleet.places.iter().position(|one| one.server == owner);
        client.longest = Duration::ZERO;
        client.last = now();
        let killed = now();
        fleet.servers[index.expect("it is one of the fleet")].kill()?;
        for _ in 0..3 {
            client.ask(ECHO, 0).await?;
        }
        let lost = control.last_loss().expect("its link was lost");
        outcome.protocol.add(lost.duration_since(killed));
        outcome.gaps.add(client.longest);
    }
    Ok(outcome)
}

const COLUMNS: [&str; 10] = [
    "mode",
    "state, bytes",
    "times",
    "round trip, µs",
    "gap, µs: least",
    "median",
    "90 %",
    "protocol, µs: least",
    "median ",
    "90 % ",
];

fn row(mode: &str, size: u64, outcome: &Outcome) -> Vec<String> {
    let mut cells = vec![
        mode.to_owned(),
        size.to_string(),
        outcome.gaps.len().to_string(),
        format!("{:.0}", outcome.trip),
    ];
    for spread in [&outcome.gaps, &outcome.protocol] {
        cells.extend([0, 50, 90].map(|part| format!("{:.0}", spread.micros(part))));
    }
    cells
}

async fn measure(quick: bool) -> io::Result<Table> {
    let (sizes, moves, kills): (&[u64], _, _) = match quick {
        true => (&[0, 10 << 10], 3, 1),
        false => (
            &[0, 1 << 10, 10 << 10, 100 << 10, 1 << 20, 4 << 20, 16 << 20],
            21,
            7,
        ),
    };
    let mut table = Table::new(&COLUMNS);
    for &size in sizes {
        let (lazy, eager, held) = (Copies::At(0), Copies::At(1), Copies::Client);
        for (name, copies) in [("lazy", lazy), ("eager", eager), ("client-held", held)] {
            table.row(row(name, size, &planned(copies, size, moves).await?));
        }
        table.row(row("kill -9", size, &killed(eager, size, kills).await?));
        // A record is no longer than that, with its log.
        if size < sm_core::limits::MTCP_HELD_BYTES as u64 / 2 {
            let outcome = killed(held, size, kills).await?;
            table.row(row("kill -9 client-held", size, &outcome));
        }
        eprintln!("{size} bytes: done");
    }
    Ok(table)
}

const INTRODUCTION: &str = "\
# Endpoint switching time against state size

Two servers of one service, each a process of its own, and a client that sends 64 bytes and waits
for 64 bytes, again and again. Meanwhile its connection moves, and what it sees is the *gap*: the
longest time between two answers. *Protocol* is the time from the wish to move until the client is
told that it has moved; for `kill -9` it is the time until the client has noticed.

- **lazy**: the state is pulled by the new server when the connection moves there.
- **eager**: the new server is the standby, which has had the state since the service exported it.
- **client-held**: the client keeps the state, sealed; a planned move pulls it as lazy does. A
  state of 16 MB is longer than a record may be.
- **kill -9**: the server is killed; the standby goes on, and runs again what came since: 64 KB of
  requests. **kill -9 client-held**: the same without a standby, from what the client kept.
";

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
        name: "switching",
        arguments: "",
        introduction: INTRODUCTION,
        plot: Some("Gap by size of the state"),
    };
    page.leave(&args.out, &table)
}
