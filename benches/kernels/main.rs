//! How fast the language is, beside the same programs in C, Lua and JavaScript, in one run.
//!
//!     cargo bench -p smc --bench kernels            # all of it: some minutes
//!     cargo bench -p smc --bench kernels -- --quick # once, small, to see that all agree
//!     cargo bench -p smc --bench kernels -- --only fib,sieve --engine interp --rounds 9
//!     cargo bench -p smc --bench kernels -- --engine unmetered,jit # what fuel and safepoints cost
//!
//! What is measured, and how the figures are computed: `docs/benchmarks.md`.

mod child;
mod engine;
mod kernel;
mod measure;
mod report;

use std::process::ExitCode;

use clap::Parser;

use engine::Engine;
use kernel::{Kernel, Size};
use measure::Plan;

/// Measure the language beside C, Lua and JavaScript
#[derive(Debug, Parser)]
struct Options {
    /// Small sizes and one round: to see that all agree
    #[arg(long)]
    quick: bool,

    /// Only these kernels, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,

    /// Only these engines, and C; with `unmetered` that in place of C
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    engine: Vec<String>,

    /// How often each kernel is run; the least time counts [default: 5]
    #[arg(long, conflicts_with = "quick", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,

    /// Write one JSON object instead of a table
    #[arg(long)]
    json: bool,

    /// Fail if the tools of an engine are missing, instead of leaving it out
    #[arg(long)]
    require_all: bool,

    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

const ROUNDS: u32 = 5;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("Error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let kernels = kernel::named(&options.only)?;
    let engines = engines(options)?;
    let base = engine::base(&options.engine);
    let plan = if options.quick {
        Plan::build(kernels, engines, Size::Quick)?.measure(base, 1)
    } else {
        let rounds = options.rounds.unwrap_or(ROUNDS);
        Plan::build(kernels, engines, Size::Full)?.measure(base, rounds)
    };
    let measured = plan?;
    if options.json {
        println!("{:#}", report::json(&measured));
    } else {
        print!("{}", report::table(&measured));
    }
    Ok(())
}

/// Those that are asked for and whose tools are here.
fn engines(options: &Options) -> Result<Vec<Engine>, String> {
    let mut engines = Vec::new();
    for (name, engine) in engine::named(&options.engine)? {
        match engine {
            Some(engine) => engines.push(engine),
            None if options.require_all => {
                return Err(format!("the tools of `{name}` are missing"));
            }
            None => eprintln!("the tools of `{name}` are missing: it is left out"),
        }
    }
    Ok(engines)
}
