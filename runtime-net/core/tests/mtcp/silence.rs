//! After how much silence a link is lost, exactly.

use sm_core::ids::{NodeId, Span, Time};
use sm_core::limits;
use sm_core::mtcp::wire::{Ends, Frame, Open};
use sm_core::mtcp::{
    Client, ClientEffect, Config, ConnectionId, Contact, LinkId, Opening, Peer, Reason, Server,
    ServerEffect, Timing,
};

const ID: ConnectionId = ConnectionId([7; 16]);
const LINK: LinkId = LinkId(0);
const BEAT: Span = Span::millis(200);

fn times(beats: u64) -> Span {
    Span(BEAT.0 * beats)
}

fn client(now: Time) -> Client {
    let server = NodeId([9; 32]);
    let opening = Opening {
        id: ID,
        digest_seed: 1,
        window: 1_000,
        settings: Vec::new(),
        timing: Timing::of_heartbeat(BEAT),
    };
    Client::open(now, Contact { link: LINK, server }, opening)
}

/// A client end knows after two heartbeats since it last heard something, whenever that was; it
/// asks once before that.
#[test]
fn a_client_end_waits_for_two_heartbeats() {
    for last in [
        Span::ZERO,
        Span(1),
        Span(BEAT.0 / 2),
        times(1),
        times(2) - Span(1),
    ] {
        let heard = Time(1) + last;
        let mut client = client(Time(1));
        while client.next_timeout() <= heard {
            client.timeout(client.next_timeout());
        }
        let pong = Frame::Ping { token: 3 };
        client.frame(heard, LINK, &pong).expect("an honest server");
        while client.poll().is_some() {}
        let (mut asked, mut now) = (0, heard);
        let reason = loop {
            match client.poll() {
                Some(ClientEffect::Send(LINK, Frame::Ping { .. })) => asked += 1,
                Some(ClientEffect::Detached(reason)) => break reason,
                Some(_) => {}
                None => {
                    now = client.next_timeout();
                    client.timeout(now);
                }
            }
        };
        assert_eq!(now.since(heard), times(2), "{last:?}");
        // What is not there is another thing than what has closed its end.
        assert_eq!(reason, Reason::Expired);
        assert!((1..=2).contains(&asked), "{asked} after {last:?}");
    }
}

/// A server end's heartbeat is half as long again, so that one of the two asks: it knows after
/// three.
#[test]
fn a_server_end_waits_for_three_heartbeats() {
    let config = Config {
        timing: Timing::of_heartbeat(BEAT),
        ..Config::default()
    };
    let mut server = Server::new(NodeId([9; 32]), ID, config);
    let open = Open {
        id: ID,
        ends: Ends::default(),
        digest_seed: 1,
        window: 1_000,
        settings: (&[][..]).into(),
    };
    let began = Time(5);
    server.accept(began, LINK, &open, [5; 32]);
    let (mut asked, mut now) = (0, began);
    loop {
        match server.poll() {
            Some(ServerEffect::Send(Peer::Client(LINK), Frame::Ping { .. })) => asked += 1,
            Some(ServerEffect::Drop(LINK)) => break,
            Some(_) => {}
            None => {
                now = server.next_timeout();
                server.timeout(now);
            }
        }
    }
    assert_eq!(now.since(began), times(3));
    assert_eq!(asked, 1);
}

#[test]
fn heartbeats_have_bounds() {
    let (least, most) = limits::MTCP_HEARTBEATS;
    for (wanted, is) in [(Span::ZERO, least), (Span(u64::MAX), most), (BEAT, BEAT)] {
        let timing = Timing::of_heartbeat(wanted);
        assert_eq!(timing.heartbeat, is);
        assert_eq!(timing.dead, is + is);
    }
}
