//! Fuzz target: native code does what the interpreter does, with programs made of the bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../targets.rs"]
#[expect(dead_code, reason = "each fuzz target uses one of them")]
mod targets;

fuzz_target!(|data: &[u8]| targets::engines(data));
