//! Span: where something stood in the capture; Trust: how sure its boundaries are.

use crate::time::Timestamp;

/// Where something stood: in its sender's byte stream, in which packets, and when.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Span {
    /// Offset of its first byte in its sender's byte stream.
    pub stream_offset: u64,
    /// Lowest number among the packets whose bytes it was read from.
    pub first_packet: u64,
    /// Highest number among them.
    pub last_packet: u64,
    /// When the lowest was captured.
    pub time: Timestamp,
    /// When the highest was captured.
    pub end_time: Timestamp,
    /// Which file of several the lowest stood in.
    pub file: u16,
}

impl Span {
    /// Of one packet.
    pub fn of_packet(stream_offset: u64, packet: u64, time: Timestamp, file: u16) -> Self {
        Self {
            stream_offset,
            first_packet: packet,
            last_packet: packet,
            time,
            end_time: time,
            file,
        }
    }

    /// Grows to hold another, whose stream offset is left aside.
    pub fn include(&mut self, other: &Self) {
        if other.first_packet < self.first_packet {
            self.first_packet = other.first_packet;
            self.time = other.time;
            self.file = other.file;
        }
        if other.last_packet > self.last_packet {
            self.last_packet = other.last_packet;
            self.end_time = other.end_time;
        }
    }
}

/// How sure a boundary in a byte stream is, from the surest.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Trust {
    /// Every byte since the stream's beginning was seen.
    #[default]
    Exact,
    /// A hole lay inside an earlier payload.
    Carried,
    /// Found again after a loss, and confirmed by what follows.
    Resynced,
    /// The capture began in the middle, or nothing confirmed it.
    Guessed,
}

impl Trust {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Carried => "carried",
            Self::Resynced => "resynced",
            Self::Guessed => "guessed",
        }
    }
}
