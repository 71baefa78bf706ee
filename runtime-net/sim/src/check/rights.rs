//! No tag can be read without a right to it.

use sm_core::tags::{Access, Standing};

use super::{Checker, Facts};

/// What `access owner` keeps from strangers is kept from them, and its owner can read it.
#[derive(Debug, Default)]
pub struct Rights;

impl Checker for Rights {
    fn name(&self) -> &'static str {
        "rights to tags"
    }

    fn facts(&mut self, facts: &Facts) -> Result<(), String> {
        for fact in facts.tags.iter().flatten() {
            let tag = &fact.tag;
            let private = tag.read == Access::Owner;
            if private && fact.readable_by_strangers {
                return Err(format!("a stranger can read tag {}", tag.display));
            }
            let own = private && tag.standing == Standing::Trusted;
            if (own || !private) && !fact.readable_by_author {
                return Err(format!("the author of tag {} cannot read it", tag.display));
            }
        }
        Ok(())
    }
}
