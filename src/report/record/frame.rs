//! `frame`: a WebSocket frame.

use super::{place, sender, times, trust};
use crate::direction::Direction;
use crate::event::{Frame, Place};
use crate::report::fields::{Fields, Record, payload};
use crate::span::{Span, Trust};
use crate::websocket::{Header, Opcode};
use crate::wire::Wire;

/// The names of opcodes, in the order of their values.
pub(in crate::report) const OPCODES: &[&str] = &[
    "continuation",
    "text",
    "binary",
    "close",
    "ping",
    "pong",
    "reserved",
];

impl Record for Frame<'_> {
    const TYPE: &'static str = "frame";

    #[expect(
        clippy::inline_always,
        reason = "a position in a row stands in a register only where the walk is no call"
    )]
    #[inline(always)]
    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        let header = &self.header;
        place(fields, self.place);
        fields.integer("frame", Some(self.index));
        sender(fields, "sender", Some(self.direction));
        times(fields, &self.span);
        fields.integer("stream_offset", Some(self.span.stream_offset));
        fields.boolean("fin", Some(header.fin));
        fields.boolean("rsv1", Some(header.rsv1()));
        fields.boolean("rsv2", Some(header.rsv2()));
        fields.boolean("rsv3", Some(header.rsv3()));
        fields.integer("opcode", Some(header.opcode.value().into()));
        fields.choice("opcode_name", Some(header.opcode.name()), OPCODES);
        fields.boolean("masked", Some(header.masking_key.is_some()));
        fields.hex(
            "masking_key",
            header.masking_key.as_ref().map(<[u8; 4]>::as_slice),
        );
        fields.integer("header_length", Some(header.header_len.into()));
        fields.integer("payload_length", Some(header.payload_len));
        fields.integer("message", self.message);
        fields.boolean("complete", Some(self.complete));
        trust(fields, self.trust);
        fields.integer("close_code", self.close_code.map(u64::from));
        fields.text("close_reason", self.close_reason);
        payload(fields, self.payload);
        fields.boolean("payload_truncated", Some(self.payload_truncated));
        fields.wire("wire", Some(&self.wire));
    }

    fn blank() -> Self {
        Self {
            place: Place {
                connection: 0,
                http_stream: None,
            },
            index: 0,
            direction: Direction::ToServer,
            span: Span::default(),
            header: Header {
                fin: true,
                rsv: 0,
                opcode: Opcode::Text,
                masking_key: None,
                payload_len: 0,
                header_len: 2,
            },
            message: None,
            complete: true,
            trust: Trust::Exact,
            close_code: None,
            close_reason: None,
            payload: None,
            payload_truncated: false,
            wire: Wire::default(),
        }
    }
}
