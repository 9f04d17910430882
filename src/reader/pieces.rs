//! Pieces: those of the bytes that wait in one direction. Taking bytes charges them.

use std::collections::VecDeque;

use super::piece::{Cost, Layer, Piece, column, span_of};
use crate::ledger::{Ledger, Row};
use crate::span::Span;
use crate::wire::Wire;

/// The pieces of the bytes that wait in one direction, in the order of the stream.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    /// The stream offset of the first byte that waits.
    offset: u64,
    first: Piece,
    /// What else there is; most of the time nothing, and then taking is one subtraction.
    rest: Option<Box<Rest>>,
}

/// What waits beside one piece.
#[derive(Clone, Debug, Default)]
struct Rest {
    /// Pieces that lie wholly inside one unfinished item, as one.
    folded: Option<Box<Folded>>,
    /// The pieces behind the first.
    more: VecDeque<Piece>,
    /// The records that the bytes were inside, where they came under TLS; the pieces are then those of the records.
    records: VecDeque<Record>,
}

/// A TLS record with some content that waits. Its `raw` bytes are shared by the `content` bytes inside: those up to `n` own
/// `floor(raw * n / content)` of them.
#[derive(Clone, Copy, Debug)]
struct Record {
    raw: u32,
    content: u32,
    taken: u32,
    /// Where the whole record stood.
    span: Span,
}

impl Record {
    fn left(&self) -> u32 {
        self.content - self.taken
    }

    /// Takes content, and says how many bytes of the record it owns.
    fn take(&mut self, len: u32) -> u32 {
        let owned = |content: u32| {
            let owned = u64::from(self.raw) * u64::from(content) / u64::from(self.content.max(1));
            u32::try_from(owned).unwrap_or(self.raw)
        };
        let raw = owned(self.taken + len) - owned(self.taken);
        self.taken += len;
        raw
    }
}

#[derive(Clone, Debug, Default)]
struct Folded {
    len: u64,
    cost: Cost,
    /// The header shares by packet, kept as sums: how many packets, and the last one.
    packets: u64,
    last: Piece,
}

impl Folded {
    /// Keeps the first `len` bytes with their share of the cost, and gives the rest, which begins at an offset of the stream.
    fn split_off(&mut self, len: u64, offset: u64) -> Self {
        let share = |cost: u64| cost * len / self.len.max(1);
        let whole = self.cost.wire;
        let first = Wire {
            link: share(whole.link),
            network: share(whole.network),
            transport: share(whole.transport),
            tls: share(whole.tls),
            head: share(whole.head),
            payload: share(whole.payload),
        };
        let rest = Self {
            len: self.len - len,
            cost: Cost {
                span: self.cost.span.map(|span| Span {
                    stream_offset: offset,
                    ..span
                }),
                wire: Wire {
                    link: whole.link - first.link,
                    network: whole.network - first.network,
                    transport: whole.transport - first.transport,
                    tls: whole.tls - first.tls,
                    head: whole.head - first.head,
                    payload: whole.payload - first.payload,
                },
            },
            packets: 1,
            last: self.last,
        };
        self.len = len;
        self.cost.wire = first;
        rest
    }
}

impl Pieces {
    /// The stream offset of the first byte that waits.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Begins anew at an offset of another stream; nothing may wait.
    pub(crate) fn begin_at(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// Whether nothing is kept but the offset.
    #[inline]
    pub(crate) fn is_blank(&self) -> bool {
        self.first.len == 0
            && (self.rest.as_ref()).is_none_or(|rest| {
                rest.folded.is_none() && rest.more.is_empty() && rest.records.is_empty()
            })
    }

    /// Whether no byte waits.
    pub fn is_empty(&self) -> bool {
        self.folded().is_none() && self.first.len == 0
    }

    fn folded(&self) -> Option<&Folded> {
        self.rest.as_ref()?.folded.as_deref()
    }

    fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.rest.iter().flat_map(|rest| &rest.records)
    }

    fn in_records(&self) -> bool {
        self.records().next().is_some()
    }

    fn pieces(&self) -> impl DoubleEndedIterator<Item = &Piece> {
        let more = self.rest.iter().flat_map(|rest| &rest.more);
        std::iter::once(&self.first).chain(more)
    }

    fn next_piece(&mut self) -> Piece {
        self.rest
            .as_mut()
            .and_then(|rest| rest.more.pop_front())
            .unwrap_or_default()
    }

    /// How many pieces are kept.
    pub fn count(&self) -> usize {
        let more = self.rest.as_ref().map_or(0, |rest| rest.more.len());
        usize::from(self.first.len > 0) + more
    }

    /// Hands a TLS record of `raw` bytes to the stream of what was said inside: it has `content` bytes of it.
    pub fn give_record(&mut self, raw: u32, content: u32, inside: &mut Self) {
        debug_assert!(
            self.folded().is_none() && !self.in_records(),
            "records stand in bytes as they came"
        );
        let mut span: Option<Span> = None;
        let mut left = raw;
        while left > 0 && self.first.len > 0 {
            let piece = self.pop_piece(left);
            left -= piece.len;
            let whole = span.get_or_insert_with(|| span_of(&piece, 0));
            whole.include(&span_of(&piece, 0));
            inside.push(piece);
        }
        debug_assert_eq!(left, 0, "every byte that waits has a piece");
        self.offset += u64::from(raw);
        inside
            .rest
            .get_or_insert_default()
            .records
            .push_back(Record {
                raw,
                content,
                taken: 0,
                span: span.unwrap_or_default(),
            });
    }

    /// Takes the first piece, or as much of it as is asked for.
    fn pop_piece(&mut self, most: u32) -> Piece {
        let (taken, rest) = self.first.split_at(most);
        self.first = if rest.len > 0 {
            rest
        } else {
            self.next_piece()
        };
        taken
    }

    /// Moves the stream offset over bytes that the capture lacks, or that were taken as they came; nothing may wait.
    #[inline]
    pub fn skip(&mut self, len: u64) {
        self.offset += len;
    }

    /// Passes over the next `len` bytes, which cannot be shown; where they were cut off a packet, they were on the wire, and are
    /// charged to a row.
    pub fn pass_over(
        &mut self,
        len: u64,
        cut: Option<Piece>,
        row: Row,
        ledger: &mut Ledger,
    ) -> Cost {
        if let Some(piece) = cut {
            self.push(piece);
            return self.take(len, Layer::Payload, row, ledger);
        }
        self.skip(len);
        Cost::default()
    }

    /// Adds a piece behind the last.
    pub fn push(&mut self, piece: Piece) {
        if self.first.len == 0 {
            self.first = piece;
        } else {
            self.rest.get_or_insert_default().more.push_back(piece);
        }
    }

    /// The number of the packet that brought the byte `len - 1` of those that wait.
    pub fn packet_of(&self, len: u64) -> u64 {
        let mut end = self.folded().map_or(0, |folded| folded.len);
        if let Some(folded) = self.folded()
            && len <= end
        {
            return folded.last.packet;
        }
        if self.in_records() {
            // Nothing of a record can be read before its last byte.
            let whole = self.records().find(|record| {
                end += u64::from(record.left());
                end >= len
            });
            return whole
                .or(self.records().last())
                .map_or(0, |record| record.span.last_packet);
        }
        let mut last = self.first.packet;
        for piece in self.pieces() {
            last = piece.packet;
            end += u64::from(piece.len);
            if end >= len {
                break;
            }
        }
        last
    }

    /// Where packets' payloads, or under TLS records, begin among the first `len` bytes that wait, in order.
    pub fn packet_starts(&self, len: usize) -> Vec<usize> {
        let mut at = self.folded().map_or(0, |folded| to_usize(folded.len));
        let mut starts = Vec::new();
        for (begins, run) in self.runs() {
            if at >= len {
                break;
            }
            if begins {
                starts.push(at);
            }
            at = at.saturating_add(to_usize(run));
        }
        starts
    }

    /// The first and the last of these, where exactly `len` bytes wait; without looking at those between.
    pub fn outer_packet_starts(&self, len: usize) -> [Option<usize>; 2] {
        let folded = self.folded().map_or(0, |folded| to_usize(folded.len));
        let mut at = folded;
        let first = self.runs().find_map(|(begins, run)| {
            let here = at;
            at = at.saturating_add(to_usize(run));
            (begins && run > 0).then_some(here)
        });
        let mut at = len;
        let last = self.runs().rev().find_map(|(begins, run)| {
            at = at.saturating_sub(to_usize(run));
            (begins && run > 0).then_some(at)
        });
        [first, last]
    }

    /// The runs of bytes that wait behind what is folded, one of each packet, or under TLS of each record: whether it is the
    /// beginning of what that brought, and how long it is.
    fn runs(&self) -> impl DoubleEndedIterator<Item = (bool, u64)> {
        let records = self
            .records()
            .map(|record| (record.taken == 0, u64::from(record.left())));
        let pieces = Some(self)
            .filter(|_| !self.in_records())
            .into_iter()
            .flat_map(Self::pieces)
            .map(|piece| (piece.from == 0, u64::from(piece.len)));
        records.chain(pieces)
    }

    /// Folds all that waits into one entry: all of it belongs to one item that is not whole yet, and will be taken whole.
    pub fn fold(&mut self) {
        let in_records = self.in_records();
        let rest = self.rest.get_or_insert_default();
        let mut folded = rest.folded.take().unwrap_or_default();
        for mut record in rest.records.drain(..) {
            let left = record.left();
            folded.cost.add(&Cost {
                span: Some(Span {
                    stream_offset: self.offset + folded.len,
                    ..record.span
                }),
                wire: Wire {
                    tls: u64::from(record.take(left) - left),
                    ..Wire::default()
                },
            });
            folded.len += u64::from(left);
        }
        while self.first.len > 0 {
            let piece = self.first;
            folded.cost.add(&Cost {
                span: Some(span_of(&piece, self.offset + folded.len)),
                wire: piece.headers_share(),
            });
            if folded.packets == 0 || folded.last.packet != piece.packet {
                folded.packets += u64::from(piece.packets);
            }
            if !in_records {
                folded.len += u64::from(piece.len);
            }
            folded.last = piece;
            self.first = rest.more.pop_front().unwrap_or_default();
        }
        if folded.len > 0 {
            rest.folded = Some(folded);
        }
    }

    /// Takes the first `len` bytes that wait and charges them to a row.
    pub fn take(&mut self, len: u64, layer: Layer, row: Row, ledger: &mut Ledger) -> Cost {
        match layer {
            Layer::Head => self.take_item(len, 0, Layer::Payload, row, ledger),
            Layer::Payload | Layer::Tls => self.take_item(0, len, layer, row, ledger),
        }
    }

    /// Takes a head and what follows it, and charges both to a row: the only place where bytes of a stream are charged.
    pub fn take_item(
        &mut self,
        head: u64,
        body: u64,
        layer: Layer,
        row: Row,
        ledger: &mut Ledger,
    ) -> Cost {
        match u32::try_from(head + body) {
            Ok(len) if 0 < len && len <= self.first.len && self.is_plain() => {
                self.take_of_first(head, len, layer, row, ledger)
            }
            _ => self.take_of_many(head, body, layer, row, ledger),
        }
    }

    /// Whether the bytes that wait are their pieces' and nothing else.
    #[inline]
    fn is_plain(&self) -> bool {
        self.rest
            .as_ref()
            .is_none_or(|rest| rest.folded.is_none() && rest.records.is_empty())
    }

    /// The usual case: what is taken is one packet's.
    #[inline]
    fn take_of_first(
        &mut self,
        head: u64,
        len: u32,
        layer: Layer,
        row: Row,
        ledger: &mut Ledger,
    ) -> Cost {
        let (taken, rest) = self.first.split_at(len);
        let cost = taken.cost(self.offset, head, layer);
        ledger.charge(row, taken.packet, taken.packets, cost.wire);
        self.offset += u64::from(len);
        if rest.len > 0 {
            (self.first.from, self.first.len) = (rest.from, rest.len);
        } else {
            self.first = self.next_piece();
        }
        cost
    }

    fn take_of_many(
        &mut self,
        head: u64,
        body: u64,
        layer: Layer,
        row: Row,
        ledger: &mut Ledger,
    ) -> Cost {
        let mut cost = Cost::default();
        let (mut head, mut left) = (head, head + body);
        if left == 0 {
            return cost;
        }
        let folded = self.rest.as_mut().and_then(|rest| rest.folded.take());
        if let Some(mut folded) = folded {
            if left < folded.len {
                // It was one item's while its place was known, and that was lost.
                let rest = folded.split_off(left, self.offset + left);
                if let Some(kept) = &mut self.rest {
                    kept.folded = Some(Box::new(rest));
                }
            }
            let mut wire = folded.cost.wire;
            let heads = head.min(folded.len);
            wire.head += heads;
            *column(&mut wire, layer) += folded.len - heads;
            ledger.charge_many(row, folded.last.packet, folded.packets, wire);
            cost.add(&Cost {
                span: folded.cost.span,
                wire,
            });
            head -= heads;
            left = left.saturating_sub(folded.len);
            self.offset += folded.len;
        }
        while left > 0
            && let Some(rest) = &mut self.rest
            && let Some(record) = rest.records.front_mut()
        {
            let take = u32::try_from(left).unwrap_or(u32::MAX).min(record.left());
            let raw = record.take(take);
            let span = Span {
                stream_offset: self.offset,
                ..record.span
            };
            if record.left() == 0 {
                rest.records.pop_front();
            }
            let heads = head.min(u64::from(take));
            let mut own = Wire {
                head: heads,
                tls: u64::from(raw - take),
                ..Wire::default()
            };
            *column(&mut own, layer) += u64::from(take) - heads;
            cost.add(&Cost {
                span: Some(span),
                wire: self.take_raw(raw, own, row, ledger),
            });
            head -= heads;
            left -= u64::from(take);
            self.offset += u64::from(take);
        }
        while left > 0 && self.first.len > 0 {
            let take = u32::try_from(left).unwrap_or(u32::MAX).min(self.first.len);
            let (taken, rest) = self.first.split_at(take);
            let mut wire = taken.headers_share();
            let heads = head.min(u64::from(take));
            wire.head += heads;
            *column(&mut wire, layer) += u64::from(take) - heads;
            ledger.charge(row, taken.packet, taken.packets, wire);
            cost.add(&Cost {
                span: Some(span_of(&taken, self.offset)),
                wire,
            });
            head -= heads;
            left -= u64::from(take);
            self.offset += u64::from(take);
            self.first = if rest.len > 0 {
                rest
            } else {
                self.next_piece()
            };
        }
        debug_assert_eq!(left, 0, "every byte that waits has a piece");
        cost
    }

    /// Takes bytes of a record and charges what its packets cost, and what its content is.
    fn take_raw(&mut self, raw: u32, mut own: Wire, row: Row, ledger: &mut Ledger) -> Wire {
        let mut sum = Wire::default();
        let mut left = raw;
        while left > 0 && self.first.len > 0 {
            let piece = self.pop_piece(left);
            left -= piece.len;
            // Only the sum over the row's packets is known, so the first may stand for all.
            let wire = piece.headers_share() + std::mem::take(&mut own);
            ledger.charge(row, piece.packet, piece.packets, wire);
            sum += wire;
        }
        sum
    }
}

fn to_usize(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(packet: u64, len: u32) -> Piece {
        Piece {
            packet,
            headers: [14, 20, 32],
            of: len,
            len,
            packets: 1,
            ..Piece::default()
        }
    }

    /// Takes parts of what waits; gives what each cost and the ledger's sum.
    fn taken(pieces: &mut Pieces, parts: &[u64]) -> (Vec<Wire>, Wire) {
        let mut ledger = Ledger::default();
        let costs = parts
            .iter()
            .map(|&len| {
                let cost = pieces.take(len, Layer::Payload, Row::Unread, &mut ledger);
                cost.wire
            })
            .collect();
        (costs, ledger.sum())
    }

    #[test]
    fn what_was_folded_may_be_taken_in_parts_and_sums_up() {
        let mut pieces = Pieces::default();
        for packet in 1..=20 {
            pieces.push(piece(packet, 7));
        }
        pieces.fold();
        pieces.push(piece(21, 10));
        let (_, sum) = taken(&mut pieces, &[3, 50, 90, 7]);
        let headers = (sum.link, sum.network, sum.transport);
        assert_eq!((headers, sum.payload), ((21 * 14, 21 * 20, 21 * 32), 150));
        assert!(pieces.is_empty());
    }

    #[test]
    fn the_outer_packet_starts_are_the_first_and_the_last_of_all() {
        let mut ledger = Ledger::default();
        let outer = |pieces: &Pieces, len| {
            let starts = pieces.packet_starts(len);
            let ends = [starts.first().copied(), starts.last().copied()];
            assert_eq!(pieces.outer_packet_starts(len), ends);
            starts.len()
        };
        let mut pieces = Pieces::default();
        for packet in 1..=4 {
            pieces.push(piece(packet, 10));
        }
        assert_eq!(outer(&pieces, 40), 4);
        pieces.take(5, Layer::Payload, Row::Unread, &mut ledger);
        assert_eq!(outer(&pieces, 35), 3);
        pieces.fold();
        assert_eq!(outer(&pieces, 35), 0);
        pieces.push(piece(5, 10));
        assert_eq!(outer(&pieces, 45), 1);
        let mut inside = Pieces::default();
        let mut records = Pieces::default();
        for packet in 1..=3 {
            records.push(piece(packet, 20));
            records.give_record(20, 12, &mut inside);
        }
        assert_eq!(outer(&inside, 36), 3);
        inside.take(30, Layer::Payload, Row::Unread, &mut ledger);
        assert_eq!(outer(&inside, 6), 0);
    }

    #[test]
    fn content_of_a_record_owns_its_share_of_the_record() {
        let mut records = Pieces::default();
        records.push(piece(1, 20));
        records.push(piece(2, 12));
        let mut inside = Pieces::default();
        records.give_record(32, 10, &mut inside);
        let (costs, sum) = taken(&mut inside, &[3, 7]);
        // Bytes 0 to 9 of the record, and 9 to 32, of which three and seven are content.
        let own: Vec<(u64, u64)> = costs.iter().map(|wire| (wire.tls, wire.payload)).collect();
        assert_eq!(own, [(6, 3), (16, 7)]);
        let links: Vec<u64> = costs.iter().map(|wire| wire.link).collect();
        assert_eq!(links, [14 * 9 / 20, 14 - 14 * 9 / 20 + 14]);
        assert_eq!(sum.total(), 2 * 66 + 32);
    }
}
