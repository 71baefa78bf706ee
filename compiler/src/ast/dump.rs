//! The tree as text: a compact s-expression, for snapshots and for `smc emit ast`.

use super::Module;

/// Writes `module` as nested lists, one item or statement a line.
#[must_use]
pub fn dump(module: &Module) -> String {
    format!("{module:#?}")
}
