//! `smc new`, `smc init`, and commands that find their project.

use std::fs;
use std::path::Path;

use crate::smc::{check, command, ran, scratch_folder, smc, smc_in, snapshot};

const MANIFEST: &str = "name = \"town\"\nversion = \"0.1.0\"\n";

/// A file with the folders that it is in.
fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for a test");
    fs::write(path, text).expect("a file for a test");
}

#[test]
fn a_new_project_works_as_it_says() {
    let folder = scratch_folder("new_works");
    let made = smc_in(&folder, &["new", "town"]);
    snapshot("new", &made);
    // Every command that it prints does what it says, one after the other.
    let (_, next) = made
        .stderr
        .split_once("Next:\n")
        .expect("it says what is next");
    let mut here = folder.clone();
    let mut commands = 0;
    for line in next.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["cd", folder] => here.push(folder),
            ["smc", args @ ..] => {
                let done = smc_in(&here, args);
                assert_eq!(done.exit, 0, "{line}: {done}");
                commands += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(commands >= 3);
    let net = ["run", "--net", "town.net.toml", "--seed", "1"];
    snapshot("new_run", &smc_in(&here, &net));
    snapshot("new_run_alone", &smc_in(&here, &["run"]));
}

#[test]
fn a_folder_becomes_a_project_and_keeps_its_files() {
    let folder = scratch_folder("my-town");
    put(&folder, ".gitignore", "mine\n");
    snapshot("init", &smc_in(&folder, &["init"]));
    let kept = fs::read_to_string(folder.join(".gitignore")).expect("it is there");
    assert_eq!(kept, "mine\n");
    let manifest = fs::read_to_string(folder.join("sm.toml")).expect("it was made");
    assert!(manifest.contains("name = \"my_town\""), "{manifest}");
    snapshot("init_again", &smc_in(&folder, &["init"]));
    let other = scratch_folder("init_other");
    put(&other, "src/main.sm", "fn main() {}\n");
    let done = smc_in(&other, &["init", ".", "--name", "other", "--json"]);
    snapshot("init_json", &done);
    assert_eq!(smc_in(&other, &["run"]).exit, 0);
}

#[test]
fn projects_that_cannot_be_made() {
    let folder = scratch_folder("new_wrong");
    put(&folder, "full/x", "");
    put(&folder, "file", "");
    for (name, args) in [
        ("new_wrong_name", &["new", "my-town"][..]),
        ("new_keyword", &["new", "fn"]),
        ("new_library", &["new", "route"]),
        ("new_full", &["new", "full"]),
        ("new_file", &["new", "file"]),
        ("new_nothing", &["new"]),
        ("init_nowhere", &["init", "nowhere"]),
        ("init_wrong_name", &["init", "--name", "a b"]),
    ] {
        let done = smc_in(&folder, args);
        assert_ne!(done.exit, 0, "{name}");
        snapshot(name, &done);
    }
    let left: Vec<_> = fs::read_dir(&folder).expect("it is there").collect();
    assert_eq!(left.len(), 2, "nothing was made");
    // An empty folder is as good as a new one.
    fs::create_dir(folder.join("empty")).expect("a folder");
    assert_eq!(smc_in(&folder, &["new", "empty"]).exit, 0);
}

#[test]
fn commands_find_the_project_above() {
    let folder = scratch_folder("above");
    put(&folder, "sm.toml", MANIFEST);
    put(
        &folder,
        "src/main.sm",
        "import ./deep/lib\nfn main(n: Int = 2) -> Int { lib.twice(n) }\n",
    );
    put(
        &folder,
        "src/deep/lib.sm",
        "pub fn twice(n: Int) -> Int { 2 * n }\n",
    );
    let deep = folder.join("src/deep");
    assert_eq!(smc_in(&deep, &["run"]).stdout, "4\n");
    assert_eq!(smc_in(&deep, &["run", ".", "21"]).stdout, "42\n");
    assert_eq!(smc_in(&deep, &["run", "../..", "n=5"]).stdout, "10\n");
    assert_eq!(smc_in(&deep, &["run", "../main.sm", "3"]).stdout, "6\n");
    let built = smc_in(&deep, &["build"]);
    assert_eq!(
        (built.exit, folder.join("town.smb").is_file()),
        (0, true),
        "{built}"
    );
    assert_eq!(smc_in(&folder, &["run", "town.smb", "4"]).stdout, "8\n");
    assert!(smc_in(&deep, &["emit", "bricks"]).stdout.contains("module"));
    assert_eq!(smc_in(&deep, &["check"]).exit, 0);
    assert_eq!(smc_in(&deep, &["cost"]).exit, 0);
    snapshot("project_argument", &smc_in(&deep, &["run", "21"]));
    snapshot("project_send", &smc_in(&deep, &["send", "--to", "nobody"]));
}

#[test]
fn where_there_is_no_project() {
    let folder = scratch_folder("nothing");
    // Outside of everything, so that no `sm.toml` is above.
    let alone = |args: &[&str]| {
        let output = command(args).current_dir("/").output();
        ran(output.expect("smc starts"))
    };
    snapshot("no_project", &alone(&["run"]));
    for args in [
        &["check"][..],
        &["build"],
        &["cost"],
        &["doc"],
        &["emit", "ast"],
        &["send"],
    ] {
        let done = alone(args);
        assert_eq!(done.exit, 2, "{args:?}: {done}");
        assert!(done.stderr.contains("no project"), "{args:?}: {done}");
    }
    let shown = folder.display().to_string();
    let done = alone(&["run", &shown]);
    assert_eq!(done.exit, 2, "{done}");
}

#[test]
fn all_modules_are_checked_each_mistake_once() {
    let folder = scratch_folder("check_all");
    put(&folder, "sm.toml", MANIFEST);
    put(
        &folder,
        "src/main.sm",
        "import ./used\nfn main() { used.f() }\n",
    );
    let used = "pub fn f() { let unused = 1 }\ntest \"wrong\" { assert 1 }\n";
    put(&folder, "src/used.sm", used);
    put(&folder, "src/unused.sm", "pub fn g() -> Int { \"text\" }\n");
    snapshot(
        "check_project",
        &smc_in(&folder, &["check", "--message-format", "short"]),
    );
}

#[test]
fn modules_of_other_projects_are_imported_by_name() {
    let folder = scratch_folder("dependencies");
    let app = format!("{MANIFEST}[dependencies]\ngeo = {{ path = \"../geo\" }}\n");
    put(&folder, "app/sm.toml", &app);
    put(
        &folder,
        "app/src/main.sm",
        "import geo/point { Point }\nfn main() -> Float { Point(x: 3.0, y: 4.0).far() }\n",
    );
    let geo = "name = \"geo\"\nversion = \"0.1.0\"\nmain = \"geo.sm\"\n\
               [dependencies]\nnumbers = { path = \"../numbers\" }\n";
    put(&folder, "geo/sm.toml", geo);
    put(
        &folder,
        "geo/point.sm",
        "import ./inner/help\nimport numbers/roots\npub struct Point { x: Float, y: Float }\n\
         impl Point { pub fn far(self) -> Float {\n\
         roots.root(help.square(self.x) + help.square(self.y)) } }\n",
    );
    put(
        &folder,
        "geo/inner/help.sm",
        "pub fn square(x: Float) -> Float { x * x }\n",
    );
    put(
        &folder,
        "numbers/sm.toml",
        "name = \"numbers\"\nversion = \"1.2.3\"\n",
    );
    put(
        &folder,
        "numbers/src/roots.sm",
        "pub fn root(x: Float) -> Float { x.sqrt() }\nnative fn strange()\n",
    );
    let app = folder.join("app");
    snapshot("dependency_native", &smc_in(&app, &["run"]));
    put(
        &folder,
        "numbers/src/roots.sm",
        "pub fn root(x: Float) -> Float { x.sqrt() }\n",
    );
    assert_eq!(smc_in(&app, &["run"]).stdout, "5.0\n");
    assert_eq!(smc_in(&folder, &["check", "app", "geo", "numbers"]).exit, 0);
    // A file of the project by itself has the same modules.
    assert_eq!(smc_in(&folder, &["run", "app/src/main.sm"]).stdout, "5.0\n");
    snapshot("library_main", &smc_in(&folder, &["run", "geo"]));
    put(
        &folder,
        "geo/point.sm",
        "import ../secret\npub struct Point { x: Float, y: Float }\n\
         impl Point { pub fn far(self) -> Float { secret.far(self.x) } }\n",
    );
    snapshot("dependency_leaves", &smc_in(&app, &["run"]));
}

#[test]
fn project_files_with_mistakes() {
    let cases = [
        (
            "manifest_unknown",
            "nmae = \"town\"\nversion = \"0.1.0\"\n[dependecies]\n",
        ),
        ("manifest_syntax", "name = town\n"),
        (
            "manifest_types",
            "name = 7\nversion = 1\nmain = \"main.txt\"\ndependencies = 3\n",
        ),
        (
            "manifest_main",
            "name = \"town\"\nversion = \"0.1.0\"\nmain = \"src/mian.sm\"\n",
        ),
        ("manifest_empty", ""),
    ];
    for (name, text) in cases {
        let folder = scratch_folder(name);
        put(&folder, "sm.toml", text);
        let done = smc_in(&folder, &["run"]);
        assert_eq!(done.exit, 1, "{name}: {done}");
        snapshot(name, &done);
    }
    let folder = scratch_folder("manifest_json");
    put(&folder, "sm.toml", "nmae = \"town\"\nversion = \"0.1.0\"\n");
    let done = smc_in(&folder, &["check", "--message-format", "json"]);
    assert_eq!(done.stdout.lines().count(), 1, "{done}");
    assert!(done.stdout.contains("\"code\":\"SM0620\""), "{done}");
}

#[test]
fn dependencies_with_mistakes() {
    let folder = scratch_folder("wrong_dependencies");
    put(&folder, "empty/x", "");
    put(
        &folder,
        "other/sm.toml",
        "name = \"other\"\nversion = \"0.1.0\"\n",
    );
    put(&folder, "broken/sm.toml", "name = \"broken\"\n");
    put(
        &folder,
        "two/sm.toml",
        "name = \"two\"\nversion = \"0.1.0\"\n[dependencies]\nlib = { path = \"../lib2\" }\n",
    );
    put(
        &folder,
        "lib/sm.toml",
        "name = \"lib\"\nversion = \"0.1.0\"\n",
    );
    put(
        &folder,
        "lib2/sm.toml",
        "name = \"lib\"\nversion = \"0.1.0\"\n",
    );
    let cases = [
        ("dependency_missing", "geo = { path = \"../geo\" }"),
        ("dependency_empty", "geo = { path = \"../empty\" }"),
        ("dependency_name", "geo = { path = \"../other\" }"),
        ("dependency_broken", "broken = { path = \"../broken\" }"),
        ("dependency_key", "geo = { paht = \"../other\" }"),
        (
            "dependency_two",
            "lib = { path = \"../lib\" }\ntwo = { path = \"../two\" }",
        ),
        ("dependency_route", "route = { path = \"../other\" }"),
    ];
    for (name, line) in cases {
        put(
            &folder,
            "app/sm.toml",
            &format!("{MANIFEST}[dependencies]\n{line}\n"),
        );
        put(
            &folder,
            "app/src/main.sm",
            "import geo/x\nfn main() { x.f() }\n",
        );
        let done = smc_in(&folder.join("app"), &["run"]);
        assert_eq!(done.exit, 1, "{name}: {done}");
        snapshot(name, &done);
    }
    // A project file that nobody asks is nobody's business.
    put(&folder, "broken/alone.sm", "fn main() -> Int { 7 }\n");
    let alone = folder.join("broken/alone.sm").display().to_string();
    assert_eq!(smc(&["run", &alone]).stdout, "7\n");
}

#[test]
fn codes_of_projects_have_pages() {
    check("explain_project", &["explain", "SM0620"]);
    check("explain_dependency", &["explain", "SM0621"]);
    check("explain_main", &["explain", "SM0622"]);
}

/// The program of a new project finds nothing on a node alone; its network is named.
#[test]
fn the_network_of_a_project_is_named_where_it_is_missed() {
    let folder = scratch_folder("lonely");
    assert_eq!(smc_in(&folder, &["new", "pond"]).exit, 0);
    let ran = smc_in(&folder.join("pond"), &["run"]);
    assert!(ran.stderr.ends_with("`--net town.net.toml`\n"), "{ran}");
    let ran = smc_in(&folder, &["run", "pond"]);
    assert!(
        ran.stderr.ends_with("`--net pond/town.net.toml`\n"),
        "{ran}"
    );
    std::fs::remove_file(folder.join("pond/town.net.toml")).expect("it was there");
    let ran = smc_in(&folder, &["run", "pond"]);
    assert!(!ran.stderr.contains("--net"), "{ran}");
}
