//! Rules: the subprotocol and the extensions that a 101 chooses (RFC 6455, sections 4.1 and 4.2.2; RFC 7692, section 7.1).

use super::finding::Severity;
use super::handshake::HandshakeFacts;
use super::offers;
use super::outcome::Outcome;
use super::request::{is_browser, shown};
use super::response::{of_answer, of_switch};
use super::rule::{Fault, Judge, Rule, Subject};
use crate::http::{Fields, RequestHead};
use crate::websocket::{Deflate, Extension};
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-resp-subprotocol-not-offered",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.1 response item 6, 4.2.2",
        tier: 1,
        subject: Subject::Response,
        summary: "The chosen subprotocol is one of those offered, compared byte for byte.",
        why: "A client must fail the connection where it is not.",
        help: "Pick one of the offered names as it is spelled, or leave the field out.",
        example: None,
        judge: Judge::Response(subprotocol_not_offered),
    },
    Rule {
        id: "ws-resp-subprotocol-multiple",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.2.2, 4.3, 11.3.4",
        tier: 1,
        subject: Subject::Response,
        summary: "The server chooses at most one subprotocol.",
        why: "A list or an empty value leaves open which one is spoken.",
        help: "Send one token.",
        example: Some("Sec-WebSocket-Protocol: chat, superchat"),
        judge: Judge::Response(subprotocol_multiple),
    },
    Rule {
        id: "ws-resp-subprotocol-none",
        severity: Severity::Warning,
        fault: Fault::Server,
        source: "RFC 6455, 4.2.2; WHATWG WebSockets, opening handshake",
        tier: 1,
        subject: Subject::Response,
        summary: "A server that is offered subprotocols chooses one.",
        why: "RFC 6455 lets it choose none, but a browser fails the connection then: an error where a browser asked.",
        help: "Let the server choose a name, or do not offer any.",
        example: None,
        judge: Judge::Response(subprotocol_none),
    },
    Rule {
        id: "ws-resp-extension-not-offered",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.1 response item 5, 9.1",
        tier: 1,
        subject: Subject::Response,
        summary: "Every extension of the response was offered.",
        why: "A client must fail the connection where one was not.",
        help: "Answer only with extensions of the request.",
        example: None,
        judge: Judge::Response(extension_not_offered),
    },
    Rule {
        id: "ws-resp-extension-grammar",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 9.1",
        tier: 1,
        subject: Subject::Response,
        summary: "Sec-WebSocket-Extensions in the response can be parsed.",
        why: "A client must fail the connection on what it cannot parse.",
        help: "Write name; parameter=value, with commas between extensions.",
        example: None,
        judge: Judge::Response(extension_grammar),
    },
    Rule {
        id: "ws-resp-pmd-params-invalid",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 7692, 7, 7.1",
        tier: 1,
        subject: Subject::Response,
        summary: "The permessage-deflate of the response has known parameters, each once and with a right value.",
        why: "A client must fail the connection on any other; window bits need a value here.",
        help: "Answer with the four known parameters only, window bits as 8 to 15.",
        example: Some("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
        judge: Judge::Response(pmd_params_invalid),
    },
    Rule {
        id: "ws-resp-pmd-duplicate",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 7692, 5, 6; RFC 6455, 9.1",
        tier: 1,
        subject: Subject::Response,
        summary: "At most one extension of the response uses RSV1.",
        why: "Two owners of one bit leave open what it means.",
        help: "Accept one offer of permessage-deflate.",
        example: None,
        judge: Judge::Response(pmd_duplicate),
    },
    Rule {
        id: "ws-resp-pmd-client-bits-not-offered",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 7692, 7.1.2.2",
        tier: 1,
        subject: Subject::Response,
        summary: "client_max_window_bits stands in the response only where an offer had it.",
        why: "A client that did not offer it cannot limit its window, and must fail the connection.",
        help: "Leave the parameter out unless the client offered it.",
        example: None,
        judge: Judge::Response(pmd_client_bits_not_offered),
    },
    Rule {
        id: "ws-resp-pmd-offer-not-honoured",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 7692, 7.1.1.1, 7.1.2.1",
        tier: 1,
        subject: Subject::Response,
        summary: "The response keeps what one of the offers asked of the server: its context takeover and its window.",
        why: "A client that has too little memory for more cannot inflate what the server will send.",
        help: "Accept with the limit that was asked for, or decline the offer.",
        example: None,
        judge: Judge::Response(pmd_offer_not_honoured),
    },
];

const SUBPROTOCOL: &str = "Sec-WebSocket-Protocol";

of_answer! {
    fn subprotocol_not_offered(request, response) {
        let offered = |chosen: &[u8]| request.fields().members(SUBPROTOCOL).any(|name| name == chosen);
        let chosen = response.fields().members(SUBPROTOCOL).find(|chosen| !offered(chosen));
        Outcome::error_if(chosen.is_some(), || {
            let chosen = chosen.unwrap_or_default();
            let mut names = request.fields().members(SUBPROTOCOL);
            let only_case = names.any(|name| name.eq_ignore_ascii_case(chosen));
            format!(
                "the server chose {}, which is none of the {} that were offered{}",
                shown(chosen),
                // Their names are not shown: browsers put tokens among them, having no other place.
                request.fields().members(SUBPROTOCOL).count(),
                if only_case { ": only the case differs" } else { "" }
            )
        })
    }

    fn subprotocol_none(request, response) {
        let offered = request.fields().members(SUBPROTOCOL).next().is_some();
        let none = offered && response.fields().first(SUBPROTOCOL).is_none();
        let severity = if is_browser(request) { Severity::Error } else { Severity::Warning };
        Outcome::fail_if(none, severity, || {
            let count = request.fields().members(SUBPROTOCOL).count();
            format!("none of the {count} that were offered was chosen; browsers close the connection")
        })
    }

    fn extension_not_offered(request, response) {
        let offers = Extension::all(request.fields());
        let is_offered = |name: &str| offers.iter().flatten().any(|offer| offer.name.eq_ignore_ascii_case(name));
        let chosen = Extension::all(response.fields())
            .into_iter()
            .flatten()
            .find(|extension| !is_offered(&extension.name));
        Outcome::error_if(chosen.is_some(), || {
            let name = chosen.map(|extension| extension.name).unwrap_or_default();
            format!("the server chose the extension {}, which was not offered", shown(name.as_bytes()))
        })
    }

    fn pmd_client_bits_not_offered(request, response) {
        let Some((agreed, offers)) = agreed(response.fields()).zip(offers(request)) else {
            return Outcome::NotApplicable;
        };
        let offered = offers.iter().any(|offer| offer.client_max_window_bits.is_some());
        Outcome::error_if(agreed.client_max_window_bits.is_some() && !offered, || {
            "the response has client_max_window_bits, which no offer had".to_string()
        })
    }

    fn pmd_offer_not_honoured(request, response) {
        let Some((agreed, offers)) = agreed(response.fields()).zip(offers(request)) else {
            return Outcome::NotApplicable;
        };
        let missing = offers.iter().map(|offer| not_honoured(agreed, *offer)).find(Option::is_none);
        let first = offers.first().and_then(|offer| not_honoured(agreed, *offer));
        Outcome::error_if(missing.is_none() && first.is_some(), || {
            format!("permessage-deflate was accepted without the {} that was asked for", first.unwrap_or_default())
        })
    }
}

of_switch! {
    fn subprotocol_multiple(response) {
        let lines = response.fields().values(SUBPROTOCOL).count();
        let names = response.fields().members(SUBPROTOCOL).count();
        Outcome::error_if(lines > 0 && (lines > 1 || names != 1), || {
            format!("the server must choose one subprotocol, and sent {names} in {lines} fields")
        })
    }

    fn extension_grammar(response) {
        offers::grammar(response.fields())
    }

    fn pmd_params_invalid(response) {
        let bad = deflates(response.fields()).find(|extension| Deflate::read(extension, false).is_none());
        Outcome::error_if(bad.is_some(), || offers::parameters(bad.as_ref()))
    }

    fn pmd_duplicate(response) {
        let count = deflates(response.fields()).count();
        Outcome::error_if(count > 1, || format!("permessage-deflate is accepted {count} times"))
    }
}

fn deflates(fields: &Fields) -> impl Iterator<Item = Extension> {
    Extension::all(fields)
        .into_iter()
        .flatten()
        .filter(Extension::is_deflate)
}

/// The permessage-deflate of a response, where its parameters are right.
fn agreed(fields: &Fields) -> Option<Deflate> {
    deflates(fields)
        .next()
        .and_then(|extension| Deflate::read(&extension, false))
}

/// The permessage-deflates of a request whose parameters are right; none where there are none.
fn offers(request: &RequestHead) -> Option<Vec<Deflate>> {
    let offers: Vec<Deflate> = deflates(request.fields())
        .filter_map(|offer| Deflate::read(&offer, true))
        .collect();
    (!offers.is_empty()).then_some(offers)
}

/// What an offer asks of the server that a response does not keep (RFC 7692, sections 7.1.1.1 and 7.1.2.1).
fn not_honoured(agreed: Deflate, offer: Deflate) -> Option<&'static str> {
    let window = offer
        .server_max_window_bits
        .is_some_and(|most| agreed.server_max_window_bits.is_none_or(|bits| bits > most));
    if offer.server_no_context_takeover && !agreed.server_no_context_takeover {
        Some("server_no_context_takeover")
    } else if window {
        Some("server_max_window_bits")
    } else {
        None
    }
}
