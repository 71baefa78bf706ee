//! `smc new` and `smc init`: a project to begin with.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::template::{self, Made};
use crate::project::{self, FILE, beside};

/// Begin a project in a new folder
///
/// It has a program that moves through a simulated town, a test, and a network to
/// try it in.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct New {
    /// The folder to make. Its last part is the project's name.
    #[arg(value_name = "NAME")]
    folder: PathBuf,

    /// Write what was made, as one JSON object
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// Begin a project in a folder that is there
///
/// Files that are there already stay as they are.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Init {
    /// The folder. Default: the current one.
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    folder: PathBuf,

    /// What the project is called. Default: like its folder
    #[arg(long, env = "SM_PROJECT_NAME")]
    name: Option<String>,

    /// Write what was made, as one JSON object
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

impl New {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let folder = &self.folder;
        let name = last_part(folder)
            .ok_or_else(|| Failure::usage(format!("`{}` is no new folder", folder.display())))?;
        check(&name, "smc new", folder)?;
        let taken = fs::symlink_metadata(folder).is_ok();
        let empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
        if taken && !empty {
            let shown = folder.display();
            let failure = Failure::failed(format!("`{shown}` is there already"));
            return Err(match folder.is_dir() {
                true => failure.help(format!("`smc init {shown}` adds what it lacks")),
                false => failure.help("choose another name"),
            });
        }
        let made = template::write(folder, &name)?;
        report(&name, folder, &made, self.json)
    }
}

impl Init {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let folder = &self.folder;
        let shown = folder.display();
        if !folder.is_dir() {
            return Err(Failure::usage(format!("there is no folder `{shown}`"))
                .help(format!("`smc new {shown}` makes one")));
        }
        if beside(folder, FILE).exists() {
            let file = beside(folder, FILE);
            return Err(Failure::failed(format!(
                "there is a project already: `{}`",
                file.display()
            )));
        }
        let name = match &self.name {
            Some(name) => {
                check(name, "--name", Path::new(""))?;
                name.clone()
            }
            None => self.name_of_folder()?,
        };
        let made = template::write(folder, &name)?;
        report(&name, folder, &made, self.json)
    }

    fn name_of_folder(&self) -> Result<String, Failure> {
        let full = fs::canonicalize(&self.folder).ok();
        let name = full.as_deref().and_then(last_part).unwrap_or_default();
        let usable = project::check_name(&name).is_ok().then(|| name.clone());
        usable.or_else(|| project::name_like(&name)).ok_or_else(|| {
            Failure::usage(format!(
                "a project cannot be called `{name}` like its folder"
            ))
            .help("name it: `smc init --name NAME`")
        })
    }
}

/// The name that a path ends with.
fn last_part(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

fn check(name: &str, flag: &str, folder: &Path) -> Result<(), Failure> {
    let Err(why) = project::check_name(name) else {
        return Ok(());
    };
    let failure = Failure::usage(why);
    Err(match project::name_like(name) {
        Some(near) => {
            let near = match flag {
                "--name" => PathBuf::from(near),
                _ => folder.with_file_name(near),
            };
            failure.help(format!("try `{flag} {}`", near.display()))
        }
        None => failure,
    })
}

fn report(
    name: &str,
    folder: &Path,
    made: &[(&'static str, Made)],
    as_json: bool,
) -> Result<Exit, Failure> {
    let of = |wanted: Made| {
        let files = made.iter().filter(move |(_, made)| *made == wanted);
        files.map(|(file, _)| *file).collect::<Vec<&str>>()
    };
    let (written, kept) = (of(Made::Written), of(Made::Kept));
    if as_json {
        output::line(json!({
            "name": name,
            "folder": folder.display().to_string(),
            "written": written,
            "kept": kept,
        }))?;
        return Ok(Exit::Ok);
    }
    output::talk(&format!(
        "made the project `{name}`: {}",
        written.join(", ")
    ));
    if !kept.is_empty() {
        output::talk(&format!("left as they are: {}", kept.join(", ")));
    }
    // What is there may be anything: the next steps are those of the program that was made.
    if kept.contains(&"src/main.sm") || kept.contains(&"town.net.toml") {
        return Ok(Exit::Ok);
    }
    let mut steps = Vec::new();
    if folder != Path::new(".") {
        steps.push(format!("cd {}", quoted(folder)));
    }
    steps.extend(NEXT.iter().map(|step| (*step).to_owned()));
    output::talk("\nNext:");
    steps
        .iter()
        .for_each(|step| output::talk(&format!("    {step}")));
    Ok(Exit::Ok)
}

/// What to try in a new project. Each works as it stands there.
const NEXT: [&str; 4] = [
    "smc run --net town.net.toml    # a message goes through the town",
    "smc check                      # what is wrong, after a change",
    "smc test                       # whether its tests hold",
    "smc cost                       # what travels with the message, in bytes",
];

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    match path.chars().all(plain) && !path.starts_with('-') {
        true => path,
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}
