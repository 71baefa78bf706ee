//! Running the blocks of one document.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::extract::{Block, Head, Kind, blocks, program_of};
use crate::root;

/// A document that was run.
pub(crate) struct Page {
    /// What is not as the document says, each with its line.
    pub(crate) problems: Vec<String>,
    /// The document with the outputs that were found.
    pub(crate) updated: String,
}

struct Runner {
    folder: PathBuf,
    /// The networks that the document has shown so far.
    networks: BTreeMap<String, PathBuf>,
}

/// What came of a program.
struct Ran {
    exit: i32,
    stdout: String,
    stderr: String,
}

impl Page {
    /// Runs all blocks of a document of this name.
    pub(crate) fn run(name: &str, text: &str) -> Self {
        let mut page = Self {
            problems: Vec::new(),
            updated: text.to_owned(),
        };
        let blocks = match blocks(text) {
            Ok(blocks) => blocks,
            Err(problem) => {
                page.problems.push(format!("{name}.md: {problem}"));
                return page;
            }
        };
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("docs")
            .join(name);
        let mut runner = Runner::new(folder);
        let mut edits = Vec::new();
        for (place, block) in blocks.iter().enumerate() {
            let output = blocks
                .get(place + 1)
                .filter(|next| next.head == "text" && next.follows);
            match runner.block(block, output) {
                Ok(()) => {}
                Err(Problem::Differs(found)) => {
                    let output = output.expect("only an output can differ");
                    page.problems.push(format!(
                        "{name}.md:{}: it prints\n{found}and not\n{}",
                        block.line, output.code
                    ));
                    edits.push((output.at.clone(), found));
                }
                Err(Problem::Other(problem)) => {
                    page.problems
                        .push(format!("{name}.md:{}: {problem}", block.line));
                }
            }
        }
        for (at, found) in edits.into_iter().rev() {
            page.updated.replace_range(at, &found);
        }
        page
    }
}

enum Problem {
    /// It prints this.
    Differs(String),
    Other(String),
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

impl Runner {
    fn new(folder: PathBuf) -> Self {
        // What an earlier run left is not to be imported.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the programs");
        Self {
            folder,
            networks: BTreeMap::new(),
        }
    }

    fn block(&mut self, block: &Block, output: Option<&Block>) -> Result<(), Problem> {
        if let Some(name) = block.head.strip_prefix("toml net=") {
            let path = self.write(&format!("{name}.net.toml"), &block.code);
            self.networks.insert(name.to_owned(), path);
        }
        let Some(words) = block.head.strip_prefix("sm") else {
            return Ok(());
        };
        if !words.is_empty() && !words.starts_with(' ') {
            return Ok(());
        }
        let head = Head::read(words)?;
        let file = format!("line_{}.sm", block.line);
        match &head.kind {
            Kind::Program => self.program(&file, &block.code, &head, output),
            Kind::Fragment => self.program(&file, &program_of(&block.code), &head, output),
            Kind::Error(codes) => Ok(self.error(&file, &block.code, codes)?),
            Kind::Module(name) => Ok(self.module(name, &block.code)?),
        }
    }

    fn program(
        &self,
        file: &str,
        code: &str,
        head: &Head,
        output: Option<&Block>,
    ) -> Result<(), Problem> {
        let path = self.write(file, code);
        let mut command = smc(&["run", "--seed", "0"]);
        if let Some(net) = &head.net {
            command.arg("--net").arg(self.network(net)?);
        }
        command.arg(path).args(&head.args);
        let ran = run(command);
        if ran.exit != head.exit {
            let Ran { exit, stderr, .. } = ran;
            return Err(format!("it ends with exit code {exit}\n{stderr}").into());
        }
        let mut found = ran.stdout;
        if head.exit != 0 {
            found += &ran.stderr;
        }
        match output {
            Some(output) if output.code != found => Err(Problem::Differs(found)),
            _ => Ok(()),
        }
    }

    /// The file of a network: one that the document has shown, or one of the project.
    fn network(&self, name: &str) -> Result<PathBuf, String> {
        match self.networks.get(name) {
            Some(path) => Ok(path.clone()),
            None if name.contains('/') => Ok(root().join(name)),
            None => Err(format!("no block above is `toml net={name}`")),
        }
    }

    fn error(&self, file: &str, code: &str, wanted: &[String]) -> Result<(), String> {
        let path = self.write(file, code);
        let ran = check(&path);
        let mut found: Vec<&str> = ran
            .stdout
            .lines()
            .chain(ran.stderr.lines())
            .filter_map(|line| line.split_once("error[")?.1.get(..6))
            .collect();
        found.sort_unstable();
        found.dedup();
        let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        wanted.sort_unstable();
        if found == wanted {
            Ok(())
        } else {
            let found = if found.is_empty() {
                "no error".to_owned()
            } else {
                found.join(" ")
            };
            Err(format!("it has {found}, and not {}", wanted.join(" ")))
        }
    }

    fn module(&self, name: &str, code: &str) -> Result<(), String> {
        let path = self.write(&format!("{name}.sm"), code);
        let ran = check(&path);
        match ran.exit {
            0 => Ok(()),
            _ => Err(format!(
                "the module has mistakes\n{}{}",
                ran.stdout, ran.stderr
            )),
        }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("a program can be written");
        path
    }
}

fn smc(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smc"));
    command.args(args).current_dir(root()).stdin(Stdio::null());
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command
}

fn check(path: &PathBuf) -> Ran {
    let mut command = smc(&["check", "--message-format", "short"]);
    command.arg(path);
    run(command)
}

fn run(mut command: Command) -> Ran {
    let output = command.output().expect("smc starts");
    Ran {
        exit: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("smc writes text"),
        stderr: String::from_utf8(output.stderr).expect("smc writes text"),
    }
}
