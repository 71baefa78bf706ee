//! One table for the types of all bricks, each type once.

use std::collections::BTreeMap;

use sm_bytecode::types::Type;
use sm_bytecode::{TypeHash, TypeIx, TypeTable};

use crate::index::TypeId;
use crate::link::small;
use crate::program::LinkError;

#[derive(Default)]
pub(super) struct TypeTables {
    types: Vec<Type>,
    hashes: Vec<TypeHash>,
    by_hash: BTreeMap<TypeHash, TypeId>,
}

impl TypeTables {
    /// Adds the types of a group; answers where each of them is.
    pub(super) fn add(
        &mut self,
        group: &TypeTable,
        hashes: &[TypeHash],
    ) -> Result<Vec<TypeId>, LinkError> {
        let first_new = self.types.len();
        let mut ids = Vec::with_capacity(hashes.len());
        for hash in hashes {
            let next = TypeId(small(self.hashes.len())?);
            let id = *self.by_hash.entry(*hash).or_insert(next);
            if id == next {
                self.hashes.push(*hash);
            }
            ids.push(id);
        }
        for (ty, id) in group.as_slice().iter().zip(&ids) {
            if id.index() >= first_new {
                let mut ty = ty.clone();
                ty.for_each_part_mut(|part| *part = TypeIx(ids[part.index()].0));
                self.types.push(ty);
            }
        }
        Ok(ids)
    }

    /// Adds the type of the elements of places, which a program can have without naming it.
    pub(super) fn add_any_tag(&mut self) -> TypeId {
        let table = TypeTable::from_types(vec![Type::AnyTag]);
        let added = table.hashes().ok().map(|hashes| self.add(&table, &hashes));
        added.and_then(Result::ok).map_or(TypeId(0), |ids| ids[0])
    }

    pub(super) fn hash(&self, id: TypeId) -> TypeHash {
        self.hashes[id.index()]
    }

    pub(super) fn table(&self) -> TypeTable {
        TypeTable::from_types(self.types.clone())
    }

    pub(super) fn into_names(self) -> (Vec<TypeHash>, BTreeMap<TypeHash, TypeId>) {
        (self.hashes, self.by_hash)
    }
}
