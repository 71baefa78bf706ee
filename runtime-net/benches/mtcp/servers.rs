//! The servers of the benchmark: bare TLS, and two of M-TCP, with the same service; and a proxy.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use sm_core::ids::Span;
use sm_net::identity::KeyPair;
use sm_net::mtcp::{
    Candidate, ClientOptions, Delegation, MtcpConnector, MtcpListener, ServiceId, ServiceOptions,
    ServiceStream, relay, serve,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{MESSAGE, bare, memory};

/// What a client wants: so many bytes, or its own back.
pub(crate) const SOURCE: u8 = 0;
pub(crate) const ECHO: u8 = 1;
/// Its own back, from a service that has to remember much.
pub(crate) const STATE: u8 = 2;

/// Short, so that ends find soon that they are idle.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(500);

/// How much that is.
const STATE_BYTES: usize = 10 << 10;

/// Where the servers are.
pub(crate) struct Servers {
    pub(crate) bare: SocketAddr,
    /// Plain TCP, carried to the service.
    pub(crate) proxy: SocketAddr,
    pub(crate) service: ServiceId,
    pub(crate) addresses: Vec<String>,
}

/// Starts all in a thread of their own, and the proxy in another.
pub(crate) fn start() -> Servers {
    let (bare, service, addresses) = in_a_thread(async || {
        memory::count_as_server();
        listen().await
    });
    let options = ClientOptions::new(service.clone(), addresses.clone());
    let proxy = in_a_thread(async move || proxy(options).await);
    Servers {
        bare,
        proxy,
        service,
        addresses,
    }
}

/// Begins something in a thread of its own, where it goes on.
fn in_a_thread<T: Send + 'static>(
    begin: impl AsyncFnOnce() -> io::Result<T> + Send + 'static,
) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let begun = begin().await.expect("loopback has ports");
            sender.send(begun).expect("the benchmark waits");
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().expect("the thread starts")
}

/// What `smc mtcp proxy` does.
async fn proxy(options: ClientOptions) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let connector = MtcpConnector::new(options)?;
    tokio::spawn(async move {
        while let Ok((plain, _)) = listener.accept().await {
            let connector = connector.clone();
            tokio::spawn(async move { relay(plain, &connector).await });
        }
    });
    Ok(address)
}

async fn listen() -> io::Result<(SocketAddr, ServiceId, Vec<String>)> {
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
        let mut options = options.with_peers(places.clone());
        options.config.timing.heartbeat = Span(HEARTBEAT.as_nanos() as u64);
        let listener = MtcpListener::on(socket, options)?;
        tokio::spawn(serve(listener, |stream| async move {
            let _ = moving(stream).await;
        }));
    }
    let addresses = places.into_iter().map(|place| place.address).collect();
    Ok((bare, service, addresses))
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
