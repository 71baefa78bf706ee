//! Ctrl-C as an event that a loop can wait for.

use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Failure;

/// Tells when somebody pressed Ctrl-C, or sent SIGINT or SIGTERM.
/// Its clones listen together: each signal is for the first that asks.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Rc<Receiver<()>>);

impl Interrupt {
    /// From here on a signal no longer ends the process by itself.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let (sender, receiver) = channel();
        // A second signal finds a receiver that may be gone already; then nobody waits for it.
        ctrlc::set_handler(move || {
            let _ = sender.send(());
        })
        .map_err(|error| Failure::failed(format!("cannot listen to signals: {error}")))?;
        Ok(Self(Rc::new(receiver)))
    }

    /// Whether there was a signal.
    pub(crate) fn came(&self) -> bool {
        self.0.try_recv().is_ok()
    }

    /// Waits for a signal, at most so long; answers whether one came.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        match self.0.recv_timeout(limit) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}

/// The same for commands that wait for many things at once.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From here on a signal no longer ends the process by itself.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::failed(format!("cannot listen to signals: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
