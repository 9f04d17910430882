//! What was negotiated (RFC 7692, section 7.1), and what it means for each direction.

use super::super::Extension;
use crate::direction::Direction;
use crate::http::{RequestHead, ResponseHead};

/// permessage-deflate with its parameters (RFC 7692, section 7.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Deflate {
    /// The server forgets its window after each message.
    pub server_no_context_takeover: bool,
    /// The client forgets its window after each message.
    pub client_no_context_takeover: bool,
    /// The server's window is two to this power.
    pub server_max_window_bits: Option<u8>,
    /// The client's window is two to this power; of an offer, also zero where it has no value.
    pub client_max_window_bits: Option<u8>,
}

impl Deflate {
    /// Reads the parameters of an extension. None where one is unknown, repeated, or has a wrong value; `in_offer` allows
    /// `client_max_window_bits` to stand without a value.
    pub fn read(extension: &Extension, in_offer: bool) -> Option<Self> {
        let mut deflate = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &extension.parameters {
            if seen.contains(&name.as_str()) {
                return None;
            }
            seen.push(name);
            match (name.as_str(), value) {
                ("server_no_context_takeover", None) => deflate.server_no_context_takeover = true,
                ("client_no_context_takeover", None) => deflate.client_no_context_takeover = true,
                ("server_max_window_bits", Some(value)) => {
                    deflate.server_max_window_bits = Some(window_bits(value)?);
                }
                ("client_max_window_bits", Some(value)) => {
                    deflate.client_max_window_bits = Some(window_bits(value)?);
                }
                ("client_max_window_bits", None) if in_offer => {
                    deflate.client_max_window_bits = Some(0);
                }
                _ => return None,
            }
        }
        Some(deflate)
    }

    /// What was agreed: the response's permessage-deflate, where the request offered one. Where the request is not in the
    /// capture, the response is believed.
    pub fn agreed(request: Option<&RequestHead>, response: &ResponseHead) -> Option<Self> {
        let offered = request.is_none_or(|request| {
            Extension::all(request.fields())
                .iter()
                .flatten()
                .any(Extension::is_deflate)
        });
        if !offered {
            return None;
        }
        Extension::all(response.fields())
            .iter()
            .flatten()
            .find(|extension| extension.is_deflate())
            .map(|extension| Self::read(extension, false).unwrap_or_default())
    }
}

/// 8 to 15, in decimal without leading zeros (RFC 7692, section 7.1.2).
fn window_bits(value: &str) -> Option<u8> {
    value
        .parse()
        .ok()
        .filter(|bits| (8..=15).contains(bits) && !value.starts_with(['0', '+']))
}

/// Whether the messages of a WebSocket may be compressed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Compression {
    /// The handshake is in the capture, and no permessage-deflate was agreed: RSV1 means nothing.
    #[default]
    None,
    /// It was agreed, with these parameters.
    Deflate(Deflate),
    /// The handshake is not in the capture. Messages that are marked as compressed are tried.
    Unknown,
}

impl Compression {
    /// Whether RSV1 may mark compressed messages.
    pub fn may_be(self) -> bool {
        self != Self::None
    }

    /// What holds for the messages that go one way; none where they are not compressed.
    pub fn towards(self, direction: Direction) -> Option<Agreed> {
        match self {
            Self::None => None,
            Self::Deflate(deflate) => Some(deflate.towards(direction)),
            Self::Unknown => Some(Agreed {
                takeover: true,
                window_bits: WIDEST,
                certain: false,
            }),
        }
    }
}

/// The widest window of DEFLATE, 32 KiB, as a power of two (RFC 1951, section 2).
const WIDEST: u8 = 15;

/// permessage-deflate as it holds for one direction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Agreed {
    /// Whether messages may refer to earlier ones (RFC 7692, section 7.1.1).
    pub takeover: bool,
    /// The window is two to this power, in bytes (section 7.1.2).
    pub window_bits: u8,
    /// Whether it was read from the handshake; else it is the widest that may be.
    pub certain: bool,
}

impl Agreed {
    /// The window, in bytes.
    pub fn window(self) -> u32 {
        1 << self.window_bits.min(WIDEST)
    }
}

impl Deflate {
    /// What holds for the messages that go one way: the server's parameters rule those to the client.
    pub fn towards(self, direction: Direction) -> Agreed {
        let (no_takeover, bits) = match direction {
            Direction::ToServer => (self.client_no_context_takeover, self.client_max_window_bits),
            Direction::ToClient => (self.server_no_context_takeover, self.server_max_window_bits),
        };
        Agreed {
            takeover: !no_takeover,
            window_bits: bits.unwrap_or(WIDEST),
            certain: true,
        }
    }
}
