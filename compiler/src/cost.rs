//! What travels with a message: for each place where it can move or sleep, the variables that are
//! still needed, and how many bytes the captured state may have.
//!
//! The answer comes from the code that runs, not from the source: the live sets of the bricks say
//! what a capture writes, and `docs/STATE.md` how. Sizes are bounds that hold for every run: an
//! `Int` takes one to ten bytes, a list depends on its length. The largest size is that with
//! [`elements`](Assume::elements) in each text, list, map and set.
//!
//! Which functions are under way is a question of call chains. They follow from the calls in the
//! code; a call of a closure may go to any closure of that type that the program makes. Where a
//! function can come to call itself, the number of its frames is not known ([`Point::recursive`]).

mod chain;
mod graph;
mod size;

use std::fmt;

use sm_bytecode::bundle::Bundle;
use sm_bytecode::{BrickHash, DebugFunction, EntryRef, Position, Reg, Slot};

use chain::Chains;
use graph::{FnIx, Graph, Site, SiteKind};
use size::Sizes;

pub use size::{Bytes, Growth};

/// What is taken for granted about the values of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assume {
    /// How many elements each list, map and set has at most, how many bytes each text, and how many
    /// links each chain of a recursive type.
    pub elements: u64,
}

/// An instruction at which a message leaves its node or sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Primitive {
    /// `sys_migrate(hop)`
    Move,
    /// `sys_migrate(all_neighbors)`
    MoveAll,
    /// `block(tag)`
    Block,
}

impl fmt::Display for Primitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Move => "sys_migrate",
            Self::MoveAll => "sys_migrate(all_neighbors)",
            Self::Block => "block",
        })
    }
}

/// Why a program cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CostError {
    /// A brick is not valid; what the verifier says.
    BadBrick(BrickHash, String),
    /// A brick or function that is called is not there.
    Missing(BrickHash),
}

impl fmt::Display for CostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadBrick(hash, fault) => write!(f, "the brick {hash:.8} is not valid: {fault}"),
            Self::Missing(hash) => write!(f, "the brick {hash:.8} is not there"),
        }
    }
}

impl std::error::Error for CostError {}

/// A function as it stands in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    /// The path of its module, such as `route/pull`.
    pub module: String,
    /// For people: `explore`, `main closure 1`.
    pub name: String,
}

/// An instruction of a function: one frame of a message that moves or sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FramePlace {
    /// The function.
    pub function: EntryRef,
    /// The instruction.
    pub pc: u32,
}

/// What one frame carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub place: FramePlace,
    pub function: FunctionName,
    /// Where the instruction comes from; `None` without names and positions.
    pub position: Option<Position>,
    /// What is still needed afterwards, in the order of the registers.
    pub variables: Vec<Variable>,
    /// The whole frame: its variables and what they refer to.
    pub size: Bytes,
}

/// A variable that travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Empty for a value that has no name. Several variables, one after the other, may share a
    /// register; then all of them are named.
    pub names: Vec<String>,
    /// The type as the registers know it: a `Duration` is an `Int` there.
    pub ty: String,
    pub size: Bytes,
}

/// A place from where a message moves or sleeps: at once, or in a function that is called there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The frame of the function it stands in.
    pub frame: Frame,
    /// What can be reached from here, ascending.
    pub primitives: Vec<Primitive>,
    /// The frames of the largest state in which this place is under way, outermost first; this one
    /// is among them.
    pub chain: Vec<Frame>,
    /// Which of the chain this place is.
    pub at: usize,
    /// The whole state then, with its head and tables.
    pub state: Bytes,
    /// Functions of the chain that can come to call themselves, so that there may be more frames.
    pub recursive: Vec<FunctionName>,
}

/// What a program's messages carry around.
#[derive(Debug)]
pub struct Cost<'b> {
    bundle: &'b Bundle,
    graph: Graph,
    sizes: Sizes,
    chains: Chains,
}

impl<'b> Cost<'b> {
    /// Judges a program.
    ///
    /// # Errors
    /// If the bundle is not a program that could run.
    pub fn of(bundle: &'b Bundle, assume: Assume) -> Result<Self, CostError> {
        let graph = Graph::of(bundle)?;
        let sizes = Sizes::new(&graph, assume);
        let chains = Chains::new(&graph, &sizes);
        Ok(Self {
            bundle,
            graph,
            sizes,
            chains,
        })
    }

    /// The places in functions of the modules that `is_own` wants, in the order of the source.
    pub fn points(&self, is_own: impl Fn(&str) -> bool) -> Vec<Point> {
        let mut points = Vec::new();
        for function in self.graph.reached() {
            if !is_own(&self.name(function).module) {
                continue;
            }
            let sites = self.graph.node(function).sites.iter();
            points.extend(sites.filter_map(|site| self.point(function, site)));
        }
        points.sort_by(|a, b| {
            let key = |point: &Point| {
                let position = point.frame.position;
                let start = position.map(|position| (position.start, position.end));
                (
                    point.frame.function.module.clone(),
                    start,
                    point.frame.place,
                )
            };
            key(a).cmp(&key(b))
        });
        points
    }

    /// Whether the place leads into functions of modules that `is_own` does not want, or moves or
    /// sleeps itself: places that lead to other places of one's own are not the last word.
    pub fn is_last(&self, point: &Point, is_own: impl Fn(&str) -> bool) -> bool {
        let next = point.chain.get(point.at + 1);
        next.is_none_or(|next| !is_own(&next.function.module))
    }

    /// The bounds of the state in which exactly these frames are under way, outermost first.
    /// `None` if these are no frames of the program.
    pub fn state(&self, frames: &[FramePlace]) -> Option<Bytes> {
        let frames = frames.iter().map(|place| {
            let function = self.graph.find(place.function)?;
            let sites = &self.graph.node(function).sites;
            let at = sites.iter().position(|site| site.pc == place.pc)?;
            Some((function, at))
        });
        let frames: Vec<_> = frames.collect::<Option<_>>()?;
        Some(self.sizes.state(&self.graph, &frames))
    }

    /// What one frame carries at a place where it can be while the message moves or sleeps.
    pub fn frame(&self, place: FramePlace) -> Option<Frame> {
        let function = self.graph.find(place.function)?;
        let mut sites = self.graph.node(function).sites.iter();
        let site = sites.find(|site| site.pc == place.pc)?;
        Some(self.frame_at(function, site, self.sizes.narrow()))
    }

    fn point(&self, function: FnIx, site: &Site) -> Option<Point> {
        let primitives = self.chains.primitives(&self.graph, site);
        if primitives.is_empty() {
            return None;
        }
        let (frames, at) = self.chains.through(&self.graph, function, site.pc);
        let width = self.sizes.width(&self.graph, &frames);
        let chain = frames.iter().map(|(function, at)| {
            let site = &self.graph.node(*function).sites[*at];
            self.frame_at(*function, site, width)
        });
        let chain: Vec<Frame> = chain.collect();
        let mut recursive: Vec<FunctionName> = Vec::new();
        for (function, _) in &frames {
            let name = self.name(*function);
            if self.chains.is_recursive(*function) && !recursive.contains(&name) {
                recursive.push(name);
            }
        }
        Some(Point {
            frame: chain[at].clone(),
            primitives,
            at,
            state: self.sizes.state(&self.graph, &frames),
            recursive,
            chain,
        })
    }

    fn frame_at(&self, function: FnIx, site: &Site, width: size::Width) -> Frame {
        let node = self.graph.node(function);
        let debug = self.debug(node.at);
        let names = |reg: Reg| -> Vec<String> {
            let registers = debug.iter().flat_map(|debug| &debug.registers);
            let own = registers.filter(|(other, _)| *other == reg);
            own.map(|(_, name)| name.clone()).collect()
        };
        let mut groups: Vec<(Vec<String>, Vec<Slot>)> = Vec::new();
        for reg in &site.live {
            let (names, slot) = (names(*reg), node.regs[reg.index()]);
            match groups.last_mut() {
                Some((last, slots)) if *last == names && !names.is_empty() => slots.push(slot),
                _ => groups.push((names, vec![slot])),
            }
        }
        let variables = groups.into_iter().map(|(names, slots)| Variable {
            names,
            ty: self.graph.show(&slots),
            size: self.sizes.value(&self.graph, &slots, width),
        });
        Frame {
            place: FramePlace {
                function: node.at,
                pc: site.pc,
            },
            function: self.name(function),
            position: debug.and_then(|debug| debug.position(site.pc)).copied(),
            variables: variables.collect(),
            size: self.sizes.frame(&self.graph, (function, site), width),
        }
    }

    fn debug(&self, at: EntryRef) -> Option<&'b DebugFunction> {
        let mut blobs = self.bundle.debug.iter();
        blobs.find_map(|blob| blob.function(&at.brick, at.function))
    }

    fn name(&self, function: FnIx) -> FunctionName {
        let at = self.graph.node(function).at;
        let mut blobs = self.bundle.debug.iter();
        let named = blobs.find_map(|blob| {
            let debug = blob.function(&at.brick, at.function)?;
            let (_, place) = debug.calls(0).last()?;
            let file = blob.file(place);
            Some((file.unwrap_or_default().to_owned(), debug.name.clone()))
        });
        let (module, name) =
            named.unwrap_or_else(|| (String::new(), format!("{:.8}.{}", at.brick, at.function)));
        FunctionName { module, name }
    }
}

impl Site {
    /// What happens here at once, if it is no call.
    fn primitive(&self) -> Option<Primitive> {
        match self.kind {
            SiteKind::Primitive(primitive) => Some(primitive),
            SiteKind::Call(_) => None,
        }
    }
}
