//! Overhead: where the bytes of a capture went, what HTTP costs beside WebSocket, and what the same messages would cost otherwise.

mod answers;
mod break_even;
mod ledger;
mod page;
mod what_if;

pub(super) use answers::brief;

use super::Report;
use super::context::Context;
use super::fields::Record;
use super::output::{Form, Output};
use super::record::{LedgerRecord, LedgerRow, UnitRecord};
use crate::artefact::{Artefact, Artefacts};
use crate::capture::Packet;
use crate::compare::{BreakEven, Comparison, Options, WhatIf};
use crate::direction::Direction;
use crate::event::{Connection, Event};
use crate::ledger::Ledger;
use crate::medium::Ethernet;
use crate::notice::Notice;

/// A part of the report, which is one type of record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// Where the bytes went.
    Ledger,
    /// What an answer costs.
    Comparison,
    /// When a WebSocket has paid for its handshake.
    BreakEven,
    /// What the messages would have cost otherwise.
    WhatIf,
    /// Where the capture is not what the network carried.
    Artefact,
    /// What the medium adds.
    Medium,
}

/// Writes ledgers, of each connection as it closes and of the whole capture, and what follows from them at the end.
#[derive(Debug, Default)]
pub struct OverheadReport {
    model: Options,
    only: Option<Part>,
    connection: Option<u64>,
    on_ethernet: bool,
    notices: bool,
    counts: Counts,
    pages: u64,
}

/// What is counted while a capture is read.
#[derive(Debug, Default)]
struct Counts {
    packets: u64,
    /// The packets' original lengths: what the capture's ledger must sum to.
    bytes: u64,
    connections: u64,
    /// Whether something was read that is not among what was asked for.
    in_part: bool,
    /// Whether something of the one connection that was asked for is not.
    in_part_of_connection: bool,
    /// Whether there were messages, and exchanges.
    messages: bool,
    exchanges: bool,
    /// The one connection that was asked for.
    chosen: Option<Box<Connection>>,
    comparison: Comparison,
    artefacts: Artefacts,
    ethernet: Ethernet,
}

impl OverheadReport {
    /// A report of everything, with HTTP modelled as told.
    pub fn new(model: Options) -> Self {
        Self {
            model,
            ..Self::default()
        }
    }

    /// The same, with one type of record only.
    #[must_use]
    pub fn only(mut self, only: Option<Part>) -> Self {
        self.only = only;
        self
    }

    /// The same, of one connection.
    #[must_use]
    pub fn of_connection(mut self, connection: Option<u64>) -> Self {
        self.connection = connection;
        self
    }

    /// The same, with what Ethernet adds.
    #[must_use]
    pub fn on_ethernet(mut self, on_ethernet: bool) -> Self {
        self.on_ethernet = on_ethernet;
        self
    }

    /// The same, with notices among the records.
    #[must_use]
    pub fn with_notices(mut self, notices: bool) -> Self {
        self.notices = notices;
        self
    }

    /// Whether this type of record is wanted; those forms that have one header hold one type.
    fn wants(&self, part: Part, form: Form) -> bool {
        match self.only {
            Some(only) => only == part,
            None => !one_type(form) || part == Part::Ledger,
        }
    }

    fn ledgers(&self, of: &[LedgerRecord], capture: &str, out: &mut Output<'_>) {
        if !self.wants(Part::Ledger, out.form()) {
            return;
        }
        for record in of {
            if one_type(out.form()) {
                for row in LedgerRow::rows(record) {
                    out.record(capture, &row);
                }
            } else {
                out.record(capture, record);
            }
        }
    }

    /// The records that stand behind the ledgers.
    fn rest(&self, capture: &str, out: &mut Output<'_>) {
        let Counts {
            comparison,
            artefacts,
            ethernet,
            ..
        } = &self.counts;
        if self.wants(Part::Comparison, out.form()) {
            let units = comparison.units().present();
            write(
                units.map(|(unit, tally)| UnitRecord {
                    unit,
                    tally: tally.clone(),
                }),
                capture,
                out,
            );
        }
        if self.wants(Part::BreakEven, out.form()) {
            write(comparison.break_even(), capture, out);
        }
        if self.wants(Part::WhatIf, out.form()) {
            write(comparison.what_ifs(), capture, out);
        }
        if self.wants(Part::Artefact, out.form()) {
            write(artefacts.present(), capture, out);
        }
        if self.wants(Part::Medium, out.form()) {
            write(self.on_ethernet.then_some(*ethernet), capture, out);
        }
    }
}

impl Report for OverheadReport {
    fn begin(&mut self, _context: &Context<'_>, out: &mut Output<'_>) {
        self.counts = Counts {
            comparison: Comparison::new(self.model),
            ..Counts::default()
        };
        match self.only.unwrap_or(Part::Ledger) {
            Part::Ledger => out.begin::<LedgerRow>(),
            Part::Comparison => out.begin::<UnitRecord>(),
            Part::BreakEven => out.begin::<BreakEven>(),
            Part::WhatIf => out.begin::<WhatIf>(),
            Part::Artefact => out.begin::<Artefact>(),
            Part::Medium => out.begin::<Ethernet>(),
        }
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        self.counts.packets += 1;
        self.counts.bytes += u64::from(packet.original_len);
        self.counts.artefacts.packet(packet);
        if self.on_ethernet {
            self.counts.ethernet.packet(packet);
        }
    }

    fn event(&mut self, context: &Context<'_>, event: &Event<'_>, out: &mut Output<'_>) -> u64 {
        self.counts.comparison.event(event);
        match event {
            Event::Connection(connection) => {
                self.counts.connections += 1;
                self.counts.artefacts.connection(connection);
                if self.connection.is_some() {
                    self.counts.chosen = Some(Box::new((*connection).clone()));
                }
                if out.form() != Form::Table && self.wants(Part::Ledger, out.form()) {
                    let capture = context.files.of_packet(connection.first_packet);
                    self.ledgers(&of_connection(connection), capture, out);
                }
                1
            }
            Event::Message(_) | Event::Single(_) => {
                self.counts.messages = true;
                0
            }
            Event::Exchange(_) => {
                self.counts.exchanges = true;
                0
            }
            Event::Notice(notice) if self.notices => {
                let capture = context.files.of_packet(notice.packet.unwrap_or(0));
                out.record::<Notice>(capture, notice);
                0
            }
            _ => 0,
        }
    }

    fn beside(&mut self, event: &Event<'_>) {
        self.counts.in_part = true;
        let connection = match event {
            Event::Exchange(exchange) => Some(exchange.place.connection),
            Event::Handshake(handshake) => Some(handshake.place.connection),
            Event::Frame(frame) => Some(frame.place.connection),
            Event::Message(message) => Some(message.place.connection),
            Event::Single(single) => Some(single.place.connection),
            _ => None,
        };
        self.counts.in_part_of_connection |= connection.is_some() && connection == self.connection;
        self.counts.comparison.beside(event);
    }

    fn totals(&self) -> bool {
        true
    }

    fn end(&mut self, context: &Context<'_>, ledger: &Ledger, out: &mut Output<'_>) {
        self.counts.comparison.finish();
        if out.form() == Form::Table {
            let first = self.pages == 0;
            out.page(|out| {
                if !first {
                    out.push(b'\n');
                }
                self.page(context, ledger, out);
            });
        } else {
            let capture = context.files.name(0);
            if self.connection.is_none() {
                let whole = LedgerRecord {
                    ledger: *ledger,
                    ..LedgerRecord::default()
                };
                self.ledgers(&[whole], capture, out);
            }
            self.rest(capture, out);
        }
        self.pages += 1;
    }
}

fn one_type(form: Form) -> bool {
    matches!(form, Form::Csv | Form::Markdown)
}

fn write<R: Record>(records: impl IntoIterator<Item = R>, capture: &str, out: &mut Output<'_>) {
    for record in records {
        out.record(capture, &record);
    }
}

/// The three ledgers of a connection: both sides', the client's, the server's.
fn of_connection(connection: &Connection) -> [LedgerRecord; 3] {
    let ledgers = connection.ledgers.as_deref().copied().unwrap_or_default();
    let mut both = ledgers.to_server;
    both += &ledgers.to_client;
    let of = |sender, ledger| LedgerRecord {
        connection: Some(connection.number),
        sender,
        ledger,
    };
    [
        of(None, both),
        of(Some(Direction::ToServer), ledgers.to_server),
        of(Some(Direction::ToClient), ledgers.to_client),
    ]
}
