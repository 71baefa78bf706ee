//! What is shown of what was measured.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::measure::{Measured, Row};

/// Rows of ratios, the worst of each column marked.
pub(crate) fn table(measured: &Measured) -> String {
    let mut text = String::new();
    for engine in &measured.engines {
        let _ = writeln!(text, "{:<8} {}", engine.name, engine.version);
    }
    let _ = writeln!(
        text,
        "\nprocessor time without start and end, minimum of {}; times as long as {}; * the worst",
        measured.rounds, measured.base
    );
    let _ = write!(text, "{:<12}{:>9}", "kernel", "size");
    for engine in &measured.engines {
        let _ = write!(text, "{:>12}  ", engine.name);
    }
    for row in &measured.rows {
        let _ = write!(text, "\n{:<12}{:>9}", row.name, row.size);
        for engine in 0..measured.engines.len() {
            let mark = is_worst(measured, row, engine).then_some('*');
            let cell = cell(measured, row, engine);
            let _ = write!(text, "{cell:>12} {}", mark.unwrap_or(' '));
        }
    }
    let _ = write!(text, "\n{:<21}", "geometric mean");
    for engine in 0..measured.engines.len() {
        let mean = measured
            .mean(engine)
            .map_or_else(|| "-".to_owned(), |(mean, _)| format!("{mean:.2}"));
        let _ = write!(text, "{mean:>12}  ");
    }
    let _ = write!(text, "\n{:<21}", "start and end");
    for start in &measured.starts {
        let _ = write!(text, "{:>12}  ", millis(*start));
    }
    trimmed(&text)
}

fn is_worst(measured: &Measured, row: &Row, engine: usize) -> bool {
    measured.engines[engine].name != measured.base && measured.worst(engine) == Some(row.name)
}

/// The time of the base, and of what cannot be compared with it.
fn cell(measured: &Measured, row: &Row, engine: usize) -> String {
    let is_base = measured.engines[engine].name == measured.base;
    match measured.ratio(row, engine) {
        Some(ratio) if !is_base => format!("{ratio:.2}"),
        Some(_) | None => millis(row.times[engine]),
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn trimmed(text: &str) -> String {
    let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

/// Times are in microseconds.
pub(crate) fn json(measured: &Measured) -> Json {
    let engines = measured.engines.iter().enumerate();
    let engines = engines.map(|(at, engine)| {
        let mean = measured.mean(at);
        json!({
            "name": engine.name,
            "version": engine.version,
            "start_us": micros(measured.starts[at]),
            "geometric_mean": mean.map(|(mean, _)| mean),
            "kernels_compared": mean.map_or(0, |(_, count)| count),
            "worst": measured.worst(at),
        })
    });
    let kernels = measured.rows.iter().map(|row| {
        json!({
            "name": row.name,
            "size": row.size,
            "answer": row.answer,
            "cpu_us": each(measured, |at| json!(micros(row.times[at]))),
            "ratio": each(measured, |at| json!(measured.ratio(row, at))),
        })
    });
    json!({
        "base": measured.base,
        "rounds": measured.rounds,
        "engines": engines.collect::<Vec<_>>(),
        "kernels": kernels.collect::<Vec<_>>(),
    })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// An object with a value for each engine.
fn each(measured: &Measured, value: impl Fn(usize) -> Json) -> Json {
    let engines = measured.engines.iter().enumerate();
    let entries = engines.map(|(at, engine)| (engine.name.to_owned(), value(at)));
    Json::Object(entries.collect::<Map<_, _>>())
}
