//! Rules: transport.

use super::finding::Severity;
use super::rule::{Fault, Rule, Subject};

/// Its rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "tcp-retransmission",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 9293, 3.8",
        tier: 3,
        subject: Subject::Transport,
        summary: "Little is sent twice, and no stall is longer than a second.",
        why: "The network loses packets; what is slow is not the WebSocket.",
        help: "Look at the path, not at the program.",
        example: None,
    },
    Rule {
        id: "tcp-overlap-conflict",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 9293, 3.10",
        tier: 2,
        subject: Subject::Transport,
        summary: "Copies of the same bytes agree.",
        why: "Two readers see two streams: an evasion, or a broken middlebox.",
        help: "Find who sent the second copy.",
        example: None,
    },
    Rule {
        id: "tcp-rst-without-close",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 7.1.1, 7.1.5",
        tier: 2,
        subject: Subject::Transport,
        summary: "A WebSocket does not end in a reset without a Close.",
        why: "Both applications are told 1006, and what was under way is lost.",
        help: "Look for a crash, a kill, a firewall, or a socket closed with unread data.",
        example: None,
    },
    Rule {
        id: "tcp-zero-window",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 9293, 3.8.6",
        tier: 3,
        subject: Subject::Transport,
        summary: "A receiver reads what it is sent.",
        why: "A window of zero stops the sender: the receiver is too slow.",
        help: "Read faster, or let the sender slow down by itself.",
        example: None,
    },
];
