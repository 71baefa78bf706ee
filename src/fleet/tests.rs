//! A fleet of scripts, whose sockets are answered here.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sm_net::control::protocol::Answer;
use sm_net::control::{Order, Server};

use super::*;
use crate::output::{MessageFormat, Terminal};

const PLAIN: Terminal = Terminal {
    colored: false,
    format: MessageFormat::Human,
};

/// Says what a node says, prints a line, and ends at the end of its input.
const SCRIPT: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
while [ "$1" != --as ]; do shift; done
[ "$2" = broken ] && { echo "it is broken" >&2; exit 1; }
key=$(printf '%064d' 0)
echo "{\"name\":\"$2\",\"key\":\"$key\",\"listen\":[\"127.0.0.1:1\"],\"socket\":\"$PWD/$2.sock\"}"
[ "$2" = quiet ] || echo hello
cat >/dev/null
echo bye >&2
"#;

fn start(folder: &Path, names: &[&str], links: &[(usize, usize)]) -> Start {
    std::fs::create_dir_all(folder).expect("a folder");
    let program = folder.join("node");
    std::fs::write(&program, SCRIPT).expect("a script");
    let rights = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&program, rights).expect("a script that can be run");
    Start {
        program,
        net: "x.net.toml".into(),
        seed: 7,
        trust: "00".repeat(32),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        links: links.iter().copied().collect(),
        service: None,
    }
}

/// Answers for one node: it has as many neighbors as it was told of.
async fn answer(mut orders: mpsc::Receiver<Order>) {
    let mut neighbors = 0;
    while let Some(order) = orders.recv().await {
        let Order::Request { request, answers } = order else {
            continue;
        };
        let answer = match request {
            Request::Connect(_) => {
                neighbors += 1;
                Answer::Done
            }
            Request::Status => Answer::Status(Box::new(status(neighbors))),
            _ => Answer::Done,
        };
        let _ = answers.send(answer).await;
    }
}

fn status(neighbors: u64) -> Status {
    Status {
        name: "n".to_owned(),
        key: [0; 32],
        incarnation: 1,
        listen: vec!["127.0.0.1:1".to_owned()],
        pid: 1,
        age: 0,
        neighbors,
        messages: 0,
        in_doubt: 0,
        tags: 0,
        hops: (0, 0),
        copies: (0, 0),
        bytes: (0, 0, 0),
        fuel: 0,
        refused: 0,
    }
}

async fn serve(folder: &Path, name: &str) -> Server {
    let (sender, orders) = mpsc::channel(16);
    tokio::spawn(answer(orders));
    let server = Server::start(&folder.join(format!("{name}.sock")), sender).await;
    server.expect("a socket")
}

fn in_folder<T>(name: &str, test: impl AsyncFnOnce(&Path) -> T) -> T {
    let folder = std::env::temp_dir().join(format!("smc-fleet-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let done = crate::remote::block_on(async { Ok(test(&folder).await) });
    // What is left behind harms nobody.
    let _ = std::fs::remove_dir_all(&folder);
    done.unwrap()
}

#[test]
fn a_fleet_is_linked_heard_and_ended() {
    in_folder("whole", async |folder| {
        let start = start(folder, &["a", "b", "c"], &[(0, 1), (1, 2)]);
        let _servers = [
            serve(folder, "a").await,
            serve(folder, "b").await,
            serve(folder, "c").await,
        ];
        let mut fleet = Fleet::start(&start).unwrap();
        let states = fleet.begin(&PLAIN, &start).await.unwrap();
        let neighbors: Vec<u64> = states.iter().map(|status| status.neighbors).collect();
        assert_eq!(neighbors, [1, 2, 1]);
        // Without their inputs they end by themselves, and say what they have to say before.
        for member in &mut fleet.members {
            member.input = None;
        }
        let mut byes = 0;
        while !fleet.is_empty() {
            match fleet.hear().await {
                Heard::Ready => {}
                Heard::Said { line, .. } => byes += usize::from(line == "bye"),
                Heard::Printed { line, .. } => assert_eq!(line, "hello"),
                Heard::Ended { how, .. } => assert_eq!(how, "exit status: 0"),
            }
        }
        assert_eq!(byes, 3);
    });
}

#[test]
fn what_does_not_end_is_killed() {
    in_folder("kill", async |folder| {
        let start = start(folder, &["quiet"], &[]);
        let _server = serve(folder, "quiet").await;
        let mut fleet = Fleet::start(&start).unwrap();
        fleet.begin(&PLAIN, &start).await.unwrap();
        fleet.stop();
        fleet.kill().await;
        assert!(fleet.is_empty());
    });
}

#[test]
fn a_node_that_does_not_start_ends_the_beginning() {
    in_folder("broken", async |folder| {
        let start = start(folder, &["broken"], &[]);
        let mut fleet = Fleet::start(&start).unwrap();
        let failure = fleet.begin(&PLAIN, &start).await.unwrap_err();
        assert_eq!(failure.report(&PLAIN), Exit::Unreachable);
    });
}
