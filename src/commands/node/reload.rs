//! What an operator wants of a node, and what of it can change while the node runs.

use std::collections::{BTreeMap, BTreeSet};

use sm_core::ids::{AuthorId, NodeId};
use sm_core::node::{Authors, Policy, Rules, TagChange};
use sm_core::tags::TagName;
use sm_net::control::Order;
use sm_net::host::Reload;
use sm_net::io::Driver;
use tokio::sync::mpsc;

use super::Options;
use crate::exit::Failure;
use crate::output::{self, Terminal};
use crate::settings::Settings;

pub(super) type Keys = BTreeSet<NodeId>;

type Fixed = [(&'static str, String); 9];

/// Everything that flags and files say about a node.
pub(super) struct Wanted {
    pub(super) settings: Settings,
    /// Whom it has sessions with beside its neighbors, and whose programs it takes.
    pub(super) trusted: Keys,
    /// What it begins with, beside the tags of drivers.
    pub(super) tags: Vec<TagChange>,
    fixed: Fixed,
}

impl Wanted {
    pub(super) fn read(options: &Options, terminal: &Terminal) -> Result<Self, Failure> {
        let settings = options.settings(terminal)?;
        Ok(Self {
            trusted: options.trusted(terminal, &settings)?,
            tags: options.tags(terminal, &settings)?,
            fixed: fixed(&settings),
            settings,
        })
    }

    pub(super) fn take_drivers(&mut self) -> Vec<Box<dyn Driver>> {
        std::mem::take(&mut self.settings.io)
    }

    /// It takes programs of its own key and of trusted keys.
    pub(super) fn policy(&self, own: NodeId) -> Policy {
        let trusted = self.trusted.iter().chain([&own]);
        Policy {
            authors: Authors::Only(trusted.map(|key| AuthorId(key.0)).collect()),
            ..Policy::default()
        }
    }

    /// The keys that may have sessions with it.
    fn linked(&self) -> Keys {
        let neighbors = self.settings.said.neighbors.iter().map(|one| one.key);
        self.trusted.iter().copied().chain(neighbors).collect()
    }

    fn addresses(&self) -> BTreeMap<NodeId, &str> {
        let neighbors = self.settings.said.neighbors.iter();
        neighbors.map(|one| (one.key, &*one.address)).collect()
    }

    fn values(&self) -> BTreeMap<&TagName, &TagChange> {
        self.tags.iter().map(|tag| (&tag.name, tag)).collect()
    }

    /// What leads from these settings to others.
    pub(super) fn until(&self, next: &Self, own: NodeId) -> Reload {
        let (linked, links) = (self.linked(), next.linked());
        let (called, calls) = (self.addresses(), next.addresses());
        let (had, has) = (self.values(), next.values());
        let neighbors = next.settings.said.neighbors.iter();
        Reload {
            rules: Rules {
                limits: next.settings.limits,
                policy: next.policy(own),
            },
            trust: links.difference(&linked).copied().collect(),
            distrust: linked.difference(&links).copied().collect(),
            call: neighbors
                .filter(|one| called.get(&one.key) != Some(&&*one.address))
                .cloned()
                .collect(),
            hang_up: called
                .into_keys()
                .filter(|key| !calls.contains_key(key))
                .collect(),
            tags: next
                .tags
                .iter()
                .filter(|tag| had.get(&tag.name) != Some(tag))
                .cloned()
                .collect(),
            gone: had
                .into_keys()
                .filter(|name| !has.contains_key(name))
                .cloned()
                .collect(),
            notes: self.notes(next),
        }
    }

    fn notes(&self, next: &Self) -> Vec<String> {
        let mut notes = vec!["the settings have been read again".to_owned()];
        let both = self.fixed.iter().zip(&next.fixed);
        let changed = both.filter(|(old, new)| old != new);
        let names: Vec<String> = changed.map(|((name, _), _)| format!("`{name}`")).collect();
        if !names.is_empty() {
            let names = names.join(", ");
            notes.push(format!("to change {names}, start the node again"));
        }
        notes
    }
}

/// What stays as it is until the node is started again, as text, by which it is compared.
fn fixed(settings: &Settings) -> Fixed {
    let said = &settings.said;
    [
        ("name", format!("{:?}", said.name)),
        ("listen", format!("{:?}", said.listen)),
        ("key", format!("{:?}", said.key)),
        ("discover", format!("{:?}", said.discover)),
        ("keep_alive", format!("{:?}", said.keep_alive)),
        ("idle", format!("{:?}", said.idle)),
        ("record", format!("{:?}", said.record)),
        ("io", format!("{:?}", settings.io)),
        ("services", format!("{:?}", settings.services)),
    ]
}

/// Reads the settings of a node again.
pub(super) struct Reloads<'a> {
    pub(super) options: &'a Options,
    pub(super) terminal: &'a Terminal,
    pub(super) own: NodeId,
    /// What is in force.
    pub(super) wanted: Wanted,
    pub(super) orders: mpsc::Sender<Order>,
}

impl Reloads<'_> {
    /// Settings that cannot be read change nothing.
    pub(super) async fn again(&mut self) {
        match Wanted::read(self.options, self.terminal) {
            Ok(next) => {
                let reload = Box::new(self.wanted.until(&next, self.own));
                // The node may be about to end.
                let _ = self.orders.send(Order::Reload(reload)).await;
                self.wanted = Wanted {
                    fixed: self.wanted.fixed.clone(),
                    ..next
                };
            }
            Err(failure) => {
                failure.report(self.terminal);
                output::talk("the settings have not been read again: those before are in force");
            }
        }
    }
}
