//! Servers of one service, each a process of its own, so that they share nothing and can be killed.
//!
//! A process is this program again, with [`SERVER`] as its first argument. It prints its address,
//! and reads those of all as one line; at a further line it gives its connections away, so many in
//! a second if there is a number in it.

use std::fmt;
use std::io::{self, BufRead};
use std::path::PathBuf;
use std::process::Command;

use sm_core::ids::Span;
use sm_net::identity::KeyPair;
use sm_net::mtcp::{
    Candidate, ClientHeld, ClientOptions, Delegation, MtcpListener, SealingKeys, ServiceId,
    ServiceOptions, ServiceStream, Timing, serve,
};
use tokio::net::TcpListener;

use crate::process::{Process, drain, tell};

/// What the first argument of a server is.
pub const SERVER: &str = "--server";

/// So many standbys mean none, and that clients keep the state.
const CLIENTS: usize = u32::MAX as usize;

const NAME: &str = "experiment";

/// The key of the service. It is no secret: nothing but loopback hears of it.
fn owner() -> KeyPair {
    KeyPair::from_seed([255; 32])
}

fn key(index: usize) -> KeyPair {
    KeyPair::from_seed([index as u8 + 1; 32])
}

/// The processes; they end with this.
pub struct Fleet {
    /// The servers, in the order of the places.
    pub servers: Vec<Process>,
    /// Where they are.
    pub places: Vec<Candidate>,
    standbys: usize,
    heartbeat: Span,
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").finish_non_exhaustive()
    }
}

impl Fleet {
    /// Starts so many servers, with so many standbys for each connection.
    ///
    /// # Errors
    /// If a process does not start, or does not say where it listens.
    pub fn start(count: usize, standbys: usize) -> io::Result<Fleet> {
        Self::start_with(count, standbys, Timing::default().heartbeat)
    }

    /// The same with another heartbeat.
    ///
    /// # Errors
    /// As [`Fleet::start`].
    pub fn start_with(count: usize, standbys: usize, heartbeat: Span) -> io::Result<Fleet> {
        let mut fleet = Fleet {
            servers: Vec::new(),
            places: Vec::new(),
            standbys,
            heartbeat,
        };
        for index in 0..count {
            let (server, address) = server(index, (standbys, heartbeat), "127.0.0.1:0")?;
            fleet.servers.push(server);
            fleet.places.push(place(index, address));
        }
        let line = fleet.addresses().join(" ");
        for server in &mut fleet.servers {
            tell(server, &line)?;
        }
        Ok(fleet)
    }

    /// The same without standbys: clients keep the state of their connections.
    ///
    /// # Errors
    /// As [`Fleet::start`], and if the keys that seal it cannot be written.
    pub fn start_held(count: usize) -> io::Result<Fleet> {
        let path = sealing_keys(std::process::id());
        if !path.exists() {
            SealingKeys::create(&path).map_err(io::Error::other)?;
        }
        Self::start(count, CLIENTS)
    }

    fn addresses(&self) -> Vec<&str> {
        self.places.iter().map(|one| &*one.address).collect()
    }

    /// Kills a server, and starts it again at its address with nothing in its memory.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&mut self, index: usize) -> io::Result<()> {
        self.servers[index].kill()?;
        let (mut new, _) = server(
            index,
            (self.standbys, self.heartbeat),
            &self.places[index].address,
        )?;
        tell(&mut new, &self.addresses().join(" "))?;
        self.servers[index] = new;
        Ok(())
    }

    /// For a client of it.
    pub fn options(&self) -> ClientOptions {
        let addresses = self.places.iter().map(|place| place.address.clone());
        ClientOptions::new(service(), addresses.collect())
    }

    /// Has a server take no more connections, and ask its clients to go elsewhere: so many in a
    /// second, or all at once.
    ///
    /// # Errors
    /// If it has ended.
    pub fn drain(&mut self, index: usize, rate: Option<u32>) -> io::Result<()> {
        let rate = rate.map_or(String::new(), |rate| rate.to_string());
        tell(&mut self.servers[index], &rate)
    }

    /// As the command line says which service, and where.
    pub fn written(&self) -> String {
        format!(
            "{NAME}={}@{}",
            owner().node_id(),
            self.addresses().join(",")
        )
    }
}

/// Starts a server. Gives its address.
fn server(
    index: usize,
    (standbys, heartbeat): (usize, Span),
    at: &str,
) -> io::Result<(Process, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    let numbers = [index as u64, standbys as u64, heartbeat.0].map(|one| one.to_string());
    command.arg(SERVER).args(numbers).arg(at);
    let (process, mut output, errors) = Process::start(command)?;
    drain(errors);
    let mut address = String::new();
    match output.read_line(&mut address)? {
        0 => Err(io::Error::other("a server has ended at once")),
        _ => Ok((process, address.trim_end().to_owned())),
    }
}

/// A server of these places.
///
/// # Errors
/// If there are too many.
pub fn server_options(index: usize, places: Vec<Candidate>) -> io::Result<ServiceOptions> {
    let key = key(index);
    let delegation = Delegation::sign(&owner(), NAME, key.node_id(), u64::MAX);
    let delegation = delegation.map_err(io::Error::other)?;
    Ok(ServiceOptions::delegated(key, service(), delegation).with_peers(places))
}

/// Where a server is.
pub fn place(index: usize, address: String) -> Candidate {
    Candidate {
        server: key(index).node_id(),
        address,
    }
}

/// The service.
pub fn service() -> ServiceId {
    ServiceId {
        name: NAME.to_owned(),
        key: owner().node_id(),
    }
}

/// The keys of the servers that a process has started.
fn sealing_keys(process: u32) -> PathBuf {
    std::env::temp_dir().join(format!("sm-sealing-{process}"))
}

fn copied(options: ServiceOptions, standbys: usize) -> io::Result<ServiceOptions> {
    if standbys != CLIENTS {
        return Ok(options.with_standbys(standbys));
    }
    let path = sealing_keys(std::os::unix::process::parent_id());
    let keys = SealingKeys::load(&path).map_err(io::Error::other)?;
    Ok(options.client_held(ClientHeld::rollback_safe(keys)))
}

/// If this process is to be a server of a fleet, it is one until its end.
///
/// # Errors
/// If it cannot listen, or its arguments are not those of a fleet.
pub fn be_a_server<F, R>(run: F) -> io::Result<()>
where
    F: Fn(ServiceStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [first, index, standbys, heartbeat, at] = &arguments[..] else {
        return Ok(());
    };
    if first != SERVER {
        return Ok(());
    }
    let number = |text: &String| text.parse::<usize>().map_err(io::Error::other);
    let (index, standbys) = (number(index)?, number(standbys)?);
    let timing = Timing::of_heartbeat(Span(number(heartbeat)? as u64));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let socket = TcpListener::bind(at).await?;
        println!("{}", socket.local_addr()?);
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        let places = line.split_whitespace().enumerate();
        let places = places.map(|(index, address)| place(index, address.to_owned()));
        let options = server_options(index, places.collect())?;
        let mut options = copied(options, standbys)?;
        options.config.timing = timing;
        let listener = MtcpListener::on(socket, options)?;
        let control = listener.control();
        tokio::spawn(async move {
            let line = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                io::stdin().read_line(&mut line).map(|read| (read, line))
            });
            if let Ok(Ok((1.., line))) = line.await {
                match line.trim().parse() {
                    Ok(rate) => control.drain_at(rate).await,
                    Err(_) => control.drain().await,
                }
            }
        });
        serve(listener, run).await;
        std::process::exit(0)
    })
}
