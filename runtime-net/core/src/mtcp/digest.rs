//! A running digest of a byte stream whose state is a few words, so that it can travel.
//!
//! The stream is a polynomial over the field of 2^61 - 1, its words of seven bytes the
//! coefficients, evaluated at a secret point (Carter and Wegman, "Universal classes of hash
//! functions", 1979). Two different streams of n bytes meet with a probability of n / 7 / 2^61 for
//! those who do not know the point.

/// The prime 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;

/// The bytes of a coefficient.
const WORD: usize = 7;

/// The words that are taken at once: few enough that sums of products stay below 2^125.
const LANES: usize = 32;

/// The secret point and its powers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DigestKey {
    seed: u64,
    /// From the first power up.
    powers: [u64; LANES],
}

/// The state: what went in so far.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Digest {
    /// The value of the whole words.
    pub sum: u64,
    /// The bytes of the word that is not whole yet, and above them how many they are.
    pub open: u64,
}

impl Default for Digest {
    /// Of nothing. The leading one makes streams of zeros of different lengths differ.
    fn default() -> Self {
        Self { sum: 1, open: 0 }
    }
}

impl Digest {
    /// Whether it can be the state of a digest: it may come from elsewhere.
    pub(super) fn is_valid(self) -> bool {
        let have = self.open >> 56;
        let low = self.open & ((1 << 56) - 1);
        self.sum < PRIME && have < WORD as u64 && low >> (8 * have) == 0
    }
}

/// `a * b` and more, down to 61 bits and a little.
fn reduce(value: u128) -> u64 {
    let low = (value as u64) & PRIME;
    let high = (value >> 61) as u64;
    let sum = (low + (high & PRIME)) + (high >> 61);
    let sum = (sum & PRIME) + (sum >> 61);
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn times(a: u64, b: u64) -> u64 {
    reduce(u128::from(a) * u128::from(b))
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

impl DigestKey {
    /// A key from a random number.
    pub fn new(seed: u64) -> Self {
        let point = 2 + seed % (PRIME - 3);
        let mut powers = [point; LANES];
        for power in 1..LANES {
            powers[power] = times(powers[power - 1], point);
        }
        Self { seed, powers }
    }

    /// The number that it was made from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Takes in the next bytes.
    pub fn update(&self, digest: &mut Digest, bytes: &[u8]) {
        let rest = self.fill(digest, bytes);
        let (blocks, rest) = rest.as_chunks::<{ WORD * LANES }>();
        for block in blocks {
            digest.sum = self.block(digest.sum, block);
        }
        let words = rest.chunks_exact(WORD);
        let rest = words.remainder();
        for bytes in words {
            self.append(digest, word(bytes));
        }
        if !rest.is_empty() {
            digest.open = word(rest) | (rest.len() as u64) << 56;
        }
    }

    /// Takes in the end of the stream, which no byte can stand for.
    pub fn finish(&self, digest: &mut Digest) {
        self.append(digest, digest.open);
        self.append(digest, 1 << 60);
        digest.open = 0;
    }

    /// Completes the word that is open. What is left of the bytes begins with a whole word.
    fn fill<'a>(&self, digest: &mut Digest, bytes: &'a [u8]) -> &'a [u8] {
        let have = (digest.open >> 56) as usize;
        if have == 0 {
            return bytes;
        }
        let (now, rest) = bytes.split_at(bytes.len().min(WORD - have));
        let low = digest.open & ((1 << 56) - 1) | word(now) << (8 * have);
        let have = have + now.len();
        if have < WORD {
            digest.open = low | (have as u64) << 56;
        } else {
            digest.open = 0;
            self.append(digest, low);
        }
        rest
    }

    fn append(&self, digest: &mut Digest, word: u64) {
        digest.sum = reduce(u128::from(digest.sum) * u128::from(self.powers[0]) + u128::from(word));
    }

    /// A block of words with one reduction: each product is below 2^122. That of the words does not
    /// wait for the one of the sum, so blocks are worked on at the same time.
    #[inline]
    fn block(&self, sum: u64, block: &[u8; WORD * LANES]) -> u64 {
        const MASK: u64 = (1 << 56) - 1;
        // The last word ends with the block, so it is read together with the byte before it.
        let bytes = block[WORD * LANES - 8..].try_into().expect("eight bytes");
        let mut total = u128::from(u64::from_le_bytes(bytes) >> 8);
        for lane in 0..LANES - 1 {
            let at = lane * WORD;
            let bytes = block[at..at + 8].try_into().expect("eight bytes");
            let word = u64::from_le_bytes(bytes) & MASK;
            total += u128::from(word) * u128::from(self.powers[LANES - 2 - lane]);
        }
        reduce(total + u128::from(sum) * u128::from(self.powers[LANES - 1]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Word by word, as the definition says.
    fn plainly(key: &DigestKey, bytes: &[u8]) -> Digest {
        let mut digest = Digest::default();
        let words = bytes.chunks_exact(WORD);
        let rest = words.remainder();
        for bytes in words {
            let product = u128::from(digest.sum) * u128::from(key.powers[0]);
            digest.sum = ((product + u128::from(word(bytes))) % u128::from(PRIME)) as u64;
        }
        if !rest.is_empty() {
            digest.open = word(rest) | (rest.len() as u64) << 56;
        }
        digest
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            seed: u64,
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            cuts in proptest::collection::vec(1..70usize, 0..40),
        ) {
            let key = DigestKey::new(seed);
            let mut digest = Digest::default();
            let mut rest = &bytes[..];
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                key.update(&mut digest, now);
                rest = later;
            }
            key.update(&mut digest, rest);
            prop_assert_eq!(digest, plainly(&key, &bytes));
        }

        #[test]
        fn one_byte_makes_a_difference(
            seed: u64,
            bytes in proptest::collection::vec(any::<u8>(), 1..200),
            at: prop::sample::Index,
            change in 1..=255u8,
        ) {
            let key = DigestKey::new(seed);
            let mut other = bytes.clone();
            other[at.index(bytes.len())] ^= change;
            let mut digests = [Digest::default(); 2];
            key.update(&mut digests[0], &bytes);
            key.update(&mut digests[1], &other);
            prop_assert_ne!(digests[0], digests[1]);
        }
    }

    #[test]
    fn streams_of_zeros_and_ends_differ() {
        let key = DigestKey::new(u64::MAX);
        let mut seen = std::collections::BTreeSet::new();
        for length in 0..100 {
            let mut digest = Digest::default();
            key.update(&mut digest, &vec![0; length]);
            assert!(seen.insert((digest.sum, digest.open)));
            key.finish(&mut digest);
            assert!(seen.insert((digest.sum, digest.open)));
        }
    }

    /// The largest words at the largest point do not overflow.
    #[test]
    fn the_largest_values_are_reduced() {
        let mut key = DigestKey::new(0);
        let point = PRIME - 1;
        key.powers[0] = point;
        for power in 1..LANES {
            key.powers[power] = times(key.powers[power - 1], point);
        }
        let bytes = vec![0xff; WORD * LANES * 3 + 5];
        let mut digest = Digest {
            sum: PRIME - 1,
            open: 0,
        };
        key.update(&mut digest, &bytes);
        let mut expected = PRIME - 1;
        for _ in 0..LANES * 3 {
            let product = u128::from(expected) * u128::from(point) + ((1 << 56) - 1);
            expected = (product % u128::from(PRIME)) as u64;
        }
        assert_eq!(digest.sum, expected);
    }
}
