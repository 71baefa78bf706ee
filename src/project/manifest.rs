//! The file `sm.toml`.

use sm_compiler::ast::{FileId, ImportRoot, ItemKind, Span};
use sm_compiler::diagnostic::{Diagnostic, code};
use sm_sim::reading::{self, Field, FileError, Problems, Table};

/// Where the main program is, if the file does not say.
const MAIN: &str = "src/main.sm";

/// What `sm.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: Option<String>,
    /// From the project's folder, and where that is said.
    pub(crate) main: (String, Span),
    /// In the order of the file.
    pub(crate) dependencies: Vec<Dependency>,
}

/// Another project whose modules this one imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// From the project's folder.
    pub(crate) path: String,
    /// Of the name.
    pub(crate) span: Span,
}

impl Manifest {
    /// Reads a project file; everything that is wrong with it is told.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let read = reading::document(text, top);
        match read {
            Ok(read) => Ok(read.expect("without problems there is a manifest")),
            Err(errors) => Err(independent(errors.0).into_iter().map(mistake).collect()),
        }
    }
}

fn top(problems: &mut Problems<'_>, mut file: Table<'_>) -> Option<Manifest> {
    let name = file
        .need(problems, "name")
        .and_then(|field| name(problems, &field));
    let version = file
        .need(problems, "version")
        .and_then(|field| version(problems, &field));
    let description = file
        .take("description")
        .and_then(|field| field.string(problems))
        .map(str::to_owned);
    let main = match file.take("main") {
        Some(field) => main(problems, &field),
        None => Some((MAIN.to_owned(), Span::default())),
    };
    let table = file
        .take("dependencies")
        .and_then(|field| field.table(problems));
    let table = table.map(|table| dependencies(problems, table));
    file.finish(problems);
    Some(Manifest {
        name: name?,
        version: version?,
        description,
        main: main?,
        dependencies: table.unwrap_or_default(),
    })
}

fn name(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<String> {
    let name = field.string(problems)?;
    match unusable(name) {
        None => Some(name.to_owned()),
        Some(why) => {
            let help = name_like(name).map(|name| format!("for example `{name}`"));
            problems.add_with_help(field.span(), &field.key, why, help);
            None
        }
    }
}

fn version(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<String> {
    let version = field.string(problems)?;
    let parts: Vec<&str> = version.split('.').collect();
    let number = |part: &&str| part.parse::<u32>().is_ok_and(|n| n.to_string() == **part);
    if parts.len() != 3 || !parts.iter().all(number) {
        field.expected(problems, "three numbers such as \"0.1.0\"");
        return None;
    }
    Some(version.to_owned())
}

fn main(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<(String, Span)> {
    let main = field.string(problems)?;
    if !main.ends_with(".sm") || main.starts_with('/') || main.split('/').any(|part| part == "..") {
        field.expected(problems, "a file of the project such as \"src/main.sm\"");
        return None;
    }
    Some((main.to_owned(), span(field.span())))
}

fn dependencies(problems: &mut Problems<'_>, table: Table<'_>) -> Vec<Dependency> {
    let mut found = Vec::new();
    for (name, field) in table.rest() {
        if let Some(why) = unusable(name) {
            problems.add(field.key_span.clone(), &field.key, why);
        }
        let Some(mut table) = field.table(problems) else {
            continue;
        };
        let path = table
            .need(problems, "path")
            .and_then(|path| path.string(problems));
        table.finish(problems);
        if let Some(path) = path {
            found.push(Dependency {
                name: name.to_owned(),
                path: path.to_owned(),
                span: span(field.key_span.clone()),
            });
        }
    }
    found
}

fn span(range: std::ops::Range<usize>) -> Span {
    Span::new(range.start as u32, range.end as u32)
}

/// A key that is misspelled is not missing as well.
fn independent(errors: Vec<FileError>) -> Vec<FileError> {
    let meant: Vec<String> = errors
        .iter()
        .filter_map(|error| error.help.clone())
        .collect();
    let is_meant = |error: &FileError| {
        let key = error.message.strip_suffix(" is missing");
        key.is_some_and(|key| meant.contains(&format!("did you mean {key}?")))
    };
    errors
        .into_iter()
        .filter(|error| !is_meant(error))
        .collect()
}

/// Every mistake of form has one code: what is wrong, its message says.
fn mistake(error: FileError) -> Diagnostic {
    let message = match error.key.as_str() {
        "" => error.message,
        key => format!("`{key}`: {}", error.message),
    };
    let found = Diagnostic::error(code::BAD_PROJECT, FileId(0), span(error.span), message);
    match error.help {
        Some(help) => found.help(help),
        None => found,
    }
}

/// Why a project cannot be called so; `None` if it can.
fn unusable(name: &str) -> Option<String> {
    if !is_module_name(name) {
        let rule = "a name has letters, digits and `_`, begins with no digit, and is no keyword";
        return Some(format!("`{name}` is no name for a project: {rule}"));
    }
    let library = sm_stdlib::MODULES.iter().any(|(path, _)| {
        let first = path.split('/').next();
        first == Some(name)
    });
    library.then(|| format!("`{name}` is taken: the standard library has modules of this name"))
}

/// Whether `import NAME/x` can be written, and does not mean the library.
pub(crate) fn is_module_name(name: &str) -> bool {
    let (module, diagnostics) = sm_compiler::parse(FileId(0), &format!("import {name}/x\n"));
    let [item] = module.items.as_slice() else {
        return false;
    };
    let ItemKind::Import(import) = &item.kind else {
        return false;
    };
    let plain = import.path.root == ImportRoot::Library && import.path.segments.len() == 2;
    diagnostics.is_empty() && plain && *import.path.segments[0].name == *name
}

/// A name that can be used and is near to this one, if there is one.
pub(crate) fn name_like(name: &str) -> Option<String> {
    let plain = name.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        _ => '_',
    });
    let plain: String = plain.collect();
    let candidates = [plain.trim_matches('_').to_owned(), format!("my_{plain}")];
    candidates
        .into_iter()
        .filter(|_| name.contains(|c: char| c.is_ascii_alphanumeric()))
        .find(|name| unusable(name).is_none())
}

/// Why a new project cannot be called so.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    unusable(name).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let found = Manifest::parse(text).expect_err("it is wrong");
        let lines: Vec<String> = found
            .iter()
            .map(|one| format!("{}: {} {:?}", one.primary.span.start, one.message, one.help))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn a_project_says_what_it_is() {
        let text =
            "name = \"town\"\nversion = \"0.1.0\"\n[dependencies]\ngeo = { path = \"../geo\" }\n";
        let read = Manifest::parse(text).expect("it is good");
        assert_eq!((&*read.name, &*read.version), ("town", "0.1.0"));
        assert_eq!(read.main.0, MAIN);
        assert_eq!(read.dependencies[0].path, "../geo");
        assert_eq!(&text[read.dependencies[0].span.range()], "geo");
    }

    #[test]
    fn all_mistakes_are_told() {
        let said = wrong("nmae = \"town\"\nversion = \"1\"\nmain = \"../x.sm\"\n");
        for part in ["did you mean `name`?", "three numbers", "a file of the"] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(wrong("name = \"a-b\"\nversion = \"0.1.0\"").contains("for example `a_b`"));
        assert!(wrong("name = \"fn\"\nversion = \"0.1.0\"").contains("keyword"));
        assert!(wrong("name = \"route\"\nversion = \"0.1.0\"").contains("standard library"));
    }

    #[test]
    fn names_are_names_of_modules() {
        assert!(is_module_name("town") && is_module_name("_a1") && is_module_name("Town"));
        for name in [
            "",
            "a b",
            "a-b",
            "1a",
            "fn",
            "ä",
            "a/b",
            ".",
            "a.b",
            "./a",
            "a\nimport b",
        ] {
            assert!(!is_module_name(name), "{name}");
        }
        assert_eq!(name_like("my-town").as_deref(), Some("my_town"));
        assert_eq!(name_like("fn").as_deref(), Some("my_fn"));
        assert_eq!(name_like("--"), None);
    }
}
