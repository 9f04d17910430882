//! A connection: what its packets are for, and which of its holes can no longer be filled.
//!
//! Comes in: segments, with the side that sent them. Goes out: a class for each, and the two assemblers' state. Nothing here looks at payload.

use std::collections::VecDeque;

use super::assembler::Assembler;
use super::duplicates::Duplicates;
use super::side::{Side, Sides};
use crate::decode::{Flags, Segment};
use crate::ledger::Row;
use crate::time::Timestamp;

/// How many packets of a connection may still bring bytes that were acknowledged: capture queues give packets
/// of different processors in a wrong order, but not by much.
const PACKETS_OF_GRACE: u64 = 64;

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

/// Up to which offset bytes were acknowledged, when the connection had so many packets, and at what time.
type Acknowledgment = (u64, u64, Timestamp);

/// One side's half of a connection.
#[derive(Debug, Default)]
pub struct Half {
    /// Its bytes.
    pub assembler: Assembler,
    /// The sequence number behind the highest that it has used.
    pub(super) next_seq: Option<u32>,
    /// Whether its SYN was seen, and with which sequence number.
    pub syn: Option<u32>,
    /// Whether its FIN was seen.
    pub fin: bool,
    pub(super) last_ack: Option<u32>,
    /// The acknowledgment number that answers a probe of the other side, while an answer is due.
    pub(super) probed: Option<u32>,
    /// How far its bytes were acknowledged while it had holes; most streams never have any.
    #[expect(
        clippy::box_collection,
        reason = "a pointer is a fourth of what an empty queue takes, for each side of each connection"
    )]
    pub(super) acknowledgments: Option<Box<VecDeque<Acknowledgment>>>,
}

impl Half {
    /// Its sequence numbers.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            next_seq: self.next_seq,
            syn: self.syn,
        }
    }
}

/// The state of a TCP connection, as far as an observer needs it.
#[derive(Debug, Default)]
pub struct State {
    pub(super) halves: Sides<Half>,
    pub(super) duplicates: Duplicates,
    pub(super) packets: u64,
    /// Whether RST was seen.
    pub reset: bool,
    /// Whether SYN-ACK was seen, which says where both streams begin.
    pub has_both_beginnings: bool,
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

    /// Whether both sides have ended: FIN both ways, each acknowledged, or RST.
    pub fn is_closed(&self) -> bool {
        self.reset
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
    pub fn classify(&mut self, side: Side, segment: &Segment<'_>) -> Class {
        let used = u32::from(segment.flags.syn()) + u32::from(segment.flags.fin());
        let end = segment
            .seq
            .wrapping_add(segment.payload_len)
            .wrapping_add(used);
        let half = self.half(side);
        let advances = half.next_seq.is_none_or(|next| is_after(end, next))
            || used == 0
                && segment.payload_len == 0
                && segment
                    .ack
                    .is_some_and(|ack| half.last_ack.is_none_or(|last| is_after(ack, last)));
        if !advances && self.duplicates.contains(segment.fingerprint, segment.time) {
            return Class::Whole(Row::Duplicate);
        }
        self.duplicates.insert(segment.fingerprint, segment.time);
        self.packets += 1;
        let answered = self.half_mut(side).probed.take();
        let half = self.half_mut(side);
        let class = if half.numbers().are_probed_by(segment) {
            let last_ack = self.half(side.other()).last_ack;
            self.half_mut(side.other()).probed = last_ack;
            Class::Whole(Row::Keepalive)
        } else if segment.flags.rst() {
            self.reset = true;
            Class::Whole(Row::Close)
        } else if segment.payload_len > 0 {
            Class::Data
        } else if segment.flags.syn() {
            Class::Whole(Row::Open)
        } else if segment.flags.fin() {
            Class::Whole(Row::Close)
        } else if answered.is_some() && answered == segment.ack {
            Class::Whole(Row::Keepalive)
        } else {
            Class::Whole(Row::Ack)
        };
        self.take_note(side, segment, end);
        class
    }

    fn take_note(&mut self, side: Side, segment: &Segment<'_>, end: u32) {
        let half = self.half_mut(side);
        if !segment.flags.rst() && half.next_seq.is_none_or(|next| is_after(end, next)) {
            half.next_seq = Some(end);
        }
        if segment.flags.syn() {
            half.syn.get_or_insert(segment.seq);
            half.assembler.begin(segment.seq.wrapping_add(1));
        }
        if segment.flags.fin() {
            half.fin = true;
        }
        if let Some(ack) = segment.ack.filter(|_| segment.flags.syn()) {
            self.has_both_beginnings = true;
            self.half_mut(side.other()).assembler.begin(ack);
        }
        let half = self.half_mut(side);
        if let Some(ack) = segment.ack
            && !segment.flags.rst()
        {
            half.last_ack = Some(ack);
            let (packets, time) = (self.packets, segment.time);
            let acknowledged = self.half_mut(side.other());
            let before = acknowledged.assembler.acknowledged();
            acknowledged.assembler.acknowledge(ack);
            if acknowledged.assembler.has_acknowledged_hole() {
                let offset = acknowledged.assembler.acknowledged();
                let acknowledgments = acknowledged.acknowledgments.get_or_insert_default();
                if offset > before || acknowledgments.is_empty() {
                    acknowledgments.push_back((offset, packets, time));
                }
            }
        }
    }

    /// Gives up the holes that were acknowledged long enough ago. To be called after each packet.
    pub fn give_up_old_holes(&mut self, now: Timestamp) {
        let packets = self.packets;
        for half in self.halves.iter_mut() {
            let Some(acknowledgments) = &mut half.acknowledgments else {
                continue;
            };
            while let Some((offset, _, _)) = acknowledgments.pop_front_if(|(_, since, at)| {
                packets >= *since + PACKETS_OF_GRACE || now.since(*at) >= TIME_OF_GRACE
            }) {
                half.assembler.give_up_below(offset);
            }
            if acknowledgments.is_empty() {
                half.acknowledgments = None;
            }
        }
    }

    /// Gives up all holes: nothing more can fill them.
    pub fn give_up_all_holes(&mut self) {
        for half in self.halves.iter_mut() {
            half.acknowledgments = None;
            half.assembler.give_up_below(u64::MAX);
        }
    }
}

/// Whether a sequence number stands behind another, modulo 2^32 (RFC 9293, section 3.4).
pub(super) fn is_after(seq: u32, other: u32) -> bool {
    seq.wrapping_sub(other).cast_signed() > 0
}
