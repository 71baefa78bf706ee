//! Programs as they are, between two proxies whose links are cut. A program that is not here is not
//! asked.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::proxies::{plain_echo, proxied};
use crate::relay::Relay;
use crate::services::byte_at;
use crate::world::soon;

/// Runs a program with an input, cuts links all the while, and gives what it says; none if there is
/// no such program.
async fn run(mut command: Command, input: Vec<u8>, between: &Relay) -> Option<Output> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().ok()?;
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
