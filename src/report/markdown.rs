//! Markdown: the columns of CSV as a table that a page can show.
//!
//! A bar, a backslash or a line end in a value would end its cell, so they are escaped or shown as pictures.

use super::csv;
use super::fields::Record;
use super::line::Scratch;
use super::text;

/// Writes the head of a table for a type of record.
pub(super) fn header<R: Record>(out: &mut Vec<u8>) {
    let names = csv::names::<R>();
    for name in &names {
        out.extend_from_slice(b"| ");
        out.extend_from_slice(name.as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice(b"|\n");
    for _ in &names {
        out.extend_from_slice(b"| --- ");
    }
    out.extend_from_slice(b"|\n");
}

/// Writes one record as a row.
pub(super) fn write<R: Record>(
    out: &mut Vec<u8>,
    scratch: &mut Scratch,
    capture: &str,
    record: &R,
) {
    cells(scratch, capture, record, |cell| {
        out.extend_from_slice(b"| ");
        escape(out, cell);
        out.push(b' ');
    });
    out.extend_from_slice(b"|\n");
}

/// Writes one record on its own: a row for each column.
pub(super) fn sheet<R: Record>(
    out: &mut Vec<u8>,
    scratch: &mut Scratch,
    capture: &str,
    record: &R,
) {
    out.extend_from_slice(b"| column | value |\n| --- | --- |\n");
    let names = csv::names::<R>();
    let mut names = names.iter();
    cells(scratch, capture, record, |cell| {
        out.extend_from_slice(b"| ");
        out.extend_from_slice(names.next().map_or("", String::as_str).as_bytes());
        out.extend_from_slice(b" | ");
        escape(out, cell);
        out.extend_from_slice(b" |\n");
    });
}

/// The fields of a record's CSV row, without their quotes.
fn cells<R: Record>(scratch: &mut Scratch, capture: &str, record: &R, mut cell: impl FnMut(&str)) {
    let mut row = Vec::new();
    csv::write(&mut row, scratch, capture, record);
    scratch.spill(&mut row);
    let row = String::from_utf8_lossy(&row);
    let mut field = String::new();
    let mut quoted = false;
    let mut letters = row.trim_end_matches('\n').chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => {
                cell(&field);
                field.clear();
            }
            letter => field.push(letter),
        }
    }
    cell(&field);
}

/// Appends a cell's text.
pub(super) fn escape(out: &mut Vec<u8>, cell: &str) {
    let mut shown = String::new();
    text::visible(&mut shown, cell);
    for byte in shown.bytes() {
        if matches!(
            byte,
            b'|' | b'\\' | b'`' | b'*' | b'_' | b'<' | b'>' | b'[' | b']' | b'&'
        ) {
            out.push(b'\\');
        }
        out.push(byte);
    }
}
