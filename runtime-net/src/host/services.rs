//! Services whose servers are nodes: for each client connection a message.
//!
//! Each service has a listener of M-TCP; what happens to its connections comes to the node's loop
//! as inputs, and the node's outputs are done at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sm_core::ids::{Attachment, AuthorId};
use sm_core::launch::{Launch, LaunchError};
use sm_core::mtcp::{ConnectionId, Reason};
use sm_core::node::{Deed, ENDED, Happening, Input};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::Host;
use crate::control::protocol::What;
use crate::identity::KeyPair;
use crate::limits;
use crate::mtcp::{Control, MtcpListener, TurnEvent, TurnHandle, TurnStream};

/// A service of a node.
pub struct Service {
    /// Where its clients come; made with `in_turns`.
    pub listener: MtcpListener,
    /// What begins the message of a connection.
    pub starter: Starter,
    /// The keys of its other servers, whose launches come with connections.
    pub servers: Vec<AuthorId>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

/// Signs a launch for each connection.
pub struct Starter {
    /// The node's key, which signs.
    pub key: KeyPair,
    /// The launch; arguments and nonce are made for each connection.
    pub launch: Launch,
    /// The arguments of the program's `main` for a connection.
    pub arguments: Box<dyn Fn(ConnectionId) -> Vec<u8> + Send + Sync>,
}

impl std::fmt::Debug for Starter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Starter")
            .field("launch", &self.launch)
            .finish_non_exhaustive()
    }
}

impl Starter {
    fn launch(&self, name: ConnectionId) -> Result<Vec<u8>, LaunchError> {
        let launch = Launch {
            arguments: (self.arguments)(name),
            nonce: name.0,
            ..self.launch.clone()
        };
        let signed = launch.sign(self.key.signing_key())?;
        Ok(signed.bytes.to_vec())
    }
}

/// What comes from the connections.
enum News {
    /// A service is to run for a connection; of the service with this number.
    Begun(TurnHandle, usize),
    Happened(TurnEvent),
}

/// All services of a node.
pub(super) struct Services {
    plans: Vec<(Starter, Vec<AuthorId>)>,
    controls: Vec<Control>,
    news: mpsc::Receiver<(Attachment, News)>,
    handles: BTreeMap<Attachment, TurnHandle>,
    /// Rings when all connections have gone elsewhere, or could not.
    drained: Option<oneshot::Receiver<()>>,
}

impl Services {
    pub(super) fn start(services: Vec<Service>) -> Self {
        let (sender, news) = mpsc::channel(limits::SERVICE_EVENTS);
        let numbers = Arc::new(AtomicU64::new(1));
        let (mut plans, mut controls) = (Vec::new(), Vec::new());
        for (at, service) in services.into_iter().enumerate() {
            controls.push(service.listener.control());
            plans.push((service.starter, service.servers));
            let accept = accept(service.listener, at, sender.clone(), numbers.clone());
            tokio::spawn(accept);
        }
        Self {
            plans,
            controls,
            news,
            handles: BTreeMap::new(),
            drained: None,
        }
    }

    async fn next(&mut self) -> Next {
        let drained = async {
            match &mut self.drained {
                Some(drained) => drop(drained.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = drained => Next::Drained,
            news = self.news.recv() => match news {
                Some((attachment, news)) => Next::News(attachment, news),
                // Without services nothing comes.
                None => std::future::pending().await,
            },
        }
    }

    /// Begins to send clients elsewhere; false if there are none, or it has begun.
    pub(super) fn drain(&mut self) -> bool {
        if self.drained.is_some() || self.controls.iter().all(|one| one.running() == 0) {
            return false;
        }
        let (done, drained) = oneshot::channel();
        self.drained = Some(drained);
        let controls = self.controls.clone();
        tokio::spawn(async move {
            let all = async {
                for control in &controls {
                    control.drain().await;
                }
            };
            // Those that nobody takes are lost with the node.
            let _ = timeout(limits::DRAIN_TIME, all).await;
            let _ = done.send(());
        });
        true
    }
}

enum Next {
    News(Attachment, News),
    Drained,
}

/// What a node's loop does next about its services.
pub(super) struct Serviced(Next);

pub(super) async fn next(services: &mut Services) -> Serviced {
    Serviced(services.next().await)
}

async fn accept(
    mut listener: MtcpListener,
    service: usize,
    news: mpsc::Sender<(Attachment, News)>,
    numbers: Arc<AtomicU64>,
) {
    loop {
        let (events, handle) = listener.accept().await.into_turns();
        let attachment = Attachment(numbers.fetch_add(1, Ordering::Relaxed));
        let begun = News::Begun(handle, service);
        tokio::spawn(attend(attachment, events, begun, news.clone()));
    }
}

async fn attend(
    attachment: Attachment,
    mut events: TurnStream,
    begun: News,
    news: mpsc::Sender<(Attachment, News)>,
) {
    let mut next = begun;
    loop {
        let last = matches!(next, News::Happened(TurnEvent::Gone(_)));
        if news.send((attachment, next)).await.is_err() || last {
            return;
        }
        next = News::Happened(events.next().await);
    }
}

impl Host {
    pub(super) fn serviced(&mut self, Serviced(next): Serviced) {
        match next {
            Next::Drained => self.stopping = true,
            Next::News(attachment, News::Begun(handle, service)) => {
                self.begin_service(attachment, handle, service);
            }
            Next::News(attachment, News::Happened(event)) => {
                if matches!(event, TurnEvent::Gone(_)) {
                    self.services.handles.remove(&attachment);
                }
                let happening = match event {
                    TurnEvent::Input { bytes, ended } => Happening::Input { bytes, ended },
                    TurnEvent::Room(limit) => Happening::Room(limit),
                    TurnEvent::Wanted => Happening::Wanted,
                    TurnEvent::Thawed => Happening::Thawed,
                    TurnEvent::Gone(end) => Happening::Gone(end),
                };
                self.happened(attachment, happening);
            }
        }
    }

    fn happened(&mut self, attachment: Attachment, happening: Happening) {
        self.feed(Input::Connection(attachment, Box::new(happening)));
    }

    fn begin_service(&mut self, attachment: Attachment, handle: TurnHandle, service: usize) {
        let (name, offsets) = (handle.id(), handle.offsets());
        let (starter, servers) = &self.services.plans[service];
        // Gone before it was taken up. Its service is not to begin anew.
        let Ok(snapshot) = handle.snapshot() else {
            return;
        };
        let happening = match snapshot {
            Some(snapshot) if snapshot == ENDED => {
                handle.imported();
                return handle.end(ENDED);
            }
            Some(snapshot) => Happening::Arrived {
                name,
                snapshot,
                servers: servers.clone(),
                offsets,
            },
            None => match starter.launch(name) {
                Ok(launch) => Happening::Opened {
                    name,
                    launch,
                    offsets,
                },
                Err(error) => {
                    self.tell(What::Note(format!("a service cannot be started: {error}")));
                    return handle.reset(Reason::Aborted);
                }
            },
        };
        self.services.handles.insert(attachment, handle);
        self.happened(attachment, happening);
    }

    pub(super) fn do_with_connection(&mut self, attachment: Attachment, deed: Deed) {
        let Some(handle) = self.services.handles.get(&attachment) else {
            return;
        };
        match deed {
            Deed::Accepted => handle.imported(),
            Deed::Refused(reason) => {
                handle.reset(reason);
                self.services.handles.remove(&attachment);
            }
            // If it is not here any more, that is told soon.
            Deed::Turn(turn) => drop(handle.turn(turn)),
            Deed::Frozen => handle.grant(),
            Deed::Move(server) => {
                if !handle.move_to(server) {
                    self.happened(attachment, Happening::NoWay);
                }
            }
            Deed::Stay => handle.stay(),
            Deed::Ended => {
                handle.end(ENDED);
                self.services.handles.remove(&attachment);
            }
            Deed::Reset => {
                handle.reset(Reason::Aborted);
                self.services.handles.remove(&attachment);
            }
        }
    }
}
