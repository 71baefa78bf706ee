//! Programs as they are, between two proxies whose links are cut, and with services that move. One
//! that is not here is not asked, except in the gate, which installs them.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sm_net::control::Client;
use sm_net::control::protocol::{Answer, Migrate, Outcome, Request};
use sm_net::mtcp::{MtcpConnector, Operated, relay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::proxies::{plain_echo, proxied};
use crate::relay::Relay;
use crate::services::{byte_at, lines};
use crate::world::{Process, World, client_options, places, soon};

/// Runs a program with an input, cuts links all the while, and gives what it says; none if there is
/// no such program.
async fn run(mut command: Command, input: Vec<u8>, between: &Relay) -> Option<Output> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = started(piped.stderr(Stdio::piped()))?;
    let mut feed = child.stdin.take().expect("it was asked for");
    let done = tokio::task::spawn_blocking(move || {
        std::thread::spawn(move || drop(feed.write_all(&input)));
        child.wait_with_output().expect("it runs")
    });
    // Ever longer, so that a slow machine comes to something between two cuts.
    for pause in (40..).step_by(10) {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if done.is_finished() {
            break;
        }
        between.cut();
    }
    Some(soon(done).await.expect("it does not panic"))
}

/// None if there is no such program.
fn started(command: &mut Command) -> Option<Child> {
    let child = command.spawn();
    if let Err(error) = &child {
        let program = command.get_program().display();
        let missing = format!("{program}: {error}");
        assert!(std::env::var_os("SM_ALL_PROGRAMS").is_none(), "{missing}");
        eprintln!("SKIPPED: {missing}");
    }
    child.ok()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A plain web server with one long file, which it does not send at once.
async fn plain_file(length: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it listens").to_string();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    asked.push(tcp.read_u8().await.expect("it asks"));
                }
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                tcp.write_all(head.as_bytes()).await.expect("it reads");
                for from in (0..length).step_by(1 << 16) {
                    let bytes: Vec<u8> =
                        (from..length.min(from + (1 << 16))).map(byte_at).collect();
                    tcp.write_all(&bytes).await.expect("it reads");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn curl_downloads_a_long_file_over_links_that_are_cut() {
    let length = 4 << 20;
    let (address, between) = proxied(plain_file(length).await).await;
    let mut curl = Command::new("curl");
    curl.args(["-sS", &format!("http://{address}/file")]);
    let Some(output) = run(curl, Vec::new(), &between).await else {
        return;
    };
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(output.stdout.len() as u64, length);
    let mut bytes = (0..).zip(&output.stdout);
    assert!(bytes.all(|(at, byte)| *byte == byte_at(at)));
}

#[tokio::test]
async fn a_program_in_python_talks_line_by_line() {
    let (address, between) = proxied(plain_echo().await).await;
    let (host, port) = address.split_once(':').expect("it is an address");
    let mut python = Command::new("python3");
    python.args(["-c", TALK, host, port]);
    let Some(output) = run(python, Vec::new(), &between).await else {
        return;
    };
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "300 lines");
}

/// A client that sends a line, and reads it back before the next.
const TALK: &str = "
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
f = s.makefile('rw', newline='\\n')
for n in range(300):
    f.write(f'line {n}\\n')
    f.flush()
    assert f.readline() == f'line {n}\\n'
    time.sleep(0.002)
s.shutdown(socket.SHUT_WR)
assert f.readline() == ''
print('300 lines')
";

#[tokio::test]
async fn what_is_piped_through_netcat_comes_back() {
    let (address, between) = proxied(plain_echo().await).await;
    let (host, port) = address.split_once(':').expect("it is an address");
    let input: Vec<u8> = (0..3_000_000).map(byte_at).collect();
    let mut netcat = Command::new("nc");
    netcat.args(["-N", host, port]);
    let Some(output) = run(netcat, input.clone(), &between).await else {
        return;
    };
    // One of another kind does not know how to end its output.
    if text(&output).contains("invalid option") {
        return;
    }
    assert!(output.status.success(), "{}", text(&output));
    assert!(output.stdout == input, "{} bytes", output.stdout.len());
}

/// A proxy to servers that move connections, and how an operator reaches it.
struct Moved {
    address: String,
    socket: std::path::PathBuf,
    _operated: Operated,
}

impl Moved {
    async fn to(name: &str, servers: Vec<String>) -> Self {
        let connector = MtcpConnector::new(client_options(servers)).expect("there is TLS");
        let connector = Arc::new(connector);
        let socket = format!("sm-programs-{}-{name}.proxy", std::process::id());
        let socket = std::env::temp_dir().join(socket);
        let operated = connector.operate(&socket).await;
        let near = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = near.local_addr().expect("it listens").to_string();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = near.accept().await {
                let connector = connector.clone();
                tokio::spawn(async move { relay(tcp, &connector).await });
            }
        });
        Self {
            address,
            socket,
            _operated: operated.expect("the folder is there"),
        }
    }

    /// Moves all connections to another server, and counts those that moved.
    async fn migrate(&self) -> usize {
        let wish = Migrate::default();
        let mut client = Client::open(&self.socket).await.expect("it listens");
        let request = Request::Migrate(Box::new(wish));
        client.ask(&request).await.expect("it reads");
        let mut moved = 0;
        loop {
            match soon(client.answer()).await.expect("it answers") {
                Answer::Move(one) => moved += usize::from(matches!(one.outcome, Outcome::Moved(_))),
                Answer::Done => return moved,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Runs a program, which has an input, and moves its connection again and again. Gives what it
    /// says and how often it moved; none if there is no such program.
    async fn run(&self, mut command: Command, input: Vec<u8>) -> Option<(Output, usize)> {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = started(piped.stderr(Stdio::piped()))?;
        let mut feed = child.stdin.take().expect("it was asked for");
        let done = tokio::task::spawn_blocking(move || {
            std::thread::spawn(move || drop(feed.write_all(&input)));
            child.wait_with_output().expect("it runs")
        });
        let mut moved = 0;
        while !done.is_finished() {
            moved += self.migrate().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some((soon(done).await.expect("it does not panic"), moved))
    }
}

/// The answers of the service that counts lines, each behind its number.
fn numbered(count: usize) -> String {
    let line = |number| format!("{number} line {number}\n");
    (1..=count).map(line).collect()
}

#[tokio::test]
async fn a_program_in_python_talks_while_its_connection_moves() {
    let world = World::start(3, 0, lines).await;
    let moved = Moved::to("python", world.addresses()).await;
    let (host, port) = moved.address.split_once(':').expect("it is an address");
    let mut python = Command::new("python3");
    python.args(["-c", COUNT, host, port]);
    let Some((output, times)) = moved.run(python, Vec::new()).await else {
        return;
    };
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), numbered(300));
    assert!(times > 3, "it moved {times} times");
}

/// A client that sends a line, and reads its number before the next.
const COUNT: &str = "
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
f = s.makefile('rw', newline='\\n')
for n in range(1, 301):
    f.write(f'line {n}\\n')
    f.flush()
    sys.stdout.write(f.readline())
    time.sleep(0.002)
s.shutdown(socket.SHUT_WR)
assert f.readline() == ''
";

/// It says that it has ended before most of the answers are there.
#[tokio::test]
async fn half_a_connection_of_netcat_moves() {
    let world = World::start(3, 0, lines).await;
    let moved = Moved::to("netcat", world.addresses()).await;
    let (host, port) = moved.address.split_once(':').expect("it is an address");
    let mut netcat = Command::new("nc");
    netcat.args(["-N", host, port]);
    let count = 200_000;
    let input: String = (1..=count)
        .map(|number| format!("line {number}\n"))
        .collect();
    let Some((output, times)) = moved.run(netcat, input.into_bytes()).await else {
        return;
    };
    // One of another kind does not know how to end its output.
    if text(&output).contains("invalid option") {
        return;
    }
    assert!(output.status.success(), "{}", text(&output));
    assert!(
        output.stdout == numbered(count).as_bytes(),
        "{} bytes",
        output.stdout.len()
    );
    assert!(times > 0, "it never moved");
}

/// 50 MB, while the connection moves, and the server that has it is killed.
#[tokio::test]
async fn curl_downloads_from_servers_that_are_left_and_killed() {
    let length: u64 = 50 << 20;
    let folder = std::env::temp_dir().join(format!("sm-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file: Vec<u8> = (0..length).map(byte_at).collect();
    std::fs::write(folder.join("long.bin"), &file).expect("a file");
    let places = places(3);
    let start = |server| Some(Process::start_as(server, &places, (1, Some(&folder))));
    let mut servers: Vec<Option<Process>> = (0..3).map(start).collect();
    let addresses = places.iter().map(|place| place.address.clone()).collect();
    let moved = Moved::to("curl", addresses).await;
    let mut curl = Command::new("curl");
    // Slow enough that there is something to move.
    let url = format!("http://{}/long.bin", moved.address);
    curl.args(["-sS", "--limit-rate", "25M", &url]);
    curl.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Some(child) = started(&mut curl) else {
        return;
    };
    let done = tokio::task::spawn_blocking(move || child.wait_with_output().expect("it runs"));
    let mut times = 0;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        times += moved.migrate().await;
    }
    // It may have the standby's copy as soon as the client has heard of it.
    let owner = soon(async {
        loop {
            let listed = Client::call(&moved.socket, &Request::Connections).await;
            let Ok(Answer::Connections(all)) = listed else {
                panic!("{listed:?}");
            };
            match &all[..] {
                [one] if !one.standbys.is_empty() => match one.has {
                    sm_net::control::protocol::Has::Client(owner) => return owner,
                    other => panic!("{other:?}"),
                },
                [_] => tokio::time::sleep(Duration::from_millis(10)).await,
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
    let place = places.iter().position(|place| place.server.0 == owner);
    servers[place.expect("it is one of them")] = None;
    times += moved.migrate().await;
    let output = soon(done).await.expect("it does not panic");
    assert!(output.status.success(), "{}", text(&output));
    assert!(output.stdout == file, "{} bytes", output.stdout.len());
    assert!(times >= 4, "it moved {times} times");
    let _ = std::fs::remove_dir_all(&folder);
}
