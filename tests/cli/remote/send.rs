//! `smc send`: programs on running nodes.

use sm_core::launch::SignedLaunch;
use sm_net::control::protocol::{Answer, End, Refusal, Request, What};

use super::fake::{self, Fake, Folder, LAUNCH, N1, N2, Running, event};
use crate::smc::Ran;

const FIRST: [u8; 32] = [0x5e; 32];

/// A node at which the program does this.
fn node(folder: &Folder, whats: Vec<([u8; 32], What)>) -> Running {
    folder.node(
        "n1",
        Fake::new(move |request| match request {
            Request::Launch(launch) => {
                let signed = SignedLaunch::verify(&launch.record).expect("it is signed");
                assert_eq!(signed.launch.home.0, N1);
                assert!(!launch.content.is_empty());
                let mut answers = vec![Answer::Launched {
                    message: FIRST,
                    launch: LAUNCH,
                }];
                if launch.watch {
                    let events = whats.iter().cloned();
                    answers.extend(
                        events.map(|(message, what)| {
                            Answer::Event(Box::new(event(message, 0, what)))
                        }),
                    );
                }
                answers
            }
            _ => fake::usual(request),
        }),
    )
}

/// The end of `fn main() -> Int` with 42.
fn done() -> End {
    let types = sm_bytecode::TypeTable::from_types(vec![sm_bytecode::Type::Int]);
    let ix = sm_bytecode::TypeIx(0);
    let value = sm_vm::value::encode(&sm_vm::Value::Int(42), &types, ix).expect("a number");
    End::Done {
        ty: types.hash(ix).expect("a type").0,
        value,
    }
}

fn first(whats: Vec<What>) -> Vec<([u8; 32], What)> {
    whats.into_iter().map(|what| (FIRST, what)).collect()
}

#[test]
fn the_name_of_the_message_is_data() {
    let folder = Folder::new("send");
    let _n1 = node(&folder, Vec::new());
    folder.check("send", &["send", "remote.sm"]);
    folder.check("send_json", &["send", "remote.sm", "--json", "--to", "n1"]);
    folder.check("send_mistake", &["send", "remote.sm", "3"]);
}

#[test]
fn who_has_no_key_gets_one() {
    let folder = Folder::new("first");
    std::fs::remove_file(folder.key()).expect("the key of the folder");
    let _n1 = node(&folder, Vec::new());
    folder.check("send_first", &["send", "remote.sm"]);
    folder.check("send", &["send", "remote.sm"]);
}

#[test]
fn waiting_shows_what_run_shows() {
    let folder = Folder::new("wait");
    let killed = End::Killed(3, "its lifetime is over".to_owned());
    let whats = first(vec![
        What::Printed("hello".to_owned()),
        What::Leaving(N2),
        What::Left(N2),
        What::Arrived(N2),
    ])
    .into_iter()
    .chain([(
        [9; 32],
        What::Reported {
            at: N2,
            end: killed,
        },
    )])
    .chain(first(vec![What::Reported {
        at: N1,
        end: done(),
    }]));
    let _n1 = node(&folder, whats.collect());
    folder.check("wait", &["send", "remote.sm", "--wait"]);
    folder.check(
        "wait_verbose",
        &["send", "remote.sm", "--wait", "--verbose"],
    );
    folder.check("wait_json", &["send", "remote.sm", "--wait", "--json"]);
}

#[test]
fn a_trap_shows_the_place_in_the_source() {
    let folder = Folder::new("trap");
    let fake = Fake::new(|request| match request {
        Request::Launch(launch) => {
            let signed = SignedLaunch::verify(&launch.record).expect("it is signed");
            let trap = End::Trap {
                kind: sm_bytecode::TrapKind::IntOverflow.code(),
                message: None,
                frames: vec![(signed.launch.brick, signed.launch.function, 0)],
            };
            vec![
                Answer::Launched {
                    message: FIRST,
                    launch: LAUNCH,
                },
                Answer::Event(Box::new(event(FIRST, 0, What::Ended(trap)))),
            ]
        }
        _ => fake::usual(request),
    });
    let _n1 = folder.node("n1", fake);
    folder.check("wait_trap", &["send", "remote.sm", "--wait"]);
}

#[test]
fn a_message_that_left_is_not_forgotten() {
    let folder = Folder::new("left");
    let _n1 = node(&folder, first(vec![What::Leaving(N2), What::Left(N2)]));
    // The node ends.
    let lost = folder.smc(&["send", "remote.sm", "--wait"]);
    ends_with_place(&lost, 3, "it left for n2 ");
}

#[test]
fn waiting_has_an_end() {
    let folder = Folder::new("timeout");
    let fake = Fake::new(|request| match request {
        Request::Launch(_) => vec![
            Answer::Launched {
                message: FIRST,
                launch: LAUNCH,
            },
            Answer::Event(Box::new(event(FIRST, 0, What::Left(N2)))),
        ],
        _ => fake::usual(request),
    });
    let _n1 = folder.node("n1", fake.hanging());
    let late = folder.smc(&["send", "remote.sm", "--wait", "--timeout", "300ms"]);
    ends_with_place(&late, 4, "it left for n2 ");
    assert!(late.stderr.contains("smc kill 5e5e5e5e5e5e"), "{late}");
    let interrupted = folder.interrupted(&["send", "remote.sm", "--wait", "--verbose"]);
    ends_with_place(&interrupted, 130, "it left for n2 ");
    assert!(
        interrupted.stderr.contains("smc follow 5e5e5e5e5e5e"),
        "{interrupted}"
    );
}

fn ends_with_place(ran: &Ran, exit: i32, place: &str) {
    assert_eq!(ran.exit, exit, "{ran}");
    assert!(ran.stderr.contains(place), "{ran}");
    assert!(ran.stderr.contains("nothing is known since"), "{ran}");
}

#[test]
fn a_silent_node_is_not_waited_for_longer() {
    let folder = Folder::new("silent");
    let _n1 = folder.node("n1", Fake::new(|_| Vec::new()).hanging());
    folder.check("send_silent", &["send", "remote.sm", "--timeout", "100ms"]);
}

#[test]
fn a_refused_program_is_told_what_to_do() {
    let folder = Folder::new("policy");
    let _n1 = folder.node(
        "n1",
        Fake::new(|request| match request {
            Request::Launch(_) => vec![Answer::Refused(Refusal {
                by_policy: true,
                reason: "this author is not admitted".to_owned(),
            })],
            _ => fake::usual(request),
        }),
    );
    folder.check("send_refused", &["send", "remote.sm"]);
}
