//! pcap: a header, then records of a time, two lengths and bytes (draft-ietf-opsawg-pcap).

use byteorder_slice::{BigEndian, LittleEndian};
use pcap_file::pcap::{PcapParseError, RawPcapPacket};

use super::buffer::LARGEST;
use super::joint::{begins_file, begins_pcap, begins_pcapng, file_inside};
use super::packet::LinkType;
use super::{Content, Found, Parsed, Record};
use crate::time::Timestamp;

/// Bytes of the file's header.
pub(super) const HEADER_LEN: usize = 24;

/// Bytes of a record's header.
const RECORD_LEN: usize = 16;

/// Bytes that a record of the modified format has besides: interface, protocol, packet type.
const MODIFIED_LEN: usize = 8;

/// The longest packet that is believed where the header's snapshot length is shorter: the largest that common tools capture.
const LONGEST_PACKET: usize = 256 << 10;

/// How far from the last packet's time a record's may be to be believed, in seconds: a day.
const BELIEVED_DISTANCE: u32 = 86_400;

/// The header of a pcap file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pcap {
    big_endian: bool,
    nanoseconds: bool,
    modified: bool,
    longest: usize,
    pub(super) link: LinkType,
    fcs_len: u8,
}

/// The header of a record, in numbers.
struct Header {
    seconds: u32,
    fraction: u32,
    captured: usize,
    original: u32,
}

impl Pcap {
    /// Reads the file's header; none where these bytes are no pcap.
    pub(super) fn read_header(bytes: &[u8]) -> Option<Self> {
        let magic = u32::from_be_bytes(*bytes.first_chunk::<4>()?);
        let (big_endian, magic) = match magic {
            0xa1b2_c3d4 | 0xa1b2_3c4d | 0xa1b2_cd34 => (true, magic),
            other => (false, other.swap_bytes()),
        };
        let (nanoseconds, modified) = match magic {
            0xa1b2_c3d4 => (false, false),
            0xa1b2_3c4d => (true, false),
            0xa1b2_cd34 => (false, true),
            _ => return None,
        };
        let snaplen = number(bytes, 16, big_endian)?;
        let link = number(bytes, 20, big_endian)?;
        // The upper four bits say how many half-words of frame check sequence there are, where the bit below says so.
        let fcs_len = if link & 0x0400_0000 != 0 {
            u8::try_from(link >> 28).unwrap_or(0) * 2
        } else {
            0
        };
        let longest = usize::try_from(snaplen)
            .unwrap_or(LARGEST)
            .clamp(LONGEST_PACKET, LARGEST);
        Some(Self {
            big_endian,
            nanoseconds,
            modified,
            longest,
            link: LinkType(u16::try_from(link & 0xffff).unwrap_or(0)),
            fcs_len,
        })
    }

    /// Whether these bytes are the beginning of a file's header, and not all of it.
    pub(super) fn begins_header(bytes: &[u8]) -> bool {
        let mut whole = [0; HEADER_LEN];
        let Some(begin) = whole.get_mut(..bytes.len()) else {
            return false;
        };
        begin.copy_from_slice(bytes);
        bytes.len() < HEADER_LEN && Self::read_header(&whole).is_some()
    }

    /// Another file that begins here, behind the one before it; none where none does.
    pub(super) fn another(bytes: &[u8]) -> Option<Parsed> {
        begins_pcap(bytes).then(|| match Self::read_header(bytes) {
            Some(next) => Parsed::Record(Record {
                len: HEADER_LEN,
                content: Content::File(next),
            }),
            None => Parsed::Incomplete(HEADER_LEN),
        })
    }

    /// The packet at the beginning of `bytes`, where that is whole and in the usual form of a record; and how long the record is.
    #[inline]
    pub(super) fn usual(&self, bytes: &[u8]) -> Option<(usize, Found)> {
        if self.big_endian || self.modified {
            return None;
        }
        let (_, packet) = RawPcapPacket::from_slice::<LittleEndian>(bytes).ok()?;
        let header = Header {
            seconds: packet.ts_sec,
            fraction: packet.ts_frac,
            captured: packet.data.len(),
            original: packet.orig_len,
        };
        let end = RECORD_LEN + header.captured;
        let is_usual = (1..=self.longest).contains(&header.captured)
            && self.goes_on(bytes.get(end..).unwrap_or_default(), &header);
        is_usual.then(|| (end, self.found(&header, RECORD_LEN)))
    }

    /// What stands at the beginning of `bytes`.
    pub(super) fn parse(&self, bytes: &[u8]) -> Parsed {
        match self.usual(bytes) {
            Some((len, found)) => Parsed::Record(Record {
                len,
                content: Content::Packet(found),
            }),
            None => self.parse_unusual(bytes),
        }
    }

    /// The same in other formats than the usual one, and for what is not whole or not valid.
    #[inline(never)]
    fn parse_unusual(&self, bytes: &[u8]) -> Parsed {
        if let Some(next) = Self::another(bytes) {
            return next;
        }
        if begins_pcapng(bytes) {
            return Parsed::Record(Record {
                len: 0,
                content: Content::Sections,
            });
        }
        let Some(header) = self.header(bytes) else {
            return Parsed::Incomplete(self.record_len());
        };
        if header.captured > self.longest {
            return Parsed::Damaged("a packet record announces more bytes than any packet has");
        }
        let begin = self.record_len();
        if self.modified {
            return if bytes.len() >= begin + header.captured {
                self.record_before(bytes, &header, begin)
            } else {
                Parsed::Incomplete(begin + header.captured)
            };
        }
        let parsed = if self.big_endian {
            RawPcapPacket::from_slice::<BigEndian>(bytes)
        } else {
            RawPcapPacket::from_slice::<LittleEndian>(bytes)
        };
        match parsed {
            Ok(_) => self.record_before(bytes, &header, begin),
            Err(PcapParseError::IncompleteBuffer(_, _)) => {
                Parsed::Incomplete(begin + header.captured)
            }
            Err(PcapParseError::Validation(_)) => Parsed::Damaged("a packet record is not valid"),
        }
    }

    /// The record with this header, which is whole; unless it reaches into another file, because it was cut off before that was put
    /// behind it.
    fn record_before(&self, bytes: &[u8], header: &Header, begin: usize) -> Parsed {
        let end = begin + header.captured;
        let behind = bytes.get(end..).unwrap_or_default();
        if self.goes_on(behind, header) || file_inside(bytes, end).is_none() {
            return self.record(header, begin);
        }
        if behind.len() < self.record_len() {
            return Parsed::Incomplete(end + self.record_len());
        }
        Parsed::Damaged("a packet record reaches into another file")
    }

    /// Whether what stands behind a record with this header may be another, as far as that is there, or another file.
    #[inline]
    fn goes_on(&self, behind: &[u8], before: &Header) -> bool {
        match self.header(behind) {
            Some(next) => self.is_near(&next, before) || begins_file(behind),
            None => behind.is_empty(),
        }
    }

    /// Whether a header is that of a packet not long before or behind another, as far as two of its numbers tell.
    #[inline]
    fn is_near(&self, header: &Header, other: &Header) -> bool {
        let seconds = header.seconds.wrapping_sub(other.seconds);
        header.captured.wrapping_sub(1) < self.longest
            && seconds.wrapping_add(BELIEVED_DISTANCE) <= 2 * BELIEVED_DISTANCE
    }

    /// Whether a record may have this header, where the last packet had this time.
    fn makes_sense(&self, header: &Header, last: Option<Timestamp>) -> bool {
        let per_second = if self.nanoseconds {
            1_000_000_000
        } else {
            1_000_000
        };
        let distance = i64::from(BELIEVED_DISTANCE) * 1_000_000_000;
        let near = || last.is_none_or(|last| self.time(header).since(last).abs() <= distance);
        (1..=self.longest).contains(&header.captured)
            && u64::from(header.original) >= header.captured as u64
            && header.fraction < per_second
            && near()
    }

    fn record(&self, header: &Header, begin: usize) -> Parsed {
        Parsed::Record(Record {
            len: begin + header.captured,
            content: Content::Packet(self.found(header, begin)),
        })
    }

    #[inline]
    fn found(&self, header: &Header, begin: usize) -> Found {
        Found {
            time: self.time(header),
            link: self.link,
            fcs_len: self.fcs_len,
            bytes: begin..begin + header.captured,
            original_len: header.original,
        }
    }

    #[inline]
    fn record_len(&self) -> usize {
        if self.modified {
            RECORD_LEN + MODIFIED_LEN
        } else {
            RECORD_LEN
        }
    }

    #[inline]
    fn header(&self, bytes: &[u8]) -> Option<Header> {
        bytes.get(..self.record_len())?;
        let (&[seconds, fraction, captured, original], _) =
            bytes.first_chunk::<RECORD_LEN>()?.as_chunks::<4>()
        else {
            return None;
        };
        let number = |bytes| {
            if self.big_endian {
                u32::from_be_bytes(bytes)
            } else {
                u32::from_le_bytes(bytes)
            }
        };
        Some(Header {
            seconds: number(seconds),
            fraction: number(fraction),
            captured: usize::try_from(number(captured)).unwrap_or(usize::MAX),
            original: number(original),
        })
    }

    #[inline]
    fn time(&self, header: &Header) -> Timestamp {
        let unit = if self.nanoseconds { 1 } else { 1000 };
        Timestamp(i64::from(header.seconds) * 1_000_000_000 + i64::from(header.fraction) * unit)
    }

    /// Where the next record that makes sense begins, looking behind the first byte; `Err` says how many bytes cannot begin one.
    pub(super) fn find_record(
        &self,
        bytes: &[u8],
        last: Option<Timestamp>,
        complete: bool,
    ) -> Result<usize, usize> {
        let sensible = |at: usize| -> Option<usize> {
            let header = self.header(bytes.get(at..)?)?;
            (self.makes_sense(&header, last)).then_some(at + self.record_len() + header.captured)
        };
        // A candidate needs its whole record and the next one's header in view.
        let reach = self.longest + 2 * self.record_len();
        let last_candidate = if complete {
            bytes.len()
        } else {
            bytes.len().saturating_sub(reach)
        };
        let begins = |at: usize| begins_file(bytes.get(at..).unwrap_or_default());
        for at in 1..last_candidate {
            if begins(at) {
                return Ok(at);
            }
            match sensible(at) {
                Some(next) if complete && next == bytes.len() => return Ok(at),
                Some(next) if sensible(next).is_some() || begins(next) => return Ok(at),
                _ => {}
            }
        }
        Err(last_candidate.saturating_sub(1))
    }
}

fn number(bytes: &[u8], at: usize, big_endian: bool) -> Option<u32> {
    let bytes = *bytes.get(at..)?.first_chunk::<4>()?;
    Some(if big_endian {
        u32::from_be_bytes(bytes)
    } else {
        u32::from_le_bytes(bytes)
    })
}
