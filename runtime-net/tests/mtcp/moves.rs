//! Planned moves: the program gets each byte once and in order, wherever it is served.

use std::time::Duration;

use sm_net::mtcp::MtcpStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::services::{byte_at, dice, download, echo, lines, numbered};
use crate::world::{World, soon, until};

fn some_lines(count: usize) -> Vec<String> {
    (0..count)
        .map(|line| format!("{}line {line}\n", "-".repeat(line % 40)))
        .collect()
}

#[tokio::test]
async fn lines_are_counted_on_across_moves_in_a_row() {
    let world = World::start(3, 0, lines).await;
    let mut stream = world.connect().await;
    let all = some_lines(60);
    let expected = numbered(&all);
    let mut got = Vec::new();
    let mut servers = vec![stream.control().server()];
    soon(async {
        for part in all.chunks(10) {
            stream
                .write_all(part.concat().as_bytes())
                .await
                .expect("it is attached");
            // While it is on the way.
            servers.push(stream.migrate().await.expect("another server takes it"));
        }
        stream.shutdown().await.expect("it is attached");
        stream.read_to_end(&mut got).await.expect("all comes");
    })
    .await;
    assert_eq!(
        String::from_utf8_lossy(&got),
        String::from_utf8_lossy(&expected)
    );
    assert!(
        servers.windows(2).all(|two| two[0] != two[1]),
        "it stayed where it was: {servers:?}"
    );
}

#[tokio::test]
async fn a_long_download_goes_on_across_moves() {
    let world = World::start(3, 0, download).await;
    let mut stream = world.connect().await;
    let total: u64 = 8 << 20;
    stream.write_u64_le(total).await.expect("it is attached");
    let control = stream.control();
    let mover = tokio::spawn(async move {
        let mut moves = 0;
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            moves += u32::from(control.migrate(None).await.is_ok());
        }
        moves
    });
    read_download(&mut stream, total).await;
    let moves = soon(mover).await.expect("it does not panic");
    assert!(moves >= 1, "it never moved");
}

async fn read_download(stream: &mut MtcpStream, total: u64) {
    let mut buffer = vec![0; 64 << 10];
    let mut at = 0;
    loop {
        let read = soon(stream.read(&mut buffer)).await.expect("all comes");
        for byte in &buffer[..read] {
            assert_eq!(*byte, byte_at(at), "at {at}");
            at += 1;
        }
        if read == 0 {
            break;
        }
    }
    assert_eq!(at, total);
}

#[tokio::test]
async fn it_moves_before_the_first_byte() {
    let world = World::start(2, 0, lines).await;
    let mut stream = world.connect().await;
    let first = stream.control().server();
    let second = soon(stream.migrate())
        .await
        .expect("the other server takes it");
    assert_ne!(first, second);
    stream.write_all(b"only\n").await.expect("it is attached");
    stream.shutdown().await.expect("it is attached");
    let mut got = String::new();
    soon(stream.read_to_string(&mut got))
        .await
        .expect("all comes");
    assert_eq!(got, "1 only\n");
}

#[tokio::test]
async fn what_was_drawn_is_not_drawn_again() {
    let world = World::start(2, 0, dice).await;
    let mut stream = world.connect().await;
    let mut drawn = Vec::new();
    for round in 0..6 {
        stream.write_all(b"?").await.expect("it is attached");
        drawn.push(soon(stream.read_u64_le()).await.expect("it comes"));
        if round % 2 == 1 {
            // All of it is run again, and compared with what came.
            soon(stream.migrate())
                .await
                .expect("it does the same again");
        }
    }
    let mut different = drawn.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), drawn.len());
}

#[tokio::test]
async fn a_server_that_drains_gives_its_connections_away() {
    let world = World::start(2, 0, lines).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(world.connect().await);
    }
    assert_eq!(world.controls[0].running(), 5);
    soon(world.controls[0].drain()).await;
    assert_eq!(world.controls[1].running(), 5);
    for stream in &mut streams {
        stream
            .write_all(b"still here\n")
            .await
            .expect("it is attached");
        let mut got = [0; 13];
        soon(stream.read_exact(&mut got)).await.expect("it comes");
        assert_eq!(&got, b"1 still here\n");
    }
    // It takes no more, and who comes goes on to the next.
    let stream = world.connect().await;
    assert_eq!(stream.control().server(), world.server(1));
}

#[tokio::test]
async fn both_ends_close_when_both_have_everything() {
    let world = World::start(1, 0, lines).await;
    let mut stream = world.connect().await;
    stream.write_all(b"a\nb\n").await.expect("it is attached");
    soon(stream.close()).await.expect("both have everything");
    until(|| world.controls[0].running() == 0).await;
}

#[tokio::test]
async fn a_slow_reader_holds_the_service_up_and_nothing_is_lost() {
    let world = World::start(2, 0, echo).await;
    let stream = world.connect().await;
    let control = stream.control();
    let (mut read, mut write) = tokio::io::split(stream);
    let total = 6 << 20;
    let writer = tokio::spawn(async move {
        let bytes: Vec<u8> = (0..total).map(byte_at).collect();
        write.write_all(&bytes).await.expect("it is attached");
        write.shutdown().await.expect("it is attached");
    });
    // Nobody reads: what is under way fills up, and it can move all the same.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!writer.is_finished(), "six megabytes were taken by nobody");
    soon(control.migrate(None))
        .await
        .expect("the other server takes it");
    let mut got = Vec::new();
    soon(read.read_to_end(&mut got)).await.expect("all comes");
    assert_eq!(got.len() as u64, total);
    assert!((0..).zip(&got).all(|(at, byte)| *byte == byte_at(at)));
    soon(writer).await.expect("it does not panic");
}
