//! Heads: a start line and the fields behind it (RFC 9112, sections 2 to 5).

use std::borrow::Cow;
use std::ops::Range;

use nom::bytes::complete::{take_till, take_while, take_while_m_n};
use nom::character::complete::space1;
use nom::combinator::opt;
use nom::{IResult, Parser};

use super::fields::{Fields, text, trimmed_end, word};
use super::method::Method;
use super::recognise::without_empty_lines;

/// The head of a request (RFC 9112, section 3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestHead {
    method: Range<u32>,
    target: Range<u32>,
    version: Range<u32>,
    fields: Fields,
}

/// The head of a response (RFC 9112, section 4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResponseHead {
    version: Range<u32>,
    status: u16,
    reason: Range<u32>,
    fields: Fields,
}

impl RequestHead {
    /// Reads a whole head, from its first byte to its empty line. None where its first line is no request line.
    pub fn parse(head: &[u8]) -> Option<Self> {
        Some(Self::read(head, true)?.0)
    }

    /// Reads the head at the beginning of bytes, or with `all` the head that they are, and says how long it is. None where its first
    /// line is no request line, or no empty line ends it.
    pub(super) fn read(bytes: &[u8], all: bool) -> Option<(Self, usize)> {
        let begun = without_empty_lines(bytes);
        let line = first_line(begun);
        let (_, (method, _, target, version)) = request_line(line).ok()?;
        let (fields, len) = Fields::read(bytes, bytes.len() - begun.len() + line.len(), all)?;
        let head = Self {
            method: place(bytes, method),
            target: place(bytes, target),
            version: place(bytes, version),
            fields,
        };
        Some((head, len))
    }

    /// What is there of a head that is cut off: its first line, where that is whole, and the fields whose lines are.
    pub fn cut_off(bytes: &[u8]) -> Option<Self> {
        let end = memchr::memrchr(b'\n', bytes)? + 1;
        not_whole(bytes, bytes.get(..end)?, Self::read)
    }

    /// The method's name as sent.
    pub fn method(&self) -> &[u8] {
        self.fields.at(&self.method)
    }

    /// What the method means for the framing of the response.
    pub fn method_kind(&self) -> Method {
        match self.method() {
            b"HEAD" => Method::Head,
            b"CONNECT" => Method::Connect,
            _ => Method::Other,
        }
    }

    /// The method as text.
    pub fn method_text(&self) -> Cow<'_, str> {
        text(self.method())
    }

    /// The request target as sent.
    pub fn target(&self) -> &[u8] {
        self.fields.at(&self.target)
    }

    /// The request target as text.
    pub fn target_text(&self) -> Cow<'_, str> {
        text(self.target())
    }

    /// The version as sent, without `HTTP/`.
    pub fn version(&self) -> &[u8] {
        self.fields.at(&self.version)
    }

    /// The version as text, without `HTTP/`.
    pub fn version_text(&self) -> Cow<'_, str> {
        text(self.version())
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }
}

impl ResponseHead {
    /// Reads a whole head, from its first byte to its empty line. None where its first line is no status line.
    pub fn parse(head: &[u8]) -> Option<Self> {
        Some(Self::read(head, true)?.0)
    }

    /// Reads the head at the beginning of bytes, or with `all` the head that they are, and says how long it is. None where its first
    /// line is no status line, or no empty line ends it.
    pub(super) fn read(bytes: &[u8], all: bool) -> Option<(Self, usize)> {
        let begun = without_empty_lines(bytes);
        let line = first_line(begun);
        let (reason, (version, _, status)) = status_line(line).ok()?;
        let status = std::str::from_utf8(status).ok()?.parse().ok()?;
        let (fields, len) = Fields::read(bytes, bytes.len() - begun.len() + line.len(), all)?;
        let head = Self {
            version: place(bytes, version),
            status,
            reason: place(bytes, reason.trim_ascii()),
            fields,
        };
        Some((head, len))
    }

    /// What is there of a head that is cut off: its status, where that is whole, and the fields whose lines are.
    pub fn cut_off(bytes: &[u8]) -> Option<Self> {
        let end = match memchr::memrchr(b'\n', bytes) {
            Some(end) => end + 1,
            None => {
                let (reason, _) = status_line(bytes).ok()?;
                reason.starts_with(b" ").then_some(bytes.len())?
            }
        };
        not_whole(bytes, bytes.get(..end)?, Self::read)
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether another response to the same request follows (RFC 9110, section 15.2). 101 is the last one of HTTP.
    pub fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }

    /// The reason phrase as sent.
    pub fn reason(&self) -> &[u8] {
        self.fields.at(&self.reason)
    }

    /// The version as sent, without `HTTP/`.
    pub fn version(&self) -> &[u8] {
        self.fields.at(&self.version)
    }

    /// The version as text, without `HTTP/`.
    pub fn version_text(&self) -> Cow<'_, str> {
        text(self.version())
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Whether its Upgrade field names WebSocket, or a WebSocket's accept value stands in it.
    pub fn switches_to_websocket(&self) -> bool {
        self.fields.has("Sec-WebSocket-Accept") || self.fields.has_member("Upgrade", "websocket")
    }

    /// Whether its Upgrade field names protocols, and WebSocket is not among them.
    pub fn switches_elsewhere(&self) -> bool {
        !self.switches_to_websocket() && self.fields.members("Upgrade").next().is_some()
    }
}

/// Reads the whole lines of a head; none where bytes begin with a head that is whole.
fn not_whole<Head>(
    bytes: &[u8],
    lines: &[u8],
    read: impl Fn(&[u8], bool) -> Option<(Head, usize)>,
) -> Option<Head> {
    match read(bytes, false) {
        Some(_) => None,
        None => read(lines, true).map(|(head, _)| head),
    }
}

fn first_line(begun: &[u8]) -> &[u8] {
    let len = memchr::memchr(b'\n', begun).map_or(begun.len(), |end| end + 1);
    begun.get(..len).unwrap_or_default()
}

/// Where a part of the head stands in it.
fn place(head: &[u8], part: &[u8]) -> Range<u32> {
    let begin = part.as_ptr().addr().wrapping_sub(head.as_ptr().addr());
    let place = |at| u32::from_le_bytes(word(at));
    place(begin)..place(begin.wrapping_add(part.len()))
}

type RequestLine<'a> = (&'a [u8], &'a [u8], &'a [u8], &'a [u8]);

/// `request-line = method SP request-target SP HTTP-version`. The target is all between the first space and the last, so that
/// one with spaces in it is kept as it was sent.
fn request_line(line: &[u8]) -> IResult<&[u8], RequestLine<'_>> {
    let line = trimmed_end(line);
    let (rest, (method, space)) = (take_till(|byte| byte == b' '), space1).parse(line)?;
    let end = memchr::memrchr(b' ', rest).unwrap_or(rest.len());
    let (target, version) = rest.split_at(end);
    let (version, _) = opt(space1).parse(version)?;
    let (version, _) = nom::bytes::complete::tag(&b"HTTP/"[..]).parse(version)?;
    Ok((&[], (method, space, target, version)))
}

type StatusLine<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// `status-line = HTTP-version SP status-code SP [ reason-phrase ]`; what is left is the reason.
fn status_line(line: &[u8]) -> IResult<&[u8], StatusLine<'_>> {
    let (rest, _) = nom::bytes::complete::tag(&b"HTTP/"[..]).parse(line)?;
    (
        take_while(|byte: u8| byte.is_ascii_digit() || byte == b'.'),
        space1,
        take_while_m_n(3, 3, |byte: u8| byte.is_ascii_digit()),
    )
        .parse(rest)
}
