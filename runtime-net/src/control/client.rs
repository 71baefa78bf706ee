//! The operator's end of a control connection.

use std::fmt;
use std::io;
use std::path::Path;

use tokio::net::UnixStream;

use super::protocol::{Answer, Request, VERSION};
use super::wire;

/// A connection with a node, for one request.
#[derive(Debug)]
pub struct Client(UnixStream);

/// Why a node does not answer.
#[derive(Debug)]
pub enum ControlError {
    /// Nobody listens there.
    Absent(io::Error),
    /// It speaks another version.
    Version(u16),
    /// The connection broke, or what came is no answer.
    Broken(io::Error),
    /// The node ended before it answered.
    Ended,
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(error) => write!(f, "no node listens there: {error}"),
            Self::Version(version) => write!(
                f,
                "the node speaks version {version} of the control protocol, this is {VERSION}"
            ),
            Self::Broken(error) => write!(f, "the connection with the node broke: {error}"),
            Self::Ended => f.write_str("the node ended before it answered"),
        }
    }
}

impl std::error::Error for ControlError {}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

impl Client {
    /// Connects to the node whose socket this is.
    ///
    /// # Errors
    /// [`ControlError::Absent`], [`ControlError::Version`] and [`ControlError::Broken`].
    pub async fn open(socket: &Path) -> Result<Self, ControlError> {
        let mut stream = UnixStream::connect(socket)
            .await
            .map_err(ControlError::Absent)?;
        let greeted = match wire::greet(&mut stream).await {
            Ok(()) => wire::greeted(&mut stream).await,
            // Whether one notices that a node ends when writing or when reading says nothing.
            Err(error) if is_closed(&error) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) => Err(error),
        };
        match greeted {
            Ok(VERSION) => Ok(Self(stream)),
            Ok(version) => Err(ControlError::Version(version)),
            Err(error) => Err(ControlError::Broken(error)),
        }
    }

    /// Asks.
    ///
    /// # Errors
    /// [`ControlError::Broken`]
    pub async fn ask(&mut self, request: &Request) -> Result<(), ControlError> {
        wire::write(&mut self.0, request)
            .await
            .map_err(ControlError::Broken)
    }

    /// The next answer.
    ///
    /// # Errors
    /// [`ControlError::Broken`], and [`ControlError::Ended`] where none will come.
    pub async fn answer(&mut self) -> Result<Answer, ControlError> {
        match wire::read(&mut self.0).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(ControlError::Ended),
            Err(error) => Err(ControlError::Broken(error)),
        }
    }

    /// Connects, asks, and takes the first answer.
    ///
    /// # Errors
    /// As the others.
    pub async fn call(socket: &Path, request: &Request) -> Result<Answer, ControlError> {
        let mut client = Self::open(socket).await?;
        client.ask(request).await?;
        client.answer().await
    }
}
