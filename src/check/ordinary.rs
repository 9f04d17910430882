//! The ordinary handshake: one that so plainly keeps what its verdict depends on that the rules need not be asked.
//!
//! Nearly all handshakes are, and the rules ask for the same few fields again and again. This looks at each once. It may say no of a handshake
//! that breaks nothing, and must never say yes of one that does.

use super::handshake::HandshakeFacts;
use super::key;
use super::request::is_host;
use crate::http::{Fields, RequestHead, ResponseHead};

/// Whether a handshake breaks none of the rules that decide, those about extensions and subprotocols perhaps left aside.
pub(super) fn is_ordinary(facts: &HandshakeFacts<'_>) -> bool {
    let Some((request, response)) = facts.switched() else {
        return false;
    };
    let (asked, answered) = (request.fields(), response.fields());
    let accept = answered.only("Sec-WebSocket-Accept");
    facts.early.is_none()
        && request.method() == b"GET"
        && request.version() == b"1.1"
        && response.version() == b"1.1"
        && !request.target().contains(&b'#')
        && asked.only("Host").is_some_and(is_host)
        && is(asked.only("Upgrade"), b"websocket")
        && asked.only("Connection").is_some()
        && asked.has_member("Connection", "upgrade")
        && asked.only("Sec-WebSocket-Key").is_some_and(key::is_right)
        && asked.only("Sec-WebSocket-Version") == Some(b"13")
        && is(answered.only("Upgrade"), b"websocket")
        && is(answered.only("Connection"), b"upgrade")
        && accept == facts.expected.as_ref().map(|expected| &expected[..])
        && accept.is_some()
        && !answered.has("Content-Length")
        && !answered.has("Transfer-Encoding")
}

/// What browsers and most libraries offer. Nothing in it breaks a rule, nor does its plain acceptance.
const OFFERS: [&[u8]; 2] = [
    b"permessage-deflate; client_max_window_bits",
    b"permessage-deflate",
];

/// Whether a handshake is one in which subprotocols are named, or other extensions than nearly always.
pub(super) fn negotiates(facts: &HandshakeFacts<'_>) -> bool {
    let extensions = |fields: Option<&Fields>, usual: &[&[u8]]| {
        fields.is_some_and(|fields| {
            let value = fields.only("Sec-WebSocket-Extensions");
            fields.has("Sec-WebSocket-Extensions")
                && value.is_none_or(|value| !usual.contains(&value))
        })
    };
    let asked = facts.request.map(RequestHead::fields);
    let answered = facts.response.map(ResponseHead::fields);
    let named = |fields: Option<&Fields>, name: &str| fields.is_some_and(|fields| fields.has(name));
    let was_offered = named(asked, "Sec-WebSocket-Extensions");
    extensions(asked, &OFFERS)
        || extensions(answered, if was_offered { &OFFERS[1..] } else { &[] })
        || named(asked, "Sec-WebSocket-Protocol")
        || named(answered, "Sec-WebSocket-Protocol")
}

/// Whether there is a value and it is this one, in any case.
fn is(found: Option<&[u8]>, value: &[u8]) -> bool {
    found.is_some_and(|found| found == value || found.eq_ignore_ascii_case(value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use proptest::prelude::*;

    use super::super::finding::Cause;
    use super::super::handshake::{Early, Reach, judge_by_rules};
    use super::super::outcome::Outcome;
    use super::super::rule::Rule;
    use super::*;
    use crate::websocket::accept_for;

    /// Start lines and field lines of a handshake, the right one of each first.
    const LINES: [&[&str]; 15] = [
        &[
            "GET /a HTTP/1.1",
            "POST / HTTP/1.1",
            "GET /a#b HTTP/1.1",
            "GET / HTTP/1.0",
        ],
        &[
            "Host: example.org",
            "",
            "Host: a\r\nHost: a",
            "Host: a@b",
            "Host: ",
        ],
        &[
            "Upgrade: websocket",
            "",
            "Upgrade: h2c",
            "Upgrade: a, WebSocket",
            "upgrade: WEBSOCKET",
        ],
        &[
            "Connection: keep-alive, Upgrade",
            "Connection: close",
            "",
            "Connection: upgrade",
        ],
        &[
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-Q==",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
        &[
            "Sec-WebSocket-Version: 13",
            "",
            "Sec-WebSocket-Version: 8",
            "Sec-WebSocket-Version: 013",
        ],
        &[
            "",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            "Sec-WebSocket-Extensions: permessage-deflate",
            "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10",
            "Sec-WebSocket-Extensions: ;",
        ],
        &[
            "",
            "Sec-WebSocket-Protocol: chat",
            "Sec-WebSocket-Protocol: a b",
        ],
        &[
            "HTTP/1.1 101 Switching Protocols",
            "HTTP/1.0 101 Switching",
            "HTTP/1.1 400 No",
        ],
        &[
            "Upgrade: websocket",
            "",
            "Upgrade: websocket, h2c",
            "Upgrade: websocket\r\nUpgrade: a",
        ],
        &[
            "Connection: Upgrade",
            "",
            "Connection: close",
            "Connection: a, upgrade",
        ],
        &[
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "",
            "Sec-WebSocket-Accept: t3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Accept: a",
        ],
        &["", "Content-Length: 0", "Transfer-Encoding: chunked"],
        &[
            "",
            "Sec-WebSocket-Extensions: permessage-deflate",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate",
            "Sec-WebSocket-Extensions: x; =",
        ],
        &[
            "",
            "Sec-WebSocket-Protocol: chat",
            "Sec-WebSocket-Protocol: chat, b",
        ],
    ];

    /// The heads with these lines, by their places above.
    fn heads(chosen: &[usize]) -> (RequestHead, ResponseHead) {
        let lines: Vec<&str> = LINES
            .iter()
            .zip(chosen)
            .map(|(lines, &at)| lines.get(at).copied().unwrap_or(lines[0]))
            .collect();
        let head = |lines: &[&str]| {
            let kept: Vec<&str> = lines
                .iter()
                .copied()
                .filter(|line| !line.is_empty())
                .collect();
            kept.join("\r\n") + "\r\n\r\n"
        };
        let (request, response) = lines.split_at(8);
        (
            RequestHead::parse(head(request).as_bytes()).unwrap(),
            ResponseHead::parse(head(response).as_bytes()).unwrap(),
        )
    }

    fn facts<'a>(
        request: &'a RequestHead,
        response: &'a ResponseHead,
        early: bool,
    ) -> HandshakeFacts<'a> {
        HandshakeFacts {
            request: Some(request),
            response: Some(response),
            paired: true,
            missing: Cause::Gap,
            early: early.then(Early::default),
            reach: Reach::Private,
            encrypted: false,
            request_is_right: false,
            expected: request.fields().first("Sec-WebSocket-Key").map(accept_for),
            waited: None,
        }
    }

    #[test]
    fn the_right_lines_make_an_ordinary_handshake() {
        let (request, response) = heads(&[0; 15]);
        assert!(is_ordinary(&facts(&request, &response, false)));
        assert!(!is_ordinary(&facts(&request, &response, true)));
        assert!(!negotiates(&facts(&request, &response, false)));
    }

    #[test]
    fn what_is_negotiated_is_judged_as_all_rules_judge_it() {
        let each = |line: usize| LINES.get(line).map_or(0, |lines| lines.len());
        let mut ordinary = 0;
        for offer in 0..each(6) {
            for answer in 0..each(13) {
                for protocols in 0..each(7) * each(14) {
                    let mut chosen = [0; 15];
                    (chosen[6], chosen[13]) = (offer, answer);
                    (chosen[7], chosen[14]) = (protocols % each(7), protocols / each(7));
                    let (request, response) = heads(&chosen);
                    let facts = facts(&request, &response, false);
                    for all in [false, true] {
                        let short = super::super::handshake::judge(&facts, all);
                        let long = judge_by_rules(&facts, all);
                        assert_eq!(short.verdict, long.verdict, "{chosen:?}");
                        assert_eq!(short.reasons, long.reasons, "{chosen:?}");
                        assert_eq!(short.answers.len(), long.answers.len(), "{chosen:?}");
                    }
                    ordinary += usize::from(!negotiates(&facts));
                }
            }
        }
        // Nothing, and two offers that are accepted or not.
        assert_eq!(ordinary, 5);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// A line in four is another one than the right one, so that many are ordinary and many nearly.
        #[test]
        fn an_ordinary_handshake_is_judged_as_all_rules_judge_it(
            chosen in prop::collection::vec(prop_oneof![9 => Just(0), 1 => 0usize..5], 15),
            early: bool,
        ) {
            let (request, response) = heads(&chosen);
            let facts = facts(&request, &response, early && chosen[0] == 0);
            for all in [false, true] {
                let short = super::super::handshake::judge(&facts, all);
                let long = judge_by_rules(&facts, all);
                prop_assert_eq!(short.verdict, long.verdict);
                prop_assert_eq!(short.reasons, long.reasons);
                let said = |answers: &[(&'static Rule, Outcome)]| {
                    let said = answers.iter().map(|(rule, outcome)| (rule.id, outcome.clone()));
                    said.collect::<Vec<_>>()
                };
                prop_assert_eq!(said(&short.answers), said(&long.answers));
            }
        }
    }
}
