//! `smc mtcp`: plain programs on both sides, and what is said when the command line is wrong.

#[path = "mtcp/operators.rs"]
mod operators;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::smc::{command, ran, scratch_folder};

/// A key that serves nothing here.
const OTHER: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// A process that says one line when it is ready, and ends with the test.
struct Running(Child);

impl Running {
    /// Gives the line, too.
    fn start(mut command: Command) -> (Self, String) {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("smc starts");
        let mut line = String::new();
        let said = child.stderr.take().expect("it was asked for");
        let mut said = BufReader::new(said);
        // A key that it made is told of first.
        while !line.contains("connections to") && !line.contains("clients reach it") {
            line.clear();
            let read = said.read_line(&mut line).expect("it writes text");
            assert!(read > 0, "it ended without a word");
        }
        // It may write what it likes from now on.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        (Self(child), line.trim_end().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn mtcp(user: &PathBuf, args: &[&str]) -> Command {
    let mut command = command(&[&["mtcp"], args].concat());
    command
        .env("XDG_CONFIG_HOME", user)
        .env("XDG_RUNTIME_DIR", user);
    command
}

/// A plain web server that answers everybody alike. Gives its address.
fn web() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it listens").to_string();
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.expect("it is accepted");
            let mut asked = BufReader::new(tcp.try_clone().expect("a second handle"));
            let mut line = String::new();
            while asked.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let answer = "HTTP/1.0 200 OK\r\nContent-Length: 12\r\n\r\nfar and back";
            tcp.write_all(answer.as_bytes()).expect("it is read");
            let _ = tcp.shutdown(Shutdown::Write);
        }
    });
    address
}

/// What comes back through a proxy.
fn asked(proxy: &str) -> String {
    let mut tcp = TcpStream::connect(proxy).expect("it listens");
    tcp.write_all(b"GET / HTTP/1.0\r\n\r\n")
        .expect("it is read");
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).expect("it is text");
    answer
}

#[test]
fn plain_programs_are_carried() {
    let user = scratch_folder("mtcp_carried");
    let web = web();
    let serve = [
        "serve",
        "--service",
        "web",
        "--listen",
        "127.0.0.1:0",
        "--forward",
        &web,
    ];
    let (_server, said) = Running::start(mtcp(&user, &serve));
    let place = said.split_once("--service ").expect("it says how").1;
    let proxy = ["proxy", "--service", place, "--listen", "127.0.0.1:0"];
    let (_proxy, said) = Running::start(mtcp(&user, &proxy));
    let address = said.split_whitespace().nth(2).expect("it says where");
    for _ in 0..3 {
        assert!(asked(address).ends_with("\r\n\r\nfar and back"));
    }
    let curl = Command::new("curl").args(["-sS", address]).output();
    if let Ok(output) = curl {
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "far and back",
            "{output:?}"
        );
    }
}

#[test]
fn a_delegated_server_is_believed_until_its_delegation_is_for_another() {
    let user = scratch_folder("mtcp_delegated");
    let key = |name: &str| {
        let mut make = command(&["key", "new", name]);
        make.env("XDG_CONFIG_HOME", &user);
        let made = ran(make.output().expect("smc starts"));
        made.stdout.trim().to_owned()
    };
    let (owner, server) = (key("owner"), key("server"));
    let delegate = |service: &str| {
        let args = [
            "delegate",
            "--key",
            "owner",
            "--service",
            service,
            "--server",
            &server,
        ];
        let made = ran(mtcp(&user, &args).output().expect("smc starts"));
        assert_eq!(made.exit, 0, "{}", made.stderr);
        made.stdout.trim().to_owned()
    };
    let web = web();
    let serve = |delegation: &str| {
        let args = [
            &[
                "serve",
                "--service",
                "web",
                "--key",
                "server",
                "--listen",
                "127.0.0.1:0",
            ][..],
            &[
                "--forward",
                &web,
                "--service-key",
                &owner,
                "--delegation",
                delegation,
            ],
        ];
        mtcp(&user, &args.concat())
    };
    let (_server, said) = Running::start(serve(&delegate("web")));
    let place = said.split_once("--service ").expect("it says how").1;
    assert!(place.starts_with(&format!("web={owner}@")), "{place}");
    let proxy = ["proxy", "--service", place, "--listen", "127.0.0.1:0"];
    let (_proxy, said) = Running::start(mtcp(&user, &proxy));
    let address = said.split_whitespace().nth(2).expect("it says where");
    assert!(asked(address).ends_with("\r\n\r\nfar and back"));

    let wrong = ran(serve(&delegate("mail")).output().expect("smc starts"));
    assert_eq!(wrong.exit, 2, "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("it serves `mail`"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_front_end_carries_on_to_a_holder() {
    let user = scratch_folder("mtcp_front");
    let web = web();
    let anywhere = ["--listen", "127.0.0.1:0"];
    let run = |args: &[&str]| Running::start(mtcp(&user, &[args, &anywhere].concat()));
    let (_holder, said) = run(&["serve", "--service", "held", "--forward", &web]);
    let held = said.split_once("--service ").expect("it says how").1;
    let (_front, said) = run(&["serve", "--service", "web", "--upstream", held]);
    let place = said.split_once("--service ").expect("it says how").1;
    let (_proxy, said) = run(&["proxy", "--service", place]);
    let address = said.split_whitespace().nth(2).expect("it says where");
    for _ in 0..3 {
        assert!(asked(address).ends_with("\r\n\r\nfar and back"));
    }
    for (args, expected) in [
        (&["--forward", "127.0.0.1:1"][..], "cannot be used with"),
        (&["--peers", "somebody"], "write KEY@HOST:PORT"),
    ] {
        let serve = ["serve", "--service", "web", "--upstream", held];
        let mut wrong = mtcp(&user, &[&serve[..], &anywhere, args].concat());
        let wrong = ran(wrong.output().expect("smc starts"));
        assert_eq!(wrong.exit, 2, "{}", wrong.stderr);
        assert!(wrong.stderr.contains(expected), "{}", wrong.stderr);
    }
}

#[test]
fn what_cannot_be_a_service_is_said() {
    let user = scratch_folder("mtcp_wrong");
    let short = "web=1234@127.0.0.1:1";
    let no_port = format!("web={OTHER}@127.0.0.1");
    let cases = [
        ("web", "write NAME=KEY@HOST:PORT"),
        (short, "a key has 64 hexadecimal digits"),
        (&no_port, "write NAME=KEY@HOST:PORT"),
    ];
    for (service, expected) in cases {
        let args = ["proxy", "--service", service, "--listen", "127.0.0.1:0"];
        let wrong = ran(mtcp(&user, &args).output().expect("smc starts"));
        assert_eq!(wrong.exit, 2, "{}", wrong.stderr);
        assert!(wrong.stderr.contains(expected), "{}", wrong.stderr);
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken
        .local_addr()
        .map(|at| (at.to_string(), taken))
        .expect("it listens");
    let service = format!("web={OTHER}@127.0.0.1:1");
    let args = ["proxy", "--service", &service, "--listen", &taken.0];
    let wrong = ran(mtcp(&user, &args).output().expect("smc starts"));
    assert_eq!(wrong.exit, 3, "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("cannot listen at"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn plain_clients_may_come_to_the_port_of_a_service_whose_clients_speak_first() {
    let user = scratch_folder("mtcp_plain");
    let web = web();
    let serve = |more: &[&str]| {
        let args = [
            "serve",
            "--service",
            "web",
            "--listen",
            "127.0.0.1:0",
            "--forward",
            &web,
        ];
        let (server, said) = Running::start(mtcp(&user, &[&args[..], more].concat()));
        let place = said.split_once("--service ").expect("it says how").1;
        (server, place.to_owned())
    };
    let (_server, place) = serve(&["--client-first"]);
    let port = place.split_once('@').expect("it says where").1;
    assert!(asked(port).ends_with("\r\n\r\nfar and back"));
    let proxy = ["proxy", "--service", &place, "--listen", "127.0.0.1:0"];
    let (_proxy, said) = Running::start(mtcp(&user, &proxy));
    let address = said.split_whitespace().nth(2).expect("it says where");
    assert!(asked(address).ends_with("\r\n\r\nfar and back"));

    // Any other service hangs up on them.
    let (_server, place) = serve(&[]);
    let mut tcp = TcpStream::connect(place.split_once('@').expect("it says where").1);
    let tcp = tcp.as_mut().expect("it listens");
    tcp.write_all(b"GET / HTTP/1.0\r\n\r\n")
        .expect("it is taken");
    let mut got = Vec::new();
    let _ = tcp.read_to_end(&mut got);
    assert!(got.is_empty());
}

#[test]
fn what_is_wrong_with_a_policy_is_said_line_by_line() {
    let user = scratch_folder("mtcp_policy");
    let file = user.join("policy.toml");
    let text = "[[rules]]\nwhen = \"load\"\nlimit = 0.9\n\n[[rules]]\nwehn = \"rate\"\n";
    std::fs::write(&file, text).expect("a file for a test");
    let file = file.display().to_string();
    let service = format!("web={OTHER}@127.0.0.1:1");
    let args = [
        "proxy",
        "--service",
        &service,
        "--listen",
        "127.0.0.1:0",
        "--policy",
        &file,
    ];
    let wrong = ran(mtcp(&user, &args).output().expect("smc starts"));
    assert_ne!(wrong.exit, 0);
    for part in [
        "a client end does not see that",
        "it stands in a policy of `smc mtcp serve`",
        "`when` is missing",
        "policy.toml:2:",
    ] {
        assert!(wrong.stderr.contains(part), "{part}\n{}", wrong.stderr);
    }
    let args = [&args[..6], &["nowhere.toml"]].concat();
    let wrong = ran(mtcp(&user, &args).output().expect("smc starts"));
    assert_eq!(wrong.exit, 2);
    assert!(
        wrong.stderr.contains("there is no policy `nowhere.toml`"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn clients_keep_state_only_for_services_that_are_declared_safe() {
    let user = scratch_folder("mtcp_held");
    let keys = user.join("keys").display().to_string();
    let run = |args: &[&str]| ran(mtcp(&user, args).output().expect("smc starts"));
    // What an earlier run left.
    let _ = std::fs::remove_file(&keys);
    assert_eq!(run(&["seal-key", "new", &keys]).exit, 0);
    let again = run(&["seal-key", "new", &keys]);
    assert_ne!(again.exit, 0);
    assert!(
        again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
    let rotated = run(&["seal-key", "rotate", &keys]);
    let told = "its new key seals in 10 minutes";
    assert!(rotated.stderr.contains(told), "{}", rotated.stderr);
    let lines = std::fs::read_to_string(&keys).expect("it is there");
    assert_eq!(
        lines.lines().filter(|line| !line.starts_with('#')).count(),
        2
    );

    let upstream = format!("web={OTHER}@127.0.0.1:1");
    let (service, at) = (["serve", "--service", "web"], ["--listen", "127.0.0.1:0"]);
    let front = [&service[..], &at, &["--upstream", &upstream]].concat();
    let held = ["--sealing-keys", &keys];
    let undeclared = run(&[&front[..], &held].concat());
    assert_eq!(undeclared.exit, 2);
    let missing = "--rollback-safe";
    assert!(undeclared.stderr.contains(missing), "{}", undeclared.stderr);
    // The state of a plain server is its socket: nobody can keep it.
    let plain = [&service[..], &at, &["--forward", "127.0.0.1:1"]].concat();
    let plain = run(&[&plain[..], &held, &[missing]].concat());
    assert_eq!(plain.exit, 2);
    assert!(plain.stderr.contains("--forward"), "{}", plain.stderr);
    let args = [&front[..], &held, &[missing, "--max-age", "60"]].concat();
    let (_server, said) = Running::start(mtcp(&user, &args));
    assert!(said.contains("--service web="), "{said}");
    std::fs::write(&keys, "none\n").expect("it is ours");
    let wrong = run(&args);
    assert!(
        wrong.stderr.contains("line 1 is no sealing key"),
        "{}",
        wrong.stderr
    );
}
