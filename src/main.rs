//! The program `smc`. Everything is in its library, where tests and fuzz targets can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    smc::main()
}
