//! A real sshd behind a server's end, and ssh through a client's end: the session goes on while the
//! links between the two are cut.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::relay::Relay;
use super::{program, proxy};
use crate::processes::free_port;
use crate::processes::{Process, User, until};

/// A server with its own keys, at a port of loopback.
struct Sshd {
    child: Child,
    port: u16,
}

impl Sshd {
    fn start(sshd: &Path, folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("a folder");
        // Where root separates privileges.
        let _ = fs::create_dir_all("/run/sshd");
        for key in ["host", "user"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(folder.join(key))
                .status();
            assert!(made.expect("it comes with sshd").success());
        }
        let allowed = folder.join("allowed");
        fs::copy(folder.join("user.pub"), &allowed).expect("a key");
        let port = free_port();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nPidFile none\nStrictModes no\n\
             AuthorizedKeysFile {}\nPasswordAuthentication no\nUsePAM no\nUseDNS no\n\
             PermitRootLogin yes\nLogLevel INFO\n",
            folder.join("host").display(),
            allowed.display(),
        );
        let path = folder.join("config");
        fs::write(&path, config).expect("a file");
        let child = Command::new(sshd)
            .args(["-D", "-E"])
            .arg(folder.join("log"))
            .arg("-f")
            .arg(&path)
            .stdin(Stdio::null())
            .spawn()
            .expect("it starts");
        let listens = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        until("sshd listens", listens);
        Self { child, port }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn me() -> String {
    let output = Command::new("id").arg("-un").output().expect("there is id");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn ssh(folder: &Path, port: &str, command: &str) -> Child {
    Command::new("ssh")
        .args(["-F", "none", "-p", port, "-i"])
        .arg(folder.join("user"))
        .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"])
        .args(["-o", "StrictHostKeyChecking=no", "-o", "IdentitiesOnly=yes"])
        .arg(format!("{}@127.0.0.1", me()))
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("there is ssh")
}

#[test]
fn a_session_of_ssh_goes_on_when_links_are_cut() {
    const LINES: usize = 60;
    const NUMBERS: usize = 400_000;
    let (Some(sshd), Some(_), Some(_)) = (program("sshd"), program("ssh"), program("seq")) else {
        return;
    };
    let user = User::new("ssh");
    user.key();
    let folder = user.path("ssh");
    let server = Sshd::start(&sshd, &folder);
    let forward = format!("127.0.0.1:{}", server.port);
    let serve = [
        "mtcp",
        "serve",
        "--service",
        "shell",
        "--listen",
        "127.0.0.1:0",
    ];
    let served = Process::start(user.smc(&[&serve[..], &["--forward", &forward]].concat()));
    let said = served.hear("clients reach it");
    let place = said.split_once("--service ").expect("it says how").1;
    let (key, at) = place.split_once('@').expect("it says where");
    let between = Relay::to(at);
    let (_proxy, address) = proxy(&user, &format!("{key}@{}", between.address), "shell");
    let port = address.rsplit_once(':').expect("it has a port").1;

    // Somebody types lines, and waits for each answer.
    let mut typed = ssh(
        &folder,
        port,
        "while read line; do echo \"got $line\"; done",
    );
    let mut input = typed.stdin.take().expect("it was asked for");
    let mut output = BufReader::new(typed.stdout.take().expect("it was asked for"));
    let mut cuts = 0;
    for number in 0..LINES {
        writeln!(input, "line {number}").expect("it reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("it is text");
        assert_eq!(line, format!("got line {number}\n"));
        if number % 10 == 5 {
            cuts += between.cut();
        }
    }
    drop(input);
    assert!(typed.wait().expect("it ends").success());

    // Then much comes at once.
    let mut long = ssh(&folder, port, &format!("seq {NUMBERS}"));
    let mut output = long.stdout.take().expect("it was asked for");
    let mut text = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    let mut next = 300_000;
    while let read @ 1.. = output.read(&mut buffer).expect("it is a pipe") {
        text.extend_from_slice(&buffer[..read]);
        if text.len() > next {
            cuts += between.cut();
            next += 400_000;
        }
    }
    assert!(long.wait().expect("it ends").success());
    let numbers: String = (1..=NUMBERS).map(|number| format!("{number}\n")).collect();
    assert!(
        text == numbers.as_bytes(),
        "{} bytes of {}",
        text.len(),
        numbers.len()
    );
    assert!(cuts >= 6, "links were cut {cuts} times");

    // The server has seen two clients who came and went as others do.
    let log = fs::read_to_string(folder.join("log")).expect("it has a log");
    let accepted = log.matches("Accepted publickey").count();
    assert_eq!(accepted, 2, "{log}");
    for odd in [
        "error",
        "Bad protocol",
        "Connection reset",
        "invalid",
        "corrupted",
    ] {
        assert!(!log.contains(odd), "{odd}: {log}");
    }
}
