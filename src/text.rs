//! Small pieces of text: plurals, sizes, the nearest name.

/// `1 brick`, `2 bricks`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `1 copy`, `2 copies`.
pub(crate) fn copies(number: usize) -> String {
    match number {
        1 => "1 copy".to_owned(),
        _ => format!("{number} copies"),
    }
}

/// `812 bytes`, `3.4 KiB`, `2.0 MiB`.
pub(crate) fn size(bytes: usize) -> String {
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    match bytes {
        0..KIB => count(bytes, "byte"),
        KIB..MIB => format!("{}.{} KiB", bytes / KIB, bytes % KIB * 10 / KIB),
        _ => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
    }
}

/// `1,234,567`
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How long something has lasted: `350ms`, `12s`, `3min 5s`, `2h 10min`, `4d 1h`.
pub(crate) fn age(nanos: u64) -> String {
    let (millis, seconds) = (nanos / 1_000_000, nanos / 1_000_000_000);
    let two = |large: u64, small: u64, names: [&str; 2]| match small {
        0 => format!("{large}{}", names[0]),
        _ => format!("{large}{} {small}{}", names[0], names[1]),
    };
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    match seconds {
        0 => format!("{millis}ms"),
        1..10 => format!("{seconds}.{}s", millis % 1_000 / 100),
        10..60 => format!("{seconds}s"),
        60..3_600 => two(minutes, seconds % 60, ["min", "s"]),
        3_600..86_400 => two(hours, minutes % 60, ["h", "min"]),
        _ => two(hours / 24, hours % 24, ["d", "h"]),
    }
}

/// The name among `names` that was probably meant by `wrong`.
pub(crate) fn nearest<'a>(
    wrong: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (wrong.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_and_one_decimal() {
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(1023), "1023 bytes");
        assert_eq!(size(1024), "1.0 KiB");
        assert_eq!(size(3500), "3.4 KiB");
        assert_eq!(size(2 << 20), "2.0 MiB");
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        let shown = [0, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn ages_have_two_units_at_most() {
        let ages = [
            350,
            1_250,
            12_900,
            185_000,
            7_800_000,
            7_200_000,
            349_200_000,
        ];
        let shown = ages.map(|millis| age(millis * 1_000_000));
        assert_eq!(
            shown,
            ["350ms", "1.2s", "12s", "3min 5s", "2h 10min", "2h", "4d 1h"]
        );
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("tims", ["times", "name"]), Some("times"));
        assert_eq!(nearest("wholly", ["times", "name"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
