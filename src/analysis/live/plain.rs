//! Plain segments: acknowledgments, and whole frames, of a WebSocket in which nothing waits. They are taken in one go, and leave it so.

use super::Live;
use super::payload::piece_of;
use crate::analysis::shared::Shared;
use crate::analysis::watch;
use crate::conversation::Context;
use crate::decode::Segment;
use crate::event::{Event, Place};
use crate::ledger::Row;
use crate::tcp::Side;
use crate::wire::Wire;

impl Live {
    /// Takes a segment that is plain, in a connection that is smooth; of any other nothing is taken.
    #[inline]
    pub(in crate::analysis) fn take_plain(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) -> bool {
        let plain = self.smooth
            && self.tcp.is_plain(side, segment)
            && self.conversation.is_plain(side, segment.payload);
        if plain {
            self.plain(side, segment, shared, out);
        }
        plain
    }

    fn plain(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        (self.last_packet, self.end_time) = (segment.packet, segment.time);
        let packets = u64::from(segment.packets);
        self.account
            .count_whole(side, packets, segment.wire_len(), &mut shared.ledgers);
        self.tcp.take_plain(side, segment);
        if let Some(checks) = &mut self.checks {
            watch::before(checks, &self.tcp, side, segment);
        }
        if segment.payload_len == 0 {
            let [link, network, transport] = segment.headers.map(u64::from);
            let wire = Wire {
                link,
                network,
                transport,
                ..Wire::default()
            };
            self.account
                .charge_whole(side, Row::Ack, packets, wire, &mut shared.ledgers);
        } else {
            self.plain_frames(side, segment, shared, out);
        }
        if let Some(checks) = &mut self.checks {
            let client = self.conversation.client().0;
            watch::after(checks, &self.tcp, client, side, segment);
        }
    }

    fn plain_frames(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let acked = Some(self.tcp.half(side.other()).assembler.acknowledged());
        if let Some(checks) = &mut self.checks {
            checks.acked = acked;
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
            opening: self.tcp.has_both_beginnings,
            acked,
            encrypted: false,
            time: segment.time,
            checks: self.checks.as_deref_mut(),
            out,
        };
        let account = &mut self.account;
        let charge = |row, packets, wire| account.charge_whole(side, row, packets, wire, ledgers);
        self.conversation
            .take_plain(side, segment.payload, piece_of(segment), &mut cx, charge);
    }
}
