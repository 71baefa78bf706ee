//! Types of the program as types of bricks, and where the parts of a value sit.

use std::rc::Rc;

use sm_bytecode::types::{Field, Variant};
use sm_bytecode::{Slot, Type, TypeIx, TypeTable};

use super::limits::{MAX_PROGRAM_TYPES, MAX_TYPE_SIZE};
use crate::typed::{Adt, AdtId, AdtKind, Mutability, Program, Ty, TyKind, Types};

/// All types that the code uses, in one table for the whole program. Bricks get their own later.
#[derive(Debug)]
pub(crate) struct Layout<'p> {
    program: &'p Program,
    /// The program's types and those that specialisation adds.
    pub(crate) types: Types,
    pub(crate) table: TypeTable,
    /// The place of each type of the program.
    known: Vec<Option<TypeIx>>,
    /// The slots of each type of the table.
    slots: Vec<Option<Rc<[Slot]>>>,
    /// Structs and enums that have a place in the table, but no content yet.
    pending: Vec<(TypeIx, AdtId, Box<[Ty]>)>,
    /// A type that grew beyond all bounds was met.
    pub(crate) too_large: bool,
}

impl<'p> Layout<'p> {
    pub(crate) fn new(program: &'p Program) -> Self {
        Self {
            program,
            types: program.types.clone(),
            table: TypeTable::new(),
            known: Vec::new(),
            slots: Vec::new(),
            pending: Vec::new(),
            too_large: false,
        }
    }

    /// The type as it stands in the table. It holds no parameter.
    pub(crate) fn type_ix(&mut self, ty: Ty) -> TypeIx {
        let ix = self.place(ty);
        while let Some((ix, adt, args)) = self.pending.pop() {
            let content = self.nominal(adt, &args);
            self.table.set(ix, content);
        }
        ix
    }

    /// The type's place in the table, if it has one.
    pub(crate) fn known_ix(&self, ty: Ty) -> Option<TypeIx> {
        self.known.get(ty.index()).copied().flatten()
    }

    /// The place of a type; structs and enums in it may still be pending.
    fn place(&mut self, ty: Ty) -> TypeIx {
        if let Some(ix) = self.known_ix(ty) {
            return ix;
        }
        if self.types.size(ty) > MAX_TYPE_SIZE || self.table.len() > MAX_PROGRAM_TYPES {
            self.too_large = true;
            return self.table.intern(Type::Unit);
        }
        let ix = match self.types.get(ty).clone() {
            TyKind::Adt(adt, args) => {
                let ix = self.table.reserve();
                self.pending.push((ix, adt, args));
                ix
            }
            kind => {
                let plain = self.plain(&kind);
                self.table.intern(plain)
            }
        };
        if self.known.len() <= ty.index() {
            self.known.resize(self.types.len(), None);
        }
        self.known[ty.index()] = Some(ix);
        ix
    }

    fn plain(&mut self, kind: &TyKind) -> Type {
        match kind {
            TyKind::Bool => Type::Bool,
            TyKind::Int => Type::Int,
            TyKind::Float => Type::Float,
            TyKind::Duration => Type::Duration,
            TyKind::Str => Type::Str,
            TyKind::Bytes => Type::Bytes,
            TyKind::Id => Type::Id,
            TyKind::Node => Type::Node,
            TyKind::Hop => Type::Hop,
            TyKind::Name => Type::Name,
            TyKind::Place => Type::Place,
            TyKind::AnyTag => Type::AnyTag,
            TyKind::List(of) => Type::List(self.place(*of)),
            TyKind::Map(key, value) => {
                let key = self.place(*key);
                Type::Map(key, self.place(*value))
            }
            TyKind::Set(of) => Type::Set(self.place(*of)),
            TyKind::Option(of) => Type::Option(self.place(*of)),
            TyKind::Tag(of) => Type::Tag(self.place(*of)),
            TyKind::Tuple(parts) => Type::Tuple(self.places(parts)),
            TyKind::Fn { params, result } => {
                let params = self.places(params);
                Type::Fn {
                    params,
                    result: self.place(*result),
                }
            }
            // A function that does not end has no result; the rest does not occur here.
            TyKind::Unit | TyKind::Never | TyKind::Error | TyKind::Adt(..) => Type::Unit,
            TyKind::Param(_) | TyKind::Infer(_) => Type::Unit,
        }
    }

    fn places(&mut self, types: &[Ty]) -> Vec<TypeIx> {
        types.iter().map(|ty| self.place(*ty)).collect()
    }

    fn nominal(&mut self, id: AdtId, args: &[Ty]) -> Type {
        let adt: &'p Adt = self.program.adt(id);
        let name = adt.name.to_string();
        match &adt.kind {
            AdtKind::Struct { fields } => {
                let fields = self.fields(fields, args);
                Type::Struct {
                    name,
                    args: self.places(args),
                    fields,
                }
            }
            AdtKind::Enum { variants } => {
                let variants = variants
                    .iter()
                    .map(|variant| Variant {
                        name: variant.name.to_string(),
                        fields: self.fields(&variant.fields, args),
                    })
                    .collect();
                Type::Enum {
                    name,
                    args: self.places(args),
                    variants,
                }
            }
        }
    }

    fn fields(&mut self, fields: &[crate::typed::Field], args: &[Ty]) -> Vec<Field> {
        let mut out = Vec::with_capacity(fields.len());
        for field in fields {
            let ty = self.types.substitute(field.ty, args);
            out.push(Field {
                name: field
                    .name
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                ty: self.place(ty),
                mutable: field.mutability == Mutability::Var,
            });
        }
        out
    }

    /// The slots of a value in registers.
    pub(crate) fn slots(&mut self, ty: Ty) -> Rc<[Slot]> {
        let ix = self.type_ix(ty);
        if self.slots.len() <= ix.index() {
            self.slots.resize(self.table.len(), None);
        }
        let table = &self.table;
        self.slots[ix.index()]
            .get_or_insert_with(|| table.slots(ix).into())
            .clone()
    }

    /// The slot of a value in a list, map or set.
    pub(crate) fn elem(&mut self, ty: Ty) -> Slot {
        match *self.slots(ty) {
            [single] => single,
            _ => Slot::Ref(self.type_ix(ty)),
        }
    }

    /// The types of the fields of a struct (`variant` 0) or of a variant.
    pub(crate) fn field_types(&mut self, ty: Ty, variant: usize) -> Vec<Ty> {
        match self.types.get(ty).clone() {
            TyKind::Tuple(parts) => parts.into_vec(),
            TyKind::Adt(id, args) => {
                let adt: &'p Adt = self.program.adt(id);
                let fields = match &adt.kind {
                    AdtKind::Struct { fields } => fields,
                    AdtKind::Enum { variants } => &variants[variant].fields,
                };
                fields
                    .iter()
                    .map(|field| self.types.substitute(field.ty, &args))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// How many variants an enum has; 0 for other types.
    pub(crate) fn variant_count(&self, ty: Ty) -> usize {
        match self.types.get(ty) {
            TyKind::Adt(id, _) => self.program.adt(*id).variants().len(),
            _ => 0,
        }
    }

    /// Whether the type is an enum without fields, held as a number.
    pub(crate) fn is_small_enum(&mut self, ty: Ty) -> bool {
        matches!(*self.slots(ty), [Slot::Enum(_)])
    }

    /// Whether values of the type can be written as text: no function is in them.
    pub(crate) fn is_data(&mut self, ty: Ty) -> bool {
        let ix = self.type_ix(ty);
        let parts = self
            .table
            .reachable(ix)
            .expect("the table holds what its types refer to");
        parts
            .iter()
            .all(|part| !matches!(self.table.get(*part), Some(Type::Fn { .. })))
    }
}
