//! JSON: a record as an object on one line.
//!
//! Writes into a buffer that is used again for every row; nothing is allocated for a row.
#![expect(
    clippy::inline_always,
    reason = "a field takes a few instructions, and a call would take as many"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::digits;
use super::escape;
use super::fields::{Fields, Record, wire_columns};
use super::line::{Line, Scratch};
use crate::time::Timestamp;
use crate::wire::Wire;

/// Writes one record, without a line end: into the scratch, whose text goes to `out` where there is no more room for it.
#[inline]
pub(super) fn write<R: Record>(
    out: &mut Vec<u8>,
    scratch: &mut Scratch,
    capture: &str,
    record: &R,
) {
    scratch.write(out, |line| {
        line.head(R::TYPE, capture, |head| {
            head.extend_from_slice(b"{\"type\":\"");
            head.extend_from_slice(R::TYPE.as_bytes());
            head.extend_from_slice(b"\",\"capture\":");
            quote(head, capture);
            head.push(b',');
        });
        record.walk(&mut Json { line });
        line.close(b"}");
    });
}

/// Writes keys and values behind an object's opening brace, each value with a comma behind it.
pub(super) struct Json<'a, 'b> {
    pub(super) line: &'a mut Line<'b>,
}

impl Json<'_, '_> {
    #[inline(always)]
    fn null(&mut self) {
        self.line.put(b"null,\0\0\0", 5);
    }

    #[inline(always)]
    fn value<T>(&mut self, name: &'static str, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.line.room(name.len() + 16);
        self.line.key(name, b"\":");
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }

    /// The same for a value in quotes, of which `write` writes the closing one.
    #[inline(always)]
    fn quoted<T>(
        &mut self,
        name: &'static str,
        value: Option<T>,
        write: impl FnOnce(&mut Line<'_>, T),
    ) {
        self.line.room(name.len() + 48);
        match value {
            Some(value) => {
                self.line.key(name, b"\":\"");
                write(self.line, value);
            }
            None => self.line.key(name, b"\":null,"),
        }
    }

    /// Writes an object whose members a walk shows.
    pub(super) fn members(&mut self, walk: &dyn Fn(&mut dyn Fields)) {
        self.line.fixed(b"{");
        walk(self);
        self.line.close(b"},");
    }

    /// Writes a list of objects.
    pub(super) fn elements(&mut self, len: usize, walk: &dyn Fn(usize, &mut dyn Fields)) {
        self.line.fixed(b"[");
        for index in 0..len {
            self.members(&|members| walk(index, members));
        }
        self.line.close(b"],");
    }
}

impl Fields for Json<'_, '_> {
    #[inline(always)]
    fn text(&mut self, name: &'static str, value: Option<&str>) {
        self.value(name, value, |json, text| json.line.long(text, quote));
    }

    #[inline(always)]
    fn choice(&mut self, name: &'static str, value: Option<&'static str>, _set: &[&'static str]) {
        self.quoted(name, value, |line, text| line.word(text, b"\","));
    }

    #[inline(always)]
    fn integer(&mut self, name: &'static str, value: Option<u64>) {
        self.value(name, value, |json, number| json.line.number(number));
    }

    fn ratio(&mut self, name: &'static str, value: Option<f64>) {
        self.value(name, value, |json, value| json.line.long(value, ratio));
    }

    #[inline(always)]
    fn boolean(&mut self, name: &'static str, value: Option<bool>) {
        self.value(name, value, |json, value| json.line.boolean(value));
    }

    #[inline(always)]
    fn hex(&mut self, name: &'static str, value: Option<&[u8]>) {
        self.quoted(name, value, |line, bytes| line.hex(bytes, b"\","));
    }

    #[inline(always)]
    fn base64(&mut self, name: &'static str, value: Option<&[u8]>) {
        self.quoted(name, value, |line, bytes| {
            line.long(bytes, |out, bytes| {
                base64(out, bytes);
                out.push(b'"');
            });
        });
    }

    #[inline(always)]
    fn time(&mut self, name: &'static str, value: Option<Timestamp>) {
        self.quoted(name, value, |line, time| line.time(time, b"\","));
    }

    fn texts(&mut self, name: &'static str, values: &[&str]) {
        self.line.key(name, b"\":");
        self.line.long(values, texts);
    }

    #[inline(always)]
    fn wire(&mut self, name: &'static str, value: Option<&Wire>) {
        let Some(wire) = value else {
            self.line.key(name, b"\":null,");
            return;
        };
        self.line.key(name, b"\":{");
        wire_columns(wire, |column, bytes| self.integer(column, Some(bytes)));
        self.line.close(b"},");
    }

    fn object(&mut self, name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        self.line.key(name, b"\":");
        self.members(walk);
    }

    fn map(&mut self, name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        self.object(name, walk);
    }

    fn list(&mut self, name: &'static str, len: usize, walk: &dyn Fn(usize, &mut dyn Fields)) {
        self.line.key(name, b"\":");
        self.elements(len, walk);
    }
}

/// Writes a JSON array of strings.
pub(super) fn texts(out: &mut Vec<u8>, values: &[&str]) {
    out.push(b'[');
    for (index, text) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        quote(out, text);
    }
    out.push(b']');
}

/// Writes a ratio with four digits behind the point.
pub(super) fn ratio(out: &mut Vec<u8>, ratio: f64) {
    out.extend_from_slice(format!("{ratio:.4}").as_bytes());
}

/// Writes base64 with padding.
pub(super) fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let place = out.get_mut(start..).unwrap_or_default();
    let written = STANDARD
        .encode_slice(bytes, place)
        .expect("the place is as long as the text");
    out.truncate(start + written);
}

/// Writes a JSON string (RFC 8259, section 7): control characters, quotes and backslashes are escaped, all else stands as it is.
pub(super) fn quote(out: &mut Vec<u8>, text: &str) {
    let marks = |bytes| {
        escape::below(bytes, b' ') | escape::equal(bytes, b'"') | escape::equal(bytes, b'\\')
    };
    out.push(b'"');
    escape::write(out, text, marks, |out, byte| match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits::hex(byte));
        }
    });
    out.push(b'"');
}
