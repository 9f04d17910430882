//! Rules: across.

use super::finding::Severity;
use super::rule::{Fault, Rule, Subject};

/// Its rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-req-key-reused",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 7",
        tier: 1,
        subject: Subject::Connections,
        summary: "No key is used on two connections.",
        why: "A key used twice proves nothing: an old answer fits the new handshake.",
        help: "Draw a new key for every connection, and never cache the bytes of a handshake.",
        example: None,
    },
    Rule {
        id: "ws-req-parallel-connecting",
        severity: Severity::Info,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 step 2",
        tier: 3,
        subject: Subject::Connections,
        summary: "A client has one handshake pending for each server address.",
        why: "The limit keeps a page from opening many connections at once. Clients behind one address look the same, so this is a hint.",
        help: "Wait for an answer before the next connection to the same address.",
        example: None,
    },
    Rule {
        id: "ws-reconnect-no-backoff",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 7.2.3",
        tier: 2,
        subject: Subject::Connections,
        summary: "A client waits longer before each attempt to connect again.",
        why: "Many clients that try again at once take down the server that has just come up.",
        help: "Wait a random time of up to 5 s before the first attempt, and longer before each next one.",
        example: None,
    },
    Rule {
        id: "perf-http-polling",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 9110, 15",
        tier: 3,
        subject: Subject::Connections,
        summary: "HTTP is not polled where a WebSocket would do.",
        why: "Every poll pays for its heads again, whether there is news or not.",
        help: "Use a WebSocket, or server-sent events.",
        example: None,
    },
    Rule {
        id: "perf-short-connections",
        severity: Severity::Info,
        fault: Fault::Client,
        source: "RFC 6455, 7.2.3",
        tier: 3,
        subject: Subject::Connections,
        summary: "Connections live long enough to be worth their handshake.",
        why: "A handshake costs more than many messages.",
        help: "Keep one connection open.",
        example: None,
    },
];
