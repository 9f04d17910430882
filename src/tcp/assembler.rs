//! One direction of a connection, put in order.
//!
//! Comes in: segments' payloads, as they stand in the capture. Goes out: runs of bytes with their owner (new, held already, too late),
//! and what is ready to be read. Sequence numbers become offsets of 64 bits, so the wrap at 2^32 is met here and nowhere else.

mod disorder;
mod holes;

use std::num::NonZeroU64;

use smallvec::SmallVec;

use self::disorder::Disorder;
use crate::reader::Piece;

/// Puts the bytes of one direction in order.
#[derive(Debug, Default)]
pub struct Assembler {
    /// The offset of the next byte to be delivered, from the stream's first byte.
    next: u64,
    /// How far the other side has acknowledged, FIN included.
    acked: u64,
    /// The offset behind FIN, which has a sequence number of its own.
    end: Option<NonZeroU64>,
    /// What is not in order; most streams never have any.
    disorder: Option<Box<Disorder>>,
    /// The sequence number of the next byte to be delivered.
    next_seq: u32,
    /// Whether the stream's beginning is known; before that no sequence number has an offset.
    has_begun: bool,
    /// Whether all holes are given up.
    is_over: bool,
    /// Whether two copies of the same bytes disagreed.
    conflict: bool,
    /// Whether a hole was given up because too much waited behind it.
    overflowed: bool,
}

/// Whose a run of payload bytes is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owner {
    /// Bytes of a place that the capture already held.
    Retransmission,
    /// Bytes from before the first captured one.
    Early,
    /// Bytes of a hole that was given up.
    Late,
    /// Bytes that come next: to be read at once.
    Next,
}

/// A run of a segment's payload with one owner. What waits behind a hole has no run: it comes out later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Run {
    /// Whose it is.
    pub owner: Owner,
    /// Which bytes of the payload.
    pub piece: Piece,
}

/// What is ready to be read behind the segment at hand.
#[derive(Debug)]
pub enum Ready {
    /// Bytes that waited; fewer than the piece is long where their packet was cut.
    Bytes(Box<[u8]>, Piece),
    /// A hole that was given up.
    Gap(u64),
    /// The stream's end.
    Fin,
}

impl Assembler {
    /// Begins the stream: `seq` is the sequence number of its first byte. Does nothing where it has begun.
    pub fn begin(&mut self, seq: u32) {
        if !self.has_begun {
            (self.has_begun, self.next_seq) = (true, seq);
            if let Some((_, latest)) = self.early_acks() {
                self.disorder
                    .take_if(|disorder| disorder.forget_early_acks());
                self.acknowledge(latest);
            }
        }
    }

    /// Whether the stream's beginning is known.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// The offset of the next byte to be delivered.
    pub fn next_offset(&self) -> u64 {
        self.next
    }

    /// Whether the byte with this sequence number is the next to be delivered.
    #[inline]
    pub fn is_next(&self, seq: u32) -> bool {
        self.next_seq == seq && self.has_begun
    }

    /// How far the other side has acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acked
    }

    /// Whether the other side has acknowledged the FIN.
    pub fn is_fin_acknowledged(&self) -> bool {
        self.end.is_some_and(|end| self.acked >= end.get())
    }

    /// Whether two copies of the same bytes disagreed since this was last asked.
    pub fn take_conflict(&mut self) -> bool {
        std::mem::take(&mut self.conflict)
    }

    /// Whether a hole was given up because too much waited behind it, since this was last asked.
    pub fn take_overflow(&mut self) -> bool {
        std::mem::take(&mut self.overflowed)
    }

    /// The offset of a sequence number: none before the stream's first byte, or where that is not known.
    pub fn offset(&self, seq: u32) -> Option<u64> {
        u64::try_from(self.offset_of(seq)?).ok()
    }

    /// The offset of a sequence number; negative before the stream's first byte.
    fn offset_of(&self, seq: u32) -> Option<i64> {
        if !self.has_begun {
            return None;
        }
        let distance = seq.wrapping_sub(self.next_seq).cast_signed();
        i64::try_from(self.next)
            .ok()?
            .checked_add(i64::from(distance))
    }

    /// Whether the stream has begun and has not ended, nothing waits, and nothing is missing or was told.
    pub fn is_smooth(&self) -> bool {
        self.has_begun
            && self.end.is_none()
            && self.acked <= self.next
            && (self.disorder.as_ref()).is_none_or(|disorder| {
                disorder.held.is_empty() && disorder.acknowledgments.is_empty()
            })
            && !(self.conflict || self.overflowed)
    }

    /// Whether every byte before a sequence number was seen.
    pub fn has_sent(&self, seq: u32) -> bool {
        self.has_begun && seq.wrapping_sub(self.next_seq).cast_signed() <= 0
    }

    /// Takes a segment's payload where it is what comes next, and nothing waits: the usual case.
    #[inline]
    pub fn take_next(&mut self, seq: u32, len: u32) -> bool {
        let next = self.is_next(seq) && !self.holds();
        if next {
            self.advance(len);
        }
        next
    }

    /// Takes a segment's payload and says whose its bytes are, in order. `payload` may be shorter than `piece.len`.
    pub fn insert(&mut self, seq: u32, payload: &[u8], piece: Piece) -> SmallVec<[Run; 2]> {
        self.begin(seq);
        if self.take_next(seq, piece.len) {
            return SmallVec::from_slice(&[Run {
                owner: Owner::Next,
                piece,
            }]);
        }
        self.insert_out_of_order(seq, payload, piece)
    }

    /// Steps over bytes that come next.
    #[inline]
    pub(super) fn advance(&mut self, len: u32) {
        self.next += u64::from(len);
        self.next_seq = self.next_seq.wrapping_add(len);
    }

    /// The stream ends behind the byte before `seq`.
    pub fn fin(&mut self, seq: u32) {
        self.begin(seq);
        if self.end.is_none()
            && let Some(fin) = self.offset(seq)
        {
            self.end = NonZeroU64::new(fin + 1);
        }
    }

    /// Where FIN stands.
    fn fin_offset(&self) -> Option<u64> {
        self.end.map(|end| end.get() - 1)
    }

    /// The other side has everything before `seq`.
    pub fn acknowledge(&mut self, seq: u32) {
        match self.offset_of(seq) {
            Some(offset) => self.acked = self.acked.max(u64::try_from(offset).unwrap_or(0)),
            None => {
                let early = &mut self.disorder.get_or_insert_default().early_acks;
                *early = Some((early.map_or(seq, |(first, _)| first), seq));
            }
        }
    }
}

#[cfg(test)]
mod tests;
