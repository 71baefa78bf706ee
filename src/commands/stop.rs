//! `smc stop`: ends a node.

use clap::Args;
use sm_net::control::protocol::Request;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::remote::{self, Wanted};

/// End a node of this machine
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Its name, or the path of its socket
    node: String,
}

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let node = remote::find(Wanted {
            flag: "",
            name: Some(&self.node),
        })?;
        remote::block_on(node.order(&Request::Stop))?;
        output::talk(&format!("the node `{}` ends", node.name));
        Ok(Exit::Ok)
    }
}
