//! Extensions (RFC 6455, section 9.1), and permessage-deflate as it was agreed (RFC 7692, section 7).

use crate::http::{Fields, RequestHead, ResponseHead, is_token, split_unquoted};

/// One member of a Sec-WebSocket-Extensions field: a name and its parameters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extension {
    /// Its name as sent.
    pub name: String,
    /// Its parameters, with their values unquoted.
    pub parameters: Vec<(String, Option<String>)>,
}

impl Extension {
    /// The members of a Sec-WebSocket-Extensions field over all its lines (erratum 3433); none where one breaks the grammar.
    pub fn all(fields: &Fields) -> Vec<Option<Self>> {
        fields
            .members("Sec-WebSocket-Extensions")
            .map(Self::parse)
            .collect()
    }

    /// Reads one member: `extension-token *( ";" extension-param )`.
    pub fn parse(member: &[u8]) -> Option<Self> {
        let (name, mut rest) = split_unquoted(member, b';');
        let name = token(name)?;
        let mut parameters = Vec::new();
        while !rest.is_empty() {
            let (parameter, behind) = split_unquoted(rest, b';');
            rest = behind;
            parameters.push(parse_parameter(parameter)?);
        }
        (!member.trim_ascii_end().ends_with(b";")).then_some(Self { name, parameters })
    }

    /// Whether it is permessage-deflate.
    pub fn is_deflate(&self) -> bool {
        self.name.eq_ignore_ascii_case("permessage-deflate")
    }
}

fn parse_parameter(parameter: &[u8]) -> Option<(String, Option<String>)> {
    let (name, value) = match memchr::memchr(b'=', parameter) {
        None => (parameter, None),
        Some(at) => (
            parameter.get(..at)?,
            Some(parameter.get(at + 1..)?.trim_ascii()),
        ),
    };
    let value = match value {
        None => None,
        // A quoted value must be a token once it is unquoted (RFC 6455, section 9.1).
        Some(quoted) if quoted.starts_with(b"\"") => {
            let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
            let unescaped: Vec<u8> = inner
                .iter()
                .copied()
                .filter(|byte| *byte != b'\\')
                .collect();
            Some(token(&unescaped)?)
        }
        Some(value) => Some(token(value)?),
    };
    Some((token(name)?, value))
}

fn token(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii();
    (!bytes.is_empty() && bytes.iter().all(|byte| is_token(*byte)))
        .then(|| String::from_utf8_lossy(bytes).into_owned())
}

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
                    deflate.server_max_window_bits = Some(window_bits(value)?)
                }
                ("client_max_window_bits", Some(value)) => {
                    deflate.client_max_window_bits = Some(window_bits(value)?)
                }
                ("client_max_window_bits", None) if in_offer => {
                    deflate.client_max_window_bits = Some(0)
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
