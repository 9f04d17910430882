//! Fields (RFC 9110, section 5): the lines of a head, as they were seen.
//!
//! Nothing is refused here. A line that breaks the grammar is kept and marked, and the rules judge it. While a head is read only
//! the ends of its lines are looked for: for most lines nobody asks, and what stands in the others is told apart when somebody does.

use std::borrow::Cow;
use std::ops::Range;

use super::index::{Index, SHARED};
use super::members::Members;
use crate::private::Private;

/// The field section of a head, with the bytes that it stands in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fields {
    /// The head as sent, and behind it a record of each of its lines: one allocation holds both.
    bytes: Private<Box<[u8]>>,
    /// How long the head is.
    head_len: usize,
    index: Private<Index>,
}

/// The record of a line: where it begins in the head, and where it ends, before its LF.
type Record = [[u8; 4]; 2];

/// How many lines of a head are read without an allocation of their own.
const LINES: usize = 16;

/// The records of a head that is being read.
#[derive(Default)]
struct Lines {
    first: [Record; LINES],
    count: usize,
    more: Vec<Record>,
}

impl Lines {
    /// Adds a line; gives its number, from one.
    #[inline]
    fn push(&mut self, record: Record) -> usize {
        match self.first.get_mut(self.count) {
            Some(place) => *place = record,
            None => self.more.push(record),
        }
        self.count += 1;
        self.count
    }

    /// A head with its records behind it.
    fn behind(&self, head: &[u8]) -> Box<[u8]> {
        let first = self.first.get(..self.count).unwrap_or(&self.first);
        let (first, more) = (
            first.as_flattened().as_flattened(),
            self.more.as_flattened().as_flattened(),
        );
        let mut bytes = Vec::with_capacity(head.len() + first.len() + more.len());
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(first);
        bytes.extend_from_slice(more);
        bytes.into_boxed_slice()
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
    /// Reads the lines of the head at the beginning of bytes, whose first field line begins at `begin`, and says how long that head is;
    /// none where no empty line ends it. With `all` the head is all of the bytes, however it ends.
    pub(super) fn read(bytes: &[u8], begin: usize, all: bool) -> Option<(Self, usize)> {
        u32::try_from(bytes.len()).ok()?;
        let mut lines = Lines::default();
        let mut index = Index::default();
        let mut at = begin;
        let head_len = loop {
            let Some(rest) = bytes.get(at..) else {
                break bytes.len();
            };
            let len = match memchr::memchr(b'\n', rest) {
                Some(len) => len,
                None if all => rest.len(),
                None => return None,
            };
            if rest.first().is_none_or(|first| *first <= b' ') {
                let line = rest.get(..len).unwrap_or_default();
                if !all && matches!(line, [] | [b'\r']) {
                    break at + len + 1;
                }
                if trimmed_end(line).is_empty() {
                    // What is but white space ends the fields, and not the head.
                    all.then_some(())?;
                    break bytes.len();
                }
            }
            let number = lines.push(record_of(at, at + len));
            index.add(rest.get(..len).unwrap_or_default(), number);
            at += len + 1;
        };
        let bytes = lines.behind(bytes.get(..head_len)?);
        let fields = Self {
            bytes: Private(bytes),
            head_len,
            index: Private(index),
        };
        Some((fields, head_len))
    }

    /// The whole head's bytes.
    pub fn head(&self) -> &[u8] {
        self.bytes.get(..self.head_len).unwrap_or_default()
    }

    /// Every line, in order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.records()
            .iter()
            .map(|record| field(self.line(*record)))
    }

    /// Whether it is seen at a glance that each line of the head, the first among them, ends in CR LF and has no other control byte than
    /// tabs, and that each field line begins with a token and a colon. A head of which that is not so may break no rule either.
    pub(crate) fn is_clean(&self) -> bool {
        let head = self.head();
        let records = self.records();
        let ends =
            |end: usize| end.checked_sub(2).and_then(|at| head.get(at..end)) == Some(b"\r\n");
        let lines = records.iter().all(|record| {
            let [begin, end] = record.map(|place| to_usize(u32::from_le_bytes(place)));
            ends(end + 1) && head.get(begin..end).is_some_and(is_named)
        });
        let first = records
            .first()
            .map(|[begin, _]| to_usize(u32::from_le_bytes(*begin)));
        lines
            && head.ends_with(b"\r\n\r\n")
            && first.is_none_or(ends)
            && controls(head) == 2 * (records.len() + 2)
    }

    /// The values of all lines with this name, compared without case.
    pub fn values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let name = name.as_bytes();
        let lines = match self.index.of(name) {
            0 => &[],
            SHARED => self.records(),
            number => {
                let record = self.records().get(usize::from(number) - 1);
                record.map_or(&[][..], std::slice::from_ref)
            }
        };
        let value = move |record: &Record| value_of(self.line(*record), name);
        lines.iter().filter_map(value)
    }

    /// The first value with this name.
    #[expect(
        clippy::inline_always,
        reason = "what the index says of a name is then looked up without working out its place"
    )]
    #[inline(always)]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        match self.index.of(name.as_bytes()) {
            0 => None,
            SHARED => self.values(name).next(),
            number => self.value(number, name),
        }
    }

    /// The value with this name, if there is one line with it.
    #[expect(
        clippy::inline_always,
        reason = "what the index says of a name is then looked up without working out its place"
    )]
    #[inline(always)]
    pub(crate) fn only(&self, name: &str) -> Option<&[u8]> {
        match self.index.of(name.as_bytes()) {
            0 => None,
            SHARED => {
                let mut values = self.values(name);
                values.next().filter(|_| values.next().is_none())
            }
            number => self.value(number, name),
        }
    }

    /// Whether a line has this name.
    #[expect(
        clippy::inline_always,
        reason = "what the index says of a name is then looked up without working out its place"
    )]
    #[inline(always)]
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    #[inline]
    fn records(&self) -> &[Record] {
        let records = self.bytes.get(self.head_len..).unwrap_or_default();
        records.as_chunks().0.as_chunks().0
    }

    /// A line, without its LF.
    #[inline]
    fn line(&self, record: Record) -> &[u8] {
        let [begin, end] = record.map(u32::from_le_bytes);
        self.at(&(begin..end))
    }

    /// The value of a line by the line's number, if it has this name.
    fn value(&self, number: u8, name: &str) -> Option<&[u8]> {
        let record = self.records().get(usize::from(number).checked_sub(1)?)?;
        value_of(self.line(*record), name.as_bytes())
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
        let is_it = |found: &[u8]| found.eq_ignore_ascii_case(member.as_bytes());
        // Most lists have one member.
        self.values(name)
            .any(|value| is_it(value) || Members(value).any(is_it))
    }

    #[inline]
    pub(super) fn at(&self, range: &Range<u32>) -> &[u8] {
        let range =
            usize::try_from(range.start).unwrap_or(0)..usize::try_from(range.end).unwrap_or(0);
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Whether a line begins with a token and a colon.
#[inline]
fn is_named(line: &[u8]) -> bool {
    let name = line.iter().position(|byte| !is_token(*byte));
    name.is_some_and(|len| len > 0 && line.get(len) == Some(&b':'))
}

/// How many control bytes there are but tabs. They are counted in parts, in which the compiler takes many bytes at a time.
fn controls(bytes: &[u8]) -> usize {
    let is_control = |byte: u8| (byte < b' ' || byte == 0x7f) && byte != b'\t';
    let count =
        |part: &[u8]| (part.iter()).fold(0_u8, |sum, &byte| sum + u8::from(is_control(byte)));
    bytes.chunks(128).map(|part| usize::from(count(part))).sum()
}

#[inline]
fn to_usize(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The record of a line.
#[inline]
fn record_of(begin: usize, end: usize) -> Record {
    [begin, end].map(word)
}

/// A place in a head, which is below four gigabytes.
#[inline]
pub(super) fn word(place: usize) -> [u8; 4] {
    let [a, b, c, d, ..] = place.to_le_bytes();
    [a, b, c, d]
}

/// Bytes as text; what is not UTF-8 is replaced, which costs looking at every byte and is rarely needed.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The value of a line with this name, if it has it.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (found, behind) = line.split_at_checked(name.len())?;
    // Most names are spelled as the standards do.
    if found != name && !found.eq_ignore_ascii_case(name) {
        return None;
    }
    match behind {
        [b':', value @ ..] => Some(trimmed(value)),
        _ => {
            let colon = memchr::memchr(b':', behind)?;
            let (spaces, value) = behind.split_at(colon);
            trimmed_end(spaces)
                .is_empty()
                .then(|| trimmed(value.get(1..).unwrap_or_default()))
        }
    }
}

/// A whole line.
fn field(line: &[u8]) -> Field<'_> {
    let line = trimmed_end(line);
    let colon = memchr::memchr(b':', line).filter(|_| !is_space(line.first()));
    let (name, behind) = line.split_at(colon.unwrap_or(0));
    Field {
        name: trimmed_end(name),
        value: colon.map_or(line, |_| trimmed(behind.get(1..).unwrap_or_default())),
        is_malformed: name.is_empty() || !name.iter().all(|byte| is_token(*byte)),
    }
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

/// A value without the white space around it.
#[inline]
fn trimmed(value: &[u8]) -> &[u8] {
    let value = match value {
        [b' ', rest @ ..] => rest,
        _ => value,
    };
    match value {
        [first, .., last, b'\r'] if *first > b' ' && *last > b' ' => {
            value.get(..value.len() - 1).unwrap_or_default()
        }
        _ => {
            let spaces = value.iter().take_while(|byte| is_space(Some(byte))).count();
            trimmed_end(value.get(spaces..).unwrap_or_default())
        }
    }
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

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_no_other_for_it() {
        let head: &[u8] = b"Upgrade: a\r\nUPGRADE: b\r\nUpxxade: c\r\nupgrade : d\r\n upgrade: e\r\nUpgrade\r\n\r\n";
        let (fields, _) = Fields::read(head, 0, true).unwrap_or_default();
        let values: Vec<_> = fields.values("uPGRADe").collect();
        assert_eq!(values, [b"a", b"b", b"d"]);
        assert_eq!(fields.first("upgrade"), Some(&b"a"[..]));
        assert_eq!(fields.first("upxrade"), None);
        let malformed: Vec<_> = fields.iter().map(|field| field.is_malformed).collect();
        assert_eq!(malformed, [false, false, false, true, true, true]);
    }

    #[test]
    fn what_stands_behind_a_head_is_none_of_it() {
        let head = "Sec-GPC: 1\r\nSec-Continue\r\nTE\r\n\r\n";
        let read = |behind: &str| {
            let bytes = format!("{head}{behind}");
            Fields::read(bytes.as_bytes(), 0, false)
        };
        assert!(read("").is_some());
        assert_eq!(read("Sec-WebSocket-Key: abc"), read(""));
    }

    #[test]
    fn a_name_is_found_among_many_lines() {
        for count in [0, 15, 16, 40, 300] {
            let many: String = (0..count).map(|at| format!("X-{at}: {at}\r\n")).collect();
            let head = format!(
                "Sec-Fetch-Site: a\r\nCookie: b\r\n{many}sec-websocket-key: c\r\nTE: d\r\nCookie: e\r\n\r\nbehind"
            );
            let (fields, len) = Fields::read(head.as_bytes(), 0, false).unwrap_or_default();
            assert_eq!(head.get(len..), Some("behind"));
            assert_eq!(fields.iter().count(), count + 5);
            for (name, value) in [
                ("Sec-Fetch-Site", "a"),
                ("Sec-WebSocket-Key", "c"),
                ("te", "d"),
            ] {
                let value = Some(value.as_bytes());
                assert_eq!((fields.first(name), fields.only(name)), (value, value));
            }
            assert_eq!(fields.first("Cookie"), Some(&b"b"[..]));
            assert_eq!(fields.only("Cookie"), None);
            let last = count.checked_sub(1).map(|last| format!("X-{last}"));
            let found = last.as_deref().and_then(|name| fields.only(name));
            assert_eq!(found, last.as_deref().map(|name| &name.as_bytes()[2..]));
            assert_eq!(fields.first("Sec-WebSocket-Kex"), None);
        }
    }
}
