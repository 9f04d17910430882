//! Rules: masks.

use super::finding::Severity;
use super::rule::{Fault, Rule, Subject};

/// Its rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-mask-zero",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 5.3, 10.3",
        tier: 1,
        subject: Subject::Masking,
        summary: "No masking key is zero.",
        why: "The payload goes out in clear, which is what masking is to prevent.",
        help: "Use random keys; some libraries turn masking off for speed.",
        example: Some("81 85 00 00 00 00 48 65 6c 6c 6f"),
    },
    Rule {
        id: "ws-mask-reused",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 5.3, 10.3",
        tier: 1,
        subject: Subject::Masking,
        summary: "Masking keys differ from frame to frame.",
        why: "Who can guess a key can choose the bytes on the wire.",
        help: "Draw a fresh key for every frame.",
        example: None,
    },
    Rule {
        id: "ws-mask-predictable",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 5.3, 10.3",
        tier: 2,
        subject: Subject::Masking,
        summary: "Masking keys follow no pattern.",
        why: "Who can guess the next key can choose the bytes on the wire.",
        help: "Use the system's random source.",
        example: None,
    },
    Rule {
        id: "ws-mask-wire-looks-like-http",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 10.3",
        tier: 2,
        subject: Subject::Masking,
        summary: "Masked bytes do not look like an HTTP request on the wire.",
        why: "That is the cache poisoning that masking is to prevent.",
        help: "Check where the client's keys come from.",
        example: None,
    },
];
