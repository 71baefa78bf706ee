//! Real nodes: processes of `smc node`, linked over loopback, as an operator meets them.

#[path = "net/clients.rs"]
mod clients;
#[path = "net/hostile.rs"]
mod hostile;
#[path = "net/killed.rs"]
mod killed;
#[path = "net/lan.rs"]
mod lan;
#[path = "net/processes.rs"]
mod processes;
#[path = "net/reload.rs"]
mod reload;
#[path = "net/scenarios.rs"]
mod scenarios;
#[path = "net/services.rs"]
mod services;
#[path = "net/steps.rs"]
mod steps;
#[expect(
    dead_code,
    reason = "tests of the simulator and of the examples use the rest"
)]
#[path = "scenarios/table.rs"]
mod table;
#[path = "net/talk.rs"]
mod talk;
