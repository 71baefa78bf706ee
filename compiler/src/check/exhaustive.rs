//! Whether patterns match every value, and whether each of them matches a value at all.
//!
//! After Maranget, "Warnings for pattern matching" (2007), in one pass for all arms: a matrix has a
//! row for each arm, and its first column is split by the constructors that occur there; each row
//! goes on into the constructors it can match. Where no column is left, the first row without a
//! guard takes the value; a row that takes no value anywhere is unreachable, and where there is no
//! row, the way there is a value that nothing matches. The problem is exponential in general, so
//! work is bounded.

mod lists;
mod matrix;

use super::body::Body;
use crate::ast::Span;
use crate::diagnostic::code;
use crate::typed::{Arm, Expr, Pattern, PatternKind, Ty};
use matrix::{Analysis, Row, analyse};

/// Examples of values that are not matched, at most so many.
const MAX_WITNESSES: usize = 4;

impl Body<'_, '_> {
    /// Checks that the arms match every value, and that each can be reached.
    pub(super) fn exhaustive(&mut self, value: &Expr, arms: &[Arm], span: Span) {
        let ty = self.shallow(value.ty);
        if ty == Ty::ERROR || ty == Ty::NEVER || arms.iter().any(|arm| is_broken(&arm.pattern)) {
            return;
        }
        let rows = arms
            .iter()
            .enumerate()
            .map(|(at, arm)| Row::new(&arm.pattern, at, arm.guard.is_some()));
        let analysis = analyse(self.world, rows.collect(), arms.len());
        if analysis.too_complex {
            self.too_complex(arms, span);
            return;
        }
        for (arm, reached) in arms.iter().zip(&analysis.reached) {
            if !reached {
                let message = "this arm is never reached";
                let warning = self.warning(code::UNREACHABLE_PATTERN, arm.pattern.span, message);
                self.report(warning.note("the arms before it match all of its values"));
            }
        }
        if !analysis.missing.is_empty() {
            self.not_exhaustive(value, arms, &analysis, span);
        }
    }

    fn not_exhaustive(&mut self, value: &Expr, arms: &[Arm], analysis: &Analysis, span: Span) {
        let shown: Vec<String> = analysis
            .missing
            .iter()
            .take(MAX_WITNESSES - 1)
            .map(|missing| format!("`{missing}`"))
            .collect();
        let more = if analysis.missing.len() >= MAX_WITNESSES {
            " and more"
        } else {
            ""
        };
        let message = if analysis.missing.iter().all(|missing| missing == "_") {
            let ty = self.show(value.ty);
            format!("this `match` does not cover every `{ty}`")
        } else {
            format!("this `match` does not cover {}{more}", shown.join(", "))
        };
        let head = Span::new(span.start, value.span.end);
        let error = self.error(code::NOT_EXHAUSTIVE, head, message);
        let guarded = arms.iter().find(|arm| {
            arm.guard.is_some()
                && matches!(
                    arm.pattern.kind,
                    PatternKind::Wildcard | PatternKind::Bind(_)
                )
        });
        let error = match guarded {
            Some(arm) => error.label(
                arm.pattern.span,
                "this arm has a condition, so it may not match",
            ),
            None => error,
        };
        self.report(error.help("add arms for what is missing, or `_ => ..` for the rest"));
    }

    fn too_complex(&mut self, arms: &[Arm], span: Span) {
        let certain = |arm: &Arm| {
            arm.guard.is_none()
                && matches!(
                    arm.pattern.kind,
                    PatternKind::Wildcard | PatternKind::Bind(_)
                )
        };
        if arms.iter().any(certain) {
            return;
        }
        let message = "this `match` is too complex to see whether it covers everything";
        let error = self.error(code::MATCH_TOO_COMPLEX, span, message);
        self.report(error.help("add `_ => ..` as the last arm, or match in two steps"));
    }

    /// Checks that a pattern matches every value of its type.
    pub(super) fn irrefutable(&mut self, pattern: &Pattern, place: &str) {
        if always_matches(pattern) || is_broken(pattern) || pattern.ty == Ty::NEVER {
            return;
        }
        let analysis = analyse(self.world, vec![Row::new(pattern, 0, false)], 1);
        if analysis.missing.is_empty() && !analysis.too_complex {
            return;
        }
        let example = analysis.missing.first();
        let message = format!("{place} needs a pattern that always matches");
        let error = self.error(code::REFUTABLE, pattern.span, message);
        let error = match example {
            Some(example) => error.at(format!("`{example}` is not matched")),
            None => error,
        };
        self.report(if place.starts_with("a `let`") {
            error.help("say what happens otherwise: `let .. = .. else { return }`")
        } else {
            error.help("take the value apart with `match` or `if let`")
        });
    }

    /// Warns about a pattern that was meant to fail sometimes, and cannot.
    pub(super) fn warn_if_certain(&mut self, pattern: &Pattern, span: Span) {
        if is_broken(pattern) {
            return;
        }
        let analysis = analyse(self.world, vec![Row::new(pattern, 0, false)], 1);
        if analysis.missing.is_empty() && !analysis.too_complex {
            let at = if pattern.span.is_empty() {
                span
            } else {
                pattern.span
            };
            let warning = self.warning(code::ALWAYS_MATCHES, at, "this pattern always matches");
            self.report(warning.help("a plain `let` is enough"));
        }
    }
}

/// A quick look, enough for nearly all patterns of `let`.
fn always_matches(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Wildcard | PatternKind::Bind(_) => true,
        PatternKind::At { pattern, .. } => always_matches(pattern),
        PatternKind::List { front, back, .. } => {
            front.is_empty() && back.is_empty() && has_rest(pattern)
        }
        PatternKind::Tuple(parts) | PatternKind::Struct { fields: parts, .. } => {
            parts.iter().all(always_matches)
        }
        _ => false,
    }
}

/// Whether some part of the pattern has been reported already.
fn is_broken(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Error => true,
        PatternKind::At { pattern, .. } | PatternKind::Some(pattern) => is_broken(pattern),
        PatternKind::Variant { fields: parts, .. }
        | PatternKind::Struct { fields: parts, .. }
        | PatternKind::Tuple(parts)
        | PatternKind::Or(parts) => parts.iter().any(is_broken),
        PatternKind::List { front, back, .. } => front.iter().chain(back).any(is_broken),
        _ => false,
    }
}

fn has_rest(pattern: &Pattern) -> bool {
    matches!(&pattern.kind, PatternKind::List { rest: Some(_), .. })
}
