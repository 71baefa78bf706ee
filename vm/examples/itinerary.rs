//! Runs the bundles that are named, stops each again and again, and tells the states: a line of
//! fuel and bytes for each stop, then how it ended and what the host was asked, then the same of a
//! run that nothing stops.
//!
//! With `--native` everything is compiled to native code before it runs. With `--from FILE`, what
//! another machine has told, each goes on from the state of that machine at each stop. If every
//! machine tells the same, a message can move between them anywhere. See `.ci/elsewhere`.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use sm_bytecode::VerifiedGroup;
use sm_bytecode::bundle::Bundle;
use sm_vm::{AtOnce, Jit, JitOptions, JitStats, Limits, Machine, Outcome, Program};

#[path = "../tests/machine/host.rs"]
#[allow(dead_code, reason = "the tests ask it for more")]
mod host;

use host::ScriptedHost;

/// Fuel that no run exceeds; some programs wait for what never comes.
const ALL_FUEL: u64 = 500_000;

/// Stops at each safepoint for so long, then ever more rarely: there is a stop after each tenth.
const EACH: u64 = 40;

/// The lines behind those of the stops.
const LAST: usize = 4;

fn main() -> ExitCode {
    match tell() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tell() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1).peekable();
    let jit = match args.next_if(|arg| arg == "--native") {
        Some(_) => Some(
            Jit::new(Arc::new(AtOnce), JitOptions::ALWAYS).ok_or("there is no native code here")?,
        ),
        None => None,
    };
    let told = match args.next_if(|arg| arg == "--from") {
        Some(_) => Some(fs::read_to_string(
            args.next().ok_or("--from takes a file")?,
        )?),
        None => None,
    };
    let mut told = told.as_deref().map(str::lines);
    let mut out = std::io::stdout().lock();
    let mut stats = JitStats::default();
    for path in args {
        let bundle =
            Bundle::decode(&fs::read(&path)?).map_err(|error| format!("{path}: {error}"))?;
        let program = link(bundle).map_err(|error| format!("{path}: {error}"))?;
        if let Some(jit) = &jit {
            jit.attach(&program);
        }
        for line in stops(&program, &mut told).map_err(|error| format!("{path}: {error}"))? {
            writeln!(out, "{line}")?;
        }
        stats.add(&program.jit_stats());
    }
    match jit.is_some() && stats.entries == 0 {
        true => Err("no native code ran".into()),
        false => Ok(()),
    }
}

fn link(bundle: Bundle) -> Result<Arc<Program>, Box<dyn Error>> {
    let mut bricks = BTreeMap::new();
    for brick in bundle.bricks {
        let brick = VerifiedGroup::new(brick).map_err(|error| error.to_string())?;
        bricks.insert(brick.hash(), Arc::new(brick));
    }
    Ok(Program::link(&bundle.program, &bundle.modules, |hash| {
        bricks.get(hash).cloned()
    })?)
}

fn stops(
    program: &Arc<Program>,
    told: &mut Option<std::str::Lines<'_>>,
) -> Result<Vec<String>, Box<dyn Error>> {
    let mut host = ScriptedHost::default();
    let limits = Limits::default();
    let mut machine = Machine::start(program.clone(), program.entry(), &[], limits, [7; 32])?;
    let mut lines = Vec::new();
    loop {
        let used = machine.fuel_used();
        let slice = if used < EACH { 1 } else { used / 10 };
        let outcome = machine.run(slice, &mut host);
        if has_ended(&outcome) || machine.fuel_used() > ALL_FUEL {
            lines.push(format!("{} {outcome:?}", machine.fuel_used()));
            lines.push(format!("{:?}", host.log));
            lines.extend(without_stop(program)?);
            if let Some(told) = told {
                told.nth(LAST - 1);
            }
            return Ok(lines);
        }
        let mut state = captured(&machine);
        lines.push(format!("{} {}", machine.fuel_used(), hex(&state)));
        if let Some(told) = told {
            let line = told.next().ok_or("the other machine told less")?;
            let (_, digits) = line
                .split_once(' ')
                .ok_or("the other machine told no state")?;
            state = unhex(digits).ok_or("the other machine told no state")?;
        }
        machine = Machine::restore(program.clone(), &state, limits)?;
        host.answer(&mut machine, &outcome);
    }
}

/// How it ends if it is left alone, or its state when it has used its fuel; and the host's log.
fn without_stop(program: &Arc<Program>) -> Result<[String; 2], Box<dyn Error>> {
    let mut host = ScriptedHost::default();
    let limits = Limits::default();
    let mut machine = Machine::start(program.clone(), program.entry(), &[], limits, [7; 32])?;
    loop {
        let left = ALL_FUEL.saturating_sub(machine.fuel_used());
        let outcome = machine.run(left, &mut host);
        let used = machine.fuel_used();
        let end = match &outcome {
            _ if has_ended(&outcome) => format!("{used} {outcome:?}"),
            _ if used >= ALL_FUEL => format!("{used} {}", hex(&captured(&machine))),
            _ => {
                host.answer(&mut machine, &outcome);
                continue;
            }
        };
        return Ok([end, format!("{:?}", host.log)]);
    }
}

fn has_ended(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Done(_) | Outcome::Trap(_) | Outcome::Kill(_)
    )
}

fn captured(machine: &Machine) -> Vec<u8> {
    let mut state = Vec::new();
    machine.capture(&mut state);
    state
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
