//! Diagnostics: what the compiler has to say about a program, as plain data.
//!
//! Three consumers read it: the renderer for people ([`render`]), the language server, and
//! `--message-format json`. So a message never holds layout, colour or source text, only spans.

mod codes;

#[cfg(feature = "render")]
pub mod render;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::ast::{FileId, Span};

pub use codes::{Code, CodeInfo, TABLE, code, explain};

/// One finding.
#[must_use = "a diagnostic that nobody collects is lost"]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// One sentence without a full stop.
    pub message: String,
    /// The place the message is about.
    pub primary: Label,
    /// Other places that explain it.
    pub labels: Vec<Label>,
    /// Facts that help to understand.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
    /// Edits that an editor can offer.
    pub fixes: Vec<Fix>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The program cannot be compiled.
    Error,
    /// The program means something, but hardly what was intended.
    Warning,
}

/// A place in the source, and what to say there (empty: only point).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    pub file: FileId,
    pub span: Span,
    pub text: String,
}

/// Edits that belong together: apply all or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    pub title: String,
    /// In the primary label's file; they do not overlap.
    pub edits: Vec<Edit>,
    pub applicability: Applicability,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    pub span: Span,
    pub replacement: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Applicability {
    /// What was meant, surely: a tool may apply it unasked.
    MachineApplicable,
    /// Likely what was meant: a person should look.
    MaybeIncorrect,
}

impl Label {
    pub fn new(file: FileId, span: Span, text: impl Into<String>) -> Self {
        Self {
            file,
            span,
            text: text.into(),
        }
    }
}

impl Fix {
    /// A fix of one edit.
    pub fn new(title: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            edits: vec![Edit {
                span,
                replacement: replacement.into(),
            }],
            applicability: Applicability::MaybeIncorrect,
        }
    }

    #[must_use]
    pub fn certain(mut self) -> Self {
        self.applicability = Applicability::MachineApplicable;
        self
    }

    #[must_use]
    pub fn and(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.edits.push(Edit {
            span,
            replacement: replacement.into(),
        });
        self
    }
}

impl Diagnostic {
    pub fn error(code: Code, file: FileId, span: Span, message: impl Into<String>) -> Self {
        Self::new(
            Severity::Error,
            code,
            Label::new(file, span, ""),
            message.into(),
        )
    }

    pub fn warning(code: Code, file: FileId, span: Span, message: impl Into<String>) -> Self {
        Self::new(
            Severity::Warning,
            code,
            Label::new(file, span, ""),
            message.into(),
        )
    }

    fn new(severity: Severity, code: Code, primary: Label, message: String) -> Self {
        Self {
            code,
            severity,
            message,
            primary,
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// The text at the primary place.
    pub fn at(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Another place in the same file.
    pub fn label(self, span: Span, text: impl Into<String>) -> Self {
        let file = self.primary.file;
        self.label_in(file, span, text)
    }

    /// Another place, perhaps in another file.
    pub fn label_in(mut self, file: FileId, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label::new(file, span, text));
        self
    }

    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Whether any of them forbids to go on to code.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}
