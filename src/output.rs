//! Where things are written: data on standard output, talk on standard error.
//!
//! A reader that goes away (`smc emit bytecode x.sm | head`) is no error, and no panic.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::exit::{Exit, Failure};

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    // If standard error is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    Always,
    Never,
}

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum MessageFormat {
    // The source with marks under it.
    #[default]
    Human,
    // One object a line.
    Json,
    // `file:line:column: error[SM0123]: message`, one a line.
    Short,
}

/// What every command knows about the place it talks to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    pub(crate) colored: bool,
    pub(crate) format: MessageFormat,
}

/// What a painted word means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Error,
    Warning,
    Help,
    /// A name in front of a line: a node, a place in the source.
    Name,
    Quiet,
}

impl Terminal {
    /// `text` in the colour of `style`, or plain where colour is not wanted.
    pub(crate) fn paint(&self, style: Style, text: impl Display) -> String {
        if !self.colored {
            return text.to_string();
        }
        let code = match style {
            Style::Error => "1;31",
            Style::Warning => "1;33",
            Style::Help => "1;36",
            Style::Name => "36",
            Style::Quiet => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Whether talk is to be coloured.
pub(crate) fn colored(choice: ColorChoice, no_color: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => !no_color && io::stderr().is_terminal(),
    }
}

/// Writes one line (or more) of talk. If nobody hears it, that is nobody's fault.
pub(crate) fn talk(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes data as it is.
pub(crate) fn data(bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(bytes.as_ref()).and_then(|()| out.flush()))
}

/// Writes one line of data.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    data(format!("{text}\n"))
}

/// A closed pipe ends the command in peace: whoever read it has seen enough.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::silent(Exit::Ok)),
        Err(error) => Err(Failure::failed(format!(
            "cannot write to standard output: {error}"
        ))),
    }
}
