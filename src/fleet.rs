//! The processes of a network of real nodes: started, linked, heard and ended together.

pub(crate) mod service;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::Deserialize;
use sm_net::control::protocol::{Connect, Name, Request, Status};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, watch};

use crate::commands::up::show;
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use crate::remote::{Kind, Node, names};
use service::Service;

/// What is to be started.
#[derive(Debug)]
pub(crate) struct Start {
    /// What a node is: this program.
    pub(crate) program: PathBuf,
    pub(crate) net: PathBuf,
    pub(crate) seed: u64,
    /// The public key of those whose programs it takes.
    pub(crate) trust: String,
    pub(crate) names: Vec<String>,
    /// Pairs of places in the list of names, the smaller one first.
    pub(crate) links: BTreeSet<(usize, usize)>,
    /// What all of them serve.
    pub(crate) service: Option<Service>,
}

/// Something that a node said, or that it ended.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A node has said who it is.
    Ready,
    /// A line that a program printed there.
    Printed {
        node: String,
        line: String,
    },
    /// A line for the operator.
    Said {
        node: String,
        line: String,
    },
    Ended {
        node: String,
        how: String,
    },
}

/// The processes. They end when this does, however it ends: a node reads its standard input until
/// it is closed, and the kernel closes it.
#[derive(Debug)]
pub(crate) struct Fleet {
    members: Vec<Member>,
    heard: mpsc::Receiver<(usize, What)>,
    kill: watch::Sender<bool>,
}

#[derive(Debug)]
struct Member {
    name: String,
    /// What it said about itself.
    hello: Option<Hello>,
    runs: bool,
    input: Option<ChildStdin>,
}

/// Whether an end of a link is the one that calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Calls {
    No,
    Yes,
}

/// The first line of a node.
#[derive(Clone, Debug, Deserialize)]
struct Hello {
    key: String,
    listen: Vec<String>,
    socket: PathBuf,
}

#[derive(Debug)]
enum What {
    Out(String),
    Talk(String),
    Ended(std::io::Result<ExitStatus>),
}

/// How many lines may wait to be shown; then nodes wait.
const WAITING: usize = 256;

/// How long the output of a process that has ended may still come.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The pause between two looks at how many links there are.
const LOOK: Duration = Duration::from_millis(50);

impl Fleet {
    pub(crate) fn start(start: &Start) -> Result<Self, Failure> {
        let (sender, heard) = mpsc::channel(WAITING);
        let (kill, killed) = watch::channel(false);
        let mut members = Vec::new();
        for (index, name) in start.names.iter().enumerate() {
            let mut child = start.spawn(index, name)?;
            members.push(Member {
                name: name.clone(),
                hello: None,
                runs: true,
                input: child.stdin.take(),
            });
            tokio::spawn(attend(index, child, sender.clone(), killed.clone()));
        }
        Ok(Self {
            members,
            heard,
            kill,
        })
    }

    /// Waits until all run, links them, and waits until all links hold.
    pub(crate) async fn begin(
        &mut self,
        terminal: &Terminal,
        start: &Start,
    ) -> Result<Vec<Status>, Failure> {
        while self.members.iter().any(|member| member.hello.is_none()) {
            let heard = self.hear().await;
            begins(terminal, &heard)?;
        }
        for (one, two) in &start.links {
            // One end calls, and the other trusts it by then. Two calls would be one too many.
            self.link(*two, *one, Calls::No).await?;
            self.link(*one, *two, Calls::Yes).await?;
        }
        loop {
            let states = self.states().await?;
            let linked =
                |(index, status): (usize, &Status)| status.neighbors >= start.degree(index);
            if states.iter().enumerate().all(linked) {
                return Ok(states);
            }
            if let Ok(heard) = tokio::time::timeout(LOOK, self.hear()).await {
                begins(terminal, &heard)?;
            }
        }
    }

    /// The next thing that a node says; never, once all have ended.
    pub(crate) async fn hear(&mut self) -> Heard {
        let Some((index, what)) = self.heard.recv().await else {
            return std::future::pending().await;
        };
        let member = &mut self.members[index];
        let node = member.name.clone();
        match what {
            What::Out(line) if member.hello.is_none() => match serde_json::from_str(&line) {
                Ok(hello) => {
                    member.hello = Some(hello);
                    Heard::Ready
                }
                Err(_) => Heard::Printed { node, line },
            },
            What::Out(line) => Heard::Printed { node, line },
            What::Talk(line) => Heard::Said { node, line },
            What::Ended(status) => {
                member.runs = false;
                let how = match status {
                    Ok(status) => status.to_string(),
                    Err(error) => error.to_string(),
                };
                Heard::Ended { node, how }
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.iter().all(|member| !member.runs)
    }

    /// Who was not ready in time.
    pub(crate) async fn late(&self, start: &Start) -> Failure {
        let failure = Failure::new(Exit::Timeout, "the network is not up in time");
        let silent = self.members.iter().filter(|one| one.hello.is_none());
        let silent: Vec<&str> = silent.map(|member| member.name.as_str()).collect();
        if !silent.is_empty() {
            return failure.help(format!("nodes that did not start: {}", silent.join(", ")));
        }
        let Ok(states) = self.states().await else {
            return failure;
        };
        let missing = states.iter().enumerate();
        missing.fold(failure, |failure, (index, status)| {
            let wanted = start.degree(index);
            if status.neighbors >= wanted {
                return failure;
            }
            failure.help(format!(
                "{} is linked with {} of {wanted} neighbors",
                status.name, status.neighbors
            ))
        })
    }

    /// Asks all that run to end.
    pub(crate) fn stop(&mut self) {
        for node in self.members.iter().filter_map(Member::node) {
            // One that does not take it is ended later.
            tokio::spawn(async move { drop(node.order(&Request::Stop).await) });
        }
        // A process that still reads its input would not end.
        self.members.iter_mut().for_each(|one| one.input = None);
        if self.members.iter().any(|member| member.hello.is_none()) {
            self.kill.send_replace(true);
        }
    }

    /// Ends what still runs.
    pub(crate) async fn kill(&mut self) {
        self.kill.send_replace(true);
        while !self.is_empty() {
            self.hear().await;
        }
    }

    async fn states(&self) -> Result<Vec<Status>, Failure> {
        let mut states = Vec::new();
        for node in self.members.iter().filter_map(Member::node) {
            states.push(node.status().await?);
        }
        Ok(states)
    }

    /// Tells one end of a link about the other.
    async fn link(&self, here: usize, there: usize, calls: Calls) -> Result<(), Failure> {
        let (here, there) = (&self.members[here], &self.members[there]);
        let (Some(node), Some(hello)) = (here.node(), &there.hello) else {
            return Ok(());
        };
        let key: Name = names::parse(&hello.key).ok_or_else(|| {
            Failure::failed(format!("the node `{}` says no key of its own", there.name))
        })?;
        let connect = Connect {
            key,
            address: hello
                .listen
                .first()
                .filter(|_| calls == Calls::Yes)
                .cloned(),
            name: Some(there.name.clone()),
        };
        node.order(&Request::Connect(connect)).await
    }
}

/// Shows what a node says while all begin; none of them may end.
fn begins(terminal: &Terminal, heard: &Heard) -> Result<(), Failure> {
    show(terminal, heard)?;
    match heard {
        Heard::Ended { node, .. } => Err(Failure::new(
            Exit::Unreachable,
            format!("the node `{node}` did not start"),
        )),
        _ => Ok(()),
    }
}

impl Start {
    fn degree(&self, node: usize) -> u64 {
        let ends = |(one, two): &&(usize, usize)| *one == node || *two == node;
        self.links.iter().filter(ends).count() as u64
    }

    fn spawn(&self, index: usize, name: &str) -> Result<Child, Failure> {
        let failed = |error| Failure::failed(format!("cannot start the node `{name}`: {error}"));
        let config = self.service.as_ref().map(|service| service.config(index));
        let config = config
            .into_iter()
            .flat_map(|file| ["--config".into(), file]);
        Command::new(&self.program)
            .arg("node")
            .arg("--net")
            .arg(&self.net)
            .args(["--seed", &self.seed.to_string(), "--as", name])
            .args(["--trust", &self.trust, "--until-eof"])
            .args(config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C reaches this process alone, which then ends its nodes in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)
    }
}

impl Member {
    /// How to talk to it, if it runs.
    fn node(&self) -> Option<Node> {
        let hello = self.hello.as_ref().filter(|_| self.runs)?;
        Some(Node {
            name: self.name.clone(),
            socket: hello.socket.clone(),
            kind: Kind::Node,
        })
    }
}

/// Passes on what a process says, and at last that it ended.
async fn attend(
    index: usize,
    mut child: Child,
    heard: mpsc::Sender<(usize, What)>,
    mut killed: watch::Receiver<bool>,
) {
    let out = child
        .stdout
        .take()
        .map(|out| tokio::spawn(lines(index, out, What::Out, heard.clone())));
    let talk = child
        .stderr
        .take()
        .map(|talk| tokio::spawn(lines(index, talk, What::Talk, heard.clone())));
    let status = tokio::select! {
        status = child.wait() => status,
        () = wanted(&mut killed) => {
            // It may have ended meanwhile, which is as good.
            let _ = child.start_kill();
            child.wait().await
        }
    };
    // First the last words. Something that it started may live on and hold its output open.
    let words = async {
        for task in [out, talk].into_iter().flatten() {
            let _ = task.await;
        }
    };
    let _ = tokio::time::timeout(LAST_WORDS, words).await;
    // Nobody hears it when all is over.
    let _ = heard.send((index, What::Ended(status))).await;
}

/// Waits until all are to be ended.
async fn wanted(killed: &mut watch::Receiver<bool>) {
    // The sender goes when all is over, and then it is wanted too.
    let _ = killed.wait_for(|killed| *killed).await;
}

async fn lines(
    index: usize,
    from: impl AsyncRead + Unpin,
    what: fn(String) -> What,
    heard: mpsc::Sender<(usize, What)>,
) {
    let mut lines = BufReader::new(from).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line).into_owned();
        if heard.send((index, what(line))).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
