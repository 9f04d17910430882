//! The opening handshake of an exchange, as an event.

use smallvec::SmallVec;

use super::Context;
use super::exchanges::Open;
use crate::check::{HandshakeFacts, judge};
use crate::event::{Event, Handshake, Verdict};
use crate::http::{RequestHead, ResponseHead};
use crate::websocket::{accept_for, list_members};
use crate::wire::Wire;

/// Gives the handshake that an exchange carried, and says its verdict.
pub(super) fn give(open: &Open, cx: &mut Context<'_>) -> Verdict {
    let request_part = open.request.as_ref().filter(|part| part.head.is_some());
    let response_part = open.response.as_ref().filter(|part| part.head.is_some());
    let request = request_part.and_then(|part| part.head.as_deref());
    let response = response_part.and_then(|part| part.head.as_deref());
    let judgement = judge(&HandshakeFacts {
        request,
        response,
        early_data: open.early_data,
    });
    let asked = |name: &str| request.and_then(|head| head.fields().text(name));
    let answered = |name: &str| response.and_then(|head| head.fields().text(name));
    let key = asked("Sec-WebSocket-Key");
    let expected = key.as_deref().map(|key| accept_for(key.as_bytes()));
    let offered_protocols = request
        .map(|head| list_members(head.fields(), "Sec-WebSocket-Protocol"))
        .unwrap_or_default();
    let offered_extensions = request
        .map(|head| list_members(head.fields(), "Sec-WebSocket-Extensions"))
        .unwrap_or_default();
    let extensions = response
        .map(|head| list_members(head.fields(), "Sec-WebSocket-Extensions"))
        .unwrap_or_default();
    let wire = |part: Option<Wire>| part.unwrap_or_default();
    let span = request_part
        .and_then(|part| part.cost.span)
        .or_else(|| response_part.and_then(|part| part.cost.span))
        .unwrap_or_default();
    (cx.out)(&Event::Handshake(&Handshake {
        place: cx.place,
        exchange: open.index,
        span,
        request_packet: request_part.map(|part| part.head_packet),
        response_packet: response_part.map(|part| part.head_packet),
        method: request.map(RequestHead::method_text).as_deref(),
        target: request.map(RequestHead::target_text).as_deref(),
        host: asked("Host").as_deref(),
        origin: asked("Origin").as_deref(),
        http_version: request
            .map(RequestHead::version_text)
            .or_else(|| response.map(ResponseHead::version_text))
            .as_deref(),
        version: asked("Sec-WebSocket-Version").as_deref(),
        key: key.as_deref(),
        accept: answered("Sec-WebSocket-Accept").as_deref(),
        accept_expected: expected
            .as_ref()
            .and_then(|accept| std::str::from_utf8(accept).ok()),
        status: response.map(ResponseHead::status),
        subprotocols_offered: &borrowed(&offered_protocols),
        subprotocol: answered("Sec-WebSocket-Protocol").as_deref(),
        extensions_offered: &borrowed(&offered_extensions),
        extensions: &borrowed(&extensions),
        request_length: request_part.map(|part| part.head_length),
        response_length: response_part.map(|part| part.head_length),
        verdict: judgement.verdict,
        reasons: &judgement.reasons,
        wire: wire(open.request.as_ref().map(|part| part.cost.wire))
            + wire(open.response.as_ref().map(|part| part.cost.wire)),
    }));
    judgement.verdict
}

fn borrowed(members: &[String]) -> SmallVec<[&str; 8]> {
    members.iter().map(String::as_str).collect()
}
