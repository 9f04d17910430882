//! The overhead report as pages for a person.

use super::{OverheadReport, Part, answers, break_even, ledger, of_connection, what_if};
use crate::artefact::Artefacts;
use crate::event::Connection;
use crate::ledger::Ledger;
use crate::medium::Ethernet;
use crate::report::context::Context;
use crate::report::look::BOLD;
use crate::report::output::Form;
use crate::report::sheet::{line, paragraph, title};
use crate::report::text;

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
                vec![more.to_string(), "messages".to_string()]
            }
            (Some(number), Some(connection)) => {
                let ends = format!("{} and {}", connection.client, connection.server);
                line(out, &format!("   connection {number}, of {ends}"));
                if self.shows(Part::Ledger) {
                    ledgers(connection, context, out);
                }
                vec![format!("frames --connection {number}")]
            }
            (Some(number), None) => {
                line(
                    out,
                    &format!("   has no connection {number} among what is shown"),
                );
                vec!["connections".to_string()]
            }
        };
        self.rest_of_page(context, out);
        out.push(b'\n');
        context.next(out, &hints);
    }

    fn rest_of_page(&self, context: &Context<'_>, out: &mut Vec<u8>) {
        let comparison = &self.counts.comparison;
        let what_ifs = comparison.what_ifs();
        if self.shows(Part::Comparison) {
            answers::section(out, context, comparison.units(), &what_ifs);
        }
        if let Some(even) = comparison
            .break_even()
            .filter(|_| self.shows(Part::BreakEven))
        {
            break_even::section(out, context, &even);
        }
        if self.shows(Part::WhatIf) {
            what_if::section(out, context, &what_ifs);
        }
        if self.shows(Part::Artefact) {
            artefacts(out, context, &self.counts.artefacts);
        }
        if self.on_ethernet && self.shows(Part::Medium) {
            ethernet(out, context, &self.counts.ethernet);
        }
    }

    fn shows(&self, part: Part) -> bool {
        self.wants(part, Form::Table)
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

fn artefacts(out: &mut Vec<u8>, context: &Context<'_>, artefacts: &Artefacts) {
    let present: Vec<_> = artefacts.present().collect();
    if present.is_empty() {
        return;
    }
    title(out, context, "NOT AS ON A NETWORK");
    for artefact in present {
        let mut count = text::count(artefact.packets, "packet", "packets");
        if let Some(connections) = artefact.connections {
            count = format!(
                "{count} of {}",
                text::count(connections, "connection", "connections")
            );
        }
        if let Some(segments) = artefact.estimated_segments {
            count = format!("{count}, about {} on Ethernet", text::grouped(segments));
        }
        line(out, &format!(" {}: {count}", artefact.kind.name()));
        paragraph(out, context, 3, artefact.kind.explanation());
    }
}

fn ethernet(out: &mut Vec<u8>, context: &Context<'_>, ethernet: &Ethernet) {
    title(out, context, "ON ETHERNET");
    let bytes = |number| text::count(number, "byte", "bytes");
    let packets = text::count(ethernet.packets, "packet", "packets");
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
