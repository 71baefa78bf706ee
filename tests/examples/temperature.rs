//! The average temperature in town: one message visits twelve nodes.

use sm_bytecode::TrapKind;

use crate::stage::{Outcome, Play, Ran, Trouble};

fn town() -> Play {
    Play::open("temperature.sm", Some("town.net.toml"))
}

/// 75 + 75 + 85 + 95 + 75 + 75 + 85 + 0 + 80 + 80 + 70 + 80 = 875; 875 / 12 = 72.91666666666667.
fn is_right(ran: &Ran) -> Result<(), String> {
    let right = ran.output == ["12 thermometers, mean 72.9 F"]
        && ran.outcome == Outcome::Done("72.91666666666667".to_owned());
    if right {
        Ok(())
    } else {
        Err("not the mean of twelve".to_owned())
    }
}

/// Where neighbors vanish a walk may miss some, and the way home may be cut for too long. What it
/// reports must still be the mean of what it has seen.
fn is_honest(ran: &Ran) -> Result<(), String> {
    match (&ran.outcome, &ran.output[..]) {
        (Outcome::Done(_), [line]) => {
            let (count, _) = line
                .split_once(" thermometers, mean ")
                .ok_or("another line")?;
            let count: u32 = count.parse().map_err(|_| "no count")?;
            if (1..=12).contains(&count) {
                Ok(())
            } else {
                Err(format!("{count} thermometers"))
            }
        }
        (Outcome::Trap(Some(TrapKind::UnwrapErr)), []) => Ok(()),
        _ => Err("neither a mean nor a failure to come home".to_owned()),
    }
}

/// A launch that its node had not stored when it crashed is no message yet.
fn is_honest_or_never_began(ran: &Ran) -> Result<(), String> {
    if ran.outcome == Outcome::NeverBegan {
        Ok(())
    } else {
        is_honest(ran)
    }
}

#[test]
fn captured_at_every_safepoint() {
    town().captured(&[]);
}

#[test]
fn plainly() {
    is_right(&town().run(0, &[])).expect("the mean");
}

#[test]
fn with_delay() {
    town().with(Trouble::Delay).sweep(&[], is_right);
}

#[test]
fn with_sessions_that_break() {
    town().with(Trouble::Breaks).sweep(&[], is_honest);
}

#[test]
fn with_nodes_that_crash() {
    town()
        .with(Trouble::Crashes)
        .sweep(&[], is_honest_or_never_began);
}
