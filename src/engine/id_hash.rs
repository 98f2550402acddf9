//! Hashes ids, since each event is looked up by one. They are counted by this process, so nobody can choose them to collide.

#![forbid(unsafe_code)]

use std::hash::{BuildHasherDefault, Hasher};

/// For maps whose keys are ids.
pub(super) type IdHash = BuildHasherDefault<IdHasher>;

#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        // Tables use the low bits and the high ones, so both have to differ.
        self.0 = self.0.wrapping_add(id).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
