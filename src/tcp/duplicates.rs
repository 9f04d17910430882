//! Copies: the same packet captured twice, as mirror ports and captures on several interfaces give it.

use std::collections::VecDeque;

use crate::time::Timestamp;

/// How far apart in capture time two copies of one packet may stand. Mirrored copies are microseconds apart, and
/// no sender retransmits with the same IP identification so soon.
const APART: i64 = 50_000_000;

/// How many packets of a connection are remembered.
const REMEMBERED: usize = 64;

/// How many bits of a fingerprint are kept: two packets of which one is taken for the other's copy though it is none are one in 2^34.
const FINGERPRINT: u64 = u64::MAX << 24;

/// Times are kept in so many nanoseconds, as a power of two, and in the 24 bits that are left: they come again after 18 minutes, so that
/// two equal packets of a connection that was silent for just so long, to 50 ms, would count as copies.
const TICK: u32 = 16;

/// The fingerprints of a connection's latest packets, each with its time in one number, so that few connections fill many caches.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    recent: VecDeque<u64>,
}

impl Duplicates {
    /// Whether a packet with this fingerprint was seen within the time that copies may be apart.
    pub(super) fn contains(&self, fingerprint: u64, time: Timestamp) -> bool {
        let packet = packed(fingerprint, time);
        self.recent
            .iter()
            .any(|&seen| (seen ^ packet) & FINGERPRINT == 0 && are_near(seen, packet))
    }

    /// Remembers a packet.
    #[inline]
    pub(super) fn insert(&mut self, fingerprint: u64, time: Timestamp) {
        let packet = packed(fingerprint, time);
        if self.recent.len() == self.recent.capacity() {
            self.make_room(packet);
        }
        self.recent.push_back(packet);
    }

    /// Brings the latest into a near cache.
    #[inline]
    pub(super) fn touch(&self) -> u64 {
        self.recent.back().copied().unwrap_or_default()
    }

    /// Forgets what is too old, and where nothing is, the oldest of too many; else makes room for a few at once.
    #[inline(never)]
    fn make_room(&mut self, packet: u64) {
        while self.recent.len() >= REMEMBERED
            || self
                .recent
                .front()
                .is_some_and(|&oldest| !are_near(oldest, packet))
        {
            self.recent.pop_front();
        }
        if self.recent.len() == self.recent.capacity() {
            self.recent.reserve_exact(self.recent.len().max(8));
        }
    }
}

#[inline]
fn packed(fingerprint: u64, time: Timestamp) -> u64 {
    fingerprint & FINGERPRINT | time.0.cast_unsigned() >> TICK & !FINGERPRINT
}

/// Whether two packets were captured so near to each other as copies are.
#[inline]
fn are_near(one: u64, other: u64) -> bool {
    let after = one.wrapping_sub(other) & !FINGERPRINT;
    let apart = after.min((!FINGERPRINT + 1) - after);
    apart <= APART.cast_unsigned() >> TICK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_known_shortly_before_and_behind_its_twin_and_no_longer() {
        let mut duplicates = Duplicates::default();
        // Just before the times that are kept begin anew.
        let at = |milliseconds: i64| Timestamp((1 << 40) - 1 + milliseconds * 1_000_000);
        duplicates.insert(u64::MAX, at(0));
        for near in [-49, 0, 1, 49] {
            assert!(duplicates.contains(u64::MAX, at(near)), "{near}");
        }
        for far in [-51, 51, 1_000, -1_000_000] {
            assert!(!duplicates.contains(u64::MAX, at(far)), "{far}");
        }
        assert!(!duplicates.contains(1 << 63, at(0)));
    }

    #[test]
    fn the_latest_are_remembered_and_no_more_of_them_than_is_said() {
        let mut duplicates = Duplicates::default();
        for packet in 0..1000_u64 {
            duplicates.insert(packet << 24, Timestamp(0));
        }
        assert!(duplicates.recent.capacity() <= REMEMBERED);
        assert!(duplicates.contains(999 << 24, Timestamp(0)));
        assert!(duplicates.contains((1000 - REMEMBERED as u64) << 24, Timestamp(0)));
        assert!(!duplicates.contains((999 - REMEMBERED as u64) << 24, Timestamp(0)));
    }
}
