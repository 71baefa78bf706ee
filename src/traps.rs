//! What each trap means, and what to do about it.

use sm_bytecode::TrapKind;

/// The page of `smc explain` about a trap.
pub(crate) fn page(kind: TrapKind) -> &'static str {
    let mut pages = PAGES.iter();
    let page = pages.find(|(known, _)| *known == kind);
    page.map_or("", |(_, page)| page)
}

/// In the order of their codes.
const PAGES: &[(TrapKind, &str)] = &[
    (
        TrapKind::IntOverflow,
        "\
An Int has 64 bits, from -9223372036854775808 to 9223372036854775807, and a result beyond them is
no number. Where it is meant to wrap around, `+%`, `-%` and `*%` do. A Float holds larger ones.",
    ),
    (
        TrapKind::DivideByZero,
        "\
`/` and `%` of integers by 0 have no result. Ask before: `if n == 0 { .. }`. A division of Floats
by 0.0 is `inf` or NaN and no trap.",
    ),
    (
        TrapKind::ShiftRange,
        "`<<`, `>>` and `>>>` shift by 0 to 63.",
    ),
    (
        TrapKind::FloatToInt,
        "\
`x.int()` of NaN, or of a number beyond the 64 bits of an Int. `x.is_nan()` and `x.is_finite()` ask
before, and `x.clamp(low, high)` keeps a number in bounds.",
    ),
    (
        TrapKind::IndexOutOfRange,
        "\
A list of `n` elements has the indices 0 to n - 1; the last one is `xs.len() - 1`, and a negative
index is out of range. `xs.slice(from, to)` wants 0 <= from <= to <= n.

    xs.get(i)       // an option: None where there is no such element
    xs.last()       // the last one, an option
    xs.take(3)      // up to three from the beginning

Numbers that become bytes or characters are out of range where there is none such.",
    ),
    (
        TrapKind::EmptyList,
        "An element was taken out of a list that has none.",
    ),
    (
        TrapKind::MissingKey,
        "\
`map[key]` wants the key to be there.

    map.get(key)             // an option
    map.get_or(key, 0)       // with a default
    map.update(key, 0, f)    // changes a value, also one that is not there yet
    if map.has(key) { .. }",
    ),
    (
        TrapKind::UnwrapNone,
        "\
`x!` says that a value is there, and it was not. Often the value is that of a tag, which the node
does not have, or which may not be read: `read(tag)` is None then.

    x ?? other                          // a default
    let Some(value) = x else { return }
    if let Some(value) = x { .. }
    x?                                  // in a function that answers an option",
    ),
    (
        TrapKind::UnwrapErr,
        "\
`x!` says that something went well, and it did not: the message shows the error. `x?` returns it to
the caller, and `match x { Ok(value) => .., Err(error) => .. }` looks at it. What the network can do
to a program is such an error, and nothing unusual.",
    ),
    (
        TrapKind::AssertFailed,
        "\
The condition of an `assert` was false. The message shows the values that were compared. An
`assert` states what the program relies on; what may happen in a network is asked with `if`.",
    ),
    (
        TrapKind::Panic,
        "The program called `panic(..)`, or the library did, with this message.",
    ),
    (
        TrapKind::ChangedWhileIterating,
        "\
In the body of a `for` the collection that it goes over got or lost elements. Loop over a copy, or
collect first what is to change:

    for x in xs.copy() { .. xs.remove(0) .. }
    xs.retain(fn(x) { x > 0 })

To set an element, or the value of a key that is there, is no such change.",
    ),
    (
        TrapKind::VariantMismatch,
        "\
A variant was taken apart as another one. The compiler does not make such code: this is a fault of
the compiler, or the code does not come from it.",
    ),
    (
        TrapKind::BadText,
        "Bytes or numbers were made into a text that are none. `bytes.str()` is an option.",
    ),
    (
        TrapKind::TurnTooLong,
        "\
A message computes in turns, each within a budget of fuel, so that no message holds up a node. This
turn was over it: most often in a loop that never ends. `yield()` gives the turn away and goes on in
the next one; `block(..)` and a hop end a turn as well.",
    ),
    (
        TrapKind::TooManyChildren,
        "\
Who launches a program bounds how many messages it may spawn, and each of them in turn. A loop
spawned more, or messages that spawned each other.",
    ),
    (
        TrapKind::Unreachable,
        "\
The compiler holds this place to be unreachable. That it was reached is a fault of the compiler.",
    ),
    (
        TrapKind::NotData,
        "\
A value was copied, compared or shown that refers to itself, or that is too large for it. What
leaves a message is copied: the value of a tag, the arguments of `spawn`, the result of `main`.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trap_has_a_page() {
        let kinds: Vec<TrapKind> = PAGES.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, TrapKind::ALL);
        assert!(PAGES.iter().all(|(_, page)| !page.is_empty()));
    }
}
