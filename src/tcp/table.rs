//! The table: which connection a segment belongs to.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::side::Side;
use crate::decode::{Endpoint, Segment};

/// What tells connections apart: the two ends and the network that their addresses belong to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Key {
    lower: Endpoint,
    higher: Endpoint,
    network: u32,
}

impl Key {
    /// Of a segment, the same for both directions; and whether the segment came from the lower end.
    pub fn of(segment: &Segment<'_>) -> (Self, bool) {
        let (source, destination, network) = (segment.source, segment.destination, segment.network);
        if source <= destination {
            (
                Self {
                    lower: source,
                    higher: destination,
                    network,
                },
                true,
            )
        } else {
            (
                Self {
                    lower: destination,
                    higher: source,
                    network,
                },
                false,
            )
        }
    }
}

/// From keys to places in a list of connections. The hash is seeded, so that no capture can be made to collide in it.
#[derive(Debug, Default)]
pub struct Table {
    places: HashMap<Key, Place, RandomState>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    index: usize,
    /// Whether the opener is the lower end.
    opener_is_lower: bool,
}

impl Table {
    /// Where the connection of a segment stands, and which side sent it.
    pub fn find(&self, key: &Key, from_lower: bool) -> Option<(usize, Side)> {
        let place = self.places.get(key)?;
        let side = if place.opener_is_lower == from_lower {
            Side::Opener
        } else {
            Side::Other
        };
        Some((place.index, side))
    }

    /// The connection with this key now stands at `index`; an earlier one is forgotten.
    pub fn insert(&mut self, key: Key, index: usize, opener_is_lower: bool) {
        self.places.insert(
            key,
            Place {
                index,
                opener_is_lower,
            },
        );
    }

    /// Forgets a key, if it still leads to `index`.
    pub fn remove(&mut self, key: &Key, index: usize) {
        if self
            .places
            .get(key)
            .is_some_and(|place| place.index == index)
        {
            self.places.remove(key);
        }
    }
}
