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
        let deflate = |fields| {
            let mut extensions = Extension::all(fields).into_iter().flatten();
            extensions.find(Extension::is_deflate)
        };
        // The answer first: many servers give none.
        let answer = deflate(response.fields())?;
        let offered = request.is_none_or(|request| deflate(request.fields()).is_some());
        offered.then(|| Self::read(&answer, false).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(offer: &str, answer: &str) -> Option<Deflate> {
        let request = format!("GET / HTTP/1.1\r\n{offer}\r\n");
        let response = format!("HTTP/1.1 101 Switching Protocols\r\n{answer}\r\n");
        let request = RequestHead::parse(request.as_bytes()).unwrap();
        let response = ResponseHead::parse(response.as_bytes()).unwrap();
        Deflate::agreed(Some(&request), &response)
    }

    fn field(value: &str) -> String {
        format!("Sec-WebSocket-Extensions: {value}\r\n")
    }

    #[test]
    fn the_response_says_what_was_agreed_whatever_was_offered() {
        let offer = field(
            "permessage-deflate; server_no_context_takeover; client_max_window_bits, permessage-deflate",
        );
        assert_eq!(
            agreed(&offer, &field("permessage-deflate")),
            Some(Deflate::default())
        );
        let answer = field(
            "Permessage-Deflate; client_no_context_takeover; server_max_window_bits=\"10\";client_max_window_bits = 12",
        );
        assert_eq!(
            agreed(&offer, &answer),
            Some(Deflate {
                server_no_context_takeover: false,
                client_no_context_takeover: true,
                server_max_window_bits: Some(10),
                client_max_window_bits: Some(12),
            })
        );
    }

    #[test]
    fn offers_and_answers_may_stand_on_several_lines_and_among_others() {
        let offer = field("x-one") + &field("permessage-deflate; client_max_window_bits");
        let answer = field("x-one; a=b") + &field("permessage-deflate; server_no_context_takeover");
        let deflate = agreed(&offer, &answer).unwrap();
        assert!(deflate.server_no_context_takeover && !deflate.client_no_context_takeover);
    }

    #[test]
    fn what_was_not_offered_or_not_answered_is_not_agreed() {
        let deflate = field("permessage-deflate");
        assert_eq!(agreed("", &deflate), None);
        assert_eq!(agreed(&deflate, ""), None);
        assert_eq!(agreed(&field("x-webkit-deflate-frame"), &deflate), None);
    }

    #[test]
    fn an_answer_that_breaks_the_rules_is_read_as_if_it_had_no_parameters() {
        for answer in [
            "server_max_window_bits=7",
            "server_max_window_bits=010",
            "client_max_window_bits",
            "server_no_context_takeover=1",
            "server_no_context_takeover; server_no_context_takeover",
            "unknown",
        ] {
            let answer = field(&format!("permessage-deflate; {answer}"));
            assert_eq!(
                agreed(&field("permessage-deflate"), &answer),
                Some(Deflate::default()),
                "{answer}"
            );
        }
    }
}
