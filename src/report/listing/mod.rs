//! Listings: a row for each record of one type.

pub(super) mod connection;
mod exchange;
mod frame;
mod handshake;
mod message;
mod payload;

pub(super) use payload::{bytes, frame_preview, message_preview};

use super::context::Context;
use super::fields::Record;
use super::output::{Form, Output};
use super::table::{Column, Row, Table};
use super::{Report, text};
use crate::event::{Connection, Event, Exchange, Frame, Handshake, Message, Verdict};
use crate::ledger::Ledger;
use crate::notice::Notice;

/// Which records are listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// TCP connections.
    Connections,
    /// Opening handshakes.
    Handshakes,
    /// HTTP exchanges.
    Exchanges,
    /// WebSocket messages.
    Messages,
    /// WebSocket frames.
    Frames,
}

/// A record that a table can show.
trait Listed: Record {
    /// The table's columns.
    const COLUMNS: &'static [Column];
    /// One, and several.
    const NOUN: (&'static str, &'static str);

    /// Fills a row with a cell for each column.
    fn fill(&self, context: &Context<'_>, row: &mut Row);

    /// Its connection.
    fn connection(&self) -> u64;

    /// Whether only the beginning of its payload is there to be shown.
    fn shortened(&self) -> bool {
        false
    }
}

/// Lists the records of one type, in any form.
#[derive(Debug)]
pub struct Listing {
    kind: Kind,
    /// Only handshakes of this verdict.
    verdict: Option<Verdict>,
    /// Whether notices are records too.
    notices: bool,
    table: Option<Table>,
    rows: u64,
    shortened: u64,
    connections: Numbers,
}

impl Listing {
    /// A listing of one type of record.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            verdict: None,
            notices: false,
            table: None,
            rows: 0,
            shortened: 0,
            connections: Numbers::default(),
        }
    }

    /// The same, of handshakes with this verdict only.
    #[must_use]
    pub fn of_verdict(mut self, verdict: Option<Verdict>) -> Self {
        self.verdict = verdict;
        self
    }

    /// The same, with notices among the records.
    #[must_use]
    pub fn with_notices(mut self, notices: bool) -> Self {
        self.notices = notices;
        self
    }

    fn start<R: Listed>(&mut self, context: &Context<'_>, out: &mut Output<'_>) {
        out.begin::<R>();
        if out.form() == Form::Table {
            self.table = Some(Table::new(R::COLUMNS, context.look));
        }
    }

    fn show<R: Listed>(
        &mut self,
        context: &Context<'_>,
        capture: &str,
        record: &R,
        out: &mut Output<'_>,
    ) -> u64 {
        if let Some(table) = &mut self.table {
            out.page(|out| table.row(out, |row| record.fill(context, row)));
            self.connections.insert(record.connection());
            self.shortened += u64::from(record.shortened());
        } else {
            out.record(capture, record);
        }
        self.rows += 1;
        1
    }

    fn noun(&self) -> (&'static str, &'static str) {
        match self.kind {
            Kind::Connections => Connection::NOUN,
            Kind::Handshakes => Handshake::NOUN,
            Kind::Exchanges => Exchange::NOUN,
            Kind::Messages => Message::NOUN,
            Kind::Frames => Frame::NOUN,
        }
    }

    /// The last lines: how many, what was cut, what to ask next.
    fn close(&self, context: &Context<'_>, left_out: Option<String>, out: &mut Vec<u8>) {
        let (one, many) = self.noun();
        let mut line = match self.rows {
            0 => format!("no {many}"),
            rows => text::count(rows, one, many),
        };
        if self.rows > 0 && self.kind != Kind::Connections {
            let connections = text::count(self.connections.len, "connection", "connections");
            line = format!("{line} of {connections}");
        }
        if let Some(left_out) = left_out {
            line = format!("{line} · {left_out}");
        }
        if self.shortened > 0 {
            let payloads = text::count(self.shortened, "payload", "payloads");
            line = format!("{line} · {payloads} shown only in part: --max-payload all");
        }
        line.push('\n');
        out.extend_from_slice(line.as_bytes());
        context.next(out, &self.hints());
    }

    fn hints(&self) -> Vec<String> {
        let of = |command: &str| match self.connections.first {
            Some(number) => format!("{command} --connection {number}"),
            None => command.to_string(),
        };
        match self.kind {
            _ if self.rows == 0 => vec!["summary".into(), "connections".into()],
            Kind::Connections => vec![of("follow"), "handshakes".into()],
            Kind::Handshakes => vec![of("follow"), "messages".into()],
            Kind::Exchanges => vec![of("follow"), "connections".into()],
            Kind::Messages => vec![of("follow"), of("frames")],
            Kind::Frames => vec![of("messages"), of("follow")],
        }
    }
}

impl Report for Listing {
    fn begin(&mut self, context: &Context<'_>, out: &mut Output<'_>) {
        self.rows = 0;
        self.shortened = 0;
        self.connections = Numbers::default();
        if out.form() == Form::Table && context.several {
            let title = format!("{}\n", context.title());
            out.page(|out| context.look.paint(out, super::look::BOLD, &title));
        }
        match self.kind {
            Kind::Connections => self.start::<Connection>(context, out),
            Kind::Handshakes => self.start::<Handshake<'_>>(context, out),
            Kind::Exchanges => self.start::<Exchange<'_>>(context, out),
            Kind::Messages => self.start::<Message<'_>>(context, out),
            Kind::Frames => self.start::<Frame<'_>>(context, out),
        }
    }

    fn event(&mut self, context: &Context<'_>, event: &Event<'_>, out: &mut Output<'_>) -> u64 {
        let files = context.files;
        match (self.kind, event) {
            (Kind::Frames, Event::Frame(frame)) => {
                self.show(context, files.name(frame.span.file), *frame, out)
            }
            (Kind::Messages, Event::Message(message)) => {
                self.show(context, files.name(message.span.file), *message, out)
            }
            (Kind::Exchanges, Event::Exchange(exchange)) => {
                self.show(context, files.name(exchange.span.file), *exchange, out)
            }
            (Kind::Handshakes, Event::Handshake(handshake))
                if self.verdict.is_none_or(|only| only == handshake.verdict) =>
            {
                let packet = handshake.request_packet.or(handshake.response_packet);
                let capture = files.of_packet(packet.unwrap_or(0));
                self.show(context, capture, *handshake, out)
            }
            (Kind::Connections, Event::Connection(connection)) => {
                let capture = files.of_packet(connection.first_packet);
                self.show(context, capture, *connection, out)
            }
            (_, Event::Notice(notice)) if self.notices => {
                let capture = files.of_packet(notice.packet.unwrap_or(0));
                out.record::<Notice>(capture, notice);
                0
            }
            _ => 0,
        }
    }

    fn settle(&mut self, out: &mut Output<'_>) {
        if let Some(table) = &mut self.table {
            out.page(|out| table.settle(out));
        }
    }

    fn end(&mut self, context: &Context<'_>, _ledger: &Ledger, out: &mut Output<'_>) {
        if let Some(mut table) = self.table.take() {
            out.page(|out| {
                table.settle(out);
                self.close(context, table.left_out(), out);
                if context.several {
                    out.push(b'\n');
                }
            });
        }
    }
}

/// A set of connection numbers, which are dense: a bit each.
#[derive(Debug, Default)]
struct Numbers {
    bits: Vec<u64>,
    len: u64,
    first: Option<u64>,
}

impl Numbers {
    fn insert(&mut self, number: u64) {
        self.first.get_or_insert(number);
        let Ok(word) = usize::try_from(number / 64) else {
            return;
        };
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        if let Some(bits) = self.bits.get_mut(word) {
            let bit = 1 << (number % 64);
            self.len += u64::from(*bits & bit == 0);
            *bits |= bit;
        }
    }
}
