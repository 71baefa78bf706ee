//! Lists, maps and sets beyond what the loop does itself.

use std::ops::Range;

use sm_bytecode::{Fuel, Reg, TrapKind, TypeIx};

use crate::data::data_steps;
use crate::heap::Heap;
use crate::heap::key::NoMemo;
use crate::heap::layout::{Class, Kind, MAP_WORDS, MAX_WORDS, Ref};
use crate::heap::list::grown_words;
use crate::heap::map::Entry;
use crate::index::TypeId;
use crate::interp::exec::list_kind;
use crate::interp::{Interp, Stop, negative, out_of_range};
use crate::op::R;

impl Interp<'_> {
    fn kind_of_list(&self, list: Reg) -> Kind {
        list_kind(self.program, self.heap, self.get_ref(list))
    }

    pub(super) fn list_new(
        &mut self,
        fuel: Fuel,
        dst: Reg,
        ty: TypeIx,
        args: &[Reg],
    ) -> Result<(), Stop> {
        self.charge(fuel, args.len() as u64);
        let ty = TypeId(ty.0);
        let kind = self.program.statics.layouts.element(ty);
        self.reserve(Heap::list_words(kind, args.len()))?;
        let words = self.get_all(args);
        let list = self.heap.new_list(ty, kind, args.len());
        self.heap.list_fill(kind, list, &words);
        self.set_ref(dst, list);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn list_push(&mut self, list: R, value: R) -> Result<(), Stop> {
        let (list, value) = (Reg(list), Reg(value));
        let kind = self.kind_of_list(list);
        if !self.heap.list_fits(self.get_ref(list), 1) {
            let len = self.heap.list_len(self.get_ref(list));
            self.reserve(grown_words(kind, len, 1))?;
        }
        self.heap
            .list_push(kind, self.get_ref(list), self.get(value));
        Ok(())
    }

    pub(super) fn list_pop(&mut self, dst: Reg, list: Reg) -> Result<(), Stop> {
        let kind = self.kind_of_list(list);
        let list = self.get_ref(list);
        if self.heap.list_len(list) == 0 {
            return Err(TrapKind::EmptyList.into());
        }
        let word = self.heap.list_pop(kind, list);
        self.set(dst, word);
        Ok(())
    }

    pub(super) fn list_insert(
        &mut self,
        fuel: Fuel,
        list: Reg,
        index: Reg,
        value: Reg,
    ) -> Result<(), Stop> {
        let kind = self.kind_of_list(list);
        let len = self.heap.list_len(self.get_ref(list));
        let index = self.index_up_to(index, len)?;
        self.charge(fuel, (len - index) as u64);
        self.reserve(grown_words(kind, len, 1))?;
        self.heap
            .list_insert(kind, self.get_ref(list), index, self.get(value));
        Ok(())
    }

    pub(super) fn list_remove(
        &mut self,
        fuel: Fuel,
        dst: Reg,
        list: Reg,
        index: Reg,
    ) -> Result<(), Stop> {
        let kind = self.kind_of_list(list);
        let list = self.get_ref(list);
        let len = self.heap.list_len(list);
        let index = match usize::try_from(self.get_int(index)) {
            Ok(index) if index < len => index,
            _ => return Err(out_of_range(self.get_int(index), len)),
        };
        let last = len - 1;
        self.charge(fuel, (last - index) as u64);
        let word = self.heap.list_remove(kind, list, index);
        self.set(dst, word);
        Ok(())
    }

    pub(super) fn list_truncate(&mut self, list: Reg, len: Reg) -> Result<(), Stop> {
        let kind = self.kind_of_list(list);
        let list = self.get_ref(list);
        let Ok(len) = u64::try_from(self.get_int(len)) else {
            return Err(negative(self.get_int(len)));
        };
        let old = self.heap.list_len(list);
        if len < old as u64 {
            self.heap.list_truncate(kind, list, len as usize);
        }
        Ok(())
    }

    pub(super) fn list_slice(
        &mut self,
        fuel: Fuel,
        dst: Reg,
        list: Reg,
        range: Range<Reg>,
    ) -> Result<(), Stop> {
        let kind = self.kind_of_list(list);
        let end = self.index_up_to(range.end, self.heap.list_len(self.get_ref(list)))?;
        let start = self.index_up_to(range.start, end)?;
        self.charge(fuel, (end - start) as u64);
        self.reserve(Heap::list_words(kind, end - start))?;
        let slice = self.heap.new_list(self.ref_type(dst), kind, end - start);
        self.heap
            .list_copy(kind, slice, self.get_ref(list), start..end);
        self.set_ref(dst, slice);
        Ok(())
    }

    pub(super) fn list_append(&mut self, fuel: Fuel, list: Reg, other: Reg) -> Result<(), Stop> {
        let kind = self.kind_of_list(list);
        let len = self.heap.list_len(self.get_ref(list));
        let more = self.heap.list_len(self.get_ref(other));
        self.charge(fuel, more as u64);
        self.reserve(grown_words(kind, len, more))?;
        let (list, other) = (self.get_ref(list), self.get_ref(other));
        self.heap.list_extend(kind, list, other, 0..more);
        Ok(())
    }

    pub(super) fn list_fill(
        &mut self,
        fuel: Fuel,
        dst: Reg,
        ty: TypeIx,
        count: Reg,
        value: Reg,
    ) -> Result<(), Stop> {
        let Ok(count) = u64::try_from(self.get_int(count)) else {
            return Err(negative(self.get_int(count)));
        };
        // More than any heap holds is a kill below, whatever the width of a word is here.
        let count = count.min(MAX_WORDS as u64) as usize;
        let ty = TypeId(ty.0);
        let kind = self.program.statics.layouts.element(ty);
        self.reserve(Heap::list_words(kind, count))?;
        self.charge(fuel, count as u64);
        let list = self.heap.list_of(ty, kind, count, self.get(value));
        self.set_ref(dst, list);
        Ok(())
    }

    pub(super) fn list_reverse(&mut self, fuel: Fuel, list: Reg) {
        let kind = self.kind_of_list(list);
        let list = self.get_ref(list);
        self.charge(fuel, self.heap.list_len(list) as u64);
        self.heap.list_reverse(kind, list);
    }

    pub(super) fn map_new(&mut self, dst: Reg, ty: TypeIx) -> Result<(), Stop> {
        self.reserve(MAP_WORDS)?;
        let map = self.heap.new_map(TypeId(ty.0));
        self.set_ref(dst, map);
        Ok(())
    }

    /// Hashes a key and looks for its entry. The price is that of the hash: what a search costs
    /// beyond it depends on the node.
    fn find(&mut self, fuel: Fuel, map: Reg, key: Reg) -> Result<(u64, Option<Entry>), Stop> {
        let statics = &self.program.statics;
        let (map, key) = (self.get_ref(map), self.get(key));
        let kinds = self.heap.map_kinds(statics, map);
        let mut steps = data_steps();
        let hash = self
            .heap
            .hash_key(statics, kinds.key, key, &mut steps, &mut NoMemo);
        self.charge(fuel, steps.spent());
        let hash = hash?;
        // An equal key has as many steps as this one, so the search ends with one comparison.
        let mut steps = data_steps();
        let entry = self.heap.map_find(statics, map, hash, key, &mut steps)?;
        Ok((hash, entry))
    }

    pub(super) fn map_find(
        &mut self,
        fuel: Fuel,
        dst: Reg,
        map: Reg,
        key: Reg,
    ) -> Result<(), Stop> {
        let (_, entry) = self.find(fuel, map, key)?;
        let number = entry.map_or(-1, |entry| i64::from(entry.0));
        self.set(dst, number as u64);
        Ok(())
    }

    pub(super) fn map_key_at(&mut self, dst: Reg, map: Reg, entry: Reg) -> Result<(), Stop> {
        let (map, entry) = (self.get_ref(map), self.get(entry));
        let kinds = self.heap.map_kinds(&self.program.statics, map);
        let entry = usize::try_from(entry).unwrap_or(usize::MAX);
        let key = self
            .heap
            .map_key(map, kinds, entry)
            .ok_or(TrapKind::IndexOutOfRange)?;
        self.set(dst, key);
        Ok(())
    }

    /// Answers 1 if the key is new, 0 if only its value was replaced.
    pub(super) fn map_insert(
        &mut self,
        fuel: Fuel,
        map: Reg,
        key: Reg,
        value: Option<Reg>,
    ) -> Result<u64, Stop> {
        let statics = &self.program.statics;
        let (hash, entry) = self.find(fuel, map, key)?;
        if let Some(entry) = entry {
            if let Some(value) = value {
                let word = self.get(value);
                self.heap
                    .map_set_value(statics, self.get_ref(map), entry, word);
            }
            return Ok(0);
        }
        let words = self.heap.insert_words(statics, self.get_ref(map));
        self.reserve(words)?;
        let word = value.map_or(0, |value| self.get(value));
        let (map, key) = (self.get_ref(map), self.get(key));
        self.heap.map_insert_new(statics, map, hash, key, word);
        Ok(1)
    }

    /// Inserts a key with this hash that is not in the map.
    #[inline(never)]
    pub(super) fn map_insert_hashed(
        &mut self,
        map: R,
        key: R,
        value: R,
        hash: u64,
    ) -> Result<(), Stop> {
        let statics = &self.program.statics;
        let (map, key, value) = (Reg(map), Reg(key), Reg(value));
        let words = self.heap.insert_words(statics, self.get_ref(map));
        self.reserve(words)?;
        let (map, key, value) = (self.get_ref(map), self.get(key), self.get(value));
        self.heap.map_insert_new(statics, map, hash, key, value);
        Ok(())
    }

    pub(super) fn map_remove(
        &mut self,
        fuel: Fuel,
        dst: Reg,
        map: Reg,
        key: Reg,
    ) -> Result<(), Stop> {
        let (_, entry) = self.find(fuel, map, key)?;
        if let Some(entry) = entry {
            self.heap
                .map_remove(&self.program.statics, self.get_ref(map), entry);
        }
        self.set(dst, u64::from(entry.is_some()));
        Ok(())
    }

    pub(super) fn iter_begin(&mut self, fuel: Fuel, dst: Reg, coll: Reg) {
        let coll: Ref = self.get_ref(coll);
        if self.heap.header(coll.addr()).class() == Class::Map {
            self.charge(fuel, self.heap.map_len(coll) as u64);
            self.heap.map_make_dense(&self.program.statics, coll);
        }
        self.set(dst, self.heap.changes(coll));
    }
}
