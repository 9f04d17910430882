//! Artefacts: where a capture is not what a network carried, so that nobody takes its sizes for the network's.
//!
//! Comes in: packets and connections. Goes out: counts, which a report names beside its figures; no figure is changed by them.

use crate::capture::{LinkType, Packet};
use crate::direction::Direction;
use crate::event::Connection;
use crate::ledger::Row;

/// The longest packet of Ethernet without jumbo frames: 14 bytes of header, 4 of a VLAN tag, 1,500 of IP.
const LONGEST: u32 = 1518;

/// Ethernet, IPv4 and TCP headers with timestamps: what each segment of an offloaded packet has of its own.
const HEADERS: u32 = 66;

/// What each of them carries at most.
const SEGMENT: u32 = 1448;

/// A way in which a capture differs from the network.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// Packets that never left their machine.
    Loopback,
    /// Packets longer than Ethernet carries: cut or joined by the network card, or jumbo frames.
    Offload,
    /// Packets under a made-up header in place of their link's.
    CookedHeader,
    /// Packets that the capture holds only the beginning of.
    Snaplen,
    /// Connections of which one side's packets are not in the capture.
    OneSided,
}

impl Kind {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 5] = [
        Self::Loopback,
        Self::Offload,
        Self::CookedHeader,
        Self::Snaplen,
        Self::OneSided,
    ];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Offload => "offload",
            Self::CookedHeader => "cooked-header",
            Self::Snaplen => "snaplen",
            Self::OneSided => "one-sided",
        }
    }

    /// What it means for the figures.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Loopback => {
                "packets that never left the machine, up to 65,536 bytes long and without losses of a network"
            }
            Self::Offload => {
                "packets longer than Ethernet carries: the card cuts and joins them (or jumbo frames), so the network had more packets and headers"
            }
            Self::CookedHeader => {
                "cooked headers of 16 or 20 bytes stand where the link had its own (Ethernet: 14)"
            }
            Self::Snaplen => {
                "cut by the capture's length limit: charged in full, though what was cut could not be read"
            }
            Self::OneSided => {
                "connections with one side's packets only: the other's cost is not in any figure"
            }
        }
    }
}

/// What there is of one kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Artefact {
    /// Which.
    pub kind: Kind,
    /// How many packets it concerns.
    pub packets: u64,
    /// How many connections, where it concerns whole connections.
    pub connections: Option<u64>,
    /// How many packets Ethernet would have needed for those that are too long for it; none where there are no such.
    pub estimated_segments: Option<u64>,
}

/// Counts of every kind.
#[derive(Clone, Debug, Default)]
pub struct Artefacts {
    packets: [u64; Kind::ALL.len()],
    segments: [u64; Kind::ALL.len()],
    connections: u64,
}

impl Artefacts {
    /// Takes a packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        let segments = segments(packet.original_len);
        if is_loopback(packet) {
            self.count(Kind::Loopback, segments);
        } else if segments > 1 {
            self.count(Kind::Offload, segments);
        }
        if matches!(packet.link, LinkType::LINUX_SLL | LinkType::LINUX_SLL2) {
            self.count(Kind::CookedHeader, 1);
        }
        if (packet.bytes.len() as u64) < u64::from(packet.original_len) {
            self.count(Kind::Snaplen, 1);
        }
    }

    /// Takes a connection.
    pub fn connection(&mut self, connection: &Connection) {
        for direction in Direction::ALL {
            let packets = connection.packets[direction];
            // A SYN that nobody answered is no half of a conversation.
            let ledgers = connection.ledgers.as_ref();
            let opening = ledgers.map_or(0, |ledgers| ledgers[direction].row(Row::Open).packets);
            if connection.packets[direction.other()] == 0 && packets > opening {
                self.connections += 1;
                if let Some(count) = self.packets.get_mut(Kind::OneSided as usize) {
                    *count += packets;
                }
            }
        }
    }

    /// What there is any of.
    pub fn present(&self) -> impl Iterator<Item = Artefact> {
        let counts = self.packets.iter().zip(&self.segments);
        let all = Kind::ALL.into_iter().zip(counts);
        all.filter(|(_, (packets, _))| **packets > 0)
            .map(|(kind, (&packets, &segments))| Artefact {
                kind,
                packets,
                connections: (kind == Kind::OneSided).then_some(self.connections),
                estimated_segments: (segments > packets).then_some(segments),
            })
    }

    fn count(&mut self, kind: Kind, segments: u64) {
        if let Some(count) = self.packets.get_mut(kind as usize) {
            *count += 1;
        }
        if let Some(count) = self.segments.get_mut(kind as usize) {
            *count += segments;
        }
    }
}

/// How many packets Ethernet would have carried for one of this length, if it held TCP.
pub(crate) fn segments(original_len: u32) -> u64 {
    if original_len <= LONGEST {
        return 1;
    }
    u64::from((original_len - HEADERS).div_ceil(SEGMENT))
}

/// The headers that so many segments more would have.
pub(crate) fn headers_of(segments: u64) -> u64 {
    segments * u64::from(HEADERS)
}

/// Loopback interfaces have link types of their own, or Ethernet addresses of zeros only.
fn is_loopback(packet: &Packet<'_>) -> bool {
    match packet.link {
        LinkType::NULL | LinkType::LOOP => true,
        LinkType::ETHERNET => packet.bytes.starts_with(&[0; 12]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn present(link: LinkType, bytes: &[u8], original_len: u32) -> Vec<Artefact> {
        let mut artefacts = Artefacts::default();
        artefacts.packet(&Packet {
            number: 1,
            time: Timestamp(0),
            link,
            fcs_len: 0,
            bytes,
            original_len,
            file: 0,
        });
        artefacts.present().collect()
    }

    fn kinds(link: LinkType, bytes: &[u8], original_len: u32) -> Vec<Kind> {
        let present = present(link, bytes, original_len);
        present.into_iter().map(|artefact| artefact.kind).collect()
    }

    #[test]
    fn an_ordinary_packet_is_no_artefact() {
        assert_eq!(kinds(LinkType::ETHERNET, &[1; 1514], 1514), []);
    }

    #[test]
    fn each_kind_is_told_by_what_shows_it() {
        assert_eq!(kinds(LinkType::ETHERNET, &[0; 70], 70), [Kind::Loopback]);
        assert_eq!(kinds(LinkType::NULL, &[2; 60], 60), [Kind::Loopback]);
        assert_eq!(
            kinds(LinkType::LINUX_SLL2, &[2; 60], 60),
            [Kind::CookedHeader]
        );
        assert_eq!(kinds(LinkType::ETHERNET, &[2; 96], 1514), [Kind::Snaplen]);
    }

    #[test]
    fn an_offloaded_packet_is_as_many_as_its_payload_takes() {
        let found = present(LinkType::ETHERNET, &[1; 7306], 7306);
        let [artefact] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(
            (artefact.kind, artefact.estimated_segments),
            (Kind::Offload, Some(5))
        );
    }
}
