//! The two sides of a failed `assert`, and what differs between them.

use std::fmt::Write as _;

/// What stood on both sides, as the language writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) left: String,
    pub(crate) right: String,
}

const LEFT: &str = "\n  left: ";
const RIGHT: &str = "\n right: ";

/// Beyond it a value is shown line by line.
const WIDTH: usize = 60;

/// The most lines of a side that are compared: the time grows with the product.
const LINES: usize = 1_000;

/// Equal lines that are shown around a difference.
const AROUND: usize = 3;

impl Comparison {
    /// Takes the message of a failed `assert` apart: the first line, and the sides.
    pub(crate) fn split(message: &str) -> (&str, Option<Self>) {
        let found = message.rfind(LEFT).and_then(|at| {
            let (left, right) = message[at + LEFT.len()..].split_once(RIGHT)?;
            Some((at, left, right))
        });
        match found {
            Some((at, left, right)) => {
                let sides = Self {
                    left: left.to_owned(),
                    right: right.to_owned(),
                };
                (&message[..at], Some(sides))
            }
            None => (message, None),
        }
    }

    /// The sides under each other, or for long values the difference line by line.
    pub(crate) fn show(&self) -> String {
        let (left, right) = (lines(&self.left), lines(&self.right));
        let short = left.len() <= 1 && right.len() <= 1;
        if short || left == right || left.len().max(right.len()) > LINES {
            return format!("  left: {}\n right: {}", self.left, self.right);
        }
        let mut text = String::from("  - left, + right\n");
        let difference = difference(&left, &right);
        let mut hidden = false;
        for (at, (mark, line)) in difference.iter().enumerate() {
            let near = at.saturating_sub(AROUND)..difference.len().min(at + AROUND + 1);
            if difference[near].iter().any(|(mark, _)| *mark != ' ') {
                let _ = writeln!(text, "  {}", format!("{mark} {line}").trim_end());
                hidden = false;
            } else if !std::mem::replace(&mut hidden, true) {
                text.push_str("  ..\n");
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// A value in lines: the lines of a text that has several; the parts of a long value.
fn lines(value: &str) -> Vec<String> {
    if let Some(text) = text_of(value) {
        return text.split('\n').map(str::to_owned).collect();
    }
    if value.chars().count() <= WIDTH {
        return vec![value.to_owned()];
    }
    let mut out = vec![String::new()];
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut chars = value.chars().peekable();
    let begin = |out: &mut Vec<String>, depth: usize| out.push("  ".repeat(depth));
    while let Some(c) = chars.next() {
        let opens = !quoted && matches!(c, '[' | '(' | '{');
        let closes = !quoted && matches!(c, ']' | ')' | '}');
        let closed_at_once = opens && matches!(chars.peek(), Some(']' | ')' | '}'));
        if closes && depth > 0 {
            depth -= 1;
            begin(&mut out, depth);
        }
        if let Some(line) = out.last_mut() {
            line.push(c);
        }
        if closed_at_once {
            out.last_mut()
                .expect("it was just written to")
                .extend(chars.next());
        } else if opens {
            depth += 1;
            begin(&mut out, depth);
        } else if c == ',' && !quoted {
            begin(&mut out, depth);
            chars.next_if(|next| *next == ' ');
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    out
}

/// The text of a literal, if it has more than one line.
fn text_of(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains("\\n") {
        return None;
    }
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next()? {
                'n' => text.push('\n'),
                plain @ ('"' | '\\' | '{' | '}') => text.push(plain),
                other => {
                    text.push('\\');
                    text.push(other);
                }
            },
            // A quote that ends the text before its end: the value is no single text.
            ('"', _) => return None,
            _ => text.push(c),
        }
    }
    Some(text)
}

/// The lines of both, `-` for those on the left alone and `+` for those on the right alone: the
/// longest common subsequence stays.
fn difference<'t>(left: &'t [String], right: &'t [String]) -> Vec<(char, &'t str)> {
    let width = right.len() + 1;
    let mut longest = vec![0_u32; (left.len() + 1) * width];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            longest[i * width + j] = if left[i] == right[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            out.push((' ', &*left[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len()
            || i < left.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]
        {
            out.push(('-', &*left[i]));
            i += 1;
        } else {
            out.push(('+', &*right[j]));
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(left: &str, right: &str) -> Comparison {
        Comparison {
            left: left.to_owned(),
            right: right.to_owned(),
        }
    }

    #[test]
    fn a_message_is_taken_apart() {
        let message = "left == right does not hold\n  left: 1\n right: 2";
        let (first, found) = Comparison::split(message);
        assert_eq!(first, "left == right does not hold");
        assert_eq!(found, Some(sides("1", "2")));
        assert_eq!(Comparison::split("just words"), ("just words", None));
        // The program's own words may look like a side.
        let (first, found) = Comparison::split("a\n  left: b\n  left: 1\n right: 2");
        assert_eq!(first, "a\n  left: b");
        assert_eq!(found, Some(sides("1", "2")));
    }

    #[test]
    fn short_values_stand_under_each_other() {
        assert_eq!(sides("1", "[2]").show(), "  left: 1\n right: [2]");
    }

    #[test]
    fn a_text_of_lines_is_compared_line_by_line() {
        let shown = sides(r#""a\nb\nc \"x\"""#, r#""a\nB\nc \"x\"""#).show();
        assert_eq!(shown, "  - left, + right\n    a\n  - b\n  + B\n    c \"x\"");
    }

    #[test]
    fn a_long_value_is_compared_part_by_part() {
        let numbers = |odd: &str| {
            let all: Vec<String> = (0..30).map(|n| format!("{n}")).collect();
            format!("[{}, {odd}, \"a, b\", [], 99]", all.join(", "))
        };
        let shown = sides(&numbers("7"), &numbers("8")).show();
        let wanted = [
            "  - left, + right",
            "  ..",
            "      27,",
            "      28,",
            "      29,",
            "  -   7,",
            "  +   8,",
            "      \"a, b\",",
            "      [],",
            "      99",
            "  ..",
        ];
        assert_eq!(shown, wanted.join("\n"));
    }

    #[test]
    fn what_differs_in_nothing_that_is_shown_is_shown_whole() {
        let long = "x".repeat(100);
        let shown = sides(&long, &long).show();
        assert_eq!(shown, format!("  left: {long}\n right: {long}"));
    }
}
