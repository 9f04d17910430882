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
    /// A bit for each tag among the lines, which several tags may share.
    present: u64,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Line {
    name: Range<u32>,
    value: Range<u32>,
    tag: Tag,
    malformed: bool,
}

/// What a name has in common with the same name in another case: its length, and its first, middle and last letters. A head is
/// asked for a hundred names, and this tells at a glance which lines have none of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Tag([u8; 4]);

impl Tag {
    #[inline]
    fn of(name: &[u8]) -> Self {
        let letter = |at: usize| name.get(at).map_or(0, |byte| byte | 0x20);
        Self([
            name.len().to_le_bytes()[0],
            letter(0),
            letter(name.len() / 2),
            letter(name.len().saturating_sub(1)),
        ])
    }

    /// Its bit: most names that a head is asked for are in none of its lines, and this says so without looking at them.
    #[inline]
    fn bit(self) -> u64 {
        1 << (u32::from_le_bytes(self.0).wrapping_mul(0x9e37_79b1) >> 26)
    }
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
            present: 0,
        };
        let mut at = begin;
        while let Some(rest) = fields.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (line, len) = read_line(rest, at);
            let Some(line) = line else { break };
            fields.present |= line.tag.bit();
            fields.lines.push(line);
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
    #[inline]
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let name = name.as_bytes();
        let tag = Tag::of(name);
        self.candidates(tag)
            .filter(move |line| self.has_name(line, tag, name))
            .map(|line| self.at(&line.value))
    }

    /// The lines among which those with a tag are, if any are.
    #[inline]
    fn candidates(&self, tag: Tag) -> std::slice::Iter<'_, Line> {
        if self.present & tag.bit() == 0 {
            [].iter()
        } else {
            self.lines.iter()
        }
    }

    /// The first value with this name.
    #[inline]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        let name = name.as_bytes();
        let tag = Tag::of(name);
        let line = self
            .candidates(tag)
            .find(|line| self.has_name(line, tag, name))?;
        Some(self.at(&line.value))
    }

    #[inline]
    fn has_name(&self, line: &Line, tag: Tag, name: &[u8]) -> bool {
        line.tag == tag && self.at(&line.name).eq_ignore_ascii_case(name)
    }

    /// The first value with this name as text; what is not UTF-8 is replaced.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.first(name).map(text)
    }

    /// The members of a list field over all its lines (RFC 9110, section 5.6.1): a comma inside a quoted string separates nothing.
    #[inline]
    pub fn members<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.values(name).flat_map(Members)
    }

    /// Whether a list field has a member, compared without case.
    #[inline]
    pub fn has_member(&self, name: &str, member: &str) -> bool {
        self.members(name)
            .any(|found| found.eq_ignore_ascii_case(member.as_bytes()))
    }

    #[inline]
    pub(super) fn at(&self, range: &Range<u32>) -> &[u8] {
        let range =
            usize::try_from(range.start).unwrap_or(0)..usize::try_from(range.end).unwrap_or(0);
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Bytes as text; what is not UTF-8 is replaced, which costs looking at every byte and is rarely needed.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Reads the field line at the beginning of `rest`, which stands at `at` in the head; none where that line is empty. Gives the length
/// of the line with its end.
fn read_line(rest: &[u8], at: usize) -> (Option<Line>, usize) {
    let token_len = token_len(rest);
    // Behind a colon, which is what follows a name, the line's end need not be looked for in the name.
    let looked = if rest.get(token_len) == Some(&b':') {
        token_len
    } else {
        0
    };
    let unread = rest.get(looked..).unwrap_or_default();
    let len = memchr::memchr(b'\n', unread).map_or(rest.len(), |end| looked + end + 1);
    let line = trimmed_end(rest.get(..len).unwrap_or_default());
    if line.is_empty() {
        return (None, len);
    }
    let place = |offset: usize| u32::try_from(at + offset).unwrap_or(u32::MAX);
    let colon = if looked > 0 {
        Some(looked)
    } else {
        memchr::memchr(b':', line).filter(|_| !is_space(line.first()))
    };
    let Some(colon) = colon else {
        let line = Line {
            name: place(0)..place(0),
            value: place(0)..place(line.len()),
            tag: Tag::of(&[]),
            malformed: true,
        };
        return (Some(line), len);
    };
    let name = trimmed_end(line.get(..colon).unwrap_or_default());
    let behind = line.get(colon + 1..).unwrap_or_default();
    let spaces = behind
        .iter()
        .take_while(|byte| is_space(Some(byte)))
        .count();
    let begin = colon + 1 + spaces;
    let line = Line {
        name: place(0)..place(name.len()),
        value: place(begin)..place(line.len().max(begin)),
        tag: Tag::of(name),
        malformed: looked == 0,
    };
    (Some(line), len)
}

/// How many characters of a token bytes begin with.
fn token_len(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|&byte| !is_token(byte))
        .unwrap_or(bytes.len())
}

/// Which bytes are characters of a token.
#[expect(
    clippy::indexing_slicing,
    reason = "the compiler runs it, and a byte is below 256"
)]
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    loop {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

/// A character of a token (RFC 9110, section 5.6.2).
#[inline]
pub(crate) fn is_token(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)).is_some_and(|is| *is)
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
    // Nearly all lists have no quotes.
    match memchr::memchr2(separator, b'"', bytes).map(|at| bytes.split_at(at)) {
        None => return (bytes, &[]),
        Some((before, [found, behind @ ..])) if *found == separator => {
            return (before, behind);
        }
        _ => {}
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_no_other_for_it() {
        let head: &[u8] = b"Upgrade: a\r\nUPGRADE: b\r\nUpxxade: c\r\nupgrade : d\r\n upgrade: e\r\nUpgrade\r\n\r\n";
        let fields = Fields::read(head.into(), 0);
        let values: Vec<_> = fields.values("uPGRADe").collect();
        assert_eq!(values, [b"a", b"b", b"d"]);
        assert_eq!(fields.first("upgrade"), Some(&b"a"[..]));
        assert_eq!(fields.first("upxrade"), None);
        let malformed: Vec<_> = fields.iter().map(|field| field.is_malformed).collect();
        assert_eq!(malformed, [false, false, false, true, true, true]);
    }

    #[test]
    fn a_separator_in_quotes_separates_nothing() {
        let pieces = |text| Members(text).collect::<Vec<_>>();
        assert_eq!(pieces(b"a, b,,c "), [b"a", b"b", b"c"]);
        assert_eq!(pieces(br#"a="1,\",2", b"#), [&br#"a="1,\",2""#[..], b"b"]);
    }
}
