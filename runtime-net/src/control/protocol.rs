//! What is asked of a node, and what it answers.

use serde::{Deserialize, Serialize};

/// The version that both sides must speak.
pub const VERSION: u16 = 3;

/// Thirty-two bytes that name something: a key, a message, a launch.
pub type Name = [u8; 32];

/// What an operator wants.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Who are you? One [`Answer::Status`].
    Status,
    /// Start a program: [`Answer::Launched`] or [`Answer::Refused`].
    Launch(Box<Launch>),
    /// Which messages are here? One [`Answer::Messages`].
    Messages,
    /// Tell what happens: [`Answer::Event`] without end.
    Follow(Topic),
    /// End a message: [`Answer::Found`].
    Kill(Name),
    /// With whom are you linked? One [`Answer::Neighbors`].
    Neighbors,
    /// Trust a node and stay linked with it: [`Answer::Done`].
    Connect(Connect),
    /// Which tags are here? One [`Answer::Tags`].
    Tags,
    /// Give a tag a value, for nobody's program: [`Answer::Done`].
    PutTag(Box<Tag>),
    /// Remove a tag: [`Answer::Found`].
    RemoveTag(TagName),
    /// End the node: [`Answer::Done`].
    Stop,
    /// Which connections of M-TCP are here? One [`Answer::Connections`].
    Connections,
    /// Can this one move? One [`Answer::Explained`].
    Explain(ConnectionName),
    /// Have connections move: an [`Answer::Move`] for each as it turns out, then [`Answer::Done`].
    /// Who hangs up before ends it.
    Migrate(Box<Migrate>),
}

/// Sixteen bytes that name a connection of M-TCP.
pub type ConnectionName = [u8; 16];

/// Which connections are to move, and how. By default all, at once, and not to empty the server.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Migrate {
    /// Those that are meant; none for all.
    pub which: Option<ConnectionName>,
    /// The key of the server that they go to; none for any.
    pub to: Option<Name>,
    /// How many nanoseconds lie between two that begin to move.
    pub pause: u64,
    /// How many are under way at a time, at most.
    pub at_once: Option<u32>,
    /// Which goes first.
    pub order: Order,
    /// After how many nanoseconds those that are left stay.
    pub deadline: Option<u64>,
    /// Whether the server takes no more, asks all that there are, and waits until none is left.
    pub drain: bool,
    /// Whether nothing is done, and only said.
    pub dry_run: bool,
}

/// In which order connections move.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Order {
    /// In that of their names.
    #[default]
    Listed,
    /// Those first of which the fewest bytes move.
    Smallest,
    /// Those first of which the most bytes move.
    Largest,
}

/// What a node answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// It was done.
    Done,
    /// Whether there was what was named.
    Found(bool),
    /// It was not done, and why.
    Refused(Refusal),
    /// Who the node is.
    Status(Box<Status>),
    /// A program was started.
    Launched {
        /// Its first message.
        message: Name,
        /// The launch.
        launch: Name,
    },
    /// The messages that stand here.
    Messages(Vec<Message>),
    /// The nodes that it knows of.
    Neighbors(Vec<Neighbor>),
    /// The tags that lie here.
    Tags(Vec<Tag>),
    /// Something happened.
    Event(Box<Event>),
    /// So many events were left out, since they were not taken in time.
    Missed(u64),
    /// The connections that are here.
    Connections(Vec<Connection>),
    /// What is to be said of one, and where it could go.
    Explained(Box<Explained>),
    /// What became of one that was to move.
    Move(Box<Move>),
}

/// A connection of M-TCP at a server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Connection {
    /// Its name.
    pub id: ConnectionName,
    /// The latest attempt that the server knows of.
    pub epoch: u64,
    /// What the server has of it.
    pub has: Has,
    /// Whether a client is attached.
    pub attached: bool,
    /// Bytes that would move.
    pub bytes: u64,
    /// Those of them since the newest export, which would be run again.
    pub log: u64,
    /// The servers that can go on without this one.
    pub standbys: Vec<Name>,
    /// The last round trip to the client that was measured, in nanoseconds.
    pub round_trip: Option<u64>,
    /// Why it cannot move now, if it cannot.
    pub blocked: Option<String>,
}

/// What a server has of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Has {
    /// It runs the service.
    Service,
    /// It ran it, and another one takes it over.
    Leaving(Name),
    /// A copy of what another server has.
    Copy(Name),
    /// Nothing yet: a client has come with it.
    Nothing,
    /// The client's end; the service runs at this server.
    Client(Name),
}

/// Whether a connection can move, and what it would take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explained {
    /// The connection.
    pub connection: Connection,
    /// Where it could go.
    pub candidates: Vec<Server>,
}

/// Another server of the service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Server {
    /// Its key.
    pub key: Name,
    /// Where it listens.
    pub address: String,
    /// Whether there is a session with it.
    pub linked: bool,
    /// The last round trip to it that was measured, in nanoseconds.
    pub round_trip: Option<u64>,
    /// How long clients would hear nothing at least, in nanoseconds: the round trips of a move
    /// there, if they are known.
    pub gap: Option<u64>,
    /// How long the transfer of its bytes would take besides, in nanoseconds, by the rate at which
    /// the session with that server took bytes before, if it was measured.
    pub transfer: Option<u64>,
    /// How long its log would take to be run again besides, in nanoseconds, by the rate at which
    /// logs were run again here, if it was measured.
    pub replay: Option<u64>,
}

/// What became of a connection that was to move.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Move {
    /// The connection.
    pub id: ConnectionName,
    /// How many of all that there were are done with, this one included, and how many there were.
    pub count: (u64, u64),
    /// What.
    pub outcome: Outcome,
}

/// How it ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Another server has it, after so many nanoseconds.
    Moved(u64),
    /// It is over.
    Ended,
    /// It is where it was, and why.
    Stays(String),
    /// It would move: nothing was done.
    Would,
}

/// Why something was not done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// Whether it is the node's policy or a quota, and not the request, that is in the way.
    pub by_policy: bool,
    /// In words.
    pub reason: String,
}

/// A program to start.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Launch {
    /// The bytes of the signed launch record.
    pub record: Vec<u8>,
    /// Manifests and bricks, each with its kind.
    pub content: Vec<(Content, Vec<u8>)>,
    /// Whether what happens to its messages is to be told as well, as to [`Request::Follow`].
    pub watch: bool,
}

/// What a piece of code is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Content {
    /// A program's manifest.
    Program,
    /// A module's manifest.
    Module,
    /// A brick.
    Brick,
}

/// A node to be linked with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Connect {
    /// Its key.
    pub key: Name,
    /// `HOST:PORT`, or nothing if it is the one to call.
    pub address: Option<String>,
    /// What people here call it.
    pub name: Option<String>,
}

/// Which events are to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Topic {
    /// All.
    All,
    /// Those of messages of this launch.
    Launch(Name),
    /// Those of this message.
    Message(Name),
    /// Changes of tags.
    Tags,
}

/// Who a node is and how it does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// What people call it.
    pub name: String,
    /// Its key.
    pub key: Name,
    /// Counts its boots.
    pub incarnation: u64,
    /// Where it listens, each `ADDR:PORT`.
    pub listen: Vec<String>,
    /// The process.
    pub pid: u32,
    /// How long it has lived, in nanoseconds.
    pub age: u64,
    /// The neighbors that messages can move to.
    pub neighbors: u64,
    /// The messages that stand here.
    pub messages: u64,
    /// The hops whose end is not known.
    pub in_doubt: u64,
    /// Tags.
    pub tags: u64,
    /// Exact hops that left, and that arrived.
    pub hops: (u64, u64),
    /// Copies that left, and that arrived.
    pub copies: (u64, u64),
    /// Bytes of frames sent; of these bytes of code, and of states.
    pub bytes: (u64, u64, u64),
    /// Fuel used by programs.
    pub fuel: u64,
    /// What came and was refused.
    pub refused: u64,
}

/// A message that stands on the node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// The message.
    pub message: Name,
    /// Its launch.
    pub launch: Name,
    /// Who launched it.
    pub author: Name,
    /// Where its end is reported.
    pub home: Name,
    /// What it is doing.
    pub doing: Doing,
    /// The hops it has made.
    pub hops: u64,
    /// Its age in nanoseconds.
    pub age: u64,
    /// What is left of its lifetime in nanoseconds.
    pub left: u64,
    /// The memory it holds in bytes.
    pub bytes: u64,
}

/// What a message is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Doing {
    /// It runs, or will when its turn comes.
    Ready,
    /// It sleeps until a tag is written, or so many nanoseconds have passed.
    Blocked(Option<u64>),
    /// It waits for the end of a hop.
    Moving(Option<Name>),
    /// It has left or come with a hop whose end is not known.
    InDoubt(Name),
}

/// A node that this one knows of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Neighbor {
    /// Its key.
    pub key: Name,
    /// What people here call it.
    pub name: Option<String>,
    /// Where it is, as far as it is known.
    pub address: Option<String>,
    /// Since how many nanoseconds there has been a session, if there is one.
    pub linked: Option<u64>,
    /// Its boot, if there is a session.
    pub incarnation: Option<u64>,
    /// The round trip in nanoseconds, if there is a session.
    pub round_trip: Option<u64>,
    /// Why there is none.
    pub trouble: Option<String>,
}

/// The identity of a tag.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TagName {
    /// Of its declaration.
    pub base: Name,
    /// The encoded keys of a member of a family.
    pub key: Vec<u8>,
}

/// A tag with its value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tag {
    /// Its identity.
    pub name: TagName,
    /// As people read it.
    pub display: String,
    /// The hash of the type of its value.
    pub ty: Name,
    /// The descriptor of that type.
    pub descriptor: Vec<u8>,
    /// The value in canonical encoding.
    pub value: Vec<u8>,
    /// Who may read it, and who may write it.
    pub access: (Access, Access),
    /// Whether a driver of the node keeps it.
    pub driver: bool,
    /// How long it lives after each write, in nanoseconds.
    pub lifetime: Option<u64>,
    /// How much of that is left.
    pub left: Option<u64>,
    /// Greater with each write of any tag.
    pub version: u64,
}

/// Who may do something with a tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Access {
    /// Every program.
    Any,
    /// Programs of its author.
    Owner,
    /// Code of the module that declares it.
    Code,
}

/// Something that happened on a node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// The node's age in nanoseconds.
    pub at: u64,
    /// The message it happened to; zeros where none did it.
    pub message: Name,
    /// The launch that the message belongs to, if the node knows.
    pub launch: Option<Name>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum What {
    /// It began here by a launch.
    Launched,
    /// It was spawned here by another.
    Spawned(Name),
    /// It wants to move to a neighbor.
    Leaving(Name),
    /// It has left for good.
    Left(Name),
    /// It has arrived from a neighbor.
    Arrived(Name),
    /// It stays, since the hop failed: the name of the error.
    Stayed(String),
    /// Copies of it were sent to so many neighbors, and it ends here.
    CopiesSent(u64),
    /// It began here as the copy of another, from a neighbor.
    CopyArrived {
        /// The message that it is a copy of.
        of: Name,
        /// The neighbor.
        from: Name,
    },
    /// It wrote a tag.
    TagWritten {
        /// The tag.
        tag: TagName,
        /// As people read it.
        display: String,
        /// The descriptor of the type of its value.
        descriptor: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// A tag is gone: deleted or expired.
    TagGone {
        /// The tag.
        tag: TagName,
        /// As people read it.
        display: Option<String>,
    },
    /// It sleeps until the tag of this name is written.
    Blocked(String),
    /// It goes on.
    Woken,
    /// It printed a line.
    Printed(String),
    /// It ended here.
    Ended(End),
    /// Its home, this node, learnt that it ended at a node.
    Reported {
        /// Where it ended.
        at: Name,
        /// How.
        end: End,
    },
    /// A neighbor is there.
    Linked(Name),
    /// A neighbor is no longer there, and why.
    Unlinked {
        /// The neighbor.
        key: Name,
        /// Why.
        reason: String,
    },
    /// Something for the operator.
    Note(String),
}

/// How a message ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum End {
    /// Its program returned this value.
    Done {
        /// The type of the value.
        ty: Name,
        /// The value in canonical encoding.
        value: Vec<u8>,
    },
    /// A bug in its program.
    Trap {
        /// `sm_bytecode::TrapKind::code`.
        kind: u8,
        /// What the program said about it.
        message: Option<String>,
        /// The stack, innermost first: brick, function, instruction.
        frames: Vec<(Name, u16, u32)>,
    },
    /// A node ended it: the code of the reason, and the reason in words.
    Killed(u8, String),
}
