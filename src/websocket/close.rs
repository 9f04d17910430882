//! Close frames (RFC 6455, sections 5.5.1 and 7.4): a code, and a reason in UTF-8.

/// A close code; every value is kept.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// What the registry calls it, or the range that it stands in.
    pub fn name(self) -> &'static str {
        match self.0 {
            1000 => "normal closure",
            1001 => "going away",
            1002 => "protocol error",
            1003 => "unsupported data",
            1004 => "reserved",
            1005 => "no status received",
            1006 => "abnormal closure",
            1007 => "invalid payload data",
            1008 => "policy violation",
            1009 => "message too big",
            1010 => "mandatory extension",
            1011 => "internal error",
            1012 => "service restart",
            1013 => "try again later",
            1014 => "bad gateway",
            1015 => "TLS handshake",
            3000..=3999 => "registered",
            4000..=4999 => "private use",
            _ => "unassigned",
        }
    }
}

/// The code and the reason in a close frame's unmasked payload. A payload of one byte has neither.
pub fn close_body(payload: &[u8]) -> (Option<CloseCode>, Option<&str>) {
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) => (
            Some(CloseCode(u16::from_be_bytes(*code))),
            std::str::from_utf8(reason).ok(),
        ),
        None => (None, None),
    }
}
