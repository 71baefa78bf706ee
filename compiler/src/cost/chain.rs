//! Which functions can be under way together, and which of these chains is the largest.

use std::collections::BTreeSet;

use super::Primitive;
use super::graph::{FnIx, Graph, Site, SiteKind};
use super::size::Sizes;

/// A frame of a chain: a function, and which of its sites.
pub(super) type Link = (FnIx, usize);

/// What is known about the calls of a program.
#[derive(Debug)]
pub(super) struct Chains {
    /// For each function the primitives that it can come to.
    primitives: Vec<BTreeSet<Primitive>>,
    /// For each function its caller in the largest chain from an entry.
    up: Vec<Option<Step>>,
    /// For each function its site in the largest chain to a primitive, and the callee there.
    down: Vec<Option<Step>>,
    /// Whether the function can come to call itself.
    recursive: Vec<bool>,
}

/// One step of a chain, and how much it and all beyond it weigh.
#[derive(Clone, Copy, Debug)]
struct Step {
    weight: u64,
    /// Upwards the caller and its site; downwards the own site. `None`: an entry.
    link: Option<Link>,
    /// Downwards: what is called there, if it is a call.
    callee: Option<FnIx>,
}

impl Chains {
    pub(super) fn new(graph: &Graph, sizes: &Sizes) -> Self {
        let mut chains = Self {
            primitives: primitives(graph),
            up: vec![None; graph.len()],
            down: vec![None; graph.len()],
            recursive: Vec::new(),
        };
        let order = chains.order(graph);
        chains.recursive = chains.circles(graph, &order);
        // Callees come first in this order, except around a circle: there a step is left out, so
        // that no function stands twice in a chain.
        for function in &order {
            chains.down[function.index()] = chains.best_site(graph, sizes, *function);
        }
        for entry in graph.entries() {
            chains.up[entry.index()] = Some(Step {
                weight: 0,
                link: None,
                callee: None,
            });
        }
        for function in order.iter().rev() {
            chains.hand_down(graph, sizes, *function);
        }
        chains
    }

    /// What a message can come to from here.
    pub(super) fn primitives(&self, graph: &Graph, site: &Site) -> Vec<Primitive> {
        let mut found: BTreeSet<Primitive> = site.primitive().into_iter().collect();
        for callee in site.callees() {
            found.extend(self.of(*callee));
        }
        debug_assert!(graph.len() == self.primitives.len());
        found.into_iter().collect()
    }

    pub(super) fn is_recursive(&self, function: FnIx) -> bool {
        self.recursive[function.index()]
    }

    /// The largest chain through this place, outermost first, and which link the place is.
    pub(super) fn through(&self, graph: &Graph, function: FnIx, pc: u32) -> (Vec<Link>, usize) {
        let mut chain = Vec::new();
        let mut at = function;
        while let Some(Step {
            link: Some(link), ..
        }) = self.up[at.index()]
        {
            chain.push(link);
            at = link.0;
        }
        chain.reverse();
        let place = chain.len();
        let sites = &graph.node(function).sites;
        let own = sites.iter().position(|site| site.pc == pc);
        let own = own.expect("the site is one of the function's");
        chain.push((function, own));
        let mut next = self.largest(sites[own].callees());
        while let Some(callee) = next {
            let Some(step) = self.down[callee.index()] else {
                break;
            };
            chain.extend(step.link);
            next = step.callee;
        }
        (chain, place)
    }

    fn of(&self, function: FnIx) -> &BTreeSet<Primitive> {
        &self.primitives[function.index()]
    }

    /// The callee with the largest chain to a primitive.
    fn largest(&self, callees: &[FnIx]) -> Option<FnIx> {
        let known = callees.iter().filter_map(|callee| {
            let step = self.down[callee.index()]?;
            Some((step.weight, *callee))
        });
        known.max().map(|(_, callee)| callee)
    }

    fn best_site(&self, graph: &Graph, sizes: &Sizes, function: FnIx) -> Option<Step> {
        let mut best: Option<Step> = None;
        for (at, site) in graph.node(function).sites.iter().enumerate() {
            let (beyond, callee) = match &site.kind {
                SiteKind::Primitive(_) => (0, None),
                SiteKind::Call(callees) => match self.largest(callees) {
                    Some(callee) => {
                        let step = self.down[callee.index()];
                        (step.map_or(0, |step| step.weight), Some(callee))
                    }
                    None => continue,
                },
            };
            let weight = sizes.weight(graph, (function, site)).saturating_add(beyond);
            if best.is_none_or(|best| best.weight < weight) {
                let link = Some((function, at));
                best = Some(Step {
                    weight,
                    link,
                    callee,
                });
            }
        }
        best
    }

    /// Tells the callees of a function about the chain that leads there.
    fn hand_down(&mut self, graph: &Graph, sizes: &Sizes, function: FnIx) {
        let Some(above) = self.up[function.index()] else {
            return;
        };
        // Whoever is above it in its own chain must not get it as a caller.
        let mut ancestors = BTreeSet::from([function]);
        let mut at = function;
        while let Some(Step {
            link: Some((caller, _)),
            ..
        }) = self.up[at.index()]
        {
            ancestors.insert(caller);
            at = caller;
        }
        for (at, site) in graph.node(function).sites.iter().enumerate() {
            let weight = sizes.weight(graph, (function, site));
            let weight = weight.saturating_add(above.weight);
            for callee in site.callees() {
                let known = &mut self.up[callee.index()];
                let better = known.is_none_or(|known| known.weight < weight);
                if better && !ancestors.contains(callee) {
                    *known = Some(Step {
                        weight,
                        link: Some((function, at)),
                        callee: None,
                    });
                }
            }
        }
    }

    /// The functions that may run, each after those it calls, circles aside.
    fn order(&self, graph: &Graph) -> Vec<FnIx> {
        let mut order = Vec::new();
        let mut seen = vec![false; graph.len()];
        for entry in graph.entries() {
            let mut stack = vec![(entry, 0)];
            if std::mem::replace(&mut seen[entry.index()], true) {
                continue;
            }
            while let Some((function, next)) = stack.pop() {
                match graph.node(function).callees().nth(next) {
                    Some(callee) => {
                        stack.push((function, next + 1));
                        if !std::mem::replace(&mut seen[callee.index()], true) {
                            stack.push((callee, 0));
                        }
                    }
                    None => order.push(function),
                }
            }
        }
        order
    }

    /// Which functions lie on a circle of calls, in which the message can move or sleep.
    fn circles(&self, graph: &Graph, order: &[FnIx]) -> Vec<bool> {
        let mut callers = vec![Vec::new(); graph.len()];
        for function in order {
            for callee in graph.node(*function).callees() {
                if !self.of(callee).is_empty() {
                    callers[callee.index()].push(*function);
                }
            }
        }
        // Kosaraju: against the calls, from the outermost on, each walk is one knot.
        let mut recursive = vec![false; graph.len()];
        let mut seen = vec![false; graph.len()];
        for start in order.iter().rev() {
            let mut knot = Vec::new();
            let mut work = vec![*start];
            while let Some(function) = work.pop() {
                if !std::mem::replace(&mut seen[function.index()], true) {
                    knot.push(function);
                    work.extend(&callers[function.index()]);
                }
            }
            let calls_itself = |function: &FnIx| callers[function.index()].contains(function);
            let is_circle = knot.len() > 1 || knot.first().is_some_and(calls_itself);
            knot.iter()
                .for_each(|function| recursive[function.index()] = is_circle);
        }
        recursive
    }
}

/// What each function can come to, by its own sites and through all that it calls.
fn primitives(graph: &Graph) -> Vec<BTreeSet<Primitive>> {
    let mut callers = vec![Vec::new(); graph.len()];
    let mut found = vec![BTreeSet::new(); graph.len()];
    let mut work = Vec::new();
    for function in graph.all() {
        let node = graph.node(function);
        for callee in node.callees() {
            callers[callee.index()].push(function);
        }
        for primitive in node.sites.iter().filter_map(Site::primitive) {
            work.push((function, primitive));
        }
    }
    while let Some((function, primitive)) = work.pop() {
        if found[function.index()].insert(primitive) {
            let callers = callers[function.index()].iter();
            work.extend(callers.map(|caller| (*caller, primitive)));
        }
    }
    found
}
