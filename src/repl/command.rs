//! What a person can say to the session itself: lines that begin with a colon.

use std::path::PathBuf;

use sm_core::ids::Span;

use crate::{arguments, text};

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Type(String),
    Bytecode(String),
    Load(PathBuf),
    Test(String),
    Tags(Option<String>),
    Nodes,
    Cost,
    Wait(Span),
    Defs,
    Reset,
    Quit,
}

/// How commands are written, and what they do.
pub(crate) const COMMANDS: &[(&str, &str, &str)] = &[
    ("help", "", "this list"),
    (
        "type",
        "EXPR",
        "the type of an expression, which is not evaluated",
    ),
    (
        "bytecode",
        "EXPR",
        "the instructions of an expression, or of a function by its name",
    ),
    ("load", "FILE.sm", "enter all that stands in a file"),
    (
        "test",
        "[TEXT]",
        "run the `test` blocks that were entered, or those with this in their name",
    ),
    ("tags", "[NODE]", "the tags of the nodes, or of one"),
    ("nodes", "", "the nodes with their neighbors and messages"),
    ("cost", "", "what the last input cost"),
    (
        "wait",
        "DURATION",
        "let time go by, in which spawned messages go on",
    ),
    ("defs", "", "what was declared and bound"),
    ("reset", "", "forget it all, and begin with new nodes"),
    ("quit", "", "end the session, as Ctrl-D does"),
];

/// What a line is that begins with a colon, or what is wrong with it and what may help.
pub(crate) fn parse(line: &str) -> Result<Command, (String, Option<String>)> {
    let line = line.trim().trim_start_matches(':');
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let names = || COMMANDS.iter().map(|(name, ..)| *name);
    // The first letters are enough where no other command begins with them.
    let mut candidates = names().filter(|known| !name.is_empty() && known.starts_with(name));
    let found = names().find(|known| *known == name);
    let found = found.or(candidates.next().filter(|_| candidates.next().is_none()));
    let Some(found) = found else {
        let help = match text::nearest(name, names()) {
            Some(near) => format!("did you mean `:{near}`?"),
            None => "`:help` lists all commands".to_owned(),
        };
        return Err((format!("there is no command `:{name}`"), Some(help)));
    };
    let wants = COMMANDS
        .iter()
        .find(|(name, ..)| *name == found)
        .map_or("", |(_, wants, _)| wants);
    let usage = || Some(format!("write `:{found} {wants}`"));
    match (wants.chars().next(), rest.is_empty()) {
        (None, false) => return Err((format!("`:{found}` takes nothing more"), None)),
        (Some('A'..='Z'), true) => return Err((format!("`:{found}` needs more"), usage())),
        _ => {}
    }
    command(found, rest).ok_or_else(|| (format!("`{rest}` is no duration"), usage()))
}

fn command(name: &str, rest: &str) -> Option<Command> {
    let owned = rest.to_owned();
    Some(match name {
        "help" => Command::Help,
        "type" => Command::Type(owned),
        "bytecode" => Command::Bytecode(owned),
        "load" => Command::Load(PathBuf::from(owned.trim_matches('"'))),
        "test" => Command::Test(owned),
        "tags" => Command::Tags(Some(owned).filter(|node| !node.is_empty())),
        "nodes" => Command::Nodes,
        "cost" => Command::Cost,
        "wait" => Command::Wait(duration(rest)?),
        "defs" => Command::Defs,
        "reset" => Command::Reset,
        _ => Command::Quit,
    })
}

fn duration(text: &str) -> Option<Span> {
    let nanoseconds = arguments::duration(text)?;
    u64::try_from(nanoseconds).ok().map(Span)
}

/// All commands, one a line.
pub(crate) fn help() -> String {
    let line = |(name, wants, what): &(&str, &str, &str)| {
        let usage = format!(":{name} {wants}");
        format!("{usage:<18} {what}")
    };
    let lines: Vec<String> = COMMANDS.iter().map(line).collect();
    lines.join("\n")
}
