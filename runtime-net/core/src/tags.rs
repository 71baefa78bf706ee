//! The Tag Space: the memory of a node that programs find each other by.
//!
//! A tag is named by a hash that already contains its value type and, for `access code`, the
//! module that declares it ([`TagName`]). So a tag of another type, or of a module that one does
//! not run, is not refused but simply another name: absent. What is left to check at run time is
//! `access owner`, for reading and for writing apart:
//!
//! | call | absent | may read | may write only | neither |
//! | --- | --- | --- | --- | --- |
//! | `has` | no | yes | no | no |
//! | `read` | nothing | the value | nothing | nothing |
//! | `create` | creates | `Exists` | `Refused` | `Refused` |
//! | `write` | creates | `Refused`, unless it may write too | writes | `Refused` |
//! | `delete` | no | no, unless it may write too | deletes | no |
//! | `block` | sleeps | sleeps, wakes | sleeps on | sleeps on |
//!
//! A name holds one tag, so the existence of an invisible one cannot be hidden from who wants to
//! create it: the answer is `Refused`, which does not tell it apart from a full quota of rights.
//!
//! A lifetime counts from the last write, so a value that is kept fresh stays and a stale one goes.
//! It runs on the node's monotonic clock: an expired tag is absent from that instant on, and its
//! memory is given back by [`TagSpace::expire`]. A turn uses one instant throughout, so no
//! tag expires within it. Creating and writing wake who blocks on a tag; expiry and deletion do
//! not. Nothing is undone: what a turn wrote stands, also if the message traps later.

mod account;
mod entry;
mod open;
mod shelf;
mod waiting;

use std::collections::BTreeSet;

use sm_vm::TagRef;

pub use account::{TagLimits, Usage};
pub use entry::{Access, Actor, Keeper, Standing, Tag, TagKey, TagName, TagSpec};
pub use open::OpenTag;
pub use waiting::{Waiter, Wake};

use crate::ids::{AuthorId, MessageId, Span, Time};
use crate::limits;
use account::Accounts;
use shelf::{Kept, Place, Shelf};
use waiting::WaitList;

/// Why a tag was not created or written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TagError {
    /// There is such a tag already.
    Exists,
    /// The author has no right to it.
    Refused,
    /// A quota of the author or of the node is used up, or the value is too long.
    Full,
}

/// What became of a write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Written {
    /// A tag that was there has the value.
    Kept,
    /// There is a new tag, with the value.
    Created,
    /// A driver keeps the tag: the value is for it, and is to be released when the turn ends.
    ForDriver,
}

/// The tags of one node.
#[derive(Clone, Debug, Default)]
pub struct TagSpace {
    tags: Shelf,
    expiries: BTreeSet<(Time, TagName)>,
    accounts: Accounts,
    waiting: WaitList,
    woken: Vec<Wake>,
    dirty: BTreeSet<TagName>,
    version: u64,
}

impl TagSpace {
    /// An empty space with these quotas; `seed` is the node's secret.
    pub fn new(limits: TagLimits, seed: u64) -> Self {
        Self {
            tags: Shelf::new(seed),
            accounts: Accounts::new(limits),
            ..Self::default()
        }
    }

    /// Changes the quotas. Tags beyond the new ones stay; none can be added to them.
    pub fn set_limits(&mut self, limits: TagLimits) {
        self.accounts.set_limits(limits);
    }

    /// Makes a tag that is not there yet.
    ///
    /// # Errors
    /// [`TagError::Exists`] where it may be read, [`TagError::Refused`] where it may not, and
    /// [`TagError::Full`].
    pub fn create(
        &mut self,
        now: Time,
        actor: &Actor,
        spec: &TagSpec<'_>,
        value: &[u8],
    ) -> Result<(), TagError> {
        match self.live(now, spec.name) {
            Some(tag) if tag.may_read(actor) => Err(TagError::Exists),
            Some(_) => Err(TagError::Refused),
            None => self.insert(now, actor, spec, value),
        }
    }

    /// Gives a tag a new value, or creates it as `spec` says where it is absent.
    ///
    /// # Errors
    /// [`TagError::Refused`] without the right to write, and [`TagError::Full`].
    pub fn write(
        &mut self,
        now: Time,
        actor: &Actor,
        spec: &TagSpec<'_>,
        value: &[u8],
    ) -> Result<Written, TagError> {
        match self.found(now, spec.name) {
            Some((place, _)) => self.write_at(now, actor, place, value),
            None => {
                self.insert(now, actor, spec, value)?;
                Ok(Written::Created)
            }
        }
    }

    /// The same, where the tag lies.
    fn write_at(
        &mut self,
        now: Time,
        actor: &Actor,
        place: Place,
        value: &[u8],
    ) -> Result<Written, TagError> {
        let kept = self.tags.get(place).ok_or(TagError::Refused)?;
        if !kept.tag.may_write(actor) {
            return Err(TagError::Refused);
        }
        fits(value.len(), limits::TAG_VALUE_BYTES)?;
        if kept.tag.keeper == Keeper::Driver {
            return Ok(Written::ForDriver);
        }
        self.replace(now, actor.author, place, value)?;
        Ok(Written::Kept)
    }

    /// Gives a tag a new value that is there; `None` where it is absent. See [`TagSpace::write`].
    pub(crate) fn overwrite(
        &mut self,
        now: Time,
        actor: &Actor,
        tag: &TagRef<'_>,
        value: &[u8],
    ) -> Option<Result<Written, TagError>> {
        let place = self.place_of(now, tag)?;
        Some(self.write_at(now, actor, place, value))
    }

    /// As [`TagSpace::read`], of the tag as a program names it.
    pub(crate) fn look(&self, now: Time, actor: &Actor, tag: &TagRef<'_>) -> Option<&Tag> {
        let kept = self.tags.get(self.place_of(now, tag)?)?;
        kept.tag.may_read(actor).then_some(&kept.tag)
    }

    /// Where a tag lies that has not expired: mostly where it was found the last time.
    fn place_of(&self, now: Time, tag: &TagRef<'_>) -> Option<Place> {
        let last = tag.hint.map(|hint| Place(hint.get()));
        let place = match last.filter(|place| self.tags.is(*place, tag.base, tag.key)) {
            Some(place) => place,
            None => {
                let place = self.tags.find(tag.base, tag.key)?;
                tag.hint.inspect(|hint| hint.set(place.0));
                place
            }
        };
        let is_live = self.tags.get(place)?.tag.expires > now;
        is_live.then_some(place)
    }

    /// Removes a tag; whether there was one that the author may write.
    pub fn delete(&mut self, now: Time, actor: &Actor, name: &TagName) -> bool {
        let deletable = self
            .live(now, name)
            .is_some_and(|tag| tag.may_write(actor) && tag.keeper == Keeper::Programs);
        if deletable {
            self.remove(name);
        }
        deletable
    }

    /// Whether there is such a tag that the author may read.
    pub fn has(&self, now: Time, actor: &Actor, name: &TagName) -> bool {
        self.readable(now, actor, name).is_some()
    }

    /// The value of a tag that the author may read.
    pub fn read(&self, now: Time, actor: &Actor, name: &TagName) -> Option<&[u8]> {
        self.readable(now, actor, name).map(|tag| &*tag.value)
    }

    /// The version of a tag that the author may read: greater with each create and write of any
    /// tag of the node, and zero where there is none.
    pub fn version(&self, now: Time, actor: &Actor, name: &TagName) -> u64 {
        self.readable(now, actor, name).map_or(0, |tag| tag.version)
    }

    /// Puts a message to sleep until the tag is next created or written with a right to read it.
    ///
    /// With `after`, a value with a greater version that is there already is answered at once and
    /// nothing sleeps, so that nothing which came after that version is missed.
    pub fn block(
        &mut self,
        now: Time,
        name: &TagName,
        waiter: Waiter,
        after: Option<u64>,
    ) -> Option<Box<[u8]>> {
        let present = self
            .readable(now, &waiter.actor, name)
            .filter(|tag| after.is_some_and(|version| tag.version > version))
            .map(|tag| tag.value.clone());
        if present.is_none() {
            self.waiting.add(name.clone(), waiter);
        }
        present
    }

    /// Stops waiting on behalf of a message: its timeout came, or it ended.
    pub fn unblock(&mut self, message: MessageId) {
        self.waiting.remove(message);
    }

    /// Who was woken since the last call, in the order in which they began to wait.
    pub fn take_woken(&mut self) -> Vec<Wake> {
        std::mem::take(&mut self.woken)
    }

    /// The names of all tags changed since the last call, for the store.
    pub fn take_dirty(&mut self) -> BTreeSet<TagName> {
        for name in &self.dirty {
            let place = self.tags.find(&name.base, &name.key);
            if let Some(kept) = place.and_then(|place| self.tags.get_mut(place)) {
                kept.dirty = false;
            }
        }
        std::mem::take(&mut self.dirty)
    }

    /// When the next tag expires.
    pub fn next_expiry(&self) -> Option<Time> {
        self.expiries.first().map(|(time, _)| *time)
    }

    /// Removes what has expired, and answers the names.
    pub fn expire(&mut self, now: Time) -> Vec<TagName> {
        let mut gone = Vec::new();
        while let Some((time, name)) = self.expiries.first() {
            if *time > now {
                break;
            }
            let name = name.clone();
            self.remove(&name);
            gone.push(name);
        }
        gone
    }

    /// A driver gives a value to a tag it keeps, creating the tag with the first one.
    ///
    /// A tag of programs that has the name is taken over. Drivers are the node's own, so no
    /// quota applies.
    pub fn drive(&mut self, spec: &TagSpec<'_>, value: &[u8]) {
        self.remove(spec.name);
        let driver = Actor {
            author: AuthorId::default(),
            standing: Standing::Trusted,
        };
        let mut tag = Tag::new(
            &driver,
            &TagSpec {
                lifetime: None,
                ..*spec
            },
            value,
            Time::NEVER,
        );
        tag.keeper = Keeper::Driver;
        self.accounts.force(tag.payer, Usage::one(tag.bytes()));
        self.put(spec.name.clone(), tag);
    }

    /// The operator creates or writes an ordinary tag, in whose place nothing is asked.
    pub fn put_for_operator(&mut self, now: Time, spec: &TagSpec<'_>, value: &[u8]) {
        self.remove(spec.name);
        let operator = Actor {
            author: AuthorId::default(),
            standing: Standing::Trusted,
        };
        let tag = Tag::new(&operator, spec, value, expiry(now, spec.lifetime));
        self.accounts
            .force(tag.payer, Usage::one(tag.bytes() + spec.name.bytes()));
        self.put(spec.name.clone(), tag);
    }

    /// A driver stops keeping a tag: it is gone.
    pub fn undrive(&mut self, name: &TagName) {
        let place = self.tags.find(&name.base, &name.key);
        let kept = place.and_then(|place| self.tags.get(place));
        if kept.is_some_and(|kept| kept.tag.keeper == Keeper::Driver) {
            self.remove(name);
        }
    }

    /// The operator removes a tag, in whose place nothing is asked.
    pub fn take_away(&mut self, name: &TagName) {
        self.remove(name);
    }

    /// Puts back a tag from the store; versions go on after it.
    pub fn restore(&mut self, name: TagName, tag: Tag) {
        self.remove(&name);
        self.version = self.version.max(tag.version);
        self.accounts
            .force(tag.payer, Usage::one(tag.bytes() + name.bytes()));
        self.index(name, tag, false);
    }

    /// A tag as it lies there, without regard to rights; `None` where it has expired.
    pub fn get(&self, now: Time, name: &TagName) -> Option<&Tag> {
        self.live(now, name)
    }

    /// All tags that have not expired, by name.
    pub fn iter(&self, now: Time) -> impl Iterator<Item = (&TagName, &Tag)> {
        let all = self.tags.iter().map(|kept| (&kept.name, &kept.tag));
        all.filter(move |(_, tag)| tag.expires > now)
    }

    /// What all tags together use.
    pub fn usage(&self) -> Usage {
        self.accounts.total()
    }

    /// What the tags paid for by one author use.
    pub fn usage_of(&self, author: AuthorId) -> Usage {
        self.accounts.of(author)
    }

    fn live(&self, now: Time, name: &TagName) -> Option<&Tag> {
        self.found(now, name).map(|(_, tag)| tag)
    }

    /// A tag that has not expired, and where it lies.
    fn found(&self, now: Time, name: &TagName) -> Option<(Place, &Tag)> {
        let place = self.tags.find(&name.base, &name.key)?;
        let tag = &self.tags.get(place)?.tag;
        (tag.expires > now).then_some((place, tag))
    }

    fn readable(&self, now: Time, actor: &Actor, name: &TagName) -> Option<&Tag> {
        self.live(now, name).filter(|tag| tag.may_read(actor))
    }

    fn insert(
        &mut self,
        now: Time,
        actor: &Actor,
        spec: &TagSpec<'_>,
        value: &[u8],
    ) -> Result<(), TagError> {
        fits(value.len(), limits::TAG_VALUE_BYTES)?;
        fits(spec.name.key.len(), limits::TAG_KEY_BYTES)?;
        fits(spec.display.len(), limits::TAG_DISPLAY_BYTES)?;
        self.remove(spec.name);
        let tag = Tag::new(actor, spec, value, expiry(now, spec.lifetime));
        self.accounts
            .charge(tag.payer, Usage::one(tag.bytes() + spec.name.bytes()))?;
        self.put(spec.name.clone(), tag);
        Ok(())
    }

    /// A write moves the cost of the tag to the writer, who else could fill another's quota.
    fn replace(
        &mut self,
        now: Time,
        payer: AuthorId,
        place: Place,
        value: &[u8],
    ) -> Result<(), TagError> {
        let Some(Kept { name, tag, dirty }) = self.tags.get_mut(place) else {
            return Err(TagError::Refused);
        };
        let rest = tag.bytes() - tag.value.len() + name.bytes();
        self.accounts.exchange(
            (tag.payer, Usage::one(rest + tag.value.len())),
            (payer, Usage::one(rest + value.len())),
        )?;
        match tag.value.len() == value.len() {
            true => tag.value.copy_from_slice(value),
            false => tag.value = value.into(),
        }
        tag.payer = payer;
        let expires = expiry(now, tag.lifetime);
        if expires != tag.expires {
            self.expiries.remove(&(tag.expires, name.clone()));
            self.expiries.insert((expires, name.clone()));
            tag.expires = expires;
        }
        self.version += 1;
        tag.version = self.version;
        if !self.waiting.is_empty() {
            self.woken.extend(self.waiting.wake(name, tag));
        }
        if !std::mem::replace(dirty, true) {
            self.dirty.insert(name.clone());
        }
        Ok(())
    }

    /// A new value has come: gives it the next version and wakes who waits for it.
    fn put(&mut self, name: TagName, mut tag: Tag) {
        self.version += 1;
        tag.version = self.version;
        self.woken.extend(self.waiting.wake(&name, &tag));
        self.dirty.insert(name.clone());
        self.index(name, tag, true);
    }

    fn index(&mut self, name: TagName, tag: Tag, dirty: bool) {
        if tag.expires != Time::NEVER {
            self.expiries.insert((tag.expires, name.clone()));
        }
        self.tags.put(Kept { name, tag, dirty });
    }

    fn remove(&mut self, name: &TagName) -> Option<Tag> {
        let Kept { tag, .. } = self.tags.take(name)?;
        let own = if tag.keeper == Keeper::Driver {
            0
        } else {
            name.bytes()
        };
        self.accounts
            .refund(tag.payer, Usage::one(tag.bytes() + own));
        self.expiries.remove(&(tag.expires, name.clone()));
        self.dirty.insert(name.clone());
        Some(tag)
    }
}

fn fits(length: usize, most: usize) -> Result<(), TagError> {
    if length <= most {
        Ok(())
    } else {
        Err(TagError::Full)
    }
}

fn expiry(now: Time, lifetime: Option<Span>) -> Time {
    lifetime.map_or(Time::NEVER, |span| now + span.min(limits::LIFETIME_LONGEST))
}

#[cfg(test)]
mod tests;
