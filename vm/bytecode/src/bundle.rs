//! Bundles (`.smb`): a whole program in one file.
//!
//! ```text
//! "SMB\x1a"  version  length of the rest (8 bytes)  hash of the rest (32 bytes)  rest
//! ```
//!
//! The rest is the program manifest, module manifests, bricks and debug blobs, each with its
//! length. All names are worked out from the contents, and the contents have to be exactly what
//! the manifests list; debug blobs may be missing.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use crate::codec::{DecodeError, Reader, Writer};
use crate::debug::DebugBlob;
use crate::group::Group;
use crate::hash::{BrickHash, DebugHash, ManifestHash, ProgramHash};
use crate::limits::{FORMAT_VERSION, MAX_BUNDLE_BYTES};
use crate::manifest::{ModuleManifest, ProgramManifest};

/// The first bytes of a bundle. The last of them stops a terminal from printing the rest.
pub const MAGIC: [u8; 4] = *b"SMB\x1a";

const CONTENTS_CONTEXT: &str = "smart-messages 0 bundle";
const HEADER_BYTES: usize = MAGIC.len() + 1 + 8 + 32;

/// A program with all its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// What the program consists of.
    pub program: ProgramManifest,
    /// Its modules, in the order of [`ProgramManifest::modules`].
    pub modules: Vec<ModuleManifest>,
    /// Its bricks, in the order of [`ProgramManifest::bricks`].
    pub bricks: Vec<Group>,
    /// Names and positions, ascending by hash; those that modules name and that are there.
    pub debug: Vec<DebugBlob>,
}

/// Why bytes are no bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BundleError {
    /// The file does not begin like a bundle.
    NotABundle,
    /// The bundle was made by a later version.
    FutureVersion(u8),
    /// The file ends too early.
    Truncated,
    /// There are bytes after the bundle.
    Trailing,
    /// The bundle is larger than [`MAX_BUNDLE_BYTES`].
    TooLarge,
    /// The contents are not those that were written.
    HashMismatch,
    /// A part is no canonical encoding; which kind of part is named.
    Part(&'static str, DecodeError),
    /// A module that the program does not list, or not in its place.
    WrongModule(ManifestHash),
    /// A brick that the program does not list, or not in its place.
    WrongBrick(BrickHash),
    /// A debug blob that no module names, or not in its place.
    WrongDebug(DebugHash),
    /// A module or brick that the program lists is missing.
    Missing(&'static str),
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BundleError::NotABundle => f.write_str("not a bundle of bricks"),
            BundleError::FutureVersion(version) => {
                write!(
                    f,
                    "the bundle has format version {version}, which is not known here"
                )
            }
            BundleError::Truncated => f.write_str("the bundle ends too early"),
            BundleError::Trailing => f.write_str("there are bytes after the end of the bundle"),
            BundleError::TooLarge => f.write_str("the bundle is too large"),
            BundleError::HashMismatch => f.write_str("the bundle is corrupt: its hash is wrong"),
            BundleError::Part(what, error) => write!(f, "bad {what}: {error}"),
            BundleError::WrongModule(hash) => write!(f, "module {hash:.8} is not listed"),
            BundleError::WrongBrick(hash) => write!(f, "brick {hash:.8} is not listed"),
            BundleError::WrongDebug(hash) => write!(f, "debug blob {hash:.8} is not listed"),
            BundleError::Missing(what) => write!(f, "a {what} is missing"),
        }
    }
}

impl core::error::Error for BundleError {}

impl Bundle {
    /// Brings the parts into the order that the program manifest gives, as the encoding demands.
    pub fn sort(&mut self) {
        self.modules.sort_by_cached_key(ModuleManifest::hash);
        self.bricks.sort_by_cached_key(Group::hash);
        self.debug.sort_by_cached_key(DebugBlob::hash);
    }

    /// The program's name.
    pub fn hash(&self) -> ProgramHash {
        self.program.hash()
    }

    /// The bundle as a file.
    pub fn encode(&self) -> Vec<u8> {
        let mut rest = Writer::new();
        rest.blob(&self.program.encode());
        rest.list(&self.modules, |w, module| w.blob(&module.encode()));
        rest.list(&self.bricks, |w, brick| w.blob(&brick.encode()));
        rest.list(&self.debug, |w, debug| w.blob(&debug.encode()));
        let rest = rest.into_bytes();

        let mut writer = Writer::new();
        writer.raw(&MAGIC);
        writer.byte(FORMAT_VERSION);
        writer.raw(&(rest.len() as u64).to_le_bytes());
        writer.raw(&blake3::derive_key(CONTENTS_CONTEXT, &rest));
        writer.raw(&rest);
        writer.into_bytes()
    }

    /// The bundle in a file. Its bricks are not verified yet.
    ///
    /// # Errors
    /// If the bytes are not exactly what [`Bundle::encode`] writes for a complete program.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        let mut reader =
            Reader::new(contents(bytes)?, MAX_BUNDLE_BYTES).map_err(|_| BundleError::TooLarge)?;
        let frame = |error| BundleError::Part("bundle", error);
        let program = ProgramManifest::decode(reader.blob().map_err(frame)?)
            .map_err(|error| BundleError::Part("program manifest", error))?;
        let modules = parts(&mut reader, "module manifest", ModuleManifest::decode)?;
        let bricks = parts(&mut reader, "brick", Group::decode)?;
        let debug = parts(&mut reader, "debug blob", DebugBlob::decode)?;
        reader.finish().map_err(frame)?;

        let bundle = Bundle {
            program,
            modules,
            bricks,
            debug,
        };
        bundle.check()?;
        Ok(bundle)
    }

    /// The parts are those that the manifests list.
    fn check(&self) -> Result<(), BundleError> {
        let listed = self.program.modules.iter();
        let modules = self.modules.iter().map(ModuleManifest::hash);
        same(listed, modules, "module", BundleError::WrongModule)?;
        let listed = self.program.bricks.iter();
        same(
            listed,
            self.bricks.iter().map(Group::hash),
            "brick",
            BundleError::WrongBrick,
        )?;

        let named: BTreeSet<_> = self
            .modules
            .iter()
            .filter_map(|module| module.debug)
            .collect();
        let mut last = None;
        for hash in self.debug.iter().map(DebugBlob::hash) {
            if !named.contains(&hash) || last >= Some(hash) {
                return Err(BundleError::WrongDebug(hash));
            }
            last = Some(hash);
        }
        Ok(())
    }
}

/// What is after the header, if it is what the header says.
fn contents(bytes: &[u8]) -> Result<&[u8], BundleError> {
    let magic = &bytes[..bytes.len().min(MAGIC.len())];
    if magic.is_empty() || !MAGIC.starts_with(magic) {
        return Err(BundleError::NotABundle);
    }
    match bytes.get(MAGIC.len()) {
        None => return Err(BundleError::Truncated),
        Some(version) if *version != FORMAT_VERSION => {
            return Err(BundleError::FutureVersion(*version));
        }
        Some(_) => {}
    }
    if bytes.len() > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge);
    }
    let (header, rest) = bytes
        .split_at_checked(HEADER_BYTES)
        .ok_or(BundleError::Truncated)?;
    let (length, hash) = header[MAGIC.len() + 1..].split_at(8);
    let length = u64::from_le_bytes(length.try_into().expect("split at 8"));
    if length > rest.len() as u64 {
        return Err(BundleError::Truncated);
    }
    if length < rest.len() as u64 {
        return Err(BundleError::Trailing);
    }
    if blake3::derive_key(CONTENTS_CONTEXT, rest) != *hash {
        return Err(BundleError::HashMismatch);
    }
    Ok(rest)
}

fn parts<T>(
    reader: &mut Reader<'_>,
    what: &'static str,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) -> Result<Vec<T>, BundleError> {
    let parts = reader.list(|r| decode(r.blob()?));
    parts.map_err(|error| BundleError::Part(what, error))
}

fn same<'a, H: Copy + Eq + 'a>(
    listed: impl Iterator<Item = &'a H>,
    found: impl Iterator<Item = H>,
    what: &'static str,
    wrong: impl Fn(H) -> BundleError,
) -> Result<(), BundleError> {
    let mut listed = listed;
    for hash in found {
        if listed.next() != Some(&hash) {
            return Err(wrong(hash));
        }
    }
    if listed.next().is_some() {
        Err(BundleError::Missing(what))
    } else {
        Ok(())
    }
}
