//! A service whose answers depend on all that it was asked and on chance, and the program that
//! asks it and knows what it must get.

use sm_core::ids::Time;
use sm_core::mtcp::{Input, Recorded, Server};

/// Mixes what happened into a sum of all that happened.
fn mix(sum: u32, request: u8, chance: u8) -> u32 {
    let next = sum.rotate_left(9) ^ (u32::from(request) << 8 | u32::from(chance));
    next.wrapping_mul(0x9E37_79B1)
}

/// The request at an offset.
fn request(offset: u64) -> u8 {
    (offset as u8).wrapping_mul(37) ^ 0x5a
}

/// An answer: what chance said, and what all questions and answers so far come to.
fn answer(sum: u32, chance: u8) -> [u8; 2] {
    [chance, (sum >> 24) as u8]
}

/// It reads requests, draws a value for each, and answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Service {
    /// Where it runs, which decides what it draws.
    at: u8,
    /// How many values it drew there.
    drawn: u8,
    count: u64,
    sum: u32,
    /// Read, not answered.
    requests: Vec<u8>,
    /// Answered, not written: it is in the snapshot too.
    answers: Vec<u8>,
    ended: bool,
    finished: bool,
    /// It takes values from elsewhere and does not record them: a broken rule.
    pub(crate) forgetful: bool,
    pub(crate) buffer: usize,
    /// It read what the client did not write there.
    pub(crate) wrong: bool,
}

impl Service {
    pub(crate) fn start(at: usize, snapshot: Option<&[u8]>) -> Self {
        let mut service = Self {
            at: at as u8,
            buffer: 3,
            ..Self::default()
        };
        if let Some(bytes) = snapshot {
            let (head, rest) = bytes.split_at(17);
            service.count = u64::from_le_bytes(head[..8].try_into().expect("eight"));
            service.sum = u32::from_le_bytes(head[8..12].try_into().expect("four"));
            service.ended = head[12] & 1 > 0;
            service.finished = head[12] & 2 > 0;
            service.forgetful = head[12] & 4 > 0;
            let requests = u16::from_le_bytes(head[13..15].try_into().expect("two"));
            service.buffer = usize::from(head[15]);
            let (requests, answers) = rest.split_at(usize::from(requests));
            service.requests = requests.to_vec();
            service.answers = answers.to_vec();
        }
        service
    }

    pub(crate) fn snapshot(&self) -> Vec<u8> {
        let mut bytes = self.count.to_le_bytes().to_vec();
        bytes.extend(self.sum.to_le_bytes());
        let flags = [self.ended, self.finished, self.forgetful];
        let flags = flags
            .iter()
            .rev()
            .fold(0, |all, flag| all << 1 | u8::from(*flag));
        bytes.push(flags);
        bytes.extend((self.requests.len() as u16).to_le_bytes());
        bytes.extend([self.buffer as u8, 0]);
        bytes.extend(&self.requests);
        bytes.extend(&self.answers);
        bytes
    }

    /// Writes, draws or reads: one of them.
    pub(crate) fn step(&mut self, now: Time, server: &mut Server) {
        if !self.answers.is_empty() {
            let count = server.write(now, &self.answers);
            self.answers.drain(..count);
        } else if !self.requests.is_empty() {
            self.draw(now, server);
        } else if !self.ended {
            let mut buffer = vec![0; self.buffer];
            match server.read(now, &mut buffer) {
                Input::Bytes(count) => self.take(&buffer[..count]),
                Input::End => self.ended = true,
                Input::Wait => {}
            }
        } else if !self.finished {
            self.finished = server.finish(now);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.wrong |= *byte != request(self.count);
            self.count += 1;
            self.requests.push(*byte);
        }
    }

    fn draw(&mut self, now: Time, server: &mut Server) {
        let live = self.at << 5 | self.drawn;
        let chance = if self.forgetful {
            self.drawn += 1;
            live
        } else {
            match server.recorded(now) {
                Recorded::Again(value) => value[0],
                Recorded::Live => {
                    if !server.record(now, &[live]) {
                        return;
                    }
                    self.drawn = (self.drawn + 1) % 32;
                    live
                }
                Recorded::Wait => return,
            }
        };
        let request = self.requests.remove(0);
        self.sum = mix(self.sum, request, chance);
        self.answers.extend(answer(self.sum, chance));
    }
}

/// What the client's program wants to say, and how far it is.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Program {
    total: u64,
    written: u64,
    heard: u64,
    sum: u32,
    /// The first half of an answer.
    half: Option<u8>,
    /// It heard what no lineage of the service could say.
    pub(crate) wrong: bool,
}

impl Program {
    pub(crate) fn of(total: u64) -> Self {
        Self {
            total,
            ..Self::default()
        }
    }

    pub(crate) fn next(&self, count: usize) -> Vec<u8> {
        let end = self.total.min(self.written + count as u64);
        (self.written..end).map(request).collect()
    }

    pub(crate) fn wrote(&mut self, count: usize) {
        self.written += count as u64;
    }

    pub(crate) fn has_written(&self) -> bool {
        self.written == self.total
    }

    pub(crate) fn has_all(&self) -> bool {
        self.heard == self.total && self.half.is_none()
    }

    /// Each byte has to be the next one of one lineage.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match self.half.take() {
                None => self.half = Some(*byte),
                Some(chance) => {
                    self.wrong |= self.heard >= self.written;
                    self.sum = mix(self.sum, request(self.heard), chance);
                    self.heard += 1;
                    self.wrong |= [chance, *byte] != answer(self.sum, chance);
                }
            }
        }
    }
}
