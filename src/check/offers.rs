//! Rules: the subprotocols and extensions that a request offers (RFC 6455, sections 4.1 and 9.1; RFC 7692, section 7.1).

use super::finding::Severity;
use super::handshake::HandshakeFacts;
use super::outcome::Outcome;
use super::request::{of_request, shown};
use super::rule::{Fault, Judge, Rule, Subject};
use crate::http::{Fields, is_token};
use crate::websocket::{Deflate, Extension};
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-req-subprotocol-invalid",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 10, 4.3",
        tier: 1,
        subject: Subject::Request,
        summary: "Every offered subprotocol is a token, and the field is not empty.",
        why: "A name with a space or a separator cannot be told from a list.",
        help: "Remove spaces, slashes, quotes and other separators from the name.",
        example: Some("Sec-WebSocket-Protocol: chat/v1"),
        judge: Judge::Request(subprotocol_invalid),
    },
    Rule {
        id: "ws-req-extension-grammar",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 9.1, 4.3",
        tier: 1,
        subject: Subject::Request,
        summary: "Sec-WebSocket-Extensions in the request can be parsed.",
        why: "A server must fail the connection on an offer that it cannot parse.",
        help: "Write name; parameter=value, with commas between offers; a quoted value must be a token inside.",
        example: Some("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits="),
        judge: Judge::Request(extension_grammar),
    },
    Rule {
        id: "ws-req-subprotocol-duplicate",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 10; WHATWG WebSockets, constructor",
        tier: 1,
        subject: Subject::Request,
        summary: "No subprotocol is offered twice.",
        why: "The names must be unique, and a browser throws where they are not.",
        help: "List every name once.",
        example: Some("Sec-WebSocket-Protocol: chat, chat"),
        judge: Judge::Request(subprotocol_duplicate),
    },
    Rule {
        id: "ws-req-pmd-offer-invalid",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 7692, 7, 7.1",
        tier: 1,
        subject: Subject::Request,
        summary: "Every permessage-deflate offer has known parameters, each once and with a right value.",
        why: "A server must decline an offer with a bad parameter, so the connection goes without compression.",
        help: "Check the names, and write window bits as 8 to 15 without a leading zero.",
        example: Some("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=08"),
        judge: Judge::Request(pmd_offer_invalid),
    },
    Rule {
        id: "ws-req-extension-unregistered",
        severity: Severity::Info,
        fault: Fault::Client,
        source: "RFC 6455, 9.1, 11.4",
        tier: 3,
        subject: Subject::Request,
        summary: "Offered extensions are registered with IANA.",
        why: "A name that is not registered may mean something else to the next server. It is harmless where the server ignores it.",
        help: "Drop offers that no server of yours knows.",
        example: Some("Sec-WebSocket-Extensions: x-webkit-deflate-frame"),
        judge: Judge::Request(extension_unregistered),
    },
];

/// Extensions in IANA's registry of WebSocket extension names.
const REGISTERED: [&str; 2] = ["permessage-deflate", "bbf-usp-protocol"];

of_request! {
    fn subprotocol_invalid(request) {
        let fields = request.fields();
        let invalid = fields
            .members("Sec-WebSocket-Protocol")
            .find(|name| !name.iter().all(|byte| is_token(*byte)));
        let empty = fields.first("Sec-WebSocket-Protocol").is_some()
            && fields.members("Sec-WebSocket-Protocol").next().is_none();
        Outcome::error_if(empty || invalid.is_some(), || match invalid {
            // What is no name may be a credential that was put in a name's place.
            Some(name) => format!("a subprotocol of {} bytes is no token", name.len()),
            None => "Sec-WebSocket-Protocol is empty".to_string(),
        })
    }

    fn subprotocol_duplicate(request) {
        let mut names: Vec<&[u8]> = request.fields().members("Sec-WebSocket-Protocol").collect();
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair.first() == pair.last());
        Outcome::error_if(twice.is_some(), || {
            let name = twice.and_then(|pair| pair.first()).copied().unwrap_or_default();
            format!("the same subprotocol, of {} bytes, is offered twice", name.len())
        })
    }

    fn extension_grammar(request) {
        grammar(request.fields())
    }

    fn pmd_offer_invalid(request) {
        let bad = Extension::all(request.fields())
            .into_iter()
            .flatten()
            .find(|offer| offer.is_deflate() && Deflate::read(offer, true).is_none());
        Outcome::error_if(bad.is_some(), || parameters(bad.as_ref()))
    }

    fn extension_unregistered(request) {
        let unknown = Extension::all(request.fields())
            .into_iter()
            .flatten()
            .find(|offer| !REGISTERED.iter().any(|name| offer.name.eq_ignore_ascii_case(name)));
        Outcome::info_if(unknown.is_some(), || {
            let name = unknown.map(|offer| offer.name).unwrap_or_default();
            format!("the extension {} is not registered", shown(name.as_bytes()))
        })
    }
}

/// Whether the extensions of a head can be parsed.
pub(super) fn grammar(fields: &Fields) -> Outcome {
    let member = Extension::all(fields).iter().position(Option::is_none);
    Outcome::error_if(member.is_some(), || {
        format!(
            "member {} of Sec-WebSocket-Extensions cannot be parsed",
            member.unwrap_or(0) + 1
        )
    })
}

/// What is wrong with the parameters of a permessage-deflate.
pub(super) fn parameters(extension: Option<&Extension>) -> String {
    let parameters = extension.map(|extension| extension.parameters.as_slice());
    let listed: Vec<String> = parameters
        .unwrap_or_default()
        .iter()
        .map(|(name, value)| match value {
            Some(value) => format!("{}={}", shown(name.as_bytes()), shown(value.as_bytes())),
            None => shown(name.as_bytes()),
        })
        .collect();
    format!(
        "permessage-deflate has a parameter that is unknown, repeated or has a wrong value: {}",
        listed.join("; ")
    )
}
