//! `smc key`: the keys of the user, and the keys that the user trusts.

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};
use sm_core::ids::NodeId;
use sm_net::identity::{Name, parse_key};
use sm_net::trust::{Change, TrustError, TrustStore, Trusted};

use crate::exit::{Exit, Failure};
use crate::keys::{self, OwnKey};
use crate::output::{self, Terminal};
use crate::text;

/// Make and show your keys, and name the keys that you trust
///
/// A key says who you are: it signs the programs that you launch. Its public
/// half is your name among nodes, 64 hexadecimal digits that anybody may know.
/// Its secret half stays in a file that only you can read.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    New(New),
    Show(Show),
    Trust(Trust),
    Distrust(Distrust),
}

/// Make a new key, and show its public half
///
/// A key that is there is never written over.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct New {
    /// What to call it; else it is your default key
    name: Option<Name>,

    /// Write one JSON object with name, key and file
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// Show the public half of a key, which you may give to anybody
#[derive(Debug, Args)]
struct Show {
    /// Which key; else your default key
    name: Option<Name>,

    /// Write one JSON object with name, key and file
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// Trust a key of a node or a person under a name; without a name, list all
///
/// The list is a text file that you may edit: a line for each, NAME KEY, and
/// comments that begin with #. Your own key needs no trust.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct Trust {
    /// What to call it
    #[arg(requires = "key")]
    name: Option<Name>,

    /// Its 64 hexadecimal digits, as `smc key show` shows them
    #[arg(value_parser = parse_key)]
    key: Option<NodeId>,

    /// Without a name: write one JSON object with all names and keys
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// No longer trust the key with this name
#[derive(Debug, Args)]
struct Distrust {
    /// What it is called
    name: Name,
}

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        match &self.what {
            What::New(new) => new.run(),
            What::Show(show) => show.run(),
            What::Trust(trust) => trust.run(terminal),
            What::Distrust(distrust) => distrust.run(terminal),
        }?;
        Ok(Exit::Ok)
    }
}

impl New {
    fn run(&self) -> Result<(), Failure> {
        let name = self.name.clone().unwrap_or_else(keys::default_name);
        let key = keys::make(&name)?;
        output::talk(&keys::secret_place(&key.path));
        show(&key, self.json)
    }
}

impl Show {
    fn run(&self) -> Result<(), Failure> {
        let name = self.name.clone().unwrap_or_else(keys::default_name);
        show(&keys::load(&name)?, self.json)
    }
}

fn show(key: &OwnKey, json: bool) -> Result<(), Failure> {
    let public = key.pair.node_id();
    if !json {
        return output::line(public);
    }
    output::line(json!({
        "name": key.name.as_str(),
        "key": public.to_string(),
        "file": key.path.display().to_string(),
    }))
}

impl Trust {
    fn run(&self, terminal: &Terminal) -> Result<(), Failure> {
        let mut store = keys::trusted(terminal)?;
        if let (Some(name), Some(key)) = (&self.name, self.key) {
            return add(terminal, &mut store, name, key);
        }
        if self.json {
            let trusted: Vec<Json> = store.iter().map(entry_json).collect();
            return output::line(json!({ "trusted": trusted }));
        }
        list(&store)
    }
}

fn add(
    terminal: &Terminal,
    store: &mut TrustStore,
    name: &Name,
    key: NodeId,
) -> Result<(), Failure> {
    let known = store.name_of(&key).filter(|known| *known != name).cloned();
    let change = store.add(name, key).map_err(|error| {
        let is_taken = matches!(error, TrustError::Taken(_));
        let failure = keys::untrusted(terminal, &error);
        match is_taken {
            true => failure.help(format!("`smc key distrust {name}` sets the name free")),
            false => failure,
        }
    })?;
    match change {
        Change::Made => output::talk(&format!("`{name}` is trusted from now on")),
        Change::None => output::talk(&format!("`{name}` is trusted already")),
    }
    if let Some(known) = known {
        output::talk(&format!("this key has another name too: `{known}`"));
    }
    Ok(())
}

fn list(store: &TrustStore) -> Result<(), Failure> {
    let names = store.iter().map(|entry| entry.name.as_str().len());
    let Some(width) = names.max() else {
        output::talk("you trust no key but your own; `smc key trust NAME KEY` changes that");
        return Ok(());
    };
    let line = |entry: &Trusted| format!("{:width$}  {}\n", entry.name.as_str(), entry.key);
    output::data(store.iter().map(line).collect::<String>())
}

fn entry_json(entry: &Trusted) -> Json {
    json!({ "name": entry.name.as_str(), "key": entry.key.to_string() })
}

impl Distrust {
    fn run(&self, terminal: &Terminal) -> Result<(), Failure> {
        let name = &self.name;
        let mut store = keys::trusted(terminal)?;
        let Some(key) = store.key_of(name) else {
            return Err(unknown(&store, name));
        };
        store
            .remove(name)
            .map_err(|error| keys::untrusted(terminal, &error))?;
        output::talk(&match store.name_of(&key) {
            Some(other) => format!("`{name}` is gone, but its key stays trusted as `{other}`"),
            None => format!("`{name}` is no longer trusted"),
        });
        Ok(())
    }
}

fn unknown(store: &TrustStore, name: &Name) -> Failure {
    let failure = Failure::failed(format!("no trusted key is called `{name}`"));
    let names = store.iter().map(|entry| entry.name.as_str());
    match text::nearest(name.as_str(), names) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`smc key trust` lists the trusted keys"),
    }
}
