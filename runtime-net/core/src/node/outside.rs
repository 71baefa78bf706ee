//! What comes from the world outside: values of drivers, tags of the operator, the date.

use super::connection::Happening;
use super::resident::Phase;
use super::{End, Kill, Node, Rules, Step};
use crate::engine::Engine;
use crate::ids::{Attachment, MessageId, Span, Time, TypeHash};
use crate::tags::{Access, Keeper, TagName, TagSpec};

/// A change of a tag from outside, which may have to wait for the end of a turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TagChange {
    /// Who keeps the tag from then on.
    pub keeper: Keeper,
    /// Its identity.
    pub name: TagName,
    /// Its name as people read it.
    pub display: String,
    /// The type of its value.
    pub ty: TypeHash,
    /// The canonical descriptor of that type.
    pub descriptor: Vec<u8>,
    /// Who may read it, and who may write it.
    pub access: (Access, Access),
    /// How long it lives after each write, without end if `None`.
    pub lifetime: Option<Span>,
    /// The program that creates it, zeros where none does.
    pub program: [u8; 32],
    /// Its value in canonical encoding.
    pub value: Vec<u8>,
}

/// What a driver or the operator did while a turn was under way.
#[derive(Debug)]
pub(super) enum Deferred {
    Change(TagChange),
    Gone(TagName),
    Connection(Attachment, Happening),
}

impl TagChange {
    /// Gives a tag of this kind a value.
    pub fn new(keeper: Keeper, spec: &TagSpec<'_>, value: &[u8]) -> Self {
        Self {
            keeper,
            name: spec.name.clone(),
            display: spec.display.to_owned(),
            ty: spec.ty,
            descriptor: spec.descriptor.to_vec(),
            access: (spec.read, spec.write),
            lifetime: spec.lifetime,
            program: spec.program,
            value: value.to_vec(),
        }
    }

    /// What the tag is to be like.
    pub fn spec(&self) -> TagSpec<'_> {
        TagSpec {
            name: &self.name,
            display: &self.display,
            ty: self.ty,
            descriptor: &self.descriptor,
            read: self.access.0,
            write: self.access.1,
            lifetime: self.lifetime,
            program: self.program,
        }
    }
}

impl<E: Engine> Node<E> {
    /// A driver gives a value to a tag that it keeps: a sensor, an actuator, a clock.
    ///
    /// The first call makes the tag. What programs write to it comes out as
    /// [`Output::IoWrite`](super::Output::IoWrite) and changes nothing until the driver says so.
    /// If a turn is under way the value takes effect at its end.
    pub fn handle_io(&mut self, now: Time, spec: &TagSpec<'_>, value: &[u8]) {
        self.change_tag(now, TagChange::new(Keeper::Driver, spec, value));
    }

    /// The operator creates or writes an ordinary tag on behalf of nobody.
    ///
    /// If a turn is under way it takes effect at its end. It is not refused for quotas.
    pub fn handle_tag(&mut self, now: Time, spec: &TagSpec<'_>, value: &[u8]) {
        self.change_tag(now, TagChange::new(Keeper::Programs, spec, value));
    }

    /// The date, in seconds of Unix time: launch records that have expired are refused from then
    /// on. A node that is never told takes all of them.
    pub fn handle_date(&mut self, now: Time, unix_seconds: u64) {
        self.now = self.now.max(now);
        self.date = Some((unix_seconds, self.now));
    }

    /// The operator has changed what the node grants and whom it believes: for all that comes from
    /// now on.
    pub fn handle_rules(&mut self, now: Time, rules: Rules) {
        self.now = self.now.max(now);
        self.tags.set_limits(rules.limits.tags);
        self.config.limits = rules.limits;
        self.config.policy = rules.policy;
    }

    /// The operator removes a tag, whoever it belongs to; whether there was one.
    ///
    /// A driver's tag comes back with the driver's next value.
    pub fn handle_tag_gone(&mut self, now: Time, name: &TagName) -> bool {
        self.now = self.now.max(now);
        let there = self.tags.get(self.now, name).is_some();
        if self.turn.is_some() {
            self.deferred.push_back(Deferred::Gone(name.clone()));
            return there;
        }
        self.take_away(name);
        self.commit();
        there
    }

    /// The operator ends a message; whether it is here.
    ///
    /// One that runs ends with its slice. One that is moving ends here if the hop fails; if the hop
    /// takes place it has left, and goes on.
    pub fn handle_kill(&mut self, now: Time, message: MessageId) -> bool {
        self.now = self.now.max(now);
        let Some(resident) = self.messages.get(&message) else {
            return false;
        };
        let moves = matches!(resident.phase, Phase::Moving(_));
        let runs = self
            .turn
            .as_ref()
            .is_some_and(|turn| turn.message == message);
        if moves || runs {
            self.doomed.insert(message);
        } else {
            self.end_message(message, End::Killed(Kill::Operator));
        }
        self.commit();
        true
    }

    pub(super) fn change_tag(&mut self, now: Time, change: TagChange) {
        self.now = self.now.max(now);
        if self.turn.is_some() {
            return self.deferred.push_back(Deferred::Change(change));
        }
        self.apply(&change);
        self.commit();
    }

    /// Does what had to wait for the end of a turn.
    pub(super) fn catch_up(&mut self, deferred: Deferred) {
        match deferred {
            Deferred::Change(change) => self.apply(&change),
            Deferred::Gone(name) => self.take_away(&name),
            Deferred::Connection(attachment, happening) => self.happened(attachment, happening),
        }
    }

    fn take_away(&mut self, name: &TagName) {
        let display = self
            .tags
            .get(self.now, name)
            .map(|tag| tag.display.to_string());
        if let Some(display) = display {
            self.tags.take_away(name);
            let tag = name.clone();
            self.trace(MessageId::default(), || Step::TagDeleted { display, tag });
        }
    }

    fn apply(&mut self, change: &TagChange) {
        match change.keeper {
            Keeper::Driver => self.tags.drive(&change.spec(), &change.value),
            Keeper::Programs => {
                self.tags
                    .put_for_operator(self.now, &change.spec(), &change.value);
            }
        }
        self.trace(MessageId::default(), || Step::TagWritten {
            display: change.display.clone(),
            tag: change.name.clone(),
            value: change.value.clone(),
        });
        self.wake();
    }

    pub(super) fn expire_tags(&mut self) {
        if self.turn.is_some() {
            return;
        }
        for tag in self.tags.expire(self.now) {
            self.trace(MessageId::default(), || Step::TagExpired { tag });
        }
    }
}
