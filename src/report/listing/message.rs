//! Messages, a row each.

use super::Listed;
use super::frame::{packets, sender};
use super::payload::{bytes, message_preview};
use crate::event::{Message, MessageKind};
use crate::report::context::Context;
use crate::report::look::PLAIN;
use crate::report::table::{Column, Row};

impl Listed for Message<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::number("conn", 4),
        Column::number("message", 7).leaving(1),
        Column::number("packet", 6),
        Column::number("time", 9),
        Column::name("sender", 6),
        Column::name("kind", 6),
        Column::number("frames", 6).leaving(3),
        Column::number("payload", 7),
        Column::number("on the wire", 11),
        Column::number("overhead", 8).leaving(2),
        Column::text("content", 0).keeping(24),
    ];
    const NOUN: (&'static str, &'static str) = ("message", "messages");

    fn fill(&self, context: &Context<'_>, row: &mut Row) {
        row.number(Some(self.place.connection));
        row.number(Some(self.index));
        packets(row, &self.span);
        row.write(PLAIN, |out| context.time(out, self.span.time));
        sender(row, self.direction);
        row.put(
            PLAIN,
            format_args!("{}", self.kind.map_or("-", MessageKind::name)),
        );
        row.number(Some(self.frames));
        match self.payload_length {
            Some(length) => row.put(PLAIN, format_args!("{}", bytes(length))),
            None => row.dash(),
        }
        let total = self.wire.total();
        row.put(PLAIN, format_args!("{}", bytes(total)));
        row.put(
            PLAIN,
            format_args!("{}", bytes(total.saturating_sub(self.wire.payload))),
        );
        row.write(PLAIN, |out| message_preview(out, self));
    }

    fn connection(&self) -> u64 {
        self.place.connection
    }

    fn shortened(&self) -> bool {
        self.complete && self.payload_truncated && self.payload.is_some()
    }
}
