//! Piece: where bytes of a stream came from, and what they must help to pay.

use crate::span::Span;
use crate::time::Timestamp;
use crate::wire::Wire;

/// A run of a stream's bytes that one packet brought, with the headers that they must help to pay.
///
/// Bytes `from .. from + len` of the `of` payload bytes of the packet. Of a header of `h` bytes the bytes `a .. b` of the payload pay
/// `floor(h * b / of) - floor(h * a / of)`, which sums to `h` exactly however the payload is cut.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Piece {
    /// The packet that brought them.
    pub packet: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// Link, network and transport bytes of the packet.
    pub headers: [u32; 3],
    /// How many payload bytes share the headers.
    pub of: u32,
    /// Where in that payload the run begins.
    pub from: u32,
    /// How long it is.
    pub len: u32,
    /// How many packets: 1, or the fragments of a datagram.
    pub packets: u16,
    /// Which file of several the packet stood in.
    pub file: u16,
}

impl Piece {
    /// The first `len` bytes, and the rest.
    pub fn split_at(self, len: u32) -> (Self, Self) {
        let len = len.min(self.len);
        (
            Self { len, ..self },
            Self {
                from: self.from + len,
                len: self.len - len,
                ..self
            },
        )
    }

    /// What this run costs as a part of an item, and where it stands; its first byte has this offset in its stream. So many of its bytes
    /// are a head, the others stand on a layer.
    #[inline]
    pub(crate) fn cost(&self, offset: u64, head: u64, layer: Layer) -> Cost {
        let mut wire = self.headers_share();
        wire.head = head;
        *column(&mut wire, layer) += u64::from(self.len) - head;
        Cost {
            span: Some(span_of(self, offset)),
            wire,
        }
    }

    /// What this run pays of its packet's headers; `head` and `payload` are left to who knows what the bytes are.
    #[inline]
    pub fn headers_share(&self) -> Wire {
        let [link, network, transport] = if self.from == 0 && self.len == self.of {
            self.headers.map(u64::from)
        } else {
            self.share_of_part()
        };
        Wire {
            link,
            network,
            transport,
            tls: 0,
            head: 0,
            payload: 0,
        }
    }

    /// What a part of the payload pays of each header.
    fn share_of_part(&self) -> [u64; 3] {
        let of = u64::from(self.of.max(1));
        let from = u64::from(self.from);
        let to = from + u64::from(self.len);
        let [link, network, transport] = self.headers;
        if (link | network | transport) < 1 << 8 && of < 1 << 16 {
            // Six divisions by the same number as one: for products below 2^24 and divisors below 2^16, `x * (2^40 / of + 1) >> 40` is
            // `x / of`.
            let inverse = (1 << 40) / of + 1;
            let owned = |header: u32, bytes: u64| (u64::from(header) * bytes * inverse) >> 40;
            return self
                .headers
                .map(|header| owned(header, to) - owned(header, from));
        }
        self.headers
            .map(|header| u64::from(header) * to / of - u64::from(header) * from / of)
    }
}

/// On which layer the bytes themselves stand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layer {
    /// A protocol's head.
    Head,
    /// Content.
    Payload,
    /// TLS.
    Tls,
}

/// Where an item stood and what it cost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cost {
    /// Where it stood; of nothing, while nothing was taken.
    pub span: Option<Span>,
    /// What it cost.
    pub wire: Wire,
}

impl Cost {
    /// Whether all of it stood in one packet.
    #[inline]
    pub(crate) fn is_of_one_packet(&self) -> bool {
        self.span
            .is_some_and(|span| span.first_packet == span.last_packet)
    }

    /// Adds what comes behind in the same item.
    pub fn add(&mut self, other: &Self) {
        self.wire += other.wire;
        match (&mut self.span, &other.span) {
            (Some(span), Some(more)) => span.include(more),
            (None, more) => self.span = *more,
            (Some(_), None) => {}
        }
    }
}

pub(super) fn span_of(piece: &Piece, stream_offset: u64) -> Span {
    Span::of_packet(stream_offset, piece.packet, piece.time, piece.file)
}

pub(super) fn column(wire: &mut Wire, layer: Layer) -> &mut u64 {
    match layer {
        Layer::Head => &mut wire.head,
        Layer::Payload => &mut wire.payload,
        Layer::Tls => &mut wire.tls,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_part_pays_what_the_rule_says(
            small in 1..1u32 << 16, large: u32, is_small: bool, headers: [u8; 3], long: [u32; 3], is_short: bool,
            cuts: [prop::sample::Index; 2],
        ) {
            let of = if is_small { small } else { large.max(1) };
            let headers = if is_short { headers.map(u32::from) } else { long };
            let [one, other] = cuts.map(|cut| u32::try_from(cut.index(of as usize + 1)).unwrap());
            let (from, to) = (one.min(other), one.max(other));
            let share = Piece { headers, of, from, len: to - from, ..Piece::default() }.headers_share();
            let owned = |header: u32, bytes: u32| u64::from(header) * u64::from(bytes) / u64::from(of);
            let wanted = headers.map(|header| owned(header, to) - owned(header, from));
            prop_assert_eq!([share.link, share.network, share.transport], wanted);
        }
    }
}
