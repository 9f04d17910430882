//! Holes: which can no longer be filled, and what can be read once they are given up.

use super::{Assembler, Ready};
use crate::time::Timestamp;

/// How many holes that were given up are remembered, so that what arrives for them is not taken for a retransmission.
const REMEMBERED_GAPS: usize = 64;

/// Up to which offset bytes were acknowledged, when the connection had so many packets, and at what time.
#[derive(Clone, Copy, Debug)]
pub(in crate::tcp) struct Acknowledgment {
    pub(in crate::tcp) offset: u64,
    pub(in crate::tcp) packets: u32,
    pub(in crate::tcp) time: Timestamp,
}

impl Assembler {
    /// Whether the other side has acknowledged bytes that no packet has brought.
    pub fn has_acknowledged_hole(&self) -> bool {
        match self.early_acks() {
            Some((first, latest)) => first != latest,
            None => self.next < self.acked && self.fin_offset().is_none_or(|fin| self.next < fin),
        }
    }

    pub(super) fn early_acks(&self) -> Option<(u32, u32)> {
        self.disorder.as_ref()?.early_acks
    }

    /// Takes note of how far the stream, which has a hole, was acknowledged; `before` is how far it was.
    pub(in crate::tcp) fn note_acknowledgment(
        &mut self,
        before: u64,
        packets: u32,
        time: Timestamp,
    ) {
        let offset = self.acked;
        let acknowledgments = &mut self.disorder.get_or_insert_default().acknowledgments;
        if offset > before || acknowledgments.is_empty() {
            acknowledgments.push_back(Acknowledgment {
                offset,
                packets,
                time,
            });
        }
    }

    /// Gives up the holes that were acknowledged so long ago that `is_old` says so.
    pub(in crate::tcp) fn give_up_old(&mut self, is_old: impl Fn(&Acknowledgment) -> bool) {
        while let Some(disorder) = &mut self.disorder
            && let Some(acknowledged) = disorder.acknowledgments.pop_front_if(|next| is_old(next))
        {
            self.give_up_below(acknowledged.offset);
        }
    }

    /// Gives up every hole: nothing more can fill them.
    pub(in crate::tcp) fn give_up_all(&mut self) {
        if let Some(disorder) = &mut self.disorder {
            disorder.acknowledgments.clear();
        }
        self.give_up_below(u64::MAX);
    }

    /// Whether something may be ready: bytes or an end that wait, or a hole.
    pub fn is_unsettled(&self) -> bool {
        self.holds()
            || self.end.is_some_and(|end| self.next < end.get())
            || self.next < self.acked.min(self.lost_below())
    }

    /// Whether bytes are missing before some that are there, or before an end that was seen or acknowledged.
    pub fn has_hole(&self) -> bool {
        self.holds()
            || self.has_acknowledged_hole()
            || self.fin_offset().is_some_and(|fin| self.next < fin)
    }

    /// Gives up every hole that ends at or before `offset`: what waits behind it comes out.
    pub fn give_up_below(&mut self, offset: u64) {
        if let Some((first, latest)) = self.early_acks()
            && first != latest
        {
            self.begin(first);
        }
        self.lose_below(offset);
    }

    pub(super) fn lose_below(&mut self, offset: u64) {
        if offset == u64::MAX {
            self.is_over = true;
        } else {
            let disorder = self.disorder.get_or_insert_default();
            disorder.lost_below = disorder.lost_below.max(offset);
        }
    }

    /// Holes that end at or before this offset are given up.
    pub(super) fn lost_below(&self) -> u64 {
        if self.is_over {
            return u64::MAX;
        }
        (self.disorder.as_ref()).map_or(0, |disorder| disorder.lost_below)
    }

    /// What can be read now: bytes that waited, a hole that was given up, the end. To be asked until there is nothing.
    pub fn ready(&mut self) -> Option<Ready> {
        if let Some(disorder) = &mut self.disorder
            && let Some(held) = disorder.held.pop_front_if(|held| held.offset == self.next)
        {
            disorder.held_bytes -= held.bytes.len();
            self.advance(held.piece.len);
            return Some(Ready::Bytes(held.bytes.0, held.piece));
        }
        if self.fin_offset() == Some(self.next) && !self.holds() {
            // FIN has a sequence number of its own, and stepping over it delivers it once.
            self.advance(1);
            return Some(Ready::Fin);
        }
        let lost_below = self.lost_below();
        let known = self.fin_offset().unwrap_or(self.acked).min(lost_below);
        let end = self.held().next().map_or(known, |held| held.offset);
        (end > self.next && end <= lost_below).then(|| Ready::Gap(self.skip_to(end)))
    }

    /// Bytes of a hole that was given up have come: who brings them again retransmits.
    pub(super) fn fill_gap(&mut self, at: i64, len: u32) {
        let (Some(disorder), Ok(at)) = (&mut self.disorder, u64::try_from(at)) else {
            return;
        };
        let (gaps, end) = (&mut disorder.gaps, at + u64::from(len));
        let is_hit = |&(from, to): &(u64, u64)| (from..to).contains(&at);
        if let Some(index) = gaps.iter().position(is_hit)
            && let Some((from, to)) = gaps.remove(index)
        {
            for rest in [(end, to), (from, at)] {
                if rest.0 < rest.1 {
                    gaps.insert(index, rest);
                }
            }
            if gaps.len() > REMEMBERED_GAPS {
                gaps.pop_front();
            }
        }
    }

    fn skip_to(&mut self, end: u64) -> u64 {
        let len = end - self.next;
        let gaps = &mut self.disorder.get_or_insert_default().gaps;
        if gaps.len() == REMEMBERED_GAPS {
            gaps.pop_front();
        }
        gaps.push_back((self.next, end));
        self.next = end;
        // Offsets were made from sequence numbers, so the low bits are the distance.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "sequence numbers count modulo 2^32"
        )]
        let distance = len as u32;
        self.next_seq = self.next_seq.wrapping_add(distance);
        len
    }
}
