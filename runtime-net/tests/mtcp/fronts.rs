//! Front ends before a holder: both ends of what they carry go on where another takes over.

use std::io::{self, BufRead, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sm_core::ids::Span;
use sm_net::mtcp::{
    Candidate, ClientOptions, MtcpConnector, MtcpListener, Protocol, ServiceId, ServiceOptions,
    forward, front,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::relay::Relay;
use crate::services::byte_at;
use crate::world::{connect, key, options, places, soon, timing, until};

/// Which of the keys the holder has.
const HOLDER: u8 = 90;

fn held() -> ServiceId {
    ServiceId {
        name: "held".to_owned(),
        key: key(HOLDER).node_id(),
    }
}

/// A plain server that sends back what comes, and says what it has seen.
#[derive(Default)]
struct Plain {
    connections: AtomicU64,
    bytes: AtomicU64,
}

async fn plain(seen: Arc<Plain>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it listens").to_string();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            seen.connections.fetch_add(1, Ordering::Relaxed);
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 20_000];
                while let Ok(count @ 1..) = tcp.read(&mut buffer).await {
                    let before = seen.bytes.fetch_add(count as u64, Ordering::Relaxed);
                    let mut bytes = (before..).zip(&buffer[..count]);
                    assert!(bytes.all(|(at, byte)| *byte == byte_at(at)));
                    if tcp.write_all(&buffer[..count]).await.is_err() {
                        return;
                    }
                }
                let _ = tcp.shutdown().await;
            });
        }
    });
    address
}

/// A holder beside a plain server. Gives its address.
async fn holder(plain: String) -> String {
    let mut options = ServiceOptions::new(key(HOLDER), "held");
    options.config.quota = 0;
    options.config.timing = timing();
    let listener = MtcpListener::bind("127.0.0.1:0", options).await;
    let mut listener = listener.expect("a port is free");
    let address = listener.local_addr().to_string();
    tokio::spawn(async move {
        loop {
            let stream = listener.accept().await;
            let plain = plain.clone();
            tokio::spawn(async move { forward(stream, &plain).await });
        }
    });
    address
}

/// One front end of these, in front of that holder, until its process ends.
async fn serve_front(server: u8, places: Vec<Candidate>, holder: String, protocol: Protocol) {
    let address = places[usize::from(server)].address.clone();
    let options = options(server, places).with_standbys(1);
    let listener = MtcpListener::bind(&address, options).await;
    let mut listener = listener.expect("the port is free");
    let mut upstream = ClientOptions::new(held(), vec![holder]);
    upstream.moving = true;
    upstream.timing = timing();
    upstream.timing.linger = Span::secs(2);
    let connector = Arc::new(MtcpConnector::new(upstream).expect("there is TLS"));
    println!("READY");
    loop {
        let stream = listener.accept().await;
        let connector = connector.clone();
        tokio::spawn(async move { front(stream, &connector, protocol).await });
    }
}

/// A front end in a process of its own, which can be killed.
struct Front(Child);

impl Front {
    fn start(server: u8, places: &[Candidate], holder: &str) -> Self {
        let own = std::env::current_exe().expect("this is a program");
        let mut child = Command::new(own)
            .args(["--exact", "fronts::front_of_a_test", "--ignored"])
            .arg("--nocapture")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let addresses: Vec<&str> = places.iter().map(|place| &place.address[..]).collect();
        let line = format!("{server} {holder} {}\n", addresses.join(" "));
        let mut input = child.stdin.take().expect("it was asked for");
        input.write_all(line.as_bytes()).expect("it reads");
        // It ends when its input does, should this process die.
        std::mem::forget(input);
        let output = io::BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut lines = output.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("READY")));
        Self(child)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "other tests start it as a process of its own"]
fn front_of_a_test() {
    let mut line = String::new();
    io::stdin().read_line(&mut line).expect("a test says it");
    let words: Vec<&str> = line.split_whitespace().collect();
    let server: u8 = words[0].parse().expect("a number");
    let holder = words[1].to_owned();
    let places = (0..).zip(&words[2..]).map(|(server, address)| Candidate {
        server: key(server).node_id(),
        address: (*address).to_owned(),
    });
    let places = places.collect();
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = io::Read::read_to_end(&mut io::stdin(), &mut rest);
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("the system lets it");
    runtime.block_on(serve_front(server, places, holder, Protocol::Plain));
}

/// Sends and gets back so many bytes, while something else happens. Says how many have come.
async fn there_and_back(stream: sm_net::mtcp::MtcpStream, total: u64, come: Arc<AtomicU64>) {
    let (mut read, mut write) = tokio::io::split(stream);
    let writer = tokio::spawn(async move {
        let mut at = 0;
        while at < total {
            let end = total.min(at + 8_000);
            let bytes: Vec<u8> = (at..end).map(byte_at).collect();
            write.write_all(&bytes).await.expect("it is carried");
            at = end;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        write.shutdown().await.expect("it is carried");
    });
    let mut buffer = vec![0; 10_000];
    let mut at = 0;
    loop {
        let count = soon(read.read(&mut buffer)).await.expect("it is carried");
        if count == 0 {
            break;
        }
        for byte in &buffer[..count] {
            assert_eq!(*byte, byte_at(at), "at {at}");
            at += 1;
        }
        come.store(at, Ordering::Relaxed);
    }
    assert_eq!(at, total);
    soon(writer).await.expect("it does not panic");
}

#[tokio::test]
async fn both_ends_go_on_where_the_front_end_moves() {
    let seen = Arc::new(Plain::default());
    let holder = holder(plain(seen.clone()).await).await;
    let between = Relay::to(holder.parse().expect("it is an address")).await;
    let places = places(3);
    for server in 0..3 {
        let (places, holder) = (places.clone(), between.address.to_string());
        tokio::spawn(serve_front(server, places, holder, Protocol::Plain));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let addresses = places.iter().map(|place| place.address.clone()).collect();
    let stream = connect(addresses).await;
    let control = stream.control();
    let come = Arc::new(AtomicU64::new(0));
    let carried = tokio::spawn(there_and_back(stream, 2 << 20, come.clone()));
    // One that moves before that may be connected anew: nothing has been said then.
    until(|| come.load(Ordering::Relaxed) > 0).await;
    let mut moved = 0;
    // Ever longer, so that a slow machine comes to something between two moves.
    for pause in (20..).step_by(4) {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if carried.is_finished() {
            break;
        }
        moved += u32::from(control.migrate(None).await.is_ok());
        if moved % 4 == 3 {
            between.cut();
        }
    }
    soon(carried).await.expect("all is carried");
    assert!(moved > 5, "it hardly ever moved: {moved}");
    assert_eq!(seen.connections.load(Ordering::Relaxed), 1);
    assert_eq!(seen.bytes.load(Ordering::Relaxed), 2 << 20);
}

#[tokio::test]
async fn a_front_end_is_killed_and_its_standby_goes_on() {
    let seen = Arc::new(Plain::default());
    let holder = holder(plain(seen.clone()).await).await;
    let places = places(3);
    let mut fronts: Vec<Front> = (0..3)
        .map(|server| Front::start(server, &places, &holder))
        .collect();
    let addresses = places.iter().map(|place| place.address.clone()).collect();
    let stream = connect(addresses).await;
    let control = stream.control();
    let come = Arc::new(AtomicU64::new(0));
    let carried = tokio::spawn(there_and_back(stream, 2 << 20, come.clone()));
    until(|| come.load(Ordering::Relaxed) > 0).await;
    let at = |server| places.iter().position(|place| place.server == server);
    for _ in 0..2 {
        until(|| control.is_attached() && !control.standbys().is_empty()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let owner = control.server();
        let killed = at(owner).expect("it is one of them");
        let child = &mut fronts[killed].0;
        child.kill().expect("it runs");
        child.wait().expect("it was killed");
        until(|| control.server() != owner || carried.is_finished()).await;
    }
    soon(carried).await.expect("all is carried");
    assert_eq!(seen.connections.load(Ordering::Relaxed), 1);
    assert_eq!(seen.bytes.load(Ordering::Relaxed), 2 << 20);
}

#[tokio::test]
async fn a_client_of_postgresql_is_told_that_the_server_is_lost() {
    let seen = Arc::new(Plain::default());
    let holder = holder(plain(seen).await).await;
    let between = Relay::to(holder.parse().expect("it is an address")).await;
    let places = places(1);
    let (own, holder) = (places.clone(), between.address.to_string());
    tokio::spawn(serve_front(0, own, holder, Protocol::Postgresql));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut stream = connect(vec![places[0].address.clone()]).await;
    between.fall_silent(true);
    between.cut();
    let mut said = Vec::new();
    soon(stream.read_to_end(&mut said))
        .await
        .expect("it ends well");
    let text = String::from_utf8_lossy(&said);
    assert!(text.starts_with('E') && text.contains("C08006\0"), "{text}");
}
