//! Quantities with units as people write them: `5ms`, `10MB/s`.

use sm_core::ids::Span;

const TIMES: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

const RATES: &[(&str, u64)] = &[
    ("B/s", 1),
    ("kB/s", 1_000),
    ("KB/s", 1_000),
    ("MB/s", 1_000_000),
    ("GB/s", 1_000_000_000),
];

const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// A length of time such as `250ms`, `1.5s` or `2min`.
pub(super) fn span(text: &str) -> Option<Span> {
    quantity(text, TIMES).map(Span)
}

/// Bytes a second, such as `250kB/s`; at least one.
pub(super) fn rate(text: &str) -> Option<u64> {
    quantity(text, RATES).filter(|rate| *rate > 0)
}

/// Bytes, such as `200MB`.
pub(super) fn size(text: &str) -> Option<u64> {
    quantity(text, SIZES)
}

/// A length of time as people write it, with three decimal places at most.
pub fn show_span(span: Span) -> String {
    let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)];
    let Some((name, size)) = units.into_iter().find(|(_, size)| span.0 >= *size) else {
        return format!("{}ns", span.0);
    };
    // Cut off, not rounded, so that 999.9996 ms are no second.
    let thousandths = span.0 / (size / 1_000);
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    format!("{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A decimal number and one of these units. Decimal places are exact down to the smallest unit.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let (number, unit) = (&text[..end], text[end..].trim_start());
    let size = units.iter().find(|(name, _)| *name == unit)?.1;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || part.len() > 9 || (number.contains('.') && part.is_empty()) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(size)?;
    let part = if part.is_empty() {
        0
    } else {
        let scale = 10u128.pow(part.len() as u32);
        (u128::from(part.parse::<u64>().ok()?) * u128::from(size) / scale) as u64
    };
    whole.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_exactly() {
        let good = [
            ("0s", 0),
            ("5ms", 5_000_000),
            (" 1.5 s ", 1_500_000_000),
            ("2min", 120_000_000_000),
            ("0.000000001s", 1),
            ("3h", 10_800_000_000_000),
        ];
        for (text, nanoseconds) in good {
            assert_eq!(span(text), Some(Span(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        let bad = [
            "",
            "5",
            "ms",
            "5 parsecs",
            "-1s",
            "1.s",
            ".5s",
            "1.2.3s",
            "1e3s",
            "5S",
        ];
        for text in bad
            .into_iter()
            .chain(["99999999999999999999s", "9999999999999d"])
        {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_shown_as_they_are_written() {
        let shown = [
            5_000_000,
            1_500_000_000,
            120_000_000_000,
            1_234_567,
            999_999_999,
            12,
            1_000,
        ]
        .map(|nanoseconds| show_span(Span(nanoseconds)));
        assert_eq!(
            shown,
            ["5ms", "1.5s", "120s", "1.234ms", "999.999ms", "12ns", "1us"]
        );
    }
}
