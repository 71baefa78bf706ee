//! What runs the programs: how it is found, and what has to be built for it.

use std::iter;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Kernel;
use super::child::{command, output};

/// What the others are compared with, unless [`UNMETERED`] is asked for.
const C: &str = "c";

/// `jit` without fuel and safepoints, of a build that is made for this comparison alone.
const UNMETERED: &str = "unmetered";

/// A language's compiler, or what runs its programs as they are.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    /// As it tells itself.
    pub(crate) version: String,
    tool: Tool,
}

#[derive(Clone, Copy, Debug)]
enum Tool {
    /// Makes a program for this machine.
    Gcc,
    /// Makes a bundle, and runs it with an engine.
    Smc {
        program: &'static str,
        engine: &'static str,
    },
    /// Runs a source as it is.
    Script {
        program: &'static str,
        /// How what it says of itself must begin.
        version: &'static str,
        extension: &'static str,
    },
}

/// In the order of the columns. Debian names its Lua by its version, others do not.
const TOOLS: [(&str, &[Tool]); 6] = [
    (C, &[Tool::Gcc]),
    (UNMETERED, &[smc(UNMETERED_SMC, "auto")]),
    ("interp", &[smc(SMC, "interp")]),
    ("jit", &[smc(SMC, "auto")]),
    ("lua", &[lua("lua5.4"), lua("lua")]),
    ("node", &[NODE]),
];

const fn smc(program: &'static str, engine: &'static str) -> Tool {
    Tool::Smc { program, engine }
}

const fn lua(program: &'static str) -> Tool {
    Tool::Script {
        program,
        version: "Lua 5.4",
        extension: "lua",
    }
}

const NODE: Tool = Tool::Script {
    program: "node",
    version: "v",
    extension: "js",
};

const SMC: &str = env!("CARGO_BIN_EXE_smc");
const UNMETERED_SMC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/unmetered/release/smc");

const C_FLAGS: &[&str] = &["-std=c11", "-O2", "-ffp-contract=off", "-Wall", "-Wextra"];

/// What the others are compared with if these are asked for.
pub(crate) fn base(names: &[String]) -> &'static str {
    match names.iter().any(|name| name == UNMETERED) {
        true => UNMETERED,
        false => C,
    }
}

/// Those with these names, and the base, or all but [`UNMETERED`]; none where its tools are not
/// here.
pub(crate) fn named(names: &[String]) -> Result<Vec<(&'static str, Option<Engine>)>, String> {
    if let Some(unknown) = names
        .iter()
        .find(|name| TOOLS.iter().all(|(known, _)| known != name))
    {
        return Err(format!(
            "no engine `{unknown}`; there are {}",
            TOOLS.map(|(name, _)| name).join(", ")
        ));
    }
    let base = base(names);
    let is_wanted = |name: &str| match names {
        [] => name != UNMETERED,
        names => name == base || names.iter().any(|one| one == name),
    };
    let engines = TOOLS.iter().filter(|(name, _)| is_wanted(name));
    Ok(engines
        .map(|(name, tools)| (*name, tools.iter().find_map(|tool| tool.find(name))))
        .collect())
}

impl Tool {
    fn find(self, name: &'static str) -> Option<Engine> {
        let (program, ask, begins) = match self {
            Self::Gcc => ("gcc", "--version", ""),
            Self::Smc { program, .. } => (program, "--version", ""),
            Self::Script {
                program, version, ..
            } => (program, "-v", version),
        };
        let said = output(command(program).arg(ask)).ok()?;
        let version = said
            .lines()
            .next()
            .filter(|line| line.starts_with(begins))?;
        let flags = if let Self::Gcc = self { C_FLAGS } else { &[] };
        let parts: Vec<&str> = iter::once(version).chain(flags.iter().copied()).collect();
        Some(Engine {
            name,
            version: parts.join(" "),
            tool: self,
        })
    }
}

impl Engine {
    /// Makes what is run of a kernel's source, in a folder.
    pub(crate) fn build(&self, kernel: Kernel, folder: &Path) -> Result<PathBuf, String> {
        let built = folder.join(kernel.name);
        match self.tool {
            Tool::Gcc => {
                let mut gcc = command("gcc");
                gcc.args(C_FLAGS).arg("-o").arg(&built);
                output(gcc.arg(kernel.source("c")).arg("-lm"))?;
                Ok(built)
            }
            Tool::Smc { .. } => {
                let built = built.with_extension("smb");
                let mut smc = command(SMC);
                output(
                    smc.arg("build")
                        .arg(kernel.source("sm"))
                        .arg("-o")
                        .arg(&built),
                )?;
                Ok(built)
            }
            Tool::Script { extension, .. } => Ok(kernel.source(extension)),
        }
    }

    /// Runs what was built, with a size.
    pub(crate) fn command(&self, built: &Path, size: u32) -> Command {
        let mut command = match self.tool {
            Tool::Gcc => command(built),
            Tool::Smc { program, engine } => {
                let mut smc = command(program);
                smc.args(["run", "--engine", engine]).arg(built);
                smc
            }
            Tool::Script { program, .. } => {
                let mut script = command(program);
                script.arg(built);
                script
            }
        };
        command.arg(size.to_string());
        command
    }
}
