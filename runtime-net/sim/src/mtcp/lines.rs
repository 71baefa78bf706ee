//! The sessions of one machine: streams of frames, put together from segments.

use std::collections::BTreeMap;

use sm_core::ids::SessionId;
use sm_core::mtcp::LinkId;
use sm_core::mtcp::wire::{Frame, Versions};

use crate::network::NodeIx;

/// The present session with each other machine.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<NodeIx, Line>);

/// A session.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) session: SessionId,
    /// What the other end speaks, when it has said so.
    pub(super) fits: Option<bool>,
    /// Bytes that wait in the driver.
    pub(super) backlog: usize,
    /// What has come and is no whole frame yet.
    partial: Vec<u8>,
}

/// A session as the ends of a connection name it.
pub(super) fn link(session: SessionId) -> LinkId {
    LinkId(session.0)
}

impl Lines {
    /// A session begins. Gives the one that it follows, if its end was not known.
    pub(super) fn up(&mut self, peer: NodeIx, session: SessionId) -> Option<SessionId> {
        let line = Line {
            session,
            fits: None,
            backlog: 0,
            partial: Vec::new(),
        };
        self.0.insert(peer, line).map(|line| line.session)
    }

    /// A session is over; false if it is not the present one.
    pub(super) fn down(&mut self, peer: NodeIx, session: SessionId) -> bool {
        let present = self.of(peer, session).is_some();
        if present {
            self.0.remove(&peer);
        }
        present
    }

    pub(super) fn of(&mut self, peer: NodeIx, session: SessionId) -> Option<&mut Line> {
        self.0.get_mut(&peer).filter(|line| line.session == session)
    }

    /// The session with a machine, if frames may be sent in it.
    pub(super) fn ready(&self, peer: NodeIx) -> Option<&Line> {
        self.0.get(&peer).filter(|line| line.fits == Some(true))
    }

    /// The machine at the other end of a link.
    pub(super) fn peer(&self, at: LinkId) -> Option<NodeIx> {
        let found = self.0.iter().find(|(_, line)| link(line.session) == at);
        found.map(|(peer, _)| *peer)
    }

    pub(super) fn peers(&self) -> Vec<NodeIx> {
        let ready = self.0.iter().filter(|(_, line)| line.fits == Some(true));
        ready.map(|(peer, _)| *peer).collect()
    }

    pub(super) fn get_mut(&mut self, peer: NodeIx) -> Option<&mut Line> {
        self.0.get_mut(&peer)
    }
}

impl Line {
    /// A segment has come: gives the bytes of the frames that are whole now.
    ///
    /// # Errors
    /// What is no frame.
    pub(super) fn take(&mut self, segment: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        self.partial.extend_from_slice(segment);
        let mut frames = Vec::new();
        let mut done = 0;
        loop {
            match Frame::decode(&self.partial[done..]) {
                Ok(Some((_, length))) => {
                    frames.push(self.partial[done..done + length].to_vec());
                    done += length;
                }
                Ok(None) => break,
                Err(error) => return Err(format!("a frame that is none comes: {error}")),
            }
        }
        self.partial.drain(..done);
        Ok(frames)
    }

    /// The other end says what it speaks. Whether that fits.
    pub(super) fn greeted(&mut self, ours: Versions, theirs: Versions) -> bool {
        let fits = ours.common(theirs).is_some();
        self.fits = Some(fits);
        fits
    }
}
