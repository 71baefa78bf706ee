//! A node that has nothing, for machines that must only not fall over.

use sm_bytecode::{EntryRef, TagCode};
use sm_vm::{CreateOptions, Host, SpawnRefused, TagRef};

pub(crate) struct Nowhere;

impl Host for Nowhere {
    fn tag_create(&mut self, _: &TagRef<'_>, _: &[u8], _: CreateOptions) -> TagCode {
        TagCode::Ok
    }

    fn tag_delete(&mut self, _: &TagRef<'_>) -> bool {
        false
    }

    fn tag_has(&mut self, _: &TagRef<'_>) -> bool {
        false
    }

    fn tag_read(&mut self, _: &TagRef<'_>) -> Option<&[u8]> {
        None
    }

    fn tag_write(&mut self, _: &TagRef<'_>, _: &[u8]) -> TagCode {
        TagCode::Ok
    }

    fn tag_version(&mut self, _: &TagRef<'_>) -> u64 {
        0
    }

    fn spawn(&mut self, _: EntryRef, _: &[u8]) -> Result<[u8; 32], SpawnRefused> {
        Ok([9; 32])
    }

    fn neighbors(&mut self) -> Vec<[u8; 32]> {
        vec![[2; 32]]
    }

    fn previous(&self) -> Option<[u8; 32]> {
        None
    }

    fn here(&self) -> [u8; 32] {
        [1; 32]
    }

    fn home(&self) -> [u8; 32] {
        [1; 32]
    }

    fn hops(&self) -> u64 {
        0
    }

    fn now(&self) -> u64 {
        0
    }

    fn id(&self) -> [u8; 32] {
        [3; 32]
    }

    fn print(&mut self, _: &str) {}
}
