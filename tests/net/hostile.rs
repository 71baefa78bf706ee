//! Peers that are trusted and do what no node does, beside neighbors that are honest: whatever
//! comes, it is bounded, told of once, and disturbs nobody else.

#[path = "hostile/deeds.rs"]
mod deeds;
#[path = "hostile/peer.rs"]
mod peer;

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use sm_core::ids::NodeId;
use sm_net::identity::{KeyPair, parse_key};
use sm_net::limits::HANDSHAKES;
use tokio::sync::Notify;

use crate::processes::{Process, User, now, until};
use deeds::{DEEDS, Deed, Expected, LASTING};
use peer::{Fate, Peer};

/// How many messages go back and forth at each honest neighbor.
const SHUTTLES: &str = "4";

/// The honest neighbors.
const HONEST: [&str; 2] = ["a", "b"];

/// How many laps the messages of a neighbor have to make while a deed is done.
const LAPS: u64 = 100;

/// By how much slower they may be than before: the node and its peers share two processors with
/// whatever else is tested.
const SLOWER: u32 = 6;

/// After how much silence honest nodes take each other for dead: not because the machine is busy.
const IDLE: &str = "3s";

/// How long an order of the operator may take, whatever peers do.
const ANSWER: Duration = Duration::from_secs(10);

/// How much memory one peer may make a node take, in KiB.
const MEMORY: u64 = 192 << 10;

/// How many lines a peer may make a node say, however it behaves: that it is linked, what is wrong
/// with it, and that it is no longer linked; and again where it begins anew.
const LINES: usize = 10;

/// A node with honest neighbors, and what it said.
struct World {
    user: User,
    victim: Process,
    key: NodeId,
    at: SocketAddr,
    /// The honest neighbors: processes and keys.
    honest: Vec<(Process, String)>,
    said: Vec<String>,
    /// How long the laps took before anybody was hostile.
    quiet: Duration,
}

impl World {
    /// The victim trusts the honest and the hostile ones by their keys alone.
    fn new(hostile: &[KeyPair]) -> Self {
        let user = User::new(&format!("hostile{}", hostile.len()));
        let trust = |args: &mut Vec<String>, key: &str| {
            args.extend(["--trust".to_owned(), key.to_owned()]);
        };
        let honest = HONEST.map(|name| {
            user.run(&["key", "new", name]);
            let shown = user.run(&["key", "show", name]);
            String::from_utf8_lossy(&shown.stdout).trim().to_owned()
        });
        let mut args = ["node", "--name", "v", "--key", "v", "--idle", IDLE]
            .map(str::to_owned)
            .to_vec();
        honest.iter().for_each(|key| trust(&mut args, key));
        for key in hostile {
            trust(&mut args, &key.node_id().to_string());
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let victim = Process::start(user.smc(&args));
        let listens = victim.hear("node v listens on ");
        let at = listens.rsplit(' ').next().expect("an address");
        let its_key = victim.hear("its key is ");
        let key = its_key.rsplit(' ').next().expect("a key");
        let mut world = Self {
            key: parse_key(key).expect("a key"),
            at: at.parse().expect("an address"),
            user,
            victim,
            honest: Vec::new(),
            said: Vec::new(),
            quiet: Duration::ZERO,
        };
        for (name, key) in HONEST.into_iter().zip(honest) {
            let process = world.start(name);
            world.honest.push((process, key));
        }
        for name in HONEST {
            world.ok(&["send", "tests/net/shuttle.sm", SHUTTLES, "--to", name]);
            until("a lap", || world.laps(name) > LAPS);
        }
        world.quiet = world.time_of_laps(|| world.answers());
        world
    }

    /// An honest neighbor that is linked.
    fn start(&self, name: &str) -> Process {
        let neighbor = format!("{}@{}", self.key, self.at);
        let args = ["node", "--name", name, "--key", name, "--idle", IDLE];
        let args = [&args[..], &["--neighbor", &neighbor]].concat();
        let process = Process::start(self.user.smc(&args));
        process.hear("linked with");
        process
    }

    fn ok(&self, args: &[&str]) -> String {
        let output = self.user.run(args);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {talk}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn laps(&self, name: &str) -> u64 {
        let got = self.user.run(&["tag", "get", "laps", "--at", name]);
        String::from_utf8_lossy(&got.stdout)
            .trim()
            .parse()
            .unwrap_or(0)
    }

    /// How long it takes until every honest neighbor has seen so many more laps.
    fn time_of_laps(&self, mut meanwhile: impl FnMut()) -> Duration {
        let began = now();
        let goals = HONEST.map(|name| (name, self.laps(name) + LAPS));
        until("laps", || {
            meanwhile();
            goals.iter().all(|(name, goal)| self.laps(name) >= *goal)
        });
        began.elapsed()
    }

    fn peer(&self, key: &KeyPair, number: u8) -> Peer {
        Peer {
            key: key.clone(),
            from: Ipv4Addr::new(127, 0, 7, number),
            victim: self.key,
            at: self.at,
        }
    }

    /// The node answers its operator.
    fn answers(&self) {
        let asked = now();
        self.ok(&["ps", "--at", "v"]);
        assert!(asked.elapsed() < ANSWER, "{:?}", asked.elapsed());
    }

    /// The ages of the sessions with the honest ones, in nanoseconds.
    fn ages(&self) -> BTreeMap<String, u64> {
        let list = self.user.json(&["neighbors", "--at", "v", "--json"]);
        let all = list["neighbors"].as_array().cloned().unwrap_or_default();
        let honest = |key: &str| self.honest.iter().any(|(_, known)| known == key);
        all.iter()
            .filter_map(|one| Some((one["key"].as_str()?, one["linked_nanos"].as_u64()?)))
            .filter(|(key, _)| honest(key))
            .map(|(key, age)| (key.to_owned(), age))
            .collect()
    }

    /// A line of the system about the victim's memory, in KiB.
    fn memory(&self, line: &str) -> u64 {
        let status = fs::read_to_string(self.proc("status")).expect("it lives");
        let found = status.lines().find_map(|text| text.strip_prefix(line));
        let number = found.and_then(|text| text.split_whitespace().next());
        number.and_then(|text| text.parse().ok()).expect("a number")
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.victim.child.id())
    }

    /// The most memory is measured anew from here on.
    fn forget_peak(&self) {
        fs::write(self.proc("clear_refs"), "5").expect("it is a child of this process");
    }

    fn files(&self) -> usize {
        fs::read_dir(self.proc("fd")).expect("it lives").count()
    }

    /// What the node has said about a peer so far.
    fn said_of(&mut self, peer: &Who) -> Vec<String> {
        self.said.extend(self.victim.heard());
        let names = [peer.key[..12].to_owned(), peer.from.to_string()];
        let about = |line: &&String| names.iter().any(|name| line.contains(name));
        self.said.iter().filter(about).cloned().collect()
    }
}

/// How a peer is called in what a node says.
struct Who {
    key: String,
    from: Ipv4Addr,
}

impl Who {
    fn of(peer: &Peer) -> Self {
        Self {
            key: peer.key.node_id().to_string(),
            from: peer.from,
        }
    }
}

/// Lets a peer loose in a thread of its own.
fn start(deed: &'static Deed, peer: Peer) -> JoinHandle<Fate> {
    std::thread::spawn(move || runtime().block_on((deed.does)(peer)))
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

/// What is wrong with what came of a deed.
fn judge(world: &mut World, deed: &Deed, who: &Who, fate: &Fate) -> Vec<String> {
    let since = now();
    let untold = |said: &[String], text: &str| !said.iter().any(|line| line.contains(text));
    let mut said = world.said_of(who);
    while deed.told.iter().any(|text| untold(&said, text)) && since.elapsed() < ANSWER {
        std::thread::yield_now();
        said = world.said_of(who);
    }
    let mut wrong = Vec::new();
    if !deed.fate.is(fate) {
        wrong.push(format!("{fate:?} is not {:?}", deed.fate));
    }
    for text in deed.told {
        match said.iter().filter(|line| line.contains(text)).count() {
            1 => {}
            times => wrong.push(format!("`{text}` is said {times} times")),
        }
    }
    if said.len() > LINES {
        wrong.push(format!("{} lines", said.len()));
    }
    if !wrong.is_empty() {
        said.truncate(LINES);
        wrong.push(format!("{said:#?}"));
    }
    wrong
}

/// Does a deed while the honest messages go on.
fn watch(world: &mut World, deed: &'static Deed, peer: Peer) -> Vec<String> {
    let (who, before) = (Who::of(&peer), world.memory("VmRSS:"));
    world.forget_peak();
    let (began, doing) = (now(), start(deed, peer));
    let took = world.time_of_laps(|| world.answers());
    let fate = doing.join().expect("a peer does not fail");
    let grew = world.memory("VmHWM:").saturating_sub(before);
    println!(
        "{}: {fate:?} after {:?}, laps in {took:?}, {grew} KiB more than {before}",
        deed.name,
        began.elapsed()
    );
    let mut wrong = judge(world, deed, &who, &fate);
    if took > SLOWER * world.quiet {
        // It may be the machine that has become slow.
        let quiet = world.time_of_laps(|| world.answers());
        if took > SLOWER * quiet {
            wrong.push(format!("laps took {took:?}, not {quiet:?}"));
        }
    }
    if grew > MEMORY {
        wrong.push(format!("it took {grew} KiB"));
    }
    wrong
}

#[test]
fn whatever_a_peer_does_disturbs_nobody_else() {
    let count = DEEDS.len() + LASTING.len() + 2;
    let seeds = (1..=count).map(|seed| [u8::try_from(seed).expect("few deeds"); 32]);
    let mut keys: Vec<KeyPair> = seeds.map(KeyPair::from_seed).collect();
    let unknown = keys.pop().expect("a key");
    let mut world = World::new(&keys);
    println!("laps in {:?} when it is quiet", world.quiet);
    let (ages, files) = (world.ages(), world.files());
    assert_eq!(ages.len(), HONEST.len());
    let mut peers: Vec<Peer> = (1..)
        .zip(&keys)
        .map(|(at, key)| world.peer(key, at))
        .collect();
    let noisy = peers.pop().expect("a peer");
    let mut lasting = Vec::new();
    for (deed, peer) in LASTING.iter().zip(peers.split_off(DEEDS.len())) {
        lasting.push((deed, Who::of(&peer), start(deed, peer)));
    }
    let mut wrong = BTreeMap::new();
    for (deed, peer) in DEEDS.iter().zip(peers) {
        wrong.insert(deed.name, watch(&mut world, deed, peer));
    }
    deeds::noise(&noisy);
    let stranger = world.peer(&unknown, 200);
    let who = Who::of(&stranger);
    let fate = runtime().block_on(deeds::a_stranger(stranger));
    assert!(Expected::Gone.is(&fate), "{fate:?}");
    assert_eq!(world.said_of(&who).len(), 1, "{:?}", world.said_of(&who));
    for (deed, who, doing) in lasting {
        let fate = doing.join().expect("a peer does not fail");
        wrong.insert(deed.name, judge(&mut world, deed, &who, &fate));
    }
    wrong.retain(|_, wrong| !wrong.is_empty());
    assert!(wrong.is_empty(), "{wrong:#?}");
    let later = world.ages();
    for (key, age) in &ages {
        assert!(
            later.get(key) > Some(age),
            "the session with {key} is another"
        );
    }
    // One that the operator had open may still be closing.
    until("its files are closed", || world.files() <= files);
}

/// Who holds all that a node keeps for callers without ever greeting shuts nobody out: others are
/// called from other addresses.
#[test]
fn callers_that_stay_silent_leave_room_for_others() {
    let silent = KeyPair::from_seed([77; 32]);
    let mut world = World::new(std::slice::from_ref(&silent));
    let peer = world.peer(&silent, 77);
    let (over, most) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (end, count) = (over.clone(), most.clone());
    let silence = std::thread::spawn(move || {
        runtime().block_on(async {
            tokio::select! {
                () = deeds::silent_calls_without_end(&peer, &count) => {}
                () = end.notified() => {}
            }
        });
    });
    let calls = format!(
        "a call from {} failed",
        Who::of(&world.peer(&silent, 77)).from
    );
    world.victim.hear(&calls);
    let (late, _) = world.honest.pop().expect("two neighbors");
    drop(late);
    let began = now();
    let _late = world.start(HONEST[HONEST.len() - 1]);
    assert!(began.elapsed() < ANSWER, "{:?}", began.elapsed());
    over.notify_one();
    silence.join().expect("a peer does not fail");
    let most = most.load(Ordering::Relaxed);
    assert!((1..HANDSHAKES).contains(&most), "{most} of {HANDSHAKES}");
}
