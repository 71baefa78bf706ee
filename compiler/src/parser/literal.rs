//! The values of literals.

use std::sync::Arc;

use super::context::Context;
use crate::ast::{
    Expr, ExprKind, FormatAlign, FormatKind, FormatSpec, Literal, Name, Sign, Span, StrPart,
};
use crate::diagnostic::{Diagnostic, code};
use crate::lexer::{Escape, escape_at};

/// The magnitude of the smallest Int, which is one more than that of the largest.
const MIN_MAGNITUDE: u64 = 1 << 63;

/// A part of a string as the grammar sees it.
pub(crate) enum StrPiece {
    Text(Span),
    Value(Expr, Option<Span>),
}

impl Context<'_> {
    pub(crate) fn int(&mut self, span: Span) -> Literal {
        let text = self.text(span);
        let (digits, radix) = match text.get(..2) {
            Some("0x") => (&text[2..], 16),
            Some("0b") => (&text[2..], 2),
            Some("0o") => (&text[2..], 8),
            _ => (text, 10),
        };
        match parse_digits(digits, radix) {
            Some(value) if radix != 10 => Literal::Int(value.cast_signed()),
            Some(value) if value < MIN_MAGNITUDE => Literal::Int(value.cast_signed()),
            Some(MIN_MAGNITUDE) => {
                self.too_large(span);
                self.minimum = Some(span);
                Literal::Int(i64::MIN)
            }
            Some(_) | None if is_digits(digits, radix) => {
                self.too_large(span);
                Literal::Int(0)
            }
            _ => {
                let message = "the digits of this number are missing or too large";
                self.report(Diagnostic::error(
                    code::BAD_NUMBER,
                    self.file,
                    span,
                    message,
                ));
                Literal::Int(0)
            }
        }
    }

    fn too_large(&mut self, span: Span) {
        let message = "this integer is too large";
        let diagnostic = Diagnostic::error(code::INT_TOO_LARGE, self.file, span, message)
            .note("an Int goes from -9_223_372_036_854_775_808 to 9_223_372_036_854_775_807")
            .help("for a pattern of 64 bits write it in hexadecimal, for magnitude write a Float");
        self.report(diagnostic);
    }

    /// `-` before a literal that stands at `at`: one literal, so that the smallest Int can be
    /// written.
    pub(crate) fn negative(&mut self, literal: Literal, at: Span) -> Literal {
        match literal {
            Literal::Int(i64::MIN) if self.minimum == Some(at) => {
                self.minimum = None;
                self.forget_too_large(at);
                Literal::Int(i64::MIN)
            }
            Literal::Int(value) => Literal::Int(value.wrapping_neg()),
            Literal::Float(value) => Literal::Float(-value),
            Literal::Duration(value) => Literal::Duration(-value),
            other => other,
        }
    }

    fn forget_too_large(&mut self, at: Span) {
        let last = self.diagnostics.last();
        if last.is_some_and(|d| d.code == code::INT_TOO_LARGE && d.primary.span == at) {
            self.diagnostics.pop();
        }
    }

    /// Whether `-` and this literal are one: not before the pattern `0x8000_0000_0000_0000`, whose
    /// negation overflows.
    pub(crate) fn is_negatable(&self, literal: &Literal, at: Span) -> bool {
        match literal {
            Literal::Int(i64::MIN) => self.minimum == Some(at),
            Literal::Int(_) | Literal::Float(_) | Literal::Duration(_) => true,
            _ => false,
        }
    }

    pub(crate) fn float(&mut self, span: Span) -> Literal {
        let text = self.text(span).replace('_', "");
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Literal::Float(value),
            _ => {
                let message = "this number is too large for a Float";
                let diagnostic = Diagnostic::error(code::FLOAT_TOO_LARGE, self.file, span, message)
                    .note("the largest Float is about 1.8e308");
                self.report(diagnostic);
                Literal::Float(0.0)
            }
        }
    }

    pub(crate) fn duration(&mut self, span: Span) -> Literal {
        let text = self.text(span);
        let unit_start = text
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_start);
        match nanoseconds(number, unit) {
            Some(value) => Literal::Duration(value),
            None => {
                let message = "this duration is too long";
                let diagnostic =
                    Diagnostic::error(code::DURATION_TOO_LONG, self.file, span, message)
                        .note("a Duration counts nanoseconds in 64 bits: it reaches 292 years");
                self.report(diagnostic);
                Literal::Duration(0)
            }
        }
    }

    /// A string without interpolations, at `span` with its quotes.
    pub(crate) fn string(&mut self, span: Span) -> Name {
        let text = self.text(span);
        if text.len() >= 6 && text.starts_with("\"\"\"") {
            let content = Span::new(span.start + 3, span.end - 3);
            let mut lines = vec![content];
            let cut = Indentation::of(self.source, span, &lines);
            let text = cut.text(self.source, lines.remove(0));
            return text.into();
        }
        let content = &text[1..text.len() - 1];
        if content.contains('\\') {
            unescape(content).into()
        } else {
            content.into()
        }
    }

    pub(crate) fn bytes(&mut self, span: Span) -> Arc<[u8]> {
        let text = self.text(span);
        let mut rest = &text[2..text.len() - 1];
        let mut bytes = Vec::with_capacity(rest.len());
        while let Some(at) = rest.find('\\') {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            let (escape, length) = escape_at(&rest[at..]);
            match escape {
                Escape::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                Escape::Byte(byte) => bytes.push(byte),
                Escape::Bad(_) => {}
            }
            rest = &rest[at + length..];
        }
        bytes.extend_from_slice(rest.as_bytes());
        bytes.into()
    }

    /// A string with interpolations, at `span` with its quotes.
    pub(crate) fn interpolated(&mut self, pieces: Vec<StrPiece>, span: Span) -> ExprKind {
        let is_multi_line = self.text(span).starts_with("\"\"\"");
        let cut = is_multi_line.then(|| {
            let texts: Vec<Span> = pieces
                .iter()
                .filter_map(|piece| match piece {
                    StrPiece::Text(span) => Some(*span),
                    StrPiece::Value(..) => None,
                })
                .collect();
            Indentation::of(self.source, span, &texts)
        });
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                StrPiece::Text(at) => {
                    let text = match &cut {
                        Some(cut) => cut.text(self.source, at),
                        None => unescape(self.text(at)),
                    };
                    if !text.is_empty() {
                        parts.push(StrPart::Text(text.into()));
                    }
                }
                StrPiece::Value(value, spec) => {
                    let spec = spec.and_then(|at| self.format_spec(at));
                    parts.push(StrPart::Value { value, spec });
                }
            }
        }
        ExprKind::Interpolated(parts)
    }

    fn format_spec(&mut self, span: Span) -> Option<FormatSpec> {
        let spec = parse_format(&self.text(span)[1..], span);
        if spec.is_none() {
            let text = self.text(span);
            let message = format!("`{text}` is not a format");
            let diagnostic = Diagnostic::error(code::BAD_FORMAT, self.file, span, message)
                .help("a format is `:[[fill]align][+][#][0][width][,][.precision][x|X|b|o|e]`")
                .help("`{x:.2}` writes two digits after the point, `{x:>8}` fills up to 8 columns");
            self.report(diagnostic);
        }
        spec
    }
}

/// Whether these are digits of that radix, at least one.
fn is_digits(digits: &str, radix: u32) -> bool {
    let mut digits = digits.chars().filter(|c| *c != '_').peekable();
    digits.peek().is_some() && digits.all(|c| c.is_digit(radix))
}

fn parse_digits(digits: &str, radix: u32) -> Option<u64> {
    let mut value: Option<u64> = None;
    for digit in digits.chars().filter(|c| *c != '_') {
        let digit = u64::from(digit.to_digit(radix)?);
        value = Some(
            value
                .unwrap_or(0)
                .checked_mul(u64::from(radix))?
                .checked_add(digit)?,
        );
    }
    value
}

fn nanoseconds(number: &str, unit: &str) -> Option<i64> {
    let scale: i64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "min" => 60_000_000_000,
        _ => 3_600_000_000_000,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = i64::try_from(parse_digits(whole, 10)?).ok()?;
    let mut value = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.chars().filter_map(|c| c.to_digit(10)) {
        place /= 10;
        value = value.checked_add(place.checked_mul(i64::from(digit))?)?;
    }
    Some(value)
}

/// The text with its escapes replaced. Bad ones, which the lexer reported, vanish.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (escape, length) = escape_at(&rest[at..]);
        match escape {
            Escape::Char(character) => out.push(character),
            Escape::Byte(byte) if byte.is_ascii() => out.push(char::from(byte)),
            Escape::Byte(_) | Escape::Bad(_) => {}
        }
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

/// How a `"""` string is cut: its first line break, its common indentation, and the line of its
/// closing quotes are layout, not text.
struct Indentation {
    /// Where the string's content begins and ends.
    content: Span,
    columns: usize,
}

impl Indentation {
    /// `texts` are the parts of the string between interpolations.
    fn of(source: &str, string: Span, texts: &[Span]) -> Self {
        let content = Span::new(string.start + 3, string.end - 3);
        let mut columns: Option<usize> = None;
        for text in texts {
            let mut lines = source[text.range()].split('\n');
            lines.next();
            let mut offset = text.start as usize + source[text.range()].find('\n').unwrap_or(0);
            for line in lines {
                offset += 1 + line.len();
                let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
                // A blank line says nothing; one that an interpolation or the end follows does.
                let is_blank = indent == line.trim_end_matches('\r').len()
                    && source.as_bytes().get(offset) == Some(&b'\n');
                if !is_blank {
                    columns = Some(columns.map_or(indent, |columns| columns.min(indent)));
                }
            }
        }
        Self {
            content,
            columns: columns.unwrap_or(0),
        }
    }

    fn text(&self, source: &str, at: Span) -> String {
        let mut text = &source[at.range()];
        if at.start == self.content.start {
            let first = text.split_once('\n');
            text = match first {
                Some((before, _)) if before.trim().is_empty() => &text[before.len()..],
                _ => text,
            };
        }
        if at.end == self.content.end
            && let Some((before, last)) = text.rsplit_once('\n')
            && last.trim().is_empty()
        {
            text = before.trim_end_matches('\r');
        }
        let mut out = String::with_capacity(text.len());
        for (index, line) in text.split('\n').enumerate() {
            if index == 0 {
                out.push_str(line.trim_end_matches('\r'));
                continue;
            }
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            out.push('\n');
            out.push_str(line[indent.min(self.columns)..].trim_end_matches('\r'));
        }
        if at.start == self.content.start && out.starts_with('\n') {
            out.remove(0);
        }
        unescape(&out)
    }
}

/// Reads `[[fill]align][+][#][0][width][,][.precision][kind]`.
fn parse_format(text: &str, span: Span) -> Option<FormatSpec> {
    let (fill, align, rest) = split_align(text);
    let (sign, rest) = match rest.strip_prefix('+') {
        Some(rest) => (Sign::Always, rest),
        None => (Sign::Negative, rest),
    };
    let (prefix, rest) = split_flag(rest, '#');
    let (zero, rest) = split_flag(rest, '0');
    let (width, rest) = split_number(rest)?;
    let (grouped, rest) = split_flag(rest, ',');
    let (precision, rest) = match rest.strip_prefix('.') {
        Some(rest) => split_number(rest).filter(|(number, _)| number.is_some())?,
        None => (None, rest),
    };
    let kind = match rest.trim_end() {
        "" => FormatKind::Show,
        "x" => FormatKind::Hex,
        "X" => FormatKind::UpperHex,
        "b" => FormatKind::Binary,
        "o" => FormatKind::Octal,
        "e" => FormatKind::Exponent,
        _ => return None,
    };
    Some(FormatSpec {
        fill,
        align,
        sign,
        prefix,
        zero,
        width,
        grouped,
        precision,
        kind,
        span,
    })
}

/// Whether `text` begins with `flag`, and what follows.
fn split_flag(text: &str, flag: char) -> (bool, &str) {
    match text.strip_prefix(flag) {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

fn split_align(text: &str) -> (char, Option<FormatAlign>, &str) {
    let align_of = |c: Option<char>| match c {
        Some('<') => Some(FormatAlign::Left),
        Some('^') => Some(FormatAlign::Center),
        Some('>') => Some(FormatAlign::Right),
        _ => None,
    };
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    if let (Some(fill), Some(align)) = (first, align_of(second)) {
        return (fill, Some(align), chars.as_str());
    }
    match align_of(first) {
        Some(align) => (' ', Some(align), &text[1..]),
        None => (' ', None, text),
    }
}

/// The digits at the start of `text`, if any, as a number; `None` if it is too large.
fn split_number(text: &str) -> Option<(Option<u16>, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = text.split_at(digits);
    if number.is_empty() {
        return Some((None, rest));
    }
    Some((Some(number.parse().ok()?), rest))
}
