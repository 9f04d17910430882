//! The HTTP of a connection: requests and their responses, paired and priced, and the opening handshakes among them.

mod cut;
mod cut_off;
mod give;
mod loss;
mod open;
mod opening;
mod queue;

use self::open::{Open, Part, Waits};
use self::queue::Queue;
use super::Context;
use super::next::Next;
use crate::check::{Cause, Early, Spot, Tunnel};
use crate::direction::{Both, Direction};
use crate::event::Verdict;
use crate::http::{HttpEvent, Likely, MessageReader, Method, begins_request};
use crate::ledger::{Ledger, Row};
use crate::notice::{Kind, Notice};
use crate::reader::{Layer, Pieces, Reader, Step};
use crate::span::Trust;
use crate::websocket::asks_for_websocket;

/// How many pieces of an unfinished head are kept apart before they are folded into one.
const PIECES: usize = 16;

/// How many bytes of one side wait for the other's: a response for its request that the capture should still bring, what the client
/// says for the response that tells what it is. Senders stop where so much is not acknowledged.
const WAITING: usize = 256 << 10;

/// How many exchanges wait for a request that is still being sent where a response that nothing asked for would switch protocols behind it.
const SWITCHING: usize = 8;

/// How many requests may wait for their responses: no client pipelines as many.
const PIPELINED: usize = 4096;

/// How many bytes their heads may have together, which are kept until then: four of the longest, and thousands of usual ones.
const HEADS: u64 = 1 << 20;

/// Requests and responses of one connection.
#[derive(Debug)]
pub(super) struct Exchanges {
    readers: Both<MessageReader>,
    open: Queue,
    /// The lengths of their requests' heads together.
    heads: u64,
    count: u64,
    handshake: Option<Verdict>,
    trust: Both<Trust>,
    /// Which directions have lost their place, and why.
    lost: Both<Option<Cause>>,
    /// Whether the next boundary must be found, because it is not sure how long a hole before it was.
    unconfirmed: Both<bool>,
    ended: Both<bool>,
    /// How far the server had acknowledged the client's bytes, and how far those are read.
    server_has: u64,
    client_read: u64,
}

impl Exchanges {
    pub(super) fn new() -> Self {
        Self {
            readers: Both {
                to_server: MessageReader::requests(),
                to_client: MessageReader::responses(),
            },
            open: Queue::default(),
            heads: 0,
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

    /// Whether all exchanges are over.
    pub(super) fn is_over(&self) -> bool {
        self.open.is_empty()
    }

    /// How sure the boundary is at which each direction stands.
    pub(super) fn trust(&self) -> Both<Trust> {
        self.trust
    }

    /// Why a direction has lost its place, if it has.
    pub(super) fn lost(&self, direction: Direction) -> Option<Cause> {
        self.lost[direction]
    }

    /// Both directions begin again at a boundary that was found.
    pub(super) fn found(&mut self, trust: Trust) {
        self.trust = Both {
            to_server: trust,
            to_client: trust,
        };
        self.lost = Both {
            to_server: Some(Cause::Gap),
            to_client: Some(Cause::Gap),
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
            && open.holds_the_client()
        {
            let waits = open.waits.get_or_insert(Waits {
                early: Early::default(),
                acked,
            });
            // All that it sent knowing no more than with the first of them, in however many segments.
            if waits.acked == acked {
                waits.early.len = waits.early.len.max(waiting.len() as u64);
                waits.early.is_request =
                    waits.early.is_request || begins_request(waiting) == Likely::Yes;
            }
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
            if self.lost[direction].is_some() {
                let skipped = self.find_head(direction, rest, pieces, ledger);
                used += skipped;
                follow_tunnel(direction, rest.get(..skipped).unwrap_or_default(), cx);
                if self.lost[direction].is_some() {
                    break;
                }
                leave_tunnel(direction, cx);
                continue;
            }
            if rest.is_empty() && self.readers[direction].is_idle() {
                break;
            }
            if !self.may_read(direction, rest.len()) {
                if direction == Direction::ToClient || rest.len() < WAITING {
                    break;
                }
                self.give_up_waiting(pieces, ledger, cx);
                return (used, Next::Lost);
            }
            match self.readers[direction].read(rest) {
                Step::Incomplete => {
                    if self.readers[direction].is_idle() && pieces.count() > PIECES {
                        pieces.fold();
                    }
                    break;
                }
                Step::Event(_, HttpEvent::NotHttp) => {
                    self.begin_tunnel(direction, rest, pieces, cx);
                    used += rest.len();
                    let next =
                        self.lose_place(direction, rest.len(), Cause::Gap, pieces, ledger, cx);
                    if next != Next::Same {
                        return (used, next);
                    }
                    if self.cannot_go_on() {
                        return (used, Next::Other);
                    }
                }
                Step::Event(_, HttpEvent::TooLong) => {
                    let explanation =
                        "the head of an HTTP message is longer than 256 KiB; it is not read";
                    cx.tell(Notice::new(Kind::LimitReached, explanation).sent_by(direction));
                    used += rest.len();
                    let next =
                        self.lose_place(direction, rest.len(), Cause::Gap, pieces, ledger, cx);
                    if next != Next::Same {
                        return (used, next);
                    }
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

    /// Looks for frames behind a handshake that was refused, from the first byte that is no HTTP.
    fn begin_tunnel(
        &self,
        direction: Direction,
        bytes: &[u8],
        pieces: &Pieces,
        cx: &mut Context<'_>,
    ) {
        let refused = self.handshake == Some(Verdict::Refused)
            && direction == Direction::ToServer
            && self.trust[direction] <= Trust::Carried;
        if let Some(checks) = cx.checks.as_mut().filter(|_| refused) {
            let begin = Spot::of_packet(cx.packet, cx.time).at_offset(pieces.offset());
            let tunnel = &mut checks.http.tunnel;
            tunnel.get_or_insert_with(|| Box::new(Tunnel::refused(begin)));
            follow_tunnel(direction, bytes, cx);
        }
    }

    /// Whether the next bytes of a direction can be read now, or must wait for the other direction.
    fn may_read(&mut self, direction: Direction, waiting: usize) -> bool {
        match direction {
            Direction::ToServer => {
                !self.open.back().is_some_and(Open::holds_the_client)
                    && self.open.len() < PIPELINED
                    && self.heads < HEADS
            }
            Direction::ToClient if !self.readers[direction].is_idle() => true,
            Direction::ToClient => match self.answered().map(|open| open.method()) {
                Some(method) => {
                    self.readers[direction].answers(method);
                    true
                }
                None => {
                    self.readers[direction].answers(Method::Other);
                    let awaited = self.server_has > self.client_read
                        && self.lost.to_server.is_none()
                        && !self.ended.to_server;
                    // Behind a response that switches protocols stands no response.
                    let switches = (self.open.back()).is_some_and(|open| open.next() != Next::Same);
                    !(awaited || switches) || waiting >= WAITING
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
        let (trust, keep) = (self.trust[direction], cx.options.keep_bodies);
        match event {
            HttpEvent::Request(head) => {
                let packet = pieces.packet_of(len);
                let open = self.begin(asks_for_websocket(&head), cx.encrypted);
                let mut part = Part::new(trust, keep);
                part.begin(head.fields(), len, packet, direction, cx);
                part.cost = pieces.take(len, Layer::Head, open.row(direction), ledger);
                open.parts[direction] = Some(part);
                open.request = Some(head);
                self.heads += len;
            }
            HttpEvent::Response(head) => {
                let packet = pieces.packet_of(len);
                let switches = head.status() == 101 && head.switches_to_websocket();
                if self.answered().is_none() {
                    self.begin(switches, cx.encrypted);
                }
                let Some(open) = self.answered() else {
                    return Next::Same;
                };
                open.is_handshake |= switches && open.request.is_none();
                let cost = pieces.take(len, Layer::Head, open.row(direction), ledger);
                let part = open.parts[direction].get_or_insert_with(|| Part::new(trust, keep));
                part.trust = trust;
                part.cost.add(&cost);
                if !head.is_interim() {
                    part.begin(head.fields(), len, packet, direction, cx);
                    open.response = Some(head);
                    let end = pieces.offset();
                    open.early = open
                        .waits
                        .filter(|waits| waits.acked.is_some_and(|acked| acked < end))
                        .map(|waits| waits.early);
                }
            }
            HttpEvent::Body | HttpEvent::Framing => {
                let layer = if event == HttpEvent::Body {
                    Layer::Payload
                } else {
                    Layer::Head
                };
                let open = self.read_in(direction);
                let row = open
                    .as_ref()
                    .map_or(Row::Unread, |open| open.row(direction));
                let layer = open.as_ref().map_or(Layer::Payload, |_| layer);
                let cost = pieces.take(len, layer, row, ledger);
                if let Some(part) = open.and_then(|open| open.parts[direction].as_mut()) {
                    part.count_body(&cost, len);
                    if event == HttpEvent::Body {
                        part.content.take(bytes, direction, cx);
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
        self.open.push(Open::new(index, is_handshake, encrypted))
    }

    /// The exchange whose response comes next, or is being read.
    fn answered(&mut self) -> Option<&mut Open> {
        self.open
            .iter_mut()
            .find(|open| !open.has_ended(Direction::ToClient))
    }

    /// The exchange of the message that is being read in a direction.
    fn read_in(&mut self, direction: Direction) -> Option<&mut Open> {
        match direction {
            // A response that nothing asked for may stand behind it.
            Direction::ToServer => {
                (self.open.iter_mut().rev()).find(|open| open.parts.to_server.is_some())
            }
            Direction::ToClient => self
                .answered()
                .filter(|open| open.parts.to_client.is_some()),
        }
    }

    /// The message that is being read in a direction.
    fn part(&mut self, direction: Direction) -> Option<&mut Part> {
        self.read_in(direction)?.parts[direction].as_mut()
    }

    fn end_message(&mut self, direction: Direction, cx: &mut Context<'_>) -> Next {
        if std::mem::take(&mut self.unconfirmed[direction]) {
            self.lost[direction] = Some(Cause::Gap);
        }
        if let Some(part) = self.part(direction) {
            // An interim response ends, and the exchange goes on.
            part.ended = part.has_head();
        }
        self.give_finished(cx)
    }

    /// Gives the exchanges that are over; says who reads on behind the last.
    fn give_finished(&mut self, cx: &mut Context<'_>) -> Next {
        let mut next = Next::Same;
        while let Some(open) = self.open.pop_if(Open::is_over) {
            self.heads -= open.kept_of_request();
            next = open.next();
            self.give(&open, cx);
        }
        // A response that nothing asked for need not wait for a request that is still being sent.
        let are_many = self.open.len() > SWITCHING;
        let is_done = |open: &Open| {
            let switches = open.next() != Next::Same;
            open.parts.to_server.is_none() && open.is_over() && (are_many || !switches)
        };
        while let Some(open) = self.open.pop_back_if(is_done) {
            self.give(&open, cx);
        }
        next
    }
}

/// Goes on looking for frames behind a refusal, in bytes that nobody reads.
pub(super) fn follow_tunnel(direction: Direction, bytes: &[u8], cx: &mut Context<'_>) {
    if let (Direction::ToServer, Some(checks)) = (direction, &mut cx.checks)
        && let Some(tunnel) = &mut checks.http.tunnel
        && !tunnel.take(bytes)
    {
        checks.http.tunnel = None;
    }
}

/// What comes next in a direction does not follow what was looked at.
pub(super) fn leave_tunnel(direction: Direction, cx: &mut Context<'_>) {
    if let (Direction::ToServer, Some(checks)) = (direction, &mut cx.checks) {
        let tunnel = &mut checks.http.tunnel;
        tunnel.take_if(|tunnel| tunnel.wants_frames());
    }
}
