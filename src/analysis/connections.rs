//! The connections of a shard: found by their packets, numbered, ended, remembered for a while, and forgotten.
//!
//! A connection is first its first packet, then alive, then (closed, but late packets may still be in their order) whole for a moment,
//! then a tombstone. Each of these is as small as it can be, so that memory follows what is alive and not what was.

use std::collections::VecDeque;

use super::first::First;
use super::live::{Live, notice_midstream};
use super::numbers::{Included, early, includes, late, may_have_ledgers};
use super::shared::Shared;
use super::slots::Slots;
use super::tombstone::give;
use super::waiting::Waiting;
use crate::bound::SHARDS;
use crate::decode::Segment;
use crate::event::{Connection, Event};
use crate::notice::{Kind, Notice};
use crate::tcp::{Duplicates, Key, Side, Table};
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
    slots: Slots,
    /// Closed connections that are still whole, in the order of closing, and when they closed.
    closed: VecDeque<(Timestamp, u32)>,
    /// Tombstones, in the same order.
    over: VecDeque<(Timestamp, u32)>,
    waiting: Waiting,
    /// What copies of packets are known by.
    remembered: Duplicates,
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
        key: &Key,
        from_lower: bool,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        self.look_at_keys(shared, out);
        let hash = self.table.hash(key);
        let slots = &self.slots;
        let found = self.table.find(hash, |index| slots.has_key(index, key));
        let Some(place) = found else {
            return self.begin(key, hash, from_lower, segment, shared, out);
        };
        let side = place.side(from_lower);
        if let Some(live) = self.slots.live_mut(place.index)
            && live.take_plain(side, segment, &mut self.remembered, shared, out)
        {
            return self.list_if_it_waits(place.index, shared);
        }
        if segment.flags.syn() && self.slots.is_superseded(place.index, side, segment) {
            self.table.remove(hash, place.index);
            self.close(place.index, segment.time, shared, out);
            return self.begin(key, hash, from_lower, segment, shared, out);
        }
        self.take(place.index, side, segment, shared, out);
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
        self.bring_to_life(index, shared);
        if let Some(live) = self.slots.live_mut(index) {
            if live.segment(side, segment, &mut self.remembered, shared, out) {
                self.list_if_it_waits(index, shared);
                return self.closed_now(segment.time, index, shared, out);
            }
        } else if let Some(over) = self.slots.over_mut(index) {
            over.segment(side, segment, &mut shared.ledgers);
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
            if let Some(live) = self.slots.live_mut(index)
                && live.waits_for_keys()
            {
                live.wake(shared, out);
                self.list_if_it_waits(index, shared);
            }
        }
    }

    fn begin(
        &mut self,
        key: &Key,
        hash: u64,
        from_lower: bool,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        // What makes room for it leaves its place to later ones.
        let index = self.slots.reserve();
        if self.slots.len() > ALIVE {
            self.evict(segment, shared, out);
        }
        let number = shared.numbers.next(self.shard, index, &shared.options);
        notice_midstream(number, segment, out);
        self.table.insert(hash, index, from_lower);
        if let Some(first) = First::new(number, key, from_lower, segment) {
            return self.slots.put_first(index, first);
        }
        let asked_for = may_have_ledgers(&shared.options, number);
        let live = Live::new(number, key.into(), from_lower, asked_for, segment);
        let mut live = Box::new(live);
        live.watch(segment, &shared.options);
        self.slots.put_live(index, live);
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
        self.bring_to_life(index, shared);
        if let Some(live) = self.slots.live_mut(index)
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
        self.over.push_back((closed, index));
        if waits(&self.slots, index) {
            return;
        }
        let Some(mut live) = self.slots.take_live(index) else {
            return;
        };
        live.settle(shared, out);
        let mut tombstone = live.tombstone(self.table.hash(live.key()));
        let (number, client) = (live.number(), live.client());
        if let Some(mut connection) = record(&mut live, shared) {
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
        self.slots.put_over(index, tombstone);
    }

    /// Gives up the tombstone that has stood longest, or the connection that waited for keys as long.
    pub(super) fn forget(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        let Some((_, index)) = self.over.pop_front() else {
            return;
        };
        let hash = if let Some(over) = self.slots.take_over(index) {
            let hash = over.hash();
            over.end(&mut shared.whole, out);
            hash
        } else if let Some(live) = self.slots.take_live(index) {
            let hash = self.table.hash(live.key());
            give_record(live, shared, out);
            hash
        } else {
            return;
        };
        self.table.remove(hash, index);
        self.slots.release(index);
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
        if self.slots.len() < ALIVE / 8 * 7 {
            return;
        }
        let open = self.slots.open();
        let mut idle: Vec<(u64, u32)> = open.map(|(_, packet, index)| (packet, index)).collect();
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
        self.slots.open().map(|(number, _, index)| (number, index))
    }

    /// The capture ends, and with it a connection that is open. One of which only a first packet is known stays that for now.
    pub(super) fn end(&mut self, index: u32, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        if let Some(live) = self.slots.live_mut(index) {
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
        let is_first = self.bring_to_life(index, shared);
        if let Some(mut live) = self.slots.take_live(index) {
            if is_first {
                live.end(shared, out);
            }
            give_record(live, shared, out);
        }
    }

    /// Makes a connection of a first packet, because a second one has come, or the end; false where there is no such packet.
    fn bring_to_life(&mut self, index: u32, shared: &mut Shared) -> bool {
        let Some(first) = self.slots.take_first(index) else {
            return false;
        };
        let asked_for = may_have_ledgers(&shared.options, first.number());
        let (live, segment) = first.live(asked_for);
        let mut live = Box::new(live);
        live.watch(&segment, &shared.options);
        // A packet without payload tells nothing, so there is nobody to listen.
        live.segment(
            Side::Opener,
            &segment,
            &mut self.remembered,
            shared,
            &mut |_| {},
        );
        self.slots.put_live(index, live);
        true
    }
}

/// Whether a connection waits for keys.
fn waits(slots: &Slots, index: u32) -> bool {
    slots.live(index).is_some_and(Live::waits_for_keys)
}

/// A connection's record, unless nobody asks for it; what it leaves behind for the rules over several is compared.
fn record(live: &mut Live, shared: &mut Shared) -> Option<Connection> {
    live.charge_missing(&mut shared.ledgers);
    let (closed, options) = (live.take_closed(), &shared.options);
    let is_asked_for = options.wanted.connections || may_have_ledgers(options, live.number());
    if closed.is_none() && !is_asked_for {
        return None;
    }
    let connection = live.record();
    if let Some(closed) = closed {
        shared.left.add(&connection, closed);
    }
    Some(connection)
}

/// Gives the record of a connection for which nothing more comes.
fn give_record(mut live: Box<Live>, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
    live.settle(shared, out);
    if let Some(record) = record(&mut live, shared) {
        give(&record, &mut shared.whole, out);
    }
}
