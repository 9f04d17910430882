//! The table: which connection a segment belongs to.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    lower: u128,
    higher: u128,
    ports: [u16; 2],
    network: u32,
    v6: bool,
}

impl Key {
    /// Of a segment, the same for both directions; and whether the segment came from the lower end.
    #[inline]
    pub fn of(segment: &Segment<'_>) -> (Self, bool) {
        let (source, destination) = (&segment.source, &segment.destination);
        let (from, to, order, v6) = match (source.address, destination.address) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let (from, to) = (from.to_bits(), to.to_bits());
                (from.into(), to.into(), from.cmp(&to), false)
            }
            (from, to) => {
                let ((from, v6), (to, _)) = (number(from), number(to));
                (from, to, from.cmp(&to), v6)
            }
        };
        let from_lower = order.is_lt() || order.is_eq() && source.port <= destination.port;
        let (lower, higher, ports) = if from_lower {
            (from, to, [source.port, destination.port])
        } else {
            (to, from, [destination.port, source.port])
        };
        let key = Self {
            lower,
            higher,
            ports,
            network: segment.network,
            v6,
        };
        (key, from_lower)
    }

    /// Which shard the connection belongs to: always the same, whatever else is in the capture.
    #[inline]
    pub(crate) fn shard(&self) -> usize {
        // The highest bits say the shard.
        let half = |number: u128| u64::try_from(number & u128::from(u64::MAX)).unwrap_or(0);
        let ends = if self.v6 {
            let mixed = half(self.lower >> 64) ^ half(self.higher >> 64).rotate_left(32);
            mixed.wrapping_mul(SPREAD) ^ half(self.lower) ^ half(self.higher).rotate_left(32)
        } else {
            half(self.lower) ^ half(self.higher) << 32
        };
        let [low, high] = self.ports.map(u64::from);
        let ports = (low << 16 | high | u64::from(self.network) << 32).rotate_left(8);
        let mixed = (ends ^ ports).wrapping_mul(SPREAD);
        usize::try_from(mixed >> (u64::BITS - SHARDS.ilog2())).unwrap_or(0)
    }

    /// Which network the addresses belong to.
    pub fn network(&self) -> u32 {
        self.network
    }

    /// The two ends, the opener's first.
    pub fn ends(&self, opener_is_lower: bool) -> Sides<Endpoint> {
        let [lower_port, higher_port] = self.ports;
        let end = |address: u128, port: u16| Endpoint {
            address: match u32::try_from(address) {
                Ok(address) if !self.v6 => IpAddr::V4(Ipv4Addr::from_bits(address)),
                _ => IpAddr::V6(Ipv6Addr::from_bits(address)),
            },
            port,
        };
        let (lower, higher) = (end(self.lower, lower_port), end(self.higher, higher_port));
        if opener_is_lower {
            Sides::new(lower, higher)
        } else {
            Sides::new(higher, lower)
        }
    }
}

/// An address as a number, and whether it is of version 6. A packet's two addresses are of one version.
#[inline]
fn number(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(address) => (address.to_bits().into(), false),
        IpAddr::V6(address) => (address.to_bits(), true),
    }
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [low, high] = self.ports.map(u128::from);
        if self.v6 {
            state.write_u128(self.lower);
            state.write_u128(self.higher);
            state.write_u128(low << 48 | high << 32 | u128::from(self.network));
        } else {
            // All of it in 128 bits: two addresses, two ports, and the network folded into the ports.
            let network = u128::from(self.network) << 32;
            state.write_u128(self.lower << 96 | self.higher << 64 | low << 16 | high | network);
        }
    }
}

/// A key as a connection keeps it: half as large as a key, for addresses of version 4.
#[derive(Debug)]
pub struct KeptKey {
    addresses: Addresses,
    ports: [u16; 2],
    network: u32,
}

/// The lower address and the higher one.
#[derive(Debug)]
enum Addresses {
    V4([u32; 2]),
    V6(Box<[u128; 2]>),
}

impl From<Key> for KeptKey {
    fn from(key: Key) -> Self {
        let addresses = match (u32::try_from(key.lower), u32::try_from(key.higher)) {
            (Ok(lower), Ok(higher)) if !key.v6 => Addresses::V4([lower, higher]),
            _ => Addresses::V6(Box::new([key.lower, key.higher])),
        };
        Self {
            addresses,
            ports: key.ports,
            network: key.network,
        }
    }
}

impl From<&KeptKey> for Key {
    fn from(kept: &KeptKey) -> Self {
        let (v6, [lower, higher]) = match &kept.addresses {
            Addresses::V4(addresses) => (false, addresses.map(u128::from)),
            Addresses::V6(addresses) => (true, **addresses),
        };
        Self {
            lower,
            higher,
            ports: kept.ports,
            network: kept.network,
            v6,
        }
    }
}

impl PartialEq<Key> for KeptKey {
    #[inline]
    fn eq(&self, key: &Key) -> bool {
        let same = match &self.addresses {
            Addresses::V4([lower, higher]) => {
                !key.v6 && key.lower == (*lower).into() && key.higher == (*higher).into()
            }
            Addresses::V6(addresses) => key.v6 && **addresses == [key.lower, key.higher],
        };
        same && self.ports == key.ports && self.network == key.network
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
            let (lower, v6) = number(source.address);
            let (higher, _) = number(destination.address);
            (
                Key {
                    lower,
                    higher,
                    ports: [80, 5000],
                    network: 3,
                    v6,
                },
                Sides::new(source, destination),
            )
        });
        let table = Table::default();
        for (at, (key, ends)) in keys.iter().enumerate() {
            let kept = KeptKey::from(*key);
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
