//! The applications: EZCab, TrafficView, tracking, inventory, intrusion watch. What each promises
//! is tried with many seeds and what can go wrong; what each prints has to tell its story.

use std::collections::BTreeSet;
use std::path::Path;

use sm_sim::Network;

use crate::stage::{Play, Trouble};
use crate::table::{Outcome, Ran};

/// How many seeds each trouble is tried with.
const SEEDS: u64 = 40;

fn play(name: &str) -> Play {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let text = std::fs::read_to_string(folder.join(format!("{name}.net.toml")));
    let network = Network::parse(&text.expect("a network file")).expect("it is well-formed");
    Play::new(&folder.join(format!("{name}.sm")), network)
}

/// How many lines of a run have this in them.
fn lines_with(ran: &Ran, part: &str) -> usize {
    ran.output.iter().filter(|line| line.contains(part)).count()
}

fn result(ran: &Ran) -> Result<&str, String> {
    match &ran.outcome {
        Outcome::Done(result) => Ok(result),
        other => Err(format!("no result: {other:?}")),
    }
}

/// The texts in quotes, in order.
fn texts(value: &str) -> Vec<&str> {
    value.split('"').skip(1).step_by(2).collect()
}

/// The numbers, in order.
fn numbers(value: &str) -> Vec<i64> {
    let digits = value.split(|c: char| !c.is_ascii_digit());
    digits.filter_map(|number| number.parse().ok()).collect()
}

/// Nobody twice.
fn distinct<T: Ord>(all: impl IntoIterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    all.into_iter().all(|one| seen.insert(one))
}

/// Whether `part` is what is left of `whole` when some are left out.
fn is_left_of(part: &[&str], whole: &[&str]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|one| rest.any(|other| other == one))
}

// ---------------------------------------------------------------------------------- EZCab

/// No cab has two riders, none is too far away, and each rider is told once at most.
fn no_double_booking(ran: &Ran) -> Result<(), String> {
    let found = texts(result(ran)?);
    let riders = found.iter().step_by(2);
    let cabs = found.iter().skip(1).step_by(2);
    let rides = cabs.filter(|cab| **cab != "on foot");
    if !distinct(riders) {
        Err("a rider twice".to_owned())
    } else if !distinct(rides.clone()) {
        Err("a cab is booked twice".to_owned())
    } else if rides.into_iter().any(|cab| *cab == "Taxi 12") {
        Err("a cab from too far away".to_owned())
    } else {
        Ok(())
    }
}

/// Four riders, three cabs that stay: one walks.
fn three_ride(ran: &Ran) -> Result<(), String> {
    no_double_booking(ran)?;
    let found = texts(result(ran)?);
    let walks = found.iter().filter(|cab| **cab == "on foot").count();
    match (found.len(), walks) {
        (8, 1) => Ok(()),
        _ => Err(format!("{walks} walk")),
    }
}

#[test]
fn ezcab_tells_its_story() {
    let ran = play("ezcab").run(0);
    assert!(
        lines_with(&ran, " ways, the best chance is ") >= 4,
        "{ran:?}"
    );
    assert_eq!(lines_with(&ran, " comes"), 3, "{ran:?}");
    let in_vain = lines_with(&ran, "no free cab") + lines_with(&ran, "none of them");
    assert!(in_vain > 0, "{ran:?}");
}

#[test]
fn ezcab_books_every_cab_once() {
    play("ezcab").sweep_of(SEEDS, three_ride);
    play("ezcab").captured();
}

#[test]
fn ezcab_never_books_twice_whatever_breaks() {
    for trouble in [Trouble::Delay, Trouble::Breaks] {
        play("ezcab")
            .with(trouble)
            .sweep_of(SEEDS, no_double_booking);
    }
    play("ezcab")
        .with(Trouble::Crashes)
        .sweep_of(SEEDS, |ran| match ran.outcome {
            Outcome::NeverBegan => Ok(()),
            _ => no_double_booking(ran),
        });
}

// ---------------------------------------------------------------------------- TrafficView

/// How many cars the last view has, and in how many records.
fn last_view(ran: &Ran) -> Result<(i64, i64), String> {
    let head = |line: &&String| line.contains("cars ahead in");
    let line = ran.output.iter().rev().find(head).ok_or("no view")?;
    match numbers(line)[..] {
        [_, _, cars, records] => Ok((cars, records)),
        _ => Err("another line".to_owned()),
    }
}

/// All cars ahead, each once, in fewer records; and the jam, which is about 900 m ahead: nearer
/// where not all of it is one record.
fn sees_the_jam(ran: &Ran) -> Result<(), String> {
    let (cars, records) = last_view(ran)?;
    let jam = numbers(result(ran)?);
    if cars != 11 || records >= cars {
        Err(format!("{cars} cars in {records} records"))
    } else if jam.iter().any(|metres| (700..1_000).contains(metres)) {
        Ok(())
    } else {
        Err(format!("the jam is at {jam:?}"))
    }
}

#[test]
fn trafficview_tells_its_story() {
    let ran = play("trafficview").run(0);
    assert_eq!(ran.output[0], "12 cars are on the road");
    assert_eq!(lines_with(&ran, "cars ahead in"), 2, "{ran:?}");
    assert_eq!(lines_with(&ran, "<- jam"), 1, "{ran:?}");
    assert_eq!(lines_with(&ran, "slow down: a jam in"), 1, "{ran:?}");
}

#[test]
fn trafficview_sees_the_jam() {
    play("trafficview").sweep_of(20, sees_the_jam);
    play("trafficview")
        .with(Trouble::Delay)
        .sweep_of(20, sees_the_jam);
}

/// Where sessions break it knows of fewer, and counts none twice.
#[test]
fn trafficview_counts_no_car_twice() {
    let ran = play("trafficview")
        .with(Trouble::Breaks)
        .sweep_of(20, |ran| match last_view(ran)? {
            (cars, records) if cars <= 11 && records <= cars => Ok(()),
            _ => Err("more cars than there are".to_owned()),
        });
    let seen = ran.iter().filter(|ran| sees_the_jam(ran).is_ok()).count();
    assert!(seen > 14, "{seen} of 20 have seen the jam");
}

// ------------------------------------------------------------------------------- tracking

const VAN: &[&str] = &[
    "gate", "bakery", "fountain", "library", "station", "harbour",
];

/// A text as a launch has it: its length, then its bytes.
fn red_van() -> Play {
    play("tracking").told(b"\x07red van".to_vec())
}

#[test]
fn tracking_tells_its_story() {
    let ran = red_van().run(0);
    let last = "the red van came by the gate and left by the harbour";
    assert_eq!(lines_with(&ran, "s  red van at the "), VAN.len(), "{ran:?}");
    assert_eq!(ran.output.last().map(String::as_str), Some(last));
}

#[test]
fn tracking_follows_the_van_from_camera_to_camera() {
    let whole = |ran: &Ran| match &texts(result(ran)?)[..] {
        path if path == VAN => Ok(()),
        path => Err(format!("another path: {path:?}")),
    };
    red_van().sweep_of(SEEDS, whole);
    red_van().with(Trouble::Delay).sweep_of(SEEDS, whole);
}

#[test]
fn tracking_keeps_to_the_order_where_sessions_break() {
    let ran = red_van()
        .with(Trouble::Breaks)
        .sweep_of(SEEDS, |ran| match result(ran).map(texts) {
            Ok(path) if !is_left_of(&path, VAN) => Err(format!("no part of its path: {path:?}")),
            _ => Ok(()),
        });
    let most = |ran: &&Ran| result(ran).is_ok_and(|path| texts(path).len() >= 5);
    let followed = ran.iter().filter(most).count();
    assert!(followed > 30, "{followed} of {SEEDS} have followed it");
}

// ------------------------------------------------------------------------------ inventory

/// What is asked of all devices but the one that goes for good.
const REQUESTS: i64 = 92;

#[test]
fn inventory_tells_its_story() {
    let ran = play("inventory").run(0);
    assert_eq!(ran.output[0], "before: 7 devices");
    assert_eq!(lines_with(&ran, "after: 8 devices"), 1, "{ran:?}");
    let last = "  came: lamp 3 and meter 2, gone: pump 2";
    assert_eq!(ran.output.last().map(String::as_str), Some(last));
    nothing_lost(&ran).expect("it is upgraded");
}

#[test]
fn inventory_upgrades_all_and_loses_nothing() {
    play("inventory").sweep_of(SEEDS, |ran| match numbers(result(ran)?)[..] {
        [9, REQUESTS] => Ok(()),
        ref other => Err(format!("it ends with {other:?}")),
    });
}

/// Where hops are slow it begins later, and one device has gone before it could be upgraded.
#[test]
fn inventory_upgrades_all_that_are_there() {
    play("inventory")
        .with(Trouble::Delay)
        .sweep_of(SEEDS, |ran| match numbers(result(ran)?)[..] {
            [8 | 9, served] if served <= REQUESTS => nothing_lost(ran),
            ref other => Err(format!("it ends with {other:?}")),
        });
}

/// All are of release 2, and no kind of device has served less than before, save the one of which
/// a device has gone.
fn nothing_lost(ran: &Ran) -> Result<(), String> {
    let after = ran.output.iter().position(|line| line.starts_with("after"));
    let (before, after) = ran.output.split_at(after.ok_or("no second report")?);
    for model in ["lamp", "door", "meter"] {
        let row = |lines: &[String]| {
            let mut rows = lines
                .iter()
                .filter(|line| line.trim_start().starts_with(model));
            match (rows.next().map(|row| numbers(row)), rows.next()) {
                (Some(row), None) if row.len() == 5 => Ok((row[0], row[4])),
                _ => Err(format!("not one row for {model}")),
            }
        };
        let ((old, less), (new, more)) = (row(before)?, row(after)?);
        if (old, new) != (1, 2) || more < less {
            return Err(format!(
                "{model}: {less} of release {old}, {more} of release {new}"
            ));
        }
    }
    Ok(())
}

/// Who goes round may be lost with a device that leaves, and then another one goes.
#[test]
fn inventory_comes_to_its_end_where_sessions_break() {
    play("inventory").with(Trouble::Breaks).sweep_of(
        SEEDS,
        |ran| match numbers(result(ran)?)[..] {
            [upgraded, served] if upgraded <= 9 && served <= REQUESTS => Ok(()),
            ref other => Err(format!("more than there are: {other:?}")),
        },
    );
}

// ------------------------------------------------------------------------------ intrusion

const ALERTS: &[Alert<'_>] = &[
    ("porch", "hall"),
    ("hall", "stairs"),
    ("stairs", "study"),
    ("study", "vault"),
];

/// Two rooms, in the order of their alarms.
type Alert<'a> = (&'a str, &'a str);

/// The alerts, and the rooms of the pursuer.
fn watched(ran: &Ran) -> Result<(Vec<Alert<'_>>, Vec<&str>), String> {
    let (alerts, pursuit) = result(ran)?.split_once("pursuit").ok_or("another result")?;
    let alerts = texts(alerts);
    let pairs = alerts.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    Ok((pairs.collect(), texts(pursuit)))
}

/// Every alert, none for the cat, and the pursuer ends where the intruder does.
fn the_intruder(ran: &Ran) -> Result<(), String> {
    let (alerts, pursuit) = watched(ran)?;
    if alerts != ALERTS {
        Err(format!("the alerts are {alerts:?}"))
    } else if !pursuit.ends_with(&["study", "vault", "home"]) {
        Err(format!("the pursuer is at {pursuit:?}"))
    } else {
        Ok(())
    }
}

#[test]
fn intrusion_tells_its_story() {
    let ran = play("intrusion").run(0);
    assert_eq!(ran.output[0], "9 guards are at their sensors");
    assert_eq!(lines_with(&ran, "ALERT"), ALERTS.len(), "{ran:?}");
    assert!(
        ran.output
            .last()
            .is_some_and(|line| line.ends_with("pursuer: home"))
    );
}

#[test]
fn intrusion_sees_the_intruder_and_not_the_cat() {
    play("intrusion").sweep_of(SEEDS, the_intruder);
    play("intrusion")
        .with(Trouble::Delay)
        .sweep_of(SEEDS, the_intruder);
}

#[test]
fn intrusion_gives_no_false_alarm() {
    let ran = play("intrusion")
        .with(Trouble::Breaks)
        .sweep_of(SEEDS, |ran| {
            let Ok((alerts, pursuit)) = watched(ran) else {
                return match ran.outcome {
                    Outcome::UnwrapErr => Ok(()),
                    _ => Err("it came to another end".to_owned()),
                };
            };
            let cat = pursuit
                .iter()
                .any(|room| ["garage", "cellar"].contains(room));
            if !distinct(&alerts) || !alerts.iter().all(|alert| ALERTS.contains(alert)) {
                Err(format!("a false alarm in {alerts:?}"))
            } else if cat && alerts.is_empty() {
                Err("after the cat".to_owned())
            } else {
                Ok(())
            }
        });
    let seen = |ran: &&Ran| watched(ran).is_ok_and(|(alerts, _)| alerts.len() >= 3);
    let seen = ran.iter().filter(seen).count();
    assert!(seen > 30, "{seen} of {SEEDS} have seen most of it");
}
