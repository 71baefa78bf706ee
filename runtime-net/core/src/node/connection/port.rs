//! A connection as its message sees it: tags that this message alone has.
//!
//! | tag | reading | writing |
//! | --- | --- | --- |
//! | `connection_input(of, most)` | what has come and was not taken, at most so much | – |
//! | `connection_line(of, most)` | the same up to a line's end; absent before it is here | – |
//! | `connection_taken(of)` | – | takes so many bytes |
//! | `connection_output(of)` | – | sends bytes; `Full` where they have no room now |
//! | `connection_ended(of)` | whether nothing more will come | `true` ends the output |
//! | `connection_news(of)` | an ordinary tag, written when any of it may have changed | wakes |

use std::fmt;
use std::sync::OnceLock;

use sm_bytecode::codec::{Reader, Writer};
use sm_bytecode::{TagCode, Type, TypeIx, TypeTable};
use sm_vm::{TagRef, Value};

use crate::ids::Attachment;
use crate::limits;
use crate::mtcp::{ConnectionId, Offsets, Turn};
use crate::tags::{OpenTag, TagName};

/// The value of `connection_news`.
pub(super) const NO_NEWS: &[u8] = &[0];

/// What a tag of a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::node) enum Part {
    Input(usize),
    Line(usize),
    Taken,
    Output,
    Ended,
}

/// The identities of these tags.
struct Names {
    input: [u8; 32],
    line: [u8; 32],
    taken: [u8; 32],
    output: [u8; 32],
    ended: [u8; 32],
    news: OpenTag,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut types = TypeTable::new();
        let mut hash = |ty: Type| {
            let ix = types.intern(ty);
            (ix, types.hash(ix).expect("a plain type has a hash"))
        };
        let (_, str) = hash(Type::Str);
        let (int_ix, int) = hash(Type::Int);
        let (_, bytes) = hash(Type::Bytes);
        let (_, bool) = hash(Type::Bool);
        let name = |name, value, keys: &[_]| sm_vm::tag_identity(name, value, keys, None);
        let mut news = OpenTag::new("connection_news", &types, int_ix).expect("it is in there");
        news.name = TagName::plain(name("connection_news", int, &[str]));
        Names {
            input: name("connection_input", bytes, &[str, int]),
            line: name("connection_line", bytes, &[str, int]),
            taken: name("connection_taken", int, &[str]),
            output: name("connection_output", bytes, &[str]),
            ended: name("connection_ended", bool, &[str]),
            news,
        }
    })
}

/// Whether a tag is one that only the message of a connection can have.
pub(in crate::node) fn is_reserved(base: &[u8; 32]) -> bool {
    let names = names();
    [
        &names.input,
        &names.line,
        &names.taken,
        &names.output,
        &names.ended,
    ]
    .contains(&base)
}

/// Whether a tag is one at which messages wait for connections. It means nothing after a restart.
pub(in crate::node) fn is_news(base: &[u8; 32]) -> bool {
    *base == names().news.name.base
}

/// Why a program is no service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgumentError {
    /// Its `main` takes nothing, or more than one thing.
    Count(usize),
    /// What it takes is no `Connection`.
    Type,
}

impl std::error::Error for ArgumentError {}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(0) => f.write_str("its `main` takes no connection"),
            Self::Count(count) => write!(f, "its `main` takes {count} things"),
            Self::Type => write!(f, "its `main` takes something else than a connection"),
        }
    }
}

/// The arguments of a service's `main` for a connection, in canonical encoding.
///
/// # Errors
/// [`ArgumentError`] if `main` with these parameters is not that of a service.
pub fn argument(
    types: &TypeTable,
    params: &[TypeIx],
    name: ConnectionId,
) -> Result<Vec<u8>, ArgumentError> {
    let [ty] = params else {
        return Err(ArgumentError::Count(params.len()));
    };
    let connection = "Connection".to_owned();
    let is_connection = match types.get(*ty) {
        Some(Type::Struct { name, fields, .. }) => {
            let is_name = |at: TypeIx| types.get(at) == Some(&Type::Str);
            let named = name.rsplit('.').next() == Some(&*connection);
            named && matches!(&fields[..], [one] if one.name == "name" && is_name(one.ty))
        }
        _ => false,
    };
    if !is_connection {
        return Err(ArgumentError::Type);
    }
    let value = Value::Struct {
        name: connection,
        fields: vec![("name".to_owned(), Value::Str(name.to_string()))],
    };
    sm_vm::value::encode(&value, types, *ty).map_err(|_| ArgumentError::Type)
}

/// A connection of a message.
#[derive(Debug)]
pub(in crate::node) struct Port {
    attachment: Attachment,
    name: ConnectionId,
    /// The name as a key of tags.
    key: Vec<u8>,
    /// What has come, and how much of it is taken.
    input: Vec<u8>,
    start: usize,
    /// Nothing more comes.
    ended: bool,
    /// What the turn under way took and wrote.
    taken: u64,
    output: Vec<u8>,
    /// It has written all, in this turn or before.
    finished: bool,
    /// How far it has written, and may.
    written: u64,
    limit: u64,
    /// It wanted to write more than that.
    wants_room: bool,
    /// What a read answers.
    answer: Vec<u8>,
    /// It does not run: its connection may be on its way to another server.
    pub(super) frozen: bool,
    /// Its connection is there.
    attached: bool,
}

impl Port {
    pub(super) fn new(attachment: Attachment, name: ConnectionId, offsets: Offsets) -> Self {
        let mut key = Writer::new();
        key.text(&name.to_string());
        Self {
            attachment,
            name,
            key: key.into_bytes(),
            input: Vec::new(),
            start: 0,
            ended: false,
            taken: 0,
            output: Vec::new(),
            finished: offsets.finished,
            written: offsets.written,
            limit: offsets.limit,
            wants_room: false,
            answer: Vec::new(),
            frozen: false,
            attached: true,
        }
    }

    pub(super) fn name(&self) -> ConnectionId {
        self.name
    }

    pub(super) fn attachment(&self) -> Attachment {
        self.attachment
    }

    pub(in crate::node) fn is_attached(&self) -> bool {
        self.attached
    }

    /// Whether its message is not to run.
    pub(in crate::node) fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// The tag at which to wait for it.
    pub(super) fn news(&self) -> OpenTag {
        let mut tag = names().news.clone();
        tag.name.key = self.key.as_slice().into();
        tag
    }

    /// The memory that it holds, in bytes.
    pub(in crate::node) fn bytes(&self) -> u64 {
        (self.input.len() + self.output.len()) as u64
    }

    pub(super) fn arrived(&mut self, bytes: &[u8], ended: bool) {
        self.input.drain(..self.start);
        self.start = 0;
        self.input.extend_from_slice(bytes);
        self.ended |= ended;
    }

    /// Whether a message may have waited for that.
    pub(super) fn may_write_to(&mut self, limit: u64) -> bool {
        self.limit = self.limit.max(limit);
        std::mem::take(&mut self.wants_room)
    }

    /// Nothing comes or goes any more.
    pub(super) fn cut_off(&mut self) {
        self.attached = false;
        self.ended = true;
        self.input = Vec::new();
        self.start = 0;
    }

    /// What the turn did.
    pub(super) fn take_turn(&mut self) -> Turn {
        Turn {
            taken: std::mem::take(&mut self.taken),
            output: std::mem::take(&mut self.output),
            finished: self.finished,
            snapshot: None,
        }
    }

    /// The same of a message that has ended with it.
    pub(super) fn peek_turn(&self) -> Turn {
        Turn {
            taken: self.taken,
            output: self.output.clone(),
            finished: self.finished,
            snapshot: None,
        }
    }

    /// Which of its tags a program means, if one of them.
    pub(in crate::node) fn part(&self, tag: &TagRef<'_>) -> Option<Part> {
        let rest = tag.key.strip_prefix(&self.key[..])?;
        let names = names();
        let most = || {
            let mut input = Reader::new(rest, rest.len()).ok()?;
            let most = input.signed().ok()?;
            let most = usize::try_from(most.max(0)).ok()?;
            Some(most.min(limits::CONNECTION_READ_BYTES))
        };
        let alone = |part| rest.is_empty().then_some(part);
        match tag.base {
            base if *base == names.input => most().map(Part::Input),
            base if *base == names.line => most().map(Part::Line),
            base if *base == names.taken => alone(Part::Taken),
            base if *base == names.output => alone(Part::Output),
            base if *base == names.ended => alone(Part::Ended),
            _ => None,
        }
    }

    pub(in crate::node) fn read(&mut self, part: Part) -> Option<&[u8]> {
        let there = &self.input[self.start..];
        let mut out = Writer::new();
        match part {
            Part::Input(most) => {
                let found = &there[..there.len().min(most)];
                (!found.is_empty()).then(|| out.blob(found))?;
            }
            Part::Line(most) => out.blob(line(there, most, self.ended)?),
            Part::Ended => out.byte(u8::from(self.ended && there.is_empty())),
            Part::Taken | Part::Output => return None,
        }
        self.answer = out.into_bytes();
        Some(&self.answer)
    }

    pub(in crate::node) fn write(&mut self, part: Part, value: &[u8]) -> TagCode {
        let done = match (part, Reader::new(value, value.len())) {
            (Part::Taken, Ok(mut value)) => value.signed().ok().and_then(|count| self.take(count)),
            (Part::Output, Ok(mut value)) => match value.blob() {
                Ok(bytes) => return self.send(bytes),
                Err(_) => None,
            },
            (Part::Ended, Ok(mut value)) => {
                self.finished |= value.flag().unwrap_or_default();
                Some(())
            }
            _ => None,
        };
        done.map_or(TagCode::Refused, |()| TagCode::Ok)
    }

    fn take(&mut self, count: i64) -> Option<()> {
        let count = usize::try_from(count).ok()?;
        let left = self.input.len() - self.start;
        (count <= left).then(|| {
            self.start += count;
            self.taken += count as u64;
        })
    }

    fn send(&mut self, bytes: &[u8]) -> TagCode {
        if self.finished || !self.attached {
            return TagCode::Refused;
        }
        if self.written + bytes.len() as u64 > self.limit {
            self.wants_room = true;
            return TagCode::Full;
        }
        self.written += bytes.len() as u64;
        self.output.extend_from_slice(bytes);
        TagCode::Ok
    }
}

/// A tag of a connection, by its name in the library: its identity and key.
#[cfg(test)]
pub(in crate::node) fn named(part: &str, of: ConnectionId) -> ([u8; 32], Vec<u8>) {
    let names = names();
    let mut key = Writer::new();
    key.text(&of.to_string());
    let base = match part {
        "input" | "line" => {
            key.signed(64);
            if part == "line" {
                names.line
            } else {
                names.input
            }
        }
        "taken" => names.taken,
        "output" => names.output,
        "ended" => names.ended,
        _ => names.news.name.base,
    };
    (base, key.into_bytes())
}

/// The first line with its end; what there is, where that is too long or the last.
fn line(there: &[u8], most: usize, ended: bool) -> Option<&[u8]> {
    let most = there.len().min(most);
    match there[..most].iter().position(|byte| *byte == b'\n') {
        Some(at) => Some(&there[..=at]),
        None if most > 0 && (ended || most < there.len()) => Some(&there[..most]),
        None => None,
    }
}
