//! Tags of nodes as people read and write them.

use std::collections::BTreeMap;

use sm_bytecode::{ManifestHash, Type, TypeHash, TypeIx, TypeTable};
use sm_net::control::protocol::{Name, Tag, TagName};
use sm_vm::Value;

use super::names::{Names, short};

/// The value of a tag as the language writes it.
pub(crate) fn shown(descriptor: &[u8], value: &[u8]) -> String {
    match decode(descriptor, value) {
        Some(value) => value.to_string(),
        None => crate::text::count(value.len(), "byte"),
    }
}

/// The same with the names of nodes where they are known.
pub(crate) fn shown_with(nodes: &Names, descriptor: &[u8], value: &[u8]) -> String {
    match decode(descriptor, value) {
        Some(value) => value.named(&|key| nodes.known(key)).to_string(),
        None => shown(descriptor, value),
    }
}

/// The type of a tag as the language writes it.
pub(crate) fn shown_type(descriptor: &[u8]) -> String {
    TypeTable::from_descriptor(descriptor)
        .map_or_else(|_| "?".to_owned(), |types| types.show(TypeIx(0)))
}

fn decode(descriptor: &[u8], value: &[u8]) -> Option<Value> {
    let types = TypeTable::from_descriptor(descriptor).ok()?;
    sm_vm::value::decode(value, &types, TypeIx(0)).ok()
}

/// What tags are called. A member of a family is called by the name of the family and its keys,
/// `route(Hop(..))`; a node holds the keys encoded and without their types, so they are tried.
#[derive(Debug, Default)]
pub(crate) struct TagNames {
    /// The types of a family's keys, as far as they could be found.
    families: BTreeMap<Name, Option<Vec<Type>>>,
    shown: BTreeMap<(Name, Vec<u8>), String>,
}

/// Types that keys of families usually have.
const KEYS: [Type; 9] = [
    Type::Str,
    Type::Int,
    Type::Node,
    Type::Id,
    Type::Bool,
    Type::Name,
    Type::Duration,
    Type::Bytes,
    Type::Float,
];

/// The most keys of a family that are tried.
const MOST_KEYS: usize = 3;

impl TagNames {
    /// The name of a tag of a list.
    pub(crate) fn of(&mut self, tag: &Tag) -> String {
        self.learn(&tag.name, &tag.display, &tag.descriptor)
    }

    /// The name of a tag whose type is known; it is kept for the time when it is gone.
    pub(crate) fn learn(&mut self, tag: &TagName, display: &str, descriptor: &[u8]) -> String {
        let name = self.name(tag, display, descriptor);
        let place = (tag.base, tag.key.clone());
        self.shown.insert(place, name.clone());
        name
    }

    fn name(&mut self, tag: &TagName, display: &str, descriptor: &[u8]) -> String {
        if tag.key.is_empty() {
            return display.to_owned();
        }
        match self.keys(tag, display, descriptor, &[]) {
            Some(keys) => member(display, &keys),
            None => unnamed(display, tag),
        }
    }

    /// The keys of a member of a family that belongs to nobody's code, or to one of these modules.
    pub(crate) fn keys(
        &mut self,
        tag: &TagName,
        display: &str,
        descriptor: &[u8],
        modules: &[ManifestHash],
    ) -> Option<Vec<Value>> {
        let types = self
            .families
            .entry(tag.base)
            .or_insert_with(|| key_types(tag, display, descriptor, modules));
        values(types.as_deref()?, &tag.key)
    }

    /// The name of a tag that is gone.
    pub(crate) fn known(&self, tag: &TagName, display: Option<&str>) -> String {
        let place = (tag.base, tag.key.clone());
        match (self.shown.get(&place), display) {
            (Some(name), _) => name.clone(),
            (None, Some(display)) if tag.key.is_empty() => display.to_owned(),
            (None, Some(display)) => unnamed(display, tag),
            (None, None) => format!("tag {}", short(&tag.base)),
        }
    }
}

/// A member as the language writes it.
pub(crate) fn member(display: &str, keys: &[Value]) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    format!("{display}({})", keys.join(", "))
}

/// A member whose keys cannot be read.
pub(crate) fn unnamed(display: &str, tag: &TagName) -> String {
    format!("{display}(#{})", short(&tag.key))
}

/// The types of keys that give the declaration the identity that it has.
fn key_types(
    tag: &TagName,
    display: &str,
    descriptor: &[u8],
    modules: &[ManifestHash],
) -> Option<Vec<Type>> {
    let types = TypeTable::from_descriptor(descriptor).ok()?;
    let value = types.hash(TypeIx(0)).ok()?;
    let hash = |ty: &Type| TypeTable::from_types(vec![ty.clone()]).hash(TypeIx(0)).ok();
    let hashes: Vec<TypeHash> = KEYS.iter().filter_map(hash).collect();
    let found = |keys: &[usize]| {
        let keys: Vec<TypeHash> = keys.iter().map(|index| hashes[*index]).collect();
        let of = |owner| sm_vm::tag_identity(display, value, &keys, owner) == tag.base;
        of(None) || modules.iter().any(|module| of(Some(*module)))
    };
    let mut tried: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..MOST_KEYS {
        tried = tried
            .iter()
            .flat_map(|keys| (0..hashes.len()).map(move |key| [&keys[..], &[key]].concat()))
            .collect();
        if let Some(keys) = tried.iter().find(|keys| found(keys)) {
            return Some(keys.iter().map(|index| KEYS[*index].clone()).collect());
        }
    }
    None
}

fn values(keys: &[Type], bytes: &[u8]) -> Option<Vec<Value>> {
    let mut types = TypeTable::new();
    let all: Vec<TypeIx> = keys.iter().map(|ty| types.intern(ty.clone())).collect();
    sm_vm::value::decode_all(bytes, &types, &all).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(ty: Type) -> (TypeTable, TypeHash) {
        let types = TypeTable::from_types(vec![ty]);
        let hash = types.hash(TypeIx(0)).expect("a type");
        (types, hash)
    }

    fn shown(keys: &[(Type, Value)], owner: Option<ManifestHash>) -> String {
        let (int, value) = one(Type::Int);
        let hashes: Vec<TypeHash> = keys.iter().map(|(ty, _)| one(ty.clone()).1).collect();
        let key = keys.iter().flat_map(|(ty, value)| {
            let (types, _) = one(ty.clone());
            sm_vm::value::encode(value, &types, TypeIx(0)).expect("a key")
        });
        let tag = TagName {
            base: sm_vm::tag_identity("seen", value, &hashes, owner),
            key: key.collect(),
        };
        let descriptor = int.descriptor(TypeIx(0)).expect("a descriptor");
        let modules: Vec<ManifestHash> = owner.into_iter().collect();
        let known = TagNames::default().keys(&tag, "seen", &descriptor, &modules);
        let values: Vec<Value> = keys.iter().map(|(_, value)| value.clone()).collect();
        assert_eq!(
            known,
            Some(values).filter(|values| !values.is_empty()),
            "whoever knows the module can read them"
        );
        let mut names = TagNames::default();
        let name = names.learn(&tag, "seen", &descriptor);
        assert_eq!(names.known(&tag, None), name);
        name
    }

    #[test]
    fn members_of_families_show_their_keys() {
        let (a, n) = (Value::Str("a".to_owned()), Value::Int(3));
        assert_eq!(shown(&[], None), "seen");
        assert_eq!(shown(&[(Type::Str, a.clone())], None), "seen(\"a\")");
        let two = [(Type::Int, n), (Type::Str, a)];
        assert_eq!(shown(&two, None), "seen(3, \"a\")");
    }

    #[test]
    fn keys_that_cannot_be_read_are_hexadecimal() {
        let owner = Some(ManifestHash([1; 32]));
        let name = shown(&[(Type::Int, Value::Int(-1))], owner);
        assert!(name.starts_with("seen(#"), "{name}");
    }
}
