//! `message`: a WebSocket data message.

use super::{place, sender, times, trust};
use crate::direction::Direction;
use crate::event::{Message, MessageKind, Place};
use crate::report::fields::{Fields, Record, payload};
use crate::span::{Span, Trust};
use crate::wire::Wire;

impl Record for Message<'_> {
    const TYPE: &'static str = "message";

    #[expect(
        clippy::inline_always,
        reason = "a position in a row stands in a register only where the walk is no call"
    )]
    #[inline(always)]
    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        place(fields, self.place);
        fields.integer("message", Some(self.index));
        sender(fields, "sender", Some(self.direction));
        times(fields, &self.span);
        fields.integer("stream_offset", Some(self.span.stream_offset));
        fields.choice(
            "kind",
            self.kind.map(MessageKind::name),
            &["text", "binary"],
        );
        fields.integer("frames", Some(self.frames));
        fields.boolean("compressed", Some(self.compressed));
        fields.integer("coded_length", Some(self.coded_length));
        fields.integer("payload_length", self.payload_length);
        fields.boolean("complete", Some(self.complete));
        trust(fields, self.trust);
        fields.boolean("valid_utf8", self.valid_utf8);
        // What stands before a hole is no payload to other programs.
        payload(fields, self.payload.filter(|_| !self.has_hole));
        let truncated = self.payload_truncated && !self.has_hole;
        fields.boolean("payload_truncated", Some(truncated));
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
            kind: None,
            frames: 0,
            compressed: false,
            inflated: None,
            coded_length: 0,
            payload_length: None,
            complete: true,
            has_hole: false,
            trust: Trust::Exact,
            valid_utf8: None,
            payload: None,
            payload_truncated: false,
            wire: Wire::default(),
        }
    }
}
