//! Medium: what the wire adds that no capture shows.

use crate::artefact::{headers_of, segments};
use crate::capture::{LinkType, Packet};

/// Preamble and start of frame (IEEE 802.3, clause 3.2).
const PREAMBLE: u64 = 8;
/// Frame check sequence.
const FCS: u64 = 4;
/// Gap between packets, in the time of so many bytes.
const GAP: u64 = 12;
/// The shortest frame without its check sequence; what is shorter is padded.
const SHORTEST: u64 = 60;
/// Addresses and type.
const HEADER: u64 = 14;

/// What the packets of a capture take on Ethernet.
///
/// Packets of loopback, cooked and raw captures are given Ethernet headers in place of theirs; those that are too long for
/// Ethernet are counted as the segments that they are estimated to be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ethernet {
    /// Packets that were computed with.
    pub packets: u64,
    /// Packets of link types whose header is not known.
    pub left_out: u64,
    /// Their original lengths.
    pub captured_bytes: u64,
    /// Frames that they take.
    pub frames: u64,
    /// Headers and payload of those.
    pub frame_bytes: u64,
    /// What makes short frames 64 bytes long.
    pub padding: u64,
}

impl Ethernet {
    /// Takes a packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        let header = match packet.link {
            LinkType::ETHERNET => HEADER,
            LinkType::NULL | LinkType::LOOP => 4,
            LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => 0,
            LinkType::LINUX_SLL => 16,
            LinkType::LINUX_SLL2 => 20,
            _ => {
                self.left_out += 1;
                return;
            }
        };
        let captured = u64::from(packet.original_len);
        let own = captured.saturating_sub(header + u64::from(packet.fcs_len)) + HEADER;
        let frames = segments(packet.original_len);
        self.packets += 1;
        self.captured_bytes += captured;
        self.frames += frames;
        self.frame_bytes += own + headers_of(frames - 1);
        self.padding += SHORTEST.saturating_sub(own);
    }

    /// Check sequences.
    pub fn fcs(&self) -> u64 {
        self.frames * FCS
    }

    /// Preambles.
    pub fn preamble(&self) -> u64 {
        self.frames * PREAMBLE
    }

    /// Gaps.
    pub fn gap(&self) -> u64 {
        self.frames * GAP
    }

    /// All of it: the time on the wire, in bytes.
    pub fn total(&self) -> u64 {
        self.frame_bytes + self.padding + self.fcs() + self.preamble() + self.gap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn of(link: LinkType, original_len: u32, fcs_len: u8) -> Ethernet {
        let mut ethernet = Ethernet::default();
        ethernet.packet(&Packet {
            number: 1,
            time: Timestamp(0),
            link,
            fcs_len,
            bytes: &[],
            original_len,
            file: 0,
        });
        ethernet
    }

    #[test]
    fn the_shortest_packet_takes_84_bytes() {
        for (link, len, fcs) in [
            (LinkType::ETHERNET, 54, 0),
            (LinkType::ETHERNET, 60, 0),
            (LinkType::ETHERNET, 64, 4),
            (LinkType::RAW, 40, 0),
            (LinkType::LINUX_SLL, 56, 0),
        ] {
            assert_eq!(of(link, len, fcs).total(), 84, "{link:?}");
        }
    }

    #[test]
    fn the_longest_takes_1538() {
        assert_eq!(of(LinkType::ETHERNET, 1514, 0).total(), 1538);
    }

    #[test]
    fn an_offloaded_packet_takes_what_its_segments_take() {
        let five = of(LinkType::ETHERNET, 66 + 5 * 1448, 0);
        assert_eq!((five.frames, five.total()), (5, 5 * 1538));
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(of(LinkType::PPP, 100, 0).left_out, 1);
    }
}
