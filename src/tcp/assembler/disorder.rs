//! What is out of order: segments that wait behind a hole, and whose the bytes of one are that is not what comes next.

use std::collections::VecDeque;

use smallvec::SmallVec;

use super::holes::Acknowledgment;
use super::{Assembler, Owner, Run};
use crate::private::Private;
use crate::reader::Piece;

/// How many bytes may wait behind a hole in one direction. A receive window is rarely larger, and a connection that loses
/// more than that has lost its hole.
const HELD_BYTES: usize = 1 << 20;

/// How many segments may wait behind a hole: the bytes' bound for segments of a usual size, and what keeps a flood of
/// one-byte segments from costing more than it carries.
pub(super) const HELD_SEGMENTS: usize = 1024;

/// What of a stream is not in order.
#[derive(Debug, Default)]
pub(super) struct Disorder {
    /// Segments behind a hole, by offset; they touch but never overlap.
    pub(super) held: VecDeque<Held>,
    pub(super) held_bytes: usize,
    /// Holes that were given up, oldest first.
    pub(super) gaps: VecDeque<(u64, u64)>,
    /// Holes that end at or before this offset are given up.
    pub(super) lost_below: u64,
    /// Acknowledgments seen before the stream's beginning is known: the first and the latest.
    pub(super) early_acks: Option<(u32, u32)>,
    /// How far the stream was acknowledged while it had holes.
    pub(super) acknowledgments: VecDeque<Acknowledgment>,
}

impl Disorder {
    /// Forgets the acknowledgments of before the stream's beginning; true where nothing is left.
    pub(super) fn forget_early_acks(&mut self) -> bool {
        self.early_acks = None;
        self.held.is_empty()
            && self.gaps.is_empty()
            && self.acknowledgments.is_empty()
            && self.lost_below == 0
    }
}

/// A segment, or what is new of it, that waits behind a hole.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) offset: u64,
    /// The captured bytes; fewer than `piece.len` where the packet was cut.
    pub(super) bytes: Private<Box<[u8]>>,
    pub(super) piece: Piece,
}

impl Held {
    fn end(&self) -> u64 {
        self.offset + u64::from(self.piece.len)
    }
}

/// What becomes of bytes.
enum Fate {
    /// They are somebody's.
    Owned(Owner),
    /// They wait, at this place among all that waits.
    Waits(usize),
}

impl Assembler {
    /// Whether something waits behind a hole.
    pub fn holds(&self) -> bool {
        (self.disorder.as_ref()).is_some_and(|disorder| !disorder.held.is_empty())
    }

    /// The packet that brought the first bytes that wait behind a hole.
    pub fn first_waiting(&self) -> Option<u64> {
        self.held().next().map(|held| held.piece.packet)
    }

    /// What waits behind a hole, by offset.
    pub(super) fn held(&self) -> impl Iterator<Item = &Held> {
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

    pub(super) fn insert_out_of_order(
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
