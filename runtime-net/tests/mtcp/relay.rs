//! A relay between a client and a server that cuts links where no protocol expects it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Forwards to one address.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Bytes from the server until the next cut; none after it is zero.
    left: AtomicU64,
    silent: AtomicBool,
    cut: Notify,
    cuts: AtomicU64,
    links: AtomicU64,
}

impl Relay {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let shared = Arc::new(Shared::default());
        shared.left.store(u64::MAX, Ordering::Relaxed);
        let all = shared.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                all.links.fetch_add(1, Ordering::Relaxed);
                if let Ok(far) = TcpStream::connect(target).await {
                    tokio::spawn(run(near, far, all.clone()));
                }
            }
        });
        Self { address, shared }
    }

    /// Cuts the link when so many bytes more have come from the server.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.shared.left.store(bytes, Ordering::Relaxed);
    }

    /// Cuts all links now.
    pub(crate) fn cut(&self) {
        self.shared.cut.notify_waiters();
    }

    /// Passes nothing on any more, and closes nothing.
    pub(crate) fn fall_silent(&self, silent: bool) {
        self.shared.silent.store(silent, Ordering::Relaxed);
    }

    /// How many links it has ever had.
    pub(crate) fn links(&self) -> u64 {
        self.shared.links.load(Ordering::Relaxed)
    }

    /// How many links it has cut for [`Self::cut_after`].
    pub(crate) fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::Relaxed)
    }
}

async fn run(near: TcpStream, far: TcpStream, shared: Arc<Shared>) {
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let counted = pass(far_in, near_out, &shared, true);
    let other = pass(near_in, far_out, &shared, false);
    // When one direction ends the link is cut: both sockets are dropped.
    tokio::select! {
        () = counted => {}
        () = other => {}
        () = shared.cut.notified() => {}
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    shared: &Shared,
    counted: bool,
) {
    let mut buffer = [0; 4096];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        if shared.silent.load(Ordering::Relaxed) {
            continue;
        }
        let mut pass = read;
        if counted {
            let left = shared.left.load(Ordering::Relaxed);
            pass = read.min(usize::try_from(left).unwrap_or(usize::MAX));
            if left != u64::MAX {
                shared.left.store(left - pass as u64, Ordering::Relaxed);
            }
        }
        if to.write_all(&buffer[..pass]).await.is_err() {
            return;
        }
        if pass < read {
            shared.left.store(u64::MAX, Ordering::Relaxed);
            shared.cuts.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}
