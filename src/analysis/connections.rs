//! The connections of a shard: found by their packets, numbered, ended, remembered for a while, and forgotten.
//!
//! A connection is first its first packet, then alive, then (closed, but late packets may still be in their order) whole for a moment,
//! then a tombstone. Each of these is as small as it can be, so that memory follows what is alive and not what was.

use std::collections::VecDeque;

use super::first::First;
use super::live::{Live, notice_midstream};
use super::numbers::{Included, early, includes, late, may_have_ledgers};
use super::shared::Shared;
use super::tombstone::{Tombstone, give};
use super::waiting::Waiting;
use crate::bound::SHARDS;
use crate::decode::Segment;
use crate::event::{Connection, Event};
use crate::notice::{Kind, Notice};
use crate::tcp::{Duplicates, Key, Place, Side, Table};
use crate::time::Timestamp;

/// How many closed connections of a shard stay whole: more than close while the packets of one queue overtake those of another, and few
/// enough, 512 of all shards, to push nothing else out of the caches.
const WHOLE_AT_MOST: usize = 8;

/// How many connections of a shard, tombstones among them, may be there at once; a million of all. What is beyond makes room by ending
/// those that were idle for longest. A million first packets need some 200 MB.
const ALIVE: usize = (1 << 20) / SHARDS;

/// Connections, from their first packets to the ends of their tombstones.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// Which shard it is.
    shard: usize,
    table: Table,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Closed connections that are still whole, in the order of closing, and when they closed.
    closed: VecDeque<(Timestamp, u32)>,
    /// Tombstones, in the same order.
    over: VecDeque<(Timestamp, u32)>,
    waiting: Waiting,
    /// What copies of packets are known by.
    remembered: Duplicates,
}

/// What a connection is by now.
#[derive(Debug, Default)]
enum Slot {
    #[default]
    Free,
    First(Box<First>),
    Live(Box<Live>),
    Over(Tombstone),
}

impl Slot {
    fn has_key(&self, key: &Key) -> bool {
        match self {
            Self::Live(live) => live.key() == key,
            Self::First(first) => first.key() == key,
            // It has the same 64 bits of a seeded hash.
            Self::Over(_) => true,
            Self::Free => false,
        }
    }

    /// Whether a SYN begins another connection in this one's place.
    fn is_superseded_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        match self {
            Self::Live(live) => live.is_superseded_by(side, segment),
            Self::First(first) => first.live(false).0.is_superseded_by(side, segment),
            Self::Over(over) => over.is_superseded_by(side, segment),
            Self::Free => true,
        }
    }

    /// The number of a connection that has not ended.
    fn open_number(&self) -> Option<u64> {
        match self {
            Self::First(first) => Some(first.number()),
            Self::Live(live) if !live.is_closed() => Some(live.number()),
            _ => None,
        }
    }

    /// The latest packet of a connection that has not ended.
    fn open_packet(&self) -> Option<u64> {
        match self {
            Self::First(first) => Some(first.packet()),
            Self::Live(live) if !live.is_closed() => Some(live.last_packet()),
            _ => None,
        }
    }
}

impl Connections {
    /// None yet.
    pub(super) fn of_shard(shard: usize) -> Self {
        Self {
            shard,
            ..Self::default()
        }
    }

    /// Takes a segment.
    #[inline]
    pub(super) fn segment(
        &mut self,
        (key, from_lower): (Key, bool),
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        self.look_at_keys(shared, out);
        let hash = self.table.hash(&key);
        let slots = &self.slots;
        let found = self.table.find(hash, |index| {
            at(slots, index).is_some_and(|slot| slot.has_key(&key))
        });
        let Some(place) = found else {
            return self.begin(key, hash, from_lower, segment, shared, out);
        };
        let side = place.side(from_lower);
        if let Some(Slot::Live(live)) = at_mut(&mut self.slots, place.index)
            && live.take_plain(side, segment, &mut self.remembered, shared, out)
        {
            return self.list_if_it_waits(place.index, shared);
        }
        if segment.flags.syn() && self.is_superseded(place, side, segment) {
            self.table.remove(hash, place.index);
            self.close(place.index, segment.time, shared, out);
            return self.begin(key, hash, from_lower, segment, shared, out);
        }
        self.take(place.index, side, segment, shared, out);
    }

    fn is_superseded(&self, place: Place, side: Side, segment: &Segment<'_>) -> bool {
        at(&self.slots, place.index).is_none_or(|slot| slot.is_superseded_by(side, segment))
    }

    /// Gives a segment to the connection at an index.
    fn take(
        &mut self,
        index: u32,
        side: Side,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        bring_to_life(slot, &mut self.remembered, shared);
        match slot {
            Slot::Live(live) => {
                if live.segment(side, segment, &mut self.remembered, shared, out) {
                    self.list_if_it_waits(index, shared);
                    return self.closed_now(segment.time, index, shared, out);
                }
            }
            Slot::Over(over) => over.segment(side, segment, &mut shared.ledgers),
            Slot::First(_) | Slot::Free => {}
        }
        self.list_if_it_waits(index, shared);
    }

    /// Lists the connection whose turn it was, if it began to wait for keys.
    #[inline]
    fn list_if_it_waits(&mut self, index: u32, shared: &mut Shared) {
        if shared.scratch.secure.take_began_to_wait() {
            let slots = &self.slots;
            self.waiting.add(index, |index| waits(slots, index));
        }
    }

    /// Keys have come: what waited for them is read, now or soon.
    pub(super) fn keys_came(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        self.waiting.keys_came();
        self.wake(shared, out);
    }

    /// Looks at keys that have come, if it is time to.
    #[inline]
    fn look_at_keys(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        if self.waiting.pass_packet() {
            self.wake(shared, out);
        }
    }

    fn wake(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        for index in self.waiting.take_due() {
            if let Some(Slot::Live(live)) = at_mut(&mut self.slots, index)
                && live.waits_for_keys()
            {
                live.wake(shared, out);
                self.list_if_it_waits(index, shared);
            }
        }
    }

    fn begin(
        &mut self,
        key: Key,
        hash: u64,
        from_lower: bool,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        // What makes room for it leaves its place to later ones.
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::Free);
            u32::try_from(self.slots.len() - 1).expect("there are fewer than 2^16 of a shard")
        });
        if self.slots.len() - self.free.len() > ALIVE {
            self.evict(segment, shared, out);
        }
        let number = shared.numbers.next(self.shard, index, &shared.options);
        notice_midstream(number, segment, out);
        self.table.insert(hash, index, from_lower);
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        if let Some(first) = First::new(number, key, from_lower, segment) {
            *slot = Slot::First(Box::new(first));
            return;
        }
        let asked_for = may_have_ledgers(&shared.options, number);
        let live = Live::new(number, key, from_lower, asked_for, segment);
        let live = live.watched(segment, &shared.options);
        *slot = Slot::Live(Box::new(live));
        self.take(index, Side::Opener, segment, shared, out);
    }

    /// Ends a connection that cannot go on; its record is given in the order of closing.
    fn close(
        &mut self,
        index: u32,
        time: Timestamp,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        bring_to_life(slot, &mut self.remembered, shared);
        if let Slot::Live(live) = slot
            && !live.is_closed()
        {
            live.end(shared, out);
            self.list_if_it_waits(index, shared);
            self.closed_now(time, index, shared, out);
        }
    }

    /// A connection has closed. Where too many are whole, the first of them no longer is.
    fn closed_now(
        &mut self,
        time: Timestamp,
        index: u32,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        self.closed.push_back((time, index));
        if self.closed.len() > WHOLE_AT_MOST {
            self.bury(shared, out);
        }
    }

    /// When the connection closed that was the first to close of those that are whole.
    pub(super) fn first_closed(&self) -> Option<Timestamp> {
        self.closed.front().map(|(closed, _)| *closed)
    }

    /// The same of those that a tombstone stands for.
    pub(super) fn first_over(&self) -> Option<Timestamp> {
        self.over.front().map(|(closed, _)| *closed)
    }

    /// Makes a tombstone of the connection that closed first.
    pub(super) fn bury(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        let Some((closed, index)) = self.closed.pop_front() else {
            return;
        };
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        self.over.push_back((closed, index));
        if matches!(slot, Slot::Live(live) if live.waits_for_keys()) {
            return;
        }
        let Slot::Live(mut live) = std::mem::take(slot) else {
            return;
        };
        live.settle(shared, out);
        let mut tombstone = live.tombstone(self.table.hash(live.key()));
        let (number, client) = (live.number(), live.client());
        if let Some(mut connection) = record(*live, shared) {
            match includes(shared.options.settled, number) {
                Included::Yes => tombstone.keep(connection, client),
                Included::No => give(&connection, &mut shared.whole, out),
                Included::Maybe => {
                    connection.number = early(number);
                    out(&Event::Connection(&connection));
                    connection.number = late(number);
                    tombstone.keep(connection, client);
                }
            }
        }
        *slot = Slot::Over(tombstone);
    }

    /// Gives up the tombstone that has stood longest, or the connection that waited for keys as long.
    pub(super) fn forget(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        let Some((_, index)) = self.over.pop_front() else {
            return;
        };
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        let hash = match std::mem::take(slot) {
            Slot::Over(over) => {
                let hash = over.hash();
                over.end(&mut shared.whole, out);
                hash
            }
            Slot::Live(live) => {
                let hash = self.table.hash(live.key());
                give_record(live, shared, out);
                hash
            }
            Slot::First(_) | Slot::Free => return,
        };
        self.table.remove(hash, index);
        self.free.push(index);
    }

    /// Makes room: every tombstone goes, and where that is too little, an eighth of the connections, those that were idle for
    /// longest, end here.
    #[cold]
    fn evict(
        &mut self,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        self.forget_all_closed(shared, out);
        if self.slots.len() - self.free.len() < ALIVE / 8 * 7 {
            return;
        }
        let mut idle: Vec<(u64, u32)> = (0..)
            .zip(&self.slots)
            .filter_map(|(index, slot)| Some((slot.open_packet()?, index)))
            .collect();
        let longest = (ALIVE / 8).min(idle.len().saturating_sub(1));
        idle.select_nth_unstable(longest);
        idle.truncate(longest);
        idle.sort_unstable();
        let explanation = format!(
            "more than {ALIVE} connections of a shard are alive; the {} that were idle for longest were ended",
            idle.len()
        );
        out(&Event::Notice(
            &Notice::new(Kind::LimitReached, explanation).at_packet(segment.packet),
        ));
        for (_, index) in idle {
            self.close(index, segment.time, shared, out);
            self.forget_all_closed(shared, out);
        }
    }

    fn forget_all_closed(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        while !self.closed.is_empty() {
            self.bury(shared, out);
        }
        while !self.over.is_empty() {
            self.forget(shared, out);
        }
    }

    /// The numbers and places of the connections that have not ended.
    pub(super) fn open(&self) -> impl Iterator<Item = (u64, u32)> {
        (0..)
            .zip(&self.slots)
            .filter_map(|(index, slot)| Some((slot.open_number()?, index)))
    }

    /// The capture ends, and with it a connection that is open. One of which only a first packet is known stays that for now.
    pub(super) fn end(&mut self, index: u32, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        if let Some(Slot::Live(live)) = at_mut(&mut self.slots, index) {
            live.end(shared, out);
        }
    }

    /// Gives the record of a connection that was open at the end.
    pub(super) fn give_open(
        &mut self,
        index: u32,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        let is_first = bring_to_life(slot, &mut self.remembered, shared);
        if let Slot::Live(mut live) = std::mem::take(slot) {
            if is_first {
                live.end(shared, out);
            }
            give_record(live, shared, out);
        }
    }
}

/// Whether a connection waits for keys.
fn waits(slots: &[Slot], index: u32) -> bool {
    matches!(at(slots, index), Some(Slot::Live(live)) if live.waits_for_keys())
}

/// A connection's record, unless nobody asks for it; what it leaves behind for the rules over several is compared.
fn record(mut live: Live, shared: &mut Shared) -> Option<Connection> {
    live.charge_missing(&mut shared.ledgers);
    let (closed, options) = (live.take_closed(), &shared.options);
    let is_asked_for = options.wanted.connections || may_have_ledgers(options, live.number());
    if closed.is_none() && !is_asked_for {
        return None;
    }
    let connection = live.into_record();
    if let Some(closed) = closed {
        shared.left.add(&connection, closed);
    }
    Some(connection)
}

/// Gives the record of a connection for which nothing more comes.
fn give_record(mut live: Box<Live>, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
    live.settle(shared, out);
    if let Some(record) = record(*live, shared) {
        give(&record, &mut shared.whole, out);
    }
}

/// Makes a connection of a first packet, because a second one has come, or the end; false where there is no such packet.
fn bring_to_life(slot: &mut Slot, remembered: &mut Duplicates, shared: &mut Shared) -> bool {
    let Slot::First(first) = slot else {
        return false;
    };
    let asked_for = may_have_ledgers(&shared.options, first.number());
    let (live, segment) = first.live(asked_for);
    let mut live = live.watched(&segment, &shared.options);
    // A packet without payload tells nothing, so there is nobody to listen.
    live.segment(Side::Opener, &segment, remembered, shared, &mut |_| {});
    *slot = Slot::Live(Box::new(live));
    true
}

fn at(slots: &[Slot], index: u32) -> Option<&Slot> {
    slots.get(usize::try_from(index).ok()?)
}

fn at_mut(slots: &mut [Slot], index: u32) -> Option<&mut Slot> {
    slots.get_mut(usize::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::tombstone::Left;
    use super::*;

    #[test]
    fn what_is_idle_or_over_is_small() {
        assert!(size_of::<First>() <= 112, "{}", size_of::<First>());
        assert!(size_of::<Left>() <= 24, "{}", size_of::<Left>());
        assert!(size_of::<Slot>() <= 16);
        assert!(size_of::<Live>() <= 512, "{}", size_of::<Live>());
    }
}
