//! Who wants to know what happens on a node.

use std::collections::{BTreeMap, VecDeque};

use sm_core::ids::{LaunchHash, MessageId};
use tokio::sync::mpsc;

use crate::control::protocol::{Answer, Event, Name, Topic, What};

/// Those who follow what happens.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    watchers: Vec<Watcher>,
    launches: Launches,
}

#[derive(Debug)]
struct Watcher {
    topic: Topic,
    answers: mpsc::Sender<Answer>,
    missed: u64,
}

/// The launches of messages that were here a moment ago, for events that come after their end.
#[derive(Debug, Default)]
struct Launches {
    of: BTreeMap<MessageId, LaunchHash>,
    order: VecDeque<MessageId>,
}

/// How many messages' launches are remembered.
const REMEMBERED: usize = 65_536;

impl Watchers {
    pub(crate) fn add(&mut self, topic: Topic, answers: mpsc::Sender<Answer>) {
        self.watchers.push(Watcher {
            topic,
            answers,
            missed: 0,
        });
    }

    /// Whether nobody follows.
    pub(crate) fn is_empty(&self) -> bool {
        self.watchers.is_empty()
    }

    pub(crate) fn remember(&mut self, message: MessageId, launch: LaunchHash) {
        let Launches { of, order } = &mut self.launches;
        if of.insert(message, launch).is_none() {
            order.push_back(message);
        }
        if order.len() > REMEMBERED
            && let Some(oldest) = order.pop_front()
        {
            of.remove(&oldest);
        }
    }

    pub(crate) fn launch_of(&self, message: &MessageId) -> Option<Name> {
        self.launches.of.get(message).map(|launch| launch.0)
    }

    /// Tells all who want to know. Who does not take what he asked for misses some.
    pub(crate) fn tell(&mut self, event: &Event) {
        self.watchers.retain_mut(|watcher| {
            if watcher.answers.is_closed() {
                return false;
            }
            if wants(watcher.topic, event) {
                watcher.tell(event);
            }
            true
        });
    }
}

impl Watcher {
    fn tell(&mut self, event: &Event) {
        if self.missed > 0 && self.answers.try_send(Answer::Missed(self.missed)).is_ok() {
            self.missed = 0;
        }
        let answer = Answer::Event(Box::new(event.clone()));
        if self.answers.try_send(answer).is_err() {
            self.missed += 1;
        }
    }
}

fn wants(topic: Topic, event: &Event) -> bool {
    match topic {
        Topic::All => true,
        Topic::Launch(launch) => event.launch == Some(launch),
        Topic::Message(message) => event.message == message,
        Topic::Tags => matches!(event.what, What::TagWritten { .. } | What::TagGone { .. }),
    }
}
