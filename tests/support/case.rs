//! A language case: one file that holds a program and, in comments, what it must do.
//!
//! | comment | meaning |
//! | --- | --- |
//! | `// out: text` | the program prints this line next |
//! | `// result: literal` | `main` answers this, in place of `()` |
//! | `// trap: Kind "message" at 7` | it ends in a trap at line 7; the message may be left out |
//! | `// kill: Heap` | the node ends it |
//! | `// diagnostics: SM0301 at 5, ..` | what the compiler says, in the order of the source |
//! | `// steps: large` | too long to be captured at every safepoint: it is, at some |
//! | `// gap: reason` | known to fail; the suite fails when it does not any more |

use std::fs;
use std::path::{Path, PathBuf};

/// A case, read from its file.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) expected: Expected,
    pub(crate) steps: Steps,
    pub(crate) gap: Option<String>,
}

/// What a program says and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) diagnostics: Vec<String>,
    pub(crate) output: Vec<String>,
    pub(crate) end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The literal of what `main` answered.
    Result(String),
    /// `Kind "message" at line`; the message only if the case names one.
    Trap {
        kind: String,
        message: Option<String>,
        line: Option<u32>,
    },
    Kill(String),
    /// It was not run, since it has errors.
    NotRun,
}

impl Default for End {
    fn default() -> Self {
        Self::Result("()".to_owned())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    Few,
    Many,
}

/// All cases below `tests/lang`, in order. Folders named `lib` hold modules that cases import.
pub(crate) fn all() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of cases") {
            let path = entry.expect("an entry of a folder").path();
            if path.is_dir() && !path.ends_with("lib") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "sm") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|path| read(&root, path)).collect()
}

fn read(root: &Path, path: &Path) -> Case {
    let name = path
        .strip_prefix(root)
        .expect("below the root")
        .display()
        .to_string();
    let text = fs::read_to_string(path).expect("a case is text");
    let mut case = Case {
        name,
        path: path.to_owned(),
        expected: Expected::default(),
        steps: Steps::Few,
        gap: None,
    };
    for line in text.lines() {
        case.take(line);
    }
    if case.expected.diagnostics.is_empty() {
        return case;
    }
    let has_error = case
        .expected
        .diagnostics
        .iter()
        .any(|text| !text.starts_with("SM08"));
    if has_error {
        case.expected.end = End::NotRun;
    }
    case
}

impl Case {
    fn take(&mut self, line: &str) {
        let Some(comment) = line.strip_prefix("// ") else {
            return;
        };
        let (word, rest) = comment.split_once(':').unwrap_or((comment, ""));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match word {
            "out" => self.expected.output.push(rest.to_owned()),
            "result" => self.expected.end = End::Result(rest.to_owned()),
            "trap" => self.expected.end = trap(rest),
            "kill" => self.expected.end = End::Kill(rest.to_owned()),
            "diagnostics" => {
                let found = rest.split(',').map(|text| text.trim().to_owned());
                self.expected.diagnostics.extend(found);
            }
            "steps" => self.steps = Steps::Many,
            "gap" => self.gap = Some(rest.to_owned()),
            _ => {}
        }
    }
}

/// `Kind "message" at 7`
fn trap(text: &str) -> End {
    let (text, line) = match text.rsplit_once(" at ") {
        Some((text, line)) => (text, Some(line.parse().expect("a line number"))),
        None => (text, None),
    };
    let (kind, message) = match text.split_once(' ') {
        Some((kind, message)) => (kind, Some(message.trim_matches('"').replace("\\n", "\n"))),
        None => (text, None),
    };
    End::Trap {
        kind: kind.to_owned(),
        message,
        line,
    }
}

impl Expected {
    /// What differs between what was wanted (`self`) and what was found, for people.
    pub(crate) fn difference(&self, found: &Expected) -> Option<String> {
        let mut text = String::new();
        if self.diagnostics != found.diagnostics {
            text += &format!(
                "  diagnostics wanted: {}\n  diagnostics found:  {}\n",
                self.diagnostics.join(", "),
                found.diagnostics.join(", ")
            );
        }
        for at in 0..self.output.len().max(found.output.len()) {
            let (wanted, found) = (self.output.get(at), found.output.get(at));
            if wanted != found {
                let show =
                    |line: Option<&String>| line.map_or("nothing".into(), |l| format!("{l:?}"));
                text += &format!(
                    "  line {} wanted: {}\n  line {} found:  {}\n",
                    at + 1,
                    show(wanted),
                    at + 1,
                    show(found)
                );
            }
        }
        if !self.end.covers(&found.end) {
            text += &format!(
                "  end wanted: {:?}\n  end found:  {:?}\n",
                self.end, found.end
            );
        }
        (!text.is_empty()).then_some(text)
    }
}

impl End {
    /// Whether `found` is such an end; a trap's message or line that is not wanted does not count.
    fn covers(&self, found: &End) -> bool {
        match (self, found) {
            (
                End::Trap {
                    kind,
                    message,
                    line,
                },
                End::Trap {
                    kind: found_kind,
                    message: found_message,
                    line: found_line,
                },
            ) => {
                kind == found_kind
                    && (message.is_none() || message == found_message)
                    && (line.is_none() || line == found_line)
            }
            (wanted, found) => wanted == found,
        }
    }
}
