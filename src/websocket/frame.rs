//! WebSocket frames: the base framing protocol (RFC 6455, section 5.2).
//!
//! Comes in: bytes of one direction. Goes out: a header, its payload in as many pieces as the stream brings, an end. Reading judges
//! nothing: a reserved opcode or an unmasked client frame is read like any other.

use nom::number::streaming::{be_u8, be_u16, be_u32, be_u64};
use nom::{IResult, Parser};

use crate::reader::{Reader, Step};

/// All that stands before a frame's payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3 as three bits, RSV1 the highest.
    pub rsv: u8,
    /// What the payload is.
    pub opcode: Opcode,
    /// The key that masks the payload; none where the frame is not masked (section 5.3).
    pub masking_key: Option<[u8; 4]>,
    /// Bytes of payload that follow.
    pub payload_len: u64,
    /// Bytes of this header on the wire, 2 to 14. A length may stand in a longer form than it needs.
    pub header_len: u8,
}

impl Header {
    /// Reads a header from the beginning of `input`. Any two bytes begin one, so the only way to fail is to want more.
    pub fn parse(input: &[u8]) -> IResult<&[u8], Self> {
        Self::parse_here(input)
    }

    /// The same, where many are read.
    #[expect(
        clippy::inline_always,
        reason = "what a call brings back goes through memory, a byte at a time, and is waited for"
    )]
    #[inline(always)]
    pub(crate) fn parse_here(input: &[u8]) -> IResult<&[u8], Self> {
        let (rest, (first, second)) = (be_u8, be_u8).parse(input)?;
        let (rest, payload_len) = match second & 0x7f {
            126 => be_u16.map(u64::from).parse(rest)?,
            127 => be_u64(rest)?,
            len => (rest, u64::from(len)),
        };
        let (rest, masking_key) = if second & 0x80 != 0 {
            let (rest, key) = be_u32(rest)?;
            (rest, Some(key.to_be_bytes()))
        } else {
            (rest, None)
        };
        let header = Self {
            fin: first & 0x80 != 0,
            rsv: first >> 4 & 0b111,
            opcode: Opcode::from(first),
            masking_key,
            payload_len,
            header_len: u8::try_from(input.len() - rest.len())
                .expect("a header has at most 14 bytes"),
        };
        Ok((rest, header))
    }

    /// RSV1: in the first frame of a message, that it is compressed (RFC 7692, section 6).
    pub fn rsv1(&self) -> bool {
        self.rsv & 0b100 != 0
    }

    /// RSV2.
    pub fn rsv2(&self) -> bool {
        self.rsv & 0b010 != 0
    }

    /// RSV3.
    pub fn rsv3(&self) -> bool {
        self.rsv & 0b001 != 0
    }
}

/// What a frame's payload is (RFC 6455, sections 5.2 and 11.8).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Opcode {
    /// More of the message that is open.
    Continuation,
    /// The first frame of a text message.
    Text,
    /// The first frame of a binary message.
    Binary,
    /// The closing handshake (section 5.5.1).
    Close,
    /// A question whether the other side is there (section 5.5.2).
    Ping,
    /// Its answer (section 5.5.3).
    Pong,
    /// 3 to 7 and 11 to 15: reserved for frames that nobody has defined.
    Reserved(u8),
}

impl Opcode {
    /// As it stands in the header's lower four bits.
    pub fn value(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
            Self::Reserved(value) => value,
        }
    }

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Continuation => "continuation",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Reserved(_) => "reserved",
        }
    }

    /// Whether it is a control frame's: those have the highest bit set (section 5.5).
    pub fn is_control(self) -> bool {
        self.value() & 0b1000 != 0
    }
}

impl From<u8> for Opcode {
    /// From the lower four bits.
    fn from(byte: u8) -> Self {
        match byte & 0x0f {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            value => Self::Reserved(value),
        }
    }
}

/// What the bytes before the reader turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FrameEvent {
    /// A header.
    Header(Header),
    /// Payload, still masked.
    Payload,
    /// The frame is over.
    End,
}

/// Bytes in, frames out.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameReader {
    /// How much payload the open frame still owes; none between frames.
    owed: Option<u64>,
}

impl FrameReader {
    /// How much payload the open frame still owes; none between frames.
    pub fn owed(&self) -> Option<u64> {
        self.owed
    }
}

impl Reader for FrameReader {
    type Event = FrameEvent;

    fn read(&mut self, bytes: &[u8]) -> Step<FrameEvent> {
        match self.owed {
            None => match Header::parse(bytes) {
                Ok((rest, header)) => {
                    self.owed = Some(header.payload_len);
                    Step::Event(bytes.len() - rest.len(), FrameEvent::Header(header))
                }
                Err(_) => Step::Incomplete,
            },
            Some(0) => {
                self.owed = None;
                Step::Event(0, FrameEvent::End)
            }
            Some(_) if bytes.is_empty() => Step::Incomplete,
            Some(owed) => {
                let len = usize::try_from(owed).map_or(bytes.len(), |owed| owed.min(bytes.len()));
                self.owed = Some(owed - len as u64);
                Step::Event(len, FrameEvent::Payload)
            }
        }
    }

    fn skip(&mut self, len: u64) -> bool {
        match self.owed.and_then(|owed| owed.checked_sub(len)) {
            Some(owed) => {
                self.owed = Some(owed);
                true
            }
            None => false,
        }
    }
}
