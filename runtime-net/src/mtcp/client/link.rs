//! A client's session with one server.

use std::sync::Arc;
use std::task::Waker;

use sm_core::mtcp::LinkId;
use sm_core::mtcp::wire::Frame;

use super::state::{Shared, State, wake};
use crate::limits;
use crate::mtcp::carry::{Gone, Port, carry};
use crate::mtcp::session::Session;

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
    let _ = carry(session, &mut port).await;
    shared.with(|state, now| {
        state.links.remove(&link);
        state.machine.link_down(now, link);
    });
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

    fn fill(&mut self, out: &mut Vec<u8>, waker: &Waker) -> Result<(), Gone> {
        let mut state = self.shared.lock();
        let State { machine, links, .. } = &mut *state;
        let at = links.get_mut(&self.link).ok_or(Gone)?;
        if out.is_empty() {
            std::mem::swap(out, &mut at.frames);
        } else {
            out.append(&mut at.frames);
        }
        while machine.attached() == Some(self.link) && out.len() < limits::MTCP_BATCH_BYTES {
            match machine.poll_stream() {
                Some(frame) => frame.encode(out),
                None => break,
            }
        }
        match &mut at.waker {
            Some(old) => old.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        if at.close { Err(Gone) } else { Ok(()) }
    }
}
