//! A tag lives as long as it was given at its last write, and not longer.

use std::collections::BTreeMap;

use sm_core::ids::{Span, Time};
use sm_core::node::Step;
use sm_core::tags::{Tag, TagName};

use super::{Checker, Facts};
use crate::network::NodeIx;
use crate::trace::{Event, Record};

/// Expiry is the last write plus the lifetime; until then the tag stays, unless it is deleted.
/// Nothing but a write makes it live longer.
#[derive(Debug, Default)]
pub struct Lifetimes {
    tags: BTreeMap<NodeIx, BTreeMap<TagName, Seen>>,
    /// When each tag was last written by a program, as its node told.
    written: BTreeMap<(NodeIx, TagName), Time>,
    /// Tags that were deleted since the node was last looked at.
    deleted: Vec<(NodeIx, TagName)>,
    /// Tags that are gone before their time, and since when: a node tells of a delete only when it
    /// is stored.
    owed: BTreeMap<(NodeIx, TagName), Time>,
}

/// How long a node may take to tell of a delete: far longer than a write to its store.
const TELL: Span = Span::secs(1);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    version: u64,
    expires: Time,
}

impl Checker for Lifetimes {
    fn name(&self) -> &'static str {
        "tag lifetimes"
    }

    fn event(&mut self, record: &Record) -> Result<(), String> {
        match &record.event {
            Event::Step { node, trace } => match &trace.step {
                Step::TagWritten { tag, .. } => {
                    self.written.insert((*node, tag.clone()), trace.at);
                }
                Step::TagDeleted { tag, .. } => {
                    let deleted = (*node, tag.clone());
                    if self.owed.remove(&deleted).is_none() {
                        self.deleted.push(deleted);
                    }
                }
                _ => {}
            },
            // What a node forgot in a crash it need not keep.
            Event::NodeDown { node, .. } => {
                self.tags.remove(node);
                self.written.retain(|(at, _), _| at != node);
                self.owed.retain(|(at, _), _| at != node);
            }
            _ => {}
        }
        Ok(())
    }

    fn facts(&mut self, facts: &Facts) -> Result<(), String> {
        let Some(tags) = &facts.tags else {
            return Ok(());
        };
        let mut now = BTreeMap::new();
        let old = self.tags.remove(&facts.node).unwrap_or_default();
        for fact in tags {
            let tag = &fact.tag;
            let seen = Seen {
                version: tag.version,
                expires: tag.expires,
            };
            if tag.expires <= facts.now {
                return Err(format!("tag {} outlives its lifetime", tag.display));
            }
            let before = old.get(&fact.name);
            match before.filter(|before| before.version == seen.version) {
                Some(before) if *before != seen => {
                    return Err(format!("tag {} lives on without a write", tag.display));
                }
                Some(_) => {}
                None => self.check_new(facts, fact)?,
            }
            now.insert(fact.name.clone(), seen);
        }
        for (name, seen) in &old {
            let gone = !now.contains_key(name) && seen.expires > facts.now;
            let key = (facts.node, name.clone());
            if gone && !self.deleted.contains(&key) {
                self.owed.insert(key, facts.now);
            }
        }
        let mut owed = self
            .owed
            .iter()
            .filter(|((node, _), _)| *node == facts.node);
        if let Some(((_, name), _)) = owed.find(|(_, since)| **since + TELL < facts.now) {
            return Err(format!("a tag is gone before its time: {name:?}"));
        }
        self.deleted.retain(|(node, _)| *node != facts.node);
        self.tags.insert(facts.node, now);
        Ok(())
    }
}

impl Lifetimes {
    /// A tag that was written: it is to live for its lifetime, counted from the write. A node tells
    /// of a write only when it is stored, so what was told last may be an older one.
    fn check_new(&mut self, facts: &Facts, fact: &super::TagFacts) -> Result<(), String> {
        let tag = &fact.tag;
        let told = self.written.get(&(facts.node, fact.name.clone()));
        let earliest = told.copied().unwrap_or(Time::ZERO);
        let fits = match tag.lifetime {
            None => tag.expires == Time::NEVER,
            Some(lifetime) => (earliest + lifetime..=facts.now + lifetime).contains(&tag.expires),
        };
        if fits {
            return Ok(());
        }
        let Tag {
            display,
            lifetime,
            expires,
            ..
        } = tag;
        Err(format!(
            "tag {display}, written at {earliest:?} or later, lives {lifetime:?} to {expires:?}"
        ))
    }
}
