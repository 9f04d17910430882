//! Rules: offers.

use super::finding::Severity;
use super::rule::{Fault, Rule, Subject};

/// Its rules.
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
    },
];
