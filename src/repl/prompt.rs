//! What a person sees of a session: values on standard output, all else on standard error.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sm_compiler::diagnostic::Diagnostic;
use sm_compiler::limits::MAX_SOURCE_BYTES;
use sm_core::ids::Span;
use sm_sim::{Network, NodeIx, Totals};

use super::command::{self, Command};
use super::session::{Answer, Outcome, Session, Texts};
use super::world::{Happening, MOMENT, ShownNode, Watcher, World};
use crate::complaint::{Complaint, Kind};
use crate::composed::Text;
use crate::diagnostics::{self, Role};
use crate::exit::Failure;
use crate::folders;
use crate::interrupt::Interrupt;
use crate::listing;
use crate::output::{self, Style, Terminal};
use crate::program::Program;
use crate::{source, text};

/// Where a session takes place.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) network: Network,
    pub(crate) at: NodeIx,
    pub(crate) seed: u64,
}

impl Place {
    fn world(&self) -> Result<World, Failure> {
        World::new(&self.network, self.at, self.seed)
    }
}

/// A session, and whom it talks to.
#[derive(Debug)]
pub(crate) struct Prompt<'a> {
    pub(crate) session: Session,
    place: Place,
    /// Counts inputs, so that each has a name.
    inputs: usize,
    terminal: &'a Terminal,
    interrupt: Interrupt,
}

/// How an input or a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Well,
    Badly,
    Interrupted,
    /// The session is to end.
    Quit,
}

impl<'a> Prompt<'a> {
    pub(crate) fn new(
        terminal: &'a Terminal,
        place: Place,
        interrupt: Interrupt,
    ) -> Result<Self, Failure> {
        Ok(Self {
            session: Session::new(place.world()?, Path::new("")),
            place,
            inputs: 0,
            terminal,
            interrupt,
        })
    }

    /// Whether Ctrl-C was pressed since the last input.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupt.came()
    }

    /// Takes an input or a command, and shows what comes of it.
    pub(crate) fn take(&mut self, input: &str) -> Result<Done, Failure> {
        // A signal that came while nothing ran was not meant for this.
        while self.interrupt.came() {}
        if input.trim().is_empty() {
            return Ok(Done::Well);
        }
        if !input.trim_start().starts_with(':') {
            self.inputs += 1;
            let name = format!("input {}", self.inputs);
            return self.enter(name, input.to_owned());
        }
        match command::parse(input) {
            Ok(command) => self.command(command),
            Err((message, help)) => Ok(self.complain(message, help)),
        }
    }

    fn enter(&mut self, name: String, text: String) -> Result<Done, Failure> {
        let mut watcher = self.watcher();
        let text = Text { name, text };
        let answer = self.session.enter(text, &mut watcher)?;
        let done = self.show(&answer)?;
        let mut watcher = self.watcher();
        if done != Done::Interrupted {
            self.session.world.pass(MOMENT, &mut watcher)?;
        }
        Ok(done)
    }

    fn watcher(&self) -> Telling<'a> {
        Telling {
            terminal: self.terminal,
            interrupt: self.interrupt.clone(),
        }
    }

    fn show(&self, answer: &Answer) -> Result<Done, Failure> {
        for (texts, diagnostics) in &answer.findings {
            diagnostics::show(self.terminal, texts.sources(), diagnostics, Role::Talk)?;
        }
        match &answer.outcome {
            Outcome::Nothing => {}
            Outcome::Value { value, ty } => {
                let ty = self.terminal.paint(Style::Quiet, format_args!(": {ty}"));
                output::line(format!("{value} {ty}").trim_start())?;
            }
            Outcome::Type(ty) => output::line(ty)?,
            Outcome::Mistakes => {}
            Outcome::Refused(sentence) => {
                self.complain(sentence.clone(), None);
            }
            Outcome::Badly {
                program,
                conclusion,
            } => {
                // The terminal has written `^C` already.
                if conclusion.is_interrupted() && io::stderr().is_terminal() {
                    output::talk("");
                }
                conclusion.show(self.terminal, program)?;
            }
        }
        for note in &answer.notes {
            output::talk(
                &self
                    .terminal
                    .paint(Style::Quiet, format_args!("note: {note}")),
            );
        }
        Ok(match &answer.outcome {
            outcome if outcome.is_good() => Done::Well,
            Outcome::Badly { conclusion, .. } if conclusion.is_interrupted() => Done::Interrupted,
            _ => Done::Badly,
        })
    }

    fn complain(&self, message: String, help: Option<String>) -> Done {
        Complaint::new(Kind::Error, message)
            .help(help)
            .say(self.terminal);
        Done::Badly
    }

    fn command(&mut self, command: Command) -> Result<Done, Failure> {
        match command {
            Command::Help => output::line(HELP_HEAD.to_owned() + &command::help())?,
            Command::Type(text) => {
                let answer = self.session.type_of(self.expression(text))?;
                return self.show(&answer);
            }
            Command::Bytecode(text) => return self.bytecode(text),
            Command::Load(path) => return self.load(&path),
            Command::Test(text) => return self.test(&text),
            Command::Tags(node) => return self.tags(node.as_deref()),
            Command::Nodes => output::line(nodes(&self.session.world.shown_nodes()))?,
            Command::Cost => match self.session.cost() {
                Some(cost) => output::line(shown_cost(cost))?,
                None => return Ok(self.complain("nothing has run yet".to_owned(), None)),
            },
            Command::Wait(span) => return self.wait(span),
            Command::Defs => {
                for one in self.session.listing() {
                    output::line(one)?;
                }
            }
            Command::Reset => {
                let world = self.place.world()?;
                self.session.forget(world);
            }
            Command::Quit => return Ok(Done::Quit),
        }
        Ok(Done::Well)
    }

    fn expression(&self, text: String) -> Text {
        Text {
            name: "expression".to_owned(),
            text,
        }
    }

    fn bytecode(&mut self, text: String) -> Result<Done, Failure> {
        let name = text.trim().to_owned();
        match self.session.program_of(self.expression(text))? {
            Ok(program) => {
                let of_name = listing::bytecode_of(&program, &name);
                let of_entry = || listing::bytecode_of(&program, super::compile::ENTRY);
                output::data(of_name.or_else(of_entry).unwrap_or_default())?;
                Ok(Done::Well)
            }
            Err(answer) => self.show(&answer),
        }
    }

    /// Enters what stands in a file; without that file there is no session.
    pub(crate) fn begin_with(&mut self, path: &Path) -> Result<Done, Failure> {
        let text = source::text("program", path, MAX_SOURCE_BYTES)?;
        self.enter_file(path, text)
    }

    fn load(&mut self, path: &Path) -> Result<Done, Failure> {
        match source::text("program", path, MAX_SOURCE_BYTES) {
            Ok(text) => self.enter_file(path, text),
            Err(failure) => {
                failure.report(self.terminal);
                Ok(Done::Badly)
            }
        }
    }

    /// Imports of a file are looked for beside it.
    fn enter_file(&mut self, path: &Path, text: String) -> Result<Done, Failure> {
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        if let Err(sentence) = self.session.set_folder(&folder) {
            return Ok(self.complain(sentence, None));
        }
        self.enter(path.display().to_string(), text)
    }

    /// Runs tests one after the other; those that fail are told at the end of their line.
    fn test(&mut self, text: &str) -> Result<Done, Failure> {
        let all = self.session.tests().filter(|name| name.contains(text));
        let names: Vec<String> = all.map(str::to_owned).collect();
        if names.is_empty() {
            let help = "`:load FILE.sm` enters a file with its `test` blocks";
            return Ok(self.complain("there is no such test".to_owned(), Some(help.to_owned())));
        }
        let mut failed = 0;
        for name in &names {
            let mut watcher = self.watcher();
            let answer = self.session.test(name, &mut watcher)?;
            let (style, word) = match answer.outcome.is_good() {
                true => (Style::Name, "ok"),
                false => (Style::Error, "failed"),
            };
            output::line(format!(
                "test \"{name}\": {}",
                self.terminal.paint(style, word)
            ))?;
            match self.show(&answer)? {
                Done::Well => {}
                Done::Interrupted => return Ok(Done::Interrupted),
                _ => failed += 1,
            }
        }
        output::line(match failed {
            0 => format!("{} passed", text::count(names.len(), "test")),
            _ => format!("{failed} of {} failed", text::count(names.len(), "test")),
        })?;
        Ok(if failed == 0 { Done::Well } else { Done::Badly })
    }

    fn tags(&self, name: Option<&str>) -> Result<Done, Failure> {
        let world = &self.session.world;
        let nodes: Vec<NodeIx> = match name {
            None => world.nodes().collect(),
            Some(name) => match world.node(name) {
                Some(node) => vec![node],
                None => {
                    let names: Vec<&str> =
                        world.nodes().map(|node| world.node_name(node)).collect();
                    let near = text::nearest(name, names.iter().copied());
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    return Ok(self.complain(format!("there is no node `{name}`"), help));
                }
            },
        };
        let many = world.nodes().count() > 1;
        for node in nodes {
            let tags = world.tags(node);
            if many && !tags.is_empty() {
                let name = world.node_name(node);
                output::line(self.terminal.paint(Style::Name, name))?;
            }
            let indent = if many { "  " } else { "" };
            for tag in tags {
                output::line(format!("{indent}{}: {} = {}", tag.name, tag.ty, tag.value))?;
            }
        }
        Ok(Done::Well)
    }

    fn wait(&mut self, span: Span) -> Result<Done, Failure> {
        let mut watcher = self.watcher();
        self.session.world.pass(span, &mut watcher)?;
        Ok(Done::Well)
    }
}

const HELP_HEAD: &str = "\
Write an expression, a statement or a declaration. What `let` and `var` bind and what
is declared stays; a declaration replaces the one of the same name. Ctrl-C ends what
runs, and clears a line; Ctrl-D ends the session; TAB completes.

";

/// Tells what happens at once.
struct Telling<'a> {
    terminal: &'a Terminal,
    interrupt: Interrupt,
}

impl Watcher for Telling<'_> {
    fn happened(&mut self, what: Happening) -> Result<(), Failure> {
        match what {
            Happening::Printed(text) => output::line(text),
            Happening::Died(program, conclusion) => {
                let program: Rc<Program> = program;
                conclusion.warn(self.terminal, &program);
                Ok(())
            }
        }
    }

    fn warned(&mut self, texts: &Texts, warnings: &[Diagnostic]) -> Result<(), Failure> {
        diagnostics::show(self.terminal, texts.sources(), warnings, Role::Talk)
    }

    fn interrupted(&mut self) -> bool {
        self.interrupt.came()
    }
}

/// A node a line, the session's own with a mark.
fn nodes(nodes: &[ShownNode]) -> String {
    let width = nodes.iter().map(|node| node.name.len()).max().unwrap_or(0);
    let line = |node: &ShownNode| {
        let mark = if node.is_here { "*" } else { " " };
        let neighbors = match &node.neighbors[..] {
            [] => "no neighbors".to_owned(),
            neighbors => neighbors.join(", "),
        };
        let messages = text::count(node.messages, "message");
        let tags = text::count(node.tags, "tag");
        format!(
            "{mark} {:width$}  {messages}, {tags}; {neighbors}",
            node.name
        )
    };
    let lines: Vec<String> = nodes.iter().map(line).collect();
    lines.join("\n")
}

/// `1203 fuel in 2 turns, 22 hops, 3.1 KiB of code, 1.2 KiB of state`
fn shown_cost(cost: &Totals) -> String {
    let count = |number: u64, noun: &str| text::count(number as usize, noun);
    format!(
        "{} fuel in {}; {}, {}; {} of code and {} of state moved",
        cost.fuel,
        count(cost.slices, "turn"),
        count(cost.hops, "hop"),
        text::copies(cost.copies as usize),
        text::size(cost.code_bytes as usize),
        text::size(cost.state_bytes as usize),
    )
}

/// Where the history is kept, if this user has a place for it.
pub(crate) fn history_file() -> Option<PathBuf> {
    Some(folders::state().ok()?.join("history"))
}
