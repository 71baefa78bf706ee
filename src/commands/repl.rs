//! `smc repl`: a program written input by input, on one node or in a simulated network.

use std::cell::RefCell;
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use clap::Args;
use sm_sim::{Network, NodeIx};

use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::network;
use crate::output::{self, Terminal};
use crate::repl::editor::{Lines, Typed, is_complete};
use crate::repl::prompt::{Done, Place, Prompt};

/// Write a program input by input, and see at once what it does
///
/// An input is an expression, a statement or a declaration. What is declared and
/// what `let` and `var` bind stays. :help lists the commands of the session.
///
/// Time is virtual: it stands still while you type, and jumps where all wait.
///
/// If standard input is no terminal, inputs are read from it without a prompt;
/// the exit code is 1 if one of them failed.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// A program (.sm) to begin with.
    file: Option<PathBuf>,

    /// Live in the simulated network that this file describes
    #[arg(long, env = "SM_NET", value_name = "NET.toml")]
    net: Option<PathBuf>,

    /// The node where inputs start; else the network's first
    #[arg(long, env = "SM_AT", value_name = "NODE")]
    at: Option<String>,

    /// Seed of all chance: the same seed repeats the session
    ///
    /// Default: the network's, or 0.
    #[arg(long, env = "SM_SEED")]
    seed: Option<u64>,
}

/// What the only node is called.
const HOME: &str = "home";

/// Time between two looks at Ctrl-C while nothing comes in.
const GLANCE: Duration = Duration::from_millis(50);

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let place = self.place(terminal)?;
        let mut prompt = Prompt::new(terminal, place, Interrupt::listen()?)?;
        let loaded = match &self.file {
            Some(file) => prompt.begin_with(file)?,
            None => Done::Well,
        };
        if io::stdin().is_terminal() && io::stdout().is_terminal() {
            self.talk(terminal, prompt)
        } else {
            read(prompt, loaded)
        }
    }

    fn place(&self, terminal: &Terminal) -> Result<Place, Failure> {
        let Some(file) = &self.net else {
            if self.at.is_some() {
                return Err(
                    Failure::usage("`--at` needs a network").help("name one with --net NET.toml")
                );
            }
            return Ok(Place {
                network: Network::single(HOME),
                at: NodeIx(0),
                seed: self.seed.unwrap_or(0),
            });
        };
        let network = network::read(terminal, file)?;
        Ok(Place {
            at: network::node(&network, self.at.as_deref())?,
            seed: network::seed(&network, self.seed),
            network,
        })
    }

    /// With a person at a terminal.
    fn talk(&self, terminal: &Terminal, prompt: Prompt<'_>) -> Result<Exit, Failure> {
        let version = env!("CARGO_PKG_VERSION");
        output::line(format!("smc {version}   :help for help, Ctrl-D to end"))?;
        let prompt = Rc::new(RefCell::new(prompt));
        let mut lines = Lines::new(&prompt, terminal.colored)?;
        loop {
            match lines.next()? {
                Typed::Input(input) => {
                    if prompt.borrow_mut().take(&input)? == Done::Quit {
                        return Ok(Exit::Ok);
                    }
                }
                Typed::Nothing => {}
                Typed::End => return Ok(Exit::Ok),
            }
        }
    }
}

/// From a file or a pipe: an input is as many lines as belong together.
fn read(mut prompt: Prompt<'_>, loaded: Done) -> Result<Exit, Failure> {
    let lines = lines();
    let mut input = String::new();
    let mut worst = loaded;
    loop {
        let line = match lines.recv_timeout(GLANCE) {
            Ok(line) => Some(line.map_err(|error| {
                Failure::failed(format!("standard input cannot be read: {error}"))
            })?),
            Err(RecvTimeoutError::Timeout) if prompt.interrupted() => return Ok(Exit::Interrupted),
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => None,
        };
        let is_last = line.is_none();
        if let Some(line) = line {
            input.push_str(&line);
            input.push('\n');
            if !is_complete(input.strip_suffix('\n').unwrap_or(&input)) {
                continue;
            }
        }
        let whole = std::mem::take(&mut input);
        match prompt.take(whole.trim_end())? {
            Done::Quit => break,
            Done::Interrupted => return Ok(Exit::Interrupted),
            Done::Badly => worst = Done::Badly,
            Done::Well => {}
        }
        if is_last {
            break;
        }
    }
    Ok(if worst == Done::Well {
        Exit::Ok
    } else {
        Exit::Failed
    })
}

/// Lines of standard input, read by a thread of their own so that Ctrl-C is heard meanwhile.
fn lines() -> Receiver<io::Result<String>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let failed = line.is_err();
            if sender.send(line).is_err() || failed {
                return;
            }
        }
    });
    receiver
}
