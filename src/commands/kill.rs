//! `smc kill`: ends a message.

use clap::Args;
use sm_net::control::protocol::{Name, Request};

use crate::exit::{Exit, Failure};
use crate::output;
use crate::remote::names::{Prefix, short};
use crate::remote::{self, Node, Wanted};

/// End a message that stands on a node of this machine
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The first digits of the message's name, as `smc ps` shows them
    #[arg(value_name = "MESSAGE", value_parser = Prefix::parse)]
    message: Prefix,

    /// Look only on this node: its name, or the path of its socket
    #[arg(long, env = "SM_AT", value_name = "NODE")]
    at: Option<String>,
}

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        remote::block_on(self.kill())
    }

    async fn kill(&self) -> Result<Exit, Failure> {
        let nodes = remote::find_all(Wanted {
            flag: "--at",
            name: self.at.as_deref(),
        })?;
        let found = self.find(&nodes).await?;
        let mut killed = false;
        // During a hop both ends may hold it.
        for (node, message) in &found {
            if node.had(&Request::Kill(*message)).await? {
                output::talk(&format!("{} is ended at {}", short(message), node.name));
                killed = true;
            }
        }
        if killed {
            Ok(Exit::Ok)
        } else {
            Err(self.absent())
        }
    }

    async fn find<'a>(&self, nodes: &'a [Node]) -> Result<Vec<(&'a Node, Name)>, Failure> {
        let mut found = Vec::new();
        for node in nodes {
            let messages = node.messages().await?.into_iter();
            let fitting = messages.filter(|one| self.message.fits(&one.message));
            found.extend(fitting.map(|one| (node, one.message)));
        }
        let Some((_, first)) = found.first() else {
            return Err(self.absent());
        };
        if found.iter().all(|(_, message)| message == first) {
            return Ok(found);
        }
        let prefix = self.message.as_str();
        let failure = Failure::failed(format!("`{prefix}` fits several messages"));
        Err(found.iter().fold(failure, |failure, (node, message)| {
            failure.help(format!("{} at {}", short(message), node.name))
        }))
    }

    fn absent(&self) -> Failure {
        Failure::failed(format!(
            "no message `{}` stands there",
            self.message.as_str()
        ))
        .help("it may have ended or moved on; `smc ps` lists the messages of this machine")
    }
}
