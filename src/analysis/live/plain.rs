//! Plain segments: acknowledgments, and payload that comes next, where both streams are in order. They are taken in one go; so are the
//! frames in them, where these are whole and nothing waits.

use super::Live;
use super::payload::piece_of;
use crate::analysis::shared::Shared;
use crate::analysis::watch;
use crate::conversation::{Context, Ledgers};
use crate::decode::Segment;
use crate::event::{Event, Place};
use crate::ledger::Row;
use crate::tcp::{Duplicates, Side};
use crate::wire::Wire;

impl Live {
    /// Takes a segment that is plain, where both streams are in order; of any other nothing is taken.
    #[inline]
    pub(in crate::analysis) fn take_plain(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        remembered: &mut Duplicates,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) -> bool {
        if !(self.is_smooth && self.tcp.is_plain(side, segment)) {
            return false;
        }
        self.tcp.remember(segment, self.number, remembered);
        if segment.payload_len == 0 {
            self.plain_ack(side, segment, shared);
            return true;
        }
        if self.frames_are_plain && self.conversation.are_plain(side, segment.payload) {
            self.plain_frames(side, segment, shared, out);
        } else {
            self.plain_payload(side, segment, shared, out);
        }
        true
    }

    /// Payload that comes next.
    #[inline(never)]
    fn plain_payload(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        self.begin_plain(side, segment, &mut shared.ledgers);
        self.turn(shared, out, |live, ledgers, cx| {
            live.deliver_bytes(side, segment.payload, piece_of(segment), ledgers, cx);
        });
        self.end_plain(side, segment);
    }

    #[inline]
    fn plain_ack(&mut self, side: Side, segment: &Segment<'_>, shared: &mut Shared) {
        let before = self.tcp.half(side.other()).assembler.acknowledged();
        self.begin_plain(side, segment, &mut shared.ledgers);
        let [link, network, transport] = segment.headers.map(u64::from);
        let wire = Wire {
            link,
            network,
            transport,
            ..Wire::default()
        };
        let packets = u64::from(segment.packets);
        self.account
            .charge_whole(side, Row::Ack, packets, wire, &mut shared.ledgers);
        self.count_ack(side, before, segment.wire_len());
        self.end_plain(side, segment);
    }

    #[inline]
    fn begin_plain(&mut self, side: Side, segment: &Segment<'_>, ledgers: &mut Ledgers) {
        (self.last_packet, self.end_time) = (segment.packet, segment.time);
        let packets = u64::from(segment.packets);
        self.account
            .count_whole(side, packets, segment.wire_len(), ledgers);
        self.tcp.take_plain(side, segment);
    }

    #[inline]
    fn end_plain(&mut self, side: Side, segment: &Segment<'_>) {
        if let Some(checks) = &mut self.checks {
            let client = self.conversation.client().0;
            watch::plain(checks, &self.tcp, client, side, segment);
        }
    }

    #[inline]
    fn plain_frames(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        self.begin_plain(side, segment, &mut shared.ledgers);
        let acked = Some(self.tcp.half(side.other()).assembler.acknowledged());
        if let Some(checks) = &mut self.checks {
            checks.note_acked(acked);
        }
        let Shared {
            options,
            ledgers,
            scratch,
            ..
        } = shared;
        let mut cx = Context {
            place: Place::of_connection(self.number),
            packet: segment.packet,
            options,
            scratch,
            opening: self.tcp.has_both_beginnings(),
            acked,
            encrypted: false,
            time: segment.time,
            checks: self.checks.as_deref_mut(),
            out,
        };
        let account = &mut self.account;
        let charge = |row, packets, wire| account.charge_whole(side, row, packets, wire, ledgers);
        let (conversation, piece) = (&mut self.conversation, piece_of(segment));
        conversation.take_plain(side, segment.payload, piece, &mut cx, charge);
        self.end_plain(side, segment);
    }
}
