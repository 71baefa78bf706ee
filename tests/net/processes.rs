//! Processes of nodes, with folders of their own, ended whatever happens.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A user of this machine: folders for keys and sockets.
pub(crate) struct User(PathBuf);

impl User {
    pub(crate) fn new(name: &str) -> Self {
        // Paths of sockets are short: not below the folder of the build.
        let folder = std::env::temp_dir().join(format!("smnet-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        for inner in ["run", "config"] {
            fs::create_dir_all(folder.join(inner)).expect("a folder");
        }
        Self(folder)
    }

    pub(crate) fn smc(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smc"));
        command.args(args).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("XDG_RUNTIME_DIR", self.0.join("run"));
        command.env("XDG_CONFIG_HOME", self.0.join("config"));
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.smc(args).output().expect("smc starts")
    }

    /// What a command writes as JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|error| {
            let talk = String::from_utf8_lossy(&output.stderr);
            panic!("{args:?}: {error}: {text}{talk}")
        })
    }

    /// The user's public key, made if there is none.
    pub(crate) fn key(&self) -> String {
        self.run(&["key", "new"]);
        let shown = self.run(&["key", "show"]);
        String::from_utf8_lossy(&shown.stdout).trim().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that says things line by line.
pub(crate) struct Process {
    pub(crate) child: Child,
    lines: Receiver<String>,
    /// What of it went to standard output.
    data: Receiver<String>,
}

impl Process {
    /// Starts it; what it writes to either output is heard.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("smc starts");
        let ((sender, lines), (of_data, data)) = (channel(), channel());
        let stdout = child.stdout.take().expect("a pipe");
        let stderr = child.stderr.take().expect("a pipe");
        pass_on(stdout, vec![sender.clone(), of_data]);
        pass_on(stderr, vec![sender]);
        Self { child, lines, data }
    }

    /// Waits for a line with this text in it.
    pub(crate) fn hear(&self, text: &str) -> String {
        let until = soon();
        let mut heard = Vec::new();
        loop {
            let left = until.saturating_duration_since(now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => heard.push(line),
                Err(_) => panic!("no `{text}` in:\n{}", heard.join("\n")),
            }
        }
    }

    /// All lines that have come and were not heard.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }

    /// What it said until its outputs were closed, if that is in time.
    pub(crate) fn last_words(&self, within: Duration) -> Result<Vec<String>, Vec<String>> {
        let until = now() + within;
        let mut heard = Vec::new();
        loop {
            let left = until.saturating_duration_since(now());
            match self.lines.recv_timeout(left) {
                Ok(line) => heard.push(line),
                Err(RecvTimeoutError::Disconnected) => return Ok(heard),
                Err(RecvTimeoutError::Timeout) => return Err(heard),
            }
        }
    }

    /// All lines of its standard output until that was closed.
    pub(crate) fn data(&self) -> Vec<String> {
        self.data.iter().collect()
    }

    /// All that it said until its outputs were closed.
    pub(crate) fn rest(&self) -> Vec<String> {
        self.lines.iter().collect()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Its exit code, once it has ended.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let until = soon();
        while now() < until {
            if let Some(status) = self.child.try_wait().expect("it is a child") {
                return status.code();
            }
            std::thread::yield_now();
        }
        panic!("it does not end");
    }
}

/// Lines go to all who are there to hear them.
fn pass_on(output: impl Read + Send + 'static, to: Vec<Sender<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            for sender in &to {
                // The test may have failed already.
                let _ = sender.send(line.clone());
            }
        }
    });
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "real processes live in real time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn soon() -> Instant {
    now() + PATIENCE
}

/// A port of loopback that is free for UDP and TCP, and that nobody else here was told of. It is
/// below those that the system gives to sockets which do not care, so none of them takes it.
pub(crate) fn free_port() -> u16 {
    static TOLD: AtomicU32 = AtomicU32::new(0);
    loop {
        let told = TOLD.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + (std::process::id() * 64 + told) % 20_000;
        let port = u16::try_from(port).expect("there are no more");
        let place = ("127.0.0.1", port);
        if UdpSocket::bind(place).is_ok() && TcpListener::bind(place).is_ok() {
            return port;
        }
    }
}

/// Asks again until it is so.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let until = soon();
    while !so() {
        assert!(now() < until, "not in time: {what}");
        std::thread::yield_now();
    }
}

pub(crate) fn example(name: &str) -> String {
    let path = Path::new("examples").join(name);
    path.display().to_string()
}
