//! The types of variables as the source has them. The code knows less: there a `Duration` is an
//! `Int`.

use std::collections::BTreeMap;

use sm_compiler::cost::{Frame, Variable};
use sm_compiler::typed::{Body, Expr, ExprKind, Local, NodeMut, Program};

/// Module, function and variable: the type, if all variables of this name there have the same.
#[derive(Debug, Default)]
pub(crate) struct Types {
    known: BTreeMap<(String, String, String), Option<String>>,
}

impl Types {
    /// Those of all variables of a program.
    pub(crate) fn of_program(mut program: Program) -> Self {
        let mut types = Self::default();
        let mut functions = std::mem::take(&mut program.functions);
        for function in &mut functions {
            let module = program.module(function.module).path.to_string();
            let place = (module, function.name.to_string());
            types.add(&program, &place, &function.locals);
            if let Body::Typed(body) = &mut function.body {
                types.closures(&program, &place, body);
            }
        }
        types
    }

    /// The type of a variable.
    pub(crate) fn of(&self, frame: &Frame, variable: &Variable) -> String {
        let known = variable
            .names
            .first()
            .and_then(|name| self.find(frame, name));
        known.unwrap_or(&variable.ty).to_owned()
    }

    fn find(&self, frame: &Frame, name: &str) -> Option<&str> {
        let (module, function) = (&frame.function.module, &frame.function.name);
        // `main closure 1` has its variables in `main`, `sum<Int>` in `sum`.
        let outer = function.split(" closure ").next().unwrap_or(function);
        let generic = outer.strip_suffix('>').and_then(|rest| {
            let mut depth = 1;
            let open = rest.char_indices().rev().find(|(_, c)| {
                depth += match c {
                    '>' => 1,
                    '<' => -1,
                    _ => 0,
                };
                depth == 0
            });
            Some(&rest[..open?.0])
        });
        let names = [Some(outer), generic];
        names.into_iter().flatten().find_map(|function| {
            let key = (module.clone(), function.to_owned(), name.to_owned());
            self.known.get(&key)?.as_deref()
        })
    }

    fn add(&mut self, program: &Program, (module, function): &(String, String), locals: &[Local]) {
        for local in locals {
            let types = &program.types;
            if local.name.is_empty() || types.has_param(local.ty) || types.has_error(local.ty) {
                continue;
            }
            let shown = types.show(local.ty, &program.adts, &[]);
            let key = (module.clone(), function.clone(), local.name.to_string());
            self.known
                .entry(key)
                .and_modify(|known| {
                    if known.as_ref() != Some(&shown) {
                        *known = None;
                    }
                })
                .or_insert(Some(shown));
        }
    }

    fn closures(&mut self, program: &Program, place: &(String, String), expr: &mut Expr) {
        if let ExprKind::Closure(closure) = &expr.kind {
            self.add(program, place, &closure.locals);
        }
        expr.children_mut(&mut |node| {
            if let NodeMut::Expr(inner) = node {
                self.closures(program, place, inner);
            }
        });
    }
}
