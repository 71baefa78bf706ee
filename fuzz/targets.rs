//! What is fuzzed: everything that reads bytes from outside. None of it may panic, run long or
//! take memory out of proportion to its input.
//!
//! The functions are shared by the fuzz targets of libFuzzer and by `tests/fuzz_smoke.rs`, which
//! tries them on mutated samples in every test run.

#[path = "controls.rs"]
mod controls;
#[path = "host.rs"]
mod host;
#[path = "mtcp.rs"]
mod mtcp;
#[path = "nodes.rs"]
mod nodes;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use sm_bytecode::arbitrary::{self, Calls};
use sm_bytecode::bundle::Bundle;
use sm_bytecode::{BrickHash, EntryRef, ModuleManifest, ProgramManifest, VerifiedGroup};
use sm_compiler::ast::FileId;
use sm_compiler::check::{self, Loader, Source};
use sm_compiler::cost::{Assume, Cost};
use sm_compiler::driver;
use sm_compiler::format::{Unformatted, format as format_source};
use sm_compiler::parse as parse_source;
use sm_net::control;
use sm_net::control::protocol::Request;
use sm_sim::{Network, Seed};
use sm_vm::{AtOnce, Jit, JitOptions, Limits, Machine, Outcome, Program};

/// The parser, and where it has nothing to say the checker and lowering.
pub(crate) fn parse(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (_, diagnostics) = parse_source(FileId(0), text);
    if diagnostics.is_empty() {
        compile(text);
    }
}

/// The formatter: what it accepts keeps its meaning and is formatted then.
pub(crate) fn format(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match format_source(text) {
        Ok(formatted) => {
            let again = format_source(&formatted);
            assert_eq!(
                again.ok().as_ref(),
                Some(&formatted),
                "nothing is left to do"
            );
        }
        Err(Unformatted::Mistakes(_)) => {}
        Err(Unformatted::Changed) => panic!("formatted, it means another thing"),
    }
}

/// Compiles a program, as well as it can be compiled.
pub(crate) fn compile(text: &str) -> Option<Bundle> {
    let mut loader = OneFile { text, files: 0 };
    let options = check::Options {
        root: ROOT.to_owned(),
        ..check::Options::default()
    };
    driver::compile(&mut loader, &options, &[]).code?.bundle()
}

const ROOT: &str = "./fuzz";

struct OneFile<'a> {
    text: &'a str,
    files: u32,
}

impl Loader for OneFile<'_> {
    fn load(&mut self, path: &str) -> Option<Source> {
        let text = if path == ROOT {
            self.text
        } else {
            sm_stdlib::source(path)?
        };
        self.files += 1;
        Some(Source {
            file: FileId(self.files),
            text: text.into(),
        })
    }
}

/// Bundles, their parts, and single bricks.
pub(crate) fn bundle(data: &[u8]) {
    if let Ok(bundle) = Bundle::decode(data) {
        assert_eq!(
            bundle.encode(),
            data,
            "an encoding that is accepted is canonical"
        );
        if let Ok(cost) = Cost::of(&bundle, Assume { elements: 3 }) {
            cost.points(|_| true);
        }
        for brick in bundle.bricks {
            let _ = VerifiedGroup::new(brick);
        }
    }
    if let Ok(brick) = VerifiedGroup::decode(data) {
        assert_eq!(
            brick.encode(),
            data,
            "an encoding that is accepted is canonical"
        );
        let _ = brick.disassemble(None);
    }
}

/// The state of a message: what is accepted is canonical, and runs on without harm.
pub(crate) fn state(data: &[u8]) {
    let limits = Limits {
        heap_bytes: 1 << 20,
        frames: 1_000,
        ..Limits::default()
    };
    let _ = sm_vm::state_bricks(data);
    let Ok(mut machine) = Machine::restore(SAMPLE.clone(), data, limits) else {
        return;
    };
    assert_eq!(
        captured(&machine),
        data,
        "a state that is accepted is canonical"
    );
    let restored = Machine::restore(SAMPLE.clone(), data, limits);
    let interpreted = restored.expect("it was accepted before");
    if !same_in_both(&mut machine, interpreted) {
        return;
    }
    let again = Machine::restore(SAMPLE.clone(), &captured(&machine), limits);
    assert!(again.is_ok(), "what was captured can be restored");
}

/// Native code and the interpreter do the same with any program that is accepted.
pub(crate) fn engines(data: &[u8]) {
    let group = VerifiedGroup::new(arbitrary::group(data, Calls::Own));
    let group = Arc::new(group.expect("what is generated is valid"));
    let module = ModuleManifest {
        name: "lib".into(),
        groups: vec![group.hash()],
        exports: vec![],
        debug: None,
    };
    let manifest = ProgramManifest {
        modules: vec![module.hash()],
        entry: EntryRef {
            brick: group.hash(),
            function: 0,
        },
        bricks: vec![group.hash()],
    };
    let program = Program::link(&manifest, &[module], |_| Some(group.clone()));
    let program = compiled_natively(program.expect("one brick fits together"));
    let limits = Limits {
        heap_bytes: 1 << 20,
        frames: 200,
        ..Limits::default()
    };
    let start = || Machine::start(program.clone(), program.entry(), &[], limits, [7; 32]);
    let (native, interpreted) = (start(), start());
    if let (Ok(mut native), Ok(interpreted)) = (native, interpreted) {
        same_in_both(&mut native, interpreted);
    }
}

/// Runs a machine in native code and another in the interpreter; all that there is to see must be
/// the same. False if they ended.
fn same_in_both(native: &mut Machine, mut interpreted: Machine) -> bool {
    interpreted.interpret(true);
    for fuel in [5_000, 70, 5_000, 300] {
        let outcome = native.run(fuel, &mut host::Nowhere);
        assert_eq!(outcome, interpreted.run(fuel, &mut host::Nowhere));
        assert_eq!(native.fuel_used(), interpreted.fuel_used());
        if !matches!(outcome, Outcome::OutOfFuel | Outcome::Yield) {
            return false;
        }
        assert_eq!(captured(native), captured(&interpreted));
    }
    true
}

/// How often restored states have entered native code.
pub(crate) fn entered_from_states() -> u64 {
    SAMPLE.jit_stats().entries
}

fn compiled_natively(program: Arc<Program>) -> Arc<Program> {
    if let Some(jit) = Jit::new(Arc::new(AtOnce), JitOptions::ALWAYS) {
        jit.attach(&program);
    }
    program
}

/// What a neighbor sends in one session: frames, each with its length in two bytes before it.
pub(crate) fn wire(data: &[u8]) {
    let mut node = nodes::Lonely::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_at_checked(2) {
        let length = usize::from(u16::from_le_bytes([length[0], length[1]])).min(after.len());
        let (frame, after) = after.split_at(length);
        node.hears(frame);
        rest = after;
    }
    node.ends();
}

/// What the ends of an M-TCP connection hear, and what servers show.
pub(crate) fn mtcp(data: &[u8]) {
    mtcp::see(data);
    mtcp::hear(data);
}

/// What an operator sends to a node.
pub(crate) fn request(data: &[u8]) {
    let Ok(request) = control::decode::<Request>(data) else {
        return;
    };
    let again = control::encode(&request).expect("it was read");
    let again = control::decode(&again);
    assert_eq!(
        again.ok().as_ref(),
        Some(&request),
        "what was written is read"
    );
    let mut node = nodes::Lonely::new();
    node.obeys(request);
    node.ends();
}

/// What a node answers to an operator.
pub(crate) fn answer(data: &[u8]) {
    smc::fuzz::answer(data);
}

/// The settings file of a node, and the project file, which is read alike.
pub(crate) fn settings(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        smc::fuzz::settings(text);
        smc::fuzz::project(text);
    }
}

/// A network file, and for a small one the network of a seed.
pub(crate) fn network(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(network) = Network::parse(text) {
        let layout = network.layout(Seed(1));
        for tag in layout.nodes.iter().flat_map(|node| &node.tags) {
            let _ = tag.put_up();
        }
    }
}

/// Good inputs of each target, to begin with.
pub(crate) fn samples(target: &str) -> Vec<Vec<u8>> {
    match target {
        "parse" => vec![SAMPLE_TEXT.into()],
        "format" => {
            let texts = [SAMPLE_TEXT, include_str!("../stdlib/sm/route/pull.sm")];
            texts.map(|text| text.as_bytes().to_vec()).to_vec()
        }
        "bundle" => {
            let bundle = compile(SAMPLE_TEXT).expect("the sample compiles");
            let bricks = bundle.bricks.iter().map(|brick| brick.encode());
            bricks.chain([bundle.encode()]).collect()
        }
        "state" => states(),
        "engines" => (1..9).map(|seed| noise(Seed(seed))).collect(),
        "wire" => nodes::recorded(&bundle_of_sample()),
        "mtcp" => mtcp::said(),
        "request" => encoded(&controls::requests(&bundle_of_sample())),
        "answer" => encoded(&controls::answers()),
        "settings" => vec![
            include_bytes!("../examples/node.toml").to_vec(),
            b"name = \"town\"\nversion = \"0.1.0\"\n[dependencies]\ngeo = { path = \"../geo\" }\n"
                .to_vec(),
        ],
        "network" => NETWORKS
            .iter()
            .map(|text| text.as_bytes().to_vec())
            .collect(),
        _ => Vec::new(),
    }
}

/// Bytes by chance, from which programs are made.
fn noise(seed: Seed) -> Vec<u8> {
    let mut chance = seed.stream("programs", 0);
    (0..600).map(|_| chance.bits() as u8).collect()
}

const NETWORKS: [&str; 3] = [
    include_str!("../examples/fire.net.toml"),
    include_str!("../examples/self_routing.net.toml"),
    include_str!("../examples/town.net.toml"),
];

fn bundle_of_sample() -> Bundle {
    compile(SAMPLE_TEXT).expect("the sample compiles")
}

fn encoded(values: &[impl serde::Serialize]) -> Vec<Vec<u8>> {
    let encoded = values.iter().map(control::encode);
    encoded
        .map(|bytes| bytes.expect("it can be written"))
        .collect()
}

/// The sample's state after some steps, some more, and so on.
fn states() -> Vec<Vec<u8>> {
    let mut machine = Machine::start(
        SAMPLE.clone(),
        SAMPLE.entry(),
        &[],
        Limits::default(),
        [1; 32],
    )
    .expect("the sample starts");
    let mut found = vec![captured(&machine)];
    while matches!(
        machine.run(400, &mut host::Nowhere),
        Outcome::OutOfFuel | Outcome::Yield
    ) {
        found.push(captured(&machine));
    }
    found
}

fn captured(machine: &Machine) -> Vec<u8> {
    let mut bytes = Vec::new();
    machine.capture(&mut bytes);
    bytes
}

static SAMPLE: LazyLock<Arc<Program>> = LazyLock::new(|| {
    let bundle = compile(SAMPLE_TEXT).expect("the sample compiles");
    let bricks: BTreeMap<BrickHash, Arc<VerifiedGroup>> = bundle
        .bricks
        .iter()
        .map(|brick| VerifiedGroup::new(brick.clone()).expect("the sample verifies"))
        .map(|brick| (brick.hash(), Arc::new(brick)))
        .collect();
    let program = Program::link(&bundle.program, &bundle.modules, |hash| {
        bricks.get(hash).cloned()
    });
    compiled_natively(program.expect("the sample links"))
});

/// A little of everything that can be in a state.
const SAMPLE_TEXT: &str = include_str!("sample.sm");
