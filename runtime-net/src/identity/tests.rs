//! Keys as text, and in files.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixListener;
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::limits;
use crate::scratch::{Scratch, mode, set_mode};

/// The first test of RFC 8032: a seed and its public key.
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

#[test]
fn a_key_has_the_public_key_of_the_standard() {
    let key = KeyPair::from_text(SEED).expect("a seed");
    assert_eq!(key.node_id().to_string(), PUBLIC);
    assert_eq!(key.author_id().to_string(), PUBLIC);
}

#[test]
fn a_secret_is_not_shown() {
    let key = KeyPair::from_text(SEED).expect("a seed");
    assert_eq!(format!("{key:?}"), format!("KeyPair({PUBLIC})"));
}

#[test]
fn the_text_of_a_key_file() {
    let key = KeyPair::from_text(SEED).expect("a seed");
    let text = format!(
        "# A secret key of Smart Messages. Its public key:\n\
         # {PUBLIC}\n\
         {SEED}\n"
    );
    assert_eq!(key.to_text().as_str(), text);
    assert!(text.len() <= limits::KEY_FILE_BYTES);
}

#[test]
fn comments_and_blank_lines_may_be_added() {
    let text = format!("# of the lamp\n\n# {PUBLIC}\r\n  {SEED}  \n\n# end");
    let key = KeyPair::from_text(&text).expect("a seed");
    assert_eq!(key.node_id().to_string(), PUBLIC);
}

#[test]
fn a_changed_digit_is_noticed() {
    let changed = SEED.replacen('9', "8", 1);
    let found = KeyPair::from_text(&format!("# {PUBLIC}\n{changed}\n"));
    assert!(matches!(found, Err(Content::Other { .. })), "{found:?}");
}

#[test]
fn garbage_is_no_key() {
    let content = |text: &str| KeyPair::from_text(text).expect_err("no key");
    assert_eq!(content(""), Content::NoSeed);
    assert_eq!(content("# nothing else"), Content::NoSeed);
    assert_eq!(content(&format!("{SEED}\n{SEED}")), Content::Second(2));
    let error = KeyError::Length(2);
    assert_eq!(content("\nab"), Content::Seed { line: 2, error });
    let error = KeyError::Digit { at: 1, found: '-' };
    assert_eq!(
        content("-----BEGIN OPENSSH PRIVATE KEY-----"),
        Content::Seed { line: 1, error }
    );
}

#[test]
fn a_new_key_is_for_its_owner_only_and_reads_back() {
    let scratch = Scratch::new();
    let path = scratch.path("keys");
    let path = path.join("default");
    let made = KeyPair::create(&path).expect("a key");
    let loaded = KeyPair::load(&path).expect("the same key");
    assert_eq!(made.signing_key(), loaded.signing_key());
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&scratch.path("keys")), 0o700);
    let names: Vec<_> = fs::read_dir(scratch.path("keys"))
        .expect("a folder")
        .collect();
    assert_eq!(names.len(), 1, "nothing else is left behind: {names:?}");
}

#[test]
fn a_key_is_never_written_over() {
    let scratch = Scratch::new();
    let path = scratch.file("key", 0o600, "precious");
    let error = KeyPair::create(&path).expect_err("it is there");
    assert!(error.is_there(), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "precious");
    assert_eq!(scratch.names(), ["key"]);
}

#[test]
fn all_who_make_a_key_at_once_have_the_same() {
    let scratch = Scratch::new();
    // Many times, because each removes what killed writers left while the others write.
    for round in 0..100 {
        let path = scratch.path(&format!("keys/{round}"));
        let all: Vec<(KeyPair, Origin)> = thread::scope(|scope| {
            let one = || KeyPair::load_or_create(&path).expect("a key");
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
            let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join().expect("no panic");
            threads.into_iter().map(join).collect()
        });
        let keys: BTreeSet<_> = all.iter().map(|(key, _)| key.node_id()).collect();
        assert_eq!(keys.len(), 1);
        let made = all.iter().filter(|(_, origin)| *origin == Origin::Made);
        assert_eq!(made.count(), 1);
    }
}

#[test]
fn a_link_to_nothing_is_told_of() {
    let scratch = Scratch::new();
    let path = scratch.path("key");
    std::os::unix::fs::symlink("gone", &path).expect("a link");
    let errors = [
        KeyPair::load(&path).expect_err("no file"),
        KeyPair::create(&path).expect_err("no place for a file"),
        KeyPair::load_or_create(&path).expect_err("neither"),
    ];
    for error in errors {
        assert!(!error.is_there() && !error.is_missing());
        assert!(
            error
                .to_string()
                .ends_with("is a link to `gone`, where no file is"),
            "{error}"
        );
        assert!(error.mend().expect("a way").contains("remove the link"));
    }
    let (made, _) = KeyPair::load_or_create(&scratch.path("gone")).expect("a key");
    let loaded = KeyPair::load(&path).expect("the key at the other end");
    assert_eq!(loaded.node_id(), made.node_id());
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let scratch = Scratch::new();
    let left = |name: &str| scratch.file(name, 0o600, "half of a sec");
    left(".key.0123456789abcdef.tmp");
    // Of another key, of nobody here, and one that is being written.
    let others = [
        ".key.a.0123456789abcdef.tmp",
        ".key.tmp",
        ".key.0123456789abcdeX.tmp",
    ];
    let _ = others.map(left);
    let busy = fs::File::open(left(".key.1123456789abcdef.tmp")).expect("a file");
    busy.lock().expect("nobody has it");
    assert!(KeyPair::load(&scratch.path("key")).is_err_and(|error| error.is_missing()));
    let mut names = scratch.names();
    names.sort();
    assert_eq!(
        names,
        [
            ".key.0123456789abcdeX.tmp",
            ".key.1123456789abcdef.tmp",
            ".key.a.0123456789abcdef.tmp",
            ".key.tmp",
        ]
    );
    drop(busy);
    KeyPair::create(&scratch.path("key")).expect("a key");
    assert!(
        !scratch
            .names()
            .contains(&".key.1123456789abcdef.tmp".to_owned())
    );
}

#[test]
fn a_secret_that_others_may_read_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.path("key");
    KeyPair::create(&path).expect("a key");
    for open in [0o640, 0o604, 0o620, 0o644, 0o666] {
        set_mode(&path, open);
        let error = KeyPair::load(&path).expect_err("others may read it");
        assert!(error.to_string().contains("others may"), "{error}");
        let mend = error.mend().expect("a way to mend it");
        assert!(mend.contains("chmod 600"), "{mend}");
    }
    for closed in [0o400, 0o600, 0o700] {
        set_mode(&path, closed);
        KeyPair::load(&path).expect("nobody else may read it");
    }
}

#[test]
fn what_is_no_file_of_a_key_is_refused() {
    let scratch = Scratch::new();
    let fault = |name: &str| match KeyPair::load(&scratch.path(name)) {
        Err(KeyFileError::File(error)) => error.fault,
        other => panic!("{name}: {other:?}"),
    };
    assert!(matches!(fault("nothing"), Fault::Missing));
    fs::create_dir(scratch.path("folder")).expect("a folder");
    assert!(matches!(fault("folder"), Fault::Folder));
    let _socket = UnixListener::bind(scratch.path("socket")).expect("a socket");
    assert!(matches!(fault("socket"), Fault::Special));
    scratch.file("binary", 0o600, [0xff; 64]);
    assert!(matches!(fault("binary"), Fault::NotText));
    scratch.file("large", 0o600, vec![b'#'; limits::KEY_FILE_BYTES + 1]);
    assert!(matches!(fault("large"), Fault::Large(_)));
    scratch.file("file", 0o600, "");
    assert!(matches!(fault("file/key"), Fault::Read(_)));
}

#[test]
fn what_is_wrong_with_a_key_is_said() {
    let said = |text: &str| parse_key(text).expect_err("no key").to_string();
    assert_eq!(said(""), "a key has 64 hexadecimal digits, not 0");
    assert_eq!(
        said(&PUBLIC[1..]),
        "a key has 64 hexadecimal digits, not 63"
    );
    assert_eq!(
        said("d7ö"),
        "a key has hexadecimal digits only, but character 3 is 'ö'"
    );
    assert_eq!(
        said(&format!("+{}", &PUBLIC[1..])),
        "a key has hexadecimal digits only, but character 1 is '+'"
    );
    assert_eq!(parse_key(&"0".repeat(64)), Err(KeyError::Weak));
    assert_eq!(parse_key(&"07".repeat(32)), Err(KeyError::NotAKey));
}

#[test]
fn capital_digits_are_digits() {
    let key = parse_key(&PUBLIC.to_uppercase()).expect("a key");
    assert_eq!(key.to_string(), PUBLIC);
}

#[test]
fn neighbors_are_read() {
    for address in [
        "lamp.local:7000",
        "localhost:1",
        "127.0.0.1:65535",
        "my_host-2:80",
        "[::1]:7000",
        "[fe80::1%2]:7000",
    ] {
        let text = format!("{PUBLIC}@{address}");
        let neighbor: Neighbor = text.parse().expect("a neighbor");
        assert_eq!(neighbor.address, address);
        assert_eq!(neighbor.to_string(), text);
    }
}

#[test]
fn what_is_wrong_with_a_neighbor_is_named() {
    let read = |text: &str| text.parse::<Neighbor>().expect_err("no neighbor");
    let at = |address: &str| read(&format!("{PUBLIC}@{address}"));
    assert_eq!(read("lamp:7000"), NeighborError::NoKey);
    let length = NeighborError::Key(KeyError::Length(2));
    assert_eq!(read("ab@lamp:7000"), length);
    assert_eq!(at(""), NeighborError::NoPort);
    assert_eq!(at("lamp"), NeighborError::NoPort);
    assert_eq!(at("[::1]"), NeighborError::NoPort);
    assert_eq!(at("lamp:"), NeighborError::Port);
    assert_eq!(at("lamp:0"), NeighborError::Port);
    assert_eq!(at("lamp:+1"), NeighborError::Port);
    assert_eq!(at("lamp:65536"), NeighborError::Port);
    assert_eq!(at("[::1]:x"), NeighborError::Port);
    assert_eq!(at(":7000"), NeighborError::Host);
    assert_eq!(at("a lamp:7000"), NeighborError::Host);
    assert_eq!(at("b@lamp:7000"), NeighborError::Host);
    assert_eq!(at(&format!("{}:1", "a".repeat(254))), NeighborError::Host);
    assert_eq!(at("::1:7000"), NeighborError::Brackets);
    assert_eq!(at("[lamp]:7000"), NeighborError::Brackets);
    assert_eq!(at("[::1:7000"), NeighborError::Brackets);
}

#[test]
fn a_name_is_a_safe_file_name_and_no_key() {
    let read = |text: &str| text.parse::<Name>().map(|name| name.to_string());
    for good in ["a", "lamp-2", "Ann_B.new", "7", &"x".repeat(63)] {
        assert_eq!(read(good).as_deref(), Ok(good));
    }
    assert_eq!(read(""), Err(NameError::Empty));
    assert_eq!(read(".."), Err(NameError::First('.')));
    assert_eq!(read("-x"), Err(NameError::First('-')));
    assert_eq!(read("../x"), Err(NameError::Character('/')));
    assert_eq!(read("a b"), Err(NameError::Character(' ')));
    assert_eq!(read("lämpchen"), Err(NameError::Character('ä')));
    assert_eq!(read("x\n"), Err(NameError::Character('\n')));
    assert_eq!(read(PUBLIC), Err(NameError::Long(64)));
}

/// Texts that are nearly right, and so come further than arbitrary ones.
fn nearly() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9a-fA-F]{62,66}",
        "[0-9a-f]{64}@[a-z\\[\\]:.@0-9]{0,20}",
        "(# ?[0-9a-f]{64}\n)?[0-9a-f]{63,65}\n?",
        Just(PUBLIC).prop_flat_map(|key| {
            "[a-z\\[\\]:.@%0-9]{0,20}".prop_map(move |address| format!("{key}@{address}"))
        }),
    ]
}

proptest! {
    #[test]
    fn every_key_reads_back(seed: [u8; 32]) {
        let key = KeyPair::from_seed(seed);
        let shown = key.node_id().to_string();
        prop_assert_eq!(parse_key(&shown), Ok(key.node_id()));
        let read = KeyPair::from_text(&key.to_text()).expect("what was written");
        prop_assert_eq!(read.signing_key(), key.signing_key());
    }

    #[test]
    fn what_is_read_is_what_is_shown(text in nearly()) {
        if let Ok(key) = parse_key(&text) {
            prop_assert_eq!(key.to_string(), text.to_lowercase());
        }
        if let Ok(neighbor) = text.parse::<Neighbor>() {
            let shown = neighbor.to_string();
            prop_assert_eq!(shown.parse::<Neighbor>(), Ok(neighbor));
        }
        if let Ok(name) = text.parse::<Name>() {
            prop_assert_eq!(name.as_str(), text.as_str());
        }
        if let Ok(key) = KeyPair::from_text(&text) {
            let written = key.to_text();
            let seed = written.lines().last().expect("a line");
            prop_assert!(text.to_lowercase().contains(seed));
        }
    }
}
