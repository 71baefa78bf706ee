//! From the text of a document to its code blocks.

use std::ops::Range;

/// A code block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands after the three backquotes.
    pub(crate) head: String,
    /// Its lines, each with its end.
    pub(crate) code: String,
    /// The line of its head, from 1.
    pub(crate) line: usize,
    /// Where the code stands in the document, in bytes.
    pub(crate) at: Range<usize>,
    /// Whether nothing but empty lines is between the block before and this one.
    pub(crate) follows: bool,
}

/// All blocks, in order. One without an end is an error.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    let (mut at, mut follows) = (0, false);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = at + line.len();
        match (&mut open, line.trim_end().strip_prefix("```")) {
            (None, Some(head)) => {
                open = Some(Block {
                    head: head.to_owned(),
                    code: String::new(),
                    line: number + 1,
                    at: end..end,
                    follows,
                });
            }
            (None, None) => follows &= line.trim().is_empty(),
            (Some(_), Some("")) => {
                blocks.extend(open.take());
                follows = true;
            }
            (Some(block), _) => {
                block.code += line;
                block.at.end = end;
            }
        }
        at = end;
    }
    match open {
        Some(block) => Err(format!("the block of line {} has no end", block.line)),
        None => Ok(blocks),
    }
}

/// What a block asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Program,
    Fragment,
    Error(Vec<String>),
    Module(String),
}

/// The head of a block `sm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) net: Option<String>,
    pub(crate) args: Vec<String>,
    pub(crate) exit: i32,
}

impl Head {
    /// Reads the words after `sm`.
    pub(crate) fn read(words: &str) -> Result<Self, String> {
        let mut words = words.split_whitespace().peekable();
        let word = words.next_if(|word| !word.contains('='));
        let codes = |word: &&str| word.starts_with("SM");
        let kind = match word {
            None => Kind::Program,
            Some("fragment") => Kind::Fragment,
            Some("error") => {
                let mut found = Vec::new();
                while let Some(code) = words.next_if(codes) {
                    found.push(code.to_owned());
                }
                if found.is_empty() {
                    return Err("`sm error` needs the code, as in `sm error SM0301`".to_owned());
                }
                Kind::Error(found)
            }
            Some("module") => match words.next() {
                Some(name) => Kind::Module(name.to_owned()),
                None => return Err("`sm module` needs its name".to_owned()),
            },
            Some(other) => return Err(format!("there is no block `sm {other}`")),
        };
        let mut head = Self {
            kind,
            net: None,
            args: Vec::new(),
            exit: 0,
        };
        for word in words {
            head.take(word)?;
        }
        Ok(head)
    }

    fn take(&mut self, word: &str) -> Result<(), String> {
        let runs = matches!(self.kind, Kind::Program | Kind::Fragment);
        match word.split_once('=').filter(|_| runs) {
            Some(("net", name)) => self.net = Some(name.to_owned()),
            Some(("args", list)) => self.args = list.split(',').map(str::to_owned).collect(),
            Some(("exit", code)) => {
                self.exit = code.parse().map_err(|_| format!("what exit is `{code}`"))?;
            }
            _ => return Err(format!("what is `{word}` at the head of a block")),
        }
        Ok(())
    }
}

/// Statements as a program: what is declared at the top stands before `main`, all else in it.
pub(crate) fn program_of(fragment: &str) -> String {
    const DECLARES: &[&str] = &[
        "import ", "tag ", "struct ", "enum ", "fn ", "const ", "pub ", "impl ", "impl<", "///",
    ];
    let (mut before, mut body) = (String::new(), String::new());
    let mut declares = false;
    for line in fragment.split_inclusive('\n') {
        let is_top = !line.starts_with([' ', '\t', '}', ')', ']', '\n', '\r']);
        if is_top {
            declares = DECLARES.iter().any(|word| line.starts_with(word));
        }
        if declares {
            before += line;
        } else {
            body += line;
        }
    }
    format!("{before}fn main() {{\n{body}}}\n")
}
