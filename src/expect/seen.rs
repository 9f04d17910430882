//! Seen: what a capture shows, counted as expectations count it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::expectation::BySender;
use crate::analysis::{self, Which};
use crate::check::{Finding, Severity};
use crate::direction::Direction;
use crate::error::Error;
use crate::event::{Connection, Event, Frame, Handshake, Message, MessageKind, Verdict};
use crate::websocket::Opcode;

/// How many WebSocket connections are remembered one by one. Expectations are for fixtures, which have a few; past this bound what must
/// hold for every connection is said to be unknown, and totals stay exact.
const CONNECTIONS: usize = 1 << 16;

/// How many findings are remembered one by one, for the same reason.
const FINDINGS: usize = 1 << 16;

/// What a capture shows.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Of all connections together; what belongs to a single one (subprotocol, close code) stands in `connections` only.
    pub total: Shown,
    /// Of each connection with an opening handshake or a frame, by number.
    pub connections: BTreeMap<u64, Shown>,
    /// How many more such connections there are than are remembered.
    pub more_connections: u64,
    /// Findings, in the order in which they were made.
    pub findings: Vec<SeenFinding>,
    /// How many more findings there are than are remembered.
    pub more_findings: u64,
}

/// What one connection shows, or all together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Opening handshakes, in the order of [`Verdict::ALL`].
    pub handshakes: [u64; 4],
    /// What the opening handshakes cost on the wire, in bytes, both sides together.
    pub handshake_wire: u64,
    /// The last handshake's verdict.
    pub verdict: Option<Verdict>,
    /// The subprotocol that the server chose in the last handshake.
    pub subprotocol: Option<String>,
    /// The extensions that the server accepted in the last handshake.
    pub extensions: Vec<String>,
    /// The code of the first close frame that has one.
    pub close_code: Option<u16>,
    /// Who sent the first close frame.
    pub closed_by: Option<Direction>,
    /// Data messages.
    pub messages: BySender<Tally>,
    /// Frames: continuation, text, binary, close, ping, pong, reserved.
    pub frames: BySender<[u64; 7]>,
}

/// Data messages of a sender.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Text, binary, unknown.
    pub kinds: [u64; 3],
    /// Their payload as sent, in bytes.
    pub payload: u64,
    /// Their bytes on the wire.
    pub wire: u64,
}

impl Tally {
    /// How many messages.
    pub fn count(&self) -> u64 {
        self.kinds.iter().sum()
    }
}

/// A finding, as far as expectations look at it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SeenFinding {
    /// The rule's id.
    pub rule: &'static str,
    /// Whose it is.
    pub sender: Option<Direction>,
    /// Its connection.
    pub connection: u64,
    /// How often it happened.
    pub count: u64,
    /// How severe it is.
    pub severity: Severity,
    /// The lowest packet number of the first time.
    pub packet: u64,
    /// What was seen, in a sentence.
    pub explanation: String,
}

impl fmt::Display for SeenFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (severity, rule, number) = (self.severity.name(), self.rule, self.connection);
        write!(f, "{severity} {rule}, connection {number}")?;
        if let Some(side) = self.sender {
            write!(f, ", {}", side.sender())?;
        }
        write!(f, ", packet {}: {}", self.packet, self.explanation)
    }
}

impl Seen {
    /// Reads a capture to its end.
    ///
    /// # Errors
    /// Where it cannot be read. What ends too early, or is damaged, counts as far as it goes.
    pub fn read(capture: &Path) -> Result<Self, Error> {
        let options = analysis::Options {
            ledgers: Which::None,
            settled: Which::None,
            check: true,
            measure_distances: true,
            ..analysis::Options::default()
        };
        let mut seen = Self::default();
        analysis::read(capture, options, &mut |event| seen.event(event))?;
        Ok(seen)
    }

    /// Counts an event.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Handshake(handshake) => {
                self.in_both(handshake.place.connection, |shown| {
                    shown.handshake(handshake);
                });
                if let Some(shown) = self.connections.get_mut(&handshake.place.connection) {
                    shown.chosen(handshake);
                }
            }
            Event::Frame(frame) => self.in_both(frame.place.connection, |shown| shown.frame(frame)),
            Event::Message(message) => {
                self.in_both(message.place.connection, |shown| shown.message(message));
            }
            Event::Connection(connection) => self.connection(connection),
            Event::Finding(finding) => self.finding(finding),
            _ => {}
        }
    }

    fn finding(&mut self, finding: &Finding) {
        if self.findings.len() < FINDINGS {
            self.findings.push(SeenFinding {
                rule: finding.rule.id,
                sender: finding.sender,
                connection: finding.place.connection,
                count: finding.count,
                severity: finding.severity,
                packet: finding.first_packet,
                explanation: finding.explanation.clone(),
            });
        } else {
            self.more_findings += 1;
        }
    }

    /// The connections whose handshake was not refused: those that speak WebSocket, or may.
    pub fn websockets(&self) -> impl Iterator<Item = (u64, &Shown)> {
        self.connections
            .iter()
            .filter(|(_, shown)| shown.verdict != Some(Verdict::Refused))
            .map(|(number, shown)| (*number, shown))
    }

    fn in_both(&mut self, connection: u64, mut count: impl FnMut(&mut Shown)) {
        count(&mut self.total);
        if self.connections.len() < CONNECTIONS || self.connections.contains_key(&connection) {
            count(self.connections.entry(connection).or_default());
        }
    }

    fn connection(&mut self, connection: &Connection) {
        if let Some(shown) = self.connections.get_mut(&connection.number) {
            shown.close_code = connection.close_code;
            shown.closed_by = connection.closed_by;
        } else if connection.handshake.is_some() || connection.frames > 0 {
            self.more_connections += 1;
        }
    }
}

impl Shown {
    fn handshake(&mut self, handshake: &Handshake<'_>) {
        for (verdict, count) in Verdict::ALL.into_iter().zip(&mut self.handshakes) {
            *count += u64::from(verdict == handshake.verdict);
        }
        self.handshake_wire += handshake.wire.total();
        self.verdict = Some(handshake.verdict);
    }

    fn chosen(&mut self, handshake: &Handshake<'_>) {
        self.subprotocol = handshake.subprotocol.map(str::to_string);
        self.extensions = handshake
            .extensions
            .iter()
            .map(ToString::to_string)
            .collect();
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let [continuation, text, binary, close, ping, pong, reserved] =
            self.frames.of_mut(frame.direction);
        *match frame.header.opcode {
            Opcode::Continuation => continuation,
            Opcode::Text => text,
            Opcode::Binary => binary,
            Opcode::Close => close,
            Opcode::Ping => ping,
            Opcode::Pong => pong,
            Opcode::Reserved(_) => reserved,
        } += 1;
    }

    fn message(&mut self, message: &Message<'_>) {
        let tally = self.messages.of_mut(message.direction);
        let [text, binary, unknown] = &mut tally.kinds;
        *match message.kind {
            Some(MessageKind::Text) => text,
            Some(MessageKind::Binary) => binary,
            None => unknown,
        } += 1;
        tally.payload += message.coded_length;
        tally.wire += message.wire.total();
    }
}

/// One line for a person: handshakes and messages.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        let mut parts = Vec::new();
        for (verdict, count) in Verdict::ALL.into_iter().zip(self.total.handshakes) {
            if count > 0 {
                let s = plural(count);
                parts.push(format!("{count} handshake{s} {}", verdict.name()));
            }
        }
        for side in Direction::ALL {
            let names = ["text", "binary", "lost"];
            for (kind, count) in names.into_iter().zip(self.total.messages.of(side).kinds) {
                if count > 0 {
                    let s = plural(count);
                    let sender = side.sender();
                    parts.push(format!("the {sender} sent {count} {kind} message{s}"));
                }
            }
        }
        if parts.is_empty() {
            parts.push("no WebSocket".to_string());
        }
        write!(f, "what it shows: {}", parts.join("; "))
    }
}
