//! Rules: http.

use super::finding::Severity;
use super::rule::{Fault, Rule, Subject};

/// Its rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "http-te-and-cl",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 9112, 6.1, 6.3, 11.2",
        tier: 1,
        subject: Subject::Http,
        summary: "A message does not have both Transfer-Encoding and Content-Length.",
        why: "Two readers disagree on where the message ends: the classic form of request smuggling.",
        help: "Refuse such messages, and look for who sent both.",
        example: None,
    },
    Rule {
        id: "http-te-invalid",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 9112, 6.1, 6.3, 7",
        tier: 1,
        subject: Subject::Http,
        summary: "A Transfer-Encoding is known, spelled right, and ends with chunked in a request.",
        why: "Readers disagree on the message's end where one does not know the coding.",
        help: "Refuse the message with 400.",
        example: None,
    },
    Rule {
        id: "http-cl-conflict",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 9112, 6.3; RFC 9110, 8.6",
        tier: 1,
        subject: Subject::Http,
        summary: "Content-Length is one number of digits.",
        why: "Readers that take different values disagree on the message's end.",
        help: "Refuse the message with 400.",
        example: None,
    },
    Rule {
        id: "http-header-malformed",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 9112, 2.2, 5.1, 5.2",
        tier: 1,
        subject: Subject::Http,
        summary: "The lines of a head keep the grammar: no white space before a colon, no folding, no bare CR or LF, no control bytes.",
        why: "Recipients disagree on what such a line means.",
        help: "Refuse the message, and look for who writes such lines.",
        example: None,
    },
];
