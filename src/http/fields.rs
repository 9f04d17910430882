//! Fields (RFC 9110, section 5): the lines of a head, as they were seen.
//!
//! Nothing is refused here. A line that breaks the grammar is kept and marked, and the rules judge it.

use std::borrow::Cow;
use std::ops::Range;

use smallvec::SmallVec;

/// The field section of a head, with the bytes that it stands in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fields {
    bytes: Box<[u8]>,
    lines: SmallVec<[Line; 12]>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Line {
    pub(super) name: Range<u32>,
    pub(super) value: Range<u32>,
    pub(super) malformed: bool,
}

/// One field line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Field<'a> {
    /// Its name as sent.
    pub name: &'a [u8],
    /// Its value without the white space around it.
    pub value: &'a [u8],
    /// Whether the line breaks the grammar: no colon, white space before it, or a line that goes on (RFC 9112, section 5).
    pub is_malformed: bool,
}

impl Fields {
    /// Reads the lines of a head: `bytes` is the whole head, `begin` is where its field lines begin.
    pub(super) fn read(bytes: Box<[u8]>, begin: usize) -> Self {
        let mut fields = Self {
            bytes,
            lines: SmallVec::new(),
        };
        let mut at = begin;
        while let Some(rest) = fields.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line = trimmed_end(rest.get(..len).unwrap_or_default());
            if line.is_empty() {
                break;
            }
            let parsed = parse_line(line, at);
            fields.lines.push(parsed);
            at += len;
        }
        fields
    }

    /// The whole head's bytes.
    pub fn head(&self) -> &[u8] {
        &self.bytes
    }

    /// Every line, in order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.lines.iter().map(|line| Field {
            name: self.at(&line.name),
            value: self.at(&line.value),
            is_malformed: line.malformed,
        })
    }

    /// The values of all lines with this name, compared without case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| field.value)
    }

    /// The first value with this name.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| field.value)
    }

    /// The first value with this name as text; what is not UTF-8 is replaced.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.first(name).map(String::from_utf8_lossy)
    }

    /// The members of a list field over all its lines (RFC 9110, section 5.6.1): a comma inside a quoted string separates nothing.
    pub fn members<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.values(name).flat_map(Members)
    }

    /// Whether a list field has a member, compared without case.
    pub fn has_member(&self, name: &str, member: &str) -> bool {
        self.members(name)
            .any(|found| found.eq_ignore_ascii_case(member.as_bytes()))
    }

    fn at(&self, range: &Range<u32>) -> &[u8] {
        let range =
            usize::try_from(range.start).unwrap_or(0)..usize::try_from(range.end).unwrap_or(0);
        self.bytes.get(range).unwrap_or_default()
    }
}

fn parse_line(line: &[u8], at: usize) -> Line {
    let range = |from: usize, to: usize| {
        let place = |offset: usize| u32::try_from(at + offset).unwrap_or(u32::MAX);
        place(from)..place(to)
    };
    let Some(colon) = memchr::memchr(b':', line).filter(|_| !is_space(line.first())) else {
        return Line {
            name: range(0, 0),
            value: range(0, line.len()),
            malformed: true,
        };
    };
    let name = line.get(..colon).unwrap_or_default();
    let name_len = trimmed_end(name).len();
    let behind = line.get(colon + 1..).unwrap_or_default();
    let begin = colon
        + 1
        + behind
            .iter()
            .take_while(|byte| is_space(Some(byte)))
            .count();
    let malformed = name_len != colon
        || name_len == 0
        || !name.iter().take(name_len).all(|byte| is_token(*byte));
    Line {
        name: range(0, name_len),
        value: range(begin, line.len().max(begin)),
        malformed,
    }
}

/// A character of a token (RFC 9110, section 5.6.2).
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_space(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b' ' | b'\t'))
}

pub(super) fn trimmed_end(bytes: &[u8]) -> &[u8] {
    let len = bytes
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        .map_or(0, |last| last + 1);
    bytes.get(..len).unwrap_or_default()
}

/// The members of one list value, without the white space around them; empty ones are passed over.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if self.0.is_empty() {
                return None;
            }
            let (member, rest) = split_unquoted(self.0, b',');
            self.0 = rest;
            let member = member.trim_ascii();
            if !member.is_empty() {
                return Some(member);
            }
        }
    }
}

/// Splits at the first separator outside a quoted string; the separator is in neither part.
pub(crate) fn split_unquoted(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == separator && !quoted => {
                return (
                    bytes.get(..at).unwrap_or_default(),
                    bytes.get(at + 1..).unwrap_or_default(),
                );
            }
            _ => {}
        }
    }
    (bytes, &[])
}
