//! Lists the modules of the library for the crate to embed, and compiles each to bricks.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sm_compiler::ast::FileId;
use sm_compiler::check::{Loader, Options, Source};
use sm_compiler::diagnostic::Diagnostic;
use sm_compiler::driver::compile;
use sm_compiler::lower::PrebuiltModule;

/// The root of the program that imports all.
const ALL: &str = "./all";

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let folder = root.join("sm");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut modules = Vec::new();
    find(&folder, "", &mut modules);
    modules.sort();
    let mut library = Library { folder, modules };
    let bricks = library.prebuild();
    let bricks = PrebuiltModule::encode_all(&bricks);
    fs::write(out.join("prebuilt.bin"), bricks).expect("the build folder can be written");
    fs::write(out.join("modules.rs"), library.table()).expect("the build folder can be written");
}

/// The paths of all modules below `folder`, as `import` writes them.
fn find(folder: &Path, prefix: &str, modules: &mut Vec<String>) {
    let entries = fs::read_dir(folder).expect("the folder of the library can be read");
    for entry in entries {
        let path = entry.expect("the folder of the library can be read").path();
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            find(&path, &format!("{prefix}{name}/"), modules);
        } else if path.extension().is_some_and(|extension| extension == "sm") {
            modules.push(format!("{prefix}{name}"));
        }
    }
}

struct Library {
    folder: PathBuf,
    /// Paths of modules, ascending.
    modules: Vec<String>,
}

impl Library {
    fn file(&self, module: &str) -> PathBuf {
        self.folder.join(format!("{module}.sm"))
    }

    /// A program that imports every module.
    fn imports(&self) -> String {
        let modules = self
            .modules
            .iter()
            .filter(|module| *module != "prelude")
            .enumerate();
        modules
            .map(|(at, module)| format!("import {module} as _m{at}\n"))
            .collect()
    }

    /// The table that `src/lib.rs` includes.
    fn table(&self) -> String {
        let mut code = String::from("&[\n");
        for module in &self.modules {
            let file = self.file(module).display().to_string();
            writeln!(code, "    ({module:?}, include_str!({file:?})),").expect("a text grows");
        }
        code.push_str("]\n");
        code
    }

    /// Compiles a program that imports every module. A mistake in the library ends the build.
    fn prebuild(&mut self) -> Vec<PrebuiltModule> {
        let options = Options {
            root: ALL.into(),
            ..Options::default()
        };
        let compiled = compile(self, &options, &[]);
        let Some(code) = compiled.code else {
            self.give_up(&compiled.diagnostics)
        };
        let mut out = Vec::new();
        for (at, module) in code.modules.iter().enumerate() {
            let path = &module.manifest.name;
            if path != ALL {
                let source = fs::read_to_string(self.file(path)).expect("it was read before");
                out.push(PrebuiltModule::new(&code, at, &source).expect("its bricks were made"));
            }
        }
        out
    }

    fn give_up(&self, diagnostics: &[Diagnostic]) -> ! {
        for found in diagnostics.iter().filter(|found| found.is_error()) {
            let path = self
                .modules
                .get(found.primary.file.0 as usize)
                .map_or(ALL, String::as_str);
            let text = fs::read_to_string(self.file(path)).unwrap_or_default();
            let before = text
                .get(..found.primary.span.start as usize)
                .unwrap_or_default();
            let line = before.lines().count().max(1);
            println!(
                "cargo::error={path}.sm:{line}: {} {}",
                found.code, found.message
            );
        }
        panic!("the library has mistakes");
    }
}

impl Loader for Library {
    fn load(&mut self, path: &str) -> Option<Source> {
        if path == ALL {
            let file = FileId(u32::MAX);
            return Some(Source {
                file,
                text: self.imports().into(),
            });
        }
        let at = self.modules.iter().position(|module| module == path)?;
        let text = fs::read_to_string(self.file(path)).ok()?;
        Some(Source {
            file: FileId(u32::try_from(at).ok()?),
            text: text.into(),
        })
    }
}
