//! Slots: what the connections of a shard are by now, each at its index.

use super::first::First;
use super::live::Live;
use super::tombstone::Tombstone;
use crate::decode::Segment;
use crate::tcp::{Key, Side};

/// What a connection is by now.
#[derive(Debug, Default)]
pub(super) enum Slot {
    #[default]
    Free,
    First(Box<First>),
    Live(Box<Live>),
    Over(Tombstone),
}

/// All connections of a shard.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Slots {
    /// How many connections there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// An index for another connection.
    pub(super) fn reserve(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::Free);
            u32::try_from(self.slots.len() - 1).expect("there are fewer than 2^16 of a shard")
        })
    }

    /// A connection of which one packet is known.
    pub(super) fn put_first(&mut self, index: u32, first: First) {
        self.put(index, Slot::First(Box::new(first)));
    }

    /// A connection that is alive.
    pub(super) fn put_live(&mut self, index: u32, live: Box<Live>) {
        self.put(index, Slot::Live(live));
    }

    /// What is left of one that is over.
    pub(super) fn put_over(&mut self, index: u32, over: Tombstone) {
        self.put(index, Slot::Over(over));
    }

    fn put(&mut self, index: u32, slot: Slot) {
        if let Some(place) = self.slot_mut(index) {
            *place = slot;
        }
    }

    /// Takes out the connection at an index, if no more than one packet of it is known. Something else is to be put there.
    pub(super) fn take_first(&mut self, index: u32) -> Option<First> {
        self.take(index, |slot| match slot {
            Slot::First(first) => Ok(*first),
            other => Err(other),
        })
    }

    /// The same, if it is alive.
    pub(super) fn take_live(&mut self, index: u32) -> Option<Box<Live>> {
        self.take(index, |slot| match slot {
            Slot::Live(live) => Ok(live),
            other => Err(other),
        })
    }

    /// The same, if it is over.
    pub(super) fn take_over(&mut self, index: u32) -> Option<Tombstone> {
        self.take(index, |slot| match slot {
            Slot::Over(over) => Ok(over),
            other => Err(other),
        })
    }

    fn take<T>(&mut self, index: u32, wanted: impl FnOnce(Slot) -> Result<T, Slot>) -> Option<T> {
        let slot = self.slot_mut(index)?;
        match wanted(std::mem::take(slot)) {
            Ok(taken) => Some(taken),
            Err(other) => {
                *slot = other;
                None
            }
        }
    }

    /// The index is free for another connection.
    pub(super) fn release(&mut self, index: u32) {
        self.free.push(index);
    }

    /// The connection at an index, if it is alive.
    #[inline]
    pub(super) fn live(&self, index: u32) -> Option<&Live> {
        match self.slot(index)? {
            Slot::Live(live) => Some(live),
            _ => None,
        }
    }

    /// The same, to be changed.
    #[inline]
    pub(super) fn live_mut(&mut self, index: u32) -> Option<&mut Live> {
        match self.slot_mut(index)? {
            Slot::Live(live) => Some(live),
            _ => None,
        }
    }

    /// What is left of the connection at an index, if it is over.
    pub(super) fn over_mut(&mut self, index: u32) -> Option<&mut Tombstone> {
        match self.slot_mut(index)? {
            Slot::Over(over) => Some(over),
            _ => None,
        }
    }

    /// Whether the connection at an index has this key, when the hashes of both are the same.
    #[inline]
    pub(super) fn has_key(&self, index: u32, key: &Key) -> bool {
        match self.live(index) {
            Some(live) => live.key() == key,
            None => self.had_key(index, key),
        }
    }

    /// The same, where it is not alive.
    #[inline(never)]
    fn had_key(&self, index: u32, key: &Key) -> bool {
        match self.slot(index) {
            Some(Slot::First(first)) => first.key() == key,
            // It has the same 64 bits of a seeded hash.
            Some(Slot::Over(_)) => true,
            Some(Slot::Free | Slot::Live(_)) | None => false,
        }
    }

    /// Whether a SYN begins another connection in the place of the one at an index.
    pub(super) fn is_superseded(&self, index: u32, side: Side, segment: &Segment<'_>) -> bool {
        match self.slot(index) {
            Some(Slot::Live(live)) => live.is_superseded_by(side, segment),
            Some(Slot::First(first)) => first.is_superseded_by(side, segment),
            Some(Slot::Over(over)) => over.is_superseded_by(side, segment),
            Some(Slot::Free) | None => true,
        }
    }

    /// The connections that have not ended: their numbers, their latest packets and their indexes.
    pub(super) fn open(&self) -> impl Iterator<Item = (u64, u64, u32)> {
        (0..).zip(&self.slots).filter_map(|(index, slot)| {
            let (number, packet) = match slot {
                Slot::First(first) => (first.number(), first.packet()),
                Slot::Live(live) if !live.is_closed() => (live.number(), live.last_packet()),
                _ => return None,
            };
            Some((number, packet, index))
        })
    }

    #[inline]
    fn slot(&self, index: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(index).ok()?)
    }

    #[inline]
    fn slot_mut(&mut self, index: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tombstone::Left;
    use super::*;

    #[test]
    fn what_is_idle_or_over_is_small() {
        assert!(size_of::<First>() <= 88, "{}", size_of::<First>());
        assert!(size_of::<Left>() <= 24, "{}", size_of::<Left>());
        assert!(size_of::<Slot>() <= 16);
        assert!(size_of::<Live>() <= 488, "{}", size_of::<Live>());
    }
}
