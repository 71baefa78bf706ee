//! Processes that are started, waited for and measured.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// A program with arguments, which finds other programs and nothing else in its environment.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// What it writes, without the end of the last line.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let ended = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        return Err(format!("{command:?}: {}\n{said}", ended.status));
    }
    let text = String::from_utf8_lossy(&ended.stdout);
    Ok(text.trim_end().to_owned())
}

/// What it writes, and the processor time that it takes, in all of its threads.
pub(crate) fn measured(command: &mut Command) -> Result<(String, Duration), String> {
    let before = used();
    let written = output(command)?;
    Ok((written, used() - before))
}

/// The processor time of all processes that were started here and have ended.
fn used() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("it can always be asked for");
    let micros = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec() as u64) + Duration::from_micros(time.tv_usec() as u64)
    };
    micros(usage.user_time()) + micros(usage.system_time())
}
