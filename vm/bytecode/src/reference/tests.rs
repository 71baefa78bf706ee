//! The reference page in the repository is the one that the tables make.

use std::path::Path;

/// `UPDATE_DOCS=1 cargo test -p sm-bytecode reference` writes the page anew.
#[test]
fn the_page_matches_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/BYTECODE.md");
    let page = super::page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("docs/ can be written");
    }
    let written = std::fs::read_to_string(&path).expect("docs/BYTECODE.md is there");
    assert!(
        written == page,
        "docs/BYTECODE.md is stale: run this test with UPDATE_DOCS=1"
    );
}
