//! What an operator sees and does over a control socket.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sm_core::ids::Span;
use sm_net::control::Client;
use sm_net::control::protocol::{
    Answer, Connection, Explained, Has, Migrate, Move, Order, Outcome, Request,
};
use sm_net::mtcp::policy::{Policy, Rule};
use sm_net::mtcp::{MtcpStream, Operated};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::services::{echo, lines};
use crate::world::{World, client_options, soon, until};

/// A server's socket.
struct Desk {
    socket: PathBuf,
    _operated: Operated,
}

impl Desk {
    async fn at(world: &World, server: usize) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("sm-operators-{}-{number}.mtcp", std::process::id());
        let socket = std::env::temp_dir().join(name);
        let operated = world.controls[server].operate(&socket).await;
        Self {
            socket,
            _operated: operated.expect("the folder is there"),
        }
    }

    async fn call(&self, request: Request) -> Answer {
        soon(Client::call(&self.socket, &request))
            .await
            .expect("it answers")
    }

    async fn list(&self) -> Vec<Connection> {
        match self.call(Request::Connections).await {
            Answer::Connections(connections) => connections,
            other => panic!("{other:?}"),
        }
    }

    async fn explain(&self, id: [u8; 16]) -> Explained {
        match self.call(Request::Explain(id)).await {
            Answer::Explained(explained) => *explained,
            other => panic!("{other:?}"),
        }
    }

    async fn begin(&self, wish: Migrate) -> Client {
        let mut client = soon(Client::open(&self.socket)).await.expect("it listens");
        let request = Request::Migrate(Box::new(wish));
        client.ask(&request).await.expect("it reads");
        client
    }

    /// All that it says, to the end.
    async fn migrate(&self, wish: Migrate) -> Vec<Move> {
        let mut client = self.begin(wish).await;
        let mut moves = Vec::new();
        loop {
            match soon(client.answer()).await.expect("it answers") {
                Answer::Move(one) => moves.push(*one),
                Answer::Done => return moves,
                other => panic!("{other:?}"),
            }
        }
    }
}

async fn says(stream: &mut MtcpStream, line: &str, expected: &str) {
    let line = format!("{line}\n");
    stream.write_all(line.as_bytes()).await.expect("it goes on");
    let mut got = vec![0; expected.len() + 1];
    soon(stream.read_exact(&mut got)).await.expect("it comes");
    assert_eq!(String::from_utf8_lossy(&got).trim_end(), expected);
}

#[tokio::test]
async fn connections_are_listed_and_explained() {
    let world = World::start(2, 1, lines).await;
    let desk = Desk::at(&world, 0).await;
    assert!(desk.list().await.is_empty());
    let mut stream = world.connect().await;
    says(&mut stream, "one", "1 one").await;
    until(|| !stream.control().standbys().is_empty()).await;
    let other = Desk::at(&world, 1).await;
    let (here, there) = (desk.list().await, other.list().await);
    assert_eq!((here.len(), there.len()), (1, 1));
    assert_eq!(here[0].id, stream.id().0);
    assert_eq!(here[0].has, Has::Service);
    assert_eq!(here[0].standbys, [world.server(1).0]);
    assert_eq!(here[0].blocked, None);
    assert!(here[0].attached && here[0].log > 0 && here[0].bytes >= here[0].log);
    assert_eq!(there[0].has, Has::Copy(world.server(0).0));
    assert_eq!(there[0].blocked.as_deref(), Some("another server has it"));
    let explained = desk.explain(stream.id().0).await;
    assert!(explained.connection.round_trip.is_some());
    let [candidate] = &explained.candidates[..] else {
        panic!("there is one other: {:?}", explained.candidates);
    };
    assert_eq!(candidate.key, world.server(1).0);
    assert!(candidate.linked && candidate.gap > candidate.round_trip);
    let answer = desk.call(Request::Explain([9; 16])).await;
    assert!(matches!(&answer, Answer::Refused(no) if no.reason.contains("no such")));
    let answer = desk.call(Request::Messages).await;
    assert!(matches!(&answer, Answer::Refused(no) if no.reason.contains("no node")));
}

#[tokio::test]
async fn one_moves_where_it_is_wanted_and_nothing_is_lost() {
    let world = World::start(3, 0, lines).await;
    let desk = Desk::at(&world, 0).await;
    let mut stream = world.connect().await;
    says(&mut stream, "one", "1 one").await;
    let wish = Migrate {
        which: Some(stream.id().0),
        to: Some(world.server(2).0),
        ..Migrate::default()
    };
    let dry = Migrate {
        dry_run: true,
        ..wish.clone()
    };
    let would = desk.migrate(dry).await;
    assert_eq!(would.len(), 1);
    assert_eq!(would[0].outcome, Outcome::Would);
    assert_eq!(stream.control().server(), world.server(0));
    let moves = desk.migrate(wish.clone()).await;
    assert_eq!(moves.len(), 1);
    assert!(matches!(moves[0].outcome, Outcome::Moved(_)), "{moves:?}");
    assert_eq!(moves[0].count, (1, 1));
    until(|| stream.control().server() == world.server(2)).await;
    says(&mut stream, "two", "2 two").await;
    // It is not here any more.
    let answer = desk.call(Request::Migrate(Box::new(wish))).await;
    assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
    let strange = Migrate {
        to: Some([9; 32]),
        ..Migrate::default()
    };
    let answer = desk.call(Request::Migrate(Box::new(strange))).await;
    assert!(matches!(&answer, Answer::Refused(no) if no.reason.contains("not known")));
}

#[tokio::test]
async fn what_cannot_move_stays_and_it_is_said_why() {
    let pinned = |_: u8, options: &mut sm_net::mtcp::ServiceOptions| options.config.quota = 0;
    let world = World::start_as(2, pinned, echo).await;
    let desk = Desk::at(&world, 0).await;
    let stream = world.connect().await;
    let moves = desk.migrate(Migrate::default()).await;
    let [one] = &moves[..] else {
        panic!("there is one: {moves:?}");
    };
    let why = "its log is over, so it cannot move".to_owned();
    assert_eq!(one.outcome, Outcome::Stays(why.clone()));
    assert_eq!(desk.list().await[0].blocked, Some(why));
    assert_eq!(stream.control().server(), world.server(0));
}

#[tokio::test]
async fn a_drain_is_paced_and_counts() {
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
    const COUNT: u32 = 11;
    let world = World::start(2, 0, lines).await;
    let desk = Desk::at(&world, 0).await;
    let mut streams = Vec::new();
    for _ in 0..COUNT {
        streams.push(world.connect().await);
    }
    let wish = Migrate {
        drain: true,
        pause: PAUSE.as_nanos() as u64,
        ..Migrate::default()
    };
    #[expect(clippy::disallowed_methods, reason = "this measures time")]
    let since = std::time::Instant::now();
    let moves = desk.migrate(wish).await;
    // Ten pauses lie between eleven. A machine with much to do is later, never earlier.
    let passed = since.elapsed();
    assert!(passed >= PAUSE * (COUNT - 1), "{passed:?}");
    let counts: Vec<(u64, u64)> = moves.iter().map(|one| one.count).collect();
    let all = u64::from(COUNT);
    assert!(counts.iter().copied().eq((1..=all).map(|done| (done, all))));
    let moved = |one: &Move| matches!(one.outcome, Outcome::Moved(_));
    assert!(moves.iter().all(moved), "{moves:?}");
    for stream in &mut streams {
        says(stream, "one", "1 one").await;
        assert_eq!(stream.control().server(), world.server(1));
    }
    assert_eq!(world.connect().await.control().server(), world.server(1));
}

#[tokio::test]
async fn a_drain_that_is_broken_off_leaves_the_server_as_it_was() {
    let pinned = |_: u8, options: &mut sm_net::mtcp::ServiceOptions| options.config.quota = 0;
    let world = World::start_as(2, pinned, echo).await;
    let desk = Desk::at(&world, 0).await;
    let stream = world.connect().await;
    let mut client = desk
        .begin(Migrate {
            drain: true,
            ..Migrate::default()
        })
        .await;
    let first = soon(client.answer()).await.expect("it answers");
    assert!(
        matches!(&first, Answer::Move(one) if one.count == (0, 1)),
        "{first:?}"
    );
    // While it drains nobody comes in.
    let alone = client_options(vec![world.places[0].address.clone()]);
    let refused = soon(MtcpStream::connect(alone.clone())).await;
    let refused = refused.expect_err("it is about to stop").to_string();
    assert!(refused.contains("about to stop"), "{refused}");
    drop(client);
    soon(async {
        while MtcpStream::connect(alone.clone()).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(stream.control().server(), world.server(0));
}

/// The new server says no to the client, who says so to the old one.
#[tokio::test]
async fn who_refuses_and_why_is_told_at_once() {
    let world = World::start(3, 0, lines).await;
    // They have nothing, and take nothing from now on.
    soon(world.controls[1].drain()).await;
    soon(world.controls[2].drain()).await;
    let desk = Desk::at(&world, 0).await;
    let mut stream = world.connect().await;
    says(&mut stream, "one", "1 one").await;
    let to = Migrate {
        to: Some(world.server(1).0),
        ..Migrate::default()
    };
    let at = |server: usize| world.places[server].address.clone();
    let no = |server| format!("{} refuses: the server is about to stop", at(server));
    for (wish, servers) in [(to, vec![1]), (Migrate::default(), vec![1, 2])] {
        let moves = desk.migrate(wish).await;
        let [one] = &moves[..] else {
            panic!("there is one: {moves:?}");
        };
        let Outcome::Stays(why) = &one.outcome else {
            panic!("it stays: {one:?}");
        };
        let parts = servers.iter().filter(|server| why.contains(&no(**server)));
        assert_eq!(parts.count(), servers.len(), "{why}");
    }
    says(&mut stream, "two", "2 two").await;
    assert_eq!(stream.control().server(), world.server(0));
}

#[tokio::test]
async fn a_policy_that_lets_nobody_ask_is_told_at_once() {
    let world = World::start(2, 0, lines).await;
    let desk = Desk::at(&world, 0).await;
    let mut options = client_options(world.addresses());
    options.policy = Some(Policy {
        rules: vec![Rule::Drain { hold: Span::ZERO }],
        ..Policy::default()
    });
    let stream = soon(MtcpStream::connect(options)).await;
    let stream = stream.expect("a server takes it");
    let moves = desk.migrate(Migrate::default()).await;
    let why = "its client's policy does not let it go".to_owned();
    assert_eq!(moves.len(), 1);
    assert_eq!(moves[0].outcome, Outcome::Stays(why));
    assert_eq!(stream.control().server(), world.server(0));
}

#[tokio::test]
async fn a_drain_keeps_order_and_deadline() {
    let world = World::start(2, 0, lines).await;
    let desk = Desk::at(&world, 0).await;
    let mut streams = Vec::new();
    for count in [3, 1, 2] {
        let mut stream = world.connect().await;
        let line = "x".repeat(count * 20);
        says(&mut stream, &line, &format!("1 {line}")).await;
        streams.push(stream);
    }
    let largest = Migrate {
        order: Order::Largest,
        at_once: Some(1),
        dry_run: true,
        ..Migrate::default()
    };
    let size = |list: &[Connection], one: &Move| {
        let found = list.iter().find(|conn| conn.id == one.id);
        found.expect("it is listed").bytes
    };
    let list = desk.list().await;
    let would = desk.migrate(largest.clone()).await;
    assert!(would.is_sorted_by_key(|one| u64::MAX - size(&list, one)));
    let smallest = Migrate {
        order: Order::Smallest,
        dry_run: false,
        drain: true,
        // The second one would begin long after the deadline.
        pause: 60_000_000_000,
        deadline: Some(200_000_000),
        ..largest
    };
    let moves = desk.migrate(smallest).await;
    assert!(moves.is_sorted_by_key(|one| size(&list, one)));
    let outcomes: Vec<&Outcome> = moves.iter().map(|one| &one.outcome).collect();
    let over = Outcome::Stays("the time for it is over".to_owned());
    assert!(
        matches!(outcomes[..], [Outcome::Moved(_), a, b] if *a == over && *b == over),
        "{outcomes:?}"
    );
    for stream in &mut streams {
        says(stream, "two", "2 two").await;
    }
}

/// What a move takes is foretold from those that there were.
#[tokio::test]
async fn transfer_and_replay_are_foretold_once_they_were_measured() {
    let world = World::start(2, 0, lines).await;
    let desk = Desk::at(&world, 0).await;
    let mut stream = world.connect().await;
    // Behind the first line the service exports nothing before the third.
    says(&mut stream, "one", "1 one").await;
    let line = "x".repeat(200_000);
    says(&mut stream, &line, &format!("2 {line}")).await;
    let other = async |desk: &Desk| {
        let mut explained = desk.explain(stream.id().0).await;
        explained.candidates.remove(0)
    };
    let before = other(&desk).await;
    assert_eq!((before.transfer, before.replay), (None, None));
    for _ in 0..2 {
        soon(stream.migrate()).await.expect("the other takes it");
    }
    until(|| stream.control().server() == world.server(0)).await;
    let after = other(&desk).await;
    assert!(after.transfer.is_some_and(|time| time > 0), "{after:?}");
    assert!(after.replay.is_some_and(|time| time > 0), "{after:?}");
}
