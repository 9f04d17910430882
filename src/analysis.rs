//! Analysis: packets in, events out. The sans-IO core of the whole.

mod live;
mod read;

use std::collections::VecDeque;

use self::live::Live;
pub use self::read::read;
use crate::capture::Packet;
use crate::conversation::{Scratch, Security};
use crate::decode::{Decoded, Decoder, Other, Segment};
use crate::event::Event;
use crate::ledger::{Ledger, Row};
use crate::notice::{Kind, Notice};
use crate::tcp::{Key, Side, Table};
use crate::time::Timestamp;
use crate::tls::Keys;
use crate::wire::Wire;

/// For how long, in capture time, a closed connection stays: a late packet then opens no new number. Twice the longest
/// time that a segment is expected to live in a network.
const TOMBSTONE: i64 = 120_000_000_000;

/// How many connections may be alive at once. What is beyond makes room by ending those that were idle for longest.
const ALIVE: usize = 1 << 20;

/// What is kept beside lengths and counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// How many bytes of each frame's payload are kept.
    pub keep_frames: u64,
    /// How many bytes of each message's payload are kept.
    pub keep_messages: u64,
    /// How many bytes of each HTTP body are kept.
    pub keep_bodies: u64,
    /// How many bytes a compressed message may inflate to; what is larger is read and not inflated to its end. With zero
    /// nothing is inflated.
    pub max_inflate: u64,
    /// Whether HTTP content is decoded (RFC 9110, section 8.4), up to `max_inflate` bytes; it is also where bodies are kept.
    pub decode_bodies: bool,
    /// Whether distances are measured, where a smaller window than 32 KiB was agreed (RFC 7692, section 7.1.2).
    pub measure_distances: bool,
    /// Whether the rules are judged.
    pub check: bool,
    /// Whether what the rules cannot judge is told too.
    pub unjudged: bool,
}

impl Default for Options {
    /// Keeps nothing, and inflates messages of up to 64 MiB: far more than most servers accept, and little enough
    /// that a bomb costs a tenth of a second.
    fn default() -> Self {
        Self {
            keep_frames: 0,
            keep_messages: 0,
            keep_bodies: 0,
            max_inflate: 64 << 20,
            decode_bodies: false,
            measure_distances: false,
            check: false,
            unjudged: false,
        }
    }
}

/// Takes packets in the order of a capture and gives events as soon as they are known.
#[derive(Debug, Default)]
pub struct Analysis {
    options: Options,
    decoder: Decoder,
    table: Table,
    connections: Vec<Option<Box<Live>>>,
    free: Vec<usize>,
    /// Closed connections, in the order of closing, with the time until which they stay.
    closed: VecDeque<(Timestamp, usize)>,
    next_number: u64,
    ledger: Ledger,
    scratch: Scratch,
    notices: Vec<Notice>,
    given_up: Vec<Other>,
}

impl Analysis {
    /// An analysis that has seen nothing.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// The same, with keys that open what is under TLS.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.scratch.secure = Security::new(keys);
        self
    }

    /// Takes a key log, or more of it, that came with the capture; `name` is how notices call it.
    pub fn secrets(&mut self, name: &str, text: &[u8], out: &mut dyn FnMut(&Event<'_>)) {
        for notice in self.scratch.secure.keys.read(text).notices(name) {
            out(&Event::Notice(&notice));
        }
    }

    /// Takes the next packet.
    pub fn push(&mut self, packet: &Packet<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        let mut decoder = std::mem::take(&mut self.decoder);
        let decoded = decoder.decode(packet, &mut self.notices, &mut self.given_up);
        self.settle_others(packet.number, out);
        match decoded {
            Decoded::Tcp(segment) => self.segment(&segment, out),
            Decoded::Other(other) => self.charge_other(&other, packet.number),
            Decoded::Held => {}
        }
        self.decoder = decoder;
        self.bury(packet.time, out);
    }

    /// Ends the capture: gives what was still open, and the connections that never closed.
    pub fn finish(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        let mut decoder = std::mem::take(&mut self.decoder);
        decoder.finish(&mut self.notices, &mut self.given_up);
        self.settle_others(0, out);
        let mut open: Vec<usize> = Vec::new();
        for (index, slot) in self.connections.iter_mut().enumerate() {
            if let Some(live) = slot
                && !live.is_closed()
            {
                open.push(index);
            }
        }
        open.sort_unstable_by_key(|&index| {
            self.connections
                .get(index)
                .and_then(|slot| slot.as_ref())
                .map(|live| live.number())
        });
        for &index in &open {
            if let Some(Some(live)) = self.connections.get_mut(index) {
                live.end(&self.options, &mut self.scratch, out);
            }
        }
        while let Some((_, index)) = self.closed.pop_front() {
            self.give(index, out);
        }
        for index in open {
            self.give(index, out);
        }
    }

    /// The whole capture's ledger; complete after [`finish`](Self::finish).
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Charges the fragments that were given up, and passes notices on.
    fn settle_others(&mut self, packet: u64, out: &mut dyn FnMut(&Event<'_>)) {
        let mut given_up = std::mem::take(&mut self.given_up);
        for other in given_up.drain(..) {
            self.charge_other(&other, packet);
        }
        self.given_up = given_up;
        for notice in self.notices.drain(..) {
            out(&Event::Notice(&notice));
        }
    }

    fn charge_other(&mut self, other: &Other, packet: u64) {
        let row = if other.duplicate {
            Row::Duplicate
        } else {
            Row::Other
        };
        let [link, network, transport, payload] =
            [other.link, other.network, other.transport, other.payload].map(u64::from);
        let packets = u64::from(other.packets);
        self.ledger.charge_many(
            row,
            packet,
            packets,
            Wire {
                link,
                network,
                transport,
                payload,
                ..Wire::default()
            },
        );
        self.ledger.packets += packets;
    }

    fn segment(&mut self, segment: &Segment<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        let (key, from_lower) = Key::of(segment);
        let (index, side) = match self.table.find(&key, from_lower) {
            Some((index, side)) if !self.is_superseded(index, side, segment) => (index, side),
            found => {
                if let Some((index, _)) = found {
                    self.close(index, segment.time, out);
                }
                (self.open(key, from_lower, segment, out), Side::Opener)
            }
        };
        if let Some(Some(live)) = self.connections.get_mut(index)
            && live.segment(side, segment, &self.options, &mut self.scratch, out)
        {
            self.closed.push_back((segment.time, index));
        }
    }

    fn is_superseded(&self, index: usize, side: Side, segment: &Segment<'_>) -> bool {
        segment.flags.syn()
            && self
                .connections
                .get(index)
                .and_then(|slot| slot.as_ref())
                .is_none_or(|live| live.is_superseded_by(side, segment))
    }

    fn open(
        &mut self,
        key: Key,
        from_lower: bool,
        segment: &Segment<'_>,
        out: &mut dyn FnMut(&Event<'_>),
    ) -> usize {
        if self.connections.len() - self.free.len() >= ALIVE {
            self.evict(segment, out);
        }
        let live = Box::new(Live::new(self.next_number, key, segment));
        self.next_number += 1;
        live.notice_midstream(segment, out);
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.connections.push(None);
                self.connections.len() - 1
            }
        };
        if let Some(slot) = self.connections.get_mut(index) {
            *slot = Some(live);
        }
        self.table.insert(key, index, from_lower);
        index
    }

    /// Ends a connection that cannot go on; its record is given in the order of closing.
    fn close(&mut self, index: usize, time: Timestamp, out: &mut dyn FnMut(&Event<'_>)) {
        if let Some(Some(live)) = self.connections.get_mut(index)
            && !live.is_closed()
        {
            live.end(&self.options, &mut self.scratch, out);
            self.closed.push_back((time, index));
        }
    }

    /// Gives the records of connections that were closed long enough ago.
    fn bury(&mut self, now: Timestamp, out: &mut dyn FnMut(&Event<'_>)) {
        while let Some((_, index)) = self
            .closed
            .pop_front_if(|(closed, _)| now.since(*closed) >= TOMBSTONE)
        {
            self.give(index, out);
        }
    }

    fn give(&mut self, index: usize, out: &mut dyn FnMut(&Event<'_>)) {
        if let Some(mut live) = self.connections.get_mut(index).and_then(Option::take) {
            live.settle(&self.options, &mut self.scratch, out);
            let connection = live.into_record();
            for direction in crate::direction::Direction::ALL {
                self.ledger += &connection.record.ledgers[direction];
            }
            self.table.remove(&connection.key, index);
            self.free.push(index);
            out(&Event::Connection(&connection.record));
        }
    }

    /// Makes room: an eighth of the connections, those that were idle for longest, end here.
    fn evict(&mut self, segment: &Segment<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        while let Some((_, index)) = self.closed.pop_front() {
            self.give(index, out);
        }
        let mut idle: Vec<(u64, usize)> = self
            .connections
            .iter()
            .enumerate()
            .filter_map(|(index, slot)| slot.as_ref().map(|live| (live.last_packet(), index)))
            .collect();
        if idle.len() < ALIVE {
            return;
        }
        idle.sort_unstable();
        idle.truncate(ALIVE / 8);
        let explanation = format!(
            "more than {ALIVE} connections are alive; the {} that were idle for longest were ended",
            idle.len()
        );
        out(&Event::Notice(
            &Notice::new(Kind::LimitReached, explanation).at_packet(segment.packet),
        ));
        for (_, index) in idle {
            self.close(index, segment.time, out);
        }
        while let Some((_, index)) = self.closed.pop_front() {
            self.give(index, out);
        }
    }
}
