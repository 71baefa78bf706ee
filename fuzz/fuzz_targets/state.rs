//! Fuzz target: a node restores any bytes as the state of a message.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../targets.rs"]
#[expect(dead_code, reason = "each fuzz target uses one of them")]
mod targets;

fuzz_target!(|data: &[u8]| targets::state(data));
