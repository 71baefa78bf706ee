//! Mistakes that have a name: what people write who come from other languages, or in a hurry.
//!
//! Each function looks at the tokens around an error and, if it knows the mistake, says so and how
//! to read on as if it had been written right.

mod elsewhere;
mod expressions;
mod items;
mod statements;
mod words;

use super::recovery::{Scene, Splice};
use crate::ast::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::{T, Token};

/// A mistake that was recognised, and the repair that reads it as it was meant.
pub(super) struct Mistake {
    pub(super) diagnostic: Diagnostic,
    pub(super) repair: Option<Splice>,
}

type Recogniser = fn(&Scene) -> Option<Mistake>;

/// In this order; the first that knows the mistake has it.
const RECOGNISERS: &[Recogniser] = &[
    elsewhere::is_not,
    elsewhere::not_comparison,
    words::word_operator,
    words::else_if_word,
    words::mutable_binding,
    words::function_word,
    words::foreign_word,
    expressions::strict_equality,
    expressions::increment,
    elsewhere::slice,
    expressions::path_colons,
    statements::colon_equals,
    statements::assignment_in_condition,
    expressions::named_argument,
    expressions::cast,
    expressions::ternary,
    elsewhere::string_prefix,
    elsewhere::bare_point,
    elsewhere::comprehension,
    elsewhere::bare_names,
    elsewhere::several_targets,
    elsewhere::try_block,
    elsewhere::arm_statement,
    elsewhere::guard_let,
    expressions::struct_literal,
    expressions::lambda,
    expressions::prefix_operator,
    expressions::empty_interpolation,
    expressions::block_as_value,
    expressions::open_range,
    statements::for_parentheses,
    statements::for_counter,
    elsewhere::membership,
    elsewhere::trailing_if,
    elsewhere::data_in_block,
    items::result_arrow,
    items::nested_function,
    statements::colon_block,
    statements::missing_block,
    statements::match_arrow,
    statements::const_statement,
    statements::let_without_value,
    statements::else_alone,
    statements::call_without_parentheses,
    items::import_path,
    items::untyped_parameter,
    items::statement_at_top,
    items::declaration_in_block,
    items::public_what,
    items::keyword_as_name,
];

pub(super) fn recognise(scene: &Scene) -> Option<Mistake> {
    RECOGNISERS.iter().find_map(|recogniser| recogniser(scene))
}

impl Mistake {
    fn new(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostic,
            repair: None,
        }
    }

    fn repaired_by(mut self, splice: Splice) -> Self {
        self.repair = Some(splice);
        self
    }
}

impl Scene<'_> {
    fn error(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.file, span, message)
    }

    /// Whether the token at `offset` follows the one before it at once.
    fn is_adjacent(&self, offset: isize) -> bool {
        match (self.get(offset - 1), self.get(offset)) {
            (Some(before), Some(token)) => before.span.end == token.span.start,
            _ => false,
        }
    }

    /// The index of the token at an offset from the error.
    fn index(&self, offset: isize) -> usize {
        self.at.saturating_add_signed(offset)
    }

    /// The kind of the first token of the segment.
    fn first(&self) -> Option<T> {
        self.tokens
            .get(self.segment.start)
            .filter(|_| self.segment.start < self.at)
            .map(|t| t.kind)
    }

    /// The bracket that the error is directly in.
    fn opener(&self) -> Option<Token> {
        self.segment.open.map(|open| self.tokens[open])
    }

    /// The kind of the token before the bracket that the error is directly in.
    fn before_opener(&self) -> Option<T> {
        let open = self.segment.open?;
        Some(self.tokens.get(open.checked_sub(1)?)?.kind)
    }

    /// From the error to the end of its segment.
    fn rest(&self) -> std::ops::Range<usize> {
        self.at..self.segment.end.max(self.at)
    }
}
