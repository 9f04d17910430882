//! `ledger`: where the bytes of a capture, a connection or one side of it went.

use super::sender;
use crate::direction::Direction;
use crate::ledger::{Entry, Ledger, Row};
use crate::report::fields::{Fields, Record, wire_columns};

/// A ledger with what it is of.
#[derive(Clone, Debug, Default)]
pub struct LedgerRecord {
    /// Of one connection; of the whole capture where there is none.
    pub connection: Option<u64>,
    /// Of one side; of both where there is none.
    pub sender: Option<Direction>,
    /// The bytes.
    pub ledger: Ledger,
}

impl Record for LedgerRecord {
    const TYPE: &'static str = "ledger";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        fields.integer("connection", self.connection);
        sender(fields, "sender", self.sender);
        walk(&self.ledger, fields);
    }

    fn blank() -> Self {
        let mut blank = Self::default();
        // One row, so that a schema can tell the form of all.
        blank
            .ledger
            .charge(Row::Other, 1, 1, crate::wire::Wire::default());
        blank
    }
}

/// The columns of a ledger wherever it stands.
pub(in crate::report) fn walk<F: Fields + ?Sized>(ledger: &Ledger, fields: &mut F) {
    fields.integer("packets", Some(ledger.packets));
    fields.map("rows", &|rows| {
        for (row, entry) in ledger.rows() {
            rows.object(row.name(), &|columns| walk_entry(entry, columns));
        }
    });
    fields.integer("missing", Some(ledger.missing));
    fields.integer("total", Some(ledger.total()));
}

fn walk_entry<F: Fields + ?Sized>(entry: &Entry, fields: &mut F) {
    fields.integer("packets", Some(entry.packets));
    wire_columns(&entry.wire, |column, bytes| {
        fields.integer(column, Some(bytes));
    });
}

/// One row of a ledger: the long form, for CSV.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// Of one connection; of the whole capture where there is none.
    pub connection: Option<u64>,
    /// Of one side; of both where there is none.
    pub sender: Option<Direction>,
    /// Which row.
    pub row: Row,
    /// What stands in it.
    pub entry: Entry,
    /// The bytes that no packet carries, of the ledger: the same in each of its rows, and in none of their cells.
    pub missing: u64,
}

impl LedgerRow {
    /// The rows of a ledger that have anything.
    pub fn rows(of: &LedgerRecord) -> impl Iterator<Item = Self> {
        of.ledger.rows().map(|(row, entry)| Self {
            connection: of.connection,
            sender: of.sender,
            row,
            entry: *entry,
            missing: of.ledger.missing,
        })
    }
}

impl Record for LedgerRow {
    const TYPE: &'static str = "ledger";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        fields.integer("connection", self.connection);
        sender(fields, "sender", self.sender);
        fields.choice("row", Some(self.row.name()), &Row::ALL.map(Row::name));
        walk_entry(&self.entry, fields);
        fields.integer("missing", Some(self.missing));
    }

    fn blank() -> Self {
        Self {
            connection: None,
            sender: None,
            row: Row::Other,
            entry: Entry::default(),
            missing: 0,
        }
    }
}
