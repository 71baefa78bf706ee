//! What a hop costs, beside the bare QUIC stream that carries it and plain TCP, in one run.
//!
//!     cargo bench -p sm-net --bench hops            # all of it
//!     cargo bench -p sm-net --bench hops -- --quick # once, small, to see that it works
//!     cargo bench -p sm-net --bench hops -- --size 1024  # states of one size only
//!
//! The other end is a process of its own: this program, started again.

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod bare;
mod pair;
mod peer;

use std::time::Duration;

use pair::{Grade, Pair};

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Round trips, or hops there and back, of one measurement.
    rounds: u32,
    /// Measurements, of which the least counts.
    times: u32,
}

const FULL: Plan = Plan {
    rounds: 2_000,
    times: 7,
};
const QUICK: Plan = Plan {
    rounds: 50,
    times: 2,
};

/// Sizes of states in bytes.
const SIZES: [usize; 4] = [1 << 10, 16 << 10, 100 << 10, 1 << 20];

const DEPTH: u32 = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(role) = arguments.iter().position(|one| one == "--peer") {
        return peer::live(&arguments[role + 1..]);
    }
    let plan = if arguments.iter().any(|one| one == "--quick") {
        QUICK
    } else {
        FULL
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let size = arguments.iter().position(|one| one == "--size");
    let size = size.and_then(|at| arguments.get(at + 1)?.parse().ok());
    runtime.block_on(measure(plan, size));
}

async fn measure(plan: Plan, only: Option<usize>) {
    println!(
        "one way, µs (minimum of {}; CPU µs of both processes)",
        plan.times
    );
    println!(
        "{:>9} {:>16} {:>16} {:>16} {:>16}   fast/quic exact/quic",
        "state", "tcp", "quic", "fast", "exact"
    );
    for size in SIZES
        .into_iter()
        .filter(|size| only.is_none_or(|only| only == *size))
    {
        let plan = Plan {
            rounds: (plan.rounds / (1 + size as u32 / (64 << 10))).max(10) & !1,
            ..plan
        };
        let tcp = bare::tcp(plan, size).await;
        let quic = bare::quic(plan, size, 1).await;
        let mut pair = Pair::start().await;
        let fast = pair.one_way(plan, size, Grade::Fast).await;
        let exact = pair.one_way(plan, size, Grade::Exact).await;
        println!(
            "{:>9} {:>16} {:>16} {:>16} {:>16}   {:>9.2} {:>10.2}",
            size,
            tcp.show(),
            quic.show(),
            fast.show(),
            exact.show(),
            fast.over(&quic),
            exact.over(&quic),
        );
    }
    let bare = bare::quic(plan, 1 << 10, DEPTH).await;
    let mut pair = Pair::start().await;
    let deep = pair.many(plan, 1 << 10, DEPTH).await;
    let (rpc, hops) = (bare.rate() / 2.0, deep.rate());
    println!(
        "\n{DEPTH} at a time, 1 KiB: {rpc:.0} bare round trips/s, {hops:.0} exact hops/s ({:.2}), \
         {:.1} CPU µs a hop",
        hops / rpc,
        deep.cpu.as_secs_f64() * 1e6,
    );
}

/// What one way cost.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    wall: Duration,
    cpu: Duration,
}

impl Cost {
    /// The least of several, each divided by how many ways it had.
    pub(crate) fn least(
        measured: impl IntoIterator<Item = (Duration, Duration)>,
        ways: u32,
    ) -> Self {
        let (wall, cpu) = measured.into_iter().min().expect("something was measured");
        Self {
            wall: wall / ways,
            cpu: cpu / ways,
        }
    }

    fn show(&self) -> String {
        format!(
            "{:.1} ({:.1})",
            self.wall.as_secs_f64() * 1e6,
            self.cpu.as_secs_f64() * 1e6
        )
    }

    fn over(&self, other: &Self) -> f64 {
        self.wall.as_secs_f64() / other.wall.as_secs_f64()
    }

    fn rate(&self) -> f64 {
        1.0 / self.wall.as_secs_f64()
    }
}
