//! What `smc cost` and its like say: sizes, variables and frames as text and as JSON.

mod json;
mod text;
mod types;

use sm_bytecode::bundle::Bundle;
use sm_bytecode::{BrickHash, Position};
use sm_compiler::ast::{FileId, Span};
use sm_compiler::cost::{Assume, Cost, Frame, FramePlace, Point};

use sm_compiler::check::PRELUDE;

use crate::exit::Failure;
use crate::program::Program;
use crate::sources::Sources;

pub(crate) use json::json;
pub(crate) use text::{bytes, text};
pub(crate) use types::Types;

/// What a program's messages carry around, and what is needed to talk about it.
#[derive(Debug)]
pub(crate) struct Report<'p> {
    program: &'p Program,
    pub(crate) assume: Assume,
    /// In the order of the source.
    pub(crate) points: Vec<Point>,
    /// Of those that lead out of the program's own code, or move themselves.
    pub(crate) last: Vec<FramePlace>,
    pub(crate) code: Code,
    /// The types of variables as the source has them.
    types: Types,
}

/// The bricks that a node needs before a message can run there: those of the whole program.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Code {
    pub(crate) bricks: usize,
    pub(crate) bytes: usize,
    /// Those among them that the library was compiled to.
    pub(crate) library_bricks: usize,
    pub(crate) library_bytes: usize,
    /// Manifests of the program and its modules.
    pub(crate) manifest_bytes: usize,
}

/// A module that the program brings itself.
pub(crate) fn is_own(module: &str) -> bool {
    sm_stdlib::source(module).is_none()
}

impl<'p> Report<'p> {
    pub(crate) fn of(program: &'p Program, assume: Assume, types: Types) -> Result<Self, Failure> {
        let cost = Cost::of(program.bundle(), assume)
            .map_err(|error| Failure::failed(format!("the program cannot be judged: {error}")))?;
        let points = cost.points(is_own);
        let last = points.iter().filter(|point| cost.is_last(point, is_own));
        Ok(Self {
            last: last.map(|point| point.frame.place).collect(),
            points,
            program,
            assume,
            code: Code::of(program.bundle()),
            types,
        })
    }

    fn sources(&self) -> &Sources {
        &self.program.sources
    }

    /// The file as people know it, and the line and column.
    fn place(&self, frame: &Frame) -> Option<(String, Position)> {
        let position = frame.position?;
        let name = self.sources().module_name(&frame.function.module);
        Some((name, position))
    }

    /// The first line of the source there, as far as it fits.
    fn snippet(&self, frame: &Frame) -> Option<String> {
        const WIDTH: usize = 60;
        let position = frame.position?;
        let text = self.sources().module_text(&frame.function.module)?;
        let text = text.get(position.start as usize..position.end as usize)?;
        let line = text.lines().next()?.trim();
        let cut = line.chars().count() > WIDTH || line.len() < text.trim_end().len();
        let kept: String = line.chars().take(WIDTH).collect();
        Some(match cut {
            true => format!("{} ..", kept.trim_end()),
            false => kept,
        })
    }

    /// The range in the source, for diagnostics.
    pub(crate) fn span(&self, frame: &Frame) -> Option<(FileId, Span)> {
        let position = frame.position?;
        let file = self.sources().file_of_module(&frame.function.module)?;
        Some((file, Span::new(position.start, position.end)))
    }
}

impl Code {
    fn of(bundle: &Bundle) -> Self {
        let mut code = Self {
            manifest_bytes: bundle.program.encode().len(),
            ..Self::default()
        };
        let manifests = bundle.modules.iter().map(|module| module.encode().len());
        code.manifest_bytes += manifests.sum::<usize>();
        for (hash, brick) in bundle.program.bricks.iter().zip(&bundle.bricks) {
            let bytes = brick.encode().len();
            code.bricks += 1;
            code.bytes += bytes;
            if is_prebuilt(hash) {
                code.library_bricks += 1;
                code.library_bytes += bytes;
            }
        }
        code
    }
}

/// Whether the library was compiled to this brick: other programs bring it too.
fn is_prebuilt(hash: &BrickHash) -> bool {
    let mut modules = sm_stdlib::prebuilt().iter();
    modules.any(|module| module.code().manifest.groups.binary_search(hash).is_ok())
}

/// `main 16 > route/pull.migrate 4 > travel 56`: the most bytes of each frame. A module is named
/// where it is entered.
fn chain(frames: &[Frame]) -> String {
    let mut known = "";
    let names = frames.iter().map(|frame| {
        let (module, name) = (&*frame.function.module, &*frame.function.name);
        let entered = std::mem::replace(&mut known, module) != module;
        let plain = module.starts_with('.') || module.is_empty() || module == PRELUDE;
        let name = match entered && !plain {
            true => format!("{module}.{name}"),
            false => name.to_owned(),
        };
        format!("{name} {}", frame.size.max)
    });
    names.collect::<Vec<_>>().join(" > ")
}
