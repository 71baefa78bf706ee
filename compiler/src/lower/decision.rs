//! Patterns to a decision tree: which part of the value is looked at next, and what follows.
//!
//! No part is tested twice on one way through the tree. The work is on patterns alone; the code is
//! made from the tree by [`super::matching`].

use std::collections::BTreeSet;

use super::layout::Layout;
use super::limits::{MAX_DECISION_DEPTH, MAX_DECISIONS};
use crate::typed::{Literal, LocalId, Pattern, PatternKind, RangeEnd, Ty, TyKind};

/// A part of the matched value, by its place in [`Decisions::parts`]. Part 0 is the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PartId(pub(crate) usize);

/// How to get at a part of the matched value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The patterns of an arm fit; if it has a guard, that decides whether to go on.
    Leaf {
        arm: usize,
        binds: Vec<(LocalId, PartId)>,
        rejected: Option<Box<Tree<'p>>>,
    },
    /// Goes on with the first case that fits; one of them does where there is no default.
    Test {
        part: PartId,
        cases: Vec<(Head<'p>, Tree<'p>)>,
        default: Option<Box<Tree<'p>>>,
    },
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
    tests: Vec<(PartId, &'p Pattern)>,
    binds: Vec<(LocalId, PartId)>,
    arm: usize,
}

struct Maker<'a, 'p> {
    layout: &'a mut Layout<'p>,
    parts: Vec<Part>,
    guarded: &'a [bool],
    leaves: Vec<u32>,
    nodes: usize,
    too_large: bool,
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
        guarded,
        leaves: vec![0; patterns.len()],
        nodes: 0,
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
        if self.nodes > MAX_DECISIONS || depth > MAX_DECISION_DEPTH {
            self.too_large = true;
            return Tree::Fail;
        }
        let mut rows = self.expanded(rows);
        let Some(first) = rows.first() else {
            return Tree::Fail;
        };
        let Some((part, pattern)) = first.tests.first().copied() else {
            let first = rows.remove(0);
            return self.leaf(first, rows, depth);
        };
        match &pattern.kind {
            PatternKind::Some(_) | PatternKind::None => self.option_test(part, &rows, depth),
            PatternKind::Variant { .. } => self.variant_test(part, &rows, depth),
            PatternKind::Range { start, end, limit } => {
                let range = (*start, last_of(*end, *limit));
                self.range_test(part, range, rows, depth)
            }
            _ => self.literal_test(part, &rows, depth),
        }
    }

    fn leaf(&mut self, row: Row<'p>, rest: Vec<Row<'p>>, depth: usize) -> Tree<'p> {
        self.leaves[row.arm] += 1;
        let guarded = self.guarded[row.arm];
        let rejected = guarded.then(|| Box::new(self.tree(rest, depth + 1)));
        Tree::Leaf {
            arm: row.arm,
            binds: row.binds,
            rejected,
        }
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
            if out.len() + work.len() > MAX_DECISIONS {
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

    fn part(&mut self, place: PartOf, ty: Ty) -> PartId {
        let known = self.parts.iter().position(|part| part.place == place);
        PartId(known.unwrap_or_else(|| {
            self.parts.push(Part { place, ty });
            self.parts.len() - 1
        }))
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

    fn option_test(&mut self, part: PartId, rows: &[Row<'p>], depth: usize) -> Tree<'p> {
        let payload_ty = match *self.layout.types.get(self.parts[part.0].ty) {
            TyKind::Option(of) => of,
            _ => Ty::UNIT,
        };
        let payload = self.part(PartOf::Payload(part), payload_ty);
        let some = Self::rows_for(rows, part, |pattern| match &pattern.kind {
            PatternKind::Some(inner) => Kept::Replaced(vec![(payload, inner)]),
            _ => Kept::Dropped,
        });
        let none = Self::rows_for(rows, part, |pattern| match &pattern.kind {
            PatternKind::None => Kept::Replaced(Vec::new()),
            _ => Kept::Dropped,
        });
        let some = self.tree(some, depth + 1);
        let none = self.tree(none, depth + 1);
        let cases = vec![(Head::Some, some), (Head::None, none)];
        Tree::Test {
            part,
            cases,
            default: None,
        }
    }

    fn variant_test(&mut self, part: PartId, rows: &[Row<'p>], depth: usize) -> Tree<'p> {
        let mut present = BTreeSet::new();
        for (of, pattern) in rows.iter().flat_map(|row| &row.tests) {
            if let PatternKind::Variant { variant, .. } = &pattern.kind
                && *of == part
            {
                present.insert(variant.0);
            }
        }
        let mut cases = Vec::with_capacity(present.len());
        for wanted in &present {
            let rows = Self::rows_for(rows, part, |pattern| match &pattern.kind {
                PatternKind::Variant {
                    variant, fields, ..
                } if variant.0 == *wanted => {
                    Kept::Replaced(self.fields(part, Some(*wanted), fields))
                }
                _ => Kept::Dropped,
            });
            cases.push((Head::Variant(*wanted), self.tree(rows, depth + 1)));
        }
        let complete = present.len() == self.variants(part);
        let default = (!complete).then(|| {
            let rows = Self::rows_for(rows, part, |_| Kept::Dropped);
            Box::new(self.tree(rows, depth + 1))
        });
        Tree::Test {
            part,
            cases,
            default,
        }
    }

    /// All literals that the part is compared with, at once.
    fn literal_test(&mut self, part: PartId, rows: &[Row<'p>], depth: usize) -> Tree<'p> {
        let mut literals: Vec<&'p Literal> = Vec::new();
        for (of, pattern) in rows.iter().flat_map(|row| &row.tests) {
            if let PatternKind::Literal(literal) = &pattern.kind
                && *of == part
                && !literals.contains(&literal)
            {
                literals.push(literal);
            }
        }
        let mut cases = Vec::with_capacity(literals.len());
        for wanted in &literals {
            let rows = Self::rows_for(rows, part, |pattern| fits_literal(pattern, wanted));
            cases.push((Head::Literal(wanted), self.tree(rows, depth + 1)));
        }
        let complete = literals.len() == 2 && matches!(literals[0], Literal::Bool(_));
        let default = (!complete).then(|| {
            let rows = Self::rows_for(rows, part, |pattern| match pattern.kind {
                PatternKind::Literal(_) => Kept::Dropped,
                _ => Kept::Same,
            });
            Box::new(self.tree(rows, depth + 1))
        });
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
        rows: Vec<Row<'p>>,
        depth: usize,
    ) -> Tree<'p> {
        let inside = Self::rows_for(&rows, part, |pattern| within(pattern, range, Side::Inside));
        let outside = Self::rows_for(&rows, part, |pattern| within(pattern, range, Side::Outside));
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

/// The part equals `literal`.
fn fits_literal<'p>(pattern: &'p Pattern, literal: &Literal) -> Kept<'p> {
    let fits = match (&pattern.kind, literal) {
        (PatternKind::Literal(own), _) => own == literal,
        (PatternKind::Range { start, end, limit }, _) => {
            number(literal).is_some_and(|n| *start <= n && n <= last_of(*end, *limit))
        }
        _ => false,
    };
    if fits {
        Kept::Replaced(Vec::new())
    } else {
        Kept::Dropped
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    Outside,
}

/// The part is inside or outside of `range`.
fn within<'p>(pattern: &'p Pattern, (first, last): (i64, i64), side: Side) -> Kept<'p> {
    let (own_first, own_last) = match &pattern.kind {
        PatternKind::Literal(literal) => match number(literal) {
            Some(n) => (n, n),
            None => return Kept::Dropped,
        },
        PatternKind::Range { start, end, limit } => (*start, last_of(*end, *limit)),
        _ => return Kept::Dropped,
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
