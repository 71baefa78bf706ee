//! Runs the real `smc` and writes down what came of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a command did.
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The command in the folder of the tests' programs, untouched by the environment.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smc"));
    command
        .args(args)
        .current_dir(programs())
        .stdin(Stdio::null());
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command
}

pub(crate) fn smc(args: &[&str]) -> Ran {
    ran(command(args).output().expect("smc starts"))
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        exit: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("smc writes text"),
        stderr: String::from_utf8(output.stderr).expect("smc writes text"),
    }
}

pub(crate) fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/programs")
}

/// A file of this name that only one test uses.
pub(crate) fn scratch(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli");
    fs::create_dir_all(&folder).expect("a folder for the tests");
    let path = folder.join(name);
    fs::write(&path, content).expect("a file for a test");
    path
}

/// An empty folder of this name that only one test uses.
pub(crate) fn scratch_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("cli")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for a test");
    folder
}

/// Runs `smc` in a folder.
pub(crate) fn smc_in(folder: &Path, args: &[&str]) -> Ran {
    let output = command(args).current_dir(folder).output();
    ran(output.expect("smc starts"))
}

/// All of it as one text, for a snapshot.
impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit: {}", self.exit)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "\n--- {name}\n{}", text.trim_end_matches('\n'))?;
            }
        }
        Ok(())
    }
}

/// Compares what `smc` did with the snapshot of this name. What differs from run to run or from
/// machine to machine is blotted out.
pub(crate) fn snapshot(name: &str, ran: &Ran) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[hash]");
    settings.add_filter(r"brick [0-9a-f]{16}\b", "brick [hash]");
    settings.add_filter(r"smc \d+\.\d+\.\d+", "smc [version]");
    settings.add_filter(r"/[^\s`]*/target/tmp/cli/", "[tmp]/");
    settings.bind(|| insta::assert_snapshot!(name, ran.to_string()));
}

/// Runs `smc` with these arguments and compares with the snapshot of this name.
pub(crate) fn check(name: &str, args: &[&str]) {
    snapshot(name, &smc(args));
}
