//! A session: what was declared and bound so far, and what an input makes of it.
//!
//! It knows nothing of terminals: an input is text, and the answer is data.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use sm_compiler::ast::Mutability;
use sm_compiler::diagnostic::Diagnostic;
use sm_compiler::input;
use sm_compiler::typed;
use sm_sim::Totals;

use super::binding::{Binding, Bindings};
use super::compile::{self, Checked, Compiled, ENTRY, Finding};
use super::definition::{Definition, Kind, Near, Standing};
use super::plan::{Plan, statements_of};
use super::state::{State, Step, Stopped, go_on};
use super::types;
use super::world::{Ended, RunError, Watcher, World};
use crate::composed::{Excerpt, Owner, Text};
use crate::conclusion::Conclusion;
use crate::exit::Failure;
use crate::program::Program;
use crate::sources::Sources;

/// A session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) world: World,
    state: State,
    /// Of the last input that ran.
    cost: Option<Totals>,
}

/// What came of an input.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What the compiler says.
    pub(crate) findings: Vec<(Texts, Vec<Diagnostic>)>,
    pub(crate) notes: Vec<String>,
    pub(crate) outcome: Outcome,
}

/// The texts that diagnostics are about.
#[derive(Debug)]
pub(crate) enum Texts {
    Alone(Sources),
    Of(Rc<Program>),
}

impl Texts {
    pub(crate) fn sources(&self) -> &Sources {
        match self {
            Self::Alone(sources) => sources,
            Self::Of(program) => &program.sources,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Nothing,
    Value {
        value: String,
        ty: String,
    },
    /// What was asked for is a type.
    Type(String),
    /// The findings say it all.
    Mistakes,
    /// A sentence says why not.
    Refused(String),
    Badly {
        program: Rc<Program>,
        conclusion: Conclusion,
    },
}

impl Outcome {
    pub(crate) fn is_good(&self) -> bool {
        matches!(self, Self::Nothing | Self::Value { .. } | Self::Type(_))
    }
}

impl Session {
    pub(crate) fn new(world: World, folder: &Path) -> Self {
        let state = State {
            folder: folder.to_owned(),
            ..State::default()
        };
        Self {
            world,
            state,
            cost: None,
        }
    }

    /// Takes an input: checks it, runs it, keeps what it declares and binds. If it fails, nothing
    /// is kept.
    pub(crate) fn enter(
        &mut self,
        text: Text,
        watcher: &mut dyn Watcher,
    ) -> Result<Answer, Failure> {
        let input = Rc::new(text);
        let mut answer = Answer::new();
        let mut state = self.state.clone();
        let entered = self.enter_into(&mut state, &input, &mut answer, watcher)?;
        answer.outcome = match entered {
            Ok(outcome) => {
                self.state = state;
                outcome
            }
            Err(Stopped(outcome)) => outcome,
        };
        Ok(answer)
    }

    fn enter_into(
        &mut self,
        state: &mut State,
        input: &Rc<Text>,
        answer: &mut Answer,
        watcher: &mut dyn Watcher,
    ) -> Step<Outcome> {
        let pieces = input::pieces(&input.text);
        go_on!(state.declare(input, &pieces, answer));
        let statements = statements_of(input, &pieces);
        if statements.is_empty() {
            return Ok(Ok(Outcome::Nothing));
        }
        let plan = go_on!(state.plan(statements, answer));
        let program = go_on!(state.compile(&plan, ENTRY, answer));
        let arguments = match state.arguments(&program, &plan.used.cells) {
            Ok(arguments) => arguments,
            Err(cell) => return Ok(Err(Stopped(state.does_not_fit(cell)))),
        };
        for (texts, warnings) in std::mem::take(&mut answer.findings) {
            watcher.warned(&texts, &warnings)?;
        }
        let ran = self.world.run(&program, arguments, watcher);
        let (ended, cost) = match ran {
            Ok(ran) => ran,
            Err(RunError::Failure(failure)) => return Err(failure),
            Err(RunError::Refused(error)) => {
                let sentence = format!("the node refuses the input: {error}");
                return Ok(Err(Stopped(Outcome::Refused(sentence))));
            }
        };
        self.cost = Some(cost);
        Ok(match ended {
            Ended::Done(bytes) => {
                let kept = state.keep(&program, &plan, &bytes, &self.world);
                kept.map_err(Stopped)
            }
            Ended::Badly(conclusion) if conclusion.is_no_data() => {
                answer.notes.push(UNCHANGED.to_owned());
                Err(Stopped(Outcome::Refused(NO_DATA.to_owned())))
            }
            Ended::Badly(conclusion) => {
                if !plan.used.cells.is_empty() || plan.binds() {
                    answer.notes.push(UNCHANGED.to_owned());
                }
                Err(Stopped(Outcome::Badly {
                    program,
                    conclusion,
                }))
            }
        })
    }

    /// The names of the test blocks that were entered, in order.
    pub(crate) fn tests(&self) -> impl Iterator<Item = &str> {
        self.state.tests.iter().map(|test| test.name.as_str())
    }

    /// Runs a test block as an input that sees the declarations, and binds nothing.
    pub(crate) fn test(
        &mut self,
        name: &str,
        watcher: &mut dyn Watcher,
    ) -> Result<Answer, Failure> {
        let mut answer = Answer::new();
        let Some(test) = self.state.tests.iter().find(|test| test.name == name) else {
            return Ok(answer);
        };
        let composed = self.state.compose(&BTreeSet::new(), &[], "Unit", |into| {
            into.verbatim(Owner::Input, &test.body);
            into.glue(Owner::Glue, ";\n()\n");
        });
        let program = match compile::compile(&self.state.folder, composed)? {
            Compiled::Program(program, _) => program,
            Compiled::Mistakes(sources, findings) => {
                let errors = findings.into_iter().filter(Finding::is_error);
                answer.say(Texts::Alone(sources), errors);
                answer.outcome = Outcome::Mistakes;
                return Ok(answer);
            }
        };
        answer.outcome = match self.world.run(&program, Vec::new(), watcher) {
            Ok((Ended::Done(_), _)) => Outcome::Nothing,
            Ok((Ended::Badly(conclusion), _)) => Outcome::Badly {
                program,
                conclusion,
            },
            Err(RunError::Failure(failure)) => return Err(failure),
            Err(RunError::Refused(error)) => {
                Outcome::Refused(format!("the node refuses the test: {error}"))
            }
        };
        Ok(answer)
    }

    /// The type of an expression, which is not evaluated.
    pub(crate) fn type_of(&self, text: Text) -> Result<Answer, Failure> {
        let input = Rc::new(text);
        let mut answer = Answer::new();
        let statements = statements_of(&input, &input::pieces(&input.text));
        if statements.len() != 1 || statements[0].itself.as_str().is_empty() {
            answer.outcome = Outcome::Refused("an expression is expected".to_owned());
            return Ok(answer);
        }
        answer.outcome = match self.state.plan(statements, &mut answer)? {
            Err(Stopped(outcome)) => outcome,
            Ok(Plan { value: None, .. }) => {
                Outcome::Refused("this is a statement, and has no type".to_owned())
            }
            Ok(Plan {
                value: Some(ty), ..
            }) => Outcome::Type(ty),
        };
        Ok(answer)
    }

    /// The program of an expression, or one that needs the function of this name.
    pub(crate) fn program_of(&self, text: Text) -> Result<Result<Rc<Program>, Answer>, Failure> {
        let input = Rc::new(text);
        let mut answer = Answer::new();
        let statements = statements_of(&input, &input::pieces(&input.text));
        let compiled = match self.state.plan(statements, &mut answer)? {
            Ok(plan) => {
                // The code of an input need not call a function that it names.
                let named = self
                    .state
                    .compile(&plan, input.text.trim(), &mut Answer::new())?;
                match named {
                    Ok(program) => Ok(program),
                    Err(_) => self.state.compile(&plan, ENTRY, &mut answer)?,
                }
            }
            Err(stopped) => Err(stopped),
        };
        Ok(compiled.map_err(|Stopped(outcome)| {
            answer.outcome = outcome;
            answer
        }))
    }

    /// Where imports are looked for from now on; an error if others are looked for elsewhere.
    pub(crate) fn set_folder(&mut self, folder: &Path) -> Result<(), String> {
        let near = |one: &Definition| one.kind == Kind::Import(Near::Folder);
        if folder != self.state.folder && self.state.definitions.iter().any(near) {
            let here = self.state.folder.display();
            return Err(format!(
                "imports of this session are looked for in `{here}`: `:reset` begins anew"
            ));
        }
        folder.clone_into(&mut self.state.folder);
        Ok(())
    }

    /// Forgets all that was declared and bound.
    pub(crate) fn forget(&mut self, world: World) {
        self.world = world;
        self.state.definitions.clear();
        self.state.tests.clear();
        self.state.bindings = Bindings::default();
        self.cost = None;
    }

    pub(crate) fn cost(&self) -> Option<&Totals> {
        self.cost.as_ref()
    }

    /// All that was declared and bound, as a person wrote it or would write it.
    pub(crate) fn listing(&self) -> Vec<String> {
        let declared = self.state.definitions.iter().map(|one| {
            let source = one.source();
            match one.standing {
                Standing::In => source,
                Standing::Aside => format!("// set aside\n{source}"),
            }
        });
        let visible = self.state.bindings.visible();
        let bound = visible.iter().map(|(name, binding)| match binding {
            Binding::Source { text, .. } => text.as_str().trim().to_owned(),
            Binding::Cell {
                mutability, cell, ..
            } => {
                let cell = &self.state.bindings.cells[cell];
                let word = match mutability {
                    Mutability::Let => "let",
                    Mutability::Var => "var",
                };
                format!("{word} {name}: {} = {}", cell.ty.shown, cell.value)
            }
        });
        let mut all: Vec<String> = declared.collect();
        let mut bound: Vec<String> = bound.collect();
        bound.dedup();
        all.extend(bound);
        all
    }

    /// Names that an input can mean: its own and the prelude's.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self
            .state
            .bindings
            .visible()
            .keys()
            .map(|n| (*n).into())
            .collect();
        names.extend(self.state.definitions.iter().map(|one| one.key.clone()));
        if let Some(checked) = self.look(None) {
            let program = &checked.program;
            names.extend(
                program
                    .adts
                    .iter()
                    .filter(|a| a.module.index() == 0)
                    .map(|a| a.name.to_string()),
            );
            let functions = program.functions.iter().filter(|f| f.module.index() == 0);
            names.extend(functions.map(|f| f.name.split('(').next().unwrap_or("").to_owned()));
        }
        names.retain(|name| {
            name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with('_')
        });
        names
    }

    /// Fields and methods of what an expression answers.
    pub(crate) fn members(&self, expression: &str) -> BTreeSet<String> {
        let Some(checked) = self.look(Some(expression)) else {
            return BTreeSet::new();
        };
        let program = &checked.program;
        match last_value(program) {
            Some(ty) => types::members(program, ty),
            None => BTreeSet::new(),
        }
    }

    /// Checks an expression without saying anything.
    fn look(&self, expression: Option<&str>) -> Option<Checked> {
        let text = Rc::new(Text {
            name: String::new(),
            text: expression.unwrap_or("()").to_owned(),
        });
        let used = self.state.bindings.used(&text.text);
        let whole = Excerpt {
            range: 0..text.text.len(),
            text,
        };
        let composed = self
            .state
            .compose(&BTreeSet::new(), &used.cells, "Unit", |into| {
                self.state.bindings.compose(&used, into);
                into.glue(Owner::Glue, "let __r = ");
                into.verbatim(Owner::Input, &whole);
                into.glue(Owner::Glue, "\n()\n");
            });
        compile::check(&self.state.folder, composed).ok()
    }
}

/// The type of `__r`.
fn last_value(program: &typed::Program) -> Option<typed::Ty> {
    let function = program.function(program.main?);
    let local = function
        .locals
        .iter()
        .rev()
        .find(|local| local.name == "__r")?;
    Some(local.ty)
}

/// What is said about an input that binds or answers a cycle.
const NO_DATA: &str = "a value that reaches itself, or is nested too deeply, cannot be kept";

/// What is said when an input with bindings ends badly.
const UNCHANGED: &str = "the bindings are as they were before; what was done to tags stays";

impl Answer {
    pub(super) fn new() -> Self {
        Self {
            findings: Vec::new(),
            notes: Vec::new(),
            outcome: Outcome::Nothing,
        }
    }

    pub(super) fn say(&mut self, texts: Texts, findings: impl Iterator<Item = Finding>) {
        let diagnostics: Vec<Diagnostic> = findings.map(|one| one.diagnostic).collect();
        if !diagnostics.is_empty() {
            self.findings.push((texts, diagnostics));
        }
    }
}
