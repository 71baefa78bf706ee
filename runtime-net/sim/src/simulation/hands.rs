//! What a test does to a network with its own hands: links are cut and mended, and lose more.

use sm_core::engine::Engine;

use super::Simulation;
use crate::link::{Effects, LinkIx};
use crate::network::NodeIx;

impl<E: Engine> Simulation<E> {
    /// Nothing passes between two nodes until [`Simulation::mend`] is called as often. `false` if
    /// no link is between them.
    pub fn cut(&mut self, a: NodeIx, b: NodeIx) -> bool {
        let Some(link) = self.link_between(a, b) else {
            return false;
        };
        let mut effects = Effects::default();
        self.links.block(self.now, link, &mut effects);
        self.perform(effects);
        true
    }

    /// Takes back one [`Simulation::cut`]. `false` if no link is between the nodes.
    pub fn mend(&mut self, a: NodeIx, b: NodeIx) -> bool {
        let Some(link) = self.link_between(a, b) else {
            return false;
        };
        let mut effects = Effects::default();
        self.links.unblock(self.now, link, &mut effects);
        self.perform(effects);
        true
    }

    /// From now on every link loses this share of all broadcasts, from 0 to 1, also after
    /// [`Simulation::heal`].
    pub fn lose(&mut self, share: f64) {
        self.links.lose(share);
    }

    fn link_between(&self, a: NodeIx, b: NodeIx) -> Option<LinkIx> {
        let links = self.layout.links.iter().zip(0..);
        let joins = |ends: (NodeIx, NodeIx)| ends == (a, b) || ends == (b, a);
        let mut found = links.filter(|(link, _)| joins(link.ends));
        found.next().map(|(_, index)| LinkIx(index))
    }
}
