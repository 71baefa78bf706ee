//! Fuzz target: the decoder and the verifier read any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../targets.rs"]
#[expect(dead_code, reason = "each fuzz target uses one of them")]
mod targets;

fuzz_target!(|data: &[u8]| targets::bundle(data));
