//! A node that has its answers ready, and a folder of its own for its socket.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;

use sm_net::control::protocol::{Answer, Event, Name, Neighbor, Request, Status, What};
use sm_net::control::{Order, Server};
use sm_net::identity::KeyPair;
use tokio::sync::oneshot;

use crate::smc::{Ran, command, ran, snapshot};

pub(crate) const N1: Name = [0x11; 32];
pub(crate) const N2: Name = [0x22; 32];
pub(crate) const LAUNCH: Name = [0x77; 32];

type Answers = dyn FnMut(&Request) -> Vec<Answer> + Send;

/// What a node answers to each request; then the connection ends.
pub(crate) struct Fake {
    answers: Box<Answers>,
    /// Connections stay open after the last answer.
    hangs: bool,
}

impl Fake {
    pub(crate) fn new(answers: impl FnMut(&Request) -> Vec<Answer> + Send + 'static) -> Self {
        Self {
            answers: Box::new(answers),
            hangs: false,
        }
    }

    /// After a launch it answers no more, and the connection stays open.
    pub(crate) fn hanging(self) -> Self {
        Self {
            hangs: true,
            ..self
        }
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").finish_non_exhaustive()
    }
}

/// The answers of `n1` to questions that every command asks.
pub(crate) fn usual(request: &Request) -> Vec<Answer> {
    match request {
        Request::Status => vec![Answer::Status(Box::new(status("n1", N1)))],
        Request::Neighbors => vec![Answer::Neighbors(vec![neighbor("n2", N2)])],
        Request::Messages => vec![Answer::Messages(Vec::new())],
        _ => Vec::new(),
    }
}

pub(crate) fn status(name: &str, key: Name) -> Status {
    Status {
        name: name.to_owned(),
        key,
        incarnation: 2,
        listen: vec!["127.0.0.1:7001".to_owned()],
        pid: 4242,
        age: 60_000_000,
        neighbors: 1,
        messages: 2,
        in_doubt: 0,
        tags: 3,
        hops: (5, 4),
        copies: (2, 1),
        bytes: (10_000, 4_000, 3_000),
        fuel: 12_345,
        refused: 1,
    }
}

pub(crate) fn neighbor(name: &str, key: Name) -> Neighbor {
    Neighbor {
        key,
        name: Some(name.to_owned()),
        address: Some("127.0.0.1:7002".to_owned()),
        linked: Some(5_250_000_000),
        incarnation: Some(1),
        round_trip: Some(180_000),
        trouble: None,
    }
}

pub(crate) fn event(message: Name, at: u64, what: What) -> Event {
    Event {
        at,
        message,
        launch: Some(LAUNCH),
        what,
    }
}

/// The folder of a user that one test uses: sockets, and a key.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

/// A node that runs for as long as this lives.
#[derive(Debug)]
pub(crate) struct Running {
    end: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Folder {
    /// In the folder for temporary files, as the path of a socket must be short.
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("smc-{}-{name}", std::process::id()));
        // Open to nobody else, as `smc` wants it.
        let mut own = fs::DirBuilder::new();
        own.recursive(true).mode(0o700);
        own.create(folder.join("smartmsg"))
            .expect("a folder for the tests");
        let folder = Self(folder);
        // Made here, so that no command tells of it; an earlier run may have left one.
        KeyPair::load_or_create(&folder.key()).expect("a key");
        folder
    }

    /// The file of the user's key.
    pub(crate) fn key(&self) -> PathBuf {
        self.0.join(".config/smartmsg/keys/default")
    }

    pub(crate) fn socket(&self, name: &str) -> PathBuf {
        self.0.join(format!("smartmsg/{name}.sock"))
    }

    /// Starts a node of this name.
    pub(crate) fn node(&self, name: &str, mut fake: Fake) -> Running {
        let socket = self.socket(name);
        let (end, mut ended) = oneshot::channel();
        let (ready, is_ready) = channel();
        let work = async move {
            let (orders, mut ordered) = tokio::sync::mpsc::channel(16);
            let _server = Server::start(&socket, orders).await.expect("a socket");
            ready.send(()).expect("the test waits");
            let mut open = Vec::new();
            loop {
                let order = tokio::select! {
                    order = ordered.recv() => order.expect("the server lives"),
                    _ = &mut ended => return,
                };
                let Order::Request { request, answers } = order else {
                    continue;
                };
                for answer in (fake.answers)(&request) {
                    answers.send(answer).await.expect("smc listens");
                }
                if fake.hangs {
                    open.push(answers);
                }
            }
        };
        let thread = std::thread::spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(work);
        });
        is_ready.recv().expect("the node starts");
        Running {
            end: Some(end),
            thread: Some(thread),
        }
    }

    pub(crate) fn smc(&self, args: &[&str]) -> Ran {
        self.ran(self.command(args).output().expect("smc starts"))
    }

    /// The command, ended by SIGINT after it has said something.
    pub(crate) fn interrupted(&self, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("smc starts");
        let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut stderr = String::new();
        said.read_line(&mut stderr).expect("smc says something");
        let pid = child.id().to_string();
        let killed = Command::new("kill").args(["-INT", &pid]).status();
        assert!(
            killed.is_ok_and(|killed| killed.success()),
            "a signal is sent"
        );
        said.read_to_string(&mut stderr).expect("smc says text");
        let mut ran = self.ran(child.wait_with_output().expect("smc ends"));
        ran.stderr = stderr;
        ran
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command.env("XDG_RUNTIME_DIR", &self.0).env("HOME", &self.0);
        command
    }

    fn ran(&self, output: Output) -> Ran {
        let mut ran = ran(output);
        let folder = self.0.display().to_string();
        ran.stderr = ran.stderr.replace(&folder, "[folder]");
        ran
    }

    pub(crate) fn check(&self, name: &str, args: &[&str]) {
        snapshot(name, &self.smc(args));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What a test leaves behind harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the fake node failed"
            );
        }
    }
}
