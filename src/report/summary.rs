//! Summary: what a capture holds, counted while it is read.
//!
//! Comes in: packets and events. Goes out: counters, and the first few connections and handshakes. Its size does not grow with
//! the capture.

use super::cut::Cut;
use crate::capture::{LinkType, Packet};
use crate::check::{Finding, Severity};
use crate::direction::Both;
use crate::event::{
    Connection, Event, Exchange, Frame, Handshake, Message, MessageKind, Protocol, Single, Verdict,
};
use crate::ledger::Ledger;
use crate::notice::{Kind, Notice};
use crate::time::Timestamp;
use crate::websocket::Opcode;

/// How many connections a page shows, and how many broken handshakes a record names.
pub(super) const SHOWN: usize = 20;
/// How many handshakes a page shows field by field.
pub(super) const DETAILED: usize = 3;
/// A header field's length is the peer's choice; a page needs no more of it than this.
const FIELD_LEN: usize = 512;

/// Counters and the first of everything.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Packets read.
    pub packets: u64,
    /// Their original lengths.
    pub bytes: u64,
    /// The earliest packet's time.
    pub time: Option<Timestamp>,
    /// The latest packet's time.
    pub end_time: Option<Timestamp>,
    /// Link types, in the order of their first packets.
    pub link_types: Vec<LinkType>,
    /// Connections by what they speak.
    pub connections: Connections,
    /// Handshakes by verdict, in the order of [`Verdict::ALL`].
    pub handshakes: [u64; 4],
    /// The first handshakes that broke a rule.
    pub invalid_handshakes: Vec<Invalid>,
    /// Messages by sender and kind: text, binary, unknown.
    pub messages: Both<[Tally; 3]>,
    /// The messages that were compressed, by sender.
    pub compression: Both<Compressed>,
    /// Frames by opcode: continuation, text, binary, close, ping, pong, reserved.
    pub frames: [u64; 7],
    /// HTTP exchanges that are no opening handshake.
    pub exchanges: u64,
    /// Their bytes on the wire.
    pub exchanges_wire: u64,
    /// Where the whole capture's bytes went.
    pub ledger: Ledger,
    /// Notices by kind, in the order of [`Kind::ALL`].
    pub notices: Vec<u64>,
    /// Findings by severity, in the order of [`Severity::ALL`].
    pub findings: [u64; 3],
    /// Whether the file ends before it should.
    pub cut: bool,
    /// Packets that were cut.
    pub cut_packets: Cut,
    /// Whether something was read that is not among what was asked for. Packets, bytes, times and the ledger are of that too.
    pub in_part: bool,
    /// The connections with the lowest numbers.
    pub first_connections: Vec<Connection>,
    /// The first handshakes, with their fields.
    pub first_handshakes: Vec<Detail>,
}

/// Connections by what they speak.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Connections {
    /// All.
    pub total: u64,
    /// WebSocket.
    pub websocket: u64,
    /// HTTP/1.
    pub http: u64,
    /// HTTP/2.
    pub http2: u64,
    /// TLS that was not decrypted.
    pub tls: u64,
    /// Looks like WebSocket.
    pub possible_websocket: u64,
    /// Something else.
    pub opaque: u64,
    /// No payload.
    pub empty: u64,
}

/// A handshake that broke a rule.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Invalid {
    /// Its connection.
    pub connection: u64,
    /// The packet of its request's last byte.
    pub request_packet: Option<u64>,
    /// The rules.
    pub reasons: Vec<&'static str>,
}

/// Sums over messages.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Of those, how many are not all there.
    pub incomplete: u64,
    /// Their payload as sent, in bytes, as far as it is there.
    pub payload: u64,
    /// Their bytes on the wire.
    pub wire: u64,
    /// Their frames.
    pub frames: u64,
}

/// Compressed messages (RFC 7692), as they were sent and as the application sees them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Compressed {
    /// How many.
    pub count: u64,
    /// How many of them have a length that is known.
    pub inflated: u64,
    /// Those as sent, in bytes.
    pub coded: u64,
    /// Those as the application sees them, in bytes.
    pub payload: u64,
}

impl Compressed {
    fn add(&mut self, message: &Message<'_>) {
        self.count += 1;
        if let Some(length) = message.payload_length {
            self.inflated += 1;
            self.coded += message.coded_length;
            self.payload += length;
        }
    }
}

/// What a page shows of a handshake.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names are those of the record's columns")]
pub struct Detail {
    pub connection: u64,
    pub request_packet: Option<u64>,
    pub response_packet: Option<u64>,
    pub method: Option<String>,
    pub target: Option<String>,
    pub host: Option<String>,
    pub http_version: Option<String>,
    pub key: Option<String>,
    pub accept: Option<String>,
    pub accept_expected: Option<String>,
    pub status: Option<u16>,
    pub request_length: Option<u64>,
    pub response_length: Option<u64>,
    pub subprotocol: Option<String>,
    pub extensions: String,
    pub verdict: Verdict,
    pub reasons: Vec<&'static str>,
}

impl Summary {
    /// Counts a packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        self.cut_packets.packet(packet);
        self.bytes += u64::from(packet.original_len);
        if self.time.is_none_or(|time| packet.time < time) {
            self.time = Some(packet.time);
        }
        if self.end_time.is_none_or(|time| packet.time > time) {
            self.end_time = Some(packet.time);
        }
        // A capture names at most 65,536 link types, one in nearly all.
        if self.link_types.last() != Some(&packet.link) && !self.link_types.contains(&packet.link) {
            self.link_types.push(packet.link);
        }
    }

    /// Counts an event.
    #[inline]
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Frame(frame) => self.frame(frame),
            Event::Message(message) => self.message(message),
            Event::Single(single) => self.single(single),
            Event::Handshake(handshake) => self.handshake(handshake),
            Event::Exchange(exchange) if !exchange.upgrade => self.exchange(exchange),
            Event::Connection(connection) => self.connection(connection),
            Event::Notice(notice) => self.notice(notice),
            Event::Finding(finding) => self.finding(finding),
            Event::Exchange(_) | Event::Unjudged(_) => {}
        }
    }

    fn exchange(&mut self, exchange: &Exchange<'_>) {
        self.exchanges += 1;
        for wire in [exchange.request_wire, exchange.response_wire] {
            self.exchanges_wire += wire.map_or(0, |wire| wire.total());
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let index = match frame.header.opcode {
            Opcode::Continuation => 0,
            Opcode::Text => 1,
            Opcode::Binary => 2,
            Opcode::Close => 3,
            Opcode::Ping => 4,
            Opcode::Pong => 5,
            Opcode::Reserved(_) => 6,
        };
        if let Some(count) = self.frames.get_mut(index) {
            *count += 1;
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        let [text, binary, unknown] = &mut self.messages[message.direction];
        let tally = match message.kind {
            Some(MessageKind::Text) => text,
            Some(MessageKind::Binary) => binary,
            None => unknown,
        };
        tally.count += 1;
        tally.incomplete += u64::from(!message.complete);
        // Of a message that is not whole, what the capture holds.
        tally.payload += if message.complete {
            message.coded_length
        } else {
            message.coded_length.min(message.wire.payload)
        };
        tally.wire += message.wire.total();
        tally.frames += message.frames;
        if message.compressed {
            self.compression[message.direction].add(message);
        }
    }

    fn single(&mut self, single: &Single<'_>) {
        let [text, binary, _] = &mut self.messages[single.direction];
        let [_, texts, binaries, ..] = &mut self.frames;
        let (tally, frames) = match single.kind {
            MessageKind::Text => (text, texts),
            MessageKind::Binary => (binary, binaries),
        };
        *frames += 1;
        tally.count += 1;
        tally.payload += single.wire.payload;
        tally.wire += single.wire.total();
        tally.frames += 1;
    }

    fn handshake(&mut self, handshake: &Handshake<'_>) {
        for (verdict, count) in Verdict::ALL.into_iter().zip(&mut self.handshakes) {
            *count += u64::from(verdict == handshake.verdict);
        }
        if handshake.verdict == Verdict::Invalid && self.invalid_handshakes.len() < SHOWN {
            self.invalid_handshakes.push(Invalid {
                connection: handshake.place.connection,
                request_packet: handshake.request_packet,
                reasons: handshake.reasons.to_vec(),
            });
        }
        if self.first_handshakes.len() < DETAILED {
            self.first_handshakes.push(Detail::of(handshake));
        }
    }

    fn connection(&mut self, connection: &Connection) {
        let counts = &mut self.connections;
        counts.total += 1;
        *match connection.protocol {
            Protocol::WebSocket => &mut counts.websocket,
            Protocol::Http => &mut counts.http,
            Protocol::Http2 => &mut counts.http2,
            Protocol::Tls => &mut counts.tls,
            Protocol::PossibleWebSocket => &mut counts.possible_websocket,
            Protocol::Opaque => &mut counts.opaque,
            Protocol::Empty => &mut counts.empty,
        } += 1;
        let first = &mut self.first_connections;
        let at = first.partition_point(|other| other.number < connection.number);
        if at < SHOWN {
            first.truncate(SHOWN - 1);
            first.insert(at, connection.clone());
        }
    }

    fn finding(&mut self, finding: &Finding) {
        for (severity, count) in Severity::ALL.into_iter().zip(&mut self.findings) {
            *count += u64::from(severity == finding.severity);
        }
    }

    fn notice(&mut self, notice: &Notice) {
        self.notices.resize(Kind::ALL.len(), 0);
        for (kind, count) in Kind::ALL.iter().zip(&mut self.notices) {
            *count += u64::from(*kind == notice.kind);
        }
        self.cut |= notice.kind == Kind::CutFile;
    }
}

impl Detail {
    fn of(handshake: &Handshake<'_>) -> Self {
        Self {
            connection: handshake.place.connection,
            request_packet: handshake.request_packet,
            response_packet: handshake.response_packet,
            method: short(handshake.method),
            target: short(handshake.target),
            host: short(handshake.host),
            http_version: short(handshake.http_version),
            key: short(handshake.key),
            accept: short(handshake.accept),
            accept_expected: short(handshake.accept_expected),
            status: handshake.status,
            request_length: handshake.request_length,
            response_length: handshake.response_length,
            subprotocol: short(handshake.subprotocol),
            extensions: short(Some(&handshake.extensions.join(", "))).unwrap_or_default(),
            verdict: handshake.verdict,
            reasons: handshake.reasons.to_vec(),
        }
    }
}

fn short(text: Option<&str>) -> Option<String> {
    text.map(|text| match text.char_indices().nth(FIELD_LEN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_string(),
    })
}
