//! Hash and equality of map keys: immutable data without `Float`.
//!
//! Both look at content, never at addresses, so a key means the same after a collection or a
//! move. They walk with a stack of their own and count their steps: shared structure can make a
//! key's tree exponentially larger than its objects.

use crate::heap::layout::{Class, FIELDS, Header, Kind, PLACE_TAGS, PLACE_WANTED, Ref, Target};
use crate::heap::{Heap, Statics};
use crate::index::{TagId, TypeId};

/// Work an operation may still do, in visited values and words of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    left: u64,
    granted: u64,
}

/// An operation visited more values than [`crate::limits::DATA_STEPS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooManySteps;

impl Steps {
    pub(crate) fn new(granted: u64) -> Steps {
        Steps {
            left: granted,
            granted,
        }
    }

    #[inline]
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), TooManySteps> {
        self.left = self.left.checked_sub(steps).ok_or(TooManySteps)?;
        Ok(())
    }

    /// Fails if so many values wait to be visited that they cannot all be: so that a walk over
    /// wide values keeps no more in mind than it may visit.
    #[inline]
    pub(crate) fn wait(&self, values: usize) -> Result<(), TooManySteps> {
        if values as u64 > self.left {
            Err(TooManySteps)
        } else {
            Ok(())
        }
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> u64 {
        self.granted - self.left
    }
}

/// Hashes of objects that were computed before.
pub(crate) trait Memo {
    fn get(&self, object: Ref) -> Option<u64>;
    fn set(&mut self, object: Ref, hash: u64);
}

/// Remembers nothing: right for one key, which is rarely shared.
pub(crate) struct NoMemo;

impl Memo for NoMemo {
    fn get(&self, _: Ref) -> Option<u64> {
        None
    }

    fn set(&mut self, _: Ref, _: u64) {}
}

const K1: u64 = 0xa076_1d64_78bd_642f;
const K2: u64 = 0xe703_7ed1_a0b4_28db;

/// Multiplies to 128 bits and folds, as in wyhash by Wang Yi.
#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

fn hash_bytes(seed: u64, bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks();
    let mut hash = mix(seed ^ K1, bytes.len() as u64 ^ K2);
    for chunk in chunks {
        hash = mix(hash ^ u64::from_le_bytes(*chunk), K1);
    }
    mix(hash ^ last_word(rest), K2)
}

/// Fewer than eight bytes as a word, in which none of them is missing.
fn last_word(bytes: &[u8]) -> u64 {
    let byte = |at: usize| u64::from(bytes[at]);
    match (bytes.first_chunk(), bytes.last_chunk(), bytes.len()) {
        (Some(first), Some(last), _) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
        }
        (_, _, 0) => 0,
        (_, _, len) => byte(0) | byte(len / 2) << 8 | byte(len - 1) << 16,
    }
}

/// An object on the way through a key: the next of its words, and the hash so far.
struct Pending {
    object: Ref,
    next: usize,
    hash: u64,
}

impl Heap {
    /// The hash of a key that is no reference.
    #[inline]
    pub(crate) fn hash_word(&self, word: u64) -> u64 {
        mix(word ^ self.seed(), K1) ^ word.rotate_left(32)
    }

    /// The hash of a key that is a text, as [`Heap::hash_key`] gives it too.
    #[inline]
    pub(crate) fn hash_text(&self, text: &[u8]) -> u64 {
        hash_bytes(self.seed(), text)
    }

    /// The hash of a key that sits in one word.
    pub(crate) fn hash_key(
        &self,
        statics: &Statics,
        kind: Kind,
        word: u64,
        steps: &mut Steps,
        memo: &mut impl Memo,
    ) -> Result<u64, TooManySteps> {
        steps.spend(1)?;
        if !kind.is_ref() {
            return Ok(self.hash_word(word));
        }
        let mut stack = Vec::new();
        let mut done = self.enter(statics, Ref::of_word(word), steps, memo, &mut stack)?;
        while let Some(top) = stack.last_mut() {
            if let Some(child) = done.take() {
                top.hash = mix(top.hash ^ child, K1);
            }
            let Some((kind, word)) = self.key_part(statics, top.object, top.next) else {
                memo.set(top.object, top.hash);
                done = Some(top.hash);
                stack.pop();
                continue;
            };
            top.next += 1;
            if kind.is_ref() {
                done = self.enter(statics, Ref::of_word(word), steps, memo, &mut stack)?;
            } else {
                steps.spend(1)?;
                top.hash = mix(top.hash ^ word, K1);
            }
        }
        Ok(done.unwrap_or(K2))
    }

    /// The hash of a reference if it is known at once; otherwise the object goes onto the stack.
    fn enter(
        &self,
        statics: &Statics,
        reference: Ref,
        steps: &mut Steps,
        memo: &mut impl Memo,
        stack: &mut Vec<Pending>,
    ) -> Result<Option<u64>, TooManySteps> {
        steps.spend(1)?;
        if let Some(hash) = memo.get(reference) {
            return Ok(Some(hash));
        }
        let composite = match reference.target() {
            Target::Object(addr) => Some(self.header(addr))
                .filter(|header| !matches!(header.class(), Class::Blob | Class::Tag)),
            Target::Null | Target::Const(_) | Target::Tag(_) => None,
        };
        let Some(header) = composite else {
            let hash = self.hash_leaf(statics, reference, steps)?;
            memo.set(reference, hash);
            return Ok(Some(hash));
        };
        stack.push(Pending {
            object: reference,
            next: 0,
            hash: mix(self.seed() ^ K2, u64::from(header.aux()) ^ K1),
        });
        Ok(None)
    }

    fn hash_leaf(
        &self,
        statics: &Statics,
        reference: Ref,
        steps: &mut Steps,
    ) -> Result<u64, TooManySteps> {
        let salt = match self.tag_identity(statics, reference) {
            Some(tag) => mix(u64::from(tag.0) ^ K1, K2),
            None if reference == Ref::NULL => K1,
            None => 0,
        };
        let bytes = self.bytes_of(statics, reference);
        steps.spend(bytes.len() as u64 / 16)?;
        Ok(hash_bytes(self.seed() ^ salt, bytes))
    }

    /// The identity of a tag, if the reference is one.
    fn tag_identity(&self, statics: &Statics, reference: Ref) -> Option<TagId> {
        let id = match reference.target() {
            Target::Tag(id) => id,
            Target::Object(addr) if self.header(addr).class() == Class::Tag => {
                TagId(self.header(addr).shape())
            }
            _ => return None,
        };
        Some(statics.tag_identity[id.index()])
    }

    /// The `index`-th part of a composite key: a slot, or what makes up a place.
    fn key_part(&self, statics: &Statics, object: Ref, index: usize) -> Option<(Kind, u64)> {
        let addr = object.addr();
        let header = self.header(addr);
        match header.class() {
            Class::Record => {
                let record = statics
                    .layouts
                    .record(TypeId(header.shape()), header.variant())?;
                let kind = *record.kinds.get(index)?;
                Some((kind, self.word(addr.at(FIELDS + index))))
            }
            Class::Place => self.place_part(header, object, index),
            _ => None,
        }
    }

    fn place_part(&self, header: Header, place: Ref, index: usize) -> Option<(Kind, u64)> {
        let addr = place.addr();
        match index.checked_sub(1) {
            None => Some((Kind::Int, self.word(addr.at(PLACE_WANTED)))),
            Some(tag) if tag < header.aux() as usize => {
                // The type of a tag makes no difference to its hash.
                Some((Kind::Ref(TypeId(0)), self.word(addr.at(PLACE_TAGS + tag))))
            }
            Some(_) => None,
        }
    }

    /// Whether two keys of one kind are equal.
    pub(crate) fn same_key(
        &self,
        statics: &Statics,
        kind: Kind,
        a: u64,
        b: u64,
        steps: &mut Steps,
    ) -> Result<bool, TooManySteps> {
        if a == b || !kind.is_ref() {
            return Ok(a == b);
        }
        let mut stack = vec![(Ref::of_word(a), Ref::of_word(b))];
        while let Some((a, b)) = stack.pop() {
            steps.spend(1)?;
            if a != b && !self.same_object(statics, a, b, steps, &mut stack)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Compares two objects, and leaves the references in them on the stack.
    fn same_object(
        &self,
        statics: &Statics,
        a: Ref,
        b: Ref,
        steps: &mut Steps,
        stack: &mut Vec<(Ref, Ref)>,
    ) -> Result<bool, TooManySteps> {
        if a == Ref::NULL || b == Ref::NULL {
            return Ok(a == b);
        }
        let leaf = |key: Ref| match key.target() {
            Target::Object(addr) => {
                matches!(self.header(addr).class(), Class::Blob | Class::Tag)
            }
            _ => true,
        };
        if leaf(a) || leaf(b) {
            let (left, right) = (self.bytes_of(statics, a), self.bytes_of(statics, b));
            steps.spend(left.len().min(right.len()) as u64 / 16)?;
            let same_tag = self.tag_identity(statics, a) == self.tag_identity(statics, b);
            return Ok(same_tag && left == right);
        }
        if self.header(a.addr()).aux() != self.header(b.addr()).aux() {
            return Ok(false);
        }
        for index in 0.. {
            let left = self.key_part(statics, a, index);
            let (Some((kind, left)), Some((_, right))) = (left, self.key_part(statics, b, index))
            else {
                break;
            };
            steps.spend(1)?;
            match kind.is_ref() {
                true => stack.push((Ref::of_word(left), Ref::of_word(right))),
                false if left != right => return Ok(false),
                false => {}
            }
        }
        Ok(true)
    }
}
