//! A client end that moves together with the service that has it: `sm_core::mtcp::Client` says
//! what two copies of it may do.

use std::fmt;
use std::io;

use sm_core::ids::Span;
use sm_core::mtcp::{Client, Epoch, Kept, Reason};

use super::state::{Known, Shared};
use super::{MtcpConnector, MtcpStream, drive};

/// The state of an end, to be part of the state that its service exports.
#[derive(Clone, PartialEq, Eq)]
pub struct Exported {
    /// What [`MtcpConnector::import`] takes. Who has it can go on with the connection.
    pub state: Vec<u8>,
    /// To be said to [`MtcpStream::keep`] when the export cannot be lost any more.
    pub kept: Kept,
}

/// Without the secret.
impl fmt::Debug for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exported")
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}

impl MtcpConnector {
    /// How long a connection may be without a server.
    pub(in crate::mtcp) fn patience(&self) -> Span {
        self.options.timing.linger
    }

    /// The end that a copy of the service before has exported. The service reads what came after
    /// that, and writes; what it writes leaves after [`MtcpStream::go_on`].
    ///
    /// # Errors
    /// If it is no such state.
    pub fn import(&self, state: &[u8]) -> io::Result<MtcpStream> {
        let none = || io::Error::new(io::ErrorKind::InvalidData, "it is no state of an end");
        let (secret, image) = state.split_first_chunk().ok_or_else(none)?;
        let machine = Client::import(image, self.options.timing).map_err(|_| none())?;
        let known = self.options.addresses.iter().map(|address| Known {
            server: None,
            address: address.clone(),
        });
        let shared = Shared::new(self.clone(), machine, (*secret, known.collect()));
        shared.lock().opened = true;
        Ok(MtcpStream::new(shared))
    }
}

impl MtcpStream {
    /// The end after all that has been read from it and written to it; none if it was not made to
    /// move, with [`super::ClientOptions::moving`].
    pub fn export(&self) -> Option<Exported> {
        let mut state = self.shared().lock();
        let (image, kept) = state.machine.export()?;
        Some(Exported {
            state: [&state.secret[..], &image].concat(),
            kept,
        })
    }

    /// An imported end goes on: the service is confirmed by its own client, with this attempt
    /// ([`super::super::ServiceStream::confirmed`]). Copies before are shut out from now on.
    ///
    /// # Errors
    /// If the client of the service has moved itself: then copies cannot be told apart.
    pub fn go_on(&self, service: Epoch) -> io::Result<()> {
        let shared = self.shared();
        let goes = shared.with(|state, now| {
            state.detached = Some(Reason::Unreachable);
            state.machine.go_on(now, service)
        });
        if !goes {
            return Err(io::ErrorKind::Unsupported.into());
        }
        tokio::spawn(drive::watch(shared.clone()));
        tokio::spawn(drive::drive(shared.clone()));
        Ok(())
    }

    /// An export cannot be lost any more ([`super::super::ServiceStream::saved`]). Before the first
    /// one nothing leaves; what came before it the other end may forget.
    pub fn keep(&self, kept: Kept) {
        self.shared()
            .with(|state, now| state.machine.keep(now, kept));
    }

    /// The service has ended, and will not go on elsewhere: from now on it is an end as others are.
    pub fn stay(&self) {
        self.shared().with(|state, now| state.machine.stay(now));
    }
}
