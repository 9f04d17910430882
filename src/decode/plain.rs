//! The plain case: TCP in unfragmented IP in Ethernet, perhaps with VLAN tags, which most packets of most captures are.
//!
//! The walk would find the same; this only finds it sooner. Whatever is not plain is left to the walk.

use std::net::IpAddr;

use super::ip;
use super::layer::Layer;
use super::link;
use super::rest::{Rest, be16};
use super::segment::{Endpoint, Segment};
use super::tcp;
use crate::capture::{LinkType, Packet};

/// TCP's number among the protocols in IP.
const TCP: u8 = 6;

/// The segment in a packet in which all stands at fixed places: neither tags nor options of IPv4, and no fragment.
#[inline]
pub(super) fn fixed<'cap>(packet: &Packet<'cap>) -> Option<Segment<'cap>> {
    if packet.link != LinkType::ETHERNET {
        return None;
    }
    let head = packet.bytes.first_chunk::<54>()?;
    let (ethernet, rest) = head.split_first_chunk::<14>()?;
    let (ip, rest) = rest.split_first_chunk::<20>()?;
    let header = rest.first_chunk::<20>()?;
    let [.., 0x08, 0x00] = ethernet else {
        return None;
    };
    let [
        0x45,
        _,
        l0,
        l1,
        i0,
        i1,
        f0,
        f1,
        _,
        TCP,
        _,
        _,
        addresses @ ..,
    ] = ip
    else {
        return None;
    };
    let [s0, s1, s2, s3, d0, d1, d2, d3] = *addresses;
    let ip_len = u32::from(be16(*l0, *l1));
    let header_len = tcp::header_len(header);
    let payload_len = ip_len.checked_sub(20 + header_len)?;
    if be16(*f0, *f1) & 0x3fff != 0 || header_len < 20 || ip_len + 14 > packet.original_len {
        return None;
    }
    let captured = packet
        .bytes
        .get(..to_usize(14 + ip_len))
        .unwrap_or(packet.bytes);
    let payload_at = to_usize(34 + header_len);
    let options = captured
        .get(54..payload_at)
        .or_else(|| captured.get(54..))?;
    let payload = Rest {
        bytes: captured.get(payload_at..).unwrap_or_default(),
        len: payload_len,
    };
    let tcp = tcp::Header::new(header, options, payload, be16(*i0, *i1));
    let source = IpAddr::from([s0, s1, s2, s3]);
    let destination = IpAddr::from([d0, d1, d2, d3]);
    Some(of(packet, source, destination, ip_len, &tcp))
}

fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// The segment in a packet in which it stands behind tags or without, in either version of IP.
pub(super) fn tagged<'cap>(packet: &Packet<'cap>) -> Option<Segment<'cap>> {
    if packet.link != LinkType::ETHERNET {
        return None;
    }
    let (mut layer, mut rest) = link::ethernet(Rest::new(packet.bytes, packet.original_len))?;
    while let Layer::EtherType(0x8100 | 0x88a8) = layer {
        let ([_, _, high, low], after) = rest.take::<4>()?;
        (layer, rest) = (Layer::EtherType(be16(*high, *low)), after);
    }
    let Layer::EtherType(0x0800 | 0x86dd) = layer else {
        return None;
    };
    let ip = ip::read(rest, packet.fcs_len)?;
    if ip.protocol != TCP || ip.fragment.is_some() {
        return None;
    }
    let tcp = tcp::read(ip.rest, ip.identification)?;
    Some(of(packet, ip.source, ip.destination, ip.len, &tcp))
}

#[inline]
fn of<'cap>(
    packet: &Packet<'cap>,
    source: IpAddr,
    destination: IpAddr,
    ip_len: u32,
    tcp: &tcp::Header<'cap>,
) -> Segment<'cap> {
    Segment {
        packet: packet.number,
        time: packet.time,
        packets: 1,
        file: packet.file,
        source: Endpoint {
            address: source,
            port: tcp.source_port,
        },
        destination: Endpoint {
            address: destination,
            port: tcp.destination_port,
        },
        network: 0,
        seq: tcp.seq,
        ack: tcp.ack,
        flags: tcp.flags,
        window: tcp.window,
        payload: tcp.payload.bytes,
        payload_len: tcp.payload.len,
        headers: [
            packet.original_len - ip_len,
            ip_len - tcp.len - tcp.payload.len,
            tcp.len,
        ],
        fingerprint: tcp.fingerprint,
    }
}
