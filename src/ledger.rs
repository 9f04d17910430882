//! The ledger: every captured byte charged to exactly one cell.
//!
//! A row says what bytes were for, a column of [`Wire`] on which layer they stood. The sum of the cells is the sum of the packets'
//! original lengths, for a connection's side and for the whole capture.

mod sparse;

pub(crate) use sparse::Sparse;

use std::ops::AddAssign;

use crate::wire::Wire;

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What bytes were for.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[repr(u8)]
        pub enum Row {
            $($(#[$doc])* $name,)*
        }

        impl Row {
            /// Every row, in the order of reports.
            pub const ALL: [Self; COUNT] = [$(Self::$name),*];

            /// Its name in records.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }

        const COUNT: usize = [$($text),*].len();
    };
}

rows! {
    /// SYN without payload.
    Open = "open",
    /// TLS records without application data.
    Tls = "tls",
    /// Requests of opening handshakes.
    UpgradeRequest = "upgrade_request",
    /// Responses of opening handshakes, refusals included.
    UpgradeResponse = "upgrade_response",
    /// Other HTTP requests.
    HttpRequest = "http_request",
    /// Other HTTP responses.
    HttpResponse = "http_response",
    /// HTTP/2 frames that belong to no request.
    HttpControl = "http_control",
    /// WebSocket frames of opcode 0 to 7.
    Message = "message",
    /// WebSocket frames of opcode 8 to 15.
    Control = "control",
    /// Bytes of a stream that no reader understood.
    Unread = "unread",
    /// Acknowledgments without payload.
    Ack = "ack",
    /// Probes of idle connections and of closed windows, and their answers.
    Keepalive = "keepalive",
    /// Bytes of a stream that the capture already held.
    Retransmission = "retransmission",
    /// The same packet captured again.
    Duplicate = "duplicate",
    /// FIN without payload, and RST.
    Close = "close",
    /// What is no TCP.
    Other = "other",
}

/// One row's sums.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Entry {
    /// Packets with a byte in this row.
    pub packets: u64,
    /// Bytes, by layer.
    pub wire: Wire,
}

/// The packet whose bytes were charged last, and to which rows, so that a packet with several pieces in a row counts there once.
/// A stream's bytes may be charged after later packets that have none, so both are remembered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Charged {
    stream: Latest,
    whole: Latest,
}

/// A packet, and below it the rows that it was charged to, a bit each. No capture has packets whose numbers need more than 48 bits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Latest(u64);

const _: () = assert!(COUNT <= 16, "a row has a bit of its own");

impl Latest {
    /// Takes note of a packet in a row; whether it is the first time.
    fn note(&mut self, packet: u64, row: Row) -> bool {
        let first = !self.knows(packet, row);
        if self.0 >> 16 != packet {
            self.0 = packet << 16;
        }
        self.0 |= 1 << row as u8;
        first
    }

    fn knows(self, packet: u64, row: Row) -> bool {
        self.0 >> 16 == packet && self.0 & (1 << row as u8) != 0
    }
}

/// A table of rows and columns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ledger {
    entries: [Entry; COUNT],
    /// How many packets were charged, each once.
    pub packets: u64,
    /// Bytes of the stream that no packet of the capture carries; beside the table, never in it.
    pub missing: u64,
    charged: Charged,
    touched: Touched,
}

/// The rows that were charged since this was last asked, a bit each. It is no part of what a ledger says.
#[derive(Clone, Copy, Debug, Default)]
struct Touched(u16);

impl PartialEq for Touched {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Touched {}

impl Ledger {
    /// Charges bytes of a stream that one packet (or the `packets` fragments of one datagram) brought, in the order of the stream.
    #[inline]
    pub fn charge(&mut self, row: Row, packet: u64, packets: u16, wire: Wire) {
        let first = self.charged.stream.note(packet, row) && !self.charged.whole.knows(packet, row);
        let entry = self.entry(row);
        entry.wire += wire;
        entry.packets += u64::from(packets) * u64::from(first);
    }

    /// Charges bytes of the packet at hand that are no part of a stream, or not of the part that comes next.
    #[inline]
    pub fn charge_apart(&mut self, row: Row, packet: u64, packets: u16, wire: Wire) {
        let first = self.charged.whole.note(packet, row) && !self.charged.stream.knows(packet, row);
        let entry = self.entry(row);
        entry.wire += wire;
        entry.packets += u64::from(packets) * u64::from(first);
    }

    /// Charges bytes of a packet of which nothing else is charged elsewhere. `packets` counts it in this row; with its further parts in
    /// the same row it is zero.
    #[inline]
    pub(crate) fn charge_whole(&mut self, row: Row, packets: u64, wire: Wire) {
        let entry = self.entry(row);
        entry.wire += wire;
        entry.packets += packets;
    }

    /// Charges the sum over several packets, of which `last` is the last.
    pub fn charge_many(&mut self, row: Row, last: u64, packets: u64, wire: Wire) {
        self.charged.stream.note(last, row);
        let entry = self.entry(row);
        entry.wire += wire;
        entry.packets += packets;
    }

    /// Exchanges what is known of the packets charged last, so that connections may take turns with one ledger.
    #[inline]
    pub(crate) fn take_turns(&mut self, charged: &mut Charged) {
        std::mem::swap(&mut self.charged, charged);
    }

    /// The rows that have anything, in the order of reports.
    pub fn rows(&self) -> impl Iterator<Item = (Row, &Entry)> {
        Row::ALL
            .into_iter()
            .zip(&self.entries)
            .filter(|(_, entry)| entry.packets > 0 || entry.wire.total() > 0)
    }

    /// One row.
    pub fn row(&self, row: Row) -> Entry {
        self.entries.get(row as usize).copied().unwrap_or_default()
    }

    /// The table in few bytes: only cells that have anything, each number in as many bytes as it needs.
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        put(out, self.packets);
        put(out, self.missing);
        for (row, entry) in self.rows() {
            let cells = entry.cells();
            let filled = cells
                .iter()
                .rev()
                .fold(0, |bits, &cell| bits << 1 | u8::from(cell > 0));
            out.extend_from_slice(&[row as u8, filled]);
            for cell in cells.into_iter().filter(|&cell| cell > 0) {
                put(out, cell);
            }
        }
        out.push(END);
    }

    /// Reads back what [`pack`](Self::pack) wrote, from the beginning of `bytes`; gives the rest.
    pub(crate) fn unpack(mut bytes: &[u8]) -> (Self, &[u8]) {
        let mut ledger = Self {
            packets: take(&mut bytes),
            missing: take(&mut bytes),
            ..Self::default()
        };
        while let Some((&row, rest)) = bytes.split_first() {
            bytes = rest;
            let Some(entry) = ledger.entries.get_mut(usize::from(row)) else {
                break;
            };
            let Some((&filled, rest)) = bytes.split_first() else {
                break;
            };
            bytes = rest;
            let mut cells = [0; 7];
            for (index, cell) in cells.iter_mut().enumerate() {
                if filled >> index & 1 == 1 {
                    *cell = take(&mut bytes);
                }
            }
            *entry = Entry::of(cells);
        }
        (ledger, bytes)
    }

    /// The sum of all rows, by layer.
    pub fn sum(&self) -> Wire {
        self.entries
            .iter()
            .fold(Wire::default(), |sum, entry| sum + entry.wire)
    }

    /// The sum of all cells.
    pub fn total(&self) -> u64 {
        self.sum().total()
    }

    fn entry(&mut self, row: Row) -> &mut Entry {
        self.touched.0 |= 1 << row as u8;
        self.entries
            .get_mut(row as usize)
            .expect("there is an entry for each row")
    }
}

impl AddAssign<&Ledger> for Ledger {
    fn add_assign(&mut self, other: &Self) {
        for (entry, more) in self.entries.iter_mut().zip(&other.entries) {
            *entry += more;
        }
        self.packets += other.packets;
        self.missing += other.missing;
    }
}

impl Entry {
    #[inline]
    fn cells(&self) -> [u64; 7] {
        let [link, network, transport, tls, head, payload] = self.wire.columns();
        [self.packets, link, network, transport, tls, head, payload]
    }

    fn of([packets, columns @ ..]: [u64; 7]) -> Self {
        let wire = Wire::of_columns(columns);
        Self { packets, wire }
    }
}

impl AddAssign<&Entry> for Entry {
    fn add_assign(&mut self, other: &Self) {
        self.packets += other.packets;
        self.wire += other.wire;
    }
}

/// Ends a packed table; no row has this number.
const END: u8 = u8::MAX;

/// Appends a number, seven bits a byte, the lowest first.
fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Takes the number at the beginning of `bytes`.
fn take(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let Some((&byte, rest)) = bytes.split_first() else {
            break;
        };
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_is_read_back(charges: Vec<(prop::sample::Index, u64, [u32; 6])>, missing: u64) {
            let mut ledger = Ledger { missing, ..Ledger::default() };
            for (row, packet, cells) in charges {
                let [link, network, transport, tls, head, payload] = cells.map(u64::from);
                let wire = Wire { link, network, transport, tls, head, payload };
                ledger.charge(Row::ALL[row.index(COUNT)], packet, 1, wire);
                ledger.packets += 1;
            }
            ledger.charged = Charged::default();
            let mut packed = Vec::new();
            ledger.pack(&mut packed);
            packed.push(7);
            let (read, rest) = Ledger::unpack(&packed);
            prop_assert_eq!(read, ledger);
            prop_assert_eq!(rest, [7]);
        }
    }

    #[test]
    fn a_packet_counts_once_in_a_row() {
        let mut ledger = Ledger::default();
        let wire = Wire::default();
        ledger.charge(Row::Message, 5, 1, wire);
        ledger.charge_apart(Row::Ack, 6, 1, wire);
        ledger.charge(Row::Message, 5, 1, wire);
        ledger.charge(Row::Control, 5, 1, wire);
        ledger.charge_apart(Row::Unread, 7, 1, wire);
        ledger.charge(Row::Unread, 7, 1, wire);
        let packets =
            [Row::Message, Row::Ack, Row::Control, Row::Unread].map(|row| ledger.row(row).packets);
        assert_eq!(packets, [1, 1, 1, 1]);
    }
}
