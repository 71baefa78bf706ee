//! How values are written as text: the same in programs and outside of them.
//!
//! Floats use the shortest digits that read back as the same number, which Rust's `core` has.

use std::fmt::Write;

/// A double as the language writes it: always with a point or an exponent.
pub(crate) fn write_float(out: &mut String, value: f64) {
    push(out, format_args!("{value:?}"));
}

/// The most bytes of an integer's text.
pub(crate) const INT_BYTES: usize = 20;

/// The text of an integer, at the end of a buffer.
pub(crate) fn int_text(value: i64, buffer: &mut [u8; INT_BYTES]) -> &[u8] {
    let mut rest = value.unsigned_abs();
    let mut at = INT_BYTES;
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

/// A count of nanoseconds as a literal such as `250ms`, `1.5s` or `2min`.
pub(crate) fn write_duration(out: &mut String, nanos: i64) {
    const UNITS: [(u64, &str); 2] = [(3_600_000_000_000, "h"), (60_000_000_000, "min")];
    const DECIMAL: [(u64, usize, &str); 4] = [
        (1_000_000_000, 9, "s"),
        (1_000_000, 6, "ms"),
        (1_000, 3, "us"),
        (1, 0, "ns"),
    ];
    if nanos < 0 {
        out.push('-');
    }
    let size = nanos.unsigned_abs();
    if size == 0 {
        return out.push_str("0s");
    }
    if let Some((unit, name)) = UNITS
        .into_iter()
        .find(|(unit, _)| size.is_multiple_of(*unit))
    {
        return push(out, format_args!("{}{name}", size / unit));
    }
    let fits = DECIMAL.into_iter().find(|(unit, _, _)| size >= *unit);
    let (unit, digits, name) = fits.unwrap_or(DECIMAL[3]);
    push(out, format_args!("{}", size / unit));
    let rest = size % unit;
    if rest > 0 {
        let fraction = format!("{rest:0digits$}");
        push(out, format_args!(".{}", fraction.trim_end_matches('0')));
    }
    out.push_str(name);
}

/// Text as a literal, in quotes.
pub(crate) fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '{' => out.push_str("\\{"),
            '}' => out.push_str("\\}"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            c if c.is_control() => push(out, format_args!("\\u{{{:X}}}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Bytes as a literal `b".."`.
pub(crate) fn write_bytes(out: &mut String, bytes: &[u8]) {
    out.push_str("b\"");
    for &byte in bytes {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => push(out, format_args!("\\x{byte:02x}")),
        }
    }
    out.push('"');
}

/// The first eight hexadecimal digits of an identity: enough to tell things apart.
pub(crate) fn write_short_id(out: &mut String, id: &[u8]) {
    write_id(out, &id[..id.len().min(4)]);
}

/// Bytes as hexadecimal digits.
pub(crate) fn write_id(out: &mut String, id: &[u8]) {
    for byte in id {
        push(out, format_args!("{byte:02x}"));
    }
}

/// The name of a place without the mark that makes it unique.
pub(crate) fn name_for_people(name: &str) -> &str {
    name.rsplit_once(NAME_MARK).map_or(name, |(shown, _)| shown)
}

/// Stands between the readable part of a place's name and its hash.
pub(crate) const NAME_MARK: char = '@';

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn durations_use_the_unit_that_reads_best() {
        for (nanos, text) in [
            (0, "0s"),
            (250_000_000, "250ms"),
            (1_500_000_000, "1.5s"),
            (90_000_000_000, "90s"),
            (120_000_000_000, "2min"),
            (7_200_000_000_000, "2h"),
            (-10_000, "-10us"),
            (5, "5ns"),
            (1_000_000_001, "1.000000001s"),
            (i64::MIN, "-9223372036.854775808s"),
        ] {
            assert_eq!(made(|out| write_duration(out, nanos)), text);
        }
    }

    #[test]
    fn integers_have_all_their_digits() {
        for value in [0, 7, -7, 10, 1_001, i64::MAX, i64::MIN] {
            let mut buffer = [0; INT_BYTES];
            assert_eq!(int_text(value, &mut buffer), value.to_string().as_bytes());
        }
    }

    #[test]
    fn floats_are_short_and_never_look_like_integers() {
        for (value, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e300, "1e300"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(made(|out| write_float(out, value)), text);
        }
    }

    #[test]
    fn literals_escape_what_would_end_or_interpolate_them() {
        let text = made(|out| write_quoted(out, "a\"b\\{x}\n\u{1}"));
        assert_eq!(text, r#""a\"b\\\{x\}\n\u{1}""#);
        assert_eq!(made(|out| write_bytes(out, b"a\0\"")), r#"b"a\x00\"""#);
    }
}
