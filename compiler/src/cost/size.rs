//! Bounds of what a capture writes: words, objects, frames and whole states.
//!
//! The least size counts what must be there: every word at its shortest, and of each type that is
//! surely referred to one object, since two references may name the same one. The largest counts
//! every reference with an object of its own.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Add;

use sm_bytecode::{Slot, Type, TypeIx};

use super::chain::Link;
use super::graph::{FnIx, Graph, Site};
use super::{Assume, Primitive};

/// How many bytes something takes in a captured state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    pub min: u64,
    pub max: u64,
    /// What comes to `max` where there are more elements than were assumed.
    pub growth: Growth,
}

/// How something grows beyond the assumed number of elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Growth {
    /// It does not.
    #[default]
    None,
    /// With what is inside of it.
    Inside,
    /// By so many bytes for each element, entry or byte.
    Each {
        min: u64,
        max: u64,
        what: &'static str,
        /// Elements grow themselves.
        more: bool,
    },
}

/// Bytes of one reference: they are numbers, shorter where there are fewer objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Width(u64);

/// The largest size of something, with the number of its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    /// Without references.
    bytes: u64,
    refs: u64,
    objects: u64,
    /// References that may name a constant or a tag of a brick, and closures.
    texts: u64,
    tags: u64,
    closures: u64,
    grows: bool,
}

impl Sum {
    const fn bytes(bytes: u64) -> Self {
        Self {
            bytes,
            refs: 0,
            objects: 0,
            texts: 0,
            tags: 0,
            closures: 0,
            grows: false,
        }
    }

    fn times(self, count: u64) -> Self {
        let times = |number: u64| number.saturating_mul(count);
        Self {
            bytes: times(self.bytes),
            refs: times(self.refs),
            objects: times(self.objects),
            texts: times(self.texts),
            tags: times(self.tags),
            closures: times(self.closures),
            grows: self.grows,
        }
    }

    fn growing(self) -> Self {
        Self {
            grows: true,
            ..self
        }
    }

    /// Each part at its largest: one of the two, whichever it is.
    fn or(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.max(other.bytes),
            refs: self.refs.max(other.refs),
            objects: self.objects.max(other.objects),
            texts: self.texts.max(other.texts),
            tags: self.tags.max(other.tags),
            closures: self.closures.max(other.closures),
            grows: self.grows || other.grows,
        }
    }

    fn at(self, width: Width) -> u64 {
        self.bytes.saturating_add(self.refs.saturating_mul(width.0))
    }
}

impl Add for Sum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            refs: self.refs.saturating_add(other.refs),
            objects: self.objects.saturating_add(other.objects),
            texts: self.texts.saturating_add(other.texts),
            tags: self.tags.saturating_add(other.tags),
            closures: self.closures.saturating_add(other.closures),
            grows: self.grows || other.grows,
        }
    }
}

impl std::iter::Sum for Sum {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), Add::add)
    }
}

/// The longest signed and unsigned numbers of 64 bits.
const INT: u64 = 10;
/// A counter of 32 bits.
const COUNTER: u64 = 5;
/// How many more holes than entries a map has at most.
const HOLES: u64 = 8;
/// The longest count of fuel, which has 62 bits.
const FUEL: u64 = 9;
/// Magic number and version, then the random generator.
const HEAD: u64 = 4 + 1;
const RANDOM: u64 = 32;

/// Bytes of an unsigned number.
fn number(value: u64) -> u64 {
    u64::from((64 - value.leading_zeros()).div_ceil(7).max(1))
}

/// Works out sizes. What is known about objects is kept.
#[derive(Debug)]
pub(super) struct Sizes {
    assume: Assume,
    objects: RefCell<BTreeMap<TypeIx, Sum>>,
}

/// The types whose objects are being measured, outermost first.
#[derive(Default)]
struct Path {
    types: Vec<TypeIx>,
    /// The outermost of them that was met again.
    met: usize,
}

impl Path {
    fn new() -> Self {
        Self {
            types: Vec::new(),
            met: usize::MAX,
        }
    }
}

impl Sizes {
    pub(super) fn new(_graph: &Graph, assume: Assume) -> Self {
        Self {
            assume,
            objects: RefCell::default(),
        }
    }

    /// References of a state with few objects.
    pub(super) const fn narrow(&self) -> Width {
        Width(1)
    }

    /// References in the largest state of these frames.
    pub(super) fn width(&self, graph: &Graph, frames: &[Link]) -> Width {
        let sum: Sum = frames.iter().map(|link| self.link(graph, *link)).sum();
        // An object is named by twice its number, a constant or tag by four times its own and 3.
        let objects = sum.objects.saturating_mul(2);
        let others = sum.texts.min(graph.consts).max(sum.tags.min(graph.tags));
        Width(number(objects.max(others.saturating_mul(4))))
    }

    /// What to compare chains by.
    pub(super) fn weight(&self, graph: &Graph, (function, site): (FnIx, &Site)) -> u64 {
        self.slots(graph, &live(graph, function, site), &mut Path::new())
            .at(Width(2))
    }

    /// The value of one variable.
    pub(super) fn value(&self, graph: &Graph, slots: &[Slot], width: Width) -> Bytes {
        let sum = self.slots(graph, slots, &mut Path::new());
        let mut least = Least::new(graph);
        least.slots(slots);
        Bytes {
            min: least.bytes,
            max: sum.at(width),
            growth: match (sum.grows, slots) {
                (false, _) => Growth::None,
                (true, [Slot::Ref(ty) | Slot::OptRef(ty)]) => self.growth(graph, *ty, width),
                (true, _) => Growth::Inside,
            },
        }
    }

    /// One frame with what it refers to.
    pub(super) fn frame(
        &self,
        graph: &Graph,
        (function, site): (FnIx, &Site),
        width: Width,
    ) -> Bytes {
        let slots = live(graph, function, site);
        let sum = self.slots(graph, &slots, &mut Path::new());
        let mut least = Least::new(graph);
        least.slots(&slots);
        let (least_head, most_head) = frame_head(graph, function, site);
        Bytes {
            min: least_head + least.bytes,
            max: sum.at(width).saturating_add(most_head),
            growth: grows(sum),
        }
    }

    /// The whole state in which these frames are under way.
    pub(super) fn state(&self, graph: &Graph, frames: &[Link]) -> Bytes {
        let width = self.width(graph, frames);
        let mut least = Least::new(graph);
        let mut bricks = BTreeSet::new();
        let mut sum = Sum::default();
        for (function, at) in frames {
            let site = &graph.node(*function).sites[*at];
            let slots = live(graph, *function, site);
            least.slots(&slots);
            sum = sum + self.slots(graph, &slots, &mut Path::new());
            let (least_head, most_head) = frame_head(graph, *function, site);
            least.bytes += least_head;
            sum.bytes = sum.bytes.saturating_add(most_head);
            bricks.insert(graph.node(*function).at.brick);
        }
        let frames_count = number(frames.len() as u64);
        let (mut min, mut max) = (HEAD + RANDOM + frames_count, HEAD + RANDOM + frames_count);
        // Fuel, and what became of the operation: pending, or answered.
        let moves = frames.last().is_some_and(|(function, at)| {
            let site = &graph.node(*function).sites[*at];
            matches!(site.primitive(), Some(Primitive::Move | Primitive::MoveAll))
        });
        min += 1 + 1;
        max += FUEL + if moves { 2 } else { 1 };
        let (least_tables, most_tables) = tables(graph, bricks.len() as u64, sum);
        min += least_tables + least.bytes;
        max = max
            .saturating_add(most_tables)
            .saturating_add(sum.at(width));
        Bytes {
            min,
            max,
            growth: grows(sum),
        }
    }

    fn link(&self, graph: &Graph, (function, at): Link) -> Sum {
        let site = &graph.node(function).sites[at];
        self.slots(graph, &live(graph, function, site), &mut Path::new())
    }

    fn slots(&self, graph: &Graph, slots: &[Slot], path: &mut Path) -> Sum {
        slots.iter().map(|slot| self.word(graph, *slot, path)).sum()
    }

    fn word(&self, graph: &Graph, slot: Slot, path: &mut Path) -> Sum {
        match slot {
            Slot::Int => Sum::bytes(INT),
            Slot::Float => Sum::bytes(8),
            Slot::Bool => Sum::bytes(1),
            Slot::Enum(ty) => Sum::bytes(variant(graph, ty)),
            Slot::Ref(ty) | Slot::OptRef(ty) => {
                let reference = Sum {
                    refs: 1,
                    ..Sum::default()
                };
                reference + self.object(graph, ty, path)
            }
        }
    }

    /// An object of this type, and what it refers to. Where a type contains itself, so many links
    /// are counted as there are elements, and the first.
    fn object(&self, graph: &Graph, ty: TypeIx, path: &mut Path) -> Sum {
        if let Some(known) = self.objects.borrow().get(&ty) {
            return *known;
        }
        if let Some(at) = path.types.iter().position(|other| *other == ty) {
            path.met = path.met.min(at);
            return Sum::default().growing();
        }
        let depth = path.types.len();
        path.types.push(ty);
        let outer = std::mem::replace(&mut path.met, usize::MAX);
        let mut sum = self.fresh(graph, ty, path);
        path.types.pop();
        if path.met == depth {
            sum = sum.times(self.assume.elements.saturating_add(1)).growing();
        }
        // What was cut short further out is another size there.
        if path.met >= depth {
            self.objects.borrow_mut().insert(ty, sum);
            path.met = outer;
        } else {
            path.met = path.met.min(outer);
        }
        sum
    }

    fn fresh(&self, graph: &Graph, ty: TypeIx, path: &mut Path) -> Sum {
        let types = graph.types();
        let elements = self.assume.elements;
        let one = Sum {
            objects: 1,
            ..Sum::default()
        };
        let blob = Sum::bytes(number(elements).saturating_add(elements)).growing();
        let Some(known) = types.get(ty) else {
            return one;
        };
        let rest = match known {
            Type::Str | Type::Bytes => Sum { texts: 1, ..blob },
            Type::Name => blob,
            Type::Id | Type::Node | Type::Hop => Sum::bytes(32),
            Type::Tag(value) => return self.tag(graph, Some(*value)),
            Type::AnyTag => return self.tag(graph, None),
            Type::Place => {
                let head = Sum::bytes(2 * number(elements)).growing();
                let reference = Sum {
                    refs: 1,
                    ..self.tag(graph, None)
                };
                head + reference.times(elements)
            }
            Type::List(_) => {
                let head = Sum::bytes(COUNTER + number(elements)).growing();
                head + self.element(graph, ty, path).times(elements)
            }
            Type::Map(..) | Type::Set(_) => {
                let holes = match elements {
                    0 => 0,
                    some => some + HOLES,
                };
                let head = Sum::bytes(COUNTER + number(elements) + number(holes)).growing();
                head + self.element(graph, ty, path).times(elements)
            }
            Type::Fn { .. } => {
                let bodies = graph.bodies(ty).map(|body| {
                    let captures = &graph.node(body).captures;
                    let head = function_number(graph, body);
                    self.slots(graph, captures, path) + Sum::bytes(head)
                });
                let largest = bodies.fold(Sum::default(), Sum::or);
                Sum {
                    closures: largest.closures + 1,
                    ..largest
                }
            }
            Type::Enum { variants, .. } => {
                let of = |at: usize| types.record_slots(ty, at as u16).unwrap_or_default();
                let bodies = (0..variants.len()).map(|at| self.slots(graph, &of(at), path));
                bodies.fold(Sum::default(), Sum::or) + Sum::bytes(variant(graph, ty))
            }
            _ => {
                let slots = types.record_slots(ty, 0).unwrap_or_default();
                self.slots(graph, &slots, path)
            }
        };
        one + rest
    }

    /// One more element of a list or set, or one more entry of a map.
    fn element(&self, graph: &Graph, ty: TypeIx, path: &mut Path) -> Sum {
        let types = graph.types();
        match types.get(ty) {
            Some(Type::List(item)) => match types.elem(*item) {
                // Not as words: elements of a known size have it.
                Slot::Int | Slot::Float => Sum::bytes(8),
                other => self.word(graph, other, path),
            },
            Some(Type::Set(item)) => self.word(graph, types.elem(*item), path) + self.gap(),
            Some(Type::Map(key, value)) => {
                let key = self.word(graph, types.elem(*key), path);
                key + self.word(graph, types.elem(*value), path) + self.gap()
            }
            _ => Sum::default(),
        }
    }

    /// How many holes lie before an entry.
    fn gap(&self) -> Sum {
        Sum::bytes(number(self.assume.elements.saturating_add(HOLES)))
    }

    /// A tag: one without keys stands in the table of tags alone.
    fn tag(&self, graph: &Graph, value: Option<TypeIx>) -> Sum {
        let named = Sum {
            tags: 1,
            ..Sum::default()
        };
        if !graph.may_have_keys(value) {
            return named;
        }
        let elements = self.assume.elements;
        let keys = number(elements).saturating_add(elements);
        let object = Sum {
            objects: 1,
            ..Sum::bytes(number(graph.tags).saturating_add(keys))
        };
        (named + object).growing()
    }

    fn growth(&self, graph: &Graph, ty: TypeIx, width: Width) -> Growth {
        let types = graph.types();
        let each = |what, sum: Sum, slots: &[Slot]| {
            let mut least = Least::new(graph);
            slots.iter().for_each(|slot| least.bytes += word(*slot));
            Growth::Each {
                min: least.bytes,
                max: sum.at(width),
                what,
                more: sum.grows,
            }
        };
        let element = || self.element(graph, ty, &mut Path::new());
        match types.get(ty) {
            Some(Type::Str | Type::Bytes | Type::Name) => Growth::Each {
                min: 1,
                max: 1,
                what: "byte",
                more: false,
            },
            Some(Type::List(item)) => match types.elem(*item) {
                Slot::Int => each("element", element(), &[Slot::Float]),
                slot => each("element", element(), &[slot]),
            },
            Some(Type::Set(item)) => each("element", element(), &[types.elem(*item)]),
            Some(Type::Map(key, value)) => {
                each("entry", element(), &[types.elem(*key), types.elem(*value)])
            }
            _ => Growth::Inside,
        }
    }
}

fn grows(sum: Sum) -> Growth {
    match sum.grows {
        true => Growth::Inside,
        false => Growth::None,
    }
}

/// The slots of the live registers.
fn live(graph: &Graph, function: FnIx, site: &Site) -> Vec<Slot> {
    let regs = &graph.node(function).regs;
    site.live.iter().map(|reg| regs[reg.index()]).collect()
}

/// The function and the instruction of a frame: least and most.
fn frame_head(graph: &Graph, function: FnIx, site: &Site) -> (u64, u64) {
    let most = function_number(graph, function) + number(site.pc.into());
    // Bricks are numbered as they are met, so a small number is possible in any program.
    (most - number(graph.bricks.saturating_sub(1)) + 1, most)
}

fn function_number(graph: &Graph, function: FnIx) -> u64 {
    let at = graph.node(function).at;
    number(graph.bricks.saturating_sub(1)) + number(at.function.into())
}

/// The number of a variant, at its longest.
fn variant(graph: &Graph, ty: TypeIx) -> u64 {
    match graph.types().get(ty) {
        Some(Type::Enum { variants, .. }) => number(variants.len().saturating_sub(1) as u64),
        _ => 1,
    }
}

/// The tables of bricks, constants and tags: least and most. The frames need so many bricks.
fn tables(graph: &Graph, bricks: u64, sum: Sum) -> (u64, u64) {
    let consts = sum.texts.min(graph.consts);
    let tags = sum.tags.min(graph.tags);
    let others = consts.saturating_add(tags).saturating_add(sum.closures);
    let all = bricks.saturating_add(others).min(graph.bricks.max(bricks));
    let entry = |count: u64| {
        // The number of a brick, and the place of the constant or tag in it.
        let each = number(graph.bricks.saturating_sub(1)) + number(graph.consts.max(graph.tags));
        number(count) + count * each
    };
    let least = number(bricks) + 32 * bricks + 2;
    (least, number(all) + 32 * all + entry(consts) + entry(tags))
}

/// Bytes of a word at its shortest.
const fn word(slot: Slot) -> u64 {
    match slot {
        Slot::Float => 8,
        _ => 1,
    }
}

/// The least that is written.
struct Least<'g> {
    graph: &'g Graph,
    /// One object of each of these is counted.
    seen: BTreeSet<TypeIx>,
    bytes: u64,
}

impl<'g> Least<'g> {
    fn new(graph: &'g Graph) -> Self {
        Self {
            graph,
            seen: BTreeSet::new(),
            bytes: 0,
        }
    }

    fn slots(&mut self, slots: &[Slot]) {
        for slot in slots {
            self.bytes += word(*slot);
            if let Slot::Ref(ty) = slot {
                self.object(*ty);
            }
        }
    }

    /// An object that has to be there, counted once however often it is referred to.
    fn object(&mut self, ty: TypeIx) {
        if !self.seen.insert(ty) {
            return;
        }
        let types = self.graph.types();
        match types.get(ty) {
            // A constant takes more, an entry of a table.
            Some(Type::Str | Type::Bytes | Type::Name) => self.bytes += 1,
            Some(Type::Id | Type::Node | Type::Hop) => self.bytes += 32,
            // What it refers to may be known as a tag of another type.
            Some(Type::Tag(_) | Type::AnyTag) | None => {}
            Some(Type::List(_) | Type::Place) => self.bytes += 2,
            Some(Type::Map(..) | Type::Set(_)) => self.bytes += 3,
            Some(Type::Fn { .. }) => self.closure(ty),
            Some(Type::Enum { variants, .. }) => {
                let of = |at: usize| types.record_slots(ty, at as u16).unwrap_or_default();
                let sizes = (0..variants.len()).map(|at| of(at).into_iter().map(word).sum());
                self.bytes += 1 + sizes.min().unwrap_or(0);
            }
            Some(_) => {
                let slots = types.record_slots(ty, 0).unwrap_or_default();
                self.slots(&slots);
            }
        }
    }

    fn closure(&mut self, ty: TypeIx) {
        let bodies: Vec<FnIx> = self.graph.bodies(ty).collect();
        self.bytes += 2;
        if let [body] = bodies.as_slice() {
            let captures = self.graph.node(*body).captures.clone();
            self.slots(&captures);
            return;
        }
        let sizes = bodies.iter().map(|body| {
            let captures = self.graph.node(*body).captures.iter();
            captures.map(|slot| word(*slot)).sum::<u64>()
        });
        self.bytes += sizes.min().unwrap_or(0);
    }
}
