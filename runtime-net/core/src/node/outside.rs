//! What comes from the world outside: values of drivers, tags of the operator, the date.

use super::{Node, Step};
use crate::engine::Engine;
use crate::ids::{MessageId, Span, Time, TypeHash};
use crate::tags::{Access, Keeper, TagName, TagSpec};

/// A change of a tag from outside, which may have to wait for the end of a turn.
#[derive(Debug)]
pub(super) struct TagChange {
    /// Who keeps the tag from then on.
    keeper: Keeper,
    name: TagName,
    display: String,
    ty: TypeHash,
    descriptor: Vec<u8>,
    access: (Access, Access),
    lifetime: Option<Span>,
    program: [u8; 32],
    value: Vec<u8>,
}

impl TagChange {
    fn new(keeper: Keeper, spec: &TagSpec<'_>, value: &[u8]) -> Self {
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

    fn spec(&self) -> TagSpec<'_> {
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

    fn change_tag(&mut self, now: Time, change: TagChange) {
        self.now = self.now.max(now);
        if self.turn.is_some() {
            return self.deferred.push_back(change);
        }
        self.apply(&change);
        self.commit();
    }

    pub(super) fn apply(&mut self, change: &TagChange) {
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
