//! Waiting at the home of a program for its end.

use serde_json::{Value as Json, json};
use sm_bytecode::TypeHash;
use sm_core::node::{End, Kill, TraceFrame};
use sm_net::control::Client;
use sm_net::control::protocol::{self, Answer, Event, Name, What};
use tokio::time::Instant;

use crate::commands::follow::missed;
use crate::conclusion::Conclusion;
use crate::exit::{Exit, Failure};
use crate::output::{self, Style, Terminal};
use crate::printing::Printing;
use crate::program::Program;
use crate::remote::Node;
use crate::remote::names::short;
use crate::remote::tell::Teller;
use crate::text;

/// Somebody waits for the end of a message.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    pub(crate) terminal: &'a Terminal,
    pub(crate) program: &'a Program,
    /// Its home.
    pub(crate) node: &'a Node,
    pub(crate) message: Name,
    /// What had happened before the node said which message it is about.
    pub(crate) early: Vec<Event>,
    pub(crate) teller: Teller,
    pub(crate) printing: Printing,
    /// Whether its moves are told.
    pub(crate) telling: bool,
    pub(crate) place: Place,
    /// When the place became known.
    pub(crate) since: Instant,
    /// The node that told its end.
    pub(crate) witness: Option<String>,
}

/// The last that is known of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    #[default]
    Home,
    /// At home until this tag is written.
    Asleep(String),
    /// At home, on its way to a neighbor.
    Leaving(String),
    Left(String),
    /// It goes on as copies, and none of them is it.
    Copied,
}

/// Whether the home lives, as far as its operator can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Home {
    Lives,
    Ended,
}

/// Why the waiting is over.
#[derive(Debug)]
pub(crate) enum Outcome {
    Ended(Conclusion),
    Timeout,
    Interrupted,
    /// The home ended, or is not heard any more.
    Lost(Failure),
}

impl Outcome {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Ended(conclusion) => conclusion.exit(),
            Self::Timeout => Exit::Timeout,
            Self::Interrupted => Exit::Interrupted,
            Self::Lost(_) => Exit::Unreachable,
        }
    }
}

impl Waiting<'_> {
    /// Takes what the node tells until the message has ended.
    pub(crate) async fn end(&mut self, client: &mut Client) -> Result<Outcome, Failure> {
        for event in std::mem::take(&mut self.early) {
            if let Some(conclusion) = self.event(&event)? {
                return Ok(Outcome::Ended(conclusion));
            }
        }
        loop {
            match self.node.next(client).await {
                Ok(Answer::Event(event)) => {
                    if let Some(conclusion) = self.event(&event)? {
                        return Ok(Outcome::Ended(conclusion));
                    }
                }
                Ok(Answer::Missed(count)) => output::talk(&missed(&self.node.name, count)),
                Ok(other) => return Err(self.node.strange(&other)),
                Err(failure) => return Ok(Outcome::Lost(failure)),
            }
        }
    }

    /// The conclusion, if this is it.
    fn event(&mut self, event: &Event) -> Result<Option<Conclusion>, Failure> {
        let first = event.message == self.message;
        match &event.what {
            What::Printed(text) => self.printing.line(text.clone())?,
            What::Ended(end) | What::Reported { end, .. } if first => {
                if let What::Reported { at, .. } = &event.what {
                    self.witness = Some(self.teller.nodes.node(at));
                }
                return Conclusion::of(self.program, &core_end(end)?).map(Some);
            }
            // Its end on a node is no news: its home, which is this node, learns it as well.
            What::Reported { end, .. } if !matches!(end, protocol::End::Done { .. }) => {
                Conclusion::of(self.program, &core_end(end)?)?.warn(self.terminal, self.program);
            }
            _ if first => self.follow(event),
            _ => {}
        }
        Ok(None)
    }

    fn follow(&mut self, event: &Event) {
        let node = |key| self.teller.nodes.node(key);
        let place = match &event.what {
            What::Leaving(to) => Place::Leaving(node(to)),
            What::Left(to) => Place::Left(node(to)),
            What::Blocked(tag) => Place::Asleep(tag.clone()),
            What::CopiesSent(_) => Place::Copied,
            What::Arrived(_) | What::Stayed(_) | What::Woken => Place::Home,
            _ => return,
        };
        let moved = matches!(
            event.what,
            What::Leaving(_) | What::Left(_) | What::Arrived(_) | What::Stayed(_)
        );
        if moved && self.telling {
            let words = self.teller.words(event);
            output::talk(&self.terminal.paint(Style::Quiet, words));
        }
        self.place = place;
        self.since = Instant::now();
    }

    /// Where it was last.
    fn known(&self, home: Home) -> String {
        let since = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let (name, since) = (&self.node.name, text::age(since));
        match home {
            Home::Lives => self.place.words(name, &since),
            Home::Ended => self.place.last_words(name, &since),
        }
    }

    fn goes_on(&self) -> String {
        let name = short(&self.message);
        let ways = format!("`smc follow {name}` tells of it, `smc kill {name}` ends it");
        match self.place {
            Place::Left(_) | Place::Copied => format!("if it goes on, {ways}"),
            Place::Home | Place::Asleep(_) | Place::Leaving(_) => format!("it goes on: {ways}"),
        }
    }

    /// The receiver of its last hop has lost it: the sender tells.
    fn lost(&self) -> String {
        let home = &self.node.name;
        match (&self.place, &self.witness) {
            (Place::Left(to), Some(witness)) if witness == home => {
                format!("it left {home} for {to}, and was lost with that node")
            }
            (_, witness) => {
                let witness = witness.as_ref().unwrap_or(home);
                format!("it was lost in a hop from {witness}")
            }
        }
    }

    /// Its home has ended.
    fn bereft(&self) -> [String; 2] {
        let (home, name) = (&self.node.name, short(&self.message));
        let lost = format!("what stood at {home} is lost");
        let found = format!("`smc follow {name}` finds it if it lives elsewhere on this machine");
        [self.known(Home::Ended), format!("{lost}; {found}")]
    }

    /// As `smc run` shows it; where there is no end, with what is known.
    pub(crate) fn show(&self, outcome: Outcome) -> Result<Exit, Failure> {
        let exit = outcome.exit();
        match outcome {
            Outcome::Ended(conclusion @ Conclusion::Killed(Kill::LostInHop)) => {
                Err(Failure::new(exit, conclusion.sentence()).help(self.lost()))
            }
            Outcome::Ended(conclusion) => {
                conclusion.show(self.terminal, self.program)?;
                Ok(exit)
            }
            Outcome::Timeout => Err(Failure::new(exit, "the program did not end in time")
                .help(self.known(Home::Lives))
                .help(self.goes_on())),
            Outcome::Interrupted => {
                output::talk(&format!("interrupted: {}", self.known(Home::Lives)));
                output::talk(&self.goes_on());
                Ok(exit)
            }
            Outcome::Lost(failure) => {
                let [known, advice] = self.bereft();
                Err(failure.help(known).help(advice))
            }
        }
    }

    pub(crate) fn json(&mut self, outcome: &Outcome) -> Json {
        let mut object = match outcome {
            Outcome::Ended(conclusion @ Conclusion::Killed(Kill::LostInHop)) => {
                let mut object = conclusion.json();
                object["known"] = json!(self.lost());
                object
            }
            Outcome::Ended(conclusion) => conclusion.json(),
            Outcome::Timeout => json!({ "end": "timeout", "known": self.known(Home::Lives) }),
            Outcome::Interrupted => {
                json!({ "end": "interrupted", "known": self.known(Home::Lives) })
            }
            Outcome::Lost(_) => json!({ "end": "unknown", "known": self.known(Home::Ended) }),
        };
        object["output"] = json!(self.printing.take());
        object
    }
}

impl Place {
    fn words(&self, home: &str, since: &str) -> String {
        match self {
            Self::Home => format!("it is at {home}"),
            Self::Asleep(tag) => format!("it sleeps at {home} on `{tag}`, for {since}"),
            Self::Leaving(to) => format!("it is at {home} and wants to go to {to}, for {since}"),
            Self::Left(to) => format!("it left for {to} {since} ago; nothing is known since"),
            Self::Copied => format!("it went on as copies {since} ago; nothing is known since"),
        }
    }

    /// The same of a home that has ended. It may have done more than it could tell.
    fn last_words(&self, home: &str, since: &str) -> String {
        match self {
            Self::Home => format!("the last that is known: it was at {home}"),
            Self::Asleep(tag) => format!("the last that is known: it slept at {home} on `{tag}`"),
            Self::Leaving(to) => {
                format!("the last that is known: it was at {home} and wanted to go to {to}")
            }
            Self::Left(_) | Self::Copied => self.words(home, since),
        }
    }
}

/// The end as the node's core knows it.
fn core_end(end: &protocol::End) -> Result<End, Failure> {
    Ok(match end {
        protocol::End::Done { ty, value } => End::Done {
            ty: TypeHash(*ty),
            value: value.clone(),
        },
        protocol::End::Trap {
            kind,
            message,
            frames,
        } => {
            let frame = |(brick, function, pc): &(Name, u16, u32)| TraceFrame {
                brick: *brick,
                function: *function,
                pc: *pc,
            };
            End::Trap {
                kind: *kind,
                message: message.clone(),
                frames: frames.iter().map(frame).collect(),
            }
        }
        protocol::End::Killed(code, reason) => {
            let kill = Kill::from_code(*code)
                .ok_or_else(|| Failure::failed(format!("the node ended the program: {reason}")))?;
            End::Killed(kill)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_said_in_words() {
        let left = Place::Left("n2".to_owned());
        assert_eq!(
            left.words("n1", "1.2s"),
            "it left for n2 1.2s ago; nothing is known since"
        );
        let asleep = Place::Asleep("door".to_owned());
        assert_eq!(
            asleep.words("n1", "2min"),
            "it sleeps at n1 on `door`, for 2min"
        );
        assert_eq!(
            asleep.last_words("n1", "2min"),
            "the last that is known: it slept at n1 on `door`"
        );
    }
}
