//! CSV (RFC 4180), with line feeds: a header, then a row for each record.
//!
//! Objects are flattened, their names joined by `_`; lists and maps stand as JSON text. Null is an empty field, the empty string
//! is `""`, so that the two can be told apart.
#![expect(
    clippy::inline_always,
    reason = "a field takes a few instructions, and a call would take as many"
)]

use super::escape;
use super::fields::{Fields, Record, wire_columns};
use super::json::{self, Json};
use super::line::{Line, Scratch};
use crate::time::Timestamp;
use crate::wire::Wire;

/// Writes the header of a type of record.
pub(super) fn header<R: Record>(out: &mut Vec<u8>) {
    for (index, name) in names::<R>().iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name.as_bytes());
    }
    out.push(b'\n');
}

/// Writes one record's row: into the scratch, whose text goes to `out` where there is no more room for it.
#[inline]
pub(super) fn write<R: Record>(
    out: &mut Vec<u8>,
    scratch: &mut Scratch,
    capture: &str,
    record: &R,
) {
    scratch.write(out, |line| {
        line.head(R::TYPE, capture, |head| {
            head.extend_from_slice(R::TYPE.as_bytes());
            head.push(b',');
            field(head, capture);
            head.push(b',');
        });
        record.walk(&mut Row { line });
        line.close(b"\n");
    });
}

/// The flattened names of a record's columns.
pub(super) fn names<R: Record>() -> Vec<String> {
    let mut names = Names {
        prefix: String::new(),
        names: vec!["type".to_string(), "capture".to_string()],
    };
    R::blank().walk(&mut names);
    names.names
}

/// Writes fields, each with a comma behind it.
struct Row<'a, 'b> {
    line: &'a mut Line<'b>,
}

impl Row<'_, '_> {
    /// Writes JSON text as one field.
    fn json(&mut self, write: impl FnOnce(&mut Line<'_>)) {
        let text = self.line.aside(write);
        self.line.long(&*String::from_utf8_lossy(&text), field);
    }

    #[inline(always)]
    fn null(&mut self) {
        self.line.fixed(b",");
    }
}

impl Fields for Row<'_, '_> {
    #[inline(always)]
    fn text(&mut self, _name: &'static str, value: Option<&str>) {
        match value {
            Some(text) => self.line.long(text, field),
            None => self.null(),
        }
    }

    #[inline(always)]
    fn choice(&mut self, _name: &'static str, value: Option<&'static str>, _set: &[&'static str]) {
        match value {
            Some(name) => self.line.word(name, b","),
            None => self.null(),
        }
    }

    #[inline(always)]
    fn integer(&mut self, _name: &'static str, value: Option<u64>) {
        match value {
            Some(number) => self.line.number(number),
            None => self.null(),
        }
    }

    fn ratio(&mut self, _name: &'static str, value: Option<f64>) {
        match value {
            Some(ratio) => self.line.long(ratio, json::ratio),
            None => self.null(),
        }
    }

    #[inline(always)]
    fn boolean(&mut self, _name: &'static str, value: Option<bool>) {
        match value {
            Some(value) => self.line.boolean(value),
            None => self.null(),
        }
    }

    #[inline(always)]
    fn hex(&mut self, _name: &'static str, value: Option<&[u8]>) {
        match value {
            Some([]) => self.line.fixed(b"\"\","),
            Some(bytes) => self.line.hex(bytes, b","),
            None => self.null(),
        }
    }

    #[inline(always)]
    fn base64(&mut self, _name: &'static str, value: Option<&[u8]>) {
        match value {
            Some([]) => self.line.fixed(b"\"\","),
            Some(bytes) => self.line.long(bytes, json::base64),
            None => self.null(),
        }
    }

    #[inline(always)]
    fn time(&mut self, _name: &'static str, value: Option<Timestamp>) {
        match value {
            Some(time) => self.line.time(time, b","),
            None => self.null(),
        }
    }

    fn texts(&mut self, _name: &'static str, values: &[&str]) {
        self.json(|line| line.long(values, json::texts));
    }

    #[inline(always)]
    fn wire(&mut self, _name: &'static str, value: Option<&Wire>) {
        match value {
            Some(wire) => wire_columns(wire, |_, bytes| self.line.number(bytes)),
            None => wire_columns(&Wire::default(), |_, _| self.null()),
        }
    }

    fn object(&mut self, _name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        walk(self);
    }

    fn map(&mut self, _name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        self.json(|line| Json { line }.members(walk));
    }

    fn list(&mut self, _name: &'static str, len: usize, walk: &dyn Fn(usize, &mut dyn Fields)) {
        self.json(|line| Json { line }.elements(len, walk));
    }
}

/// Writes a field, without its comma; in quotes where it holds a quote, a comma or a line end, or nothing at all.
fn field(out: &mut Vec<u8>, text: &str) {
    let quotes = |bytes| escape::equal(bytes, b'"');
    let special = |bytes| {
        let ends = escape::equal(bytes, b'\n') | escape::equal(bytes, b'\r');
        quotes(bytes) | escape::equal(bytes, b',') | ends
    };
    if !text.is_empty() && !escape::any(text, special) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    escape::write(out, text, quotes, |out, _| out.extend_from_slice(b"\"\""));
    out.push(b'"');
}

/// Collects flattened names.
struct Names {
    prefix: String,
    names: Vec<String>,
}

impl Names {
    fn push(&mut self, name: &str) {
        self.names.push(format!("{}{name}", self.prefix));
    }
}

impl Fields for Names {
    fn text(&mut self, name: &'static str, _value: Option<&str>) {
        self.push(name);
    }

    fn choice(&mut self, name: &'static str, _value: Option<&'static str>, _set: &[&'static str]) {
        self.push(name);
    }

    fn integer(&mut self, name: &'static str, _value: Option<u64>) {
        self.push(name);
    }

    fn ratio(&mut self, name: &'static str, _value: Option<f64>) {
        self.push(name);
    }

    fn boolean(&mut self, name: &'static str, _value: Option<bool>) {
        self.push(name);
    }

    fn hex(&mut self, name: &'static str, _value: Option<&[u8]>) {
        self.push(name);
    }

    fn base64(&mut self, name: &'static str, _value: Option<&[u8]>) {
        self.push(name);
    }

    fn time(&mut self, name: &'static str, _value: Option<Timestamp>) {
        self.push(name);
    }

    fn texts(&mut self, name: &'static str, _values: &[&str]) {
        self.push(name);
    }

    fn wire(&mut self, name: &'static str, _value: Option<&Wire>) {
        wire_columns(&Wire::default(), |column, _| {
            self.push(&format!("{name}_{column}"));
        });
    }

    fn object(&mut self, name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        let outer = self.prefix.len();
        self.prefix.push_str(name);
        self.prefix.push('_');
        walk(self);
        self.prefix.truncate(outer);
    }

    fn map(&mut self, name: &'static str, _walk: &dyn Fn(&mut dyn Fields)) {
        self.push(name);
    }

    fn list(&mut self, name: &'static str, _len: usize, _walk: &dyn Fn(usize, &mut dyn Fields)) {
        self.push(name);
    }
}
