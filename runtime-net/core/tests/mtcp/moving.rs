//! A client end that moves with its service, at random: whatever copies do that go on, or do not
//! know yet that others do, the server's service reads each byte once, and a copy reads on where
//! its exported state ends.
//!
//! Rules of `client/moving.rs` were broken on purpose, one at a time, to see that a test here
//! fails. Not found are three: that bytes which are written again are forgotten at once (no more
//! than memory), that `sent` stays when an older export is safe later, and the checks of an image.

use std::collections::VecDeque;

use proptest::prelude::*;
use sm_core::ids::{NodeId, Time};
use sm_core::mtcp::wire::Frame;
use sm_core::mtcp::{
    Client, ClientEffect, Config, ConnectionId, Contact, End, Epoch, Fault, Kept, LinkId, Opening,
    Peer, Reason, Server, ServerEffect,
};

use super::world::TIMING;

const HOLDER: NodeId = NodeId([9; 32]);
const ID: ConnectionId = ConnectionId([7; 16]);
const SEED: u64 = 11;
/// How many bytes go in each direction: a long life, and one that mostly ends among the faults.
const TOTALS: [u64; 2] = [200, 24];

fn there(offset: u64) -> u8 {
    (offset * 13 + 1) as u8
}

fn back(offset: u64) -> u8 {
    (offset * 29 + 3) as u8
}

/// A server of the service that has the end.
#[derive(Clone)]
struct Copy {
    client: Client,
    link: Option<LinkId>,
    /// What its program has not taken.
    inbox: VecDeque<u8>,
    /// How far it has read and written.
    read: u64,
    wrote: u64,
    ended: bool,
    finished: bool,
    /// Exports that are not safe yet, with all that a copy goes on from.
    exports: VecDeque<Export>,
    /// What came of it.
    end: Option<End>,
}

#[derive(Clone)]
struct Export {
    image: Vec<u8>,
    kept: Kept,
    read: u64,
    wrote: u64,
    ended: bool,
    finished: bool,
    /// Later ones have higher numbers.
    number: u64,
}

/// What is on its way on a link.
#[derive(Default)]
struct Line {
    copy: usize,
    there: VecDeque<Vec<u8>>,
    back: VecDeque<Vec<u8>>,
}

struct World {
    total: u64,
    exported: u64,
    /// The holder's links have no room.
    full: bool,
    now: Time,
    copies: Vec<Copy>,
    /// The newest export that is safe, and those of the copy that goes on which are not.
    safe: Option<Export>,
    holder: Server,
    lines: Vec<Line>,
    /// What the holder's service has read, and how far it has written.
    took: u64,
    gave: u64,
    done: bool,
}

impl World {
    fn new(total: u64) -> Self {
        let config = Config {
            timing: TIMING,
            quota: 0,
            window: 48,
            ..Config::default()
        };
        let now = Time(1);
        let opening = Opening {
            id: ID,
            digest_seed: SEED,
            window: 40,
            settings: b"of the end".to_vec(),
            timing: TIMING,
        };
        let (link, server) = (LinkId(0), HOLDER);
        let mut client = Client::open(now, Contact { link, server }, opening);
        client.move_with_service();
        let mut world = Self {
            total,
            exported: 0,
            full: false,
            now,
            copies: vec![Copy {
                client,
                link: Some(link),
                inbox: VecDeque::new(),
                read: 0,
                wrote: 0,
                ended: false,
                finished: false,
                exports: VecDeque::new(),
                end: None,
            }],
            safe: None,
            holder: Server::new(HOLDER, ID, config),
            lines: vec![Line::default()],
            took: 0,
            gave: 0,
            done: false,
        };
        world.settle(0);
        world
    }

    fn newest(&self) -> usize {
        self.copies.len() - 1
    }

    /// Does what the machines say.
    fn settle(&mut self, at: usize) {
        let copy = &mut self.copies[at];
        while let Some(effect) = copy.client.poll() {
            match effect {
                ClientEffect::Send(link, frame) => {
                    let mut bytes = Vec::new();
                    frame.encode(&mut bytes);
                    self.lines[link.0 as usize].there.push_back(bytes);
                }
                ClientEffect::Closed(end) => copy.end = Some(end),
                _ => {}
            }
        }
        while let Some(link) = copy.client.attached() {
            let Some(frame) = copy.client.poll_stream() else {
                break;
            };
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            self.lines[link.0 as usize].there.push_back(bytes);
        }
        self.settle_holder();
    }

    fn settle_holder(&mut self) {
        while let Some(effect) = self.holder.poll() {
            match effect {
                ServerEffect::Send(Peer::Client(link), frame) => {
                    let mut bytes = Vec::new();
                    frame.encode(&mut bytes);
                    self.lines[link.0 as usize].back.push_back(bytes);
                }
                // No answer had come, so it is opened again, and nothing was said before.
                ServerEffect::Stop(End::Moved) => {
                    assert_eq!(self.took, 0);
                    self.gave = 0;
                }
                ServerEffect::Stop(end) => {
                    assert_eq!(end, End::Done, "the holder's service is stopped");
                    self.done = true;
                }
                _ => {}
            }
        }
        for link in 0..if self.full { 0 } else { self.lines.len() } {
            let peer = Peer::Client(LinkId(link as u64));
            while let Some(frame) = self.holder.poll_stream(peer) {
                let mut bytes = Vec::new();
                frame.encode(&mut bytes);
                self.lines[link].back.push_back(bytes);
            }
        }
    }

    /// A copy calls the holder.
    fn resume(&mut self, at: usize) {
        if self.copies[at].end.is_some() {
            return;
        }
        let link = LinkId(self.lines.len() as u64);
        self.lines.push(Line {
            copy: at,
            ..Line::default()
        });
        let copy = &mut self.copies[at];
        copy.link = Some(link);
        let server = HOLDER;
        let contact = Contact { link, server };
        copy.client.resume(self.now, contact, [0; 32]);
        self.settle(at);
    }

    /// The next frame of a link arrives, at the holder or at a copy.
    fn deliver(&mut self, link: usize, to_holder: bool) -> bool {
        let line = &mut self.lines[link];
        let at = line.copy;
        let id = LinkId(link as u64);
        if to_holder {
            let Some(bytes) = line.there.pop_front() else {
                return false;
            };
            let (frame, _) = Frame::decode(&bytes).expect("it is one").expect("all");
            match &frame {
                Frame::Open(open) => self.holder.accept(self.now, id, open, [5; 32]),
                Frame::Resume { claim, .. } => {
                    self.holder.resume(self.now, id, claim, (0, [0; 32]));
                }
                frame => {
                    let taken = self.holder.frame(self.now, Peer::Client(id), frame);
                    assert_eq!(taken, Ok(()), "{frame:?} of copy {at}");
                }
            }
            self.settle_holder();
            return true;
        }
        let Some(bytes) = line.back.pop_front() else {
            return false;
        };
        let (frame, _) = Frame::decode(&bytes).expect("it is one").expect("all");
        let copy = &mut self.copies[at];
        if let Frame::Refused { reason, .. } = &frame {
            assert_eq!(*reason, Reason::Superseded);
        }
        let new = copy.client.frame(self.now, id, &frame);
        copy.inbox.extend(new.expect("an honest holder"));
        self.settle(at);
        true
    }

    /// A link ends, and what was on its way is lost.
    fn cut(&mut self, link: usize) {
        self.lines[link].there.clear();
        self.lines[link].back.clear();
        let (at, id) = (self.lines[link].copy, LinkId(link as u64));
        self.copies[at].client.link_down(self.now, id);
        self.holder.link_down(self.now, id);
        self.settle(at);
    }

    /// The program of a copy writes and reads some bytes.
    fn work(&mut self, at: usize, most: usize) {
        let copy = &mut self.copies[at];
        let last = self.total.min(copy.wrote + most as u64);
        let bytes: Vec<u8> = (copy.wrote..last).map(there).collect();
        copy.wrote += copy.client.write(&bytes) as u64;
        // Once: that it has is part of the state.
        if copy.wrote == self.total && !copy.finished {
            copy.finished = true;
            copy.client.finish();
        }
        let count = most.min(copy.inbox.len());
        let taken: Vec<u8> = copy.inbox.drain(..count).collect();
        for byte in &taken {
            assert_eq!(*byte, back(copy.read), "copy {at} at {}", copy.read);
            copy.read += 1;
        }
        copy.client.took(self.now, &taken);
        if copy.inbox.is_empty() && copy.client.ended() && !copy.ended {
            assert_eq!(copy.read, self.total);
            copy.ended = true;
            copy.client.took_end(self.now);
        }
        self.settle(at);
    }

    /// The service that has a copy exports.
    fn export(&mut self, at: usize) {
        let copy = &mut self.copies[at];
        if let Some((image, kept)) = copy.client.export() {
            copy.exports.push_back(Export {
                image,
                kept,
                read: copy.read,
                wrote: copy.wrote,
                ended: copy.ended,
                finished: copy.finished,
                number: self.exported,
            });
            self.exported += 1;
        }
    }

    /// An export of the copy that goes on is safe, and so are those before, of which it may hear
    /// later: who takes over has it or a later one.
    fn keep(&mut self, choice: usize) {
        let at = self.newest();
        let copy = &mut self.copies[at];
        let count = copy.exports.len().max(1);
        let Some(export) = copy.exports.remove(choice % count) else {
            return;
        };
        copy.client.keep(self.now, export.kept);
        let newest = self.safe.as_ref().map(|safe| safe.number);
        if newest.is_none_or(|newest| newest < export.number) {
            self.safe = Some(export);
        }
        self.settle(at);
    }

    /// Another server takes the service over, from the newest safe export or a later one. The copy
    /// before does not know it.
    fn take_over(&mut self, choice: usize) {
        let newest = &self.copies[self.newest()];
        let safe = self.safe.as_ref().map(|safe| safe.number);
        let later = newest.exports.iter();
        let later = later.filter(|export| safe.is_none_or(|safe| safe < export.number));
        let from: Vec<Export> = self.safe.iter().chain(later).cloned().collect();
        if from.is_empty() {
            return;
        }
        let export = from[choice % from.len()].clone();
        let mut client = Client::import(&export.image, TIMING).expect("it was exported");
        let epoch = Epoch(self.copies.len() as u64);
        assert!(client.go_on(self.now, epoch));
        let (read, wrote, ended) = (export.read, export.wrote, export.ended);
        let finished = export.finished;
        self.safe = Some(export);
        self.copies.push(Copy {
            client,
            link: None,
            inbox: VecDeque::new(),
            read,
            wrote,
            ended,
            finished,
            exports: VecDeque::new(),
            end: None,
        });
        self.settle(self.newest());
        self.resume(self.newest());
    }

    /// The holder's service reads and writes.
    fn serve(&mut self, most: usize) {
        let mut buffer = vec![0; most.max(1)];
        if let sm_core::mtcp::Input::Bytes(count) = self.holder.read(self.now, &mut buffer) {
            // A copy that has no export would begin anew.
            assert!(self.safe.is_some(), "something was said too early");
            for byte in &buffer[..count] {
                assert_eq!(*byte, there(self.took), "at {}", self.took);
                self.took += 1;
            }
        }
        let last = self.total.min(self.gave + most as u64);
        let bytes: Vec<u8> = (self.gave..last).map(back).collect();
        self.gave += self.holder.write(self.now, &bytes) as u64;
        if self.gave == self.total {
            self.holder.finish(self.now);
        }
        self.settle_holder();
    }

    fn apply(&mut self, (what, a, b): (u8, u8, u8)) {
        let (a, b) = (usize::from(a), usize::from(b));
        let at = a % self.copies.len();
        let link = a % self.lines.len();
        match what % 16 {
            0..3 => self.work(at, b % 9),
            3..6 => drop(self.deliver(link, b % 2 == 0)),
            6..8 => {
                let link = self.lines.len() - 1;
                _ = self.deliver(link, b % 2 == 0);
            }
            8..10 => self.export(at),
            10 => self.keep(b),
            11 => self.full = b % 3 == 0,
            12 => self.cut(link),
            13 => self.resume(at),
            14 => self.take_over(b),
            _ => self.serve(b % 9),
        }
    }

    /// Everything arrives, and the newest copy goes on to the end.
    fn calm(&mut self) {
        let at = self.newest();
        self.full = false;
        for round in 0..4_000 {
            if self.copies[at].end.is_some() {
                return;
            }
            let mut links = 0..self.lines.len();
            let moved = links.any(|link| self.deliver(link, true) || self.deliver(link, false));
            if !moved && self.copies[at].client.attached().is_none() {
                self.resume(at);
            }
            self.work(at, 7);
            self.serve(7);
            self.now = Time(self.now.0 + 1_000_000);
            self.copies[at].client.timeout(self.now);
            self.holder.timeout(self.now);
            self.settle(at);
            if round % 3 == 0 {
                self.export(at);
                self.keep(0);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn copies_go_on_where_exports_end(
        total in prop::sample::select(&TOTALS[..]),
        steps in proptest::collection::vec(any::<(u8, u8, u8)>(), 0..400),
    ) {
        let mut world = World::new(total);
        for step in steps {
            world.apply(step);
        }
        world.calm();
        let copy = &world.copies[world.newest()];
        prop_assert_eq!(copy.end, Some(End::Done));
        prop_assert_eq!((copy.read, copy.wrote), (total, total));
        prop_assert_eq!((world.took, world.gave), (total, total));
    }

    /// Whatever is given for an exported end, it is refused or it can be exported again.
    #[test]
    fn images_are_read_as_they_are_written(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
        cut in any::<prop::sample::Index>(),
        change in any::<u8>(),
    ) {
        let _ = Client::import(&bytes, TIMING);
        let mut world = World::new(TOTALS[0]);
        while world.deliver(0, true) || world.deliver(0, false) {}
        world.work(0, 9);
        let (mut image, _) = world.copies[0].client.export().expect("it is opened");
        let mut again = Client::import(&image, TIMING).expect("it was exported");
        prop_assert_eq!(&again.export().expect("it is opened").0, &image);
        let at = cut.index(image.len());
        image[at] ^= change;
        if let Ok(mut client) = Client::import(&image, TIMING) {
            prop_assert!(client.export().is_some());
        }
        prop_assert!(Client::import(&image[..at], TIMING).is_err());
    }
}

/// A copy whose service cannot be the newest does not begin.
#[test]
fn the_copies_of_a_copy_cannot_be_told_apart() {
    let mut world = World::new(TOTALS[0]);
    while world.deliver(0, true) || world.deliver(0, false) {}
    let (image, _) = world.copies[0].client.export().expect("it is opened");
    let mut client = Client::import(&image, TIMING).expect("it was exported");
    assert!(!client.go_on(world.now, Epoch(1 << 32)));
    assert!(client.go_on(world.now, Epoch((1 << 32) - 1)));
}

/// Before an export is safe nothing leaves: a copy without one begins anew elsewhere.
#[test]
fn nothing_is_said_before_an_export_is_safe() {
    let mut world = World::new(TOTALS[0]);
    world.work(0, 9);
    while world.deliver(0, true) || world.deliver(0, false) {}
    world.serve(9);
    assert_eq!(world.took, 0);
    world.export(0);
    world.keep(0);
    while world.deliver(0, true) || world.deliver(0, false) {}
    world.serve(9);
    assert_eq!(world.took, 9);
}

/// An end of which there can be no copy is not left behind at its server.
#[test]
fn what_was_never_exported_is_ended_when_it_is_dropped() {
    for exported in [false, true] {
        let mut world = World::new(TOTALS[0]);
        while world.deliver(0, true) || world.deliver(0, false) {}
        if exported {
            world.export(0);
        }
        world.copies[0].client.abandon();
        world.settle(0);
        let last = world.lines[0].there.back().cloned();
        let reset = last.is_some_and(|bytes| {
            matches!(Frame::decode(&bytes), Ok(Some((Frame::Reset { .. }, _))))
        });
        assert_eq!(reset, !exported);
    }
}

/// All that is under way on a link arrives.
fn pass(world: &mut World, link: usize) {
    while world.deliver(link, true) || world.deliver(link, false) {}
}

/// An end that is attached, with a safe export, whose holder gives all and reads nothing yet.
fn given_all() -> World {
    let mut world = World::new(5);
    pass(&mut world, 0);
    world.export(0);
    world.keep(0);
    let bytes: Vec<u8> = (0..5).map(back).collect();
    world.gave = world.holder.write(world.now, &bytes) as u64;
    assert!(world.holder.finish(world.now));
    world.settle_holder();
    while world.deliver(0, false) {}
    world
}

/// The end of what it reads is part of the state, and of its digest; and where all was sent, too,
/// a copy is over at once.
#[test]
fn a_copy_goes_on_behind_the_end_of_what_it_reads() {
    let mut world = given_all();
    world.work(0, 9);
    assert!(world.copies[0].ended);
    world.export(0);
    let image = world.copies[0].exports[0].image.clone();
    let mut again = Client::import(&image, TIMING).expect("it was exported");
    assert_eq!(again.export().expect("it is opened").0, image);
    world.take_over(1);
    pass(&mut world, 1);
    assert!(world.copies[1].client.attached().is_some());
    world.calm();
    assert_eq!(world.copies[1].end, Some(End::Done));
    let (image, _) = world.copies[1].client.export().expect("it is opened");
    let mut last = Client::import(&image, TIMING).expect("it was exported");
    assert!(last.go_on(world.now, Epoch(9)));
    assert!(last.is_closed());
}

/// What came on an earlier link is not acknowledged on one that has not brought it.
#[test]
fn a_new_link_has_to_bring_what_is_acknowledged_on_it() {
    let mut world = given_all();
    world.cut(0);
    world.full = true;
    world.resume(0);
    pass(&mut world, 1);
    world.work(0, 9);
    pass(&mut world, 1);
    world.export(0);
    world.keep(0);
    pass(&mut world, 1);
    world.calm();
    assert_eq!(world.copies[0].end, Some(End::Done));
}

/// It stays at its server, and where it says that it will not move, nothing is kept for a copy.
#[test]
fn it_has_one_server_and_perhaps_no_copy() {
    let world = given_all();
    let mut client = world.copies[0].client.clone();
    assert!(client.may_resume_at(HOLDER));
    assert!(!client.may_resume_at(NodeId([8; 32])));
    assert!(client.is_elsewhere_too());
    client.stay(world.now);
    assert!(!client.is_elsewhere_too());
}

#[test]
fn a_server_that_breaks_the_rules_is_found_out() {
    let mut world = World::new(5);
    pass(&mut world, 0);
    let data = |offset, bytes| Frame::Data { offset, bytes };
    let wrong = [
        (data(3, b"xy"), Fault::Gap),
        (data(0, &[0; 41]), Fault::OverCredit),
        (Frame::Fin { offset: 2 }, Fault::Gap),
    ];
    for (frame, fault) in wrong {
        let mut client = world.copies[0].client.clone();
        assert_eq!(client.frame(world.now, LinkId(0), &frame), Err(fault));
    }
    let mut client = given_all().copies[0].client.clone();
    let more = client.frame(world.now, LinkId(0), &data(6, b"x"));
    assert_eq!(more, Err(Fault::Gap), "behind the end");
}
