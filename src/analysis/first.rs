//! First: a connection of which one packet without payload is known. Most packets that scanners and floods send are all that ever
//! comes of theirs, so such a connection must cost little: it is that packet, and comes to life when a second one does.

use super::live::Live;
use crate::decode::{Flags, Segment};
use crate::tcp::{KeptKey, Key, Numbers, Side};
use crate::time::Timestamp;

/// A connection's first packet.
#[derive(Debug)]
pub(super) struct First {
    key: KeptKey,
    number: u64,
    packet: u64,
    time: Timestamp,
    fingerprint: u64,
    seq: u32,
    ack: Option<u32>,
    headers: [u32; 3],
    packets: u16,
    file: u16,
    window: u16,
    flags: Flags,
    opener_is_lower: bool,
}

impl First {
    /// Takes a packet that may be all there is; none where it brings payload, or an end.
    pub(super) fn new(
        number: u64,
        key: &Key,
        opener_is_lower: bool,
        segment: &Segment<'_>,
    ) -> Option<Self> {
        if segment.payload_len > 0 || segment.flags.rst() || segment.flags.fin() {
            return None;
        }
        Some(Self {
            key: key.into(),
            number,
            packet: segment.packet,
            time: segment.time,
            fingerprint: segment.fingerprint,
            seq: segment.seq,
            ack: segment.ack,
            headers: segment.headers,
            packets: segment.packets,
            file: segment.file,
            window: segment.window,
            flags: segment.flags,
            opener_is_lower,
        })
    }

    pub(super) fn key(&self) -> &KeptKey {
        &self.key
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn packet(&self) -> u64 {
        self.packet
    }

    /// Whether a SYN begins another connection between the same ends.
    pub(super) fn is_superseded_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        let numbers = match side {
            Side::Opener => Numbers {
                next_seq: Some(self.seq.wrapping_add(u32::from(self.flags.syn()))),
                syn: self.flags.syn().then_some(self.seq),
            },
            Side::Other => Numbers::default(),
        };
        numbers.are_superseded_by(segment)
    }

    /// The connection that begins with this packet, which is still to be taken.
    pub(super) fn live(self, asked_for: bool) -> (Live, Segment<'static>) {
        let segment = self.segment();
        let live = Live::new(
            self.number,
            self.key,
            self.opener_is_lower,
            asked_for,
            &segment,
        );
        (live, segment)
    }

    fn segment(&self) -> Segment<'static> {
        let key = Key::from(&self.key);
        let ends = key.ends(self.opener_is_lower);
        Segment {
            packet: self.packet,
            time: self.time,
            packets: self.packets,
            file: self.file,
            source: ends[Side::Opener],
            destination: ends[Side::Other],
            network: key.network(),
            seq: self.seq,
            ack: self.ack,
            flags: self.flags,
            window: self.window,
            payload: &[],
            payload_len: 0,
            headers: self.headers,
            fingerprint: self.fingerprint,
        }
    }
}
