//! An exchange as an event.

use super::open::{Open, Part};
use super::{Exchanges, opening};
use crate::conversation::Context;
use crate::event::{Event, Exchange};
use crate::http::{RequestHead, ResponseHead};
use crate::span::{Span, Trust};

impl Exchanges {
    /// Gives an exchange as far as it is known, and the handshake that it carried.
    pub(super) fn give(&mut self, open: &Open, cx: &mut Context<'_>) {
        let (request, response) = (open.parts.to_server.as_ref(), open.parts.to_client.as_ref());
        let span = span_of(
            request.and_then(|part| part.cost.span),
            response.and_then(|part| part.cost.span),
        );
        let request_head = open.request.as_deref();
        let response_head = open.response.as_deref();
        let final_response = response.filter(|part| part.has_head());
        let method = request_head.map(RequestHead::method_text);
        let target = request_head.map(RequestHead::target_text);
        let host = request_head.and_then(|head| head.fields().text("Host"));
        let version = request_head
            .map(|head| head.version_text())
            .or_else(|| response_head.map(|head| head.version_text()));
        let content_type = response_head.and_then(|head| head.fields().text("Content-Type"));
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
            request_head_length: request.map(|part| part.head_length),
            request_body_length: request.map(|part| part.body_length),
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
            request_wire: request.map(|part| part.cost.wire),
            response_wire: response.map(|part| part.cost.wire),
            request_body: request.map(|part| part.content.kept()).filter(|_| keep),
            response_body: final_response
                .map(|part| part.content.kept())
                .filter(|_| keep),
        }));
        if cx.checks.is_some() {
            opening::check(open, cx);
        }
        if open.is_handshake {
            self.handshake = Some(opening::give(open, cx));
        }
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
