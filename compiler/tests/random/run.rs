//! What a program prints, found by compiling and running it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use sm_bytecode::bundle::Bundle;
use sm_bytecode::verify::VerifiedGroup;
use sm_bytecode::{BrickHash, EntryRef, TagCode};
use sm_compiler::ast::FileId;
use sm_compiler::check::{Loader, Options, Source};
use sm_compiler::driver::compile;
use sm_vm::{CreateOptions, Host, Limits, Machine, Outcome, Program, SpawnRefused, TagRef};

/// More than any of the programs needs.
const FUEL: u64 = 50_000_000;

pub(crate) fn output(text: &str) -> Vec<String> {
    let bundle = bundle(text);
    let bricks: BTreeMap<BrickHash, Arc<VerifiedGroup>> = bundle
        .bricks
        .into_iter()
        .map(|brick| Arc::new(VerifiedGroup::new(brick).expect("it was verified")))
        .map(|brick| (brick.hash(), brick))
        .collect();
    let find = |hash: &BrickHash| bricks.get(hash).cloned();
    let program = Program::link(&bundle.program, &bundle.modules, find).expect("it fits together");
    let (entry, limits) = (program.entry(), Limits::default());
    let mut machine = Machine::start(program, entry, &[], limits, [0; 32]).expect("it starts");
    let mut host = Printer(Vec::new());
    match machine.run(FUEL, &mut host) {
        Outcome::Done(_) => host.0,
        other => panic!("{text}\nends with {other:?} after {:#?}", host.0),
    }
}

fn bundle(text: &str) -> Bundle {
    let mut files = Files(text, 0);
    let options = Options {
        root: ROOT.into(),
        ..Options::default()
    };
    let compiled = compile(&mut files, &options, &[]);
    let Some(code) = compiled.code else {
        let errors = compiled.diagnostics.iter().filter(|one| one.is_error());
        let errors: Vec<_> = errors
            .map(|one| {
                (
                    &one.message,
                    text.get(one.primary.span.range()).unwrap_or_default(),
                )
            })
            .collect();
        panic!("{text}\n{errors:#?}");
    };
    code.bundle().expect("it has a main")
}

const ROOT: &str = "./main";

struct Files<'t>(&'t str, u32);

impl Loader for Files<'_> {
    fn load(&mut self, path: &str) -> Option<Source> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib/sm");
        let text = match path {
            ROOT => self.0.to_owned(),
            _ => fs::read_to_string(folder.join(format!("{path}.sm"))).ok()?,
        };
        self.1 += 1;
        Some(Source {
            file: FileId(self.1),
            text: text.into(),
        })
    }
}

/// A node on which nothing is to be found.
struct Printer(Vec<String>);

impl Host for Printer {
    fn tag_create(&mut self, _: &TagRef<'_>, _: &[u8], _: CreateOptions) -> TagCode {
        TagCode::Refused
    }

    fn tag_delete(&mut self, _: &TagRef<'_>) -> bool {
        false
    }

    fn tag_has(&mut self, _: &TagRef<'_>) -> bool {
        false
    }

    fn tag_read(&mut self, _: &TagRef<'_>) -> Option<&[u8]> {
        None
    }

    fn tag_write(&mut self, _: &TagRef<'_>, _: &[u8]) -> TagCode {
        TagCode::Refused
    }

    fn tag_version(&mut self, _: &TagRef<'_>) -> u64 {
        0
    }

    fn spawn(&mut self, _: EntryRef, _: &[u8]) -> Result<[u8; 32], SpawnRefused> {
        Err(SpawnRefused)
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

    fn print(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}
