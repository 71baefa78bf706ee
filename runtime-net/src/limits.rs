//! Every bound of a node's drivers, each with a sentence that says what it protects.

use std::time::Duration;

use sm_core::ids::Span;

// Keys.

/// The largest file of a key: the few lines that it has, and a comment of its owner.
pub const KEY_FILE_BYTES: usize = 4 << 10;
/// The largest list of trusted keys: some ten thousand.
pub const TRUST_FILE_BYTES: usize = 1 << 20;
/// The longest name of a key: one less than the digits of a key, so no name looks like one.
pub const NAME_CHARS: usize = 63;
/// The longest name of a host, as the domain name system has it (RFC 1035).
pub const HOST_CHARS: usize = 253;

// Control.

/// The longest request or answer of the control protocol: a program with all its code fits.
pub const CONTROL_BYTES: usize = 32 << 20;
/// How many answers wait for an operator who does not read; events beyond are left out.
pub const CONTROL_ANSWERS: usize = 1_024;
/// How many requests wait for the node's loop.
pub const CONTROL_ORDERS: usize = 64;
/// How long an operator may take to say what it wants.
pub const CONTROL_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be accepted.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

// Links.

/// How many things that came over links wait for the node's loop; then the links wait.
pub const LINK_EVENTS: usize = 128;
/// How many frames that came together are one of these things.
pub const RUN_FRAMES: usize = 8;
/// The streams in each direction that short frames share. A lost packet holds up one of them.
pub const LANES: usize = 8;
/// The longest copy that goes in a lane: as long as the frame of a hop with a short state.
pub const LANE_FRAME_BYTES: usize = sm_core::limits::INLINE_STATE_BYTES + (1 << 10);
/// How old a state may be that a client keeps, if a service does not say.
pub const MTCP_HELD_AGE: Duration = Duration::from_secs(24 * 3600);
/// How far the clocks of two servers of a service may be apart.
pub const MTCP_CLOCKS_APART: Duration = Duration::from_secs(60);
/// How often it is looked whether a file of sealing keys has changed.
pub const MTCP_KEYS_EVERY: Duration = Duration::from_secs(1);
/// The most sealing keys of a service at once.
pub const MTCP_SEALING_KEYS: usize = 16;
/// The longest file of them.
pub const MTCP_SEALING_FILE_BYTES: usize = 4 << 10;
/// The most streams of a neighbor at a time: its lanes, and one for each long state.
pub const STREAMS: u32 = 512;
/// The room that is made for a frame before it has come.
pub const FRAME_AHEAD_BYTES: usize = 72 << 10;
/// The most bytes of one stream on their way and not yet read.
pub const STREAM_WINDOW: u32 = 4 << 20;
/// The most bytes of all streams of a session on their way and not yet read.
pub const SESSION_WINDOW: u32 = 16 << 20;
/// The most bytes of datagrams that wait to be handled.
pub const DATAGRAM_BYTES: usize = 1 << 20;
/// How long the rest of a frame may take after its beginning.
pub const FRAME_TIME: Duration = Duration::from_secs(10);
/// How long a new connection may take until both ends have said who they are.
pub const GREETING_TIME: Duration = Duration::from_secs(5);
/// The most connections that have not yet been authenticated.
pub const HANDSHAKES: usize = 64;
/// The most of them from one address.
pub const HANDSHAKES_PER_ADDRESS: usize = 48;
/// The first pause before calling a neighbor again; it doubles with each failure.
pub const REDIAL_FIRST: Duration = Duration::from_millis(50);
/// The longest pause before calling a neighbor again.
pub const REDIAL_LONGEST: Duration = Duration::from_secs(2);
/// The pause before calling a neighbor again that did not fit.
pub const REDIAL_UNFIT: Duration = Duration::from_secs(30);
/// What a round trip is taken for before the first is measured: decides how soon a call is repeated
/// that nobody heard, because the neighbor was just starting.
pub const FIRST_ROUND_TRIP: Duration = Duration::from_millis(50);
/// How many packets a neighbor may leave unacknowledged before it says so at once: a frame of a few
/// packets is acknowledged with its answer, not in a packet of its own.
pub const UNACKNOWLEDGED_PACKETS: u32 = 4;
/// How often a node shows itself to a silent neighbor, unless its operator says otherwise.
pub const KEEP_ALIVE: Duration = Duration::from_millis(200);
/// After how much silence a neighbor is taken for dead, unless the operator says otherwise.
pub const IDLE: Duration = Duration::from_millis(750);
/// How long to wait for neighbors to hear that this node ends.
pub const GOODBYE: Duration = Duration::from_millis(500);
/// How many nodes that were found wait for the node's loop; then the search waits.
pub const FOUND: usize = 64;
/// How many strangers are remembered, to tell of each once.
pub const STRANGERS: usize = 256;
/// How often a node tells anew what the same peer does again and again.
pub const FAULTS_EVERY: Span = Span::secs(60);
/// How many times a peer comes or goes before that is told in sums.
pub const LINKS_TOLD: u32 = 8;
/// The most bytes of frames that have begun and not ended in a session. A neighbor has twice
/// `OUTBOUND_BYTES_PER_NEIGHBOR` under way when it hands over as much as it may while the last of
/// that much before it is still on the way.
pub const UNFINISHED_BYTES: usize = 128 << 20;
/// The most bytes that wait for a neighbor to take them: all states that it may have been promised
/// room for, the code of a program, and copies. One that lets more wait does not read.
pub const UNREAD_BYTES: usize = 256 << 20;
/// What each frame that waits, and each length before a long one, is counted with beside its bytes,
/// so that many short ones are as bad as a few long ones.
pub const WAITING_PIECE_BYTES: usize = 2 << 10;
/// What a stream that waits to be opened is counted with in what waits, beside its frame: so many
/// of them that no honest neighbor lets wait are as bad as a long frame.
pub const WAITING_STREAM_BYTES: usize = 16 << 10;

// M-TCP.

/// The longest name of a service.
pub const MTCP_SERVICE_BYTES: usize = 255;
/// The most bytes of settings that a program gives to a connection.
pub const MTCP_USER_SETTINGS_BYTES: usize = 2 << 10;
/// How long TCP may take to a server, before the next one is tried.
pub const MTCP_CALL_TIME: Duration = Duration::from_secs(3);
/// How long the first try at each server may take when a link was lost; it doubles.
pub const MTCP_TRY_FIRST: Duration = Duration::from_millis(500);
/// How much is written to a link at once, and read from it: one system call for some records.
pub const MTCP_BATCH_BYTES: usize = 64 << 10;
/// How much of a stream waits for a link that takes it before the program waits, and how much is
/// read from a link before the program gets its turn: so little that it stays in a cache.
pub const MTCP_TURN_BYTES: usize = 2 * MTCP_BATCH_BYTES;
/// What an idle link keeps of its buffer: enough for the heads of some frames.
pub const MTCP_IDLE_BYTES: usize = 128;
/// How much may wait for a link to take it before nothing more is read from it: answers of a peer
/// that asks and does not read.
pub const MTCP_WAITING_BYTES: usize = 256 << 10;
/// The same for another server, whose session ends then: beside answers, what is shipped counts.
pub const MTCP_PEER_WAITING_BYTES: usize = 8 << 20;
/// How long a session may be about no connection: a client that attached ahead of a move.
pub const MTCP_ASIDE_TIME: Duration = Duration::from_secs(60);
/// How often a client end that may move asks again whether it would be taken: well within that.
pub const MTCP_WARM_AGAIN: Duration = Duration::from_secs(20);
/// How often the beginning of a connection is looked at that does not say yet who speaks.
pub const MTCP_PEEK_PAUSE: Duration = Duration::from_millis(5);
/// How many plain connections wait for who takes them.
pub const MTCP_PLAIN: usize = 64;
/// How often the date is looked at, for a delegation that is about to end: the date may jump.
pub const MTCP_DATE_EVERY: Duration = Duration::from_secs(60);
/// How long an operator's move waits for a client to go.
pub const MTCP_MOVE_TIME: Duration = Duration::from_secs(10);
/// How often moves that are under way are looked at.
pub const MTCP_LOOK: Duration = Duration::from_millis(20);
/// How long the measurement of a round trip is waited for, when somebody asks for it.
pub const MTCP_MEASURE: Duration = Duration::from_secs(2);
/// The most connections that are listed, so that the list is no longer than an answer may be.
pub const MTCP_LISTED: usize = 10_000;
/// How long the last bytes of a link may take.
pub const MTCP_LAST_TIME: Duration = Duration::from_secs(1);
/// The most that wait at a port to be accepted; the system may have a lower bound.
pub const MTCP_BACKLOG: i32 = 4096;
/// The most connections at a server, with those that it keeps as a standby.
pub const MTCP_CONNECTIONS: usize = 65_536;
/// The most sessions at a server.
pub const MTCP_SESSIONS: usize = 65_536;
/// The most other servers of a service.
pub const MTCP_PEERS: usize = 32;
/// The first pause before a client tries its servers again, or a server another one; it doubles.
pub const MTCP_RETRY_FIRST: Duration = Duration::from_millis(20);
/// How often a client end tries its servers for a new connection, while links are lost.
pub const MTCP_CONNECT_ROUNDS: u32 = 5;
/// The longest pause between two tries.
pub const MTCP_RETRY_LONGEST: Duration = Duration::from_secs(1);
/// How long a standby may be out of reach before another takes its place.
pub const MTCP_STANDBY_GRACE: Duration = Duration::from_secs(1);
/// How long a client end that its program dropped goes on delivering what it wrote.
pub const MTCP_DROPPED_TIME: Duration = Duration::from_secs(10);

// Services that are messages.

/// How many events of connections wait for the node's loop; then the connections wait.
pub const SERVICE_EVENTS: usize = 256;
/// How long a node that ends waits for the connections of its services to go elsewhere.
pub const DRAIN_TIME: Duration = Duration::from_secs(10);

// The loop.

/// The fuel of one slice: about 200 µs, after which the network is looked at.
pub const SLICE_FUEL: u64 = 20_000;
/// The least that a turn counts for in a slice: what it costs beside its program.
pub const TURN_FUEL: u64 = 500;
/// How many events are handled between two slices.
pub const EVENTS_PER_SLICE: usize = 32;
/// The bytes that have to be waiting more, or less, before the node is told of it.
pub const BACKLOG_STEP: usize = 64 << 10;
/// How many inputs of a recording lie between two checkpoints.
pub const CHECKPOINT_EVERY: u64 = 4_096;

// Sensors and actuators.

/// How many values of drivers wait for the node's loop; then the drivers wait.
pub const IO_EVENTS: usize = 64;
/// How many writes of programs wait for a driver; further ones are lost, and the operator is told.
pub const IO_WRITES: usize = 64;
/// The shortest time between two values of a driver that looks again and again: below it a node
/// would do nothing else.
pub const EVERY_SHORTEST: Duration = Duration::from_millis(10);
/// How often a driver looks where its operator says nothing.
pub const EVERY: Duration = Duration::from_secs(1);
/// By how much the system's clock and that of timers may differ in a period.
pub const CLOCK_SLACK: Duration = Duration::from_millis(1);
/// The longest line of a process; of a longer one nothing is taken.
pub const LINE_BYTES: usize = 64 << 10;
/// The longest file that is the value of a tag, in bytes; its encoding fits a tag.
pub const IO_FILE_BYTES: usize = 255 << 10;
/// The first pause before a process is started again; it doubles with each end.
pub const RESTART_FIRST: Duration = Duration::from_millis(100);
/// The longest pause before a process is started again.
pub const RESTART_LONGEST: Duration = Duration::from_secs(30);
/// How long a process must have lived so that its end is taken for the first.
pub const RESTART_STEADY: Duration = Duration::from_secs(10);
/// How long the last lines of a process may take to come after its end.
pub const LAST_WORDS: Duration = Duration::from_secs(1);
/// The longest reading of a sensor file of the system, a number.
pub const SENSOR_BYTES: usize = 256;
/// The most folders that are looked through for a sensor of a name.
pub const SENSORS: usize = 1_024;
/// How much of a text that is no value is shown, in bytes.
pub const FAULT_EXCERPT: usize = 60;
/// What a front end reads at once.
pub const MTCP_FRONT_READ_BYTES: usize = 32 << 10;
/// After so much input a front end exports its state: what came since is read again elsewhere.
pub const MTCP_FRONT_LOG_BYTES: usize = 64 << 10;
/// The most that waits in a front end for its holder; more than is ever read again at once.
pub const MTCP_FRONT_WAITING_BYTES: usize = 2 * (MTCP_FRONT_LOG_BYTES + MTCP_FRONT_READ_BYTES);
