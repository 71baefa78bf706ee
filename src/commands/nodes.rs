//! `smc nodes`: the nodes that run on this machine.

use clap::Args;
use serde_json::{Value as Json, json};
use sm_net::control::protocol::Status;

use crate::exit::{Exit, Failure};
use crate::remote::names::{hex, short};
use crate::remote::{self, Node};
use crate::{output, table, text};

/// List the nodes that run on this machine
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Write one JSON object
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        remote::block_on(self.list())
    }

    async fn list(&self) -> Result<Exit, Failure> {
        let answered = remote::each(&remote::all()?, Node::status).await?;
        let found: Vec<Status> = answered.into_iter().map(|(_, status)| status).collect();
        if self.json {
            let nodes: Vec<Json> = found.iter().map(object).collect();
            output::line(json!({ "nodes": nodes }))?;
        } else if found.is_empty() {
            output::talk("no node runs here");
        } else {
            let mut rows = vec![table::head(HEAD)];
            rows.extend(found.iter().map(row));
            for line in table::lines(&rows) {
                output::line(line)?;
            }
        }
        Ok(Exit::Ok)
    }
}

const HEAD: &[&str] = &[
    "NAME",
    "ADDRESS",
    "KEY",
    "AGE",
    "NEIGHBORS",
    "MESSAGES",
    "TAGS",
    "PID",
];

fn row(status: &Status) -> Vec<String> {
    vec![
        status.name.clone(),
        status.listen.join(" "),
        short(&status.key),
        text::age(status.age),
        status.neighbors.to_string(),
        status.messages.to_string(),
        status.tags.to_string(),
        status.pid.to_string(),
    ]
}

fn object(status: &Status) -> Json {
    json!({
        "name": status.name,
        "key": hex(&status.key),
        "incarnation": status.incarnation,
        "listen": status.listen,
        "pid": status.pid,
        "age_nanos": status.age,
        "neighbors": status.neighbors,
        "messages": status.messages,
        "in_doubt": status.in_doubt,
        "tags": status.tags,
        "hops": { "left": status.hops.0, "arrived": status.hops.1 },
        "copies": { "left": status.copies.0, "arrived": status.copies.1 },
        "bytes": {
            "sent": status.bytes.0,
            "code": status.bytes.1,
            "states": status.bytes.2,
        },
        "fuel": status.fuel,
        "refused": status.refused,
    })
}
