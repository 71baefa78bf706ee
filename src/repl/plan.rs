//! From the statements of an input to a program, and from its answer back to bindings.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use sm_compiler::ast::{FileId, Mutability, Span};
use sm_compiler::diagnostic::Diagnostic;
use sm_compiler::input::{Piece, PieceKind};
use sm_compiler::typed;
use sm_vm::Value;

use super::binding::{Binding, CellId, Used, parameter};
use super::compile::{self, Checked, Compiled, Finding};
use super::session::{Answer, Outcome, Texts};
use super::state::{State, Step, Stopped};
use super::statements::{self, Carried, Facts, Kept, Remade, Statement, Tail};
use super::types;
use super::world::World;
use crate::composed::{Excerpt, Owner, Text};
use crate::exit::Failure;
use crate::program::Program;

/// What an input's statements are to become.
pub(super) struct Plan {
    statements: Vec<Statement>,
    pub(super) used: Used,
    carried: Carried,
    /// The type of the value as people read it.
    pub(super) value: Option<String>,
    kept: Vec<Kept>,
    becomes: Vec<Becomes>,
    imports: BTreeSet<(String, String)>,
    /// Where names stand of which it is too early to say how they are used.
    early: Vec<Span>,
}

/// What becomes of something that is kept.
enum Becomes {
    /// The new value of a cell.
    Cell(CellId),
    /// The new value of an older binding, by its place in the list.
    Older(usize),
    /// A new binding.
    New(String, Mutability),
    /// A statement that is kept as source, and the names it binds.
    Source(Excerpt, Vec<String>),
}

impl Plan {
    /// Whether a warning is about a name that a later input may use.
    fn is_too_early(&self, warning: &Diagnostic) -> bool {
        compile::is_about_binding(warning) && self.early.contains(&warning.primary.span)
    }

    pub(super) fn binds(&self) -> bool {
        self.becomes
            .iter()
            .any(|one| !matches!(one, Becomes::Cell(_)))
    }
}

impl State {
    /// Asks the checker what the statements bind and answer.
    pub(super) fn plan(&self, statements: Vec<Statement>, answer: &mut Answer) -> Step<Plan> {
        let text: String = statements
            .iter()
            .map(|one| one.itself.as_str().to_owned() + "\n")
            .collect();
        let used = self.bindings.used(&text);
        let mut tail = statements::tail(&statements);
        let (mut checked, mut places) = self.checked(&statements, &used, tail)?;
        if tail == Tail::Value && checked.findings.iter().any(Finding::is_error) {
            // Perhaps its branches only do something.
            tail = Tail::Statement;
            let (again, others) = self.checked(&statements, &used, tail)?;
            if !again.findings.iter().any(Finding::is_error) {
                (checked, places) = (again, others);
            }
        }
        if statements::returns(&checked.program) {
            let sentence = "an input is no function: `return` cannot leave it; \
                            its value is that of its last statement";
            return Ok(Err(Stopped(Outcome::Refused(sentence.to_owned()))));
        }
        if checked.findings.iter().any(Finding::is_error) {
            let errors = checked.findings.into_iter().filter(Finding::is_error);
            answer.say(
                Texts::Alone(checked.sources),
                errors.map(|one| self.explained(one)),
            );
            return Ok(Err(Stopped(Outcome::Mistakes)));
        }
        let facts = statements::facts(&checked.program, &places);
        Ok(Ok(self.planned(&checked, statements, used, &facts, answer)))
    }

    fn checked(
        &self,
        statements: &[Statement],
        used: &Used,
        tail: Tail,
    ) -> Result<(Checked, Vec<Range<usize>>), Failure> {
        let mut places = Vec::new();
        let composed = self.compose(&BTreeSet::new(), &used.cells, "Unit", |into| {
            self.bindings.compose(used, into);
            places = statements::compose(statements, tail, into);
            into.glue(Owner::Glue, "()\n");
        });
        Ok((compile::check(&self.folder, composed)?, places))
    }

    fn planned(
        &self,
        checked: &Checked,
        statements: Vec<Statement>,
        used: Used,
        facts: &Facts,
        answer: &mut Answer,
    ) -> Plan {
        let program = &checked.program;
        let carried = statements::carried(program, facts.value);
        let ty = facts.value.filter(|ty| *ty != typed::Ty::NEVER);
        let mut plan = Plan {
            value: ty.map(|ty| types::shown(program, ty)),
            statements,
            used,
            carried,
            kept: Vec::new(),
            becomes: Vec::new(),
            imports: BTreeSet::new(),
            early: early(checked, facts),
        };
        self.plan_older(&mut plan);
        plan_new(program, facts, &mut plan, answer);
        for one in &plan.kept {
            plan.imports.extend(one.ty.imports.iter().cloned());
        }
        if let Carried::Value(ty) = &plan.carried {
            plan.imports.extend(ty.imports.iter().cloned());
        }
        plan
    }

    /// The cells that an input uses come back, and so do variables.
    fn plan_older(&self, plan: &mut Plan) {
        for cell in &plan.used.cells {
            plan.kept.push(Kept {
                expression: parameter(*cell),
                ty: self.bindings.cells[cell].ty.clone(),
            });
            plan.becomes.push(Becomes::Cell(*cell));
        }
        for at in &plan.used.bindings {
            if let Binding::Cell {
                name,
                mutability: Mutability::Var,
                cell,
            } = &self.bindings.list[*at]
                && self.bindings.is_visible(*at)
            {
                plan.kept.push(Kept {
                    expression: name.clone(),
                    ty: self.bindings.cells[cell].ty.clone(),
                });
                plan.becomes.push(Becomes::Older(*at));
            }
        }
    }

    /// The program of a plan that begins at this function.
    pub(super) fn compile(
        &self,
        plan: &Plan,
        entry: &str,
        answer: &mut Answer,
    ) -> Step<Rc<Program>> {
        let (result, value) = statements::answer(&plan.carried, &plan.kept);
        let composed = self.compose_with(
            &BTreeSet::new(),
            &plan.imports,
            &plan.used.cells,
            &result,
            |into| {
                self.bindings.compose(&plan.used, into);
                let tail = match plan.carried {
                    Carried::Nothing => Tail::Statement,
                    _ => Tail::Value,
                };
                statements::compose(&plan.statements, tail, into);
                into.glue(Owner::Glue, &value);
                into.glue(Owner::Glue, "\n");
            },
        );
        match compile::compile_from(&self.folder, composed, entry)? {
            Compiled::Program(program, findings) => {
                let worth = |one: &Finding| {
                    one.is_news()
                        && !compile::is_about_use(&one.diagnostic)
                        && !plan.is_too_early(&one.diagnostic)
                };
                let warnings = findings.into_iter().filter(worth);
                answer.say(Texts::Of(program.clone()), warnings);
                Ok(Ok(program))
            }
            Compiled::Mistakes(sources, findings) => {
                answer.say(
                    Texts::Alone(sources),
                    findings.into_iter().filter(Finding::is_error),
                );
                Ok(Err(Stopped(Outcome::Mistakes)))
            }
        }
    }

    pub(super) fn does_not_fit(&self, cell: CellId) -> Outcome {
        let of_cell =
            |one: &&Binding| matches!(one, Binding::Cell { cell: other, .. } if *other == cell);
        let name = self
            .bindings
            .list
            .iter()
            .find(of_cell)
            .map_or("?", |one| &one.names()[0]);
        Outcome::Refused(format!(
            "`{name}` is no value of its type any more: bind it again"
        ))
    }

    /// Takes over what an input answered.
    pub(super) fn keep(
        &mut self,
        program: &Program,
        plan: &Plan,
        bytes: &[u8],
        world: &World,
    ) -> Result<Outcome, Outcome> {
        let too_large = || {
            let sentence = "the value is too large to come home; what was done to tags stays";
            Outcome::Refused(sentence.to_owned())
        };
        let Ok(Value::Tuple(parts)) = program.result(bytes) else {
            return Err(too_large());
        };
        let mut parts = parts.into_iter();
        let (Some(value), Some(Value::List(same))) = (parts.next(), parts.next()) else {
            return Err(too_large());
        };
        self.keep_all(plan, parts.collect(), &same);
        let Some(ty) = plan.value.clone() else {
            return Ok(Outcome::Nothing);
        };
        Ok(match (&plan.carried, value) {
            (Carried::Nothing, _) => Outcome::Nothing,
            (Carried::Stays, _) => Outcome::Value {
                value: "<function>".to_owned(),
                ty,
            },
            (Carried::Text, Value::Str(value)) => Outcome::Value { value, ty },
            (_, value) => Outcome::Value {
                value: world.named(value).to_string(),
                ty,
            },
        })
    }

    fn keep_all(&mut self, plan: &Plan, values: Vec<Value>, same: &[Value]) {
        let mut first = BTreeMap::new();
        for ((one, other), same) in statements::pairs(&plan.kept).zip(same) {
            if *same == Value::Bool(true) {
                first.entry(other).or_insert(one);
            }
        }
        let mut cells: Vec<CellId> = Vec::new();
        let mut values = values.into_iter();
        for becomes in &plan.becomes {
            if let Becomes::Source(text, names) = becomes {
                let (names, text) = (names.clone(), text.clone());
                self.bindings.add(Binding::Source { names, text });
                continue;
            }
            let Some(value) = values.next() else { break };
            let at = cells.len();
            let cell = match (becomes, first.get(&at)) {
                (Becomes::Cell(cell), _) => {
                    self.bindings.set(*cell, value);
                    *cell
                }
                (_, Some(first)) => cells[*first],
                (_, None) => self.bindings.new_cell(value, plan.kept[at].ty.clone()),
            };
            cells.push(cell);
            match becomes {
                Becomes::Older(place) => self.bindings.rebind(*place, cell),
                Becomes::New(name, mutability) => self.bindings.add(Binding::Cell {
                    name: name.clone(),
                    mutability: *mutability,
                    cell,
                }),
                Becomes::Cell(_) | Becomes::Source(..) => {}
            }
        }
        self.bindings.tidy();
    }
}

/// What the statements bind is kept: data as values, all else as source.
fn plan_new(program: &typed::Program, facts: &Facts, plan: &mut Plan, answer: &mut Answer) {
    let all = || facts.bound.iter().flatten();
    let mut seen = 0;
    for (at, bound) in facts.bound.iter().enumerate() {
        let types: Option<Vec<_>> = bound
            .iter()
            .map(|one| types::data(program, one.ty))
            .collect();
        let Some(types) = types else {
            seen += bound.len();
            let names: Vec<String> = bound.iter().map(|one| one.name.clone()).collect();
            if facts.remade[at] == Remade::Anew {
                let names = names.join("`, `");
                answer.notes.push(format!(
                    "no plain data, so it is made anew by each input that uses it: `{names}`"
                ));
            }
            plan.becomes
                .push(Becomes::Source(plan.statements[at].itself.clone(), names));
            continue;
        };
        for (one, ty) in bound.iter().zip(types) {
            seen += 1;
            // A later binding of the same input may hide it.
            if all().skip(seen).any(|later| later.name == one.name) {
                continue;
            }
            plan.kept.push(Kept {
                expression: one.name.clone(),
                ty,
            });
            plan.becomes
                .push(Becomes::New(one.name.clone(), one.mutability));
        }
    }
}

/// Where the new names were written.
fn early(checked: &Checked, facts: &Facts) -> Vec<Span> {
    let spans = facts.bound.iter().flatten().map(|one| one.span);
    let origins = spans.filter_map(|span| checked.sources.origin(FileId(0), span));
    origins.map(|(_, span)| span).collect()
}

/// The statements among the pieces of an input.
pub(super) fn statements_of(input: &Rc<Text>, pieces: &[Piece]) -> Vec<Statement> {
    let excerpt = |range| Excerpt {
        text: input.clone(),
        range,
    };
    let statements = pieces.iter().enumerate();
    statements
        .filter(|(_, piece)| piece.kind == PieceKind::Statement)
        .map(|(at, piece)| Statement {
            before: excerpt(before(pieces, at)..piece.span.start as usize),
            itself: excerpt(piece.span.range()),
        })
        .collect()
}

/// Where the text begins that belongs to a piece: with the comments before it.
pub(super) fn before(pieces: &[Piece], at: usize) -> usize {
    at.checked_sub(1)
        .map_or(0, |before| pieces[before].span.end as usize)
}
