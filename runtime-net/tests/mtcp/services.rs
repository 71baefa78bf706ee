//! The services of these tests.

use std::io;

use serde::{Deserialize, Serialize};
use sm_net::mtcp::ServiceStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Counts lines, and sends each back behind its number.
#[derive(Default, Serialize, Deserialize)]
struct Lines {
    count: u64,
    begun: Vec<u8>,
}

pub(crate) async fn lines(mut stream: ServiceStream) -> io::Result<()> {
    let mut state: Lines = stream.import_state()?.unwrap_or_default();
    let mut buffer = [0; 700];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return stream.shutdown().await;
        }
        for byte in &buffer[..read] {
            state.begun.push(*byte);
            if *byte == b'\n' {
                state.count += 1;
                stream
                    .write_all(format!("{} ", state.count).as_bytes())
                    .await?;
                stream.write_all(&std::mem::take(&mut state.begun)).await?;
            }
        }
        // Not always, so that there is a log to run again.
        if state.count.is_multiple_of(3) {
            stream.export_state(&state).await?;
        }
    }
}

/// What comes back for so many lines.
pub(crate) fn numbered(lines: &[String]) -> Vec<u8> {
    let numbered = (1..)
        .zip(lines)
        .map(|(number, line)| format!("{number} {line}"));
    numbered.collect::<String>().into_bytes()
}

/// The byte of a download at an offset.
pub(crate) fn byte_at(offset: u64) -> u8 {
    (offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// Sends as many bytes as it is asked for, and says where it is now and then.
pub(crate) async fn download(mut stream: ServiceStream) -> io::Result<()> {
    let (total, mut sent) = match stream.import_state::<(u64, u64)>()? {
        Some(state) => state,
        None => (stream.read_u64_le().await?, 0),
    };
    let mut chunk = Vec::new();
    while sent < total {
        let end = total.min(sent + 10_000);
        chunk.clear();
        chunk.extend((sent..end).map(byte_at));
        stream.write_all(&chunk).await?;
        sent = end;
        if sent.is_multiple_of(70_000) {
            stream.export_state(&(total, sent)).await?;
        }
    }
    stream.shutdown().await
}

/// Answers each byte with one by chance, which it draws as it should.
pub(crate) async fn dice(mut stream: ServiceStream) -> io::Result<()> {
    while stream.read_u8().await.is_ok() {
        let drawn = stream.record(random).await?;
        stream.write_all(&drawn.to_le_bytes()).await?;
    }
    stream.shutdown().await
}

/// The same, and forgets to say that it draws.
pub(crate) async fn loaded_dice(mut stream: ServiceStream) -> io::Result<()> {
    while stream.read_u8().await.is_ok() {
        stream.write_all(&random().to_le_bytes()).await?;
    }
    stream.shutdown().await
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    u64::from_le_bytes(bytes)
}

/// Sends back what comes.
pub(crate) async fn echo(mut stream: ServiceStream) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return stream.shutdown().await;
        }
        stream.write_all(&buffer[..read]).await?;
        stream.export_state(&()).await?;
    }
}
