//! `smc doc`: pages, JSON, and examples that run.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::smc::{check, scratch, scratch_folder, smc, smc_in, snapshot};

fn read(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn pages_of_a_module() {
    let folder = scratch_folder("doc_pages");
    let out = folder.join("pages").display().to_string();
    snapshot("doc", &smc(&["doc", "documented.sm", "--out", &out]));
    let page = read(&folder, "pages/documented.html");
    let main = page
        .split("<main>")
        .nth(1)
        .and_then(|rest| rest.split("</main>").next());
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("doc_page", main.expect("a page has a main part"));
    });
    // Written again over itself, and not over anything else.
    assert_eq!(smc(&["doc", "documented.sm", "--out", &out]).exit, 0);
    let other = folder.join("other");
    fs::create_dir_all(&other).expect("a folder");
    fs::write(other.join("index.html"), "mine").expect("a file");
    let done = smc(&[
        "doc",
        "documented.sm",
        "--out",
        &other.display().to_string(),
    ]);
    snapshot("doc_other", &done);
    assert_eq!(read(&other, "index.html"), "mine");
}

#[test]
fn documentation_for_tools() {
    let done = smc(&["doc", "documented.sm", "--json"]);
    assert_eq!(
        done.stdout,
        smc(&["doc", "documented.sm", "--message-format", "json"]).stdout
    );
    let book: Value = serde_json::from_str(&done.stdout).expect("one object");
    let pretty = serde_json::to_string_pretty(&book).expect("it is JSON");
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("doc_json", pretty);
    });
    assert!(
        !done.stdout.contains("hidden"),
        "private things are left out"
    );
}

#[test]
fn nothing_in_a_comment_becomes_active() {
    let source = "/// <script>alert(1)</script>\n///\n\
                  /// A [x](javascript:alert(2)), [y](JavaScript:z) `<b>` <img src=x>\n\
                  ///\n/// ```\n/// </code><script>\n/// ```\npub fn f(text: Str = \"<i>\") {}\n\
                  //! late\n";
    let file = scratch("doc_active.sm", source).display().to_string();
    let folder = scratch_folder("doc_active");
    let out = folder.display().to_string();
    assert_eq!(smc(&["doc", &file, "--out", &out]).exit, 0);
    for name in ["doc_active.html", "source/doc_active.html", "index.html"] {
        let page = read(&folder, name);
        let bare = page.replace("<script src=", "");
        for wrong in [
            "<script>",
            "href=\"javascript",
            "href=\"JavaScript",
            "<b>",
            "<img",
            "<i>",
        ] {
            assert!(!bare.contains(wrong), "{wrong} in {name}");
        }
    }
    assert!(!read(&folder, "search.js").contains("innerHTML"));
}

#[test]
fn the_library_is_documented_and_every_link_leads_somewhere() {
    let folder = scratch_folder("doc_library");
    let out = folder.display().to_string();
    let done = smc(&["doc", "--library", "--out", &out]);
    assert_eq!(done.exit, 0, "{done}");
    let pull = read(&folder, "route/pull.html");
    assert!(pull.contains("href=\"../prelude.html#Result\""));
    assert!(
        read(&folder, "route/tour.html").contains("href=\"pull.html#MigrateError\"")
            || read(&folder, "route/tour.html")
                .contains("href=\"../route/pull.html#MigrateError\"")
    );
    let mut links = 0;
    for page in pages(&folder) {
        let text = fs::read_to_string(&page).expect("a page");
        for link in text.split("href=\"").skip(1) {
            let link = link.split('"').next().expect("it ends");
            if link.starts_with("http") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().expect("a folder").join(file),
            };
            let there = fs::read_to_string(&target);
            let there = there.unwrap_or_else(|error| panic!("{link} in {page:?}: {error}"));
            let id = format!("id=\"{anchor}\"");
            assert!(
                anchor.is_empty() || there.contains(&id),
                "{link} in {page:?}"
            );
            links += 1;
        }
    }
    assert!(links > 300, "{links}");
    assert_eq!(smc(&["doc", "--library", "--test"]).exit, 0);
}

fn pages(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|ending| ending == "html") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_project_is_documented_by_the_names_others_import() {
    let folder = scratch_folder("doc_project");
    assert_eq!(smc_in(&folder, &["new", "town"]).exit, 0);
    let town = folder.join("town");
    fs::write(
        town.join("src/point.sm"),
        "/// A place.\n///\n/// ```sm\n/// assert point.Point(x: 1).x == 1\n\
         /// let p = Point(x: 2)\n/// assert p.x == 2\n/// ```\npub struct Point { x: Int }\n",
    )
    .expect("a module");
    snapshot("doc_project", &smc_in(&town, &["doc"]));
    assert!(read(&town, "doc/town/point.html").contains("A place."));
    assert!(read(&town, "doc/town/main.html").contains("fn</span> main()"));
    let tested = smc_in(&town.join("src"), &["doc", "--test"]);
    assert_eq!(
        (tested.exit, &*tested.stderr),
        (0, "1 example, it passes\n")
    );
}

#[test]
fn examples_run_and_fail_where_they_stand() {
    let done = smc(&["doc", "documented.sm", "--test"]);
    assert_eq!(done.exit, 0, "{done}");
    snapshot("doc_test", &done);
    let failing = smc(&["doc", "examples.sm", "--test"]);
    assert_eq!(failing.exit, 1);
    snapshot("doc_test_failing", &failing);
    check("doc_test_json", &["doc", "examples.sm", "--test", "--json"]);
}

#[test]
fn what_cannot_be_documented() {
    check("doc_missing", &["doc", "nothing.sm"]);
    let empty = scratch_folder("doc_empty");
    snapshot("doc_empty", &smc_in(&empty, &["doc", "."]));
    check("doc_both", &["doc", "hello.sm", "--library"]);
    let broken = smc(&["doc", "syntax.sm", "--json"]);
    assert!(broken.stdout.contains("\"broken\":true"), "{broken}");
}
