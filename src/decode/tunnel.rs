//! Tunnels that number their networks: GRE and VXLAN.
//!
//! IP in IP needs no header of its own and is left to the walk.

use super::layer::Layer;
use super::rest::{Rest, be16};

/// What a tunnel's header says: the number of the network inside, if it has one, and what follows.
pub(super) type Inside<'cap> = (Option<u32>, Layer, Rest<'cap>);

/// A GRE header, version 0 (RFC 2784) with key and sequence number (RFC 2890). The key numbers the network.
pub(super) fn gre(rest: Rest<'_>) -> Option<Inside<'_>> {
    const CHECKSUM: u8 = 0x80;
    const ROUTING: u8 = 0x40;
    const KEY: u8 = 0x20;
    const SEQUENCE: u8 = 0x10;
    let ([flags, version, high, low], mut rest) = rest.take::<4>()?;
    // Source routes (RFC 1701) were dropped from the protocol; version 1 is PPTP's.
    if flags & ROUTING != 0 || version & 7 != 0 {
        return None;
    }
    if flags & CHECKSUM != 0 {
        rest = rest.skip(4)?;
    }
    let mut key = None;
    if flags & KEY != 0 {
        let (bytes, after) = rest.take::<4>()?;
        key = Some(u32::from_be_bytes(*bytes));
        rest = after;
    }
    if flags & SEQUENCE != 0 {
        rest = rest.skip(4)?;
    }
    Some(match be16(*high, *low) {
        // A mirrored Ethernet frame (ERSPAN): type II has a header and a sequence number, type I neither.
        0x88be if flags & SEQUENCE != 0 => (key, Layer::Ethernet, rest.skip(8)?),
        0x88be => (key, Layer::Ethernet, rest),
        kind => (key, Layer::EtherType(kind), rest),
    })
}

/// Whether this UDP port is VXLAN's: the registered one, or the one that Linux took before there was one.
pub(super) fn is_vxlan(port: u16) -> bool {
    matches!(port, 4789 | 8472)
}

/// A VXLAN header (RFC 7348, section 5); none without the flag that its network identifier is valid.
pub(super) fn vxlan(rest: Rest<'_>) -> Option<Inside<'_>> {
    let ([flags, _, _, _, a, b, c, _], rest) = rest.take::<8>()?;
    let network = u32::from_be_bytes([0, *a, *b, *c]);
    (flags & 0x08 != 0).then_some((Some(network), Layer::Ethernet, rest))
}
