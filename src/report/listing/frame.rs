//! Frames, a row each.

use super::Listed;
use super::payload::{bytes, frame_preview};
use crate::direction::Direction;
use crate::event::Frame;
use crate::report::context::Context;
use crate::report::look::{CLIENT, DIM, PLAIN, SERVER};
use crate::report::table::{Column, Row};
use crate::span::Span;

impl Listed for Frame<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::number("conn", 4),
        Column::number("frame", 5).leaving(1),
        Column::number("packet", 6),
        Column::number("time", 9),
        Column::name("sender", 6),
        Column::number("fin", 3),
        Column::name("rsv", 3),
        Column::name("opcode", 12),
        Column::name("masked", 6).leaving(3),
        Column::number("head", 4).leaving(2),
        Column::number("payload", 7),
        Column::text("content", 0),
    ];
    const NOUN: (&'static str, &'static str) = ("frame", "frames");

    fn fill(&self, context: &Context<'_>, row: &mut Row) {
        let header = &self.header;
        row.number(Some(self.place.connection));
        row.number(Some(self.index));
        packets(row, &self.span);
        row.write(PLAIN, |out| context.time(out, self.span.time));
        sender(row, self.direction);
        row.number(Some(header.fin.into()));
        row.write(PLAIN, |out| {
            let bits = [
                (header.rsv1(), '1'),
                (header.rsv2(), '2'),
                (header.rsv3(), '3'),
            ];
            let set = bits.iter().filter(|(set, _)| *set);
            out.extend(set.map(|(_, name)| name));
            if header.rsv == 0 {
                out.push('-');
            }
        });
        let style = if header.opcode.is_control() {
            DIM
        } else {
            PLAIN
        };
        row.put(style, format_args!("{}", header.opcode.name()));
        let masked = if header.masking_key.is_some() {
            "yes"
        } else {
            "no"
        };
        row.put(PLAIN, format_args!("{masked}"));
        row.number(Some(header.header_len.into()));
        row.put(PLAIN, format_args!("{}", bytes(header.payload_len)));
        row.write(PLAIN, |out| frame_preview(out, self));
    }

    fn connection(&self) -> u64 {
        self.place.connection
    }

    fn leads_on(&self) -> bool {
        self.message.is_some()
    }

    fn shortened(&self) -> bool {
        self.payload_truncated && self.payload.is_some()
    }
}

/// The packet of something, or the first and the last.
pub(super) fn packets(row: &mut Row, span: &Span) {
    if span.first_packet == span.last_packet {
        row.number(Some(span.first_packet));
    } else {
        let (first, last) = (span.first_packet, span.last_packet);
        row.put(PLAIN, format_args!("{first}-{last}"));
    }
}

/// Who sent something.
pub(super) fn sender(row: &mut Row, direction: Direction) {
    let style = match direction {
        Direction::ToServer => CLIENT,
        Direction::ToClient => SERVER,
    };
    row.put(style, format_args!("{}", direction.sender()));
}
