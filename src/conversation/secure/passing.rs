//! Passing: what becomes of records that do not open, and of bytes that the capture lacks.

use super::{Hole, Secure};
use crate::check::Cause;
use crate::conversation::{Conversation, Ledgers};
use crate::direction::Direction;
use crate::ledger::Row;
use crate::reader::{Layer, Reader as _, Step};
use crate::tcp::Side;
use crate::tls::{ContentType, RecordEvent, RecordReader};

impl Secure {
    /// Passes over the record at hand, or in a direction that is closed over all; says how many bytes.
    pub(super) fn pass(
        &mut self,
        direction: Direction,
        side: Side,
        bytes: &[u8],
        ledgers: &mut Ledgers,
    ) -> usize {
        let (used, is_tls) = self.charge(side, bytes, ledgers);
        let half = &mut self.sides[side];
        if !half.closed {
            self.session.pass(direction, used as u64, true);
        }
        let half = &mut self.sides[side];
        if !is_tls {
            half.reader = RecordReader::default();
            half.passing = false;
            self.session.pass(direction, 0, false);
        } else if half.reader.is_between_records() {
            half.passing = half.closed;
        }
        used
    }

    /// Charges bytes as records that are not opened; says how many, and whether what follows may be a record.
    pub(super) fn charge(
        &mut self,
        side: Side,
        bytes: &[u8],
        ledgers: &mut Ledgers,
    ) -> (usize, bool) {
        let half = &mut self.sides[side];
        let mut used = 0;
        while let Step::Event(len, event) = half.reader.read(bytes.get(used..).unwrap_or_default())
        {
            let (layer, row) = match event {
                RecordEvent::Header(ContentType::APPLICATION_DATA) => (Layer::Tls, Row::Unread),
                RecordEvent::Fragment(ContentType::APPLICATION_DATA) => {
                    (Layer::Payload, Row::Unread)
                }
                RecordEvent::Header(_) | RecordEvent::Fragment(_) => (Layer::Tls, Row::Tls),
                RecordEvent::NotTls => return (used, false),
            };
            half.stream
                .pieces
                .take(len as u64, layer, row, &mut ledgers[side]);
            used += len;
            if !half.closed && half.reader.is_between_records() {
                break;
            }
        }
        (used, true)
    }

    /// Charges the beginning of a record whose rest does not follow.
    pub(super) fn pass_part(
        &mut self,
        conversation: &Conversation,
        side: Side,
        part: &[u8],
        ledgers: &mut Ledgers,
    ) {
        let (used, _) = self.charge(side, part, ledgers);
        let half = &mut self.sides[side];
        (half.passing, half.needs) = (true, 0);
        let rest = (part.len() - used) as u64;
        half.stream
            .pieces
            .take(rest, Layer::Payload, Row::Unread, &mut ledgers[side]);
        if rest > 0 {
            half.reader = RecordReader::default();
        }
        let direction = conversation.direction_of(side);
        self.session.pass(direction, part.len() as u64, rest == 0);
    }

    /// Passes over bytes that cannot be shown.
    pub(super) fn pass_hole(
        &mut self,
        conversation: &mut Conversation,
        side: Side,
        hole: Hole,
        ledgers: &mut Ledgers,
    ) {
        let half = &mut self.sides[side];
        let inside = half.passing && half.reader.skip(hole.len);
        let direction = conversation.direction_of(side);
        self.session.pass(direction, hole.len, inside);
        half.stream.pieces.skip(hole.len);
        let cause = Cause::of_missing(hole.cut.is_some());
        half.lacks.get_or_insert(cause);
        if let Some(cut) = hole.cut {
            let mut wire = cut.headers_share();
            wire.payload = u64::from(cut.len);
            ledgers[side].charge(Row::Unread, cut.packet, cut.packets, wire);
        }
        if !inside {
            half.reader = RecordReader::default();
        }
        half.passing = inside && (half.closed || !half.reader.is_between_records());
    }
}
