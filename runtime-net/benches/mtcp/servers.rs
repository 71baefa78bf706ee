//! The servers of the benchmark: bare TLS, and two of M-TCP, with the same service.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;

use sm_net::identity::KeyPair;
use sm_net::mtcp::{
    Candidate, Delegation, MtcpListener, ServiceId, ServiceOptions, ServiceStream, serve,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{MESSAGE, bare};

/// What a client wants: so many bytes, or its own back.
pub(crate) const SOURCE: u8 = 0;
pub(crate) const ECHO: u8 = 1;
/// Its own back, from a service that has to remember much.
pub(crate) const STATE: u8 = 2;

/// How much that is.
const STATE_BYTES: usize = 10 << 10;

/// Where the servers are.
pub(crate) struct Servers {
    pub(crate) bare: SocketAddr,
    pub(crate) service: ServiceId,
    pub(crate) addresses: Vec<String>,
}

/// Starts all in a thread of their own.
pub(crate) fn start() -> Servers {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let servers = listen().await.expect("loopback has ports");
            sender.send(servers).expect("the benchmark waits");
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().expect("the thread starts")
}

async fn listen() -> io::Result<Servers> {
    let plain = TcpListener::bind("127.0.0.1:0").await?;
    let bare = plain.local_addr()?;
    tokio::spawn(bare::listen(plain));
    let owner = KeyPair::from_seed([1; 32]);
    let service = ServiceId {
        name: "bench".to_owned(),
        key: owner.node_id(),
    };
    let mut sockets = Vec::new();
    let mut places = Vec::new();
    for server in 2..4 {
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let key = KeyPair::from_seed([server; 32]);
        places.push(Candidate {
            server: key.node_id(),
            address: socket.local_addr()?.to_string(),
        });
        sockets.push((key, socket));
    }
    for (key, socket) in sockets {
        let delegation = Delegation::sign(&owner, "bench", key.node_id(), u64::MAX);
        let delegation = delegation.map_err(io::Error::other)?;
        let options = ServiceOptions::delegated(key, service.clone(), delegation);
        let listener = MtcpListener::on(socket, options.with_peers(places.clone()))?;
        tokio::spawn(serve(listener, |stream| async move {
            let _ = moving(stream).await;
        }));
    }
    Ok(Servers {
        bare,
        service,
        addresses: places.into_iter().map(|place| place.address).collect(),
    })
}

/// The service over M-TCP: the same, and its state.
async fn moving(mut stream: ServiceStream) -> io::Result<()> {
    let state: Vec<u8> = match stream.import_state()? {
        Some(state) => state,
        None => match stream.read_u8().await? {
            SOURCE => return source(&mut stream).await,
            STATE => vec![7; STATE_BYTES],
            _ => Vec::new(),
        },
    };
    let mut message = [0; MESSAGE];
    loop {
        stream.export_state(&state).await?;
        stream.read_exact(&mut message).await?;
        stream.write_all(&message).await?;
    }
}

/// The service over anything.
pub(crate) async fn plain(mut at: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    if at.read_u8().await? == SOURCE {
        return source(&mut at).await;
    }
    let mut message = [0; MESSAGE];
    loop {
        at.read_exact(&mut message).await?;
        at.write_all(&message).await?;
        at.flush().await?;
    }
}

async fn source(at: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    let mut left = at.read_u64_le().await?;
    let chunk = vec![7; 64 << 10];
    while left > 0 {
        let count = left.min(chunk.len() as u64);
        at.write_all(&chunk[..count as usize]).await?;
        left -= count;
    }
    at.flush().await?;
    at.shutdown().await
}
