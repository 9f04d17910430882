//! The summary as one page for a person, and as one record for a program.

mod handshakes;
mod messages;

use std::fmt::Write as _;

use self::handshakes::handshakes;
use self::messages::{message_count, message_table};

use super::context::Context;
use super::listing::bytes as with_unit;
use super::listing::connection::{bytes, closed, handshake, messages, packets, protocol};
use super::look::{BOLD, PLAIN, verdict_style};
use super::output::{Form, Output};
use super::overhead::brief;
use super::sheet::{duration, line, paragraph, title};
use super::summary::Summary;
use super::table::{Column, Table};
use super::{Report, text};
use crate::capture::Packet;
use crate::compare::Answers;
use crate::event::Event;
use crate::ledger::{Ledger, Row};
use crate::notice::{Kind, Notice};

/// The columns of the first connections.
const COLUMNS: &[Column] = &[
    Column::number("#", 0),
    Column::text("client", 0).keeping(21),
    Column::text("server", 0).keeping(21),
    Column::name("protocol", 0),
    Column::number("packets", 0).leaving(3),
    Column::number("bytes", 0).leaving(2),
    Column::name("handshake", 0).leaving(1),
    Column::name("messages", 0),
    Column::text("closed", 0).keeping(15),
];

/// Counts while a capture is read, and writes its page or its record at the end.
#[derive(Debug, Default)]
pub struct SummaryReport {
    summary: Summary,
    answers: Answers,
    notices: bool,
    pages: u64,
}

impl SummaryReport {
    /// How many connections a page shows.
    pub const SHOWN: u64 = super::summary::SHOWN as u64;

    /// Of how many handshakes a page shows the texts, those that come first.
    pub const DETAILED: u64 = super::summary::DETAILED as u64;

    /// A summary of each capture, with notices as records beside it where asked for.
    pub fn new(notices: bool) -> Self {
        Self {
            notices,
            ..Self::default()
        }
    }
}

impl Report for SummaryReport {
    fn begin(&mut self, _context: &Context<'_>, out: &mut Output<'_>) {
        self.summary = Summary::default();
        self.answers = Answers::default();
        if out.form() != Form::Markdown {
            out.begin::<Summary>();
        }
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        self.summary.packet(packet);
    }

    fn event(&mut self, context: &Context<'_>, event: &Event<'_>, out: &mut Output<'_>) -> u64 {
        self.summary.event(event);
        if out.form() == Form::Table {
            self.answers.event(event);
        }
        match event {
            Event::Notice(notice) if self.notices => {
                let capture = context.files.of_packet(notice.packet.unwrap_or(0));
                out.record::<Notice>(capture, notice);
                0
            }
            Event::Connection(_) => 1,
            _ => 0,
        }
    }

    fn beside(&mut self, _event: &Event<'_>) {
        self.summary.in_part = true;
    }

    fn totals(&self) -> bool {
        true
    }

    fn end(&mut self, context: &Context<'_>, ledger: &Ledger, out: &mut Output<'_>) {
        self.summary.ledger = *ledger;
        if out.form() == Form::Table {
            let first = self.pages == 0;
            out.page(|out| {
                if !first {
                    out.push(b'\n');
                }
                page(&self.summary, &self.answers, context, out);
            });
        } else {
            out.single(context.files.name(0), &self.summary);
        }
        self.pages += 1;
    }
}

/// Writes the page: the answer first, then what it rests on, then what to ask next.
fn page(summary: &Summary, answers: &Answers, context: &Context<'_>, out: &mut Vec<u8>) {
    head(summary, context, out);
    connections(summary, context, out);
    handshakes(summary, context, out);
    message_table(summary, context, out);
    brief(out, context, answers);
    rest(summary, context, out);
    out.push(b'\n');
    context.next(out, &hints(summary));
}

fn head(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    context.look.paint(out, BOLD, &context.title());
    let mut parts = vec![
        text::count(summary.packets, "packet", "packets"),
        text::count(summary.bytes, "byte", "bytes"),
    ];
    if let (Some(time), Some(end)) = (summary.time, summary.end_time) {
        parts.push(duration(end.since(time)));
    }
    let links: Vec<String> = summary.link_types.iter().map(|link| link.name()).collect();
    if !links.is_empty() {
        parts.push(links.join(" and "));
    }
    let total = summary.connections.total;
    let connections = text::count(total, "connection", "connections");
    if summary.in_part {
        parts.push(format!("{connections} shown"));
        line(out, &format!("   {}", parts.join(" · ")));
        let scope = "Packets, bytes and their time are of all that was read; what follows is of what was asked for.";
        paragraph(out, context, 1, scope);
    } else {
        parts.push(connections);
        line(out, &format!("   {}", parts.join(" · ")));
    }
}

fn connections(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    if summary.first_connections.is_empty() {
        let none = if summary.in_part {
            "No TCP connection is shown."
        } else {
            "No TCP connection is in this capture."
        };
        line(out, &format!("\n{none}"));
        return;
    }
    title(out, context, "CONNECTIONS");
    let mut table = Table::new(COLUMNS, context.look);
    for connection in &summary.first_connections {
        table.row(out, |row| {
            row.number(Some(connection.number));
            row.put(PLAIN, format_args!("{}", connection.client));
            row.put(PLAIN, format_args!("{}", connection.server));
            row.put(PLAIN, format_args!("{}", protocol(connection)));
            row.put(
                PLAIN,
                format_args!("{}", text::grouped(packets(connection))),
            );
            row.put(PLAIN, format_args!("{}", text::grouped(bytes(connection))));
            let style = connection.handshake.map_or(PLAIN, verdict_style);
            row.put(style, format_args!("{}", handshake(connection)));
            row.put(PLAIN, format_args!("{}", messages(connection)));
            row.put(PLAIN, format_args!("{}", closed(connection)));
        });
    }
    table.settle(out);
    if let Some(left_out) = table.left_out() {
        paragraph(out, context, 1, &left_out);
    }
    let more = summary.connections.total - summary.first_connections.len() as u64;
    if more > 0 {
        let more = text::grouped(more);
        line(
            out,
            &format!(" … and {more} more; `wscope connections` lists them all"),
        );
    }
}

fn rest(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    let sum = summary.ledger.sum();
    if sum.total() > 0 {
        let headers = sum.link + sum.network + sum.transport;
        out.push(b'\n');
        let title = if summary.in_part {
            "BYTES OF THE WHOLE CAPTURE"
        } else {
            "BYTES"
        };
        context.look.paint(out, BOLD, title);
        // What no reader understood is not known to be payload of anything.
        let content = |row| summary.ledger.row(row).wire.payload;
        let (unread, other) = (content(Row::Unread), content(Row::Other));
        let payload = sum.payload.saturating_sub(unread + other);
        let parts: Vec<String> = [
            (headers, "packet headers"),
            (sum.tls, "TLS"),
            (sum.head, "protocol heads"),
            (payload, "payload"),
            (unread, "unread"),
            (other, "not TCP"),
        ]
        .into_iter()
        .filter(|(bytes, _)| *bytes > 0)
        .map(|(bytes, name)| format!("{} {name}", with_unit(bytes)))
        .collect();
        let words = format!("   {} = {}", with_unit(sum.total()), parts.join(" + "));
        text::behind(out, context.look, PLAIN, (text::width(title), 8), &words);
        let other = summary.ledger.row(Row::Other);
        if other.packets > 0 {
            // Of what is no TCP, only UDP's headers of 8 bytes are told apart.
            let of_udp = match other.wire.transport / 8 {
                0 => String::new(),
                udp if udp >= other.packets => " but UDP".to_string(),
                udp => format!(", {} of them UDP", text::grouped(udp)),
            };
            let packets = text::count(other.packets, "packet is", "packets are");
            line(out, &format!("        {packets} not TCP{of_udp}"));
        }
        if summary.exchanges > 0 {
            let shown = if summary.in_part { "shown: " } else { "" };
            let exchanges = text::count(summary.exchanges, "HTTP exchange", "HTTP exchanges");
            line(
                out,
                &format!(
                    "        {shown}{exchanges} beside the handshakes: {}",
                    with_unit(summary.exchanges_wire)
                ),
            );
        }
    }
    let mut odd = String::new();
    for (kind, count) in Kind::ALL.iter().zip(&summary.notices) {
        if *count > 0 {
            let comma = if odd.is_empty() { "" } else { ", " };
            let _ = write!(odd, "{comma}{} {}", text::grouped(*count), kind.name());
        }
    }
    if summary.ledger.missing > 0 {
        let comma = if odd.is_empty() { "" } else { ", " };
        let whole = if summary.in_part {
            " from the whole of it"
        } else {
            ""
        };
        let missing = with_unit(summary.ledger.missing);
        let _ = write!(odd, "{comma}{missing} missing{whole}");
    }
    if !odd.is_empty() {
        out.push(b'\n');
        context.look.paint(out, BOLD, "NOT IN THE CAPTURE");
        let words = format!("  {odd}");
        text::behind(out, context.look, PLAIN, (18, 20), &words);
    }
    if let Some(cut) = summary.cut_packets.say() {
        paragraph(out, context, 2, &cut);
    }
}

/// What one would ask next of such a capture.
fn hints(summary: &Summary) -> Vec<String> {
    let [_, invalid, refused, unknown] = summary.handshakes;
    if summary.connections.total == 0 {
        let hint = if summary.in_part {
            "connections"
        } else if summary.notices.iter().any(|count| *count > 0) {
            "summary --notices --format ndjson"
        } else {
            "overhead"
        };
        return vec![hint.to_string()];
    }
    let mut hints = Vec::new();
    let frames = summary.frames.iter().any(|count| *count > 0);
    let can_be_judged = frames || summary.exchanges + invalid + refused + unknown > 0;
    // Rules are judged by a check only; of what breaks them, this page knows handshakes and opcodes.
    let [.., reserved] = summary.frames;
    let lost = summary.ledger.missing + summary.notices.iter().sum::<u64>();
    let odd = can_be_judged && invalid + unknown + reserved + lost > 0;
    if odd {
        hints.push("check".to_string());
    }
    if refused > 0 {
        hints.push("handshakes --verdict refused".to_string());
    }
    if frames {
        let listing = match message_count(summary) {
            0 => "frames",
            _ => "messages",
        };
        hints.extend([listing, "overhead"].map(str::to_string));
        if !odd {
            hints.push("check".to_string());
        }
    } else if summary.exchanges > 0 {
        hints.push("http".to_string());
    }
    if hints.is_empty() {
        hints.push("connections".to_string());
    }
    hints
}
