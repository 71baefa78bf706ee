//! Lists of trusted keys: what is read, what is said, and that nothing is lost.

use std::fs;
use std::os::unix::fs::symlink;
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::identity::{KeyError, KeyPair, NameError};
use crate::scratch::{Scratch, mode, set_mode};

fn key(number: u8) -> NodeId {
    KeyPair::from_seed([number; 32]).node_id()
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).expect("the file is there")
}

#[test]
fn no_file_is_an_empty_list() {
    let scratch = Scratch::new();
    let store = TrustStore::load(&scratch.path("trusted")).expect("no file is no mistake");
    assert_eq!(store.iter().len(), 0);
    assert!(scratch.names().is_empty(), "reading writes nothing");
}

#[test]
fn keys_have_names_and_names_have_keys() {
    let scratch = Scratch::new();
    let mut store = TrustStore::load(&scratch.path("deep/trusted")).expect("an empty list");
    for (text, number) in [("lamp", 1), ("ann", 2), ("light", 1)] {
        assert_eq!(
            store.add(&name(text), key(number)).expect("added"),
            Change::Made
        );
    }
    let read = TrustStore::load(&scratch.path("deep/trusted")).expect("a list");
    for store in [store, read] {
        let names: Vec<&str> = store.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["lamp", "ann", "light"]);
        assert_eq!(store.key_of(&name("ann")), Some(key(2)));
        assert_eq!(store.key_of(&name("bo")), None);
        assert_eq!(store.name_of(&key(1)), Some(&name("lamp")));
        assert_eq!(store.name_of(&key(3)), None);
    }
    assert_eq!(mode(&scratch.path("deep/trusted")), 0o600);
}

#[test]
fn a_name_has_one_key() {
    let scratch = Scratch::new();
    let path = scratch.path("trusted");
    let mut store = TrustStore::load(&path).expect("an empty list");
    store.add(&name("lamp"), key(1)).expect("added");
    let before = text_of(&path);
    assert_eq!(
        store.add(&name("lamp"), key(1)).expect("the same"),
        Change::None
    );
    let error = store.add(&name("lamp"), key(2)).expect_err("another key");
    assert!(
        matches!(&error, TrustError::Taken(entry) if entry.key == key(1)),
        "{error}"
    );
    assert_eq!(text_of(&path), before);
}

#[test]
fn comments_and_their_places_are_kept() {
    let scratch = Scratch::new();
    let (one, two, three) = (key(1), key(2), key(3));
    let text = format!("# the hall\nlamp {one} # old\n\n  ann\t{two}\n# end");
    let path = scratch.file("trusted", 0o600, &text);
    let mut store = TrustStore::load(&path).expect("a list");
    store.add(&name("bo"), three).expect("added");
    assert_eq!(text_of(&path), format!("{text}\nbo {three}\n"));
    assert_eq!(store.remove(&name("lamp")).expect("removed"), Change::Made);
    assert_eq!(
        text_of(&path),
        format!("# the hall\n\n  ann\t{two}\n# end\nbo {three}\n")
    );
    assert_eq!(store.key_of(&name("lamp")), None);
    assert_eq!(store.remove(&name("lamp")).expect("gone"), Change::None);
}

#[test]
fn every_wrong_line_is_named() {
    let (one, two) = (key(1), key(2));
    let text = format!("lamp {one}\nlamp\nlamp {two}\na/b {one}\nann 12\nlamp {one}\nx y z\n");
    let wrong = lines::parse(&text).expect_err("wrong lines");
    let wrong: Vec<(usize, Wrong)> = wrong.into_iter().map(|at| (at.line, at.wrong)).collect();
    assert_eq!(
        wrong,
        [
            (2, Wrong::Words),
            (3, Wrong::Again(1)),
            (4, Wrong::Name(NameError::Character('/'))),
            (5, Wrong::Key(KeyError::Length(2))),
            (7, Wrong::Words),
        ]
    );
}

#[test]
fn a_list_with_wrong_lines_is_not_rewritten() {
    let scratch = Scratch::new();
    let path = scratch.path("trusted");
    let mut store = TrustStore::load(&path).expect("an empty list");
    scratch.file("trusted", 0o600, "lamp\n");
    let error = store.add(&name("ann"), key(1)).expect_err("a wrong line");
    assert!(error.to_string().contains("line 1: "), "{error}");
    assert_eq!(text_of(&path), "lamp\n");
}

#[test]
fn a_list_that_others_may_change_is_not_believed() {
    let scratch = Scratch::new();
    let path = scratch.file("trusted", 0o644, "");
    TrustStore::load(&path).expect("others may read it");
    for open in [0o620, 0o602, 0o666] {
        set_mode(&path, open);
        let error = TrustStore::load(&path).expect_err("others may write");
        assert!(error.to_string().contains("others may change"), "{error}");
        assert!(error.mend().is_some());
    }
}

#[test]
fn a_link_stays_a_link() {
    let scratch = Scratch::new();
    let file = scratch.file("settings", 0o600, "# mine\n");
    let link = scratch.path("trusted");
    symlink(&file, &link).expect("a link");
    let mut store = TrustStore::load(&link).expect("a list");
    store.add(&name("lamp"), key(1)).expect("added");
    assert!(link.is_symlink());
    assert!(text_of(&file).contains("lamp"), "{}", text_of(&file));
}

#[test]
fn many_who_add_at_once_lose_nothing() {
    let scratch = Scratch::new();
    let path = scratch.path("trusted");
    thread::scope(|scope| {
        for number in 0..12 {
            let path = &path;
            scope.spawn(move || {
                let mut store = TrustStore::load(path).expect("a list");
                let change = store.add(&name(&format!("n{number}")), key(number));
                assert_eq!(change.expect("added"), Change::Made);
            });
        }
    });
    let store = TrustStore::load(&path).expect("a list");
    assert_eq!(store.iter().len(), 12);
    assert_eq!(scratch.names(), [".trusted.lock", "trusted"]);
}

#[test]
fn a_full_list_takes_no_more() {
    let scratch = Scratch::new();
    let path = scratch.file("trusted", 0o600, vec![b'#'; limits::TRUST_FILE_BYTES]);
    let mut store = TrustStore::load(&path).expect("a list");
    let error = store.add(&name("lamp"), key(1)).expect_err("full");
    assert!(matches!(error, TrustError::Full), "{error}");
    TrustStore::load(&path).expect("it still can be read");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = lines::parse(&text);
    }

    #[test]
    fn what_is_written_reads_back(
        entries in proptest::collection::btree_map("[a-c]{1,2}", 0u8..4, 0..12),
        gone in "[a-c]{1,2}",
    ) {
        let line = |(name, number): (&String, &u8)| format!("{name} {}\n", key(*number));
        let text: String = entries.iter().map(line).collect();
        let read = lines::parse(&text).expect("every name once");
        let entry = |(text, number): (&String, &u8)| Trusted {
            name: name(text),
            key: key(*number),
        };
        prop_assert_eq!(&read, &entries.iter().map(entry).collect::<Vec<_>>());
        let left = lines::parse(&lines::without(&text, &name(&gone))).expect("fewer lines");
        let expected = read.into_iter().filter(|entry| entry.name.as_str() != gone);
        prop_assert_eq!(left, expected.collect::<Vec<_>>());
    }
}
