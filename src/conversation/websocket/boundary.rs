//! A frame's boundary that was lost, and is looked for among the bytes that wait.

use super::{Inside, WebSocket};
use crate::conversation::Context;
use crate::direction::Direction;
use crate::ledger::{Ledger, Row};
use crate::notice::{Kind, Notice};
use crate::reader::{Layer, Pieces};
use crate::span::Trust;
use crate::websocket::resync::{self, Expected};

/// How many bytes wait at most for a boundary to be found again: more than enough for the chains of frames that confirm
/// each other, where frames are not huge.
const SEARCHED: usize = 256 << 10;

/// A boundary that is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    /// How many waiting bytes the next attempt needs.
    pub(super) next_attempt: usize,
    /// What a boundary that is found is worth.
    pub(super) trust: Trust,
    /// Bytes passed over so far.
    pub(super) skipped: u64,
    /// Where that began, once anything was.
    pub(super) from: Option<u64>,
}

/// When a search is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Attempt {
    /// As the waiting bytes reach the next size.
    WhenEnough,
    /// Before a hole, or where the capture ends.
    Now,
    /// Before bytes that were cut off a packet, which ended so far from the first that waits.
    BeforeCut(u64),
    /// Where the stream ends.
    AtEnd,
}

impl Lost {
    pub(super) const FIRST_ATTEMPT: usize = 4 << 10;

    pub(super) fn at(trust: Trust) -> Self {
        Self {
            next_attempt: Self::FIRST_ATTEMPT,
            trust,
            skipped: 0,
            from: None,
        }
    }
}

impl WebSocket {
    /// Looks for a boundary in the bytes that wait; says how many before it were taken as not understood.
    pub(super) fn search(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        attempt: Attempt,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> usize {
        let half = &mut self.halves[direction];
        let Some(Inside::Lost(lost)) = half.inside.as_deref_mut() else {
            return 0;
        };
        if attempt == Attempt::WhenEnough && bytes.len() < lost.next_attempt {
            return 0;
        }
        let expected = Expected {
            masked: Some(direction == Direction::ToServer),
            rsv1: half.inflation.may_compress(),
            at_end: attempt == Attempt::AtEnd,
        };
        let starts = pieces.packet_starts(bytes.len());
        let offset = match attempt {
            Attempt::BeforeCut(end) => resync::ends_with_packet(bytes, end, expected, &starts),
            _ => None,
        }
        .or_else(|| {
            resync::find(bytes, expected, |at| starts.binary_search(&at).is_ok())
                .map(|found| found.offset)
        });
        if let Some(offset) = offset {
            pieces.take(offset as u64, Layer::Payload, Row::Unread, ledger);
            half.trust = lost.trust;
            let lost = *lost;
            half.inside = None;
            notice_skipped(direction, &lost, lost.skipped + offset as u64, true, cx);
            return offset;
        }
        if bytes.len() < SEARCHED {
            lost.next_attempt = (lost.next_attempt * 4).min(SEARCHED);
            return 0;
        }
        // Nothing in so many bytes: keep the latest part, which the next bytes may explain.
        let passed = bytes.len() - SEARCHED / 4;
        lost.skipped += passed as u64;
        lost.next_attempt = SEARCHED;
        pieces.take(passed as u64, Layer::Payload, Row::Unread, ledger);
        passed
    }
}

pub(super) fn notice_skipped(
    direction: Direction,
    lost: &Lost,
    skipped: u64,
    found: bool,
    cx: &mut Context<'_>,
) {
    if skipped == 0 {
        return;
    }
    let outcome = if found {
        "found again by the frames that follow"
    } else {
        "not found again"
    };
    let explanation =
        format!("{skipped} bytes not understood after a loss; the frames' boundary was {outcome}");
    cx.tell(
        Notice::new(Kind::Resync, explanation)
            .sent_by(direction)
            .of_bytes(lost.from, skipped),
    );
}
