//! Names from other languages, and what this one writes.

/// What to write in place of a name that is not declared, for those who bring it along.
pub(super) fn in_place_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "True" | "TRUE" => "write `true`",
        "False" | "FALSE" => "write `false`",
        "null" | "nil" | "NULL" | "nullptr" | "undefined" => {
            "what may be absent has a type `T?`, and is `None` or `Some(value)`"
        }
        "len" | "length" | "size" => "write `xs.len()`",
        "range" => "write `0..n`; `0..=n` goes on to `n`",
        "str" | "repr" | "format" | "String" | "sprintf" => "a text of any value is `\"{value}\"`",
        "int" => "`text.int()` reads a number, if it is one; `x.int()` cuts a Float",
        "float" => "`text.float()` reads a number, if it is one; `n.float()` is of an Int",
        "sorted" => "write `xs.sorted()`, or `xs.sort()` to change the list itself",
        "max" => "write `a.max(b)`, or `xs.max()` of a list, which may have none",
        "min" => "write `a.min(b)`, or `xs.min()` of a list, which may have none",
        "sum" => "write `xs.sum()`",
        "abs" => "write `x.abs()`",
        "round" => "write `x.round()`",
        "enumerate" => "write `xs.enumerate()`",
        "zip" => "write `xs.zip(ys)`",
        "map" => "write `xs.map(fn(x) { .. })`",
        "filter" => "write `xs.filter(fn(x) { .. })`",
        "list" | "array" | "vec" => "a list is `[1, 2]`, an empty one `[]`",
        "dict" => "a map is `[\"a\": 1]`, an empty one `[:]`",
        "set" => "a set is `#{1, 2}`, an empty one `#{}`",
        "pass" => "a block with nothing in it is `{}`",
        "del" => "write `map.remove(key)`, or `xs.remove(index)`",
        "println" | "printf" | "echo" | "puts" | "console" => "write `print(\"{value}\")`",
        "input" | "open" | "stdin" => "what a program reads and writes are tags: `read(tag)`",
        _ => return None,
    })
}
