//! Recast: what a message would cost, were its payload coded in another number of bytes and sent in one frame.

use super::model::{frame_header, segments};
use crate::direction::Direction;
use crate::wire::Wire;

/// What of a message's cost stays as it was, so that its payload need not be there when the rest is computed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recast {
    sender: Direction,
    /// The packet headers that it paid.
    own: u64,
    /// The headers of one packet, where it took several and may take fewer.
    each: Option<u64>,
    /// What TLS added.
    tls: u64,
}

impl Recast {
    /// Of a message that cost so much. It stays in the same packets; where it took several and the `headers` of one are known (not zero),
    /// in as many as it needs.
    #[inline]
    pub(super) fn of(sender: Direction, wire: &Wire, in_one_packet: bool, headers: u64) -> Self {
        Self {
            sender,
            own: packet_headers(wire),
            each: (headers > 0 && !in_one_packet).then_some(headers),
            tls: wire.tls,
        }
    }

    /// Of a message that pays so many bytes of packet headers, and no TLS.
    #[cfg(test)]
    pub(super) fn in_one_packet(sender: Direction, headers: u64) -> Self {
        Self {
            sender,
            own: headers,
            each: None,
            tls: 0,
        }
    }

    /// The cost with a payload of so many bytes as sent.
    pub(super) fn with(self, coded: u64) -> u64 {
        let above = frame_header(coded, self.sender) + coded;
        let packets = match self.each {
            Some(headers) => self.own.min(segments(above) * headers),
            None => self.own,
        };
        packets + self.tls + above
    }
}

/// Link, network and transport headers together.
pub(super) fn packet_headers(wire: &Wire) -> u64 {
    wire.link + wire.network + wire.transport
}
