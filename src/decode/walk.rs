//! The walk: header by header from a packet's first byte to what it carries.
//!
//! Costs are not added up on the way. They are differences between the lengths at a few places (the packet, the outermost IP
//! packet, the content), so that their sum is the original length whatever stands between.

use std::net::{IpAddr, Ipv4Addr};

use super::cost::Cost;
use super::defrag::{Fragment, Joined, Key};
use super::ip::{self, Extension, Place};
use super::layer::Layer;
use super::link;
use super::origin::Origin;
use super::rest::{Rest, be16};
use super::segment::{Endpoint, Other, Segment};
use super::tcp;
use super::tunnel;
use crate::capture::Packet;

/// How many IP headers may stand one inside the other. Overlays on overlays are seen three or four deep; what is deeper was made to
/// waste time.
const MAX_DEPTH: u8 = 8;

/// Where a walk has come to.
pub(super) struct Walk<'cap> {
    pub(super) layer: Layer,
    pub(super) rest: Rest<'cap>,
    pub(super) cost: Cost,
    pub(super) origin: Origin,
    /// Bytes of frame check sequence that may stand behind the outermost IP packet.
    trailer: u8,
}

/// Where a walk ends.
pub(super) enum Found<'cap> {
    Tcp(Segment<'cap>),
    Fragment(Fragment<'cap>),
    Other(Other),
    /// Tunnels in tunnels, too deep to go on.
    TooDeep(Other),
}

impl<'cap> Walk<'cap> {
    /// A walk through a packet that begins with `layer`.
    #[inline]
    pub(super) fn new(layer: Layer, packet: &Packet<'cap>) -> Self {
        Self {
            layer,
            rest: Rest::new(packet.bytes, packet.original_len),
            cost: Cost {
                packets: 1,
                total: packet.original_len,
                link: None,
            },
            origin: Origin {
                source: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                destination: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                identification: 0,
                network: 0,
                depth: 0,
            },
            trailer: packet.fcs_len,
        }
    }

    /// A walk that goes on in the content of a datagram whose fragments were joined.
    pub(super) fn resumed(datagram: &'cap Joined) -> Self {
        Self {
            layer: Layer::Protocol(datagram.protocol),
            rest: Rest::new(&datagram.bytes, datagram.len),
            cost: datagram.cost,
            origin: datagram.origin,
            trailer: 0,
        }
    }

    /// Goes as far as the headers are captured and understood. `packet` is the one that brought the last byte.
    #[inline]
    pub(super) fn run(mut self, packet: &Packet<'_>) -> Found<'cap> {
        const TCP: u8 = 6;
        const UDP: u8 = 17;
        loop {
            let next = match self.layer {
                Layer::Ethernet => link::ethernet(self.rest),
                Layer::EtherType(kind) => link::ether_type(kind, self.rest),
                Layer::Ip if self.origin.depth == MAX_DEPTH => {
                    return Found::TooDeep(self.other(0));
                }
                Layer::Ip => match self.ip() {
                    Some((protocol, Some(place))) => return self.fragment(place, protocol),
                    Some((protocol, None)) => Some((Layer::Protocol(protocol), self.rest)),
                    None => None,
                },
                Layer::Protocol(TCP) => {
                    return match tcp::read(self.rest, self.origin.identification) {
                        Some(header) => Found::Tcp(self.segment(&header, packet)),
                        None => Found::Other(self.other(0)),
                    };
                }
                Layer::Protocol(UDP) => match self.vxlan() {
                    Some(next) => Some(next),
                    None => return Found::Other(self.other(self.rest.len.min(8))),
                },
                Layer::Protocol(protocol) => match self.protocol(protocol) {
                    Some(Extension::Fragment(place, protocol, rest)) => {
                        self.rest = rest;
                        return self.fragment(place, protocol);
                    }
                    Some(Extension::Next(protocol, rest)) => {
                        Some((Layer::Protocol(protocol), rest))
                    }
                    None => self.inside(protocol),
                },
                Layer::Family => link::family(self.rest),
                Layer::Ppp => link::ppp(self.rest),
                Layer::Pppoe => link::pppoe(self.rest),
                Layer::Cooked => link::cooked(self.rest),
                Layer::Cooked2 => link::cooked2(self.rest),
                Layer::Mpls => link::mpls(self.rest),
            };
            match next {
                Some((layer, rest)) => (self.layer, self.rest) = (layer, rest),
                None => return Found::Other(self.other(0)),
            }
        }
    }

    /// Passes an IP header: the protocol that it carries, and the place of a fragment.
    #[inline]
    fn ip(&mut self) -> Option<(u8, Option<Place>)> {
        let header = ip::read(self.rest, self.trailer)?;
        if self.cost.link.is_none() {
            self.cost.link = Some(self.cost.total - header.len);
            self.trailer = 0;
        }
        self.origin.source = header.source;
        self.origin.destination = header.destination;
        self.origin.identification = header.identification;
        self.origin.depth += 1;
        self.rest = header.rest;
        Some((header.protocol, header.fragment))
    }

    fn protocol(&self, protocol: u8) -> Option<Extension<'cap>> {
        ip::extension(protocol, self.origin.source.is_ipv6(), self.rest)
    }

    /// What a protocol carries that is a tunnel.
    fn inside(&mut self, protocol: u8) -> Option<(Layer, Rest<'cap>)> {
        const IPV4: u8 = 4;
        const IPV6: u8 = 41;
        const GRE: u8 = 47;
        const MPLS: u8 = 137;
        match protocol {
            IPV4 | IPV6 => Some((Layer::Ip, self.rest)),
            MPLS => Some((Layer::Mpls, self.rest)),
            GRE => {
                let (network, layer, rest) = tunnel::gre(self.rest)?;
                self.enter(network);
                Some((layer, rest))
            }
            _ => None,
        }
    }

    /// What a UDP datagram carries, if it is VXLAN's.
    fn vxlan(&mut self) -> Option<(Layer, Rest<'cap>)> {
        let ([_, _, high, low, ..], rest) = self.rest.take::<8>()?;
        if !tunnel::is_vxlan(be16(*high, *low)) {
            return None;
        }
        let (network, layer, rest) = tunnel::vxlan(rest)?;
        self.enter(network);
        Some((layer, rest))
    }

    /// Enters the network that a tunnel numbers.
    fn enter(&mut self, network: Option<u32>) {
        if let Some(inner) = network {
            self.origin.network = match (self.origin.network, inner.checked_add(1)) {
                (0, Some(number)) => number,
                // An odd factor keeps inner networks of one outer network apart.
                (outer, _) => (outer.rotate_left(16) ^ inner).wrapping_mul(0x9e37_79b1) | 1,
            };
        }
    }

    fn fragment(self, place: Place, protocol: u8) -> Found<'cap> {
        let Origin {
            source,
            destination,
            network,
            ..
        } = self.origin;
        Found::Fragment(Fragment {
            key: Key {
                source,
                destination,
                identification: place.identification,
                // Only the first fragment of an IPv6 datagram must tell the right protocol (RFC 8200, section 4.5).
                protocol: if source.is_ipv6() { 0 } else { protocol },
                network,
            },
            offset: place.offset,
            more: place.more,
            protocol,
            other: self.other(0),
            rest: self.rest,
            cost: self.cost,
            origin: self.origin,
        })
    }

    #[inline]
    fn segment(&self, header: &tcp::Header<'cap>, packet: &Packet<'_>) -> Segment<'cap> {
        let costs = self.split(header.len, header.payload.len);
        Segment {
            packet: packet.number,
            time: packet.time,
            packets: self.cost.packets,
            file: packet.file,
            source: Endpoint {
                address: self.origin.source,
                port: header.source_port,
            },
            destination: Endpoint {
                address: self.origin.destination,
                port: header.destination_port,
            },
            network: self.origin.network,
            seq: header.seq,
            ack: header.ack,
            flags: header.flags,
            window: header.window,
            payload: header.payload.bytes,
            payload_len: header.payload.len,
            headers: [costs.link, costs.network, costs.transport],
            fingerprint: header.fingerprint,
        }
    }

    /// What the bytes are if they are no TCP segment and `transport` of those that are left are a transport header.
    fn other(&self, transport: u32) -> Other {
        self.split(transport, self.rest.len - transport)
    }

    /// Shares the cost among the layers, given what stands at the top.
    #[inline]
    fn split(&self, transport: u32, payload: u32) -> Other {
        let content = transport + payload;
        let link = self.cost.link.unwrap_or(self.cost.total - content);
        Other {
            packets: self.cost.packets,
            link,
            network: self.cost.total - link - content,
            transport,
            payload,
            duplicate: false,
        }
    }
}
