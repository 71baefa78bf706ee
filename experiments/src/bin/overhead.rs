//! What a connection costs that could move, but does not: beside plain TCP and what else carries
//! it.
//!
//!     cargo build --release && cargo run --release -p sm-experiments --bin overhead [-- --quick]
//!
//! `socat` and `haproxy` are measured if they are here; `smc` is the one beside this program.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Parser;
use sm_experiments::fleet::{self, Fleet};
use sm_experiments::now;
use sm_experiments::page::{Page, Table};
use sm_experiments::process::{Process, drain, free_port, own_time};
use sm_experiments::spread::Spread;
use sm_net::mtcp::ServiceStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    /// Little of all: whether it works
    #[arg(long)]
    quick: bool,
    /// Where table, plot and page go
    #[arg(long, default_value = "experiments/overhead")]
    out: PathBuf,
}

/// The bytes of a request and of an answer.
const MESSAGE: usize = 1 << 10;
/// What a client wants first: so many bytes, or its own back.
const SOURCE: u8 = 0;
const ECHO: u8 = 1;
/// The first argument of the process that is the plain server.
const PLAIN: &str = "--plain";

/// Serves whoever comes, over TCP alone.
fn be_the_plain_server() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    for tcp in listener.incoming() {
        let tcp = tcp?;
        std::thread::spawn(move || plain(tcp));
    }
    Ok(())
}

fn plain(mut tcp: TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let mut head = [0; 9];
    tcp.read_exact(&mut head)?;
    if head[0] == SOURCE {
        let chunk = vec![7; 64 << 10];
        let mut left = count(&head);
        while left > 0 {
            let size = left.min(chunk.len() as u64);
            tcp.write_all(&chunk[..size as usize])?;
            left -= size;
        }
        return Ok(());
    }
    let mut message = [0; MESSAGE];
    loop {
        tcp.read_exact(&mut message)?;
        tcp.write_all(&message)?;
    }
}

fn count(head: &[u8; 9]) -> u64 {
    let size = head[1..].try_into().map(u64::from_le_bytes);
    size.expect("8 bytes")
}

/// The same as a service that could move.
async fn service(mut stream: ServiceStream) -> io::Result<()> {
    let mut head = match stream.import_state::<[u8; 9]>()? {
        Some(head) => head,
        None => {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await?;
            head
        }
    };
    if head[0] == SOURCE {
        let chunk = vec![7; 64 << 10];
        while count(&head) > 0 {
            let size = count(&head).min(chunk.len() as u64);
            stream.write_all(&chunk[..size as usize]).await?;
            let left = count(&head) - size;
            head[1..].copy_from_slice(&left.to_le_bytes());
            stream.export_state(&head).await?;
        }
        return stream.shutdown().await;
    }
    let mut message = [0; MESSAGE];
    loop {
        stream.export_state(&head).await?;
        stream.read_exact(&mut message).await?;
        stream.write_all(&message).await?;
    }
}

/// A way from a client to the server: where it begins, and who carries it.
struct Way {
    name: &'static str,
    port: u16,
    carriers: Vec<Process>,
}

fn smc() -> io::Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("smc");
    match beside.exists() {
        true => Ok(beside),
        false => Err(io::Error::other("build `smc` first: cargo build --release")),
    }
}

fn socat(listen: &str, to: &str, port: u16) -> io::Result<Process> {
    let mut command = Command::new("socat");
    command.args(["-b", "65536", listen, to]);
    Process::listening(command, port)
}

fn through_socat(server: u16) -> io::Result<(u16, Vec<Process>)> {
    let port = free_port()?;
    let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,fork,nodelay");
    let to = format!("TCP:127.0.0.1:{server},nodelay");
    Ok((port, vec![socat(&listen, &to, port)?]))
}

fn through_haproxy(server: u16, folder: &Path) -> io::Result<(u16, Vec<Process>)> {
    let port = free_port()?;
    let file = folder.join("haproxy.cfg");
    let text = format!(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n\
         listen way\n bind 127.0.0.1:{port}\n server one 127.0.0.1:{server}\n"
    );
    std::fs::write(&file, text)?;
    let mut command = Command::new("haproxy");
    command.arg("-f").arg(&file).arg("-db");
    Ok((port, vec![Process::listening(command, port)?]))
}

fn proxy(service: &str) -> io::Result<(u16, Process)> {
    let port = free_port()?;
    let mut command = Command::new(smc()?);
    command.args(["mtcp", "proxy", "--service", service]);
    command.args(["--listen", &format!("127.0.0.1:{port}")]);
    Ok((port, Process::listening(command, port)?))
}

/// A client end and a server end, before a server that knows nothing of either.
fn through_both_ends(server: u16, folder: &Path) -> io::Result<(u16, Vec<Process>)> {
    let mut command = Command::new(smc()?);
    command.env("XDG_CONFIG_HOME", folder);
    command.args([
        "mtcp",
        "serve",
        "--service",
        "way",
        "--listen",
        "127.0.0.1:0",
    ]);
    command.args(["--forward", &format!("127.0.0.1:{server}")]);
    let (serve, output, mut errors) = Process::start(command)?;
    drain(output);
    let mut line = String::new();
    let service = loop {
        line.clear();
        if io::BufRead::read_line(&mut errors, &mut line)? == 0 {
            return Err(io::Error::other("`smc mtcp serve` has ended"));
        }
        if let Some((_, service)) = line.trim_end().split_once("--service ") {
            break service.to_owned();
        }
    };
    drain(errors);
    let (port, proxy) = proxy(&service)?;
    Ok((port, vec![proxy, serve]))
}

/// Times and processor time of one way.
#[derive(Default)]
struct Cost {
    rates: Vec<f64>,
    trips: Spread,
    /// Processor time of all for one GB, in s.
    per_byte: Vec<f64>,
}

struct Plan {
    bytes: u64,
    rounds: u32,
    blocks: u32,
}

fn used(carriers: &[&Process]) -> io::Result<Duration> {
    let mut sum = own_time()?;
    for one in carriers {
        sum += one.used()?;
    }
    Ok(sum)
}

fn measure_way(way: &Way, server: &Process, plan: &Plan, cost: &mut Cost) -> io::Result<()> {
    let all: Vec<&Process> = way.carriers.iter().chain([server]).collect();
    let before = used(&all)?;
    let mut head = [SOURCE; 9];
    head[1..].copy_from_slice(&plan.bytes.to_le_bytes());
    let mut tcp = TcpStream::connect(("127.0.0.1", way.port))?;
    tcp.set_nodelay(true)?;
    tcp.write_all(&head)?;
    let mut buffer = vec![0; 64 << 10];
    let mut got = tcp.read(&mut buffer)? as u64;
    let since = now();
    while got < plan.bytes {
        match tcp.read(&mut buffer)? {
            0 => return Err(io::Error::other("it ended early")),
            read => got += read as u64,
        }
    }
    let time = since.elapsed().as_secs_f64();
    cost.rates.push(plan.bytes as f64 / time / 1e6);
    let time = (used(&all)? - before).as_secs_f64();
    cost.per_byte.push(time * 1e9 / plan.bytes as f64);

    let mut tcp = TcpStream::connect(("127.0.0.1", way.port))?;
    tcp.set_nodelay(true)?;
    tcp.write_all(&[ECHO; 9])?;
    let mut message = [7; MESSAGE];
    for _ in 0..plan.rounds {
        let since = now();
        tcp.write_all(&message)?;
        tcp.read_exact(&mut message)?;
        cost.trips.add(since.elapsed());
    }
    Ok(())
}

const COLUMNS: [&str; 6] = [
    "way",
    "stream, MB/s",
    "processor time, s/GB",
    "1 KB round trip, µs: least",
    "median",
    "99 %",
];

fn row(name: &str, cost: &Cost) -> Vec<String> {
    let most = cost.rates.iter().copied().fold(0.0, f64::max);
    let least = cost.per_byte.iter().copied().fold(f64::INFINITY, f64::min);
    let mut cells = vec![name.to_owned(), format!("{most:.0}"), format!("{least:.2}")];
    cells.extend([0, 50, 99].map(|part| format!("{:.1}", cost.trips.micros(part))));
    cells
}

/// All ways that there are here.
fn ways(server: u16, fleet: &Fleet, folder: &Path) -> io::Result<Vec<Way>> {
    let mut ways = vec![Way {
        name: "TCP",
        port: server,
        carriers: vec![],
    }];
    let (port, carrier) = proxy(&fleet.written())?;
    let others = [
        ("socat", through_socat(server)),
        ("HAProxy", through_haproxy(server, folder)),
        (
            "M-TCP: client end, server end",
            through_both_ends(server, folder),
        ),
        ("M-TCP: client end, service", Ok((port, vec![carrier]))),
    ];
    for (name, way) in others {
        match way {
            Ok((port, carriers)) => ways.push(Way {
                name,
                port,
                carriers,
            }),
            Err(error) => eprintln!("{name} is left out: {error}"),
        }
    }
    Ok(ways)
}

fn measure(plan: &Plan, folder: &Path) -> io::Result<Table> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(PLAIN);
    let (server, mut output, errors) = Process::start(command)?;
    drain(errors);
    let mut port = String::new();
    io::BufRead::read_line(&mut output, &mut port)?;
    let port = port.trim_end().parse().map_err(io::Error::other)?;
    let fleet = Fleet::start(1, 0)?;
    let ways = ways(port, &fleet, folder)?;
    let mut costs: Vec<Cost> = ways.iter().map(|_| Cost::default()).collect();
    // In turn, so that all meet the same machine.
    for _ in 0..plan.blocks {
        for (way, cost) in ways.iter().zip(&mut costs) {
            let moves = way.name.ends_with("service");
            let server = if moves { &fleet.servers[0] } else { &server };
            measure_way(way, server, plan, cost)?;
        }
    }
    let mut table = Table::new(&COLUMNS);
    for (way, cost) in ways.iter().zip(&costs) {
        table.row(row(way.name, cost));
    }
    Ok(table)
}

const INTRODUCTION: &str = "\
# What a connection costs that could move

One client, one connection, no move: a stream to the client, and requests of 1 KB, each answered
before the next. The client is a plain program with plain TCP; what differs is who carries its
connection. Processor time is that of all processes: client, server, and what stands between.
`socat` and HAProxy carry bytes as they are; M-TCP encrypts them, keeps them until they are
acknowledged, and could go on elsewhere.

- **client end, server end**: `smc mtcp proxy` and `smc mtcp serve --forward`, before the plain
  server.
- **client end, service**: `smc mtcp proxy`, before a service that exports its state after each
  answer or chunk.
";

fn main() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some(PLAIN) {
        return be_the_plain_server();
    }
    fleet::be_a_server(|stream| async move {
        let _ = service(stream).await;
    })?;
    let args = Args::parse();
    let plan = match args.quick {
        true => Plan {
            bytes: 4 << 20,
            rounds: 100,
            blocks: 1,
        },
        false => Plan {
            bytes: 1 << 30,
            rounds: 10_000,
            blocks: 5,
        },
    };
    let folder = std::env::temp_dir().join(format!("sm-overhead-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let table = measure(&plan, &folder);
    std::fs::remove_dir_all(&folder)?;
    let table = table?;
    print!("{}", table.markdown());
    if args.quick {
        return Ok(());
    }
    let page = Page {
        name: "overhead",
        arguments: "",
        introduction: INTRODUCTION,
        plot: Some("Rates and times"),
    };
    page.leave(&args.out, &table)
}
