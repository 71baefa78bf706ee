//! Bricks as text: what a program consists of, and its instructions.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use sm_bytecode::{Group, ModuleManifest};

use crate::program::Program;
use crate::text;

/// A brick of a program, as a list shows it.
struct Brick<'a> {
    group: &'a Group,
    hash: String,
    bytes: usize,
    functions: Vec<String>,
}

impl Brick<'_> {
    fn json(&self) -> Json {
        json!({ "hash": self.hash, "bytes": self.bytes, "functions": self.functions })
    }
}

/// The instructions of every function, module by module.
pub(crate) fn bytecode(program: &Program) -> String {
    let mut text = String::new();
    for (module, bricks) in modules(program) {
        let debug = program
            .debug()
            .iter()
            .find(|blob| Some(blob.hash()) == module.debug);
        for brick in bricks {
            let _ = writeln!(text, "// {}: brick {}", module.name, brick.hash);
            let _ = writeln!(text, "{}\n", brick.group.disassemble(debug).trim_end());
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// The instructions of the bricks that hold a function of this name; `None` if none does.
pub(crate) fn bytecode_of(program: &Program, function: &str) -> Option<String> {
    let mut text = String::new();
    for (module, bricks) in modules(program) {
        let debug = program
            .debug()
            .iter()
            .find(|blob| Some(blob.hash()) == module.debug);
        for brick in bricks {
            if brick.functions.iter().any(|name| name == function) {
                let _ = writeln!(text, "{}", brick.group.disassemble(debug).trim_end());
            }
        }
    }
    (!text.is_empty()).then_some(text)
}

/// One line for each brick, module by module.
pub(crate) fn bricks(program: &Program) -> String {
    let bundle = program.bundle();
    let count = text::count(bundle.bricks.len(), "brick");
    let mut text = format!("program {}  {count}\n", bundle.hash());
    for (module, bricks) in modules(program) {
        let _ = writeln!(text, "\nmodule {}  {}", module.hash(), module.name);
        for brick in bricks {
            let (hash, size) = (&brick.hash, text::size(brick.bytes));
            let _ = writeln!(text, "  {hash}  {size:>10}  {}", brick.functions.join(", "));
        }
    }
    text
}

pub(crate) fn bricks_json(program: &Program) -> Json {
    let module = |(module, bricks): (&ModuleManifest, Vec<Brick<'_>>)| {
        let bricks: Vec<Json> = bricks.iter().map(Brick::json).collect();
        json!({ "name": module.name, "hash": module.hash().to_string(), "bricks": bricks })
    };
    json!({
        "program": program.bundle().hash().to_string(),
        "modules": modules(program).into_iter().map(module).collect::<Vec<_>>(),
    })
}

/// The modules that have bricks, by name, each with its bricks.
fn modules(program: &Program) -> Vec<(&ModuleManifest, Vec<Brick<'_>>)> {
    let mut modules: Vec<&ModuleManifest> = program.bundle().modules.iter().collect();
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    let listed = modules.into_iter().map(|module| {
        let bricks = program.bundle().bricks.iter();
        let own = bricks.filter(|brick| module.groups.binary_search(&brick.hash()).is_ok());
        (
            module,
            own.map(|group| brick(program, group)).collect::<Vec<_>>(),
        )
    });
    listed.filter(|(_, bricks)| !bricks.is_empty()).collect()
}

fn brick<'a>(program: &Program, group: &'a Group) -> Brick<'a> {
    let hash = group.hash();
    let name = |index: usize| {
        let function = u16::try_from(index).ok()?;
        let found = program
            .debug()
            .iter()
            .find_map(|blob| blob.function(&hash, function))?;
        Some(found.name.clone())
    };
    let functions = 0..group.functions.len();
    Brick {
        group,
        hash: hash.to_string(),
        bytes: group.encode().len(),
        functions: functions
            .map(|index| name(index).unwrap_or_else(|| "?".to_owned()))
            .collect(),
    }
}
