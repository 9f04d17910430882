//! Messages that come in several frames, or in pieces: begun, ended, given.

use super::WebSocket;
use super::open_message::OpenMessage;
use crate::check::{Agreement, Cause, MessageFacts, Shape};
use crate::conversation::Context;
use crate::conversation::kept::{Beginning, Kept};
use crate::direction::Direction;
use crate::event::{Event, Message, MessageKind};
use crate::span::Trust;
use crate::tcp::Ending;
use crate::websocket::deflate::Limit;

impl WebSocket {
    pub(super) fn begin_message(
        &mut self,
        direction: Direction,
        kind: Option<MessageKind>,
        compressed: bool,
        trust: Trust,
        cx: &mut Context<'_>,
    ) {
        let index = self.messages();
        self.messages_sent[direction] += 1;
        let half = &mut self.halves[direction];
        if compressed {
            half.inflation.begin(cx);
        }
        half.message = Some(Box::new(OpenMessage {
            compressed,
            kept: Kept::of_at_most(cx.options.keep_messages),
            ..OpenMessage::new(index, kind, trust)
        }));
    }

    pub(super) fn add_frame(&mut self, direction: Direction, trust: Trust) -> Option<u64> {
        let message = self.halves[direction].message.as_mut()?;
        message.frames += 1;
        message.trust = message.trust.max(trust);
        Some(message.index)
    }

    /// Gives the message that is open, whole or as far as it came.
    pub(super) fn end_message(&mut self, direction: Direction, cx: &mut Context<'_>) {
        let half = &mut self.halves[direction];
        let Some(message) = half.message.take() else {
            return;
        };
        if message.compressed && message.inflated.is_none() {
            let cause = message.missing.unwrap_or(Cause::Gap);
            half.inflation.lose(cause, &mut cx.scratch.workshop);
        }
        self.give_message(direction, &message, message.kept.beginning(), cx);
    }

    pub(super) fn give_message(
        &mut self,
        direction: Direction,
        message: &OpenMessage,
        kept: Beginning<'_>,
        cx: &mut Context<'_>,
    ) {
        if !cx.wants_messages() {
            return;
        }
        let half = &self.halves[direction];
        let inflated = message.inflated;
        let complete = message.is_complete()
            && message.finished
            && inflated.is_none_or(|inflated| inflated.unknown == 0);
        let is_text = message.kind == Some(MessageKind::Text);
        let cut = inflated.is_some_and(|inflated| inflated.limit == Some(Limit::Message));
        let begun = message.kind.is_some() && (!message.compressed || half.inflation.is_certain());
        let payload = match complete {
            _ if cx.options.keep_messages == 0 => None,
            true if message.is_known() || cut => Some(kept.payload(is_text)),
            false if begun => kept.of_more(is_text),
            _ => None,
        };
        let valid_utf8 = match message.utf8 {
            _ if !is_text => None,
            utf8 if utf8.is_invalid() => Some(false),
            utf8 if complete && message.is_known() => Some(utf8.is_valid_at_end()),
            _ => None,
        };
        if let Some(checks) = &mut cx.checks {
            checks.message(MessageFacts {
                direction,
                index: message.index,
                span: &message.cost.span.unwrap_or_default(),
                trust: message.trust,
                kind: message.kind,
                frames: message.frames,
                compressed: message.compressed,
                coded_length: message.coded_length,
                payload_length: message.payload_length(half.inflation.may_compress()),
                finished: message.finished,
                complete,
                missing: match half.ended {
                    _ if !message.is_complete() => message.missing,
                    _ if inflated.is_some_and(|inflated| inflated.unknown > 0) => {
                        half.inflation.lost()
                    }
                    // Only a FIN says that its sender sends no more.
                    Some(Ending::Capture | Ending::Reset) if !message.finished => {
                        Some(Cause::CaptureEnd)
                    }
                    _ => None,
                },
                valid_utf8,
                inflated,
                shape: Shape::default(),
                base64: 0,
                agreement: Agreement::default(),
                wants_binary: false,
            });
        }
        if !cx.options.wanted.messages {
            return;
        }
        (cx.out)(&Event::Message(&Message {
            place: cx.place,
            index: message.index,
            direction,
            span: message.cost.span.unwrap_or_default(),
            kind: message.kind,
            frames: message.frames,
            compressed: message.compressed,
            inflated,
            coded_length: message.coded_length,
            payload_length: message.payload_length(half.inflation.may_compress()),
            complete,
            has_hole: !message.is_complete() || message.misses_bytes,
            trust: message.trust,
            valid_utf8,
            payload,
            payload_truncated: payload.is_some() && (cut || kept.truncated || !complete),
            wire: message.cost.wire,
        }));
    }
}
