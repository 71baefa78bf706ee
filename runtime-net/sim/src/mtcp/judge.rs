//! The judge: knows what a service must read and what the program must get.

use std::collections::BTreeSet;
use std::fmt;

use sm_core::ids::Time;

use super::plan::{Kind, Plan};
use super::service::{ANSWER, REQUEST, answer, echo, mix, request, streamed};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// When it was seen.
    pub at: Time,
    /// What.
    pub what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = crate::network::show_span(self.at.since(Time::ZERO));
        write!(f, "at {at}: {}", self.what)
    }
}

/// What has been seen of one connection.
#[derive(Debug)]
pub(super) struct Judge {
    kind: Kind,
    ends_after: Option<u64>,
    /// What the program says.
    input: Vec<u8>,
    /// Where in it the request stands whose answer comes next.
    at: usize,
    count: u64,
    sum: u64,
    /// Of a stream: what is still to come of the present answer.
    left: u64,
    /// The part of an answer that has come.
    partial: Vec<u8>,
    /// What services drew, with the request that it was for.
    ledger: BTreeSet<(u64, u64)>,
    /// The bytes that the program got.
    pub(super) heard: u64,
    output: blake3::Hasher,
}

impl Judge {
    pub(super) fn new(plan: &Plan, input: &[u8]) -> Self {
        Self {
            kind: plan.service.kind,
            ends_after: plan.service.ends_after,
            input: input.to_vec(),
            at: 0,
            count: 0,
            sum: 0,
            left: 0,
            partial: Vec::new(),
            ledger: BTreeSet::new(),
            heard: 0,
            output: blake3::Hasher::new(),
        }
    }

    /// The hash of all that the program got.
    pub(super) fn output(&self) -> [u8; 32] {
        *self.output.finalize().as_bytes()
    }

    /// A service draws a value for a request.
    pub(super) fn drew(&mut self, request: u64, value: u64) {
        self.ledger.insert((request, value));
    }

    /// A service reads these bytes at this offset.
    pub(super) fn read(&self, offset: u64, bytes: &[u8], written: usize) -> Result<(), String> {
        let from = offset as usize;
        let meant = self.input.get(from..from + bytes.len());
        if meant != Some(bytes) || from + bytes.len() > written {
            return Err(format!("a service reads what was not written at {offset}"));
        }
        Ok(())
    }

    /// A service reads the end at this offset.
    pub(super) fn end(&self, offset: u64, ended: bool) -> Result<(), String> {
        if offset as usize != self.input.len() || !ended {
            return Err(format!("a service reads an end at {offset}"));
        }
        Ok(())
    }

    /// The program gets these bytes, having written so much.
    pub(super) fn hear(&mut self, bytes: &[u8], written: usize) -> Result<(), String> {
        for byte in bytes {
            self.next(*byte)
                .map_err(|why| format!("at {} of the output: {why}", self.heard))?;
            self.heard += 1;
            if self.at > written {
                return Err("an answer comes before its request was written".to_owned());
            }
        }
        self.output.update(bytes);
        Ok(())
    }

    fn next(&mut self, byte: u8) -> Result<(), String> {
        if self.is_complete() {
            return Err("more comes than was asked for".to_owned());
        }
        match self.kind {
            Kind::Echo => {
                let asked = self.take(1)?[0];
                self.same(byte, echo(self.sum, asked))?;
                self.sum = mix(self.sum, u64::from(asked));
                self.count += 1;
                Ok(())
            }
            Kind::Stream => {
                if self.left == 0 {
                    self.left = request(&self.take(REQUEST)?);
                    self.sum = mix(self.sum, self.left);
                    self.count += 1;
                }
                self.left -= 1;
                self.same(byte, streamed(self.sum, self.left + 1))
            }
            Kind::Count => {
                self.partial.push(byte);
                if self.partial.len() == ANSWER {
                    self.answered()?;
                }
                Ok(())
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, String> {
        let taken = self.input.get(self.at..self.at + count);
        let taken = taken.ok_or("there was no such request")?.to_vec();
        self.at += count;
        Ok(taken)
    }

    fn same(&self, got: u8, meant: u8) -> Result<(), String> {
        if got == meant {
            return Ok(());
        }
        Err(format!("{got:#04x} comes and {meant:#04x} should"))
    }

    /// A whole answer has come: drawn for this request, and the next of one lineage.
    fn answered(&mut self) -> Result<(), String> {
        let bytes = std::mem::take(&mut self.partial);
        let word = |at: usize| {
            let bytes = bytes[8 * at..8 * at + 8].try_into().expect("eight bytes");
            u64::from_le_bytes(bytes)
        };
        let drawn = [word(1), word(2)];
        let asked = request(&self.take(REQUEST)?);
        self.sum = [asked, drawn[0], drawn[1]].into_iter().fold(self.sum, mix);
        if bytes != answer(self.count, drawn, self.sum) {
            return Err(format!("answer {} is of another lineage", self.count));
        }
        if drawn
            .iter()
            .any(|value| !self.ledger.contains(&(self.count, *value)))
        {
            return Err(format!("answer {} has values that nobody drew", self.count));
        }
        self.count += 1;
        Ok(())
    }

    /// Whether the program has got everything.
    pub(super) fn is_complete(&self) -> bool {
        let over = self.ends_after.is_some_and(|last| self.count >= last);
        self.left == 0 && self.partial.is_empty() && (over || self.at == self.input.len())
    }
}
