//! CSV (RFC 4180), with line feeds: a header, then a row for each record.
//!
//! Objects are flattened, their names joined by `_`; lists and maps stand as JSON text. Null is an empty field, the empty string
//! is `""`, so that the two can be told apart.

use super::fields::{Fields, Record, wire_columns};
use super::json::{self, Clock, Json};
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

/// Writes one record's row.
pub(super) fn write<R: Record>(out: &mut Vec<u8>, clock: &mut Clock, capture: &str, record: &R) {
    out.extend_from_slice(R::TYPE.as_bytes());
    out.push(b',');
    field(out, capture);
    record.walk(&mut Row {
        out,
        clock,
        null: false,
    });
    out.push(b'\n');
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

/// Writes fields, each behind a comma.
struct Row<'a> {
    out: &'a mut Vec<u8>,
    clock: &'a mut Clock,
    /// Whether the object that is being walked is itself null.
    null: bool,
}

impl Row<'_> {
    /// Writes JSON text as one field.
    fn json(&mut self, write: impl FnOnce(&mut Json<'_>)) {
        let mut text = Vec::new();
        write(&mut Json {
            out: &mut text,
            clock: self.clock,
        });
        self.out.push(b',');
        field(self.out, &String::from_utf8_lossy(&text));
    }
}

impl Fields for Row<'_> {
    fn text(&mut self, _name: &'static str, value: Option<&str>) {
        self.out.push(b',');
        if let Some(text) = value {
            field(self.out, text);
        }
    }

    fn choice(&mut self, _name: &'static str, value: Option<&'static str>, _set: &[&'static str]) {
        self.out.push(b',');
        self.out
            .extend_from_slice(value.unwrap_or_default().as_bytes());
    }

    fn integer(&mut self, _name: &'static str, value: Option<u64>) {
        self.out.push(b',');
        if let Some(number) = value.filter(|_| !self.null) {
            json::integer(self.out, number);
        }
    }

    fn ratio(&mut self, _name: &'static str, value: Option<f64>) {
        self.out.push(b',');
        if let Some(ratio) = value {
            self.out.extend_from_slice(format!("{ratio:.4}").as_bytes());
        }
    }

    fn boolean(&mut self, _name: &'static str, value: Option<bool>) {
        self.out.extend_from_slice(match value {
            Some(true) => b",true",
            Some(false) => b",false",
            None => b",",
        });
    }

    fn hex(&mut self, _name: &'static str, value: Option<&[u8]>) {
        self.out.push(b',');
        match value {
            Some([]) => self.out.extend_from_slice(b"\"\""),
            Some(bytes) => json::hex(self.out, bytes),
            None => {}
        }
    }

    fn base64(&mut self, _name: &'static str, value: Option<&[u8]>) {
        self.out.push(b',');
        match value {
            Some([]) => self.out.extend_from_slice(b"\"\""),
            Some(bytes) => json::base64(self.out, bytes),
            None => {}
        }
    }

    fn time(&mut self, _name: &'static str, value: Option<Timestamp>) {
        self.out.push(b',');
        if let Some(time) = value {
            self.clock.write(self.out, time);
        }
    }

    fn texts(&mut self, _name: &'static str, values: &[&str]) {
        self.json(|json| json::texts(json.out, values));
    }

    fn wire(&mut self, _name: &'static str, value: Option<&Wire>) {
        let outer = std::mem::replace(&mut self.null, value.is_none());
        for (column, bytes) in wire_columns(value.unwrap_or(&Wire::default())) {
            self.integer(column, Some(bytes));
        }
        self.null = outer;
    }

    fn object(&mut self, _name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        walk(self);
    }

    fn map(&mut self, _name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        self.json(|json| {
            json.out.push(b'{');
            walk(json);
            json.out.push(b'}');
        });
    }

    fn list(&mut self, _name: &'static str, len: usize, walk: &dyn Fn(usize, &mut dyn Fields)) {
        self.json(|json| {
            json.out.push(b'[');
            for index in 0..len {
                json.out
                    .extend_from_slice(if index == 0 { b"{" } else { b",{" });
                walk(index, json);
                json.out.push(b'}');
            }
            json.out.push(b']');
        });
    }
}

/// Writes a field; in quotes where it holds a quote, a comma or a line end, or nothing at all.
fn field(out: &mut Vec<u8>, text: &str) {
    let special = |byte: &u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    if !text.is_empty() && !text.as_bytes().iter().any(special) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for (index, part) in text.split('"').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
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
        for (column, _) in wire_columns(&Wire::default()) {
            self.push(&format!("{name}_{column}"));
        }
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
