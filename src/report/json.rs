//! JSON: a record as an object on one line.
//!
//! Writes into a buffer that is used again for every row; nothing is allocated for a row.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::fields::{Fields, Record, wire_columns};
use crate::time::Timestamp;
use crate::wire::Wire;

/// Writes one record, without a line end.
pub(super) fn write<R: Record>(out: &mut Vec<u8>, clock: &mut Clock, capture: &str, record: &R) {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(R::TYPE.as_bytes());
    out.extend_from_slice(b"\",\"capture\":");
    quote(out, capture);
    record.walk(&mut Json { out, clock });
    out.push(b'}');
}

/// Writes keys and values behind an object's opening brace.
pub(super) struct Json<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) clock: &'a mut Clock,
}

impl Json<'_> {
    #[inline]
    fn key(&mut self, name: &'static str) {
        match self.out.last() {
            Some(b'{') => self.out.push(b'"'),
            _ => self.out.extend_from_slice(b",\""),
        }
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    #[inline]
    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    fn value<T>(&mut self, name: &'static str, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.key(name);
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }
}

impl Fields for Json<'_> {
    fn text(&mut self, name: &'static str, value: Option<&str>) {
        self.value(name, value, |json, text| quote(json.out, text));
    }

    fn choice(&mut self, name: &'static str, value: Option<&'static str>, _set: &[&'static str]) {
        self.value(name, value, |json, text| {
            json.out.push(b'"');
            json.out.extend_from_slice(text.as_bytes());
            json.out.push(b'"');
        });
    }

    fn integer(&mut self, name: &'static str, value: Option<u64>) {
        self.value(name, value, |json, number| integer(json.out, number));
    }

    fn ratio(&mut self, name: &'static str, value: Option<f64>) {
        self.value(name, value, |json, ratio| {
            json.out.extend_from_slice(format!("{ratio:.4}").as_bytes());
        });
    }

    fn boolean(&mut self, name: &'static str, value: Option<bool>) {
        let text: &[u8] = match value {
            Some(true) => b"true",
            Some(false) => b"false",
            None => b"null",
        };
        self.key(name);
        self.out.extend_from_slice(text);
    }

    fn hex(&mut self, name: &'static str, value: Option<&[u8]>) {
        self.value(name, value, |json, bytes| {
            json.out.push(b'"');
            hex(json.out, bytes);
            json.out.push(b'"');
        });
    }

    fn base64(&mut self, name: &'static str, value: Option<&[u8]>) {
        self.value(name, value, |json, bytes| {
            json.out.push(b'"');
            base64(json.out, bytes);
            json.out.push(b'"');
        });
    }

    fn time(&mut self, name: &'static str, value: Option<Timestamp>) {
        self.value(name, value, |json, time| {
            json.out.push(b'"');
            json.clock.write(json.out, time);
            json.out.push(b'"');
        });
    }

    fn texts(&mut self, name: &'static str, values: &[&str]) {
        self.key(name);
        texts(self.out, values);
    }

    fn wire(&mut self, name: &'static str, value: Option<&Wire>) {
        self.value(name, value, |json, wire| {
            json.out.push(b'{');
            for (column, bytes) in wire_columns(wire) {
                json.key(column);
                integer(json.out, bytes);
            }
            json.out.push(b'}');
        });
    }

    fn object(&mut self, name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        self.key(name);
        self.out.push(b'{');
        walk(self);
        self.out.push(b'}');
    }

    fn map(&mut self, name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        self.object(name, walk);
    }

    fn list(&mut self, name: &'static str, len: usize, walk: &dyn Fn(usize, &mut dyn Fields)) {
        self.key(name);
        self.out.push(b'[');
        for index in 0..len {
            self.out
                .extend_from_slice(if index == 0 { b"{" } else { b",{" });
            walk(index, self);
            self.out.push(b'}');
        }
        self.out.push(b']');
    }
}

/// Writes times, and remembers the last one's text: a row's two times are mostly the same, and rows that follow each other mostly share
/// a second.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    time: Timestamp,
    second: i64,
    text: [u8; 30],
}

impl Default for Clock {
    fn default() -> Self {
        let mut text = [0; 30];
        Timestamp(0).write_to(&mut text);
        Self {
            time: Timestamp(0),
            second: 0,
            text,
        }
    }
}

impl Clock {
    /// Writes RFC 3339 text.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, time: Timestamp) {
        if time != self.time {
            self.set(time);
        }
        out.extend_from_slice(&self.text);
    }

    fn set(&mut self, time: Timestamp) {
        const SECOND: i64 = 1_000_000_000;
        self.time = time;
        let second = time.0.div_euclid(SECOND);
        if second == self.second {
            let mut left = time.0.rem_euclid(SECOND);
            for place in self.text.iter_mut().skip(20).take(9).rev() {
                *place = b'0' + u8::try_from(left % 10).unwrap_or(0);
                left /= 10;
            }
        } else {
            self.second = second;
            time.write_to(&mut self.text);
        }
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

/// Writes decimal digits.
#[inline]
pub(super) fn integer(out: &mut Vec<u8>, number: u64) {
    // Most numbers of most records have one digit or two.
    match u8::try_from(number) {
        Ok(digit @ 0..=9) => out.push(b'0' + digit),
        Ok(two @ 10..=99) => out.extend_from_slice(&[b'0' + two / 10, b'0' + two % 10]),
        _ => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
    }
}

/// Writes hexadecimal digits.
pub(super) fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    for byte in bytes {
        out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0x0f)]);
    }
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
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (&byte, behind) = special
            .split_first()
            .expect("a byte stands where it was found");
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                hex(out, &[byte]);
            }
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
