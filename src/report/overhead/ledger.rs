//! A ledger as a table for a person: a line a row, with its share as a bar where there is room.

use comfy_table::Cell;

use crate::ledger::{Entry, Ledger};
use crate::report::context::Context;
use crate::report::sheet::{bar, fitted, line, place, room, share};
use crate::report::text;
use crate::wire::Wire;

/// The longest bar, in columns.
const BAR: usize = 24;

/// Writes the table, and whether it sums to what the packets were long.
pub(super) fn table(out: &mut Vec<u8>, context: &Context<'_>, ledger: &Ledger, bytes: u64) {
    let sum = ledger.sum();
    let names = ledger
        .rows()
        .map(|(row, entry)| (row.name().replace('_', " "), *entry));
    let mut total = Entry::default();
    (total.packets, total.wire) = (ledger.packets, sum);
    let rows: Vec<(String, Entry)> = names.chain([("total".to_string(), total)]).collect();
    let cells_of = |columns: &[Column]| -> Vec<Vec<String>> {
        let cells = |(name, entry): &(String, Entry)| {
            let cell = |column: &Column| column.cell(name, entry, &sum);
            columns.iter().map(cell).collect()
        };
        rows.iter().map(cells).collect()
    };
    let titles_of =
        |columns: &[Column]| -> Vec<&str> { columns.iter().map(|column| column.title()).collect() };
    let mut columns = Column::ALL.to_vec();
    columns.retain(|&column| column != Column::Headers && (column != Column::Tls || sum.tls > 0));
    let mut cells = cells_of(&columns);
    let mut left = room(context, &titles_of(&columns), &cells);
    if left.is_none() {
        // Too narrow for a column a layer: the packets' headers stand as one.
        columns = Column::ALL.to_vec();
        columns.retain(|&column| !column.is_header() && (column != Column::Tls || sum.tls > 0));
        cells = cells_of(&columns);
        left = room(context, &titles_of(&columns), &cells);
    }
    let bars = left.unwrap_or(0).min(BAR);
    let widest = ledger.rows().map(|(_, entry)| entry.wire.total()).max();
    let right: Vec<usize> = (1..columns.len()).collect();
    let titles = [titles_of(&columns).as_slice(), &[""]].concat();
    let mut table = fitted(context, &titles, &right);
    for ((name, entry), cells) in rows.iter().zip(&cells) {
        let part = if name == "total" {
            0
        } else {
            entry.wire.total()
        };
        let bar = bar(part, widest.unwrap_or(0), bars);
        table.add_row(cells.iter().chain([&bar]).map(Cell::new));
    }
    place(out, &mut table, &right);
    let total = text::grouped(sum.total());
    if sum.total() == bytes {
        line(out, &format!(" balances: {total} bytes"));
    } else {
        let bytes = text::grouped(bytes);
        line(
            out,
            &format!(" does not balance: {total} bytes of {bytes}; please report this capture"),
        );
    }
    if ledger.missing > 0 {
        let missing = text::count(ledger.missing, "byte", "bytes");
        line(
            out,
            &format!(" beside it: {missing} that no packet of the capture carries"),
        );
    }
}

/// What a cell shows of a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Column {
    Name,
    Packets,
    Link,
    Network,
    Transport,
    Headers,
    Tls,
    Head,
    Payload,
    Total,
    Share,
}

impl Column {
    const ALL: [Self; 11] = [
        Self::Name,
        Self::Packets,
        Self::Link,
        Self::Network,
        Self::Transport,
        Self::Headers,
        Self::Tls,
        Self::Head,
        Self::Payload,
        Self::Total,
        Self::Share,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Name => "",
            Self::Packets => "packets",
            Self::Link => "link",
            Self::Network => "network",
            Self::Transport => "transport",
            Self::Headers => "packet headers",
            Self::Tls => "TLS",
            Self::Head => "head",
            Self::Payload => "payload",
            Self::Total => "total",
            Self::Share => "share",
        }
    }

    /// Whether it is one of those that `Headers` stands for.
    fn is_header(self) -> bool {
        matches!(self, Self::Link | Self::Network | Self::Transport)
    }

    fn cell(self, name: &str, entry: &Entry, sum: &Wire) -> String {
        let wire = &entry.wire;
        let number = match self {
            Self::Name => return format!(" {name}"),
            Self::Share => return share(wire.total(), sum.total()),
            Self::Packets => entry.packets,
            Self::Link => wire.link,
            Self::Network => wire.network,
            Self::Transport => wire.transport,
            Self::Headers => wire.link + wire.network + wire.transport,
            Self::Tls => wire.tls,
            Self::Head => wire.head,
            Self::Payload => wire.payload,
            Self::Total => wire.total(),
        };
        match number {
            0 => "-".to_string(),
            number => text::grouped(number),
        }
    }
}
