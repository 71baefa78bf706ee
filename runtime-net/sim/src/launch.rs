//! What is started: code, arguments, limits, and who asks for it.

use std::sync::Arc;

use sm_bytecode::bundle::Bundle;
use sm_core::content::ContentKind;
use sm_core::ids::NodeId;
use sm_core::launch::{Launch, LaunchError, LaunchLimits, SignedLaunch};

use crate::random::Seed;
use crate::world::Author;

/// The code of a program with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Manifests and bricks in canonical bytes.
    pub content: Vec<(ContentKind, Arc<[u8]>)>,
    /// The hash of the program's manifest.
    pub program: [u8; 32],
    /// The brick of the function that it starts in.
    pub brick: [u8; 32],
    /// The function in that brick.
    pub function: u16,
}

impl Package {
    /// What a node needs of a bundle: all but the debug information.
    pub fn new(bundle: &Bundle) -> Self {
        let program = (ContentKind::Program, bundle.program.encode().into());
        let modules = bundle
            .modules
            .iter()
            .map(|m| (ContentKind::Module, m.encode().into()));
        let bricks = bundle
            .bricks
            .iter()
            .map(|b| (ContentKind::Brick, b.encode().into()));
        Self {
            content: std::iter::once(program)
                .chain(modules)
                .chain(bricks)
                .collect(),
            program: bundle.program.hash().0,
            brick: bundle.program.entry.brick.0,
            function: bundle.program.entry.function,
        }
    }
}

/// A program that somebody wants to start.
#[derive(Debug, Clone)]
pub struct Start {
    /// Its code.
    pub package: Arc<Package>,
    /// The arguments of its entry function in canonical encoding.
    pub arguments: Vec<u8>,
    /// What it may use.
    pub limits: LaunchLimits,
    /// Who wants it.
    pub author: Author,
}

/// The author of whoever does not say.
const SOMEBODY: &str = "somebody";

impl Start {
    /// A start without arguments, with default limits, by an author of no importance.
    pub fn new(package: Arc<Package>) -> Self {
        Self {
            package,
            arguments: Vec::new(),
            limits: LaunchLimits::default(),
            author: Author::named(SOMEBODY),
        }
    }

    /// The `number`-th launch of a run, signed.
    pub(crate) fn sign(
        &self,
        home: NodeId,
        seed: Seed,
        number: u64,
    ) -> Result<SignedLaunch, LaunchError> {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&seed.0.to_le_bytes());
        nonce[8..].copy_from_slice(&number.to_le_bytes());
        let launch = Launch {
            author: self.author.id(),
            home,
            program: self.package.program,
            brick: self.package.brick,
            function: self.package.function,
            arguments: self.arguments.clone(),
            limits: self.limits,
            nonce,
            expiry: 0,
        };
        launch.sign(self.author.key())
    }
}
