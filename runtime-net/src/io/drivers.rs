//! All drivers of a node.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use sm_core::tags::TagName;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Driver, Event, Port, Tag, Tell, Writes};
use crate::limits;

/// The drivers of a node. They end when this is dropped, and their processes with them.
#[derive(Debug)]
pub struct Drivers {
    tags: Vec<Tag>,
    places: BTreeMap<TagName, usize>,
    slots: Vec<Slot>,
    told: mpsc::Sender<Event>,
    events: mpsc::Receiver<Event>,
    /// How many events came without a pause.
    row: usize,
    tasks: JoinSet<()>,
}

/// What is known of a driver beside its tag.
#[derive(Debug)]
struct Slot {
    /// `None` if it takes no writes.
    writes: Option<mpsc::Sender<Vec<u8>>>,
    /// Whether it was told that a write was refused.
    refused: AtomicBool,
}

/// Two drivers for one tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Twice(pub String);

impl fmt::Display for Twice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "two drivers keep the tag `{}`", self.0)
    }
}

impl std::error::Error for Twice {}

/// None.
impl Default for Drivers {
    fn default() -> Self {
        let (told, events) = mpsc::channel(limits::IO_EVENTS);
        Self {
            tags: Vec::new(),
            places: BTreeMap::new(),
            slots: Vec::new(),
            told,
            events,
            row: 0,
            tasks: JoinSet::new(),
        }
    }
}

impl Drivers {
    /// Starts them as tasks of the present runtime.
    ///
    /// # Errors
    /// If two of them keep one tag; then none is started.
    ///
    /// # Panics
    /// If there is no runtime.
    pub fn start(drivers: Vec<Box<dyn Driver>>) -> Result<Self, Twice> {
        let mut all = Self::default();
        for (place, driver) in drivers.iter().enumerate() {
            let tag = driver.tag();
            if all.places.insert(tag.name().clone(), place).is_some() {
                return Err(Twice(tag.display().to_owned()));
            }
            all.tags.push(tag.clone());
        }
        for (place, driver) in drivers.into_iter().enumerate() {
            all.begin(place, driver);
        }
        Ok(all)
    }

    fn begin(&mut self, place: usize, driver: Box<dyn Driver>) {
        let (sender, receiver) = mpsc::channel(limits::IO_WRITES);
        self.slots.push(Slot {
            writes: driver.takes_writes().then_some(sender),
            refused: AtomicBool::new(false),
        });
        let port = Port {
            tell: Tell::new(place, self.told.clone()),
            writes: Writes::new(receiver),
        };
        self.tasks.spawn(driver.run(port));
    }

    /// What happens next. Nothing is lost if the wait is given up; without drivers it lasts.
    pub async fn next(&mut self) -> Event {
        if self.row >= limits::EVENTS_PER_SLICE {
            // A driver that never stops talking must not keep the node from its timers.
            self.row = 0;
            tokio::task::yield_now().await;
        }
        let event = self.events.recv().await;
        self.row += 1;
        event.expect("the node itself holds a sender")
    }

    /// Hands a program's write to the driver of a tag. False if it is lost: no driver keeps the
    /// tag, or its driver has ended or is too far behind.
    ///
    /// A driver that takes no writes says so, once, as a fault; see [`takes`](Self::takes).
    pub fn write(&self, tag: &TagName, value: Vec<u8>) -> bool {
        let Some(place) = self.places.get(tag) else {
            return false;
        };
        let slot = &self.slots[*place];
        match &slot.writes {
            Some(writes) => writes.try_send(value).is_ok(),
            None => self.refuse(*place, slot),
        }
    }

    fn refuse(&self, tag: usize, slot: &Slot) -> bool {
        if slot.refused.load(Ordering::Relaxed) {
            return true;
        }
        let reason = "its driver takes no writes; the value stays".to_owned();
        let told = self.told.try_send(Event::Fault { tag, reason }).is_ok();
        slot.refused.store(told, Ordering::Relaxed);
        true
    }

    /// Whether the driver of a tag does anything about writes.
    pub fn takes(&self, tag: &TagName) -> bool {
        let place = self.places.get(tag);
        place.is_some_and(|place| self.slots[*place].writes.is_some())
    }

    /// The tags that are kept.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }
}
