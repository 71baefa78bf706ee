//! Prebuilt bricks are those that the compiler makes of the same text, and change no program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sm_compiler::ast::FileId;
use sm_compiler::check::{Loader, Options, Source};
use sm_compiler::driver::compile;
use sm_compiler::lower::{Lowered, PrebuiltModule};

/// The library, and modules of a program before it.
struct Files(BTreeMap<String, (FileId, String)>);

impl Files {
    fn new(own: &[(&str, &str)]) -> Self {
        let all = own.iter().chain(sm_stdlib::MODULES);
        let numbered = all
            .zip(0..)
            .map(|((path, text), file)| ((*path).to_owned(), (FileId(file), (*text).to_owned())));
        Self(numbered.collect())
    }
}

impl Loader for Files {
    fn load(&mut self, path: &str) -> Option<Source> {
        let (file, text) = self.0.get(path)?;
        Some(Source {
            file: *file,
            text: text.as_str().into(),
        })
    }
}

fn build(own: &[(&str, &str)], prebuilt: &[PrebuiltModule]) -> Lowered {
    let options = Options {
        root: own[0].0.to_owned(),
        ..Options::default()
    };
    let compiled = compile(&mut Files::new(own), &options, prebuilt);
    compiled
        .code
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

const PROGRAM: &str = r#"
import route/pull
import route/tour { visit_all, go_home }

tag temperature: Float

fn main() -> Float {
    let seen: [Float] = []
    visit_all({temperature}, timeout: 2s, fn() { seen.push(read(temperature)!) })
    go_home()!
    pull.migrate({temperature})!
    print(seen.sorted().map(fn(x) { x * 2.0 }))
    seen.sum()
}
"#;

#[test]
fn a_program_is_the_same_with_and_without_prebuilt_bricks() {
    let own = [("./main", PROGRAM)];
    let plain = build(&own, &[]);
    let fast = build(&own, sm_stdlib::prebuilt());
    let (plain, fast) = (plain.bundle().unwrap(), fast.bundle().unwrap());
    assert_eq!(plain, fast);
    assert_eq!(
        plain.program.modules.len(),
        4,
        "prelude, pull, tour and the program itself"
    );
}

#[test]
fn prebuilt_modules_are_what_their_text_compiles_to() {
    let modules = sm_stdlib::MODULES.iter().zip(0..);
    let modules = modules.filter(|((path, _), _)| *path != "prelude");
    let imports = modules.map(|((path, _), at)| format!("import {path} as _m{at}\n"));
    let imports = imports.collect::<String>() + "fn main() {}";
    let lowered = build(&[("./main", &imports)], &[]);
    for known in sm_stdlib::prebuilt() {
        let name = known.path();
        let now = lowered
            .modules
            .iter()
            .find(|module| module.manifest.name == name)
            .unwrap();
        let code = known.code();
        assert_eq!(now.manifest, code.manifest, "{name}");
        assert_eq!(now.debug, code.debug, "{name}");
        assert_eq!(now.own, code.own, "{name}");
        for (hash, brick) in code.manifest.groups.iter().zip(known.bricks()) {
            assert_eq!(brick.hash(), *hash);
            assert_eq!(lowered.bricks[hash], *brick);
        }
    }
    assert_eq!(sm_stdlib::prebuilt().len(), sm_stdlib::MODULES.len());
}

#[test]
fn prebuilt_bricks_stand_only_for_their_own_text() {
    let changed = sm_stdlib::prebuilt().iter().map(|module| {
        let text = format!("{}\n// another text\n", module.source());
        let mut code = module.code().clone();
        code.manifest.groups.clear();
        PrebuiltModule::of(&text, code, Vec::new())
    });
    let changed: Vec<PrebuiltModule> = changed.collect();
    let own = [("./main", PROGRAM)];
    assert_eq!(build(&own, &changed).bundle(), build(&own, &[]).bundle());
}

#[test]
fn embedded_modules_survive_their_encoding_and_nothing_less() {
    let modules = sm_stdlib::prebuilt();
    let bytes: &'static [u8] = PrebuiltModule::encode_all(modules).leak();
    let read = PrebuiltModule::decode_all(bytes).unwrap();
    assert_eq!(read.len(), modules.len());
    assert_eq!(PrebuiltModule::encode_all(&read), bytes);
    for len in [0, 3, 4, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(
            PrebuiltModule::decode_all(&bytes[..len]).is_none(),
            "{len} bytes"
        );
    }
}

/// Programs from all over, each with the whole prelude and with what it needs of it: a text of many
/// lines is checked with all of it.
#[test]
fn a_program_is_the_same_with_all_of_the_prelude() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = ["examples", "tests/lang", "benches/kernels"].map(|folder| root.join(folder));
    let mut files: Vec<PathBuf> = folders.iter().flat_map(|folder| programs(folder)).collect();
    files.sort();
    assert!(files.len() > 80, "there are {}", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // What imports files of its own is tested where they are found.
        if text.contains("import .") || !text.contains("fn main") {
            continue;
        }
        let long = text.clone() + &"\n".repeat(128 << 10);
        let [whole, outlined] = [&*long, &*text].map(|text| {
            let mut files = Files::new(&[("./main", text)]);
            let options = Options {
                root: "./main".to_owned(),
                ..Options::default()
            };
            compile(&mut files, &options, sm_stdlib::prebuilt())
        });
        let name = file.display();
        assert_eq!(whole.diagnostics, outlined.diagnostics, "{name}");
        let [whole, outlined] = [whole, outlined].map(|one| one.code.map(|code| code.bundle()));
        assert_eq!(whole, outlined, "{name}");
    }
}

/// All programs in a folder and those in it.
fn programs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            found.extend(programs(&path));
        } else if path.extension().is_some_and(|extension| extension == "sm") {
            found.push(path);
        }
    }
    found
}
