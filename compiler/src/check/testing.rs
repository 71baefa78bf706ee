//! Simulated networks in tests: `node.inject(f, args..)`, and who may use them.

use std::collections::BTreeMap;

use super::TESTING;
use super::body::{Body, Reason, Want};
use super::collect::{Head, World};
use super::scope::Entity;
use super::sink::Sink;
use crate::ast::{self, Arg, Ident, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::lower::for_each_function;
use crate::typed::{self, Bound, Expr, ExprKind, FnId, Function, ModuleId, Stmt, StmtKind, Ty};

impl Body<'_, '_> {
    /// The module of simulated networks, if the type is that of its nodes.
    pub(super) fn testing_of(&self, head: Head) -> Option<ModuleId> {
        let Head::Adt(adt) = head else {
            return None;
        };
        let adt = self.world.adt(adt);
        let module = adt.module;
        let is_node = &*adt.name == "SimNode" && is_testing(self.world, module);
        is_node.then_some(module)
    }

    /// `node.inject(f, args..)` is `launched(spawn f(args..))`, with `aim(node)` just before the
    /// spawn: after everything else has been computed.
    pub(super) fn inject(
        &mut self,
        testing: ModuleId,
        node: Expr,
        (name, args): (&Ident, &[Arg]),
        span: Span,
    ) -> Expr {
        let Some((called, result)) = self.injected(name, args, span) else {
            return self.error_expr(span);
        };
        let (mut before, call) = match called.kind {
            ExprKind::Block {
                stmts,
                tail: Some(tail),
            } => (stmts, *tail),
            _ => (Vec::new(), called),
        };
        let mut stmts = Vec::new();
        let node = self.bound(node, &mut stmts);
        stmts.append(&mut before);
        let mut spawn = self.spawned(call, span);
        if let ExprKind::Spawn { args, .. } = &mut spawn.kind {
            for arg in args {
                if !self.is_still(arg) {
                    let unbound = std::mem::replace(arg, self.error_expr(span));
                    *arg = self.bound(unbound, &mut stmts);
                }
            }
        }
        let aim = self.of_testing(testing, "aim", Vec::new(), vec![node], span);
        stmts.push(Stmt {
            kind: StmtKind::Expr(aim),
            span,
        });
        let launched = self.of_testing(testing, "launched", vec![result], vec![spawn], span);
        self.after(stmts, launched)
    }

    /// The call that the message begins with, and the type of what it answers.
    fn injected(&mut self, name: &Ident, args: &[Arg], span: Span) -> Option<(Expr, Ty)> {
        let (function, rest) = match args {
            [function, rest @ ..] if function.name.is_none() => (&function.value, rest),
            _ => {
                let message = "`inject` needs the function in which the message begins";
                let error = self.error(code::BAD_INJECT, name.span, message);
                self.report(error.help("as in `net.node(0).inject(main)`"));
                self.infer_all(args);
                return None;
            }
        };
        if !matches!(
            function.kind,
            ast::ExprKind::Name(_) | ast::ExprKind::Field { .. }
        ) {
            let message = "`inject` needs a function that has a name";
            let error = self.error(code::BAD_INJECT, function.span, message);
            self.report(error.help(
                "give the function and its arguments one after the other: `inject(f, x, y)`",
            ));
            self.infer_all(args);
            return None;
        }
        let called = self.call(function, rest, span, Want::Anything);
        let result = self.shallow(called.ty);
        if result == Ty::ERROR {
            return None;
        }
        self.require(result, Bound::Data, function.span, Reason::Spawn);
        Some((called, result))
    }

    /// A call of a function of the module of simulated networks.
    fn of_testing(
        &mut self,
        testing: ModuleId,
        name: &str,
        type_args: Vec<Ty>,
        args: Vec<Expr>,
        span: Span,
    ) -> Expr {
        let binding = self.world.names.scope(testing).items.get(name);
        let Some(Entity::Fn(function)) = binding.map(|binding| binding.entity) else {
            return self.error_expr(span);
        };
        let result = self.world.function(function).result;
        let result = self.substitute(result, &type_args);
        let kind = ExprKind::Call {
            function,
            type_args,
            args,
        };
        self.expr(kind, result, span)
    }
}

fn is_testing(world: &World<'_>, module: ModuleId) -> bool {
    let parsed = &world.parsed[module.index()];
    parsed.library && &*parsed.path == TESTING
}

/// A program that leaves its tests has no simulated networks: nothing that `main` reaches may use
/// them.
pub(super) fn check(world: &World<'_>, functions: &[Function], sink: &mut Sink) {
    let is_testing = |id: FnId| is_testing(world, functions[id.index()].module);
    let Some(main) = world.main.filter(|main| !is_testing(*main)) else {
        return;
    };
    let testing = world.parsed.iter().any(|one| &*one.path == TESTING);
    if !testing {
        return;
    }
    let mut callers: BTreeMap<FnId, Option<FnId>> = BTreeMap::from([(main, None)]);
    let mut work = vec![main];
    while let Some(caller) = work.pop() {
        let typed::Body::Typed(body) = &functions[caller.index()].body else {
            continue;
        };
        for callee in called(body) {
            if is_testing(callee) {
                sink.push(not_in_a_test(world, functions, &callers, (caller, callee)));
                return;
            }
            callers.entry(callee).or_insert_with(|| {
                work.push(callee);
                Some(caller)
            });
        }
    }
}

fn called(body: &Expr) -> Vec<FnId> {
    let mut called = Vec::new();
    for_each_function(body, |id| called.push(id));
    called.reverse();
    called
}

fn not_in_a_test(
    world: &World<'_>,
    functions: &[Function],
    callers: &BTreeMap<FnId, Option<FnId>>,
    (caller, callee): (FnId, FnId),
) -> Diagnostic {
    let name = |id: FnId| functions[id.index()].name.clone();
    let mut way = vec![format!("`{}`", name(callee)), format!("`{}`", name(caller))];
    let mut at = caller;
    while let Some(Some(before)) = callers.get(&at) {
        way.push(format!("`{}`", name(*before)));
        at = *before;
    }
    way.reverse();
    let user = &functions[caller.index()];
    let message = format!("`{}` is for tests alone", name(callee));
    Diagnostic::error(
        code::SIMULATION_OUTSIDE_TEST,
        world.file(user.module),
        user.span,
        message,
    )
    .at("this function uses it, and the program reaches it")
    .note(way.join(" calls "))
    .help("simulated networks exist in `test` blocks and in functions that only those call")
}
