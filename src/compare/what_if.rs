//! What if: what the same messages would have cost, sent otherwise. Every figure is computed from the capture's own messages.

use std::num::NonZeroU64;

use super::break_even::Heads;
use super::model::{
    self, Path, SEGMENT, TLS13_RECORD, event_of_binary, event_of_text, records, segments,
};
use super::quantiles::Quantiles;
use super::recast::packet_headers;
use super::said::Said;
use super::sample::{self, Deflate, Encoders, Sample, Sums};
use super::way::Way;
use crate::direction::{Both, Direction};
use crate::time::Timestamp;
use crate::wire::Wire;

/// How long a sender that batches waits, in nanoseconds of capture time: 10 ms, which nobody sees.
const BATCH: i64 = 10_000_000;

/// What the messages would have cost.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WhatIf {
    /// How they would be sent.
    pub way: Way,
    /// Whose messages; none where both senders' go together.
    pub sender: Option<Direction>,
    /// How many messages it is about.
    pub count: u64,
    /// How many it is not about, because they are incomplete, or their payload was not kept or not inflated.
    pub left_out: u64,
    /// From how many of them it was worked out; none where from all.
    pub sampled: Option<u64>,
    /// Their payload as the application sees it.
    pub payload_bytes: u64,
    /// What they did cost.
    pub actual_bytes: u64,
    /// What they would have cost.
    pub wire_bytes: u64,
    /// The median of one; none where that is no sum over messages.
    pub wire_median: Option<u64>,
    /// What was assumed.
    pub assumes: String,
}

/// Computes while messages come.
#[derive(Debug, Default)]
pub(super) struct WhatIfs {
    ways: Both<Messages>,
    /// Made when they are first needed.
    encoders: Option<Box<Encoders>>,
    /// Pairs of messages, which a single exchange replaces.
    pairs: u64,
    /// Connections that had messages.
    connections: u64,
    /// What opening and closing them cost, as any connection.
    plain: u64,
    /// What their upgrades and control frames cost.
    websocket: u64,
}

/// The messages of one sender.
#[derive(Debug, Default)]
struct Messages {
    wire: Wire,
    payload: u64,
    lengths: Quantiles,
    one_frame: Sum,
    sample: Sample,
    tls13: Sum,
    /// Packets and bytes above TCP when batched.
    batched: (u64, u64),
    /// Segments and bytes of a server's as events of a stream.
    events: (u64, u64),
}

/// A sum over messages.
#[derive(Debug, Default)]
struct Sum {
    left_out: u64,
    payload: u64,
    actual: u64,
    wires: Quantiles,
}

/// What must be remembered of a connection.
#[derive(Debug, Default)]
pub(super) struct Channel {
    sides: Both<Sender>,
}

#[derive(Debug, Default)]
struct Sender {
    /// When the open segment began, and how many bytes are in it.
    batch: Option<(Timestamp, NonZeroU64)>,
    sample: sample::Sender,
    /// The most headers that something in one packet had to pay: those of a packet of its own.
    headers: u32,
}

impl WhatIfs {
    pub(super) fn new(deflate: Deflate) -> Self {
        let messages = || Messages {
            sample: Sample::new(deflate),
            ..Messages::default()
        };
        Self {
            ways: Both {
                to_server: messages(),
                to_client: messages(),
            },
            ..Self::default()
        }
    }

    /// Takes a frame, for the headers of its packet.
    pub(super) fn frame(channel: &mut Channel, sender: Direction, wire: &Wire) {
        let headers = &mut channel.sides[sender].headers;
        let own = u32::try_from(packet_headers(wire)).unwrap_or(u32::MAX);
        *headers = own.max(*headers);
    }

    /// Takes a message that is whole and exactly placed.
    pub(super) fn message(&mut self, channel: &mut Channel, message: &Said<'_>, answers: bool) {
        let way = message.direction;
        // What is said after the other side spoke may be an answer, and could not have been sent before.
        channel.sides[way.other()].batch = None;
        let sender = &mut channel.sides[way];
        let len = message.length;
        let messages = &mut self.ways[way];
        let actual = message.wire.total();
        messages.wire += *message.wire;
        messages.payload += len;
        messages.lengths.add(len, ());
        self.pairs += u64::from(answers);
        let headers = u64::from(sender.headers);
        let recast = message.recast(headers);
        let one = recast.with(message.coded_length);
        messages.one_frame.add(len, actual, one);
        messages
            .tls13
            .add(len, actual, under_tls(message.wire, headers));
        if way == Direction::ToClient {
            let (segments, bytes) = &mut messages.events;
            let event = event(message);
            *segments += model::segments(event);
            *bytes += event;
        }
        messages.batch(sender, message);
        messages
            .sample
            .message(&mut sender.sample, message, recast, &mut self.encoders);
    }

    /// Takes note of a message that cannot be computed with.
    pub(super) fn leave_out(&mut self, channel: &mut Channel, sender: Direction) {
        let messages = &mut self.ways[sender];
        messages.one_frame.left_out += 1;
        messages.tls13.left_out += 1;
        messages.sample.leave_out(&mut channel.sides[sender].sample);
    }

    /// Takes note of a connection that had messages and is over: what it cost as any connection, and as a WebSocket.
    pub(super) fn connection(&mut self, plain: u64, websocket: u64) {
        self.connections += 1;
        self.plain += plain;
        self.websocket += websocket;
    }

    /// No more messages come of a connection's senders.
    pub(super) fn end_senders(&mut self, channel: &mut Channel) {
        for direction in Direction::ALL {
            let sender = &mut channel.sides[direction].sample;
            self.ways[direction].sample.end(sender, &mut self.encoders);
        }
    }

    /// What all would have cost; nothing where there are no messages.
    pub(super) fn results(
        &self,
        path: &Path,
        heads: Heads,
        connection: (u64, Option<u64>),
    ) -> Vec<WhatIf> {
        let mut results = Vec::new();
        for way in Way::ALL {
            match way {
                Way::OneFrame
                | Way::Deflate
                | Way::DeflateNoTakeover
                | Way::Tls13
                | Way::Batching => {
                    let of = |sender| self.of_sender(way, sender, path);
                    results.extend(Direction::ALL.into_iter().filter_map(of));
                }
                _ => results.extend(self.over_http(way, path, heads, connection)),
            }
        }
        results
    }

    fn of_sender(&self, way: Way, sender: Direction, path: &Path) -> Option<WhatIf> {
        let messages = &self.ways[sender];
        let of = |sum: &Sum, assumes: &str| WhatIf {
            way,
            sender: Some(sender),
            count: sum.wires.count(),
            left_out: sum.left_out,
            sampled: None,
            payload_bytes: sum.payload,
            actual_bytes: sum.actual,
            wire_bytes: sum.wires.sum(),
            wire_median: sum.wires.median().map(|(wire, ())| wire),
            assumes: assumes.to_string(),
        };
        let deflated = |sums: &Sums, assumes: &str| WhatIf {
            way,
            sender: Some(sender),
            count: sums.count,
            left_out: sums.left_out,
            sampled: sums.sampled(),
            payload_bytes: sums.payload,
            actual_bytes: sums.actual,
            wire_bytes: sums.wire(),
            wire_median: sums.wires.median().map(|(wire, ())| wire),
            assumes: assumes.to_string(),
        };
        if messages.lengths.count() == 0 {
            return None;
        }
        Some(match way {
            Way::OneFrame => of(&messages.one_frame, "packets as they were"),
            Way::Deflate | Way::DeflateNoTakeover if !messages.sample.deflates() => return None,
            Way::Deflate => deflated(
                &messages.sample.taken_over,
                "zlib-rs at level 6, the full window, taken over from message to message; one frame each",
            ),
            Way::DeflateNoTakeover => deflated(
                &messages.sample.alone,
                "zlib-rs at level 6, the full window, anew for each message; one frame each",
            ),
            Way::Tls13 => of(
                &messages.tls13,
                "22 bytes for each record of at most 16,384, a record for each message; without the TLS handshake",
            ),
            _ => {
                let (packets, bytes) = messages.batched;
                let actual = messages.wire.total();
                let batched = bytes + packets * path.packet_headers(sender);
                let assumes = format!(
                    "messages of a sender within 10 ms, while the other is silent, share segments of {SEGMENT} bytes"
                );
                WhatIf {
                    // A sender that batched more than this would not begin to do so less.
                    wire_bytes: batched.min(actual),
                    wire_median: None,
                    actual_bytes: actual,
                    ..of(&messages.one_frame, &assumes)
                }
            }
        })
    }

    /// The same messages over HTTP/1.1, with what opening and closing the connections costs.
    fn over_http(
        &self,
        way: Way,
        path: &Path,
        heads: Heads,
        connection: (u64, Option<u64>),
    ) -> Option<WhatIf> {
        let (client, server) = (&self.ways.to_server, &self.ways.to_client);
        let counts = (client.lengths.count(), server.lengths.count());
        if counts == (0, 0) {
            return None;
        }
        let mut actual = Wire::default();
        actual += client.wire;
        actual += server.wire;
        let tls = actual.tls.checked_div(counts.0 + counts.1).unwrap_or(0);
        let request = Part {
            head: heads.request,
            headers: path.packet_headers(Direction::ToServer),
            tls,
        };
        let response = Part {
            head: heads.response,
            headers: path.packet_headers(Direction::ToClient),
            tls,
        };
        let plain = self.plain;
        let (opening, closing) = connection;
        let (http, connections, how) = match way {
            Way::PollingKept | Way::PollingNew => {
                let http = request.with(&client.lengths)
                    + request.empty(counts.1.saturating_sub(self.pairs))
                    + response.with(&server.lengths)
                    + response.empty(counts.0.saturating_sub(self.pairs));
                let exchanges = counts.0 + counts.1.saturating_sub(self.pairs);
                if way == Way::PollingKept {
                    (
                        http,
                        plain,
                        "one exchange for a message and its answer, no poll in vain",
                    )
                } else {
                    (
                        http,
                        exchanges * (opening + closing.unwrap_or(0)),
                        "one exchange and connection for a message and its answer, no poll in vain",
                    )
                }
            }
            Way::LongPolling => (
                request.with(&client.lengths)
                    + request.empty(counts.1)
                    + response.with(&server.lengths)
                    + response.empty(counts.0),
                if counts.0 > 0 { 2 * plain } else { plain },
                "a request waits for each message of the server; the client's go on a second connection",
            ),
            _ => {
                let (segments, bytes) = server.events;
                let events = segments * response.headers + bytes + counts.1 * tls;
                (
                    request.with(&client.lengths)
                        + request.empty(self.connections)
                        + response.empty(counts.0 + self.connections)
                        + events,
                    if counts.0 > 0 { 2 * plain } else { plain },
                    "a chunk for each event, binary as base64; the client's messages go on a second connection",
                )
            }
        };
        Some(WhatIf {
            way,
            sender: None,
            count: counts.0 + counts.1,
            left_out: client.one_frame.left_out + server.one_frame.left_out,
            sampled: None,
            payload_bytes: client.payload + server.payload,
            actual_bytes: actual.total() + self.plain + self.websocket,
            wire_bytes: http + connections,
            wire_median: None,
            assumes: format!(
                "{}; {how}; opening, closing and control frames included, acknowledgments not",
                heads.text()
            ),
        })
    }
}

/// Requests, or responses.
struct Part {
    head: u64,
    headers: u64,
    tls: u64,
}

impl Part {
    /// With bodies of these lengths.
    fn with(&self, lengths: &Quantiles) -> u64 {
        let each = lengths.ascending();
        let packets: u64 = each
            .iter()
            .map(|(len, (), count)| segments(self.head + len) * count)
            .sum();
        packets * self.headers + lengths.count() * (self.head + self.tls) + lengths.sum()
    }

    /// Without bodies.
    fn empty(&self, count: u64) -> u64 {
        count * (segments(self.head) * self.headers + self.head + self.tls)
    }
}

impl Messages {
    /// Puts a message into the sender's open segment, or into a new one.
    fn batch(&mut self, sender: &mut Sender, message: &Said<'_>) {
        let wire = message.wire;
        let len = wire.tls + wire.head + wire.payload;
        let (packets, bytes) = &mut self.batched;
        *bytes += len;
        let time = message.time;
        match &mut sender.batch {
            Some((begin, filled)) if time.since(*begin) <= BATCH => {
                let before = *filled;
                *filled = before.saturating_add(len);
                *packets += segments(filled.get()) - segments(before.get());
            }
            batch => {
                *packets += segments(len);
                *batch = NonZeroU64::new(len).map(|len| (time, len));
            }
        }
    }
}

impl Sum {
    fn add(&mut self, payload: u64, actual: u64, wire: u64) {
        self.payload += payload;
        self.actual += actual;
        self.wires.add(wire, ());
    }
}

/// The cost of a message in TLS 1.3 records of its own.
fn under_tls(wire: &Wire, headers: u64) -> u64 {
    let above = wire.head + wire.payload;
    let tls = records(above) * TLS13_RECORD;
    let more = segments(above + tls) - segments(above);
    packet_headers(wire) + more * headers + above + tls
}

/// The bytes of a message as a chunk that holds an event.
fn event(message: &Said<'_>) -> u64 {
    let event = if message.is_binary() {
        event_of_binary(message.length)
    } else {
        event_of_text(message.length, message.line_feeds())
    };
    event + model::chunk_framing(event)
}
