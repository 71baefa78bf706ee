//! The bounds of `smc cost` hold: programs run, and wherever one moves or sleeps its captured state
//! is held against what was foretold for the frames that are under way.

#[path = "support/compile.rs"]
#[expect(dead_code, reason = "the cases of the language need more of it")]
mod compile;

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use sm_bytecode::{EntryRef, HopCode, TagCode};
use sm_compiler::cost::{Assume, Bytes, Cost, FramePlace};
use sm_vm::{Answer, CreateOptions, Host, Limits, Machine, Outcome, SpawnRefused, TagRef};

/// Stops of all messages of one program that are looked at.
const STOPS: usize = 300;

/// More than any collection or text of the programs here has.
const MANY: Assume = Assume { elements: 200 };
const NONE: Assume = Assume { elements: 0 };

/// What was foretold of a state, and how large it is.
struct Stop {
    foretold: Bytes,
    with_empty: Bytes,
    real: u64,
    place: String,
    /// How many numbers stand in its frames themselves.
    ints: u64,
}

#[test]
fn every_state_is_within_its_bounds() {
    let mut files = programs("tests/cost");
    files.extend(programs("examples"));
    // Services wait for a connection, which there is none of here.
    const SERVICES: [&str; 3] = ["chat.sm", "kv.sm", "stream.sm"];
    files.retain(|file| !SERVICES.iter().any(|service| file.ends_with(service)));
    files.push(root().join("src/project/template/main.sm"));
    assert!(files.len() >= 7, "programs are missing: {files:?}");
    for file in files {
        let stops = run(&file);
        assert!(!stops.is_empty(), "{} does not move", file.display());
        for stop in stops {
            let Bytes { min, max, .. } = stop.foretold;
            assert!(
                (min..=max).contains(&stop.real),
                "{}: {} bytes at {}, foretold were {min} to {max}",
                file.display(),
                stop.real,
                stop.place,
            );
            assert!(stop.with_empty.min == min && stop.with_empty.max <= max);
        }
    }
}

/// Fuel and status differ from run to run; the times that primitives are given are numbers.
#[test]
fn what_has_a_fixed_size_is_foretold_to_the_byte() {
    const FUEL_AND_STATUS: u64 = 8 + 1;
    const INT: u64 = 9;
    let stops = run(&root().join("tests/cost/fixed.sm"));
    for stop in &stops {
        let Bytes { min, max, .. } = stop.foretold;
        assert_eq!(stop.foretold, stop.with_empty, "nothing here grows");
        // A tag may be named by a brick of its own, or by one that is there anyway.
        if stop.place.contains("block") {
            continue;
        }
        let loose = FUEL_AND_STATUS + INT * stop.ints;
        assert_eq!(max - min, loose, "{min} to {max} at {}", stop.place);
    }
    assert!(stops.len() >= 4, "only {} stops", stops.len());
}

/// The bound for empty collections is one for empty collections only: else it would say nothing.
#[test]
fn elements_count() {
    let stops = run(&root().join("tests/cost/growing.sm"));
    let larger = stops.iter().filter(|stop| stop.real > stop.with_empty.max);
    assert!(larger.count() >= 3);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn programs(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect("a folder of programs");
    let files = entries.map(|entry| entry.expect("it can be read").path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "sm"))
        .collect();
    files.sort();
    files
}

/// Runs a program's messages, and looks at each where it stops.
fn run(file: &Path) -> Vec<Stop> {
    let ready = compile::file(file);
    let program = ready.program.clone();
    let program = program.unwrap_or_else(|| panic!("{}: {:?}", file.display(), ready.diagnostics));
    let bundle = ready.bundle.as_ref().expect("it has code");
    let many = Cost::of(bundle, MANY).expect("it can be judged");
    let none = Cost::of(bundle, NONE).expect("it can be judged");
    let mut world = World::default();
    // A node knows no defaults: two times, and a text, as data.
    let arguments = match file.file_name().and_then(|name| name.to_str()) {
        Some("led.sm") => vec![4],
        Some("tracking.sm") => b"\x07red van".to_vec(),
        _ => Vec::new(),
    };
    world.children.push_back((program.entry(), arguments));
    let mut stops = Vec::new();
    while let Some((entry, arguments)) = world.children.pop_front() {
        let machine = Machine::start(
            program.clone(),
            entry,
            &arguments,
            Limits::default(),
            [7; 32],
        );
        let mut machine = machine.expect("the arguments fit");
        while stops.len() < STOPS {
            let outcome = machine.run(10_000_000, &mut world);
            let answer = match outcome {
                Outcome::Move { .. } => Answer::Hop(world.hop()),
                Outcome::MoveAll => Answer::Go { seed: [9; 32] },
                Outcome::Block { timeout, .. } => {
                    world.now += timeout.unwrap_or(1_000_000_000);
                    Answer::Tag(None)
                }
                Outcome::Yield | Outcome::OutOfFuel => continue,
                _ => break,
            };
            stops.push(look(&machine, &many, &none));
            if matches!(outcome, Outcome::Block { timeout: None, .. }) {
                break;
            }
            machine.answer(answer);
        }
    }
    stops
}

fn look(machine: &Machine, many: &Cost<'_>, none: &Cost<'_>) -> Stop {
    let mut bytes = Vec::new();
    machine.capture(&mut bytes);
    let frames: Vec<FramePlace> = machine
        .frames()
        .iter()
        .rev()
        .map(|frame| FramePlace {
            function: frame.at,
            pc: frame.pc,
        })
        .collect();
    let known = frames.iter().map(|place| many.frame(*place));
    let known: Vec<_> = known.map(|frame| frame.expect("a known frame")).collect();
    let names: Vec<&str> = known.iter().map(|frame| &*frame.function.name).collect();
    let variables = known.iter().flat_map(|frame| &frame.variables);
    let ints = variables.filter(|variable| variable.ty == "Int").count();
    Stop {
        foretold: many.state(&frames).expect("the frames are known"),
        with_empty: none.state(&frames).expect("the frames are known"),
        real: bytes.len() as u64,
        place: names.join(" > "),
        ints: ints as u64,
    }
}

/// The identity of a tag, and its keys.
type Key = ([u8; 32], Vec<u8>);

/// A node with two neighbors, on which every second hop works.
#[derive(Default)]
struct World {
    tags: BTreeMap<Key, (Vec<u8>, u64)>,
    children: VecDeque<(EntryRef, Vec<u8>)>,
    now: u64,
    hops: u64,
}

impl World {
    fn hop(&mut self) -> HopCode {
        self.hops += 1;
        match self.hops.is_multiple_of(2) {
            true => HopCode::Busy,
            false => HopCode::Ok,
        }
    }

    fn node(number: u64) -> [u8; 32] {
        [u8::try_from(number % 3).expect("less than three") + 1; 32]
    }
}

fn key(tag: &TagRef<'_>) -> Key {
    (*tag.base, tag.key.to_vec())
}

impl Host for World {
    fn tag_create(&mut self, tag: &TagRef<'_>, value: &[u8], _: CreateOptions) -> TagCode {
        match self.tags.contains_key(&key(tag)) {
            true => TagCode::Exists,
            false => self.tag_write(tag, value),
        }
    }

    fn tag_delete(&mut self, tag: &TagRef<'_>) -> bool {
        self.tags.remove(&key(tag)).is_some()
    }

    fn tag_has(&mut self, tag: &TagRef<'_>) -> bool {
        self.tags.contains_key(&key(tag))
    }

    fn tag_read(&mut self, tag: &TagRef<'_>) -> Option<&[u8]> {
        self.tags.get(&key(tag)).map(|(value, _)| &value[..])
    }

    fn tag_write(&mut self, tag: &TagRef<'_>, value: &[u8]) -> TagCode {
        let version = self.tag_version(tag) + 1;
        self.tags.insert(key(tag), (value.to_vec(), version));
        TagCode::Ok
    }

    fn tag_version(&mut self, tag: &TagRef<'_>) -> u64 {
        self.tags.get(&key(tag)).map_or(0, |(_, version)| *version)
    }

    fn spawn(&mut self, entry: EntryRef, args: &[u8]) -> Result<[u8; 32], SpawnRefused> {
        self.children.push_back((entry, args.to_vec()));
        Ok([8; 32])
    }

    fn neighbors(&mut self) -> Vec<[u8; 32]> {
        vec![Self::node(self.hops + 1), Self::node(self.hops + 2)]
    }

    fn previous(&self) -> Option<[u8; 32]> {
        (self.hops > 0).then(|| Self::node(self.hops + 1))
    }

    fn here(&self) -> [u8; 32] {
        Self::node(self.hops)
    }

    fn home(&self) -> [u8; 32] {
        Self::node(0)
    }

    fn hops(&self) -> u64 {
        self.hops
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn id(&self) -> [u8; 32] {
        [5; 32]
    }

    fn print(&mut self, _: &str) {}
}
