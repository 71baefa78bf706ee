//! Who sleeps until a tag is next created or written.

use std::collections::BTreeMap;

use super::{Actor, Tag, TagName};
use crate::ids::MessageId;

/// A message that waits for a tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiter {
    /// Which message.
    pub message: MessageId,
    /// On whose behalf: only what it may read wakes it.
    pub actor: Actor,
}

/// A message that is to go on, with the value that woke it.
///
/// The value is taken at the write: by the time the message runs the tag may be gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wake {
    /// Which message.
    pub message: MessageId,
    /// The canonical encoding of the value.
    pub value: Box<[u8]>,
}

/// The waiters of all tags. A message waits for at most one tag at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct WaitList {
    queues: Vec<Queue>,
    /// Places in `queues` where nobody waits.
    free: Vec<usize>,
    /// The queue of each tag that somebody waits for.
    by_tag: BTreeMap<TagName, usize>,
    by_message: BTreeMap<MessageId, u32>,
}

/// Who waits for one tag, longest first.
#[derive(Clone, Debug, Default)]
struct Queue {
    name: TagName,
    /// Each with the place of its actor.
    waiters: Vec<(MessageId, u32)>,
    /// Many in a row act for the same author.
    actors: Vec<Actor>,
}

impl Queue {
    fn push(&mut self, waiter: Waiter) {
        if self.actors.len() > self.waiters.len() {
            self.forget_actors();
        }
        if self.actors.last() != Some(&waiter.actor) {
            self.actors.push(waiter.actor);
        }
        let actor = (self.actors.len() - 1) as u32;
        self.waiters.push((waiter.message, actor));
    }

    /// Forgets the actors for whom nobody waits any more.
    fn forget_actors(&mut self) {
        let old = std::mem::take(&mut self.actors);
        for (_, at) in &mut self.waiters {
            let actor = old[*at as usize];
            if self.actors.last() != Some(&actor) {
                self.actors.push(actor);
            }
            *at = (self.actors.len() - 1) as u32;
        }
    }
}

impl WaitList {
    pub(super) fn is_empty(&self) -> bool {
        self.by_tag.is_empty()
    }

    pub(super) fn add(&mut self, name: TagName, waiter: Waiter) {
        self.remove(waiter.message);
        let at = match self.by_tag.get(&name) {
            Some(at) => *at,
            None => self.queue(name),
        };
        self.queues[at].push(waiter);
        self.by_message.insert(waiter.message, at as u32);
    }

    /// A new queue for a tag.
    fn queue(&mut self, name: TagName) -> usize {
        let at = self.free.pop().unwrap_or_else(|| {
            self.queues.push(Queue::default());
            self.queues.len() - 1
        });
        self.queues[at].name = name.clone();
        self.by_tag.insert(name, at);
        at
    }

    pub(super) fn remove(&mut self, message: MessageId) {
        if let Some(at) = self.by_message.remove(&message) {
            let waiters = &mut self.queues[at as usize].waiters;
            waiters.retain(|(waiter, _)| *waiter != message);
            self.drop_if_empty(at as usize);
        }
    }

    fn drop_if_empty(&mut self, at: usize) {
        if self.queues[at].waiters.is_empty() {
            let Queue { name, .. } = std::mem::take(&mut self.queues[at]);
            self.by_tag.remove(&name);
            self.free.push(at);
        }
    }

    /// Takes those out of the list whom this new value of the tag wakes, oldest first.
    pub(super) fn wake(&mut self, name: &TagName, tag: &Tag) -> Vec<Wake> {
        let Some(at) = self.by_tag.get(name).copied() else {
            return Vec::new();
        };
        let Queue {
            waiters, actors, ..
        } = &mut self.queues[at];
        let (woken, asleep): (Vec<_>, Vec<_>) = std::mem::take(waiters)
            .into_iter()
            .partition(|(_, actor)| tag.may_read(&actors[*actor as usize]));
        *waiters = asleep;
        self.drop_if_empty(at);
        let wake = |(message, _): (MessageId, u32)| {
            self.by_message.remove(&message);
            Wake {
                message,
                value: tag.value.clone(),
            }
        };
        woken.into_iter().map(wake).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AuthorId, Time, TypeHash};
    use crate::tags::{Access, TagSpec};

    /// Who waits on behalf of many, one after the other, leaves no trace.
    #[test]
    fn a_queue_remembers_those_alone_for_whom_somebody_waits() {
        let name = TagName::plain([1; 32]);
        let waiter = |message: u8, author: u8| Waiter {
            message: MessageId([message; 32]),
            actor: Actor {
                author: AuthorId([author; 32]),
                ..Actor::default()
            },
        };
        let mut list = WaitList::default();
        list.add(name.clone(), waiter(1, 1));
        for round in 2..100 {
            list.add(name.clone(), waiter(2, round));
            list.remove(MessageId([2; 32]));
        }
        assert!(list.queues[0].actors.len() <= 2);
        list.add(name.clone(), waiter(3, 3));
        let spec = TagSpec {
            name: &name,
            display: "bell",
            ty: TypeHash([0; 32]),
            descriptor: &[],
            read: Access::Any,
            write: Access::Any,
            lifetime: None,
            program: [0; 32],
        };
        let tag = Tag::new(&waiter(9, 9).actor, &spec, b"x", Time::NEVER);
        let woken: Vec<u8> = list
            .wake(&name, &tag)
            .iter()
            .map(|wake| wake.message.0[0])
            .collect();
        assert_eq!(woken, [1, 3]);
        assert!(list.is_empty());
    }
}
