//! The matrix of patterns, and its splitting by constructors.

use std::collections::BTreeMap;

use super::super::collect::World;
use super::MAX_WITNESSES;
use super::lists::Lengths;
use crate::limits::MAX_MATCH_STEPS;
use crate::typed::{AdtId, Field, Literal, Pattern, PatternKind, RangeEnd, Span, Ty, VariantId};

/// What is left to match of an arm.
#[derive(Clone)]
pub(super) struct Row<'p> {
    /// The columns, the first one last.
    columns: Vec<&'p Pattern>,
    arm: usize,
    guarded: bool,
}

impl<'p> Row<'p> {
    pub(super) fn new(pattern: &'p Pattern, arm: usize, guarded: bool) -> Self {
        Self {
            columns: vec![pattern],
            arm,
            guarded,
        }
    }

    /// The row without its first column, and with `parts` in its place.
    pub(super) fn with(&self, parts: impl DoubleEndedIterator<Item = &'p Pattern>) -> Self {
        let mut columns = self.columns[..self.columns.len() - 1].to_vec();
        columns.extend(parts.rev());
        Self {
            columns,
            arm: self.arm,
            guarded: self.guarded,
        }
    }
}

/// What is found out about the arms of a `match`.
pub(super) struct Analysis {
    /// By arm: some value gets there.
    pub reached: Vec<bool>,
    /// Values that no arm matches, as patterns.
    pub missing: Vec<String>,
    pub too_complex: bool,
}

pub(super) fn analyse(world: &World<'_>, rows: Vec<Row<'_>>, arms: usize) -> Analysis {
    let mut analyser = Analyser {
        world,
        steps: 0,
        depth: 0,
        reached: vec![false; arms],
    };
    let missing = analyser.missing(&rows, 1);
    Analysis {
        reached: analyser.reached,
        missing: missing.into_iter().flatten().collect(),
        too_complex: analyser.steps > MAX_MATCH_STEPS,
    }
}

pub(super) struct Analyser<'w> {
    world: &'w World<'w>,
    steps: u32,
    /// Splits within splits.
    depth: u32,
    reached: Vec<bool>,
}

/// Columns split one within the other: the analysis recurses.
const MAX_SPLITS: u32 = 200;

/// A value that is not matched: one pattern for each column, the first one last.
pub(super) type Witness = Vec<String>;

/// What matches whatever stands in a column.
pub(super) static ANYTHING: Pattern = Pattern {
    kind: PatternKind::Wildcard,
    ty: Ty::ERROR,
    span: Span::point(0),
};

/// The constructors that occur in a column, and the rows that can match each.
enum Split<'p> {
    Bool(BTreeMap<bool, Vec<usize>>),
    Option(BTreeMap<bool, Vec<usize>>),
    Enum(AdtId, BTreeMap<VariantId, Vec<usize>>),
    /// A tuple or struct: its only constructor.
    Product(Option<AdtId>, usize),
    List(Lengths),
    Numbers(Vec<Interval>),
    /// Other literals, of which there are always more.
    Texts(BTreeMap<&'p [u8], Vec<usize>>),
    Floats(BTreeMap<u64, Vec<usize>>),
}

/// Whole numbers from `start` to `end`, both inclusive, and the rows that match all of them.
struct Interval {
    start: i64,
    end: i64,
    rows: Vec<usize>,
}

impl Analyser<'_> {
    /// Values that no row matches, and marks the arms that are reached.
    pub(super) fn missing(&mut self, rows: &[Row<'_>], width: usize) -> Vec<Witness> {
        if self.depth == MAX_SPLITS {
            self.steps = u32::MAX;
            return Vec::new();
        }
        self.depth += 1;
        let missing = self.missing_in(rows, width);
        self.depth -= 1;
        missing
    }

    fn missing_in(&mut self, rows: &[Row<'_>], mut width: usize) -> Vec<Witness> {
        if rows.is_empty() {
            return vec![vec!["_".to_owned(); width]];
        }
        let mut rows = rows.to_vec();
        let mut skipped = 0;
        while width > 0 {
            if !self.afford(rows.len().saturating_mul(width)) {
                return Vec::new();
            }
            rows = self.expand(&rows);
            if rows.iter().any(|row| !is_anything(head(row))) {
                break;
            }
            for row in &mut rows {
                row.columns.pop();
            }
            width -= 1;
            skipped += 1;
        }
        let mut missing = if width == 0 {
            self.taken(&rows)
        } else {
            self.split(&rows, width)
        };
        for witness in &mut missing {
            witness.extend(std::iter::repeat_n("_".to_owned(), skipped));
        }
        missing
    }

    /// Whether there are that many steps left.
    pub(super) fn afford(&mut self, steps: usize) -> bool {
        self.steps = self
            .steps
            .saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
        self.steps <= MAX_MATCH_STEPS
    }

    fn split(&mut self, rows: &[Row<'_>], width: usize) -> Vec<Witness> {
        // A row that matches everything goes on under each constructor.
        let wild = rows.iter().filter(|row| is_anything(head(row))).count();
        if !self.afford(wild.saturating_mul(rows.len() - wild)) {
            return Vec::new();
        }
        match split(rows) {
            Split::Bool(found) => self.two(rows, width, &found, [("false", 0), ("true", 0)]),
            Split::Option(found) => self.two(rows, width, &found, [("None", 0), ("Some", 1)]),
            Split::Enum(adt, found) => self.variants(rows, width, adt, &found),
            Split::Product(adt, arity) => self.product(rows, width, adt, arity),
            Split::List(lengths) => self.lists(rows, width, &lengths),
            Split::Numbers(intervals) => self.numbers(rows, width, &intervals),
            Split::Texts(found) => self.literals(rows, width, found.into_values()),
            Split::Floats(found) => self.literals(rows, width, found.into_values()),
        }
    }

    /// The rows, each `a | b` in the first column as one row for each side, names left out.
    fn expand<'p>(&mut self, rows: &[Row<'p>]) -> Vec<Row<'p>> {
        let mut expanded = Vec::with_capacity(rows.len());
        for row in rows {
            self.expand_row(row.clone(), &mut expanded);
        }
        expanded
    }

    fn expand_row<'p>(&mut self, mut row: Row<'p>, out: &mut Vec<Row<'p>>) {
        match &head(&row).kind {
            PatternKind::Or(sides) => {
                for side in sides {
                    if !self.afford(row.columns.len()) {
                        return;
                    }
                    let mut one = row.clone();
                    if let Some(first) = one.columns.last_mut() {
                        *first = side;
                    }
                    self.expand_row(one, out);
                }
            }
            PatternKind::At { pattern, .. } => {
                if let Some(first) = row.columns.last_mut() {
                    *first = pattern;
                }
                self.expand_row(row, out);
            }
            _ => out.push(row),
        }
    }

    /// No column is left: the first row without a guard takes the value.
    fn taken(&mut self, rows: &[Row<'_>]) -> Vec<Witness> {
        for row in rows {
            self.reached[row.arm] = true;
            if !row.guarded {
                return Vec::new();
            }
        }
        vec![Vec::new()]
    }

    /// Goes on without the first column; what is missing there is missing for each of `heads`.
    pub(super) fn named(&mut self, rest: &[Row<'_>], width: usize, heads: &[&str]) -> Vec<Witness> {
        let missing = self.missing(rest, width - 1);
        let all = missing.iter().flat_map(|witness| {
            heads.iter().map(|head| {
                let mut witness = witness.clone();
                witness.push((*head).to_owned());
                witness
            })
        });
        all.take(MAX_WITNESSES).collect()
    }

    /// The rows that match everything in the first column, without it.
    pub(super) fn defaults<'p>(rows: &[Row<'p>]) -> Vec<Row<'p>> {
        let defaults = rows.iter().filter(|row| is_anything(head(row)));
        defaults.map(|row| row.with([].into_iter())).collect()
    }

    /// Rows seen as values of one constructor with `arity` parts.
    fn specialise<'p>(rows: &[Row<'p>], at: &[usize], arity: usize) -> Vec<Row<'p>> {
        let rows = at.iter().map(|at| &rows[*at]);
        rows.map(|row| {
            let parts = parts(head(row));
            if parts.is_empty() {
                row.with(std::iter::repeat_n(&ANYTHING, arity))
            } else {
                row.with(parts.into_iter())
            }
        })
        .collect()
    }

    /// A type with two constructors, each with its number of parts.
    fn two(
        &mut self,
        rows: &[Row<'_>],
        width: usize,
        found: &BTreeMap<bool, Vec<usize>>,
        constructors: [(&str, usize); 2],
    ) -> Vec<Witness> {
        let mut all = Vec::new();
        for (which, (name, arity)) in [false, true].into_iter().zip(constructors) {
            match found.get(&which) {
                Some(at) => {
                    let rest = Self::specialise(rows, at, arity);
                    let missing = self.missing(&rest, width - 1 + arity);
                    all.extend(missing.into_iter().map(|one| build(one, name, arity, &[])));
                }
                None => {
                    let rest = Self::defaults(rows);
                    let shown = shown(name, arity, &[]);
                    all.extend(self.named(&rest, width, &[&shown]));
                }
            }
        }
        all.truncate(MAX_WITNESSES);
        all
    }

    fn variants(
        &mut self,
        rows: &[Row<'_>],
        width: usize,
        adt: AdtId,
        found: &BTreeMap<VariantId, Vec<usize>>,
    ) -> Vec<Witness> {
        let declared = self.world.adt(adt).variants();
        let mut all = Vec::new();
        for (variant, at) in found {
            let variant = &declared[variant.index()];
            let arity = variant.fields.len();
            let rest = Self::specialise(rows, at, arity);
            let missing = self.missing(&rest, width - 1 + arity);
            let built = missing
                .into_iter()
                .map(|one| build(one, &variant.name, arity, &variant.fields));
            all.extend(built);
        }
        if found.len() < declared.len() {
            let absent = declared.iter().enumerate();
            let absent = absent.filter(|(at, _)| !found.contains_key(&VariantId::new(*at)));
            let absent = absent
                .take(MAX_WITNESSES)
                .map(|(_, variant)| shown(&variant.name, variant.fields.len(), &variant.fields));
            let absent: Vec<String> = absent.collect();
            let heads: Vec<&str> = absent.iter().map(String::as_str).collect();
            all.extend(self.named(&Self::defaults(rows), width, &heads));
        }
        all.truncate(MAX_WITNESSES);
        all
    }

    fn product(
        &mut self,
        rows: &[Row<'_>],
        width: usize,
        adt: Option<AdtId>,
        arity: usize,
    ) -> Vec<Witness> {
        let every: Vec<usize> = (0..rows.len()).collect();
        let rest = Self::specialise(rows, &every, arity);
        let missing = self.missing(&rest, width - 1 + arity);
        let (name, fields) = match adt.map(|adt| self.world.adt(adt)) {
            Some(adt) => (&*adt.name, adt.fields()),
            None => ("", &[][..]),
        };
        missing
            .into_iter()
            .map(|one| build(one, name, arity, fields))
            .collect()
    }

    fn numbers(&mut self, rows: &[Row<'_>], width: usize, intervals: &[Interval]) -> Vec<Witness> {
        let mut all = Vec::new();
        for interval in intervals {
            let rest = Self::specialise(rows, &interval.rows, 0);
            let shown = show_interval(interval.start, interval.end);
            all.extend(self.named(&rest, width, &[&shown]));
        }
        let gaps = gaps(intervals);
        if !gaps.is_empty() {
            let shown = match gaps.as_slice() {
                [(start, end)] if *start != i64::MIN && *end != i64::MAX => {
                    show_interval(*start, *end)
                }
                _ => "_".to_owned(),
            };
            all.extend(self.named(&Self::defaults(rows), width, &[&shown]));
        }
        all.truncate(MAX_WITNESSES);
        all
    }

    fn literals(
        &mut self,
        rows: &[Row<'_>],
        width: usize,
        found: impl Iterator<Item = Vec<usize>>,
    ) -> Vec<Witness> {
        let mut all = Vec::new();
        for at in found {
            let rest = Self::specialise(rows, &at, 0);
            all.extend(self.named(&rest, width, &["_"]));
        }
        all.extend(self.named(&Self::defaults(rows), width, &["_"]));
        all.truncate(MAX_WITNESSES);
        all
    }
}

/// The pattern in the first column.
pub(super) fn head<'p>(row: &Row<'p>) -> &'p Pattern {
    row.columns.last().copied().unwrap_or(&ANYTHING)
}

pub(super) fn is_anything(pattern: &Pattern) -> bool {
    matches!(
        pattern.kind,
        PatternKind::Wildcard | PatternKind::Bind(_) | PatternKind::Error
    )
}

/// The parts of a constructor pattern.
fn parts(pattern: &Pattern) -> Vec<&Pattern> {
    match &pattern.kind {
        PatternKind::Variant { fields, .. } | PatternKind::Struct { fields, .. } => {
            fields.iter().collect()
        }
        PatternKind::Tuple(parts) => parts.iter().collect(),
        PatternKind::Some(part) => vec![part],
        _ => Vec::new(),
    }
}

/// Sorts the rows by the constructor in their first column; there is one.
fn split<'p>(rows: &[Row<'p>]) -> Split<'p> {
    let first = rows.iter().map(head).find(|head| !is_anything(head));
    match &first.unwrap_or(&ANYTHING).kind {
        PatternKind::Variant { adt, .. } => Split::Enum(
            *adt,
            sort(rows, |kind| match kind {
                PatternKind::Variant { variant, .. } => Some(*variant),
                _ => None,
            }),
        ),
        PatternKind::Some(_) | PatternKind::None => Split::Option(sort(rows, |kind| {
            Some(matches!(kind, PatternKind::Some(_)))
        })),
        PatternKind::Struct { adt, fields } => Split::Product(Some(*adt), fields.len()),
        PatternKind::Tuple(parts) => Split::Product(None, parts.len()),
        PatternKind::List { .. } => Split::List(Lengths::of(rows)),
        PatternKind::Literal(Literal::Bool(_)) => Split::Bool(sort(rows, |kind| match kind {
            PatternKind::Literal(Literal::Bool(value)) => Some(*value),
            _ => None,
        })),
        PatternKind::Literal(Literal::Float(_)) => Split::Floats(sort(rows, |kind| match kind {
            PatternKind::Literal(Literal::Float(value)) => Some(value.to_bits()),
            _ => None,
        })),
        PatternKind::Literal(Literal::Str(_) | Literal::Bytes(_)) => {
            Split::Texts(sort(rows, |kind| match kind {
                PatternKind::Literal(Literal::Str(text)) => Some(text.as_bytes()),
                PatternKind::Literal(Literal::Bytes(bytes)) => Some(bytes),
                _ => None,
            }))
        }
        _ => Split::Numbers(intervals(rows)),
    }
}

/// The rows by key; those that match everything belong to every key.
fn sort<'p, K: Ord>(
    rows: &[Row<'p>],
    key: impl Fn(&'p PatternKind) -> Option<K>,
) -> BTreeMap<K, Vec<usize>> {
    let mut sorted: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    let mut every: Vec<usize> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let head = head(row);
        if is_anything(head) {
            every.push(at);
            sorted.values_mut().for_each(|rows| rows.push(at));
        } else if let Some(key) = key(&head.kind) {
            sorted.entry(key).or_insert_with(|| every.clone()).push(at);
        }
    }
    sorted
}

/// The bounds of a pattern for numbers, both inclusive.
fn bounds(pattern: &Pattern) -> Option<(i64, i64)> {
    match &pattern.kind {
        PatternKind::Literal(Literal::Int(value) | Literal::Duration(value)) => {
            Some((*value, *value))
        }
        PatternKind::Range { start, end, limit } => Some(match limit {
            RangeEnd::Inclusive => (*start, *end),
            RangeEnd::Exclusive => (*start, end - 1),
        }),
        _ => None,
    }
}

/// Cuts the numbers that occur so that each row matches an interval wholly or not at all.
fn intervals(rows: &[Row<'_>]) -> Vec<Interval> {
    // Each cut is the first number of an interval; one after the last number there is.
    let mut cuts: Vec<i128> = Vec::new();
    for (start, end) in rows.iter().filter_map(|row| bounds(head(row))) {
        cuts.extend([i128::from(start), i128::from(end) + 1]);
    }
    cuts.sort_unstable();
    cuts.dedup();
    let number = |cut: i128| i64::try_from(cut).unwrap_or(i64::MAX);
    let mut intervals: Vec<Interval> = cuts
        .windows(2)
        .map(|pair| Interval {
            start: number(pair[0]),
            end: number(pair[1] - 1),
            rows: Vec::new(),
        })
        .collect();
    let mut covered = vec![false; intervals.len()];
    for (at, row) in rows.iter().enumerate() {
        let Some((start, end)) = bounds(head(row)) else {
            intervals
                .iter_mut()
                .for_each(|interval| interval.rows.push(at));
            continue;
        };
        let from = intervals.partition_point(|interval| interval.start < start);
        let to = intervals.partition_point(|interval| interval.end <= end);
        for (interval, covered) in intervals[from..to].iter_mut().zip(&mut covered[from..to]) {
            interval.rows.push(at);
            *covered = true;
        }
    }
    let mut covered = covered.into_iter();
    intervals.retain(|_| covered.next().unwrap_or(false));
    intervals
}

/// The numbers between, before and after the intervals.
fn gaps(intervals: &[Interval]) -> Vec<(i64, i64)> {
    let mut gaps = Vec::new();
    let mut next = i128::from(i64::MIN);
    let number = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
    for interval in intervals {
        if i128::from(interval.start) > next {
            gaps.push((number(next), interval.start - 1));
        }
        next = i128::from(interval.end) + 1;
    }
    if next <= i128::from(i64::MAX) {
        gaps.push((number(next), i64::MAX));
    }
    gaps
}

fn show_interval(start: i64, end: i64) -> String {
    if start == end {
        start.to_string()
    } else {
        format!("{start}..={end}")
    }
}

/// Puts the parts at the end of a witness together into one pattern.
fn build(mut witness: Witness, name: &str, arity: usize, fields: &[Field]) -> Witness {
    let parts = witness.split_off(witness.len().saturating_sub(arity));
    let parts: Vec<String> = parts.into_iter().rev().collect();
    witness.push(compose(name, &parts, fields));
    witness
}

fn shown(name: &str, arity: usize, fields: &[Field]) -> String {
    compose(name, &vec!["_".to_owned(); arity], fields)
}

fn compose(name: &str, parts: &[String], fields: &[Field]) -> String {
    if parts.is_empty() {
        return name.to_owned();
    }
    let named = parts.iter().enumerate().map(|(at, part)| {
        match fields.get(at).and_then(|field| field.name.as_ref()) {
            Some(name) => format!("{name}: {part}"),
            None => part.clone(),
        }
    });
    let all: Vec<String> = named.collect();
    format!("{name}({})", all.join(", "))
}
