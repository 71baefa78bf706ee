//! Programs that were well typed until somebody typed wrongly.

use super::dice::Dice;
use super::maker::{self, Made};

/// What gets in between.
const WORDS: [&str; 24] = [
    "(", ")", "{", "}", "[", "]", ",", ":", ".", "=", "?", "!", "..", "=>", "->", "fn", "let",
    "match", "if", "return", "None", "1.5", "\"a\"", "\n",
];

/// A program with one to four mistakes.
pub(crate) fn program(seed: u64) -> Made {
    let mut dice = Dice::new(!seed);
    let made = maker::program(seed);
    let mut tokens = tokens(&made.text);
    for _ in 0..1 + dice.below(4) {
        let at = dice.below(tokens.len());
        let other = dice.below(tokens.len());
        match dice.below(5) {
            0 => {
                tokens.remove(at);
            }
            1 => tokens.insert(at, *dice.pick(&WORDS)),
            2 => tokens.swap(at, other),
            3 => tokens[at] = tokens[other],
            _ => tokens[at] = *dice.pick(&WORDS),
        }
    }
    let text = tokens.concat();
    Made { text, ..made }
}

/// Words, spaces, and single characters of everything else.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        _ if c.is_alphanumeric() || c == '_' => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        let follows = text[next..].chars().next();
        if kind(c) == 2 || follows.is_none_or(|follows| kind(follows) != kind(c)) {
            tokens.push(&text[start..next]);
            start = next;
        }
    }
    tokens
}
