//! The table: which connection a segment belongs to.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::SPREAD;
use super::side::{Side, Sides};
use crate::bound::SHARDS;
use crate::decode::{Endpoint, Segment};

/// What tells connections apart: the two ends and the network that their addresses belong to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key {
    addresses: Addresses<[u128; 2]>,
    rest: Rest,
}

/// The lower address and the higher one, of version 4 as the lower and the higher half of a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Addresses<V6> {
    V4(u64),
    V6(V6),
}

/// The network, the lower end's port and the higher one's, from the highest bit on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Rest(u64);

impl Key {
    /// Of a segment, the same for both directions; and whether the segment came from the lower end.
    #[inline]
    pub fn of(segment: &Segment<'_>) -> (Self, bool) {
        let (source, destination) = (&segment.source, &segment.destination);
        let (IpAddr::V4(from), IpAddr::V4(to)) = (source.address, destination.address) else {
            return Self::of_v6(segment);
        };
        let (from, to) = (u64::from(from.to_bits()), u64::from(to.to_bits()));
        let end = |address: u64, port: u16| address << 16 | u64::from(port);
        let from_lower = end(from, source.port) <= end(to, destination.port);
        let (lower, higher) = if from_lower { (from, to) } else { (to, from) };
        let key = Self {
            addresses: Addresses::V4(higher << 32 | lower),
            rest: Rest::of(segment, from_lower),
        };
        (key, from_lower)
    }

    #[inline(never)]
    fn of_v6(segment: &Segment<'_>) -> (Self, bool) {
        let (source, destination) = (&segment.source, &segment.destination);
        let (from, to) = (number(source.address), number(destination.address));
        let from_lower = (from, source.port) <= (to, destination.port);
        let addresses = if from_lower { [from, to] } else { [to, from] };
        let key = Self {
            addresses: Addresses::V6(addresses),
            rest: Rest::of(segment, from_lower),
        };
        (key, from_lower)
    }

    /// Which shard the connection belongs to: always the same, whatever else is in the capture.
    #[inline]
    pub(crate) fn shard(&self) -> usize {
        let ends = match &self.addresses {
            Addresses::V4(ends) => *ends,
            Addresses::V6(addresses) => folded(addresses),
        };
        // The highest bits say the shard.
        let mixed = (ends ^ self.rest.0.rotate_left(8)).wrapping_mul(SPREAD);
        usize::try_from(mixed >> (u64::BITS - SHARDS.ilog2())).unwrap_or(0)
    }

    /// Which network the addresses belong to.
    pub fn network(&self) -> u32 {
        self.rest.network()
    }

    /// The two ends, the opener's first.
    pub fn ends(&self, opener_is_lower: bool) -> Sides<Endpoint> {
        let [lower, higher] = match self.addresses {
            Addresses::V4(addresses) => {
                let [h0, h1, h2, h3, l0, l1, l2, l3] = addresses.to_be_bytes();
                [[l0, l1, l2, l3], [h0, h1, h2, h3]].map(IpAddr::from)
            }
            Addresses::V6(addresses) => {
                addresses.map(|address| IpAddr::V6(Ipv6Addr::from_bits(address)))
            }
        };
        let [lower_port, higher_port] = self.rest.ports();
        let end = |address: IpAddr, port: u16| Endpoint { address, port };
        let (lower, higher) = (end(lower, lower_port), end(higher, higher_port));
        if opener_is_lower {
            Sides::new(lower, higher)
        } else {
            Sides::new(higher, lower)
        }
    }
}

impl Rest {
    /// Of a segment, which came from the lower end, or did not.
    #[inline]
    fn of(segment: &Segment<'_>, from_lower: bool) -> Self {
        let [source, destination] =
            [segment.source, segment.destination].map(|end| u64::from(end.port));
        let ports = if from_lower {
            source << 16 | destination
        } else {
            destination << 16 | source
        };
        Self(u64::from(segment.network) << 32 | ports)
    }

    fn network(self) -> u32 {
        let [n0, n1, n2, n3, ..] = self.0.to_be_bytes();
        u32::from_be_bytes([n0, n1, n2, n3])
    }

    fn ports(self) -> [u16; 2] {
        let [_, _, _, _, l0, l1, h0, h1] = self.0.to_be_bytes();
        [[l0, l1], [h0, h1]].map(u16::from_be_bytes)
    }
}

/// An address as a number. A packet's two addresses are of one version.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Addresses of version 6 in 64 bits.
#[inline(never)]
fn folded([lower, higher]: &[u128; 2]) -> u64 {
    let half = |number: u128| u64::try_from(number & u128::from(u64::MAX)).unwrap_or(0);
    let mixed = half(lower >> 64) ^ half(higher >> 64).rotate_left(32);
    mixed.wrapping_mul(SPREAD) ^ half(*lower) ^ half(*higher).rotate_left(32)
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.addresses {
            // All of it in 128 bits.
            Addresses::V4(addresses) => {
                state.write_u128(u128::from(addresses) << 64 | u128::from(self.rest.0));
            }
            Addresses::V6([lower, higher]) => {
                state.write_u128(lower);
                state.write_u128(higher);
                state.write_u64(self.rest.0);
            }
        }
    }
}

/// A key as a connection keeps it: a third as large as a key, for addresses of version 4.
#[derive(Debug)]
pub struct KeptKey {
    addresses: Addresses<Box<[u128; 2]>>,
    rest: Rest,
}

impl From<&Key> for KeptKey {
    fn from(key: &Key) -> Self {
        let addresses = match key.addresses {
            Addresses::V4(addresses) => Addresses::V4(addresses),
            Addresses::V6(addresses) => Addresses::V6(Box::new(addresses)),
        };
        let rest = key.rest;
        Self { addresses, rest }
    }
}

impl From<&KeptKey> for Key {
    fn from(kept: &KeptKey) -> Self {
        let addresses = match &kept.addresses {
            Addresses::V4(addresses) => Addresses::V4(*addresses),
            Addresses::V6(addresses) => Addresses::V6(**addresses),
        };
        let rest = kept.rest;
        Self { addresses, rest }
    }
}

impl PartialEq<Key> for KeptKey {
    #[inline]
    fn eq(&self, key: &Key) -> bool {
        let same = match (&self.addresses, &key.addresses) {
            (Addresses::V4(own), Addresses::V4(others)) => own == others,
            (Addresses::V6(own), Addresses::V6(others)) => **own == *others,
            _ => false,
        };
        same && self.rest == key.rest
    }
}

impl Hash for KeptKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Key::from(self).hash(state);
    }
}

/// From keys to places in a list of connections. The hash is seeded, so that no capture can be made to collide in it.
///
/// Only hashes are kept here: a live connection knows its key, and for one that is over 64 seeded bits are enough.
#[derive(Debug, Default)]
pub struct Table {
    places: HashTable<Place>,
    /// Places by the low bits of their hashes, the latest found of each. The table may hold a million connections, most of them over,
    /// and looking into it is mostly waiting for memory; those whose packets come now stay in a core's own cache here. Empty until there
    /// is a place.
    recent: Box<[Recent]>,
    seed: RandomState,
}

/// How many times four places are kept at hand: 256 KiB in all shards, for some ten thousand connections that speak at once.
const RECENT: usize = 4096 / SHARDS;

/// The places found latest of some hashes, the latest first: what fits into a line of a cache.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Recent([Option<Place>; 4]);

/// Where a connection stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    hash: u64,
    /// Its place in the list.
    pub index: u32,
    /// Whether the opener is the lower end.
    pub opener_is_lower: bool,
}

impl Place {
    /// Which side sent a segment that came from the lower end, or did not.
    #[inline]
    pub fn side(&self, from_lower: bool) -> Side {
        if self.opener_is_lower == from_lower {
            Side::Opener
        } else {
            Side::Other
        }
    }
}

impl Table {
    /// The hash of a key, or of a key that is kept.
    #[inline]
    pub fn hash(&self, key: &impl Hash) -> u64 {
        self.seed.hash_one(key)
    }

    /// Where the connection with this hash stands; `is` says whether what stands at an index has the key.
    #[inline]
    pub fn find(&mut self, hash: u64, is: impl Fn(u32) -> bool) -> Option<Place> {
        let place = |place: &Place| place.hash == hash && is(place.index);
        let Recent(recent) = self.recent.get(recent(hash))?;
        if let Some(found) = recent.iter().flatten().find(|found| place(found)) {
            return Some(*found);
        }
        let found = self.places.find(hash, place).copied()?;
        self.note(found);
        Some(found)
    }

    /// Takes note of a place in the stead of the one that was noted first.
    fn note(&mut self, place: Place) {
        if let Some(Recent(recent)) = self.recent.get_mut(recent(place.hash)) {
            recent.rotate_right(1);
            if let Some(first) = recent.first_mut() {
                *first = Some(place);
            }
        }
    }

    /// A connection with this hash now stands at `index`.
    pub fn insert(&mut self, hash: u64, index: u32, opener_is_lower: bool) {
        let place = Place {
            hash,
            index,
            opener_is_lower,
        };
        if self.recent.is_empty() {
            self.recent = vec![Recent::default(); RECENT].into();
        }
        self.places.insert_unique(hash, place, |place| place.hash);
        self.note(place);
    }

    /// Forgets the connection that stands at `index`; does nothing where that is forgotten.
    pub fn remove(&mut self, hash: u64, index: u32) {
        let place = |place: &Place| place.hash == hash && place.index == index;
        if let Entry::Occupied(entry) = self.places.entry(hash, place, |place| place.hash) {
            entry.remove();
            let recent = self.recent.get_mut(recent(hash));
            for noted in recent.into_iter().flat_map(|Recent(recent)| recent) {
                noted.take_if(|noted| noted.hash == hash && noted.index == index);
            }
        }
    }
}

/// The place at hand for a hash.
#[inline]
fn recent(hash: u64) -> usize {
    usize::try_from(hash % RECENT as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Flags;
    use crate::time::Timestamp;

    #[test]
    fn a_key_that_is_kept_is_the_same_key() {
        let addresses = [
            ("10.0.0.1", "10.0.0.2"),
            ("::1", "::2"),
            ("::a00:1", "::a00:2"),
            ("fe80::1", "2001:db8::7"),
        ];
        let keys = addresses.map(|(source, destination)| {
            let end = |address: &str, port| Endpoint {
                address: address.parse().unwrap(),
                port,
            };
            let (source, destination) = (end(source, 80), end(destination, 5000));
            let sent = Segment {
                packet: 1,
                time: Timestamp(0),
                packets: 1,
                file: 0,
                source,
                destination,
                network: 3,
                seq: 0,
                ack: None,
                flags: Flags::default(),
                window: 0,
                payload: &[],
                payload_len: 0,
                headers: [14, 20, 20],
                fingerprint: 0,
            };
            let (key, from_lower) = Key::of(&sent);
            let back = Segment {
                source: destination,
                destination: source,
                ..sent
            };
            assert_eq!(Key::of(&back), (key, !from_lower));
            assert_eq!(key.network(), 3);
            assert_eq!(key.ends(from_lower), Sides::new(source, destination));
            (key, key.ends(true))
        });
        let table = Table::default();
        for (at, (key, ends)) in keys.iter().enumerate() {
            let kept = KeptKey::from(key);
            assert_eq!(Key::from(&kept), *key);
            assert_eq!(table.hash(&kept), table.hash(key));
            assert_eq!(Key::from(&kept).ends(true), *ends);
            for (other, (key, _)) in keys.iter().enumerate() {
                assert_eq!(kept == *key, at == other);
            }
        }
    }

    #[test]
    fn a_place_at_hand_is_found_only_while_it_is_in_the_table() {
        let mut table = Table::default();
        const {
            assert!(size_of::<Recent>() == 64, "a line of a cache");
        };
        let (one, other) = (7, 7 + RECENT as u64);
        table.insert(one, 1, true);
        table.insert(other, 2, false);
        let index = |table: &mut Table, hash| table.find(hash, |_| true).map(|place| place.index);
        for _ in 0..2 {
            assert_eq!(index(&mut table, one), Some(1));
            assert_eq!(index(&mut table, other), Some(2));
        }
        table.remove(other, 2);
        assert_eq!(index(&mut table, other), None);
        assert_eq!(index(&mut table, one), Some(1));
        table.remove(one, 2);
        assert_eq!(index(&mut table, one), Some(1));
        table.insert(one, 3, true);
        table.remove(one, 1);
        assert_eq!(index(&mut table, one), Some(3));
        // More than are at hand of these hashes.
        for more in 2..9 {
            table.insert(7 + more * RECENT as u64, u32::try_from(more).unwrap(), true);
        }
        for more in (2..9).chain(2..9) {
            assert_eq!(
                index(&mut table, 7 + more * RECENT as u64),
                u32::try_from(more).ok()
            );
        }
    }
}
