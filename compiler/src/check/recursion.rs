//! Polymorphic recursion: generics that would need themselves with ever larger types.
//!
//! Generic functions and types are specialised, one copy for each list of type arguments, so the
//! copies must be finitely many. They are, unless some parameter comes back to itself, through
//! calls or fields, inside of a larger type. That is a circle with a growing edge in the graph
//! whose nodes are the parameters, and whose edges say which parameter's type becomes part of which
//! other's.

use std::collections::BTreeMap;

use super::body::Instance;
use super::collect::World;
use super::sink::Sink;
use crate::ast::{FileId, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{Ty, TyKind, Types};

/// A parameter: what it belongs to, and which it is.
type Node = (u32, u32);

struct Edge {
    from: Node,
    to: Node,
    /// The type of `from` becomes a part of a larger type.
    grows: bool,
    file: FileId,
    span: Span,
}

pub(super) fn check(world: &World<'_>, instances: &[Instance], types: &Types, sink: &mut Sink) {
    let mut edges = Vec::new();
    for instance in instances {
        let to = instance.used.0;
        add(
            &mut edges,
            types,
            &instance.args,
            instance.user.0,
            to,
            instance.file,
            instance.span,
        );
    }
    let error = "this function needs itself with ever larger types";
    report(&edges, error, sink);
    let mut edges = Vec::new();
    for (at, adt) in world.adts.iter().enumerate() {
        let user = u32::try_from(at).unwrap_or(u32::MAX);
        let of_variants = adt.variants().iter().flat_map(|variant| &variant.fields);
        for field in adt.fields().iter().chain(of_variants) {
            let file = world.file(adt.module);
            types.for_each_within(field.ty, &mut |kind| {
                if let TyKind::Adt(used, args) = kind {
                    add(&mut edges, types, args, user, used.0, file, field.span);
                }
            });
        }
    }
    report(
        &edges,
        "this type contains itself with ever larger types",
        sink,
    );
}

fn add(
    edges: &mut Vec<Edge>,
    types: &Types,
    args: &[Ty],
    user: u32,
    used: u32,
    file: FileId,
    span: Span,
) {
    for (at, arg) in (0..).zip(args) {
        let itself = matches!(types.get(*arg), TyKind::Param(_));
        types.for_each_within(*arg, &mut |kind| {
            if let TyKind::Param(index) = kind {
                edges.push(Edge {
                    from: (user, *index),
                    to: (used, at),
                    grows: !itself,
                    file,
                    span,
                });
            }
        });
    }
}

/// Reports each growing edge within a circle; the first one of each circle is enough.
fn report(edges: &[Edge], message: &str, sink: &mut Sink) {
    if !edges.iter().any(|edge| edge.grows) {
        return;
    }
    let circles = Circles::find(edges);
    let mut reported = BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.grows) {
        let (from, to) = (circles.of(edge.from), circles.of(edge.to));
        if from.is_none() || from != to || reported.insert(from, ()).is_some() {
            continue;
        }
        let error = Diagnostic::error(code::POLYMORPHIC_RECURSION, edge.file, edge.span, message);
        sink.push(
            error
                .at("the type grows here, each time round")
                .note("there is a copy for each type, and this needs infinitely many"),
        );
    }
}

/// The strongly connected components of the graph, after Tarjan, without recursion.
struct Circles {
    component: BTreeMap<Node, usize>,
}

impl Circles {
    fn of(&self, node: Node) -> Option<usize> {
        self.component.get(&node).copied()
    }

    fn find(edges: &[Edge]) -> Self {
        let mut search = Search::default();
        for edge in edges {
            search.next.entry(edge.from).or_default().push(edge.to);
        }
        let nodes: Vec<Node> = search.next.keys().copied().collect();
        for node in nodes {
            search.visit(node);
        }
        Self {
            component: search.component,
        }
    }
}

#[derive(Default)]
struct Search {
    next: BTreeMap<Node, Vec<Node>>,
    /// When a node was first seen, and the earliest node it leads back to.
    seen: BTreeMap<Node, (usize, usize)>,
    stack: Vec<Node>,
    component: BTreeMap<Node, usize>,
}

impl Search {
    fn visit(&mut self, root: Node) {
        if self.seen.contains_key(&root) {
            return;
        }
        let mut open: Vec<(Node, usize)> = vec![(root, 0)];
        self.enter(root);
        while let Some((node, at)) = open.pop() {
            let next = self.next.get(&node).and_then(|next| next.get(at)).copied();
            let Some(next) = next else {
                self.leave(node, open.last().map(|(parent, _)| *parent));
                continue;
            };
            open.push((node, at + 1));
            if !self.seen.contains_key(&next) {
                self.enter(next);
                open.push((next, 0));
            } else if !self.component.contains_key(&next) {
                let time = self.seen[&next].0;
                self.lower(node, time);
            }
        }
    }

    fn enter(&mut self, node: Node) {
        let time = self.seen.len();
        self.seen.insert(node, (time, time));
        self.stack.push(node);
    }

    fn lower(&mut self, node: Node, time: usize) {
        if let Some((_, low)) = self.seen.get_mut(&node) {
            *low = (*low).min(time);
        }
    }

    fn leave(&mut self, node: Node, parent: Option<Node>) {
        let (time, low) = self.seen[&node];
        if let Some(parent) = parent {
            self.lower(parent, low);
        }
        if time == low {
            while let Some(member) = self.stack.pop() {
                self.component.insert(member, time);
                if member == node {
                    break;
                }
            }
        }
    }
}
