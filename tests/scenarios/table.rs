//! The scenarios: each a program, a network, and what has to come of the one in the other. The
//! simulator's tests, those of the examples and those with real processes all run this table.
//!
//! A judge says what is the same wherever a program runs and however fast: results and printed
//! lines. Times, the ways that messages take, and how often they try are not.

/// A program in a network.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Its file, from the root of the project.
    pub(crate) program: &'static str,
    /// The file of the network, from the root of the project.
    pub(crate) network: &'static str,
    /// Where it is launched.
    pub(crate) at: &'static str,
    /// Its arguments; no scenario has others than numbers.
    pub(crate) arguments: &'static [i64],
    /// How many of its messages never end.
    pub(crate) stay: usize,
    /// What has to come of it.
    pub(crate) judge: Judge,
    /// The same where sessions break, if that may happen to it, and the node whose sessions do
    /// where only those of one can be made to.
    pub(crate) broken: Option<(&'static str, Judge)>,
    /// A node that it can do without, and what has to come then.
    pub(crate) without: Option<(&'static str, Judge)>,
}

impl Scenario {
    /// The arguments as a launch has them: zigzag, then LEB128.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in self.arguments {
            let mut rest = ((number << 1) ^ (number >> 63)) as u64;
            while rest >= 0x80 {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
        }
        bytes
    }
}

/// Says what is wrong with a run.
pub(crate) type Judge = fn(&Ran) -> Result<(), String>;

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ran {
    /// What was printed anywhere, in the order in which that was seen: at one node it is the order
    /// in which it was printed.
    pub(crate) output: Vec<String>,
    pub(crate) outcome: Outcome,
}

/// How the first message ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Its result as the language writes it.
    Done(String),
    /// A call of `!` on an error.
    UnwrapErr,
    /// Another trap, or the node ended it.
    Died(String),
    /// Its node crashed before it had stored the launch: nothing was promised yet.
    NeverBegan,
    /// It has not ended: it is lost, or stands where it cannot go on.
    Silent,
}

pub(crate) const SCENARIOS: &[&Scenario] =
    &[&TOWN, &FIRE, &SELF_ROUTING, &LED, &THERE, &WALKERS, &SEARCH];

pub(crate) const TOWN: Scenario = Scenario {
    name: "town",
    program: "examples/temperature.sm",
    network: "examples/town.net.toml",
    at: "n1",
    arguments: &[],
    stay: 0,
    judge: twelve_thermometers,
    broken: Some(("n6", some_thermometers)),
    without: Some(("n12", eleven_thermometers)),
};

pub(crate) const FIRE: Scenario = Scenario {
    name: "fire",
    program: "examples/fire.sm",
    network: "examples/fire.net.toml",
    at: "brigade",
    arguments: &[],
    stay: 0,
    judge: the_fire,
    broken: Some(("mast", the_fire)),
    without: Some(("farm", the_fire)),
};

/// Every node of the line is on the way.
pub(crate) const SELF_ROUTING: Scenario = Scenario {
    name: "self_routing",
    program: "examples/self_routing.sm",
    network: "examples/self_routing.net.toml",
    at: "n1",
    arguments: &[],
    stay: 0,
    judge: the_gold,
    broken: Some(("n2", the_gold)),
    without: None,
};

/// There is one node, and so no session: the lamp and who serves it stay there.
pub(crate) const LED: Scenario = Scenario {
    name: "led",
    program: "examples/led.sm",
    network: "tests/scenarios/device.net.toml",
    at: "home",
    arguments: &[2],
    stay: 2,
    judge: six_blinks,
    broken: None,
    without: None,
};

/// It takes no error for an answer: where a session breaks it counts what it did not walk.
pub(crate) const THERE: Scenario = Scenario {
    name: "there",
    program: "tests/scenarios/there.sm",
    network: "tests/scenarios/line.net.toml",
    at: "n1",
    arguments: &[],
    stay: 0,
    judge: three_hops,
    broken: None,
    without: None,
};

pub(crate) const WALKERS: Scenario = Scenario {
    name: "walkers",
    program: "tests/scenarios/walkers.sm",
    network: "tests/scenarios/ring.net.toml",
    at: "n1",
    arguments: &[],
    stay: 0,
    judge: six_walkers,
    broken: Some(("n2", six_walkers)),
    without: Some(("n4", six_walkers)),
};

pub(crate) const SEARCH: Scenario = Scenario {
    name: "search",
    program: "tests/examples/searcher.sm",
    network: "tests/scenarios/random.net.toml",
    at: "n1",
    arguments: &[],
    stay: 0,
    judge: the_place,
    broken: Some(("n8", the_place_if_anything)),
    without: None,
};

fn has(ran: &Ran, output: &[&str], result: &str) -> Result<(), String> {
    if ran.output != output {
        Err("it prints something else".to_owned())
    } else if ran.outcome != Outcome::Done(result.to_owned()) {
        Err("it ends with something else".to_owned())
    } else {
        Ok(())
    }
}

/// 75 + 75 + 85 + 95 + 75 + 75 + 85 + 0 + 80 + 80 + 70 + 80 = 875; 875 / 12 = 72.91666666666667.
fn twelve_thermometers(ran: &Ran) -> Result<(), String> {
    has(ran, &["12 thermometers, mean 72.9 F"], "72.91666666666667")
}

/// Without the last, 875 - 80 = 795; 795 / 11 = 72.27272727272727.
fn eleven_thermometers(ran: &Ran) -> Result<(), String> {
    has(ran, &["11 thermometers, mean 72.3 F"], "72.27272727272727")
}

/// Where neighbors vanish a walk may miss some, and the way home may be cut for too long. What it
/// reports must still be the mean of what it has seen.
pub(crate) fn some_thermometers(ran: &Ran) -> Result<(), String> {
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
        (Outcome::UnwrapErr, []) => Ok(()),
        _ => Err("neither a mean nor a failure to come home".to_owned()),
    }
}

fn the_fire(ran: &Ran) -> Result<(), String> {
    let printed = "fire at 39.7817 N, -89.6501 E";
    has(ran, &[printed], "(39.7817, -89.6501)")
}

fn the_gold(ran: &Ran) -> Result<(), String> {
    has(ran, &["found gold"], "\"gold\"")
}

fn six_blinks(ran: &Ran) -> Result<(), String> {
    has(ran, &["* on", "  off"].repeat(6), "()")
}

fn three_hops(ran: &Ran) -> Result<(), String> {
    has(ran, &["609 after 3 hops"], "609")
}

/// Every walker has come to its end, and each once, in whatever order.
fn six_walkers(ran: &Ran) -> Result<(), String> {
    no_walker_twice(ran)?;
    match (ran.output.len(), &ran.outcome) {
        (6, Outcome::Done(six)) if six == "6" => Ok(()),
        (count, _) => Err(format!("of the walkers {count} came to their end")),
    }
}

/// Where nodes die walkers may be lost, and none is doubled.
pub(crate) fn no_walker_twice(ran: &Ran) -> Result<(), String> {
    let mut lines = ran.output.clone();
    lines.sort();
    lines.dedup();
    let known = |line: &String| line.starts_with("walker ") && line.ends_with(" is done");
    if lines.len() < ran.output.len() {
        Err("a walker ended twice".to_owned())
    } else if !lines.iter().all(known) {
        Err("who is that".to_owned())
    } else {
        Ok(())
    }
}

fn the_place(ran: &Ran) -> Result<(), String> {
    has(ran, &[], "true")
}

/// It ends far from home, and the report of it may be lost with a session.
fn the_place_if_anything(ran: &Ran) -> Result<(), String> {
    match ran.outcome {
        Outcome::Silent => Ok(()),
        _ => the_place(ran),
    }
}
