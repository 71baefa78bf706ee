//! Names from other languages, and what this one writes.

use crate::typed::TyKind;

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

/// What to write in place of a field or method that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// The method of this name takes the same arguments.
    Named(&'static str),
    /// In words.
    Written(&'static str),
}

use Member::{Named, Written};

/// What to write in place of `value.name` for a value of this type.
pub(super) fn member(of: &TyKind, is_result: bool, name: &str) -> Option<Member> {
    let own = match of {
        TyKind::List(_) => of_list(name),
        TyKind::Map(..) => of_map(name),
        TyKind::Set(_) => of_set(name),
        TyKind::Str => of_text(name),
        TyKind::Int | TyKind::Float => of_number(name),
        TyKind::Option(_) => of_option(name),
        TyKind::Adt(..) if is_result => of_option(name),
        _ => None,
    };
    let is_collection = matches!(of, TyKind::List(_) | TyKind::Map(..) | TyKind::Set(_));
    let has_length = is_collection || matches!(of, TyKind::Str | TyKind::Bytes);
    own.or_else(|| match name {
        "length" | "size" | "count" if has_length => Some(Named("len")),
        "to_string" | "toString" | "to_str" | "str" | "string" => {
            Some(Written("a text of any value is `\"{value}\"`"))
        }
        "clone" | "deepcopy" if is_collection => Some(Named("copy")),
        "clone" | "copy" if matches!(of, TyKind::Adt(..)) => Some(Written(
            "`P(..p)` makes a new struct with the fields of `p`",
        )),
        "clone" | "copy" => Some(Written("a value that cannot change needs no copy")),
        "iter" | "into_iter" | "iterator" if is_collection => Some(Written(
            "it needs no iterator: `for x in xs { .. }` goes over it, `xs.map(..)` makes a list",
        )),
        "forEach" | "for_each" if is_collection => Some(Named("each")),
        "isEmpty" | "empty" if is_collection || *of == TyKind::Str => Some(Named("is_empty")),
        _ => None,
    })
}

fn of_list(name: &str) -> Option<Member> {
    Some(match name {
        "add" | "push_back" | "append_one" => Named("push"),
        "extend" | "push_all" | "addAll" | "extend_from_slice" => Named("append"),
        "includes" | "include" | "has" => Named("contains"),
        "index" | "indexOf" => Named("index_of"),
        "findIndex" | "find_index" => Named("position"),
        "every" => Named("all"),
        "some" => Named("any"),
        "select" => Named("filter"),
        "head" => Named("first"),
        "max_by" => Named("max_by_key"),
        "min_by" => Named("min_by_key"),
        "shift" | "pop_front" | "popleft" => Written("`xs.remove(0)` takes the first element out"),
        "unshift" | "push_front" | "prepend" | "appendleft" => {
            Written("`xs.insert(0, x)` puts an element first")
        }
        "tail" => Written("`xs.skip(1)` is all but the first element"),
        "delete" | "erase" | "removeAt" | "remove_at" | "splice" => {
            Written("`xs.remove(index)` takes one element out")
        }
        "collect" | "to_list" | "toList" | "to_vec" => Written("it is a list already"),
        _ => return None,
    })
}

fn of_map(name: &str) -> Option<Member> {
    Some(match name {
        "has_key" | "contains" | "contains_key" | "containsKey" | "includes" => Named("has"),
        "pop" | "delete" | "erase" => Named("remove"),
        "set" | "put" | "add" => Written("`map[key] = value` sets a key"),
        "items" | "iter" => {
            Written("`for (key, value) in map { .. }` goes over it, `map.entries()` is a list")
        }
        "setdefault" | "entry" => {
            Written("`map.update(key, start, f)` changes a value that may not be there yet")
        }
        "getOrDefault" | "get_or_default" => Named("get_or"),
        "extend" | "putAll" => Named("append"),
        "map" => Written("`map.map_values(f)` is a map, `map.entries().map(f)` a list"),
        _ => return None,
    })
}

fn of_set(name: &str) -> Option<Member> {
    Some(match name {
        "contains" | "includes" => Named("has"),
        "insert" | "push" => Named("add"),
        "discard" | "delete" | "erase" => Named("remove"),
        "extend" => Named("append"),
        "intersect" => Named("intersection"),
        _ => return None,
    })
}

fn of_text(name: &str) -> Option<Member> {
    Some(match name {
        "strip" => Named("trim"),
        "lstrip" | "trimStart" => Named("trim_start"),
        "rstrip" | "trimEnd" => Named("trim_end"),
        "to_upper" | "toUpperCase" | "to_uppercase" | "upcase" | "uppercase" => Named("upper"),
        "to_lower" | "toLowerCase" | "to_lowercase" | "downcase" | "lowercase" => Named("lower"),
        "index" | "indexOf" | "index_of" => Named("find"),
        "includes" | "include" | "has" => Named("contains"),
        "substring" | "substr" => Named("slice"),
        "splitlines" | "split_lines" => Named("lines"),
        "charAt" | "char_at" | "at" => Named("get"),
        "charCodeAt" | "ord" => Named("code"),
        "to_int" | "toInt" | "parseInt" => Named("int"),
        "to_float" | "toFloat" | "parseFloat" => Named("float"),
        "parse" => Written("`text.int()` and `text.float()` read a number, if it is one"),
        "join" => Written("the list joins its texts: `parts.join(\", \")`"),
        "format" | "concat" => Written("a text of values is `\"{a} and {b}\"`"),
        "push" | "push_str" | "append" => {
            Written("a text does not change: `text + more` is a new one")
        }
        "reverse" | "reversed" => Written("write `text.chars().reversed().join(\"\")`"),
        _ => return None,
    })
}

fn of_number(name: &str) -> Option<Member> {
    Some(match name {
        "to_int" | "toInt" => Named("int"),
        "to_float" | "toFloat" => Named("float"),
        "toFixed" => Written("a text with two digits after the point is `\"{x:.2}\"`"),
        "times" => Written("`for i in 0..n { .. }` counts"),
        _ => return None,
    })
}

fn of_option(name: &str) -> Option<Member> {
    Some(match name {
        "unwrap" | "expect" | "get" | "value" => Written(
            "`x!` is the value inside, and a trap without one; `x ?? other` gives a default",
        ),
        "unwrap_or_default" => Named("unwrap_or"),
        "unwrap_err" | "error" => Named("err"),
        "is_error" => Named("is_err"),
        _ => return None,
    })
}

/// What an argument of this method of the library is, for those who take it for another.
pub(super) fn argument(method: &str) -> Option<&'static str> {
    Some(match method {
        "append" => "`xs.push(x)` adds one element",
        "remove" => {
            "a list removes by index; of a value it is `xs.index_of(value)`, which may have none"
        }
        _ => return None,
    })
}

/// What else was meant by a call of a method of the library with more arguments than it takes.
pub(super) fn more_arguments(method: &str) -> Option<&'static str> {
    Some(match method {
        "get" => "`map.get_or(key, default)` has a default, as has `map.get(key) ?? default`",
        "print" => "one text of several values is `\"{a} {b}\"`",
        _ => return None,
    })
}

/// What else was meant by a call of a function of the library without all of its arguments.
pub(super) fn fewer_arguments(function: &str) -> Option<&'static str> {
    Some(match function {
        "print" => "an empty line is `print(\"\")`",
        "Ok" => "where there is nothing to say it is `Ok(())`",
        "split" => "`text.words()` splits at white space",
        "count" => "`xs.len()` is the number of all elements",
        _ => return None,
    })
}

/// The functions for tags, which have no methods for that: whether one of this name takes the tag.
pub(super) fn of_tag(name: &str) -> Option<&'static str> {
    Some(match name {
        "read" | "get" | "value" => "read",
        "write" | "set" | "put" => "write",
        "create" => "create",
        "delete" | "remove" => "delete",
        "has" | "exists" | "is_there" => "has",
        "block" | "wait" | "await" => "block",
        "version" => "version",
        _ => return None,
    })
}

/// What a module of another language is for, and what is written here.
pub(super) fn module(first: &str) -> Option<&'static str> {
    Some(match first {
        "std" | "core" | "prelude" | "builtins" | "fmt" | "typing" | "collections" | "string" => {
            "texts, lists, maps, sets and `print` are there without an import"
        }
        "io" | "os" | "sys" | "fs" | "process" | "socket" | "http" | "requests" => {
            "a program sees its node through tags: `read(tag)`, `write(tag, value)`"
        }
        "threading" | "thread" | "asyncio" | "multiprocessing" => {
            "`spawn f(x)` makes another message that runs beside this one"
        }
        _ => return None,
    })
}
