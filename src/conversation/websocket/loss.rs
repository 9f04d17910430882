//! Holes in a WebSocket's bytes, and ends: what is open is given as far as it is known.

use super::boundary::{Attempt, Lost, notice_skipped};
use super::{Inside, WebSocket, to_usize};
use crate::check::{Cause, Spot};
use crate::conversation::Context;
use crate::conversation::hole::{Extent, Hole};
use crate::direction::Direction;
use crate::ledger::{Ledger, Row};
use crate::reader::{Layer, Pieces, Reader as _, Step};
use crate::span::Trust;
use crate::tcp::Ending;
use crate::websocket::FrameEvent;

impl WebSocket {
    /// Passes over bytes that cannot be shown; where they were cut from a packet, they are charged to their place in the stream.
    /// `bytes` are those that wait before them; all are taken.
    pub(in crate::conversation) fn gap(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        hole: Hole,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        let Hole {
            len,
            extent,
            cut,
            cause,
        } = hole;
        let mut waiting = bytes.len() as u64;
        let half = &mut self.halves[direction];
        if let Some(Inside::Rest(rest)) = half.inside.as_deref_mut()
            && *rest >= len
            && extent != Extent::AtMost
        {
            *rest -= len;
            half.trust = half.trust.max(Trust::Carried);
            half.inside
                .take_if(|inside| matches!(**inside, Inside::Rest(0)));
            pieces.pass_over(len, cut, Row::Unread, ledger);
            return;
        }
        if self.halves[direction].lost().is_some() {
            let attempt = match cut {
                Some(_) => Attempt::BeforeCut(bytes.len() as u64 + len),
                None => Attempt::Now,
            };
            waiting -= self.search_and_read(direction, bytes, attempt, pieces, ledger, cx) as u64;
        }
        let half = &mut self.halves[direction];
        // A header that has begun waits before the hole, and is lost with it.
        let owed = match half.inside.as_deref() {
            Some(Inside::Frame(reader, _)) if waiting == 0 && extent != Extent::AtMost => {
                reader.owed().unwrap_or(0)
            }
            _ => 0,
        };
        let inside = owed.min(len);
        if inside > 0 {
            half.unconfirmed |= extent == Extent::Likely;
            let of_frame = Hole {
                len: inside,
                cut: cut.map(|piece| piece.split_at(to_u32(inside)).0),
                ..hole
            };
            self.skip_payload(direction, of_frame, pieces, ledger, cx);
            let half = &mut self.halves[direction];
            half.trust = half.trust.max(Trust::Carried);
            if inside == len {
                if let Some(Inside::Frame(reader, _)) = half.inside.as_deref_mut()
                    && let Step::Event(_, FrameEvent::End) = reader.read(&[])
                {
                    self.end_frame(direction, cx);
                }
                return;
            }
        }
        let behind = cut.map(|piece| piece.split_at(to_u32(inside)).1);
        self.lose_place(direction, waiting, cause, pieces, ledger, cx);
        pieces.pass_over(len - inside, behind, Row::Unread, ledger);
    }

    /// The last chance to find frames before a hole or an end; says how many bytes were taken.
    fn search_and_read(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        attempt: Attempt,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> usize {
        let used = self.search(direction, bytes, attempt, pieces, ledger, cx);
        if self.halves[direction].lost().is_some() {
            return used;
        }
        let rest = bytes.get(used..).unwrap_or_default();
        used + self.read(direction, rest, pieces, ledger, cx)
    }

    /// The place in the stream is lost: what is open ends as it is, what waits is not understood.
    fn lose_place(
        &mut self,
        direction: Direction,
        waiting: u64,
        cause: Cause,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        if let Some(checks) = &mut cx.checks {
            checks.lose(direction, cause.of_place());
        }
        self.halves[direction].lose_of_message(cause);
        self.close_open(direction, cx);
        let from = pieces.offset();
        pieces.take(waiting, Layer::Payload, Row::Unread, ledger);
        let half = &mut self.halves[direction];
        let lost = half.lost().copied();
        let mut lost = lost.unwrap_or_else(|| Lost::at(Trust::Resynced));
        lost.from.get_or_insert(from);
        lost.skipped += waiting;
        lost.next_attempt = Lost::FIRST_ATTEMPT;
        half.lose(lost);
        half.fragmentation_unknown = true;
        half.inflation.lose(cause, &mut cx.scratch.workshop);
    }

    /// Passes over the rest of a frame that was given before; says how many bytes that were.
    pub(super) fn pass_rest(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        pieces: &mut Pieces,
        ledger: &mut Ledger,
    ) -> usize {
        let half = &mut self.halves[direction];
        let Some(Inside::Rest(rest)) = half.inside.as_deref_mut() else {
            return 0;
        };
        let passed = (*rest).min(bytes.len() as u64);
        *rest -= passed;
        half.inside
            .take_if(|inside| matches!(**inside, Inside::Rest(0)));
        pieces.take(passed, Layer::Payload, Row::Unread, ledger);
        to_usize(passed)
    }

    fn close_open(&mut self, direction: Direction, cx: &mut Context<'_>) {
        if let Some(Inside::Frame(_, frame)) = self.halves[direction].inside.as_deref_mut() {
            frame.complete &= frame.read == frame.header.payload_len;
            self.end_frame(direction, cx);
        }
        self.end_message(direction, cx);
    }

    /// The direction has ended: gives what is still open. `bytes` are those that wait; all are taken.
    pub(in crate::conversation) fn end(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        ending: Ending,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        let mut used = 0;
        if self.halves[direction].lost().is_some() {
            let attempt = if ending == Ending::Fin {
                Attempt::AtEnd
            } else {
                Attempt::Now
            };
            used = self.search_and_read(direction, bytes, attempt, pieces, ledger, cx);
        }
        pieces.take(
            (bytes.len() - used) as u64,
            Layer::Payload,
            Row::Unread,
            ledger,
        );
        let waiting = (bytes.len() - used) as u64;
        let half = &mut self.halves[direction];
        // Behind a reset, the other side may still send for a while: the rest of what is open here belongs to nothing that anybody waits for.
        let rest = match half.inside.as_deref() {
            Some(Inside::Frame(reader, _)) => reader.owed().filter(|_| !half.unconfirmed),
            Some(Inside::Rest(rest)) => Some(*rest),
            Some(Inside::Lost(_)) => None,
            None => Some(0),
        };
        half.fragmentation_unknown |= half.message.is_some();
        let lost = half.lost().copied();
        if let Some(lost) = &lost {
            half.inside = None;
            notice_skipped(direction, lost, lost.skipped + waiting, false, cx);
        }
        if half.ended.replace(ending).is_none() {
            self.note_open(direction, waiting, cx);
        }
        self.close_open(direction, cx);
        let half = &mut self.halves[direction];
        half.inflation.close();
        match rest.filter(|_| waiting == 0) {
            Some(0) => {}
            Some(rest) => half.inside = Some(Box::new(Inside::Rest(rest))),
            None => {
                let trust = lost.map_or(Trust::Resynced, |lost| lost.trust);
                self.lose(direction, trust, Cause::Gap, cx);
            }
        }
    }

    /// Says what is open where the direction ends; `waiting` bytes begin a header.
    fn note_open(&self, direction: Direction, waiting: u64, cx: &mut Context<'_>) {
        let half = &self.halves[direction];
        let Some(checks) = (cx.checks.as_deref_mut()).filter(|_| half.lost().is_none()) else {
            return;
        };
        let frame = half.frame();
        if let Some(frame) = frame.filter(|frame| !frame.complete_to_the_end()) {
            let missing = frame.header.payload_len - frame.read;
            checks.open_frame(direction, frame.index, missing, frame.spot());
        } else if waiting > 0 {
            checks.open_frame(direction, self.frames, 0, Spot::default());
        }
        if let Some(message) = half.message.as_ref().filter(|message| !message.finished) {
            let span = message
                .cost
                .span
                .or(frame.and_then(|frame| frame.cost.span));
            let spot = Spot::of_span(&span.unwrap_or_default(), message.trust);
            checks.open_message(direction, spot.in_message(Some(message.index)));
        }
    }
}

fn to_u32(len: u64) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
