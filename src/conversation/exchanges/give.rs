//! An exchange as an event.

use super::open::{Open, Part};
use super::{Exchanges, opening};
use crate::conversation::Context;
use crate::event::{Event, Exchange};
use crate::http::{RequestHead, ResponseHead};
use crate::options::Texts;
use crate::span::{Span, Trust};

impl Exchanges {
    /// Gives an exchange as far as it is known, and the handshake that it carried.
    pub(super) fn give(&mut self, open: &Open, cx: &mut Context<'_>) {
        if cx.options.wanted.exchanges {
            Self::give_exchange(open, cx);
        }
        if cx.checks.is_none() && !open.is_handshake {
            return;
        }
        let facts = opening::facts(open, self.lost, cx);
        opening::check(open, &facts, cx);
        if open.is_handshake {
            self.handshake = Some(opening::give(open, &facts, cx));
        }
    }

    fn give_exchange(open: &Open, cx: &mut Context<'_>) {
        let (request, response) = (open.parts.to_server.as_ref(), open.parts.to_client.as_ref());
        let span = span_of(
            request.and_then(|part| part.cost.span),
            response.and_then(|part| part.cost.span),
        );
        let request_head = open.shown_request();
        let response_head = open.shown_response();
        let asked_with = request.filter(|part| part.has_head());
        let final_response = response.filter(|part| part.has_head());
        let texts = cx.options.wanted.texts == Texts::All;
        let (asked, answered) = (
            request_head.filter(|_| texts),
            response_head.filter(|_| texts),
        );
        let method = asked.map(RequestHead::method_text);
        let target = asked.map(RequestHead::target_text);
        let host = asked.and_then(|head| head.fields().text("Host"));
        let version = asked
            .map(RequestHead::version_text)
            .or_else(|| answered.map(ResponseHead::version_text));
        let content_type = answered.and_then(|head| head.fields().text("Content-Type"));
        let content_encoding =
            response_head.and_then(|head| head.fields().text("Content-Encoding"));
        let keep = cx.options.keep_bodies > 0;
        (cx.out)(&Event::Exchange(&Exchange {
            place: cx.place,
            index: open.index,
            span,
            method: method.as_deref(),
            target: target.as_deref(),
            host: host.as_deref(),
            http_version: version.as_deref(),
            status: response_head.map(ResponseHead::status),
            request_head_length: asked_with.map(|part| part.head_length),
            request_body_length: asked_with.map(|part| part.body_length),
            response_head_length: final_response.map(|part| part.head_length),
            response_body_length: final_response.map(|part| part.body_length),
            response_content_length: final_response.map(|part| part.content.length()),
            response_decoded_length: final_response
                .filter(|part| part.is_complete())
                .and_then(|part| part.content.decoded_length()),
            content_type: content_type.as_deref(),
            content_encoding: content_encoding.as_deref(),
            upgrade: open.is_handshake,
            complete: request.is_some_and(Part::is_complete)
                && response.is_some_and(Part::is_complete),
            trust: request
                .map_or(Trust::Exact, |part| part.trust)
                .max(response.map_or(Trust::Exact, |part| part.trust)),
            request_wire: request.and_then(Part::wire),
            response_wire: response.and_then(Part::wire),
            request_body: asked_with.map(|part| part.content.kept()).filter(|_| keep),
            response_body: final_response
                .map(|part| part.content.kept())
                .filter(|_| keep),
        }));
    }
}

/// Both spans in one; the offset is the request's where there is one.
fn span_of(request: Option<Span>, response: Option<Span>) -> Span {
    match (request, response) {
        (Some(mut span), Some(more)) => {
            span.include(&more);
            span
        }
        (Some(span), None) | (None, Some(span)) => span,
        (None, None) => Span::default(),
    }
}
