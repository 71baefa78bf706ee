//! `smc follow`: what happens on nodes, as it happens.

use clap::Args;
use sm_core::ids::{LaunchHash, MessageId};
use sm_net::control::protocol::{Answer, Event, Name, Request, Topic, What};
use tokio::sync::mpsc;

use crate::exit::{Exit, Failure};
use crate::interrupt::Signals;
use crate::output::{self, Style, Terminal};
use crate::remote::names::{Names, Prefix, short};
use crate::remote::tell::{self, Teller};
use crate::remote::{self, Node, Wanted};

/// Tell what happens on the nodes of this machine
///
/// One line for each event: the time since the command began, the node, the first
/// digits of the message's name, and what happened. Ends when the message has
/// ended that it is about, or with Ctrl-C.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// The first digits of a message's or a launch's name: only about that
    #[arg(value_name = "MESSAGE", value_parser = Prefix::parse)]
    message: Option<Prefix>,

    /// Only this node: its name, or the path of its socket
    #[arg(long, env = "SM_AT", value_name = "NODE")]
    at: Option<String>,

    /// All nodes of this machine, whatever `--at` or SM_AT says
    #[arg(long, env = "SM_ALL")]
    all: bool,

    /// Write each event as a JSON object, one a line
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// What a node says, by its place in the list of nodes.
type Said = (usize, Result<Answer, Failure>);

/// How many answers may wait to be written.
const WAITING: usize = 256;

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        remote::block_on(self.follow(terminal))
    }

    async fn follow(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let mut signals = Signals::listen()?;
        let found = remote::find_all(Wanted {
            flag: "--at",
            name: self.at.as_deref().filter(|_| !self.all),
        })?;
        let answered = remote::each(&found, Node::status).await?;
        let beginnings: Vec<u64> = answered.iter().map(|(_, status)| status.age).collect();
        let nodes: Vec<Node> = answered.into_iter().map(|(node, _)| node).collect();
        let mut teller = Teller {
            nodes: Names::of(&nodes).await?,
            ..Teller::default()
        };
        let (sender, mut said) = mpsc::channel(WAITING);
        for (index, node) in nodes.iter().enumerate() {
            tokio::spawn(listen(index, node.clone(), sender.clone()));
        }
        drop(sender);
        self.look_for(&nodes).await?;
        loop {
            let (index, answer) = tokio::select! {
                said = said.recv() => match said {
                    Some(said) => said,
                    // That the nodes have ended has been said.
                    None => return Ok(Exit::Unreachable),
                },
                () = signals.next() => return Ok(Exit::Interrupted),
            };
            let name = &nodes[index].name;
            match answer {
                Ok(Answer::Event(event)) if self.wants(&event) => {
                    let time = event.at.saturating_sub(beginnings[index]);
                    self.tell(terminal, &mut teller, name, (time, &event))?;
                    if self.is_over(&event) {
                        return Ok(Exit::Ok);
                    }
                }
                Ok(Answer::Event(_)) => {}
                Ok(Answer::Missed(count)) => output::talk(&missed(name, count)),
                Ok(other) => return Err(nodes[index].strange(&other)),
                Err(failure) => {
                    failure.report(terminal);
                }
            }
        }
    }

    /// Says so if the message is nowhere here, since nothing may be heard of it then; and fails if
    /// the digits are those of several.
    async fn look_for(&self, nodes: &[Node]) -> Result<(), Failure> {
        let Some(prefix) = &self.message else {
            return Ok(());
        };
        let mut found: Vec<Name> = Vec::new();
        for node in nodes {
            for one in node.messages().await? {
                if prefix.fits(&one.launch) {
                    found.push(one.launch);
                } else if prefix.fits(&one.message) {
                    found.push(one.message);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        match &found[..] {
            [] => output::talk(&format!(
                "no message `{}` stands there now; what happens to it will be told",
                prefix.as_str()
            )),
            [_] => {}
            _ => {
                let names: Vec<String> = found.iter().map(|name| short(name)).collect();
                let failure = format!("`{}` fits several messages", prefix.as_str());
                return Err(Failure::failed(failure).help(names.join(", ")));
            }
        }
        Ok(())
    }

    fn wants(&self, event: &Event) -> bool {
        self.message.as_ref().is_none_or(|prefix| {
            prefix.fits(&event.message) || event.launch.is_some_and(|launch| prefix.fits(&launch))
        })
    }

    fn tell(
        &self,
        terminal: &Terminal,
        teller: &mut Teller,
        node: &str,
        (time, event): (u64, &Event),
    ) -> Result<(), Failure> {
        if self.json {
            let mut object = teller.json(node, event);
            object["nanos"] = time.into();
            return output::line(object);
        }
        let node = terminal.paint(Style::Name, node);
        output::line(format!(
            "{:>10}  {node}  {}",
            tell::span(time),
            teller.words(event)
        ))
    }

    /// Whether the message, or the first message of the launch, has ended.
    fn is_over(&self, event: &Event) -> bool {
        let Some(prefix) = &self.message else {
            return false;
        };
        let first = |launch: Name| MessageId::first(&LaunchHash(launch)).0 == event.message;
        let meant = prefix.fits(&event.message) || event.launch.is_some_and(first);
        meant && matches!(event.what, What::Ended(_) | What::Reported { .. })
    }
}

/// Passes on what a node tells until it ends.
async fn listen(index: usize, node: Node, said: mpsc::Sender<Said>) {
    let mut client = match node.open(&Request::Follow(Topic::All)).await {
        Ok(client) => client,
        Err(failure) => {
            // Nobody who listens has gone either.
            let _ = said.send((index, Err(failure))).await;
            return;
        }
    };
    loop {
        let answer = node.next(&mut client).await;
        let over = answer.is_err();
        if said.send((index, answer)).await.is_err() || over {
            return;
        }
    }
}

/// That a node had more to tell than could be written.
pub(crate) fn missed(node: &str, count: u64) -> String {
    let events = crate::text::count(usize::try_from(count).unwrap_or(usize::MAX), "event");
    format!("the node `{node}` left out {events}, since they were not taken in time")
}
