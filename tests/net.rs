//! Real nodes: processes of `smc node`, linked over loopback, as an operator meets them.

#[path = "net/killed.rs"]
mod killed;
#[path = "net/processes.rs"]
mod processes;
#[path = "net/talk.rs"]
mod talk;
