//! Names of types by content, and types as self-contained descriptors.
//!
//! The hash of a type is that of its encoding with each part replaced by the part's own hash.
//! Types that refer to each other in a circle (a *knot*, a strongly connected component) are
//! written together: from the one to be named, breadth first, a part within the knot being the
//! number of its first visit. Names depend neither on the table's order nor on what else is in it.

use alloc::vec;
use alloc::vec::Vec;

use crate::codec::{DecodeError, Reader, Writer};
use crate::hash::TypeHash;
use crate::index::TypeIx;
use crate::limits::{MAX_DESCRIPTOR_BYTES, MAX_KNOT_WORK};
use crate::types::check::TypeError;
use crate::types::codec::encode_type;
use crate::types::{Type, TypeTable};

/// A part within the knot, as against a hash.
const INSIDE: u8 = 1;
const OUTSIDE: u8 = 0;

impl TypeTable {
    /// The names of all types, in the order of the table.
    ///
    /// # Errors
    /// If a type refers to one that is not in the table, or circles of types are too large.
    pub fn hashes(&self) -> Result<Vec<TypeHash>, TypeError> {
        self.check_indices()?;
        let mut hashes = vec![TypeHash([0; 32]); self.len()];
        let mut work = 0;
        for knot in Knots::of(self).found {
            if knot.len() > 1 {
                work += knot.len() * knot.iter().map(|ix| self.parts_of(*ix)).sum::<usize>();
            }
            if work > MAX_KNOT_WORK {
                return Err(TypeError::KnotTooLarge);
            }
            let named: Vec<_> = knot
                .iter()
                .map(|ix| self.name_in(*ix, &knot, &hashes))
                .collect();
            for (ix, hash) in knot.iter().zip(named) {
                hashes[ix.index()] = hash;
            }
        }
        Ok(hashes)
    }

    /// The name of one type; see [`TypeTable::hashes`] for those of all.
    ///
    /// # Errors
    /// As [`TypeTable::hashes`].
    ///
    /// # Panics
    /// If `ix` is not in the table.
    pub fn hash(&self, ix: TypeIx) -> Result<TypeHash, TypeError> {
        Ok(self.hashes()?[ix.index()])
    }

    /// The type as self-contained canonical bytes, from which [`TypeTable::from_descriptor`]
    /// makes a table again. `None` if the table has not all of it.
    pub fn descriptor(&self, ix: TypeIx) -> Option<Vec<u8>> {
        let mut writer = Writer::new();
        self.extract(ix)?.encode(&mut writer);
        Some(writer.into_bytes())
    }

    /// The table that a descriptor describes; the described type is `TypeIx(0)`.
    ///
    /// # Errors
    /// If the bytes are no descriptor as [`TypeTable::descriptor`] makes them, or the types fail
    /// [`TypeTable::check`].
    pub fn from_descriptor(bytes: &[u8]) -> Result<TypeTable, TypeError> {
        let table = decode_descriptor(bytes).map_err(TypeError::Decode)?;
        table.check()?;
        if table.extract(TypeIx(0)).as_ref() != Some(&table) {
            return Err(TypeError::NotCanonical);
        }
        Ok(table)
    }

    /// The table of one type and what it consists of, in depth-first order.
    fn extract(&self, root: TypeIx) -> Option<TypeTable> {
        let order = self.reachable(root)?;
        let mut places = vec![TypeIx(0); self.len()];
        for (at, old) in order.iter().enumerate() {
            places[old.index()] = TypeIx(at as u32);
        }
        let types = order.iter().map(|old| {
            let mut ty = self.as_slice()[old.index()].clone();
            ty.for_each_part_mut(|part| *part = places[part.index()]);
            ty
        });
        Some(TypeTable::from_types(types.collect()))
    }

    fn parts_of(&self, ix: TypeIx) -> usize {
        let mut parts = 0;
        self.as_slice()[ix.index()].for_each_part(|_| parts += 1);
        parts
    }

    /// The name of `root`, a member of `knot`; everything outside the knot is in `hashes`.
    fn name_in(&self, root: TypeIx, knot: &[TypeIx], hashes: &[TypeHash]) -> TypeHash {
        let mut visited = vec![root];
        let mut numbers: alloc::collections::BTreeMap<TypeIx, usize> = [(root, 0)].into();
        let mut writer = Writer::new();
        let mut next = 0;
        while let Some(ix) = visited.get(next).copied() {
            next += 1;
            encode_type(&mut writer, &self.as_slice()[ix.index()], &mut |w, part| {
                if knot.binary_search(&part).is_err() {
                    w.byte(OUTSIDE);
                    return w.raw(hashes[part.index()].as_bytes());
                }
                let number = *numbers.entry(part).or_insert_with(|| {
                    visited.push(part);
                    visited.len() - 1
                });
                w.byte(INSIDE);
                w.length(number);
            });
        }
        TypeHash::of(&writer.into_bytes())
    }
}

fn decode_descriptor(bytes: &[u8]) -> Result<TypeTable, DecodeError> {
    let mut reader = Reader::new(bytes, MAX_DESCRIPTOR_BYTES)?;
    let table = TypeTable::decode(&mut reader)?;
    reader.finish()?;
    Ok(table)
}

/// Tarjan's strongly connected components, without recursion.
///
/// R. Tarjan: Depth-first search and linear graph algorithms, 1972.
struct Knots<'a> {
    types: &'a [Type],
    /// When each type was reached, from 1; 0 before that.
    reached: Vec<u32>,
    /// The earliest type on the stack that each type leads to.
    low: Vec<u32>,
    on_stack: Vec<bool>,
    stack: Vec<TypeIx>,
    clock: u32,
    /// Components with their members ascending; what a component refers to comes before it.
    found: Vec<Vec<TypeIx>>,
}

/// A type being visited, with the parts that remain.
struct Visit {
    ix: TypeIx,
    parts: Vec<TypeIx>,
}

impl<'a> Knots<'a> {
    fn of(table: &'a TypeTable) -> Self {
        let len = table.len();
        let mut knots = Knots {
            types: table.as_slice(),
            reached: vec![0; len],
            low: vec![0; len],
            on_stack: vec![false; len],
            stack: Vec::new(),
            clock: 0,
            found: Vec::new(),
        };
        for (ix, _) in table.iter() {
            if knots.reached[ix.index()] == 0 {
                knots.search(ix);
            }
        }
        knots
    }

    fn search(&mut self, root: TypeIx) {
        let mut visits = vec![self.enter(root)];
        while let Some(visit) = visits.last_mut() {
            let ix = visit.ix;
            match visit.parts.pop() {
                Some(part) if self.reached[part.index()] == 0 => visits.push(self.enter(part)),
                Some(part) if self.on_stack[part.index()] => {
                    let reached = self.reached[part.index()];
                    self.lower(ix, reached);
                }
                Some(_) => {}
                None => {
                    visits.pop();
                    let low = self.low[ix.index()];
                    if low == self.reached[ix.index()] {
                        self.close(ix);
                    }
                    if let Some(parent) = visits.last() {
                        self.lower(parent.ix, low);
                    }
                }
            }
        }
    }

    fn enter(&mut self, ix: TypeIx) -> Visit {
        self.clock += 1;
        self.reached[ix.index()] = self.clock;
        self.low[ix.index()] = self.clock;
        self.on_stack[ix.index()] = true;
        self.stack.push(ix);
        let mut parts = Vec::new();
        self.types[ix.index()].for_each_part(|part| parts.push(part));
        Visit { ix, parts }
    }

    fn lower(&mut self, ix: TypeIx, low: u32) {
        let mine = &mut self.low[ix.index()];
        *mine = low.min(*mine);
    }

    /// Takes the component that was entered with `first` from the stack.
    fn close(&mut self, first: TypeIx) {
        let at = self.stack.iter().rposition(|ix| *ix == first);
        let mut knot = self
            .stack
            .split_off(at.expect("an open component is on the stack"));
        for ix in &knot {
            self.on_stack[ix.index()] = false;
        }
        knot.sort_unstable();
        self.found.push(knot);
    }
}
