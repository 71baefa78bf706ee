//! The folders where things of one user lie (XDG Base Directory Specification).
//!
//! This is the one place, beside the command line itself, where the environment is read.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// What all of them are called.
const NAME: &str = "smartmsg";

/// What the group and all others may do with a folder.
const BY_OTHERS: u32 = 0o077;

/// Where keys and settings lie; it may not be there yet.
pub(crate) fn config() -> Result<PathBuf, Failure> {
    below_home("XDG_CONFIG_HOME", ".config", variable)
}

/// Where things lie that a user would miss, but not take along; it may not be there yet.
pub(crate) fn state() -> Result<PathBuf, Failure> {
    below_home("XDG_STATE_HOME", ".local/state", variable)
}

/// Where sockets of running nodes lie; made if it is not there.
///
/// Whoever can write there can play a node to its operator, so it belongs to the user alone.
pub(crate) fn runtime() -> Result<PathBuf, Failure> {
    let user = nix::unistd::geteuid().as_raw();
    let folder = runtime_path(user, variable);
    match DirBuilder::new()
        .mode(0o700)
        .recursive(true)
        .create(&folder)
    {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            let folder = folder.display();
            return Err(Failure::failed(format!("cannot make `{folder}`: {error}"))
                .help("the variable XDG_RUNTIME_DIR names another folder to make it in"));
        }
        _ => {}
    }
    // Not where a link leads: anybody may put one into the system's folder for temporary files.
    let metadata = fs::symlink_metadata(&folder).map_err(|error| {
        Failure::failed(format!("cannot look at `{}`: {error}", folder.display()))
    })?;
    check_private(&folder, &metadata, user)?;
    Ok(folder)
}

fn check_private(folder: &Path, metadata: &Metadata, user: u32) -> Result<(), Failure> {
    let folder = folder.display();
    if !metadata.is_dir() {
        return Err(
            Failure::failed(format!("`{folder}` is a file or a link, not a folder"))
                .help("it is where nodes put their sockets: remove it"),
        );
    }
    if metadata.uid() != user {
        return Err(
            Failure::failed(format!("`{folder}` belongs to somebody else"))
                .help("set XDG_RUNTIME_DIR to a folder of your own"),
        );
    }
    if metadata.mode() & BY_OTHERS != 0 {
        return Err(Failure::failed(format!("`{folder}` is open to others"))
            .help(format!("`chmod 700 {folder}` keeps it to its owner")));
    }
    Ok(())
}

fn runtime_path(user: u32, variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    match folder_of("XDG_RUNTIME_DIR", variable) {
        Some(base) => base.join(NAME),
        None => PathBuf::from(format!("/tmp/{NAME}-{user}")),
    }
}

fn below_home(
    name: &str,
    otherwise: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, Failure> {
    let base = folder_of(name, &variable)
        .or_else(|| Some(folder_of("HOME", &variable)?.join(otherwise)))
        .ok_or_else(|| {
            Failure::failed("there is no home folder: the variable HOME is not set to a full path")
                .help(format!("set HOME, or {name}, to a folder of your own"))
        })?;
    Ok(base.join(NAME))
}

/// The folder that a variable names. The standard says to ignore one that depends on where one is.
fn folder_of(name: &str, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    variable(name)
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
}

/// These variables belong to no flag, so clap does not read them. A path need not be UTF-8.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(variables: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        move |name| {
            let mut found = variables.iter().filter(|(given, _)| *given == name);
            found.next().map(|(_, value)| OsString::from(value))
        }
    }

    fn config(variables: &[(&str, &str)]) -> Option<PathBuf> {
        below_home("XDG_CONFIG_HOME", ".config", with(variables)).ok()
    }

    #[test]
    fn the_standard_says_where() {
        let home = ("HOME", "/home/ann");
        let found = |variables: &[(&str, &str)]| config(variables).expect("a folder");
        assert_eq!(found(&[home]), Path::new("/home/ann/.config/smartmsg"));
        let set = ("XDG_CONFIG_HOME", "/settings");
        assert_eq!(found(&[home, set]), Path::new("/settings/smartmsg"));
        assert_eq!(found(&[set]), Path::new("/settings/smartmsg"));
    }

    #[test]
    fn what_is_no_full_path_counts_as_not_set() {
        let home = ("HOME", "/home/ann");
        for wrong in ["", "settings", "./settings"] {
            let found = config(&[home, ("XDG_CONFIG_HOME", wrong)]);
            assert_eq!(found, Some(PathBuf::from("/home/ann/.config/smartmsg")));
            assert_eq!(config(&[("HOME", wrong)]), None);
        }
        assert_eq!(config(&[]), None);
    }

    #[test]
    fn sockets_lie_in_a_folder_of_the_user() {
        let set = [("XDG_RUNTIME_DIR", "/run/user/7")];
        let path = runtime_path(7, with(&set));
        assert_eq!(path, Path::new("/run/user/7/smartmsg"));
        assert_eq!(runtime_path(7, with(&[])), Path::new("/tmp/smartmsg-7"));
    }

    #[test]
    fn what_others_can_write_to_is_refused() {
        let folder = std::env::temp_dir().join(format!("smc-test-folders-{}", std::process::id()));
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .expect("a folder");
        let metadata = |path: &Path| fs::symlink_metadata(path).expect("it is there");
        let own = metadata(&folder);
        assert!(check_private(&folder, &own, own.uid()).is_ok());
        assert!(check_private(&folder, &own, own.uid() + 1).is_err());
        let link = folder.join("link");
        std::os::unix::fs::symlink(&folder, &link).expect("a link");
        assert!(check_private(&link, &metadata(&link), own.uid()).is_err());
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o750);
        fs::set_permissions(&folder, open).expect("it is ours");
        assert!(check_private(&folder, &metadata(&folder), own.uid()).is_err());
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
