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
    by_tag: BTreeMap<TagName, Vec<Waiter>>,
    by_message: BTreeMap<MessageId, TagName>,
}

impl WaitList {
    pub(super) fn add(&mut self, name: TagName, waiter: Waiter) {
        self.remove(waiter.message);
        self.by_message.insert(waiter.message, name.clone());
        self.by_tag.entry(name).or_default().push(waiter);
    }

    pub(super) fn remove(&mut self, message: MessageId) {
        let Some(name) = self.by_message.remove(&message) else {
            return;
        };
        let Some(waiters) = self.by_tag.get_mut(&name) else {
            return;
        };
        waiters.retain(|waiter| waiter.message != message);
        if waiters.is_empty() {
            self.by_tag.remove(&name);
        }
    }

    /// Takes those out of the list whom this new value of the tag wakes, oldest first.
    pub(super) fn wake(&mut self, name: &TagName, tag: &Tag) -> Vec<Wake> {
        let waiters = self.by_tag.remove(name).unwrap_or_default();
        let (woken, asleep): (Vec<_>, Vec<_>) = waiters
            .into_iter()
            .partition(|waiter| tag.may_read(&waiter.actor));
        if !asleep.is_empty() {
            self.by_tag.insert(name.clone(), asleep);
        }
        for waiter in &woken {
            self.by_message.remove(&waiter.message);
        }
        let wake = |waiter: Waiter| Wake {
            message: waiter.message,
            value: tag.value.clone(),
        };
        woken.into_iter().map(wake).collect()
    }
}
