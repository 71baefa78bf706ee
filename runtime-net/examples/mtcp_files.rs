//! A web server for the files of a folder, whose downloads go on when the server changes.
//!
//! `mtcp_files FOLDER` runs two servers in one process, and says how a proxy reaches them:
//!
//! ```text
//! cargo run --release -p sm-net --example mtcp_files -- .
//! smc mtcp proxy --service files=KEY@127.0.0.1:PORT,.. --listen 127.0.0.1:8080
//! curl -O http://127.0.0.1:8080/README.md
//! ```
//!
//! All servers have the same files: what moves is how far a download is.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sm_net::identity::KeyPair;
use sm_net::mtcp::{
    Candidate, Delegation, MtcpListener, ServiceId, ServiceOptions, ServiceStream, serve,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The longest request.
const REQUEST_BYTES: usize = 8 << 10;

/// What is sent between two exports.
const PIECE_BYTES: usize = 64 << 10;

/// What the service knows of a connection: what was asked, and how much of the file was sent.
#[derive(Default, Serialize, Deserialize)]
struct Download {
    request: Vec<u8>,
    begun: bool,
    sent: u64,
}

/// Answers one request, and ends.
pub(crate) async fn answer(mut stream: ServiceStream, folder: &Path) -> io::Result<()> {
    let mut state: Download = stream.import_state()?.unwrap_or_default();
    let mut buffer = vec![0; PIECE_BYTES];
    while !state.request.ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await?;
        state.request.extend_from_slice(&buffer[..read]);
        if read == 0 || state.request.len() > REQUEST_BYTES {
            return stream.shutdown().await;
        }
        stream.export_state(&state).await?;
    }
    let name = asked_for(&state.request);
    let file = name.and_then(|name| File::open(folder.join(name)).ok());
    let Some(mut file) = file else {
        let none = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(none.as_bytes()).await?;
        return stream.shutdown().await;
    };
    let length = file.metadata()?.len();
    if !state.begun {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        state.begun = true;
        stream.export_state(&state).await?;
    }
    file.seek(SeekFrom::Start(state.sent))?;
    while state.sent < length {
        // A disk is not waited for as a peer is.
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        stream.write_all(&buffer[..read]).await?;
        state.sent += read as u64;
        stream.export_state(&state).await?;
    }
    stream.shutdown().await
}

/// The name of a file in the folder: no other folder can be asked for.
fn asked_for(request: &[u8]) -> Option<&str> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    let name = std::str::from_utf8(line).ok()?.strip_prefix("GET /")?;
    let name = name.split(' ').next()?;
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
    plain.then_some(name)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("mtcp_files FOLDER"))?;
    let owner = KeyPair::generate().map_err(io::Error::other)?;
    let service = ServiceId {
        name: "files".to_owned(),
        key: owner.node_id(),
    };
    let mut servers = Vec::new();
    for _ in 0..2 {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        servers.push((key, TcpListener::bind("127.0.0.1:0").await?));
    }
    let places: Result<Vec<Candidate>, io::Error> = servers.iter().map(place).collect();
    let places = places?;
    let addresses: Vec<&str> = places.iter().map(|place| &place.address[..]).collect();
    println!("--service files={}@{}", service.key, addresses.join(","));
    let mut tasks = tokio::task::JoinSet::new();
    for (key, listener) in servers {
        let delegation = Delegation::sign(&owner, "files", key.node_id(), u64::MAX);
        let delegation = delegation.map_err(io::Error::other)?;
        let options = ServiceOptions::delegated(key, service.clone(), delegation)
            .with_peers(places.clone())
            .with_standbys(1);
        let folder = folder.clone();
        tasks.spawn(serve(MtcpListener::on(listener, options)?, move |stream| {
            let folder = folder.clone();
            async move {
                let _ = answer(stream, &folder).await;
            }
        }));
    }
    tasks.join_all().await;
    Ok(())
}

fn place((key, listener): &(KeyPair, TcpListener)) -> io::Result<Candidate> {
    Ok(Candidate {
        server: key.node_id(),
        address: listener.local_addr()?.to_string(),
    })
}
