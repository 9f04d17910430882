//! Link layers: from a link type to the first IP header.
//!
//! Tags, labels and session headers are passed over one by one, to any depth, since each of them takes bytes. Inside a
//! tunnel the same headers are met again, so nothing here knows whether it stands outside or inside.

use super::layer::Layer;
use super::rest::{Rest, be16};
use crate::capture::LinkType;

/// What a packet of this link type begins with; none for one that cannot be decoded.
pub(super) fn first(link: LinkType) -> Option<Layer> {
    Some(match link {
        LinkType::ETHERNET => Layer::Ethernet,
        LinkType::NULL | LinkType::LOOP => Layer::Family,
        LinkType::PPP | LinkType::PPP_HDLC => Layer::Ppp,
        LinkType::PPP_ETHER => Layer::Pppoe,
        LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => Layer::Ip,
        LinkType::LINUX_SLL => Layer::Cooked,
        LinkType::LINUX_SLL2 => Layer::Cooked2,
        _ => return None,
    })
}

/// An Ethernet header: two addresses and a type (IEEE 802.3, clause 3).
pub(super) fn ethernet(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    let ([.., high, low], rest) = rest.take::<14>()?;
    Some((Layer::EtherType(be16(*high, *low)), rest))
}

/// Linux cooked capture: its last two bytes are the protocol.
pub(super) fn cooked(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    let ([.., high, low], rest) = rest.take::<16>()?;
    Some((Layer::EtherType(be16(*high, *low)), rest))
}

/// Linux cooked capture, version 2: its first two bytes are the protocol.
pub(super) fn cooked2(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    let ([high, low, ..], rest) = rest.take::<20>()?;
    Some((Layer::EtherType(be16(*high, *low)), rest))
}

/// The address family before a packet of a BSD loopback device.
///
/// `NULL` has it in the byte order of the capturing machine, which nobody recorded, and `LOOP` in network order. No family is
/// above 255, so either order is recognised. IPv6 is 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on Darwin and 10 on Linux.
pub(super) fn family(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    let ([first, 0, 0, last], rest) = rest.take::<4>()? else {
        return None;
    };
    match (first, last) {
        (family, 0) | (0, family) => {
            matches!(family, 2 | 10 | 24 | 28 | 30).then_some((Layer::Ip, rest))
        }
        _ => None,
    }
}

/// What an Ethernet type stands for (IEEE 802 numbers), that of a GRE header too; below 0x600 it is the length of an LLC frame.
pub(super) fn ether_type(kind: u16, rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    match kind {
        0x0800 | 0x86dd => Some((Layer::Ip, rest)),
        // VLAN tags (IEEE 802.1Q), service tags (802.1ad) and the older numbers for the outer of two.
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
            let ([_, _, high, low], rest) = rest.take::<4>()?;
            Some((Layer::EtherType(be16(*high, *low)), rest))
        }
        0x8847 | 0x8848 => Some((Layer::Mpls, rest)),
        0x8864 => Some((Layer::Pppoe, rest)),
        // Transparent Ethernet bridging, in GRE (RFC 1701).
        0x6558 => Some((Layer::Ethernet, rest)),
        0..0x600 => snap(rest),
        _ => None,
    }
}

/// An LLC header that says SNAP, and a SNAP header that says Ethernet type (RFC 1042).
fn snap(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    let ([0xaa, 0xaa, 0x03, 0, 0, 0, high, low], rest) = rest.take::<8>()? else {
        return None;
    };
    // No length here, or headers of eight bytes could go round in LLC for ever and mean nothing.
    let kind = be16(*high, *low);
    (kind >= 0x600).then_some((Layer::EtherType(kind), rest))
}

/// A stack of MPLS labels (RFC 3032) down to its bottom. It does not say what it carries: a version of IP is known by its
/// first four bits, a pseudowire's control word by four zeros (RFC 4385).
pub(super) fn mpls(mut rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    loop {
        let ([_, _, bottom, _], below) = rest.take::<4>()?;
        rest = below;
        if bottom & 1 == 1 {
            break;
        }
    }
    match rest.bytes.first()? >> 4 {
        4 | 6 => Some((Layer::Ip, rest)),
        0 => Some((Layer::Ethernet, rest.skip(4)?)),
        _ => None,
    }
}

/// A `PPPoE` session header (RFC 2516, section 4).
pub(super) fn pppoe(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    let ([0x11, 0, ..], rest) = rest.take::<6>()? else {
        return None;
    };
    Some((Layer::Ppp, rest))
}

/// A PPP header (RFC 1661, section 2) with or without address and control (RFC 1662, section 3.1), the protocol in two bytes
/// or compressed to one; or Cisco's framing in its place, which carries an Ethernet type.
pub(super) fn ppp(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    let rest = match rest.bytes {
        [0xff, 0x03, ..] => rest.skip(2)?,
        [0x0f | 0x8f, 0x00, high, low, ..] => {
            return Some((Layer::EtherType(be16(*high, *low)), rest.skip(4)?));
        }
        _ => rest,
    };
    let (protocol, rest) = match rest.bytes {
        [protocol, ..] if protocol & 1 == 1 => (u16::from(*protocol), rest.skip(1)?),
        [high, low, ..] => (be16(*high, *low), rest.skip(2)?),
        _ => return None,
    };
    match protocol {
        0x0021 | 0x0057 => Some((Layer::Ip, rest)),
        0x0281 | 0x0283 => Some((Layer::Mpls, rest)),
        _ => None,
    }
}
