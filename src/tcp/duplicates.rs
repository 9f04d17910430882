//! Copies: the same packet captured twice, as mirror ports and captures on several interfaces give it.

use smallvec::SmallVec;

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

/// How many there is room for in place, which is enough where packets are far apart.
const FIRST: usize = 2;

/// How many there is room for where those are too few, and by how much room grows.
const SECOND: usize = 8;
const GROWTH: usize = 3;

/// The fingerprints of a connection's latest packets, each with its time in one number, so that those of many connections fit
/// into a cache.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    /// A ring, once it is full.
    recent: SmallVec<[u64; FIRST]>,
    /// How many packets there were in all, modulo 2^32.
    pub(super) packets: u32,
    /// Where the oldest stands in the ring.
    oldest: u8,
}

impl Duplicates {
    /// Whether a packet with this fingerprint was seen within the time that copies may be apart.
    pub(super) fn contains(&self, fingerprint: u64, time: Timestamp) -> bool {
        let packet = packed(fingerprint, time);
        (self.recent.iter())
            .any(|&seen| (seen ^ packet) & FINGERPRINT == 0 && are_near(seen, packet))
    }

    /// Remembers a packet, in place of the oldest where that is too old, or there are too many.
    #[inline]
    pub(super) fn insert(&mut self, fingerprint: u64, time: Timestamp) {
        self.packets = self.packets.wrapping_add(1);
        let packet = packed(fingerprint, time);
        let len = self.recent.len();
        match self.recent.get_mut(usize::from(self.oldest)) {
            Some(oldest) if len >= FIRST && (len >= REMEMBERED || !are_near(*oldest, packet)) => {
                *oldest = packet;
                self.oldest += 1;
                if usize::from(self.oldest) == len {
                    self.oldest = 0;
                }
            }
            _ => self.grow(packet),
        }
    }

    /// Remembers a packet beside all the others.
    #[inline(never)]
    fn grow(&mut self, packet: u64) {
        self.recent.rotate_left(self.oldest.into());
        self.oldest = 0;
        let room = self.recent.capacity();
        if self.recent.len() == room {
            self.recent.grow((room * GROWTH).clamp(SECOND, REMEMBERED));
        }
        self.recent.push(packet);
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
            assert!(duplicates.contains(packet << 24, Timestamp(0)));
        }
        assert_eq!(duplicates.recent.capacity(), REMEMBERED);
        assert!(duplicates.contains(999 << 24, Timestamp(0)));
        assert!(duplicates.contains((1000 - REMEMBERED as u64) << 24, Timestamp(0)));
        assert!(!duplicates.contains((999 - REMEMBERED as u64) << 24, Timestamp(0)));
        for packet in 0..1000_u64 {
            duplicates.insert(packet << 24, Timestamp(1 << 33));
        }
        assert_eq!(duplicates.recent.len(), REMEMBERED);
    }

    #[test]
    fn where_packets_are_far_apart_few_are_remembered() {
        let mut duplicates = Duplicates::default();
        for packet in 0..1000_u64 {
            duplicates.insert(packet << 24, Timestamp(packet.cast_signed() * 100_000_000));
        }
        assert_eq!(duplicates.recent.len(), FIRST);
    }
}
