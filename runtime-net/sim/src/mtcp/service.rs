//! Services: state machines that read, draw, write and export, one thing at a step.

use sm_core::ids::Time;
use sm_core::mtcp::{Input, Recorded, Server};

use super::plan::{Kind, Service as Plan};
use crate::random::Stream;

/// The bytes of a request.
pub(super) const REQUEST: usize = 4;
/// The bytes of an answer that counts: count, chance, time, and the sum of all that happened.
pub(super) const ANSWER: usize = 32;
/// The most of a stream that is written at once.
const CHUNK: u64 = 4_096;
/// A byte of the ballast.
const BALLAST: u8 = 0xa5;

/// Mixes what happened into the sum of all that happened.
pub(super) fn mix(sum: u64, what: u64) -> u64 {
    let next = (sum.rotate_left(23) ^ what).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    next ^ next >> 29
}

/// The answer of an echo to a byte, when all before came to this sum.
pub(super) fn echo(sum: u64, byte: u8) -> u8 {
    (mix(sum, u64::from(byte)) >> 32) as u8
}

/// The byte of a stream at an offset, when all requests so far came to this sum.
pub(super) fn streamed(sum: u64, offset: u64) -> u8 {
    (mix(sum, offset) >> 40) as u8
}

/// A request as a number: of a stream, how many bytes it asks for.
pub(super) fn request(bytes: &[u8]) -> u64 {
    let bytes = bytes.try_into().expect("a request has four bytes");
    u64::from(u32::from_le_bytes(bytes))
}

/// The answer of a service that counts.
pub(super) fn answer(count: u64, drawn: [u64; 2], sum: u64) -> [u8; ANSWER] {
    let mut bytes = [0; ANSWER];
    let words = bytes.as_chunks_mut::<8>().0;
    for (word, value) in words.iter_mut().zip([count, drawn[0], drawn[1], sum]) {
        *word = value.to_le_bytes();
    }
    bytes
}

/// A service that runs.
#[derive(Debug, Clone)]
pub(super) struct Service {
    plan: Plan,
    state: State,
    /// It does not record what it draws.
    forgetful: bool,
    /// Requests since the newest export.
    since: u64,
    /// How far a read has to be shorter than the buffer: the same when it runs again.
    served: bool,
}

/// What a snapshot holds.
#[derive(Debug, Clone, Default)]
struct State {
    read: u64,
    count: u64,
    sum: u64,
    /// Of a stream: what is still to be written of the present request.
    left: u64,
    drawn: Vec<u64>,
    /// Read, not answered.
    requests: Vec<u8>,
    /// Answered, not written.
    answers: Vec<u8>,
    ended: bool,
    finished: bool,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Done {
    /// Nothing: it waits for something.
    Nothing,
    /// It read these bytes at this offset.
    Read(u64, Vec<u8>),
    /// It read the end at this offset.
    End(u64),
    /// It took a value from elsewhere, for this request.
    Drew(u64, u64),
    /// It has answered a request and written the whole answer.
    Answered,
    /// Something else.
    Something,
}

impl Service {
    /// None if the snapshot is none of this service.
    pub(super) fn start(plan: &Plan, snapshot: Option<&[u8]>, forgetful: bool) -> Option<Self> {
        let state = match snapshot {
            Some(bytes) => State::read(bytes, plan.ballast)?,
            None => State::default(),
        };
        Some(Self {
            plan: plan.clone(),
            state,
            forgetful,
            since: 0,
            served: false,
        })
    }

    /// One step: the first of writing, answering and reading that can be done.
    pub(super) fn step(&mut self, now: Time, end: &mut Server, draws: &mut Stream) -> Done {
        if !self.state.answers.is_empty() {
            return self.write(now, end);
        }
        if self.state.left > 0 {
            return self.stream();
        }
        if std::mem::take(&mut self.served) {
            return Done::Answered;
        }
        let over = self
            .plan
            .ends_after
            .is_some_and(|last| self.state.count >= last);
        let ended = self.state.ended && self.state.requests.len() < self.unit();
        if !self.state.finished && (over || ended) {
            self.state.finished = end.finish(now);
            return if self.state.finished {
                Done::Something
            } else {
                Done::Nothing
            };
        }
        if self.state.finished {
            self.state.requests.clear();
        } else if self.state.requests.len() >= self.unit() {
            return self.serve(now, end, draws);
        }
        self.read(now, end)
    }

    /// Whether it exports now, having done this.
    pub(super) fn exports(&self, done: &Done, draws: &mut Stream) -> bool {
        if *done == Done::Answered {
            let every = self.plan.export_every;
            return every > 0 && self.since >= every;
        }
        *done != Done::Nothing && draws.chance(self.plan.export_anywhere)
    }

    pub(super) fn export(&mut self, now: Time, end: &mut Server) {
        if end.export(now, self.state.write(self.plan.ballast)) {
            self.since = 0;
        }
    }

    /// The bytes that are served at once.
    fn unit(&self) -> usize {
        match self.plan.kind {
            Kind::Echo => 1,
            Kind::Stream | Kind::Count => REQUEST,
        }
    }

    fn write(&mut self, now: Time, end: &mut Server) -> Done {
        let count = end.write(now, &self.state.answers);
        self.state.answers.drain(..count);
        match count {
            0 => Done::Nothing,
            _ => Done::Something,
        }
    }

    fn stream(&mut self) -> Done {
        let State { sum, left, .. } = self.state;
        let count = left.min(CHUNK);
        let bytes = (0..count).map(|at| streamed(sum, left - at));
        self.state.answers.extend(bytes);
        self.state.left -= count;
        Done::Something
    }

    fn read(&mut self, now: Time, end: &mut Server) -> Done {
        if self.state.ended {
            return Done::Nothing;
        }
        let mut buffer = vec![0; self.plan.buffer];
        let offset = self.state.read;
        match end.read(now, &mut buffer) {
            Input::Bytes(count) => {
                buffer.truncate(count);
                self.state.read += count as u64;
                self.state.requests.extend(&buffer);
                Done::Read(offset, buffer)
            }
            Input::End => {
                self.state.ended = true;
                Done::End(offset)
            }
            Input::Wait => Done::Nothing,
        }
    }

    /// Answers the first request, or draws a value that it needs for it.
    fn serve(&mut self, now: Time, end: &mut Server, draws: &mut Stream) -> Done {
        if self.plan.kind == Kind::Count && self.state.drawn.len() < 2 {
            return self.draw(now, end, draws);
        }
        let unit = self.unit();
        let taken: Vec<u8> = self.state.requests.drain(..unit).collect();
        let state = &mut self.state;
        match self.plan.kind {
            Kind::Echo => {
                state.answers.push(echo(state.sum, taken[0]));
                state.sum = mix(state.sum, u64::from(taken[0]));
            }
            Kind::Stream => {
                state.left = request(&taken);
                state.sum = mix(state.sum, state.left);
            }
            Kind::Count => {
                let drawn = [state.drawn[0], state.drawn[1]];
                state.drawn.clear();
                let what = [request(&taken), drawn[0], drawn[1]];
                state.sum = what.into_iter().fold(state.sum, mix);
                state.answers.extend(answer(state.count, drawn, state.sum));
            }
        }
        self.state.count += 1;
        self.since += 1;
        self.served = true;
        Done::Something
    }

    /// Chance first, then the time.
    fn draw(&mut self, now: Time, end: &mut Server, draws: &mut Stream) -> Done {
        let mut live = || match self.state.drawn.len() {
            0 => draws.bits(),
            _ => now.0,
        };
        let value = if self.forgetful {
            live()
        } else {
            match end.recorded(now) {
                Recorded::Wait => return Done::Nothing,
                Recorded::Again(value) => match value.try_into() {
                    Ok(value) => {
                        self.state.drawn.push(u64::from_le_bytes(value));
                        return Done::Something;
                    }
                    Err(_) => return Done::Nothing,
                },
                Recorded::Live => {
                    let value = live();
                    if !end.record(now, &value.to_le_bytes()) {
                        return Done::Nothing;
                    }
                    value
                }
            }
        };
        self.state.drawn.push(value);
        Done::Drew(self.state.count, value)
    }
}

impl State {
    fn write(&self, ballast: usize) -> Vec<u8> {
        let flags = u64::from(self.ended) | u64::from(self.finished) << 1;
        let drawn = self.drawn.len() as u64;
        let first = self.drawn.first().copied().unwrap_or(0);
        let second = self.drawn.get(1).copied().unwrap_or(0);
        let requests = self.requests.len() as u64;
        let (read, count) = (self.read, self.count);
        let (sum, left) = (self.sum, self.left);
        let words = [
            read, count, sum, left, flags, drawn, first, second, requests,
        ];
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.resize(bytes.len() + ballast, BALLAST);
        bytes.extend(&self.requests);
        bytes.extend(&self.answers);
        bytes
    }

    fn read(bytes: &[u8], ballast: usize) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<72>()?;
        let words: Vec<u64> = head
            .as_chunks::<8>()
            .0
            .iter()
            .map(|w| u64::from_le_bytes(*w))
            .collect();
        let (load, rest) = rest.split_at_checked(ballast)?;
        let (requests, answers) = rest.split_at_checked(words[8] as usize)?;
        if load.iter().any(|byte| *byte != BALLAST) {
            return None;
        }
        let mut drawn = vec![words[6], words[7]];
        drawn.truncate(words[5] as usize);
        Some(Self {
            read: words[0],
            count: words[1],
            sum: words[2],
            left: words[3],
            drawn,
            requests: requests.to_vec(),
            answers: answers.to_vec(),
            ended: words[4] & 1 > 0,
            finished: words[4] & 2 > 0,
        })
    }
}
