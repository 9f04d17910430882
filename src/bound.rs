//! Shards, and what the connections of a shard may take together.
//!
//! Connections are cut into shards by their ends. A bound over many connections is a bound over those of a shard, so that what happens at it
//! is the same whichever thread reads the shard.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many shards there are, however many threads.
pub(crate) const SHARDS: usize = 64;

/// A bound, and how much of its own each shard has taken. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    most: u64,
    taken: Arc<[AtomicU64; SHARDS]>,
    shard: usize,
}

impl Bound {
    /// A shard may take so much.
    pub(crate) fn new(most: u64) -> Self {
        Self {
            most,
            taken: Arc::new([const { AtomicU64::new(0) }; SHARDS]),
            shard: 0,
        }
    }

    /// It is this shard's turn.
    #[inline]
    pub(crate) fn turn(&mut self, shard: usize) {
        self.shard = shard;
    }

    /// Takes so much for the shard whose turn it is; none where it is too much.
    pub(crate) fn take(&self, amount: u64) -> Option<Share> {
        (self.taken().load(Ordering::Relaxed) + amount <= self.most).then(|| {
            let mut share = self.share();
            share.set(amount);
            share
        })
    }

    /// A share of the shard whose turn it is, with nothing in it.
    pub(crate) fn share(&self) -> Share {
        Share {
            taken: Arc::clone(&self.taken),
            shard: self.shard,
            amount: 0,
        }
    }

    /// Whether the shard whose turn it is has taken more than it may.
    pub(crate) fn is_passed(&self) -> bool {
        self.taken().load(Ordering::Relaxed) > self.most
    }

    fn taken(&self) -> &AtomicU64 {
        of_shard(&self.taken, self.shard)
    }
}

/// What was taken. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    taken: Arc<[AtomicU64; SHARDS]>,
    shard: usize,
    amount: u64,
}

impl Share {
    /// Takes more, or gives back, to have so much; the bound is not asked.
    pub(crate) fn set(&mut self, amount: u64) {
        let taken = of_shard(&self.taken, self.shard);
        taken.fetch_add(amount, Ordering::Relaxed);
        taken.fetch_sub(self.amount, Ordering::Relaxed);
        self.amount = amount;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

fn of_shard(taken: &[AtomicU64; SHARDS], shard: usize) -> &AtomicU64 {
    let [first, ..] = taken;
    taken.get(shard).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shard_has_its_own() {
        let mut bound = Bound::new(10);
        let first = bound.take(10).unwrap();
        assert!(bound.take(1).is_none());
        bound.turn(63);
        let mut other = bound.clone().take(7).unwrap();
        assert!(bound.take(4).is_none());
        other.set(11);
        assert!(bound.is_passed());
        drop(other);
        assert!(bound.take(10).is_some());
        bound.turn(0);
        assert!(bound.take(1).is_none());
        drop(first);
        assert!(bound.take(10).is_some());
    }
}
