//! Lists and maps against models from the standard library, with collections in between.

use proptest::prelude::*;

use crate::heap::collect::{LARGE_WORDS, ROOMY, SLACK};
use crate::heap::key::{NoMemo, Steps};
use crate::heap::layout::{Header, Kind, Layouts, RecordLayout, Ref, TypeLayout};
use crate::heap::list::grown_words;
use crate::heap::{FIRST_WORDS, Heap, HeapFull, Statics};
use crate::index::TypeId;
use crate::limits::Limits;

const TEXT: TypeId = TypeId(0);
const INTS: TypeId = TypeId(1);
const BOOLS: TypeId = TypeId(2);
const MAP: TypeId = TypeId(3);
const PAIR: TypeId = TypeId(4);
const PAIR_SET: TypeId = TypeId(5);
const TEXTS: TypeId = TypeId(6);
/// Has a variant for each number of references up to [`MOST_REFS`].
const NODE: TypeId = TypeId(7);
const MOST_REFS: usize = 6;

fn statics() -> Statics {
    let pair = RecordLayout::new(vec![Kind::Int, Kind::Ref(TEXT)]);
    let node = |refs| RecordLayout::new(vec![Kind::Ref(NODE); refs]);
    Statics {
        layouts: Layouts::new(
            vec![
                TypeLayout::Blob,
                TypeLayout::List(Kind::Int),
                TypeLayout::List(Kind::Bool),
                TypeLayout::Map {
                    key: Kind::Ref(TEXT),
                    value: Some(Kind::Int),
                },
                TypeLayout::Record(Box::new([pair])),
                TypeLayout::Map {
                    key: Kind::Ref(PAIR),
                    value: None,
                },
                TypeLayout::List(Kind::OptRef(TEXT)),
                TypeLayout::Record((0..=MOST_REFS).map(node).collect()),
            ],
            vec![],
        ),
        texts: vec![],
        tag_identity: vec![],
    }
}

fn limits(hash_seed: u64) -> Limits {
    Limits {
        heap_bytes: 1 << 22,
        hash_seed,
        ..Limits::default()
    }
}

fn collect(heap: &mut Heap, statics: &Statics, root: &mut Ref) {
    let mut word = root.word();
    heap.collect(&statics.layouts, 0, |visit| visit(&mut word))
        .expect("below the quota");
    *root = Ref::of_word(word);
}

#[derive(Clone, Debug)]
enum ListStep {
    Push(i64),
    Pop,
    Set(usize, i64),
    Insert(usize, i64),
    Remove(usize),
    Truncate(usize),
    AppendSelf,
    Reverse,
    Collect,
}

fn list_step() -> impl Strategy<Value = ListStep> {
    prop_oneof![
        4 => any::<i64>().prop_map(ListStep::Push),
        1 => Just(ListStep::Pop),
        1 => (0..40_usize, any::<i64>()).prop_map(|(at, value)| ListStep::Set(at, value)),
        1 => (0..40_usize, any::<i64>()).prop_map(|(at, value)| ListStep::Insert(at, value)),
        1 => (0..40_usize).prop_map(ListStep::Remove),
        1 => (0..80_usize).prop_map(ListStep::Truncate),
        1 => Just(ListStep::AppendSelf),
        1 => Just(ListStep::Reverse),
        1 => Just(ListStep::Collect),
    ]
}

/// Does a step to a list and its model; answers whether the structure changed.
fn do_list_step(
    heap: &mut Heap,
    statics: &Statics,
    kind: Kind,
    list: &mut Ref,
    model: &mut Vec<u64>,
    step: &ListStep,
) -> bool {
    let word = |value: i64| {
        if kind == Kind::Bool {
            value as u64 & 1
        } else {
            value as u64
        }
    };
    match *step {
        ListStep::Push(value) => {
            heap.list_push(kind, *list, word(value));
            model.push(word(value));
        }
        ListStep::Pop if !model.is_empty() => {
            assert_eq!(Some(heap.list_pop(kind, *list)), model.pop());
        }
        ListStep::Set(at, value) if at < model.len() => {
            heap.list_set(kind, *list, at, word(value));
            model[at] = word(value);
            return false;
        }
        ListStep::Insert(at, value) if at <= model.len() => {
            heap.list_insert(kind, *list, at, word(value));
            model.insert(at, word(value));
        }
        ListStep::Remove(at) if at < model.len() => {
            assert_eq!(heap.list_remove(kind, *list, at), model.remove(at));
        }
        ListStep::Truncate(len) if len < model.len() => {
            heap.list_truncate(kind, *list, len);
            model.truncate(len);
        }
        ListStep::AppendSelf if !model.is_empty() && model.len() < 200 => {
            heap.list_extend(kind, *list, *list, 0..model.len());
            model.extend_from_within(..);
        }
        ListStep::Reverse if model.len() > 1 => {
            heap.list_reverse(kind, *list);
            model.reverse();
        }
        ListStep::Collect => {
            collect(heap, statics, list);
            return false;
        }
        _ => return false,
    }
    true
}

fn check_list(kind: Kind, ty: TypeId, steps: &[ListStep]) {
    let statics = statics();
    let mut heap = Heap::new(&limits(1), &statics.layouts);
    let mut list = heap.new_list(ty, kind, 0);
    let mut model = Vec::new();
    for step in steps {
        let before = heap.changes(list);
        let size = heap.size();
        let len = model.len();
        let changed = do_list_step(&mut heap, &statics, kind, &mut list, &mut model, step);
        assert_eq!(heap.changes(list) != before, changed, "{step:?}");
        let more = model.len().saturating_sub(len).max(1);
        assert!(
            heap.size() <= size + grown_words(kind, len, more),
            "{step:?} was reserved for"
        );
        let elements: Vec<u64> = (0..heap.list_len(list))
            .map(|at| heap.list_get(kind, list, at))
            .collect();
        assert_eq!(elements, model, "{step:?}");
    }
}

#[derive(Clone, Debug)]
enum MapStep {
    Insert(u8, i64),
    Remove(u8),
    Dense,
    Clear,
    Collect,
}

fn map_step() -> impl Strategy<Value = MapStep> {
    prop_oneof![
        8 => (0..60_u8, any::<i64>()).prop_map(|(key, value)| MapStep::Insert(key, value)),
        6 => (0..60_u8).prop_map(MapStep::Remove),
        1 => Just(MapStep::Dense),
        1 => Just(MapStep::Clear),
        2 => Just(MapStep::Collect),
    ]
}

/// A map from text to integers beside an ordered model.
struct Maps {
    heap: Heap,
    statics: Statics,
    map: Ref,
    model: Vec<(String, i64)>,
}

impl Maps {
    fn find(&self, key: &str) -> Option<crate::heap::map::Entry> {
        let mut heap = Heap::new(&limits(self.heap.seed()), &self.statics.layouts);
        let hash = {
            let text = heap.new_blob(TEXT, key.as_bytes());
            heap.hash_key(
                &self.statics,
                Kind::Ref(TEXT),
                text.word(),
                &mut Steps::new(100),
                &mut NoMemo,
            )
            .expect("a short key")
        };
        // The key itself has to be in the same heap to be compared.
        let found = (0..self.heap.map_used(self.map)).find(|entry| self.key(*entry) == key);
        let by_index = found.and_then(|entry| {
            let kinds = self.heap.map_kinds(&self.statics, self.map);
            let word = self.heap.map_key(self.map, kinds, entry)?;
            let steps = &mut Steps::new(1000);
            self.heap
                .map_find(&self.statics, self.map, hash, word, steps)
                .expect("a short key")
        });
        assert_eq!(by_index.map(|entry| entry.0 as usize), found, "{key}");
        by_index
    }

    fn key(&self, entry: usize) -> String {
        let kinds = self.heap.map_kinds(&self.statics, self.map);
        let key = self.heap.map_key(self.map, kinds, entry).map(Ref::of_word);
        let bytes = key.map_or(&[][..], |key| self.heap.bytes_of(&self.statics, key));
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    fn step(&mut self, step: &MapStep) {
        match *step {
            MapStep::Insert(key, value) => {
                let name = format!("key {key}");
                match self.find(&name) {
                    Some(entry) => {
                        let before = self.heap.changes(self.map);
                        self.heap
                            .map_set_value(&self.statics, self.map, entry, value as u64);
                        assert_eq!(self.heap.changes(self.map), before);
                        let known = self.model.iter_mut().find(|(known, _)| *known == name);
                        known.expect("the model has it too").1 = value;
                    }
                    None => self.insert(&name, value),
                }
            }
            MapStep::Remove(key) => {
                let name = format!("key {key}");
                let found = self.find(&name);
                let position = self.model.iter().position(|(known, _)| *known == name);
                assert_eq!(found.is_some(), position.is_some());
                if let (Some(entry), Some(position)) = (found, position) {
                    self.heap.map_remove(&self.statics, self.map, entry);
                    self.model.remove(position);
                }
            }
            MapStep::Dense => {
                self.heap.map_make_dense(&self.statics, self.map);
                assert_eq!(self.heap.map_used(self.map), self.model.len());
            }
            MapStep::Clear => {
                self.heap.map_clear(self.map);
                self.model.clear();
            }
            MapStep::Collect => collect(&mut self.heap, &self.statics, &mut self.map),
        }
    }

    fn insert(&mut self, name: &str, value: i64) {
        let words = self.heap.insert_words(&self.statics, self.map);
        let key = self.heap.new_blob(TEXT, name.as_bytes()).word();
        let steps = &mut Steps::new(100);
        let kind = Kind::Ref(TEXT);
        let hash = self
            .heap
            .hash_key(&self.statics, kind, key, steps, &mut NoMemo);
        let size = self.heap.size();
        let hash = hash.expect("a short key");
        self.heap
            .map_insert_new(&self.statics, self.map, hash, key, value as u64);
        assert!(
            self.heap.size() <= size + words,
            "an insertion was reserved for"
        );
        self.model.push((name.to_owned(), value));
    }

    fn check(&self) {
        let kinds = self.heap.map_kinds(&self.statics, self.map);
        let used = self.heap.map_used(self.map);
        let live = (0..used).filter(|entry| self.heap.map_entry(self.map, kinds, *entry).is_some());
        let entries: Vec<(String, i64)> = live
            .map(|entry| {
                let value = self.heap.map_value(self.map, kinds, entry);
                (self.key(entry), value.expect("live") as i64)
            })
            .collect();
        assert_eq!(entries, self.model);
        assert_eq!(self.heap.map_len(self.map), self.model.len());
        let holes = used - self.model.len();
        assert!(holes <= crate::heap::map::holes_allowed(self.model.len()));
    }
}

proptest! {
    #[test]
    fn lists_of_integers_are_like_vectors(
        steps in proptest::collection::vec(list_step(), 0..120)
    ) {
        check_list(Kind::Int, INTS, &steps);
    }

    #[test]
    fn packed_lists_are_like_vectors(steps in proptest::collection::vec(list_step(), 0..120)) {
        check_list(Kind::Bool, BOOLS, &steps);
    }

    #[test]
    fn maps_keep_the_order_of_insertion(
        seed: u64,
        steps in proptest::collection::vec(map_step(), 0..200),
    ) {
        let statics = statics();
        let mut heap = Heap::new(&limits(seed), &statics.layouts);
        let map = heap.new_map(MAP);
        let mut maps = Maps { heap, statics, map, model: vec![] };
        for step in &steps {
            maps.step(step);
            maps.check();
        }
    }
}

#[test]
fn composite_keys_are_found_by_content() {
    let statics = statics();
    let mut heap = Heap::new(&limits(3), &statics.layouts);
    let set = heap.new_map(PAIR_SET);
    let pair = |heap: &mut Heap, number: u64, text: &str| {
        let text = heap.new_blob(TEXT, text.as_bytes());
        let header = Header::record(PAIR, 0, 2);
        heap.new_from(header, [number, text.word()].into_iter())
            .word()
    };
    let kind = Kind::Ref(PAIR);
    let hash_of = |heap: &Heap, key: u64| {
        heap.hash_key(&statics, kind, key, &mut Steps::new(100), &mut NoMemo)
            .expect("short")
    };
    for number in 0..100 {
        let key = pair(&mut heap, number, &"x".repeat(number as usize % 17));
        let hash = hash_of(&heap, key);
        heap.map_insert_new(&statics, set, hash, key, 0);
    }
    for number in 0..100 {
        let same = pair(&mut heap, number, &"x".repeat(number as usize % 17));
        let other = pair(&mut heap, number, "y");
        let find = |key| {
            let hash = hash_of(&heap, key);
            heap.map_find(&statics, set, hash, key, &mut Steps::new(100))
                .expect("short")
        };
        assert_eq!(find(same).map(|entry| u64::from(entry.0)), Some(number));
        assert_eq!(find(other), None);
    }
}

#[test]
fn a_collection_keeps_sharing_and_cycles_and_drops_the_rest() {
    let statics = statics();
    let mut heap = Heap::new(&limits(5), &statics.layouts);
    let mut list = heap.new_list(TEXTS, Kind::OptRef(TEXT), 0);
    let shared = heap.new_blob(TEXT, b"shared").word();
    for _ in 0..1000 {
        heap.new_blob(TEXT, b"garbage");
    }
    for word in [shared, 0, shared] {
        heap.list_push(Kind::OptRef(TEXT), list, word);
    }
    let before = heap.size();
    collect(&mut heap, &statics, &mut list);
    assert!(heap.size() < before / 10);
    let elements = heap.list_elements(list).to_vec();
    assert_eq!(elements[0], elements[2]);
    assert_eq!(elements[1], 0);
    assert_eq!(
        heap.bytes_of(&statics, Ref::of_word(elements[0])),
        b"shared"
    );
}

#[test]
fn the_quota_holds_for_what_is_live() {
    let statics = statics();
    let small = Limits {
        heap_bytes: 800,
        ..Limits::default()
    };
    let mut heap = Heap::new(&small, &statics.layouts);
    let mut word = heap.list_of(INTS, Kind::Int, 50, 7).word();
    assert!(heap.has_room(40));
    assert_eq!(
        heap.collect(&statics.layouts, 40, |visit| visit(&mut word)),
        Ok(())
    );
    assert_eq!(
        heap.collect(&statics.layouts, 60, |visit| visit(&mut word)),
        Err(HeapFull)
    );
}

#[test]
fn records_of_all_sizes_keep_their_fields() {
    let statics = statics();
    let mut heap = Heap::new(&limits(5), &statics.layouts);
    let mut list = heap.new_list(TEXTS, Kind::OptRef(TEXT), 0);
    let refs_of = |node: usize| node % (MOST_REFS + 1);
    let field_of = |node: usize, field: usize| (node * 7 + field * 13) % node;
    for node in 0..3000 {
        let elements = heap.list_elements(list);
        let fields = (0..refs_of(node)).map(|field| elements[field_of(node, field)]);
        let fields: Vec<u64> = fields.collect();
        let header = Header::record(NODE, fields.len() as u16, fields.len());
        let new = heap.new_from(header, fields.into_iter());
        heap.list_push(Kind::OptRef(TEXT), list, new.word());
    }
    for _ in 0..3 {
        collect(&mut heap, &statics, &mut list);
        let elements = heap.list_elements(list);
        for (node, word) in elements.iter().enumerate() {
            let node_ref = Ref::of_word(*word);
            let header = heap.header(node_ref.addr());
            assert_eq!(usize::from(header.variant()), refs_of(node));
            for field in 0..refs_of(node) {
                let expected = elements[field_of(node, field)];
                assert_eq!(heap.field(node_ref, field), expected);
            }
        }
    }
}

#[test]
fn a_variant_without_fields_is_one_object_that_never_moves() {
    let statics = statics();
    let mut heap = Heap::new(&limits(5), &statics.layouts);
    let empty = heap.bytes();
    let leaf = heap.new_zeroed_record(&statics.layouts, (NODE, 0), 0);
    assert_eq!(leaf, heap.new_zeroed_record(&statics.layouts, (NODE, 0), 0));
    assert_eq!(heap.bytes(), empty);
    heap.new_blob(TEXT, b"garbage");
    let mut tree = heap.new_from(Header::record(NODE, 1, 1), [leaf.word()].into_iter());
    for _ in 0..3 {
        collect(&mut heap, &statics, &mut tree);
        assert_eq!(heap.field(tree, 0), leaf.word());
        assert_eq!(heap.header(leaf.addr()), Header::record(NODE, 0, 0));
        assert_eq!(heap.bytes(), empty + 16);
    }
}

#[test]
fn a_heap_grows_with_what_is_live_and_shrinks_again() {
    let statics = statics();
    let mut heap = Heap::new(&limits(5), &statics.layouts);
    let most = heap.quota + heap.quota / SLACK;
    for size in [100, LARGE_WORDS / 2, 2 * LARGE_WORDS, 20 * LARGE_WORDS, 100] {
        let mut list = heap.list_of(INTS, Kind::Int, size, 7);
        for _ in 0..3 {
            collect(&mut heap, &statics, &mut list);
            let live = heap.size();
            assert!(live < size + size / 8 + 10);
            let due = if live < LARGE_WORDS { 2 } else { 3 } * live;
            assert_eq!(heap.limit, due.clamp(FIRST_WORDS, most));
            assert!(heap.words.capacity() >= heap.limit);
            for half in [&heap.words, &heap.spare] {
                assert!(half.capacity() <= heap.limit * ROOMY);
            }
            heap.list_of(INTS, Kind::Int, heap.limit - live - 10, 7);
        }
    }
}

#[test]
fn what_asks_for_as_much_again_does_not_collect_again() {
    let statics = statics();
    let mut heap = Heap::new(&limits(5), &statics.layouts);
    let mut word = heap.list_of(INTS, Kind::Int, 50, 7).word();
    for need in [1000, 3 * LARGE_WORDS] {
        heap.collect(&statics.layouts, need, |visit| visit(&mut word))
            .expect("below the quota");
        assert!(heap.has_room(2 * need));
    }
}
