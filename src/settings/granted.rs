//! What a node grants to messages and authors.

use std::ops::Range;

use sm_core::limits::LIFETIME_LONGEST;
use sm_core::node::NodeLimits;
use sm_sim::reading::{Problems, Table};

/// At least one, and as many as one likes.
const SOME: Range<u64> = 1..u64::MAX;

/// Reads `[limits]`; what is not said is as it is by default.
pub(super) fn limits(problems: &mut Problems<'_>, mut table: Table<'_>) -> NodeLimits {
    let mut limits = NodeLimits::default();
    let counts = [
        ("messages", &mut limits.messages),
        ("messages_per_launch", &mut limits.messages_per_launch),
        ("tags", &mut limits.tags.node.tags),
        ("tag_bytes", &mut limits.tags.node.bytes),
        ("tags_per_author", &mut limits.tags.author.tags),
        ("tag_bytes_per_author", &mut limits.tags.author.bytes),
    ];
    for (key, place) in counts {
        if let Some(count) = number(problems, &mut table, key, SOME) {
            *place = usize::try_from(count).unwrap_or(usize::MAX);
        }
    }
    let amounts = [
        ("bytes", &mut limits.bytes),
        ("heap_bytes", &mut limits.heap_bytes),
        ("fuel_per_turn", &mut limits.fuel_per_turn),
    ];
    for (key, place) in amounts {
        *place = number(problems, &mut table, key, SOME).unwrap_or(*place);
    }
    let frames = number(problems, &mut table, "frames", 1..u64::from(u32::MAX) + 1);
    limits.frames = frames
        .and_then(|frames| u32::try_from(frames).ok())
        .unwrap_or(limits.frames);
    if let Some(field) = table.take("lifetime") {
        match field.period(problems) {
            Some(span) if span <= LIFETIME_LONGEST => limits.lifetime = span,
            Some(_) => field.expected(problems, "a time of 366 days at most"),
            None => {}
        }
    }
    table.finish(problems);
    limits
}

fn number(
    problems: &mut Problems<'_>,
    table: &mut Table<'_>,
    key: &'static str,
    bounds: Range<u64>,
) -> Option<u64> {
    table.take(key)?.whole(problems, bounds)
}
