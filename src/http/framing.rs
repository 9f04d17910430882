//! Framing: what body follows a head (RFC 9112, section 6.3).

use super::fields::Fields;
use super::head::{RequestHead, ResponseHead};
use super::method::Method;

/// How a message's body is framed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Framing {
    /// There is none.
    None,
    /// So many bytes.
    Length(u64),
    /// The chunked transfer coding.
    Chunked,
    /// All until the connection ends.
    UntilClose,
}

impl Framing {
    /// Of the body behind a request's head: none unless its fields announce one.
    pub fn of_request(head: &RequestHead) -> Self {
        announced(head.fields()).unwrap_or(Self::None)
    }

    /// Of the body behind a response's head, in the order of RFC 9112, section 6.3.
    pub fn of_response(head: &ResponseHead, answered: Method) -> Self {
        match (answered, head.status()) {
            (Method::Head, _) | (_, 100..=199 | 204 | 304) | (Method::Connect, 200..=299) => {
                Self::None
            }
            _ => announced(head.fields()).unwrap_or(Self::UntilClose),
        }
    }
}

/// What the fields announce. A transfer coding overrides a length; of several lengths the first is taken, and the rules judge.
fn announced(fields: &Fields) -> Option<Framing> {
    if !fields.has("Transfer-Encoding") && !fields.has("Content-Length") {
        return None;
    }
    if let Some(coding) = fields.members("Transfer-Encoding").last() {
        let chunked = coding.eq_ignore_ascii_case(b"chunked");
        return Some(if chunked {
            Framing::Chunked
        } else {
            Framing::UntilClose
        });
    }
    let length = fields.members("Content-Length").next()?;
    let length = std::str::from_utf8(length).ok()?;
    length
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| length.parse().map_or(Framing::UntilClose, Framing::Length))
}
