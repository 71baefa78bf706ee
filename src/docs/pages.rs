//! Writing the pages into a folder.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{Book, html};
use crate::exit::Failure;

const STYLE: &str = include_str!("assets/style.css");
const SEARCH: &str = include_str!("assets/search.js");

/// The name of the page with a module's source.
pub(crate) fn source_of(module: &str) -> String {
    format!("source/{module}")
}

/// Writes all pages. A folder that holds something else is left alone.
pub(crate) fn write(book: &Book, folder: &Path) -> Result<usize, Failure> {
    check(folder)?;
    let entries = json!(html::entries(book)).to_string().replace("</", "<\\/");
    let mut files = vec![
        ("index.html".to_owned(), html::index(book)),
        ("style.css".to_owned(), STYLE.to_owned()),
        (
            "search.js".to_owned(),
            SEARCH.replace("\"ENTRIES\"", &entries),
        ),
    ];
    for module in &book.modules {
        let source = format!("{}.html", source_of(&module.name));
        files.push((format!("{}.html", module.name), html::module(book, module)));
        files.push((source, html::source(book, module)));
    }
    for (name, text) in &files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text));
        written.map_err(|error| {
            Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
        })?;
    }
    Ok(files.len() - 2)
}

/// Whether pages may be written there: into nothing, or over what was written before.
fn check(folder: &Path) -> Result<(), Failure> {
    let shown = folder.display();
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(_) if fs::symlink_metadata(folder).is_err() => return Ok(()),
        Err(error) => {
            return Err(Failure::failed(format!(
                "`{shown}` is no folder to write into: {error}"
            )));
        }
    };
    let index = fs::read_to_string(folder.join("index.html")).unwrap_or_default();
    if entries.next().is_none() || index.contains(html::GENERATOR) {
        return Ok(());
    }
    Err(
        Failure::failed(format!("the folder `{shown}` holds something else already"))
            .help("choose another one: `--out DIR`"),
    )
}
