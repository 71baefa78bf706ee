//! The tables at the beginning of a state: bricks, constants and tags, each in the order of its
//! first use, so that there is one way to number them.

use sm_bytecode::codec::{Reader, Writer};
use sm_bytecode::{BrickHash, Const};

use crate::capture::{MAGIC, RestoreError, VERSION};
use crate::index::{ConstId, FuncId, TagId};
use crate::program::{Program, Source};

/// Numbers things in the order in which they are first asked for.
struct Numbering {
    /// The number of each thing plus 1; 0 for what was not asked for.
    numbers: Vec<u32>,
    order: Vec<u32>,
}

impl Numbering {
    fn new(count: usize) -> Numbering {
        Numbering {
            numbers: vec![0; count],
            order: Vec::new(),
        }
    }

    fn number(&mut self, index: usize) -> u64 {
        if self.numbers[index] == 0 {
            self.order.push(index as u32);
            self.numbers[index] = self.order.len() as u32;
        }
        u64::from(self.numbers[index] - 1)
    }
}

/// The tables of a state that is written.
pub(super) struct TablesOut<'p> {
    program: &'p Program,
    bricks: Numbering,
    consts: Numbering,
    tags: Numbering,
}

impl<'p> TablesOut<'p> {
    pub(super) fn new(program: &'p Program) -> Self {
        TablesOut {
            program,
            bricks: Numbering::new(program.bricks.len()),
            consts: Numbering::new(program.statics.texts.len()),
            tags: Numbering::new(program.tags.len()),
        }
    }

    /// Writes a function: its brick and its position there.
    pub(super) fn function(&mut self, out: &mut Writer, id: FuncId) {
        let function = self.program.function(id);
        out.number(self.bricks.number(function.brick as usize));
        out.number(function.function.into());
    }

    pub(super) fn constant(&mut self, id: ConstId) -> u64 {
        let source = self.program.const_sources[id.index()];
        self.bricks.number(source.brick as usize);
        self.consts.number(id.index())
    }

    pub(super) fn tag(&mut self, id: TagId) -> u64 {
        let source = self.program.tags[id.index()].source;
        self.bricks.number(source.brick as usize);
        self.tags.number(id.index())
    }

    /// Writes the beginning of a state, all of whose body was written before.
    pub(super) fn write(mut self, out: &mut Writer) {
        out.raw(&MAGIC);
        out.number(VERSION);
        let bricks = std::mem::take(&mut self.bricks.order);
        out.list(&bricks, |out, index| {
            out.raw(&self.program.bricks[*index as usize].hash.0)
        });
        let consts = std::mem::take(&mut self.consts.order);
        out.list(&consts, |out, id| {
            let source = self.program.const_sources[*id as usize];
            write_source(&mut self.bricks, out, source);
        });
        let tags = std::mem::take(&mut self.tags.order);
        out.list(&tags, |out, id| {
            let source = self.program.tags[*id as usize].source;
            write_source(&mut self.bricks, out, source);
        });
    }
}

fn write_source(bricks: &mut Numbering, out: &mut Writer, source: Source) {
    out.number(bricks.number(source.brick as usize));
    out.number(source.index.into());
}

/// The bricks at the beginning of a state.
pub(super) fn read_bricks(reader: &mut Reader<'_>) -> Result<Vec<BrickHash>, RestoreError> {
    if reader.raw(MAGIC.len()).ok() != Some(&MAGIC[..]) {
        return Err(RestoreError::NotAState);
    }
    match reader.number()? {
        VERSION => Ok(reader.list(|reader| reader.hash().map(BrickHash))?),
        future => Err(RestoreError::FutureVersion(future)),
    }
}

/// A table that is read: what it lists, and how far it was used in order.
struct Listed<T> {
    items: Vec<T>,
    used: usize,
}

impl<T: Copy> Listed<T> {
    /// The item with this number, and whether this is its first use.
    fn take(&mut self, number: u64) -> Result<(T, bool), RestoreError> {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let first = number == self.used;
        if number > self.used || number >= self.items.len() {
            return Err(RestoreError::Forged("a number is out of order"));
        }
        self.used += usize::from(first);
        Ok((self.items[number], first))
    }

    fn check_all_used(&self) -> Result<(), RestoreError> {
        match self.used == self.items.len() {
            true => Ok(()),
            false => Err(RestoreError::Forged("a table lists what is not used")),
        }
    }
}

/// The tables of a state that is read.
pub(super) struct TablesIn<'p> {
    program: &'p Program,
    /// Positions in the program's bricks.
    bricks: Listed<u32>,
    /// A constant, and the number of its brick in this state.
    consts: Listed<(ConstId, u64)>,
    tags: Listed<(TagId, u64)>,
}

impl<'p> TablesIn<'p> {
    pub(super) fn read(
        program: &'p Program,
        reader: &mut Reader<'_>,
    ) -> Result<Self, RestoreError> {
        let mut bricks = Vec::new();
        for hash in read_bricks(reader)? {
            let index = program
                .brick_index(&hash)
                .ok_or(RestoreError::StrangeBrick(hash))?;
            bricks.push(index);
        }
        let sources = reader.list(|reader| Ok((reader.number()?, reader.number32()?)))?;
        let mut consts = Vec::new();
        for (number, index) in sources {
            let brick = brick_at(program, &bricks, number)?;
            let id = program.bricks[brick].consts.get(index as usize);
            consts.push((*id.ok_or(RestoreError::Forged("no such constant"))?, number));
        }
        let sources = reader.list(|reader| Ok((reader.number()?, reader.number32()?)))?;
        let mut tags = Vec::new();
        for (number, index) in sources {
            let brick = brick_at(program, &bricks, number)?;
            let id = program.bricks[brick].tags.get(index as usize);
            let id = *id.ok_or(RestoreError::Forged("no such tag"))?;
            let source = program.tags[id.index()].source;
            if (source.brick as usize, source.index) != (brick, index) {
                return Err(RestoreError::Forged(
                    "a tag is named by another brick's declaration",
                ));
            }
            tags.push((id, number));
        }
        distinct(&bricks)?;
        distinct(&consts)?;
        distinct(&tags)?;
        Ok(TablesIn {
            program,
            bricks: Listed {
                items: bricks,
                used: 0,
            },
            consts: Listed {
                items: consts,
                used: 0,
            },
            tags: Listed {
                items: tags,
                used: 0,
            },
        })
    }

    pub(super) fn function(&mut self, reader: &mut Reader<'_>) -> Result<FuncId, RestoreError> {
        let (brick, _) = self.bricks.take(reader.number()?)?;
        let id = self.program.find_at(brick, reader.number16()?);
        id.ok_or(RestoreError::Forged("no such function"))
    }

    pub(super) fn constant(&mut self, number: u64) -> Result<ConstId, RestoreError> {
        let ((id, brick), first) = self.consts.take(number)?;
        if first {
            self.bricks.take(brick)?;
        }
        Ok(id)
    }

    pub(super) fn tag(&mut self, number: u64) -> Result<TagId, RestoreError> {
        let ((id, brick), first) = self.tags.take(number)?;
        if first {
            self.bricks.take(brick)?;
        }
        Ok(id)
    }

    /// Whether a constant is text, and not bytes.
    pub(super) fn is_text(&self, id: ConstId) -> bool {
        let source = self.program.const_sources[id.index()];
        let group = &self.program.bricks[source.brick as usize].group;
        matches!(group.consts.get(source.index as usize), Some(Const::Str(_)))
    }

    pub(super) fn check_all_used(&self) -> Result<(), RestoreError> {
        self.bricks.check_all_used()?;
        self.consts.check_all_used()?;
        self.tags.check_all_used()
    }
}

fn brick_at(program: &Program, bricks: &[u32], number: u64) -> Result<usize, RestoreError> {
    let brick = usize::try_from(number)
        .ok()
        .and_then(|number| bricks.get(number));
    match brick {
        Some(brick) if (*brick as usize) < program.bricks.len() => Ok(*brick as usize),
        _ => Err(RestoreError::Forged("no such brick")),
    }
}

fn distinct<T: Ord>(items: &[T]) -> Result<(), RestoreError> {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort_unstable();
    match sorted.is_sorted_by(|a, b| a < b) {
        true => Ok(()),
        false => Err(RestoreError::Forged("a table lists something twice")),
    }
}
