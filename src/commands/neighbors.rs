//! `smc neighbors`: with whom a node is linked.

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};
use sm_net::control::protocol::{Connect, Name, Neighbor, Request};

use crate::exit::{Exit, Failure};
use crate::remote::names::{self, hex, short};
use crate::remote::{self, Node, Wanted, tell};
use crate::{output, table, text};

/// List the nodes that a node knows of, or link it with one more
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The node: its name, or the path of its socket
    #[arg(long, global = true, env = "SM_AT", value_name = "NODE")]
    at: Option<String>,

    /// Write one JSON object
    #[arg(long, env = "SM_JSON")]
    json: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Trust a node and stay linked with it
    ///
    /// The other node has to trust this one as well.
    Add {
        /// Its public key, 64 hexadecimal digits, and where it listens
        #[arg(value_name = "KEY@ADDRESS:PORT", value_parser = other)]
        node: Other,

        /// What people here call it
        #[arg(long, env = "SM_NAME")]
        name: Option<String>,
    },
}

/// Another node, as it is written on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Other {
    key: Name,
    address: String,
}

fn other(text: &str) -> Result<Other, String> {
    let parts = text.split_once('@');
    parts
        .and_then(|(key, address)| {
            let (host, port) = address.rsplit_once(':')?;
            port.parse::<u16>().ok().filter(|_| !host.is_empty())?;
            Some(Other {
                key: names::parse(key)?,
                address: address.to_owned(),
            })
        })
        .ok_or_else(|| {
            "write the 64 digits of its key, @, and where it listens, like 192.0.2.7:7000"
                .to_owned()
        })
}

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let node = remote::find(Wanted {
            flag: "--at",
            name: self.at.as_deref(),
        })?;
        match &self.command {
            None => remote::block_on(self.list(&node)),
            Some(Command::Add { node: other, name }) => {
                remote::block_on(add(&node, other, name.clone()))
            }
        }
    }

    async fn list(&self, node: &Node) -> Result<Exit, Failure> {
        let found = node.neighbors().await?;
        if self.json {
            let neighbors: Vec<Json> = found.iter().map(object).collect();
            output::line(json!({ "node": node.name, "neighbors": neighbors }))?;
        } else if found.is_empty() {
            output::talk(&format!("the node `{}` knows of no other", node.name));
        } else {
            let mut rows = vec![table::head(&[
                "NAME",
                "KEY",
                "ADDRESS",
                "ROUND TRIP",
                "LINKED",
            ])];
            rows.extend(found.iter().map(row));
            for line in table::lines(&rows) {
                output::line(line)?;
            }
        }
        Ok(Exit::Ok)
    }
}

async fn add(node: &Node, other: &Other, name: Option<String>) -> Result<Exit, Failure> {
    let connect = Connect {
        key: other.key,
        address: Some(other.address.clone()),
        name,
    };
    node.order(&Request::Connect(connect)).await?;
    output::talk(&format!(
        "the node `{}` trusts {} and calls it at {}",
        node.name,
        short(&other.key),
        other.address
    ));
    Ok(Exit::Ok)
}

fn row(neighbor: &Neighbor) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let linked = match (neighbor.linked, &neighbor.trouble) {
        (Some(nanos), _) => format!("for {}", text::age(nanos)),
        (None, Some(trouble)) => format!("no: {trouble}"),
        (None, None) => "no".to_owned(),
    };
    vec![
        or_dash(neighbor.name.clone()),
        short(&neighbor.key),
        or_dash(neighbor.address.clone()),
        or_dash(neighbor.round_trip.map(tell::span)),
        linked,
    ]
}

fn object(neighbor: &Neighbor) -> Json {
    json!({
        "key": hex(&neighbor.key),
        "name": neighbor.name,
        "address": neighbor.address,
        "linked_nanos": neighbor.linked,
        "incarnation": neighbor.incarnation,
        "round_trip_nanos": neighbor.round_trip,
        "trouble": neighbor.trouble,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_node_is_a_key_and_an_address() {
        let key = "ab".repeat(32);
        let read = other(&format!("{key}@[::1]:7000")).expect("a node");
        assert_eq!(read.address, "[::1]:7000");
        assert_eq!(read.key, [0xab; 32]);
        for wrong in [
            "",
            "ab@h:1",
            &key,
            &format!("{key}@h"),
            &format!("{key}@:1"),
        ] {
            assert!(other(wrong).is_err(), "{wrong}");
        }
    }
}
