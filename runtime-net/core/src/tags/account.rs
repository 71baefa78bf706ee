//! Quotas: what the tags of each author and of the whole node may use.

use std::collections::BTreeMap;
use std::ops::{Add, Sub};

use super::TagError;
use crate::ids::AuthorId;

/// A number of tags and their bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Usage {
    /// How many tags.
    pub tags: usize,
    /// Names, values and overhead of these tags, in bytes.
    pub bytes: usize,
}

impl Usage {
    /// One tag of that size.
    pub const fn one(bytes: usize) -> Self {
        Self { tags: 1, bytes }
    }

    fn within(self, most: Usage) -> bool {
        self.tags <= most.tags && self.bytes <= most.bytes
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            tags: self.tags + other.tags,
            bytes: self.bytes + other.bytes,
        }
    }
}

/// Taking back more than was charged is a bug of this crate.
impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            tags: self.tags - other.tags,
            bytes: self.bytes - other.bytes,
        }
    }
}

/// The quotas of a Tag Space.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TagLimits {
    /// What one author's tags may use.
    pub author: Usage,
    /// What all tags together may use.
    pub node: Usage,
}

/// Room for 4,096 tags and 4 MB of each author, 65,536 tags and 64 MB in all.
impl Default for TagLimits {
    fn default() -> Self {
        Self {
            author: Usage {
                tags: 4_096,
                bytes: 4 << 20,
            },
            node: Usage {
                tags: 65_536,
                bytes: 64 << 20,
            },
        }
    }
}

/// The usage of each author. An author without tags has no entry, so strangers leave no trace.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    limits: TagLimits,
    total: Usage,
    /// Something was let in without regard to these quotas: they may be exceeded.
    exceeded: bool,
    authors: BTreeMap<AuthorId, Usage>,
}

impl Accounts {
    pub(super) fn new(limits: TagLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    pub(super) fn set_limits(&mut self, limits: TagLimits) {
        self.limits = limits;
        self.exceeded = true;
    }

    pub(super) fn total(&self) -> Usage {
        self.total
    }

    pub(super) fn of(&self, author: AuthorId) -> Usage {
        self.authors.get(&author).copied().unwrap_or_default()
    }

    pub(super) fn charge(&mut self, author: AuthorId, usage: Usage) -> Result<(), TagError> {
        let fits = (self.of(author) + usage).within(self.limits.author)
            && (self.total + usage).within(self.limits.node);
        if !fits {
            return Err(TagError::Full);
        }
        self.add(author, usage);
        Ok(())
    }

    /// Charges without regard to quotas, for what has been admitted already.
    pub(super) fn force(&mut self, author: AuthorId, usage: Usage) {
        self.exceeded = true;
        self.add(author, usage);
    }

    fn add(&mut self, author: AuthorId, usage: Usage) {
        self.total = self.total + usage;
        let account = self.authors.entry(author).or_default();
        *account = *account + usage;
    }

    /// Another use takes the place of one. If that is too much, all stays as it was.
    pub(super) fn exchange(
        &mut self,
        before: (AuthorId, Usage),
        after: (AuthorId, Usage),
    ) -> Result<(), TagError> {
        let is_same = before.1 == after.1 && before.0.cmp(&after.0).is_eq();
        if is_same && !self.exceeded {
            return Ok(());
        }
        if is_same {
            let within =
                self.of(after.0).within(self.limits.author) && self.total.within(self.limits.node);
            return if within { Ok(()) } else { Err(TagError::Full) };
        }
        self.refund(before.0, before.1);
        let charged = self.charge(after.0, after.1);
        if charged.is_err() {
            self.add(before.0, before.1);
        }
        charged
    }

    pub(super) fn refund(&mut self, author: AuthorId, usage: Usage) {
        self.total = self.total - usage;
        let rest = self.of(author) - usage;
        if rest == Usage::default() {
            self.authors.remove(&author);
        } else {
            self.authors.insert(author, rest);
        }
    }
}
