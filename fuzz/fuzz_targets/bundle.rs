//! Fuzz target: the decoder and the verifier read any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../targets.rs"]
mod targets;

fuzz_target!(|data: &[u8]| targets::bundle(data));
