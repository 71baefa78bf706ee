//! Values on a stream: each in postcard, after its length as four bytes.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::protocol::VERSION;
use crate::limits;

/// What a control connection begins with.
const MAGIC: &[u8; 6] = b"smctl\0";

/// Says which version is spoken here.
pub(super) async fn greet(stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut hello = MAGIC.to_vec();
    hello.extend(VERSION.to_le_bytes());
    stream.write_all(&hello).await
}

/// Reads which version the other side speaks.
pub(super) async fn greeted(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<u16> {
    let mut hello = [0; 8];
    stream.read_exact(&mut hello).await?;
    match hello.split_first_chunk() {
        Some((magic, version)) if magic == MAGIC => {
            Ok(u16::from_le_bytes([version[0], version[1]]))
        }
        _ => Err(invalid("it does not speak the control protocol")),
    }
}

pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    value: &impl Serialize,
) -> io::Result<()> {
    let bytes = encode(value)?;
    let length = u32::try_from(bytes.len()).map_err(|_| invalid("it is too long"))?;
    stream.write_all(&length.to_le_bytes()).await?;
    stream.write_all(&bytes).await?;
    stream.flush().await
}

/// The next value, or `None` where the stream ends before it.
pub(super) async fn read<T: DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > limits::CONTROL_BYTES {
        return Err(invalid("it is too long"));
    }
    let mut bytes = Vec::new();
    stream.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(invalid("it ends in the middle"));
    }
    decode(&bytes).map(Some)
}

/// A request or an answer as it stands after its length.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`], with what postcard says.
pub fn encode(value: &impl Serialize) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(|error| invalid(&error.to_string()))
}

/// The same the other way.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`], with what postcard says.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    postcard::from_bytes(bytes).map_err(|error| invalid(&error.to_string()))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
