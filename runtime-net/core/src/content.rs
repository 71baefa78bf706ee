//! What is fetched and cached by its hash: bricks, manifests and launch records.
//!
//! A [`Library`] never takes anything that it has not verified, and a name never changes its
//! meaning, so nothing in it goes stale. It is shared by all messages of a node.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use sm_vm::{Jit, JitStats};

use crate::engine::Engine;
use crate::ids::{LaunchHash, in_order};
use crate::launch::{LaunchError, SignedLaunch};
use crate::limits;

/// What a hash names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ContentKind {
    /// A signed launch record.
    Launch,
    /// A program manifest.
    Program,
    /// A module manifest.
    Module,
    /// A brick.
    Brick,
}

impl ContentKind {
    const ALL: [ContentKind; 4] = [
        ContentKind::Launch,
        ContentKind::Program,
        ContentKind::Module,
        ContentKind::Brick,
    ];

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// The name of something that can be fetched.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ContentId {
    /// What it is.
    pub kind: ContentKind,
    /// The hash of its canonical bytes, made in a way of its own for each kind.
    pub hash: [u8; 32],
}

/// By kind, then by the bytes of the hash.
impl Ord for ContentId {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let kinds = self.kind.cmp(&other.kind);
        kinds.then_with(|| in_order(&self.hash, &other.hash))
    }
}

impl PartialOrd for ContentId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl ContentId {
    /// The name of a launch record.
    pub fn launch(hash: LaunchHash) -> Self {
        Self {
            kind: ContentKind::Launch,
            hash: hash.0,
        }
    }

    /// The name of a program manifest.
    pub fn program(hash: [u8; 32]) -> Self {
        Self {
            kind: ContentKind::Program,
            hash,
        }
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ContentKind::Launch => "launch record ",
            ContentKind::Program => "program manifest ",
            ContentKind::Module => "module manifest ",
            ContentKind::Brick => "brick ",
        })?;
        self.hash[..8]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why some bytes are not what they claim to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ContentError {
    /// They are longer than such a thing may be.
    TooLarge,
    /// They are of a version that this node does not know.
    Version,
    /// They are no launch record that may be believed.
    Launch(LaunchError),
    /// Nobody has asked for them.
    Unasked(ContentId),
    /// They do not decode or verify, in the words of the decoder.
    Invalid(String),
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContentError::TooLarge => f.write_str("it is too large"),
            ContentError::Version => f.write_str("its version is not known here"),
            ContentError::Launch(error) => error.fmt(f),
            ContentError::Unasked(id) => write!(f, "nobody asked for {id}"),
            ContentError::Invalid(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ContentError {}

/// A verified piece of code.
#[derive(Debug)]
pub struct Checked<C> {
    /// The hash of its canonical bytes.
    pub hash: [u8; 32],
    /// What it consists of beside itself: the modules and bricks of a program.
    pub needs: Vec<ContentId>,
    /// The code.
    pub code: C,
}

#[derive(Debug)]
struct Piece<C> {
    bytes: Arc<[u8]>,
    needs: Vec<ContentId>,
    code: C,
    /// When it was last asked for, as a count.
    used: u64,
}

/// The verified content of a node.
#[derive(Debug)]
pub struct Library<E: Engine> {
    launches: BTreeMap<LaunchHash, Arc<SignedLaunch>>,
    pieces: BTreeMap<ContentId, Piece<E::Code>>,
    /// The programs that are linked: all that they need is here, and it is not too large.
    programs: BTreeMap<[u8; 32], E::Program>,
    jit: Option<Jit>,
    bytes: usize,
    clock: u64,
    unsaved: BTreeSet<ContentId>,
    /// How many launch records and bytes of code there may be before it is trimmed.
    trim_at: (usize, usize),
}

impl<E: Engine> Default for Library<E> {
    fn default() -> Self {
        Self {
            launches: BTreeMap::new(),
            pieces: BTreeMap::new(),
            programs: BTreeMap::new(),
            jit: None,
            bytes: 0,
            clock: 0,
            unsaved: BTreeSet::new(),
            trim_at: (limits::LAUNCHES_CACHED, limits::BRICK_CACHE_BYTES),
        }
    }
}

impl<E: Engine> Library<E> {
    /// Verifies the bytes of one thing, keeps them, and answers their name.
    ///
    /// # Errors
    /// [`ContentError`] if they are no such thing; nothing changes.
    pub fn add(&mut self, kind: ContentKind, bytes: &[u8]) -> Result<ContentId, ContentError> {
        if kind == ContentKind::Launch {
            let signed = SignedLaunch::verify(bytes).map_err(ContentError::Launch)?;
            return Ok(self.add_launch(signed));
        }
        if bytes.len() > limits::BRICK_BYTES {
            return Err(ContentError::TooLarge);
        }
        let Checked { hash, needs, code } = E::check(kind, bytes)?;
        let id = ContentId { kind, hash };
        self.clock += 1;
        if !self.pieces.contains_key(&id) {
            self.bytes += bytes.len();
            let piece = Piece {
                bytes: bytes.into(),
                needs,
                code,
                used: self.clock,
            };
            self.pieces.insert(id, piece);
            self.unsaved.insert(id);
        }
        Ok(id)
    }

    /// The name that these bytes would have. They are not verified.
    pub fn name(&self, kind: ContentKind, bytes: &[u8]) -> ContentId {
        match kind {
            ContentKind::Launch => ContentId::launch(crate::launch::hash_of(bytes)),
            _ => E::name(kind, bytes),
        }
    }

    /// Keeps a launch record that has been verified.
    pub fn add_launch(&mut self, signed: SignedLaunch) -> ContentId {
        let id = ContentId::launch(signed.hash);
        if self
            .launches
            .insert(signed.hash, Arc::new(signed))
            .is_none()
        {
            self.unsaved.insert(id);
        }
        id
    }

    /// A launch record that is here.
    pub fn launch(&self, hash: &LaunchHash) -> Option<&Arc<SignedLaunch>> {
        self.launches.get(hash)
    }

    /// The bytes of something that is here.
    pub fn bytes(&mut self, id: &ContentId) -> Option<Arc<[u8]>> {
        if id.kind == ContentKind::Launch {
            return self
                .launches
                .get(&LaunchHash(id.hash))
                .map(|signed| signed.bytes.clone());
        }
        self.clock += 1;
        let piece = self.pieces.get_mut(id)?;
        piece.used = self.clock;
        Some(piece.bytes.clone())
    }

    /// What has to be fetched before messages of this launch can run: as far as can be told.
    pub fn missing(&self, launch: &LaunchHash) -> Vec<ContentId> {
        let Some(signed) = self.launches.get(launch) else {
            return vec![ContentId::launch(*launch)];
        };
        if self.programs.contains_key(&signed.launch.program) {
            return Vec::new();
        }
        let program = ContentId::program(signed.launch.program);
        match self.pieces.get(&program) {
            None => vec![program],
            Some(manifest) => {
                let absent = |id: &&ContentId| !self.pieces.contains_key(id);
                manifest.needs.iter().filter(absent).copied().collect()
            }
        }
    }

    /// Whether the program of this launch is linked, so that nothing of it is to be fetched.
    pub fn is_ready(&self, launch: &LaunchHash) -> bool {
        let signed = self.launches.get(launch);
        signed.is_some_and(|signed| self.programs.contains_key(&signed.launch.program))
    }

    /// The linked program with this manifest.
    ///
    /// # Errors
    /// Why it does not link, in words.
    pub fn program(&mut self, hash: &[u8; 32]) -> Result<E::Program, String> {
        if let Some(program) = self.programs.get(hash) {
            return Ok(program.clone());
        }
        if self.size_of(hash) > limits::PROGRAM_BYTES {
            return Err("the program is too large".to_owned());
        }
        let pieces = &self.pieces;
        let program = E::link(hash, &|id| pieces.get(&id).map(|piece| &piece.code))?;
        if let Some(jit) = &self.jit {
            E::compile(&program, jit);
        }
        self.programs.insert(*hash, program.clone());
        Ok(program)
    }

    /// Compiles what runs hot from now on.
    pub fn compile_with(&mut self, jit: Jit) {
        let programs = self.programs.values();
        programs.for_each(|program| E::compile(program, &jit));
        self.jit = Some(jit);
    }

    /// What was compiled of all programs that are here.
    pub fn compiled(&self) -> JitStats {
        let mut all = JitStats::default();
        let programs = self.programs.values();
        programs.for_each(|program| all.add(&E::compiled(program)));
        all
    }

    /// What has come in since the last call, for the store.
    pub fn take_unsaved(&mut self) -> BTreeSet<ContentId> {
        std::mem::take(&mut self.unsaved)
    }

    /// How many launch records it holds.
    pub fn launches(&self) -> usize {
        self.launches.len()
    }

    /// Whether it takes no more code from neighbors.
    pub fn is_full(&self) -> bool {
        self.bytes >= limits::CODE_BYTES
    }

    /// Whether what is here of a program is more than a program may be.
    pub fn is_too_large(&self, launch: &LaunchHash) -> bool {
        let program = self.launches.get(launch).map(|one| one.launch.program);
        // What is linked was looked at before.
        let unlinked = program.filter(|hash| !self.programs.contains_key(hash));
        unlinked.is_some_and(|hash| self.size_of(&hash) > limits::PROGRAM_BYTES)
    }

    /// The bytes of what is here of a program.
    fn size_of(&self, program: &[u8; 32]) -> usize {
        let manifest = self.pieces.get(&ContentId::program(*program));
        let needs = manifest.into_iter().flat_map(|manifest| &manifest.needs);
        let pieces = needs.filter_map(|id| self.pieces.get(id));
        pieces.map(|piece| piece.bytes.len()).sum()
    }

    /// Whether it has grown enough to be trimmed.
    pub fn is_overfull(&self) -> bool {
        self.launches.len() > self.trim_at.0 || self.bytes > self.trim_at.1
    }

    /// Forgets what no message of these launches needs, the longest unused first, and answers
    /// what it has forgotten. It is overfull again when it has doubled, so that trimming costs
    /// little even where nearly everything is in use.
    pub fn trim(&mut self, in_use: &BTreeSet<LaunchHash>) -> Vec<ContentId> {
        let mut gone = self.trim_launches(in_use);
        gone.extend(self.trim_pieces(in_use));
        let launches = limits::LAUNCHES_CACHED.max(2 * self.launches.len());
        self.trim_at = (launches, limits::BRICK_CACHE_BYTES.max(2 * self.bytes));
        gone
    }

    fn trim_launches(&mut self, in_use: &BTreeSet<LaunchHash>) -> Vec<ContentId> {
        let idle: Vec<LaunchHash> = self
            .launches
            .keys()
            .filter(|hash| !in_use.contains(hash))
            .copied()
            .collect();
        idle.iter()
            .for_each(|hash| drop(self.launches.remove(hash)));
        idle.into_iter().map(ContentId::launch).collect()
    }

    fn trim_pieces(&mut self, in_use: &BTreeSet<LaunchHash>) -> Vec<ContentId> {
        let needed = self.needed(in_use);
        let mut idle: Vec<(u64, ContentId)> = self
            .pieces
            .iter()
            .filter(|(id, _)| !needed.contains(id))
            .map(|(id, piece)| (piece.used, *id))
            .collect();
        idle.sort_unstable();
        let mut gone = Vec::new();
        for (_, id) in idle {
            if self.bytes <= limits::BRICK_CACHE_BYTES / 2 {
                break;
            }
            if let Some(piece) = self.pieces.remove(&id) {
                self.bytes -= piece.bytes.len();
                gone.push(id);
            }
        }
        self.programs
            .retain(|hash, _| needed.contains(&ContentId::program(*hash)));
        gone
    }

    fn needed(&self, in_use: &BTreeSet<LaunchHash>) -> BTreeSet<ContentId> {
        let mut needed = BTreeSet::new();
        for signed in in_use.iter().filter_map(|hash| self.launches.get(hash)) {
            let program = ContentId::program(signed.launch.program);
            needed.insert(program);
            let manifest = self.pieces.get(&program);
            needed.extend(manifest.into_iter().flat_map(|piece| &piece.needs));
        }
        needed
    }
}
