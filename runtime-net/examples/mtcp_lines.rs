//! A service that counts lines, and its client: the count goes on when the server changes.
//!
//! `cargo run -p sm-net --example mtcp_lines` runs two servers and a client in one process.

use std::io;

use serde::{Deserialize, Serialize};
use sm_net::identity::KeyPair;
use sm_net::mtcp::{
    Candidate, ClientOptions, Delegation, MtcpListener, MtcpStream, ServiceId, ServiceOptions,
    ServiceStream, serve,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// What the service knows of a connection: how many lines came, and what came of the next one.
#[derive(Default, Serialize, Deserialize)]
struct Count {
    lines: u64,
    begun: Vec<u8>,
}

async fn count(mut stream: ServiceStream) -> io::Result<()> {
    let mut state: Count = stream.import_state()?.unwrap_or_default();
    let mut buffer = [0; 1024];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return stream.shutdown().await;
        }
        for byte in &buffer[..read] {
            if *byte == b'\n' {
                state.lines += 1;
                let line = String::from_utf8_lossy(&state.begun);
                stream
                    .write_all(format!("{} {line}\n", state.lines).as_bytes())
                    .await?;
                state.begun.clear();
            } else {
                state.begun.push(*byte);
            }
        }
        // All that was read is in the state or answered: from here it can go on anywhere.
        stream.export_state(&state).await?;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let owner = KeyPair::generate().map_err(io::Error::other)?;
    let service = ServiceId {
        name: "lines".to_owned(),
        key: owner.node_id(),
    };
    let mut servers = Vec::new();
    for _ in 0..2 {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        servers.push((key, TcpListener::bind("127.0.0.1:0").await?));
    }
    let places: Result<Vec<Candidate>, io::Error> = servers.iter().map(place).collect();
    let places = places?;
    for (key, listener) in servers {
        let delegation = Delegation::sign(&owner, "lines", key.node_id(), u64::MAX);
        let delegation = delegation.map_err(io::Error::other)?;
        let options =
            ServiceOptions::delegated(key, service.clone(), delegation).with_peers(places.clone());
        tokio::spawn(serve(
            MtcpListener::on(listener, options)?,
            async |stream| {
                let _ = count(stream).await;
            },
        ));
    }

    let addresses = places.into_iter().map(|place| place.address).collect();
    let stream = MtcpStream::connect(ClientOptions::new(service, addresses)).await?;
    let control = stream.control();
    let mut stream = BufReader::new(stream);
    for text in ["one\n", "two\n", "three\n"] {
        stream.write_all(text.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        print!("{answer}");
        control.migrate(None).await?;
    }
    stream.into_inner().close().await
}

fn place((key, listener): &(KeyPair, TcpListener)) -> io::Result<Candidate> {
    Ok(Candidate {
        server: key.node_id(),
        address: listener.local_addr()?.to_string(),
    })
}
