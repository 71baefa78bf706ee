//! The standard library of Smart Messages: its modules are written in the language and embedded here.

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
