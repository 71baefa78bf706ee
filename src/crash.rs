//! What a person sees when `smc` itself is broken.

use std::panic::PanicHookInfo;

use crate::output;

/// Replaces the panic message by one that says what to report. The exit code is the caller's.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| output::talk(&message(info))));
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let what = info.payload_as_str().unwrap_or("a panic without a message");
    let place = info
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    format!(
        "Error: smc has a bug: this is not your program's fault\n\
         \n  what:    {what}\n  where:   {place}\n  version: {} ({} {})\n\
         \nPlease report it with these lines, the command, and the program if you can share it.",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS,
    )
}
