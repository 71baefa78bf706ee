//! What a machine can hold of the house rules: widths, sizes, module docs, direction of
//! dependencies, and that the pure parts stay pure. The rules and their reasons stand in
//! `CONTRIBUTING.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Columns of a line of code, as in `rustfmt.toml`.
const MAX_COLUMNS: usize = 100;

/// Lines of a function, signature and braces included.
const MAX_FUNCTION_LINES: usize = 70;

/// The same for a test, which may tell one story from its beginning to its end.
const MAX_TEST_LINES: usize = 130;

/// Lines of code of a file: neither blank nor comment. The aim is half of it.
const MAX_FILE_LINES: usize = 1000;

/// Functions that may be longer, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    (
        "compiler/src/diagnostic/codes.rs",
        "main",
        "no function: the text of a page",
    ),
    ("compiler/src/typed/walk.rs", "for_each_child", ONE_ARM_EACH),
    ("compiler/src/typed/visit.rs", "children_mut", ONE_ARM_EACH),
    ("runtime-net/sim/src/trace/text.rs", "fmt", ONE_ARM_EACH),
    ("vm/src/interp/exec.rs", "execute", ONE_ARM_EACH),
    ("vm/src/interp/slow.rs", "slow", ONE_ARM_EACH),
    ("vm/src/link/code.rs", "flow_op", ONE_ARM_EACH),
    ("vm/src/natives.rs", "compute", ONE_ARM_EACH),
    ("vm/src/value/encode.rs", "write", ONE_ARM_EACH),
];

/// Why most of them are long.
const ONE_ARM_EACH: &str = "one match with a short arm for each variant";

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[(
    "stdlib/sm/prelude.sm",
    "a list of small methods, each apart from the others, and a module is one file",
)];

/// Which members of the workspace a member may depend on, `smc` aside, which may depend on all.
const ARROWS: &[(&str, &[&str])] = &[
    ("vm/bytecode", &[]),
    ("vm", &["sm-bytecode"]),
    ("compiler", &["sm-bytecode"]),
    ("stdlib", &["sm-bytecode", "sm-compiler"]),
    ("runtime-net/core", &["sm-bytecode", "sm-vm"]),
    ("runtime-net", &["sm-bytecode", "sm-vm", "sm-core"]),
    ("runtime-net/sim", &["sm-bytecode", "sm-vm", "sm-core"]),
    ("experiments", &["sm-core", "sm-net"]),
];

/// Parts that see neither clock nor files, sockets, threads or environment.
const PURE: &[&str] = &[
    "compiler/src",
    "vm/src",
    "vm/bytecode/src",
    "runtime-net/core/src",
];

/// What a pure part must not name.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::thread",
    "std::process",
    "Instant::now",
    "SystemTime",
    "tokio",
    "rand::",
    "getrandom",
];

#[test]
fn lines_fit_the_page() {
    let mut found = Vec::new();
    for file in sources(&["rs", "sm", "lalrpop"]) {
        for (number, line) in read(&file).lines().enumerate() {
            let width = line.chars().count();
            if width > MAX_COLUMNS && !line.contains("http") {
                found.push(format!(
                    "{}:{}: {width} columns",
                    file.display(),
                    number + 1
                ));
            }
            if line.contains('\t') || line.ends_with(' ') {
                found.push(format!(
                    "{}:{}: tab or trailing space",
                    file.display(),
                    number + 1
                ));
            }
        }
    }
    nothing(&found);
}

#[test]
fn every_file_says_what_it_is() {
    let found: Vec<String> = sources(&["rs"])
        .iter()
        .filter(|file| !read(file).starts_with("//!"))
        .map(|file| format!("{}: begins without `//!`", file.display()))
        .collect();
    nothing(&found);
}

#[test]
fn files_hold_one_idea() {
    let mut found = Vec::new();
    for file in sources(&["rs", "sm", "lalrpop"]) {
        let text = read(&file);
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with("//"));
        let count = lines.count();
        let exempt = LONG_FILES.iter().any(|(path, _)| file.ends_with(path));
        if count > MAX_FILE_LINES && !exempt {
            found.push(format!("{}: {count} lines of code", file.display()));
        }
    }
    nothing(&found);
}

#[test]
fn functions_can_be_read_at_a_glance() {
    let mut found = Vec::new();
    for file in sources(&["rs"]) {
        let bound = if is_test(&file) {
            MAX_TEST_LINES
        } else {
            MAX_FUNCTION_LINES
        };
        for function in functions(&read(&file)) {
            let exempt = LONG_FUNCTIONS
                .iter()
                .any(|(path, name, _)| file.ends_with(path) && *name == function.name);
            if function.lines > bound && !exempt {
                found.push(format!(
                    "{}:{}: `{}` has {} lines",
                    file.display(),
                    function.at,
                    function.name,
                    function.lines
                ));
            }
        }
    }
    nothing(&found);
}

#[test]
fn arrows_point_one_way() {
    let mut found = Vec::new();
    for (member, allowed) in ARROWS {
        let text = read(&root().join(member).join("Cargo.toml"));
        let manifest: toml::Table = text.parse().expect("a member's Cargo.toml is TOML");
        for section in ["dependencies", "build-dependencies"] {
            let Some(toml::Value::Table(names)) = manifest.get(section) else {
                continue;
            };
            for name in names.keys().filter(|name| name.starts_with("sm-")) {
                if !allowed.contains(&name.as_str()) {
                    found.push(format!("{member}: must not depend on {name}"));
                }
            }
        }
    }
    nothing(&found);
}

#[test]
fn pure_parts_stay_pure() {
    let mut found = Vec::new();
    for file in sources(&["rs"]) {
        if !PURE.iter().any(|part| file.starts_with(part)) || is_test(&file) {
            continue;
        }
        for (number, line) in read(&file).lines().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            for name in IMPURE.iter().filter(|name| names(code, name)) {
                found.push(format!("{}:{}: names `{name}`", file.display(), number + 1));
            }
        }
    }
    nothing(&found);
}

#[test]
fn exemptions_are_still_needed() {
    let mut longest = BTreeMap::new();
    for file in sources(&["rs"]) {
        for function in functions(&read(&file)) {
            let lines = longest
                .entry((file.display().to_string(), function.name))
                .or_insert(0);
            *lines = function.lines.max(*lines);
        }
    }
    let found: Vec<String> = LONG_FUNCTIONS
        .iter()
        .filter(|(path, name, _)| {
            let lines = longest.get(&((*path).to_owned(), (*name).to_owned()));
            lines.is_none_or(|lines| *lines <= MAX_FUNCTION_LINES)
        })
        .map(|(path, name, _)| format!("{path}: `{name}` needs no exemption any more"))
        .collect();
    nothing(&found);
}

/// Whether `name` stands in `code` as a word of its own.
fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

struct Function {
    name: String,
    at: usize,
    lines: usize,
}

/// The functions of a formatted file: each ends at the first `}` that is indented as it is.
fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let Some(name) = function_name(code) else {
            continue;
        };
        let end = lines[start..].iter().position(|end| {
            end.len() == indent + 1 && end.ends_with('}') && end.trim_start().len() == 1
        });
        if let Some(end) = end {
            found.push(Function {
                name,
                at: start + 1,
                lines: end + 1,
            });
        }
    }
    found
}

fn function_name(code: &str) -> Option<String> {
    let mut words = code.split_whitespace();
    loop {
        match words.next()? {
            "pub" | "const" | "pub(crate)" | "pub(super)" | "unsafe" | "extern" => {}
            "fn" => break,
            _ => return None,
        }
    }
    // A declaration without a body ends on its own line and has no length.
    if code.ends_with(';') || code.ends_with('}') {
        return None;
    }
    let name: String = words
        .next()?
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    Some(name)
}

fn is_test(file: &Path) -> bool {
    let stem = file
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    stem == "tests" || file.components().any(|part| part.as_os_str() == "tests")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files of the project with one of these endings, relative to the root, in order.
fn sources(endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project can be read") {
            let path = entry.expect("an entry of a folder can be read").path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if endings
                .iter()
                .any(|ending| name.ends_with(&format!(".{ending}")))
            {
                let short = path.strip_prefix(root()).expect("below the root");
                found.push(short.to_path_buf());
            }
        }
    }
    found.sort();
    found
}

fn read(file: &Path) -> String {
    let path = root().join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn nothing(found: &[String]) {
    assert!(
        found.is_empty(),
        "{} findings:\n{}",
        found.len(),
        found.join("\n")
    );
}
