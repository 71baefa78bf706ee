//! The report for tools.

use serde_json::{Value as Json, json as object};
use sm_compiler::cost::{Bytes, Frame, Growth, Point, Variable};

use super::Report;

/// The report as one object.
pub(crate) fn json(report: &Report<'_>) -> Json {
    let code = &report.code;
    let points = report.points.iter().map(|one| point(report, one));
    object!({
        "elements": report.assume.elements,
        "points": points.collect::<Vec<_>>(),
        "code": {
            "bricks": code.bricks,
            "bytes": code.bytes,
            "library_bricks": code.library_bricks,
            "library_bytes": code.library_bytes,
            "manifest_bytes": code.manifest_bytes,
        },
    })
}

fn point(report: &Report<'_>, point: &Point) -> Json {
    let primitives: Vec<String> = point.primitives.iter().map(ToString::to_string).collect();
    let chain = point.chain.iter().map(|one| frame(report, one));
    let recursive = point.recursive.iter().map(|name| &name.name);
    object!({
        "frame": frame(report, &point.frame),
        "primitives": primitives,
        "chain": chain.collect::<Vec<_>>(),
        "at": point.at,
        "state": size(&point.state),
        "recursive": recursive.collect::<Vec<_>>(),
    })
}

fn frame(report: &Report<'_>, frame: &Frame) -> Json {
    let variables = frame.variables.iter();
    let variables = variables.map(|one| variable(report, frame, one));
    let mut out = object!({
        "module": frame.function.module,
        "function": frame.function.name,
        "variables": variables.collect::<Vec<_>>(),
        "size": size(&frame.size),
    });
    if let Some((file, position)) = report.place(frame) {
        out["file"] = object!(file);
        out["line"] = object!(position.line);
        out["column"] = object!(position.column);
        out["start"] = object!(position.start);
        out["end"] = object!(position.end);
    }
    out
}

fn variable(report: &Report<'_>, frame: &Frame, variable: &Variable) -> Json {
    object!({
        "names": variable.names,
        "type": report.types.of(frame, variable),
        "size": size(&variable.size),
    })
}

fn size(size: &Bytes) -> Json {
    let growth = match size.growth {
        Growth::None => Json::Null,
        Growth::Inside => object!({ "per": "inside" }),
        Growth::Each {
            min,
            max,
            what,
            more,
        } => object!({ "per": what, "min": min, "max": max, "grows": more }),
    };
    object!({ "min": size.min, "max": size.max, "growth": growth })
}
