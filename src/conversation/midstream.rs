//! Holes, ends, and streams whose beginning is missing.
//!
//! A WebSocket is believed without its handshake only where frames follow frames in both directions with opposite masks, or long
//! enough in one; what is less stays `possible-websocket` and is not read.

use super::{Context, Conversation, Ledgers, RECOGNISED_WITHIN, Reading};
use crate::check::Cause;
use crate::direction::{Both, Direction};
use crate::event::{Protocol, Roles};
use crate::http::{self, Likely};
use crate::ledger::Row;
use crate::notice::{Kind, Notice};
use crate::reader::{Layer, Piece};
use crate::span::Trust;
use crate::tcp::{Ending, Side};
use crate::tls::Missing;
use crate::websocket::Compression;
use crate::websocket::resync::{self, Chain, Expected};

use super::exchanges::leave_tunnel;
use super::hole::{Extent, Hole};
use super::next::Next;
use super::websocket::WebSocket;

/// Frames in both directions that make a WebSocket, with opposite masks: in each, and in all.
const IN_EACH: u32 = 2;
const IN_ALL: u32 = 5;

/// Frames in one direction that make a WebSocket where the other has none.
const IN_ONE: u32 = 4;

/// How many bytes wait before the first attempt; each later one wants four times as many.
const FIRST_ATTEMPT: usize = 4 << 10;

/// Where frames begin in the bytes of one side, and how many follow each other.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    offset: usize,
    chain: Chain,
}

impl Conversation {
    /// Passes over bytes that cannot be shown.
    pub(super) fn gap(
        &mut self,
        side: Side,
        len: u64,
        cut: Option<Piece>,
        behind: Option<u64>,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let stream = &self.streams[side];
        let offset = stream.pieces.offset() + stream.waiting.len() as u64;
        self.notice_gap(side, offset, len, cut, behind, cx);
        let hole = Hole {
            len,
            extent: Extent::Exact,
            cut,
            cause: Cause::of_missing(cut.is_some()),
        };
        self.pass_over(side, hole, ledgers, cx);
    }

    /// What was said inside TLS records that could not be opened, and why.
    pub(super) fn lose_plain(
        &mut self,
        side: Side,
        missing: Missing,
        cause: Cause,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let hole = Hole {
            len: missing.len,
            extent: if missing.likely {
                Extent::Likely
            } else {
                Extent::AtMost
            },
            cut: None,
            cause,
        };
        self.pass_over(side, hole, ledgers, cx);
    }

    fn pass_over(&mut self, side: Side, hole: Hole, ledgers: &mut Ledgers, cx: &mut Context<'_>) {
        let mut waiting = std::mem::take(&mut self.streams[side].waiting);
        if matches!(self.reading, Reading::Search) && self.ended[side].is_none() {
            self.search_and_read(side, &mut waiting, ledgers, cx);
        }
        let direction = self.direction_of(side);
        let stream = &mut self.streams[side];
        let ledger = &mut ledgers[side];
        match &mut self.reading {
            Reading::WebSocket if self.websocket.is_some() => {
                if let Some(websocket) = &mut self.websocket {
                    websocket.gap(direction, &waiting, hole, &mut stream.pieces, ledger, cx);
                }
                return;
            }
            Reading::Http if self.exchanges.is_some() => {
                let next = self.exchanges.as_mut().map(|exchanges| {
                    exchanges.gap(direction, &waiting, hole, &mut stream.pieces, ledger, cx)
                });
                match next {
                    Some(Next::Lost) => self.begin_search(),
                    Some(Next::WebSocket { compression, asked }) => {
                        self.begin_websocket(compression, asked, cx);
                    }
                    Some(Next::Other) => self.reading = Reading::Opaque,
                    _ => {}
                }
                return;
            }
            Reading::First => self.begin_search(),
            Reading::Opaque => leave_tunnel(direction, cx),
            _ => {}
        }
        let pieces = &mut self.streams[side].pieces;
        pieces.take(waiting.len() as u64, Layer::Payload, Row::Unread, ledger);
        pieces.pass_over(hole.len, hole.cut, Row::Unread, ledger);
    }

    /// A last search before a hole or an end; what it finds is read.
    fn search_and_read(
        &mut self,
        side: Side,
        waiting: &mut Vec<u8>,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let mut used = self.search(side, waiting, true, ledgers, cx);
        if !matches!(self.reading, Reading::Search) {
            used += self.read(side, waiting.get(used..).unwrap_or_default(), ledgers, cx);
        }
        waiting.drain(..used);
    }

    /// Says that bytes cannot be shown, which begin at an offset of the stream that TCP brings, and stand before those of a packet. That is
    /// the packet to look at; only where there is none it is the one at hand, which made it certain.
    pub(super) fn notice_gap(
        &mut self,
        side: Side,
        offset: u64,
        len: u64,
        cut: Option<Piece>,
        behind: Option<u64>,
        cx: &mut Context<'_>,
    ) {
        let direction = self.direction_of(side);
        let (kind, explanation) = match cut {
            Some(_) if self.told_of_cut => return,
            Some(_) => (
                Kind::CutPacket,
                "its packets are cut by the snapshot length; what was cut off is counted and not shown, and `tcpdump -s 0` captures packets whole".to_string(),
            ),
            None => (
                Kind::Gap,
                match behind {
                    Some(packet) => format!("{len} bytes of the {} are not in the capture, before those of packet {packet}", direction.sender()),
                    None => format!("{len} bytes of the {} are not in the capture, nor any behind them", direction.sender()),
                },
            ),
        };
        self.told_of_cut |= cut.is_some();
        let packet = behind.unwrap_or(cx.packet);
        let notice = Notice::new(kind, explanation)
            .sent_by(direction)
            .of_bytes(Some(offset), len);
        cx.tell_at(packet, notice);
    }

    /// A side has ended: what is open in its direction is given as it is.
    pub(super) fn end(
        &mut self,
        side: Side,
        ending: Ending,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        if self.ended[side].is_some() {
            return;
        }
        self.drain(ledgers, cx);
        let mut waiting = std::mem::take(&mut self.streams[side].waiting);
        if matches!(self.reading, Reading::Search) {
            self.search_and_read(side, &mut waiting, ledgers, cx);
        }
        self.ended[side] = Some(ending);
        let direction = self.direction_of(side);
        let both = Side::ALL.iter().all(|&side| self.ended[side].is_some());
        let ledger = &mut ledgers[side];
        let pieces = &mut self.streams[side].pieces;
        match (&self.reading, &mut self.websocket, &mut self.exchanges) {
            (Reading::WebSocket, Some(websocket), _) => {
                websocket.end(direction, &waiting, ending, pieces, ledger, cx);
                waiting.clear();
            }
            (Reading::Http, _, Some(exchanges)) => {
                exchanges.end(direction, ending == Ending::Fin, cx);
            }
            _ => {}
        }
        self.streams[side].waiting = waiting;
        if both {
            self.finish(ledgers, cx);
        }
    }

    /// Both sides have ended: nothing can explain what waits any more. Again for each packet that comes later.
    pub(crate) fn finish(&mut self, ledgers: &mut Ledgers, cx: &mut Context<'_>) {
        if self.waits_for_keys() {
            // Under TLS the end is only read once all before it is.
            return;
        }
        self.drain(ledgers, cx);
        let possible = matches!(self.reading, Reading::Search)
            && Side::ALL.iter().any(|&side| {
                let stream = &self.streams[side];
                self.candidate(
                    side,
                    &stream.waiting,
                    &stream.pieces.packet_starts(stream.waiting.len()),
                )
                .is_some_and(|candidate| candidate.chain.frames > 0)
            });
        if possible && self.protocol == Protocol::Opaque {
            self.protocol = Protocol::PossibleWebSocket;
        }
        for side in Side::ALL {
            let direction = self.direction_of(side);
            let waiting = std::mem::take(&mut self.streams[side].waiting);
            let pieces = &mut self.streams[side].pieces;
            match (&self.reading, &mut self.websocket) {
                (Reading::WebSocket, Some(websocket)) => websocket.end(
                    direction,
                    &waiting,
                    self.ended[side].unwrap_or(Ending::Capture),
                    pieces,
                    &mut ledgers[side],
                    cx,
                ),
                _ => {
                    pieces.take(
                        waiting.len() as u64,
                        Layer::Payload,
                        Row::Unread,
                        &mut ledgers[side],
                    );
                }
            }
        }
        if let Some(exchanges) = &mut self.exchanges {
            exchanges.finish(cx);
        }
    }

    /// Looks for HTTP and WebSocket in the bytes that wait; says how many of this side's were taken.
    pub(super) fn search(
        &mut self,
        side: Side,
        bytes: &[u8],
        now: bool,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> usize {
        if let Some(at) = self.http_at(side, bytes) {
            self.streams[side].pieces.take(
                at as u64,
                Layer::Payload,
                Row::Unread,
                &mut ledgers[side],
            );
            self.begin_http();
            if let Some(exchanges) = &mut self.exchanges {
                exchanges.found(Trust::Resynced);
            }
            return at;
        }
        let other = side.other();
        let other_bytes = std::mem::take(&mut self.streams[other].waiting);
        let total = bytes.len() + other_bytes.len();
        let enough = total
            >= usize::try_from(self.searched_at)
                .unwrap_or(0)
                .max(FIRST_ATTEMPT);
        let mut used = 0;
        if enough || now {
            let starts = self.streams[side].pieces.packet_starts(bytes.len());
            let other_starts = self.streams[other].pieces.packet_starts(other_bytes.len());
            let candidates = (
                self.candidate(side, bytes, &starts),
                self.candidate(other, &other_bytes, &other_starts),
            );
            if let Some(client) = Self::client_of(side, candidates, bytes, &other_bytes) {
                self.decide(client, Roles::Inferred);
                let mut other_bytes = other_bytes;
                let (own, others) = candidates;
                used = self.begin_found_websocket(side, own, bytes.len(), ledgers, cx);
                let skipped =
                    self.begin_found_websocket(other, others, other_bytes.len(), ledgers, cx);
                other_bytes.drain(..skipped);
                self.streams[other].waiting = other_bytes;
                return used;
            }
            if enough {
                self.searched_at = u32::try_from(total * 4).unwrap_or(u32::MAX);
            }
        }
        self.streams[other].waiting = other_bytes;
        if bytes.len() >= RECOGNISED_WITHIN {
            // So much, and nothing known in it.
            self.reading = Reading::Opaque;
            used = 0;
        }
        used
    }

    /// Where a request or a response begins, with a packet.
    fn http_at(&self, side: Side, bytes: &[u8]) -> Option<usize> {
        let direction = self.direction_of(side);
        let known = self.client.is_some();
        self.streams[side]
            .pieces
            .outer_packet_starts(bytes.len())
            .into_iter()
            .flatten()
            .find(|&at| {
                let rest = bytes.get(at..).unwrap_or_default();
                (!known || direction == Direction::ToServer)
                    && http::begins_request(rest) == Likely::Yes
                    || (!known || direction == Direction::ToClient)
                        && http::begins_response(rest) == Likely::Yes
            })
    }

    fn candidate(&self, side: Side, bytes: &[u8], starts: &[usize]) -> Option<Candidate> {
        let masked = self
            .client
            .is_some()
            .then(|| self.direction_of(side) == Direction::ToServer);
        let expected = Expected {
            masked,
            rsv1: true,
            at_end: false,
        };
        if let Some(chain) =
            resync::chain_from_start(bytes, expected).filter(|chain| chain.frames > 0)
        {
            return Some(Candidate { offset: 0, chain });
        }
        let found = resync::find(bytes, expected, |at| starts.binary_search(&at).is_ok())?;
        let chain = resync::chain_from_start(bytes.get(found.offset..)?, expected)?;
        Some(Candidate {
            offset: found.offset,
            chain,
        })
    }

    /// Which side is the client, if what the two say is a WebSocket.
    fn client_of(
        side: Side,
        (own, others): (Option<Candidate>, Option<Candidate>),
        own_bytes: &[u8],
        other_bytes: &[u8],
    ) -> Option<Side> {
        let client_is_own = match (own, others) {
            (Some(own), Some(others)) => {
                let (a, b) = (own.chain, others.chain);
                let enough =
                    a.frames >= IN_EACH && b.frames >= IN_EACH && a.frames + b.frames >= IN_ALL;
                (enough && a.masked != b.masked).then_some(a.masked?)?
            }
            (Some(own), None) if other_bytes.is_empty() && is_enough_alone(own.chain) => {
                own.chain.masked?
            }
            (None, Some(others)) if own_bytes.is_empty() && is_enough_alone(others.chain) => {
                !others.chain.masked?
            }
            _ => return None,
        };
        Some(if client_is_own { side } else { side.other() })
    }

    fn begin_found_websocket(
        &mut self,
        side: Side,
        candidate: Option<Candidate>,
        waiting: usize,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> usize {
        let direction = self.direction_of(side);
        let trust = if self.handshake().is_some() {
            Trust::Resynced
        } else {
            Trust::Guessed
        };
        self.end_http();
        let websocket = self.websocket.get_or_insert_with(|| {
            WebSocket::new(
                Both {
                    to_server: trust,
                    to_client: trust,
                },
                Compression::Unknown,
            )
        });
        if let Some(checks) = &mut cx.checks {
            for direction in Direction::ALL {
                checks.lose(direction, Cause::of_unsure(trust));
            }
        }
        self.protocol = Protocol::WebSocket;
        self.reading = Reading::WebSocket;
        let pieces = &mut self.streams[side].pieces;
        match candidate {
            Some(candidate) => {
                pieces.take(
                    candidate.offset as u64,
                    Layer::Payload,
                    Row::Unread,
                    &mut ledgers[side],
                );
                if candidate.offset > 0 {
                    let len = candidate.offset as u64;
                    let explanation =
                        format!("{len} bytes before the first frame that was recognised");
                    cx.tell(
                        Notice::new(Kind::Resync, explanation)
                            .sent_by(direction)
                            .of_bytes(Some(pieces.offset() - len), len),
                    );
                }
                candidate.offset
            }
            None if waiting == 0 && pieces.offset() == 0 => 0,
            None => {
                websocket.lose(direction, trust, Cause::Gap, cx);
                0
            }
        }
    }
}

fn is_enough_alone(chain: Chain) -> bool {
    chain.frames >= IN_ONE && chain.whole_messages * 2 >= chain.frames
}
