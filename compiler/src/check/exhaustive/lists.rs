//! Lists in the matrix: their constructors are their lengths.
//!
//! Lists that are longer than every pattern says are alike: of them only elements at the front and
//! at the back can be told apart. So there is one constructor for each shorter length, and one for
//! all the others.

use std::collections::BTreeSet;

use super::MAX_WITNESSES;
use super::matrix::{ANYTHING, Analyser, Row, Witness, head, is_anything};
use crate::typed::{Pattern, PatternKind};

/// The lengths that list patterns in a column speak of.
pub(super) struct Lengths {
    /// Of the patterns without `..`.
    exact: BTreeSet<usize>,
    /// The most elements before and after a `..`; absent where no pattern has one.
    open: Option<(usize, usize)>,
}

/// Lists of one length, or all from a length on.
#[derive(Clone, Copy)]
enum Constructor {
    Exact(usize),
    /// With so many elements told apart at the front and at the back.
    From(usize, usize),
}

impl Constructor {
    const fn arity(self) -> usize {
        match self {
            Self::Exact(length) => length,
            Self::From(front, back) => front + back,
        }
    }

    /// The parts that `pattern` has as a list of this constructor; `None`: it does not match any.
    fn parts(self, pattern: &Pattern) -> Option<Vec<&Pattern>> {
        let PatternKind::List {
            front, rest, back, ..
        } = &pattern.kind
        else {
            return Some(vec![&ANYTHING; self.arity()]);
        };
        let own = front.len() + back.len();
        let between = match (self, rest) {
            (Self::Exact(length), None) => (own == length).then_some(0)?,
            (Self::Exact(length), Some(_)) => length.checked_sub(own)?,
            (Self::From(..), None) => return None,
            (Self::From(..), Some(_)) => self.arity().checked_sub(own)?,
        };
        let between = std::iter::repeat_n(&ANYTHING, between);
        Some(front.iter().chain(between).chain(back).collect())
    }

    fn show(self, parts: &[String]) -> String {
        let mut all = parts.to_vec();
        if let Self::From(front, _) = self {
            all.insert(front.min(all.len()), "..".to_owned());
        }
        format!("[{}]", all.join(", "))
    }

    fn show_any(self) -> String {
        self.show(&vec!["_".to_owned(); self.arity()])
    }
}

impl Lengths {
    pub(super) fn of(rows: &[Row<'_>]) -> Self {
        let mut lengths = Self {
            exact: BTreeSet::new(),
            open: None,
        };
        for row in rows {
            match &head(row).kind {
                PatternKind::List {
                    front,
                    rest: Some(_),
                    back,
                    ..
                } => {
                    let (most_front, most_back) = lengths.open.unwrap_or_default();
                    let most = (most_front.max(front.len()), most_back.max(back.len()));
                    lengths.open = Some(most);
                }
                PatternKind::List { front, .. } => {
                    lengths.exact.insert(front.len());
                }
                _ => {}
            }
        }
        lengths
    }

    /// The constructors that some pattern matches, and those that none does.
    fn constructors(&self) -> (Vec<Constructor>, Vec<Constructor>) {
        let longest = self.exact.last().map_or(0, |length| length + 1);
        let Some((front, back)) = self.open else {
            let absent = (0..longest).filter(|length| !self.exact.contains(length));
            let absent = absent.take(MAX_WITNESSES).map(Constructor::Exact);
            let exact = self.exact.iter().copied().map(Constructor::Exact);
            let longer = Constructor::From(longest, 0);
            return (exact.collect(), absent.chain([longer]).collect());
        };
        let front = front.max(longest.saturating_sub(back));
        let shorter = (0..front + back).map(Constructor::Exact);
        let all = shorter.chain([Constructor::From(front, back)]);
        (all.collect(), Vec::new())
    }
}

impl Analyser<'_> {
    /// Splits the first column by the lengths of its lists.
    pub(super) fn lists(
        &mut self,
        rows: &[Row<'_>],
        width: usize,
        lengths: &Lengths,
    ) -> Vec<Witness> {
        let (present, absent) = lengths.constructors();
        if !self.afford(present.len().saturating_mul(rows.len())) {
            return Vec::new();
        }
        let mut all = Vec::new();
        for constructor in present {
            let arity = constructor.arity();
            let rest: Vec<Row<'_>> = rows
                .iter()
                .filter_map(|row| Some(row.with(constructor.parts(head(row))?.into_iter())))
                .collect();
            let missing = self.missing(&rest, width - 1 + arity);
            all.extend(missing.into_iter().map(|mut witness| {
                let parts = witness.split_off(witness.len().saturating_sub(arity));
                let parts: Vec<String> = parts.into_iter().rev().collect();
                witness.push(constructor.show(&parts));
                witness
            }));
        }
        if !absent.is_empty() {
            debug_assert!(rows.iter().any(|row| !is_anything(head(row))));
            let heads: Vec<String> = absent.iter().map(|one| one.show_any()).collect();
            let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
            all.extend(self.named(&Self::defaults(rows), width, &heads));
        }
        all.truncate(MAX_WITNESSES);
        all
    }
}
