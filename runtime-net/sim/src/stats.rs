//! What a run cost, in numbers.

use std::ops::Sub;

use serde::Serialize;
use sm_core::content::ContentKind;
use sm_core::node::Step;
use sm_core::wire::Frame;

use crate::trace::Event;

/// What nodes and network have done, counted from what is seen on the wire and told by the nodes.
/// The difference of two is what was done between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Totals {
    /// Messages that began: launched, spawned, or arrived as copies.
    pub messages: u64,
    /// Exact hops completed.
    pub hops: u64,
    /// Exact hops that failed and went on where they were.
    pub hops_failed: u64,
    /// Copies that arrived and ran.
    pub copies: u64,
    /// Frames sent, a broadcast counted once.
    pub frames: u64,
    /// Frames that did not arrive.
    pub frames_lost: u64,
    /// Bytes of all frames sent.
    pub bytes: u64,
    /// Of these, bytes of code: bricks and manifests.
    pub code_bytes: u64,
    /// Of these, bytes of launch records, which hold the arguments.
    pub launch_bytes: u64,
    /// Of these, bytes of captured states.
    pub state_bytes: u64,
    /// Bricks sent.
    pub bricks: u64,
    /// Turns, or the slices of long ones.
    pub slices: u64,
    /// Fuel used.
    pub fuel: u64,
    /// Batches that stores took.
    pub stores: u64,
    /// Sessions that nodes lost.
    pub sessions_lost: u64,
    /// Crashes of nodes.
    pub crashes: u64,
    /// Things that arrived and were refused, and other entries of the nodes' logs.
    pub logs: u64,
}

impl Totals {
    /// Counts an event.
    pub fn count(&mut self, event: &Event) {
        match event {
            Event::NodeDown { .. } => self.crashes += 1,
            Event::SessionDown { .. } => self.sessions_lost += 1,
            Event::Sent { frame, .. } | Event::Broadcast { frame, .. } => self.frame(frame),
            Event::Lost { .. } => self.frames_lost += 1,
            Event::Stored { .. } => self.stores += 1,
            Event::Log { .. } => self.logs += 1,
            Event::Ran { fuel, .. } => {
                self.slices += 1;
                self.fuel += fuel;
            }
            Event::Step { trace, .. } => self.step(&trace.step),
            _ => {}
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Launched | Step::Spawned { .. } => self.messages += 1,
            Step::CopyArrived { .. } => {
                self.messages += 1;
                self.copies += 1;
            }
            Step::Arrived { .. } => self.hops += 1,
            Step::Stayed { .. } => self.hops_failed += 1,
            _ => {}
        }
    }

    fn frame(&mut self, bytes: &[u8]) {
        self.frames += 1;
        self.bytes += bytes.len() as u64;
        match Frame::decode(bytes) {
            Ok(Frame::Offer(offer)) => {
                self.state_bytes += offer.state.map_or(0, <[u8]>::len) as u64;
                offer
                    .attached
                    .iter()
                    .for_each(|(kind, piece)| self.content(*kind, piece.len()));
            }
            Ok(Frame::State { bytes, .. }) => self.state_bytes += bytes.len() as u64,
            Ok(Frame::Copy(copy)) => self.state_bytes += copy.state.len() as u64,
            Ok(Frame::Code(pieces)) => {
                pieces
                    .iter()
                    .for_each(|(kind, piece)| self.content(*kind, piece.len()));
            }
            Ok(_) | Err(_) => {}
        }
    }

    fn content(&mut self, kind: ContentKind, bytes: usize) {
        match kind {
            ContentKind::Launch => self.launch_bytes += bytes as u64,
            ContentKind::Brick => {
                self.code_bytes += bytes as u64;
                self.bricks += 1;
            }
            ContentKind::Program | ContentKind::Module => self.code_bytes += bytes as u64,
        }
    }
}

impl Sub for Totals {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            messages: self.messages - before.messages,
            hops: self.hops - before.hops,
            hops_failed: self.hops_failed - before.hops_failed,
            copies: self.copies - before.copies,
            frames: self.frames - before.frames,
            frames_lost: self.frames_lost - before.frames_lost,
            bytes: self.bytes - before.bytes,
            code_bytes: self.code_bytes - before.code_bytes,
            launch_bytes: self.launch_bytes - before.launch_bytes,
            state_bytes: self.state_bytes - before.state_bytes,
            bricks: self.bricks - before.bricks,
            slices: self.slices - before.slices,
            fuel: self.fuel - before.fuel,
            stores: self.stores - before.stores,
            sessions_lost: self.sessions_lost - before.sessions_lost,
            crashes: self.crashes - before.crashes,
            logs: self.logs - before.logs,
        }
    }
}
