//! The standard library of Smart Messages: its modules are written in the language and embedded
//! here.

mod hints;

use std::sync::OnceLock;

use sm_compiler::check::{PRELUDE, TESTING};
use sm_compiler::lower::PrebuiltModule;

pub use hints::hint;

/// Every module of the library with its text, ascending by path.
pub const MODULES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// The text of a module, such as `prelude` or `route/pull`.
#[must_use]
pub fn source(path: &str) -> Option<&'static str> {
    let at = MODULES
        .binary_search_by(|(known, _)| (*known).cmp(path))
        .ok()?;
    Some(MODULES[at].1)
}

/// The modules that a program may import, ascending by path. It has the prelude without that, and
/// simulated networks where it has tests.
pub fn importable() -> impl Iterator<Item = &'static str> {
    let paths = MODULES.iter().map(|(path, _)| *path);
    paths.filter(|path| ![PRELUDE, TESTING].contains(path))
}

/// The modules with the bricks that they were compiled to when this crate was built.
///
/// # Panics
/// If the crate was built wrongly.
#[must_use]
pub fn prebuilt() -> &'static [PrebuiltModule] {
    static MODULES: OnceLock<Vec<PrebuiltModule>> = OnceLock::new();
    static BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/prebuilt.bin"));
    MODULES.get_or_init(|| {
        PrebuiltModule::decode_all(BYTES).expect("the build script wrote what is read here")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_by_path() {
        assert!(source("prelude").is_some_and(|text| text.contains("enum Result")));
        assert!(source("route/pull").is_some_and(|text| text.contains("fn migrate")));
        assert_eq!(source("route/none"), None);
        assert!(MODULES.is_sorted());
    }
}
