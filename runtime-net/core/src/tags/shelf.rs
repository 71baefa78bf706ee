//! Where the tags of a space lie, and how they are found: by a hash of the name, since programs
//! look for them all the time, and in the order of names.
//!
//! The hash has the node's secret in it, so nobody can choose names that meet. Only the order of
//! names is ever seen.

use std::collections::BTreeMap;

use super::{Tag, TagName};

/// A tag and its name.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) name: TagName,
    pub(super) tag: Tag,
    /// It has changed since the store was told last.
    pub(super) dirty: bool,
}

/// Where a tag lies, until it is taken away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place(pub(super) u32);

#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    seed: u64,
    places: Vec<Option<Kept>>,
    free: Vec<Place>,
    index: Index,
    by_name: BTreeMap<TagName, Place>,
}

impl Shelf {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// The tag of this name.
    pub(super) fn find(&self, base: &[u8; 32], key: &[u8]) -> Option<Place> {
        let hash = self.hash(base, key);
        self.index.find(hash, |place| self.is(place, base, key))
    }

    /// Whether a tag of this name lies there.
    pub(super) fn is(&self, place: Place, base: &[u8; 32], key: &[u8]) -> bool {
        let kept = self.get(place);
        kept.is_some_and(|kept| kept.name.is(base, key))
    }

    pub(super) fn get(&self, place: Place) -> Option<&Kept> {
        self.places.get(place.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut Kept> {
        self.places.get_mut(place.0 as usize)?.as_mut()
    }

    /// Puts a tag where none of its name is.
    pub(super) fn put(&mut self, kept: Kept) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            Place(u32::try_from(self.places.len() - 1).expect("a node has fewer tags"))
        });
        let hash = self.hash(&kept.name.base, &kept.name.key);
        self.index.insert(hash, place);
        self.by_name.insert(kept.name.clone(), place);
        self.places[place.0 as usize] = Some(kept);
    }

    pub(super) fn take(&mut self, name: &TagName) -> Option<Kept> {
        let place = self.find(&name.base, &name.key)?;
        let hash = self.hash(&name.base, &name.key);
        self.index.remove(hash, place);
        self.by_name.remove(name);
        self.free.push(place);
        self.places[place.0 as usize].take()
    }

    /// All of them, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.by_name.values().filter_map(|place| self.get(*place))
    }

    /// Of the base, which is a hash, the beginning will do. Keys are chosen by programs.
    fn hash(&self, base: &[u8; 32], key: &[u8]) -> u32 {
        let (first, _) = base.split_first_chunk().expect("32 are more than 8");
        let mut hash = mix(self.seed ^ u64::from_le_bytes(*first), K1);
        let (words, rest) = key.as_chunks();
        for word in words {
            hash = mix(hash ^ u64::from_le_bytes(*word), K2);
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            hash = mix(hash ^ u64::from_le_bytes(last), K1 ^ rest.len() as u64);
        }
        hash as u32
    }
}

const K1: u64 = 0xa076_1d64_78bd_642f;
const K2: u64 = 0xe703_7ed1_a0b4_28db;

/// Multiplies to 128 bits and folds, as in wyhash by Wang Yi.
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// An open-addressing table with linear probing and deletion by moving back (D. E. Knuth, "The Art
/// of Computer Programming" vol. 3, 6.4, algorithm R), half full at most.
#[derive(Clone, Debug, Default)]
struct Index {
    /// Hashes and places; their number is a power of two, or zero.
    slots: Vec<Option<(u32, Place)>>,
    used: usize,
}

impl Index {
    fn find(&self, hash: u32, is_it: impl Fn(Place) -> bool) -> Option<Place> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            match self.slots[at] {
                None => return None,
                Some((known, place)) if known == hash && is_it(place) => return Some(place),
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    fn insert(&mut self, hash: u32, place: Place) {
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            let size = (self.used * 2).next_power_of_two();
            let old = std::mem::replace(&mut self.slots, vec![None; size]);
            old.into_iter()
                .flatten()
                .for_each(|(hash, place)| self.set(hash, place));
        }
        self.set(hash, place);
    }

    fn set(&mut self, hash: u32, place: Place) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at].is_some() {
            at = (at + 1) & mask;
        }
        self.slots[at] = Some((hash, place));
    }

    /// Takes out what was inserted before.
    fn remove(&mut self, hash: u32, place: Place) {
        let mask = self.slots.len() - 1;
        let mut hole = hash as usize & mask;
        while self.slots[hole] != Some((hash, place)) {
            hole = (hole + 1) & mask;
        }
        self.slots[hole] = None;
        self.used -= 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some((hash, _)) = self.slots[at] else {
                return;
            };
            // How far it is from where it belongs, and from the hole.
            let from_home = at.wrapping_sub(hash as usize) & mask;
            if from_home >= at.wrapping_sub(hole) & mask {
                self.slots.swap(at, hole);
                hole = at;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a map, with hashes that meet often.
        #[test]
        fn an_index_finds_what_is_in_it(steps in proptest::collection::vec(0u32..64, 0..400)) {
            let hash = |place: u32| place % 7 * 0x1001;
            let (mut index, mut known) = (Index::default(), BTreeMap::new());
            for place in steps {
                if known.remove(&place).is_some() {
                    index.remove(hash(place), Place(place));
                } else {
                    known.insert(place, ());
                    index.insert(hash(place), Place(place));
                }
                for one in 0..64 {
                    let found = index.find(hash(one), |found| found == Place(one));
                    prop_assert_eq!(found.is_some(), known.contains_key(&one));
                }
            }
        }
    }
}
