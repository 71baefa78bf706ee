//! The keys of the user, and the keys that the user trusts: where they lie, and what is said when
//! they cannot be used.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sm_net::identity::{KeyFileError, KeyPair, Name, NameError, Origin};
use sm_net::trust::{TrustError, TrustStore};

use crate::complaint::{Complaint, Kind};
use crate::exit::{Exit, Failure};
use crate::folders;
use crate::output::{self, Style, Terminal};
use crate::text;

/// The key that signs when no other is asked for.
const DEFAULT: &str = "default";

/// A key of the user.
#[derive(Debug)]
pub(crate) struct OwnKey {
    pub(crate) name: Name,
    pub(crate) pair: KeyPair,
    /// The file where it lies.
    pub(crate) path: PathBuf,
}

/// Where a key lies, as people say it in flags and settings: what has a `/` in it is the path of
/// its file, everything else the name of one of the user's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyPlace {
    Named(Name),
    File(PathBuf),
}

impl KeyPlace {
    /// The same, if a path begins in this folder.
    pub(crate) fn in_folder(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            named => named,
        }
    }

    fn path(&self) -> Result<PathBuf, Failure> {
        match self {
            Self::Named(name) => path_of(name),
            Self::File(path) => Ok(path.clone()),
        }
    }
}

impl FromStr for KeyPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('/') {
            return Ok(Self::File(text.into()));
        }
        let name = text.parse().map(Self::Named);
        name.map_err(|error: NameError| format!("{error}; the path of a file has a `/` in it"))
    }
}

/// The name of the default key.
pub(crate) fn default_name() -> Name {
    DEFAULT.parse().expect("the default name is a name")
}

/// Makes a new key.
pub(crate) fn make(name: &Name) -> Result<OwnKey, Failure> {
    let path = path_of(name)?;
    match KeyPair::create(&path) {
        Ok(pair) => Ok(OwnKey {
            name: name.clone(),
            pair,
            path,
        }),
        Err(error) if error.is_there() => {
            let path = path.display();
            Err(
                Failure::failed(format!("there is a key `{name}` already: `{path}`"))
                    .help(format!("`{}` shows its public key", command("show", name)))
                    .help("no key is ever written over: move it away if you want another"),
            )
        }
        Err(error) => Err(unusable(&error)),
    }
}

/// Reads a key that was made before.
pub(crate) fn load(name: &Name) -> Result<OwnKey, Failure> {
    let path = path_of(name)?;
    match KeyPair::load(&path) {
        Ok(pair) => Ok(OwnKey {
            name: name.clone(),
            pair,
            path,
        }),
        Err(error) if error.is_missing() => Err(missing(name)),
        Err(error) => Err(unusable(&error)),
    }
}

/// The default key. On first use it is made, which is said on standard error.
pub(crate) fn default_or_new(terminal: &Terminal) -> Result<KeyPair, Failure> {
    found_or_made(terminal, &path_of(&default_name())?)
}

/// The key at this place, which is made if there is none.
pub(crate) fn at_or_new(terminal: &Terminal, place: &KeyPlace) -> Result<KeyPair, Failure> {
    found_or_made(terminal, &place.path()?)
}

/// The key at this place, or the default key where none is said.
pub(crate) fn place_or_default(
    terminal: &Terminal,
    place: Option<&KeyPlace>,
) -> Result<KeyPair, Failure> {
    match place {
        Some(place) => at_or_new(terminal, place),
        None => default_or_new(terminal),
    }
}

/// A key that lives as long as this process.
pub(crate) fn generate() -> Result<KeyPair, Failure> {
    KeyPair::generate()
        .map_err(|error| Failure::failed(format!("the system has no randomness: {error}")))
}

/// A new key in a new file.
pub(crate) fn create(path: &Path) -> Result<KeyPair, Failure> {
    KeyPair::create(path).map_err(|error| unusable(&error))
}

fn found_or_made(terminal: &Terminal, path: &Path) -> Result<KeyPair, Failure> {
    let (key, origin) = KeyPair::load_or_create(path).map_err(|error| unusable(&error))?;
    if origin == Origin::Made {
        let public = terminal.paint(Style::Name, key.node_id());
        output::talk(&format!("made a key for you, {public}"));
        output::talk(&secret_place(path));
    }
    Ok(key)
}

/// The keys that the user trusts. Each wrong line of the list is told.
pub(crate) fn trusted(terminal: &Terminal) -> Result<TrustStore, Failure> {
    let path = folders::config()?.join("trusted");
    TrustStore::load(&path).map_err(|error| untrusted(terminal, &error))
}

/// Why the list of trusted keys cannot be read or changed.
pub(crate) fn untrusted(terminal: &Terminal, error: &TrustError) -> Failure {
    let TrustError::Lines { path, wrong } = error else {
        return with_help(error.to_string(), error.mend());
    };
    for at in wrong {
        let message = format!("`{}:{}`: {}", path.display(), at.line, at.wrong);
        Complaint::new(Kind::Error, message).say(terminal);
    }
    Failure::silent(Exit::Failed)
}

/// Where the secret half of a new key lies.
pub(crate) fn secret_place(path: &Path) -> String {
    format!(
        "its secret half lies in {}: show it to nobody",
        path.display()
    )
}

fn path_of(name: &Name) -> Result<PathBuf, Failure> {
    Ok(folder()?.join(name.as_str()))
}

fn folder() -> Result<PathBuf, Failure> {
    Ok(folders::config()?.join("keys"))
}

/// `smc key show`, with the name unless it is the default.
fn command(verb: &str, name: &Name) -> String {
    match name.as_str() {
        DEFAULT => format!("smc key {verb}"),
        name => format!("smc key {verb} {name}"),
    }
}

fn missing(name: &Name) -> Failure {
    let failure = match name.as_str() {
        DEFAULT => Failure::failed("you have no key yet"),
        name => Failure::failed(format!("you have no key `{name}`")),
    };
    let names = names();
    let near = text::nearest(name.as_str(), names.iter().map(String::as_str));
    let failure = match near {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure,
    };
    failure.help(format!("`{}` makes one", command("new", name)))
}

/// The names of all keys; none if that cannot be known.
fn names() -> Vec<String> {
    let Some(entries) = folder().ok().and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.parse::<Name>().is_ok())
        .collect();
    names.sort();
    names
}

fn unusable(error: &KeyFileError) -> Failure {
    with_help(error.to_string(), error.mend())
}

fn with_help(message: String, help: Option<String>) -> Failure {
    let failure = Failure::failed(message);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::MessageFormat;

    #[test]
    fn a_slash_makes_a_path() {
        let place = |text: &str| text.parse::<KeyPlace>();
        let named = |text: &str| KeyPlace::Named(text.parse().expect("a name"));
        assert_eq!(place("lab"), Ok(named("lab")));
        assert_eq!(place("lab.key"), Ok(named("lab.key")));
        let file = |text: &str| Ok(KeyPlace::File(text.into()));
        assert_eq!(place("./lab.key"), file("./lab.key"));
        let below = |text: &str| place(text).map(|place| place.in_folder(Path::new("/etc/sm")));
        assert_eq!(below("./lab.key"), file("/etc/sm/./lab.key"));
        assert_eq!(below("/keys/lab"), file("/keys/lab"));
        assert_eq!(below("lab"), Ok(named("lab")));
        for wrong in ["", "my key", "~"] {
            let error = place(wrong).expect_err("it is neither");
            assert!(error.contains("a `/` in it"), "{error}");
        }
    }

    #[test]
    fn the_default_key_is_made_once() {
        let folder = std::env::temp_dir().join(format!("smc-test-keys-{}", std::process::id()));
        let path = folder.join("keys").join(DEFAULT);
        let terminal = Terminal {
            colored: false,
            format: MessageFormat::Human,
        };
        let key = || found_or_made(&terminal, &path).expect("a key").node_id();
        assert_eq!(key(), key());
        fs::write(&path, "garbage").expect("it is ours");
        assert!(found_or_made(&terminal, &path).is_err(), "not replaced");
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
