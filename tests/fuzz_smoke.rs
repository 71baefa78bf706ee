//! The fuzz targets on mutated samples, for a moment in every test run. `cargo fuzz` goes deeper.

#[path = "../fuzz/targets.rs"]
mod targets;

use sm_sim::Seed;

/// Mutations of each sample.
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
}

#[test]
fn wire() {
    smoke("wire", targets::wire, &[&[0xff; 9], &[0x80; 4], &[0; 8]]);
}

fn smoke(name: &str, target: fn(&[u8]), words: &[&[u8]]) {
    let samples = targets::samples(name);
    assert!(!samples.is_empty(), "there are samples");
    for (number, sample) in samples.iter().enumerate() {
        timed(name, target, sample);
        let rounds = ROUNDS / samples.len() as u64 + 1;
        for round in 0..rounds {
            let input = mutated(sample, Seed(number as u64 * ROUNDS + round), words);
            timed(name, target, &input);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test may look at the clock")]
fn timed(name: &str, target: fn(&[u8]), input: &[u8]) {
    let start = std::time::Instant::now();
    target(input);
    let seconds = start.elapsed().as_secs();
    assert!(
        seconds < SECONDS,
        "{name} runs {seconds} s on {} bytes: {input:?}",
        input.len()
    );
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
