//! What an input may change: declarations and bindings, and how new ones meet old ones.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use sm_compiler::ast::FileId;
use sm_compiler::diagnostic::Diagnostic;
use sm_compiler::input::{Piece, PieceKind};

use super::binding::{Binding, Bindings, CellId, parameter};
use super::compile::{self, Checked, Compiled, ENTRY, Finding};
use super::definition::{self, Definition, Key, Kind, Standing, Test};
use super::plan::before;
use super::session::{Answer, Outcome, Texts};
use crate::composed::{Composed, Excerpt, Owner, Text};
use crate::exit::Failure;
use crate::program::Program;
use crate::sources::Sources;

/// What an input may change, and what is as it was if the input fails.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Where imports `./x` are looked for.
    pub(super) folder: PathBuf,
    pub(super) definitions: Vec<Definition>,
    pub(super) bindings: Bindings,
    pub(super) tests: Vec<Test>,
}

/// Why an input goes no further; the findings are in the answer.
pub(super) struct Stopped(pub(super) Outcome);

pub(super) type Step<T> = Result<Result<T, Stopped>, Failure>;

/// Ends a step with its outcome if it cannot go on.
macro_rules! go_on {
    ($step:expr) => {
        match $step? {
            Ok(value) => value,
            Err(stopped) => return Ok(Err(stopped)),
        }
    };
}

pub(super) use go_on;

impl State {
    /// Takes in the declarations of an input.
    pub(super) fn declare(
        &mut self,
        input: &Rc<Text>,
        pieces: &[Piece],
        answer: &mut Answer,
    ) -> Step<()> {
        let items = pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.kind == PieceKind::Item);
        let ranges: Vec<_> = items
            .map(|(at, piece)| before(pieces, at)..piece.span.end as usize)
            .collect();
        if ranges.is_empty() {
            return Ok(Ok(()));
        }
        let blanked = definition::blanked(&input.text, &ranges);
        let (module, diagnostics) = sm_compiler::parse(definition::UNNAMED, &blanked);
        if diagnostics.iter().any(Diagnostic::is_error) {
            let mut whole = Composed::default();
            let range = 0..input.text.len();
            let text = input.clone();
            whole.verbatim(Owner::Input, &Excerpt { text, range });
            let sources = Sources::compose(&self.folder, "", whole);
            answer
                .findings
                .push((Texts::Alone(sources), renumbered(diagnostics)));
            return Ok(Err(Stopped(Outcome::Mistakes)));
        }
        let new = definition::of(input, &module.items);
        let keys: BTreeSet<Key> = new.iter().map(|one| one.key.clone()).collect();
        let types: Vec<Key> = new
            .iter()
            .filter(|one| one.kind == Kind::Type)
            .map(|one| one.key.clone())
            .collect();
        let was_aside = self.aside();
        definition::replace(&mut self.definitions, new);
        for one in &mut self.definitions {
            one.standing = Standing::In;
        }
        let checked = go_on!(self.settle(&keys, answer));
        let warnings = checked
            .findings
            .into_iter()
            .filter(|one| one.is_news() && !compile::is_about_use(&one.diagnostic));
        answer.say(Texts::Alone(checked.sources), warnings);
        self.definitions.retain(|one| one.kind != Kind::Test);
        for test in definition::tests(input, &module.items) {
            self.tests.retain(|old| old.name != test.name);
            self.tests.push(test);
        }
        for tag in definition::tags_of_code(&module.items) {
            answer.notes.push(format!(
                "`{tag}` is open to your programs, not to the code of a module: \
                 each input is a module of its own"
            ));
        }
        for key in &keys {
            self.bindings.forget(key);
        }
        self.tell_of_standing(&was_aside, &keys, answer);
        if types.is_empty() {
            Ok(Ok(()))
        } else {
            self.drop_misfits(answer)
        }
    }

    fn aside(&self) -> BTreeSet<Key> {
        let aside = self
            .definitions
            .iter()
            .filter(|one| one.standing == Standing::Aside);
        aside.map(|one| one.key.clone()).collect()
    }

    /// Sets aside what does not fit the new declarations, until the rest is in order.
    fn settle(&mut self, new: &BTreeSet<Key>, answer: &mut Answer) -> Step<Checked> {
        loop {
            let cells: Vec<CellId> = self.bindings.cells.keys().copied().collect();
            let composed = self.compose(new, &cells, "Unit", |_| {});
            let checked = compile::check(&self.folder, composed)?;
            let errors = || checked.findings.iter().filter(|one| one.is_error());
            if errors().next().is_none() {
                return Ok(Ok(checked));
            }
            let mut misfits = Vec::new();
            let mut lost = Vec::new();
            for error in errors() {
                match error.owner {
                    Some(Owner::Definition(at)) => {
                        misfits.push((at, error.diagnostic.message.clone()));
                    }
                    Some(Owner::Binding(at)) => lost.push(at),
                    _ => {}
                }
            }
            if errors().any(|one| one.is_news() || one.owner.is_none())
                || (misfits.is_empty() && lost.is_empty())
            {
                let news = checked.findings.into_iter().filter(|one| {
                    one.is_error() && !matches!(one.owner, Some(Owner::Definition(_)))
                });
                answer.say(
                    Texts::Alone(checked.sources),
                    news.map(|one| self.explained(one)),
                );
                return Ok(Err(Stopped(Outcome::Mistakes)));
            }
            for (at, message) in misfits {
                let one = &mut self.definitions[at];
                if one.standing == Standing::In {
                    one.standing = Standing::Aside;
                    answer.notes.push(format!(
                        "`{}` does not fit any more: {message}",
                        one.shown()
                    ));
                }
            }
            self.lose(lost, answer);
        }
    }

    /// A function at the prompt sees no binding of the prompt; somebody may expect that.
    pub(super) fn explained(&self, mut finding: Finding) -> Finding {
        let missing =
            |name: &str| finding.diagnostic.message == format!("there is no `{name}` here");
        let is_aside = |one: &&Definition| one.standing == Standing::Aside && missing(&one.key);
        let help = if let Some(one) = self.definitions.iter().find(is_aside) {
            let key = &one.key;
            format!("`{key}` is set aside, because it does not fit any more: define it again")
        } else if let Some(name) = self.bindings.visible().keys().find(|name| missing(name)) {
            format!("functions do not see what `let` binds at the prompt: hand `{name}` over")
        } else {
            return finding;
        };
        finding.diagnostic = finding.diagnostic.help(help);
        finding
    }

    fn tell_of_standing(&self, before: &BTreeSet<Key>, new: &BTreeSet<Key>, answer: &mut Answer) {
        let aside = self.aside();
        // Whoever was aside before and still is has been told of.
        answer.notes.retain(|note| {
            !before
                .iter()
                .any(|key| note.starts_with(&format!("`{key}` does not fit")))
        });
        for key in before.difference(&aside).filter(|key| !new.contains(*key)) {
            answer.notes.push(format!("`{key}` fits again"));
        }
        if aside.difference(before).next().is_some() {
            answer
                .notes
                .push("define it again, or what it needs; until then it is set aside".to_owned());
        }
    }

    fn lose(&mut self, mut places: Vec<usize>, answer: &mut Answer) {
        places.sort_unstable();
        places.dedup();
        let names: Vec<String> = places
            .iter()
            .flat_map(|at| self.bindings.list[*at].names().to_vec())
            .collect();
        for name in names {
            answer
                .notes
                .push(format!("`{name}` is forgotten: its type has changed"));
            self.bindings.forget(&name);
        }
    }

    /// A type was declared anew: values of the old one are none of the new one.
    fn drop_misfits(&mut self, answer: &mut Answer) -> Step<()> {
        let cells: Vec<CellId> = self.bindings.cells.keys().copied().collect();
        let composed = self.compose(&BTreeSet::new(), &cells, "Unit", |_| {});
        let Compiled::Program(program, _) = compile::compile(&self.folder, composed)? else {
            return Ok(Ok(()));
        };
        let Err(misfit) = self.arguments(&program, &cells) else {
            return Ok(Ok(()));
        };
        let of_cell = |one: &Binding| matches!(one, Binding::Cell { cell, .. } if *cell == misfit);
        let places = self.bindings.list.iter().enumerate();
        let places = places.filter(|(_, one)| of_cell(one));
        self.lose(places.map(|(at, _)| at).collect(), answer);
        // With its last binding a cell is gone, so this ends.
        self.drop_misfits(answer)
    }

    pub(super) fn compose(
        &self,
        new: &BTreeSet<Key>,
        cells: &[CellId],
        result: &str,
        body: impl FnOnce(&mut Composed),
    ) -> Composed {
        self.compose_with(new, &BTreeSet::new(), cells, result, body)
    }

    /// A whole program: the declarations, and a function that takes the cells.
    pub(super) fn compose_with(
        &self,
        new: &BTreeSet<Key>,
        imports: &BTreeSet<(String, String)>,
        cells: &[CellId],
        result: &str,
        body: impl FnOnce(&mut Composed),
    ) -> Composed {
        let mut into = Composed::default();
        // What has no place in the source is at its very beginning.
        into.glue(Owner::Glue, "\n");
        let of_cells = cells
            .iter()
            .flat_map(|cell| &self.bindings.cells[cell].ty.imports);
        let all: BTreeSet<_> = imports.iter().chain(of_cells).collect();
        for (path, alias) in all {
            into.glue(Owner::Glue, &format!("import {path} as {alias}\n"));
        }
        for (at, one) in self.definitions.iter().enumerate() {
            let owner = if new.contains(&one.key) {
                Owner::Input
            } else {
                Owner::Definition(at)
            };
            if one.standing == Standing::In {
                one.compose(owner, &mut into);
            }
        }
        into.glue(Owner::Glue, &format!("fn {ENTRY}("));
        for cell in cells {
            let of_cell =
                |one: &Binding| matches!(one, Binding::Cell { cell: other, .. } if other == cell);
            let owner = self
                .bindings
                .list
                .iter()
                .position(of_cell)
                .map_or(Owner::Glue, Owner::Binding);
            let ty = &self.bindings.cells[cell].ty.text;
            into.glue(owner, &format!("{}: {ty}, ", parameter(*cell)));
        }
        into.glue(Owner::Glue, &format!(") -> {result} {{\n"));
        body(&mut into);
        into.glue(Owner::Glue, "}\n");
        into
    }

    /// The values of cells as the program takes them, or the first that is none of its type.
    pub(super) fn arguments(&self, program: &Program, cells: &[CellId]) -> Result<Vec<u8>, CellId> {
        let mut bytes = Vec::new();
        for (at, cell) in cells.iter().enumerate() {
            let value = &self.bindings.cells[cell].value;
            let encoded = program.encode_argument(at, value).map_err(|_| *cell)?;
            bytes.extend(encoded);
        }
        Ok(bytes)
    }
}

/// The same diagnostics about the first text of a composed one.
fn renumbered(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for diagnostic in &mut diagnostics {
        diagnostic.primary.file = FileId(1);
        for label in &mut diagnostic.labels {
            label.file = FileId(1);
        }
    }
    diagnostics
}
