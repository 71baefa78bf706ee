//! Where diagnostics go.

use crate::diagnostic::Diagnostic;
use crate::limits::MAX_CHECK_DIAGNOSTICS;

/// Collects diagnostics, up to a bound.
#[derive(Default)]
pub(super) struct Sink {
    found: Vec<Diagnostic>,
    errors: usize,
}

impl Sink {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.is_error());
        if self.found.len() < MAX_CHECK_DIAGNOSTICS {
            self.found.push(diagnostic);
        }
    }

    /// How many errors there were, kept or not.
    pub(super) const fn errors(&self) -> usize {
        self.errors
    }

    /// All of them in the order of the source.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found
            .sort_by_key(|one| (one.primary.file, one.primary.span.start));
        self.found
    }
}
