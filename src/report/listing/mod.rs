//! Listings: a row for each record of one type.

pub(super) mod connection;
mod exchange;
mod frame;
mod handshake;
mod message;
mod payload;

pub(super) use payload::{bytes, frame_preview, message_preview};

use super::context::Context;
use super::cut::Cut;
use super::fields::Record;
use super::look::Look;
use super::output::{Form, Output};
use super::table::{Column, Row, Table};
use super::{Report, text};
use crate::capture::Packet;
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

    /// Whether a transcript of its connection has rows.
    fn can_be_followed(&self) -> bool {
        true
    }

    /// Whether the listing that one would look at next has something of it.
    fn leads_on(&self) -> bool {
        true
    }

    /// Whether only the beginning of its payload is there to be shown.
    fn shortened(&self) -> bool {
        false
    }
}

/// What a search for handshakes of one verdict has come to, in all captures.
#[derive(Clone, Debug, Default)]
struct Search {
    captures: u64,
    handshakes: u64,
    shown: u64,
    /// What one would look at next where none is shown: of the first capture that has handshakes, else of the first.
    next: Vec<String>,
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
    /// The first connection that a transcript can be made of.
    followed: Option<u64>,
    /// The first connection of which the next listing has something.
    led: Option<u64>,
    /// Handshakes of other verdicts.
    others: u64,
    search: Search,
    look: Look,
    cut: Cut,
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
            followed: None,
            led: None,
            others: 0,
            search: Search::default(),
            look: Look::default(),
            cut: Cut::default(),
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
        let title = (self.rows == 0 && self.is_selective(context)).then(|| heading(context));
        if let Some(table) = &mut self.table {
            out.page(|out| {
                if let Some(title) = title {
                    context.look.paint(out, super::look::BOLD, &title);
                }
                table.row(out, |row| record.fill(context, row));
            });
            let number = record.connection();
            self.connections.insert(number);
            if record.can_be_followed() {
                self.followed.get_or_insert(number);
            }
            if record.leads_on() {
                self.led.get_or_insert(number);
            }
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

    /// Whether captures without a row are left out: where several are searched for handshakes of one verdict.
    fn is_selective(&self, context: &Context<'_>) -> bool {
        context.several && self.verdict.is_some()
    }

    /// What is said where there is no row.
    fn nothing(&self, many: &str) -> String {
        match self.verdict {
            Some(verdict) if self.others > 0 => of_verdict(0, self.others, "", verdict),
            _ => format!("no {many}"),
        }
    }

    /// The last lines: how many, what was cut, what to ask next.
    fn close(&self, context: &Context<'_>, left_out: Option<String>, out: &mut Vec<u8>) {
        let (one, many) = self.noun();
        let mut line = match self.rows {
            0 => self.nothing(many),
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
        if let (0, Some(cut)) = (self.rows, self.cut.say()) {
            super::sheet::paragraph(out, context, 0, &cut);
        }
        context.next(out, &self.hints());
    }

    /// What one would look at next: nothing that is known to be empty.
    fn hints(&self) -> Vec<String> {
        let of = |command: &str, connection: Option<u64>| {
            connection.map(|number| format!("{command} --connection {number}"))
        };
        let all = |command: &str, there_is: bool| there_is.then(|| command.to_string());
        let follow = of("follow", self.followed);
        let (rows, led) = (self.rows > 0, self.led.is_some());
        let hints = match self.kind {
            Kind::Connections if rows => [follow, all("handshakes", led)],
            Kind::Connections => [all("summary", true), None],
            Kind::Handshakes if !rows && self.others > 0 => {
                [all("handshakes", true), all("summary", true)]
            }
            _ if !rows => [all("summary", true), all("connections", true)],
            Kind::Handshakes => [follow, all("messages", led)],
            Kind::Exchanges => [follow, all("connections", true)],
            Kind::Messages => [follow, of("frames", self.led)],
            Kind::Frames => [of("messages", self.led), follow],
        };
        let hints: Vec<String> = hints.into_iter().flatten().collect();
        if hints.is_empty() {
            vec!["summary".to_string()]
        } else {
            hints
        }
    }
}

impl Report for Listing {
    fn begin(&mut self, context: &Context<'_>, out: &mut Output<'_>) {
        self.rows = 0;
        self.shortened = 0;
        self.connections = Numbers::default();
        (self.followed, self.led) = (None, None);
        self.others = 0;
        self.look = context.look;
        self.cut = Cut::default();
        if out.form() == Form::Table && context.several && self.verdict.is_none() {
            let title = heading(context);
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

    fn packet(&mut self, packet: &Packet<'_>) {
        self.cut.packet(packet);
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
            (Kind::Handshakes, Event::Handshake(_)) => {
                self.others += 1;
                0
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
        if self.search.captures == 0 || self.search.handshakes == 0 && self.others > 0 {
            self.search.next = context.commands(&self.hints());
        }
        self.search.captures += 1;
        self.search.handshakes += self.rows + self.others;
        self.search.shown += self.rows;
        if self.rows == 0 && self.is_selective(context) {
            self.table = None;
        }
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

    fn finish(&mut self, out: &mut Output<'_>) {
        let Search {
            captures,
            handshakes,
            shown,
            ref next,
        } = self.search;
        let Some(verdict) = self.verdict else { return };
        if captures < 2 || out.form() != Form::Table {
            return;
        }
        let place = format!(" in {}", text::count(captures, "capture", "captures"));
        let line = of_verdict(shown, handshakes, &place, verdict);
        out.page(|out| {
            super::sheet::line(out, &line);
            if shown == 0 {
                text::next(out, self.look, next);
            }
        });
    }
}

/// The line that stands above the rows of a capture among several.
fn heading(context: &Context<'_>) -> String {
    format!("{}\n", context.title())
}

/// How many of all handshakes in a place have a verdict.
fn of_verdict(shown: u64, all: u64, place: &str, verdict: Verdict) -> String {
    let (one, many) = Handshake::NOUN;
    let all = text::count(all, one, many);
    let (shown, are) = match shown {
        0 => ("none".to_string(), "is"),
        1 => ("1".to_string(), "is"),
        shown => (text::grouped(shown), "are"),
    };
    let verdict = match verdict {
        Verdict::Unknown => "of unknown verdict",
        verdict => verdict.name(),
    };
    format!("{shown} of {all}{place} {are} {verdict}")
}

/// A set of connection numbers, which are dense: a bit each.
#[derive(Debug, Default)]
struct Numbers {
    bits: Vec<u64>,
    len: u64,
}

impl Numbers {
    fn insert(&mut self, number: u64) {
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
