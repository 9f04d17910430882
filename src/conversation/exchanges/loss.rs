//! Holes in the bytes of HTTP, and ends: what is open is given as far as it is known.

use super::open::Open;
use super::{Exchanges, leave_tunnel};
use crate::check::{Cause, Unanswered};
use crate::conversation::Context;
use crate::conversation::hole::{Extent, Hole};
use crate::conversation::next::Next;
use crate::direction::Direction;
use crate::http::{HttpEvent, Likely, MessageReader, begins_request, begins_response};
use crate::ledger::{Ledger, Row};
use crate::notice::{Kind, Notice};
use crate::reader::{Layer, Piece, Pieces, Reader as _, Step};
use crate::span::Trust;

impl Exchanges {
    /// Passes over bytes that cannot be shown. `bytes` are those that wait before them; all are taken.
    pub(in crate::conversation) fn gap(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        hole: Hole,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> Next {
        let Hole {
            len,
            extent,
            cut,
            cause,
        } = hole;
        leave_tunnel(direction, cx);
        let inside = extent != Extent::AtMost
            && bytes.is_empty()
            && self.lost[direction].is_none()
            && !self.readers[direction].is_idle()
            && self.readers[direction].skip(len);
        if inside {
            self.trust[direction] = self.trust[direction].max(Trust::Carried);
            self.unconfirmed[direction] |= extent == Extent::Likely;
            self.skip_body(direction, len, cut, pieces, ledger);
            // The hole may have reached to the message's end.
            return match self.readers[direction].read(&[]) {
                Step::Event(0, HttpEvent::End) => self.end_message(direction, cx),
                _ => Next::Same,
            };
        }
        let is_taken =
            cause == Cause::Snaplen && self.take_cut_head(direction, bytes, pieces, ledger, cx);
        let waiting = if is_taken { 0 } else { bytes.len() };
        let next = self.lose_place(direction, waiting, cause, pieces, ledger, cx);
        pieces.pass_over(len, cut, Row::Unread, ledger);
        if direction == Direction::ToServer {
            self.client_read = pieces.offset();
        }
        if next != Next::Same {
            return next;
        }
        let unanswered_handshake = direction == Direction::ToClient
            && self.open.front().is_some_and(Open::holds_the_client);
        // A request that is cut off has a response that may be found.
        let waits = is_taken && direction == Direction::ToServer;
        if unanswered_handshake || !waits && self.cannot_go_on() {
            self.finish(cx);
            return Next::Lost;
        }
        Next::Same
    }

    fn skip_body(
        &mut self,
        direction: Direction,
        len: u64,
        cut: Option<Piece>,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
    ) {
        let open = self.read_in(direction);
        let row = open
            .as_ref()
            .map_or(Row::Unread, |open| open.row(direction));
        let cost = pieces.pass_over(len, cut, row, ledger);
        if let Some(part) = open.and_then(|open| open.parts[direction].as_mut()) {
            part.count_body(&cost, len);
            part.content.skip(len);
            part.whole = false;
        }
    }

    /// Too much of the client's waits for a response. It is given up; what the bytes are must show by themselves.
    pub(super) fn give_up_waiting(
        &mut self,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        let explanation = "too many of the client's bytes waited for a response; what they are is looked for without it";
        cx.tell(Notice::new(Kind::LimitReached, explanation).sent_by(Direction::ToServer));
        for direction in Direction::ALL {
            self.lose_place(direction, 0, Cause::Limit, pieces, ledger, cx);
        }
        self.finish(cx);
    }

    /// Whether neither direction has its place any more.
    pub(super) fn cannot_go_on(&self) -> bool {
        self.lost.to_server.is_some() && self.lost.to_client.is_some()
    }

    /// A direction's place is lost: what is being read there ends as it is, and what waits is not understood. Says who reads on, which
    /// may be decided where a response was there before its request ended.
    pub(super) fn lose_place(
        &mut self,
        direction: Direction,
        waiting: usize,
        cause: Cause,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> Next {
        pieces.take(waiting as u64, Layer::Payload, Row::Unread, ledger);
        let reading = !self.readers[direction].is_idle();
        self.lost[direction] = Some(cause);
        if let Some(part) = self.part(direction).filter(|part| reading && !part.ended) {
            (part.whole, part.ended) = (false, true);
        }
        self.readers[direction] = match direction {
            Direction::ToServer => MessageReader::requests(),
            Direction::ToClient => MessageReader::responses(),
        };
        self.give_finished(cx)
    }

    /// Looks for a head where a packet begins; says how many bytes before it were taken as not understood.
    pub(super) fn find_head(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        pieces: &mut Pieces,
        ledger: &mut Ledger,
    ) -> usize {
        let starts = pieces.packet_starts(bytes.len());
        let begins = |at: &usize| {
            let rest = bytes.get(*at..).unwrap_or_default();
            match direction {
                Direction::ToServer => begins_request(rest),
                Direction::ToClient => begins_response(rest),
            }
        };
        let at = starts.iter().find(|at| begins(at) == Likely::Yes).copied();
        if at.is_some() {
            self.lost[direction] = None;
            self.trust[direction] = Trust::Resynced;
        }
        let waits = starts
            .last()
            .copied()
            .filter(|last| begins(last) == Likely::More);
        let used = at.or(waits).unwrap_or(bytes.len());
        pieces.take(used as u64, Layer::Payload, Row::Unread, ledger);
        used
    }

    /// A direction has ended. `bytes` are those that wait, and stay.
    pub(in crate::conversation) fn end(
        &mut self,
        direction: Direction,
        with_fin: bool,
        cx: &mut Context<'_>,
    ) {
        self.ended[direction] = true;
        let completed = self.readers[direction].end() && with_fin;
        let idle = self.readers[direction].is_idle();
        if direction == Direction::ToClient && (completed || !idle) {
            if let Some(part) = self.part(direction) {
                part.whole &= completed;
                part.ended = part.has_head();
            }
            self.give_finished(cx);
        }
    }

    /// The request of a handshake that surely was sent whole, and has no response.
    fn unanswered(&self, open: &Open) -> Option<Unanswered> {
        let (request, _) = open
            .request()
            .filter(|_| open.is_handshake && open.parts.to_client.is_none())?;
        let span = request
            .cost
            .span
            .filter(|_| request.is_complete() && request.trust <= Trust::Carried)?;
        Some(Unanswered {
            end: if open.encrypted {
                u64::MAX
            } else {
                span.stream_offset + request.head_length + request.body_length
            },
            spot: request.spot(),
            lost: self.lost.to_client,
        })
    }

    /// Both directions have ended: gives what is still open.
    pub(in crate::conversation) fn finish(&mut self, cx: &mut Context<'_>) {
        self.heads = 0;
        while let Some(open) = self.open.pop() {
            if let Some(checks) = &mut cx.checks {
                let unanswered = self.unanswered(&open).filter(|_| cx.opening);
                let known = &mut checks.http.unanswered;
                *known = known.take().or(unanswered.map(Box::new));
            }
            self.give(&open, cx);
        }
    }
}
