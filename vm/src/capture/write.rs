//! Writing a state: frames first, then objects in the order in which they are first met.

use sm_bytecode::FloatBits;
use sm_bytecode::codec::Writer;

use crate::capture::tables::TablesOut;
use crate::heap::Heap;
use crate::heap::layout::{Addr, Class, FIELDS, Header, Kind, Ref, Target, TypeLayout};
use crate::index::{FuncId, TagId, TypeId};
use crate::machine::{Machine, Reply, Status};
use crate::program::Program;
use crate::shape::Shape;

pub(super) fn capture(machine: &Machine, out: &mut Vec<u8>) {
    let program = &*machine.program;
    // Most heaps are mostly live, and few values are longer than their words.
    out.reserve(2 * HEAD_BYTES + 8 * machine.heap.size());
    let start = out.len();
    let mut capture = Capture {
        program,
        heap: &machine.heap,
        out: Writer::from(std::mem::take(out)),
        tables: TablesOut::new(program),
        numbers: Numbers::new(machine.heap.size()),
        objects: Vec::new(),
        bulk: Vec::new(),
        start,
    };
    capture.out.number(machine.fuel_used);
    capture.out.raw(&machine.rng.state());
    capture.status(&machine.status);
    capture.frames(machine);
    capture.all_objects();
    let mut head = Writer::with_capacity(HEAD_BYTES);
    capture.tables.write(&mut head);
    *out = capture.out.into_bytes();
    let body = out.split_off(start);
    out.extend(head.into_bytes());
    let mut at = 0;
    for (before, block) in capture.bulk {
        out.extend_from_slice(&body[at..before]);
        out.extend_from_slice(block);
        at = before;
    }
    out.extend_from_slice(&body[at..]);
}

/// What the tables and the frames of a small message take.
const HEAD_BYTES: usize = 512;

/// Blocks of so many bytes or more are copied once, from the heap to their place. What is shorter
/// is moved again when the length of the head is known.
const BULK_BYTES: usize = 4096;

/// The number of the object at each address, from 1; 0 for what was not met. Where long lists and
/// texts are, nearly all pages stay empty.
struct Numbers(Vec<Option<Box<[u32; PAGE]>>>);

/// The addresses of a page.
const PAGE: usize = 256;

impl Numbers {
    fn new(size: usize) -> Self {
        Self(vec![None; size.div_ceil(PAGE)])
    }

    fn at(&mut self, addr: Addr) -> &mut u32 {
        let at = addr.at(0);
        let page = self.0[at / PAGE].get_or_insert_with(|| Box::new([0; PAGE]));
        &mut page[at % PAGE]
    }
}

struct Capture<'m> {
    program: &'m Program,
    heap: &'m Heap,
    out: Writer,
    tables: TablesOut<'m>,
    numbers: Numbers,
    /// The objects that were met, in the order of their numbers.
    objects: Vec<Addr>,
    /// Long blocks, each with the length of what stands before it in `out`.
    bulk: Vec<(usize, &'m [u8])>,
    /// Where the state begins in `out`.
    start: usize,
}

impl<'m> Capture<'m> {
    fn status(&mut self, status: &Status) {
        match status {
            Status::Ready => self.out.byte(0),
            Status::Waiting => self.out.byte(1),
            Status::Answered(Reply::Hop(code)) => {
                self.out.byte(2);
                self.out.byte(code.code());
            }
            Status::Answered(Reply::Tag(None)) => self.out.byte(3),
            Status::Answered(Reply::Tag(Some(value))) => {
                self.out.byte(4);
                self.out.blob(value);
            }
            Status::Ended(_) => panic!("a spent machine has no state to go on from"),
        }
    }

    /// Outermost first: the function, the program counter, and the live registers.
    fn frames(&mut self, machine: &Machine) {
        let frames = &machine.stack.frames;
        self.out.length(frames.len());
        for (index, frame) in frames.iter().enumerate() {
            let function = self.program.function(frame.func);
            self.tables.function(&mut self.out, frame.func);
            self.out.number((frame.pc.0 - function.start.0).into());
            let live = match index + 1 == frames.len() {
                true => self.program.live_before(frame.func, frame.pc),
                false => self.program.live_across(frame.func, frame.pc),
            };
            for reg in live.unwrap_or(&[]) {
                let word = machine.stack.regs[frame.base as usize + reg.index()];
                self.word(function.kinds[reg.index()], word);
            }
        }
    }

    fn all_objects(&mut self) {
        let mut next = 0;
        while let Some(addr) = self.objects.get(next).copied() {
            self.object(addr);
            next += 1;
        }
    }

    fn word(&mut self, kind: Kind, word: u64) {
        match kind {
            Kind::Int => self.out.signed(word as i64),
            Kind::Float => self.float(word),
            Kind::Bool => self.out.byte(word as u8),
            Kind::Enum(_) => self.out.number(word),
            Kind::Ref(_) | Kind::OptRef(_) => self.reference(Ref::of_word(word)),
        }
    }

    fn float(&mut self, word: u64) {
        let bits = FloatBits::of(f64::from_bits(word));
        self.out.raw(&bits.0.to_le_bytes());
    }

    /// 0 is null, an even number an object, 1 modulo 4 a constant, 3 modulo 4 a tag without keys.
    fn reference(&mut self, reference: Ref) {
        let number = match reference.target() {
            Target::Null => 0,
            Target::Object(addr) => self.object_number(addr) * 2,
            Target::Const(id) => self.tables.constant(id) * 4 + 1,
            Target::Tag(id) => self.tables.tag(id) * 4 + 3,
        };
        self.out.number(number);
    }

    fn object_number(&mut self, addr: Addr) -> u64 {
        let number = self.numbers.at(addr);
        if *number == 0 {
            self.objects.push(addr);
            *number = self.objects.len() as u32;
        }
        u64::from(*number)
    }

    fn object(&mut self, addr: Addr) {
        let header = self.heap.header(addr);
        match header.class() {
            Class::Blob => self.blob(header, addr),
            Class::Record => self.record(header, addr),
            Class::Closure => self.closure(header, addr),
            Class::List => self.list(header, Ref::object(addr)),
            Class::Map => self.map(Ref::object(addr)),
            Class::Tag => {
                let number = self.tables.tag(TagId(header.shape()));
                self.out.number(number);
                let key = self.heap.bytes_of(&self.program.statics, Ref::object(addr));
                self.out.blob(key);
            }
            Class::Place => self.place(Ref::object(addr)),
            Class::Words | Class::Refs | Class::Bytes | Class::Entries | Class::Forward => {
                unreachable!("is reached through the list or map it belongs to")
            }
        }
    }

    /// Identities have a known length, text and bytes have not.
    fn blob(&mut self, header: Header, addr: Addr) {
        let bytes = self.heap.bytes_of(&self.program.statics, Ref::object(addr));
        if self.program.shape(TypeId(header.shape())) != &Shape::Identity {
            self.out.length(bytes.len());
        }
        self.block(bytes);
    }

    /// Bytes as they are.
    fn block(&mut self, bytes: &'m [u8]) {
        match bytes.len() {
            0..BULK_BYTES => self.out.raw(bytes),
            _ => self.bulk.push((self.out.len() - self.start, bytes)),
        }
    }

    /// Words as they are, each in eight bytes.
    fn words(&mut self, words: &'m [u64]) {
        match cfg!(target_endian = "little") {
            true => self.block(bytemuck::cast_slice(words)),
            false => words
                .iter()
                .for_each(|word| self.out.raw(&word.to_le_bytes())),
        }
    }

    fn record(&mut self, header: Header, addr: Addr) {
        let ty = TypeId(header.shape());
        if let Shape::Enum(_) = self.program.shape(ty) {
            self.out.number(header.variant().into());
        }
        let program = self.program;
        let layout = program.statics.layouts.record(ty, header.variant());
        let kinds = layout.map_or(&[][..], |layout| &layout.kinds);
        for (slot, kind) in kinds.iter().enumerate() {
            self.word(*kind, self.heap.word(addr.at(FIELDS + slot)));
        }
    }

    fn closure(&mut self, header: Header, addr: Addr) {
        let func = FuncId(header.shape());
        self.tables.function(&mut self.out, func);
        let program = self.program;
        let layout = &program.statics.layouts.closures[func.index()];
        for (slot, kind) in layout.kinds.iter().enumerate() {
            self.word(*kind, self.heap.word(addr.at(FIELDS + slot)));
        }
    }

    fn list(&mut self, header: Header, list: Ref) {
        let TypeLayout::List(kind) = *self.program.statics.layouts.of(TypeId(header.shape()))
        else {
            return;
        };
        self.out.number(self.heap.changes(list));
        self.out.length(self.heap.list_len(list));
        match kind {
            Kind::Bool => self.block(self.heap.list_bytes(list)),
            Kind::Int => self.words(self.heap.list_elements(list)),
            Kind::Float => {
                let words = self.heap.list_elements(list);
                match words.iter().all(|word| FloatBits(*word).is_canonical()) {
                    true => self.words(words),
                    false => words.iter().for_each(|word| self.float(*word)),
                }
            }
            _ => {
                let heap = self.heap;
                heap.list_elements(list)
                    .iter()
                    .for_each(|word| self.word(kind, *word));
            }
        }
    }

    /// The number of holes, then the live entries; with holes, each is preceded by how many lie
    /// before it.
    fn map(&mut self, map: Ref) {
        let heap = self.heap;
        let kinds = heap.map_kinds(&self.program.statics, map);
        let (live, used) = (heap.map_len(map), heap.map_used(map));
        self.out.number(heap.changes(map));
        self.out.length(live);
        self.out.length(used - live);
        let mut gap = 0;
        for entry in 0..used {
            let Some(key) = heap.map_key(map, kinds, entry) else {
                gap += 1;
                continue;
            };
            if used != live {
                self.out.length(gap);
                gap = 0;
            }
            self.word(kinds.key, key);
            if let (Some(kind), Some(value)) = (kinds.value, heap.map_value(map, kinds, entry)) {
                self.word(kind, value);
            }
        }
    }

    fn place(&mut self, place: Ref) {
        let (wanted, unwanted) = self.heap.place_tags(place);
        self.out.length(wanted.len());
        self.out.length(unwanted.len());
        for tag in wanted.iter().chain(unwanted) {
            self.reference(Ref::of_word(*tag));
        }
    }
}
