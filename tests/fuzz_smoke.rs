//! The fuzz targets on mutated samples, for a moment in every test run.
//!
//! With `SM_FUZZ_SECONDS=N` each target goes on for N seconds: the same inputs in the same order,
//! as many as there is time for; with `SM_FUZZ_SEED=N` others. `fuzz/run` goes deeper, for it sees
//! what each input reaches.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::path::Path;
use std::time::{Duration, Instant};

use sm_sim::Seed;

/// Mutations of samples, if no time is said.
const ROUNDS: u64 = 400;

/// No input may take longer: a tenth of it is much already.
const SECONDS: u64 = 5;

#[test]
fn parse() {
    smoke(
        "parse",
        targets::parse,
        &[
            b"fn",
            b"{",
            "\u{1F600}".as_bytes(),
            b"\"{",
            b"\n",
            b"match ",
        ],
    );
}

#[test]
fn format() {
    smoke(
        "format",
        targets::format,
        &[
            b"// c\n", b"/* d */", b"\n", b"\n\n\n", b" ", b"(", b", ", b"/// e\n", b"?", b"-",
        ],
    );
}

#[test]
fn bundle() {
    smoke(
        "bundle",
        targets::bundle,
        &[b"SMB\x1a", &[0xff; 9], &[0; 8]],
    );
}

#[test]
fn state() {
    smoke("state", targets::state, &[&[0xff; 9], &[0x80; 4], &[0; 8]]);
    let has_jit = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
    if has_jit && variable("SM_FUZZ_SAMPLES").is_none() {
        let entered = targets::entered_from_states();
        assert!(entered >= ROUNDS, "native code is entered {entered} times");
    }
}

#[test]
fn engines() {
    smoke(
        "engines",
        targets::engines,
        &[&[0xff; 9], &[0x80; 4], &[0; 8]],
    );
}

#[test]
fn wire() {
    smoke("wire", targets::wire, &[&[0xff; 9], &[0x80; 4], &[0; 8]]);
}

#[test]
fn mtcp() {
    smoke("mtcp", targets::mtcp, &[&[0xff; 9], &[0x80; 4], &[0; 8]]);
}

#[test]
fn request() {
    smoke(
        "request",
        targets::request,
        &[&[0xff; 9], &[0x80; 4], &[0; 8]],
    );
}

#[test]
fn answer() {
    smoke(
        "answer",
        targets::answer,
        &[&[0xff; 9], &[0x80; 4], &[0; 8]],
    );
}

#[test]
fn settings() {
    smoke("settings", targets::settings, TOML);
}

#[test]
fn network() {
    smoke("network", targets::network, TOML);
}

/// What makes a difference in a file of settings or of a network.
const TOML: &[&[u8]] = &[
    b"\"",
    b"[",
    b"]]",
    b" = ",
    b"{ ",
    b"\n",
    b"9999999999",
    b"-1",
    b"0",
    b"[nodes.",
    b"1ms",
    "\u{1F600}".as_bytes(),
];

/// Tries the target on its samples, and on mutations of them. With `SM_FUZZ_SAMPLES=FOLDER` it only
/// writes the samples into a folder of the target's name.
fn smoke(name: &str, target: fn(&[u8]), words: &[&[u8]]) {
    let samples = targets::samples(name);
    assert!(!samples.is_empty(), "there are samples");
    if let Some(folder) = variable("SM_FUZZ_SAMPLES") {
        return keep(&Path::new(&folder).join(name), &samples);
    }
    samples
        .iter()
        .for_each(|sample| timed(name, target, sample));
    let end = number("SM_FUZZ_SECONDS").map(|seconds| now() + Duration::from_secs(seconds));
    let first = number("SM_FUZZ_SEED").unwrap_or(0);
    for round in 0.. {
        if end.map_or(round >= ROUNDS, |end| now() >= end) {
            println!("{name}: {round} inputs from seed {first}");
            return;
        }
        let sample = &samples[round as usize % samples.len()];
        timed(name, target, &mutated(sample, Seed(first + round), words));
    }
}

fn keep(folder: &Path, samples: &[Vec<u8>]) {
    std::fs::create_dir_all(folder).expect("a folder for samples");
    for (number, sample) in samples.iter().enumerate() {
        std::fs::write(folder.join(format!("sample-{number}")), sample).expect("a sample");
    }
}

fn number(name: &str) -> Option<u64> {
    variable(name).map(|text| text.parse().expect("the variable is a number"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing else tells a test how long it may take"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "a test may look at the clock")]
fn now() -> Instant {
    Instant::now()
}

/// Shows the input of a target that panics.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{} fails on {} bytes: {:?}", self.0, self.1.len(), self.1);
        }
    }
}

fn timed(name: &str, target: fn(&[u8]), input: &[u8]) {
    let start = now();
    let shown = Shown(name, input);
    target(input);
    let seconds = start.elapsed().as_secs();
    assert!(seconds < SECONDS, "{name} runs {seconds} s");
    drop(shown);
}

/// The sample with a few pieces flipped, cut, doubled, or replaced by words.
fn mutated(sample: &[u8], seed: Seed, words: &[&[u8]]) -> Vec<u8> {
    let mut chance = seed.stream("mutations of a sample", 0);
    let mut bytes = sample.to_vec();
    for _ in 0..1 + chance.index(6) {
        let at = chance.index(bytes.len().max(1)).min(bytes.len());
        let end = (at + 1 + chance.index(16)).min(bytes.len());
        match chance.index(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.index(8),
            1 if at < bytes.len() => bytes[at] = chance.bits() as u8,
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => {
                let word = words[chance.index(words.len())];
                bytes.splice(at..end.min(at + word.len()), word.iter().copied());
            }
            _ if chance.chance(0.1) => bytes.truncate(at),
            _ => {}
        }
    }
    bytes
}
