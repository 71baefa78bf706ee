//! Real nodes: processes of `smc node`, linked over loopback, as an operator meets them.

#[path = "net/killed.rs"]
mod killed;
#[path = "net/lan.rs"]
mod lan;
#[path = "net/processes.rs"]
mod processes;
#[path = "net/reload.rs"]
mod reload;
#[path = "net/talk.rs"]
mod talk;
