//! Tag declarations of all bricks, and their identities.

use std::collections::BTreeMap;
use std::sync::Arc;

use sm_bytecode::codec::Writer;
use sm_bytecode::{BrickHash, Group, ManifestHash, TagConst, TypeHash, TypeIx};

use crate::host::{TagDecl, TagHint};
use crate::index::{TagId, TypeId};
use crate::link::calls::Modules;
use crate::link::small;
use crate::link::types::TypeTables;
use crate::program::{LinkError, Source, Tag};

/// The `derive_key` context of the identity of a tag declaration.
const CONTEXT: &str = "smart-messages 0 tag";

#[derive(Default)]
pub(super) struct TagTables {
    pub(super) tags: Vec<Tag>,
    pub(super) identity: Vec<TagId>,
    pub(super) by_base: BTreeMap<[u8; 32], TagId>,
    /// Declarations that are the same in everything.
    known: BTreeMap<Vec<u8>, TagId>,
}

impl TagTables {
    pub(super) fn add(
        &mut self,
        brick: u32,
        hash: BrickHash,
        group: &Group,
        types: &[TypeId],
        all: &TypeTables,
        modules: &Modules<'_>,
    ) -> Result<Vec<TagId>, LinkError> {
        let mut ids = Vec::new();
        for (index, declared) in group.tags.iter().enumerate() {
            let owner = declared.owner.as_ref();
            let owner = owner.map(|name| modules.owner(hash, name)).transpose()?;
            let source = Source {
                brick,
                index: index as u32,
            };
            let tag = make_tag(group, declared, owner, types, all, source);
            ids.push(self.intern(tag)?);
        }
        Ok(ids)
    }

    fn intern(&mut self, tag: Tag) -> Result<TagId, LinkError> {
        let next = TagId(small(self.tags.len())?);
        let id = *self.known.entry(distinction(&tag)).or_insert(next);
        if id == next {
            self.identity
                .push(*self.by_base.entry(tag.base).or_insert(next));
            self.tags.push(tag);
        }
        Ok(id)
    }
}

fn make_tag(
    group: &Group,
    declared: &TagConst,
    owner: Option<ManifestHash>,
    types: &[TypeId],
    all: &TypeTables,
    source: Source,
) -> Tag {
    let id = |ty: &TypeIx| types[ty.index()];
    let descriptor = |ty: &TypeIx| group.types.descriptor(*ty).unwrap_or_default();
    let value = id(&declared.value);
    let keys: Vec<TypeId> = declared.keys.iter().map(id).collect();
    let decl = TagDecl {
        name: declared.name.clone(),
        value: all.hash(value),
        descriptor: descriptor(&declared.value),
        keys: declared.keys.iter().map(descriptor).collect(),
        lifetime: declared.lifetime,
        read: declared.read,
        write: declared.write,
        owner,
    };
    Tag {
        base: identity(&decl, &keys, all),
        decl: Arc::new(decl),
        value,
        keys,
        source,
        hint: TagHint::default(),
    }
}

fn identity(decl: &TagDecl, keys: &[TypeId], types: &TypeTables) -> [u8; 32] {
    let keys: Vec<TypeHash> = keys.iter().map(|key| types.hash(*key)).collect();
    tag_identity(&decl.name, decl.value, &keys, decl.owner)
}

/// The identity of a tag declaration ([`crate::TagRef::base`]): its name, the type of its value,
/// the types of a family's keys and, for `access code`, the declaring module's manifest.
pub fn tag_identity(
    name: &str,
    value: TypeHash,
    keys: &[TypeHash],
    owner: Option<ManifestHash>,
) -> [u8; 32] {
    let mut out = Writer::new();
    out.text(name);
    out.raw(&value.0);
    out.list(keys, |out, key| out.raw(&key.0));
    out.option(owner, |out, owner| out.raw(&owner.0));
    blake3::derive_key(CONTEXT, &out.into_bytes())
}

/// Two declarations with equal bytes here are one.
fn distinction(tag: &Tag) -> Vec<u8> {
    let mut out = Writer::new();
    out.raw(&tag.base);
    out.option(tag.decl.lifetime, Writer::number);
    out.byte(tag.decl.read as u8);
    out.byte(tag.decl.write as u8);
    out.into_bytes()
}
