//! Rules: the key and the version of an opening handshake (RFC 6455, sections 4.1 and 4.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::finding::Severity;
use super::handshake::HandshakeFacts;
use super::outcome::Outcome;
use super::request::{of_request, shown};
use super::rule::{Fault, Judge, Rule, Subject};
use crate::http::RequestHead;
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-req-key-missing",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 7, 4.2.1 item 5",
        tier: 1,
        subject: Subject::Request,
        summary: "The request has a Sec-WebSocket-Key.",
        why: "Without a key a server cannot prove that it understood the handshake, and must refuse.",
        help: "Draw 16 random bytes for every connection and send them in base64.",
        example: None,
        judge: Judge::Request(key_missing),
    },
    Rule {
        id: "ws-req-key-invalid",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 7, 4.2.1 item 5, 4.3",
        tier: 1,
        subject: Subject::Request,
        summary: "The key is 16 bytes in standard base64: 22 letters and two equals signs.",
        why: "A server must refuse a key that does not decode to 16 bytes.",
        help: "Encode exactly 16 random bytes with the standard alphabet, not with base64url.",
        example: Some("Sec-WebSocket-Key: YWJjZGVmZ2hpamtsbW5v"),
        judge: Judge::Request(key_invalid),
    },
    Rule {
        id: "ws-req-version-missing",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 9, 4.2.1 item 6",
        tier: 1,
        subject: Subject::Request,
        summary: "The request has a Sec-WebSocket-Version.",
        why: "A server must refuse a handshake that does not say which protocol it asks for.",
        help: "Send Sec-WebSocket-Version: 13.",
        example: None,
        judge: Judge::Request(version_missing),
    },
    Rule {
        id: "ws-req-version-invalid",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.3, 11.3.5",
        tier: 1,
        subject: Subject::Request,
        summary: "Sec-WebSocket-Version stands once and is a number from 0 to 255 without leading zeros.",
        why: "The grammar allows nothing else, and servers compare the text.",
        help: "Send exactly one line with 13.",
        example: Some("Sec-WebSocket-Version: 013"),
        judge: Judge::Request(version_invalid),
    },
    Rule {
        id: "ws-req-version-unsupported",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 9, 4.4, 11.6",
        tier: 1,
        subject: Subject::Request,
        summary: "The version asked for is 13.",
        why: "13 is the only published version: 0 to 8 were drafts, 9 to 12 were never used.",
        help: "Update the client: drafts 7 and 8 used the same frames under other field names.",
        example: Some("Sec-WebSocket-Version: 8"),
        judge: Judge::Request(version_unsupported),
    },
    Rule {
        id: "ws-req-key-multiple",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 11.3.1",
        tier: 1,
        subject: Subject::Request,
        summary: "Sec-WebSocket-Key stands in the request once.",
        why: "Which of two keys the answer belongs to is anybody's guess.",
        help: "Send it once: two layers that each add a key are the usual cause.",
        example: None,
        judge: Judge::Request(key_multiple),
    },
    Rule {
        id: "ws-req-key-noncanonical",
        severity: Severity::Info,
        fault: Fault::Client,
        source: "RFC 6455, erratum 3150; RFC 4648, 3.5",
        tier: 3,
        subject: Subject::Request,
        summary: "The unused bits of the key's last letter are zero: the letter is A, Q, g or w.",
        why: "A strict decoder refuses other letters. The RFC's own sample in section 4.1 has this mistake.",
        help: "Encode the 16 bytes with a base64 encoder that clears its pad bits.",
        example: Some("Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC=="),
        judge: Judge::Request(key_noncanonical),
    },
    Rule {
        id: "ws-req-key-weak",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 7, 10.3",
        tier: 2,
        subject: Subject::Request,
        summary: "The key looks random: not a published sample, not two byte values only, not all letters.",
        why: "A constant key lets a cache answer for the server, which the key is there to prevent.",
        help: "Use the system's random source. In a test fixture this is harmless: allow the rule there.",
        example: Some("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        judge: Judge::Request(key_weak),
    },
];

/// Keys that stand in the standards, and are copied from there.
const PUBLISHED: [&[u8]; 4] = [
    b"dGhlIHNhbXBsZSBub25jZQ==",
    b"AQIDBAUGBwgJCgsMDQ4PEA==",
    b"AQIDBAUGBwgJCgsMDQ4PEC==",
    b"x3JJHMbDL1EzLkh9GBhXDw==",
];

of_request! {
    fn key_missing(request) {
        let missing = key(request).is_none();
        Outcome::error_if(missing, || "the request has no Sec-WebSocket-Key".to_string())
    }

    fn key_invalid(request) {
        let Some(key) = key(request) else {
            return Outcome::NotApplicable;
        };
        Outcome::error_if(letters(key).is_none(), || match STANDARD.decode(key) {
            Ok(bytes) => format!("the key decodes to {} bytes; 16 are required", bytes.len()),
            Err(_) => format!("the key of {} letters is not 16 bytes in base64", key.len()),
        })
    }

    fn key_multiple(request) {
        let count = request.fields().values("Sec-WebSocket-Key").count();
        Outcome::error_if(count > 1, || format!("Sec-WebSocket-Key stands {count} times"))
    }

    fn key_noncanonical(request) {
        let Some(key) = key(request).filter(|key| letters(key).is_some()) else {
            return Outcome::NotApplicable;
        };
        let last = key.get(21).copied().unwrap_or_default();
        Outcome::info_if(!b"AQgw".contains(&last), || {
            format!("the key's last letter is {}, so that its pad bits are not zero", char::from(last))
        })
    }

    fn key_weak(request) {
        let Some((key, bytes)) = key(request).and_then(|key| Some((key, nonce(key)?))) else {
            return Outcome::NotApplicable;
        };
        let [first, ..] = bytes;
        let second = bytes.into_iter().find(|&byte| byte != first).unwrap_or(first);
        let is_third = |byte: u8| byte != first && byte != second;
        let reason = if PUBLISHED.contains(&key) {
            Some("a published sample")
        } else if !bytes.into_iter().any(is_third) {
            Some("no more than two different bytes")
        } else if bytes.iter().all(u8::is_ascii_graphic) {
            Some("text")
        } else {
            None
        };
        Outcome::warning_if(reason.is_some(), || {
            format!("the key looks constant: it is {}", reason.unwrap_or_default())
        })
    }

    fn version_missing(request) {
        let missing = request.fields().first("Sec-WebSocket-Version").is_none();
        Outcome::error_if(missing, || "the request has no Sec-WebSocket-Version".to_string())
    }

    fn version_invalid(request) {
        let count = request.fields().values("Sec-WebSocket-Version").count();
        let malformed = request.fields().values("Sec-WebSocket-Version").find(|value| !is_version(value));
        Outcome::error_if(count > 1 || malformed.is_some(), || match malformed {
            Some(value) => format!("the version {} is no number from 0 to 255", shown(value)),
            None => format!("Sec-WebSocket-Version stands {count} times"),
        })
    }

    fn version_unsupported(request) {
        let version = request.fields().first("Sec-WebSocket-Version");
        let other = version.filter(|version| is_version(version) && *version != b"13");
        Outcome::warning_if(other.is_some(), || {
            format!("the handshake asks for version {}; the standard is 13", shown(other.unwrap_or_default()))
        })
    }
}

/// The key as sent.
pub(super) fn key(request: &RequestHead) -> Option<&[u8]> {
    request.fields().first("Sec-WebSocket-Key")
}

/// The first 21 letters of a key of 16 bytes (RFC 6455, section 4.1), and its last letter, of which two bits count; pad bits that are
/// not zero are another rule's.
fn letters(key: &[u8]) -> Option<(&[u8], u8)> {
    let (letters, pad) = key.split_at_checked(22)?;
    let is_letter = |letter: &u8| letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/');
    // Folded without an early end, which the compiler does many letters at a time.
    let all = |letters: &[u8; 22]| {
        letters
            .iter()
            .fold(true, |all, letter| all & is_letter(letter))
    };
    if pad != b"==" || !letters.as_array().is_some_and(all) {
        return None;
    }
    let (last, first) = letters.split_last()?;
    Some((first, *last))
}

/// Whether a key is 16 bytes in base64.
pub(super) fn is_right(key: &[u8]) -> bool {
    letters(key).is_some()
}

/// The 16 bytes of a key.
fn nonce(key: &[u8]) -> Option<[u8; 16]> {
    let (first, last) = letters(key)?;
    // The letter with the pad bits zero stands for it.
    let upper = b"AQgw"
        .iter()
        .rev()
        .copied()
        .find(|&letter| letter_value(letter) <= letter_value(last))?;
    let mut canonical = *b"AAAAAAAAAAAAAAAAAAAAAA==";
    canonical.get_mut(..first.len())?.copy_from_slice(first);
    *canonical.get_mut(first.len())? = upper;
    let mut bytes = [0; 18];
    let len = STANDARD.decode_slice(canonical, &mut bytes).ok()?;
    bytes.get(..len)?.try_into().ok()
}

/// The value of a letter of base64 (RFC 4648, section 4).
fn letter_value(letter: u8) -> u8 {
    match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    }
}

/// 0 to 255 in decimal without leading zeros (RFC 6455, section 4.3).
pub(super) fn is_version(version: &[u8]) -> bool {
    let text = std::str::from_utf8(version).unwrap_or_default();
    text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u8>().is_ok()
        && (text.len() == 1 || !text.starts_with('0'))
}
