//! The overhead report as pages for a person.

use super::{OverheadReport, Part, answers, break_even, ledger, of_connection, what_if};
use crate::compare::Unit;
use crate::direction::Direction;
use crate::event::Connection;
use crate::ledger::Ledger;
use crate::report::context::Context;
use crate::report::listing::connection::listing_of;
use crate::report::look::BOLD;
use crate::report::output::Form;
use crate::report::sheet::{line, paragraph, title};
use crate::report::text;

/// What is not there where nothing is set against HTTP.
const NO_MESSAGE: &str = "no WebSocket message that is complete and exactly placed";

impl OverheadReport {
    /// Writes the page of a capture, or of one connection.
    pub(super) fn page(&self, context: &Context<'_>, whole: &Ledger, out: &mut Vec<u8>) {
        context.look.paint(out, BOLD, &context.title());
        let counts = &self.counts;
        let hints = match (self.connection, &counts.chosen) {
            (None, _) => {
                let packets = text::count(counts.packets, "packet", "packets");
                let bytes = text::count(counts.bytes, "byte", "bytes");
                let connections = text::count(counts.connections, "connection", "connections");
                line(out, &format!("   {packets} · {bytes} · {connections}"));
                if counts.in_part {
                    let scope = "The ledger is of all that was read; what follows it is of the packets and times that were asked for.";
                    paragraph(out, context, 1, scope);
                }
                if self.shows(Part::Ledger) {
                    title(out, context, "WHERE THE BYTES WENT");
                    ledger::table(out, context, whole, counts.bytes);
                }
                let more = match counts.connections {
                    0 => "summary",
                    _ if counts.in_part => "connections",
                    _ => "overhead --connection 0",
                };
                let next = match (counts.messages, counts.exchanges) {
                    (true, _) => Some("messages"),
                    (false, true) => Some("http"),
                    (false, false) => None,
                };
                let hints = [Some(more), next].into_iter().flatten();
                hints.map(str::to_string).collect()
            }
            (Some(number), Some(connection)) => {
                let ends = format!("{} and {}", connection.client, connection.server);
                line(out, &format!("   connection {number}, of {ends}"));
                if counts.in_part_of_connection {
                    let scope = "The ledgers are of the whole connection; what follows them is of the packets and times that were asked for.";
                    paragraph(out, context, 1, scope);
                }
                if self.shows(Part::Ledger) {
                    ledgers(connection, context, out);
                }
                vec![match listing_of(connection) {
                    Some(command) => format!("{command} --connection {number}"),
                    None => "connections".to_string(),
                }]
            }
            (Some(number), None) => {
                line(
                    out,
                    &format!("   has no connection {number} among what is shown"),
                );
                vec!["connections".to_string()]
            }
        };
        if self.connection.is_none() || counts.chosen.is_some() {
            self.rest_of_page(context, out);
        }
        out.push(b'\n');
        context.next(out, &hints);
    }

    fn rest_of_page(&self, context: &Context<'_>, out: &mut Vec<u8>) {
        let comparison = &self.counts.comparison;
        let (units, what_ifs) = (comparison.units(), comparison.what_ifs());
        let http = units.get(Unit::HttpExchange).is_some();
        let messages = Direction::ALL.map(Unit::WebSocketMessage);
        let messages = messages.into_iter().any(|unit| units.get(unit).is_some());
        if self.shows(Part::Comparison) {
            answers::section(out, context, units, &what_ifs);
            let missing = match (http, messages) {
                (false, true) => Some("no complete HTTP exchange beside opening handshakes"),
                (true, false) if self.only.is_some() => Some(NO_MESSAGE),
                _ => None,
            };
            if let Some(missing) = missing {
                let sentence = format!("Nothing to compare with: {} has {missing}.", self.scope());
                paragraph(out, context, 1, &sentence);
            }
        }
        let even = comparison.break_even();
        if let Some(even) = even.as_ref().filter(|_| self.shows(Part::BreakEven)) {
            break_even::section(out, context, even);
        }
        if self.shows(Part::WhatIf) {
            what_if::section(out, context, &what_ifs);
        }
        let left_out = [
            ("comparison", self.shows(Part::Comparison) && !http),
            ("break-even", self.shows(Part::BreakEven)),
            ("what-if", self.shows(Part::WhatIf)),
        ];
        let left_out = left_out.into_iter().filter(|(_, wanted)| *wanted);
        let left_out: Vec<&str> = left_out.map(|(name, _)| name).collect();
        if !messages && !left_out.is_empty() {
            let nor = if http {
                ""
            } else {
                "no complete HTTP exchange and "
            };
            let sentence = format!(
                "No {}: {} has {nor}{NO_MESSAGE}.",
                left_out.join(", no "),
                self.scope()
            );
            out.push(b'\n');
            paragraph(out, context, 0, &sentence);
        }
        if self.shows(Part::Artefact) {
            self.artefacts(out, context);
        }
        if self.on_ethernet && self.shows(Part::Medium) {
            self.ethernet(out, context);
        } else if self.only == Some(Part::Medium) {
            line(out, "\nNo medium is named: --medium ethernet names one.");
        }
    }

    /// Where what is compared was looked for.
    fn scope(&self) -> &'static str {
        if self.is_part() {
            "what is shown"
        } else {
            "this capture"
        }
    }

    /// Whether some of what was read is not shown, though its packets are counted.
    fn is_part(&self) -> bool {
        self.connection.is_some() || self.counts.in_part
    }

    /// Packets, and of what where that is more than what is shown.
    fn packets(&self, number: u64) -> String {
        let packets = text::count(number, "packet", "packets");
        if self.is_part() {
            format!("{packets} of the whole capture")
        } else {
            packets
        }
    }

    fn shows(&self, part: Part) -> bool {
        self.wants(part, Form::Table)
    }

    fn artefacts(&self, out: &mut Vec<u8>, context: &Context<'_>) {
        let present: Vec<_> = self.counts.artefacts.present().collect();
        if present.is_empty() {
            let sentence = "As on a network, as far as packets show: no loopback, no offloading, no cooked headers, none cut, no side missing.";
            out.push(b'\n');
            paragraph(out, context, 0, sentence);
            return;
        }
        title(out, context, "NOT AS ON A NETWORK");
        for artefact in present {
            let mut count = match artefact.connections {
                Some(connections) => format!(
                    "{} of {}",
                    text::count(artefact.packets, "packet", "packets"),
                    text::count(connections, "connection", "connections")
                ),
                None => self.packets(artefact.packets),
            };
            if let Some(segments) = artefact.estimated_segments {
                count = format!("{count}, about {} on Ethernet", text::grouped(segments));
            }
            line(out, &format!(" {}: {count}", artefact.kind.name()));
            paragraph(out, context, 3, artefact.kind.explanation());
        }
    }

    fn ethernet(&self, out: &mut Vec<u8>, context: &Context<'_>) {
        let ethernet = &self.counts.ethernet;
        title(out, context, "ON ETHERNET");
        let bytes = |number| text::count(number, "byte", "bytes");
        let packets = self.packets(ethernet.packets);
        let frames = text::count(ethernet.frames, "frame", "frames");
        line(
            out,
            &format!(
                " {packets} take {frames} and {} of the wire's time:",
                bytes(ethernet.total())
            ),
        );
        let parts = [
            ("headers and payload", ethernet.frame_bytes),
            ("padding to 64 bytes", ethernet.padding),
            ("check sequences", ethernet.fcs()),
            ("preambles", ethernet.preamble()),
            ("gaps", ethernet.gap()),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, number)| *number > 0)
            .map(|(name, number)| format!("{} {name}", text::grouped(number)))
            .collect();
        paragraph(out, context, 3, &parts.join(" + "));
        if ethernet.left_out > 0 {
            let left_out = text::count(ethernet.left_out, "packet", "packets");
            line(out, &format!("   without {left_out} of other links"));
        }
    }
}

fn ledgers(connection: &Connection, context: &Context<'_>, out: &mut Vec<u8>) {
    let [both, client, server] = of_connection(connection);
    let bytes = connection.bytes;
    let parts = [
        (
            "WHERE THE BYTES WENT",
            &both,
            bytes.to_server + bytes.to_client,
        ),
        ("SENT BY THE CLIENT", &client, bytes.to_server),
        ("SENT BY THE SERVER", &server, bytes.to_client),
    ];
    for (name, record, bytes) in parts {
        title(out, context, name);
        ledger::table(out, context, &record.ledger, bytes);
    }
}
