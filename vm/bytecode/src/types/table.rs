//! The table of types: each type once, found by content.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::hash::TypeHash;
use crate::index::TypeIx;
use crate::types::{Type, TypeError};

/// Types, each at most once, that refer to each other by index.
#[derive(Clone, Default)]
pub struct TypeTable {
    types: Vec<Type>,
    index: BTreeMap<Type, TypeIx>,
    /// How many types at the beginning are not in the index yet: most tables are never added to.
    unlisted: usize,
}

impl PartialEq for TypeTable {
    fn eq(&self, other: &Self) -> bool {
        self.types == other.types
    }
}

impl Eq for TypeTable {}

impl fmt::Debug for TypeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.types).finish()
    }
}

impl TypeTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// A table with exactly these types, which may refer to each other in any way. Nothing is
    /// checked: see [`TypeTable::check`].
    pub fn from_types(types: Vec<Type>) -> Self {
        Self {
            unlisted: types.len(),
            types,
            index: BTreeMap::new(),
        }
    }

    /// All types in order.
    pub fn into_types(self) -> Vec<Type> {
        self.types
    }

    /// Number of types.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there is no type.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// The type at `ix`, if the table has it.
    pub fn get(&self, ix: TypeIx) -> Option<&Type> {
        self.types.get(ix.index())
    }

    /// All types in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (TypeIx, &Type)> + ExactSizeIterator {
        self.types
            .iter()
            .enumerate()
            .map(|(at, ty)| (TypeIx(at as u32), ty))
    }

    /// All types in order.
    pub fn as_slice(&self) -> &[Type] {
        &self.types
    }

    /// Where `ty` stands, if it is in the table.
    pub fn find(&self, ty: &Type) -> Option<TypeIx> {
        let mut unlisted = self.types[..self.unlisted].iter().zip(0..);
        let found = unlisted.find(|(other, _)| *other == ty);
        let found = found.map(|(_, at)| TypeIx(at));
        found.or_else(|| self.index.get(ty).copied())
    }

    /// The place of `ty`, which is added if it is not there yet. The types it refers to come
    /// first; for a type that contains itself see [`TypeTable::reserve`].
    pub fn intern(&mut self, ty: Type) -> TypeIx {
        self.list();
        if let Some(ix) = self.find(&ty) {
            return ix;
        }
        let ix = self.reserve();
        self.set(ix, ty);
        ix
    }

    /// A place for a recursive type, to be filled by [`TypeTable::set`]. Ask once for each struct
    /// or enum (and its arguments): the table cannot see that two of them will be equal.
    pub fn reserve(&mut self) -> TypeIx {
        self.types.push(Type::Unit);
        TypeIx(self.types.len() as u32 - 1)
    }

    /// Fills a reserved place.
    ///
    /// # Panics
    /// If `ix` is not in the table.
    pub fn set(&mut self, ix: TypeIx, ty: Type) {
        self.list();
        self.index.entry(ty.clone()).or_insert(ix);
        self.types[ix.index()] = ty;
    }

    /// Calls `visit` for each reference of a type to another one, so that it can be replaced.
    pub(crate) fn for_each_part_mut(&mut self, mut visit: impl FnMut(&mut TypeIx)) {
        self.index.clear();
        self.unlisted = self.types.len();
        let types = self.types.iter_mut();
        types.for_each(|ty| ty.for_each_part_mut(&mut visit));
    }

    /// Lets the index have all types.
    fn list(&mut self) {
        for (ty, at) in self.types[..self.unlisted].iter().zip(0..) {
            self.index.entry(ty.clone()).or_insert(TypeIx(at));
        }
        self.unlisted = 0;
    }

    /// Adds the type at `ix` of `from`, with all it refers to, and answers its place here. Equal
    /// types become one, also recursive ones: they are found by name.
    ///
    /// Every call names all types of both tables; to join many tables use a [`TypePool`].
    ///
    /// # Errors
    /// If `from` has no such type, or types of one of the tables cannot be named.
    pub fn import(&mut self, from: &TypeTable, ix: TypeIx) -> Result<TypeIx, TypeError> {
        let wanted = from.reachable(ix).ok_or(TypeError::UnknownPart(ix))?;
        let names = from.hashes()?;
        let mut known = BTreeMap::new();
        for ((at, _), name) in self.iter().zip(self.hashes()?) {
            known.entry(name).or_insert(at);
        }
        self.adopt(from, &names, &wanted, &mut known);
        Ok(known[&names[ix.index()]])
    }

    /// Adds those of the `wanted` types that are not `known`. All parts of wanted types are wanted.
    fn adopt(
        &mut self,
        from: &TypeTable,
        names: &[TypeHash],
        wanted: &[TypeIx],
        known: &mut BTreeMap<TypeHash, TypeIx>,
    ) {
        let mut added = Vec::new();
        for old in wanted {
            known.entry(names[old.index()]).or_insert_with(|| {
                added.push(*old);
                self.reserve()
            });
        }
        for old in added {
            let mut ty = from.types[old.index()].clone();
            ty.for_each_part_mut(|part| *part = known[&names[part.index()]]);
            self.set(known[&names[old.index()]], ty);
        }
    }

    /// The types that `root` consists of in depth-first order, `root` first; `None` if the table
    /// has not all of them.
    pub fn reachable(&self, root: TypeIx) -> Option<Vec<TypeIx>> {
        let mut order = Vec::new();
        let mut seen = alloc::vec![false; self.types.len()];
        let mut stack = alloc::vec![root];
        while let Some(ix) = stack.pop() {
            if core::mem::replace(seen.get_mut(ix.index())?, true) {
                continue;
            }
            order.push(ix);
            let first = stack.len();
            self.types[ix.index()].for_each_part(|part| stack.push(part));
            stack[first..].reverse();
        }
        Some(order)
    }
}

/// A table that many tables are joined into, each type once: what a program links against.
#[derive(Clone, Default, Debug)]
pub struct TypePool {
    table: TypeTable,
    known: BTreeMap<TypeHash, TypeIx>,
}

impl TypePool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds all types of a table whose names are `names` (see [`TypeTable::hashes`]) and answers
    /// the place of each here. Linear in the size of `from`.
    ///
    /// # Panics
    /// If `names` are not those of `from`.
    pub fn join(&mut self, from: &TypeTable, names: &[TypeHash]) -> Vec<TypeIx> {
        let all: Vec<_> = from.iter().map(|(ix, _)| ix).collect();
        self.table.adopt(from, names, &all, &mut self.known);
        names.iter().map(|name| self.known[name]).collect()
    }

    /// The joined types.
    pub fn table(&self) -> &TypeTable {
        &self.table
    }

    /// The place of the type with this name.
    pub fn find(&self, name: &TypeHash) -> Option<TypeIx> {
        self.known.get(name).copied()
    }
}
