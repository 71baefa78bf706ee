//! Moves that are prepared, and moves that nobody asked for but a policy.

use std::time::{Duration, Instant};

use sm_core::ids::Span;
use sm_net::mtcp::policy::{Metric, Policy, Rule, Trigger};
use sm_net::mtcp::{ClientOptions, MtcpStream, Readings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::relay::Relay;
use crate::services::{echo, lines};
use crate::world::{World, client_options, soon, until};

fn policy(rules: Vec<Rule>) -> Policy {
    Policy {
        rules,
        every: Span::millis(20),
        pause: Span::millis(200),
        ..Policy::default()
    }
}

fn following(addresses: Vec<String>, rules: Vec<Rule>) -> ClientOptions {
    let mut options = client_options(addresses);
    options.policy = Some(policy(rules));
    options
}

async fn connect(options: ClientOptions) -> MtcpStream {
    soon(MtcpStream::connect(options))
        .await
        .expect("a server takes it")
}

async fn says(stream: &mut MtcpStream, line: &str, expected: &str) {
    let line = format!("{line}\n");
    stream.write_all(line.as_bytes()).await.expect("it goes on");
    let mut got = vec![0; expected.len() + 1];
    soon(stream.read_exact(&mut got)).await.expect("it comes");
    assert_eq!(String::from_utf8_lossy(&got).trim_end(), expected);
}

#[tokio::test]
async fn a_prepared_move_makes_no_new_session() {
    let world = World::start(2, 0, lines).await;
    let target = world.places[1].address.parse().expect("it is an address");
    let relay = Relay::to(target).await;
    let addresses = vec![world.places[0].address.clone(), relay.address.to_string()];
    let mut options = client_options(addresses);
    options.follow = false;
    let mut stream = connect(options).await;
    says(&mut stream, "one", "1 one").await;
    let control = stream.control();
    // Its address of the second server is the relay's, which nobody has called yet.
    let ready = soon(control.prepare(None)).await.expect("it would take it");
    assert_eq!(ready, world.server(1));
    let links = relay.links();
    let again = soon(control.prepare(Some(ready))).await;
    assert_eq!(again.expect("it still would"), ready);
    assert_eq!(soon(control.migrate(None)).await.expect("it does"), ready);
    assert_eq!(relay.links(), links, "it made another session");
    says(&mut stream, "two", "2 two").await;
}

#[tokio::test]
async fn who_is_about_to_stop_says_so_to_who_prepares() {
    let world = World::start(2, 0, lines).await;
    let mut stream = connect(client_options(world.addresses())).await;
    soon(world.controls[1].drain()).await;
    let error = soon(stream.control().prepare(None))
        .await
        .expect_err("it does not take it");
    assert!(error.to_string().contains("about to stop"), "{error}");
    says(&mut stream, "one", "1 one").await;
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left_long_before_the_link_is_dead() {
    let world = World::start(2, 0, lines).await;
    let target = world.places[0].address.parse().expect("it is an address");
    let relay = Relay::to(target).await;
    let addresses = vec![relay.address.to_string(), world.places[1].address.clone()];
    let rule = Rule::Metric {
        metric: Metric::Stall,
        trigger: Trigger::Threshold {
            limit: 2_000_000_000,
            back: 2_000_000_000,
        },
        hold: Span::ZERO,
    };
    let mut options = following(addresses, vec![rule]);
    // Without the policy it would take that long.
    options.timing.dead = Span::secs(40);
    let mut stream = connect(options).await;
    let control = stream.control();
    says(&mut stream, "one", "1 one").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(control.server(), world.server(0), "it moved for nothing");
    relay.fall_silent(true);
    #[expect(clippy::disallowed_methods, reason = "this measures time")]
    let since = Instant::now();
    says(&mut stream, "two", "2 two").await;
    assert_eq!(control.server(), world.server(1));
    assert!(
        since.elapsed() < Duration::from_secs(20),
        "it took as long as without"
    );
}

#[tokio::test]
async fn a_deadline_moves_a_connection_again_and_again() {
    let world = World::start(2, 0, echo).await;
    let after = Span::millis(300);
    let mut stream = connect(following(world.addresses(), vec![Rule::Deadline { after }])).await;
    let control = stream.control();
    let mut servers = vec![control.server()];
    let mut byte = [0];
    soon(async {
        while servers.len() < 4 {
            stream.write_all(b"x").await.expect("it goes on");
            stream.read_exact(&mut byte).await.expect("it comes");
            let here = control.server();
            if servers.last() != Some(&here) {
                servers.push(here);
            }
        }
    })
    .await;
    assert!(servers.windows(2).all(|two| two[0] != two[1]));
}

#[tokio::test]
async fn a_drain_is_followed_where_the_policy_says_so() {
    let world = World::start(2, 0, lines).await;
    let never = Rule::Deadline {
        after: Span::secs(9_999),
    };
    let mut stays = connect(following(world.addresses(), vec![never])).await;
    let hold = Span::millis(50);
    let goes = connect(following(world.addresses(), vec![Rule::Drain { hold }])).await;
    let (drained, control) = (world.controls[0].clone(), goes.control());
    let drain = tokio::spawn(async move { drained.drain().await });
    until(|| control.server() == world.server(1)).await;
    assert_eq!(stays.control().server(), world.server(0));
    says(&mut stays, "one", "1 one").await;
    assert!(!drain.is_finished(), "one is there still");
    soon(stays.close()).await.expect("both have everything");
    soon(drain).await.expect("it is empty now");
}

/// Much waits for the processors.
fn busy() -> Readings {
    Readings {
        load: Some(5_000),
        free: None,
    }
}

fn idle() -> Readings {
    Readings {
        load: Some(10),
        free: None,
    }
}

#[tokio::test]
async fn a_server_with_too_much_to_do_sends_its_clients_away_one_by_one() {
    let rule = Rule::Metric {
        metric: Metric::Load,
        trigger: Trigger::Threshold {
            limit: 900,
            back: 700,
        },
        hold: Span::ZERO,
    };
    let shedding = |server: u8, options: &mut sm_net::mtcp::ServiceOptions| {
        options.policy = Some(policy(vec![rule]));
        options.readings = if server == 0 { busy } else { idle };
    };
    let world = World::start_as(2, shedding, lines).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(connect(client_options(world.addresses())).await);
    }
    // Those that came while others went may be at the second already.
    until(|| world.controls[1].running() == 3).await;
    for stream in &mut streams {
        says(stream, "one", "1 one").await;
        assert_eq!(stream.control().server(), world.server(1));
    }
}
