//! The commands that talk to running nodes, with a node that has its answers ready.

#[path = "remote/fake.rs"]
mod fake;
#[path = "remote/send.rs"]
mod send;
#[path = "remote/tag.rs"]
mod tag;

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use sm_net::control::protocol::{Answer, Doing, Message, Neighbor, Refusal, Request};

use crate::smc::snapshot;
use fake::{Fake, Folder, N1, N2, event, status};
use sm_net::control::protocol::{End, What};

const ONE: [u8; 32] = [0x1a; 32];
const TWO: [u8; 32] = [0x1b; 32];

fn message(message: [u8; 32], doing: Doing) -> Message {
    Message {
        message,
        launch: [0x77; 32],
        author: [0xaa; 32],
        home: N1,
        doing,
        hops: 3,
        age: 12_900_000_000,
        left: 3_000_000_000_000,
        bytes: 5_000,
    }
}

fn n1(messages: Vec<Message>) -> Fake {
    Fake::new(move |request| match request {
        Request::Messages => vec![Answer::Messages(messages.clone())],
        Request::Kill(name) => vec![Answer::Found(*name == ONE)],
        Request::Stop | Request::Connect(_) => vec![Answer::Done],
        Request::Follow(_) => [
            event(ONE, 61_000_000, What::Arrived(N2)),
            event(TWO, 61_500_000, What::Woken),
            event(ONE, 62_250_000, What::Printed("hello\u{1b}[31m".to_owned())),
            event(ONE, 63_000_000, What::Blocked("door".to_owned())),
            event(
                ONE,
                64_000_000,
                What::Ended(End::Killed(3, "its lifetime is over".into())),
            ),
        ]
        .map(|event| Answer::Event(Box::new(event)))
        .to_vec(),
        _ => fake::usual(request),
    })
}

#[test]
fn nodes_of_this_machine() {
    let folder = Folder::new("nodes");
    folder.check("remote_nodes_none", &["nodes"]);
    let _n1 = folder.node("n1", n1(Vec::new()));
    let _n2 = folder.node(
        "n2",
        Fake::new(|request| match request {
            Request::Status => vec![Answer::Status(Box::new(status("n2", N2)))],
            _ => fake::usual(request),
        }),
    );
    // What a dead node left does not count.
    drop(UnixListener::bind(folder.socket("dead")).expect("a socket"));
    folder.check("remote_nodes", &["nodes"]);
    folder.check("remote_nodes_json", &["nodes", "--json"]);
}

/// A node that is stopped, and one that ends when it is asked: the others are listed.
#[test]
fn nodes_that_do_not_answer() {
    let folder = Folder::new("mute");
    let _n1 = folder.node("n1", n1(vec![message(ONE, Doing::Ready)]));
    let _stopped = UnixListener::bind(folder.socket("stopped")).expect("a socket");
    let ending = UnixListener::bind(folder.socket("ending")).expect("a socket");
    let ends = std::thread::spawn(move || {
        // Somebody looks whether it lives, and then asks.
        ending.accept().and_then(|_| ending.accept()).map(drop)
    });
    folder.check("remote_nodes_silent", &["nodes"]);
    ends.join().expect("it ends").expect("it was asked");
    folder.check("remote_ps_silent", &["ps"]);
}

#[test]
fn no_node_is_unreachable() {
    let folder = Folder::new("none");
    folder.check("remote_none", &["send", "hello.sm"]);
    let _n1 = folder.node("shore", n1(Vec::new()));
    folder.check("remote_unknown", &["send", "hello.sm", "--to", "shroe"]);
    folder.check("remote_no_path", &["ps", "--at", "./nowhere.sock"]);
}

#[test]
fn a_dead_node_is_unreachable() {
    let folder = Folder::new("dead");
    drop(UnixListener::bind(folder.socket("n1")).expect("a socket"));
    folder.check("remote_dead", &["stop", "n1"]);
}

#[test]
fn several_nodes_need_a_name() {
    let folder = Folder::new("several");
    let _n1 = folder.node("n1", n1(Vec::new()));
    let _n2 = folder.node("n2", n1(Vec::new()));
    folder.check("remote_several", &["send", "hello.sm"]);
    folder.check("remote_several_tags", &["tag", "ls"]);
}

#[test]
fn another_version_is_told() {
    let folder = Folder::new("version");
    let listener = UnixListener::bind(folder.socket("n1")).expect("a socket");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("smc connects");
            stream.write_all(b"smctl\0\x07\0").expect("smc listens");
            // A node hears who asks before it hangs up.
            stream.read_exact(&mut [0; 8]).expect("smc greets");
        }
    });
    folder.check("remote_version", &["neighbors", "--at", "n1"]);
}

#[test]
fn a_node_that_ends_has_not_answered() {
    let folder = Folder::new("ends");
    let _n1 = folder.node("n1", Fake::new(|_| Vec::new()));
    folder.check("remote_ended", &["neighbors"]);
}

#[test]
fn a_refusal_is_told() {
    let folder = Folder::new("refusal");
    let _n1 = folder.node(
        "n1",
        Fake::new(|_| {
            let reason = "too many neighbors".to_owned();
            vec![Answer::Refused(Refusal {
                by_policy: true,
                reason,
            })]
        }),
    );
    let other = format!("{}@192.0.2.7:7000", "ab".repeat(32));
    folder.check("remote_refused", &["neighbors", "add", &other]);
}

#[test]
fn messages_are_listed() {
    let folder = Folder::new("ps");
    let messages = vec![
        message(ONE, Doing::Blocked(Some(1_500_000_000))),
        message(TWO, Doing::Moving(Some(N2))),
    ];
    let _n1 = folder.node("n1", n1(messages));
    folder.check("remote_ps", &["ps"]);
    folder.check("remote_ps_json", &["ps", "--json", "--at", "n1"]);
    folder.check("remote_kill", &["kill", "1a1a"]);
    folder.check("remote_kill_ambiguous", &["kill", "1"]);
    folder.check("remote_kill_absent", &["kill", "f00"]);
    // It has gone between the question and the order.
    folder.check("remote_kill_gone", &["kill", "1B"]);
    folder.check("remote_kill_no_digits", &["kill", "x"]);
}

#[test]
fn no_messages_are_said() {
    let folder = Folder::new("ps_none");
    let _n1 = folder.node("n1", n1(Vec::new()));
    folder.check("remote_ps_none", &["ps"]);
}

#[test]
fn a_message_is_followed_to_its_end() {
    let folder = Folder::new("follow");
    let _n1 = folder.node("n1", n1(vec![message(ONE, Doing::Ready)]));
    folder.check("remote_follow", &["follow", "1a1a"]);
    folder.check("remote_follow_json", &["follow", "1a1a", "--json"]);
    // All of it, until the node ends.
    folder.check("remote_follow_all", &["follow", "--at", "n1"]);
}

#[test]
fn neighbors_are_listed_and_added() {
    let folder = Folder::new("neighbors");
    let _n1 = folder.node(
        "n1",
        Fake::new(|request| match request {
            Request::Neighbors => {
                let linked = fake::neighbor("n2", N2);
                let lost = Neighbor {
                    name: None,
                    linked: None,
                    round_trip: None,
                    trouble: Some("it does not answer".to_owned()),
                    ..fake::neighbor("", [0x3c; 32])
                };
                vec![Answer::Neighbors(vec![linked, lost])]
            }
            Request::Connect(_) => vec![Answer::Done],
            _ => fake::usual(request),
        }),
    );
    folder.check("remote_neighbors", &["neighbors"]);
    folder.check("remote_neighbors_json", &["neighbors", "--json"]);
    let other = format!("{}@192.0.2.7:7000", "ab".repeat(32));
    folder.check("remote_neighbors_add", &["neighbors", "add", &other]);
    folder.check("remote_neighbors_wrong", &["neighbors", "add", "n2"]);
    let path = folder.socket("n1").display().to_string();
    snapshot(
        "remote_neighbors",
        &folder.smc(&["neighbors", "--at", &path]),
    );
}

#[test]
fn a_node_is_stopped() {
    let folder = Folder::new("stop");
    let _n1 = folder.node("n1", n1(Vec::new()));
    folder.check("remote_stop", &["stop", "n1"]);
}

#[test]
fn a_network_that_runs_already_is_not_started() {
    let folder = Folder::new("up");
    let _a = folder.node("a", n1(Vec::new()));
    folder.check("up_running", &["up", "pair.net.toml"]);
}
