//! Events as rows that own what they hold, so that two runs can be compared.

use wscope::analysis::{Analysis, Options};
use wscope::capture::Packet;
use wscope::direction::{Both, Direction};
use wscope::event::{
    Closing, Connection, Event, Exchange, Frame, Handshake, Message, MessageKind, Opening, Payload,
    Protocol, Roles, Verdict,
};
use wscope::ledger::Ledger;
use wscope::notice::Notice;
use wscope::span::{Span, Trust};
use wscope::tls::{KeyLog, Keys};
use wscope::websocket::Header;
use wscope::websocket::deflate::Inflated;
use wscope::wire::Wire;

/// All that an analysis gave, each kind in the order in which it came.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub frames: Vec<FrameRow>,
    pub messages: Vec<MessageRow>,
    pub exchanges: Vec<ExchangeRow>,
    pub handshakes: Vec<HandshakeRow>,
    pub connections: Vec<Connection>,
    pub notices: Vec<Notice>,
    pub ledger: Ledger,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FrameRow {
    pub connection: u64,
    pub index: u64,
    pub sender: Direction,
    pub span: Span,
    pub header: Header,
    pub message: Option<u64>,
    pub complete: bool,
    pub trust: Trust,
    pub close_code: Option<u16>,
    pub close_reason: Option<String>,
    pub payload: Option<Vec<u8>>,
    pub payload_truncated: bool,
    pub wire: Wire,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MessageRow {
    pub connection: u64,
    pub index: u64,
    pub sender: Direction,
    pub span: Span,
    pub kind: Option<MessageKind>,
    pub frames: u64,
    pub compressed: bool,
    pub inflated: Option<Inflated>,
    pub coded_length: u64,
    pub payload_length: Option<u64>,
    pub complete: bool,
    pub trust: Trust,
    pub valid_utf8: Option<bool>,
    pub payload: Option<Vec<u8>>,
    pub payload_truncated: bool,
    pub wire: Wire,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExchangeRow {
    pub connection: u64,
    pub index: u64,
    pub span: Span,
    pub method: Option<String>,
    pub target: Option<String>,
    pub host: Option<String>,
    pub http_version: Option<String>,
    pub status: Option<u16>,
    pub request_head_length: Option<u64>,
    pub request_body_length: Option<u64>,
    pub response_head_length: Option<u64>,
    pub response_body_length: Option<u64>,
    pub response_content_length: Option<u64>,
    pub response_decoded_length: Option<u64>,
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub upgrade: bool,
    pub complete: bool,
    pub trust: Trust,
    pub request_wire: Option<Wire>,
    pub response_wire: Option<Wire>,
    pub request_body: Option<Vec<u8>>,
    pub response_body: Option<Vec<u8>>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HandshakeRow {
    pub connection: u64,
    pub exchange: u64,
    pub target: Option<String>,
    pub key: Option<String>,
    pub accept: Option<String>,
    pub accept_expected: Option<String>,
    pub status: Option<u16>,
    pub request_length: Option<u64>,
    pub response_length: Option<u64>,
    pub verdict: Verdict,
    pub reasons: Vec<&'static str>,
    pub wire: Wire,
}

/// Which costs two runs must agree on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Costs {
    /// Every column: the same packets brought the same bytes.
    All,
    /// Without the link and the network: they stood under other headers.
    AboveIp,
    /// Only what the protocol itself put there: the packets were others.
    Own,
}

impl Costs {
    fn of(self, wire: Wire) -> Wire {
        match self {
            Self::All => wire,
            Self::AboveIp => Wire {
                link: 0,
                network: 0,
                ..wire
            },
            Self::Own => Wire {
                link: 0,
                network: 0,
                transport: 0,
                ..wire
            },
        }
    }
}

/// What was said, however it travelled: rows without packet numbers, times and the numbers that depend on how the two
/// senders' bytes were interleaved. Order counts within a sender.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content {
    pub frames: [Vec<FrameRow>; 2],
    pub messages: [Vec<MessageRow>; 2],
    pub exchanges: Vec<ExchangeRow>,
    pub handshakes: Vec<HandshakeRow>,
    pub connections: Vec<ConnectionContent>,
}

/// What a connection was, without its packets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectionContent {
    pub roles: Roles,
    pub protocol: Protocol,
    pub opening: Opening,
    pub closing: Closing,
    pub missing_bytes: Both<u64>,
    pub exchanges: u64,
    pub handshake: Option<Verdict>,
    pub frames: u64,
    pub messages: Both<u64>,
    pub close_code: Option<u16>,
    pub closed_by: Option<Direction>,
}

impl Rows {
    /// Analyses packets and keeps every payload.
    pub fn of<'cap>(packets: impl IntoIterator<Item = Packet<'cap>>) -> Self {
        Self::opened(packets, "")
    }

    /// The same, with a key log that is there from the start.
    pub fn opened<'cap>(packets: impl IntoIterator<Item = Packet<'cap>>, log: &str) -> Self {
        Self::opened_late(packets, log, 0)
    }

    /// The same, with a key log whose lines come one by one behind so many packets, and then each behind another packet.
    pub fn opened_late<'cap>(
        packets: impl IntoIterator<Item = Packet<'cap>>,
        log: &str,
        behind: usize,
    ) -> Self {
        let mut rows = Self::default();
        let mut given = KeyLog::default();
        if behind == 0 {
            given.read(log.as_bytes(), 0);
        }
        let mut analysis = Analysis::new(Options {
            keep_frames: u64::MAX,
            keep_messages: u64::MAX,
            keep_bodies: u64::MAX,
            ..Options::default()
        })
        .with_keys(Keys::new(given.into(), behind > 0));
        let mut packets = packets.into_iter();
        for packet in packets.by_ref().take(behind) {
            analysis.push(&packet, &mut |event| rows.keep(event));
        }
        if behind > 0 {
            for (behind, line) in (0..).zip(log.split_inclusive('\n')) {
                analysis.secrets("log", behind, line.as_bytes(), &mut |event| {
                    rows.keep(event);
                });
                for packet in packets.by_ref().take(1) {
                    analysis.push(&packet, &mut |event| rows.keep(event));
                }
            }
        }
        for packet in packets {
            analysis.push(&packet, &mut |event| rows.keep(event));
        }
        analysis.finish(&mut |event| rows.keep(event));
        rows.ledger = *analysis.ledger();
        rows
    }

    pub fn keep(&mut self, event: &Event<'_>) {
        match event {
            Event::Exchange(exchange) => self.exchanges.push(ExchangeRow::from(*exchange)),
            Event::Handshake(handshake) => self.handshakes.push(HandshakeRow::from(*handshake)),
            Event::Frame(frame) => self.frames.push(FrameRow::from(*frame)),
            Event::Message(message) => self.messages.push(MessageRow::from(*message)),
            Event::Connection(connection) => self.connections.push((*connection).clone()),
            Event::Notice(notice) => self.notices.push((*notice).clone()),
            Event::Single(_) | Event::Finding(_) | Event::Unjudged(_) => {}
        }
    }

    /// The rows as what was said.
    pub fn content(&self, costs: Costs) -> Content {
        let messages = Direction::ALL.map(|sender| {
            let rows = self.messages.iter().filter(|row| row.sender == sender);
            rows.map(|row| MessageRow {
                index: self.rank(row.index, sender),
                span: place(row.span),
                wire: costs.of(row.wire),
                ..row.clone()
            })
            .collect()
        });
        let frames = Direction::ALL.map(|sender| {
            let rows = self.frames.iter().filter(|row| row.sender == sender);
            rows.map(|row| FrameRow {
                index: 0,
                span: place(row.span),
                message: row.message.map(|message| self.rank(message, sender)),
                wire: costs.of(row.wire),
                ..row.clone()
            })
            .collect()
        });
        let exchanges = self.exchanges.iter().map(|row| ExchangeRow {
            span: place(row.span),
            request_wire: row.request_wire.map(|wire| costs.of(wire)),
            response_wire: row.response_wire.map(|wire| costs.of(wire)),
            ..row.clone()
        });
        let handshakes = self.handshakes.iter().map(|row| HandshakeRow {
            wire: costs.of(row.wire),
            ..row.clone()
        });
        Content {
            frames,
            messages,
            exchanges: exchanges.collect(),
            handshakes: handshakes.collect(),
            connections: self.connections.iter().map(Into::into).collect(),
        }
    }

    /// How many messages of this sender stand before the message `index`.
    fn rank(&self, index: u64, sender: Direction) -> u64 {
        let earlier = |row: &&MessageRow| row.sender == sender && row.index < index;
        self.messages.iter().filter(earlier).count() as u64
    }

    /// The messages that are whole, as (sender, kind, payload).
    pub fn whole_messages(&self) -> Vec<(Direction, MessageKind, Vec<u8>)> {
        let whole = self.messages.iter().filter(|row| row.complete);
        whole
            .map(|row| {
                let kind = row.kind.expect("a whole message has its first frame");
                let payload = row.payload.clone();
                (row.sender, kind, payload.expect("every payload is kept"))
            })
            .collect()
    }
}

/// A span's place in the stream, without packets and times.
fn place(span: Span) -> Span {
    Span {
        stream_offset: span.stream_offset,
        ..Span::default()
    }
}

fn owned(payload: Option<Payload<'_>>) -> Option<Vec<u8>> {
    payload.map(|payload| match payload {
        Payload::Text(text) => text.as_bytes().to_vec(),
        Payload::Data(data) => data.to_vec(),
    })
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

impl From<&Connection> for ConnectionContent {
    fn from(connection: &Connection) -> Self {
        Self {
            roles: connection.roles,
            protocol: connection.protocol,
            opening: connection.opening,
            closing: connection.closing,
            missing_bytes: connection.missing_bytes,
            exchanges: connection.exchanges,
            handshake: connection.handshake,
            frames: connection.frames,
            messages: connection.messages,
            close_code: connection.close_code,
            closed_by: connection.closed_by,
        }
    }
}

impl From<&Frame<'_>> for FrameRow {
    fn from(frame: &Frame<'_>) -> Self {
        Self {
            connection: frame.place.connection,
            index: frame.index,
            sender: frame.direction,
            span: frame.span,
            header: frame.header,
            message: frame.message,
            complete: frame.complete,
            trust: frame.trust,
            close_code: frame.close_code,
            close_reason: text(frame.close_reason),
            payload: owned(frame.payload),
            payload_truncated: frame.payload_truncated,
            wire: frame.wire,
        }
    }
}

impl From<&Message<'_>> for MessageRow {
    fn from(message: &Message<'_>) -> Self {
        Self {
            connection: message.place.connection,
            index: message.index,
            sender: message.direction,
            span: message.span,
            kind: message.kind,
            frames: message.frames,
            compressed: message.compressed,
            inflated: message.inflated,
            coded_length: message.coded_length,
            payload_length: message.payload_length,
            complete: message.complete,
            trust: message.trust,
            valid_utf8: message.valid_utf8,
            payload: owned(message.payload),
            payload_truncated: message.payload_truncated,
            wire: message.wire,
        }
    }
}

impl From<&Exchange<'_>> for ExchangeRow {
    fn from(exchange: &Exchange<'_>) -> Self {
        Self {
            connection: exchange.place.connection,
            index: exchange.index,
            span: exchange.span,
            method: text(exchange.method),
            target: text(exchange.target),
            host: text(exchange.host),
            http_version: text(exchange.http_version),
            status: exchange.status,
            request_head_length: exchange.request_head_length,
            request_body_length: exchange.request_body_length,
            response_head_length: exchange.response_head_length,
            response_body_length: exchange.response_body_length,
            response_content_length: exchange.response_content_length,
            response_decoded_length: exchange.response_decoded_length,
            content_type: text(exchange.content_type),
            content_encoding: text(exchange.content_encoding),
            upgrade: exchange.upgrade,
            complete: exchange.complete,
            trust: exchange.trust,
            request_wire: exchange.request_wire,
            response_wire: exchange.response_wire,
            request_body: exchange.request_body.map(<[u8]>::to_vec),
            response_body: exchange.response_body.map(<[u8]>::to_vec),
        }
    }
}

impl From<&Handshake<'_>> for HandshakeRow {
    fn from(handshake: &Handshake<'_>) -> Self {
        Self {
            connection: handshake.place.connection,
            exchange: handshake.exchange,
            target: text(handshake.target),
            key: text(handshake.key),
            accept: text(handshake.accept),
            accept_expected: text(handshake.accept_expected),
            status: handshake.status,
            request_length: handshake.request_length,
            response_length: handshake.response_length,
            verdict: handshake.verdict,
            reasons: handshake.reasons.to_vec(),
            wire: handshake.wire,
        }
    }
}
