//! Debug blobs: names and source positions for the bricks of a module.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sm_bytecode::{BrickHash, DebugBlob, DebugFunction, DebugGroup, InlinedCall, Position};

use super::body::Origin;
use super::groups::{Brick, Bricks, Source};
use super::program::Lowering;
use crate::ast::FileId;

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
    /// The paths of modules by their files.
    paths: HashMap<FileId, &'p str>,
}

impl<'a, 'p> DebugMaker<'a, 'p> {
    /// `text_of` answers the source of a file.
    pub(crate) fn new(
        lowering: &'a Lowering<'p>,
        bricks: &'a Bricks,
        text_of: impl Fn(FileId) -> &'p str,
    ) -> Self {
        let modules = || lowering.program.modules.iter();
        let files = modules().map(|module| module.file);
        let lines = files
            .map(|file| (file, Lines::new(text_of(file))))
            .collect();
        // Of several modules of one file the first counts.
        let paths = modules().rev().map(|module| (module.file, &*module.path));
        let bricks = bricks
            .bricks
            .iter()
            .map(|brick| (brick.hash, brick))
            .collect();
        Self {
            lowering,
            bricks,
            lines,
            paths: paths.collect(),
        }
    }

    /// The blob for these bricks.
    pub(crate) fn blob(&self, groups: &BTreeSet<BrickHash>) -> DebugBlob {
        let bricks: Vec<&Brick> = groups
            .iter()
            .filter_map(|hash| self.bricks.get(hash).copied())
            .collect();
        let sources = bricks.iter().flat_map(|brick| &brick.sources);
        let ids: BTreeSet<FileId> = sources.flat_map(|source| self.files_of(source)).collect();
        let files: BTreeSet<&str> = ids.into_iter().map(|id| self.path_of(id)).collect();
        let files: Vec<&str> = files.into_iter().collect();
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
        let files = files.into_iter().map(str::to_owned).collect();
        DebugBlob { files, groups }
    }

    /// The files that code of a function comes from.
    fn files_of(&self, source: &Source) -> impl Iterator<Item = FileId> {
        let inlined = source.inlined.iter().map(|call| call.file);
        std::iter::once(self.lowering.file_of(source.instance)).chain(inlined)
    }

    fn path_of(&self, file: FileId) -> &'p str {
        self.paths.get(&file).copied().unwrap_or_default()
    }

    fn function(&self, source: &Source, files: &[&str]) -> DebugFunction {
        // For each kind of code its file, and the place of that in the blob.
        let ids = self.files_of(source);
        let ids: Vec<(FileId, u32)> = ids
            .map(|id| {
                let at = files.binary_search(&self.path_of(id)).unwrap_or_default();
                (id, u32::try_from(at).unwrap_or_default())
            })
            .collect();
        let position = |pc: u32, origin: Origin| {
            let (id, file) = ids[origin.inlined as usize];
            let lines = self.lines.get(&id);
            let (line, column) = lines.map_or((1, 1), |lines| lines.place(origin.span.start));
            Position {
                pc,
                file,
                start: origin.span.start,
                end: origin.span.end,
                line,
                column,
                inlined: origin.inlined,
            }
        };
        let runs = || source.origins.chunk_by(|one, next| one == next);
        let mut positions = Vec::with_capacity(runs().count());
        let mut pc = 0;
        for run in runs() {
            positions.push(position(pc, run[0]));
            pc += u32::try_from(run.len()).expect("instructions are counted");
        }
        let named = source.names.iter();
        let named = named.map(|(reg, name)| (*reg, name.to_string()));
        let inlined = source.inlined.iter().map(|call| InlinedCall {
            name: call.name.to_string(),
            at: position(0, call.at),
        });
        DebugFunction {
            name: source.name.clone(),
            registers: named.collect(),
            inlined: inlined.collect(),
            positions,
        }
    }
}
