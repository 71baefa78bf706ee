//! Servers without standbys that are killed, whose clients keep their state.

use std::time::Duration;

use sm_core::ids::Span;
use sm_net::mtcp::{ClientHeld, MtcpListener, MtcpStream, SealingKeys, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::services::{byte_at, download, lines};
use crate::world::{
    Process, World, addresses, client_options, connect, held, line, options, places, sealing_keys,
    soon,
};

#[tokio::test]
async fn killed_servers_are_not_missed() {
    let places = places(3);
    let keys = sealing_keys("killed");
    let mut servers: Vec<Process> = (0..3)
        .map(|server| Process::start_held(server, &places, &keys))
        .collect();
    let mut stream = connect(addresses(&places)).await;
    let control = stream.control();
    let mut number = 0;
    // The last one is alone in the end, and even it may be started again.
    for round in 0..3 {
        for _ in 0..5 {
            number += 1;
            let got = soon(line(&mut stream, "x\n")).await.expect("it goes on");
            assert_eq!(got, format!("{number} x\n"));
        }
        let owner = control.server();
        let at = places.iter().position(|place| place.server == owner);
        let at = at.expect("it is one of them");
        servers[at].kill();
        if round == 2 {
            servers[at] = Process::start_held(at as u8, &places, &keys);
        }
        number += 1;
        let got = soon(line(&mut stream, "after\n")).await;
        assert_eq!(got.expect("it goes on"), format!("{number} after\n"));
    }
    std::fs::remove_file(keys).expect("it is there");
}

#[tokio::test]
async fn a_long_stream_goes_on_at_others() {
    let keys = sealing_keys("stream");
    let world = World::start_as(
        3,
        |_, options| *options = held(options.clone(), &keys),
        download,
    )
    .await;
    let mut stream = world.connect().await;
    let total: u64 = 4 << 20;
    stream.write_u64_le(total).await.expect("it is attached");
    let mut buffer = vec![0; 50_000];
    let mut at = 0;
    let mut moved = 0;
    while at < total {
        let read = soon(stream.read(&mut buffer)).await.expect("all comes");
        assert!(read > 0, "it ended at {at}");
        for byte in &buffer[..read] {
            assert_eq!(*byte, byte_at(at), "at {at}");
            at += 1;
        }
        if at > (moved + 1) << 20 {
            moved += 1;
            soon(stream.migrate()).await.expect("another takes it");
        }
    }
    std::fs::remove_file(keys).expect("it is there");
}

/// What a client is told whose server is killed after a while, where the other one keeps to this.
async fn refused(test: &str, other: impl FnOnce(SealingKeys) -> ClientHeld, pause: Span) -> String {
    let places = places(2);
    let keys = sealing_keys(test);
    let mut first = Process::start_held(0, &places, &keys);
    let known = SealingKeys::load(&keys).expect("it was made");
    let other = options(1, places.clone()).client_held(other(known));
    let listener = MtcpListener::bind(&places[1].address, other).await;
    let listener = listener.expect("the port is free");
    tokio::spawn(serve(listener, |stream| async move {
        let _ = lines(stream).await;
    }));
    let mut options = client_options(addresses(&places));
    options.timing.linger = Span::secs(2);
    let stream = MtcpStream::connect(options).await;
    let mut stream = stream.expect("a server takes it");
    let got = soon(line(&mut stream, "x\n")).await.expect("it is there");
    assert_eq!(got, "1 x\n");
    tokio::time::sleep(Duration::from_nanos(pause.0)).await;
    first.kill();
    let ended = soon(line(&mut stream, "y\n")).await;
    std::fs::remove_file(keys).expect("it is there");
    ended.expect_err("nobody takes it").to_string()
}

#[tokio::test]
async fn other_keys_open_nothing() {
    let path = sealing_keys("other");
    let keys = SealingKeys::load(&path).expect("it was made");
    std::fs::remove_file(path).expect("it is there");
    let said = refused("one", |_| ClientHeld::rollback_safe(keys), Span::ZERO).await;
    assert!(said.contains("cannot be opened here"), "{said}");
}

#[tokio::test]
async fn what_is_too_old_is_refused() {
    let short = |keys| ClientHeld::rollback_safe(keys).with_max_age(Duration::from_secs(1));
    let said = refused("aged", short, Span::millis(2_500)).await;
    assert!(said.contains("is too old"), "{said}");
}
