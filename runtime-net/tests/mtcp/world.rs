//! Servers of a service, in this process or in others.

use std::future::Future;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sm_core::ids::{NodeId, Span};
use sm_net::identity::KeyPair;
use sm_net::mtcp::{
    Candidate, ClientHeld, ClientOptions, Config, Control, Delegation, MtcpListener, MtcpStream,
    SealingKeys, ServiceId, ServiceOptions, ServiceStream, Timing, serve,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{mtcp_files, services};

/// No test waits longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The key that signs for the service.
pub(crate) fn owner() -> KeyPair {
    KeyPair::from_seed([1; 32])
}

/// The key of a server.
pub(crate) fn key(server: u8) -> KeyPair {
    KeyPair::from_seed([100 + server; 32])
}

pub(crate) fn service() -> ServiceId {
    ServiceId {
        name: "test".to_owned(),
        key: owner().node_id(),
    }
}

/// Quick, so that tests are.
pub(crate) fn timing() -> Timing {
    Timing {
        heartbeat: Span::millis(300),
        dead: Span::millis(1_500),
        linger: Span::secs(20),
        ..Timing::default()
    }
}

pub(crate) fn options(server: u8, peers: Vec<Candidate>) -> ServiceOptions {
    let key = key(server);
    let delegation = Delegation::sign(&owner(), "test", key.node_id(), u64::MAX);
    let delegation = delegation.expect("the name is short");
    let mut options = ServiceOptions::delegated(key, service(), delegation).with_peers(peers);
    options.config = Config {
        timing: timing(),
        ..Config::default()
    };
    options
}

/// The same where clients keep the state, sealed with the keys of a file.
pub(crate) fn held(options: ServiceOptions, keys: &Path) -> ServiceOptions {
    let keys = SealingKeys::load(keys).expect("it was made");
    options.client_held(ClientHeld::rollback_safe(keys))
}

/// A new file of sealing keys.
pub(crate) fn sealing_keys(test: &str) -> PathBuf {
    let name = format!("sm-sealing-{test}-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    SealingKeys::create(&path).expect("it is written");
    path
}

/// Servers in this process.
pub(crate) struct World {
    pub(crate) places: Vec<Candidate>,
    pub(crate) controls: Vec<Control>,
}

impl World {
    /// So many servers with this service.
    pub(crate) async fn start<F, R>(servers: u8, standbys: usize, service: F) -> Self
    where
        F: Fn(ServiceStream) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::start_as(servers, |_, options| options.standbys = standbys, service).await
    }

    /// The same with other options, by the number of the server.
    pub(crate) async fn start_as<F, R>(
        servers: u8,
        change: impl Fn(u8, &mut ServiceOptions),
        service: F,
    ) -> Self
    where
        F: Fn(ServiceStream) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = io::Result<()>> + Send + 'static,
    {
        let mut sockets = Vec::new();
        let mut places = Vec::new();
        for server in 0..servers {
            let socket = TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port is free");
            let address = socket.local_addr().expect("it listens").to_string();
            sockets.push(socket);
            places.push(Candidate {
                server: key(server).node_id(),
                address,
            });
        }
        let mut controls = Vec::new();
        for (server, socket) in (0..).zip(sockets) {
            let mut options = options(server, places.clone());
            change(server, &mut options);
            let listener = MtcpListener::on(socket, options).expect("the key is one");
            controls.push(listener.control());
            let service = service.clone();
            tokio::spawn(serve(listener, move |stream| {
                let run = service(stream);
                async move {
                    // That it moved is no failure.
                    let _ = run.await;
                }
            }));
        }
        Self { places, controls }
    }

    /// Where its servers are.
    pub(crate) fn addresses(&self) -> Vec<String> {
        addresses(&self.places)
    }

    pub(crate) async fn connect(&self) -> MtcpStream {
        connect(self.addresses()).await
    }

    pub(crate) fn server(&self, place: usize) -> NodeId {
        self.places[place].server
    }
}

pub(crate) fn client_options(addresses: Vec<String>) -> ClientOptions {
    let mut options = ClientOptions::new(service(), addresses);
    options.timing = timing();
    options
}

pub(crate) async fn connect(addresses: Vec<String>) -> MtcpStream {
    MtcpStream::connect(client_options(addresses))
        .await
        .expect("a server takes it")
}

/// Ends a test that waits for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("it takes no longer than that")
}

/// Waits until something is so.
pub(crate) async fn until(mut so: impl FnMut() -> bool) {
    soon(async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// Where servers are.
pub(crate) fn addresses(places: &[Candidate]) -> Vec<String> {
    places.iter().map(|place| place.address.clone()).collect()
}

/// A line there, and one back.
pub(crate) async fn line(stream: &mut MtcpStream, text: &str) -> std::io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    let mut got = Vec::new();
    loop {
        got.push(stream.read_u8().await?);
        if got.ends_with(b"\n") {
            return Ok(String::from_utf8_lossy(&got).into_owned());
        }
    }
}

/// A server in a process of its own, which can be killed.
pub(crate) struct Process(Child);

impl Process {
    /// Runs server `server` of these places; it has as many standbys.
    pub(crate) fn start(server: u8, places: &[Candidate], standbys: usize) -> Self {
        Self::start_as(server, places, (standbys, None))
    }

    /// The same; where a folder is given the service is a web server for its files.
    pub(crate) fn start_as(
        server: u8,
        places: &[Candidate],
        (standbys, files): (usize, Option<&Path>),
    ) -> Self {
        Self::run(server, places, (&standbys.to_string(), files))
    }

    /// The same without any: its clients keep its state, sealed with the keys of a file.
    pub(crate) fn start_held(server: u8, places: &[Candidate], keys: &Path) -> Self {
        Self::run(server, places, (&keys.display().to_string(), None))
    }

    fn run(server: u8, places: &[Candidate], (how, files): (&str, Option<&Path>)) -> Self {
        let own = std::env::current_exe().expect("this is a program");
        let mut child = Command::new(own)
            .args([
                "--exact",
                "world::server_of_a_test",
                "--ignored",
                "--nocapture",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let addresses: Vec<&str> = places.iter().map(|place| &place.address[..]).collect();
        let files = files.map_or("-".to_owned(), |folder| folder.display().to_string());
        let line = format!("{server} {how} {files} {}\n", addresses.join(" "));
        let mut input = child.stdin.take().expect("it was asked for");
        input.write_all(line.as_bytes()).expect("it reads");
        // It ends when its input does, should this process die.
        std::mem::forget(input);
        let output = io::BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut lines = output.lines().map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains("READY")),
            "the server does not start"
        );
        Self(child)
    }

    /// It does nothing any more, and its sockets stay.
    pub(crate) fn stop(&mut self) {
        let process = self.0.id().to_string();
        let status = Command::new("kill").args(["-STOP", &process]).status();
        assert!(status.expect("there is `kill`").success());
        // The signal is on its way yet, to each of its threads.
        let threads = format!("/proc/{process}/task");
        let stopped = |thread: std::fs::DirEntry| {
            let state = std::fs::read_to_string(thread.path().join("stat"));
            state.is_ok_and(|state| state.contains(") T "))
        };
        let all = || {
            let mut threads = std::fs::read_dir(&threads).expect("it is a process");
            threads.all(|thread| stopped(thread.expect("it is a thread")))
        };
        while !all() {
            std::thread::yield_now();
        }
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it was killed");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Places for processes: their ports were free a moment ago.
pub(crate) fn places(servers: u8) -> Vec<Candidate> {
    let sockets: Vec<_> = (0..servers)
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free"))
        .collect();
    let place = |(server, socket): (u8, &std::net::TcpListener)| Candidate {
        server: key(server).node_id(),
        address: socket.local_addr().expect("it listens").to_string(),
    };
    (0..).zip(&sockets).map(place).collect()
}

#[test]
#[ignore = "other tests start it as a process of its own"]
fn server_of_a_test() {
    let mut line = String::new();
    io::stdin()
        .read_line(&mut line)
        .expect("a test says what to do");
    let mut words = line.split_whitespace();
    let server: u8 = words
        .next()
        .and_then(|word| word.parse().ok())
        .expect("a number");
    let how = words.next().expect("a number, or a file of keys");
    let files = words.next().filter(|folder| *folder != "-");
    let files = files.map(PathBuf::from);
    let places: Vec<Candidate> = (0..)
        .zip(words)
        .map(|(server, address)| Candidate {
            server: key(server).node_id(),
            address: address.to_owned(),
        })
        .collect();
    let address = places[usize::from(server)].address.clone();
    let options = match how.parse() {
        Ok(standbys) => options(server, places).with_standbys(standbys),
        Err(_) => held(options(server, places), Path::new(how)),
    };
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = io::Read::read_to_end(&mut io::stdin(), &mut rest);
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("the system lets it").block_on(async {
        let listener = MtcpListener::bind(&address, options)
            .await
            .expect("the port is free");
        println!("READY");
        serve(listener, move |stream| {
            let files = files.clone();
            async move {
                let _ = match files {
                    Some(folder) => mtcp_files::answer(stream, &folder).await,
                    None => services::lines(stream).await,
                };
            }
        })
        .await;
    });
}
