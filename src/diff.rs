//! The difference of two texts, line by line, as `diff -u` shows it.

use std::collections::HashMap;
use std::fmt::Write as _;

/// Lines around a difference.
const CONTEXT: usize = 3;

/// Insertions and removals up to which the shortest way is looked for: time and memory grow with
/// the square. Beyond, all lines between the common ends count as replaced.
const MAX_EDITS: usize = 1_000;

/// How to make `new` of `old`; empty if there is nothing to do. `name` is the file's.
pub(crate) fn unified(name: &str, old: &str, new: &str) -> String {
    let mut out = String::new();
    if old == new {
        return out;
    }
    let (old, new) = (lines(old), lines(new));
    let edits = edits(&old, &new);
    let _ = writeln!(out, "--- {name}\n+++ {name}");
    for hunk in hunks(&edits) {
        write_hunk(&mut out, &edits[hunk], &old, &new);
    }
    out
}

/// Lines with their ends, for a missing one at the end of a file is a difference.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// What happens to a line: its number in the old text, in the new, or in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Keep(usize, usize),
    Remove(usize, usize),
    Insert(usize, usize),
}

impl Edit {
    /// The line in the old and the new text at or before which it stands.
    fn position(self) -> (usize, usize) {
        match self {
            Self::Keep(old, new) | Self::Remove(old, new) | Self::Insert(old, new) => (old, new),
        }
    }
}

fn edits(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let shorter = old.len().min(new.len());
    let start = (0..shorter).take_while(|i| old[*i] == new[*i]).count();
    let end = (0..shorter - start)
        .take_while(|i| old[old.len() - 1 - i] == new[new.len() - 1 - i])
        .count();
    let mut edits: Vec<Edit> = (0..start).map(|line| Edit::Keep(line, line)).collect();
    let middle = (&old[start..old.len() - end], &new[start..new.len() - end]);
    edits.extend(shortest(middle.0, middle.1, start));
    let after = |back: &usize| Edit::Keep(old.len() - back, new.len() - back);
    edits.extend((1..=end).rev().map(|back| after(&back)));
    edits
}

/// The shortest edit script, as Myers finds it ("An O(ND) Difference Algorithm", 1986). Line
/// numbers begin at `first`.
fn shortest(old: &[&str], new: &[&str], first: usize) -> Vec<Edit> {
    let (old, new) = numbered(old, new);
    let (n, m) = (old.len() as isize, new.len() as isize);
    let at = |diagonal: isize| (diagonal + MAX_EDITS as isize + 1) as usize;
    let mut furthest = vec![0_isize; 2 * MAX_EDITS + 3];
    let mut trace = Vec::new();
    for distance in 0..=(n + m).min(MAX_EDITS as isize) {
        trace.push(furthest[at(-distance) - 1..=at(distance) + 1].to_vec());
        for diagonal in (-distance..=distance).step_by(2) {
            let (left, right) = (furthest[at(diagonal - 1)], furthest[at(diagonal + 1)]);
            let goes_down = diagonal == -distance || (diagonal != distance && left < right);
            let mut x = if goes_down { right } else { left + 1 };
            while x < n && x - diagonal < m && old[x as usize] == new[(x - diagonal) as usize] {
                x += 1;
            }
            furthest[at(diagonal)] = x;
            if x >= n && x - diagonal >= m {
                return walk_back(&trace, (n, m), first);
            }
        }
    }
    let removed = (0..old.len()).map(|line| Edit::Remove(first + line, first));
    let inserted = (0..new.len()).map(|line| Edit::Insert(first + old.len(), first + line));
    removed.chain(inserted).collect()
}

fn walk_back(trace: &[Vec<isize>], end: (isize, isize), first: usize) -> Vec<Edit> {
    let number = |line: isize| first + line as usize;
    let (mut x, mut y) = end;
    let mut edits = Vec::new();
    for (distance, furthest) in trace.iter().enumerate().rev() {
        let distance = distance as isize;
        let at = |diagonal: isize| furthest[(diagonal + distance + 1) as usize];
        let diagonal = x - y;
        let goes_down =
            diagonal == -distance || (diagonal != distance && at(diagonal - 1) < at(diagonal + 1));
        let before = if goes_down {
            diagonal + 1
        } else {
            diagonal - 1
        };
        let (start_x, start_y) = match distance {
            0 => (0, 0),
            _ => (at(before), at(before) - before),
        };
        while x > start_x && y > start_y {
            (x, y) = (x - 1, y - 1);
            edits.push(Edit::Keep(number(x), number(y)));
        }
        if distance > 0 {
            edits.push(match goes_down {
                true => Edit::Insert(number(start_x), number(start_y)),
                false => Edit::Remove(number(start_x), number(start_y)),
            });
        }
        (x, y) = (start_x, start_y);
    }
    edits.reverse();
    edits
}

/// Equal lines get equal numbers, which are compared in no time.
fn numbered<'t>(old: &[&'t str], new: &[&'t str]) -> (Vec<usize>, Vec<usize>) {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut number = |line: &&'t str| {
        let next = numbers.len();
        *numbers.entry(line).or_insert(next)
    };
    let old = old.iter().map(&mut number).collect();
    (old, new.iter().map(&mut number).collect())
}

/// Ranges of edits that are shown together.
fn hunks(edits: &[Edit]) -> Vec<std::ops::Range<usize>> {
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        if matches!(edit, Edit::Keep(..)) {
            continue;
        }
        let start = index.saturating_sub(CONTEXT);
        let end = (index + 1 + CONTEXT).min(edits.len());
        match hunks.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => hunks.push(start..end),
        }
    }
    hunks
}

fn write_hunk(out: &mut String, edits: &[Edit], old: &[&str], new: &[&str]) {
    let (from, to) = edits.first().map_or((0, 0), |edit| edit.position());
    let removed = |edit: &&Edit| !matches!(edit, Edit::Insert(..));
    let inserted = |edit: &&Edit| !matches!(edit, Edit::Remove(..));
    let place = |start: usize, count: usize| match count {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{count}", start + 1),
    };
    let old_place = place(from, edits.iter().filter(removed).count());
    let new_place = place(to, edits.iter().filter(inserted).count());
    let _ = writeln!(out, "@@ -{old_place} +{new_place} @@");
    for edit in edits {
        let (mark, line) = match edit {
            Edit::Keep(at, _) => (' ', old[*at]),
            Edit::Remove(at, _) => ('-', old[*at]),
            Edit::Insert(_, at) => ('+', new[*at]),
        };
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn differences_look_as_those_of_diff() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
        let new = "1\n2\n3\nvier\n5\n6\n7\n8\n9\n10\n11\n12\n13";
        let expected = "--- a\n+++ a\n\
            @@ -1,7 +1,7 @@\n 1\n 2\n 3\n-4\n+vier\n 5\n 6\n 7\n\
            @@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n\\ No newline at end of file\n";
        assert_eq!(unified("a", old, new), expected);
        assert_eq!(unified("a", old, old), "");
        assert_eq!(unified("a", "", "x\n"), "--- a\n+++ a\n@@ -0,0 +1 @@\n+x\n");
        assert_eq!(unified("a", "x\n", ""), "--- a\n+++ a\n@@ -1 +0,0 @@\n-x\n");
    }

    #[test]
    fn texts_with_nothing_in_common_are_replaced() {
        let old: String = (0..3_000).map(|n| format!("a{n}\n")).collect();
        let new: String = (0..3_000).map(|n| format!("b{n}\n")).collect();
        let shown = unified("a", &old, &new);
        assert_eq!(shown.lines().count(), 6_003);
        assert!(shown.contains("@@ -1,3000 +1,3000 @@\n-a0\n"), "{shown}");
    }

    proptest! {
        #[test]
        fn the_edits_make_the_new_text_of_the_old(old in text(), new in text()) {
            let (old, new) = (lines(&old), lines(&new));
            let edits = edits(&old, &new);
            let (mut from, mut to) = (Vec::new(), Vec::new());
            for edit in &edits {
                match edit {
                    Edit::Keep(a, b) => {
                        prop_assert_eq!(old[*a], new[*b]);
                        from.push(*a);
                        to.push(*b);
                    }
                    Edit::Remove(a, _) => from.push(*a),
                    Edit::Insert(_, b) => to.push(*b),
                }
            }
            prop_assert_eq!(from, (0..old.len()).collect::<Vec<_>>());
            prop_assert_eq!(to, (0..new.len()).collect::<Vec<_>>());
        }
    }

    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(0..5_u8, 0..30)
            .prop_map(|lines| lines.iter().map(|line| format!("{line}\n")).collect())
    }
}
