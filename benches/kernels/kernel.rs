//! The kernels and their sizes. Each has a folder of its name with one program for each language.

use std::path::{Path, PathBuf};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kernel {
    pub(crate) name: &'static str,
    full: u32,
    quick: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Size {
    Full,
    Quick,
}

const fn kernel(name: &'static str, full: u32, quick: u32) -> Kernel {
    Kernel { name, full, quick }
}

/// The full size stays within what a message may use by default: fuel, heap, a turn's fuel.
const KERNELS: [Kernel; 19] = [
    kernel("fib", 32, 1),
    kernel("collatz", 300_000, 2_000),
    kernel("leibniz", 300, 2),
    kernel("integrate", 100, 1),
    kernel("sieve", 40, 1),
    kernel("matmul", 300, 30),
    kernel("nbody", 300_000, 1_000),
    kernel("spectral", 700, 30),
    kernel("mandelbrot", 800, 50),
    kernel("fannkuch", 9, 6),
    kernel("queens", 12, 6),
    kernel("trees", 16, 8),
    kernel("quicksort", 20, 1),
    kernel("crc", 300, 2),
    kernel("strings", 300, 3),
    kernel("intmap", 60, 1),
    kernel("strmap", 100, 1),
    kernel("closures", 8_000, 20),
    kernel("expr", 20_000, 50),
];

/// What starting and ending takes: measured like a kernel, and taken off each.
pub(crate) const EMPTY: Kernel = kernel("empty", 1, 1);

/// Those with these names, or all.
pub(crate) fn named(names: &[String]) -> Result<Vec<Kernel>, String> {
    if let Some(unknown) = names
        .iter()
        .find(|name| KERNELS.iter().all(|kernel| kernel.name != **name))
    {
        return Err(format!(
            "no kernel `{unknown}`; there are {}",
            KERNELS.map(|kernel| kernel.name).join(", ")
        ));
    }
    let is_wanted =
        |kernel: &Kernel| names.is_empty() || names.iter().any(|one| one == kernel.name);
    Ok(KERNELS.into_iter().filter(is_wanted).collect())
}

impl Kernel {
    pub(crate) fn size(self, size: Size) -> u32 {
        match size {
            Size::Full => self.full,
            Size::Quick => self.quick,
        }
    }

    pub(crate) fn source(self, extension: &str) -> PathBuf {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/kernels");
        programs
            .join(self.name)
            .join(format!("{}.{extension}", self.name))
    }
}
