//! What a client sees when its server dies or falls silent, and what being safe from that costs.
//!
//!     cargo run --release -p sm-experiments --bin failure [-- --quick | --record] [--out FOLDER]
//!
//! Each line has its bound, and a star where it is missed.

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use clap::Parser;
use sm_core::ids::Span;
use sm_experiments::fleet::{self, Fleet};
use sm_experiments::page::{Page, Table};
use sm_experiments::spread::Spread;
use sm_experiments::{block_on, now};
use sm_net::mtcp::{
    ClientControl, ClientOptions, MtcpListener, MtcpStream, ServiceOptions, ServiceStream, Timing,
    serve,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    /// Few times: whether it works
    #[arg(long)]
    quick: bool,
    /// Write the page
    #[arg(long)]
    record: bool,
    /// Where it goes
    #[arg(long, default_value = "experiments/failure")]
    out: PathBuf,
}

/// The bytes of a request and of an answer.
const MESSAGE: usize = 64;
/// The first byte of a request: the same back, or the same back and then an export.
const ECHO: u8 = 0;
const EXPORT: u8 = 1;
/// Requests since the newest export when the server is lost: a log of 64 KB.
const LOG: usize = (64 << 10) / MESSAGE;
/// Of servers that fall silent.
const HEARTBEAT: Span = Span::millis(200);

async fn service(mut stream: ServiceStream) -> io::Result<()> {
    let mut state: u64 = stream.import_state()?.unwrap_or_default();
    let mut message = [0; MESSAGE];
    loop {
        stream.read_exact(&mut message).await?;
        state += 1;
        stream.write_all(&message).await?;
        if message[0] == EXPORT {
            stream.export_state(&state).await?;
        }
    }
}

async fn ask(stream: &mut MtcpStream, kind: u8) -> io::Result<()> {
    let mut message = [kind; MESSAGE];
    stream.write_all(&message).await?;
    stream.read_exact(&mut message).await?;
    Ok(())
}

/// A connection with a standby and its log, at one of these servers.
async fn connect(fleet: &Fleet, timing: Timing) -> io::Result<(MtcpStream, ClientControl)> {
    let mut options = fleet.options();
    options.timing = timing;
    let mut stream = MtcpStream::connect(options).await?;
    let control = stream.control();
    ask(&mut stream, EXPORT).await?;
    while control.standbys().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..LOG {
        ask(&mut stream, ECHO).await?;
    }
    Ok((stream, control))
}

/// What came of losing servers.
#[derive(Default)]
struct Losses {
    /// From the loss until the client end knows.
    detection: Spread,
    /// From there until the next byte of the answer is there.
    gap: Spread,
}

impl Losses {
    /// Asks once more behind the loss of the server.
    async fn add(
        &mut self,
        (stream, control): (&mut MtcpStream, &ClientControl),
        lost: Instant,
    ) -> io::Result<()> {
        stream.write_all(&[ECHO; MESSAGE]).await?;
        stream.read_u8().await?;
        let back = now();
        let known = control.last_loss();
        let known = known.ok_or_else(|| io::Error::other("the client has lost no link"))?;
        self.detection.add(known.saturating_duration_since(lost));
        self.gap.add(back.saturating_duration_since(known));
        Ok(())
    }
}

/// How a server is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    Killed,
    Stopped,
}

async fn lose(how: Loss, times: usize) -> io::Result<Losses> {
    let timing = match how {
        Loss::Killed => Timing::default(),
        Loss::Stopped => Timing::of_heartbeat(HEARTBEAT),
    };
    let mut losses = Losses::default();
    for turn in 0..times {
        let mut fleet = Fleet::start_with(2, 1, timing.heartbeat)?;
        let (mut stream, control) = connect(&fleet, timing).await?;
        let owner = control.server();
        let index = fleet.places.iter().position(|one| one.server == owner);
        let server = &mut fleet.servers[index.expect("it is one of the fleet")];
        // So that it happens at any point between two heartbeats.
        let part = HEARTBEAT.0 / times as u64 * turn as u64;
        tokio::time::sleep(Duration::from_millis(20) + Duration::from_nanos(part)).await;
        let lost = now();
        match how {
            Loss::Killed => server.kill()?,
            Loss::Stopped => stop(server.id())?,
        }
        losses.add((&mut stream, &control), lost).await?;
    }
    Ok(losses)
}

/// Has a process do nothing any more; its sockets stay.
fn stop(process: u32) -> io::Result<()> {
    let status = Command::new("kill")
        .args(["-STOP", &process.to_string()])
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other("it could not be stopped")),
    }
}

/// One of two servers in a thread of its own, so that both are as near as processes are; and what
/// measures round trips from it to the other.
struct Near {
    wishes: tokio::sync::mpsc::UnboundedSender<mpsc::Sender<Spread>>,
}

/// How often a round trip is measured, of whatever kind, in one block.
const TRIPS: usize = 201;

impl Near {
    fn start(index: usize, socket: TcpListener, options: ServiceOptions) -> io::Result<Self> {
        let (wishes, mut wished) = tokio::sync::mpsc::unbounded_channel::<mpsc::Sender<Spread>>();
        socket.set_nonblocking(true)?;
        let other = options.peers[1 - index].server;
        std::thread::spawn(move || {
            block_on(async {
                let socket = tokio::net::TcpListener::from_std(socket)?;
                let listener = MtcpListener::on(socket, options)?;
                let control = listener.control();
                tokio::spawn(async move {
                    while let Some(answer) = wished.recv().await {
                        let mut spread = Spread::default();
                        for _ in 0..TRIPS {
                            if let Some(trip) = control.round_trip(&other).await {
                                spread.add(Duration::from_nanos(trip.0));
                            }
                        }
                        let _ = answer.send(spread);
                    }
                });
                serve(listener, |stream| async move {
                    let _ = service(stream).await;
                })
                .await;
                Ok(())
            })
        });
        Ok(Self { wishes })
    }

    fn round_trips(&self) -> io::Result<Spread> {
        let (answer, answered) = mpsc::channel();
        self.wishes.send(answer).map_err(io::Error::other)?;
        answered.recv().map_err(io::Error::other)
    }
}

/// Two servers with so many standbys, and a client of the first.
async fn near(standbys: usize) -> io::Result<(Vec<Near>, MtcpStream)> {
    let bind = |_| TcpListener::bind("127.0.0.1:0");
    let sockets: Vec<TcpListener> = (0..2).map(bind).collect::<io::Result<_>>()?;
    let mut places = Vec::new();
    for (index, socket) in sockets.iter().enumerate() {
        places.push(fleet::place(index, socket.local_addr()?.to_string()));
    }
    let mut servers = Vec::new();
    for (index, socket) in sockets.into_iter().enumerate() {
        let options = fleet::server_options(index, places.clone())?.with_standbys(standbys);
        servers.push(Near::start(index, socket, options)?);
    }
    let addresses = vec![places[0].address.clone()];
    let stream = MtcpStream::connect(ClientOptions::new(fleet::service(), addresses)).await?;
    let control = stream.control();
    while control.standbys().len() < standbys {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok((servers, stream))
}

/// What a turn takes, request and answer with an export behind: without a standby and with one; and
/// the round trip to the standby. All in µs, the best of the medians of some blocks.
async fn turns(blocks: usize) -> io::Result<[f64; 3]> {
    let (_servers, mut plain) = near(0).await?;
    let (servers, mut eager) = near(1).await?;
    let mut best = [f64::INFINITY; 3];
    for _ in 0..blocks {
        let mut spreads = [Spread::default(), Spread::default(), Spread::default()];
        for (stream, spread) in [&mut plain, &mut eager].into_iter().zip(&mut spreads) {
            for _ in 0..TRIPS {
                let since = now();
                ask(stream, EXPORT).await?;
                spread.add(since.elapsed());
            }
        }
        spreads[2] = servers[0].round_trips()?;
        for (best, spread) in best.iter_mut().zip(&spreads) {
            *best = best.min(spread.micros(50));
        }
    }
    Ok(best)
}

const COLUMNS: [&str; 6] = [
    "what",
    "times",
    "least, µs",
    "median, µs",
    "90 %, µs",
    "at most, µs",
];

/// With a star where the median is more than it may be.
fn row(what: &str, spread: &Spread, most: f64) -> Vec<String> {
    let [least, median, nearly_all] = [0, 50, 90].map(|part| spread.micros(part));
    let misses = if median <= most { "" } else { " *" };
    vec![
        what.to_owned(),
        spread.len().to_string(),
        format!("{least:.0}"),
        format!("{median:.0}{misses}"),
        format!("{nearly_all:.0}"),
        format!("{most:.0}"),
    ]
}

/// What is one figure, the best of some blocks.
fn best_row(what: &str, blocks: usize, (micros, most): (f64, Option<f64>)) -> Vec<String> {
    let misses = if most.is_none_or(|most| micros <= most) {
        ""
    } else {
        " *"
    };
    vec![
        what.to_owned(),
        blocks.to_string(),
        String::new(),
        format!("{micros:.1}{misses}"),
        String::new(),
        most.map_or(String::new(), |most| format!("{most:.1}")),
    ]
}

async fn measure(quick: bool) -> io::Result<Table> {
    let (times, blocks) = if quick { (2, 2) } else { (21, 25) };
    let mut table = Table::new(&COLUMNS);
    let killed = lose(Loss::Killed, times).await?;
    table.row(row("`kill -9`: until it is known", &killed.detection, 10e3));
    table.row(row("then until the next byte", &killed.gap, 5e3));
    let beat = HEARTBEAT.0 as f64 / 1e3;
    let stopped = lose(Loss::Stopped, times).await?;
    let what = "a silent server, heartbeat 200 ms: until it is known";
    table.row(row(what, &stopped.detection, 3.0 * beat));
    table.row(row("then until the next byte", &stopped.gap, beat));
    let [plain, eager, trip] = turns(blocks).await?;
    let mut best = |what, figure| table.row(best_row(what, blocks, figure));
    best("a turn without a standby", (plain, None));
    best("a round trip to the standby", (trip, None));
    best(
        "what a standby adds to a turn",
        (eager - plain, Some(trip + 10.0)),
    );
    Ok(table)
}

const INTRODUCTION: &str = "\
# Servers that die or fall silent

A client that asks for 64 bytes again and again has its connection at one of two servers, each a
process of its own; the other is its standby. The server is lost when 64 KB of requests have come
since the service last exported its state, which the standby runs again. What is measured is the
time until the client end knows that its link is lost, and from there the time until the next byte
is at the client's program. A star marks a median that is beyond its bound.

- **`kill -9`**: the system closes the server's sockets.
- **silent server**: `kill -STOP`, as if its host were gone: nothing says so but the silence.
- **a turn**: 64 bytes there and back, and an export behind it; the answer waits until the standby
  has what led to it. Both servers are threads, with and without a standby in turn; the figure is
  the best median of the blocks. It may be a round trip between the servers more, and 10 µs.
";

fn main() -> io::Result<()> {
    fleet::be_a_server(|stream| async move {
        let _ = service(stream).await;
    })?;
    let args = Args::parse();
    let table = block_on(measure(args.quick))?;
    print!("{}", table.markdown());
    if !args.record {
        return Ok(());
    }
    let page = Page {
        name: "failure",
        arguments: "-- --record",
        introduction: INTRODUCTION,
        plot: None,
    };
    page.leave(&args.out, &table)
}
