//! What others see in their logs: servers behind a server's end, with clients of both kinds, and a
//! server whose address was given to a proxy by mistake.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{program, proxy};
use crate::processes::free_port;
use crate::processes::{Process, User, until};

/// A server of others, which ends with the test.
struct Other(Child);

impl Other {
    fn start(mut command: Command, port: u16) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(Stdio::null()).spawn().expect("it starts");
        until("it listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self(child)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // As an operator ends it, so that its own processes end too.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// A server's end before it whose clients speak first. Gives the service, and where it is.
fn served(user: &User, name: &str, port: u16) -> (Process, String, String) {
    let args = [
        "mtcp",
        "serve",
        "--service",
        name,
        "--listen",
        "127.0.0.1:0",
    ];
    let forward = format!("127.0.0.1:{port}");
    let more = ["--client-first", "--forward", &forward];
    let process = Process::start(user.smc(&[&args[..], &more].concat()));
    let said = process.hear("clients reach it");
    let place = said.split_once("--service ").expect("it says how").1;
    let at = place.split_once('@').expect("it says where").1.to_owned();
    (process, place.to_owned(), at)
}

/// What comes back when a client says this and no more.
fn said_to(address: &str, request: &[u8], enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut tcp = TcpStream::connect(address).expect("it listens");
    tcp.write_all(request).expect("it reads");
    let mut got = Vec::new();
    let mut buffer = [0; 1024];
    while !enough(&got) {
        match tcp.read(&mut buffer) {
            Ok(read @ 1..) => got.extend_from_slice(&buffer[..read]),
            _ => break,
        }
    }
    got
}

fn nginx(nginx: &Path, folder: &Path) -> (Other, u16) {
    let port = free_port();
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("page.html"), "far and back").expect("a file");
    let root = folder.display();
    let config = format!(
        "daemon off; pid {root}/pid; error_log {root}/error.log info; worker_processes 1;\n\
         events {{ }}\nhttp {{ access_log {root}/access.log; client_body_temp_path {root}/a;\n\
         proxy_temp_path {root}/b; fastcgi_temp_path {root}/c; uwsgi_temp_path {root}/d;\n\
         scgi_temp_path {root}/e;\n\
         server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
    );
    // Its workers are nobody's, where root starts it.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.parent().expect("it is in one"), mode).expect("it is ours");
    let path = folder.join("config");
    fs::write(&path, config).expect("a file");
    let mut command = Command::new(nginx);
    command
        .arg("-c")
        .arg(&path)
        .arg("-e")
        .arg(folder.join("error.log"));
    (Other::start(command, port), port)
}

#[test]
fn nginx_sees_clients_as_others_are() {
    let Some(path) = program("nginx") else {
        return;
    };
    let user = User::new("nginx");
    user.key();
    let folder = user.path("nginx");
    let (_nginx, port) = nginx(&path, &folder);
    let (_served, place, at) = served(&user, "web", port);
    let (_proxy, address) = proxy(&user, &place, "web");
    let request = b"GET /page.html HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    for to in [&address, &at] {
        let got = said_to(to, request, |_| false);
        let text = String::from_utf8_lossy(&got);
        assert!(text.ends_with("far and back"), "{text}");
    }
    let log = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    until("both were logged", || {
        log("access.log").lines().count() == 2
    });
    let access = log("access.log");
    assert!(
        access.lines().all(|line| line.contains("\" 200 ")),
        "{access}"
    );
    let error = log("error.log");
    assert!(!error.contains("client sent"), "{error}");

    // Its own address, by mistake: the user is told, and it sees one bad request and no more.
    let key = place.split_once('@').expect("it says where").0;
    let (wrong, address) = proxy(&user, &format!("{key}@127.0.0.1:{port}"), "wrong");
    assert!(said_to(&address, request, |_| false).is_empty());
    let said = wrong.hear("has ended");
    assert!(said.contains("it does not speak M-TCP"), "{said}");
    until("it was logged", || log("access.log").lines().count() == 3);
    let last = log("access.log");
    assert!(
        last.lines()
            .last()
            .is_some_and(|line| line.contains("\" 400 ")),
        "{last}"
    );
}

/// One that says a word and subscribes to nothing: CONNECT, answered by CONNACK, then DISCONNECT.
const CONNECT: &[u8] = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test\xc0\x00";

#[test]
fn mosquitto_sees_clients_as_others_are() {
    let Some(path) = program("mosquitto") else {
        return;
    };
    let user = User::new("mosquitto");
    user.key();
    let port = free_port();
    let (config, log) = (user.path("mosquitto.conf"), user.path("mosquitto.log"));
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\nlog_type all\nlog_dest stderr\n\
         user {}\n",
        super::ssh::me()
    );
    fs::write(&config, text).expect("a file");
    let mut command = Command::new(path);
    command.arg("-c").arg(&config).stdin(Stdio::null());
    command.stdout(Stdio::null());
    let written = fs::File::create(&log).expect("a file");
    let child = command.stderr(written).spawn().expect("it starts");
    let _mosquitto = Other(child);
    until("it listens", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let (_served, place, at) = served(&user, "news", port);
    let (_proxy, address) = proxy(&user, &place, "news");
    for to in [&address, &at] {
        // That it is accepted, and that it is still there.
        let got = said_to(to, CONNECT, |got| got.len() >= 6);
        assert_eq!(got, b"\x20\x02\x00\x00\xd0\x00");
        let before = fs::read_to_string(&log).expect("a log");
        let connected = before.matches("New client connected").count();
        assert!(connected >= 1, "{before}");
    }
    let text = fs::read_to_string(&log).expect("a log");
    assert_eq!(text.matches("New client connected").count(), 2, "{text}");
    for odd in ["protocol error", "malformed", "Bad socket", "invalid"] {
        assert!(!text.contains(odd), "{odd}: {text}");
    }
}
