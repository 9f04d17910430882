//! Follow: a conversation as a transcript, line by line, as it was said.

use std::fmt::Write as _;

use super::context::Context;
use super::listing::connection::{closed, listing_of, packets, protocol};
use super::listing::{bytes, frame_preview, message_preview};
use super::look::{CLIENT, DIM, PLAIN, SERVER, verdict_style};
use super::output::Output;
use super::table::{Column, Row, Table};
use super::{Report, text};
use crate::direction::Direction;
use crate::event::{Connection, Event, Exchange, Frame, Handshake, Message, MessageKind, Verdict};
use crate::ledger::Ledger;
use crate::time::Timestamp;
use crate::wire::Wire;

const COLUMNS: &[Column] = &[
    Column::number("time", 9),
    Column::number("packet", 6),
    Column::name("sender", 9),
    Column::name("what", 8),
    Column::number("payload", 7),
    Column::text("content", 0),
];

/// Writes the transcript of the connection whose events it is given.
#[derive(Debug)]
pub struct Follow {
    connection: u64,
    table: Option<Table>,
    rows: u64,
    shortened: u64,
    /// The time of the row above, and how many rows are earlier than the one above them.
    above: Option<Timestamp>,
    late: u64,
    /// The last exchange that was answered, by the packet and the time of its response's end.
    answered: Option<(u64, Timestamp)>,
    last: Option<Connection>,
}

impl Follow {
    /// A transcript of one connection.
    pub fn new(connection: u64) -> Self {
        Self {
            connection,
            table: None,
            rows: 0,
            shortened: 0,
            above: None,
            late: 0,
            answered: None,
            last: None,
        }
    }

    /// Writes a row, which `fill` fills behind its time.
    fn row(
        &mut self,
        context: &Context<'_>,
        time: Timestamp,
        out: &mut Output<'_>,
        fill: impl FnOnce(&mut Row),
    ) -> u64 {
        if let Some(table) = &mut self.table {
            out.page(|out| {
                table.row(out, |row| {
                    row.write(PLAIN, |out| context.time(out, time));
                    fill(row);
                });
            });
        }
        self.rows += 1;
        self.late += u64::from(self.above.is_some_and(|above| time < above));
        self.above = Some(time);
        1
    }

    fn message(
        &mut self,
        context: &Context<'_>,
        message: &Message<'_>,
        out: &mut Output<'_>,
    ) -> u64 {
        self.shortened += u64::from(message.complete && message.payload_truncated);
        self.row(context, message.span.time, out, |row| {
            row.number(Some(message.span.first_packet));
            sender(row, message.direction);
            let kind = message.kind.map_or("message", MessageKind::name);
            row.put(PLAIN, format_args!("{kind}"));
            let length = message.payload_length.unwrap_or(message.coded_length);
            row.put(PLAIN, format_args!("{}", bytes(length)));
            row.write(PLAIN, |out| {
                if message.frames > 1 {
                    let _ = write!(out, "[{} frames] ", message.frames);
                }
                message_preview(out, message);
            });
        })
    }

    /// Control frames, and data frames that belong to no message.
    fn frame(&mut self, context: &Context<'_>, frame: &Frame<'_>, out: &mut Output<'_>) -> u64 {
        self.row(context, frame.span.time, out, |row| {
            row.number(Some(frame.span.first_packet));
            sender(row, frame.direction);
            row.put(DIM, format_args!("{}", frame.header.opcode.name()));
            row.put(PLAIN, format_args!("{}", bytes(frame.header.payload_len)));
            row.write(PLAIN, |out| frame_preview(out, frame));
        })
    }

    fn exchange(
        &mut self,
        context: &Context<'_>,
        exchange: &Exchange<'_>,
        out: &mut Output<'_>,
    ) -> u64 {
        let mut rows = 0;
        let asked = exchange.request_wire.is_some() || exchange.method.is_some();
        if asked {
            rows += self.row(context, exchange.span.time, out, |row| {
                row.number(Some(exchange.span.first_packet));
                sender(row, Direction::ToServer);
                row.put(PLAIN, format_args!("request"));
                body(row, exchange.request_body_length);
                row.write(PLAIN, |out| {
                    text::visible(out, exchange.method.unwrap_or("(method not seen)"));
                    out.push(' ');
                    text::visible(out, exchange.target.unwrap_or_default());
                    if let Some(host) = exchange.host {
                        out.push_str("  to ");
                        text::visible(out, host);
                    }
                    on_the_wire(out, exchange.request_wire.as_ref());
                });
            });
        }
        if exchange.response_wire.is_some() || exchange.status.is_some() {
            self.answered = Some((exchange.span.last_packet, exchange.span.end_time));
            rows += self.row(context, exchange.span.end_time, out, |row| {
                row.number(Some(exchange.span.last_packet));
                sender(row, Direction::ToClient);
                row.put(PLAIN, format_args!("response"));
                body(row, exchange.response_content_length);
                row.write(PLAIN, |out| {
                    if !exchange.complete {
                        out.push_str("[incomplete] ");
                    }
                    match exchange.status {
                        Some(status) => out.push_str(&status.to_string()),
                        None => out.push_str("(status not seen)"),
                    }
                    if let Some(kind) = exchange.content_type {
                        out.push_str("  ");
                        text::visible(out, kind);
                    }
                    on_the_wire(out, exchange.response_wire.as_ref());
                });
            });
        }
        rows
    }

    fn handshake(
        &mut self,
        context: &Context<'_>,
        handshake: &Handshake<'_>,
        out: &mut Output<'_>,
    ) -> u64 {
        // The verdict falls with the response, which was the last thing said.
        let answered = self
            .answered
            .filter(|(packet, _)| handshake.response_packet == Some(*packet));
        let (time, packet) = match answered {
            Some((packet, time)) => (time, Some(packet)),
            None => (
                handshake.span.time,
                handshake.response_packet.or(handshake.request_packet),
            ),
        };
        self.row(context, time, out, |row| {
            row.number(packet);
            row.dash();
            row.put(PLAIN, format_args!("opening handshake"));
            row.dash();
            let verdict = handshake.verdict;
            row.write(verdict_style(verdict), |out| {
                out.push_str(verdict.name());
                if !handshake.reasons.is_empty() {
                    out.push_str(": breaks ");
                    out.push_str(&handshake.reasons.join(", "));
                } else if verdict == Verdict::Valid {
                    out.push_str(", accept key ");
                    text::visible(out, handshake.accept.unwrap_or_default());
                }
            });
        })
    }
}

impl Report for Follow {
    fn begin(&mut self, context: &Context<'_>, out: &mut Output<'_>) {
        self.rows = 0;
        self.shortened = 0;
        (self.above, self.late) = (None, 0);
        (self.answered, self.last) = (None, None);
        self.table = Some(Table::new(COLUMNS, context.look));
        if context.several {
            let title = format!("{}\n", context.title());
            out.page(|out| context.look.paint(out, super::look::BOLD, &title));
        }
    }

    fn event(&mut self, context: &Context<'_>, event: &Event<'_>, out: &mut Output<'_>) -> u64 {
        match event {
            Event::Message(message) => self.message(context, message, out),
            Event::Frame(frame) if frame.message.is_none() => self.frame(context, frame, out),
            Event::Exchange(exchange) => self.exchange(context, exchange, out),
            Event::Handshake(handshake) => self.handshake(context, handshake, out),
            Event::Connection(connection) => {
                self.last = Some((*connection).clone());
                0
            }
            Event::Frame(_)
            | Event::Single(_)
            | Event::Notice(_)
            | Event::Finding(_)
            | Event::Unjudged(_) => 0,
        }
    }

    fn settle(&mut self, out: &mut Output<'_>) {
        if let Some(table) = &mut self.table {
            out.page(|out| table.settle(out));
        }
    }

    fn end(&mut self, context: &Context<'_>, _ledger: &Ledger, out: &mut Output<'_>) {
        let Some(mut table) = self.table.take() else {
            return;
        };
        let number = self.connection;
        let mut line = match (&self.last, self.rows) {
            (None, 0) => format!("no connection {number} in {}", context.title()),
            (None, _) => format!("connection {number}"),
            (Some(connection), rows) => format!(
                "connection {number}: {} -> {}, {}, {}, {}{}",
                connection.client,
                connection.server,
                protocol(connection),
                text::count(packets(connection), "packet", "packets"),
                closed(connection),
                if rows == 0 {
                    "; nothing that can be read"
                } else {
                    ""
                },
            ),
        };
        let hint = match &self.last {
            None => "connections".to_string(),
            Some(connection) => {
                let command = listing_of(connection).unwrap_or("overhead");
                format!("{command} --connection {number}")
            }
        };
        let hints = [hint];
        out.page(|out| {
            table.settle(out);
            if let Some(left_out) = table.left_out() {
                line = format!("{line} · {left_out}");
            }
            if self.shortened > 0 {
                let payloads = text::count(self.shortened, "payload", "payloads");
                line = format!("{line} · {payloads} shown only in part: --max-payload all");
            }
            if self.late > 0 {
                let rows = text::count(self.late, "row was", "rows were");
                line = format!("{line} · {rows} known late: earlier than the row above");
            }
            line.push('\n');
            out.extend_from_slice(line.as_bytes());
            context.next(out, &hints);
            if context.several {
                out.push(b'\n');
            }
        });
    }
}

/// Who speaks, with an arrow.
fn sender(row: &mut Row, direction: Direction) {
    match direction {
        Direction::ToServer => row.put(CLIENT, format_args!("client ->")),
        Direction::ToClient => row.put(SERVER, format_args!("<- server")),
    }
}

fn body(row: &mut Row, length: Option<u64>) {
    match length {
        Some(length) => row.put(PLAIN, format_args!("{}", bytes(length))),
        None => row.dash(),
    }
}

fn on_the_wire(out: &mut String, wire: Option<&Wire>) {
    if let Some(wire) = wire {
        let _ = write!(out, "  ({} on the wire)", bytes(wire.total()));
    }
}
