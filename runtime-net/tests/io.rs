//! Drivers with the world that they keep tags for: real files, real processes.

#[path = "io/bench.rs"]
mod bench;
#[path = "io/files.rs"]
mod files;
#[path = "io/processes.rs"]
mod processes;
#[path = "io/together.rs"]
mod together;
