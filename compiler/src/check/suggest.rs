//! "Did you mean": the known name that is nearest to an unknown one.

/// The candidate nearest to `name`, if one is near enough to be a slip. Of equally near ones the
/// alphabetically first, so that the order of candidates does not matter.
pub(super) fn nearest<'n>(
    name: &str,
    candidates: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let chars: Vec<char> = name.chars().take(MAX_NAME + 1).collect();
    if chars.len() > MAX_NAME {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let limit = best.map_or((chars.len().max(2) / 3).max(1), |(distance, _)| distance);
        let Some(distance) = distance(&chars, candidate, limit) else {
            continue;
        };
        if best.is_none_or(|known| (distance, candidate) < known) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
        .filter(|candidate| *candidate != name)
}

/// A longer name is no slip of another.
const MAX_NAME: usize = 64;

/// Edits (insert, remove, replace, swap neighbors; a change of case counts for nothing beside
/// others) from `name` to `candidate`, where they are at most `limit`.
fn distance(name: &[char], candidate: &str, limit: usize) -> Option<usize> {
    let other: Vec<char> = candidate.chars().take(MAX_NAME + 1).collect();
    if other.len().abs_diff(name.len()) > limit || candidate.starts_with('_') {
        return None;
    }
    if other.len() == name.len()
        && other
            .iter()
            .zip(name)
            .all(|(a, b)| a.eq_ignore_ascii_case(b))
    {
        return Some(0);
    }
    if name.len() == 1 {
        return None;
    }
    let width = other.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut above: Vec<usize> = (0..width).collect();
    for (i, a) in name.iter().enumerate() {
        let mut row = vec![i + 1; width];
        for (j, b) in other.iter().enumerate() {
            let replaced = above[j] + usize::from(a != b);
            row[j + 1] = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && name[i - 1] == *b {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    Some(above[width - 1]).filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_found() {
        let names = ["temperature", "town", "lenght", "print"];
        assert_eq!(nearest("temprature", names), Some("temperature"));
        assert_eq!(nearest("tonw", names), Some("town"));
        assert_eq!(nearest("Print", names), Some("print"));
        assert_eq!(nearest("camera", names), None);
    }

    #[test]
    fn the_order_of_candidates_does_not_matter() {
        assert_eq!(
            nearest("cat", ["car", "bat"]),
            nearest("cat", ["bat", "car"])
        );
    }

    #[test]
    fn one_letter_is_no_slip_of_another() {
        assert_eq!(nearest("x", ["y", "z"]), None);
    }
}
