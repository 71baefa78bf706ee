//! What is told when the server is lost, after talks of all kinds and in pieces of all sizes.

use super::*;

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn startup() -> Vec<u8> {
    let mut out = vec![0, 0, 0, 17, 0, 3, 0, 0];
    out.extend_from_slice(b"user\0me\0\0");
    out
}

/// A talk that has begun, with this status.
fn begun(status: u8) -> Talk {
    let mut talk = Talk::default();
    let mut out = Vec::new();
    talk.hear_client(&startup());
    let hello = [message(b'R', &[0, 0, 0, 0]), message(b'Z', &[status])].concat();
    talk.hear_server(&hello, &mut out);
    assert_eq!(out, hello);
    talk
}

/// The code of what is told.
fn code(mut talk: Talk) -> Option<String> {
    let said = talk.ended();
    let at = said.windows(2).position(|two| two == b"\0C")?;
    Some(String::from_utf8_lossy(&said[at + 2..at + 7]).into_owned())
}

fn after(status: u8, messages: &[Vec<u8>]) -> Option<String> {
    let all = messages.concat();
    let codes: Vec<_> = [1, 2, 7, all.len().max(1)]
        .iter()
        .map(|size| {
            let mut talk = begun(status);
            all.chunks(*size).for_each(|piece| talk.hear_client(piece));
            code(talk)
        })
        .collect();
    assert!(codes.windows(2).all(|two| two[0] == two[1]), "{codes:?}");
    codes[0].clone()
}

fn query(text: &str) -> Vec<u8> {
    message(b'Q', &[text.as_bytes(), b"\0"].concat())
}

#[test]
fn only_what_may_have_committed_is_in_doubt() {
    let lost = Some("08006".to_owned());
    let doubt = Some("08007".to_owned());
    assert_eq!(after(b'I', &[]), lost);
    assert_eq!(after(b'T', &[query("UPDATE t SET n = n + 1")]), lost);
    assert_eq!(after(b'T', &[query(" commit ")]), doubt);
    assert_eq!(after(b'T', &[query("END;")]), doubt);
    assert_eq!(after(b'T', &[query("ROLLBACK")]), lost);
    assert_eq!(after(b'E', &[query("COMMIT")]), lost);
    assert_eq!(after(b'I', &[query("UPDATE t SET n = n + 1")]), doubt);
    assert_eq!(after(b'I', &[query("BEGIN; SELECT 1")]), lost);
    assert_eq!(after(b'I', &[query("BEGIN; SELECT 1; COMMIT")]), doubt);
    assert_eq!(after(b'T', &[query("INSERT 1"), query("COMMIT")]), doubt);
    let long = format!("INSERT '{}'; COMMIT", "x".repeat(2 * LOOK_BYTES));
    assert_eq!(after(b'T', &[query(&long)]), doubt);
}

#[test]
fn prepared_statements_are_known_by_their_names() {
    let bind = |name: &[u8]| message(b'B', &[b"\0", name, b"\0\0\0\0\0\0\0"].concat());
    let execute = message(b'E', b"\0\0\0\0\0");
    let sync = message(b'S', b"");
    let prepare =
        |name: &str, text: &str| message(b'P', format!("{name}\0{text}\0\0\0").as_bytes());
    let made = [
        prepare("P_1", "UPDATE t SET n = $1"),
        prepare("P_2", "COMMIT"),
        sync.clone(),
    ];
    let run = |name: &[u8], status: u8| {
        let mut talk = begun(status);
        let mut out = Vec::new();
        talk.hear_client(&made.concat());
        talk.hear_server(&message(b'Z', &[status]), &mut out);
        talk.hear_client(&[bind(name), execute.clone()].concat());
        talk.hear_client(&sync);
        code(talk)
    };
    assert_eq!(run(b"P_1", b'T').as_deref(), Some("08006"));
    assert_eq!(run(b"P_1", b'I').as_deref(), Some("08007"));
    assert_eq!(run(b"P_2", b'T').as_deref(), Some("08007"));
    assert_eq!(run(b"other", b'T').as_deref(), Some("08007"));
}

#[test]
fn nothing_is_told_where_the_end_was_said_or_cannot_be_read() {
    let mut out = Vec::new();
    assert_eq!(after(b'I', &[message(b'X', b"")]), None);
    let mut talk = begun(b'I');
    talk.hear_server(&message(b'E', b"SFATAL\0VFATAL\0C57P01\0\0"), &mut out);
    assert_eq!(code(talk), None);
    // Behind a part of a long message nothing can be said.
    let mut talk = begun(b'I');
    let long = message(b'D', &vec![7; 2 * WHOLE_BYTES]);
    out.clear();
    talk.hear_server(&long[..WHOLE_BYTES], &mut out);
    assert_eq!(out.len(), WHOLE_BYTES);
    talk.hear_server(&long[WHOLE_BYTES..], &mut out);
    assert_eq!(out, long);
    assert_eq!(code(talk).as_deref(), Some("08006"));
    let mut talk = begun(b'I');
    talk.hear_server(&long[..WHOLE_BYTES], &mut Vec::new());
    assert_eq!(code(talk), None);
}

#[test]
fn who_asks_for_encryption_gets_it_if_the_server_has_it() {
    let ask = |code: u32| [8_u32.to_be_bytes(), code.to_be_bytes()].concat();
    let mut talk = Talk::default();
    let mut out = Vec::new();
    talk.hear_client(&ask(GSS));
    talk.hear_server(b"N", &mut out);
    talk.hear_client(&ask(TLS));
    talk.hear_server(b"N", &mut out);
    assert_eq!(out, b"NN");
    talk.hear_client(&startup());
    talk.hear_server(&message(b'Z', b"I"), &mut out);
    talk.hear_client(&query("SELECT f()"));
    assert_eq!(code(talk).as_deref(), Some("08007"));
    let mut talk = Talk::default();
    talk.hear_client(&ask(TLS));
    out.clear();
    talk.hear_server(b"S\x16\x03", &mut out);
    assert_eq!(out, b"S\x16\x03");
    assert_eq!(code(talk), None);
    // To cancel a query is a connection of its own, which just ends.
    let mut talk = Talk::default();
    talk.hear_client(&[ask(CANCEL), vec![0; 8]].concat());
    assert_eq!(code(talk), None);
}

/// Whatever comes in whatever pieces: all of it goes on, unless it is the part of a message.
#[test]
fn what_the_server_says_goes_on_as_it_is() {
    let all = [
        message(b'D', &[1; 40]),
        message(b'D', &vec![2; WHOLE_BYTES + 3]),
        message(b'C', b"SELECT 1\0"),
        message(b'Z', b"T"),
    ]
    .concat();
    for size in [1, 3, 5, 100, all.len()] {
        let mut talk = begun(b'I');
        let mut out = Vec::new();
        all.chunks(size)
            .for_each(|piece| talk.hear_server(piece, &mut out));
        assert_eq!(out, all, "in pieces of {size}");
        assert_eq!(talk.status, b'T');
    }
}
