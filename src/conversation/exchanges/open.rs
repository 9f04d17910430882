//! An exchange that is not over: what is known of its request and of its response.

use super::cut_off::CutOff;
use crate::check::{Early, Spot};
use crate::conversation::Context;
use crate::conversation::content::Content;
use crate::conversation::next::Next;
use crate::direction::{Both, Direction};
use crate::http::{Fields, Method, RequestHead, ResponseHead};
use crate::ledger::Row;
use crate::reader::Cost;
use crate::span::{Span, Trust};
use crate::websocket::{Compression, Deflate};
use crate::wire::Wire;

/// An exchange that is not over.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) index: u64,
    pub(super) request: Option<RequestHead>,
    /// The final response's head; none while only interim responses came (RFC 9110, section 15.2).
    pub(super) response: Option<ResponseHead>,
    /// What is known of the message of each direction, once it has begun.
    pub(super) parts: Both<Option<Part>>,
    pub(super) is_handshake: bool,
    /// What is there of heads that were cut off, which are neither above.
    pub(super) cut: Option<Box<CutOff>>,
    /// What the client sent before it could have seen the response.
    pub(super) early: Option<Early>,
    /// Whether it is under TLS.
    pub(super) encrypted: bool,
    /// The first bytes that waited behind the request for its response.
    pub(super) waits: Option<Waits>,
}

/// Bytes that wait behind a request for its response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    pub(super) early: Early,
    /// How far the client had acknowledged the server's bytes when it sent them, at most; none where that is not known.
    pub(super) acked: Option<u64>,
}

/// One message of an exchange, beside its head.
#[derive(Debug)]
pub(super) struct Part {
    /// Zero while there is no head but those of interim responses.
    pub(super) head_length: u64,
    /// The packet of the head's last byte.
    pub(super) head_packet: u64,
    pub(super) body_length: u64,
    pub(super) content: Content,
    pub(super) cost: Cost,
    /// Whether no byte is missing so far.
    pub(super) whole: bool,
    pub(super) ended: bool,
    /// How sure its beginning is.
    pub(super) trust: Trust,
}

impl Open {
    pub(super) fn new(index: u64, is_handshake: bool, encrypted: bool) -> Self {
        Self {
            index,
            request: None,
            response: None,
            parts: Both::default(),
            is_handshake,
            cut: None,
            early: None,
            encrypted,
            waits: None,
        }
    }

    /// The request, once its head is there.
    pub(super) fn request(&self) -> Option<(&Part, &RequestHead)> {
        self.parts.to_server.as_ref().zip(self.request.as_ref())
    }

    /// How many bytes are kept of its head.
    pub(super) fn kept_of_request(&self) -> u64 {
        let cut = self.cut.as_ref().map_or(0, |cut| cut.request_head_length());
        self.request().map_or(cut, |(part, _)| part.head_length)
    }

    /// The request as far as it can be shown, which may have been cut off.
    pub(super) fn shown_request(&self) -> Option<&RequestHead> {
        let cut = || self.cut.as_ref()?.request.as_ref();
        self.request.as_ref().or_else(cut)
    }

    /// The final response, likewise.
    pub(super) fn shown_response(&self) -> Option<&ResponseHead> {
        let cut = || self.cut.as_ref()?.response.as_ref();
        self.response.as_ref().or_else(cut)
    }

    /// The final response, once its head is there.
    pub(super) fn response(&self) -> Option<(&Part, &ResponseHead)> {
        self.parts.to_client.as_ref().zip(self.response.as_ref())
    }

    /// Whether the message of a direction has begun, and has ended.
    pub(super) fn has_ended(&self, direction: Direction) -> bool {
        self.parts[direction]
            .as_ref()
            .is_some_and(|part| part.ended)
    }

    /// Whether both messages have ended, or the only one that there is of a response.
    pub(super) fn is_over(&self) -> bool {
        let asked = self.parts.to_server.is_none() || self.has_ended(Direction::ToServer);
        asked && self.has_ended(Direction::ToClient)
    }

    /// What the bytes of a direction are charged as.
    pub(super) fn row(&self, direction: Direction) -> Row {
        match (direction, self.is_handshake) {
            (Direction::ToServer, true) => Row::UpgradeRequest,
            (Direction::ToServer, false) => Row::HttpRequest,
            (Direction::ToClient, true) => Row::UpgradeResponse,
            (Direction::ToClient, false) => Row::HttpResponse,
        }
    }

    pub(super) fn method(&self) -> Method {
        self.shown_request()
            .map_or(Method::Other, RequestHead::method_kind)
    }

    /// Whether what the client sends behind this request depends on the answer.
    pub(super) fn holds_the_client(&self) -> bool {
        (self.is_handshake || self.method() == Method::Connect)
            && self.has_ended(Direction::ToServer)
    }

    /// Who reads behind it.
    pub(super) fn next(&self) -> Next {
        let Some(response) = self.response.as_ref() else {
            let asked = self.request.is_some();
            return (self.cut.as_ref())
                .map_or(Next::Same, |cut| cut.next(self.is_handshake, asked));
        };
        match response.status() {
            101 if self.is_handshake && !response.switches_elsewhere() => Next::WebSocket {
                compression: Deflate::agreed(self.request.as_ref(), response)
                    .map_or(Compression::None, Compression::Deflate),
                asked: self.request.is_some(),
            },
            101 => Next::Other,
            200..=299 if self.request.is_some() && self.method() == Method::Connect => Next::Tunnel,
            _ => Next::Same,
        }
    }
}

impl Part {
    pub(super) fn new(trust: Trust, keep: u64) -> Self {
        Self {
            head_length: 0,
            head_packet: 0,
            body_length: 0,
            content: Content::new(keep),
            cost: Cost::default(),
            whole: true,
            ended: false,
            trust,
        }
    }

    /// Its head was read, which has so many bytes, the last of them in `packet`.
    pub(super) fn begin(
        &mut self,
        fields: &Fields,
        len: u64,
        packet: u64,
        direction: Direction,
        cx: &mut Context<'_>,
    ) {
        self.content.begin(fields, direction, cx);
        (self.head_length, self.head_packet) = (len, packet);
    }

    /// Its head is cut off behind what stood here, the last of it in `packet`.
    pub(super) fn cut_off(&mut self, span: Option<Span>, packet: u64) {
        self.cost.span = match (self.cost.span, span) {
            (Some(mut known), Some(more)) => {
                known.include(&more);
                Some(known)
            }
            (known, more) => known.or(more),
        };
        (self.head_packet, self.whole, self.ended) = (packet, false, true);
    }

    /// Whether the head is there that a body follows.
    pub(super) fn has_head(&self) -> bool {
        self.head_length > 0
    }

    pub(super) fn is_complete(&self) -> bool {
        self.ended && self.whole && self.has_head()
    }

    /// Counts bytes of the body, or of its framing.
    pub(super) fn count_body(&mut self, cost: &Cost, len: u64) {
        self.cost.add(cost);
        self.body_length += len;
    }

    /// What it cost; none where nothing of it was read.
    pub(super) fn wire(&self) -> Option<Wire> {
        Some(self.cost.wire).filter(|wire| wire.total() > 0)
    }

    /// Where it stands.
    pub(super) fn spot(&self) -> Spot {
        let mut spot = Spot::of_span(&self.cost.span.unwrap_or_default(), self.trust);
        spot.last_packet = self.head_packet;
        spot
    }
}
