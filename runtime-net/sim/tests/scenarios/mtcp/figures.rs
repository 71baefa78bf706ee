//! What a migration costs the stream: the figures of `docs/networks.md`.

use std::path::Path;

use sm_core::ids::Span;
use sm_core::mtcp::End;
use sm_sim::mtcp::{Deed, Fault, Kind, Mode, Plan, Saying, ServicePlan, When, Who, run};
use sm_sim::network::LinkModel;
use sm_sim::random::Delay;
use sm_sim::{NodeIx, Seed};

/// One way from the client to a server.
const FAR: Span = Span::millis(10);
/// When the connection moves: in the middle of a download.
const AT: Span = Span::secs(1);

/// A download that moves once.
fn download(mode: Mode, between: Span, deed: Deed) -> Plan {
    let link = |delay| LinkModel {
        delay: Delay::fixed(delay),
        idle: Span(1),
        repair: Span::secs(20),
        ..LinkModel::default()
    };
    Plan {
        access: link(FAR),
        backbone: link(between),
        mode,
        service: ServicePlan {
            kind: Kind::Stream,
            step: Delay::fixed(Span(10_000)),
            ..ServicePlan::default()
        },
        saying: Saying {
            requests: 1_000,
            most: 1_000,
            pace: Delay::fixed(Span::millis(5)),
            piece: 10,
            ..Saying::default()
        },
        faults: vec![Fault {
            when: When::Begun,
            after: AT,
            deed,
        }],
        ..Plan::default()
    }
}

/// The median of many gaps, and the longest if it is another, in round trips of the client.
fn gap(mode: Mode, between: Span, deed: Deed) -> String {
    let plan = download(mode, between, deed);
    let tenths = |span: Span| (span.0 * 10).div_ceil(2 * FAR.0);
    let mut gaps: Vec<u64> = (0..21)
        .map(|seed| {
            let outcome = run(&plan, Seed(seed)).unwrap_or_else(|wrong| panic!("{wrong}"));
            assert_eq!(outcome.end, End::Done);
            tenths(outcome.gaps.first().expect("it moved").span)
        })
        .collect();
    gaps.sort_unstable();
    let shown = |tenths: u64| format!("{}.{}", tenths / 10, tenths % 10);
    let (median, longest) = (gaps[gaps.len() / 2], gaps[gaps.len() - 1]);
    if median == longest {
        shown(median)
    } else {
        format!("{} (at most {})", shown(median), shown(longest))
    }
}

fn table() -> String {
    let mut lines = vec![
        "| | planned | its link is lost, tried elsewhere | its server crashes |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    let away = Span::secs(10);
    let modes = [
        (Mode::Lazy, "lazy"),
        (Mode::Eager, "eager, hold"),
        (Mode::Held, "client-held, carry"),
    ];
    for (mode, name) in modes {
        for (between, place) in [(Span::millis(1), "a tenth as far"), (FAR, "as far")] {
            let planned = gap(mode, between, Deed::Move(Who::Server(NodeIx(2))));
            let lost = gap(mode, between, Deed::Unplug(Who::Owner, away));
            let crash = match mode {
                Mode::Lazy => "it is lost".to_owned(),
                Mode::Eager | Mode::Held => gap(mode, between, Deed::Crash(Who::Owner, away)),
            };
            lines.push(format!(
                "| {name}, servers {place} | {planned} | {lost} | {crash} |"
            ));
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn a_page_says_what_a_migration_costs() {
    let page = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/networks.md"
    ));
    let text = std::fs::read_to_string(page).expect("there is such a page");
    let table = table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let begin = text.find("| | planned |").expect("the table is there");
        let length = text[begin..].find("\n\n").expect("it ends") + 1;
        let text = text[..begin].to_owned() + &table + &text[begin + length..];
        return std::fs::write(page, text).expect("it can be written");
    }
    assert!(
        text.contains(&table),
        "run this test with UPDATE_DOCS=1:\n{table}"
    );
}
