//! What a hop costs, beside the bare QUIC stream that carries it and plain TCP, in one run.
//!
//!     cargo bench -p sm-net --bench hops            # all of it
//!     cargo bench -p sm-net --bench hops -- --quick # once, small, to see that it works
//!     cargo bench -p sm-net --bench hops -- --size 1024  # states of one size only, one at a time
//!     cargo bench -p sm-net --bench hops -- --depth      # only many at a time
//!
//! The other end is a process of its own: this program, started again.

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod bare;
mod core;
mod cost;
mod pair;
mod peer;

use cost::Costs;
use pair::{Grade, Pair};

/// How much is measured.
#[derive(Clone, Copy)]
struct Plan {
    /// Round trips, or hops there and back, of one block.
    rounds: u32,
    /// Blocks of each kind. They are measured in turn, so that all meet the same machine.
    blocks: u32,
}

const FULL: Plan = Plan {
    rounds: 500,
    blocks: 41,
};
const QUICK: Plan = Plan {
    rounds: 50,
    blocks: 2,
};

/// Sizes of states in bytes.
const SIZES: [usize; 4] = [1 << 10, 16 << 10, 100 << 10, 1 << 20];

const DEPTH: u32 = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(role) = arguments.iter().position(|one| one == "--peer") {
        core::keep_to_others();
        return peer::live(&arguments[role + 1..]);
    }
    core::keep_to_one();
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
    let deep = arguments.iter().any(|one| one == "--depth");
    runtime.block_on(async {
        if !deep {
            one_at_a_time(plan, size).await;
        }
        if size.is_none() {
            at_once(plan).await;
        }
    });
}

async fn one_at_a_time(plan: Plan, only: Option<usize>) {
    println!(
        "one way, µs (minimum of {}; CPU µs of both); ratios of minima (and median of neighbors)",
        plan.blocks
    );
    println!(
        "{:>8} {:>17} {:>17} {:>17} {:>17} {:>13} {:>13}",
        "state", "tcp", "quic", "fast", "exact", "fast/quic", "exact/quic"
    );
    for size in SIZES
        .into_iter()
        .filter(|size| only.is_none_or(|only| only == *size))
    {
        one_way(plan, size).await;
    }
}

/// One round trip, or one message that moves there and back, after the other.
async fn one_way(plan: Plan, size: usize) {
    // A long state takes its time to be made: it moves often enough for that to be little.
    let rounds = (plan.rounds / (1 + size as u32 / (64 << 10))).max(plan.rounds / 5) & !1;
    let mut bare = (bare::Tcp::start().await, bare::Quic::start().await);
    let mut pair = Pair::start().await;
    let [mut tcp, mut quic, mut fast, mut exact] = [(); 4].map(|()| Costs::default());
    for block in 0..=plan.blocks {
        let costs = [
            bare.0.block(size, rounds).await,
            bare.1.block(size, rounds, 1).await,
            pair.block(size, rounds, 1, Grade::Fast).await,
            pair.block(size, rounds, 1, Grade::Exact).await,
        ];
        // The first finds everything cold.
        if block > 0 {
            for (kind, cost) in [&mut tcp, &mut quic, &mut fast, &mut exact]
                .into_iter()
                .zip(costs)
            {
                kind.add(cost);
            }
        }
    }
    println!(
        "{:>8} {:>17} {:>17} {:>17} {:>17} {:>13} {:>13}",
        size,
        tcp.show(),
        quic.show(),
        fast.show(),
        exact.show(),
        fast.over(&quic),
        exact.over(&quic),
    );
}

/// Many at a time; each of them moves often, so that what it costs to launch it is little.
async fn at_once(plan: Plan) {
    let mut bare = bare::Quic::start().await;
    let mut pair = Pair::start().await;
    let [mut quic, mut exact] = [(); 2].map(|()| Costs::default());
    for block in 0..=plan.blocks {
        let trips = bare.block(1 << 10, plan.rounds, DEPTH).await;
        let hops = pair.block(1 << 10, plan.rounds, DEPTH, Grade::Exact).await;
        if block > 0 {
            quic.add(trips);
            exact.add(hops);
        }
    }
    let (trips, hops) = (quic.rate() / 2.0, exact.rate());
    println!(
        "\n{DEPTH} at a time, 1 KiB: {trips:.0} bare round trips/s, {hops:.0} exact hops/s \
         ({:.2}), {:.1} CPU µs a hop",
        hops / trips,
        exact.cpu(),
    );
}
