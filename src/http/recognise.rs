//! What a stream speaks, from its first bytes.

/// How likely it is that bytes begin something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Likely {
    /// They do.
    Yes,
    /// They do not.
    No,
    /// More bytes must tell.
    More,
}

/// Methods that are known at once (RFC 9110, section 9; RFC 5789; RFC 4918).
const METHODS: [&[u8]; 16] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
    b"PROPFIND ",
    b"PROPPATCH ",
    b"MKCOL ",
    b"COPY ",
    b"MOVE ",
    b"LOCK ",
    b"UNLOCK ",
];

/// A method that is not known is believed up to this length.
const LONGEST_METHOD: usize = 20;

/// A request line with a method that is not known must end, with its version, within so many bytes.
const LONGEST_LINE: usize = 8 << 10;

/// How many empty lines may stand before a head. Old browsers sent one behind a body; as many as these nobody sends, and they are
/// looked at again with every packet until a head follows.
const EMPTY_LINES: usize = 16;

/// The first bytes of an HTTP/2 connection (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether bytes begin an HTTP/1 request: empty lines, a method, a target, a version (RFC 9112, sections 2.2 and 3).
pub fn begins_request(bytes: &[u8]) -> Likely {
    let bytes = without_empty_lines(bytes);
    if bytes.starts_with(b"PRI * HTTP/2") {
        return Likely::No;
    }
    if METHODS.iter().any(|method| bytes.starts_with(method)) {
        return Likely::Yes;
    }
    let method_len = bytes
        .iter()
        .take(LONGEST_METHOD + 1)
        .take_while(|byte| byte.is_ascii_uppercase() || **byte == b'-' || **byte == b'_')
        .count();
    match bytes.get(method_len) {
        None if method_len <= LONGEST_METHOD => return Likely::More,
        Some(b' ') if method_len > 0 => {}
        _ => return Likely::No,
    }
    let target = bytes.get(method_len + 1..).unwrap_or_default();
    let target_len = target
        .iter()
        .take(LONGEST_LINE)
        .take_while(|byte| **byte > b' ' && **byte != 0x7f)
        .count();
    let version = target.get(target_len..).unwrap_or_default();
    match version.first() {
        None if target_len < LONGEST_LINE => Likely::More,
        Some(b' ') if target_len > 0 => starts_like(version, b" HTTP/1."),
        _ => Likely::No,
    }
}

/// Whether bytes begin an HTTP/1 response (RFC 9112, section 4).
pub fn begins_response(bytes: &[u8]) -> Likely {
    starts_like(without_empty_lines(bytes), b"HTTP/1.")
}

/// Whether bytes begin with the preface of an HTTP/2 connection; its first line is enough.
pub fn is_http2_preface(bytes: &[u8]) -> bool {
    bytes.len() >= 16
        && HTTP2_PREFACE.starts_with(
            bytes
                .get(..bytes.len().min(HTTP2_PREFACE.len()))
                .unwrap_or_default(),
        )
}

fn starts_like(bytes: &[u8], with: &[u8]) -> Likely {
    let len = bytes.len().min(with.len());
    match bytes.get(..len) == with.get(..len) {
        true if len == with.len() => Likely::Yes,
        true => Likely::More,
        false => Likely::No,
    }
}

/// A server should ignore at least one empty line before a request line (RFC 9112, section 2.2). A CR that is the last byte so far
/// may begin one.
#[inline]
pub(super) fn without_empty_lines(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'\r' | b'\n', ..] => behind_empty_lines(bytes),
        _ => bytes,
    }
}

fn behind_empty_lines(mut bytes: &[u8]) -> &[u8] {
    for _ in 0..EMPTY_LINES {
        let Some(rest) = bytes
            .strip_prefix(b"\r\n")
            .or_else(|| bytes.strip_prefix(b"\n"))
        else {
            break;
        };
        bytes = rest;
    }
    if bytes == b"\r" { &[] } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_known_by_their_first_line() {
        for (bytes, likely) in [
            (&b"GET / HTTP/1.1\r\n"[..], Likely::Yes),
            (b"\r\nGET / HTTP/1.1\r\n", Likely::Yes),
            (b"\r\n\r\n\n", Likely::More),
            (&[b'\n'; EMPTY_LINES], Likely::More),
            (&[b'\n'; EMPTY_LINES + 1], Likely::No),
            (b"GE", Likely::More),
            (b"BREW /pot HTTP/1.1", Likely::Yes),
            (b"BREW /pot HT", Likely::More),
            (b"BREW /pot SIP/2.0", Likely::No),
            (b"SSH", Likely::More),
            (b"SSH-2.0-OpenSSH", Likely::No),
            (b"\x81\x05Hello", Likely::No),
            (b"PRI * HTTP/2.0\r\n", Likely::No),
            (b"HTTP/1.1 200 OK", Likely::No),
        ] {
            assert_eq!(begins_request(bytes), likely, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn responses_are_known_by_their_version() {
        assert_eq!(begins_response(b"HTTP/1.1 101"), Likely::Yes);
        assert_eq!(begins_response(b"HTT"), Likely::More);
        assert_eq!(begins_response(b"HTTP/2 200"), Likely::No);
        assert!(is_http2_preface(HTTP2_PREFACE));
    }
}
