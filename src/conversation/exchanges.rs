//! The HTTP of a connection: requests and their responses, paired and priced, and the opening handshakes among them.

use std::collections::VecDeque;

use super::Context;
use super::content::Content;
use super::hole::{Extent, Hole};
use super::opening;
use crate::check::{Early, Spot, Unanswered};
use crate::direction::{Both, Direction};
use crate::event::{Event, Exchange, Verdict};
use crate::http::{
    HttpEvent, Likely, MessageReader, Method, RequestHead, ResponseHead, begins_request,
    begins_response,
};
use crate::ledger::{Ledger, Row};
use crate::notice::{Kind, Notice};
use crate::reader::{Cost, Layer, Piece, Pieces, Reader, Step};
use crate::span::{Span, Trust};
use crate::websocket::resync::{self, Expected};
use crate::websocket::{Compression, Deflate, asks_for_websocket};

/// How many pieces of an unfinished head are kept apart before they are folded into one.
const PIECES: usize = 16;

/// How many response bytes wait for a request that the capture should still bring.
const WAITING: usize = 256 << 10;

/// How many frames behind a refused handshake are no chance.
const FRAMES: u32 = 2;

/// How many requests may wait for their responses: no client pipelines as many.
const PIPELINED: usize = 4096;

/// Who reads the connection's bytes from here on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Still HTTP.
    Same,
    /// WebSocket.
    WebSocket {
        /// What was agreed on compression.
        compression: Compression,
    },
    /// Whatever goes through a tunnel.
    Tunnel,
    /// A protocol that is not read.
    Other,
    /// The place was lost; what follows may be anything.
    Lost,
}

/// Requests and responses of one connection.
#[derive(Debug)]
pub(super) struct Exchanges {
    readers: Both<MessageReader>,
    /// Exchanges that are not over, in the order of their requests.
    open: VecDeque<Box<Open>>,
    count: u64,
    handshake: Option<Verdict>,
    trust: Both<Trust>,
    lost: Both<bool>,
    /// Whether the next boundary must be found, because it is not sure how long a hole before it was.
    unconfirmed: Both<bool>,
    ended: Both<bool>,
    /// How far the server had acknowledged the client's bytes, and how far those are read.
    server_has: u64,
    client_read: u64,
}

/// An exchange that is not over.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) index: u64,
    pub(super) request: Option<Part<RequestHead>>,
    pub(super) response: Option<Part<ResponseHead>>,
    pub(super) is_handshake: bool,
    /// What the client sent before it could have seen the response.
    pub(super) early: Option<Early>,
    /// Whether it is under TLS.
    pub(super) encrypted: bool,
    /// The first bytes that waited behind the request for its response.
    waits: Option<Waits>,
}

/// Bytes that wait behind a request for its response.
#[derive(Clone, Copy, Debug)]
struct Waits {
    early: Early,
    /// How far the client had acknowledged the server's bytes when it sent them, at most; none where that is not known.
    acked: Option<u64>,
}

/// One message of an exchange.
#[derive(Debug)]
pub(super) struct Part<H> {
    /// The head; none while only interim responses came.
    pub(super) head: Option<Box<H>>,
    pub(super) head_length: u64,
    /// The packet of the head's last byte.
    pub(super) head_packet: u64,
    body_length: u64,
    content: Content,
    pub(super) cost: Cost,
    /// Whether no byte is missing so far.
    whole: bool,
    ended: bool,
    trust: Trust,
}

impl<H> Part<H> {
    fn new(trust: Trust, keep: u64) -> Self {
        Self {
            head: None,
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

    fn is_complete(&self) -> bool {
        self.ended && self.whole && self.head.is_some()
    }

    /// How sure its beginning is.
    pub(super) fn trust(&self) -> Trust {
        self.trust
    }

    /// How many bytes of body were read.
    pub(super) fn body_length(&self) -> u64 {
        self.body_length
    }

    /// Where it stands.
    pub(super) fn spot(&self) -> Spot {
        Spot {
            last_packet: self.head_packet,
            ..Spot::of_span(&self.cost.span.unwrap_or_default(), self.trust)
        }
    }
}

impl Open {
    fn is_over(&self) -> bool {
        self.request.as_ref().is_none_or(|request| request.ended)
            && self
                .response
                .as_ref()
                .is_some_and(|response| response.ended)
    }

    fn row(&self, direction: Direction) -> Row {
        match (direction, self.is_handshake) {
            (Direction::ToServer, true) => Row::UpgradeRequest,
            (Direction::ToServer, false) => Row::HttpRequest,
            (Direction::ToClient, true) => Row::UpgradeResponse,
            (Direction::ToClient, false) => Row::HttpResponse,
        }
    }

    fn method(&self) -> Method {
        self.request
            .as_ref()
            .and_then(|request| request.head.as_ref())
            .map_or(Method::Other, |head| head.method_kind())
    }

    /// Whether what the client sends behind this request depends on the answer.
    fn holds_the_client(&self) -> bool {
        (self.is_handshake || self.method() == Method::Connect)
            && self.request.as_ref().is_some_and(|request| request.ended)
    }
}

/// How a message's bytes are counted.
fn count_body<H>(part: &mut Part<H>, cost: &Cost, len: u64) {
    part.cost.add(cost);
    part.body_length += len;
}

impl Exchanges {
    pub(super) fn new() -> Self {
        Self {
            readers: Both {
                to_server: MessageReader::requests(),
                to_client: MessageReader::responses(),
            },
            open: VecDeque::new(),
            count: 0,
            handshake: None,
            trust: Both::default(),
            lost: Both::default(),
            unconfirmed: Both::default(),
            ended: Both::default(),
            server_has: 0,
            client_read: 0,
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn handshake(&self) -> Option<Verdict> {
        self.handshake
    }

    /// How sure the boundary is at which each direction stands.
    pub(super) fn trust(&self) -> Both<Trust> {
        self.trust
    }

    /// Whether a direction has lost its place.
    pub(super) fn is_lost(&self, direction: Direction) -> bool {
        self.lost[direction]
    }

    /// Both directions begin again at a boundary that was found.
    pub(super) fn found(&mut self, trust: Trust) {
        self.trust = Both {
            to_server: trust,
            to_client: trust,
        };
        self.lost = Both {
            to_server: true,
            to_client: true,
        };
    }

    /// The server's latest packet acknowledged so many of the client's bytes.
    pub(super) fn server_has(&mut self, acknowledged: u64) {
        self.server_has = acknowledged;
    }

    /// Bytes of the client's wait, perhaps behind a request whose response decides what they are. `acked` says how far the client
    /// had acknowledged the server's bytes when it sent the last of them, at most.
    pub(super) fn client_waits(&mut self, waiting: &[u8], acked: Option<u64>) {
        if let Some(open) = self.open.back_mut()
            && !waiting.is_empty()
            && open.waits.is_none()
            && open.holds_the_client()
        {
            let early = Early {
                len: waiting.len() as u64,
                is_request: begins_request(waiting) == Likely::Yes,
            };
            open.waits = Some(Waits { early, acked });
        }
    }

    /// Reads what can be read of the bytes that wait; says how many were taken, and who reads on.
    pub(super) fn read(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> (usize, Next) {
        let mut used = 0;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            if self.lost[direction] {
                used += self.find_head(direction, rest, pieces, ledger);
                if self.lost[direction] {
                    break;
                }
                continue;
            }
            if rest.is_empty() && self.readers[direction].is_idle()
                || !self.may_read(direction, rest.len())
            {
                break;
            }
            match self.readers[direction].read(rest) {
                Step::Incomplete => {
                    if self.readers[direction].is_idle() && pieces.count() > PIECES {
                        pieces.fold();
                    }
                    break;
                }
                Step::Event(_, HttpEvent::NotHttp) => {
                    self.note_tunnel(direction, rest, pieces, cx);
                    used += self.lose_place(direction, rest.len(), pieces, ledger, cx);
                    if self.cannot_go_on() {
                        return (used, Next::Other);
                    }
                }
                Step::Event(_, HttpEvent::TooLong) => {
                    let explanation =
                        "the head of an HTTP message is longer than 256 KiB; it is not read";
                    cx.tell(Notice::new(Kind::LimitReached, explanation).sent_by(direction));
                    used += self.lose_place(direction, rest.len(), pieces, ledger, cx);
                }
                Step::Event(len, event) => {
                    let taken = rest.get(..len).unwrap_or_default();
                    used += len;
                    let next = self.event(direction, event, taken, pieces, ledger, cx);
                    if next != Next::Same {
                        return (used, next);
                    }
                }
            }
        }
        if direction == Direction::ToServer {
            self.client_read = pieces.offset();
        }
        (used, Next::Same)
    }

    /// Takes note of frames behind a handshake that was refused.
    fn note_tunnel(
        &self,
        direction: Direction,
        bytes: &[u8],
        pieces: &Pieces,
        cx: &mut Context<'_>,
    ) {
        let refused = self.handshake == Some(Verdict::Refused)
            && direction == Direction::ToServer
            && self.trust[direction] <= Trust::Carried;
        let expected = Expected {
            masked: Some(true),
            rsv1: true,
            at_end: false,
        };
        if let Some(checks) = cx.checks.as_mut().filter(|_| refused)
            && resync::chain_from_start(bytes, expected).is_some_and(|chain| chain.frames >= FRAMES)
        {
            let spot = Spot {
                stream_offset: Some(pieces.offset()),
                ..Spot::of_packet(cx.packet, cx.time)
            };
            let how = "frames follow although the upgrade was refused";
            checks.http.tunnel.get_or_insert((direction, how, spot));
        }
    }

    /// Whether the next bytes of a direction can be read now, or must wait for the other direction.
    fn may_read(&mut self, direction: Direction, waiting: usize) -> bool {
        match direction {
            Direction::ToServer => {
                !self.open.back().is_some_and(|open| open.holds_the_client())
                    && self.open.len() < PIPELINED
            }
            Direction::ToClient if !self.readers[direction].is_idle() => true,
            Direction::ToClient => match self.open.iter().find(|open| {
                open.response
                    .as_ref()
                    .is_none_or(|response| !response.ended)
            }) {
                Some(open) => {
                    let method = open.method();
                    self.readers[direction].answers(method);
                    true
                }
                None => {
                    self.readers[direction].answers(Method::Other);
                    let awaited = self.server_has > self.client_read
                        && !self.lost.to_server
                        && !self.ended.to_server;
                    !awaited || waiting >= WAITING
                }
            },
        }
    }

    fn event(
        &mut self,
        direction: Direction,
        event: HttpEvent,
        bytes: &[u8],
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> Next {
        let len = bytes.len() as u64;
        match event {
            HttpEvent::Request(head) => {
                let head_packet = pieces.packet_of(len);
                let open = self.begin(asks_for_websocket(&head), cx.encrypted);
                let row = open.row(Direction::ToServer);
                let mut part = Part::new(Trust::Exact, cx.options.keep_bodies);
                part.content.begin(head.fields(), direction, cx);
                (part.head_length, part.head_packet, part.head) = (len, head_packet, Some(head));
                part.cost = pieces.take(len, Layer::Head, row, ledger);
                open.request = Some(part);
                self.mark_trust(direction);
            }
            HttpEvent::Response(head) => {
                let head_packet = pieces.packet_of(len);
                if self.answered().is_none() {
                    let is_handshake = head.status() == 101 && head.switches_to_websocket();
                    self.begin(is_handshake, cx.encrypted);
                }
                let Some(open) = self.answered() else {
                    return Next::Same;
                };
                let row = open.row(Direction::ToClient);
                let part = open
                    .response
                    .get_or_insert_with(|| Part::new(Trust::Exact, cx.options.keep_bodies));
                part.cost.add(&pieces.take(len, Layer::Head, row, ledger));
                if !head.is_interim() {
                    part.content.begin(head.fields(), direction, cx);
                    (part.head_length, part.head_packet, part.head) =
                        (len, head_packet, Some(head));
                    let end = pieces.offset();
                    open.early = open
                        .waits
                        .filter(|waits| waits.acked.is_some_and(|acked| acked < end))
                        .map(|waits| waits.early);
                }
                self.mark_trust(direction);
            }
            HttpEvent::Body | HttpEvent::Framing => {
                let (layer, content) = if event == HttpEvent::Body {
                    (Layer::Payload, Some(bytes))
                } else {
                    (Layer::Head, None)
                };
                match self.message(direction) {
                    Some(Message::Request(open)) => {
                        let cost = pieces.take(len, layer, open.row(direction), ledger);
                        if let Some(part) = &mut open.request {
                            count_body(part, &cost, len);
                            if let Some(content) = content {
                                part.content.take(content, direction, cx);
                            }
                        }
                    }
                    Some(Message::Response(open)) => {
                        let cost = pieces.take(len, layer, open.row(direction), ledger);
                        if let Some(part) = &mut open.response {
                            count_body(part, &cost, len);
                            if let Some(content) = content {
                                part.content.take(content, direction, cx);
                            }
                        }
                    }
                    None => {
                        pieces.take(len, Layer::Payload, Row::Unread, ledger);
                    }
                }
            }
            HttpEvent::End => return self.end_message(direction, cx),
            HttpEvent::NotHttp | HttpEvent::TooLong => {}
        }
        Next::Same
    }

    fn begin(&mut self, is_handshake: bool, encrypted: bool) -> &mut Open {
        let index = self.count;
        self.count += 1;
        self.open.push_back(Box::new(Open {
            index,
            request: None,
            response: None,
            is_handshake,
            early: None,
            encrypted,
            waits: None,
        }));
        self.open.back_mut().expect("it was just added")
    }

    /// The exchange whose response comes next, or is being read.
    fn answered(&mut self) -> Option<&mut Open> {
        self.open
            .iter_mut()
            .find(|open| {
                open.response
                    .as_ref()
                    .is_none_or(|response| !response.ended)
            })
            .map(|open| &mut **open)
    }

    /// The message that is being read in a direction.
    fn message(&mut self, direction: Direction) -> Option<Message<'_>> {
        match direction {
            Direction::ToServer => self
                .open
                .back_mut()
                .filter(|open| open.request.is_some())
                .map(|open| Message::Request(open)),
            Direction::ToClient => self
                .answered()
                .filter(|open| open.response.is_some())
                .map(Message::Response),
        }
    }

    /// The message that begins stands where its direction does, as surely.
    fn mark_trust(&mut self, direction: Direction) {
        let trust = self.trust[direction];
        match self.message(direction) {
            Some(Message::Request(open)) => {
                if let Some(part) = &mut open.request {
                    part.trust = trust;
                }
            }
            Some(Message::Response(open)) => {
                if let Some(part) = &mut open.response {
                    part.trust = trust;
                }
            }
            None => {}
        }
    }

    fn end_message(&mut self, direction: Direction, cx: &mut Context<'_>) -> Next {
        self.lost[direction] |= std::mem::take(&mut self.unconfirmed[direction]);
        match self.message(direction) {
            Some(Message::Request(open)) => {
                if let Some(part) = &mut open.request {
                    part.ended = true;
                }
            }
            Some(Message::Response(open)) => {
                if let Some(part) = &mut open.response {
                    // An interim response ends, and the exchange goes on.
                    part.ended = part.head.is_some();
                }
            }
            None => {}
        }
        self.give_finished(cx)
    }

    /// Gives the exchanges that are over; says who reads on behind the last.
    fn give_finished(&mut self, cx: &mut Context<'_>) -> Next {
        let mut next = Next::Same;
        while let Some(open) = self.open.pop_front_if(|open| open.is_over()) {
            next = next_reader(&open);
            self.give(&open, cx);
        }
        next
    }

    fn give(&mut self, open: &Open, cx: &mut Context<'_>) {
        let request = open.request.as_ref();
        let response = open.response.as_ref();
        let span = span_of(
            request.and_then(|part| part.cost.span),
            response.and_then(|part| part.cost.span),
        );
        let request_head = request.and_then(|part| part.head.as_deref());
        let response_head = response.and_then(|part| part.head.as_deref());
        let final_response = response.filter(|part| part.head.is_some());
        let method = request_head.map(RequestHead::method_text);
        let target = request_head.map(RequestHead::target_text);
        let host = request_head.and_then(|head| head.fields().text("Host"));
        let version = request_head
            .map(|head| head.version_text())
            .or_else(|| response_head.map(|head| head.version_text()));
        let content_type = response_head.and_then(|head| head.fields().text("Content-Type"));
        let content_encoding =
            response_head.and_then(|head| head.fields().text("Content-Encoding"));
        let keep = cx.options.keep_bodies > 0;
        (cx.out)(&Event::Exchange(&Exchange {
            place: cx.place,
            index: open.index,
            span,
            method: method.as_deref(),
            target: target.as_deref(),
            host: host.as_deref(),
            http_version: version.as_deref(),
            status: response_head.map(ResponseHead::status),
            request_head_length: request.map(|part| part.head_length),
            request_body_length: request.map(|part| part.body_length),
            response_head_length: final_response.map(|part| part.head_length),
            response_body_length: final_response.map(|part| part.body_length),
            response_content_length: final_response.map(|part| part.content.length()),
            response_decoded_length: final_response
                .filter(|part| part.is_complete())
                .and_then(|part| part.content.decoded_length()),
            content_type: content_type.as_deref(),
            content_encoding: content_encoding.as_deref(),
            upgrade: open.is_handshake,
            complete: request.is_some_and(Part::is_complete)
                && response.is_some_and(Part::is_complete),
            trust: request
                .map_or(Trust::Exact, |part| part.trust)
                .max(response.map_or(Trust::Exact, |part| part.trust)),
            request_wire: request.map(|part| part.cost.wire),
            response_wire: response.map(|part| part.cost.wire),
            request_body: request.map(|part| part.content.kept()).filter(|_| keep),
            response_body: final_response
                .map(|part| part.content.kept())
                .filter(|_| keep),
        }));
        if cx.checks.is_some() {
            opening::check(open, cx);
        }
        if open.is_handshake {
            self.handshake = Some(opening::give(open, cx));
        }
    }

    /// Passes over bytes that cannot be shown. `bytes` are those that wait before them; all are taken.
    pub(super) fn gap(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        hole: Hole,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> Next {
        let Hole { len, extent, cut } = hole;
        let inside = extent != Extent::AtMost
            && bytes.is_empty()
            && !self.lost[direction]
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
        let switches = direction == Direction::ToClient
            && cut.is_some()
            && self.readers[direction].is_idle()
            && bytes.starts_with(b"HTTP/1.1 101")
            && (self.lost.to_server || self.open.front().is_some_and(|open| open.is_handshake));
        self.lose_place(direction, bytes.len(), pieces, ledger, cx);
        pieces.pass_over(len, cut, Row::Unread, ledger);
        if direction == Direction::ToServer {
            self.client_read = pieces.offset();
        }
        if switches {
            // The snapshot length cut a 101 behind its first line: what it agreed to is not known, that frames follow is.
            self.finish(cx);
            return Next::WebSocket {
                compression: Compression::Unknown,
            };
        }
        let unanswered_handshake = direction == Direction::ToClient
            && self
                .open
                .front()
                .is_some_and(|open| open.holds_the_client());
        if unanswered_handshake || self.cannot_go_on() {
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
        let row = match self.message(direction) {
            Some(Message::Request(open) | Message::Response(open)) => open.row(direction),
            None => Row::Unread,
        };
        let cost = pieces.pass_over(len, cut, row, ledger);
        match self.message(direction) {
            Some(Message::Request(Open {
                request: Some(part),
                ..
            })) => {
                count_body(part, &cost, len);
                part.content.skip(len);
                part.whole = false;
            }
            Some(Message::Response(Open {
                response: Some(part),
                ..
            })) => {
                count_body(part, &cost, len);
                part.content.skip(len);
                part.whole = false;
            }
            _ => {}
        }
    }

    /// Whether neither direction has its place any more.
    fn cannot_go_on(&self) -> bool {
        self.lost.to_server && self.lost.to_client
    }

    /// A direction's place is lost: what is being read there ends as it is, and what waits is not understood.
    fn lose_place(
        &mut self,
        direction: Direction,
        waiting: usize,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> usize {
        pieces.take(waiting as u64, Layer::Payload, Row::Unread, ledger);
        let reading = !self.readers[direction].is_idle();
        self.lost[direction] = true;
        match (direction, self.message(direction)) {
            (
                Direction::ToServer,
                Some(Message::Request(Open {
                    request: Some(part),
                    ..
                })),
            ) if !part.ended => {
                (part.whole, part.ended) = (false, true);
            }
            (
                Direction::ToClient,
                Some(Message::Response(Open {
                    response: Some(part),
                    ..
                })),
            ) if reading => {
                (part.whole, part.ended) = (false, true);
            }
            _ => {}
        }
        self.readers[direction] = match direction {
            Direction::ToServer => MessageReader::requests(),
            Direction::ToClient => MessageReader::responses(),
        };
        self.give_finished(cx);
        waiting
    }

    /// Looks for a head where a packet begins; says how many bytes before it were taken as not understood.
    fn find_head(
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
            self.lost[direction] = false;
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
    pub(super) fn end(&mut self, direction: Direction, with_fin: bool, cx: &mut Context<'_>) {
        self.ended[direction] = true;
        let completed = self.readers[direction].end() && with_fin;
        let idle = self.readers[direction].is_idle();
        if direction == Direction::ToClient && (completed || !idle) {
            if let Some(Message::Response(Open {
                response: Some(part),
                ..
            })) = self.message(direction)
            {
                part.whole &= completed;
                part.ended = part.head.is_some();
            }
            self.give_finished(cx);
        }
    }

    /// The request of a handshake that surely was sent whole, and has no response.
    fn unanswered(&self, open: &Open) -> Option<Unanswered> {
        let request = open
            .request
            .as_ref()
            .filter(|_| open.is_handshake && open.response.is_none())?;
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
    pub(super) fn finish(&mut self, cx: &mut Context<'_>) {
        while let Some(open) = self.open.pop_front() {
            if let Some(checks) = &mut cx.checks {
                let unanswered = self.unanswered(&open).filter(|_| cx.opening);
                checks.http.unanswered = checks.http.unanswered.or(unanswered);
            }
            self.give(&open, cx);
        }
    }
}

/// The message that is being read.
enum Message<'a> {
    Request(&'a mut Open),
    Response(&'a mut Open),
}

/// Who reads behind an exchange.
fn next_reader(open: &Open) -> Next {
    let Some(response) = open.response.as_ref().and_then(|part| part.head.as_deref()) else {
        return Next::Same;
    };
    match response.status() {
        101 if open.is_handshake && !response.switches_elsewhere() => {
            let request = open.request.as_ref().and_then(|part| part.head.as_deref());
            Next::WebSocket {
                compression: Deflate::agreed(request, response)
                    .map_or(Compression::None, Compression::Deflate),
            }
        }
        101 => Next::Other,
        200..=299 if open.method() == Method::Connect => Next::Tunnel,
        _ => Next::Same,
    }
}

/// Both spans in one; the offset is the request's where there is one.
fn span_of(request: Option<Span>, response: Option<Span>) -> Span {
    match (request, response) {
        (Some(mut span), Some(more)) => {
            span.include(&more);
            span
        }
        (Some(span), None) | (None, Some(span)) => span,
        (None, None) => Span::default(),
    }
}
