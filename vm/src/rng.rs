//! Random numbers that are part of a message's state, so that a run repeats.
//!
//! The generator is xoshiro256** by David Blackman and Sebastiano Vigna ("Scrambled linear
//! pseudorandom number generators", 2018). It is fast and even, and no secret.

/// Where a stream starts.
#[derive(Clone, Copy, Debug)]
pub enum Seed {
    /// Here.
    Is([u8; 32]),
    /// At what a function makes of these bytes: most messages never ask for it.
    Of([u8; 32], fn(&[u8; 32]) -> [u8; 32]),
}

impl Seed {
    /// The seed itself.
    pub fn bytes(&self) -> [u8; 32] {
        match self {
            Seed::Is(bytes) => *bytes,
            Seed::Of(bytes, derive) => derive(bytes),
        }
    }
}

impl From<[u8; 32]> for Seed {
    fn from(bytes: [u8; 32]) -> Self {
        Seed::Is(bytes)
    }
}

/// The generator of one message.
#[derive(Clone, Debug)]
pub(crate) enum Rng {
    /// Nothing was drawn yet.
    Fresh(Seed),
    At([u64; 4]),
}

impl Rng {
    /// Starts a stream. Equal seeds give equal streams.
    pub(crate) fn from_seed(seed: impl Into<Seed>) -> Self {
        Rng::Fresh(seed.into())
    }

    /// Goes on with a stream from [`Rng::state`]; `None` for the one state that is none.
    pub(crate) fn from_state(bytes: [u8; 32]) -> Option<Self> {
        let words = words(bytes);
        (words != [0; 4]).then_some(Rng::At(words))
    }

    fn words(&self) -> [u64; 4] {
        match self {
            Rng::At(words) => *words,
            Rng::Fresh(seed) => match words(seed.bytes()) {
                // The all-zero state is the one from which the generator never moves.
                [0, 0, 0, 0] => [0x9e37_79b9_7f4a_7c15, 0, 0, 0],
                words => words,
            },
        }
    }

    /// The whole state, little-endian.
    pub(crate) fn state(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.as_chunks_mut().0.iter_mut().zip(self.words()) {
            *chunk = word.to_le_bytes();
        }
        bytes
    }

    /// The next 64 random bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.words();
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (c, d) = (c ^ a, d ^ b);
        *self = Rng::At([a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)]);
        result
    }
}

fn words(bytes: [u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, chunk) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*chunk);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_reference_implementation() {
        let mut seed = [0; 32];
        for (index, byte) in [1u8, 2, 3, 4].into_iter().enumerate() {
            seed[index * 8] = byte;
        }
        let mut rng = Rng::from_seed(seed);
        let drawn: [u64; 5] = std::array::from_fn(|_| rng.next_u64());
        assert_eq!(
            drawn,
            [
                11520,
                0,
                1509978240,
                1215971899390074240,
                1216172134540287360
            ]
        );
    }

    #[test]
    fn zero_is_a_seed_but_no_state() {
        assert!(Rng::from_state([0; 32]).is_none());
        let mut rng = Rng::from_seed([0; 32]);
        assert_ne!(rng.next_u64(), rng.next_u64());
    }

    #[test]
    fn the_state_goes_on_where_it_was_taken() {
        let mut rng = Rng::from_seed([7; 32]);
        rng.next_u64();
        let mut copy = Rng::from_state(rng.state()).expect("a state");
        assert_eq!(rng.next_u64(), copy.next_u64());
    }

    #[test]
    fn a_seed_that_is_derived_gives_the_same_stream() {
        let derive = |from: &[u8; 32]| from.map(|byte| byte.wrapping_mul(3));
        let mut at_once = Rng::from_seed([21; 32]);
        let mut later = Rng::from_seed(Seed::Of([7; 32], derive));
        assert_eq!(at_once.state(), later.state());
        assert_eq!(at_once.next_u64(), later.next_u64());
        assert_eq!(at_once.state(), later.state());
    }
}
