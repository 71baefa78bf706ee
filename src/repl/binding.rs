//! The bindings of a session: what `let` and `var` keep from one input to the next.
//!
//! A value that is data is kept in a *cell*, outside of any message; two names of one list share a
//! cell, so what is pushed through one is seen through the other. A value that is no data, such as
//! a function, cannot leave its message: its binding is kept as source and made anew in each input
//! that uses it.

use std::collections::{BTreeMap, BTreeSet};

use sm_compiler::ast::Mutability;
use sm_compiler::input;
use sm_vm::Value;

use crate::composed::{Composed, Excerpt, Owner};

/// Names a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CellId(pub(crate) u32);

/// A value outside of messages.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) value: Value,
    pub(crate) ty: TypeText,
}

/// A type as an input can write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeText {
    pub(crate) text: String,
    /// As people read it.
    pub(crate) shown: String,
    /// Imports that it needs: a path, and the name it has here.
    pub(crate) imports: BTreeSet<(String, String)>,
    pub(crate) identity: Identity,
}

/// Whether values of a type can be the same one, not only equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    None,
    Reference,
}

/// A statement that binds.
#[derive(Clone, Debug)]
pub(crate) enum Binding {
    Cell {
        name: String,
        mutability: Mutability,
        cell: CellId,
    },
    /// The whole statement; it may bind several names.
    Source { names: Vec<String>, text: Excerpt },
}

/// All of them, the oldest first: a younger one hides an older one of its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings {
    pub(crate) list: Vec<Binding>,
    pub(crate) cells: BTreeMap<CellId, Cell>,
    next: u32,
}

/// What an input uses: places in the list, in order.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) bindings: Vec<usize>,
    /// Each once, in order.
    pub(crate) cells: Vec<CellId>,
}

impl Binding {
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Cell { name, .. } => std::slice::from_ref(name),
            Self::Source { names, .. } => names,
        }
    }
}

impl Bindings {
    /// The bindings that a text may mean, and those that they need.
    pub(crate) fn used(&self, text: &str) -> Used {
        let mut wanted: BTreeSet<&str> = input::names(text).map(|(_, name)| name).collect();
        let mut bindings = Vec::new();
        for (at, binding) in self.list.iter().enumerate().rev() {
            let names = binding.names().iter();
            if names.filter(|name| wanted.remove(name.as_str())).count() == 0 {
                continue;
            }
            bindings.push(at);
            if let Binding::Source { text, .. } = binding {
                wanted.extend(input::names(text.as_str()).map(|(_, name)| name));
            }
        }
        bindings.reverse();
        let mut cells = Vec::new();
        for at in &bindings {
            if let Binding::Cell { cell, .. } = &self.list[*at]
                && !cells.contains(cell)
            {
                cells.push(*cell);
            }
        }
        Used { bindings, cells }
    }

    /// Writes the bindings of an input into the text of a function that has the cells as
    /// parameters.
    pub(crate) fn compose(&self, used: &Used, into: &mut Composed) {
        for at in &used.bindings {
            let owner = Owner::Binding(*at);
            match &self.list[*at] {
                Binding::Cell {
                    name,
                    mutability,
                    cell,
                } => {
                    let word = match mutability {
                        Mutability::Let => "let",
                        Mutability::Var => "var",
                    };
                    into.glue(owner, &format!("{word} {name} = {}\n", parameter(*cell)));
                }
                Binding::Source { text, .. } => {
                    into.verbatim(owner, text);
                    into.glue(owner, "\n");
                }
            }
        }
    }

    /// The youngest of each name.
    pub(crate) fn visible(&self) -> BTreeMap<&str, &Binding> {
        let mut visible = BTreeMap::new();
        for binding in &self.list {
            for name in binding.names() {
                visible.insert(name.as_str(), binding);
            }
        }
        visible
    }

    pub(crate) fn is_visible(&self, at: usize) -> bool {
        let younger = &self.list[at + 1..];
        let hidden = |name: &String| younger.iter().any(|other| other.names().contains(name));
        !self.list[at].names().iter().all(hidden)
    }

    pub(crate) fn new_cell(&mut self, value: Value, ty: TypeText) -> CellId {
        let id = CellId(self.next);
        self.next += 1;
        self.cells.insert(id, Cell { value, ty });
        id
    }

    pub(crate) fn set(&mut self, id: CellId, value: Value) {
        if let Some(cell) = self.cells.get_mut(&id) {
            cell.value = value;
        }
    }

    /// Lets a variable stand for another cell.
    pub(crate) fn rebind(&mut self, at: usize, to: CellId) {
        if let Binding::Cell { cell, .. } = &mut self.list[at] {
            *cell = to;
        }
    }

    /// Adds a binding that hides older ones.
    pub(crate) fn add(&mut self, binding: Binding) {
        self.list.push(binding);
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.list
            .retain(|binding| !binding.names().iter().any(|one| one == name));
        self.tidy();
    }

    /// Lets go of what nothing can mean any more: a hidden binding stays only while a younger
    /// source mentions it.
    pub(crate) fn tidy(&mut self) {
        let mut kept = Vec::new();
        for at in 0..self.list.len() {
            let names = self.list[at].names();
            let mentioned = self.list[at + 1..].iter().any(|younger| match younger {
                Binding::Cell { .. } => false,
                Binding::Source { text, .. } => {
                    input::names(text.as_str()).any(|(_, name)| names.iter().any(|n| n == name))
                }
            });
            if mentioned || self.is_visible(at) {
                kept.push(self.list[at].clone());
            }
        }
        self.list = kept;
        let used = |id: &CellId| {
            self.list
                .iter()
                .any(|one| matches!(one, Binding::Cell { cell, .. } if cell == id))
        };
        self.cells.retain(|id, _| used(id));
    }
}

/// The parameter of an input for a cell. Two underscores begin no name that a person would choose.
pub(crate) fn parameter(cell: CellId) -> String {
    format!("__{}", cell.0)
}
