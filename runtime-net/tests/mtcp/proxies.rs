//! Programs that know nothing of M-TCP, with an end of it beside each.

use std::sync::Arc;

use sm_net::mtcp::{MtcpConnector, MtcpListener, forward, relay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::relay::Relay;
use crate::services::byte_at;
use crate::world::{client_options, options, soon};

/// A plain server that sends back what comes, until the end of it.
pub(crate) async fn plain_echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it listens").to_string();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = tcp.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    address
}

/// A client's proxy in front of a server's, with a relay between them that cuts links.
pub(crate) async fn proxied(plain: String) -> (String, Relay) {
    let mut server = options(0, Vec::new());
    server.config.quota = 0;
    let listener = MtcpListener::bind("127.0.0.1:0", server).await;
    let mut listener = listener.expect("a port is free");
    let relay_between = Relay::to(listener.local_addr()).await;
    tokio::spawn(async move {
        loop {
            let stream = listener.accept().await;
            let plain = plain.clone();
            tokio::spawn(async move { forward(stream, &plain).await });
        }
    });
    let client = client_options(vec![relay_between.address.to_string()]);
    let connector = Arc::new(MtcpConnector::new(client).expect("there is TLS"));
    let near = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = near.local_addr().expect("it listens").to_string();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = near.accept().await {
            let connector = connector.clone();
            tokio::spawn(async move { relay(tcp, &connector).await });
        }
    });
    (address, relay_between)
}

#[tokio::test]
async fn plain_programs_do_not_see_that_links_are_cut() {
    let (address, between) = proxied(plain_echo().await).await;
    let tcp = soon(TcpStream::connect(address)).await.expect("it listens");
    let (mut read, mut write) = tcp.into_split();
    let total: u64 = 3 << 20;
    let writer = tokio::spawn(async move {
        let bytes: Vec<u8> = (0..total).map(byte_at).collect();
        write.write_all(&bytes).await.expect("it is carried");
        write.shutdown().await.expect("it is carried");
    });
    let mut got = Vec::new();
    let mut buffer = vec![0; 10_000];
    between.cut_after(200_001);
    loop {
        let read = soon(read.read(&mut buffer)).await.expect("it is carried");
        if read == 0 {
            break;
        }
        let before = got.len() / 500_000;
        got.extend_from_slice(&buffer[..read]);
        if got.len() / 500_000 > before {
            between.cut_after(30_011);
        }
    }
    soon(writer).await.expect("it does not panic");
    assert_eq!(got.len() as u64, total);
    assert!((0..).zip(&got).all(|(at, byte)| *byte == byte_at(at)));
    assert!(
        between.cuts() > 2,
        "it was hardly ever cut: {}",
        between.cuts()
    );
}

#[tokio::test]
async fn a_plain_server_that_does_not_listen_ends_the_connection() {
    let (address, _between) = proxied("127.0.0.1:1".to_owned()).await;
    let mut tcp = soon(TcpStream::connect(address)).await.expect("it listens");
    let mut got = Vec::new();
    // It is reset or closed, and nothing comes.
    let _ = soon(tcp.read_to_end(&mut got)).await;
    assert!(got.is_empty());
}

/// A program cannot know that its connection was not there yet.
#[tokio::test]
async fn a_link_that_is_lost_on_the_way_there_is_made_again() {
    let (address, between) = proxied(plain_echo().await).await;
    for bytes in [1, 100, 300, 500, 600, 700, 800] {
        between.cut_after(bytes);
        let mut tcp = TcpStream::connect(&address).await.expect("it listens");
        tcp.write_all(b"there?").await.expect("it reads");
        let mut answer = [0; 6];
        soon(tcp.read_exact(&mut answer))
            .await
            .unwrap_or_else(|error| panic!("cut after {bytes} bytes: {error}"));
        assert_eq!(&answer, b"there?");
    }
}
