//! Copies: the same packet captured twice, as mirror ports and captures on several interfaces give it.

use std::collections::VecDeque;

use crate::time::Timestamp;

/// How far apart in capture time two copies of one packet may stand. Mirrored copies are microseconds apart, and
/// no sender retransmits with the same IP identification so soon.
const APART: i64 = 50_000_000;

/// How many packets of a connection are remembered.
const REMEMBERED: usize = 64;

/// The fingerprints of a connection's latest packets.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    recent: VecDeque<(u64, Timestamp)>,
}

impl Duplicates {
    /// Whether a packet with this fingerprint was seen within the time that copies may be apart.
    pub(super) fn contains(&self, fingerprint: u64, time: Timestamp) -> bool {
        self.recent
            .iter()
            .any(|&(seen, at)| seen == fingerprint && time.since(at).abs() <= APART)
    }

    /// Remembers a packet.
    #[inline]
    pub(super) fn insert(&mut self, fingerprint: u64, time: Timestamp) {
        if self.recent.len() == self.recent.capacity() {
            self.make_room(time);
        }
        self.recent.push_back((fingerprint, time));
    }

    /// Forgets what is too old, and where nothing is, the oldest of too many.
    fn make_room(&mut self, time: Timestamp) {
        while self.recent.len() >= REMEMBERED
            || self
                .recent
                .front()
                .is_some_and(|&(_, at)| time.since(at) > APART)
        {
            self.recent.pop_front();
        }
    }
}
