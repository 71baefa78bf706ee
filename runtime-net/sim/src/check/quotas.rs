//! No node holds more than it grants.

use std::collections::BTreeMap;

use sm_core::tags::Usage;

use super::{Checker, Facts};

/// The tags of a node use what it says they use, and no more than it grants.
#[derive(Debug, Default)]
pub struct Quotas;

impl Checker for Quotas {
    fn name(&self) -> &'static str {
        "quotas"
    }

    fn facts(&mut self, facts: &Facts) -> Result<(), String> {
        let Some(tags) = &facts.tags else {
            return Ok(());
        };
        let mut payers: BTreeMap<_, Usage> = BTreeMap::new();
        for fact in tags {
            let payer = payers.entry(fact.tag.payer).or_default();
            payer.tags += 1;
            payer.bytes += fact.tag.value.len();
            if payer.tags > fact.payer.tags || payer.bytes > fact.payer.bytes {
                return Err(format!(
                    "tags of {:?} are not accounted for",
                    fact.tag.payer
                ));
            }
        }
        let all = payers.values().fold((0, 0), |(tags, bytes), usage| {
            (tags + usage.tags, bytes + usage.bytes)
        });
        if all.0 > facts.usage.tags || all.1 > facts.usage.bytes {
            return Err("the tags of the node are not accounted for".to_owned());
        }
        if facts.usage.tags > facts.limit.tags || facts.usage.bytes > facts.limit.bytes {
            return Err(format!("tags use {:?} of {:?}", facts.usage, facts.limit));
        }
        Ok(())
    }
}
