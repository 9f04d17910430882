//! IP headers: addresses, the packet's own length, and what it carries.
//!
//! Fragments are recognised here and joined in `defrag.rs`.

use std::net::IpAddr;

use super::rest::{Rest, be16};

/// What an IP header says.
pub(super) struct Header<'cap> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// The identification of an IPv4 packet; 0 for IPv6.
    pub(super) identification: u16,
    /// The length of the whole IP packet on the wire.
    pub(super) len: u32,
    /// What follows the header.
    pub(super) protocol: u8,
    /// Where it is one: the fragment's place.
    pub(super) fragment: Option<Place>,
    /// The packet behind its header, without what stands behind the packet.
    pub(super) rest: Rest<'cap>,
}

/// The place of a fragment in its datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// What tells the fragments of one datagram from those of the next.
    pub(super) identification: u32,
    /// The offset of its first byte.
    pub(super) offset: u32,
    /// Whether it is not the last.
    pub(super) more: bool,
}

/// Reads an IP header of either version. `trailer` bytes at the end are known to be none of the packet's, which matters only
/// where the packet does not state its length.
#[inline]
pub(super) fn read(rest: Rest<'_>, trailer: u8) -> Option<Header<'_>> {
    match rest.bytes.first()? >> 4 {
        4 => v4(rest, trailer),
        6 => v6(rest, trailer),
        _ => None,
    }
}

/// IPv4 (RFC 791, section 3.1).
#[inline]
fn v4(rest: Rest<'_>, trailer: u8) -> Option<Header<'_>> {
    let (header, _) = rest.take::<20>()?;
    let [
        first,
        _,
        l0,
        l1,
        i0,
        i1,
        f0,
        f1,
        _,
        protocol,
        _,
        _,
        addresses @ ..,
    ] = header;
    let [s0, s1, s2, s3, d0, d1, d2, d3] = *addresses;
    let header_len = u32::from(first & 0x0f) * 4;
    let len = length(u32::from(be16(*l0, *l1)), rest, trailer);
    if header_len < 20 || header_len > len {
        return None;
    }
    let field = be16(*f0, *f1);
    let (offset, more) = (u32::from(field & 0x1fff) * 8, field & 0x2000 != 0);
    let identification = be16(*i0, *i1);
    Some(Header {
        source: IpAddr::from([s0, s1, s2, s3]),
        destination: IpAddr::from([d0, d1, d2, d3]),
        identification,
        len,
        protocol: *protocol,
        fragment: (more || offset > 0).then_some(Place {
            identification: identification.into(),
            offset,
            more,
        }),
        rest: rest.cut(len).skip(header_len)?,
    })
}

/// IPv6 (RFC 8200, section 3). Its extension headers come later, as protocols.
#[inline]
fn v6(rest: Rest<'_>, trailer: u8) -> Option<Header<'_>> {
    const NO_NEXT_HEADER: u8 = 59;
    let (header, _) = rest.take::<40>()?;
    let [_, _, _, _, l0, l1, protocol, _, addresses @ ..] = header;
    let (source, destination) = addresses.split_first_chunk::<16>()?;
    let stated = match be16(*l0, *l1) {
        0 if *protocol != NO_NEXT_HEADER => 0,
        payload => u32::from(payload) + 40,
    };
    let len = length(stated, rest, trailer);
    Some(Header {
        source: IpAddr::from(*source),
        destination: IpAddr::from(<[u8; 16]>::try_from(destination).ok()?),
        identification: 0,
        len,
        protocol: *protocol,
        fragment: None,
        rest: rest.cut(len).skip(40)?,
    })
}

/// The length of an IP packet that states `stated`. A sender that leaves cutting to its network card is captured with packets
/// that state 0 (and jumbograms do, RFC 2675), so 0 is all there is; and so is a length beyond all there is.
#[inline]
fn length(stated: u32, rest: Rest<'_>, trailer: u8) -> u32 {
    match stated {
        0 => rest.len.saturating_sub(trailer.into()),
        stated => stated.min(rest.len),
    }
}

/// What an extension header says.
pub(super) enum Extension<'cap> {
    /// What follows it.
    Next(u8, Rest<'cap>),
    /// The same, behind a fragment header.
    Fragment(Place, u8, Rest<'cap>),
}

/// Reads an extension header of IPv6 (RFC 8200, section 4), or the authentication header of either version (RFC 4302); none
/// where `protocol` is no such header.
pub(super) fn extension(protocol: u8, v6: bool, rest: Rest<'_>) -> Option<Extension<'_>> {
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    match protocol {
        AUTHENTICATION => {
            let ([next, words], _) = rest.take::<2>()?;
            let rest = rest.skip((u32::from(*words) + 2) * 4)?;
            Some(Extension::Next(*next, rest))
        }
        // Hop-by-hop options, routing, destination options, mobility (RFC 6275), HIP (RFC 7401), Shim6 (RFC 5533).
        0 | 43 | 60 | 135 | 139 | 140 if v6 => {
            let ([next, words], _) = rest.take::<2>()?;
            let rest = rest.skip((u32::from(*words) + 1) * 8)?;
            Some(Extension::Next(*next, rest))
        }
        FRAGMENT if v6 => {
            let ([next, _, f0, f1, identification @ ..], rest) = rest.take::<8>()?;
            let field = be16(*f0, *f1);
            let place = Place {
                identification: u32::from_be_bytes(*identification),
                offset: u32::from(field & 0xfff8),
                more: field & 1 == 1,
            };
            // A fragment that is the whole datagram is none (RFC 6946).
            Some(if place.offset == 0 && !place.more {
                Extension::Next(*next, rest)
            } else {
                Extension::Fragment(place, *next, rest)
            })
        }
        _ => None,
    }
}
