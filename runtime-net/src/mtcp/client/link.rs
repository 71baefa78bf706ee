//! A client's session with one server.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use sm_core::mtcp::LinkId;
use sm_core::mtcp::wire::Frame;
use tokio::time::sleep;

use super::state::{Shared, State, wake};
use crate::mtcp::carry::{Gone, Out, Port, carry};
use crate::mtcp::session::Session;
use crate::{clock, limits};

struct ServerPort {
    shared: Arc<Shared>,
    link: LinkId,
}

/// Carries a session until it ends.
pub(super) async fn run(shared: Arc<Shared>, link: LinkId, session: Session) {
    let mut port = ServerPort {
        shared: shared.clone(),
        link,
    };
    let expires = session.expires;
    tokio::select! {
        _ = carry(session, &mut port) => {}
        // Another one has the connection from now on, or the same one with a newer delegation.
        () = expired(expires) => {}
    }
    shared.with(|state, now| {
        state.links.remove(&link);
        state.machine.link_down(now, link);
    });
    // Somebody may wait for an answer on it.
    shared.changed.notify_waiters();
}

/// Returns when a delegation is over.
async fn expired(at: u64) {
    if at == u64::MAX {
        return std::future::pending().await;
    }
    loop {
        let at = u128::from(at) * 1_000_000_000;
        let left = at.saturating_sub(u128::from(clock::unix_nanos()));
        if left == 0 {
            return;
        }
        let left = Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX));
        sleep(left.min(limits::MTCP_DATE_EVERY)).await;
    }
}

impl Port for ServerPort {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Gone> {
        let link = self.link;
        let mut taken = 0;
        while let Some((frame, length)) = Frame::decode(&bytes[taken..]).map_err(|_| Gone)? {
            taken += length;
            self.shared.with(|state, now| {
                if let Some(at) = state.links.get_mut(&link) {
                    at.waker = None;
                }
                let new = state.machine.frame(now, link, &frame).map_err(|_| Gone)?;
                match &frame {
                    Frame::Data { .. } if state.dropped.is_some() => {
                        state.machine.consumed(now, new.len());
                    }
                    Frame::Data { .. } => {
                        state.inbox.extend(new);
                        wake(&mut state.read);
                    }
                    Frame::Fin { .. } => wake(&mut state.read),
                    Frame::Ack { .. } => wake(&mut state.write),
                    Frame::Resumed { .. } => state.wake(),
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(taken)
    }

    fn fill(&mut self, out: &mut Out<'_>, waker: &Waker) -> Result<(), Gone> {
        let mut state = self.shared.lock();
        let State {
            machine,
            links,
            write,
            ..
        } = &mut *state;
        let at = links.get_mut(&self.link).ok_or(Gone)?;
        out.frames(&mut at.frames);
        if machine.used() == Some(self.link) {
            let before = machine.sendable();
            while out.has_room()
                && let Some(frame) = machine.poll_stream()
            {
                out.frame(&frame);
            }
            let turn = limits::MTCP_TURN_BYTES as u64;
            if before >= turn && machine.sendable() < turn {
                wake(write);
            }
        }
        match &mut at.waker {
            Some(old) => old.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        if at.close { Err(Gone) } else { Ok(()) }
    }

    fn waiting(&self) -> usize {
        let state = self.shared.lock();
        state.links.get(&self.link).map_or(0, |at| at.frames.len())
    }
}
