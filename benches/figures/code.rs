//! Programs for the figures: source text to a linked program.

use std::sync::Arc;

use sm_bytecode::VerifiedGroup;
use sm_bytecode::bundle::Bundle;
use sm_compiler::ast::FileId;
use sm_compiler::check::{self, Loader, Source};
use sm_compiler::driver::compile;
use sm_vm::Program;

/// One program and the library that it is compiled with.
struct Files(&'static str);

const ROOT: &str = "./figure";

impl Loader for Files {
    fn load(&mut self, path: &str) -> Option<Source> {
        let (file, text) = match path {
            ROOT => (FileId(0), self.0),
            path => (FileId(1), sm_stdlib::source(path)?),
        };
        Some(Source {
            file,
            text: Arc::from(text),
        })
    }
}

pub(crate) fn bundle(text: &'static str) -> Bundle {
    let options = check::Options {
        root: ROOT.to_owned(),
        ..check::Options::default()
    };
    let compiled = compile(&mut Files(text), &options, sm_stdlib::prebuilt());
    let code = compiled
        .code
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    code.bundle().expect("it has a main")
}

pub(crate) fn linked(bundle: &Bundle) -> Arc<Program> {
    let verified = |bytes: Vec<u8>| {
        let group = VerifiedGroup::decode(&bytes).expect("the compiler writes what verifies");
        Arc::new(group)
    };
    let bricks: Vec<Arc<VerifiedGroup>> = bundle
        .bricks
        .iter()
        .map(|brick| verified(brick.encode()))
        .collect();
    Program::link(&bundle.program, &bundle.modules, |hash| {
        bricks.iter().find(|brick| brick.hash() == *hash).cloned()
    })
    .expect("the compiler writes what links")
}

/// An `Int` as arguments have it: zigzag, then LEB128.
pub(crate) fn int(number: usize) -> Vec<u8> {
    let mut rest = number << 1;
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}
