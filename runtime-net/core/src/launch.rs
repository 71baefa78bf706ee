//! The launch record: what a program is to run, with what, under which limits, by whose word.

/// Why a launch is not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LaunchError {
    /// It ends too early.
    Truncated,
}
