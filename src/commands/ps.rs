//! `smc ps`: the messages that stand on nodes.

use clap::Args;
use serde_json::{Value as Json, json};
use sm_net::control::protocol::{Doing, Message};

use crate::exit::{Exit, Failure};
use crate::remote::names::{Names, hex, short};
use crate::remote::{self, Node, Wanted, tell};
use crate::{output, table, text};

/// List the messages that stand on the nodes of this machine
///
/// For each: the first digits of its name and of its launch's, what it does, the
/// hops it has made, its age, the memory it holds, and the first digits of its
/// author's key. Other commands take such digits, as many as are unique.
///
/// A message whose hop is in doubt runs at the other node of the hop, or at neither.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// Only those of this node: its name, or the path of its socket
    #[arg(long, env = "SM_AT", value_name = "NODE")]
    at: Option<String>,

    /// Those of all nodes of this machine, whatever `--at` or SM_AT says
    #[arg(long, env = "SM_ALL")]
    all: bool,

    /// Write one JSON object
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        remote::block_on(self.list())
    }

    async fn list(&self) -> Result<Exit, Failure> {
        let wanted = Wanted {
            flag: "--at",
            name: self.at.as_deref().filter(|_| !self.all),
        };
        let answered = remote::each(&remote::find_all(wanted)?, Node::messages).await?;
        let nodes: Vec<Node> = answered.iter().map(|(node, _)| node.clone()).collect();
        let names = Names::of(&nodes).await?;
        let of_node = |(node, messages): (Node, Vec<Message>)| {
            let messages = messages.into_iter();
            messages.map(move |message| (node.clone(), message))
        };
        let found: Vec<(Node, Message)> = answered.into_iter().flat_map(of_node).collect();
        if self.json {
            let messages: Vec<Json> = found.iter().map(|(node, one)| object(node, one)).collect();
            output::line(json!({ "messages": messages }))?;
        } else if found.is_empty() {
            output::talk("no message stands there");
        } else {
            let mut rows = vec![table::head(HEAD)];
            rows.extend(found.iter().map(|(node, one)| row(&names, node, one)));
            for line in table::lines(&rows) {
                output::line(line)?;
            }
        }
        Ok(Exit::Ok)
    }
}

const HEAD: &[&str] = &[
    "NODE", "MESSAGE", "LAUNCH", "HOPS", "AGE", "MEMORY", "AUTHOR", "DOES",
];

fn row(names: &Names, node: &Node, message: &Message) -> Vec<String> {
    vec![
        node.name.clone(),
        short(&message.message),
        short(&message.launch),
        message.hops.to_string(),
        text::age(message.age),
        text::size(usize::try_from(message.bytes).unwrap_or(usize::MAX)),
        short(&message.author),
        tell::doing(names, &message.doing),
    ]
}

fn object(node: &Node, message: &Message) -> Json {
    let (doing, peer) = match &message.doing {
        Doing::Ready => ("ready", None),
        Doing::Blocked(_) => ("blocked", None),
        Doing::Moving(to) => ("moving", to.as_ref()),
        Doing::InDoubt(peer) => ("in_doubt", Some(peer)),
    };
    json!({
        "node": node.name,
        "message": hex(&message.message),
        "launch": hex(&message.launch),
        "author": hex(&message.author),
        "home": hex(&message.home),
        "does": doing,
        "peer": peer.map(|peer| hex(peer)),
        "hops": message.hops,
        "age_nanos": message.age,
        "left_nanos": message.left,
        "bytes": message.bytes,
    })
}
