//! Programs that know nothing of M-TCP, through the proxies as people run them. One that is not
//! here is not asked, except in the gate, which installs them.

#[path = "clients/plain.rs"]
mod plain;
#[path = "clients/relay.rs"]
mod relay;
#[path = "clients/ssh.rs"]
mod ssh;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::processes::{Process, User, until};
use crate::services::Servers;

/// Where a program is; none if it is not here.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
    let found = folders
        .iter()
        .map(|folder| PathBuf::from(folder).join(name));
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        let missing = format!("there is no {name}");
        assert!(std::env::var_os("SM_ALL_PROGRAMS").is_none(), "{missing}");
        eprintln!("SKIPPED: {missing}");
    }
    found
}

/// A client's end for a service. Gives where programs connect to.
pub(crate) fn proxy(user: &User, service: &str, name: &str) -> (Process, String) {
    let args = ["mtcp", "proxy", "--service", service, "--name", name];
    let listen = ["--listen", "127.0.0.1:0"];
    let process = Process::start(user.smc(&[&args[..], &listen].concat()));
    let said = process.hear("connections to");
    let address = said.split_whitespace().nth(2).expect("it says where");
    (process, address.to_owned())
}

/// A series of commands, while the connection is moved by its server and by its client again and
/// again, and its node is drained and comes back: all answers are right, and none is missing.
#[test]
fn redis_cli_notices_nothing() {
    const ROUNDS: usize = 150;
    let Some(redis) = program("redis-cli") else {
        return;
    };
    let mut servers = Servers::start("redis", "examples/kv.sm", 0);
    let (_proxy, address) = proxy(servers.user(), &servers.place(), "kv");
    let port = address
        .rsplit_once(':')
        .expect("it has a port")
        .1
        .to_owned();
    let mut client = Command::new(&redis)
        .args(["-p", &port])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = client.stdin.take().expect("it was asked for");
    let mut output = BufReader::new(client.stdout.take().expect("it was asked for"));
    let (mut heard, mut expected) = (String::new(), String::new());
    let mut moved = 0;
    for round in 1..=ROUNDS {
        let commands = format!("SET key{round} \"value {round}\"\nINCR n\nGET key{round}\n");
        input.write_all(commands.as_bytes()).expect("it reads");
        expected += &format!("OK\n{round}\nvalue {round}\n");
        for _ in 0..3 {
            output.read_line(&mut heard).expect("it is text");
        }
        if round % 15 == 0 {
            let at = ["a-test", "b-test", "kv"][round / 15 % 3];
            let output = servers
                .user()
                .run(&["mtcp", "migrate", "--all", "--at", at]);
            let said = String::from_utf8_lossy(&output.stdout);
            moved += said.matches(" moved after ").count();
        }
        if round == ROUNDS / 2 {
            servers.end(0);
            servers.begin(0);
        }
    }
    input
        .write_all(b"EXISTS key1 key2 nobody\nGET key1\nFLY\n")
        .expect("it reads");
    drop(input);
    expected += "2\nvalue 1\nERR unknown command 'FLY'\n\n";
    output.read_to_string(&mut heard).expect("it is text");
    let ended = client.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(heard, expected, "{errors}");
    assert!(moved >= 3, "it moved {moved} times");

    // What was set is there for others, too, at either node.
    let ask = |args: &[&str]| {
        let output = Command::new(&redis).args(["-p", &port]).args(args).output();
        String::from_utf8_lossy(&output.expect("it runs").stdout)
            .trim()
            .to_owned()
    };
    until("all keys", || ask(&["DBSIZE"]) == (ROUNDS + 1).to_string());
    // Nothing is left of those whose clients have gone.
    until("no connection", || {
        let listed = servers.user().json(&["mtcp", "list", "--json"]);
        listed["connections"].as_array().is_some_and(Vec::is_empty)
    });
    servers.end(0);
    assert_eq!(ask(&["GET", "key7"]), "value 7");
    assert_eq!(ask(&["INCR", "n"]), (ROUNDS + 1).to_string());
}
