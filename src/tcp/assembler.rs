//! One direction of a connection, put in order.
//!
//! Comes in: segments' payloads, as they stand in the capture. Goes out: runs of bytes with their owner (new, held already, too late),
//! and what is ready to be read. Sequence numbers become offsets of 64 bits, so the wrap at 2^32 is met here and nowhere else.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use smallvec::SmallVec;

use crate::private::Private;
use crate::reader::Piece;
use crate::time::Timestamp;

/// How many bytes may wait behind a hole in one direction. A receive window is rarely larger, and a connection that loses
/// more than that has lost its hole.
const HELD_BYTES: usize = 1 << 20;

/// How many segments may wait behind a hole: the bytes' bound for segments of a usual size, and what keeps a flood of
/// one-byte segments from costing more than it carries.
const HELD_SEGMENTS: usize = 1024;

/// How many holes that were given up are remembered, so that what arrives for them is not taken for a retransmission.
const REMEMBERED_GAPS: usize = 64;

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

/// Up to which offset bytes were acknowledged, when the connection had so many packets, and at what time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acknowledgment {
    pub(super) offset: u64,
    pub(super) packets: u32,
    pub(super) time: Timestamp,
}

/// What of a stream is not in order.
#[derive(Debug, Default)]
struct Disorder {
    /// Segments behind a hole, by offset; they touch but never overlap.
    held: VecDeque<Held>,
    held_bytes: usize,
    /// Holes that were given up, oldest first.
    gaps: VecDeque<(u64, u64)>,
    /// Holes that end at or before this offset are given up.
    lost_below: u64,
    /// Acknowledgments seen before the stream's beginning is known: the first and the latest.
    early_acks: Option<(u32, u32)>,
    /// How far the stream was acknowledged while it had holes.
    acknowledgments: VecDeque<Acknowledgment>,
}

impl Disorder {
    /// Forgets the acknowledgments of before the stream's beginning; true where nothing is left.
    fn forget_early_acks(&mut self) -> bool {
        self.early_acks = None;
        self.held.is_empty()
            && self.gaps.is_empty()
            && self.acknowledgments.is_empty()
            && self.lost_below == 0
    }
}

/// A segment, or what is new of it, that waits behind a hole.
#[derive(Debug)]
struct Held {
    offset: u64,
    /// The captured bytes; fewer than `piece.len` where the packet was cut.
    bytes: Private<Box<[u8]>>,
    piece: Piece,
}

impl Held {
    fn end(&self) -> u64 {
        self.offset + u64::from(self.piece.len)
    }
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

    /// Whether something waits behind a hole.
    pub fn holds(&self) -> bool {
        (self.disorder.as_ref()).is_some_and(|disorder| !disorder.held.is_empty())
    }

    /// The packet that brought the first bytes that wait behind a hole.
    pub fn first_waiting(&self) -> Option<u64> {
        self.held().next().map(|held| held.piece.packet)
    }

    /// What waits behind a hole, by offset.
    fn held(&self) -> impl Iterator<Item = &Held> {
        self.disorder
            .iter()
            .flat_map(|disorder| disorder.held.iter())
    }

    /// What waits at or behind an offset first, and its place among all that waits.
    fn held_at(&self, at: u64) -> (usize, Option<&Held>) {
        let Some(disorder) = &self.disorder else {
            return (0, None);
        };
        let index = disorder.held.partition_point(|held| held.end() <= at);
        (index, disorder.held.get(index))
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

    fn insert_out_of_order(
        &mut self,
        seq: u32,
        payload: &[u8],
        piece: Piece,
    ) -> SmallVec<[Run; 2]> {
        let mut runs = SmallVec::new();
        let Some(begin) = self.offset_of(seq) else {
            return runs;
        };
        let mut rest = piece;
        let mut at = begin;
        while rest.len > 0 {
            let (len, fate) = self.fate(at, rest.len);
            let (part, behind) = rest.split_at(len);
            let bytes = captured(payload, &piece, &part);
            match fate {
                Fate::Owned(owner) => {
                    if owner == Owner::Retransmission {
                        self.compare(at, bytes);
                    }
                    if owner == Owner::Next {
                        self.advance(len);
                    }
                    if owner == Owner::Late {
                        self.fill_gap(at, len);
                    }
                    runs.push(Run { owner, piece: part });
                }
                Fate::Waits(index) => {
                    let offset = u64::try_from(at).expect("what waits stands behind the next byte");
                    let disorder = self.disorder.get_or_insert_default();
                    disorder.held_bytes += bytes.len();
                    let held = Held {
                        offset,
                        bytes: Private(bytes.into()),
                        piece: part,
                    };
                    disorder.held.insert(index, held);
                }
            }
            at += i64::from(len);
            rest = behind;
        }
        if let Some(disorder) = &self.disorder
            && (disorder.held.len() > HELD_SEGMENTS || disorder.held_bytes > HELD_BYTES)
            && let Some(first) = disorder.held.front()
        {
            let offset = first.offset;
            self.lose_below(offset);
            self.overflowed = true;
        }
        runs
    }

    /// What becomes of the first bytes of `len` at an offset, and of how many of them.
    fn fate(&self, at: i64, len: u32) -> (u32, Fate) {
        let until = |end: u64| {
            let distance = i64::try_from(end).unwrap_or(i64::MAX).saturating_sub(at);
            u32::try_from(distance).unwrap_or(u32::MAX).min(len)
        };
        let Ok(at) = u64::try_from(at) else {
            return (until(0), Fate::Owned(Owner::Early));
        };
        if at < self.next {
            let gaps = self.disorder.iter().flat_map(|disorder| &disorder.gaps);
            for &(from, to) in gaps {
                if at >= from && at < to {
                    return (until(to), Fate::Owned(Owner::Late));
                }
                if at < from {
                    return (until(from), Fate::Owned(Owner::Retransmission));
                }
            }
            return (until(self.next), Fate::Owned(Owner::Retransmission));
        }
        let (index, held) = self.held_at(at);
        match held {
            Some(held) if held.offset <= at => {
                (until(held.end()), Fate::Owned(Owner::Retransmission))
            }
            Some(held) if at > self.next => (until(held.offset), Fate::Waits(index)),
            Some(held) => (until(held.offset), Fate::Owned(Owner::Next)),
            None if at > self.next => (len, Fate::Waits(index)),
            None => (len, Fate::Owned(Owner::Next)),
        }
    }

    /// Notes a conflict where bytes that wait are not those that came again.
    fn compare(&mut self, at: i64, bytes: &[u8]) {
        let Ok(at) = u64::try_from(at) else { return };
        let (_, held) = self.held_at(at);
        if let Some(held) = held
            && let Some(from) = at.checked_sub(held.offset)
            && let Some(first) = usize::try_from(from)
                .ok()
                .and_then(|from| held.bytes.get(from..))
        {
            let len = first.len().min(bytes.len());
            self.conflict |= first.get(..len) != bytes.get(..len);
        }
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

    /// Whether the other side has acknowledged bytes that no packet has brought.
    pub fn has_acknowledged_hole(&self) -> bool {
        match self.early_acks() {
            Some((first, latest)) => first != latest,
            None => self.next < self.acked && self.fin_offset().is_none_or(|fin| self.next < fin),
        }
    }

    fn early_acks(&self) -> Option<(u32, u32)> {
        self.disorder.as_ref()?.early_acks
    }

    /// Takes note of how far the stream, which has a hole, was acknowledged; `before` is how far it was.
    pub(super) fn note_acknowledgment(&mut self, before: u64, packets: u32, time: Timestamp) {
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
    pub(super) fn give_up_old(&mut self, is_old: impl Fn(&Acknowledgment) -> bool) {
        while let Some(disorder) = &mut self.disorder
            && let Some(acknowledged) = disorder.acknowledgments.pop_front_if(|next| is_old(next))
        {
            self.give_up_below(acknowledged.offset);
        }
    }

    /// Gives up every hole: nothing more can fill them.
    pub(super) fn give_up_all(&mut self) {
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

    fn lose_below(&mut self, offset: u64) {
        if offset == u64::MAX {
            self.is_over = true;
        } else {
            let disorder = self.disorder.get_or_insert_default();
            disorder.lost_below = disorder.lost_below.max(offset);
        }
    }

    /// Holes that end at or before this offset are given up.
    fn lost_below(&self) -> u64 {
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
    fn fill_gap(&mut self, at: i64, len: u32) {
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

enum Fate {
    Owned(Owner),
    Waits(usize),
}

/// The captured bytes of a part of a payload.
fn captured<'a>(payload: &'a [u8], whole: &Piece, part: &Piece) -> &'a [u8] {
    let from = usize::try_from(part.from - whole.from)
        .unwrap_or(usize::MAX)
        .min(payload.len());
    let len = usize::try_from(part.len)
        .unwrap_or(usize::MAX)
        .min(payload.len() - from);
    payload.get(from..from + len).unwrap_or_default()
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that panics has failed"
)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn piece(len: usize) -> Piece {
        let len = u32::try_from(len).unwrap();
        Piece {
            packet: 1,
            of: len,
            len,
            packets: 1,
            ..Piece::default()
        }
    }

    /// What came out: bytes, with `None` for each that was given up.
    #[derive(Default)]
    struct Outcome {
        stream: Vec<Option<u8>>,
        fins: u32,
    }

    impl Outcome {
        fn insert(&mut self, assembler: &mut Assembler, seq: u32, payload: &[u8]) {
            let mut charged = 0;
            for run in assembler.insert(seq, payload, piece(payload.len())) {
                charged += run.piece.len as usize;
                if run.owner == Owner::Next {
                    let from = run.piece.from as usize;
                    self.stream.extend(
                        payload[from..from + run.piece.len as usize]
                            .iter()
                            .copied()
                            .map(Some),
                    );
                }
            }
            assert!(charged <= payload.len());
            self.drain(assembler);
        }

        fn drain(&mut self, assembler: &mut Assembler) {
            while let Some(ready) = assembler.ready() {
                match ready {
                    Ready::Bytes(bytes, piece) => {
                        assert_eq!(bytes.len(), piece.len as usize);
                        self.stream.extend(bytes.iter().copied().map(Some));
                    }
                    Ready::Gap(len) => self.stream.extend(std::iter::repeat_n(None, len as usize)),
                    Ready::Fin => self.fins += 1,
                }
            }
        }
    }

    proptest! {
        #[test]
        fn equals_a_map_of_bytes_across_the_wrap_and_with_copies_that_disagree(
            base: u32,
            near_the_wrap: bool,
            segments in prop::collection::vec((0u32..300, prop::collection::vec(any::<u8>(), 1..40)), 1..60),
        ) {
            let base = if near_the_wrap { u32::MAX - base % 200 } else { base };
            let mut assembler = Assembler::default();
            assembler.begin(base);
            let mut outcome = Outcome::default();
            let mut map = BTreeMap::new();
            for (offset, payload) in &segments {
                outcome.insert(&mut assembler, base.wrapping_add(*offset), payload);
                for (at, byte) in (*offset..).zip(payload) {
                    map.entry(at).or_insert(*byte);
                }
            }
            let end = map.keys().next_back().unwrap() + 1;
            assembler.fin(base.wrapping_add(end));
            assembler.give_up_below(u64::MAX);
            outcome.drain(&mut assembler);
            let expected: Vec<Option<u8>> = (0..end).map(|at| map.get(&at).copied()).collect();
            prop_assert_eq!(outcome.stream, expected);
            prop_assert_eq!(outcome.fins, 1);
        }

        #[test]
        fn any_order_of_segments_gives_the_stream(stream in prop::collection::vec(any::<u8>(), 1..400), size in 1usize..20, order in any::<u64>()) {
            let mut segments: Vec<(usize, &[u8])> = stream.chunks(size).enumerate().map(|(i, chunk)| (i * size, chunk)).collect();
            let mut state = order;
            for i in (1..segments.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                segments.swap(i, (state >> 33) as usize % (i + 1));
            }
            let mut assembler = Assembler::default();
            assembler.begin(7);
            let mut outcome = Outcome::default();
            for (offset, payload) in segments {
                outcome.insert(&mut assembler, 7 + offset as u32, payload);
            }
            prop_assert_eq!(outcome.stream, stream.into_iter().map(Some).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_comes_after_its_hole_was_given_up_is_late_and_not_retransmitted() {
        use Owner::{Late, Retransmission};
        let mut assembler = Assembler::default();
        assembler.begin(0);
        let mut outcome = Outcome::default();
        outcome.insert(&mut assembler, 10, b"world");
        assembler.give_up_below(10);
        outcome.drain(&mut assembler);
        let mut owners = |seq, bytes: &[u8]| -> Vec<_> {
            let runs = assembler.insert(seq, bytes, piece(bytes.len()));
            runs.iter().map(|run| (run.owner, run.piece.len)).collect()
        };
        assert_eq!(owners(8, b"xxwor"), [(Late, 2), (Retransmission, 3)]);
        // It is late once.
        assert_eq!(owners(8, b"xxwor"), [(Retransmission, 5)]);
        assert_eq!(owners(3, b"yy"), [(Late, 2)]);
        assert_eq!(
            owners(0, b"zzzyyzzzxx"),
            [
                (Late, 3),
                (Retransmission, 2),
                (Late, 3),
                (Retransmission, 2)
            ]
        );
        assert_eq!(owners(0, b"zzzyyzzzxx"), [(Retransmission, 10)]);
    }

    #[test]
    fn too_much_behind_a_hole_gives_it_up() {
        let mut assembler = Assembler::default();
        assembler.begin(0);
        let mut outcome = Outcome::default();
        for i in 0..=HELD_SEGMENTS as u32 {
            outcome.insert(&mut assembler, 1 + i, b"x");
        }
        assert!(assembler.take_overflow());
        assert_eq!(outcome.stream.len(), HELD_SEGMENTS + 2);
    }

    #[test]
    fn copies_that_disagree_are_noticed() {
        let mut assembler = Assembler::default();
        assembler.begin(0);
        assembler.insert(5, b"later", piece(5));
        assembler.insert(5, b"later", piece(5));
        assert!(!assembler.take_conflict());
        assembler.insert(5, b"lAter", piece(5));
        assert!(assembler.take_conflict());
    }
}
