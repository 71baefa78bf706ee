//! Processes of an experiment: started until they are ready, measured, and ended with it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// A process that ends with this.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts it. Gives what it writes, too.
    ///
    /// # Errors
    /// If there is no such program.
    pub fn start(mut command: Command) -> io::Result<(Self, impl BufRead, impl BufRead)> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                let program = command.get_program().display();
                io::Error::new(error.kind(), format!("cannot start {program}: {error}"))
            })?;
        let output = child.stdout.take().expect("it is piped");
        let errors = child.stderr.take().expect("it is piped");
        Ok((Self(child), BufReader::new(output), BufReader::new(errors)))
    }

    /// Starts what listens at this address of loopback, and waits until it does.
    ///
    /// # Errors
    /// If there is no such program, or it does not listen within five seconds.
    pub fn listening(command: Command, port: u16) -> io::Result<Self> {
        let (process, output, errors) = Self::start(command)?;
        drain(output);
        drain(errors);
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(process);
            }
            pause(Duration::from_millis(10));
        }
        Err(io::Error::other("it does not listen"))
    }

    /// Where to write what it reads.
    pub fn input(&mut self) -> &mut ChildStdin {
        self.0.stdin.as_mut().expect("it is piped")
    }

    /// What the system calls it.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Errors
    /// If it has ended already.
    pub fn kill(&mut self) -> io::Result<()> {
        self.0.kill()?;
        self.0.wait().map(|_| ())
    }

    /// Processor time that it has used, user and system.
    ///
    /// # Errors
    /// If it has ended.
    pub fn used(&self) -> io::Result<Duration> {
        used(&self.0.id().to_string())
    }

    /// Its memory that is in use, in bytes.
    ///
    /// # Errors
    /// If it has ended.
    pub fn memory(&self) -> io::Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
        kilobytes
            .map(|count| count << 10)
            .ok_or_else(|| io::Error::other("the system does not tell its memory"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Processor time of this process, user and system.
///
/// # Errors
/// If the system does not tell.
pub fn own_time() -> io::Result<Duration> {
    used("self")
}

/// From `/proc/PID/stat`, in ticks of a hundredth of a second (`man 5 proc`).
fn used(pid: &str) -> io::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// A port of loopback that nobody uses just now. It is below those that the system gives to
/// sockets which do not care, and given once.
///
/// # Errors
/// If there is none.
pub fn free_port() -> io::Result<u16> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id() * 64 % 20_000;
    for _ in 0..20_000 {
        let given = u32::from(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(10_000 + (start + given) % 20_000).unwrap_or_default();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Reads on, so that who writes never waits.
pub fn drain(mut from: impl Read + Send + 'static) {
    std::thread::spawn(move || io::copy(&mut from, &mut io::sink()));
}

/// Writes a line.
///
/// # Errors
/// If it has ended.
pub fn tell(to: &mut Process, line: &str) -> io::Result<()> {
    writeln!(to.input(), "{line}")
}

/// A short while.
#[expect(clippy::disallowed_methods, reason = "it looks at others from outside")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
