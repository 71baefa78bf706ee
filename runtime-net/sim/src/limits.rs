//! Every bound and assumed cost of the simulator, each with a sentence that says what it stands
//! for.

use sm_core::ids::Span;

// Networks.

/// The most nodes a network file may ask for: beyond it a typing error would eat the memory.
pub const NODES: usize = 1_000_000;
/// The most links a network file may ask for.
pub const LINKS: usize = 8_000_000;
/// The longest network file that is read, in bytes.
pub const FILE_BYTES: usize = 16 << 20;
/// How deep the type of a tag in a network file may be nested.
pub const TYPE_DEPTH: usize = 16;

// What things take in virtual time.

/// How long one unit of fuel takes: an interpreter on a small device.
pub const FUEL_TIME: Span = Span(10);
/// The fuel of one slice, in which a node does not look at its network: 200 µs.
pub const SLICE_FUEL: u64 = 20_000;
/// How long a write to stable storage takes at least.
pub const STORE_MIN: Span = Span(50_000);
/// How long a write to stable storage takes at most.
pub const STORE_MAX: Span = Span::millis(5);

// Links.

/// The one-way delay of a link whose file names none.
pub const LINK_DELAY: Span = Span::millis(2);
/// After how much silence a node takes its neighbor for dead, as a driver on a LAN has it.
pub const IDLE: Span = Span::millis(750);
/// How long a new session takes after the old one was found broken, where the file says nothing.
pub const REPAIR: Span = Span::millis(200);
/// How long no new session is tried after one end has closed the last because it does not fit.
pub const CLOSED: Span = Span::secs(60);
/// How long a crashed node stays away where the file says nothing.
pub const RESTART: Span = Span::secs(1);

// Runs.

/// How long a run waits at most for its links to connect before it begins.
pub const WARM_UP: Span = Span::secs(2);
/// How long a network has after the end of all faults before it must have come together: longer
/// than any step of a hop waits.
pub const CONVERGE: Span = Span::secs(60);
/// The virtual time after which a run is given up where nothing else is asked for.
pub const DEADLINE: Span = Span::secs(600);

// Connections that move.

/// How much waits in a driver before it asks the machines for no more.
pub const MTCP_BACKLOG: usize = 128 << 10;
/// How long a connection has after the end of all faults: some links are found dead, some attempts
/// take their time.
pub const MTCP_SETTLE: Span = Span::secs(100);
/// How long a drained server stays away.
pub const MTCP_RESTART: Span = Span::millis(500);
/// The shortest time before a client end tries again that has failed once.
pub const MTCP_RETRY: Span = Span::millis(5);
/// The longest time before it does so; it doubles with each try, a few times.
pub const MTCP_BACKOFF: Span = Span::millis(50);
