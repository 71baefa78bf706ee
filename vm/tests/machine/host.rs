//! A node in miniature: answers are a function of what was asked, and everything is logged.

use std::collections::BTreeMap;

use sm_bytecode::{EntryRef, HopCode, TagCode};
use sm_vm::{Answer, CreateOptions, Host, Machine, Outcome, SpawnRefused, TagRef};

/// The identity of a tag.
pub(crate) type TagKey = ([u8; 32], Vec<u8>);

/// See the module's documentation.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct ScriptedHost {
    /// Value and version of each tag that is there.
    pub(crate) tags: BTreeMap<TagKey, (Vec<u8>, u64)>,
    /// Everything that was asked of the host, in order.
    pub(crate) log: Vec<String>,
    /// Counts what changes with every question.
    pub(crate) clock: u64,
}

impl ScriptedHost {
    fn note(&mut self, what: impl Into<String>) {
        self.log.push(what.into());
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// The lines the program printed.
    pub(crate) fn printed(&self) -> Vec<&str> {
        self.log
            .iter()
            .filter_map(|line| line.strip_prefix("print "))
            .collect()
    }

    /// Answers what the machine waits for, as a function of what the host saw so far.
    pub(crate) fn answer(&mut self, machine: &mut Machine, outcome: &Outcome) {
        self.clock += 1;
        let turn = self.clock;
        match outcome {
            Outcome::Move { hop, timeout } => {
                self.log.push(format!("move {} {timeout:?}", hop[0]));
                machine.answer(match turn % 3 {
                    0 => Answer::Hop(HopCode::Ok),
                    1 => Answer::Hop(HopCode::Timeout),
                    _ => Answer::Go {
                        seed: [turn as u8; 32],
                    },
                });
            }
            Outcome::MoveAll => machine.answer(Answer::Hop(HopCode::NoNeighbors)),
            Outcome::Block {
                tag,
                timeout,
                after,
            } => {
                self.log
                    .push(format!("block {} {timeout:?} {after:?}", tag.decl.name));
                let key = (tag.base, tag.key.clone());
                let value = self.tags.get(&key).map(|(value, _)| value.clone());
                machine.answer(Answer::Tag(value));
            }
            _ => self.clock -= 1,
        }
    }
}

fn key(tag: &TagRef<'_>) -> TagKey {
    (*tag.base, tag.key.to_vec())
}

impl Host for ScriptedHost {
    fn tag_create(&mut self, tag: &TagRef<'_>, value: &[u8], options: CreateOptions) -> TagCode {
        self.note(format!("create {} {value:?} {options:?}", tag.decl.name));
        if self.tags.contains_key(&key(tag)) {
            return TagCode::Exists;
        }
        let version = self.tick();
        self.tags.insert(key(tag), (value.to_vec(), version));
        TagCode::Ok
    }

    fn tag_delete(&mut self, tag: &TagRef<'_>) -> bool {
        self.note(format!("delete {} {:?}", tag.decl.name, tag.key));
        self.tags.remove(&key(tag)).is_some()
    }

    fn tag_has(&mut self, tag: &TagRef<'_>) -> bool {
        self.note(format!("has {} {:?}", tag.decl.name, tag.key));
        self.tags.contains_key(&key(tag))
    }

    fn tag_read(&mut self, tag: &TagRef<'_>) -> Option<&[u8]> {
        self.note(format!("read {} {:?}", tag.decl.name, tag.key));
        self.tags.get(&key(tag)).map(|(value, _)| value.as_slice())
    }

    fn tag_write(&mut self, tag: &TagRef<'_>, value: &[u8]) -> TagCode {
        self.note(format!("write {} {value:?}", tag.decl.name));
        let version = self.tick();
        self.tags.insert(key(tag), (value.to_vec(), version));
        TagCode::Ok
    }

    fn tag_version(&mut self, tag: &TagRef<'_>) -> u64 {
        self.tags.get(&key(tag)).map_or(0, |(_, version)| *version)
    }

    fn spawn(&mut self, entry: EntryRef, args: &[u8]) -> Result<[u8; 32], SpawnRefused> {
        self.note(format!("spawn {} {args:?}", entry.function));
        match self.tick() {
            count if count % 7 == 0 => Err(SpawnRefused),
            count => Ok([count as u8; 32]),
        }
    }

    fn neighbors(&mut self) -> Vec<[u8; 32]> {
        (0..self.tick() % 4)
            .map(|number| [number as u8; 32])
            .collect()
    }

    fn previous(&self) -> Option<[u8; 32]> {
        (self.clock % 2 == 1).then_some([9; 32])
    }

    fn here(&self) -> [u8; 32] {
        [1; 32]
    }

    fn home(&self) -> [u8; 32] {
        [2; 32]
    }

    fn hops(&self) -> u64 {
        self.clock
    }

    fn now(&self) -> u64 {
        self.clock * 1_000_000
    }

    fn id(&self) -> [u8; 32] {
        [3; 32]
    }

    fn print(&mut self, text: &str) {
        self.note(format!("print {text}"));
    }
}
