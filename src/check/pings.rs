//! Rules: pings.

use super::finding::Severity;
use super::rule::{Fault, Rule, Subject};

/// Its rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-pong-mismatch",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.2, 5.5.3",
        tier: 2,
        subject: Subject::Keepalive,
        summary: "A Pong carries the payload of the Ping that it answers.",
        why: "The other side cannot match it, and may take the connection for dead.",
        help: "Send the Ping's payload back unchanged.",
        example: None,
    },
    Rule {
        id: "ws-ping-unanswered",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.2",
        tier: 2,
        subject: Subject::Keepalive,
        summary: "A Ping is answered within 10 seconds.",
        why: "The other side takes the connection for dead.",
        help: "The peer's event loop is blocked, or its library needs to be read from before it answers.",
        example: None,
    },
    Rule {
        id: "ws-pong-unsolicited",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.3",
        tier: 3,
        subject: Subject::Keepalive,
        summary: "A Pong answers a Ping.",
        why: "One without is allowed, as a heartbeat in one direction; it proves nothing about the other side.",
        help: "Use Ping where you want to know that the other side lives.",
        example: None,
    },
    Rule {
        id: "ws-ping-interval",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.2",
        tier: 3,
        subject: Subject::Keepalive,
        summary: "Pings come every 5 to 60 seconds.",
        why: "More often costs bytes and power; more rarely lets proxies close the idle connection.",
        help: "20 to 45 seconds suits most proxies.",
        example: None,
    },
    Rule {
        id: "ws-idle-no-keepalive",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.2",
        tier: 3,
        subject: Subject::Keepalive,
        summary: "A connection that is idle for a minute is kept alive by Pings.",
        why: "Proxies close what is idle, many after 60 seconds.",
        help: "Send a Ping every 20 to 45 seconds.",
        example: None,
    },
];
