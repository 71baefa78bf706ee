//! Format specifications: `[[fill]align][+][#][0][width][,][.precision][x|X|b|o|e]`.

use sm_bytecode::TrapKind;

use crate::text::write_float;

/// The largest width and precision, so that a short specification makes a short text.
const MAX_SIZE: usize = 1024;

/// Where a text stands in its field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Align {
    Left,
    Right,
    Center,
}

/// A specification taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Spec {
    fill: char,
    align: Option<Align>,
    plus: bool,
    prefix: bool,
    zero: bool,
    width: usize,
    grouped: bool,
    precision: Option<usize>,
    radix: Option<char>,
}

impl Spec {
    fn parse(text: &str) -> Result<Spec, TrapKind> {
        let mut rest = text;
        let mut spec = Spec {
            fill: ' ',
            align: None,
            plus: false,
            prefix: false,
            zero: false,
            width: 0,
            grouped: false,
            precision: None,
            radix: None,
        };
        spec.parse_align(&mut rest);
        spec.plus = take(&mut rest, '+');
        spec.prefix = take(&mut rest, '#');
        spec.zero = take(&mut rest, '0');
        spec.width = number(&mut rest)?.unwrap_or(0);
        spec.grouped = take(&mut rest, ',');
        if take(&mut rest, '.') {
            spec.precision = Some(number(&mut rest)?.ok_or(TrapKind::BadText)?);
        }
        spec.radix = ['x', 'X', 'b', 'o', 'e']
            .into_iter()
            .find(|radix| take(&mut rest, *radix));
        // A prefix says the radix, commas are between decimal digits, and not between zeros that
        // only fill.
        let is_decimal = spec.radix.is_none();
        let prefix_fits = !spec.prefix || matches!(spec.radix, Some('x' | 'X' | 'b' | 'o'));
        let commas_fit = !spec.grouped || is_decimal && !spec.zero;
        if rest.is_empty() && prefix_fits && commas_fit {
            Ok(spec)
        } else {
            Err(TrapKind::BadText)
        }
    }

    fn parse_align(&mut self, rest: &mut &str) {
        let mut chars = rest.chars();
        let (first, second) = (chars.next(), chars.next());
        let alignment = |c: Option<char>| match c {
            Some('<') => Some(Align::Left),
            Some('>') => Some(Align::Right),
            Some('^') => Some(Align::Center),
            _ => None,
        };
        if let (Some(fill), Some(align)) = (first, alignment(second)) {
            (self.fill, self.align) = (fill, Some(align));
            *rest = &rest[fill.len_utf8() + 1..];
        } else if let Some(align) = alignment(first) {
            self.align = Some(align);
            *rest = &rest[1..];
        }
    }

    /// Puts digits with their sign into the field.
    fn number(&self, sign: &str, digits: &str, may_pad: bool) -> String {
        let sign = if sign.is_empty() && self.plus {
            "+"
        } else {
            sign
        };
        let sign = match self.radix.filter(|_| self.prefix) {
            Some(radix) => format!("{sign}0{}", radix.to_ascii_lowercase()),
            None => sign.to_owned(),
        };
        let grouped = self.grouped && may_pad;
        let digits = if grouped {
            group(digits)
        } else {
            digits.to_owned()
        };
        if self.zero && self.align.is_none() && may_pad {
            let missing = self.width.saturating_sub(sign.len() + digits.len());
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        self.pad(&format!("{sign}{digits}"), Align::Right)
    }

    fn pad(&self, text: &str, default: Align) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let before = match self.align.unwrap_or(default) {
            Align::Left => 0,
            Align::Right => missing,
            Align::Center => missing / 2,
        };
        let fill = |count| std::iter::repeat_n(self.fill, count);
        fill(before)
            .chain(text.chars())
            .chain(fill(missing - before))
            .collect()
    }
}

/// A comma between each three digits before the point.
fn group(digits: &str) -> String {
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut out = String::with_capacity(digits.len() + whole / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn take(rest: &mut &str, c: char) -> bool {
    match rest.strip_prefix(c) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn number(rest: &mut &str) -> Result<Option<usize>, TrapKind> {
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse() {
        Ok(value) if value <= MAX_SIZE => Ok(Some(value)),
        _ => Err(TrapKind::BadText),
    }
}

/// An integer by a specification; in another radix than ten its 64-bit pattern.
pub(super) fn int(value: i64, spec: &str) -> Result<String, TrapKind> {
    let spec = Spec::parse(spec)?;
    if spec.precision.is_some() {
        return Err(TrapKind::BadText);
    }
    let digits = match spec.radix {
        None => {
            let sign = if value < 0 { "-" } else { "" };
            return Ok(spec.number(sign, &value.unsigned_abs().to_string(), true));
        }
        Some('x') => format!("{value:x}"),
        Some('X') => format!("{value:X}"),
        Some('b') => format!("{value:b}"),
        Some('o') => format!("{value:o}"),
        Some(_) => return Err(TrapKind::BadText),
    };
    Ok(spec.number("", &digits, true))
}

/// A double by a specification, with its shortest digits unless a precision is given.
pub(super) fn float(value: f64, spec: &str) -> Result<String, TrapKind> {
    let spec = Spec::parse(spec)?;
    let size = value.abs();
    let digits = match (spec.radix, spec.precision) {
        _ if !value.is_finite() => shortest(size),
        (None, None) => shortest(size),
        (None, Some(precision)) => format!("{size:.precision$}"),
        (Some('e'), None) => format!("{size:e}"),
        (Some('e'), Some(precision)) => format!("{size:.precision$e}"),
        (Some(_), _) => return Err(TrapKind::BadText),
    };
    let negative = value.is_sign_negative() && !value.is_nan();
    Ok(spec.number(if negative { "-" } else { "" }, &digits, value.is_finite()))
}

fn shortest(value: f64) -> String {
    let mut text = String::new();
    write_float(&mut text, value);
    text
}

/// A text by a specification; a precision cuts it to so many characters.
pub(super) fn text(value: &str, spec: &str) -> Result<String, TrapKind> {
    let spec = Spec::parse(spec)?;
    if spec.plus || spec.zero || spec.grouped || spec.radix.is_some() {
        return Err(TrapKind::BadText);
    }
    let cut: String = match spec.precision {
        Some(precision) => value.chars().take(precision).collect(),
        None => value.to_owned(),
    };
    Ok(spec.pad(&cut, Align::Left))
}
