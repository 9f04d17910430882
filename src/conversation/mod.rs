//! One connection: who reads its bytes now.
//!
//! Comes in: the deliveries of both directions. Goes out: exchanges, handshakes, frames and messages, as events; every byte is charged
//! to the ledger of its sender. Which side is the client is decided here, once, before the first event.

mod content;
mod context;
mod exchanges;
mod hole;
mod inflation;
mod kept;
mod midstream;
mod next;
mod plain;
mod recognise;
mod secure;
mod streams;
mod websocket;

pub(crate) use self::context::{Context, Scratch};
use self::exchanges::{Exchanges, follow_tunnel};
use self::next::Next;
use self::secure::Secure;
pub(crate) use self::secure::Shared as Security;
use self::streams::{Stream, Streams};
use self::websocket::WebSocket;
use crate::check::{Cause, Tunnel};
use crate::direction::{Both, Direction};
use crate::event::{Protocol, Roles, Verdict};
use crate::ledger::{Ledger, Row};
use crate::reader::Layer;
use crate::span::Trust;
use crate::tcp::{Delivery, Ending, Side, Sides};
use crate::websocket::Compression;

/// The ledgers of the two sides.
pub(crate) type Ledgers = Sides<Ledger>;

/// How many bytes wait, at most, for what they are to be recognised.
const RECOGNISED_WITHIN: usize = 256 << 10;

/// Reads the bytes of one connection.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// The side that is the client, and how that is known; none while nothing says so.
    client: Option<(Side, Roles)>,
    streams: Streams,
    reading: Reading,
    /// HTTP, while it is spoken.
    exchanges: Option<Box<Exchanges>>,
    /// How many exchanges there were before a WebSocket.
    exchanges_before: u32,
    /// The verdict of the handshake that began it.
    verdict: Option<Verdict>,
    websocket: Option<WebSocket>,
    /// TLS below all that.
    secure: Option<Box<Secure>>,
    protocol: Protocol,
    /// Whether the capture has the beginning of both streams.
    from_the_start: bool,
    /// How many bytes must wait for the next search.
    searched_at: u32,
    /// Whether a notice has said that packets are cut.
    told_of_cut: bool,
    /// The side that is taken for the client while nothing says which it is.
    presumed_client: Side,
    ended: Sides<Option<Ending>>,
    /// How far each side has acknowledged the other's bytes.
    acknowledged: Sides<u64>,
}

/// Who reads now.
#[derive(Debug)]
enum Reading {
    /// Nobody yet: what is spoken is not known.
    First,
    /// HTTP/1.
    Http,
    /// WebSocket.
    WebSocket,
    /// Nobody: TLS begins with the bytes that wait.
    Tls {
        /// With a hello.
        from_hello: bool,
    },
    /// A stream whose beginning is missing: HTTP or WebSocket may be found in it.
    Search,
    /// Something that is not understood.
    Opaque,
}

impl Conversation {
    /// A conversation of which nothing has been heard.
    pub(crate) fn new(presumed_client: Side) -> Self {
        Self {
            client: None,
            streams: Streams::default(),
            reading: Reading::First,
            exchanges: None,
            exchanges_before: 0,
            verdict: None,
            websocket: None,
            secure: None,
            protocol: Protocol::Empty,
            from_the_start: false,
            searched_at: 0,
            told_of_cut: false,
            presumed_client,
            ended: Sides::default(),
            acknowledged: Sides::default(),
        }
    }

    /// Begins a turn: all but plain frames are only taken within one.
    #[inline]
    pub(crate) fn begin_turn(&mut self, cx: &mut Context<'_>) {
        self.streams.open(&mut cx.scratch.spare);
    }

    /// Ends a turn.
    #[inline]
    pub(crate) fn end_turn(&mut self, cx: &mut Context<'_>) {
        self.streams.close(&mut cx.scratch.spare);
    }

    /// The opening was seen, so its sender is the client.
    pub(crate) fn opened_by(&mut self, client: Side) {
        self.from_the_start = true;
        self.decide(client, Roles::Seen);
    }

    /// Which side is the client, and how that is known.
    pub(crate) fn client(&self) -> (Side, Roles) {
        self.client
            .unwrap_or((self.presumed_client, Roles::Guessed))
    }

    /// Whether it was under TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.secure.is_some()
    }

    /// What was spoken.
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// How many exchanges were read.
    pub(crate) fn exchanges(&self) -> u64 {
        match &self.exchanges {
            Some(exchanges) => exchanges.count(),
            None => u64::from(self.exchanges_before),
        }
    }

    /// The last handshake's verdict.
    pub(crate) fn handshake(&self) -> Option<Verdict> {
        match &self.exchanges {
            Some(exchanges) => exchanges.handshake(),
            None => self.verdict,
        }
    }

    /// How many frames were read.
    pub(crate) fn frames(&self) -> u64 {
        self.websocket.as_ref().map_or(0, WebSocket::frames)
    }

    /// How many messages were read, by sender.
    pub(crate) fn messages(&self) -> Both<u64> {
        self.websocket
            .as_ref()
            .map_or_else(Both::default, |websocket| websocket.messages_sent)
    }

    /// The first close frame's code, and its sender.
    pub(crate) fn closed(&self) -> (Option<u16>, Option<Direction>) {
        self.websocket
            .as_ref()
            .map_or((None, None), |websocket| websocket.closes.outcome())
    }

    /// Whether there was a Close frame.
    pub(crate) fn has_close(&self) -> bool {
        self.websocket
            .as_ref()
            .is_some_and(|websocket| websocket.closes.are_some())
    }

    fn decide(&mut self, client: Side, roles: Roles) {
        self.client.get_or_insert((client, roles));
    }

    /// Which way a side's bytes go.
    pub(crate) fn direction_of(&self, side: Side) -> Direction {
        if side == self.side_of(Direction::ToServer) {
            Direction::ToServer
        } else {
            Direction::ToClient
        }
    }

    fn side_of(&self, direction: Direction) -> Side {
        let (client, _) = self.client();
        if direction == Direction::ToServer {
            client
        } else {
            client.other()
        }
    }

    /// Takes what a side brings next. `acknowledged` says how far this side has acknowledged the other's bytes.
    pub(crate) fn deliver(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        acknowledged: u64,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        self.acknowledged[side] = acknowledged;
        if self.secure.is_some() {
            (cx.acked, cx.encrypted) = (None, true);
            return self.deliver_secure(side, delivery, ledgers, cx);
        }
        match *delivery {
            Delivery::Bytes(bytes, piece) => {
                self.streams[side].pieces.push(piece);
                self.arrive(side, bytes, ledgers, cx);
            }
            Delivery::Gap { len, cut, behind } => {
                self.gap(side, len, cut, behind, ledgers, cx);
                self.drain(ledgers, cx);
            }
            Delivery::End(ending) => self.end_plain(side, ending, ledgers, cx),
        }
        if let Reading::Tls { from_hello } = self.reading {
            self.begin_secure(from_hello, ledgers, cx);
        }
    }

    /// Takes bytes whose pieces are known.
    fn arrive(&mut self, side: Side, bytes: &[u8], ledgers: &mut Ledgers, cx: &mut Context<'_>) {
        if matches!(self.protocol, Protocol::Empty | Protocol::Tls) {
            self.protocol = Protocol::Opaque;
        }
        let stream = &mut self.streams[side];
        if stream.waiting.is_empty() {
            let used = self.read(side, bytes, ledgers, cx);
            self.streams[side]
                .waiting
                .extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            stream.waiting.extend_from_slice(bytes);
        }
        self.drain(ledgers, cx);
        if let (Reading::Http, Direction::ToServer, Some(exchanges)) =
            (&self.reading, self.direction_of(side), &mut self.exchanges)
        {
            exchanges.client_waits(&self.streams[side].waiting, cx.acked);
        }
    }

    fn end_plain(
        &mut self,
        side: Side,
        ending: Ending,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        self.end(side, ending, ledgers, cx);
        self.drain(ledgers, cx);
    }

    /// Lets both directions be read until neither gets further, the client's first: how a response is framed depends on its request.
    fn drain(&mut self, ledgers: &mut Ledgers, cx: &mut Context<'_>) {
        loop {
            let mut progress = false;
            for side in Direction::ALL.map(|direction| self.side_of(direction)) {
                if self.streams[side].waiting.is_empty() {
                    continue;
                }
                let mut waiting = std::mem::take(&mut self.streams[side].waiting);
                let before = self.kind();
                let used = self.read(side, &waiting, ledgers, cx);
                progress |= used > 0 || before != self.kind();
                if used == waiting.len() {
                    waiting.clear();
                } else {
                    waiting.drain(..used);
                }
                self.streams[side].waiting = waiting;
            }
            if !progress {
                return;
            }
        }
    }

    fn kind(&self) -> std::mem::Discriminant<Reading> {
        std::mem::discriminant(&self.reading)
    }

    /// Hands the bytes that wait in a direction to who reads now; says how many were taken.
    fn read(
        &mut self,
        side: Side,
        bytes: &[u8],
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> usize {
        let mut used = 0;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let before = self.kind();
            let taken = self.read_once(side, rest, ledgers, cx);
            used += taken;
            if used >= bytes.len() || self.kind() == before {
                return used;
            }
        }
    }

    fn read_once(
        &mut self,
        side: Side,
        bytes: &[u8],
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> usize {
        let direction = self.direction_of(side);
        let ledger = &mut ledgers[side];
        let pieces = &mut self.streams[side].pieces;
        match &mut self.reading {
            Reading::First => self.recognise(side, bytes, ledgers, cx),
            Reading::Http => {
                let Some(exchanges) = &mut self.exchanges else {
                    return 0;
                };
                if direction == Direction::ToClient {
                    exchanges.server_has(self.acknowledged[side]);
                }
                let (used, next) = exchanges.read(direction, bytes, pieces, ledger, cx);
                match next {
                    Next::Same => {}
                    Next::WebSocket { compression, asked } => {
                        self.begin_websocket(compression, asked, cx);
                    }
                    Next::Tunnel => self.reading = Reading::First,
                    Next::Other => self.reading = Reading::Opaque,
                    Next::Lost => self.begin_search(),
                }
                used
            }
            Reading::WebSocket => match &mut self.websocket {
                Some(websocket) => websocket.read(direction, bytes, pieces, ledger, cx),
                None => 0,
            },
            Reading::Tls { .. } => 0,
            Reading::Search => self.search(side, bytes, false, ledgers, cx),
            Reading::Opaque => {
                follow_tunnel(direction, bytes, cx);
                pieces.take(bytes.len() as u64, Layer::Payload, Row::Unread, ledger);
                bytes.len()
            }
        }
    }

    fn begin_http(&mut self) {
        if self.protocol != Protocol::WebSocket {
            self.protocol = Protocol::Http;
        }
        self.exchanges
            .get_or_insert_with(|| Box::new(Exchanges::new()));
        self.reading = Reading::Http;
    }

    /// Frames follow a 101.
    fn begin_websocket(&mut self, compression: Compression, asked: bool, cx: &mut Context<'_>) {
        let Some(exchanges) = &self.exchanges else {
            return;
        };
        let mut websocket = WebSocket::new(exchanges.trust(), compression);
        let invalid = exchanges.handshake() == Some(Verdict::Invalid);
        if let Some(checks) = cx.checks.as_mut().filter(|_| invalid) {
            let tunnel = &mut checks.http.tunnel;
            tunnel.get_or_insert_with(|| Box::new(Tunnel::invalid()));
        }
        for direction in Direction::ALL {
            let lost = exchanges.lost(direction).map(Cause::of_place);
            let unasked = direction == Direction::ToServer && !asked;
            let Some(cause) = lost.or(unasked.then_some(Cause::Resync)) else {
                continue;
            };
            websocket.lose(direction, Trust::Resynced, cause, cx);
            if let Some(checks) = &mut cx.checks {
                checks.lose(direction, cause);
            }
        }
        self.websocket = Some(websocket);
        self.protocol = Protocol::WebSocket;
        self.reading = Reading::WebSocket;
        self.end_http();
    }

    /// Nothing is kept of HTTP but what is told of the connection when it ends.
    fn end_http(&mut self) {
        if let Some(exchanges) = self.exchanges.take_if(|exchanges| exchanges.is_over()) {
            self.exchanges_before = u32::try_from(exchanges.count()).unwrap_or(u32::MAX);
            self.verdict = exchanges.handshake();
        }
    }

    fn begin_search(&mut self) {
        self.reading = Reading::Search;
        self.searched_at = 0;
    }
}
