//! The summary as one page for a person, and as one record for a program.

use std::fmt::Write as _;

use super::context::Context;
use super::listing::bytes as with_unit;
use super::listing::connection::{bytes, closed, handshake, messages, packets, protocol};
use super::look::{BOLD, PLAIN, verdict_style};
use super::output::{Form, Output};
use super::overhead::brief;
use super::sheet::{duration, line, mean, pad, paragraph, place, sheet, title};
use super::summary::{Detail, Summary, Tally};
use super::table::{Column, Table};
use super::{Report, text};
use crate::capture::Packet;
use crate::compare::Answers;
use crate::direction::Direction;
use crate::event::{Event, Verdict};
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

fn handshakes(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    let total: u64 = summary.handshakes.iter().sum();
    if total > summary.first_handshakes.len() as u64 {
        let counts: Vec<String> = Verdict::ALL
            .into_iter()
            .zip(summary.handshakes)
            .filter(|(_, count)| *count > 0)
            .map(|(verdict, count)| format!("{} {}", text::grouped(count), verdict.name()))
            .collect();
        title(out, context, "HANDSHAKES");
        line(out, &format!("  {}", counts.join(", ")));
        for invalid in &summary.invalid_handshakes {
            let number = invalid.connection;
            let reasons = invalid.reasons.join(", ");
            line(
                out,
                &format!("  connection {number}: invalid, breaks {reasons}"),
            );
        }
        let [_, invalid, ..] = summary.handshakes;
        let more = invalid.saturating_sub(summary.invalid_handshakes.len() as u64);
        if more > 0 {
            let more = text::grouped(more);
            line(
                out,
                &format!(
                    "  … and {more} more; `wscope handshakes --verdict invalid` lists them all"
                ),
            );
        }
        return;
    }
    for detail in &summary.first_handshakes {
        handshake_detail(summary, detail, context, out);
    }
}

fn handshake_detail(summary: &Summary, detail: &Detail, context: &Context<'_>, out: &mut Vec<u8>) {
    out.push(b'\n');
    let name = format!("HANDSHAKE of connection {}: ", detail.connection);
    context.look.paint(out, BOLD, &name);
    let verdict = detail.verdict;
    context
        .look
        .paint(out, verdict_style(verdict), verdict.name());
    if !detail.reasons.is_empty() {
        let _ =
            std::io::Write::write_fmt(out, format_args!(", breaks {}", detail.reasons.join(", ")));
    }
    out.push(b'\n');
    let shown = |text: &Option<String>| {
        let mut out = String::new();
        text::visible(&mut out, text.as_deref().unwrap_or("(none)"));
        out
    };
    let packet = |number: Option<u64>| number.map_or("-".to_string(), |number| number.to_string());
    if detail.request_packet.is_some() {
        let request = format!(
            "  packet {}  {} {} HTTP/{}",
            packet(detail.request_packet),
            shown(&detail.method),
            shown(&detail.target),
            shown(&detail.http_version),
        );
        let key = format!("Sec-WebSocket-Key     {}", shown(&detail.key));
        beside(out, context, request, &key);
    }
    if let Some(status) = detail.status {
        let mut response = format!("  packet {}  {status}", packet(detail.response_packet));
        if status == 101 {
            response.push_str(" Switching Protocols");
        }
        let judged = match (&detail.accept, &detail.accept_expected) {
            (Some(accept), Some(expected)) if accept == expected => "   as expected from the key",
            (Some(_), Some(_)) => "   not what the key calls for",
            _ => "",
        };
        let accept = format!("Sec-WebSocket-Accept  {}{judged}", shown(&detail.accept));
        beside(out, context, response, &accept);
        if let (true, Some(expected)) = (judged.contains("not what"), &detail.accept_expected) {
            let expected = format!("expected              {expected}");
            beside(out, context, String::new(), &expected);
        }
    }
    if detail.subprotocol.is_some() {
        line(
            out,
            &format!("  subprotocol  {}", shown(&detail.subprotocol)),
        );
    }
    if !detail.extensions.is_empty() {
        let mut extensions = String::new();
        text::visible(&mut extensions, &detail.extensions);
        let any = summary.connections.websocket == 1 && message_count(summary) > 0;
        let compressed = |direction| summary.compression[direction].count;
        let unused = if any && Direction::ALL.into_iter().map(compressed).sum::<u64>() == 0 {
            ", agreed and never used"
        } else {
            ", agreed"
        };
        let words = format!("  extension    {extensions}{unused}");
        text::paragraph(out, context.look, PLAIN, 15, &words);
    }
}

/// Writes a field beside what it stands in; where the terminal is too narrow, below it.
fn beside(out: &mut Vec<u8>, context: &Context<'_>, mut left: String, right: &str) {
    const LEFT: usize = 42;
    let needed = LEFT.max(text::width(&left)) + 2 + text::width(right);
    if context.look.width.is_some_and(|width| needed > width) {
        if !left.is_empty() {
            line(out, &left);
        }
        text::paragraph(out, context.look, PLAIN, 6, &format!("    {right}"));
    } else {
        pad(&mut left, LEFT);
        line(out, &format!("{left}  {right}"));
    }
}

fn message_count(summary: &Summary) -> u64 {
    let tallies = Direction::ALL.map(|direction| summary.messages[direction]);
    tallies.iter().flatten().map(|tally| tally.count).sum()
}

fn message_table(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    if message_count(summary) > 0 {
        out.push(b'\n');
        let mut table = sheet(
            context,
            &[
                "MESSAGES",
                "count",
                "payload each",
                "frames each",
                "on the wire each",
                "overhead each",
            ],
            &[1, 2, 3, 4, 5],
        );
        for direction in Direction::ALL {
            let kinds = ["text", "binary", "of unknown kind"];
            for (kind, tally) in kinds.into_iter().zip(&summary.messages[direction]) {
                if tally.count > 0 {
                    table.add_row(tally_row(direction, kind, tally));
                }
            }
        }
        place(out, &mut table, &[1, 2, 3, 4, 5]);
    }
    compression(summary, context, out);
    let frames: Vec<String> = super::record::OPCODES
        .iter()
        .zip(summary.frames)
        .filter(|(_, count)| *count > 0)
        .map(|(opcode, count)| format!("{} {opcode}", text::grouped(count)))
        .collect();
    if !frames.is_empty() {
        let total: u64 = summary.frames.iter().sum();
        out.push(b'\n');
        context.look.paint(out, BOLD, "FRAMES");
        let words = format!("  {}: {}", text::grouped(total), frames.join(", "));
        text::behind(out, context.look, PLAIN, (6, 8), &words);
    }
}

/// What compression made of the messages of each side.
fn compression(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    let mut lead = "COMPRESSED";
    for direction in Direction::ALL {
        let compressed = &summary.compression[direction];
        if compressed.count == 0 {
            continue;
        }
        if lead.trim().is_empty() {
            out.extend_from_slice(lead.as_bytes());
        } else {
            out.push(b'\n');
            context.look.paint(out, BOLD, lead);
        }
        lead = "          ";
        let of: u64 = summary.messages[direction]
            .iter()
            .map(|tally| tally.count)
            .sum();
        let ratio = if compressed.coded == 0 {
            String::new()
        } else {
            format!(" ({} : 1)", mean(compressed.payload, compressed.coded))
        };
        let unknown = match compressed.count - compressed.inflated {
            0 => String::new(),
            unknown => format!(", {} of unknown length", text::grouped(unknown)),
        };
        line(
            out,
            &format!(
                "  {} {} of {}: {} for {}{ratio}{unknown}",
                direction.sender(),
                text::grouped(compressed.count),
                text::count(of, "message", "messages"),
                with_unit(compressed.coded),
                with_unit(compressed.payload),
            ),
        );
    }
}

fn tally_row(direction: Direction, kind: &str, tally: &Tally) -> [String; 6] {
    [
        format!(" {} {kind}", direction.sender()),
        text::grouped(tally.count),
        format!("{} B", mean(tally.payload, tally.count)),
        mean(tally.frames, tally.count),
        format!("{} B", mean(tally.wire, tally.count)),
        format!(
            "{} B",
            mean(tally.wire.saturating_sub(tally.payload), tally.count)
        ),
    ]
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
