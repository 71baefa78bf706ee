//! Lost links, silent links, and servers that die.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use sm_core::ids::Span;
use sm_net::mtcp::MtcpStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::relay::Relay;
use crate::services::{byte_at, download, lines, loaded_dice};
use crate::world::{
    Process, World, addresses, client_options, connect, line, places, soon, timing, until,
};

#[tokio::test]
async fn links_are_cut_in_the_middle_of_frames() {
    let world = World::start(1, 0, download).await;
    let target = world.places[0].address.parse().expect("it is an address");
    let relay = Relay::to(target).await;
    let mut stream = connect(vec![relay.address.to_string()]).await;
    let total: u64 = 4 << 20;
    stream.write_u64_le(total).await.expect("it is attached");
    let mut buffer = vec![0; 50_000];
    let mut at = 0;
    relay.cut_after(100_003);
    while at < total {
        let read = soon(stream.read(&mut buffer)).await.expect("all comes");
        assert!(read > 0, "it ended at {at}");
        for byte in &buffer[..read] {
            assert_eq!(*byte, byte_at(at), "at {at}");
            at += 1;
        }
        if at.is_multiple_of(3) {
            // More than a greeting needs, less than a frame.
            relay.cut_after(40_007);
        }
    }
    assert!(relay.cuts() > 2, "it was hardly ever cut: {}", relay.cuts());
}

#[tokio::test]
async fn a_silent_link_is_given_up_and_made_anew() {
    let world = World::start(1, 0, lines).await;
    let target = world.places[0].address.parse().expect("it is an address");
    let relay = Relay::to(target).await;
    let mut stream = connect(vec![relay.address.to_string()]).await;
    let control = stream.control();
    stream.write_all(b"one\n").await.expect("it is attached");
    let mut got = [0; 6];
    soon(stream.read_exact(&mut got)).await.expect("it comes");
    relay.fall_silent(true);
    stream.write_all(b"two\n").await.expect("there is room");
    until(|| !control.is_attached()).await;
    relay.fall_silent(false);
    let mut got = [0; 6];
    soon(stream.read_exact(&mut got)).await.expect("it comes");
    assert_eq!(&got, b"2 two\n");
}

#[tokio::test]
async fn it_resumes_and_is_dropped_again_before_any_byte() {
    let world = World::start(1, 0, lines).await;
    let target = world.places[0].address.parse().expect("it is an address");
    let relay = Relay::to(target).await;
    let mut stream = connect(vec![relay.address.to_string()]).await;
    let control = stream.control();
    for _ in 0..5 {
        until(|| control.is_attached()).await;
        relay.cut();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stream.write_all(b"one\n").await.expect("there is room");
    let mut got = [0; 6];
    soon(stream.read_exact(&mut got)).await.expect("it comes");
    assert_eq!(&got, b"1 one\n");
}

#[tokio::test]
async fn a_killed_server_with_a_standby_is_not_missed() {
    let places = places(3);
    let mut servers: Vec<Process> = (0..3)
        .map(|server| Process::start(server, &places, 1))
        .collect();
    let mut stream = connect(addresses(&places)).await;
    let control = stream.control();
    let mut number = 0;
    // Each time the standby goes on, and recruits another one.
    for _ in 0..2 {
        for _ in 0..7 {
            number += 1;
            let got = soon(line(&mut stream, "x\n")).await.expect("it goes on");
            assert_eq!(got, format!("{number} x\n"));
        }
        until(|| !control.standbys().is_empty()).await;
        let owner = control.server();
        let place = places.iter().position(|place| place.server == owner);
        servers[place.expect("it is one of them")].kill();
        number += 1;
        let got = soon(line(&mut stream, "after\n"))
            .await
            .expect("it goes on");
        assert_eq!(got, format!("{number} after\n"));
        assert_ne!(control.server(), owner);
    }
}

/// Its sockets stay, so nothing says that it is gone. Whoever goes on does not ask it for longer
/// than it takes to know that.
#[tokio::test]
async fn a_silent_server_with_a_standby_is_not_waited_for() {
    let places = places(2);
    let mut servers: Vec<Process> = (0..2)
        .map(|server| Process::start(server, &places, 1))
        .collect();
    let mut stream = connect(addresses(&places)).await;
    let control = stream.control();
    let got = soon(line(&mut stream, "x\n"))
        .await
        .expect("it is attached");
    assert_eq!(got, "1 x\n");
    until(|| !control.standbys().is_empty()).await;
    let owner = control.server();
    let place = places.iter().position(|place| place.server == owner);
    #[expect(clippy::disallowed_methods, reason = "this measures time")]
    let since = Instant::now();
    servers[place.expect("it is one of them")].stop();
    let got = soon(line(&mut stream, "after\n"))
        .await
        .expect("it goes on");
    assert_eq!(got, "2 after\n");
    assert_ne!(control.server(), owner);
    let lost = control.last_loss().expect("it has lost its link");
    // Half of an attempt is how long an owner is waited for of which nothing is known.
    let most = Duration::from_nanos(timing().dead.0 + timing().attempt.0 / 2);
    assert!(since.elapsed() < most, "{:?}", since.elapsed());
    assert!(lost > since);
}

#[tokio::test]
async fn a_killed_server_without_a_standby_is_said() {
    let places = places(2);
    let mut servers: Vec<Process> = (0..2)
        .map(|server| Process::start(server, &places, 0))
        .collect();
    let addresses = places.iter().map(|place| place.address.clone()).collect();
    let mut options = client_options(addresses);
    options.timing.linger = Span::secs(3);
    let mut stream = MtcpStream::connect(options)
        .await
        .expect("a server takes it");
    let got = soon(line(&mut stream, "x\n"))
        .await
        .expect("it is attached");
    assert_eq!(got, "1 x\n");
    servers[0].kill();
    let error = soon(line(&mut stream, "y\n"))
        .await
        .expect_err("its state is gone");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let said = error.to_string();
    assert!(said.contains("nobody came back in time"), "{said}");
    assert!(
        said.contains("the server that has it cannot be reached"),
        "{said}"
    );
    assert!(said.contains(&places[0].address), "{said}");
}

#[tokio::test]
async fn a_server_that_started_again_says_that_it_knows_nothing() {
    let places = places(1);
    let mut server = Process::start(0, &places, 0);
    let mut stream = connect(vec![places[0].address.clone()]).await;
    let got = soon(line(&mut stream, "x\n"))
        .await
        .expect("it is attached");
    assert_eq!(got, "1 x\n");
    server.kill();
    let _again = Process::start(0, &places, 0);
    let error = soon(line(&mut stream, "y\n"))
        .await
        .expect_err("its state is gone");
    assert!(
        error.to_string().contains("what was acknowledged is gone"),
        "{error}"
    );
}

#[tokio::test]
async fn a_replay_that_diverges_is_refused_and_the_connection_stays() {
    let world = World::start(2, 0, loaded_dice).await;
    let mut stream = world.connect().await;
    let owner = stream.control().server();
    stream.write_all(b"?").await.expect("it is attached");
    soon(stream.read_u64_le()).await.expect("it comes");
    let error = soon(stream.migrate())
        .await
        .expect_err("it is another number there");
    assert!(error.to_string().contains("did something else"), "{error}");
    assert_eq!(stream.control().server(), owner);
    stream.write_all(b"?").await.expect("it is attached");
    soon(stream.read_u64_le())
        .await
        .expect("it goes on where it was");
}
