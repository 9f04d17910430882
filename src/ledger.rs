//! The ledger: every captured byte charged to exactly one cell.
//!
//! A row says what bytes were for, a column of [`Wire`] on which layer they stood. The sum of the cells is the sum of the packets'
//! original lengths, for a connection's side and for the whole capture.

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
    /// The last packet counted, so that a packet with several pieces here counts once.
    last_packet: u64,
}

/// A table of rows and columns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ledger {
    entries: [Entry; COUNT],
    /// How many packets were charged, each once.
    pub packets: u64,
    /// Bytes of the stream that no packet of the capture carries; beside the table, never in it.
    pub missing: u64,
}

impl Ledger {
    /// Charges bytes of one packet (or of the `packets` fragments of one datagram) to a row.
    pub fn charge(&mut self, row: Row, packet: u64, packets: u16, wire: Wire) {
        let entry = self.entry(row);
        entry.wire += wire;
        if entry.last_packet != packet {
            entry.last_packet = packet;
            entry.packets += u64::from(packets);
        }
    }

    /// Charges the sum over several packets, of which `last` is the last.
    pub fn charge_many(&mut self, row: Row, last: u64, packets: u64, wire: Wire) {
        let entry = self.entry(row);
        entry.wire += wire;
        entry.packets += packets;
        entry.last_packet = last;
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
        self.entries
            .get_mut(row as usize)
            .expect("there is an entry for each row")
    }
}

impl AddAssign<&Ledger> for Ledger {
    fn add_assign(&mut self, other: &Self) {
        for (entry, more) in self.entries.iter_mut().zip(&other.entries) {
            entry.packets += more.packets;
            entry.wire += more.wire;
        }
        self.packets += other.packets;
        self.missing += other.missing;
    }
}
