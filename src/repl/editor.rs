//! Lines from a terminal: history, colour, completion, inputs over several lines.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Context, Editor, Helper};
use sm_compiler::input::{self, Class, Completeness, KEYWORDS};

use super::command::COMMANDS;
use super::prompt::{Prompt, history_file};
use crate::exit::Failure;

/// Lines of history that are kept.
const HISTORY_LINES: usize = 2_000;

/// The prompt.
const PROMPT: &str = "sm> ";

/// Reads inputs, as a person writes them.
pub(crate) struct Lines<'p, 'a> {
    editor: Editor<Help<'p, 'a>, FileHistory>,
    /// `None`: there is no place for it.
    history: Option<PathBuf>,
}

/// What a person typed.
#[derive(Debug)]
pub(crate) enum Typed {
    Input(String),
    /// Ctrl-C: the line is given up.
    Nothing,
    End,
}

impl<'p, 'a> Lines<'p, 'a> {
    pub(crate) fn new(prompt: &'p Rc<RefCell<Prompt<'a>>>, colored: bool) -> Result<Self, Failure> {
        let config = Config::builder()
            .max_history_size(HISTORY_LINES)
            .and_then(|builder| builder.history_ignore_dups(true))
            .map_err(no_editor)?
            .history_ignore_space(true)
            .completion_type(rustyline::CompletionType::List)
            .build();
        let mut editor = Editor::with_config(config).map_err(no_editor)?;
        editor.set_helper(Some(Help { prompt, colored }));
        let history = history_file().filter(|file| is_possible(file));
        if let Some(file) = &history {
            // A history that cannot be read is begun anew.
            let _ = editor.load_history(file);
        }
        Ok(Self { editor, history })
    }

    pub(crate) fn next(&mut self) -> Result<Typed, Failure> {
        match self.editor.readline(PROMPT) {
            Ok(input) => {
                self.remember(&input);
                Ok(Typed::Input(input))
            }
            Err(ReadlineError::Interrupted) => Ok(Typed::Nothing),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(error) => Err(no_editor(error)),
        }
    }

    /// At once, so that nothing is lost whatever happens next. A full disk is no reason to stop.
    fn remember(&mut self, input: &str) {
        let added = self.editor.add_history_entry(input).unwrap_or(false);
        if let (true, Some(file)) = (added, &self.history) {
            let _ = self.editor.append_history(file);
        }
    }
}

/// Whether there is a folder for the history, if need be a new one that only its owner can read.
fn is_possible(file: &Path) -> bool {
    let Some(folder) = file.parent() else {
        return false;
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).is_ok()
}

fn no_editor(error: ReadlineError) -> Failure {
    Failure::failed(format!("the terminal cannot be read: {error}"))
}

struct Help<'p, 'a> {
    prompt: &'p Rc<RefCell<Prompt<'a>>>,
    colored: bool,
}

impl Helper for Help<'_, '_> {}

impl Hinter for Help<'_, '_> {
    type Hint = String;
}

impl Validator for Help<'_, '_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_complete(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

/// An empty line ends an input that only seems to want more.
pub(crate) fn is_complete(text: &str) -> bool {
    if text.trim_start().starts_with(':') {
        return true;
    }
    match input::completeness(text) {
        Completeness::Complete => true,
        Completeness::Open => false,
        Completeness::Dangling => {
            let last = text.rsplit_once('\n').map(|(_, last)| last);
            last.is_some_and(|last| last.trim().is_empty())
        }
    }
}

impl Highlighter for Help<'_, '_> {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if !self.colored || line.trim_start().starts_with(':') {
            return Cow::Borrowed(line);
        }
        Cow::Owned(painted(line))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if self.colored {
            Cow::Owned(format!("\x1b[36m{prompt}\x1b[0m"))
        } else {
            Cow::Borrowed(prompt)
        }
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.colored
    }
}

/// The text with the colours of its words.
fn painted(line: &str) -> String {
    let mut out = String::with_capacity(line.len() * 2);
    let mut end = 0;
    for (span, class) in input::classes(line) {
        let range = span.range();
        out.push_str(&line[end..range.start]);
        end = range.end;
        let code = match class {
            Class::Keyword => "35",
            Class::Literal => "33",
            Class::Text => "32",
            Class::Type => "34",
            Class::Comment => "2",
            Class::Name => {
                out.push_str(&line[range]);
                continue;
            }
        };
        out.push_str(&format!("\x1b[{code}m{}\x1b[0m", &line[range]));
    }
    out.push_str(&line[end..]);
    out
}

impl Completer for Help<'_, '_> {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let prompt = self.prompt.borrow();
        Ok(complete(line, at, |wanted| match wanted {
            Wanted::Names => prompt.session.names().into_iter().collect(),
            Wanted::Members(of) => prompt.session.members(of).into_iter().collect(),
            Wanted::Files(folder) => files(folder),
        }))
    }
}

/// What a completion is looked for among.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'l> {
    Names,
    /// Of what an expression answers.
    Members(&'l str),
    /// In this folder.
    Files(&'l str),
}

/// Where the word begins at the cursor, and what it may become.
fn complete(
    line: &str,
    at: usize,
    look: impl Fn(Wanted<'_>) -> Vec<String>,
) -> (usize, Vec<String>) {
    let before = &line[..at];
    let command = before.trim_start();
    if let Some(name) = command.strip_prefix(':')
        && !name.contains(char::is_whitespace)
    {
        let all = COMMANDS.iter().map(|(name, ..)| (*name).to_owned());
        return (at - name.len(), beginning_with(name, all));
    }
    if let Some(path) = command.strip_prefix(":load ") {
        let path = path.trim_start();
        let (folder, name) = path
            .rsplit_once('/')
            .map_or(("", path), |(folder, name)| (folder, name));
        let folder = if path.starts_with('/') && folder.is_empty() {
            "/"
        } else {
            folder
        };
        return (
            at - name.len(),
            beginning_with(name, look(Wanted::Files(folder)).into_iter()),
        );
    }
    let word = before.len()
        - before
            .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
            .len();
    let start = at - word;
    let word = &before[start..];
    if let Some(object) = before[..start].strip_suffix('.') {
        let of = look(Wanted::Members(operand(object)));
        return (start, beginning_with(word, of.into_iter()));
    }
    if word.is_empty() {
        return (start, Vec::new());
    }
    let keywords = KEYWORDS.iter().map(|word| (*word).to_owned());
    (
        start,
        beginning_with(word, look(Wanted::Names).into_iter().chain(keywords)),
    )
}

fn beginning_with(word: &str, all: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = all.filter(|name| name.starts_with(word)).collect();
    found.sort();
    found.dedup();
    found
}

/// The operand that a text ends with: `xs`, `f(1)`, `a.b[2]`, and the text before it cut off.
fn operand(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices().rev() {
        match letter {
            ')' | ']' => depth += 1,
            '(' | '[' if depth == 0 => return &text[at + 1..],
            '(' | '[' => depth -= 1,
            '"' | '.' | '_' | '!' | '?' => {}
            _ if letter.is_alphanumeric() || depth > 0 => {}
            _ => return &text[at + letter.len_utf8()..],
        }
    }
    text
}

/// Programs and folders in a folder.
fn files(folder: &str) -> Vec<String> {
    let folder = if folder.is_empty() { "." } else { folder };
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let name = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let is_folder = entry.path().is_dir();
        let is_program = Path::new(&name)
            .extension()
            .is_some_and(|ending| ending == "sm");
        (is_folder || is_program).then(|| if is_folder { name + "/" } else { name })
    };
    entries.filter_map(|entry| name(entry.ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(line: &str) -> (usize, Vec<String>) {
        complete(line, line.len(), |wanted| match wanted {
            Wanted::Names => vec!["length".to_owned(), "late".to_owned()],
            Wanted::Members(of) => vec![format!("of_{of}")],
            Wanted::Files(folder) => vec![format!("in_{folder}")],
        })
    }

    #[test]
    fn words_become_names_and_keywords() {
        assert_eq!(
            wanted("1 + le"),
            (4, vec!["length".to_owned(), "let".to_owned()])
        );
        assert_eq!(wanted(""), (0, vec![]));
    }

    #[test]
    fn after_a_dot_members_are_wanted() {
        assert_eq!(wanted("1 + xs."), (7, vec!["of_xs".to_owned()]));
        assert_eq!(wanted("f(a, b.c[1].o"), (12, vec!["of_b.c[1]".to_owned()]));
        assert_eq!(
            wanted("f(a, g(1, 2).o"),
            (13, vec!["of_g(1, 2)".to_owned()])
        );
    }

    #[test]
    fn after_a_colon_commands_are_wanted() {
        assert_eq!(wanted(":he"), (1, vec!["help".to_owned()]));
        assert_eq!(wanted(":load a/i"), (8, vec!["in_a".to_owned()]));
    }

    #[test]
    fn an_empty_line_ends_what_only_seems_open() {
        assert!(is_complete("1 + 2"));
        assert!(!is_complete("1 +"));
        assert!(is_complete("1 +\n"));
        assert!(!is_complete("f(\n\n"));
        assert!(is_complete(":type f("));
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let text = "let x = \"a {b}\" // é";
        let painted = painted(text);
        let mut plain = String::new();
        let mut parts = painted.split('\x1b');
        plain.push_str(parts.next().expect("a first part"));
        for part in parts {
            plain.push_str(part.split_once('m').expect("a colour").1);
        }
        assert_eq!(plain, text);
    }
}
