//! Heads that are cut off: what of them is there is told, and judged by nothing.

use super::cut_off::CutOff;
use super::open::Part;
use super::{Exchanges, Open};
use crate::conversation::Context;
use crate::direction::Direction;
use crate::http::{RequestHead, ResponseHead};
use crate::ledger::{Ledger, Row};
use crate::reader::{Layer, Pieces};
use crate::websocket::asks_for_websocket;

impl Exchanges {
    /// Takes the bytes that wait before what the snapshot length cut off, where a head begins with them and says what it is; says whether
    /// that is so.
    pub(super) fn take_cut_head(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> bool {
        let is_between = self.lost[direction].is_none() && self.readers[direction].is_idle();
        if !(is_between && self.may_read(direction, bytes.len())) {
            return false;
        }
        let trust = self.trust[direction];
        let open = match direction {
            Direction::ToServer => {
                RequestHead::cut_off(bytes).map(|request| self.begin_cut_off(request, cx.encrypted))
            }
            Direction::ToClient => ResponseHead::cut_off(bytes)
                .filter(|response| !response.is_interim())
                .and_then(|response| self.answer_cut_off(response, cx.encrypted)),
        };
        let Some(open) = open else { return false };
        let len = bytes.len() as u64;
        let packet = pieces.packet_of(len);
        // It is charged as what no reader understood, as the rest of it must be.
        let span = pieces.take(len, Layer::Payload, Row::Unread, ledger).span;
        let part = open.parts[direction].get_or_insert_with(|| Part::new(trust, 0));
        part.cut_off(span, packet);
        true
    }

    fn begin_cut_off(&mut self, request: RequestHead, encrypted: bool) -> &mut Open {
        let cut = CutOff {
            request: Some(request),
            response: None,
        };
        self.heads += cut.request_head_length();
        let is_handshake = cut.request.as_ref().is_some_and(asks_for_websocket);
        let open = self.begin(is_handshake, encrypted);
        open.cut = Some(Box::new(cut));
        open
    }

    fn answer_cut_off(&mut self, response: ResponseHead, encrypted: bool) -> Option<&mut Open> {
        if self.answered().is_none() {
            self.begin(false, encrypted);
        }
        let open = self.answered()?;
        let cut = open.cut.get_or_insert_default();
        open.is_handshake |= open.request.is_none() && cut.may_switch(&response);
        cut.response = Some(response);
        Some(open)
    }
}
