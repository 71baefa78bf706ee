//! One tag: its name, its value, and who may do what with it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use crate::ids::{AuthorId, Span, Time, TypeHash, in_order};
use crate::limits;

/// The identity of a tag on a node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TagName {
    /// Hash of the declared name, the types of value and keys, and for `access code` the module.
    pub base: [u8; 32],
    /// The canonical encoding of a family member's keys, empty for a plain tag.
    pub key: TagKey,
}

/// Bytes that are mostly few: those lie here.
#[derive(Clone)]
pub struct TagKey(Bytes);

#[derive(Clone)]
enum Bytes {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

/// As many as make no difference to the size.
const SHORT: usize = 22;

impl Deref for TagKey {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short(len, bytes) => &bytes[..usize::from(*len)],
            Bytes::Long(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for TagKey {
    #[inline]
    fn from(key: &[u8]) -> Self {
        Self(match key.len() {
            len @ 0..=SHORT => {
                let mut bytes = [0; SHORT];
                bytes[..len].copy_from_slice(key);
                Bytes::Short(len as u8, bytes)
            }
            _ => Bytes::Long(key.into()),
        })
    }
}

impl From<Vec<u8>> for TagKey {
    fn from(key: Vec<u8>) -> Self {
        (&*key).into()
    }
}

impl Default for TagKey {
    fn default() -> Self {
        Self(Bytes::Short(0, [0; SHORT]))
    }
}

impl PartialEq for TagKey {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for TagKey {}

impl Ord for TagKey {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl PartialOrd for TagKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for TagKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl TagName {
    /// A tag that is no member of a family.
    pub fn plain(base: [u8; 32]) -> Self {
        Self {
            base,
            key: TagKey::default(),
        }
    }

    /// Whether it has these parts. They are short: to call somebody to compare them takes longer.
    #[inline]
    pub(super) fn is(&self, base: &[u8; 32], key: &[u8]) -> bool {
        let own = &*self.key;
        in_order(&self.base, base).is_eq()
            && own.len() == key.len()
            && own.iter().zip(key).all(|(own, other)| own == other)
    }

    /// What the name costs in a quota, in bytes.
    pub fn bytes(&self) -> usize {
        self.base.len() + self.key.len()
    }
}

/// Who may read a tag, or write it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Access {
    /// Every program.
    #[default]
    Any,
    /// Programs of the author who created it.
    Owner,
    /// The code of the module that declares it, which the tag's name has proved already.
    Code,
}

impl Access {
    const ALL: [Access; 3] = [Access::Any, Access::Owner, Access::Code];

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl From<sm_bytecode::Access> for Access {
    fn from(access: sm_bytecode::Access) -> Self {
        match access {
            sm_bytecode::Access::Any => Access::Any,
            sm_bytecode::Access::Owner => Access::Owner,
            sm_bytecode::Access::Code => Access::Code,
        }
    }
}

/// How far the author of a message is believed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Standing {
    /// It started here, or came from a neighbor that may carry this author.
    Trusted,
    /// It came from another neighbor: its state is not the author's word, so it has only the
    /// rights that everybody has.
    #[default]
    Stranger,
}

/// On whose behalf something is done to a tag.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Actor {
    /// Who pays, and who owns what is created.
    pub author: AuthorId,
    /// Whether the author's own rights apply.
    pub standing: Standing,
}

/// Who decides what value a tag has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Keeper {
    /// Programs: the last write stands.
    #[default]
    Programs,
    /// A driver of the node: what programs write is a request to it.
    Driver,
}

/// What a tag is to be like where it does not exist yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TagSpec<'a> {
    /// Its identity.
    pub name: &'a TagName,
    /// Its name as people read it.
    pub display: &'a str,
    /// The type of its value.
    pub ty: TypeHash,
    /// The canonical descriptor of that type, with which a node can show the value.
    pub descriptor: &'a [u8],
    /// Who may read it.
    pub read: Access,
    /// Who may write and delete it.
    pub write: Access,
    /// How long it lives after each write, without end if `None`.
    pub lifetime: Option<Span>,
    /// The program that creates it, zeros where none does.
    pub program: [u8; 32],
}

/// A tag as it lies in the space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// Its name as people read it.
    pub display: Box<str>,
    /// The type of its value.
    pub ty: TypeHash,
    /// The canonical descriptor of that type.
    pub descriptor: Box<[u8]>,
    /// The canonical encoding of its value.
    pub value: Box<[u8]>,
    /// Who may read it.
    pub read: Access,
    /// Who may write and delete it.
    pub write: Access,
    /// Who created it, and is meant by [`Access::Owner`].
    pub author: AuthorId,
    /// Whether the creator's own rights applied: what a stranger made belongs to no owner.
    pub standing: Standing,
    /// Who wrote it last, and pays for it.
    pub payer: AuthorId,
    /// The program that created it.
    pub program: [u8; 32],
    /// Greater with each create and write on this node.
    pub version: u64,
    /// How long it lives after each write, without end if `None`.
    pub lifetime: Option<Span>,
    /// From when on it is absent.
    pub expires: Time,
    /// Who decides about its value.
    pub keeper: Keeper,
}

impl Tag {
    pub(super) fn new(actor: &Actor, spec: &TagSpec<'_>, value: &[u8], expires: Time) -> Self {
        Self {
            display: spec.display.into(),
            ty: spec.ty,
            descriptor: spec.descriptor.into(),
            value: value.into(),
            read: spec.read,
            write: spec.write,
            author: actor.author,
            standing: actor.standing,
            payer: actor.author,
            program: spec.program,
            version: 0,
            lifetime: spec.lifetime,
            expires,
            keeper: Keeper::Programs,
        }
    }

    /// Whether this author may read it.
    pub fn may_read(&self, actor: &Actor) -> bool {
        self.allows(self.read, actor)
    }

    /// Whether this author may write and delete it.
    pub fn may_write(&self, actor: &Actor) -> bool {
        self.allows(self.write, actor)
    }

    /// What the tag costs in a quota beside its name, in bytes.
    pub fn bytes(&self) -> usize {
        limits::TAG_OVERHEAD_BYTES + self.display.len() + self.descriptor.len() + self.value.len()
    }

    fn allows(&self, access: Access, actor: &Actor) -> bool {
        match access {
            Access::Any => true,
            // A stranger's state can stand anywhere in the module's code.
            Access::Code => actor.standing == Standing::Trusted,
            Access::Owner => {
                let trusted = (Standing::Trusted, Standing::Trusted);
                (self.standing, actor.standing) == trusted && self.author == actor.author
            }
        }
    }
}
