//! Reports: from events to what programs and people read.
//!
//! ```text
//! Event -> Report -> Record::walk -> json, csv, markdown -> Output -> a writer
//!                 -> table, page ----------------------->
//! ```
//!
//! What programs read is described once, in `record/`; what people read stands in `listing/`, `page` and `follow`. Nothing here
//! knows standard output: every report is given a writer.

mod clock;
mod context;
mod csv;
mod cut;
mod digits;
mod escape;
mod fields;
mod follow;
mod json;
mod line;
mod listing;
mod look;
mod markdown;
mod notices;
mod output;
mod overhead;
mod page;
mod record;
mod rules;
mod schema;
mod sheet;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod verdict;

pub use context::{Context, Files};
pub use cut::Cut;
pub use fields::{Fields, Record};
pub use follow::Follow;
pub use listing::{Kind, Listing};
pub use look::{Look, Times};
pub use notices::Notices;
pub use output::{Form, Output};
pub use overhead::{OverheadReport, Part};
pub use page::SummaryReport;
pub use record::{LedgerRecord, LedgerRow, UnitRecord};
pub use rules::{explain, list};
pub use schema::schema;
pub use summary::Summary;
pub(crate) use text::count;
pub use text::{shell, shown, visible};
pub use verdict::CheckReport;

use crate::capture::Packet;
use crate::error::Error;
use crate::event::Event;
use crate::ledger::Ledger;

/// Takes what one capture after the other brings, and writes it.
pub trait Report {
    /// A capture begins.
    fn begin(&mut self, context: &Context<'_>, out: &mut Output<'_>);

    /// A packet was read.
    fn packet(&mut self, _packet: &Packet<'_>) {}

    /// Something is known that is not among what was asked for.
    fn beside(&mut self, _event: &Event<'_>) {}

    /// Something is known. Returns how many rows that gave.
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>, out: &mut Output<'_>) -> u64;

    /// Rows that wait for others are wanted now.
    fn settle(&mut self, _out: &mut Output<'_>) {}

    /// Whether the end tells of all that was read, also where reading ended early.
    fn totals(&self) -> bool {
        false
    }

    /// The system failed to read the capture on; what follows is its end.
    fn broken(&mut self, _error: &Error) {}

    /// Whether a report of nothing but captures that cannot be read is worth writing: where others read it, its absence would say nothing.
    fn tells_of_unreadable(&self, _form: Form) -> bool {
        false
    }

    /// A capture could not be read at all.
    fn unreadable(&mut self, _context: &Context<'_>, _error: &Error, _out: &mut Output<'_>) {}

    /// Something that was asked for is in no capture, as a sentence says.
    fn missed(&mut self, _complaint: &str) {}

    /// The capture is over.
    fn end(&mut self, context: &Context<'_>, ledger: &Ledger, out: &mut Output<'_>);

    /// All captures are over.
    fn finish(&mut self, _out: &mut Output<'_>) {}
}
