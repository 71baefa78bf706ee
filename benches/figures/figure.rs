//! A measured figure, and how it is shown.

use std::fmt;

/// What was measured, in a unit, and what is wanted.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) bound: Bound,
    /// What else was measured in the same run, for comparison.
    pub(crate) beside: String,
}

/// What a figure should reach at least, and what it aims at.
pub(crate) enum Bound {
    AtMost(f64, f64),
    AtLeast(f64, f64),
}

impl Measured {
    pub(crate) const HEAD: &'static str = "CPU time, the least of several runs; what misses its \
         bound is marked *\n\n\
         what                                       measured        bound          aim  beside it";
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (misses, bound, aim) = match self.bound {
            Bound::AtMost(bound, aim) => {
                (self.value > bound, format!("<= {bound}"), format!("{aim}"))
            }
            Bound::AtLeast(bound, aim) => {
                (self.value < bound, format!(">= {bound}"), format!("{aim}"))
            }
        };
        let mark = if misses { "*" } else { "" };
        let value = format!("{}{mark} {}", significant(self.value), self.unit);
        write!(
            f,
            "{:<34} {value:>16} {bound:>12} {aim:>12}  {}",
            self.name, self.beside
        )
    }
}

/// Three digits or more.
fn significant(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
