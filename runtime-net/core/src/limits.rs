//! Every bound of a node, each with a sentence that says what it protects.
//!
//! The constants are walls that no configuration moves; what an operator may choose below them is
//! in `NodeLimits`.

use crate::ids::Span;

// Wire.

/// The longest frame a node accepts, so that a neighbor cannot make it buffer without end.
pub const FRAME_BYTES: usize = (1 << 20) + (4 << 10);
/// The longest frame sent by broadcast: it must fit one datagram or one radio transmission.
pub const BROADCAST_BYTES: usize = 1_200;
/// The longest state that travels inside an offer and spares the hop a round trip.
pub const INLINE_STATE_BYTES: usize = 32 << 10;
/// The size of the pieces in which a longer state travels.
pub const STATE_CHUNK_BYTES: usize = 64 << 10;
/// The longest captured state that a node sends or accepts.
pub const STATE_BYTES: usize = 64 << 20;
/// The longest encoded launch record, most of which is arguments.
pub const LAUNCH_BYTES: usize = 64 << 10;
/// The longest launch record or program manifest that travels inside an offer to a neighbor that
/// may lack it, and spares the hop a round trip.
pub const INLINE_CONTENT_BYTES: usize = 16 << 10;
/// The longest encoded arguments in a launch record.
pub const ARGUMENT_BYTES: usize = 32 << 10;
/// The longest brick, or any other thing fetched by its hash; it fits a frame.
pub const BRICK_BYTES: usize = 1 << 20;
/// The most things asked for by hash in one frame, and so the most that a program consists of.
pub const WANTED_PER_FRAME: usize = 4_096;
/// The most bytes of bricks put into one frame, a single brick excepted.
pub const CODE_FRAME_BYTES: usize = 256 << 10;
/// The longest text of a report or a log line that comes from elsewhere.
pub const TEXT_BYTES: usize = 4 << 10;

// Launches.

/// The most verified launch records a node remembers beyond those in use.
pub const LAUNCHES_CACHED: usize = 1_024;
/// The most bytes of bricks a node remembers beyond those in use.
pub const BRICK_CACHE_BYTES: usize = 64 << 20;

/// The most bytes of code a node holds, also in use; beyond it none is taken from neighbors.
pub const CODE_BYTES: usize = 256 << 20;
/// The most bytes of code that one program consists of.
pub const PROGRAM_BYTES: usize = 16 << 20;
/// The most things asked of one neighbor that have not come.
pub const ASKED_PER_NEIGHBOR: usize = 4 * WANTED_PER_FRAME;

/// The most things a node remembers that one neighbor has, to spare sending them again.
pub const KNOWN_PER_NEIGHBOR: usize = 4_096;

// Tag Space.

/// The longest encoded key of a member of a tag family.
pub const TAG_KEY_BYTES: usize = 1 << 10;
/// The longest encoded value of a tag.
pub const TAG_VALUE_BYTES: usize = 256 << 10;
/// The longest name of a tag as people see it.
pub const TAG_DISPLAY_BYTES: usize = 128;
/// What a tag costs beyond its key, name and value, so that empty tags are not free.
pub const TAG_OVERHEAD_BYTES: usize = 128;
/// The longest lifetime a tag or message may ask for; longer ones are cut to it.
pub const LIFETIME_LONGEST: Span = Span::secs(366 * 24 * 3600);

// Hops.

/// The most hops a node has open with one neighbor in one direction.
pub const HOPS_PER_NEIGHBOR: usize = 64;
/// The most bytes of states on their way to one neighbor; a hop beyond it answers `Busy`.
pub const OUTBOUND_BYTES_PER_NEIGHBOR: usize = 64 << 20;
/// The most bytes of states that are on their way in, from the offer to the end of the hop.
pub const RESERVED_BYTES: usize = 128 << 20;
/// How long a reservation waits for its state and code before the hop is refused.
pub const RESERVATION_TIME: Span = Span::secs(10);
/// How long an exact hop may take where the program gave no timeout.
pub const HOP_TIMEOUT_DEFAULT: Span = Span::secs(10);
/// The most hops whose end is not known; beyond it a node takes no further hops.
pub const IN_DOUBT_HOPS: usize = 4_096;
/// The most hops from one neighbor whose end is not known.
pub const IN_DOUBT_PER_NEIGHBOR: usize = 512;
/// The most copies that wait for their code to be fetched.
pub const WAITING_COPIES: usize = 256;
/// How long a copy waits for its code before it is dropped: copies are expendable.
pub const COPY_WAIT: Span = Span::secs(5);

// Messages.

/// The most neighbors a node has sessions with at a time.
pub const NEIGHBORS: usize = 1_024;
/// The most breadcrumbs (message, where it came from) kept for reports on their way home.
pub const BREADCRUMBS: usize = 65_536;
/// The most nodes a report passes on its way home.
pub const REPORT_HOPS: u8 = 64;
/// The most bytes in the outputs of one turn; the rest is left out, and that is told.
pub const EFFECT_BYTES_PER_TURN: usize = 8 << 20;
/// What an output counts beside the bytes of its text or value: some hundred thousand short lines
/// are all that one turn prints.
pub const EFFECT_BYTES: usize = 64;
/// The longest result of a message that is reported; a longer one is cut to nothing.
pub const RESULT_BYTES: usize = 256 << 10;
/// The most lines of a stack trace in a report.
pub const REPORT_FRAMES: usize = 64;
/// The most bytes that a message takes from its connection at once.
pub const CONNECTION_READ_BYTES: usize = 64 << 10;

// M-TCP.

/// How long two ends of a connection hear nothing before one asks whether the other is there.
pub const MTCP_HEARTBEAT: Span = Span::secs(5);
/// After how many heartbeats without a word an end takes the link for dead: the question after the
/// first has had as long to be answered. A server end's heartbeat is half as long again.
pub const MTCP_DEAD_BEATS: u64 = 2;
/// The shortest and the longest heartbeat.
pub const MTCP_HEARTBEATS: (Span, Span) = (Span::millis(10), Span::secs(3_600));
/// How long a connection that no client is attached to is kept.
pub const MTCP_LINGER: Span = Span::secs(120);
/// How long one attempt to resume at a server may take.
pub const MTCP_ATTEMPT: Span = Span::secs(10);
/// How long an acknowledgement waits for data that it can go with.
pub const MTCP_ACK_DELAY: Span = Span::millis(20);
/// How often a policy looks at its metrics, if it does not say.
pub const MTCP_POLICY_EVERY: Span = Span::millis(100);
/// Over how long it smooths a rate.
pub const MTCP_POLICY_SMOOTH: Span = Span::secs(1);
/// How long after a move it makes no other.
pub const MTCP_POLICY_PAUSE: Span = Span::secs(5);
/// How often that doubles when nobody takes the connection: to some minutes.
pub const MTCP_POLICY_DOUBLINGS: u32 = 6;
/// How long before a deadline it arms: a session takes less.
pub const MTCP_POLICY_AHEAD: Span = Span::secs(1);
/// The most rules of a policy.
pub const MTCP_POLICY_RULES: usize = 32;
/// What a sender may send before it hears of another window: enough for a first request.
pub const MTCP_FIRST_WINDOW: u64 = 64 << 10;
/// The largest window that is granted or believed, and so the most that is kept in one direction.
pub const MTCP_WINDOW: u64 = 1 << 20;
/// The most data that is taken in one frame.
pub const MTCP_DATA_BYTES: usize = 64 << 10;
/// The most data that is sent in one frame: one record of TLS, with an acknowledgement before it.
pub const MTCP_SEND_BYTES: usize = (16 << 10) - 48;
/// The longest frame of M-TCP.
pub const MTCP_FRAME_BYTES: usize = (1 << 20) + (16 << 10);
/// The most input and log that are kept since the newest export; beyond it a connection is pinned.
pub const MTCP_LOG_BYTES: usize = 4 << 20;
/// The most bytes of one direction that are kept: what was read since the export, and a window.
pub const MTCP_KEPT_BYTES: usize = MTCP_LOG_BYTES + MTCP_WINDOW as usize;
/// The largest offset, position or revision that is believed; a stream of years stays below.
pub const MTCP_OFFSET: u64 = 1 << 62;
/// The longest value that a service records at once.
pub const MTCP_VALUE_BYTES: usize = 64 << 10;
/// The longest snapshot of a service.
pub const MTCP_SNAPSHOT_BYTES: usize = STATE_BYTES;
/// The longest part of an image before its snapshot: output, input and log, and what is small.
pub const MTCP_HEAD_BYTES: usize = 2 * MTCP_KEPT_BYTES + MTCP_LOG_BYTES + (16 << 10);
/// The size of the pieces in which an image travels: what is buffered at a time.
pub const MTCP_PIECE_BYTES: usize = 64 << 10;
/// The longest sealed record that a client end keeps for a server; while another one comes it keeps
/// both.
pub const MTCP_HELD_BYTES: usize = 8 << 20;
/// After how long it is sealed anew, if nobody says: never, as far as anybody can tell.
pub const MTCP_REFRESH: Span = Span(u64::MAX / 4);
/// The longest sealed part of it: input and entries of a log, or a piece, with what is around them
/// and a seal.
pub const MTCP_PART_BYTES: usize = 2 * MTCP_PIECE_BYTES + (1 << 10);
/// The longest settings of a connection, which travel with it.
pub const MTCP_SETTINGS_BYTES: usize = 4 << 10;
/// The most standbys of a connection.
pub const MTCP_STANDBYS: usize = 4;
/// The most pieces of output that wait apart for standbys; beyond it they wait together.
pub const MTCP_COMMITS: usize = 1_024;
/// The most candidates in one advice.
pub const MTCP_CANDIDATES: usize = 32;
/// The longest address of a candidate.
pub const MTCP_ADDRESS_BYTES: usize = 255;
