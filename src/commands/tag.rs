//! `smc tag`: the tags that lie on a node.

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};
use sm_bytecode::{TypeIx, TypeTable};
use sm_net::control::protocol::{Access, Answer, Event, Request, Tag, TagName, Topic, What};
use sm_vm::Value;

use super::follow::missed;
use crate::arguments::{self, types};
use crate::exit::{Exit, Failure};
use crate::interrupt::Signals;
use crate::remote::names::hex;
use crate::remote::tags::{self, TagNames};
use crate::remote::tell::Teller;
use crate::remote::{self, Node, Wanted};
use crate::{output, table, text};

/// Show, set and remove the tags of a node
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The node: its name, or the path of its socket
    ///
    /// Not needed if only one node runs on this machine.
    #[arg(long, global = true, env = "SM_AT", value_name = "NODE")]
    at: Option<String>,

    /// Write JSON
    #[arg(long, global = true, env = "SM_JSON")]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the tags of a node with their values
    Ls,
    /// Show the value of a tag
    Get {
        /// What the tag is called, as `smc tag ls` shows it
        name: String,
    },
    /// Give a tag a value, or make a tag
    ///
    /// The value has the type of the tag that is there. A new tag takes the type of
    /// the value, or that which stands after its name: 'limit: Float'.
    #[command(verbatim_doc_comment)]
    Set {
        /// What the tag is called; for a new one perhaps with its type, NAME: TYPE
        name: String,
        /// As a program writes it; where the type is Str, without quotes
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Remove a tag
    Rm {
        /// What the tag is called, as `smc tag ls` shows it
        name: String,
    },
    /// Tell each change of tags until Ctrl-C
    Watch {
        /// Only this tag, or all members of this family
        name: Option<String>,
    },
}

/// The tags of a node with their names.
struct Lying(Vec<(String, Tag)>);

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let node = remote::find(Wanted {
            flag: "--at",
            name: self.at.as_deref(),
        })?;
        remote::block_on(self.go(&node))
    }

    async fn go(&self, node: &Node) -> Result<Exit, Failure> {
        let mut names = TagNames::default();
        let lying = Lying::on(node, &mut names).await?;
        match &self.command {
            Command::Ls => self.list(node, &lying)?,
            Command::Get { name } => self.get(node, lying.get(node, name)?)?,
            Command::Set { name, value } => {
                let tag = lying.with(name, value)?;
                node.order(&Request::PutTag(Box::new(tag))).await?;
            }
            Command::Rm { name } => {
                let (name, tag) = lying.get(node, name)?;
                if !node.had(&Request::RemoveTag(tag.name.clone())).await? {
                    return Err(Failure::failed(format!("the tag `{name}` is gone already")));
                }
            }
            Command::Watch { name } => return self.watch(node, names, name.as_deref()).await,
        }
        Ok(Exit::Ok)
    }

    fn list(&self, node: &Node, lying: &Lying) -> Result<(), Failure> {
        if self.json {
            let tags: Vec<Json> = lying
                .0
                .iter()
                .map(|(name, tag)| object(name, tag))
                .collect();
            return output::line(json!({ "node": node.name, "tags": tags }));
        }
        if lying.0.is_empty() {
            output::talk(&format!("no tag lies at {}", node.name));
            return Ok(());
        }
        let mut rows = vec![table::head(&["TAG", "TYPE", "LIVES", "KEPT BY", "VALUE"])];
        rows.extend(lying.0.iter().map(|(name, tag)| row(name, tag)));
        table::lines(&rows).iter().try_for_each(output::line)
    }

    fn get(&self, node: &Node, (name, tag): (&str, &Tag)) -> Result<(), Failure> {
        if self.json {
            let mut object = object(name, tag);
            object["node"] = json!(node.name);
            return output::line(object);
        }
        output::line(tags::shown(&tag.descriptor, &tag.value))
    }

    async fn watch(
        &self,
        node: &Node,
        tags: TagNames,
        name: Option<&str>,
    ) -> Result<Exit, Failure> {
        let mut signals = Signals::listen()?;
        let mut teller = Teller {
            tags,
            ..Teller::default()
        };
        let mut client = node.open(&Request::Follow(Topic::Tags)).await?;
        loop {
            let answer = tokio::select! {
                answer = node.next(&mut client) => answer?,
                () = signals.next() => return Ok(Exit::Interrupted),
            };
            match answer {
                Answer::Event(event) => self.change(node, &mut teller, &event, name)?,
                Answer::Missed(count) => output::talk(&missed(&node.name, count)),
                other => return Err(node.strange(&other)),
            }
        }
    }

    fn change(
        &self,
        node: &Node,
        teller: &mut Teller,
        event: &Event,
        wanted: Option<&str>,
    ) -> Result<(), Failure> {
        let (name, line) = match &event.what {
            What::TagWritten {
                tag,
                display,
                descriptor,
                value,
            } => {
                let name = teller.tags.learn(tag, display, descriptor);
                let line = format!("{name} = {}", tags::shown(descriptor, value));
                (name, line)
            }
            What::TagGone { tag, display } => {
                let name = teller.tags.known(tag, display.as_deref());
                let line = format!("{name} is gone");
                (name, line)
            }
            _ => return Ok(()),
        };
        if !wanted.is_none_or(|wanted| wanted == name || wanted == family(&name)) {
            return Ok(());
        }
        if self.json {
            output::line(teller.json(&node.name, event))
        } else {
            output::line(line)
        }
    }
}

/// The name without the keys of a member.
fn family(name: &str) -> &str {
    name.split('(').next().unwrap_or(name)
}

impl Lying {
    async fn on(node: &Node, names: &mut TagNames) -> Result<Self, Failure> {
        let tags = node.tags().await?.into_iter();
        let mut tags: Vec<(String, Tag)> = tags.map(|tag| (names.of(&tag), tag)).collect();
        tags.sort_by(|one, two| (&one.0, &one.1.name.base).cmp(&(&two.0, &two.1.name.base)));
        Ok(Self(tags))
    }

    fn named(&self, name: &str) -> Vec<&(String, Tag)> {
        self.0.iter().filter(|(one, _)| one == name).collect()
    }

    /// The one tag of this name.
    fn get(&self, node: &Node, name: &str) -> Result<(&str, &Tag), Failure> {
        match &self.named(name)[..] {
            [] => Err(self.absent(node, name)),
            [(name, tag)] => Ok((name, tag)),
            several => Err(ambiguous(name, several)),
        }
    }

    fn absent(&self, node: &Node, name: &str) -> Failure {
        let failure = Failure::failed(format!("no tag `{name}` lies at {}", node.name));
        let members = self.0.iter().filter(|(one, _)| family(one) == name);
        let members: Vec<&str> = members.map(|(one, _)| one.as_str()).take(SHOWN).collect();
        if !members.is_empty() {
            return failure.help(format!("members of that family: {}", members.join(", ")));
        }
        match text::nearest(name, self.0.iter().map(|(one, _)| one.as_str())) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help("`smc tag ls` lists the tags of a node"),
        }
    }

    /// The tag that is there, or a new one, with this value.
    fn with(&self, name: &str, value: &str) -> Result<Tag, Failure> {
        match &self.named(name)[..] {
            [] => fresh(name, value),
            [(_, tag)] => {
                let types = TypeTable::from_descriptor(&tag.descriptor)
                    .map_err(|error| Failure::failed(format!("the type of `{name}`: {error}")))?;
                let value = arguments::value(&types, TypeIx(0), value)
                    .map_err(|error| no_value(value, &types.show(TypeIx(0)), &error))?;
                Ok(Tag {
                    value: encode(&value, &types)?,
                    ..(*tag).clone()
                })
            }
            several => Err(ambiguous(name, several)),
        }
    }
}

/// How many names are listed at most.
const SHOWN: usize = 12;

/// A tag that every program may read and write that declares one of this name and type.
fn fresh(name: &str, value: &str) -> Result<Tag, Failure> {
    let (name, ty) = match name.split_once(':') {
        Some((name, ty)) => (name.trim(), Some(ty.trim())),
        None => (name, None),
    };
    if !is_name(name) {
        return Err(Failure::usage(format!("`{name}` is no name of a tag"))
            .help("members of families are made by programs alone"));
    }
    let (types, value) = typed(name, ty, value)?;
    let hash = types.hash(TypeIx(0)).ok();
    let (Some(ty), Some(descriptor)) = (hash, types.descriptor(TypeIx(0))) else {
        return Err(Failure::usage("no tag can have this type"));
    };
    Ok(Tag {
        name: TagName {
            base: sm_vm::tag_identity(name, ty, &[], None),
            key: Vec::new(),
        },
        display: name.to_owned(),
        ty: ty.0,
        descriptor,
        value: encode(&value, &types)?,
        access: (Access::Any, Access::Any),
        driver: false,
        lifetime: None,
        left: None,
        version: 0,
    })
}

/// The value, and the table whose first type is its own.
fn typed(name: &str, ty: Option<&str>, value: &str) -> Result<(TypeTable, Value), Failure> {
    let (types, ix) = match ty {
        Some(ty) => types::parse(ty).ok_or_else(|| {
            Failure::usage(format!("`{ty}` is no type of a value on the command line"))
                .help("types are Bool, Int, Float, Str, Bytes, Duration, [T], [K: V], Set<T>, T?")
        })?,
        None => {
            if let Some(text) = types::quoted(value) {
                let types = TypeTable::from_types(vec![sm_bytecode::Type::Str]);
                return Ok((types, Value::Str(text)));
            }
            types::of_literal(value).ok_or_else(|| {
                Failure::usage(format!("the type of `{value}` cannot be seen from it"))
                    .help(format!("say it after the name: '{name}: Str'"))
            })?
        }
    };
    let found = arguments::value(&types, ix, value)
        .map_err(|error| no_value(value, &types.show(ix), &error))?;
    Ok((types, found))
}

fn no_value(text: &str, ty: &str, error: &impl std::fmt::Display) -> Failure {
    Failure::usage(format!("`{text}` is no {ty}: {error}"))
}

fn encode(value: &Value, types: &TypeTable) -> Result<Vec<u8>, Failure> {
    sm_vm::value::encode(value, types, TypeIx(0))
        .map_err(|error| Failure::usage(format!("`{value}` cannot be stored: {error}")))
}

fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') && text.chars().all(word)
}

/// Tags of one name that differ in type or owner.
fn ambiguous(name: &str, several: &[&(String, Tag)]) -> Failure {
    let failure = Failure::failed(format!("there are several tags `{name}`"));
    several
        .iter()
        .take(SHOWN)
        .fold(failure, |failure, (_, tag)| {
            let (ty, value) = (
                tags::shown_type(&tag.descriptor),
                tags::shown(&tag.descriptor, &tag.value),
            );
            failure.help(format!("{name}: {ty} = {value}"))
        })
}

fn row(name: &str, tag: &Tag) -> Vec<String> {
    vec![
        name.to_owned(),
        tags::shown_type(&tag.descriptor),
        tag.left.map_or_else(
            || "on".to_owned(),
            |left| format!("{} more", text::age(left)),
        ),
        keeper(tag).to_owned(),
        tags::shown(&tag.descriptor, &tag.value),
    ]
}

fn keeper(tag: &Tag) -> &'static str {
    if tag.driver { "a driver" } else { "the node" }
}

fn object(name: &str, tag: &Tag) -> Json {
    json!({
        "tag": name,
        "type": tags::shown_type(&tag.descriptor),
        "value": tags::shown(&tag.descriptor, &tag.value),
        "base": hex(&tag.name.base),
        "key": hex(&tag.name.key),
        "read": access(tag.access.0),
        "write": access(tag.access.1),
        "driver": tag.driver,
        "lifetime_nanos": tag.lifetime,
        "left_nanos": tag.left,
        "version": tag.version,
    })
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Any => "any",
        Access::Owner => "owner",
        Access::Code => "code",
    }
}
