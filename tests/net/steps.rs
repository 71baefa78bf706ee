//! A node dies, as of `kill -9`, at each step of a hop: what is left is what the protocol promises.

#[path = "steps/case.rs"]
mod case;
#[path = "steps/pair.rs"]
mod pair;
#[path = "steps/told.rs"]
mod told;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use sm_net::control::protocol::Doing;

use case::{Case, Message, Told};
use pair::{Lane, Pair, Seen};

/// How many pairs live at a time: they wait for each other most of the time.
const LANES: usize = 12;

/// After how much silence a node takes the other for dead, and what may come on top of it: calls
/// that are repeated, some hops, and what a busy machine adds.
const IDLE: Duration = Duration::from_millis(750);
const SLACK: Duration = Duration::from_secs(8);

impl Case {
    /// Whether nothing will change any more.
    fn has_settled(&self, seen: &[Option<Seen>; 2]) -> bool {
        let living = seen.iter().flatten();
        let all_live = living.clone().count() == 2;
        let linked = living.clone().filter(|seen| seen.linked).count();
        let doubts = u64::from(self.left.doubt && !all_live);
        let counted: u64 = living.clone().map(|seen| seen.in_doubt).sum();
        let listed = living.clone().flat_map(|seen| seen.messages.values());
        let (unclear, stand): (Vec<&Doing>, Vec<&Doing>) =
            listed.partition(|doing| matches!(doing, Doing::InDoubt(_)));
        let still = |doing: &Doing| match doing {
            Doing::Blocked(until) => !all_live || until.is_none(),
            Doing::Ready | Doing::Moving(_) | Doing::InDoubt(_) => false,
        };
        linked == if all_live { 2 } else { 0 }
            && (counted, unclear.len() as u64) == (doubts, doubts)
            && stand.iter().all(|doing| still(doing))
            && stand.len() == usize::from(self.left.message == Message::Lives)
    }

    /// Whether what who waits was told is true.
    fn check(&self, told: &Value, stays: u64) {
        let (end, known) = (&told["end"], told["known"].as_str().unwrap_or_default());
        match self.left.told {
            Told::Done => {
                assert_eq!(end, "done", "{told}");
                assert_eq!(told["result"], (stays - 1).to_string(), "{told}");
            }
            Told::Killed => {
                assert_eq!(end, "killed", "{told}");
                let reason = "the node it moved to had lost its memory";
                assert_eq!(told["reason"], reason, "{told}");
                assert!(known.ends_with("and was lost with that node"), "{told}");
            }
            Told::HomeEnded => {
                assert_eq!(end, "unknown", "{told}");
                assert!(!known.starts_with("it is"), "{told}");
            }
            Told::Nothing => {
                assert_eq!(end, "interrupted", "{told}");
                assert!(known.contains("nothing is known since"), "{told}");
            }
        }
    }
}

fn live_through(pair: &mut Pair<'_>, case: &Case) {
    pair.until("a link", |seen| {
        seen.iter().flatten().all(|seen| seen.linked)
    });
    pair.send();
    for (number, death) in case.deaths.iter().enumerate() {
        pair.die(death.node);
        if case.comes_back || number + 1 < case.deaths.len() {
            pair.start(death.node);
        }
    }
    let took = pair.until("a standstill", |seen| case.has_settled(seen));
    assert!(took < IDLE + SLACK, "a standstill after {took:?}");
    pair.call_off();
    let told = pair.told(case.left.told == Told::Nothing);
    let stays = pair.stays();
    let twice = stays.values().any(|count| *count > 1);
    assert!(!twice, "at one stay twice: {stays:?}");
    case.check(&told, stays.len() as u64);
}

#[test]
fn a_node_may_die_at_any_step() {
    let cases = case::all();
    assert!(cases.len() >= 200, "{}", cases.len());
    let left = Mutex::new(cases.iter());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let (left, failed) = (&left, &failed);
            scope.spawn(move || {
                let mut lane = Lane::new(&format!("steps{lane}"));
                let next = || left.lock().expect("nobody panics with it").next();
                while let Some(case) = next() {
                    let run = || live_through(&mut lane.pair(case), case);
                    if catch_unwind(AssertUnwindSafe(run)).is_err() {
                        let case = case.to_string();
                        failed.lock().expect("nobody panics with it").push(case);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("nobody panics with it");
    assert!(failed.is_empty(), "{} failed: {failed:#?}", failed.len());
}
