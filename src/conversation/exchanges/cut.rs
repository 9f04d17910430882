//! Heads that are cut off: what of them is there is told, and judged by nothing.

use super::open::Part;
use super::{Exchanges, Open};
use crate::conversation::Context;
use crate::conversation::next::Next;
use crate::direction::Direction;
use crate::http::{RequestHead, ResponseHead};
use crate::ledger::{Ledger, Row};
use crate::reader::{Layer, Pieces};
use crate::websocket::{Compression, asks_for_websocket};

/// The heads of an exchange that the snapshot length cut off, as far as they are there.
#[derive(Debug, Default)]
pub(super) struct CutOff {
    /// Its request line is there, and some of its fields may be.
    pub(super) request: Option<RequestHead>,
    /// Its status is there, and some of its fields may be.
    pub(super) response: Option<ResponseHead>,
}

impl CutOff {
    /// How many bytes of the request's head are kept.
    pub(super) fn request_head_length(&self) -> u64 {
        let head = self.request.as_ref();
        head.map_or(0, |head| head.fields().head().len() as u64)
    }

    /// Whether the request, as far as it is there, may ask for WebSocket.
    fn may_ask(&self) -> bool {
        self.request.as_ref().is_none_or(|head| {
            let asks_elsewhere = head.fields().members("Upgrade").next().is_some();
            head.method() == b"GET" && (asks_for_websocket(head) || !asks_elsewhere)
        })
    }

    /// Whether a 101 to the request switches to WebSocket, as far as the two are there.
    pub(super) fn may_switch(&self, response: &ResponseHead) -> bool {
        response.status() == 101 && self.may_ask() && !response.switches_elsewhere()
    }

    /// Who reads behind the response, in an exchange that is an opening handshake or is not.
    pub(super) fn next(&self, is_handshake: bool, asked: bool) -> Next {
        match &self.response {
            // What it agreed to is not known, that frames follow is.
            Some(response) if response.status() == 101 => {
                if is_handshake && !response.switches_elsewhere() {
                    Next::WebSocket {
                        compression: Compression::Unknown,
                        asked,
                    }
                } else {
                    Next::Other
                }
            }
            _ => Next::Same,
        }
    }
}

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
