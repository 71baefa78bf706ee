//! Debug blobs: names and source positions for the bricks of a module.

use std::collections::{BTreeMap, BTreeSet};

use sm_bytecode::{BrickHash, DebugBlob, DebugFunction, DebugGroup, Position, Reg};

use super::groups::{Brick, Bricks};
use super::program::Lowering;
use super::unit::InstanceId;
use crate::ast::{FileId, Span};

/// The text of a source file, and where its lines begin.
#[derive(Debug)]
struct Lines<'s> {
    text: &'s str,
    starts: Vec<u32>,
}

impl<'s> Lines<'s> {
    fn new(text: &'s str) -> Self {
        let ends = text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(ends.map(|(_, after)| after))
            .collect();
        Self { text, starts }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    fn place(&self, at: u32) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts[line - 1] as usize;
        let before = self
            .text
            .get(start..at as usize)
            .unwrap_or_default()
            .chars()
            .count();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (number(line), number(before + 1))
    }
}

/// Makes debug blobs from bricks that were compiled now.
pub(crate) struct DebugMaker<'a, 'p> {
    lowering: &'a Lowering<'p>,
    bricks: BTreeMap<BrickHash, &'a Brick>,
    lines: BTreeMap<FileId, Lines<'p>>,
}

impl<'a, 'p> DebugMaker<'a, 'p> {
    /// `text_of` answers the source of a file.
    pub(crate) fn new(
        lowering: &'a Lowering<'p>,
        bricks: &'a Bricks,
        text_of: impl Fn(FileId) -> &'p str,
    ) -> Self {
        let files = lowering.program.modules.iter().map(|module| module.file);
        let lines = files
            .map(|file| (file, Lines::new(text_of(file))))
            .collect();
        let bricks = bricks
            .bricks
            .iter()
            .map(|brick| (brick.hash, brick))
            .collect();
        Self {
            lowering,
            bricks,
            lines,
        }
    }

    /// The blob for these bricks.
    pub(crate) fn blob(&self, groups: &BTreeSet<BrickHash>) -> DebugBlob {
        let bricks: Vec<&Brick> = groups
            .iter()
            .filter_map(|hash| self.bricks.get(hash).copied())
            .collect();
        let files: BTreeSet<String> = bricks
            .iter()
            .flat_map(|brick| &brick.sources)
            .map(|source| self.file_of(source.instance).0)
            .collect();
        let files: Vec<String> = files.into_iter().collect();
        let groups = bricks
            .iter()
            .map(|brick| DebugGroup {
                brick: brick.hash,
                functions: brick
                    .sources
                    .iter()
                    .map(|one| self.function(one, &files))
                    .collect(),
            })
            .collect();
        DebugBlob { files, groups }
    }

    /// The file that an instance comes from, by the path of its module.
    fn file_of(&self, id: InstanceId) -> (String, FileId) {
        let function = self
            .lowering
            .program
            .function(self.lowering.instances[id.0].function);
        let module = self.lowering.program.module(function.module);
        (module.path.to_string(), module.file)
    }

    fn function(&self, source: &super::groups::Source, files: &[String]) -> DebugFunction {
        let (name, id) = self.file_of(source.instance);
        let file = files.binary_search(&name).unwrap_or_default();
        let file = u32::try_from(file).unwrap_or_default();
        let mut positions: Vec<Position> = Vec::new();
        let mut last: Option<Span> = None;
        for (span, pc) in source.spans.iter().zip(0..) {
            if last.replace(*span) != Some(*span) {
                let (line, column) = self
                    .lines
                    .get(&id)
                    .map_or((1, 1), |lines| lines.place(span.start));
                let (start, end) = (span.start, span.end);
                positions.push(Position {
                    pc,
                    file,
                    start,
                    end,
                    line,
                    column,
                });
            }
        }
        let registers: Vec<(Reg, String)> = source.names.clone();
        DebugFunction {
            name: source.name.clone(),
            registers,
            positions,
        }
    }
}
