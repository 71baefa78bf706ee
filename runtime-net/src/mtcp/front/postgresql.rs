//! So much of PostgreSQL's protocol, version 3, as it takes to tell a client what has become of its
//! transaction when the server is lost: where messages begin, and whether a commit is in flight.
//! <https://www.postgresql.org/docs/current/protocol.html>

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// What is looked at of a message of the client.
const LOOK_BYTES: usize = 1 << 10;
/// The longest message of the server that is passed on only as a whole: behind a part of one
/// nothing can be said.
const WHOLE_BYTES: usize = 16 << 10;
/// The most prepared statements and portals that are remembered; others may commit.
const NAMES: usize = 1 << 10;

const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Phase {
    /// The client has not said yet what it wants.
    #[default]
    Start,
    /// It has asked for encryption, and one byte is the answer.
    Asked,
    /// Messages.
    Open,
    /// Something that cannot be read here.
    Opaque,
}

/// What both have said so far.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Talk {
    phase: Phase,
    /// The beginning of a message of the client, and how much of it is still to come.
    heard: Vec<u8>,
    skip: usize,
    /// The beginning of a message of the server, and how much is still to be passed on of a long
    /// one.
    held: Vec<u8>,
    pass: usize,
    /// What the last ReadyForQuery said: `I` idle, `T` in a transaction, `E` in one that failed.
    status: u8,
    /// Whether those that are to be answered with ReadyForQuery may commit.
    open: VecDeque<bool>,
    /// The same of what comes before the next Sync.
    unsynced: bool,
    /// Whether prepared statements may commit, in a transaction and outside; and portals.
    statements: BTreeMap<Vec<u8>, May>,
    portals: BTreeMap<Vec<u8>, May>,
    /// Nothing is to come: the client has taken its leave, or the server has said why it ends.
    last: bool,
}

/// Whether something may commit, by itself and as part of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct May {
    alone: bool,
    within: bool,
}

impl May {
    const UNKNOWN: Self = Self {
        alone: true,
        within: true,
    };

    /// Of the statements in a text, by their first words. A semicolon in a string begins one more,
    /// which errs on the safe side.
    fn of(text: &[u8]) -> Self {
        let mut may = Self {
            alone: false,
            within: false,
        };
        let mut begun = false;
        for statement in text.split(|byte| *byte == b';') {
            let word: Vec<u8> = statement
                .iter()
                .skip_while(|byte| !byte.is_ascii_alphabetic())
                .take_while(|byte| byte.is_ascii_alphabetic())
                .map(u8::to_ascii_lowercase)
                .collect();
            match &word[..] {
                b"" | b"rollback" | b"abort" => {}
                b"begin" | b"start" => begun = true,
                b"commit" | b"end" | b"prepare" => {
                    may.within = true;
                    may.alone = true;
                }
                _ => may.alone |= !begun,
            }
        }
        may
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.first_chunk()?))
}

/// A text that ends with a zero byte, and what comes behind it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

impl Talk {
    /// The client says this.
    pub(super) fn hear_client(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.phase != Phase::Opaque {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            // The first message has no kind.
            let kind = usize::from(self.phase == Phase::Open);
            let mut want = kind + 4;
            if let Some(length) = self.heard.get(kind..).and_then(number) {
                want = (kind + length as usize).min(LOOK_BYTES).max(want);
            }
            let more = want.saturating_sub(self.heard.len()).min(bytes.len());
            self.heard.extend_from_slice(&bytes[..more]);
            bytes = &bytes[more..];
            if self.heard.len() < want || want == kind + 4 && self.is_longer(kind) {
                continue;
            }
            let heard = std::mem::take(&mut self.heard);
            let length = number(&heard[kind..]).unwrap_or(0) as usize;
            self.skip = (kind + length).saturating_sub(want);
            match kind {
                0 => self.greeted(heard.get(4..).and_then(number)),
                _ => self.said(heard[0], &heard[5..], self.skip > 0),
            }
        }
    }

    /// Whether the message goes on behind its length.
    fn is_longer(&self, kind: usize) -> bool {
        number(&self.heard[kind..]).is_some_and(|length| length > 4)
    }

    /// A message before the session begins.
    fn greeted(&mut self, code: Option<u32>) {
        match code {
            Some(TLS | GSS) => self.phase = Phase::Asked,
            Some(CANCEL) => self.last = true,
            _ => self.phase = Phase::Open,
        }
    }

    /// A message of the client, or its beginning.
    fn said(&mut self, kind: u8, body: &[u8], cut: bool) {
        let known = |names: &BTreeMap<Vec<u8>, May>, name: Option<&[u8]>| {
            let may = name.and_then(|name| names.get(name));
            may.copied().unwrap_or(May::UNKNOWN)
        };
        match kind {
            b'Q' => {
                let may = if cut { May::UNKNOWN } else { May::of(body) };
                let commits = self.commits(may);
                self.open.push_back(commits);
            }
            b'P' => {
                let parts = text(body).and_then(|(name, rest)| Some((name, text(rest)?.0)));
                if let Some((name, query)) = parts.filter(|_| !cut) {
                    remember(&mut self.statements, name, May::of(query));
                } else if let Some((name, _)) = text(body) {
                    remember(&mut self.statements, name, May::UNKNOWN);
                }
            }
            b'B' => {
                let parts = text(body).and_then(|(portal, rest)| Some((portal, text(rest)?.0)));
                if let Some((portal, name)) = parts {
                    let may = known(&self.statements, Some(name));
                    remember(&mut self.portals, portal, may);
                }
            }
            b'E' => {
                let may = known(&self.portals, text(body).map(|(portal, _)| portal));
                self.unsynced |= self.commits(may);
            }
            b'S' => {
                let commits = std::mem::take(&mut self.unsynced);
                self.open.push_back(commits);
            }
            b'F' => self.open.push_back(self.status != b'T'),
            b'X' => self.last = true,
            _ => {}
        }
    }

    /// Whether something that is sent now may commit. Where more is under way it may be outside of
    /// a transaction by then, or inside.
    fn commits(&self, may: May) -> bool {
        let settled = self.open.is_empty() && !self.unsynced;
        match self.status {
            b'T' if settled => may.within,
            b'E' if settled => false,
            _ => may.alone,
        }
    }

    /// The server says this; what the client may have of it now is appended.
    pub(super) fn hear_server(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        if self.phase == Phase::Asked && !bytes.is_empty() {
            self.phase = match bytes[0] {
                b'N' => Phase::Start,
                b'S' | b'G' => Phase::Opaque,
                _ => Phase::Open,
            };
            if self.phase != Phase::Open {
                out.push(bytes[0]);
                bytes = &bytes[1..];
            }
        }
        if self.phase == Phase::Opaque {
            out.append(&mut self.held);
            out.extend_from_slice(bytes);
            return;
        }
        let passed = self.pass.min(bytes.len());
        self.pass -= passed;
        out.extend_from_slice(&bytes[..passed]);
        self.held.extend_from_slice(&bytes[passed..]);
        let held = std::mem::take(&mut self.held);
        let mut rest = &held[..];
        while let Some(length) = rest.get(1..).and_then(number) {
            let total = 1 + length.max(4) as usize;
            if total > rest.len() && total <= WHOLE_BYTES {
                break;
            }
            let here = total.min(rest.len());
            if here == total {
                self.answered(rest[0], &rest[5..here]);
            }
            out.extend_from_slice(&rest[..here]);
            self.pass = total - here;
            rest = &rest[here..];
        }
        self.held = rest.to_vec();
    }

    fn answered(&mut self, kind: u8, body: &[u8]) {
        match kind {
            b'Z' => {
                self.status = body.first().copied().unwrap_or(b'I');
                self.open.pop_front();
            }
            b'E' => {
                let mut fields = body;
                while let Some((field, rest)) = text(fields) {
                    self.last |= matches!(field, b"VFATAL" | b"VPANIC");
                    fields = rest;
                }
            }
            _ => {}
        }
    }

    /// The server is gone: what the client is told, if it has to be told anything.
    pub(super) fn ended(&mut self) -> Vec<u8> {
        if self.last || self.pass > 0 || self.phase == Phase::Opaque {
            return Vec::new();
        }
        self.last = true;
        self.held = Vec::new();
        let commits = self.unsynced || self.open.contains(&true);
        let (code, what) = if commits {
            ("08007", "the server was lost while it may have committed")
        } else {
            ("08006", "the server was lost")
        };
        let fields = format!("SFATAL\0VFATAL\0C{code}\0M{what}\0\0");
        let mut message = vec![b'E'];
        message.extend_from_slice(&(fields.len() as u32 + 4).to_be_bytes());
        message.extend_from_slice(fields.as_bytes());
        message
    }
}

fn remember(names: &mut BTreeMap<Vec<u8>, May>, name: &[u8], may: May) {
    if names.len() < NAMES || names.contains_key(name) {
        names.insert(name.to_vec(), may);
    }
}

#[cfg(test)]
mod tests;
