//! Numbers: what connections are called, from 0 in the order of first packets.
//!
//! Where several threads read, none knows how many connections the others have met, so that what one begins has a provisional number. It is
//! exchanged for the true one where the threads' events meet again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bound::SHARDS;
use crate::options::{Options, Which};

/// Marks a provisional number.
const PROVISIONAL: u64 = 1 << 63;

/// Marks one whose true number somebody may have asked for in particular.
const MAYBE: u64 = 1 << 62;

/// Marks a record that is given at once and again when no late packet can change it, because the true number decides which of them
/// counts; and the later one.
const EARLY: u64 = 1 << 61;
const LATE: u64 = 1 << 60;

const MARKS: u64 = PROVISIONAL | MAYBE | EARLY | LATE;

/// Bits of a provisional number that say the connection's place, below those that count.
const SHARD_BITS: u32 = 6;
const INDEX_BITS: u32 = 16;

/// Numbers for connections that begin.
#[derive(Debug)]
pub(super) enum Numbers {
    /// The next one, where one thread reads all.
    Counted(u64),
    /// The next one is provisional.
    Provisional {
        /// How many connections there were before several threads read, and how many this one has met since: no number is lower.
        least: u64,
        /// What was given last, until somebody has asked for it; else zero.
        given: Arc<AtomicU64>,
    },
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Counted(0)
    }
}

impl Numbers {
    /// The same for one of several threads.
    pub(super) fn provisional(&self) -> Self {
        Self::Provisional {
            least: self.count(),
            given: Arc::default(),
        }
    }

    /// How many connections there were, at least.
    pub(super) fn count(&self) -> u64 {
        let (Self::Counted(count) | Self::Provisional { least: count, .. }) = *self;
        count
    }

    /// The number of a connection that begins at a place.
    pub(super) fn next(&mut self, shard: usize, index: u32, options: &Options) -> u64 {
        match self {
            Self::Counted(next) => {
                *next += 1;
                *next - 1
            }
            Self::Provisional { least, given } => {
                let may_be_asked_for = |which| match which {
                    Which::All | Which::None => false,
                    Which::First(count) => *least < count,
                    Which::Only(one) => *least <= one,
                };
                let asked = may_be_asked_for(options.settled) || may_be_asked_for(options.ledgers);
                let place = (shard as u64) << INDEX_BITS | u64::from(index);
                let count = *least << (SHARD_BITS + INDEX_BITS) & !MARKS;
                let number = PROVISIONAL | count | place;
                *least += 1;
                given.store(number, Ordering::Relaxed);
                if asked { number | MAYBE } else { number }
            }
        }
    }

    /// Where it is told which provisional number was given last.
    pub(super) fn given(&self) -> Given {
        match self {
            Self::Counted(_) => Given::default(),
            Self::Provisional { given, .. } => Given(Arc::clone(given)),
        }
    }
}

/// Which provisional number was given last. It can be asked for while a connection that has it tells something.
#[derive(Debug, Default)]
pub(super) struct Given(Arc<AtomicU64>);

impl Given {
    /// The number that was given since this was asked last.
    #[inline]
    pub(super) fn take(&self) -> Option<u64> {
        let given = self.0.load(Ordering::Relaxed);
        if given == 0 {
            return None;
        }
        self.0.store(0, Ordering::Relaxed);
        Some(given)
    }
}

/// Whether a connection is one of some.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Included {
    Yes,
    No,
    /// Its true number will say.
    Maybe,
}

/// Whether the connection of this number, which may be provisional, is one of some.
pub(super) fn includes(which: Which, number: u64) -> Included {
    let maybe = number & MAYBE != 0;
    match which {
        Which::First(_) | Which::Only(_) if maybe => Included::Maybe,
        Which::First(_) | Which::Only(_) if number & PROVISIONAL != 0 => Included::No,
        _ if which.includes(number) => Included::Yes,
        _ => Included::No,
    }
}

/// Whether it has ledgers of its own, or may turn out to.
pub(super) fn may_have_ledgers(options: &Options, number: u64) -> bool {
    [options.ledgers, options.settled]
        .into_iter()
        .any(|which| includes(which, number) != Included::No)
}

/// The number of a record that is given at once.
pub(super) fn early(number: u64) -> u64 {
    number | EARLY
}

/// The number of the same record when it is given again.
pub(super) fn late(number: u64) -> u64 {
    number | LATE
}

/// By what a thread's connections are ordered as by their true numbers.
pub(super) fn order(number: u64) -> u64 {
    number & !(MAYBE | EARLY | LATE)
}

/// The true numbers of connections that have provisional ones.
#[derive(Debug)]
pub(super) struct TrueNumbers {
    next: u64,
    /// Of each shard, by place.
    shards: Vec<Vec<u64>>,
}

impl TrueNumbers {
    /// Connections that begin now are numbered behind those that one thread has met.
    pub(super) fn behind(numbers: &Numbers) -> Self {
        Self {
            next: numbers.count(),
            shards: vec![Vec::new(); SHARDS],
        }
    }

    /// The next connection is this one. It has its place from one that is forgotten.
    pub(super) fn count(&mut self, provisional: u64) {
        let (shard, index) = place(provisional);
        if let Some(places) = self.shards.get_mut(shard) {
            if places.len() <= index {
                places.resize(index + 1, 0);
            }
            if let Some(number) = places.get_mut(index) {
                *number = self.next;
            }
        }
        self.next += 1;
    }

    /// The true number for one that may be provisional.
    #[inline]
    pub(super) fn of(&self, number: u64) -> u64 {
        if number & PROVISIONAL == 0 {
            return number & !MARKS;
        }
        let (shard, index) = place(number);
        let number = self.shards.get(shard).and_then(|places| places.get(index));
        number.copied().unwrap_or_default()
    }

    /// Whether a record is the one that counts, of those that were given of its connection.
    pub(super) fn counts(&self, number: u64, settled: Which) -> bool {
        let is_settled = settled.includes(self.of(number));
        !(number & EARLY != 0 && is_settled || number & LATE != 0 && !is_settled)
    }
}

/// The shard and the place of a connection with a provisional number.
fn place(provisional: u64) -> (usize, usize) {
    let bits = |shift: u32, count: u32| {
        usize::try_from(provisional >> shift & ((1 << count) - 1)).unwrap_or(0)
    };
    (bits(INDEX_BITS, SHARD_BITS), bits(0, INDEX_BITS))
}
