//! Lists the modules of the library for the crate to embed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let folder = root.join("sm");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut modules = Vec::new();
    find(&folder, "", &mut modules);
    modules.sort();
    let mut code = String::from("&[\n");
    for module in &modules {
        let file = folder.join(format!("{module}.sm"));
        let file = file.display().to_string();
        writeln!(code, "    ({module:?}, include_str!({file:?})),").expect("a text grows");
    }
    code.push_str("]\n");
    fs::write(out.join("modules.rs"), code).expect("the build folder can be written");
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
