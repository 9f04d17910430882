//! Copies: the same packet captured twice, as mirror ports and captures on several interfaces give it.

use super::SPREAD;
use crate::time::Timestamp;

/// How far apart in capture time two copies of one packet may stand. Mirrored copies are microseconds apart, and
/// no sender retransmits with the same IP identification so soon.
const APART: i64 = 50_000_000;

/// How many packets are remembered of a shard: what it is sent within [`APART`] when all of them see 300,000 packets a second.
const REMEMBERED: usize = 256;

/// How many bits of a fingerprint are kept: two packets of which one is taken for the other's copy though it is none are one in 2^32.
const FINGERPRINT: u64 = u64::MAX << 24;

/// Times are kept in so many nanoseconds, as a power of two, and in the 24 bits that are left: they come again after 18 minutes, so that
/// two equal packets of a connection, just so long apart, to 50 ms, would count as copies where the first is still remembered.
const TICK: u32 = 16;

/// How many are compared at a time.
const AT_A_TIME: usize = 16;

/// The fingerprints of a shard's latest packets, each with its time in one number. They stand in the order in which they came, so that
/// what remembers the next is in a core's own cache, of whichever connection it is.
#[derive(Debug, Default)]
pub struct Duplicates {
    /// A ring, once it is full.
    recent: Vec<u64>,
    /// Where the oldest stands in the ring.
    oldest: usize,
}

impl Duplicates {
    /// Whether a packet of this connection with this fingerprint was seen within the time that copies may be apart.
    pub(super) fn contains(&self, connection: u64, fingerprint: u64, time: Timestamp) -> bool {
        let packet = packed(connection, fingerprint, time);
        let same = |seen: &u64| (seen ^ packet) & FINGERPRINT == 0;
        // Without a way out of the inner loop, so that many are compared at once.
        (self.recent.chunks(AT_A_TIME)).any(|some| {
            some.iter().fold(false, |found, seen| found | same(seen))
                && (some.iter()).any(|seen| same(seen) && are_near(*seen, packet))
        })
    }

    /// Remembers a packet, in place of the oldest where that is too old, or there are too many.
    #[inline]
    pub(super) fn insert(&mut self, connection: u64, fingerprint: u64, time: Timestamp) {
        let packet = packed(connection, fingerprint, time);
        let len = self.recent.len();
        match self.recent.get_mut(self.oldest) {
            Some(oldest) if len >= REMEMBERED || !are_near(*oldest, packet) => {
                *oldest = packet;
                self.oldest += 1;
                if self.oldest == len {
                    self.oldest = 0;
                }
            }
            _ => self.grow(packet),
        }
    }

    /// Remembers a packet beside all the others.
    #[inline(never)]
    fn grow(&mut self, packet: u64) {
        self.recent.rotate_left(self.oldest);
        self.oldest = 0;
        self.recent.push(packet);
    }
}

/// The fingerprint of a connection's packet and its time. Equal packets of two connections have two fingerprints.
#[inline]
fn packed(connection: u64, fingerprint: u64, time: Timestamp) -> u64 {
    (fingerprint ^ connection.wrapping_mul(SPREAD)) & FINGERPRINT
        | time.0.cast_unsigned() >> TICK & !FINGERPRINT
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
        duplicates.insert(7, u64::MAX, at(0));
        for near in [-49, 0, 1, 49] {
            assert!(duplicates.contains(7, u64::MAX, at(near)), "{near}");
        }
        for far in [-51, 51, 1_000, -1_000_000] {
            assert!(!duplicates.contains(7, u64::MAX, at(far)), "{far}");
        }
        assert!(!duplicates.contains(7, 1 << 63, at(0)));
    }

    #[test]
    fn an_equal_packet_of_another_connection_is_no_copy() {
        let mut duplicates = Duplicates::default();
        duplicates.insert(7, 1 << 40, Timestamp(0));
        assert!(duplicates.contains(7, 1 << 40, Timestamp(0)));
        assert!(!duplicates.contains(8, 1 << 40, Timestamp(0)));
    }

    #[test]
    fn the_latest_are_remembered_and_no_more_of_them_than_is_said() {
        let mut duplicates = Duplicates::default();
        for packet in 0..1000_u64 {
            duplicates.insert(7, packet << 24, Timestamp(0));
            assert!(duplicates.contains(7, packet << 24, Timestamp(0)));
        }
        assert_eq!(duplicates.recent.len(), REMEMBERED);
        assert!(duplicates.contains(7, 999 << 24, Timestamp(0)));
        assert!(duplicates.contains(7, (1000 - REMEMBERED as u64) << 24, Timestamp(0)));
        assert!(!duplicates.contains(7, (999 - REMEMBERED as u64) << 24, Timestamp(0)));
        for packet in 0..1000_u64 {
            duplicates.insert(7, packet << 24, Timestamp(1 << 33));
        }
        assert_eq!(duplicates.recent.len(), REMEMBERED);
    }

    #[test]
    fn where_packets_are_far_apart_few_are_remembered() {
        let mut duplicates = Duplicates::default();
        for packet in 0..1000_u64 {
            duplicates.insert(
                7,
                packet << 24,
                Timestamp(packet.cast_signed() * 100_000_000),
            );
        }
        assert_eq!(duplicates.recent.len(), 1);
    }
}
