//! `smc send`: a program on a node that runs already.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use sm_core::content::ContentKind;
use sm_core::ids::{NodeId, Span};
use sm_core::launch::{Launch, LaunchLimits};
use sm_net::control::Client;
use sm_net::control::protocol::{self, Answer, Content, Event, Name, Refusal, Request};
use sm_net::identity::KeyPair;

use crate::exit::{Exit, Failure};
use crate::interrupt::Signals;
use crate::output::{self, Terminal};
use crate::printing::Printing;
use crate::program::Program;
use crate::remote::names::{Names, hex, short};
use crate::remote::tell::Teller;
use crate::remote::{self, Node, Wanted};
use crate::waiting::{Outcome, Waiting};
use crate::{arguments, keys, project};

/// Start a program on a running node
///
/// Arguments follow the file, as for `smc run`. The program is signed with your
/// key. It moves on as it likes; the node where it starts is its home, which
/// learns how it ends. The name of its message goes to standard output.
///
/// With --wait, this waits at its home for the end: lines that the program prints
/// there and the result go to standard output, as with `smc run`.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// A program (.sm), a bundle of bricks (.smb), or the folder of a project
    ///
    /// Default, where there are no arguments: the project of the current folder.
    file: Option<PathBuf>,

    /// Arguments of `main`: values in order, or name=value.
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    arguments: Vec<String>,

    /// The node where it starts: its name, or the path of its socket
    ///
    /// Not needed if only one node runs on this machine.
    #[arg(long, env = "SM_TO", value_name = "NODE")]
    to: Option<String>,

    /// Wait until the program has ended
    #[arg(long, env = "SM_WAIT")]
    wait: bool,

    /// Wait at most so long: 5s, 250ms, 2min. The exit code is 4 then
    #[arg(long, env = "SM_TIMEOUT", value_parser = crate::arguments::span)]
    #[arg(value_name = "DURATION")]
    timeout: Option<Duration>,

    /// How long its messages may live
    #[arg(long, env = "SM_LIFETIME", value_parser = crate::arguments::span)]
    #[arg(value_name = "DURATION", default_value = "1h")]
    lifetime: Duration,

    /// Say on standard error where it is, even if that is no terminal
    #[arg(long, env = "SM_VERBOSE")]
    verbose: bool,

    /// Write one JSON object about it, instead of names, lines and result
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// A program that was started.
#[derive(Debug)]
struct Sent {
    message: Name,
    launch: Name,
    /// What happened before the node said so.
    early: Vec<Event>,
    /// Where its events come from.
    client: Client,
}

/// What is sent.
struct Load<'a> {
    program: &'a Program,
    /// In canonical encoding.
    arguments: Vec<u8>,
    author: KeyPair,
}

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let program = project::open(terminal, self.file.as_deref())?;
        let signature = program.signature()?;
        let values = arguments::parse(&signature, &self.arguments)?;
        let arguments = program.encode_arguments(&values)?;
        let node = remote::find(Wanted {
            flag: "--to",
            name: self.to.as_deref(),
        })?;
        let load = Load {
            program: &program,
            arguments,
            author: keys::default_or_new(terminal)?,
        };
        remote::block_on(self.go(terminal, &load, &node))
    }

    async fn go(&self, terminal: &Terminal, load: &Load<'_>, node: &Node) -> Result<Exit, Failure> {
        let mut signals = Signals::listen()?;
        let start = self.start(load, node);
        let late = deadline(self.timeout);
        tokio::pin!(late);
        let (names, sent) = tokio::select! {
            started = start => started?,
            () = &mut late => return Err(Failure::new(
                Exit::Timeout,
                format!("the node `{}` did not answer in time", node.name),
            )),
            () = signals.next() => return Ok(Exit::Interrupted),
        };
        if !self.wait {
            return self.started(node, &sent);
        }
        let mut waiting = Waiting {
            terminal,
            program: load.program,
            node,
            message: sent.message,
            early: sent.early,
            teller: Teller {
                nodes: names,
                ..Teller::default()
            },
            printing: self.printing(),
            telling: self.verbose || io::stderr().is_terminal(),
            place: Default::default(),
            since: tokio::time::Instant::now(),
            witness: None,
        };
        let mut client = sent.client;
        let outcome = tokio::select! {
            outcome = waiting.end(&mut client) => outcome?,
            () = late => Outcome::Timeout,
            () = signals.next() => Outcome::Interrupted,
        };
        if self.json {
            let mut object = waiting.json(&outcome);
            object["node"] = json!(node.name);
            object["message"] = json!(hex(&sent.message));
            object["launch"] = json!(hex(&sent.launch));
            output::line(object)?;
            return Ok(outcome.exit());
        }
        waiting.show(outcome)
    }

    /// Asks the node who it is, and gives it the program.
    async fn start(&self, load: &Load<'_>, node: &Node) -> Result<(Names, Sent), Failure> {
        let names = Names::of(std::slice::from_ref(node)).await?;
        let home = NodeId(node.status().await?.key);
        let record = self.record(load, home)?;
        let sent = self.launch(load.program, record, node).await?;
        Ok((names, sent))
    }

    fn record(&self, load: &Load<'_>, home: NodeId) -> Result<Vec<u8>, Failure> {
        let (program, author) = (load.program, &load.author);
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)
            .map_err(|error| Failure::failed(format!("there is no randomness: {error}")))?;
        let entry = program.entry();
        let launch = Launch {
            author: author.author_id(),
            home,
            program: program.bundle().hash().0,
            brick: entry.brick.0,
            function: entry.function,
            arguments: load.arguments.clone(),
            limits: LaunchLimits {
                lifetime: Span(u64::try_from(self.lifetime.as_nanos()).unwrap_or(u64::MAX)),
                ..LaunchLimits::default()
            },
            nonce,
            expiry: 0,
        };
        let signed = launch
            .sign(author.signing_key())
            .map_err(|error| Failure::usage(format!("the program cannot be sent: {error}")))?;
        Ok(signed.bytes.to_vec())
    }

    async fn launch(
        &self,
        program: &Program,
        record: Vec<u8>,
        node: &Node,
    ) -> Result<Sent, Failure> {
        let content = program.content().into_iter();
        let launch = protocol::Launch {
            record,
            content: content
                .filter_map(|(kind, bytes)| Some((content_kind(kind)?, bytes.to_vec())))
                .collect(),
            watch: self.wait,
        };
        let mut client = node.open(&Request::Launch(Box::new(launch))).await?;
        let mut early = Vec::new();
        loop {
            match client.answer().await {
                Ok(Answer::Event(event)) => early.push(*event),
                Ok(Answer::Launched { message, launch }) => {
                    return Ok(Sent {
                        message,
                        launch,
                        early,
                        client,
                    });
                }
                Ok(Answer::Refused(refusal)) => return Err(refused(node, &refusal)),
                Ok(other) => return Err(node.strange(&other)),
                Err(error) => {
                    return Err(node
                        .failure(&error)
                        .help("whether the program had begun there is not known"));
                }
            }
        }
    }

    fn started(&self, node: &Node, sent: &Sent) -> Result<Exit, Failure> {
        if self.json {
            output::line(json!({
                "node": node.name,
                "message": hex(&sent.message),
                "launch": hex(&sent.launch),
            }))?;
        } else {
            output::line(short(&sent.message))?;
        }
        Ok(Exit::Ok)
    }

    fn printing(&self) -> Printing {
        if self.json {
            Printing::Kept(Vec::new())
        } else {
            Printing::Now
        }
    }
}

/// Comes after so long, or never.
async fn deadline(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}

fn refused(node: &Node, refusal: &Refusal) -> Failure {
    let failure = node.refused(refusal);
    if refusal.by_policy {
        failure
            .help("`smc key show` shows your public key")
            .help("a node takes programs of those whom it trusts: `smc node --trust KEY`")
    } else {
        failure
    }
}

/// What code is called in the protocol; a launch record is no code, and travels apart.
fn content_kind(kind: ContentKind) -> Option<Content> {
    match kind {
        ContentKind::Program => Some(Content::Program),
        ContentKind::Module => Some(Content::Module),
        ContentKind::Brick => Some(Content::Brick),
        ContentKind::Launch => None,
    }
}
