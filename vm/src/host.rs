//! What a machine asks its node, and is answered at once.
//!
//! Everything a program can learn or change outside its own state goes through [`Host`], so a run
//! is a pure function of the program, its state and these answers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use sm_bytecode::{Access, EntryRef, ManifestHash, TagCode, TypeHash};

/// What a program declares about a tag: shared by all its members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TagDecl {
    /// The name as declared, for people; the identity is in [`TagRef::base`].
    pub name: String,
    /// The type of its values.
    pub value: TypeHash,
    /// The canonical descriptor of that type: `sm_bytecode` decodes it without the program.
    pub descriptor: Vec<u8>,
    /// The canonical descriptors of the types of a family's keys, in order; empty for a plain tag.
    pub keys: Vec<Vec<u8>>,
    /// The lifetime a tag gets when the creator names none, in nanoseconds; `None` is the node's
    /// default.
    pub lifetime: Option<u64>,
    /// Who may read it when the creator says nothing.
    pub read: Access,
    /// Who may write it when the creator says nothing.
    pub write: Access,
    /// The module whose manifest is part of the identity (`access code`).
    pub owner: Option<ManifestHash>,
}

/// Where a host found a tag the last time. It means something to that host alone, which has to see
/// for itself whether it still holds.
#[derive(Debug, Default)]
pub struct TagHint(AtomicU32);

impl TagHint {
    /// What was noted last; 0 at first.
    pub fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// Notes something for the next time.
    pub fn set(&self, hint: u32) {
        self.0.store(hint, Relaxed);
    }
}

/// One tag: a plain one, or one member of a family.
#[derive(Clone, Copy, Debug)]
pub struct TagRef<'a> {
    /// The identity of the declaration: a hash of name, value type, key types and, for
    /// `access code`, the manifest of the declaring module.
    pub base: &'a [u8; 32],
    /// The canonical encoding of the member's keys; empty for a plain tag.
    pub key: &'a [u8],
    /// The declaration in the running program.
    pub decl: &'a TagDecl,
    /// One for each declaration, where the program itself asks.
    pub hint: Option<&'a TagHint>,
}

/// A [`TagRef`] that owns its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TagBuf {
    /// See [`TagRef::base`].
    pub base: [u8; 32],
    /// See [`TagRef::key`].
    pub key: Vec<u8>,
    /// See [`TagRef::decl`].
    pub decl: Arc<TagDecl>,
}

impl TagBuf {
    /// Borrows the parts.
    pub fn as_ref(&self) -> TagRef<'_> {
        TagRef {
            base: &self.base,
            key: &self.key,
            decl: &self.decl,
            hint: None,
        }
    }
}

/// How long a new tag is to live.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lifetime {
    /// As its declaration says.
    #[default]
    Default,
    /// Until it is deleted.
    Never,
    /// So many nanoseconds from now.
    After(u64),
}

/// Who may read or write a new tag; `None` stands for what the declaration says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CreateOptions {
    /// How long the tag lives.
    pub lifetime: Lifetime,
    /// Who may read it.
    pub read: Option<Access>,
    /// Who may write, and delete, it.
    pub write: Option<Access>,
}

/// The node will not start another message for this one: the program traps (`TooManyChildren`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpawnRefused;

impl fmt::Display for SpawnRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the node refuses another child of this message")
    }
}

impl std::error::Error for SpawnRefused {}

/// The node a message stands on, as the message sees it.
///
/// Values and arguments are in the canonical data encoding (`docs/STATE.md`); a machine gives only
/// well-formed ones, and reads an ill-formed tag value as an absent tag.
pub trait Host {
    /// Makes a tag that must not exist yet.
    fn tag_create(&mut self, tag: &TagRef<'_>, value: &[u8], options: CreateOptions) -> TagCode;
    /// Deletes a tag; answers whether it was there and the right sufficed.
    fn tag_delete(&mut self, tag: &TagRef<'_>) -> bool;
    /// Whether the tag is there and may be read.
    fn tag_has(&mut self, tag: &TagRef<'_>) -> bool;
    /// The value of a tag that is there and may be read.
    fn tag_read(&mut self, tag: &TagRef<'_>) -> Option<&[u8]>;
    /// Writes a tag, and creates it with the declared defaults where it is absent.
    fn tag_write(&mut self, tag: &TagRef<'_>, value: &[u8]) -> TagCode;
    /// The version of the tag's last value; 0 if it is absent.
    fn tag_version(&mut self, tag: &TagRef<'_>) -> u64;
    /// Starts a new message of the same program on this node; answers its id.
    fn spawn(&mut self, entry: EntryRef, args: &[u8]) -> Result<[u8; 32], SpawnRefused>;
    /// The nodes that can be reached in one hop now.
    fn neighbors(&mut self) -> Vec<[u8; 32]>;
    /// The neighbor this message came from, unless it has not moved yet.
    fn previous(&self) -> Option<[u8; 32]>;
    /// This node.
    fn here(&self) -> [u8; 32];
    /// The node where the message's program was launched.
    fn home(&self) -> [u8; 32];
    /// The number of hops the message has made.
    fn hops(&self) -> u64;
    /// The message's own age, in nanoseconds.
    fn now(&self) -> u64;
    /// The message's id.
    fn id(&self) -> [u8; 32];
    /// A line of output, without its newline.
    fn print(&mut self, text: &str);
}
