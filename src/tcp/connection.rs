//! A connection: what its packets are for, and which of its holes can no longer be filled.
//!
//! Comes in: segments, with the side that sent them. Goes out: a class for each, and the two assemblers' state. Nothing here looks at payload.

use super::assembler::Assembler;
use super::duplicates::Duplicates;
use super::side::{Side, Sides};
use crate::decode::{Flags, Segment};
use crate::ledger::Row;
use crate::time::Timestamp;

/// How many packets of a connection may still bring bytes that were acknowledged: capture queues give packets
/// of different processors in a wrong order, but not by much.
const PACKETS_OF_GRACE: u32 = 64;

/// For how long, in capture time, acknowledged bytes may still come.
const TIME_OF_GRACE: i64 = 1_000_000_000;

/// What a packet is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// It carries payload, and is charged to that.
    Data,
    /// It carries none; or none that counts.
    Whole(Row),
}

/// The sequence numbers of one side, as far as a packet can be judged by them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers {
    /// Behind the highest that it has used.
    pub next_seq: Option<u32>,
    /// Its SYN's.
    pub syn: Option<u32>,
}

impl Numbers {
    /// Whether a SYN of this side begins another connection: its sequence number is not that of this one's.
    pub fn are_superseded_by(self, segment: &Segment<'_>) -> bool {
        segment.flags.syn()
            && match (self.syn, self.next_seq) {
                (Some(syn), _) => syn != segment.seq,
                (None, Some(next)) => next != segment.seq.wrapping_add(1),
                (None, None) => false,
            }
    }

    /// Whether a packet of this side is a probe of an idle connection or a closed window: it repeats at most the last byte.
    pub fn are_probed_by(self, segment: &Segment<'_>) -> bool {
        segment.flags.0 & (Flags::FIN | Flags::SYN | Flags::RST) == 0
            && segment.payload_len <= 1
            && self
                .next_seq
                .is_some_and(|next| segment.seq == next.wrapping_sub(1))
    }
}

/// One side's half of a connection.
#[derive(Debug, Default)]
pub struct Half {
    /// Its bytes.
    pub assembler: Assembler,
    /// The sequence number behind the highest that it has used.
    next_seq: u32,
    /// The sequence number of its SYN.
    syn: u32,
    /// The acknowledgment number of its latest packet that has one.
    last_ack: u32,
    known: Known,
    /// Whether its FIN was seen.
    pub fin: bool,
    /// Whether its RST was seen.
    reset: bool,
    /// Whether an answer to a probe of the other side is due: one that acknowledges what this side acknowledged last.
    pub(super) is_probed: bool,
}

/// Which of a side's numbers are known, a bit each.
#[derive(Clone, Copy, Debug, Default)]
struct Known(u8);

impl Known {
    const NEXT_SEQ: u8 = 1;
    const SYN: u8 = 2;
    const LAST_ACK: u8 = 4;
    /// Its SYN acknowledged the other's, which says where both streams begin.
    const SYN_ACK: u8 = 8;

    #[inline]
    fn has(self, number: u8) -> bool {
        self.0 & number != 0
    }
}

impl Half {
    /// Its sequence numbers.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            next_seq: self.next_seq(),
            syn: self.syn(),
        }
    }

    /// The sequence number behind the highest that it has used.
    #[inline]
    pub(super) fn next_seq(&self) -> Option<u32> {
        self.known.has(Known::NEXT_SEQ).then_some(self.next_seq)
    }

    #[inline]
    pub(super) fn set_next_seq(&mut self, seq: u32) {
        self.known.0 |= Known::NEXT_SEQ;
        self.next_seq = seq;
    }

    /// Its SYN's sequence number, if that was seen.
    pub fn syn(&self) -> Option<u32> {
        self.known.has(Known::SYN).then_some(self.syn)
    }

    /// The acknowledgment number of its latest packet that has one.
    #[inline]
    pub(super) fn last_ack(&self) -> Option<u32> {
        self.known.has(Known::LAST_ACK).then_some(self.last_ack)
    }

    #[inline]
    pub(super) fn set_last_ack(&mut self, ack: u32) {
        self.known.0 |= Known::LAST_ACK;
        self.last_ack = ack;
    }
}

/// The state of a TCP connection, as far as an observer needs it.
#[derive(Debug, Default)]
pub struct State {
    pub(super) halves: Sides<Half>,
    /// How many packets there were that were no copies, modulo 2^32.
    pub(super) packets: u32,
}

impl State {
    /// One side's half.
    pub fn half(&self, side: Side) -> &Half {
        &self.halves[side]
    }

    /// One side's half.
    pub fn half_mut(&mut self, side: Side) -> &mut Half {
        &mut self.halves[side]
    }

    /// Whether RST was seen.
    pub fn is_reset(&self) -> bool {
        self.halves.iter().any(|half| half.reset)
    }

    /// Whether the SYN of a side was answered by RST and nothing else: after a SYN-ACK, which the capture may lack, this side would have
    /// acknowledged it.
    pub fn is_refused(&self, side: Side) -> bool {
        let (half, other) = (self.half(side), self.half(side.other()));
        let next_to_syn = half.syn().map(|syn| syn.wrapping_add(1));
        next_to_syn.is_some()
            && half.next_seq() == next_to_syn
            && half.last_ack().is_none()
            && other.reset
            && other.next_seq().is_none()
    }

    /// Whether SYN-ACK was seen, which says where both streams begin.
    pub fn has_both_beginnings(&self) -> bool {
        self.halves
            .iter()
            .any(|half| half.known.has(Known::SYN_ACK))
    }

    /// Whether both sides have ended: FIN both ways, each acknowledged, or RST.
    pub fn is_closed(&self) -> bool {
        self.is_reset()
            || self
                .halves
                .iter()
                .all(|half| half.fin && half.assembler.is_fin_acknowledged())
    }

    /// Whether a SYN begins another connection between the same ends: its sequence number is not that of this one's.
    pub fn is_superseded_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        self.half(side).numbers().are_superseded_by(segment)
    }

    /// Says what a packet is for (in the order of the ledger's rows), and takes note of its numbers.
    ///
    /// `connection` is what tells this connection's packets apart from those of others that are remembered there.
    pub fn classify(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        connection: u64,
        remembered: &mut Duplicates,
    ) -> Class {
        let used = u32::from(segment.flags.syn()) + u32::from(segment.flags.fin());
        let end = segment
            .seq
            .wrapping_add(segment.payload_len)
            .wrapping_add(used);
        let half = self.half(side);
        let advances = half.next_seq().is_none_or(|next| is_after(end, next))
            || used == 0
                && segment.payload_len == 0
                && segment
                    .ack
                    .is_some_and(|ack| half.last_ack().is_none_or(|last| is_after(ack, last)));
        if !advances && remembered.contains(connection, segment.fingerprint, segment.time) {
            return Class::Whole(Row::Duplicate);
        }
        self.remember(segment, connection, remembered);
        let half = self.half_mut(side);
        let answered = std::mem::take(&mut half.is_probed);
        let last_ack = half.last_ack();
        let class = if half.numbers().are_probed_by(segment) {
            let other = self.half_mut(side.other());
            other.is_probed = other.last_ack().is_some();
            Class::Whole(Row::Keepalive)
        } else if segment.flags.rst() {
            self.half_mut(side).reset = true;
            Class::Whole(Row::Close)
        } else if segment.payload_len > 0 {
            Class::Data
        } else if segment.flags.syn() {
            Class::Whole(Row::Open)
        } else if segment.flags.fin() {
            Class::Whole(Row::Close)
        } else if answered && last_ack == segment.ack {
            Class::Whole(Row::Keepalive)
        } else {
            Class::Whole(Row::Ack)
        };
        self.take_note(side, segment, end);
        class
    }

    /// Remembers a segment that is no copy; `connection` and `remembered` as [`classify`](Self::classify) takes them.
    #[inline]
    pub fn remember(
        &mut self,
        segment: &Segment<'_>,
        connection: u64,
        remembered: &mut Duplicates,
    ) {
        self.packets = self.packets.wrapping_add(1);
        remembered.insert(connection, segment.fingerprint, segment.time);
    }

    fn take_note(&mut self, side: Side, segment: &Segment<'_>, end: u32) {
        let half = self.half_mut(side);
        if !segment.flags.rst() && half.next_seq().is_none_or(|next| is_after(end, next)) {
            half.set_next_seq(end);
        }
        if segment.flags.syn() {
            if !half.known.has(Known::SYN) {
                half.known.0 |= Known::SYN;
                half.syn = segment.seq;
            }
            half.assembler.begin(segment.seq.wrapping_add(1));
        }
        if segment.flags.fin() {
            half.fin = true;
        }
        if let Some(ack) = segment.ack.filter(|_| segment.flags.syn()) {
            half.known.0 |= Known::SYN_ACK;
            self.half_mut(side.other()).assembler.begin(ack);
        }
        let half = self.half_mut(side);
        if let Some(ack) = segment.ack
            && !segment.flags.rst()
        {
            half.set_last_ack(ack);
            let packets = self.packets;
            let acknowledged = &mut self.half_mut(side.other()).assembler;
            let before = acknowledged.acknowledged();
            acknowledged.acknowledge(ack);
            if acknowledged.has_acknowledged_hole() {
                acknowledged.note_acknowledgment(before, packets, segment.time);
            }
        }
    }

    /// Gives up the holes that were acknowledged long enough ago. To be called after each packet.
    pub fn give_up_old_holes(&mut self, now: Timestamp) {
        let packets = self.packets;
        for half in self.halves.iter_mut() {
            half.assembler.give_up_old(|acknowledged| {
                packets.wrapping_sub(acknowledged.packets) >= PACKETS_OF_GRACE
                    || now.since(acknowledged.time) >= TIME_OF_GRACE
            });
        }
    }

    /// Gives up all holes: nothing more can fill them.
    pub fn give_up_all_holes(&mut self) {
        for half in self.halves.iter_mut() {
            half.assembler.give_up_all();
        }
    }
}

/// Whether a sequence number stands behind another, modulo 2^32 (RFC 9293, section 3.4).
pub(super) fn is_after(seq: u32, other: u32) -> bool {
    seq.wrapping_sub(other).cast_signed() > 0
}
