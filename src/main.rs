//! The command line of Smart Messages.

fn main() {}
