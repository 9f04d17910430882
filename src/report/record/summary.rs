//! `summary`: what a capture holds.

use super::ledger;
use crate::check::Severity;
use crate::direction::{Both, Direction};
use crate::event::Verdict;
use crate::notice::Kind;
use crate::report::fields::{Fields, Record};
use crate::report::summary::{Invalid, Summary, Tally};

/// The version of the records' contract.
pub(super) const SCHEMA: u64 = 1;

impl Record for Summary {
    const TYPE: &'static str = "summary";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        fields.integer("schema", Some(SCHEMA));
        fields.integer("packets", Some(self.packets));
        fields.integer("bytes", Some(self.bytes));
        fields.time("time", self.time);
        fields.time("end_time", self.end_time);
        let links: Vec<String> = self.link_types.iter().map(|link| link.name()).collect();
        let links: Vec<&str> = links.iter().map(String::as_str).collect();
        fields.texts("link_types", &links);
        fields.object("connections", &|counts| {
            let connections = &self.connections;
            counts.integer("total", Some(connections.total));
            counts.integer("websocket", Some(connections.websocket));
            counts.integer("http", Some(connections.http));
            counts.integer("http2", Some(connections.http2));
            counts.integer("tls", Some(connections.tls));
            counts.integer("opaque", Some(connections.opaque));
            counts.integer("empty", Some(connections.empty));
            counts.integer("possible_websocket", Some(connections.possible_websocket));
        });
        fields.object("handshakes", &|counts| {
            for (verdict, count) in Verdict::ALL.into_iter().zip(self.handshakes) {
                counts.integer(verdict.name(), Some(count));
            }
        });
        fields.list(
            "invalid_handshakes",
            self.invalid_handshakes.len(),
            &|index, columns| {
                let Some(invalid) = self.invalid_handshakes.get(index) else {
                    return;
                };
                columns.integer("connection", Some(invalid.connection));
                columns.integer("request_packet", invalid.request_packet);
                columns.texts("reasons", &invalid.reasons);
            },
        );
        fields.object("messages", &|senders| {
            for direction in Direction::ALL {
                senders.object(direction.sender(), &|kinds| {
                    let names = ["text", "binary", "unknown"];
                    for (kind, tally) in names.into_iter().zip(&self.messages[direction]) {
                        kinds.object(kind, &|columns| walk_tally(tally, columns));
                    }
                });
            }
        });
        fields.object("compression", &|senders| {
            for direction in Direction::ALL {
                let compressed = &self.compression[direction];
                senders.object(direction.sender(), &|columns| {
                    columns.integer("count", Some(compressed.count));
                    columns.integer("inflated", Some(compressed.inflated));
                    columns.integer("coded", Some(compressed.coded));
                    columns.integer("payload", Some(compressed.payload));
                });
            }
        });
        fields.object("frames", &|counts| {
            for (opcode, count) in super::frame::OPCODES.iter().zip(self.frames) {
                counts.integer(opcode, Some(count));
            }
        });
        fields.object("ledger", &|columns| ledger::walk(&self.ledger, columns));
        fields.object("findings", &|counts| {
            for (severity, count) in Severity::ALL.into_iter().zip(self.findings) {
                counts.integer(severity.name(), Some(count));
            }
        });
        fields.object("notices", &|counts| {
            for (index, kind) in Kind::ALL.iter().enumerate() {
                let count = self.notices.get(index).copied().unwrap_or(0);
                counts.integer(kind.name(), Some(count));
            }
        });
        fields.boolean("cut", Some(self.cut));
    }

    fn blank() -> Self {
        Self {
            invalid_handshakes: vec![Invalid::default()],
            messages: Both::default(),
            ledger: ledger::LedgerRecord::blank().ledger,
            ..Self::default()
        }
    }
}

fn walk_tally(tally: &Tally, fields: &mut dyn Fields) {
    fields.integer("count", Some(tally.count));
    fields.integer("incomplete", Some(tally.incomplete));
    fields.integer("payload", Some(tally.payload));
    fields.integer("wire", Some(tally.wire));
}
