//! Method: what was asked for, as far as it decides where messages end (RFC 9112, section 6.3).

/// What a request's method means for the framing of its response.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Method {
    /// HEAD: the response has no body whatever its fields say.
    Head,
    /// CONNECT: a successful response opens a tunnel.
    Connect,
    /// Any other.
    #[default]
    Other,
}
