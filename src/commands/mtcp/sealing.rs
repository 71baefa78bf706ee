//! State that clients keep: the keys that seal it, and the flags of servers that let them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use sm_net::limits::MTCP_SEALING_KEYS;
use sm_net::mtcp::{ClientHeld, SealingKeyError, SealingKeys, ServiceOptions};

use crate::exit::{Exit, Failure};
use crate::output;

/// Make and change the keys that seal what clients keep of their connections
///
/// All servers of a service have the same file. It is read again when it
/// changes, so a server need not be started again for it.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct SealKey {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    New(New),
    Rotate(Rotate),
}

/// Write a file with a new key, which only you can read
///
/// A file that is there is never written over.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct New {
    /// The file
    file: PathBuf,
}

/// Add a new key to a file, and forget the oldest
///
/// It seals only after a while, so that the file can be brought to all servers
/// before; what older keys have sealed opens as long as they are in the file.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct Rotate {
    /// The file
    file: PathBuf,

    /// After how many minutes it seals
    #[arg(long, env = "SM_AFTER", value_name = "MINUTES", default_value_t = 10)]
    after: u32,

    /// How many keys stay in the file
    #[arg(long, env = "SM_KEEP", value_name = "COUNT", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=MTCP_SEALING_KEYS as u64))]
    keep: u64,
}

/// What lets clients keep the state of their connections.
#[derive(Debug, Args)]
pub(super) struct Held {
    /// Have clients keep the state of their connections, sealed with the newest key of
    /// this file (`smc mtcp seal-key`): they go on at any server that has it when this
    /// one is lost, without a standby
    #[arg(
        long,
        env = "SM_SEALING_KEYS",
        value_name = "FILE",
        verbatim_doc_comment
    )]
    #[arg(requires_all = ["upstream", "rollback_safe"], conflicts_with = "forward")]
    sealing_keys: Option<PathBuf>,

    /// Declare that the service may be set back: a client can have it go on from an
    /// older state, and from one state at two servers
    #[arg(long, env = "SM_ROLLBACK_SAFE", requires = "sealing_keys")]
    #[arg(verbatim_doc_comment)]
    rollback_safe: bool,

    /// How many seconds old such a state may be; else a day
    #[arg(
        long,
        env = "SM_MAX_AGE",
        value_name = "SECONDS",
        requires = "sealing_keys"
    )]
    max_age: Option<u64>,
}

impl SealKey {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        match &self.what {
            What::New(New { file }) => {
                SealingKeys::create(file).map_err(|error| unusable(&error))?;
                output::talk(&format!("a new key is in `{}`", file.display()));
            }
            What::Rotate(Rotate { file, after, keep }) => {
                let wait = Duration::from_secs(60 * u64::from(*after));
                let keep = usize::try_from(*keep).unwrap_or(MTCP_SEALING_KEYS);
                SealingKeys::rotate(file, wait, keep).map_err(|error| unusable(&error))?;
                output::talk(&format!(
                    "bring `{}` to all servers: its new key seals in {after} minutes",
                    file.display()
                ));
            }
        }
        Ok(Exit::Ok)
    }
}

impl Held {
    pub(super) fn of(&self, options: ServiceOptions) -> Result<ServiceOptions, Failure> {
        let Some(file) = self.sealing_keys.as_ref().filter(|_| self.rollback_safe) else {
            return Ok(options);
        };
        let keys = SealingKeys::load(file).map_err(|error| unusable(&error))?;
        let held = ClientHeld::rollback_safe(keys);
        Ok(options.client_held(match self.max_age {
            Some(seconds) => held.with_max_age(Duration::from_secs(seconds)),
            None => held,
        }))
    }
}

pub(crate) fn unusable(error: &SealingKeyError) -> Failure {
    let failure = Failure::failed(error.to_string());
    match error {
        SealingKeyError::File(error) => match error.mend() {
            Some(help) => failure.help(help),
            None => failure,
        },
        SealingKeyError::Line(..) => failure.help("`smc mtcp seal-key new FILE` makes one"),
        SealingKeyError::Randomness(_) => failure,
    }
}
