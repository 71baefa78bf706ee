//! The launch record: what a program is to run, with what, under which limits, by whose word.
//!
//! It is signed once by its author and named by its hash; a hop carries the hash, and each node
//! fetches the record and verifies the signature once. It proves code, arguments and limits. It
//! does *not* prove the state that other nodes have computed on the way: whom to believe about
//! that is a matter of policy.
//!
//! ```text
//! version u8 = 0 | author 32 | home 32 | program 32 | brick 32 | function u16
//! | arguments (length, bytes) | limits: 9 numbers | nonce 16 | expiry | signature 64
//! ```

use std::fmt;
use std::sync::Arc;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::codec::{DecodeError, Reader, Writer};
use crate::content::ContentId;
use crate::ids::{AuthorId, LaunchHash, MessageId, NodeId, Span};
use crate::limits;

/// The version of the record's format.
pub const LAUNCH_VERSION: u8 = 0;

const HASH_CONTEXT: &str = "smart-messages 0 launch record";
const SIGNATURE_CONTEXT: &[u8] = b"smart-messages 0 launch signature\0";
const SIGNATURE_BYTES: usize = 64;

/// What an author wants to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Launch {
    /// Who wants it, and signs for it.
    pub author: AuthorId,
    /// The node where it starts and to which its result is reported.
    pub home: NodeId,
    /// The hash of the program's manifest.
    pub program: [u8; 32],
    /// The brick of the function that it starts in.
    pub brick: [u8; 32],
    /// The function in that brick.
    pub function: u16,
    /// The function's arguments in canonical encoding.
    pub arguments: Vec<u8>,
    /// What it may use.
    pub limits: LaunchLimits,
    /// Makes each launch another one.
    pub nonce: [u8; 16],
    /// Until when nodes that know the date take it, in seconds of Unix time; 0 is for ever.
    pub expiry: u64,
}

/// What a launch may use in its life. Each message of it starts with what its parent has left.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LaunchLimits {
    /// Fuel in all.
    pub fuel: u64,
    /// Fuel in one turn.
    pub fuel_per_turn: u64,
    /// Live heap in bytes.
    pub heap_bytes: u64,
    /// Depth of calls.
    pub frames: u32,
    /// Tags created.
    pub tags: u32,
    /// Hops of a message and of all that goes on from it.
    pub hops: u32,
    /// Messages spawned by the first message; its descendants are the cube of it at most.
    pub children: u32,
    /// Bytes of state moved from node to node.
    pub bytes: u64,
    /// How long its messages live.
    pub lifetime: Span,
}

/// A billion fuel, 100 million of it in a turn, 16 MiB of heap, 10,000 frames, 65,536 tags, 4,096
/// hops, 4,096 children, 1 GiB moved, an hour of life.
impl Default for LaunchLimits {
    fn default() -> Self {
        Self {
            fuel: 1_000_000_000,
            fuel_per_turn: 100_000_000,
            heap_bytes: 16 << 20,
            frames: 10_000,
            tags: 65_536,
            hops: 4_096,
            children: 4_096,
            bytes: 1 << 30,
            lifetime: Span::secs(3_600),
        }
    }
}

/// Why a launch is not accepted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum LaunchError {
    /// The record does not decode.
    Malformed(DecodeError),
    /// The record is longer than [`limits::LAUNCH_BYTES`], or its arguments than
    /// [`limits::ARGUMENT_BYTES`].
    TooLarge,
    /// The author's key is no key, or is not the one that signs.
    WrongKey,
    /// The signature is not the author's.
    BadSignature,
    /// The date is over.
    Expired,
    /// This node is not the home that it names.
    NotHome,
    /// This node takes nothing from this author.
    AuthorRefused,
    /// It asks for more than this node grants: the name of the limit.
    OverQuota(&'static str),
    /// Its code is not here.
    Missing(ContentId),
    /// Its code does not fit together, in the words of the linker.
    BadProgram(String),
    /// Its arguments are not what the entry function takes.
    BadArguments(String),
    /// It was started before and still runs.
    Duplicate,
    /// There is no room for another message.
    Full,
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LaunchError::Malformed(error) => write!(f, "the launch record is malformed: {error}"),
            LaunchError::TooLarge => f.write_str("the launch record is too large"),
            LaunchError::WrongKey => f.write_str("the author's key does not fit"),
            LaunchError::BadSignature => f.write_str("the signature is not the author's"),
            LaunchError::Expired => f.write_str("the launch record has expired"),
            LaunchError::NotHome => f.write_str("the launch names another node as its home"),
            LaunchError::AuthorRefused => f.write_str("this author is not admitted"),
            LaunchError::OverQuota(limit) => write!(f, "it asks for too much {limit}"),
            LaunchError::Missing(id) => write!(f, "{id} is missing"),
            LaunchError::BadProgram(why) => write!(f, "the program does not fit together: {why}"),
            LaunchError::BadArguments(why) => write!(f, "the arguments do not fit: {why}"),
            LaunchError::Duplicate => f.write_str("this launch runs already"),
            LaunchError::Full => f.write_str("the node has no room for another message"),
        }
    }
}

impl std::error::Error for LaunchError {}

impl From<DecodeError> for LaunchError {
    fn from(error: DecodeError) -> Self {
        LaunchError::Malformed(error)
    }
}

/// A launch whose signature has been verified, with its name and its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedLaunch {
    /// What it says.
    pub launch: Launch,
    /// Its name.
    pub hash: LaunchHash,
    /// The message that it starts.
    pub first: MessageId,
    /// Its signed encoding.
    pub bytes: Arc<[u8]>,
}

impl Launch {
    /// Signs the record with the author's key.
    ///
    /// # Errors
    /// [`LaunchError::WrongKey`] for the key of somebody else, [`LaunchError::TooLarge`].
    pub fn sign(self, key: &SigningKey) -> Result<SignedLaunch, LaunchError> {
        if key.verifying_key().as_bytes() != self.author.as_bytes() {
            return Err(LaunchError::WrongKey);
        }
        if self.arguments.len() > limits::ARGUMENT_BYTES {
            return Err(LaunchError::TooLarge);
        }
        let mut bytes = self.encode();
        let signature = key.sign(&signed_text(&bytes));
        bytes.extend_from_slice(&signature.to_bytes());
        Ok(SignedLaunch::new(self, bytes.into()))
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(LAUNCH_VERSION);
        out.raw(&self.author.0);
        out.raw(&self.home.0);
        out.raw(&self.program);
        out.raw(&self.brick);
        out.u16(self.function);
        out.bytes(&self.arguments);
        self.limits.encode(&mut out);
        out.raw(&self.nonce);
        out.var(self.expiry);
        out.0
    }

    fn decode(bytes: &[u8]) -> Result<Self, LaunchError> {
        let mut input = Reader::new(bytes);
        match input.u8()? {
            LAUNCH_VERSION => {}
            other => return Err(DecodeError::Version(other).into()),
        }
        let launch = Self {
            author: AuthorId(input.array()?),
            home: NodeId(input.array()?),
            program: input.array()?,
            brick: input.array()?,
            function: input.u16()?,
            arguments: input.bytes(limits::ARGUMENT_BYTES)?.to_vec(),
            limits: LaunchLimits::decode(&mut input)?,
            nonce: input.array()?,
            expiry: input.var()?,
        };
        input.finish()?;
        Ok(launch)
    }
}

impl SignedLaunch {
    /// Decodes a record and verifies its signature.
    ///
    /// # Errors
    /// [`LaunchError::TooLarge`], [`LaunchError::Malformed`], [`LaunchError::WrongKey`] and
    /// [`LaunchError::BadSignature`].
    pub fn verify(bytes: &[u8]) -> Result<Self, LaunchError> {
        if bytes.len() > limits::LAUNCH_BYTES {
            return Err(LaunchError::TooLarge);
        }
        let (body, signature) = bytes
            .split_last_chunk::<SIGNATURE_BYTES>()
            .ok_or(DecodeError::Truncated)?;
        let launch = Launch::decode(body)?;
        let key = VerifyingKey::from_bytes(&launch.author.0).map_err(|_| LaunchError::WrongKey)?;
        key.verify_strict(&signed_text(body), &Signature::from_bytes(signature))
            .map_err(|_| LaunchError::BadSignature)?;
        Ok(Self::new(launch, bytes.into()))
    }

    fn new(launch: Launch, bytes: Arc<[u8]>) -> Self {
        let hash = hash_of(&bytes);
        Self {
            launch,
            hash,
            first: MessageId::first(&hash),
            bytes,
        }
    }
}

impl LaunchLimits {
    fn encode(&self, out: &mut Writer) {
        out.var(self.fuel);
        out.var(self.fuel_per_turn);
        out.var(self.heap_bytes);
        out.var(self.frames.into());
        out.var(self.tags.into());
        out.var(self.hops.into());
        out.var(self.children.into());
        out.var(self.bytes);
        out.var(self.lifetime.0);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            fuel: input.var()?,
            fuel_per_turn: input.var()?,
            heap_bytes: input.var()?,
            frames: input.small()?,
            tags: input.small()?,
            hops: input.small()?,
            children: input.small()?,
            bytes: input.var()?,
            lifetime: Span(input.var()?),
        })
    }
}

/// The name of a signed record.
pub(crate) fn hash_of(bytes: &[u8]) -> LaunchHash {
    LaunchHash(blake3::derive_key(HASH_CONTEXT, bytes))
}

/// A signature is for this purpose only, whatever else the key signs.
fn signed_text(body: &[u8]) -> Vec<u8> {
    [SIGNATURE_CONTEXT, body].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[3; 32])
    }

    fn launch() -> Launch {
        Launch {
            author: AuthorId(*key().verifying_key().as_bytes()),
            home: NodeId([1; 32]),
            program: [2; 32],
            brick: [4; 32],
            function: 5,
            arguments: vec![6; 7],
            limits: LaunchLimits::default(),
            nonce: [8; 16],
            expiry: 0,
        }
    }

    #[test]
    fn a_signed_record_verifies_to_itself() {
        let signed = launch().sign(&key()).expect("it is the author's key");
        assert_eq!(SignedLaunch::verify(&signed.bytes), Ok(signed));
    }

    #[test]
    fn another_nonce_is_another_launch() {
        let one = launch().sign(&key()).expect("it is the author's key");
        let two = Launch {
            nonce: [9; 16],
            ..launch()
        }
        .sign(&key())
        .expect("it is the key");
        assert_ne!(one.hash, two.hash);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let signed = launch().sign(&key()).expect("it is the author's key");
        for at in 0..signed.bytes.len() {
            let mut bytes = signed.bytes.to_vec();
            bytes[at] ^= 1 << (at % 8);
            assert!(SignedLaunch::verify(&bytes).is_err(), "byte {at}");
        }
    }

    #[test]
    fn errors_have_names() {
        let stranger = SigningKey::from_bytes(&[4; 32]);
        assert_eq!(launch().sign(&stranger), Err(LaunchError::WrongKey));
        let large = Launch {
            arguments: vec![0; limits::ARGUMENT_BYTES + 1],
            ..launch()
        };
        assert_eq!(large.sign(&key()), Err(LaunchError::TooLarge));
        let verify = SignedLaunch::verify;
        assert_eq!(
            verify(&[]),
            Err(LaunchError::Malformed(DecodeError::Truncated))
        );
        assert_eq!(
            verify(&vec![0; limits::LAUNCH_BYTES + 1]),
            Err(LaunchError::TooLarge)
        );
        let signed = launch().sign(&key()).expect("it is the author's key");
        let mut bytes = signed.bytes.to_vec();
        bytes[0] = 7;
        assert_eq!(
            verify(&bytes),
            Err(LaunchError::Malformed(DecodeError::Version(7)))
        );
        let mut bytes = signed.bytes.to_vec();
        let last = bytes.len() - 1;
        bytes[last - 40] ^= 1;
        assert_eq!(verify(&bytes), Err(LaunchError::BadSignature));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(SignedLaunch::verify(&bytes).is_err());
        }

        #[test]
        fn every_record_comes_back(
            function: u16,
            arguments in proptest::collection::vec(any::<u8>(), 0..300),
            fuel: u64,
            hops: u32,
            expiry: u64,
        ) {
            let limits = LaunchLimits { fuel, hops, ..LaunchLimits::default() };
            let launch = Launch { function, arguments, limits, expiry, ..launch() };
            let signed = launch.clone().sign(&key()).expect("it is the author's key");
            prop_assert_eq!(SignedLaunch::verify(&signed.bytes).map(|s| s.launch), Ok(launch));
        }
    }
}
