//! Random valid bricks, for property tests and fuzzing.
//!
//! A brick is made from bytes: the same bytes make the same brick, fewer bytes a smaller one, so
//! test runners can shrink it. Each brick verifies; most of its instructions do something, and it
//! may loop or recurse without end.

mod body;
mod value;

#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use crate::group::{Access, Callee, Const, Function, Group, TagConst};
use crate::hash::BrickHash;
use crate::index::TypeIx;
use crate::types::{Field, Slot, Type, TypeTable, Variant};

/// Whether bricks call functions of other bricks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calls {
    /// Only own functions: the brick is a whole program, whose entry is function 0, without
    /// parameters and with data for a result.
    Own,
    /// Also functions of bricks that do not exist.
    Foreign,
}

/// A valid brick in normal form, made from `entropy`.
pub fn group(entropy: &[u8], calls: Calls) -> Group {
    let mut maker = Maker {
        entropy: Entropy {
            bytes: entropy,
            at: 0,
        },
        group: Group {
            types: types(),
            ..Group::default()
        },
        plans: Vec::new(),
        bodies_of: BTreeMap::new(),
    };
    maker.plan_types();
    maker.plan_tables(calls);
    maker.plan_functions();
    let mut done = 0;
    while let Some(plan) = maker.plans.get(done).cloned() {
        done += 1;
        let mut function = body::make(&mut maker, &plan);
        function.compute_live_in();
        maker.group.functions.push(function);
    }
    maker
        .group
        .canonicalize()
        .expect("the types made here can be named");
    maker.group
}

/// Bytes that choices are made from; zeros when they are used up.
#[derive(Debug)]
struct Entropy<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Entropy<'_> {
    fn byte(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    /// A number below `limit`, which is at least 1.
    fn below(&mut self, limit: usize) -> usize {
        let low = usize::from(self.byte());
        let high = if limit > 256 {
            usize::from(self.byte()) << 8
        } else {
            0
        };
        (low | high) % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn number(&mut self) -> i64 {
        match self.below(4) {
            0 => i64::from(self.byte()),
            1 => -i64::from(self.byte()),
            2 => i64::MAX - i64::from(self.byte()),
            _ => i64::from_le_bytes(core::array::from_fn(|_| self.byte())),
        }
    }

    fn is_used_up(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

/// The signature of a function to be made.
#[derive(Clone, Debug)]
struct Plan {
    params: Vec<TypeIx>,
    captures: Vec<TypeIx>,
    result: TypeIx,
}

#[derive(Debug)]
struct Maker<'a> {
    entropy: Entropy<'a>,
    group: Group,
    plans: Vec<Plan>,
    /// The function that closures of a function type run.
    bodies_of: BTreeMap<TypeIx, u16>,
}

impl Maker<'_> {
    fn types(&self) -> &TypeTable {
        &self.group.types
    }

    fn any_type(&mut self) -> TypeIx {
        TypeIx(self.entropy.below(self.group.types.len()) as u32)
    }

    fn data_type(&mut self) -> TypeIx {
        let ix = self.any_type();
        let facts = self
            .types()
            .check()
            .expect("the types made here are well-formed");
        if facts.is_data(ix) {
            ix
        } else {
            self.types().find(&Type::Int).expect("Int is there")
        }
    }

    /// Some types beside those that are always there.
    fn plan_types(&mut self) {
        for _ in 0..self.entropy.below(6) {
            let (a, b) = (self.any_type(), self.any_type());
            let facts = self
                .types()
                .check()
                .expect("the types made here are well-formed");
            let key = if facts.is_key(a) { a } else { TypeIx(0) };
            let ty = match self.entropy.below(6) {
                0 => Type::List(a),
                1 if facts.slots(a).len() < 3 => Type::Option(a),
                2 => Type::Tuple(vec![a, b]),
                3 => Type::Map(key, b),
                4 => Type::Set(key),
                _ if facts.is_data(a) => Type::Tag(a),
                _ => Type::Fn {
                    params: vec![a],
                    result: b,
                },
            };
            self.group.types.intern(ty);
        }
    }

    fn plan_tables(&mut self, calls: Calls) {
        self.group.consts = vec![
            Const::Str("".into()),
            Const::Str("grüß dich".into()),
            Const::Bytes(vec![]),
            Const::Bytes(vec![0, 255, 7]),
        ];
        let tag_types: Vec<_> = self
            .types()
            .iter()
            .filter_map(|(_, ty)| {
                if let Type::Tag(value) = ty {
                    Some(*value)
                } else {
                    None
                }
            })
            .collect();
        for (at, value) in tag_types.into_iter().enumerate() {
            let key = self.types().find(&Type::Int).expect("Int is there");
            let keys = vec![key; self.entropy.below(3)];
            self.group.tags.push(tag("plain", at, value, vec![]));
            if !keys.is_empty() {
                self.group.tags.push(tag("family", at, value, keys));
            }
        }
        if calls == Calls::Foreign {
            for at in 0..self.entropy.below(3) {
                let (params, result) = (vec![self.any_type()], self.any_type());
                let group = BrickHash::of(&[at as u8]);
                self.group.callees.push(Callee {
                    group,
                    function: at as u16,
                    params,
                    result,
                });
            }
        }
    }

    fn plan_functions(&mut self) {
        let result = self.data_type();
        self.plans.push(Plan {
            params: vec![],
            captures: vec![],
            result,
        });
        for _ in 0..self.entropy.below(3) {
            let params = (0..self.entropy.below(3))
                .map(|_| self.any_type())
                .collect();
            let result = self.any_type();
            self.plans.push(Plan {
                params,
                captures: vec![],
                result,
            });
        }
    }

    /// The function that closures of this function type run.
    fn body_of(&mut self, ty: TypeIx) -> u16 {
        if let Some(function) = self.bodies_of.get(&ty) {
            return *function;
        }
        let Some(Type::Fn { params, result }) = self.types().get(ty).cloned() else {
            unreachable!("asked for function types only");
        };
        // Captures of function types would ask for closures for closures without end.
        let captures = (0..self.entropy.below(3))
            .map(|_| self.data_type())
            .collect();
        let function = self.plans.len() as u16;
        self.plans.push(Plan {
            params,
            captures,
            result,
        });
        self.bodies_of.insert(ty, function);
        function
    }
}

fn tag(kind: &str, at: usize, value: TypeIx, keys: Vec<TypeIx>) -> TagConst {
    let owned = at.is_multiple_of(3);
    TagConst {
        name: alloc::format!("{kind}{at}"),
        value,
        keys,
        owner: owned.then(|| "lib".to_string()),
        lifetime: at.is_multiple_of(2).then_some(at as u64 * 1_000_000),
        read: Access::Any,
        write: if owned { Access::Code } else { Access::Owner },
    }
}

/// The types that are always there: every kind, every shape of slots, two recursive ones.
fn types() -> TypeTable {
    let mut types = TypeTable::new();
    let int = types.intern(Type::Int);
    let plain = [
        Type::Unit,
        Type::Bool,
        Type::Duration,
        Type::Bytes,
        Type::Id,
        Type::Node,
        Type::Name,
        Type::Place,
        Type::AnyTag,
    ];
    plain.into_iter().for_each(|ty| _ = types.intern(ty));
    let float = types.intern(Type::Float);
    let text = types.intern(Type::Str);
    let hop = types.intern(Type::Hop);
    let unit = types.intern(Type::Unit);
    let option_int = types.intern(Type::Option(int));
    let option_text = types.intern(Type::Option(text));
    let deep = types.intern(Type::Option(option_text));
    for ty in [int, float, text, hop, option_int, deep, unit] {
        types.intern(Type::List(ty));
    }
    types.intern(Type::Option(float));
    types.intern(Type::Option(hop));
    let color = types.intern(Type::Enum {
        name: "Color".into(),
        args: vec![],
        variants: ["Red", "Green"]
            .map(|name| Variant {
                name: name.into(),
                fields: vec![],
            })
            .into(),
    });
    types.intern(Type::Map(text, int));
    types.intern(Type::Map(color, option_int));
    types.intern(Type::Set(option_text));
    types.intern(Type::Tuple(vec![int, option_int, text]));
    types.intern(Type::Fn {
        params: vec![int],
        result: float,
    });
    types.intern(Type::Fn {
        params: vec![],
        result: unit,
    });
    for value in [int, option_int, text, unit] {
        types.intern(Type::Tag(value));
    }
    types.intern(Type::Struct {
        name: "Point".into(),
        args: vec![int],
        fields: vec![field("x", int, false), field("y", option_int, true)],
    });
    recursive(&mut types, int, text);
    types
}

fn recursive(types: &mut TypeTable, int: TypeIx, text: TypeIx) {
    let tree = types.reserve();
    let kids = types.intern(Type::List(tree));
    let fields = vec![field("value", int, true), field("kids", kids, false)];
    types.set(
        tree,
        Type::Struct {
            name: "Tree".into(),
            args: vec![],
            fields,
        },
    );

    let chain = types.reserve();
    let variants = vec![
        Variant {
            name: "End".into(),
            fields: vec![],
        },
        Variant {
            name: "Text".into(),
            fields: vec![field("", text, false)],
        },
        Variant {
            name: "Link".into(),
            fields: vec![field("value", int, false), field("next", chain, false)],
        },
    ];
    types.set(
        chain,
        Type::Enum {
            name: "Chain".into(),
            args: vec![],
            variants,
        },
    );
}

fn field(name: &str, ty: TypeIx, mutable: bool) -> Field {
    Field {
        name: name.into(),
        ty,
        mutable,
    }
}

/// An empty function with this signature.
fn frame(types: &TypeTable, plan: &Plan) -> Function {
    let inputs: Vec<_> = plan.params.iter().chain(&plan.captures).copied().collect();
    let regs: Vec<Slot> = types.slots_of_all(&inputs);
    Function {
        params: plan.params.clone(),
        captures: plan.captures.clone(),
        result: plan.result,
        regs,
        blocks: Vec::new(),
    }
}
