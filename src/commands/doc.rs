//! `smc doc`: documentation of modules, from their comments.

use std::path::{Path, PathBuf};

use crate::docs::{self, Book, examples};
use crate::exit::{Exit, Failure};
use crate::output::{self, MessageFormat, Terminal};
use crate::project::{self, FILE, Project, beside};
use crate::text;

/// Write the documentation of modules as pages
///
/// What stands in /// comments, in Markdown, about everything that is `pub`, with
/// signatures, types and the rights of tags. The pages need no other files, and
/// no network. A folder that holds something else is not written into.
///
/// With --test the examples run instead: blocks that begin with ```sm in the
/// comments. Each is the body of a function, or a program if it has a `main`, and
/// sees the public names of its module. ```sm check only compiles.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// A module (.sm), the folder of a project, or one with modules
    ///
    /// Default: the project of the current folder.
    #[arg(value_name = "FILE|DIR")]
    path: Option<PathBuf>,

    /// Document the standard library
    #[arg(long, env = "SM_LIBRARY", conflicts_with = "path")]
    library: bool,

    /// The folder for the pages. Default: `doc` in the project's folder, or here
    #[arg(long, env = "SM_OUT", value_name = "DIR")]
    out: Option<PathBuf>,

    /// Run the examples, and write no pages
    #[arg(long, env = "SM_TEST", conflicts_with = "out")]
    test: bool,

    /// Write one JSON object in place of pages, as --message-format json does
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let (book, folder) = self.book()?;
        let as_json = self.json || terminal.format == MessageFormat::Json;
        if self.test {
            let tally = examples::run(terminal, &book)?;
            tally.tell(as_json)?;
            return Ok(tally.exit());
        }
        if as_json {
            output::line(docs::json(&book))?;
            return Ok(Exit::Ok);
        }
        let folder = self.out.clone().unwrap_or(folder);
        let pages = docs::write(&book, &folder)?;
        let modules = text::count(book.modules.len(), "module");
        let index = folder.join("index.html");
        output::talk(&format!(
            "documented {modules} on {}: {}",
            text::count(pages, "page"),
            index.display()
        ));
        Ok(Exit::Ok)
    }

    /// What is documented, and where its pages go if nothing is said.
    fn book(&self) -> Result<(Book, PathBuf), Failure> {
        let here = PathBuf::from("doc");
        if self.library {
            return Ok((Book::library(), here));
        }
        match &self.path {
            Some(path) if path.is_dir() && !path.join(FILE).is_file() => {
                let files = project::modules_in(path)?;
                if files.is_empty() {
                    let shown = path.display();
                    return Err(Failure::usage(format!("there is no module in `{shown}`"))
                        .help("a module has the ending `.sm`"));
                }
                let title = folder_name(path);
                Ok((Book::files(&title, path, &files)?, here))
            }
            Some(path) if !path.is_dir() => Ok((Book::file(path)?, here)),
            other => {
                let project = Project::named(other.as_deref())?;
                let folder = beside(&project.folder, "doc");
                Ok((Book::project(&project)?, folder))
            }
        }
    }
}

fn folder_name(path: &Path) -> String {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = full.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
