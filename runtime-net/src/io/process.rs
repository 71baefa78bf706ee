//! What a process says, and is told.

mod lines;

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

use super::{Driver, Port, Tag, Tell, TextTag, Work, Writes};
use crate::limits;
use lines::{Heard, Lines};

/// Whether a process that has ended is started again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Restart {
    /// Always, after a pause that doubles as long as it does not live long.
    #[default]
    Always,
    /// Never.
    Never,
}

/// Gives a tag each line that a process writes to its standard output, and hands it each write of
/// a program as a line on its standard input.
///
/// The process and its children are a group of their own, which is killed when the process ends
/// and when the node ends. What it says on standard error goes where the node's goes.
#[derive(Clone, Debug)]
pub struct Process {
    kept: TextTag,
    command: Vec<String>,
    restart: Restart,
}

/// What connects a process with the node, over all its lives.
#[derive(Debug)]
struct Ends {
    /// Of what it says.
    lines: Tell,
    /// Of what it is told.
    orders: Tell,
    writes: Writes,
}

impl Process {
    /// Runs a command, which is a program and its arguments. No shell reads it.
    pub fn new(kept: TextTag, command: Vec<String>, restart: Restart) -> Self {
        Self {
            kept,
            command,
            restart,
        }
    }

    async fn keep(self, port: Port) {
        let Port { tell, writes } = port;
        let mut ends = Ends {
            lines: tell.other(),
            orders: tell.other(),
            writes,
        };
        let mut pause = limits::RESTART_FIRST;
        loop {
            let born = Instant::now();
            let end = self.live(&mut ends).await;
            if born.elapsed() >= limits::RESTART_STEADY {
                pause = limits::RESTART_FIRST;
                for tell in [&tell, &ends.lines, &ends.orders] {
                    tell.well();
                }
            }
            if self.restart == Restart::Never {
                return tell.fault(format!("{end}; it is not started again")).await;
            }
            tell.fault(format!("{end}; it is started again")).await;
            sleep(pause).await;
            pause = longer(pause);
        }
    }

    /// One life of the process: what ended it.
    async fn live(&self, ends: &mut Ends) -> String {
        let mut child = match self.spawn() {
            Ok(child) => child,
            Err(error) => return format!("the process cannot be started: {error}"),
        };
        let group = Group::of(&child);
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return "the process has no standard input or output".to_owned();
        };
        let mut lines = Lines::new(output);
        let ended = tokio::select! {
            ended = child.wait() => ended,
            never = hold(self.hear(&ends.lines, &mut lines)) => match never {},
            never = hold(self.dictate(&ends.orders, &mut ends.writes, input)) => match never {},
        };
        // Its children would go on writing, and would not end with the next of its kind.
        drop(group);
        let rest = timeout(limits::LAST_WORDS, self.hear(&ends.lines, &mut lines));
        drop(rest.await);
        match ended {
            Ok(status) => format!("the process ended ({})", shown(status)),
            Err(error) => format!("the process is lost: {error}"),
        }
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| std::io::Error::other("no command is given"))?;
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    /// Takes its lines, to the last.
    async fn hear(&self, tell: &Tell, lines: &mut Lines<ChildStdout>) {
        loop {
            let said = match lines.next().await {
                Heard::Line(line) => self.kept.encode(&line),
                Heard::TooLong => Err(format!(
                    "a line is longer than {} bytes",
                    limits::LINE_BYTES
                )),
                Heard::End => return,
            };
            match said {
                Ok(value) => tell.put(value).await,
                Err(reason) => tell.fault(reason).await,
            }
        }
    }

    /// Tells it what programs write, until it listens no more.
    async fn dictate(&self, tell: &Tell, writes: &mut Writes, mut input: ChildStdin) {
        while let Some(value) = writes.next().await {
            let line = match self.line(&value) {
                Ok(line) => line,
                Err(reason) => {
                    tell.fault(reason).await;
                    continue;
                }
            };
            if let Err(error) = input.write_all(&line).await {
                let reason = format!("the process takes no writes: {error}");
                return tell.fault(reason).await;
            }
        }
    }

    fn line(&self, value: &[u8]) -> Result<Vec<u8>, String> {
        let mut line = self.kept.decode(value)?;
        if line.contains(&b'\n') {
            return Err("a write of several lines is no line".to_owned());
        }
        line.push(b'\n');
        Ok(line)
    }
}

impl Driver for Process {
    fn tag(&self) -> &Tag {
        self.kept.tag()
    }

    fn takes_writes(&self) -> bool {
        true
    }

    fn run(self: Box<Self>, port: Port) -> Work {
        Box::pin(self.keep(port))
    }
}

/// A process and its children, killed when this is dropped.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0.take() {
            // Most often all of it has ended already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Does the work, and then waits: the end of its output is not the end of a process.
async fn hold(work: impl Future<Output = ()>) -> std::convert::Infallible {
    work.await;
    std::future::pending().await
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).min(limits::RESTART_LONGEST)
}

fn shown(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("code {code}"),
        None => status.to_string(),
    }
}
