//! What the system tells a node: to end, or to read its settings again.

use std::io::IsTerminal;

use tokio::io::AsyncReadExt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::cannot;
use super::reload::Reloads;
use crate::exit::Failure;

/// The signals that are meant for a node, and the end of its input.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    until_eof: bool,
    /// Whether it was started in a terminal.
    in_terminal: bool,
}

impl Signals {
    /// From here on no signal ends the process by itself.
    pub(super) fn listen(until_eof: bool) -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| cannot("listen to signals", &error));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
            until_eof,
            in_terminal: std::io::stdin().is_terminal(),
        })
    }

    /// Waits for what ends the node; what is to be read again meanwhile is read.
    pub(super) async fn end(mut self, mut reloads: Reloads<'_>) {
        let mut no_more = std::pin::pin!(end_of_input());
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                () = &mut no_more, if self.until_eof => return,
                _ = self.hang_up.recv() => {
                    // The same signal tells that the terminal has gone, and who started it there.
                    if self.in_terminal && !std::io::stdin().is_terminal() {
                        return;
                    }
                    reloads.again().await;
                }
            }
        }
    }
}

async fn end_of_input() {
    let mut input = tokio::io::stdin();
    let mut nothing = [0; 64];
    while input.read(&mut nothing).await.is_ok_and(|count| count > 0) {}
}
