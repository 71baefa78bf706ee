//! Very many connections at one server: what they take, and how fast it gives them away.
//!
//!     cargo run --release -p sm-experiments --bin crowd [-- --connections 10000]

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use sm_experiments::fleet::{self, Fleet};
use sm_experiments::page::{Page, Table};
use sm_experiments::spread::Spread;
use sm_experiments::{block_on, now};
use sm_net::mtcp::{MtcpConnector, MtcpStream, ServiceStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    /// How many connections
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Drain so many in a second, not all at once
    #[arg(long)]
    rate: Option<u32>,
    /// Write the page
    #[arg(long)]
    record: bool,
    /// Where it goes
    #[arg(long, default_value = "experiments/crowd")]
    out: PathBuf,
}

/// How many connect at once.
const AT_ONCE: usize = 64;

/// Counts what its client asks; a request and an answer are one number.
async fn service(mut stream: ServiceStream) -> io::Result<()> {
    let mut count: u64 = stream.import_state()?.unwrap_or_default();
    loop {
        let asked = stream.read_u64_le().await?;
        count += 1;
        stream.write_u64_le(asked + count).await?;
        stream.export_state(&count).await?;
    }
}

async fn ask(stream: &mut MtcpStream, asked: u64, count: u64) -> io::Result<()> {
    stream.write_u64_le(asked).await?;
    stream.flush().await?;
    match stream.read_u64_le().await? == asked + count {
        true => Ok(()),
        false => Err(io::Error::other("a wrong answer")),
    }
}

async fn connect(connector: &Arc<MtcpConnector>, count: usize) -> io::Result<Vec<MtcpStream>> {
    let mut streams = Vec::new();
    let mut tasks = JoinSet::new();
    let mut started = 0;
    while streams.len() < count {
        while started < count && tasks.len() < AT_ONCE {
            let (connector, asked) = (connector.clone(), started as u64);
            tasks.spawn(async move {
                let stream = connector.connect().await;
                let mut stream = stream.map_err(io::Error::other)?;
                ask(&mut stream, asked, 1).await?;
                Ok::<_, io::Error>(stream)
            });
            started += 1;
        }
        let stream = tasks.join_next().await.expect("some are under way");
        streams.push(stream.map_err(io::Error::other)??);
    }
    Ok(streams)
}

async fn run(count: usize, rate: Option<u32>) -> io::Result<Table> {
    let mut fleet = Fleet::start(2, 0)?;
    let empty = fleet.servers[0].memory()?;
    // All of them go to the first server: the second is known only once one has to go there.
    let connector = MtcpConnector::new(fleet.options()).map_err(io::Error::other)?;
    let connector = Arc::new(connector);
    let began = now();
    let mut streams = connect(&connector, count).await?;
    let connecting = began.elapsed();
    let first = fleet.places[0].server;
    let there = streams.iter().filter(|one| one.control().server() == first);
    let there = there.count();
    let each = (fleet.servers[0].memory()? - empty) / there.max(1) as u64;

    let began = now();
    fleet.drain(0, rate)?;
    let mut gone = Spread::default();
    let mut left: Vec<_> = streams.iter().map(MtcpStream::control).collect();
    left.retain(|control| control.server() == first);
    while !left.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        left.retain(|control| {
            let stays = control.server() == first || !control.is_attached();
            if !stays {
                gone.add(began.elapsed());
            }
            stays
        });
    }
    let drained = began.elapsed().as_secs_f64();
    let mut wrong = 0;
    for stream in &mut streams {
        wrong += u64::from(ask(stream, 7, 2).await.is_err());
    }
    let mut table = Table::new(&["what", "value"]);
    let mut row = |what: &str, value: String| table.row(vec![what.to_owned(), value]);
    row("connections", there.to_string());
    row(
        "connected in, s",
        format!("{:.1}", connecting.as_secs_f64()),
    );
    row("memory of the server for each, bytes", each.to_string());
    row("drained in, s", format!("{drained:.2}"));
    row(
        "drained, connections a second",
        format!("{:.0}", there as f64 / drained),
    );
    if let Some(rate) = rate {
        // From the first to the last, so that the beginning does not count.
        let span = (gone.micros(100) - gone.micros(0)) / 1e6;
        let pace = (there - 1) as f64 / span;
        let off = (pace / f64::from(rate) - 1.0) * 100.0;
        let misses = if off.abs() <= 10.0 { "" } else { " *" };
        row("pace wished, connections a second", rate.to_string());
        row(
            "pace measured, and how far off",
            format!("{pace:.0}, {off:+.1} %{misses}"),
        );
    }
    row(
        "half were gone after, s",
        format!("{:.2}", gone.micros(50) / 1e6),
    );
    row("connections that did not go on", wrong.to_string());
    match wrong {
        0 => Ok(table),
        _ => Err(io::Error::other(format!(
            "some broke\n{}",
            table.markdown()
        ))),
    }
}

const INTRODUCTION: &str = "\
# Very many connections at one server

Idle connections, each of which was asked once; then the server is drained: it takes no more, and
asks all clients to go to the other. Afterwards each connection is asked again, and has to go on
counting. Memory is what the server's process takes more than before, with TLS and all buffers.
";

fn main() -> io::Result<()> {
    fleet::be_a_server(|stream| async move {
        let _ = service(stream).await;
    })?;
    let args = Args::parse();
    let table = block_on(run(args.connections, args.rate))?;
    print!("{}", table.markdown());
    if !args.record {
        return Ok(());
    }
    let page = Page {
        name: "crowd",
        arguments: "-- --record",
        introduction: INTRODUCTION,
        plot: None,
    };
    page.leave(&args.out, &table)
}
