//! Small pieces of text: plurals, sizes, the nearest name.

/// `1 brick`, `2 bricks`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `812 bytes`, `3.4 KB`, `2.0 MB`.
pub(crate) fn size(bytes: usize) -> String {
    const KB: usize = 1000;
    const MB: usize = KB * KB;
    match bytes {
        0..KB => count(bytes, "byte"),
        KB..MB => format!("{}.{} KB", bytes / KB, bytes % KB / (KB / 10)),
        _ => format!("{}.{} MB", bytes / MB, bytes % MB / (MB / 10)),
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
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(1_000), "1.0 KB");
        assert_eq!(size(3_460), "3.4 KB");
        assert_eq!(size(2_000_000), "2.0 MB");
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("tims", ["times", "name"]), Some("times"));
        assert_eq!(nearest("wholly", ["times", "name"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
