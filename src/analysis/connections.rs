//! The connections of a capture: found by their packets, numbered, ended, remembered for a while, and forgotten.
//!
//! A connection is first its first packet, then alive, then (closed, but late packets may still be in their order) whole for a moment,
//! then a tombstone. Each of these is as small as it can be, so that memory follows what is alive and not what was.

use std::collections::VecDeque;

use super::first::First;
use super::live::{Live, notice_midstream};
use super::shared::Shared;
use super::tombstone::{Tombstone, give};
use super::waiting::Waiting;
use crate::check::Across;
use crate::decode::Segment;
use crate::event::{Connection, Event};
use crate::ledger::Ledger;
use crate::notice::{Kind, Notice};
use crate::options::Options;
use crate::tcp::{Key, Place, Side, Table};
use crate::time::Timestamp;

/// For how long, in capture time, a closed connection stays: a late packet then opens no new number. Twice the longest
/// time that a segment is expected to live in a network.
const TOMBSTONE: i64 = 120_000_000_000;

/// For how long, in capture time, a closed connection stays whole: what capture queues bring in a wrong order comes within it.
const WHOLE: i64 = 1_000_000_000;

/// How many closed connections stay whole: many more than close while the packets of one queue overtake those of another, and few enough
/// to push nothing else out of the caches.
const WHOLE_AT_MOST: usize = 256;

/// How many connections, tombstones among them, may be there at once. What is beyond makes room by ending those that were
/// idle for longest. A million first packets need some 190 MB.
const ALIVE: usize = 1 << 20;

/// All connections, from their first packets to the ends of their tombstones.
#[derive(Debug, Default)]
pub(super) struct Connections {
    table: Table,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Closed connections that are still whole, in the order of closing, and when they closed.
    closed: VecDeque<(Timestamp, u32)>,
    /// Tombstones, in the same order.
    over: VecDeque<(Timestamp, u32)>,
    next_number: u64,
    pub(super) shared: Shared,
    across: Across,
    waiting: Waiting,
}

/// What a connection is by now.
#[derive(Debug, Default)]
enum Slot {
    #[default]
    Free,
    First(Box<First>),
    Live(Box<Live>),
    Over(Box<Tombstone>),
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
    pub(super) fn new(options: Options) -> Self {
        Self {
            shared: Shared {
                options,
                ..Shared::default()
            },
            ..Self::default()
        }
    }

    /// Takes a segment.
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        whole: &mut Ledger,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let (key, from_lower) = Key::of(segment);
        let hash = self.table.hash(&key);
        let slots = &self.slots;
        let found = self.table.find(hash, |index| {
            at(slots, index).is_some_and(|slot| slot.has_key(&key))
        });
        let Some(place) = found else {
            return self.open(key, hash, from_lower, segment, whole, out);
        };
        let side = place.side(from_lower);
        if let Some(Slot::Live(live)) = at_mut(&mut self.slots, place.index)
            && live.take_plain(side, segment, &mut self.shared, out)
        {
            return self.list_if_it_waits(place.index);
        }
        if segment.flags.syn() && self.is_superseded(place, side, segment) {
            self.table.remove(hash, place.index);
            self.close(place.index, segment.time, out);
            return self.open(key, hash, from_lower, segment, whole, out);
        }
        self.take(place.index, side, segment, out);
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
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        if let Slot::First(_) = slot {
            bring_to_life(slot, &mut self.shared);
        }
        match slot {
            Slot::Live(live) => {
                if live.segment(side, segment, &mut self.shared, out) {
                    self.closed.push_back((segment.time, index));
                }
            }
            Slot::Over(over) => over.segment(side, segment, &mut self.shared.ledgers),
            Slot::First(_) | Slot::Free => {}
        }
        self.list_if_it_waits(index);
    }

    /// Lists the connection whose turn it was, if it began to wait for keys.
    #[inline]
    fn list_if_it_waits(&mut self, index: u32) {
        if self.shared.scratch.secure.take_began_to_wait() {
            let slots = &self.slots;
            self.waiting.add(index, |index| waits(slots, index));
        }
    }

    /// Keys have come: what waited for them is read, now or soon.
    pub(super) fn keys_came(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        self.waiting.keys_came();
        self.wake(out);
    }

    fn wake(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        for index in self.waiting.take_due() {
            if let Some(Slot::Live(live)) = at_mut(&mut self.slots, index)
                && live.waits_for_keys()
            {
                live.wake(&mut self.shared, out);
                self.list_if_it_waits(index);
            }
        }
    }

    fn open(
        &mut self,
        key: Key,
        hash: u64,
        from_lower: bool,
        segment: &Segment<'_>,
        whole: &mut Ledger,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        if self.slots.len() - self.free.len() >= ALIVE {
            self.evict(segment, whole, out);
        }
        let number = self.next_number;
        self.next_number += 1;
        notice_midstream(number, segment, out);
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::Free);
            u32::try_from(self.slots.len() - 1).expect("there are at most 2^20 connections")
        });
        self.table.insert(hash, index, from_lower);
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        if let Some(first) = First::new(number, key, from_lower, segment) {
            *slot = Slot::First(Box::new(first));
            return;
        }
        let asked_for = self.shared.options.has_ledgers(number);
        let live = Live::new(number, key, from_lower, asked_for, segment);
        let live = live.watched(segment, &self.shared.options);
        *slot = Slot::Live(Box::new(live));
        self.take(index, Side::Opener, segment, out);
    }

    /// Ends a connection that cannot go on; its record is given in the order of closing.
    fn close(&mut self, index: u32, time: Timestamp, out: &mut dyn FnMut(&Event<'_>)) {
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        if let Slot::First(_) = slot {
            bring_to_life(slot, &mut self.shared);
        }
        if let Slot::Live(live) = slot
            && !live.is_closed()
        {
            live.end(&mut self.shared, out);
            self.closed.push_back((time, index));
            self.list_if_it_waits(index);
        }
    }

    /// Makes tombstones of what closed long enough ago, and gives up those that have stood long enough.
    #[inline]
    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        whole: &mut Ledger,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        if self.waiting.pass_packet() {
            self.wake(out);
        }
        while let Some(&(closed, _)) = self.closed.front()
            && (now.since(closed) >= WHOLE || self.closed.len() > WHOLE_AT_MOST)
        {
            self.bury(whole, out);
        }
        while let Some((_, index)) = self
            .over
            .pop_front_if(|(closed, _)| now.since(*closed) >= TOMBSTONE)
        {
            self.forget(index, whole, out);
        }
    }

    /// Makes a tombstone of the connection that closed first.
    fn bury(&mut self, whole: &mut Ledger, out: &mut dyn FnMut(&Event<'_>)) {
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
        live.settle(&mut self.shared, out);
        let mut tombstone = live.tombstone(self.table.hash(live.key()));
        let (number, client) = (live.number(), live.client());
        match record(*live, &self.shared.options, &mut self.across) {
            Some(connection) if self.shared.options.settled.includes(number) => {
                tombstone.keep(connection, client);
            }
            Some(connection) => give(&connection, whole, out),
            None => {}
        }
        *slot = Slot::Over(Box::new(tombstone));
    }

    /// Gives up a tombstone, or a connection that waited for keys as long as one stands.
    fn forget(&mut self, index: u32, whole: &mut Ledger, out: &mut dyn FnMut(&Event<'_>)) {
        let Some(slot) = at_mut(&mut self.slots, index) else {
            return;
        };
        let hash = match std::mem::take(slot) {
            Slot::Over(over) => {
                let hash = over.hash;
                over.end(whole, out);
                hash
            }
            Slot::Live(mut live) => {
                live.settle(&mut self.shared, out);
                let hash = self.table.hash(live.key());
                if let Some(record) = record(*live, &self.shared.options, &mut self.across) {
                    give(&record, whole, out);
                }
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
        whole: &mut Ledger,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        self.forget_all_closed(whole, out);
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
            "more than {ALIVE} connections are alive; the {} that were idle for longest were ended",
            idle.len()
        );
        out(&Event::Notice(
            &Notice::new(Kind::LimitReached, explanation).at_packet(segment.packet),
        ));
        for (_, index) in idle {
            self.close(index, segment.time, out);
            self.forget_all_closed(whole, out);
        }
    }

    fn forget_all_closed(&mut self, whole: &mut Ledger, out: &mut dyn FnMut(&Event<'_>)) {
        while !self.closed.is_empty() {
            self.bury(whole, out);
        }
        while let Some((_, index)) = self.over.pop_front() {
            self.forget(index, whole, out);
        }
    }

    /// Ends the capture: gives what was still open, and the connections that never closed, those by number.
    pub(super) fn finish(&mut self, whole: &mut Ledger, out: &mut dyn FnMut(&Event<'_>)) {
        let mut open: Vec<(u64, u32)> = (0..)
            .zip(&self.slots)
            .filter_map(|(index, slot)| Some((slot.open_number()?, index)))
            .collect();
        open.sort_unstable();
        for &(_, index) in &open {
            if let Some(Slot::Live(live)) = at_mut(&mut self.slots, index) {
                live.end(&mut self.shared, out);
            }
        }
        self.forget_all_closed(whole, out);
        for (_, index) in open {
            let Some(slot) = at_mut(&mut self.slots, index) else {
                continue;
            };
            if let Slot::First(_) = slot {
                bring_to_life(slot, &mut self.shared);
                if let Slot::Live(live) = slot {
                    live.end(&mut self.shared, out);
                }
            }
            if let Slot::Live(mut live) = std::mem::take(slot) {
                live.settle(&mut self.shared, out);
                if let Some(record) = record(*live, &self.shared.options, &mut self.across) {
                    give(&record, whole, out);
                }
            }
        }
        if let Some(notice) = self.across.take_notice() {
            out(&Event::Notice(&notice));
        }
        self.across.finish(out);
        for side in Side::ALL {
            *whole += &std::mem::take(&mut self.shared.ledgers[side]);
        }
    }
}

/// Whether a connection waits for keys.
fn waits(slots: &[Slot], index: u32) -> bool {
    matches!(at(slots, index), Some(Slot::Live(live)) if live.waits_for_keys())
}

/// A connection's record, unless nobody asks for it; what it leaves behind for the rules over several is compared.
fn record(mut live: Live, options: &Options, across: &mut Across) -> Option<Connection> {
    let closed = live.take_closed();
    if closed.is_none() && !options.wanted.connections && !options.has_ledgers(live.number()) {
        return None;
    }
    let connection = live.into_record();
    if let Some(closed) = closed {
        across.closed(&connection, &closed);
    }
    Some(connection)
}

/// Makes a connection of a first packet, because a second one has come, or the end.
fn bring_to_life(slot: &mut Slot, shared: &mut Shared) {
    if let Slot::First(first) = slot {
        let asked_for = shared.options.has_ledgers(first.number());
        let (live, segment) = first.live(asked_for);
        let mut live = live.watched(&segment, &shared.options);
        // A packet without payload tells nothing, so there is nobody to listen.
        live.segment(Side::Opener, &segment, shared, &mut |_| {});
        *slot = Slot::Live(Box::new(live));
    }
}

fn at(slots: &[Slot], index: u32) -> Option<&Slot> {
    slots.get(usize::try_from(index).ok()?)
}

fn at_mut(slots: &mut [Slot], index: u32) -> Option<&mut Slot> {
    slots.get_mut(usize::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_idle_or_over_is_small() {
        assert!(size_of::<First>() <= 112, "{}", size_of::<First>());
        assert!(size_of::<Tombstone>() <= 48, "{}", size_of::<Tombstone>());
        assert!(size_of::<Slot>() <= 16);
        assert!(size_of::<Live>() <= 400, "{}", size_of::<Live>());
    }
}
