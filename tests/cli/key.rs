//! `smc key`: making, showing, trusting; and what is said when that does not work.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::smc::{Ran, command, ran, snapshot};

/// Keys of others.
const LAMP: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const ANN: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

/// A user of whom nothing is known yet.
struct User(PathBuf);

impl User {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("cli")
            .join(name);
        // What an earlier run left.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the test");
        Self(folder)
    }

    fn key(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().expect("smc starts"))
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = command(&[&["key"], args].concat());
        command.env("XDG_CONFIG_HOME", &self.0);
        command
    }

    /// Does it and compares with the snapshot of this name.
    fn check(&self, name: &str, args: &[&str]) {
        snapshot(name, &self.key(args));
    }

    /// Its standard output, if it does what it should.
    fn said(&self, args: &[&str]) -> String {
        let ran = self.key(args);
        assert_eq!(ran.exit, 0, "{}", ran.stderr);
        ran.stdout
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.said(args)).expect("one JSON object")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join("smartmsg").join(name)
    }

    /// Puts a file there that only the user can read.
    fn write(&self, name: &str, text: &str) {
        let path = self.file(name);
        let folder = path.parent().expect("a folder");
        fs::create_dir_all(folder).expect("a folder for the test");
        fs::write(&path, text).expect("a file for the test");
        set_mode(&path, 0o600);
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn a_key_is_made_once_and_shown_as_often_as_one_likes() {
    let user = User::new("key_new");
    user.check("key_show_none", &["show"]);
    let made = user.key(&["new"]);
    snapshot("key_new", &made);
    assert_eq!(user.said(&["show"]), made.stdout);
    user.check("key_new_again", &["new"]);
    assert_eq!(user.said(&["show"]), made.stdout);
    let mode = |name| {
        let metadata = fs::metadata(user.file(name)).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode("keys"), mode("keys/default")), (0o700, 0o600));
}

#[test]
fn keys_have_names() {
    let user = User::new("key_names");
    let default = user.said(&["new"]);
    let work = user.json(&["new", "work", "--json"]);
    assert_ne!(work["key"].as_str().expect("a key"), default.trim());
    assert_eq!(user.json(&["show", "work", "--json"]), work);
    assert_eq!(user.said(&["show"]), default);
    user.check("key_show_json", &["show", "work", "--json"]);
    user.check("key_show_near", &["show", "wrok"]);
    user.check("key_new_work_again", &["new", "work"]);
    user.check("key_wrong_name", &["new", "../work"]);
    user.check("key_long_name", &["new", LAMP]);
    user.check("key_nothing", &[]);
}

#[test]
fn json_may_be_asked_for_by_the_environment() {
    let user = User::new("key_environment");
    let mut command = user.command(&["new"]);
    let ran = ran(command.env("SM_JSON", "true").output().expect("smc starts"));
    let made: Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    assert_eq!(made["name"], "default");
}

#[test]
fn all_who_make_a_key_at_once_agree_who_made_it() {
    let user = User::new("key_at_once");
    let start = || {
        let mut command = user.command(&["new"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("smc starts")
    };
    let all: Vec<_> = (0..6).map(|_| start()).collect();
    let all = all.into_iter().map(|child| child.wait_with_output());
    let all: Vec<Ran> = all.map(|output| ran(output.expect("smc ends"))).collect();
    let made: Vec<&Ran> = all.iter().filter(|ran| ran.exit == 0).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(user.said(&["show"]), made[0].stdout);
    for other in all.iter().filter(|ran| ran.exit != 0) {
        assert!(other.stderr.contains("already"), "{}", other.stderr);
    }
}

#[test]
fn a_file_that_is_no_safe_key_is_refused() {
    let user = User::new("key_files");
    user.said(&["new"]);
    set_mode(&user.file("keys/default"), 0o644);
    user.check("key_open", &["show"]);
    user.write("keys/garbage", "hello\n");
    user.check("key_garbage", &["show", "garbage"]);
    user.write("keys/large", &"#".repeat(5000));
    user.check("key_large", &["show", "large"]);
    fs::create_dir(user.file("keys/folder")).expect("a folder");
    user.check("key_folder", &["show", "folder"]);
    std::os::unix::fs::symlink("/gone/key", user.file("keys/link")).expect("a link");
    user.check("key_link", &["show", "link"]);
    user.check("key_new_link", &["new", "link"]);
}

#[test]
fn a_place_where_nothing_can_be_written_is_said() {
    let user = User::new("key_no_place");
    // The folder of the settings is a file: not even root can write into it.
    fs::write(user.0.join("smartmsg"), "").expect("a file");
    user.check("key_no_place", &["new"]);
}

#[test]
fn without_a_home_there_is_no_key() {
    let ran = ran(command(&["key", "show"]).output().expect("smc starts"));
    snapshot("key_no_home", &ran);
}

#[test]
fn keys_are_trusted_by_name() {
    let user = User::new("key_trust");
    user.check("key_trust_none", &["trust"]);
    user.check("key_trust_add", &["trust", "lamp", LAMP]);
    user.check("key_trust_same", &["trust", "lamp", LAMP]);
    user.check("key_trust_taken", &["trust", "lamp", ANN]);
    user.check("key_trust_alias", &["trust", "light", LAMP]);
    user.said(&["trust", "ann", &ANN.to_uppercase()]);
    assert_eq!(
        user.said(&["trust"]),
        format!("lamp   {LAMP}\nlight  {LAMP}\nann    {ANN}\n")
    );
    user.check("key_trust_json", &["trust", "--json"]);
    user.check("key_distrust_near", &["distrust", "lmap"]);
    user.check("key_distrust_alias", &["distrust", "lamp"]);
    user.check("key_distrust", &["distrust", "light"]);
    user.check("key_distrust_again", &["distrust", "light"]);
    assert_eq!(user.said(&["trust"]), format!("ann  {ANN}\n"));
}

#[test]
fn what_is_no_key_is_not_trusted() {
    let user = User::new("key_trust_wrong");
    user.check("key_trust_short", &["trust", "lamp", "d75a98"]);
    user.check("key_trust_digit", &["trust", "lamp", "lamp:7000"]);
    user.check(
        "key_trust_typo",
        &["trust", "lamp", &LAMP.replace("d75", "d76")],
    );
    user.check("key_trust_weak", &["trust", "lamp", &"0".repeat(64)]);
    user.check("key_trust_no_key", &["trust", "lamp"]);
    assert_eq!(user.said(&["trust"]), "");
}

#[test]
fn a_list_with_mistakes_is_told_line_by_line() {
    let user = User::new("key_trust_lines");
    user.write(
        "trusted",
        &format!("# mine\nlamp {LAMP}\nann\nlamp {ANN}\n"),
    );
    user.check("key_trust_lines", &["trust"]);
    user.write("trusted", "");
    set_mode(&user.file("trusted"), 0o666);
    user.check("key_trust_open", &["trust"]);
}

#[test]
fn all_who_trust_at_once_are_heard() {
    let user = User::new("key_trust_at_once");
    let start = |number: usize| {
        let mut command = user.command(&["trust", &format!("lamp{number}"), LAMP]);
        command.stderr(Stdio::null()).spawn().expect("smc starts")
    };
    let all: Vec<_> = (0..6).map(start).collect();
    for mut child in all {
        assert!(child.wait().expect("smc ends").success());
    }
    let said = user.said(&["trust"]);
    assert_eq!(said.lines().collect::<BTreeSet<_>>().len(), 6, "{said}");
}
