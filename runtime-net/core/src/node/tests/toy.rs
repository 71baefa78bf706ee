//! An engine whose programs are lists of steps, so that a test says exactly what happens.
//!
//! ```text
//! print TEXT | show             a line; the register
//! create T V | write T V | delete T | has T | read T | version T
//! block T [MS]                  register: 1 if the value came, 0 after the timeout
//! move N [MS] | copy            N is a node of the world; register: the answer's code
//! spawn LINE                    a message that starts there
//! here | hops | now             register
//! spin N | pad N | yield        fuel; bytes of state
//! goto LINE | zero LINE         jump; jump if the register is zero
//! done V | trap
//! say TEXT | close | listen     of the message's connection; the last one prints and takes a line
//! ended | await                 register; waits for news of the connection
//! ```
//! A tag whose name begins with `own.` is its author's; one that ends with `@N` lives N ms.

use std::rc::Rc;
use std::sync::Arc;

use sm_bytecode::{Access, BrickHash, EntryRef, TrapKind, TypeHash};
use sm_vm::{
    Answer, CreateOptions, Data, Host, Limits, Outcome, Seed, TagBuf, TagDecl, TrapReport,
};

use crate::codec::{DecodeError, Reader, Writer};
use crate::content::{Checked, ContentError, ContentId, ContentKind};
use crate::engine::Engine;
use crate::mtcp::ConnectionId;
use crate::node::connection::port::named;

/// The name of all connections.
pub(super) const CONNECTION: ConnectionId = ConnectionId([7; 16]);

#[derive(Debug)]
pub(super) struct Toy;

#[derive(Debug)]
pub(super) struct Machine {
    script: Rc<[String]>,
    pc: usize,
    register: i64,
    pad: usize,
    spin: u64,
    fuel: u64,
    seed: [u8; 32],
    pending: Option<Outcome>,
    /// It has ended: there is no state to capture.
    spent: bool,
}

/// A program is the hash of its only brick.
pub(super) fn program(script: &str) -> (Vec<u8>, Vec<u8>) {
    let brick = script.as_bytes().to_vec();
    (BrickHash::of(&brick).0.to_vec(), brick)
}

fn tag(name: &str) -> TagBuf {
    let lifetime = name
        .split_once('@')
        .and_then(|(_, ms)| ms.parse::<u64>().ok());
    let access = if name.starts_with("own.") {
        Access::Owner
    } else {
        Access::Any
    };
    TagBuf {
        base: *blake3::hash(name.as_bytes()).as_bytes(),
        key: Vec::new(),
        decl: Arc::new(TagDecl {
            name: name.to_owned(),
            value: TypeHash([0; 32]),
            descriptor: Vec::new(),
            keys: Vec::new(),
            lifetime: lifetime.map(|ms| ms * 1_000_000),
            read: access,
            write: access,
            owner: None,
        }),
    }
}

/// A tag of the connection.
fn part(name: &str) -> TagBuf {
    let (base, key) = named(name, CONNECTION);
    TagBuf {
        base,
        key,
        ..tag(name)
    }
}

/// The name of a tag of a toy program.
pub(super) fn tag_name(name: &str) -> crate::tags::TagName {
    crate::tags::TagName::plain(tag(name).base)
}

impl Machine {
    fn new(script: Rc<[String]>, pc: usize, seed: [u8; 32]) -> Self {
        Self {
            script,
            pc,
            register: 0,
            pad: 0,
            spin: 0,
            fuel: 0,
            seed,
            pending: None,
            spent: false,
        }
    }

    /// One step; what it stops for, if it does.
    fn step(&mut self, host: &mut dyn Host) -> Option<Outcome> {
        let line = self
            .script
            .get(self.pc)
            .cloned()
            .unwrap_or_else(|| "done 0".to_owned());
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.resize(3, "");
        self.pc += 1;
        let [verb, first, second] = [words[0], words[1], words[2]];
        self.ask(host, verb, first, second);
        let number = first.parse::<u64>().unwrap_or(0);
        match verb {
            "print" => host.print(first),
            "show" => host.print(&self.register.to_string()),
            "spin" => self.spin = number,
            "pad" => self.pad = number as usize,
            "goto" => self.pc = number as usize,
            "zero" if self.register == 0 => self.pc = number as usize,
            _ => {}
        }
        stop(verb, first, second)
    }

    /// The steps that put something into the register, or a tag's value on paper.
    fn ask(&mut self, host: &mut dyn Host, verb: &str, first: &str, second: &str) {
        let (tag, value) = (tag(first), second.as_bytes());
        let tag = tag.as_ref();
        self.register = match verb {
            "say" => {
                let mut text = vec![first.len() as u8 + 1];
                text.extend(first.as_bytes());
                text.push(b'\n');
                host.tag_write(&part("output").as_ref(), &text) as i64
            }
            "close" => host.tag_write(&part("ended").as_ref(), &[1]) as i64,
            "ended" => {
                let ended = host.tag_read(&part("ended").as_ref());
                i64::from(ended.is_some_and(|value| value == [1]))
            }
            "listen" => listen(host),
            "create" => host.tag_create(&tag, value, CreateOptions::default()) as i64,
            "write" => host.tag_write(&tag, value) as i64,
            "delete" => host.tag_delete(&tag).into(),
            "has" => host.tag_has(&tag).into(),
            "version" => host.tag_version(&tag) as i64,
            "spawn" => {
                let (brick, function) = (BrickHash([0; 32]), first.parse().unwrap_or(0));
                host.spawn(EntryRef { brick, function }, &[]).is_ok().into()
            }
            "here" => i64::from(host.here()[0]),
            "hops" => host.hops() as i64,
            "now" => (host.now() / 1_000_000) as i64,
            "read" => {
                let value = host.tag_read(&tag).map(|value| text(value).to_owned());
                host.print(value.as_deref().unwrap_or("none"));
                self.register
            }
            _ => self.register,
        };
    }

    fn decode(script: &Rc<[String]>, state: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(state);
        let (pc, register) = (input.var()? as usize, input.var()? as i64);
        let (pad, spin, fuel) = (input.bytes(1 << 26)?.len(), input.var()?, input.var()?);
        let seed = input.array()?;
        let waits = input.u8()?;
        input.finish()?;
        if pc > script.len() || waits > 1 {
            return Err(DecodeError::Unknown(waits));
        }
        let machine = Self::new(script.clone(), pc, seed);
        let mut machine = Self {
            register,
            pad,
            spin,
            fuel,
            ..machine
        };
        if waits == 1 {
            // The step that it waits in is the one before.
            machine.pc = pc.checked_sub(1).ok_or(DecodeError::NotCanonical)?;
            machine.pending = machine.step(&mut Nobody);
        }
        Ok(machine)
    }
}

impl Engine for Toy {
    type Code = Rc<[String]>;
    type Program = Rc<[String]>;
    type Machine = Machine;

    fn check(kind: ContentKind, bytes: &[u8]) -> Result<Checked<Self::Code>, ContentError> {
        let hash = Self::name(kind, bytes).hash;
        let invalid = |_| ContentError::Invalid("no toy".to_owned());
        if kind == ContentKind::Program {
            let brick: [u8; 32] = bytes.try_into().map_err(invalid)?;
            let needs = vec![ContentId {
                kind: ContentKind::Brick,
                hash: brick,
            }];
            let code = Rc::new([text(bytes).to_owned(), hex(&brick)]);
            return Ok(Checked { hash, needs, code });
        }
        if bytes.starts_with(b"future") {
            return Err(ContentError::Version);
        }
        let script: Vec<String> = std::str::from_utf8(bytes)
            .map_err(|_| ContentError::Invalid("no text".to_owned()))?
            .lines()
            .map(str::to_owned)
            .collect();
        Ok(Checked {
            hash,
            needs: Vec::new(),
            code: script.into(),
        })
    }

    fn name(kind: ContentKind, bytes: &[u8]) -> ContentId {
        ContentId {
            kind,
            hash: BrickHash::of(bytes).0,
        }
    }

    fn link<'a>(
        program: &[u8; 32],
        code: &dyn Fn(ContentId) -> Option<&'a Self::Code>,
    ) -> Result<Self::Program, String> {
        let manifest = code(ContentId::program(*program)).ok_or("no manifest")?;
        let hash = unhex(&manifest[1]);
        code(ContentId {
            kind: ContentKind::Brick,
            hash,
        })
        .cloned()
        .ok_or("no brick".to_owned())
    }

    fn start(
        program: &Self::Program,
        entry: EntryRef,
        _: &[u8],
        _: Limits,
        seed: Seed,
    ) -> Result<Machine, String> {
        Ok(Machine::new(
            program.clone(),
            entry.function.into(),
            seed.bytes(),
        ))
    }

    fn restore(program: &Self::Program, state: &[u8], _: Limits) -> Result<Machine, String> {
        Machine::decode(program, state).map_err(|error| error.to_string())
    }

    fn run(machine: &mut Machine, fuel: u64, host: &mut dyn Host) -> Outcome {
        if let Some(pending) = &machine.pending {
            return pending.clone();
        }
        for _ in 0..fuel {
            machine.fuel += 1;
            if machine.spin > 0 {
                machine.spin -= 1;
                continue;
            }
            match machine.step(host) {
                Some(stop @ (Outcome::Move { .. } | Outcome::MoveAll | Outcome::Block { .. })) => {
                    machine.pending = Some(stop.clone());
                    return stop;
                }
                Some(stop) => {
                    machine.spent = stop != Outcome::Yield;
                    return stop;
                }
                None => {}
            }
        }
        Outcome::OutOfFuel
    }

    fn answer(machine: &mut Machine, answer: Answer) {
        machine.pending = None;
        machine.register = match answer {
            Answer::Hop(code) => code as i64,
            Answer::Tag(value) => value.is_some().into(),
            Answer::Go { seed } => {
                machine.seed = seed;
                0
            }
        };
    }

    fn capture(machine: &Machine, out: &mut Vec<u8>) {
        assert!(!machine.spent, "there is no state to go on from");
        let mut writer = Writer::default();
        writer.var(machine.pc as u64);
        writer.var(machine.register as u64);
        writer.bytes(&vec![0; machine.pad]);
        writer.var(machine.spin);
        writer.var(machine.fuel);
        writer.raw(&machine.seed);
        writer.u8(machine.pending.is_some().into());
        out.extend(writer.0);
    }

    fn pending(machine: &Machine) -> Option<Outcome> {
        machine.pending.clone()
    }

    fn fuel_used(machine: &Machine) -> u64 {
        machine.fuel
    }

    fn bytes(machine: &Machine) -> u64 {
        machine.pad as u64
    }

    fn trap(machine: &mut Machine, kind: TrapKind) -> TrapReport {
        machine.spent = true;
        TrapReport {
            kind,
            message: None,
            frames: Vec::new(),
        }
    }
}

/// What a step makes the machine stop for.
fn stop(verb: &str, first: &str, second: &str) -> Option<Outcome> {
    let timeout = second.parse::<u64>().ok().map(|ms| ms * 1_000_000);
    let ty = TypeHash([0; 32]);
    Some(match verb {
        "block" => Outcome::Block {
            tag: tag(first),
            timeout,
            after: None,
        },
        "move" => Outcome::Move {
            hop: super::world::key(first.parse().unwrap_or(99)).0,
            timeout,
        },
        "await" => Outcome::Block {
            tag: part("news"),
            timeout: None,
            after: None,
        },
        "copy" => Outcome::MoveAll,
        "yield" => Outcome::Yield,
        "done" => Outcome::Done(Data {
            ty,
            bytes: first.as_bytes().to_vec(),
        }),
        "trap" => Outcome::Trap(TrapReport {
            kind: TrapKind::Panic,
            message: Some("trapped".to_owned()),
            frames: Vec::new(),
        }),
        _ => return None,
    })
}

/// Prints the next line and takes it; whether there was one.
fn listen(host: &mut dyn Host) -> i64 {
    let Some(line) = host.tag_read(&part("line").as_ref()).map(<[u8]>::to_vec) else {
        return 0;
    };
    host.print(text(&line[1..]).trim());
    let taken = [2 * (line.len() as u8 - 1)];
    host.tag_write(&part("taken").as_ref(), &taken);
    1
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("?")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap_or(0))
}

/// Answers nothing: to find out again what a step waits for.
struct Nobody;

impl Host for Nobody {
    fn tag_create(
        &mut self,
        _: &sm_vm::TagRef<'_>,
        _: &[u8],
        _: CreateOptions,
    ) -> sm_bytecode::TagCode {
        sm_bytecode::TagCode::Refused
    }
    fn tag_delete(&mut self, _: &sm_vm::TagRef<'_>) -> bool {
        false
    }
    fn tag_has(&mut self, _: &sm_vm::TagRef<'_>) -> bool {
        false
    }
    fn tag_read(&mut self, _: &sm_vm::TagRef<'_>) -> Option<&[u8]> {
        None
    }
    fn tag_write(&mut self, _: &sm_vm::TagRef<'_>, _: &[u8]) -> sm_bytecode::TagCode {
        sm_bytecode::TagCode::Refused
    }
    fn tag_version(&mut self, _: &sm_vm::TagRef<'_>) -> u64 {
        0
    }
    fn spawn(&mut self, _: EntryRef, _: &[u8]) -> Result<[u8; 32], sm_vm::SpawnRefused> {
        Err(sm_vm::SpawnRefused)
    }
    fn neighbors(&mut self) -> Vec<[u8; 32]> {
        Vec::new()
    }
    fn previous(&self) -> Option<[u8; 32]> {
        None
    }
    fn here(&self) -> [u8; 32] {
        [0; 32]
    }
    fn home(&self) -> [u8; 32] {
        [0; 32]
    }
    fn hops(&self) -> u64 {
        0
    }
    fn now(&self) -> u64 {
        0
    }
    fn id(&self) -> [u8; 32] {
        [0; 32]
    }
    fn print(&mut self, _: &str) {}
}
