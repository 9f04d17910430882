//! Line: the text of a record, gathered in a place of fixed size on its way to the buffer.
//!
//! A row has dozens of short fields. Here each is written with one look at how much room there is, and in pieces whose size is known
//! when the program is built; the buffer, which may have to grow, gets many at once. Every value is written with a comma behind it,
//! and [`Line::close`] puts what closes a row or an object in the last one's place.
#![expect(
    clippy::inline_always,
    reason = "a field takes a few instructions, and a call would take as many"
)]

use super::clock::{self, Clock};
use super::digits;
use crate::time::Timestamp;

/// How much is gathered.
const SIZE: usize = 2048;

/// How long what begins a record usually is at most.
const HEAD: usize = 64;

/// What was written and is not in the buffer yet, and what of it is the same in the next record.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    place: [u8; SIZE],
    /// How much of the place is written.
    at: usize,
    clock: Clock,
    head: Head,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            place: [0; SIZE],
            at: 0,
            clock: Clock::default(),
            head: Head::default(),
        }
    }
}

/// What stands before a record's own columns: its type and its capture.
#[derive(Clone, Debug)]
struct Head {
    kind: &'static str,
    capture: String,
    text: Vec<u8>,
    /// The beginning of the text.
    start: [u8; HEAD],
}

impl Default for Head {
    fn default() -> Self {
        Self {
            kind: "",
            capture: String::new(),
            text: Vec::new(),
            start: [0; HEAD],
        }
    }
}

impl Head {
    #[inline(never)]
    fn set(&mut self, kind: &'static str, capture: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.kind = kind;
        self.capture = capture.to_string();
        self.text.clear();
        write(&mut self.text);
        for (to, from) in self.start.iter_mut().zip(&self.text) {
            *to = *from;
        }
    }
}

impl Scratch {
    /// Lets a line be written behind what was written before. What there is no room for is given to `out`.
    #[inline(always)]
    pub(super) fn write(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut Line<'_>)) {
        let mut line = Line {
            out,
            place: &mut self.place,
            at: self.at,
            clock: &mut self.clock,
            head: &mut self.head,
        };
        write(&mut line);
        self.at = line.at;
    }

    /// Gives what was written to the buffer.
    pub(super) fn spill(&mut self, out: &mut Vec<u8>) {
        spill(out, &self.place, self.at);
        self.at = 0;
    }
}

/// Text that is being written.
///
/// Its position is handed to functions by value, so that it can stand in a register while a record is walked over.
pub(super) struct Line<'a> {
    out: &'a mut Vec<u8>,
    place: &'a mut [u8; SIZE],
    /// How much of the place is written.
    at: usize,
    clock: &'a mut Clock,
    head: &'a mut Head,
}

impl Line<'_> {
    /// Writes what begins a record of this type and capture: what `write` wrote the last time that one of both was another. All
    /// records of a scratch are of one form.
    #[inline(always)]
    pub(super) fn head(
        &mut self,
        kind: &'static str,
        capture: &str,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        if !std::ptr::eq(self.head.kind, kind) || self.head.capture != capture {
            self.head.set(kind, capture, write);
        }
        let len = self.head.text.len();
        if len <= HEAD {
            self.room(HEAD);
            if let Some(place) = self.place.get_mut(self.at..self.at + HEAD) {
                place.copy_from_slice(&self.head.start);
            }
            self.at += len;
        } else {
            self.at = copy(self.out, self.place, self.at, &self.head.text);
        }
    }

    /// Makes room for `len` bytes, so that writing them asks for none again.
    #[inline(always)]
    pub(super) fn room(&mut self, len: usize) {
        if self.at > SIZE.saturating_sub(len) {
            spill(self.out, self.place, self.at);
            self.at = 0;
        }
    }

    /// Writes `N` bytes, of which the first `len` are meant.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, bytes: &[u8; N], len: usize) {
        self.room(N);
        self.lay(self.at, bytes);
        self.at += len;
    }

    /// Puts bytes where there is room for them.
    #[inline(always)]
    fn lay<const N: usize>(&mut self, at: usize, bytes: &[u8; N]) {
        if let Some(place) = self.place.get_mut(at..at + N) {
            place.copy_from_slice(bytes);
        }
    }

    /// Writes text whose length is known when the program is built.
    #[inline(always)]
    pub(super) fn fixed<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.put(bytes, N);
    }

    /// Writes a name, which is mostly short, and what stands behind it.
    #[inline(always)]
    pub(super) fn word<const N: usize>(&mut self, word: &'static str, behind: &[u8; N]) {
        let (len, word) = (word.len(), word.as_bytes());
        self.room(16 + N);
        // Both halves, which may overlap.
        let at = self.at;
        if let 8..=16 = len
            && let (Some(first), Some(last)) = (word.first_chunk::<8>(), word.last_chunk::<8>())
        {
            self.lay(at, first);
            self.lay(at + len - 8, last);
            self.lay(at + len, behind);
            self.at += len + N;
        } else if let 4..8 = len
            && let (Some(first), Some(last)) = (word.first_chunk::<4>(), word.last_chunk::<4>())
        {
            self.lay(at, first);
            self.lay(at + len - 4, last);
            self.lay(at + len, behind);
            self.at += len + N;
        } else {
            self.at = copy(self.out, self.place, at, word);
            self.fixed(behind);
        }
    }

    /// Writes a name in quotes, and what stands behind it. Where this is inlined, the name's length is known when the program is built.
    #[inline(always)]
    pub(super) fn key<const N: usize>(&mut self, name: &'static str, behind: &[u8; N]) {
        let len = name.len();
        self.room(len + 1 + N);
        self.lay(self.at, b"\"");
        self.at += 1;
        if let Some(place) = self.place.get_mut(self.at..self.at + len) {
            place.copy_from_slice(name.as_bytes());
        }
        self.at += len;
        self.fixed(behind);
    }

    /// Writes `true` or `false` and a comma.
    #[inline(always)]
    pub(super) fn boolean(&mut self, value: bool) {
        let (text, len) = if value {
            (b"true,\0\0\0", 5)
        } else {
            (b"false,\0\0", 6)
        };
        self.put(text, len);
    }

    /// Writes bytes in hexadecimal digits, and what stands behind them.
    #[inline(always)]
    pub(super) fn hex<const N: usize>(&mut self, bytes: &[u8], behind: &[u8; N]) {
        self.room(8 + N);
        if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
            for byte in bytes {
                self.fixed(&digits::hex(byte));
            }
        } else {
            self.at = hex(self.out, self.place, self.at, bytes);
        }
        self.fixed(behind);
    }

    /// Writes a number's digits and a comma.
    #[inline(always)]
    pub(super) fn number(&mut self, number: u64) {
        self.room(4);
        let room = self
            .place
            .get_mut(self.at..)
            .and_then(<[u8]>::first_chunk_mut);
        match room.and_then(|room| digits::short(room, number)) {
            Some(len) => self.at += len,
            None => self.at = large(self.out, self.place, self.at, number),
        }
    }

    /// Writes a time, and what stands behind it.
    #[inline(always)]
    pub(super) fn time<const N: usize>(&mut self, time: Timestamp, behind: &[u8; N]) {
        self.room(clock::LEN + N);
        let text = self.clock.text(time);
        if let Some(place) = self.place.get_mut(self.at..self.at + clock::LEN) {
            place.copy_from_slice(text);
        }
        self.at += clock::LEN;
        self.fixed(behind);
    }

    /// Writes a value of any length and a comma.
    #[inline(always)]
    pub(super) fn long<T>(&mut self, value: T, write: impl FnOnce(&mut Vec<u8>, T)) {
        spill(self.out, self.place, self.at);
        self.at = 0;
        write(self.out, value);
        self.out.push(b',');
    }

    /// A value that is written apart, without a comma.
    pub(super) fn aside(&mut self, write: impl FnOnce(&mut Line<'_>)) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line = Line {
            out: &mut out,
            place: &mut [0; SIZE],
            at: 0,
            clock: self.clock,
            head: self.head,
        };
        write(&mut line);
        spill(line.out, line.place, line.at);
        out.pop_if(|last| *last == b',');
        out
    }

    /// Writes `end` in the place of the last value's comma, or behind an opening brace.
    #[inline(always)]
    pub(super) fn close<const N: usize>(&mut self, end: &[u8; N]) {
        if self.at == 0 {
            // The comma is in the buffer already.
            self.out.pop_if(|last| *last == b',');
        } else if self.place.get(self.at - 1) == Some(&b',') {
            self.at -= 1;
        }
        self.fixed(end);
    }
}

/// Gives what is gathered to the buffer.
#[inline(never)]
fn spill(out: &mut Vec<u8>, place: &[u8; SIZE], len: usize) {
    out.extend_from_slice(place.get(..len).unwrap_or_default());
}

/// Copies bytes of any number behind those that are gathered, and says how many there are now.
#[inline(never)]
fn copy(out: &mut Vec<u8>, place: &mut [u8; SIZE], at: usize, bytes: &[u8]) -> usize {
    if let Some(room) = place.get_mut(at..at + bytes.len()) {
        room.copy_from_slice(bytes);
        return at + bytes.len();
    }
    spill(out, place, at);
    out.extend_from_slice(bytes);
    0
}

/// Writes bytes of any number in hexadecimal digits, and says how much is gathered now.
#[inline(never)]
fn hex(out: &mut Vec<u8>, place: &mut [u8; SIZE], at: usize, bytes: &[u8]) -> usize {
    spill(out, place, at);
    for &byte in bytes {
        out.extend_from_slice(&digits::hex(byte));
    }
    0
}

/// Writes a number of more than three digits, and a comma; says how much is gathered now.
#[inline(never)]
fn large(out: &mut Vec<u8>, place: &mut [u8; SIZE], at: usize, number: u64) -> usize {
    let room = place.get_mut(at..).and_then(<[u8]>::first_chunk_mut);
    match room.and_then(|room| digits::middling(room, number)) {
        Some(len) => at + len,
        None => any(out, place, at, number),
    }
}

/// Writes any number and a comma, and says how much is gathered now.
#[cold]
fn any(out: &mut Vec<u8>, place: &mut [u8; SIZE], at: usize, number: u64) -> usize {
    let mut buffer = itoa::Buffer::new();
    let at = copy(out, place, at, buffer.format(number).as_bytes());
    copy(out, place, at, b",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(line: &mut Line<'_>) {
        line.head("type", "capture", |out| {
            out.extend_from_slice(b"type,capture,");
        });
        for number in [0, 9, 10, 999, 1000, 999_999, 1_000_000, u64::MAX] {
            line.number(number);
        }
        for word in [
            "",
            "a",
            "text",
            "binary",
            "continuation",
            "longer than sixteen",
        ] {
            line.word(word, b",");
        }
        line.boolean(true);
        line.boolean(false);
        line.hex(&[0x01, 0xab, 0xcd, 0xef], b",");
        line.hex(&[0x00, 0xff], b",");
        line.time(Timestamp(1_000_000_001), b",");
        line.long("long", |out, text| out.extend_from_slice(text.as_bytes()));
        line.key("key", b"\":");
        line.fixed(b"{");
        line.close(b"},");
        line.number(7);
        line.close(b"\n");
    }

    const WRITTEN: &str = "type,capture,0,9,10,999,1000,999999,1000000,18446744073709551615,,a,text,binary,continuation,\
        longer than sixteen,true,false,01abcdef,00ff,1970-01-01T00:00:01.000000001Z,long,\"key\":{},7\n";

    #[test]
    fn what_is_written_does_not_depend_on_how_much_is_gathered() {
        for before in 0..=SIZE {
            let mut scratch = Scratch::default();
            let mut out = Vec::new();
            scratch.write(&mut out, |line| {
                for _ in 0..before {
                    line.fixed(b".");
                }
                write(line);
            });
            scratch.write(&mut out, write);
            scratch.spill(&mut out);
            let out = String::from_utf8(out).unwrap();
            assert_eq!(
                out.trim_start_matches('.'),
                format!("{WRITTEN}{WRITTEN}"),
                "{before}"
            );
            assert_eq!(out.len(), before + 2 * WRITTEN.len());
        }
    }

    #[test]
    fn a_head_is_that_of_its_record() {
        let mut scratch = Scratch::default();
        let mut out = Vec::new();
        let long = "a".repeat(2 * SIZE);
        let heads = [("a", "b"), ("a", "c"), ("b", "c"), ("b", &long), ("b", "")];
        let mut expected = String::new();
        for (kind, capture) in heads.into_iter().flat_map(|head| [head, head]) {
            let head = format!("{kind},{capture},");
            scratch.write(&mut out, |line| {
                line.head(kind, capture, |out| out.extend_from_slice(head.as_bytes()));
                line.close(b"\n");
            });
            expected += &format!("{kind},{capture}\n");
        }
        scratch.spill(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
