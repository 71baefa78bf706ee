//! What hostile, slow or careless peers and drivers may do to one end, and moves at bad moments.

use super::breakages::{attached, opening};
use super::world::key;
use sm_core::ids::Time;
use sm_core::mtcp::wire::{Ends, Frame};
use sm_core::mtcp::{Client, ClientEffect, Contact, Epoch, LinkId};

const NOW: Time = Time(1);
const LINK: LinkId = LinkId(1);
const NEXT: LinkId = LinkId(2);

fn contact(link: LinkId) -> Contact {
    Contact {
        link,
        server: key(link.0 as usize),
    }
}

/// What a server answers to this attempt, when it has so much of the input.
fn resumed(epoch: u64, input: u64) -> Frame<'static> {
    Frame::Resumed {
        ends: ends(epoch),
        input,
        taken: input,
        window: 1_000,
        standbys: Vec::new(),
    }
}

fn ends(epoch: u64) -> Ends {
    Ends {
        client: Epoch(0),
        server: Epoch(epoch),
    }
}

fn sent_by(client: &mut Client) -> Vec<ClientEffect> {
    std::iter::from_fn(|| client.poll()).collect()
}

/// A client that is attached to the server that the test plays.
fn begun(window: u64) -> Client {
    let mut client = Client::open(NOW, contact(LINK), opening(window));
    let answer = client.frame(NOW, LINK, &resumed(0, 0));
    assert_eq!(answer, Ok(&[][..]));
    sent_by(&mut client);
    client
}

#[test]
fn what_the_program_takes_during_a_move_is_acknowledged() {
    let mut client = begun(4);
    let data = Frame::Data {
        offset: 0,
        bytes: b"abcd",
    };
    assert_eq!(client.frame(NOW, LINK, &data), Ok(&b"abcd"[..]));
    client.resume(NOW, contact(NEXT), [0; 32]);
    // The window is full in what it said, and is not any more.
    client.consumed(NOW, 4);
    assert_eq!(client.frame(NOW, NEXT, &resumed(1, 0)), Ok(&[][..]));
    let (taken, stable) = (4, 4);
    assert_eq!(client.poll_stream(), Some(Frame::Ack { taken, stable }));
}
