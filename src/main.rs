//! The program `smc`. Everything is in its library, where tests and fuzz targets can reach it.

use std::process::ExitCode;

/// A node lives on allocations that soon end: `docs/decisions/0032-allocator.md`.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    smc::main()
}
