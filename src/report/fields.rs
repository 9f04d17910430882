//! Fields: how a record shows its columns.
//!
//! Comes in: one call for each column, in the order of the records' contract. Goes out: whatever the visitor makes of them: a JSON
//! object, a CSV row, a header, a schema. A record is described once, by its [`Record::walk`], and every format follows.
#![expect(
    clippy::inline_always,
    reason = "a position in a row stands in a register only where the walk is no call"
)]

use crate::event::Payload;
use crate::time::Timestamp;
use crate::wire::Wire;

/// Something that is printed as a record.
pub trait Record {
    /// Its `type`.
    const TYPE: &'static str;

    /// Shows every column behind `type` and `capture`, in order, whether it has a value or not.
    fn walk<F: Fields + ?Sized>(&self, fields: &mut F);

    /// A record in which everything is null that can be: what a header and a schema are made from.
    fn blank() -> Self;
}

/// Visits the columns of a record. A column without a value is null, never left out.
pub trait Fields {
    /// Any text.
    fn text(&mut self, name: &'static str, value: Option<&str>);
    /// A name out of a fixed set.
    fn choice(&mut self, name: &'static str, value: Option<&'static str>, set: &[&'static str]);
    /// A count, a length, a number.
    fn integer(&mut self, name: &'static str, value: Option<u64>);
    /// A ratio, with four digits behind the point.
    fn ratio(&mut self, name: &'static str, value: Option<f64>);
    /// Yes or no.
    fn boolean(&mut self, name: &'static str, value: Option<bool>);
    /// Bytes in hexadecimal digits.
    fn hex(&mut self, name: &'static str, value: Option<&[u8]>);
    /// Bytes in base64.
    fn base64(&mut self, name: &'static str, value: Option<&[u8]>);
    /// A time of the capture.
    fn time(&mut self, name: &'static str, value: Option<Timestamp>);
    /// A list of texts.
    fn texts(&mut self, name: &'static str, values: &[&str]);
    /// A cost on the wire.
    fn wire(&mut self, name: &'static str, value: Option<&Wire>);
    /// An object whose keys are always the same.
    fn object(&mut self, name: &'static str, walk: &dyn Fn(&mut dyn Fields));
    /// An object whose keys are those that there is something for; all values have the same form.
    fn map(&mut self, name: &'static str, walk: &dyn Fn(&mut dyn Fields));
    /// A list of objects.
    fn list(&mut self, name: &'static str, len: usize, walk: &dyn Fn(usize, &mut dyn Fields));
}

/// Shows the columns of a cost.
#[inline(always)]
pub(super) fn wire_columns(wire: &Wire, mut column: impl FnMut(&'static str, u64)) {
    column("link", wire.link);
    column("network", wire.network);
    column("transport", wire.transport);
    column("tls", wire.tls);
    column("head", wire.head);
    column("payload", wire.payload);
    column("total", wire.total());
}

/// The two columns of a payload: `text` or `data`.
#[inline(always)]
pub(super) fn payload<F: Fields + ?Sized>(fields: &mut F, payload: Option<Payload<'_>>) {
    let (text, data) = match payload {
        Some(Payload::Text(text)) => (Some(text), None),
        Some(Payload::Data(data)) => (None, Some(data)),
        None => (None, None),
    };
    fields.text("text", text);
    fields.base64("data", data);
}
