//! The file that says when connections of M-TCP move; `docs/mtcp.md` is its reference.

use std::path::Path;

use sm_core::ids::Span;
use sm_core::limits::MTCP_POLICY_RULES;
use sm_core::mtcp::policy::{Metric, Policy, Rule, Trigger};
use sm_sim::limits::FILE_BYTES;
use sm_sim::reading::{self, Field, FileErrors, Problems, Table};

use crate::exit::Failure;
use crate::output::Terminal;
use crate::{network, source};

/// Where a policy holds: the ends see different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Metric(Metric),
    Drain,
    Deadline,
    Asked,
}

const WHEN: &[(&str, When)] = &[
    ("rate", When::Metric(Metric::Rate)),
    ("round_trip", When::Metric(Metric::RoundTrip)),
    ("stall", When::Metric(Metric::Stall)),
    ("load", When::Metric(Metric::Load)),
    ("free_memory", When::Metric(Metric::FreeMemory)),
    ("drain", When::Drain),
    ("deadline", When::Deadline),
    ("asked", When::Asked),
];

/// Reads a policy; everything that is wrong with it is shown.
pub(crate) fn read(terminal: &Terminal, path: &Path, side: Side) -> Result<Policy, Failure> {
    let text = source::text("policy", path, FILE_BYTES)?;
    parse(&text, side)
        .map_err(|errors| network::complain(terminal, (&path.display().to_string(), &text), errors))
}

/// Reads a policy.
pub(crate) fn parse(text: &str, side: Side) -> Result<Policy, FileErrors> {
    reading::document(text, |problems, file| top(problems, file, side))
}

fn top(problems: &mut Problems<'_>, mut file: Table<'_>, side: Side) -> Policy {
    let mut policy = Policy::default();
    let spans = [
        ("every", &mut policy.every),
        ("smooth", &mut policy.smooth),
        ("pause", &mut policy.pause),
    ];
    for (key, place) in spans {
        let span = file.take(key).and_then(|field| field.period(problems));
        *place = span.unwrap_or(*place);
    }
    let continuous = file.take("continuous");
    policy.continuous = continuous
        .and_then(|field| field.flag(problems))
        .unwrap_or_default();
    if let Some(field) = file.need(problems, "rules") {
        let rules = field.array(problems).unwrap_or_default();
        if rules.is_empty() || rules.len() > MTCP_POLICY_RULES {
            let what = format!("1 to {MTCP_POLICY_RULES} tables such as [[rules]]");
            let found = format!("expected {what}, found {}", rules.len());
            problems.add(field.span(), &field.key, found);
        }
        for rule in rules {
            let read = rule.table(problems);
            let read = read.and_then(|table| self::rule(problems, table, side));
            policy.rules.extend(read);
        }
    }
    file.finish(problems);
    policy
}

fn rule(problems: &mut Problems<'_>, mut table: Table<'_>, side: Side) -> Option<Rule> {
    let field = table.need(problems, "when")?;
    // With an unknown reason it is not known either which other keys it has.
    let when = field.choice(problems, WHEN)?;
    fits(problems, &field, when, side);
    let rule = match when {
        When::Metric(metric) => {
            let trigger = trigger(problems, &mut table, metric);
            let hold = hold(problems, &mut table);
            trigger.map(|trigger| Rule::Metric {
                metric,
                trigger,
                hold,
            })
        }
        When::Drain => Some(Rule::Drain {
            hold: hold(problems, &mut table),
        }),
        When::Deadline => {
            let after = table.need(problems, "after");
            let after = after.and_then(|field| field.period(problems));
            after.map(|after| Rule::Deadline { after })
        }
        When::Asked => Some(Rule::Asked),
    };
    table.finish(problems);
    rule
}

/// Reports what the end that the policy is for cannot see.
fn fits(problems: &mut Problems<'_>, field: &Field<'_>, when: When, side: Side) {
    let is_of_server = matches!(when, When::Metric(metric) if metric.is_of_server());
    let help = match (side, is_of_server) {
        (Side::Client, false) | (Side::Server, true) => return,
        (Side::Client, true) => "it stands in a policy of `smc mtcp serve`",
        (Side::Server, false) => {
            "it stands in a policy of `smc mtcp proxy`; here are \"load\" \
                                  and \"free_memory\""
        }
    };
    let who = match side {
        Side::Client => "a client end does not see that",
        Side::Server => "a server does not judge that",
    };
    problems.add_with_help(field.span(), &field.key, who, Some(help.to_owned()));
}

fn hold(problems: &mut Problems<'_>, table: &mut Table<'_>) -> Span {
    let field = table.take("hold");
    let hold = field.and_then(|field| field.time(problems));
    hold.unwrap_or_default()
}

fn trigger(problems: &mut Problems<'_>, table: &mut Table<'_>, metric: Metric) -> Option<Trigger> {
    let (share, limit) = (table.take("share"), table.take("limit"));
    let back = table.take("back");
    match (share, limit) {
        (Some(field), None) if metric != Metric::Stall => {
            let below = thousandths(problems, &field)?;
            let end = back.as_ref().and_then(|back| thousandths(problems, back));
            let back = behind(problems, back.as_ref(), (end, |back| back >= below))?;
            let back = back.unwrap_or(below);
            Some(Trigger::Ratio { below, back })
        }
        (None, Some(field)) => {
            let limit = value(problems, &field, metric)?;
            let end = back.as_ref().and_then(|back| value(problems, back, metric));
            let up = metric.grows_better();
            let better = |back| if up { back >= limit } else { back <= limit };
            let back = behind(problems, back.as_ref(), (end, better))?;
            let back = back.unwrap_or(limit);
            Some(Trigger::Threshold { limit, back })
        }
        (Some(field), None) => {
            let message = "the best that a stall can be is none, of which there is no share";
            let help = Some("write `limit` and a time".to_owned());
            problems.add_with_help(field.key_span.clone(), &field.key, message, help);
            None
        }
        (Some(field), Some(_)) => {
            let message = "either a share of the best, or a limit";
            problems.add(field.key_span.clone(), &field.key, message);
            None
        }
        (None, None) => {
            let message = "it needs `share`, of the best that was seen, or `limit`";
            problems.add(table.span(), "rules", message);
            None
        }
    }
}

/// Where it is good again: that has to be better. None if it is not.
fn behind<T: Copy>(
    problems: &mut Problems<'_>,
    field: Option<&Field<'_>>,
    (value, better): (Option<T>, impl Fn(T) -> bool),
) -> Option<Option<T>> {
    match (field, value) {
        (Some(field), Some(value)) if !better(value) => {
            field.expected(problems, "where it is good again, which is no worse");
            None
        }
        (Some(_), None) => None,
        _ => Some(value),
    }
}

fn thousandths(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<u32> {
    let share = (field.share(problems)? * 1_000.0).round() as u32;
    if share == 0 {
        field.expected(problems, "a share from 0.001 to 1");
        return None;
    }
    Some(share)
}

fn value(problems: &mut Problems<'_>, field: &Field<'_>, metric: Metric) -> Option<u64> {
    match metric {
        Metric::Rate => field.rate(problems),
        Metric::RoundTrip | Metric::Stall => field.period(problems).map(|span| span.0),
        Metric::FreeMemory => field.size(problems),
        Metric::Load => {
            let load = field
                .number()
                .filter(|load| (0.001..=1_000.0).contains(load));
            if load.is_none() {
                field.expected(problems, "a load such as 0.9, of 1 for all processors busy");
            }
            load.map(|load| (load * 1_000.0).round() as u64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../docs/mtcp.md");

    fn good(text: &str, side: Side) -> Policy {
        parse(text, side).unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn errors(text: &str, side: Side) -> String {
        parse(text, side).expect_err("it is wrong").to_string()
    }

    #[test]
    fn the_page_shows_policies_that_can_be_read() {
        let shown = PAGE.split("```toml\n").skip(1);
        let shown = shown.filter_map(|rest| rest.split("```").next());
        let read: Vec<Policy> = shown
            .zip([Side::Client, Side::Server])
            .map(|(text, side)| good(text, side))
            .collect();
        assert_eq!(read.len(), 2);
        let ratio = Rule::Metric {
            metric: Metric::Rate,
            trigger: Trigger::Ratio {
                below: 750,
                back: 900,
            },
            hold: Span::millis(500),
        };
        assert_eq!(read[0].rules[0], ratio);
        assert!(read[0].may_be_asked() && read[0].probes());
        let load = Rule::Metric {
            metric: Metric::Load,
            trigger: Trigger::Threshold {
                limit: 900,
                back: 700,
            },
            hold: Span::secs(10),
        };
        assert_eq!(read[1].rules[0], load);
    }

    #[test]
    fn the_page_has_every_reason() {
        for (name, _) in WHEN {
            assert!(PAGE.contains(&format!("| `{name}` |")), "{name}");
        }
    }

    #[test]
    fn what_is_not_said_is_as_by_default() {
        let read = good("[[rules]]\nwhen = \"asked\"\n", Side::Client);
        let expected = Policy {
            rules: vec![Rule::Asked],
            ..Policy::default()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn mistakes_are_told_with_line_key_and_help() {
        let said = errors(
            "evry = \"1s\"\npause = \"soon\"\n\
             [[rules]]\nwhen = \"rat\"\n\
             [[rules]]\nwhen = \"rate\"\n\
             [[rules]]\nwhen = \"round_trip\"\nlimit = \"50ms\"\nback = \"60ms\"\nhodl = \"1s\"\n\
             [[rules]]\nwhen = \"stall\"\nshare = 0.5\n\
             [[rules]]\nwhen = \"load\"\nlimit = \"much\"\n\
             [[rules]]\nwhen = \"rate\"\nshare = 1.5\nlimit = \"1MB/s\"\n\
             [[rules]]\nwhen = \"deadline\"\n",
            Side::Client,
        );
        for part in [
            "line 1: `evry`: unknown key; did you mean `every`?",
            "line 2: `pause`: expected a time above zero such as \"4s\", found \"soon\"",
            "did you mean `rate`?",
            "it needs `share`, of the best that was seen, or `limit`",
            "line 10: `rules[2].back`: expected where it is good again",
            "line 11: `rules[2].hodl`: unknown key; did you mean `hold`?",
            "line 14: `rules[3].share`: the best that a stall can be is none",
            "line 16: `rules[4].when`: a client end does not see that; it stands in a policy of \
             `smc mtcp serve`",
            "expected a load such as 0.9",
            "either a share of the best, or a limit",
            "line 22: `rules[6]`: `after` is missing",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        let said = errors("[[rules]]\nwhen = \"asked\"\n", Side::Server);
        assert!(said.contains("a server does not judge that"), "{said}");
        let said = errors("rules = []\n", Side::Client);
        assert!(said.contains("expected 1 to 32 tables"), "{said}");
        assert!(errors("", Side::Client).contains("`rules`"));
    }
}
