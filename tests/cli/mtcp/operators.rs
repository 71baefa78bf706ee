//! `smc mtcp list`, `explain`, `migrate` and `drain`, at servers whose connections move and at
//! plain ones.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use sm_net::identity::KeyPair;
use sm_net::mtcp::{
    Candidate, ClientOptions, Delegation, MtcpListener, MtcpStream, ServiceId, ServiceOptions,
    ServiceStream, serve,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{OTHER, Running, mtcp, web};
use crate::smc::{Ran, ran, scratch_folder};

/// Sends back what comes, and remembers nothing.
async fn echo(mut stream: ServiceStream) -> std::io::Result<()> {
    let mut buffer = [0; 100];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return stream.shutdown().await;
        }
        stream.write_all(&buffer[..read]).await?;
        stream.export_state(&()).await?;
    }
}

/// What a thread of servers and clients says when it is there.
struct There {
    keys: Vec<String>,
    connections: Vec<String>,
}

/// Two servers `one` and `two` with sockets in a folder, and clients that are at the first.
fn start(folder: &Path, clients: usize) -> There {
    let folder = folder.to_owned();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let there = live(&folder, clients).await;
            // All of it lives as long as the process.
            sender.send(there).expect("the test waits");
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().expect("the thread starts")
}

async fn live(folder: &Path, clients: usize) -> There {
    let owner = KeyPair::from_seed([1; 32]);
    let service = ServiceId {
        name: "echo".to_owned(),
        key: owner.node_id(),
    };
    let mut sockets = Vec::new();
    let mut places = Vec::new();
    for seed in 2..4 {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let key = KeyPair::from_seed([seed; 32]);
        let address = socket.local_addr().expect("it listens").to_string();
        let server = key.node_id();
        places.push(Candidate { server, address });
        sockets.push((key, socket));
    }
    for (name, (key, socket)) in ["one", "two"].into_iter().zip(sockets) {
        let delegation = Delegation::sign(&owner, "echo", key.node_id(), u64::MAX);
        let delegation = delegation.expect("the name is short");
        let options = ServiceOptions::delegated(key, service.clone(), delegation);
        let listener = MtcpListener::on(socket, options.with_peers(places.clone()));
        let listener = listener.expect("the key is one");
        let path = folder.join(format!("{name}.mtcp"));
        let operated = listener.control().operate(&path).await;
        std::mem::forget(operated.expect("the folder is there"));
        tokio::spawn(serve(listener, |stream| async move {
            let _ = echo(stream).await;
        }));
    }
    let addresses = places.iter().map(|place| place.address.clone()).collect();
    let options = ClientOptions::new(service, addresses);
    let mut connections = Vec::new();
    for _ in 0..clients {
        let stream = MtcpStream::connect(options.clone()).await;
        let mut stream = stream.expect("the first takes it");
        stream.write_all(b"x").await.expect("it is attached");
        stream.read_u8().await.expect("it comes back");
        connections.push(stream.id().to_string());
        std::mem::forget(stream);
    }
    There {
        keys: places.iter().map(|one| one.server.to_string()).collect(),
        connections,
    }
}

fn run(user: &PathBuf, args: &[&str]) -> Ran {
    ran(mtcp(user, args).output().expect("smc starts"))
}

/// The folder of the sockets of a user.
fn sockets(user: &Path) -> PathBuf {
    use std::os::unix::fs::DirBuilderExt;
    let folder = user.join("smartmsg");
    let mut builder = std::fs::DirBuilder::new();
    builder
        .mode(0o700)
        .recursive(true)
        .create(&folder)
        .expect("a folder");
    folder
}

#[test]
fn connections_are_listed_explained_and_moved() {
    let user = scratch_folder("mtcp_moved");
    let none = run(&user, &["list"]);
    assert_eq!(none.exit, 3, "{}", none.stderr);
    assert!(
        none.stderr.contains("no server runs here"),
        "{}",
        none.stderr
    );
    assert!(none.stderr.contains("smc mtcp serve"), "{}", none.stderr);
    let there = start(&sockets(&user), 2);

    let listed = run(&user, &["list"]);
    assert_eq!(listed.exit, 0, "{}", listed.stderr);
    let head = listed.stdout.lines().next().unwrap_or_default();
    assert!(head.starts_with("SERVER  CONNECTION"), "{}", listed.stdout);
    for id in &there.connections {
        let line = listed.stdout.lines().find(|line| line.contains(&id[..12]));
        let line = line.expect("it is listed");
        assert!(line.starts_with("one ") && line.ends_with("yes"), "{line}");
    }
    let json = run(&user, &["list", "--at", "one", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    assert_eq!(json["connections"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["connections"][0]["movable"], true);

    let id = &there.connections[0];
    let several = run(&user, &["explain", id]);
    assert_eq!(several.exit, 2, "{}", several.stderr);
    assert!(
        several.stderr.contains("say which one with --at SERVER"),
        "{}",
        several.stderr
    );
    let explained = run(&user, &["explain", id, "--at", "one"]);
    assert_eq!(explained.exit, 0, "{}", explained.stderr);
    for part in [
        "it can move now",
        "would move",
        &there.keys[1],
        "would hear nothing for",
    ] {
        assert!(
            explained.stdout.contains(part),
            "{part}\n{}",
            explained.stdout
        );
    }
    let unknown = run(&user, &["explain", "00", "--at", "two"]);
    assert_eq!(unknown.exit, 1);
    assert!(
        unknown.stderr.contains("`smc mtcp list` shows"),
        "{}",
        unknown.stderr
    );

    let migrate = ["migrate", &id[..12], "--at", "one", "--to", &there.keys[1]];
    let dry = run(&user, &[&migrate[..], &["--dry-run"]].concat());
    assert_eq!(dry.stdout, format!("[1/1] {} would move\n", &id[..12]));
    let moved = run(&user, &migrate);
    assert_eq!(moved.exit, 0, "{}", moved.stderr);
    assert!(
        moved
            .stdout
            .starts_with(&format!("[1/1] {} moved after ", &id[..12]))
    );
    assert!(moved.stderr.contains("1 moved"), "{}", moved.stderr);
    let strange = run(&user, &["migrate", "--all", "--at", "one", "--to", OTHER]);
    assert_eq!(strange.exit, 1);
    assert!(
        strange.stderr.contains("the server `one` refuses"),
        "{}",
        strange.stderr
    );

    let drained = run(&user, &["drain", "--at", "one", "--rate", "50", "--json"]);
    assert_eq!(drained.exit, 0, "{}", drained.stderr);
    let json: serde_json::Value = serde_json::from_str(&drained.stdout).expect("it is JSON");
    assert_eq!(json["outcome"], "moved");
    assert_eq!(json["connection"], *there.connections[1]);
    let empty = run(&user, &["list", "--at", "one"]);
    assert!(
        empty.stderr.contains("no connection is there"),
        "{}",
        empty.stderr
    );
}

#[test]
fn a_plain_server_is_not_emptied_by_moves_and_a_drain_can_be_broken_off() {
    let user = scratch_folder("mtcp_drained");
    let web = web();
    let serve = [
        "serve",
        "--service",
        "web",
        "--name",
        "shop",
        "--listen",
        "127.0.0.1:0",
        "--forward",
        &web,
    ];
    let (_server, said) = Running::start(mtcp(&user, &serve));
    let twice = run(&user, &serve);
    assert_eq!(twice.exit, 1);
    assert!(
        twice.stderr.contains("a server `shop` runs here already"),
        "{}",
        twice.stderr
    );
    let place = said.split_once("--service ").expect("it says how").1;
    let proxy = ["proxy", "--service", place, "--listen", "127.0.0.1:0"];
    let (_proxy, said) = Running::start(mtcp(&user, &proxy));
    let address = said.split_whitespace().nth(2).expect("it says where");
    // It says nothing, so its connection stays.
    let _client = std::net::TcpStream::connect(address).expect("it listens");
    let listed = || run(&user, &["list"]).stdout;
    while !listed().contains("attached") {}
    assert!(listed().contains("no: its log is over, so it cannot move"));
    let stays = run(&user, &["migrate", "--all"]);
    assert_eq!(stays.exit, 1);
    assert!(
        stays.stdout.contains("stays: its log is over"),
        "{}",
        stays.stdout
    );

    let mut drain = mtcp(&user, &["drain"]);
    drain.stdout(std::process::Stdio::piped());
    drain.stderr(std::process::Stdio::piped());
    let mut drain = drain.spawn().expect("smc starts");
    let mut told = std::io::BufReader::new(drain.stdout.take().expect("it was asked for"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut told, &mut line).expect("it is text");
    assert!(
        line.starts_with("[0/1] ") && line.contains("stays"),
        "{line}"
    );
    let id = drain.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(killed.expect("there is kill").success());
    let ended = ran(drain.wait_with_output().expect("it ends"));
    assert_eq!(ended.exit, 130, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the server takes connections again"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_proxy_is_operated_too_and_a_drain_goes_by_a_file() {
    let user = scratch_folder("mtcp_proxy");
    let serve = ["serve", "--service", "web", "--listen", "127.0.0.1:0"];
    let web = web();
    let serve = [&serve[..], &["--name", "shop", "--forward", &web]].concat();
    let (_server, said) = Running::start(mtcp(&user, &serve));
    let place = said.split_once("--service ").expect("it says how").1;
    let proxy = ["proxy", "--service", place, "--listen", "127.0.0.1:0"];
    let proxy = [&proxy[..], &["--name", "desk"]].concat();
    let (_proxy, said) = Running::start(mtcp(&user, &proxy));
    let twice = run(&user, &proxy);
    let expected = "a proxy `desk` runs here already";
    assert!(twice.stderr.contains(expected), "{}", twice.stderr);
    let address = said.split_whitespace().nth(2).expect("it says where");
    let _client = std::net::TcpStream::connect(address).expect("it listens");
    let listed = || run(&user, &["list", "--at", "desk"]).stdout;
    while !listed().contains("attached") {}
    assert!(listed().contains("client of "), "{}", listed());
    let both = run(&user, &["list"]).stdout;
    assert!(both.contains("shop ") && both.contains("desk "), "{both}");
    let stays = run(&user, &["migrate", "--all", "--at", "desk"]);
    assert_eq!(stays.exit, 1);
    let expected = "stays: no other server is known";
    assert!(stays.stdout.contains(expected), "{}", stays.stdout);
    let drain = run(&user, &["drain", "--at", "desk"]);
    assert_eq!(drain.exit, 1);
    let expected = "it is a client end";
    assert!(drain.stderr.contains(expected), "{}", drain.stderr);

    let file = user.join("slowly.toml");
    std::fs::write(&file, "pause = \"1ms\"\ndeadline = \"200ms\"\n").expect("a file");
    let file = file.display().to_string();
    let drain = run(&user, &["drain", "--at", "shop", "--policy", &file]);
    assert_eq!(drain.exit, 1);
    let expected = "stays: the time for it is over: its log is over";
    assert!(drain.stdout.contains(expected), "{}", drain.stdout);
    std::fs::write(&file, "paus = \"1ms\"\n").expect("a file");
    let wrong = run(&user, &["drain", "--at", "shop", "--policy", &file]);
    let expected = "did you mean `pause`?";
    assert!(wrong.stderr.contains(expected), "{}", wrong.stderr);
}
