//! pcapng: sections of blocks (draft-ietf-opsawg-pcapng), each section with its own byte order and interfaces.
//!
//! Blocks are framed by the library and read here, because a comment that is not UTF-8 must not cost a packet.

use std::cell::RefCell;

use byteorder_slice::{BigEndian, LittleEndian};
use pcap_file::pcapng::{RawBlock, RawBlockParseError};

use super::buffer::LARGEST;
use super::joint::{BYTE_ORDER, SECTION_HEADER, begins_pcap, begins_pcapng};
use super::packet::LinkType;
use super::pcap::Pcap;
use super::{Content, Found, Parsed, Record};
use crate::time::Timestamp;

/// Block types (section 11.1 of the draft).
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

/// Secrets of this type are a TLS key log.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// Options of an interface.
const OPTION_END: u16 = 0;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// The state of the section at hand.
#[derive(Debug, Default)]
pub(super) struct Pcapng {
    section: RefCell<Section>,
}

#[derive(Debug, Default)]
struct Section {
    big_endian: bool,
    interfaces: Vec<Interface>,
    /// Simple packets have no time: that of the packet before them is the nearest there is.
    last_time: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snaplen: u32,
    resolution: Resolution,
    offset: i64,
}

/// What one unit of a timestamp is.
#[derive(Clone, Copy, Debug)]
enum Resolution {
    /// So many nanoseconds.
    Nanoseconds(u64),
    /// A second divided by this.
    Divided(u128),
}

impl Interface {
    fn time(&self, units: u64) -> Timestamp {
        let nanoseconds = match self.resolution {
            Resolution::Nanoseconds(unit) => {
                i64::try_from(units.saturating_mul(unit)).unwrap_or(i64::MAX)
            }
            Resolution::Divided(parts) => {
                i64::try_from(u128::from(units).saturating_mul(1_000_000_000) / parts)
                    .unwrap_or(i64::MAX)
            }
        };
        Timestamp(nanoseconds.saturating_add(self.offset.saturating_mul(1_000_000_000)))
    }
}

impl Pcapng {
    /// What stands at the beginning of `bytes`.
    pub(super) fn parse(&self, bytes: &[u8]) -> Parsed {
        let Some(&[a, b, c, d]) = bytes.get(4..8).and_then(|len| len.first_chunk::<4>()) else {
            return Parsed::Incomplete(12);
        };
        if let Some(next) = Pcap::another(bytes) {
            return next;
        }
        let section = &mut *self.section.borrow_mut();
        let is_section = bytes.starts_with(&SECTION_HEADER.to_be_bytes());
        if !is_section {
            let len = if section.big_endian {
                u32::from_be_bytes([a, b, c, d])
            } else {
                u32::from_le_bytes([a, b, c, d])
            };
            if usize::try_from(len).unwrap_or(usize::MAX) > LARGEST {
                return Parsed::Damaged("a block announces more bytes than any has");
            }
        }
        let parsed = if section.big_endian {
            RawBlock::from_slice::<BigEndian>(bytes)
        } else {
            RawBlock::from_slice::<LittleEndian>(bytes)
        };
        match parsed {
            Ok((rest, block))
                if block.initial_len == block.trailer_len || block.trailer_len == 0 =>
            {
                let content = section.read(block.type_, &block.body);
                Parsed::Record(Record {
                    len: bytes.len() - rest.len(),
                    content,
                })
            }
            Ok(_) => Parsed::Damaged("the two lengths of a block differ"),
            Err(RawBlockParseError::IncompleteBuffer(needed, _)) if needed <= LARGEST => {
                Parsed::Incomplete(needed.max(bytes.len() + 1))
            }
            Err(RawBlockParseError::IncompleteBuffer(_, _)) => {
                Parsed::Damaged("a block announces more bytes than any has")
            }
            Err(RawBlockParseError::InvalidFormat(_)) => {
                Parsed::Damaged("a block's length is not possible")
            }
        }
    }

    /// Where the next block that makes sense begins: its length stands at its beginning and at its end. `Err` says how many bytes cannot begin one.
    pub(super) fn find_record(
        &self,
        bytes: &[u8],
        from: u64,
        offset: u64,
        complete: bool,
    ) -> Result<usize, usize> {
        // Blocks begin at multiples of four bytes from the damaged one; another file, at any.
        let passed = offset - from;
        let big_endian = self.section.borrow().big_endian;
        let mut at = usize::from(passed == 0);
        while at + 12 <= bytes.len() {
            let number = |at: usize| {
                let bytes = *bytes.get(at..)?.first_chunk::<4>()?;
                Some(if big_endian {
                    u32::from_be_bytes(bytes)
                } else {
                    u32::from_le_bytes(bytes)
                })
            };
            let rest = bytes.get(at..).unwrap_or_default();
            if begins_pcapng(rest) || begins_pcap(rest) {
                return Ok(at);
            }
            let len = number(at + 4)
                .filter(|_| (passed + at as u64).is_multiple_of(4))
                .and_then(|len| usize::try_from(len).ok())
                .filter(|len| (12..=LARGEST).contains(len) && len % 4 == 0);
            if let Some(len) = len
                && number(at + len - 4) == number(at + 4)
            {
                return Ok(at);
            }
            at += 1;
        }
        // A block that ends beyond what is in view is not waited for: the next one is near.
        Err(if complete {
            bytes.len()
        } else {
            at.min(bytes.len())
        })
    }
}

impl Section {
    fn number(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn short(&self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(if self.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn read(&mut self, block_type: u32, body: &[u8]) -> Content {
        let content = match block_type {
            SECTION_HEADER => {
                self.big_endian = body.starts_with(&BYTE_ORDER.to_be_bytes());
                self.interfaces.clear();
                None
            }
            INTERFACE_DESCRIPTION => self.interface(body),
            ENHANCED_PACKET => self
                .number(body, 0)
                .and_then(|interface| self.packet(body, interface)),
            OBSOLETE_PACKET => self
                .short(body, 0)
                .and_then(|interface| self.packet(body, u32::from(interface))),
            SIMPLE_PACKET => self.simple_packet(body),
            DECRYPTION_SECRETS if self.number(body, 0) == Some(TLS_KEY_LOG) => self
                .number(body, 4)
                .map(|announced| secrets(body, announced)),
            _ => None,
        };
        content.unwrap_or(match block_type {
            ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET => Content::Unreadable(
                "a packet's block is too short, or no block describes its interface",
            ),
            _ => Content::Nothing,
        })
    }

    fn interface(&mut self, body: &[u8]) -> Option<Content> {
        let mut interface = Interface {
            link: LinkType(self.short(body, 0)?),
            snaplen: self.number(body, 4)?,
            resolution: Resolution::Nanoseconds(1000),
            offset: 0,
        };
        let mut at = 8;
        while let (Some(code), Some(len)) = (self.short(body, at), self.short(body, at + 2)) {
            let value = body
                .get(at + 4..at + 4 + usize::from(len))
                .unwrap_or_default();
            match (code, value) {
                (OPTION_END, _) => break,
                (IF_TSRESOL, &[resolution]) => interface.resolution = resolution_of(resolution),
                (IF_TSOFFSET, value) if value.len() == 8 => {
                    let (high, low) = (self.number(value, 0)?, self.number(value, 4)?);
                    // A 64-bit integer in the section's byte order.
                    let (high, low) = if self.big_endian {
                        (high, low)
                    } else {
                        (low, high)
                    };
                    interface.offset = (u64::from(high) << 32 | u64::from(low)).cast_signed();
                }
                _ => {}
            }
            at += 4 + usize::from(len).next_multiple_of(4);
        }
        self.interfaces.push(interface);
        Some(Content::Interface(interface.link))
    }

    /// The two packet blocks with a time have it, and their lengths, at the same places.
    fn packet(&mut self, body: &[u8], interface: u32) -> Option<Content> {
        let interface = *self.interfaces.get(usize::try_from(interface).ok()?)?;
        let units = u64::from(self.number(body, 4)?) << 32 | u64::from(self.number(body, 8)?);
        let (captured, original_len) = (self.number(body, 12)?, self.number(body, 16)?);
        let time = interface.time(units);
        self.last_time = time;
        let whose = (time, interface.link);
        Some(found(whose, body, 20, captured, original_len))
    }

    fn simple_packet(&mut self, body: &[u8]) -> Option<Content> {
        let interface = self.interfaces.first()?;
        let original_len = self.number(body, 0)?;
        let limit = if interface.snaplen == 0 {
            u32::MAX
        } else {
            interface.snaplen
        };
        let captured = original_len.min(limit);
        let whose = (self.last_time, interface.link);
        Some(found(whose, body, 4, captured, original_len))
    }
}

/// A packet in a block's body, from a place on, of which so many bytes are announced to be captured. Where the block has no room for
/// them, there are as many as were on the wire, or as there is room for.
fn found(
    (time, link): (Timestamp, LinkType),
    body: &[u8],
    at: usize,
    captured: u32,
    original_len: u32,
) -> Content {
    let room = u32::try_from(body.len().saturating_sub(at)).unwrap_or(u32::MAX);
    let is_overstated = captured > room;
    let len = if is_overstated {
        original_len.min(room)
    } else {
        captured
    };
    // The block's type and length stand before its body.
    let begin = 8 + at;
    let found = Found {
        time,
        link,
        fcs_len: 0,
        bytes: begin..begin + to_usize(len),
        original_len,
    };
    if is_overstated {
        Content::Overstated(found, captured)
    } else {
        Content::Packet(found)
    }
}

/// A key log in a block's body, of which so many bytes are announced.
fn secrets(body: &[u8], announced: u32) -> Content {
    // The block's type and length stand before its body, and of the secrets their type and length.
    let begin = 8 + 8;
    let end = (begin + to_usize(announced)).min(8 + body.len());
    Content::Secrets(begin..end, announced)
}

fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// A power of ten, or where the highest bit is set, of two.
fn resolution_of(option: u8) -> Resolution {
    let exponent = u32::from(option & 0x7f);
    if option & 0x80 != 0 {
        return Resolution::Divided(1u128 << exponent.min(64));
    }
    match 9u32.checked_sub(exponent) {
        Some(more) => Resolution::Nanoseconds(10u64.pow(more)),
        None => Resolution::Divided(10u128.pow(exponent.min(28))),
    }
}
