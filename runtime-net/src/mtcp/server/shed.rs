//! A server that has too much to do, by its policy: it asks one client after the other to go.

use std::sync::Arc;

use sm_core::ids::Time;
use sm_core::mtcp::ConnectionId;
use sm_core::mtcp::policy::{Decider, Decision, Policy, Sample};
use sm_core::mtcp::wire::Advice;
use tokio::time::sleep_until;

use super::hub::Hub;

/// What a server sees of its machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Readings {
    /// The work that waits for the processors, in thousandths of what they can do at once.
    pub load: Option<u64>,
    /// The bytes of memory that are free.
    pub free: Option<u64>,
}

impl Readings {
    /// Those of this machine, where it is Linux: the load of the last minute, and what programs may
    /// still have.
    pub fn of_this_machine() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg").split(' ').next().map(str::to_owned);
        let load = load.and_then(|load| load.parse::<f64>().ok());
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let memory = read("/proc/meminfo");
        let free = memory
            .lines()
            .find_map(|line| line.strip_prefix("MemAvailable:"));
        let free = free.and_then(|free| free.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Self {
            load: load.map(|load| (load * 1_000.0 / processors as f64) as u64),
            free: free.map(|free| free * 1_024),
        }
    }
}

/// Asks clients to go elsewhere as a policy says, as long as the listener is there.
pub(super) async fn shed(hub: Arc<Hub>, policy: Policy) {
    let mut decider = Decider::new(policy, hub.clock.now());
    let mut last = ConnectionId::default();
    loop {
        let now = hub.clock.now();
        let Readings { load, free } = (hub.options.readings)();
        let sample = Sample {
            load,
            free,
            ..Sample::default()
        };
        if let Decision::Move(_) = decider.sample(now, &sample) {
            match hub.send_one_away(last) {
                Some(id) => {
                    last = id;
                    decider.moved(now);
                }
                None => decider.failed(now),
            }
        }
        let due = decider.due(now);
        if due == Time::NEVER {
            return;
        }
        sleep_until(hub.clock.instant(due).into()).await;
    }
}

impl Hub {
    /// Asks the next client that can go, in the order of names, so that all have their turn.
    fn send_one_away(&self, last: ConnectionId) -> Option<ConnectionId> {
        let all = self.all();
        let behind = all.partition_point(|conn| conn.id <= last);
        let mut turn = all[behind..].iter().chain(&all[..behind]);
        let sent = turn.find(|conn| self.send_away(conn, (Advice::Load, None)).is_ok());
        sent.map(|conn| conn.id)
    }
}
