//! Segments as packets under some link layer, with every length and checksum right.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wscope::capture::{LinkType, Packet};
use wscope::decode::Flags;
use wscope::direction::Direction::ToServer;
use wscope::time::Timestamp;

use super::tcp::{Segment, Segments};

/// What stands before the IP header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Link {
    Ethernet,
    /// Ethernet with frames filled up to 60 bytes.
    Padded,
    Vlan,
    Sll,
    Sll2,
    NullLittle,
    NullBig,
    Loop,
    Raw,
}

impl Link {
    pub const ALL: [Self; 9] = [
        Self::Ethernet,
        Self::Padded,
        Self::Vlan,
        Self::Sll,
        Self::Sll2,
        Self::NullLittle,
        Self::NullBig,
        Self::Loop,
        Self::Raw,
    ];

    fn link_type(self) -> LinkType {
        match self {
            Self::Ethernet | Self::Padded | Self::Vlan => LinkType::ETHERNET,
            Self::Sll => LinkType::LINUX_SLL,
            Self::Sll2 => LinkType::LINUX_SLL2,
            Self::NullLittle | Self::NullBig => LinkType::NULL,
            Self::Loop => LinkType::LOOP,
            Self::Raw => LinkType::RAW,
        }
    }

    fn wrap(self, ip: IpVersion, to_server: bool, datagram: &[u8]) -> Vec<u8> {
        let (ether_type, family) = match ip {
            IpVersion::V4 => ([0x08, 0x00], 2u32),
            IpVersion::V6 => ([0x86, 0xdd], 30),
        };
        let hosts = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];
        let (source, destination) = if to_server {
            (hosts[0], hosts[1])
        } else {
            (hosts[1], hosts[0])
        };
        let mut bytes = Vec::new();
        match self {
            Self::Ethernet | Self::Padded => {
                bytes.extend([destination, source].concat());
                bytes.extend(ether_type);
            }
            Self::Vlan => {
                bytes.extend([destination, source].concat());
                bytes.extend([0x81, 0x00, 0x00, 0x05]);
                bytes.extend(ether_type);
            }
            Self::Sll => {
                // Packet type, ARPHRD_ETHER, address of six bytes in eight, protocol.
                bytes.extend([0, if to_server { 4 } else { 0 }, 0, 1, 0, 6]);
                bytes.extend(source);
                bytes.extend([0, 0]);
                bytes.extend(ether_type);
            }
            Self::Sll2 => {
                // Protocol, reserved, interface index, ARPHRD_ETHER, packet type, address of six bytes in eight.
                bytes.extend(ether_type);
                bytes.extend([0, 0, 0, 0, 0, 1, 0, 1, if to_server { 4 } else { 0 }, 6]);
                bytes.extend(source);
                bytes.extend([0, 0]);
            }
            Self::NullLittle => bytes.extend(family.to_le_bytes()),
            Self::NullBig => bytes.extend(family.to_be_bytes()),
            // OpenBSD's number for IPv6 is 24.
            Self::Loop => bytes.extend(if family == 2 { 2u32 } else { 24 }.to_be_bytes()),
            Self::Raw => {}
        }
        bytes.extend(datagram);
        if self == Self::Padded && bytes.len() < 60 {
            bytes.resize(60, 0xa5);
        }
        bytes
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IpVersion {
    V4,
    V6,
}

/// Packets as a capture holds them.
#[derive(Clone, Debug)]
pub struct Recording {
    pub link: LinkType,
    pub packets: Vec<Recorded>,
}

#[derive(Clone, Debug)]
pub struct Recorded {
    pub time: Timestamp,
    pub bytes: Vec<u8>,
}

impl Recording {
    pub fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        (1..).zip(&self.packets).map(|(number, packet)| Packet {
            number,
            time: packet.time,
            link: self.link,
            fcs_len: 0,
            bytes: &packet.bytes,
            original_len: packet.bytes.len() as u32,
            file: 0,
        })
    }

    /// How many bytes were captured.
    pub fn total(&self) -> u64 {
        let lengths = self.packets.iter().map(|packet| packet.bytes.len() as u64);
        lengths.sum()
    }
}

impl Segments {
    /// Under Ethernet and IPv4.
    pub fn recording(&self) -> Recording {
        self.under(Link::Ethernet, IpVersion::V4)
    }

    /// As packets, a millisecond apart.
    pub fn under(&self, link: Link, ip: IpVersion) -> Recording {
        const START: i64 = 1_700_000_000_000_000_000;
        let packets = (0..).zip(&self.list).map(|(index, segment)| Recorded {
            time: Timestamp(START + index * 1_000_000),
            bytes: link.wrap(ip, segment.sender == ToServer, &self.datagram(segment, ip)),
        });
        Recording {
            link: link.link_type(),
            packets: packets.collect(),
        }
    }

    fn datagram(&self, segment: &Segment, ip: IpVersion) -> Vec<u8> {
        let addresses: [IpAddr; 2] = match ip {
            IpVersion::V4 => [
                Ipv4Addr::new(192, 0, 2, 1).into(),
                Ipv4Addr::new(198, 51, 100, 7).into(),
            ],
            IpVersion::V6 => [
                Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
                Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2).into(),
            ],
        };
        let [client, server] = addresses;
        let (source, destination) = if segment.sender == ToServer {
            (client, server)
        } else {
            (server, client)
        };
        let mut tcp = self.tcp(segment);
        let mut pseudo = octets(source);
        pseudo.extend(octets(destination));
        pseudo.extend((tcp.len() as u32).to_be_bytes());
        pseudo.extend([0, 0, 0, 6]);
        pseudo.extend(&tcp);
        let sum = checksum(&pseudo);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        let mut bytes = match ip {
            IpVersion::V4 => {
                let mut header = vec![0x45, 0];
                header.extend((20 + tcp.len() as u16).to_be_bytes());
                header.extend(segment.id.to_be_bytes());
                // Don't fragment; time to live; TCP; the checksum's place.
                header.extend([0x40, 0, 64, 6, 0, 0]);
                header.extend(octets(source));
                header.extend(octets(destination));
                let sum = checksum(&header);
                header[10..12].copy_from_slice(&sum.to_be_bytes());
                header
            }
            IpVersion::V6 => {
                let mut header = vec![0x60, 0, 0, 0];
                header.extend((tcp.len() as u16).to_be_bytes());
                header.extend([6, 64]);
                header.extend(octets(source));
                header.extend(octets(destination));
                header
            }
        };
        bytes.append(&mut tcp);
        bytes
    }

    /// The TCP header with its options, and the payload.
    fn tcp(&self, segment: &Segment) -> Vec<u8> {
        let (sender, other) = (segment.sender, segment.sender.other());
        let [source, destination] = if sender == ToServer {
            [40_000u16, 8080]
        } else {
            [8080, 40_000]
        };
        let number = |isn: u32, place: u64| isn.wrapping_add(place as u32).to_be_bytes();
        let mut options = if segment.flags & Flags::SYN != 0 {
            // Maximum segment size, selective ACKs permitted, window scale.
            vec![2, 4, 0x05, 0xb4, 4, 2, 3, 3, 7, 1, 1, 1]
        } else {
            Vec::new()
        };
        // Two fillers and the time stamps.
        options.extend([1, 1, 8, 10]);
        options.extend((100_000 + u32::from(segment.id)).to_be_bytes());
        options.extend(u32::from(segment.ack.is_some()).to_be_bytes());
        if options.len() % 4 != 0 {
            options.resize(options.len().next_multiple_of(4), 0);
        }
        let mut bytes = Vec::new();
        bytes.extend(source.to_be_bytes());
        bytes.extend(destination.to_be_bytes());
        bytes.extend(number(self.isn[sender], segment.at));
        bytes.extend(
            segment
                .ack
                .map_or([0; 4], |ack| number(self.isn[other], ack)),
        );
        bytes.push((((20 + options.len()) / 4) << 4) as u8);
        bytes.push(segment.flags);
        bytes.extend(64_240u16.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(options);
        bytes.extend(&segment.payload);
        bytes
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum = bytes.chunks(2).fold(0u64, |sum, pair| {
        let low = pair.get(1).copied().unwrap_or(0);
        sum + u64::from(u16::from_be_bytes([pair[0], low]))
    });
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}
