//! A frame of which not all is known yet.

use crate::check::{Agreement, FrameFacts, Spot};
use crate::conversation::Context;
use crate::conversation::kept::Kept;
use crate::direction::Direction;
use crate::reader::Cost;
use crate::span::Trust;
use crate::websocket::Header;

/// A frame that is being read.
#[derive(Debug)]
pub(super) struct OpenFrame {
    pub(super) index: u64,
    pub(super) header: Header,
    pub(super) cost: Cost,
    pub(super) complete: bool,
    pub(super) trust: Trust,
    pub(super) message: Option<u64>,
    /// Payload that has been read or passed over.
    pub(super) read: u64,
    /// Payload whose cost is already in `cost`.
    pub(super) prepaid: u64,
    pub(super) kept: Kept,
}

impl OpenFrame {
    /// Where it stands.
    pub(super) fn spot(&self) -> Spot {
        Spot::of_span(&self.cost.span.unwrap_or_default(), self.trust)
            .in_frame(self.index, self.message)
    }

    /// The offset behind its last byte.
    fn end(&self) -> u64 {
        let begin = self.cost.span.map_or(0, |span| span.stream_offset);
        begin
            .saturating_add(u64::from(self.header.header_len))
            .saturating_add(self.header.payload_len)
    }

    /// Tells the rules of its header; `open` says whether a message was open before it.
    #[inline]
    pub(super) fn note_header(
        &self,
        direction: Direction,
        open: Option<bool>,
        is_split: bool,
        cx: &mut Context<'_>,
    ) {
        if let Some(checks) = &mut cx.checks {
            checks.frame(FrameFacts {
                header: &self.header,
                direction,
                index: self.index,
                message: self.message,
                span: &self.cost.span.unwrap_or_default(),
                trust: self.trust,
                open,
                is_split,
                agreement: Agreement::default(),
            });
        }
    }

    /// Tells the rules what its payload looks like on the wire, from its byte `at` on.
    #[inline]
    pub(super) fn note_wire(
        &self,
        direction: Direction,
        at: u64,
        wire: &[u8],
        cx: &mut Context<'_>,
    ) {
        let masked = self.header.masking_key.is_some() && self.trust <= Trust::Carried;
        if let Some(checks) = cx.checks.as_mut().filter(|_| masked) {
            let part = (at, self.header.payload_len);
            checks.wire(direction, part, wire, || self.spot());
        }
    }

    /// Tells the rules of a long text's payload.
    pub(super) fn note_text(
        &self,
        direction: Direction,
        plain: &[u8],
        begins: bool,
        cx: &mut Context<'_>,
    ) {
        let sure = self.trust <= Trust::Carried;
        if let Some(checks) = cx.checks.as_mut().filter(|_| sure) {
            checks.text(direction, self.header.payload_len, plain, begins, || {
                self.spot()
            });
        }
    }

    /// Tells the rules of a control frame's payload, where all of it is there.
    pub(super) fn note_control(
        &self,
        direction: Direction,
        payload: Option<&[u8]>,
        cx: &mut Context<'_>,
    ) {
        let sure = self.trust <= Trust::Carried;
        if let Some(checks) = cx.checks.as_mut().filter(|_| sure) {
            checks.control(direction, &self.header, payload, self.end(), self.spot());
        }
    }

    /// Whether its payload was read, or passed over, to its end.
    pub(super) fn complete_to_the_end(&self) -> bool {
        self.read == self.header.payload_len
    }
}
