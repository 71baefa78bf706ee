//! What must hold in every run, whatever the seed: one file for each invariant.
//!
//! A checker sees every event, and what a node is like after each thing that happened to it. It
//! keeps a small picture of its own and says at once when the run departs from it.

mod converges;
mod lifetimes;
mod one_copy;
mod quotas;
mod rights;

use std::fmt;

use sm_core::engine::Engine;
use sm_core::hop::Doubt;
use sm_core::ids::{MessageId, Time};
use sm_core::node::Node;
use sm_core::tags::{Actor, Tag, TagName, Usage};

use crate::network::NodeIx;
use crate::trace::Record;

pub use converges::Converges;
pub use lifetimes::Lifetimes;
pub use one_copy::OneCopy;
pub use quotas::Quotas;
pub use rights::Rights;

/// Something that must hold.
pub trait Checker: fmt::Debug {
    /// Its name, for who reads of its violation.
    fn name(&self) -> &'static str;

    /// Something happened.
    ///
    /// # Errors
    /// Why it must not have.
    fn event(&mut self, record: &Record) -> Result<(), String> {
        let _ = record;
        Ok(())
    }

    /// A node is like this, after something happened to it.
    ///
    /// # Errors
    /// Why it must not be.
    fn facts(&mut self, facts: &Facts) -> Result<(), String> {
        let _ = facts;
        Ok(())
    }

    /// The faults are over and nothing more happens; all nodes are like this.
    ///
    /// # Errors
    /// Why they must not be.
    fn end(&mut self, all: &[Facts]) -> Result<(), String> {
        let _ = all;
        Ok(())
    }
}

/// What a node is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Which node.
    pub node: NodeIx,
    /// Whether it is up; if it is not, the rest is empty.
    pub up: bool,
    /// The time on its own clock.
    pub now: Time,
    /// The messages that may run there.
    pub runnable: Vec<MessageId>,
    /// All messages that it holds, those included that are moving out.
    pub held: Vec<MessageId>,
    /// The hops whose end it does not know.
    pub doubts: Vec<Doubt>,
    /// Its tags, if they may have changed.
    pub tags: Option<Vec<TagFacts>>,
    /// What it says its tags use.
    pub usage: Usage,
    /// The most it grants.
    pub limit: Usage,
}

/// What a tag is like.
#[derive(Debug, Clone, PartialEq)]
pub struct TagFacts {
    /// Its identity.
    pub name: TagName,
    /// The tag.
    pub tag: Tag,
    /// What the node says its author's tags use.
    pub payer: Usage,
    /// Whether those can read it who have the rights of everybody and no more.
    pub readable_by_strangers: bool,
    /// Whether its author can, trusted.
    pub readable_by_author: bool,
}

impl Facts {
    pub(crate) fn of<E: Engine>(ix: NodeIx, node: Option<&Node<E>>, now: Time, tags: bool) -> Self {
        let Some(node) = node else {
            return Self {
                node: ix,
                up: false,
                now,
                runnable: Vec::new(),
                held: Vec::new(),
                doubts: Vec::new(),
                tags: None,
                usage: Usage::default(),
                limit: Usage::default(),
            };
        };
        let space = node.tags();
        let facts = |(name, tag): (&TagName, &Tag)| TagFacts {
            name: name.clone(),
            tag: tag.clone(),
            payer: space.usage_of(tag.payer),
            readable_by_strangers: space.read(now, &Actor::default(), name).is_some(),
            readable_by_author: space.read(now, &author(tag), name).is_some(),
        };
        Self {
            node: ix,
            up: true,
            now,
            runnable: node.runnable(),
            held: node.messages(),
            doubts: node.in_doubt(),
            tags: tags.then(|| space.iter(now).map(facts).collect()),
            usage: space.usage(),
            limit: sm_core::tags::TagLimits::default().node,
        }
    }
}

fn author(tag: &Tag) -> Actor {
    Actor {
        author: tag.author,
        standing: tag.standing,
    }
}

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The checker that found it.
    pub checker: &'static str,
    /// When, since the start of the run.
    pub at: Time,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = crate::reading::show_span(self.at.since(Time::ZERO));
        write!(f, "{} at {at}: {}", self.checker, self.message)
    }
}

/// What a checker found, before it is known when.
#[derive(Debug)]
pub(crate) struct Found {
    checker: &'static str,
    message: String,
}

impl Found {
    pub(crate) fn at(self, at: Time) -> Violation {
        Violation {
            checker: self.checker,
            at,
            message: self.message,
        }
    }
}

/// All checkers of a run.
#[derive(Debug)]
pub(crate) struct Checkers(Vec<Box<dyn Checker>>);

impl Default for Checkers {
    fn default() -> Self {
        Self(vec![
            Box::new(OneCopy::default()),
            Box::new(Lifetimes::default()),
            Box::new(Rights),
            Box::new(Quotas),
            Box::new(Converges::default()),
        ])
    }
}

impl Checkers {
    pub(crate) fn event(&mut self, record: &Record) -> Result<(), Found> {
        self.each(|checker| checker.event(record))
    }

    pub(crate) fn facts(&mut self, facts: &Facts) -> Result<(), Found> {
        self.each(|checker| checker.facts(facts))
    }

    pub(crate) fn end(&mut self, all: &[Facts]) -> Result<(), Found> {
        self.each(|checker| checker.end(all))
    }

    fn each(
        &mut self,
        mut check: impl FnMut(&mut dyn Checker) -> Result<(), String>,
    ) -> Result<(), Found> {
        self.0.iter_mut().try_for_each(|checker| {
            let name = checker.name();
            check(checker.as_mut()).map_err(|message| Found {
                checker: name,
                message,
            })
        })
    }
}

#[cfg(test)]
mod tests;
