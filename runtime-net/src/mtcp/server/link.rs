//! A client's session at a server: which connection it is about, and what is refused at once.

use std::sync::{Arc, Mutex};
use std::task::Waker;

use sm_core::mtcp::wire::{Claim, Frame, Open};
use sm_core::mtcp::{Epoch, LinkId, Reason};
use tokio::time::sleep;

use super::conn::Conn;
use super::hub::Hub;
use crate::limits;
use crate::mtcp::carry::{Gone, Out, Port, carry};
use crate::mtcp::proof::{self, Settings, proves};
use crate::mtcp::session::Session;

/// What a session is about.
type About = Arc<Mutex<Topic>>;

#[derive(Default)]
struct Topic {
    conn: Option<Arc<Conn>>,
    /// Somebody attached ahead of a move since this was last looked at.
    ahead: bool,
}

struct ClientPort {
    hub: Arc<Hub>,
    link: LinkId,
    binding: [u8; 32],
    about: About,
    conn: Option<Arc<Conn>>,
    /// Answers that no connection gives.
    aside: Vec<u8>,
}

/// Carries a client's session until it ends.
pub(super) async fn run(hub: Arc<Hub>, session: Session) {
    let about = About::default();
    let mut port = ClientPort {
        link: hub.next_link(),
        binding: session.binding,
        about: about.clone(),
        conn: None,
        aside: Vec::new(),
        hub,
    };
    tokio::select! {
        _ = carry(session, &mut port) => {}
        () = idle(about) => {}
    }
    port.leave();
}

/// Returns when a session has been about no connection for too long.
async fn idle(about: About) {
    loop {
        sleep(limits::MTCP_ASIDE_TIME).await;
        let (conn, ahead) = {
            let mut topic = about.lock().expect("nobody panics with it");
            (topic.conn.clone(), std::mem::take(&mut topic.ahead))
        };
        if !ahead && conn.is_none_or(|conn| conn.lock().forgotten) {
            return;
        }
    }
}

impl Port for ClientPort {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Gone> {
        let mut taken = 0;
        while let Some((frame, length)) = Frame::decode(&bytes[taken..]).map_err(|_| Gone)? {
            taken += length;
            match &frame {
                Frame::Open(open) => self.open(open),
                Frame::Resume { claim, held } => self.resume(claim, *held),
                Frame::Hello(_) => return Err(Gone),
                frame => match &self.conn {
                    Some(conn) if conn.frame_of_client(self.link, frame) => {}
                    Some(_) => return Err(Gone),
                    None => self.frame_about_nothing(frame),
                },
            }
            if self.aside.len() > limits::MTCP_WAITING_BYTES {
                return Err(Gone);
            }
        }
        Ok(taken)
    }

    fn fill(&mut self, out: &mut Out<'_>, waker: &Waker) -> Result<(), Gone> {
        out.frames(&mut self.aside);
        match &self.conn {
            Some(conn) if !conn.fill(self.link, out, waker) => Err(Gone),
            _ => Ok(()),
        }
    }

    fn waiting(&self) -> usize {
        let conn = self.conn.as_ref();
        self.aside.len() + conn.map_or(0, |conn| conn.waiting(self.link))
    }
}

impl ClientPort {
    fn refuse(&mut self, epoch: Epoch, reason: Reason) {
        Frame::Refused { epoch, reason }.encode(&mut self.aside);
    }

    /// What comes before the session is about a connection, or after it was refused.
    fn frame_about_nothing(&mut self, frame: &Frame<'_>) {
        match frame {
            Frame::Attach { .. } if self.hub.is_draining() => {
                self.refuse(Epoch::default(), Reason::Draining);
            }
            Frame::Attach { id } => {
                self.about.lock().expect("nobody panics with it").ahead = true;
                Frame::Attached { id: *id }.encode(&mut self.aside);
            }
            Frame::Ping { token } => Frame::Pong { token: *token }.encode(&mut self.aside),
            _ => {}
        }
    }

    fn open(&mut self, open: &Open<'_>) {
        let epoch = open.ends.server;
        let Some(settings) = Settings::decode(&open.settings) else {
            return self.refuse(epoch, Reason::Protocol);
        };
        // Nobody takes a name that is another's.
        let own = open.id == proof::name(&settings.secret);
        if !own || settings.service != self.hub.options.service.name {
            return self.refuse(epoch, Reason::NotAllowed);
        }
        let link = self.link;
        let begun = self.join(open.id, |state, now| {
            // Who opens again has to be who opened.
            if state
                .machine
                .settings()
                .is_some_and(|known| *known != *open.settings)
            {
                return Err(Reason::NotAllowed);
            }
            state.machine.accept(now, link, open, settings.secret);
            Ok(())
        });
        if let Err(reason) = begun {
            self.refuse(epoch, reason);
        }
    }

    fn resume(&mut self, claim: &Claim, held: u64) {
        let (link, binding) = (self.link, self.binding);
        let of = (claim.id, claim.ends.server);
        let begun = self.join(claim.id, |state, now| {
            let secret = state.machine.secret();
            // Who does not know the secret asks who does.
            if secret.is_some_and(|secret| !proves(&claim.proof, (secret, &binding), of)) {
                return Err(Reason::NotAllowed);
            }
            state.machine.resume(now, link, claim, (held, binding));
            Ok(())
        });
        if let Err(reason) = begun {
            self.refuse(claim.ends.server, reason);
        }
    }

    /// Has the session be about a connection.
    fn join(
        &mut self,
        id: sm_core::mtcp::ConnectionId,
        begin: impl FnOnce(&mut super::conn::State, sm_core::ids::Time) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        if self.conn.as_ref().is_some_and(|conn| conn.id != id) {
            return Err(Reason::Protocol);
        }
        let link = self.link;
        let mut begin = Some(begin);
        loop {
            let conn = self.hub.find_or_make(id).ok_or(Reason::Busy)?;
            let begun = conn.with(|state, now| {
                if state.forgotten {
                    return None;
                }
                state.links.entry(link).or_default();
                let begin = begin.take()?;
                let begun = begin(state, now);
                if begun.is_err() {
                    state.links.remove(&link);
                }
                Some(begun)
            });
            // It may have been forgotten just now.
            let Some(begun) = begun else { continue };
            begun?;
            if let Some(before) = self.conn.replace(conn.clone())
                && !Arc::ptr_eq(&before, &conn)
            {
                // What it still had to say came before.
                if let Some(outlet) = before.lock().links.remove(&link) {
                    self.aside.extend_from_slice(&outlet.frames);
                }
            }
            self.about.lock().expect("nobody panics with it").conn = Some(conn);
            return Ok(());
        }
    }

    /// The session has ended.
    fn leave(&mut self) {
        let link = self.link;
        if let Some(conn) = self.conn.take() {
            conn.with(|state, now| {
                state.machine.link_down(now, link);
                state.links.remove(&link);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::*;

    const MINUTE: Duration = limits::MTCP_ASIDE_TIME;

    fn ask(about: &About) {
        about.lock().expect("nobody panics with it").ahead = true;
    }

    /// A session that nothing is asked on is closed after a minute, and one that was prepared ahead
    /// of a move after two at most: it keeps a place that others may need.
    #[tokio::test(start_paused = true)]
    async fn a_session_about_nothing_is_closed() {
        let began = Instant::now();
        idle(About::default()).await;
        assert_eq!(began.elapsed().as_secs(), MINUTE.as_secs());
        let (began, about) = (Instant::now(), About::default());
        ask(&about);
        idle(about).await;
        assert_eq!(began.elapsed().as_secs(), 2 * MINUTE.as_secs());
    }

    /// One that is asked for again as often as client ends with a policy do stays for a day.
    #[tokio::test(start_paused = true)]
    async fn a_prepared_session_is_kept_for_who_asks_again() {
        let about = About::default();
        let session = tokio::spawn(idle(about.clone()));
        let day = Duration::from_secs(24 * 3_600);
        let asks = async {
            loop {
                ask(&about);
                sleep(limits::MTCP_WARM_AGAIN).await;
            }
        };
        assert!(timeout(day, asks).await.is_err(), "it asks for ever");
        assert!(!session.is_finished());
        let rest = timeout(2 * MINUTE + Duration::from_secs(1), session).await;
        rest.expect("nobody asks any more").expect("it ends");
    }
}
