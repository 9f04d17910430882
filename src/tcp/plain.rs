//! The plain case: a connection in which nothing waits, and a segment that brings what comes next, or acknowledges what was sent.
//!
//! `classify` and the assemblers would do the same; this only does it sooner. Whatever is not plain is left to them.

use super::connection::{State, is_after};
use super::side::Side;
use crate::decode::{Flags, Segment};

impl State {
    /// Whether both streams have begun, neither has ended or has a hole, and nothing that was asked waits for its answer.
    pub fn is_smooth(&self) -> bool {
        !self.is_reset()
            && self.halves.iter().all(|half| {
                half.assembler.is_smooth() && !half.is_probed && half.last_ack().is_some()
            })
    }

    /// Whether a segment is plain, in a connection that [`is_smooth`](Self::is_smooth): it carries all of its payload, which comes
    /// next, or none and acknowledges more than the one before it, and nothing that was not seen.
    #[inline]
    pub fn is_plain(&self, side: Side, segment: &Segment<'_>) -> bool {
        let (half, other) = (&self.halves[side], &self.halves[side.other()]);
        let (Some(ack), Some(last)) = (segment.ack, half.last_ack()) else {
            return false;
        };
        segment.flags.0 & (Flags::FIN | Flags::SYN | Flags::RST) == 0
            && half.assembler.is_next(segment.seq)
            && half.next_seq() == Some(segment.seq)
            && usize::try_from(segment.payload_len) == Ok(segment.payload.len())
            && (segment.payload_len > 0 || is_after(ack, last))
            && other.assembler.has_sent(ack)
    }

    /// Takes a plain segment, once it is [remembered](Self::remember).
    #[inline]
    pub fn take_plain(&mut self, side: Side, segment: &Segment<'_>) {
        let half = &mut self.halves[side];
        half.assembler.advance(segment.payload_len);
        half.set_next_seq(segment.seq.wrapping_add(segment.payload_len));
        if let Some(ack) = segment.ack {
            half.set_last_ack(ack);
            self.halves[side.other()].assembler.acknowledge(ack);
        }
    }
}
