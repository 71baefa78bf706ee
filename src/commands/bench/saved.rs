//! Benches of an earlier run, in a file.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::source;
use crate::testing::Measured;

/// What was measured, in the order in which it was.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Saved {
    benches: Vec<Bench>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Bench {
    file: String,
    name: String,
    #[serde(flatten)]
    measured: Measured,
}

/// The longest file that is read.
const BYTES: usize = 16 << 20;

impl Saved {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = source::text("saved run", path, BYTES)?;
        serde_json::from_str(&text).map_err(|error| {
            let name = path.display();
            Failure::failed(format!("`{name}` holds no saved benches: {error}"))
                .help("`smc bench --save FILE` writes them")
        })
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(self).expect("numbers and names are JSON");
        text.push('\n');
        fs::write(path, text).map_err(|error| {
            Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
        })
    }

    pub(super) fn add(&mut self, file: &Path, name: &str, measured: &Measured) {
        self.benches.push(Bench {
            file: file.display().to_string(),
            name: name.to_owned(),
            measured: *measured,
        });
    }

    pub(super) fn find(&self, file: &Path, name: &str) -> Option<&Measured> {
        let file = file.display().to_string();
        let mut benches = self.benches.iter();
        let found = benches.find(|bench| bench.file == file && bench.name == name);
        found.map(|bench| &bench.measured)
    }
}
