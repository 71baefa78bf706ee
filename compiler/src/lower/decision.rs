//! Patterns to a decision tree: which part of the value is looked at next, and what follows.
//!
//! No part is tested twice on one way through the tree. The work is on patterns alone; the code is
//! made from the tree by [`super::matching`].

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use super::layout::Layout;
use super::limits::{
    DECISIONS_PER_PATTERN, MAX_DECISION_DEPTH, MAX_DECISION_ROWS, MAX_DECISIONS, ROWS_PER_PATTERN,
};
use crate::typed::{Literal, LocalId, Pattern, PatternKind, RangeEnd, Ty, TyKind};

/// A part of the matched value, by its place in [`Decisions::parts`]. Part 0 is the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PartId(pub(crate) usize);

/// How to get at a part of the matched value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PartOf {
    Whole,
    /// What is in an option.
    Payload(PartId),
    /// A field of a variant.
    Variant {
        of: PartId,
        variant: u32,
        field: usize,
    },
    /// A field of a struct or tuple.
    Field {
        of: PartId,
        field: usize,
    },
    /// How many elements a list has.
    Length(PartId),
    /// An element of a list that is long enough.
    Element {
        of: PartId,
        at: ElementAt,
    },
    /// The list of the elements between the first and the last `back`.
    Rest {
        of: PartId,
        front: usize,
        back: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ElementAt {
    /// 0 is the first.
    Front(usize),
    /// 1 is the last.
    Back(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) place: PartOf,
    pub(crate) ty: Ty,
}

/// What a part is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Head<'p> {
    Some,
    None,
    Variant(u32),
    Literal(&'p Literal),
    /// Both ends included.
    Range(i64, i64),
}

#[derive(Debug)]
pub(crate) enum Tree<'p> {
    /// No pattern fits.
    Fail,
    /// The patterns of an arm fit.
    Leaf(Leaf),
    /// The patterns of some arms fit, and each has a guard. The first that holds decides; then goes
    /// on.
    Guards {
        arms: Vec<Leaf>,
        rejected: Box<Tree<'p>>,
    },
    /// Goes on with the first case that fits; one of them does where there is no default.
    Test {
        part: PartId,
        cases: Vec<(Head<'p>, Tree<'p>)>,
        default: Option<Box<Tree<'p>>>,
    },
}

#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) arm: usize,
    pub(crate) binds: Vec<(LocalId, PartId)>,
}

/// A decision tree and the parts it speaks of.
#[derive(Debug)]
pub(crate) struct Decisions<'p> {
    pub(crate) parts: Vec<Part>,
    pub(crate) tree: Tree<'p>,
    /// How many leaves each arm has.
    pub(crate) leaves: Vec<u32>,
    /// The tree is not complete: it would be too large.
    pub(crate) too_large: bool,
}

/// One way to come to an arm: all tests fit.
#[derive(Clone)]
struct Row<'p> {
    tests: Vec<Test<'p>>,
    binds: Vec<(LocalId, PartId)>,
    arm: usize,
}

struct Maker<'a, 'p> {
    layout: &'a mut Layout<'p>,
    parts: Vec<Part>,
    known: HashMap<PartOf, PartId>,
    guarded: &'a [bool],
    leaves: Vec<u32>,
    nodes: usize,
    /// Rows that were copied.
    work: usize,
    limits: Limits,
    too_large: bool,
}

/// How large a tree may become, by the size of the patterns it is made from.
struct Limits {
    nodes: usize,
    work: usize,
}

impl Limits {
    fn of(patterns: &[&Pattern]) -> Self {
        let size = patterns.iter().map(|pattern| size(pattern)).sum::<usize>();
        Self {
            nodes: MAX_DECISIONS + DECISIONS_PER_PATTERN * size,
            work: MAX_DECISION_ROWS + ROWS_PER_PATTERN * size,
        }
    }
}

/// How many patterns there are in a pattern.
fn size(pattern: &Pattern) -> usize {
    let all = |parts: &[Pattern]| parts.iter().map(size).sum::<usize>();
    1 + match &pattern.kind {
        PatternKind::At { pattern, .. } | PatternKind::Some(pattern) => size(pattern),
        PatternKind::Variant { fields: parts, .. }
        | PatternKind::Struct { fields: parts, .. }
        | PatternKind::Tuple(parts)
        | PatternKind::Or(parts) => all(parts),
        PatternKind::List { front, back, .. } => all(front) + all(back),
        _ => 0,
    }
}

/// The decisions for a value of type `ty` and arms with these patterns. `guarded` says of each arm
/// whether it has a guard.
pub(crate) fn decide<'p>(
    layout: &mut Layout<'p>,
    ty: Ty,
    patterns: &[&'p Pattern],
    guarded: &[bool],
) -> Decisions<'p> {
    let mut maker = Maker {
        layout,
        parts: vec![Part {
            place: PartOf::Whole,
            ty,
        }],
        known: HashMap::from([(PartOf::Whole, PartId(0))]),
        guarded,
        leaves: vec![0; patterns.len()],
        nodes: 0,
        work: 0,
        limits: Limits::of(patterns),
        too_large: false,
    };
    let rows = patterns.iter().enumerate();
    let rows = rows.map(|(arm, pattern)| Row {
        tests: vec![(PartId(0), *pattern)],
        binds: Vec::new(),
        arm,
    });
    let tree = maker.tree(rows.collect(), 0);
    Decisions {
        parts: maker.parts,
        tree,
        leaves: maker.leaves,
        too_large: maker.too_large,
    }
}

impl<'p> Maker<'_, 'p> {
    fn tree(&mut self, rows: Vec<Row<'p>>, depth: usize) -> Tree<'p> {
        self.nodes += 1;
        let too_much = self.nodes > self.limits.nodes || self.work > self.limits.work;
        if too_much || depth > MAX_DECISION_DEPTH {
            self.too_large = true;
            return Tree::Fail;
        }
        let rows = self.expanded(rows);
        let Some(first) = rows.first() else {
            return Tree::Fail;
        };
        let Some((part, pattern)) = first.tests.first().copied() else {
            return self.leaves(rows, depth);
        };
        match &pattern.kind {
            PatternKind::Some(_) | PatternKind::None => self.option_test(part, &rows, depth),
            PatternKind::Variant { .. } => self.variant_test(part, &rows, depth),
            _ => self.value_test(part, pattern, rows, depth),
        }
    }

    /// The rows from the first on that have no tests left, up to one without a guard.
    fn leaves(&mut self, rows: Vec<Row<'p>>, depth: usize) -> Tree<'p> {
        let mut arms = Vec::new();
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next_if(|row| row.tests.is_empty()) {
            self.nodes += 1;
            self.leaves[row.arm] += 1;
            let leaf = Leaf {
                arm: row.arm,
                binds: row.binds,
            };
            if !self.guarded[row.arm] {
                let rejected = Box::new(Tree::Leaf(leaf));
                return match arms.is_empty() {
                    true => *rejected,
                    false => Tree::Guards { arms, rejected },
                };
            }
            arms.push(leaf);
        }
        let rejected = Box::new(self.tree(rows.collect(), depth + 1));
        Tree::Guards { arms, rejected }
    }

    /// The rows with only tests left that can fail; alternatives as rows of their own.
    fn expanded(&mut self, rows: Vec<Row<'p>>) -> Vec<Row<'p>> {
        let mut out = Vec::with_capacity(rows.len());
        let mut work: Vec<Row<'p>> = rows.into_iter().rev().collect();
        while let Some(mut row) = work.pop() {
            match self.expand(&mut row) {
                None => out.push(row),
                Some(alternatives) => work.extend(alternatives.into_iter().rev()),
            }
            if out.len() + work.len() > self.limits.nodes {
                self.too_large = true;
                break;
            }
        }
        out
    }

    /// Takes apart what cannot fail. Answers the rows for the first pattern with alternatives.
    fn expand(&mut self, row: &mut Row<'p>) -> Option<Vec<Row<'p>>> {
        let mut at = 0;
        while at < row.tests.len() {
            let (part, pattern) = row.tests[at];
            match &pattern.kind {
                PatternKind::Wildcard | PatternKind::Error => {
                    row.tests.remove(at);
                }
                PatternKind::Bind(local) => {
                    row.binds.push((*local, part));
                    row.tests.remove(at);
                }
                PatternKind::At { local, pattern } => {
                    row.binds.push((*local, part));
                    row.tests[at].1 = pattern;
                }
                PatternKind::Struct { fields, .. } | PatternKind::Tuple(fields) => {
                    let parts = self.fields(part, None, fields);
                    row.tests.splice(at..=at, parts);
                }
                PatternKind::Variant {
                    variant, fields, ..
                } if self.variants(part) == 1 => {
                    let parts = self.fields(part, Some(variant.0), fields);
                    row.tests.splice(at..=at, parts);
                }
                PatternKind::List {
                    length,
                    front,
                    rest,
                    back,
                } => {
                    let parts = self.elements(part, length, (front, rest.as_deref(), back));
                    row.tests.splice(at..=at, parts);
                }
                PatternKind::Or(sides) => {
                    let with = |side: &'p Pattern| {
                        let mut row = row.clone();
                        row.tests[at].1 = side;
                        row
                    };
                    return Some(sides.iter().map(with).collect());
                }
                _ => at += 1,
            }
        }
        None
    }

    /// The parts of a struct, tuple or variant, each with its pattern.
    fn fields(
        &mut self,
        of: PartId,
        variant: Option<u32>,
        patterns: &'p [Pattern],
    ) -> Vec<(PartId, &'p Pattern)> {
        let at = variant.map_or(0, |variant| variant as usize);
        let types = self.layout.field_types(self.parts[of.0].ty, at);
        let fields = patterns.iter().zip(types).enumerate();
        fields
            .map(|(field, (pattern, ty))| {
                let place = match variant {
                    Some(variant) => PartOf::Variant { of, variant, field },
                    None => PartOf::Field { of, field },
                };
                (self.part(place, ty), pattern)
            })
            .collect()
    }

    /// The length of a list and its elements, each with its pattern. The length is tested first.
    fn elements(
        &mut self,
        of: PartId,
        length: &'p Pattern,
        (front, rest, back): (&'p [Pattern], Option<&'p Pattern>, &'p [Pattern]),
    ) -> Vec<Test<'p>> {
        let list = self.parts[of.0].ty;
        let element = match *self.layout.types.get(list) {
            TyKind::List(element) => element,
            _ => Ty::UNIT,
        };
        let mut tests = vec![(self.part(PartOf::Length(of), Ty::INT), length)];
        for (at, pattern) in front.iter().enumerate() {
            let at = ElementAt::Front(at);
            tests.push((self.part(PartOf::Element { of, at }, element), pattern));
        }
        if let Some(rest) = rest {
            let (front, back) = (front.len(), back.len());
            tests.push((self.part(PartOf::Rest { of, front, back }, list), rest));
        }
        for (pattern, at) in back.iter().rev().zip(1..) {
            let at = ElementAt::Back(at);
            tests.push((self.part(PartOf::Element { of, at }, element), pattern));
        }
        tests
    }

    fn part(&mut self, place: PartOf, ty: Ty) -> PartId {
        *self.known.entry(place).or_insert_with(|| {
            self.parts.push(Part { place, ty });
            PartId(self.parts.len() - 1)
        })
    }

    fn variants(&self, part: PartId) -> usize {
        self.layout.variant_count(self.parts[part.0].ty)
    }

    /// The rows that fit where `part` is `head`: `keep` says what becomes of the row's own test.
    fn rows_for(
        rows: &[Row<'p>],
        part: PartId,
        mut keep: impl FnMut(&'p Pattern) -> Kept<'p>,
    ) -> Vec<Row<'p>> {
        let mut out = Vec::new();
        for row in rows {
            let Some(at) = row.tests.iter().position(|(of, _)| *of == part) else {
                out.push(row.clone());
                continue;
            };
            match keep(row.tests[at].1) {
                Kept::Dropped => {}
                Kept::Same => out.push(row.clone()),
                Kept::Replaced(tests) => {
                    let mut row = row.clone();
                    row.tests.splice(at..=at, tests);
                    out.push(row);
                }
            }
        }
        out
    }

    /// Sorts the rows by what they ask of `part`: `take` gives a key for a pattern, its head, and
    /// the tests that are left of it. A row without a test of the part goes with every key.
    fn grouped<K: Hash + Eq>(
        &mut self,
        rows: &[Row<'p>],
        part: PartId,
        mut take: impl FnMut(&mut Self, &'p Pattern) -> (K, Head<'p>, Vec<Test<'p>>),
    ) -> Groups<'p> {
        let mut places: HashMap<K, usize> = HashMap::new();
        let mut cases: Vec<(Head<'p>, Rows<'p>)> = Vec::new();
        let mut default = Rows::default();
        for row in rows {
            let Some(at) = row.tests.iter().position(|(of, _)| *of == part) else {
                for (_, rows) in &mut cases {
                    self.add(rows, row);
                }
                self.add(&mut default, row);
                continue;
            };
            let (key, head, tests) = take(self, row.tests[at].1);
            let place = match places.get(&key) {
                Some(place) => *place,
                None if default.closed => continue,
                None => {
                    self.work += default.rows.len();
                    cases.push((head, default.clone()));
                    places.insert(key, cases.len() - 1);
                    cases.len() - 1
                }
            };
            let mut row = row.clone();
            row.tests.splice(at..=at, tests);
            self.add(&mut cases[place].1, &row);
        }
        Groups { cases, default }
    }

    /// Adds a row, if one before it does not take every value.
    fn add(&mut self, rows: &mut Rows<'p>, row: &Row<'p>) {
        self.work += 1;
        if rows.closed || self.work > self.limits.work {
            return;
        }
        rows.closed = row.tests.is_empty() && !self.guarded[row.arm];
        rows.rows.push(row.clone());
    }

    fn option_test(&mut self, part: PartId, rows: &[Row<'p>], depth: usize) -> Tree<'p> {
        let payload_ty = match *self.layout.types.get(self.parts[part.0].ty) {
            TyKind::Option(of) => of,
            _ => Ty::UNIT,
        };
        let payload = self.part(PartOf::Payload(part), payload_ty);
        let mut groups = self.grouped(rows, part, |_, pattern| match &pattern.kind {
            PatternKind::Some(inner) => (true, Head::Some, vec![(payload, &**inner)]),
            _ => (false, Head::None, Vec::new()),
        });
        let mut side = |is: fn(&Head<'p>) -> bool| {
            let found = groups.cases.iter().position(|(head, _)| is(head));
            found.map_or_else(|| groups.default.clone(), |at| groups.cases.remove(at).1)
        };
        let some = side(|head| matches!(head, Head::Some));
        let none = side(|head| matches!(head, Head::None));
        let some = self.tree(some.rows, depth + 1);
        let none = self.tree(none.rows, depth + 1);
        let cases = vec![(Head::Some, some), (Head::None, none)];
        Tree::Test {
            part,
            cases,
            default: None,
        }
    }

    fn variant_test(&mut self, part: PartId, rows: &[Row<'p>], depth: usize) -> Tree<'p> {
        let mut groups = self.grouped(rows, part, |maker, pattern| match &pattern.kind {
            PatternKind::Variant {
                variant, fields, ..
            } => {
                let tests = maker.fields(part, Some(variant.0), fields);
                (variant.0, Head::Variant(variant.0), tests)
            }
            _ => (u32::MAX, Head::Variant(u32::MAX), Vec::new()),
        });
        groups.cases.sort_by_key(|(head, _)| match head {
            Head::Variant(variant) => *variant,
            _ => u32::MAX,
        });
        let complete = groups.cases.len() == self.variants(part);
        self.test(part, groups, complete, depth)
    }

    /// Literals and ranges that the part is compared with: all at once where they are apart.
    fn value_test(
        &mut self,
        part: PartId,
        first: &'p Pattern,
        rows: Vec<Row<'p>>,
        depth: usize,
    ) -> Tree<'p> {
        if !are_apart(&rows, part) {
            return match (&first.kind, bounds(first)) {
                (PatternKind::Range { .. }, Some(range)) => {
                    self.range_test(part, range, &rows, depth)
                }
                _ => self.literal_test(part, &rows, depth),
            };
        }
        let groups = self.grouped(&rows, part, |_, pattern| {
            (Key::of(pattern), head_of(pattern), Vec::new())
        });
        let is_bool = matches!(groups.cases[0].0, Head::Literal(Literal::Bool(_)));
        let complete = groups.cases.len() == 2 && is_bool;
        self.test(part, groups, complete, depth)
    }

    /// Literals among ranges that hold some of them: the literals first.
    fn literal_test(&mut self, part: PartId, rows: &[Row<'p>], depth: usize) -> Tree<'p> {
        let mut cases: BTreeMap<i64, (Head<'p>, Rows<'p>)> = BTreeMap::new();
        let mut default = Rows::default();
        for row in rows {
            let at = row.tests.iter().position(|(of, _)| *of == part);
            let Some((at, (first, last))) = at.and_then(|at| Some((at, bounds(row.tests[at].1)?)))
            else {
                cases.values_mut().for_each(|(_, rows)| self.add(rows, row));
                self.add(&mut default, row);
                continue;
            };
            let head = head_of(row.tests[at].1);
            let mut without = row.clone();
            without.tests.remove(at);
            if let Head::Literal(_) = head {
                if !cases.contains_key(&first) && !default.closed {
                    cases.insert(first, (head, self.holding(&default, part, first)));
                }
            } else {
                self.add(&mut default, row);
            }
            for (_, (_, rows)) in cases.range_mut(first..=last) {
                self.add(rows, &without);
            }
        }
        let cases = cases.into_values().collect();
        self.test(part, Groups { cases, default }, false, depth)
    }

    /// The rows that fit where the part is `number`.
    fn holding(&mut self, rows: &Rows<'p>, part: PartId, number: i64) -> Rows<'p> {
        let mut out = Rows::default();
        for row in &rows.rows {
            let mut row = row.clone();
            if let Some(at) = row.tests.iter().position(|(of, _)| *of == part) {
                let (_, pattern) = row.tests.remove(at);
                let holds = |(first, last)| first <= number && number <= last;
                if !bounds(pattern).is_some_and(holds) {
                    continue;
                }
            }
            self.add(&mut out, &row);
        }
        out
    }

    fn test(&mut self, part: PartId, groups: Groups<'p>, complete: bool, depth: usize) -> Tree<'p> {
        let mut cases = Vec::with_capacity(groups.cases.len());
        for (head, rows) in groups.cases {
            cases.push((head, self.tree(rows.rows, depth + 1)));
        }
        let default = (!complete).then(|| Box::new(self.tree(groups.default.rows, depth + 1)));
        Tree::Test {
            part,
            cases,
            default,
        }
    }

    fn range_test(
        &mut self,
        part: PartId,
        range: (i64, i64),
        rows: &[Row<'p>],
        depth: usize,
    ) -> Tree<'p> {
        self.work += 2 * rows.len();
        let inside = Self::rows_for(rows, part, |pattern| within(pattern, range, Side::Inside));
        let outside = Self::rows_for(rows, part, |pattern| within(pattern, range, Side::Outside));
        let inside = self.tree(inside, depth + 1);
        let outside = Box::new(self.tree(outside, depth + 1));
        let cases = vec![(Head::Range(range.0, range.1), inside)];
        Tree::Test {
            part,
            cases,
            default: Some(outside),
        }
    }
}

/// What becomes of a row's test of a part once something is known of that part.
enum Kept<'p> {
    /// It cannot fit.
    Dropped,
    /// It is still to be made.
    Same,
    /// It fits, if these do.
    Replaced(Vec<(PartId, &'p Pattern)>),
}

/// What a row still asks of a part.
type Test<'p> = (PartId, &'p Pattern);

/// Rows in their order. After one that takes every value, no more are added.
#[derive(Clone, Default)]
struct Rows<'p> {
    rows: Vec<Row<'p>>,
    closed: bool,
}

/// Rows by what they ask of one part.
struct Groups<'p> {
    cases: Vec<(Head<'p>, Rows<'p>)>,
    /// Those that go on where no case fits.
    default: Rows<'p>,
}

/// What makes two comparisons with a part the same.
#[derive(PartialEq, Eq, Hash)]
enum Key<'p> {
    Numbers(i64, i64),
    Bool(bool),
    Float(u64),
    Text(&'p [u8]),
    Other,
}

impl<'p> Key<'p> {
    fn of(pattern: &'p Pattern) -> Self {
        match &pattern.kind {
            // Zero and minus zero are equal.
            PatternKind::Literal(Literal::Float(value)) if *value == 0.0 => Self::Float(0),
            PatternKind::Literal(Literal::Float(value)) => Self::Float(value.to_bits()),
            PatternKind::Literal(Literal::Bool(value)) => Self::Bool(*value),
            PatternKind::Literal(Literal::Str(text)) => Self::Text(text.as_bytes()),
            PatternKind::Literal(Literal::Bytes(bytes)) => Self::Text(bytes),
            _ => bounds(pattern).map_or(Self::Other, |(first, last)| Self::Numbers(first, last)),
        }
    }
}

fn head_of(pattern: &Pattern) -> Head<'_> {
    match &pattern.kind {
        PatternKind::Literal(literal) => Head::Literal(literal),
        _ => bounds(pattern).map_or(Head::None, |(first, last)| Head::Range(first, last)),
    }
}

/// The first and the last number that a pattern matches.
fn bounds(pattern: &Pattern) -> Option<(i64, i64)> {
    match &pattern.kind {
        PatternKind::Literal(literal) => number(literal).map(|n| (n, n)),
        PatternKind::Range { start, end, limit } => Some((*start, last_of(*end, *limit))),
        _ => None,
    }
}

fn are_apart(rows: &[Row<'_>], part: PartId) -> bool {
    let tests = rows.iter().flat_map(|row| &row.tests);
    let own = tests.filter(|(of, _)| *of == part);
    let mut numbers: Vec<(i64, i64)> = own.filter_map(|(_, pattern)| bounds(pattern)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.windows(2).all(|pair| pair[0].1 < pair[1].0)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    Outside,
}

/// The part is inside or outside of `range`.
fn within<'p>(pattern: &'p Pattern, (first, last): (i64, i64), side: Side) -> Kept<'p> {
    let Some((own_first, own_last)) = bounds(pattern) else {
        return Kept::Dropped;
    };
    let covers = own_first <= first && last <= own_last;
    let covered = first <= own_first && own_last <= last;
    let apart = own_last < first || last < own_first;
    match side {
        Side::Inside if covers => Kept::Replaced(Vec::new()),
        Side::Inside if apart => Kept::Dropped,
        Side::Outside if covered => Kept::Dropped,
        _ => Kept::Same,
    }
}

fn number(literal: &Literal) -> Option<i64> {
    match literal {
        Literal::Int(value) | Literal::Duration(value) => Some(*value),
        _ => None,
    }
}

/// The last number of a range pattern, which is not empty.
const fn last_of(end: i64, limit: RangeEnd) -> i64 {
    match limit {
        RangeEnd::Inclusive => end,
        RangeEnd::Exclusive => end.saturating_sub(1),
    }
}
