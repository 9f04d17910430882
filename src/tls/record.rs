//! TLS records (RFC 8446, section 5.1): a type, a version, a length, and so many bytes.

use crate::reader::{Reader, Step};

/// Bytes of a record's header.
pub(super) const HEADER_LEN: usize = 5;

/// The longest record of any version: 2^14 bytes of content and 2,048 of expansion (RFC 5246, section 6.2.3).
const LONGEST: u64 = (1 << 14) + 2048;

/// What a record carries; every value is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ContentType(pub u8);

impl ContentType {
    /// In TLS 1.2 keys change behind it; in TLS 1.3 it means nothing.
    pub const CHANGE_CIPHER_SPEC: Self = Self(20);
    /// A message of the handshake.
    pub const HANDSHAKE: Self = Self(22);
    /// Application data, or under TLS 1.3 any encrypted record.
    pub const APPLICATION_DATA: Self = Self(23);
}

/// What the bytes before the reader turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordEvent {
    /// A record's header.
    Header(ContentType),
    /// Bytes of the record.
    Fragment(ContentType),
    /// These bytes begin no record.
    NotTls,
}

/// Bytes in, records out.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordReader {
    /// The open record's type, and how many of its bytes are still to come.
    open: Option<(ContentType, u64)>,
}

impl Reader for RecordReader {
    type Event = RecordEvent;

    fn read(&mut self, bytes: &[u8]) -> Step<RecordEvent> {
        match (self.open, bytes) {
            (_, []) => Step::Incomplete,
            (Some((content_type, left)), _) => {
                let len = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                let left = left - len as u64;
                self.open = (left > 0).then_some((content_type, left));
                Step::Event(len, RecordEvent::Fragment(content_type))
            }
            (None, &[content_type @ 20..=24, 3, 0..=4, high, low, ..])
                if u64::from(u16::from_be_bytes([high, low])) <= LONGEST =>
            {
                let content_type = ContentType(content_type);
                let len = u64::from(u16::from_be_bytes([high, low]));
                self.open = (len > 0).then_some((content_type, len));
                Step::Event(HEADER_LEN, RecordEvent::Header(content_type))
            }
            (None, _) if begins_record(bytes) => Step::Incomplete,
            (None, _) => Step::Event(0, RecordEvent::NotTls),
        }
    }

    fn skip(&mut self, len: u64) -> bool {
        match self.open {
            Some((content_type, left)) if len <= left => {
                self.open = (len < left).then(|| (content_type, left - len));
                true
            }
            _ => false,
        }
    }
}

impl RecordReader {
    /// Whether the next byte begins a record.
    pub fn is_between_records(&self) -> bool {
        self.open.is_none()
    }
}

/// The length of the record that these bytes begin, with its header; none where they begin none, or too little of it is there.
pub(super) fn record_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        &[20..=24, 3, 0..=4, high, low, ..] => {
            let len = u16::from_be_bytes([high, low]);
            (u64::from(len) <= LONGEST).then(|| HEADER_LEN + usize::from(len))
        }
        _ => None,
    }
}

/// Whether bytes begin a TLS record, as far as there are any.
pub fn begins_record(bytes: &[u8]) -> bool {
    match bytes {
        [] | [20..=24] | [20..=24, 3] | [20..=24, 3, 0..=4] | [20..=24, 3, 0..=4, _] => true,
        &[20..=24, 3, 0..=4, high, low, ..] => {
            u64::from(u16::from_be_bytes([high, low])) <= LONGEST
        }
        _ => false,
    }
}
