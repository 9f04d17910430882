//! The opening handshake of an exchange, as an event; and what the rules want to know of any exchange.

use std::borrow::Cow;
use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;
use smallvec::SmallVec;

use super::open::{Open, Part};
use crate::check::{Cause, HandshakeFacts, HeadFacts, Judgement, Poll, Reach, Spot, judge};
use crate::conversation::Context;
use crate::direction::Both;
use crate::event::{Event, Handshake, Verdict};
use crate::http::{RequestHead, ResponseHead};
use crate::options::Texts;
use crate::span::Trust;
use crate::websocket::{accept_for, list_members};
use crate::wire::Wire;

/// Gives the handshake that an exchange carried, and says its verdict.
pub(super) fn give(open: &Open, facts: &HandshakeFacts<'_>, cx: &mut Context<'_>) -> Verdict {
    let request_part = open.request().map(|(part, _)| part);
    let (response_part, response) = open.response().unzip();
    let judgement = judge(facts, cx.checks.is_some());
    if cx.options.wanted.handshakes {
        give_event(open, facts, &judgement, cx);
    }
    if let Some(checks) = &mut cx.checks {
        let spots = Both {
            to_server: request_part.map_or(Spot::default(), Part::spot),
            to_client: response_part.map_or(Spot::default(), Part::spot),
        };
        checks.handshake(facts, &judgement, spots, cx.out, cx.place);
        if response.is_some_and(|head| head.status() == 101 && !head.switches_elsewhere()) {
            checks.begin_channel(facts);
        }
    }
    judgement.verdict
}

/// Gives the event, with texts where they are wanted.
fn give_event(
    open: &Open,
    facts: &HandshakeFacts<'_>,
    judgement: &Judgement,
    cx: &mut Context<'_>,
) {
    let (request, response) = (open.shown_request(), open.shown_response());
    let request_part = open.parts.to_server.as_ref().filter(|_| request.is_some());
    let response_part = open.parts.to_client.as_ref().filter(|_| response.is_some());
    let status = response.map(ResponseHead::status);
    let texts = match cx.options.wanted.texts {
        Texts::All => true,
        Texts::OfHandshakes(first) => cx.scratch.handshakes_told < first,
    };
    cx.scratch.handshakes_told += 1;
    let (request, response) = (request.filter(|_| texts), response.filter(|_| texts));
    let asked = |name: &str| request.and_then(|head| head.fields().text(name));
    let answered = |name: &str| response.and_then(|head| head.fields().text(name));
    let key = asked("Sec-WebSocket-Key");
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
    let head_length =
        |part: Option<&Part>| part.map(|part| part.head_length).filter(|len| *len > 0);
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
        accept_expected: facts
            .expected
            .as_ref()
            .filter(|_| texts)
            .and_then(|accept| std::str::from_utf8(accept).ok()),
        status,
        subprotocols_offered: &borrowed(&offered_protocols),
        subprotocol: answered("Sec-WebSocket-Protocol").as_deref(),
        extensions_offered: &borrowed(&offered_extensions),
        extensions: &borrowed(&extensions),
        request_length: head_length(request_part),
        response_length: head_length(response_part),
        verdict: judgement.verdict,
        reasons: &judgement.reasons,
        wire: wire(open.parts.to_server.as_ref().map(|part| part.cost.wire))
            + wire(open.parts.to_client.as_ref().map(|part| part.cost.wire)),
    }));
}

/// What the rules want to know of any exchange.
pub(super) fn check(open: &Open, facts: &HandshakeFacts<'_>, cx: &mut Context<'_>) {
    let Some(checks) = &mut cx.checks else { return };
    checks.encrypted = open.encrypted;
    if let Some((part, head)) = open.parts.to_server.as_ref().zip(facts.request) {
        let head = HeadFacts {
            fields: head.fields(),
            version: head.version(),
            is_request: true,
        };
        checks.head(&head, part.spot());
        checks.exchange(facts, part.spot());
    }
    if let Some((part, head)) = open.parts.to_client.as_ref().zip(facts.response) {
        let head = HeadFacts {
            fields: head.fields(),
            version: head.version(),
            is_request: false,
        };
        checks.head(&head, part.spot());
    }
    if let (false, Some((request, _)), Some(asked), Some(answered)) = (
        open.is_handshake,
        facts.answer(),
        &open.parts.to_server,
        &open.parts.to_client,
    ) {
        let target = request.target().split(|byte| *byte == b'?').next();
        let host = request.fields().first("Host");
        checks.poll(Poll {
            target: FixedState::default().hash_one((host, target)),
            heads: asked.head_length + answered.head_length,
            bodies: asked.body_length + answered.body_length,
            spot: asked.spot(),
        });
    }
}

/// What the capture surely shows of an exchange.
pub(super) fn facts<'a>(
    open: &'a Open,
    lost: Both<Option<Cause>>,
    cx: &Context<'_>,
) -> HandshakeFacts<'a> {
    let (request, response) = (open.request(), open.response());
    let expected = open
        .shown_request()
        .and_then(|head| head.fields().first("Sec-WebSocket-Key"))
        .map(accept_for);
    // Where the capture does not show how the streams begin, another request may stand before this one; but the right answer to
    // a key answers no other.
    let proven = || {
        let answered = open.response.as_ref();
        let accept = answered.and_then(|head| head.fields().first("Sec-WebSocket-Accept"));
        accept.is_some() && accept == expected.as_ref().map(|expected| &expected[..])
    };
    let sure = |trust: Trust| trust <= Trust::Carried && (cx.opening || proven());
    let request = request.filter(|(part, _)| sure(part.trust));
    let response = response.filter(|(part, _)| sure(part.trust));
    let is_cut = open.cut.is_some()
        || open.request().is_none() && lost.to_server == Some(Cause::Snaplen)
        || open.response().is_none() && lost.to_client == Some(Cause::Snaplen);
    let waited = request
        .and_then(|(part, _)| part.cost.span)
        .zip(response.and_then(|(part, _)| part.cost.span))
        .map(|(asked, answered)| answered.time.since(asked.end_time));
    HandshakeFacts {
        request: request.map(|(_, head)| head),
        response: response.map(|(_, head)| head),
        paired: request.is_some() && response.is_some(),
        missing: match (open.request(), cx.opening) {
            _ if is_cut => Cause::Snaplen,
            (Some(_), true) => Cause::Gap,
            (_, false) => Cause::Midstream,
            (None, true) => Cause::NoHandshake,
        },
        early: open.early,
        reach: cx
            .checks
            .as_ref()
            .map_or(Reach::Loopback, |checks| checks.reach()),
        encrypted: open.encrypted,
        request_is_right: false,
        expected,
        waited,
    }
}

fn borrowed<'a>(members: &'a [Cow<'_, str>]) -> SmallVec<[&'a str; 8]> {
    if members.is_empty() {
        return SmallVec::new();
    }
    members.iter().map(|member| &**member).collect()
}
