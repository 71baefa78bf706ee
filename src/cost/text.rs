//! The report for people.

use std::fmt::Write as _;

use sm_compiler::cost::{Bytes, Frame, Growth, Point, Variable};

use super::{Code, Report, chain};
use crate::output::{Style, Terminal};
use crate::{table, text};

/// All places, and the code.
pub(crate) fn text(terminal: &Terminal, report: &Report<'_>) -> String {
    let mut out = String::new();
    for point in &report.points {
        place(&mut out, terminal, report, point);
    }
    if report.points.is_empty() {
        out += "no message of this program moves or sleeps\n\n";
    }
    if let Some(line) = largest(report) {
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "{}", code(&report.code));
    out
}

fn place(out: &mut String, terminal: &Terminal, report: &Report<'_>, point: &Point) {
    let head = match report.place(&point.frame) {
        Some((file, position)) => format!("{file}:{}:{}:", position.line, position.column),
        None => point.frame.function.name.clone(),
    };
    let head = terminal.paint(Style::Name, head);
    let snippet = report.snippet(&point.frame).unwrap_or_default();
    let _ = writeln!(out, "{head} {snippet}");
    let rows = point.frame.variables.iter();
    let rows: Vec<Vec<String>> = rows.map(|one| row(report, &point.frame, one)).collect();
    for line in table::lines(&rows) {
        let _ = writeln!(out, "    {line}");
    }
    if rows.is_empty() {
        let _ = writeln!(out, "    no variable is needed afterwards");
    }
    let primitives: Vec<String> = point.primitives.iter().map(ToString::to_string).collect();
    let _ = writeln!(out, "  comes to     {}", primitives.join(", "));
    let _ = writeln!(out, "  frames       {}", chain(&point.chain));
    let _ = writeln!(out, "  whole state  {}\n", state(point));
}

fn row(report: &Report<'_>, frame: &Frame, variable: &Variable) -> Vec<String> {
    let name = match variable.names.as_slice() {
        [] => "(unnamed)".to_owned(),
        names => names.join(" or "),
    };
    let ty = report.types.of(frame, variable);
    vec![name, ty, bytes(&variable.size)]
}

fn state(point: &Point) -> String {
    if point.recursive.is_empty() {
        return bytes(&point.state);
    }
    let names: Vec<&str> = point.recursive.iter().map(|name| &*name.name).collect();
    let min = text::size(to_usize(point.state.min));
    let names = names.join(", ");
    format!("at least {min}, without bound: {names} may call itself")
}

/// `8 bytes`, `3 to 7 bytes, and 8 for each element`
pub(crate) fn bytes(size: &Bytes) -> String {
    let mut said = match (size.min, size.max) {
        (min, max) if min == max => text::size(to_usize(min)),
        (min, max) if max < 1024 => format!("{min} to {max} bytes"),
        (min, u64::MAX) => format!("at least {}", text::size(to_usize(min))),
        (min, max) => format!("{min} bytes to {}", text::size(to_usize(max))),
    };
    match size.growth {
        Growth::None => {}
        Growth::Inside => said += ", and what its lists, maps and texts hold",
        Growth::Each {
            min,
            max,
            what,
            more,
        } => {
            let each = match min == max {
                true => min.to_string(),
                false => format!("{min} to {max}"),
            };
            let _ = write!(said, ", and {each} for each {what}");
            if more {
                said += " with what that holds";
            }
        }
    }
    said
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The code is the same wherever the message goes.
fn code(code: &Code) -> String {
    let own = code.bricks - code.library_bricks;
    format!(
        "code for a node that has none of it: {} of {}, and {} of manifests\n  {own} ({}) are the \
         program's own, {} ({}) the library's, which other programs bring too",
        text::count(code.bricks, "brick"),
        text::size(code.bytes),
        text::size(code.manifest_bytes),
        text::size(code.bytes - code.library_bytes),
        code.library_bricks,
        text::size(code.library_bytes),
    )
}

fn largest(report: &Report<'_>) -> Option<String> {
    let mut points = report.points.iter();
    if points.clone().any(|point| !point.recursive.is_empty()) {
        return None;
    }
    let size = points.clone().map(|point| point.state.max).max()?;
    let grows = points.any(|point| point.state.growth != Growth::None);
    let with = match (grows, report.assume.elements) {
        (false, _) => String::new(),
        (true, 0) => " with empty lists, maps and texts".to_owned(),
        (true, elements) => {
            let elements = text::count(to_usize(elements), "element");
            format!(" with {elements} in each list, map and text")
        }
    };
    let size = text::size(to_usize(size));
    Some(format!("largest state{with}: {size}"))
}
