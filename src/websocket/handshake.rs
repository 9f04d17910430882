//! The opening handshake (RFC 6455, sections 1.3 and 4): what asks for one, and what its key calls for.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use crate::http::{Fields, RequestHead};

/// What is hashed behind the key (RFC 6455, section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The length of an accept value: a SHA-1 digest in base64.
pub const ACCEPT_LEN: usize = 28;

/// Whether a request asks for WebSocket: by its Upgrade field, or by its key.
pub fn asks_for_websocket(request: &RequestHead) -> bool {
    upgrades_to_websocket(request.fields()) || request.fields().first("Sec-WebSocket-Key").is_some()
}

/// Whether the Upgrade field lists `websocket`, in any case, with or without a version.
pub fn upgrades_to_websocket(fields: &Fields) -> bool {
    // Most requests list nothing else.
    if fields.only("Upgrade") == Some(b"websocket") {
        return true;
    }
    fields.members("Upgrade").any(|member| {
        let name = member
            .split(|byte| *byte == b'/')
            .next()
            .unwrap_or_default();
        name.eq_ignore_ascii_case(b"websocket")
    })
}

/// The Sec-WebSocket-Accept that a key calls for: base64(SHA-1(key + GUID)), the key taken as sent (RFC 6455, section 4.2.2).
pub fn accept_for(key: &[u8]) -> [u8; ACCEPT_LEN] {
    let digest = Sha1::new()
        .chain_update(key.trim_ascii())
        .chain_update(GUID)
        .finalize();
    let mut accept = [0; ACCEPT_LEN];
    let written = STANDARD.encode_slice(digest, &mut accept);
    debug_assert_eq!(written, Ok(ACCEPT_LEN));
    accept
}

/// The members of a list field over all its lines, as text; what is not UTF-8 is replaced.
pub fn list_members<'a>(fields: &'a Fields, name: &'a str) -> Vec<Cow<'a, str>> {
    fields.members(name).map(String::from_utf8_lossy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_value_of_the_rfc() {
        assert_eq!(
            &accept_for(b"dGhlIHNhbXBsZSBub25jZQ=="),
            b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        assert_eq!(
            &accept_for(b" AQIDBAUGBwgJCgsMDQ4PEA== "),
            b"C/0nmHhBztSRGR1CwL6Tf4ZjwpY="
        );
    }
}
