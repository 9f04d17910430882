//! HTTP exchanges, a row each.

use super::Listed;
use super::frame::packets;
use super::payload::{bytes, doubts};
use crate::event::Exchange;
use crate::report::context::Context;
use crate::report::look::{PLAIN, WARN};
use crate::report::table::{Column, Row};
use crate::report::text;
use crate::wire::Wire;

impl Listed for Exchange<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::number("conn", 4),
        Column::number("exchange", 8).leaving(4),
        Column::number("packets", 7),
        Column::number("time", 9).leaving(1),
        Column::text("method", 6),
        Column::number("status", 6),
        Column::number("request", 7),
        Column::number("response", 8),
        Column::number("overhead", 8).leaving(5),
        Column::number("content", 7).leaving(2),
        Column::text("type", 10).keeping(10).leaving(3),
        Column::text("host and target", 0).keeping(28),
    ];
    const NOUN: (&'static str, &'static str) = ("HTTP exchange", "HTTP exchanges");

    fn fill(&self, context: &Context<'_>, row: &mut Row) {
        row.number(Some(self.place.connection));
        row.number(Some(self.index));
        packets(row, &self.span);
        row.write(PLAIN, |out| context.time(out, self.span.time));
        row.text(PLAIN, self.method.unwrap_or("-"));
        let style = if self.status.is_some_and(|status| status >= 400) {
            WARN
        } else {
            PLAIN
        };
        match self.status {
            Some(status) => row.put(style, format_args!("{status}")),
            None => row.dash(),
        }
        wire(row, self.request_wire.as_ref());
        wire(row, self.response_wire.as_ref());
        match (&self.request_wire, &self.response_wire) {
            (None, None) => row.dash(),
            (request, response) => {
                let wires = [request, response].into_iter().flatten();
                let overhead: u64 = wires.map(|wire| wire.total() - wire.payload).sum();
                row.put(PLAIN, format_args!("{}", bytes(overhead)));
            }
        }
        match self.response_content_length {
            Some(length) => row.put(PLAIN, format_args!("{}", bytes(length))),
            None => row.dash(),
        }
        row.text(PLAIN, self.content_type.unwrap_or("-"));
        row.write(PLAIN, |out| {
            doubts(out, self.complete, self.trust);
            if self.upgrade {
                out.push_str("[opening handshake] ");
            }
            text::visible(out, self.host.unwrap_or_default());
            if self.host.is_some() && self.target.is_some_and(|target| !target.starts_with('/')) {
                out.push(' ');
            }
            text::visible(out, self.target.unwrap_or_default());
        });
    }

    fn connection(&self) -> u64 {
        self.place.connection
    }
}

/// Bytes on the wire.
fn wire(row: &mut Row, wire: Option<&Wire>) {
    match wire {
        Some(wire) => row.put(PLAIN, format_args!("{}", bytes(wire.total()))),
        None => row.dash(),
    }
}
