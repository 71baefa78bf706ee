//! A long stream whose server can be changed in the middle: numbers, one on each line.
//!
//! `mtcp_numbers serve ADDR` prints what a client needs: `mtcp_numbers read KEY@ADDR`.

use std::io;

use sm_net::identity::{KeyPair, parse_key};
use sm_net::mtcp::{
    ClientOptions, MtcpListener, MtcpStream, ServiceId, ServiceOptions, ServiceStream, serve,
};
use tokio::io::AsyncWriteExt;

async fn numbers(mut stream: ServiceStream) -> io::Result<()> {
    let mut next: u64 = stream.import_state()?.unwrap_or(1);
    while next <= 1_000_000 {
        let lines: String = (next..next + 1000)
            .map(|number| format!("{number}\n"))
            .collect();
        stream.write_all(lines.as_bytes()).await?;
        next += 1000;
        stream.export_state(&next).await?;
    }
    stream.shutdown().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", address] => {
            let key = KeyPair::generate().map_err(io::Error::other)?;
            let options = ServiceOptions::new(key.clone(), "numbers");
            let listener = MtcpListener::bind(address, options).await?;
            println!("{}@{}", key.node_id(), listener.local_addr());
            serve(listener, async |stream| {
                let _ = numbers(stream).await;
            })
            .await;
            Ok(())
        }
        ["read", place] => {
            let (key, address) = place.split_once('@').unwrap_or((place, ""));
            let service = ServiceId {
                name: "numbers".to_owned(),
                key: parse_key(key).map_err(io::Error::other)?,
            };
            let options = ClientOptions::new(service, vec![address.to_owned()]);
            let mut stream = MtcpStream::connect(options).await?;
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
            stream.close().await
        }
        _ => Err(io::Error::other("mtcp_numbers serve ADDR | read KEY@ADDR")),
    }
}
