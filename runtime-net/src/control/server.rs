//! The node's end of control connections: requests go to the node's loop, answers come back.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::protocol::{Answer, Request, VERSION};
use super::wire;
use crate::host::Reload;
use crate::limits;

/// What an operator wants of a node.
#[derive(Debug)]
pub enum Order {
    /// Something that is answered.
    Request {
        /// What is asked.
        request: Request,
        /// Where the answers go. It is closed when the operator has gone.
        answers: mpsc::Sender<Answer>,
    },
    /// Other settings, from the process of the node itself.
    Reload(Box<Reload>),
}

/// Listens on a socket for as long as it lives, then removes it.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Listens at `path`; orders go to `orders`. A socket that a dead node left there is replaced.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] if a node lives there, and what the file system says.
    pub async fn start(path: &Path, orders: mpsc::Sender<Order>) -> io::Result<Self> {
        let listener = bind(path).await?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let task = tokio::spawn(accept(listener, orders));
        Ok(Self {
            path: path.to_owned(),
            task,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        // Somebody may have removed it already, and then there is nothing to do.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn bind(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if UnixStream::connect(path).await.is_ok() {
                return Err(error);
            }
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    }
}

async fn accept(listener: UnixListener, orders: mpsc::Sender<Order>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, orders.clone()))),
            // Too many open files: those that are open will be closed.
            Err(_) => tokio::time::sleep(limits::ACCEPT_PAUSE).await,
        }
    }
}

/// One connection. What is wrong with it is the other side's to see: it ends.
async fn serve(mut stream: UnixStream, orders: mpsc::Sender<Order>) {
    let _ = talk(&mut stream, &orders).await;
}

async fn talk(stream: &mut UnixStream, orders: &mpsc::Sender<Order>) -> io::Result<()> {
    wire::greet(stream).await?;
    let greeted = tokio::time::timeout(limits::CONTROL_PATIENCE, wire::greeted(stream)).await??;
    if greeted != VERSION {
        return Ok(());
    }
    let request = tokio::time::timeout(limits::CONTROL_PATIENCE, wire::read(stream)).await??;
    let Some(request) = request else {
        return Ok(());
    };
    let (answers, mut answered) = mpsc::channel(limits::CONTROL_ANSWERS);
    let order = Order::Request { request, answers };
    if orders.send(order).await.is_err() {
        return Ok(());
    }
    loop {
        tokio::select! {
            answer = answered.recv() => match answer {
                Some(answer) => wire::write(stream, &answer).await?,
                None => return Ok(()),
            },
            // The operator says nothing more; what can come is the end.
            end = wire::read::<Request>(stream) => {
                end?;
                return Ok(());
            }
        }
    }
}
