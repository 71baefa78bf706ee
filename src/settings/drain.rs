//! The file that says how a server is emptied; `docs/mtcp.md` is its reference.

use std::path::Path;

use sm_core::ids::Span;
use sm_net::control::protocol::Order;
use sm_sim::limits::FILE_BYTES;
use sm_sim::reading::{self, FileErrors, Problems, Table};

use crate::exit::Failure;
use crate::output::Terminal;
use crate::{network, source};

/// How a server is emptied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drain {
    /// How long after one the next begins to move.
    pub(crate) pause: Span,
    /// How many are under way at a time, at most.
    pub(crate) at_once: Option<u32>,
    /// Which goes first.
    pub(crate) order: Order,
    /// When those that are left stay.
    pub(crate) deadline: Option<Span>,
}

const ORDERS: &[(&str, Order)] = &[
    ("listed", Order::Listed),
    ("smallest", Order::Smallest),
    ("largest", Order::Largest),
];

/// Reads how; everything that is wrong with it is shown.
pub(crate) fn read(terminal: &Terminal, path: &Path) -> Result<Drain, Failure> {
    let text = source::text("policy", path, FILE_BYTES)?;
    parse(&text)
        .map_err(|errors| network::complain(terminal, (&path.display().to_string(), &text), errors))
}

fn parse(text: &str) -> Result<Drain, FileErrors> {
    reading::document(text, top)
}

fn top(problems: &mut Problems<'_>, mut file: Table<'_>) -> Drain {
    let mut drain = Drain::default();
    if let Some(field) = file.take("pause") {
        drain.pause = field.time(problems).unwrap_or_default();
    }
    if let Some(field) = file.take("at_once") {
        let most = field.whole(problems, 1..u64::from(u32::MAX));
        drain.at_once = most.and_then(|most| u32::try_from(most).ok());
    }
    if let Some(field) = file.take("order") {
        drain.order = field.choice(problems, ORDERS).unwrap_or_default();
    }
    if let Some(field) = file.take("deadline") {
        drain.deadline = field.period(problems);
    }
    file.finish(problems);
    drain
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../docs/mtcp.md");

    #[test]
    fn the_page_shows_one_that_can_be_read() {
        let (_, shown) = PAGE.split_once("## Operators").expect("the part is there");
        let (_, shown) = shown.split_once("```toml\n").expect("a file is there");
        let (shown, _) = shown.split_once("```").expect("it ends");
        let expected = Drain {
            pause: Span::millis(50),
            at_once: Some(8),
            order: Order::Smallest,
            deadline: Some(Span::secs(600)),
        };
        assert_eq!(
            parse(shown).map_err(|errors| errors.to_string()),
            Ok(expected)
        );
    }

    #[test]
    fn mistakes_are_told_with_line_key_and_help() {
        let text = "pause = 3\nat_once = 0\norder = \"smalest\"\ndeadlin = \"1s\"\n";
        let said = parse(text).expect_err("it is wrong").to_string();
        for part in [
            "line 1: `pause`: expected",
            "line 2: `at_once`: expected",
            "did you mean `smallest`?",
            "did you mean `deadline`?",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        assert_eq!(
            parse("").map_err(|errors| errors.to_string()),
            Ok(Drain::default())
        );
    }
}
