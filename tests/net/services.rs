//! Services that are messages, at real nodes: a client never notices that they move.

use std::fs;
use std::io::{self, BufRead, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use sm_net::identity::parse_key;
use sm_net::mtcp::{ClientOptions, MtcpStream, ServiceId};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::processes::{PATIENCE, Process, User, example, free_port, until};

/// The nodes that serve.
const NAMES: [&str; 2] = ["a", "b"];

/// Two nodes with one service.
pub(crate) struct Servers {
    user: User,
    service: ServiceId,
    ports: [u16; 2],
    processes: Vec<Option<Process>>,
}

fn text(output: std::process::Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Servers {
    pub(crate) fn start(test: &str, program: &str, standbys: usize) -> Self {
        Self::start_with(test, program, |_| format!("standbys = {standbys}\n"))
    }

    /// With these lines in the settings of the service.
    fn start_with(test: &str, program: &str, more: impl FnOnce(&User) -> String) -> Self {
        let user = User::new(test);
        user.key();
        let more = more(&user);
        let key = |name: &str| {
            user.run(&["key", "new", name]);
            text(user.run(&["key", "show", name]))
        };
        let keys = NAMES.map(key);
        let service = key("service");
        let links = [free_port(), free_port()];
        let ports = [free_port(), free_port()];
        let mut servers = Self {
            service: ServiceId {
                name: "test".to_owned(),
                key: parse_key(&service).expect("a key"),
            },
            ports,
            processes: Vec::new(),
            user,
        };
        for at in 0..2 {
            let (own, other) = (NAMES[at], 1 - at);
            let delegate = ["mtcp", "delegate", "--service", "test"];
            let of = ["--key", "service", "--server", &keys[at]];
            let signed = text(servers.user.run(&[&delegate[..], &of[..]].concat()));
            let program = std::env::current_dir().expect("a folder").join(program);
            let settings = format!(
                "name = {own:?}\nkey = {own:?}\nlisten = \"127.0.0.1:{}\"\nidle = \"5s\"\n\
                 neighbors = [\"{}@127.0.0.1:{}\"]\ntrust = [\"{}\"]\n\
                 [services.test]\nprogram = {program:?}\nlisten = \"127.0.0.1:{}\"\n\
                 key = {service:?}\ndelegation = {signed:?}\n\
                 peers = [\"{}@127.0.0.1:{}\"]\n{more}",
                links[at],
                keys[other],
                links[other],
                keys[other],
                ports[at],
                keys[other],
                ports[other],
            );
            let path = servers.user.path(&format!("{own}.toml"));
            fs::write(path, settings).expect("a file");
            servers.processes.push(None);
            servers.begin(at);
        }
        for process in servers.processes.iter().flatten() {
            process.hear("linked with");
        }
        servers
    }

    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// As `smc mtcp proxy --service` takes it.
    pub(crate) fn place(&self) -> String {
        let [a, b] = self.ports;
        let ServiceId { name, key } = &self.service;
        format!("{name}={key}@127.0.0.1:{a},127.0.0.1:{b}")
    }

    /// Ends a node as an operator does: its clients go elsewhere before.
    pub(crate) fn end(&mut self, at: usize) {
        let mut process = self.processes[at].take().expect("it runs");
        process.signal("TERM");
        let code = process.ended();
        assert_eq!(code, Some(0), "{:?}", process.heard());
    }

    pub(crate) fn begin(&mut self, at: usize) {
        let config = self.user.path(&format!("{}.toml", NAMES[at]));
        let config = config.display().to_string();
        let process = Process::start(self.user.smc(&["node", "--config", &config]));
        process.hear("clients reach it");
        self.processes[at] = Some(process);
    }

    /// A client that comes to this server first.
    pub(crate) async fn connect(&self, first: usize) -> Client {
        let at = |server: usize| format!("127.0.0.1:{}", self.ports[server]);
        let addresses = vec![at(first), at(1 - first)];
        let options = ClientOptions::new(self.service.clone(), addresses);
        let stream = MtcpStream::connect(options).await.expect("it is served");
        Client(tokio::io::BufReader::new(stream))
    }

    /// Ends a node as an operator does: its clients go elsewhere before.
    pub(crate) async fn drain(&mut self, at: usize) {
        let mut process = self.processes[at].take().expect("it runs");
        process.signal("TERM");
        let ended = tokio::task::spawn_blocking(move || (process.ended(), process.heard()));
        let (code, said) = ended.await.expect("it ends");
        assert_eq!(code, Some(0), "{said:?}");
    }

    /// As of `kill -9`.
    pub(crate) fn kill(&mut self, at: usize) {
        drop(self.processes[at].take());
    }

    /// What the nodes said, for a failure.
    fn said(&self) -> Vec<String> {
        let all = self.processes.iter().flatten();
        all.flat_map(Process::heard).collect()
    }
}

pub(crate) struct Client(tokio::io::BufReader<MtcpStream>);

impl Client {
    pub(crate) async fn say(&mut self, text: &str) {
        let said = self.0.get_mut().write_all(text.as_bytes()).await;
        said.expect("the connection is there");
    }

    pub(crate) async fn hear(&mut self) -> io::Result<String> {
        let mut line = String::new();
        timeout(PATIENCE, self.0.read_line(&mut line))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        Ok(line.trim_end().to_owned())
    }

    async fn hears(&mut self, expected: &str, servers: &Servers) {
        match self.hear().await {
            Ok(line) => assert_eq!(line, expected, "{:?}", servers.said()),
            Err(error) => panic!("{expected}: {error}: {:?}", servers.said()),
        }
    }

    async fn migrate(&mut self, servers: &Servers) {
        if let Err(error) = self.0.get_mut().migrate().await {
            panic!("{error}: {:?}", servers.said());
        }
    }
}

pub(crate) fn block_on<T>(run: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(run)
}

/// In the middle of a line, by the client, by the service, and by an operator.
#[test]
fn moves_when_anybody_wants_it() {
    let mut servers = Servers::start("services", "tests/net/counts.sm", 0);
    block_on(async {
        let mut client = servers.connect(0).await;
        client.say("one\ntw").await;
        client.hears("1 one", &servers).await;
        client.migrate(&servers).await;
        client.say("o\nth").await;
        client.hears("2 two", &servers).await;
        client.migrate(&servers).await;
        client.say("ree\nmove\nfive").await;
        client.hears("3 three", &servers).await;
        client.hears("4 move done", &servers).await;
        // It is at the second one.
        servers.drain(1).await;
        client.say("!\n").await;
        client.hears("5 five!", &servers).await;
        // Nobody else takes it now.
        client.say("move\n").await;
        client.hears("6 move alone", &servers).await;
        client.0.get_mut().shutdown().await.expect("it is there");
        client.hears("6 lines", &servers).await;
    });
}

/// Everything that was answered was answered once, whenever the server dies.
#[test]
fn a_standby_goes_on_when_a_node_is_killed() {
    const LINES: usize = 300;
    let mut servers = Servers::start("killed-service", "tests/net/counts.sm", 1);
    block_on(async {
        let mut client = servers.connect(0).await;
        client.say("hello\n").await;
        client.hears("1 hello", &servers).await;
        // The standby is asked when the client has attached.
        tokio::time::sleep(Duration::from_millis(500)).await;
        for number in 2..LINES {
            client.say(&format!("line {number}\n")).await;
            if number == LINES / 2 {
                servers.kill(0);
            }
            if number % 10 == 0 {
                for heard in number.saturating_sub(9).max(2)..=number {
                    let expected = format!("{heard} line {heard}");
                    client.hears(&expected, &servers).await;
                }
            }
        }
        client.0.get_mut().shutdown().await.expect("it is there");
        for heard in (LINES - LINES % 10 - 9)..LINES {
            let expected = format!("{heard} line {heard}");
            client.hears(&expected, &servers).await;
        }
        client
            .hears(&format!("{} lines", LINES - 1), &servers)
            .await;
        assert_eq!(client.hear().await.expect("the end"), "");
    });
}

/// What a service is called need not be what a file can be called.
#[test]
fn a_service_with_any_name_is_operated() {
    let user = User::new("named-service");
    let program = std::env::current_dir()
        .expect("a folder")
        .join("tests/net/counts.sm");
    let settings = format!(
        "name = \"a\"\n[services.\"b/c d\"]\nprogram = {program:?}\nlisten = \"127.0.0.1:0\"\n"
    );
    let config = user.path("a.toml");
    fs::write(&config, settings).expect("a file");
    let config = config.display().to_string();
    let node = Process::start(user.smc(&["node", "--config", &config]));
    node.hear("clients reach it");
    let listed = user.json(&["mtcp", "list", "--at", "a-b-c-d", "--json"]);
    assert_eq!(listed["connections"], Value::Array(Vec::new()));
}

/// Nobody but the client has the message when its node dies, and it comes from one to the other.
#[test]
fn a_client_brings_the_message_of_a_node_that_was_killed() {
    let mut servers = Servers::start_with("held-service", "tests/net/counts.sm", |user| {
        let keys = user.path("keys").display().to_string();
        let made = user.run(&["mtcp", "seal-key", "new", &keys]);
        assert!(made.status.success(), "{made:?}");
        format!("state = \"client\"\nrollback_safe = true\nsealing_keys = {keys:?}\n")
    });
    block_on(async {
        let mut client = servers.connect(0).await;
        client.say("one\ntw").await;
        client.hears("1 one", &servers).await;
        servers.kill(0);
        client.say("o\nthree\n").await;
        client.hears("2 two", &servers).await;
        client.hears("3 three", &servers).await;
        servers.begin(0);
        client.say("four\n").await;
        client.hears("4 four", &servers).await;
        servers.kill(1);
        client.say("five\n").await;
        client.hears("5 five", &servers).await;
        client.0.get_mut().shutdown().await.expect("it is there");
        client.hears("5 lines", &servers).await;
        assert_eq!(client.hear().await.expect("the end"), "");
    });
}

/// Two members at two nodes, of which one is drained: each hears what the other says once.
#[test]
fn a_chat_goes_on_when_a_node_is_drained() {
    let mut servers = Servers::start("chat", "examples/chat.sm", 0);
    block_on(async {
        let mut ann = servers.connect(0).await;
        let mut bob = servers.connect(1).await;
        for (client, name) in [(&mut ann, "ann"), (&mut bob, "bob")] {
            client.hears("your name?", &servers).await;
            client.say(&format!("{name}\n")).await;
            client.hears(&format!("hello {name}"), &servers).await;
        }
        ann.say("is anybody here?\n").await;
        bob.hears("ann: is anybody here?", &servers).await;
        bob.say("I am\n").await;
        ann.hears("bob: I am", &servers).await;
        servers.drain(0).await;
        bob.say("still there?\n").await;
        ann.hears("bob: still there?", &servers).await;
        ann.say("why not?\n").await;
        bob.hears("ann: why not?", &servers).await;
        ann.0.get_mut().shutdown().await.expect("it is there");
        assert_eq!(ann.hear().await.expect("the end"), "");
    });
}

/// A plain client of `smc up --serve`.
struct Plain(io::BufReader<TcpStream>);

impl Plain {
    fn connect(at: &str, name: &str) -> Self {
        let stream = TcpStream::connect(at).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut client = Self(io::BufReader::new(stream));
        assert_eq!(client.hear(), "your name?");
        client.say(name);
        assert_eq!(client.hear(), format!("hello {name}"));
        client
    }

    fn say(&mut self, text: &str) {
        writeln!(self.0.get_mut(), "{text}").expect("the connection is there");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line in time");
        line.trim_end().to_owned()
    }
}

/// The server that has a connection, and the process of its node.
fn served(user: &User, connection: &str) -> (String, u64) {
    let nodes = user.json(&["nodes", "--json"]);
    let listed = user.json(&["mtcp", "list", "--json"]);
    let all = listed["connections"].as_array().expect("a list");
    let has = |one: &&Value| one["connection"] == connection && one["has"] == "service";
    let server = all.iter().find(has).expect("it is served")["server"].as_str();
    let server = server.expect("a name").to_owned();
    let node = server.strip_suffix("-chat").expect("both names");
    let nodes = nodes["nodes"].as_array().expect("a list");
    let node = nodes.iter().find(|one| one["name"] == node);
    let pid = node.expect("it runs")["pid"].as_u64().expect("a number");
    (server, pid)
}

/// Members at different nodes of a whole network, with plain clients; nodes die and are stopped.
#[test]
fn a_chat_of_a_network_goes_on_whatever_becomes_of_its_nodes() {
    let user = User::new("up-chat");
    let town = example("town.net.toml");
    let mut up = Process::start(user.smc(&["up", &town, "--serve", &example("chat.sm")]));
    let line = up.hear("all nodes serve `chat`: nc ");
    let mut words = line.split("nc ").nth(1).expect("a place").split(' ');
    let mut word = || words.next().expect("a place");
    let at = format!("{}:{}", word(), word());
    let mut ann = Plain::connect(&at, "ann");
    let connections = user.json(&["mtcp", "list", "--json"]);
    let id = connections["connections"][0]["connection"].clone();
    let id = id.as_str().expect("a name").to_owned();
    let mut bob = Plain::connect(&at, "bob");
    ann.say("is anybody here?");
    assert_eq!(bob.hear(), "ann: is anybody here?");
    until("a copy of each", || {
        let all = user.json(&["mtcp", "list", "--json"]);
        let all = all["connections"].as_array().expect("a list").clone();
        all.iter().filter(|one| one["has"] == "copy").count() == 2
    });
    let (first, pid) = served(&user, &id);
    let pid = pid.to_string();
    let killed = Command::new("kill").args(["-9", &pid]).status();
    assert!(killed.expect("kill runs").success());
    bob.say("ann, your node is dead");
    assert_eq!(ann.hear(), "bob: ann, your node is dead");
    let (second, _) = served(&user, &id);
    assert_ne!(first, second);
    let moved = user.run(&["mtcp", "migrate", &id, "--at", &second]);
    assert!(moved.status.success(), "{moved:?}");
    let (third, _) = served(&user, &id);
    assert_ne!(second, third);
    ann.say("I did not notice");
    assert_eq!(bob.hear(), "ann: I did not notice");
    up.signal("TERM");
    assert_eq!(up.ended(), Some(0));
    assert!(
        !user
            .path("run/smartmsg")
            .join(format!("up-{}", up.child.id()))
            .exists()
    );
}

/// Frames come in order and once, while the connection goes to and fro.
#[test]
fn a_stream_goes_on_at_the_byte_where_it_was() {
    const FRAMES: usize = 30_000;
    let servers = Servers::start("stream", "examples/stream.sm", 0);
    block_on(async {
        let mut client = servers.connect(0).await;
        client.say(&format!("{FRAMES}\n")).await;
        for frame in 0..FRAMES {
            if frame % 6_000 == 3_000 {
                client.migrate(&servers).await;
            }
            let heard = client.hear().await.expect("there is more");
            assert_eq!(heard.split(' ').next(), Some(&*frame.to_string()));
            assert_eq!(heard.len(), frame.to_string().len() + 65);
        }
        assert_eq!(client.hear().await.expect("the end"), "");
    });
}
