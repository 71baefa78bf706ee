//! Messages that client connections carry, without any connection: what comes is told to the node,
//! and what it wants done is looked at.

use super::toy::CONNECTION;
use super::world::{World, author, key, launch, launch_by};
use super::*;
use crate::hop::Memory;
use crate::ids::{AuthorId, Span};
use crate::launch::LaunchLimits;
use crate::mtcp::{self, Offsets, Reason};

/// Answers each line with the same word, and ends with the input.
const ECHO: &str = "listen\nzero 4\nsay ok\ngoto 0\nended\nzero 7\ndone 0\nawait\ngoto 0";

const FIRST: Attachment = Attachment(1);

fn offsets() -> Offsets {
    Offsets {
        limit: 100,
        ..Offsets::default()
    }
}

impl World {
    fn tell(&mut self, node: usize, attachment: Attachment, happening: Happening) {
        self.nodes[node].handle_connection(self.now, attachment, happening);
        self.collect(node);
        self.settle();
    }

    fn open(&mut self, node: usize, script: &str) {
        self.give_code(node, script);
        let launch = launch(node, script, LaunchLimits::default()).bytes.to_vec();
        let happening = Happening::Opened {
            name: CONNECTION,
            launch,
            offsets: offsets(),
        };
        self.tell(node, FIRST, happening);
    }

    fn input(&mut self, node: usize, text: &str, ended: bool) {
        let bytes = text.as_bytes().to_vec();
        self.tell(node, FIRST, Happening::Input { bytes, ended });
    }

    fn arrive(&mut self, node: usize, snapshot: Vec<u8>, servers: Vec<AuthorId>) {
        let happening = Happening::Arrived {
            name: CONNECTION,
            snapshot,
            servers,
            offsets: offsets(),
        };
        self.tell(node, FIRST, happening);
    }

    /// All that a node has written, and the newest snapshot.
    fn written(&self, node: usize) -> (String, Vec<u8>) {
        let (mut text, mut newest) = (String::new(), Vec::new());
        for (at, deed) in &self.deeds {
            if let (true, Deed::Turn(turn)) = (*at == node, deed) {
                text += std::str::from_utf8(&turn.output).expect("it is text");
                newest.clone_from(turn.snapshot.as_ref().expect("each turn has one"));
            }
        }
        (text, newest)
    }

    fn taken(&self, node: usize) -> u64 {
        let turns = self.deeds.iter().filter(|(at, _)| *at == node);
        turns
            .map(|(_, deed)| match deed {
                Deed::Turn(turn) => turn.taken,
                _ => 0,
            })
            .sum()
    }

    fn did(&self, node: usize, deed: &Deed) -> bool {
        self.deeds.contains(&(node, deed.clone()))
    }
}

#[test]
fn a_message_serves_a_connection_to_its_end() {
    let mut world = World::new(1);
    world.open(0, ECHO);
    assert_eq!(world.deeds[0], (0, Deed::Accepted));
    world.input(0, "one\ntw", false);
    assert_eq!(world.printed(), ["0:one"]);
    assert_eq!((world.written(0).0.as_str(), world.taken(0)), ("ok\n", 4));
    world.input(0, "o\nlast", true);
    assert_eq!(world.printed(), ["0:one", "0:two", "0:last"]);
    assert_eq!(
        world.written(0),
        ("ok\nok\nok\n".to_owned(), ENDED.to_vec())
    );
    assert_eq!(world.taken(0), 12);
    assert_eq!(world.deeds.last(), Some(&(0, Deed::Ended)));
    assert_eq!(world.places(), [0]);
    assert_eq!(world.nodes[0].tags().iter(world.now).count(), 0);
    assert_eq!(world.nodes[0].poll_timeout(), None);
}

#[test]
fn it_goes_on_elsewhere_from_its_last_turn() {
    let mut world = World::new(2);
    world.give_code(1, ECHO);
    world.open(0, ECHO);
    world.input(0, "one\n", false);
    let message = world.nodes[0].messages()[0];
    let (_, snapshot) = world.written(0);
    world.arrive(1, snapshot, Vec::new());
    assert!(world.did(1, &Deed::Accepted));
    assert_eq!(world.nodes[1].messages(), [message]);
    world.tell(0, FIRST, Happening::Gone(mtcp::End::Moved));
    assert_eq!(world.places(), [0, 1]);
    assert_eq!(world.nodes[0].tags().iter(world.now).count(), 0);
    world.input(1, "two\n", false);
    assert_eq!(world.printed(), ["0:one", "1:two"]);
    assert_eq!(world.written(1).0, "ok\n");
    assert!(world.ends().is_empty());
}

/// The answer to the first OPEN was lost, and the client opens again.
#[test]
fn it_begins_anew_before_it_is_known_that_it_ended() {
    let mut world = World::new(1);
    world.open(0, ECHO);
    world.input(0, "one\n", false);
    let second = Attachment(2);
    let launch = launch(0, ECHO, LaunchLimits::default()).bytes.to_vec();
    let happening = Happening::Opened {
        name: CONNECTION,
        launch,
        offsets: offsets(),
    };
    world.tell(0, second, happening);
    let deeds = world.deeds.iter();
    assert_eq!(deeds.filter(|(_, deed)| *deed == Deed::Accepted).count(), 2);
    world.tell(0, FIRST, Happening::Gone(mtcp::End::Moved));
    assert_eq!(world.places(), [1]);
    let bytes = b"again\n".to_vec();
    let input = Happening::Input {
        bytes,
        ended: false,
    };
    world.tell(0, second, input);
    assert_eq!(world.printed(), ["0:one", "0:again"]);
}

/// A late notice of the old stay does not end the new one.
#[test]
fn it_comes_back_before_it_is_known_that_it_left() {
    let mut world = World::new(1);
    world.open(0, ECHO);
    let (_, snapshot) = world.written(0);
    let second = Attachment(2);
    let happening = Happening::Arrived {
        name: CONNECTION,
        snapshot,
        servers: Vec::new(),
        offsets: offsets(),
    };
    world.tell(0, second, happening);
    world.tell(0, FIRST, Happening::Gone(mtcp::End::Moved));
    assert_eq!(world.places(), [1]);
    let bytes = b"again\n".to_vec();
    let input = Happening::Input {
        bytes,
        ended: false,
    };
    world.tell(0, second, input);
    assert_eq!(world.printed(), ["0:again"]);
}

#[test]
fn what_is_not_admitted_is_refused_with_a_reason() {
    let mut world = World::with(2, |config| {
        let own = AuthorId(*author(9).verifying_key().as_bytes());
        config.policy.authors = Authors::Only([own].into());
    });
    let other = AuthorId(*author(1).verifying_key().as_bytes());
    world.open(0, ECHO);
    assert!(world.did(0, &Deed::Refused(Reason::NotAllowed)));
    world.deeds.clear();
    let launch = launch_by(9, 0, ECHO, LaunchLimits::default());
    let opened = Happening::Opened {
        name: CONNECTION,
        launch: launch.bytes.to_vec(),
        offsets: offsets(),
    };
    world.tell(0, FIRST, opened);
    let (_, snapshot) = world.written(0);
    // The code is not there.
    world.arrive(1, snapshot.clone(), Vec::new());
    assert!(world.did(1, &Deed::Refused(Reason::Version)));
    world.give_code(1, ECHO);
    for cut in [0, 1, 40, snapshot.len() - 1] {
        world.arrive(1, snapshot[..cut].to_vec(), Vec::new());
    }
    assert_eq!(world.places(), [1, 0]);
    world.arrive(1, snapshot, vec![other]);
    assert_eq!(world.places(), [1, 1]);
}

/// A newer server gets the older program from where the connection began.
#[test]
fn code_that_is_missing_comes_from_a_neighbor() {
    let mut world = World::line(2);
    world.open(0, ECHO);
    world.input(0, "one\n", false);
    let (_, snapshot) = world.written(0);
    let happening = Happening::Arrived {
        name: CONNECTION,
        snapshot: snapshot.clone(),
        servers: Vec::new(),
        offsets: offsets(),
    };
    world.nodes[1].handle_connection(world.now, FIRST, happening);
    world.collect(1);
    // What the client writes meanwhile is not lost.
    let bytes = b"two\n".to_vec();
    let input = Happening::Input {
        bytes,
        ended: false,
    };
    world.nodes[1].handle_connection(world.now, FIRST, input);
    world.collect(1);
    assert!(!world.did(1, &Deed::Accepted));
    world.settle();
    assert_eq!(world.printed(), ["0:one", "1:two"]);
    assert!(world.did(1, &Deed::Accepted));
    assert_eq!(world.nodes[1].messages(), world.nodes[0].messages());
}

#[test]
fn code_that_does_not_come_is_a_refusal() {
    let mut world = World::line(2);
    world.open(0, ECHO);
    let (_, snapshot) = world.written(0);
    let happening = Happening::Arrived {
        name: CONNECTION,
        snapshot,
        servers: Vec::new(),
        offsets: offsets(),
    };
    world.nodes[1].handle_connection(world.now, FIRST, happening);
    world.collect(1);
    world.cut(0, 1);
    world.pass(Span::secs(4));
    assert!(!world.did(1, &Deed::Refused(Reason::Version)));
    world.pass(Span::secs(2));
    assert!(world.did(1, &Deed::Refused(Reason::Version)));
    assert_eq!(world.places(), [1, 0]);
    assert_eq!(world.nodes[1].poll_timeout(), None);
}

#[test]
fn another_server_s_launch_comes_with_a_connection_alone() {
    let mut world = World::new(2);
    let own = AuthorId(*author(9).verifying_key().as_bytes());
    let other = AuthorId(*author(1).verifying_key().as_bytes());
    world.nodes[1].handle_rules(
        world.now,
        Rules {
            policy: Policy {
                authors: Authors::Only([own].into()),
                ..Policy::default()
            },
            ..Rules::default()
        },
    );
    world.give_code(1, ECHO);
    world.open(0, ECHO);
    let (_, snapshot) = world.written(0);
    world.arrive(1, snapshot.clone(), Vec::new());
    assert!(world.did(1, &Deed::Refused(Reason::NotAllowed)));
    world.arrive(1, snapshot, vec![other]);
    assert!(world.did(1, &Deed::Accepted));
}

#[test]
fn it_comes_to_rest_before_it_is_given_away() {
    let mut world = World::new(1);
    world.open(0, "spin 3000\nsay one\nyield\nsay two\nawait");
    assert!(world.written(0).0.starts_with("one\ntwo\n"));
    let mut world = World::new(1);
    let script = "await\nspin 3000\nsay one\nyield\nsay two\nawait";
    world.open(0, script);
    let bytes = b"x".to_vec();
    let input = Happening::Input {
        bytes,
        ended: false,
    };
    world.nodes[0].handle_connection(world.now, FIRST, input);
    world.run_slice(0, 100);
    world.nodes[0].handle_connection(world.now, FIRST, Happening::Wanted);
    world.collect(0);
    assert!(!world.did(0, &Deed::Frozen));
    world.settle();
    // The turn that was under way is in what is given away, and no other begins.
    assert_eq!(world.written(0).0, "one\n");
    assert_eq!(world.deeds.last(), Some(&(0, Deed::Frozen)));
    world.tell(0, FIRST, Happening::Thawed);
    assert_eq!(world.written(0).0, "one\ntwo\n");
}

#[test]
fn it_asks_its_client_to_move() {
    let script = "await\nmove 1 500\nshow\nawait";
    let mut world = World::new(2);
    world.open(0, script);
    world.give_code(1, script);
    world.input(0, "x", false);
    assert!(world.did(0, &Deed::Move(key(1))));
    let (_, snapshot) = world.written(0);
    // Time is over: it stays, and is told so.
    world.pass(Span::secs(1));
    assert!(world.did(0, &Deed::Stay));
    assert_eq!(world.printed(), ["0:3"]);
    // Where the client came in time, it goes on there.
    world.arrive(1, snapshot.clone(), Vec::new());
    assert_eq!(world.printed(), ["0:3", "1:0"]);
    // And where the client came elsewhere, it hears that it is not there.
    let mut world = World::new(3);
    world.give_code(2, script);
    world.arrive(2, snapshot, Vec::new());
    assert_eq!(world.printed(), ["2:2"]);
}

#[test]
fn a_client_that_nobody_can_send_there_stays() {
    let mut world = World::new(1);
    world.open(0, "move 1\nshow\ncopy\nshow");
    world.tell(0, FIRST, Happening::NoWay);
    assert_eq!(world.printed(), ["0:2", "0:4"]);
    assert!(world.did(0, &Deed::Ended));
}

#[test]
fn it_goes_on_without_its_connection() {
    let mut world = World::new(1);
    world.open(0, "await\nended\nshow\nsay no\nshow\nawait\ndone 7");
    let lost = mtcp::End::Reset(Reason::Expired);
    world.tell(0, FIRST, Happening::Gone(lost));
    assert_eq!(world.printed(), ["0:1", "0:2"]);
    assert_eq!(world.places(), [1]);
    let before = world.deeds.len();
    let message = world.nodes[0].messages()[0];
    world.nodes[0].handle_kill(world.now, message);
    world.collect(0);
    assert_eq!(world.places(), [0]);
    assert_eq!(world.deeds.len(), before);
}

#[test]
fn the_client_hears_when_its_service_dies() {
    let mut world = World::new(1);
    world.open(0, "say lost\ntrap");
    assert_eq!(world.deeds, [(0, Deed::Accepted), (0, Deed::Reset)]);
}

/// Also who knows the connection's name.
#[test]
fn nobody_else_has_it() {
    let mut world = World::new(1);
    world.open(0, ECHO);
    world.start(0, "say evil\nshow\nended\nshow\nlisten\nshow");
    world.settle();
    assert_eq!(world.printed(), ["0:2", "0:0", "0:0"]);
    assert_eq!(world.written(0).0, "");
}

#[test]
fn what_has_no_room_waits_for_it() {
    let mut world = World::new(1);
    let offsets = Offsets {
        limit: 6,
        ..Offsets::default()
    };
    let script = "say first\nshow\nsay more\nshow\nawait\nsay more";
    world.give_code(0, script);
    let launch = launch(0, script, LaunchLimits::default()).bytes.to_vec();
    let name = CONNECTION;
    let opened = Happening::Opened {
        name,
        launch,
        offsets,
    };
    world.tell(0, FIRST, opened);
    assert_eq!(world.printed(), ["0:0", "0:3"]);
    world.tell(0, FIRST, Happening::Room(11));
    assert_eq!(world.written(0).0, "first\nmore\n");
}

/// What keeps a carried message is a standby: it is not in the store, where another one of it
/// would begin to live.
#[test]
fn a_node_does_not_store_it() {
    let mut world = World::with(1, |config| config.memory = Memory::Durable);
    world.open(0, ECHO);
    world.input(0, "one\n", false);
    assert_eq!(world.written(0).0, "ok\n");
    world.reboot(0);
    world.settle();
    assert_eq!(world.places(), [0]);
}
