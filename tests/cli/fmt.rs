//! `smc fmt`: files and folders, what is shown and what is written.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::smc::{Ran, command, ran, snapshot};

const UGLY: &str = "fn main( ){\n  print( \"hello\" )   // twice\n  print(\"hello\");\n}\n";
const PRETTY: &str = "fn main() {\n    print(\"hello\") // twice\n    print(\"hello\")\n}\n";

/// An empty folder that only one test uses.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("cli/fmt")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for a test");
    folder
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    let parent = path.parent().expect("a file is in a folder");
    fs::create_dir_all(parent).expect("a folder for a test");
    fs::write(&path, text).expect("a file for a test");
    path
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a text")
}

fn fmt_in(folder: &Path, args: &[&str]) -> Ran {
    let mut command = command(&["fmt"]);
    ran(command
        .args(args)
        .current_dir(folder)
        .output()
        .expect("smc starts"))
}

fn fmt_stdin(args: &[&str], input: &[u8]) -> Ran {
    let mut command = command(&["fmt"]);
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("smc starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input).expect("smc reads");
    drop(stdin);
    ran(child.wait_with_output().expect("smc ends"))
}

#[test]
fn files_and_folders_are_formatted() {
    let folder = folder("written");
    let files = ["a.sm", "deep/er/b.sm", "pretty.sm"].map(|name| write(&folder, name, UGLY));
    fs::write(&files[2], PRETTY).expect("a file for a test");
    let others = ["c.txt", ".hidden/d.sm"].map(|name| write(&folder, name, UGLY));
    snapshot("fmt_folder", &fmt_in(&folder, &[]));
    assert!(files.iter().all(|file| read(file) == PRETTY));
    assert!(others.iter().all(|file| read(file) == UGLY));
    snapshot("fmt_folder_again", &fmt_in(&folder, &[]));
    let names: Vec<_> = fs::read_dir(&folder).expect("a folder").collect();
    assert_eq!(names.len(), 5, "nothing is left behind: {names:?}");
    fs::write(&others[0], UGLY).expect("a file for a test");
    snapshot("fmt_named", &fmt_in(&folder, &["c.txt", "deep", "./c.txt"]));
    assert_eq!(read(&others[0]), PRETTY);
}

#[test]
fn check_and_diff_change_nothing() {
    let folder = folder("checked");
    let ugly = write(&folder, "a.sm", UGLY);
    write(&folder, "b.sm", PRETTY);
    snapshot("fmt_check", &fmt_in(&folder, &["--check"]));
    snapshot(
        "fmt_check_short",
        &fmt_in(&folder, &["--check", "--message-format", "short"]),
    );
    snapshot(
        "fmt_check_json",
        &fmt_in(&folder, &["--check", "--message-format", "json"]),
    );
    snapshot("fmt_check_good", &fmt_in(&folder, &["--check", "b.sm"]));
    snapshot("fmt_diff", &fmt_in(&folder, &["--diff"]));
    assert_eq!(read(&ugly), UGLY);
    snapshot(
        "fmt_check_and_diff",
        &fmt_in(&folder, &["--check", "--diff"]),
    );
}

#[test]
fn standard_input_goes_to_standard_output() {
    let ran = fmt_stdin(&["--stdin"], UGLY.as_bytes());
    assert_eq!(
        (ran.exit, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, PRETTY, "")
    );
    let ran = fmt_stdin(&["--stdin"], b"");
    assert_eq!(
        (ran.exit, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, "", "")
    );
    snapshot(
        "fmt_stdin_check",
        &fmt_stdin(&["--stdin", "--check"], UGLY.as_bytes()),
    );
    snapshot(
        "fmt_stdin_check_good",
        &fmt_stdin(&["--stdin", "--check"], PRETTY.as_bytes()),
    );
    snapshot(
        "fmt_stdin_mistake",
        &fmt_stdin(&["--stdin"], b"fn main( {\n}\n"),
    );
    snapshot("fmt_stdin_binary", &fmt_stdin(&["--stdin"], b"fn \xff"));
    snapshot("fmt_stdin_and_path", &fmt_stdin(&["--stdin", "a.sm"], b""));
}

#[test]
fn a_file_with_mistakes_is_left_alone_and_the_others_are_not() {
    let folder = folder("mistakes");
    let wrong = write(&folder, "a.sm", "fn main( ){\n  let = 3\n}\n");
    let ugly = write(&folder, "b.sm", UGLY);
    snapshot("fmt_mistake", &fmt_in(&folder, &[]));
    assert_eq!(read(&wrong), "fn main( ){\n  let = 3\n}\n");
    assert_eq!(read(&ugly), PRETTY);
}

#[test]
fn paths_that_lead_nowhere() {
    let folder = folder("nowhere");
    snapshot("fmt_empty_folder", &fmt_in(&folder, &[]));
    write(&folder, "town.sm", PRETTY);
    snapshot("fmt_missing", &fmt_in(&folder, &["twon.sm"]));
    snapshot("fmt_missing_folder", &fmt_in(&folder, &["a/b.sm"]));
    fs::write(folder.join("binary.sm"), b"fn \xff").expect("a file for a test");
    snapshot("fmt_binary", &fmt_in(&folder, &["binary.sm"]));
}

#[test]
fn permissions_and_links_stay() {
    let folder = folder("kept");
    let script = write(
        &folder,
        "real/script.sm",
        &format!("#!/usr/bin/env -S smc run\r\n{UGLY}"),
    );
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let link = folder.join("link.sm");
    symlink("real/script.sm", &link).expect("a link");
    symlink(".", folder.join("circle")).expect("a link");
    let ran = fmt_in(&folder, &[]);
    assert_eq!((ran.exit, ran.stderr.as_str()), (0, "formatted link.sm\n"));
    assert!(link.is_symlink());
    assert_eq!(
        read(&script),
        format!("#!/usr/bin/env -S smc run\n{PRETTY}")
    );
    let mode = fs::metadata(&script)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn a_file_that_may_not_be_written_is_not() {
    let folder = folder("readonly");
    let path = write(&folder, "a.sm", UGLY);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("it is ours");
    snapshot("fmt_readonly", &fmt_in(&folder, &["a.sm"]));
    assert_eq!(read(&path), UGLY);
}
