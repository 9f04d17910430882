//! Tombstone: what stays of a connection that is over, so that a late packet opens no new number and is charged where it belongs.

use crate::conversation::Ledgers;
use crate::decode::Segment;
use crate::direction::{Both, Direction};
use crate::event::{Connection, Event};
use crate::ledger::{Ledger, Row};
use crate::reader::Piece;
use crate::tcp::{Numbers, Side, Sides, State};

/// A connection that is over: which of its numbers are known, and what is left of it. It stands in the list itself; what is not in it
/// takes as little as it can.
#[derive(Debug)]
pub(super) enum Tombstone {
    /// Its numbers.
    Bare(Sides<Known>, Box<Left>),
    /// Also its record.
    WithRecord(Sides<Known>, Box<(Left, Waiting)>),
}

/// By what its late packets are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    /// Under which hash it stands in the table.
    hash: u64,
    next_seq: Sides<u32>,
    syn: Sides<u32>,
}

/// Which numbers of a side are known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    next_seq: bool,
    syn: bool,
}

/// A record that late packets may still change.
#[derive(Debug)]
pub(super) struct Waiting {
    connection: Connection,
    client: Side,
    /// Both ledgers, packed.
    ledgers: Box<[u8]>,
}

impl Tombstone {
    /// Of a connection with such a state.
    pub(super) fn new(hash: u64, tcp: &State) -> Self {
        let [opener, other] = Side::ALL.map(|side| tcp.half(side).numbers());
        let number = |number: Option<u32>| number.unwrap_or_default();
        let known = |numbers: Numbers| Known {
            next_seq: numbers.next_seq.is_some(),
            syn: numbers.syn.is_some(),
        };
        let left = Left {
            hash,
            next_seq: Sides::new(number(opener.next_seq), number(other.next_seq)),
            syn: Sides::new(number(opener.syn), number(other.syn)),
        };
        Self::Bare(Sides::new(known(opener), known(other)), Box::new(left))
    }

    /// Under which hash it stands in the table.
    pub(super) fn hash(&self) -> u64 {
        self.left().hash
    }

    fn left(&self) -> &Left {
        match self {
            Self::Bare(_, left) => left,
            Self::WithRecord(_, kept) => &kept.0,
        }
    }

    /// Keeps the record, which has its ledgers, until late packets cannot change it any more.
    pub(super) fn keep(&mut self, mut connection: Connection, client: Side) {
        let mut packed = Vec::new();
        if let Some(ledgers) = connection.ledgers.take() {
            ledgers.to_server.pack(&mut packed);
            ledgers.to_client.pack(&mut packed);
        }
        let waiting = Waiting {
            connection,
            client,
            ledgers: packed.into(),
        };
        let (Self::Bare(known, _) | Self::WithRecord(known, _)) = *self;
        *self = Self::WithRecord(known, Box::new((*self.left(), waiting)));
    }

    /// Whether a SYN begins another connection between the same ends.
    pub(super) fn is_superseded_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        self.numbers(side).are_superseded_by(segment)
    }

    /// Charges a late packet. Its payload is no part of the conversation, which is over.
    pub(super) fn segment(&mut self, side: Side, segment: &Segment<'_>, shared: &mut Ledgers) {
        let numbers = self.numbers(side);
        let Self::WithRecord(_, kept) = self else {
            charge(segment, numbers, &mut shared[side]);
            return;
        };
        let waiting = &mut kept.1;
        let mut ledgers = waiting.unpacked();
        let direction = if side == waiting.client {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        let retransmitted = charge(segment, numbers, &mut ledgers[direction]);
        let connection = &mut waiting.connection;
        connection.retransmitted_bytes += retransmitted;
        connection.packets[direction] += u64::from(segment.packets);
        connection.bytes[direction] += segment.wire_len();
        connection.last_packet = segment.packet;
        connection.end_time = segment.time;
        let mut packed = Vec::new();
        ledgers.to_server.pack(&mut packed);
        ledgers.to_client.pack(&mut packed);
        waiting.ledgers = packed.into();
    }

    /// Gives the record, where it waited, and adds its ledgers to the whole capture's.
    pub(super) fn end(self, whole: &mut Ledger, out: &mut dyn FnMut(&Event<'_>)) {
        if let Self::WithRecord(_, kept) = self {
            let waiting = kept.1;
            let ledgers = waiting.unpacked();
            give(
                &Connection {
                    ledgers: Some(Box::new(ledgers)),
                    ..waiting.connection
                },
                whole,
                out,
            );
        }
    }

    fn numbers(&self, side: Side) -> Numbers {
        let (Self::Bare(known, _) | Self::WithRecord(known, _)) = self;
        let (known, left) = (known[side], self.left());
        Numbers {
            next_seq: known.next_seq.then_some(left.next_seq[side]),
            syn: known.syn.then_some(left.syn[side]),
        }
    }
}

impl Waiting {
    fn unpacked(&self) -> Both<Ledger> {
        let (to_server, rest) = Ledger::unpack(&self.ledgers);
        let (to_client, _) = Ledger::unpack(rest);
        Both {
            to_server,
            to_client,
        }
    }
}

/// Gives a record, and adds its ledgers to the whole capture's.
pub(super) fn give(connection: &Connection, whole: &mut Ledger, out: &mut dyn FnMut(&Event<'_>)) {
    if let Some(ledgers) = &connection.ledgers {
        *whole += &ledgers.to_server;
        *whole += &ledgers.to_client;
    }
    out(&Event::Connection(connection));
}

/// Charges a late packet as its numbers tell; gives the bytes that were retransmitted.
fn charge(segment: &Segment<'_>, numbers: Numbers, ledger: &mut Ledger) -> u64 {
    ledger.packets += u64::from(segment.packets);
    let whole = Piece {
        headers: segment.headers,
        of: segment.payload_len,
        len: segment.payload_len,
        ..Piece::default()
    };
    let mut apart = |row, piece: &Piece| {
        let mut wire = piece.headers_share();
        wire.payload = u64::from(piece.len);
        ledger.charge_apart(row, segment.packet, segment.packets, wire);
    };
    let row = if numbers.are_probed_by(segment) {
        Row::Keepalive
    } else if segment.flags.rst() {
        Row::Close
    } else if segment.payload_len > 0 {
        // Up to the highest number used the bytes were there, or their hole was given up.
        let held = numbers
            .next_seq
            .map_or(0, |next| next.wrapping_sub(segment.seq).cast_signed());
        let (held, new) = whole.split_at(u32::try_from(held).unwrap_or(0));
        for (row, piece) in [(Row::Retransmission, held), (Row::Unread, new)] {
            if piece.len > 0 {
                apart(row, &piece);
            }
        }
        return u64::from(held.len);
    } else if segment.flags.syn() {
        Row::Open
    } else if segment.flags.fin() {
        Row::Close
    } else {
        Row::Ack
    };
    apart(row, &whole);
    0
}
