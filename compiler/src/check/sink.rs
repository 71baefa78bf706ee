//! Where diagnostics go.

use crate::ast::{FileId, Span};
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

    pub(super) const fn len(&self) -> usize {
        self.found.len()
    }

    /// Forgets the warnings since a point, with so many diagnostics and errors, if there were
    /// errors since: what is unused or unreachable may be so only because of them.
    pub(super) fn errors_first(&mut self, (found, errors): (usize, usize)) {
        if self.errors > errors {
            let since = self.found.split_off(found.min(self.found.len()));
            self.found
                .extend(since.into_iter().filter(Diagnostic::is_error));
        }
    }

    /// Forgets the errors within a place, where a better one is to come.
    pub(super) fn forget_errors_in(&mut self, file: FileId, span: Span) {
        let before = self.found.len();
        self.found.retain(|one| {
            let at = one.primary.span;
            let within = span.start <= at.start && at.end <= span.end;
            !one.is_error() || one.primary.file != file || !within
        });
        self.errors -= before - self.found.len();
    }

    /// Whether there was an error in this file.
    pub(super) fn has_errors_in(&self, file: FileId) -> bool {
        self.found
            .iter()
            .any(|one| one.is_error() && one.primary.file == file)
    }

    /// Forgets the warnings about a file that could not be read as a whole.
    pub(super) fn forget_warnings_in(&mut self, file: FileId) {
        self.found
            .retain(|one| one.is_error() || one.primary.file != file);
    }

    /// All of them in the order of the source.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found
            .sort_by_key(|one| (one.primary.file, one.primary.span.start));
        self.found
    }
}
