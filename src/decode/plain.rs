//! The plain case: TCP in unfragmented IP in Ethernet, perhaps with VLAN tags, which most packets of most captures are.
//!
//! The walk would find the same; this only finds it sooner. Whatever is not plain is left to the walk.

use super::ip;
use super::link;
use super::rest::Rest;
use super::segment::{Endpoint, Segment};
use super::tcp;
use super::walk::Layer;
use crate::capture::{LinkType, Packet};

/// The segment in a plain packet.
#[inline]
pub(super) fn segment<'cap>(packet: &Packet<'cap>) -> Option<Segment<'cap>> {
    const TCP: u8 = 6;
    if packet.link != LinkType::ETHERNET {
        return None;
    }
    let (mut layer, mut rest) = link::ethernet(Rest::new(packet.bytes, packet.original_len))?;
    while let Layer::EtherType(0x8100 | 0x88a8) = layer {
        let ([_, _, high, low], after) = rest.take::<4>()?;
        (layer, rest) = (Layer::EtherType(link::be16(*high, *low)), after);
    }
    let Layer::EtherType(0x0800 | 0x86dd) = layer else {
        return None;
    };
    let ip = ip::read(rest, packet.fcs_len)?;
    if ip.protocol != TCP || ip.fragment.is_some() {
        return None;
    }
    let tcp = tcp::read(ip.rest, ip.identification)?;
    Some(Segment {
        packet: packet.number,
        time: packet.time,
        packets: 1,
        file: packet.file,
        source: Endpoint {
            address: ip.source,
            port: tcp.source_port,
        },
        destination: Endpoint {
            address: ip.destination,
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
            packet.original_len - ip.len,
            ip.len - tcp.len - tcp.payload.len,
            tcp.len,
        ],
        fingerprint: tcp.fingerprint,
    })
}
