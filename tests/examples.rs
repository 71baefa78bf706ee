//! The programs of the talk and the applications, run plainly, under many seeds with delay, lost
//! sessions and crashes, and captured at every safepoint; how well routing finds its way, and what
//! the library's `net` modules promise.

#[path = "examples/apps.rs"]
mod apps;
#[expect(dead_code, reason = "the cases of the language use the rest of it")]
#[path = "support/compile.rs"]
mod compile;
#[path = "examples/fire.rs"]
mod fire;
#[path = "examples/helpers.rs"]
mod helpers;
#[path = "examples/leader.rs"]
mod leader;
#[path = "examples/led.rs"]
mod led;
#[path = "examples/routing.rs"]
mod routing;
#[path = "examples/self_routing.rs"]
mod self_routing;
#[path = "examples/stage.rs"]
mod stage;
#[expect(
    dead_code,
    reason = "tests of the simulator and of processes use the rest"
)]
#[path = "scenarios/table.rs"]
mod table;
#[path = "examples/temperature.rs"]
mod temperature;
