//! Rules: the response that accepts an opening handshake (RFC 6455, sections 4.1 and 4.2.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::finding::Severity;
use super::handshake::HandshakeFacts;
use super::key::key;
use super::outcome::Outcome;
use super::request::{self, listed, shown};
use super::rule::{Fault, Judge, Rule, Subject};
use super::{key as keys, offers};
use crate::http::RequestHead;
use crate::websocket::accept_for;
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-resp-accepts-bad-request",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.2.1, 4.2.2; RFC 9110, 7.8",
        tier: 1,
        subject: Subject::Response,
        summary: "The server refuses a handshake that breaks a rule it must hold against it.",
        why: "A server that accepts anything helps smuggling and cross-protocol attacks.",
        help: "Turn on the strict checks of the handshake in the server.",
        example: None,
        judge: Judge::Response(accepts_bad_request),
    },
    Rule {
        id: "ws-accept-missing",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.1 response item 4",
        tier: 1,
        subject: Subject::Response,
        summary: "A 101 that upgrades to WebSocket has a Sec-WebSocket-Accept.",
        why: "Without it a client must fail the connection: nothing proves a WebSocket server.",
        help: "Compute it from the key. The peer may be no WebSocket server at all.",
        example: None,
        judge: Judge::Response(accept_missing),
    },
    Rule {
        id: "ws-accept-multiple",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 11.3.3",
        tier: 1,
        subject: Subject::Response,
        summary: "Sec-WebSocket-Accept stands in the response once.",
        why: "Clients differ on which of two they compare.",
        help: "Send it once.",
        example: None,
        judge: Judge::Response(accept_multiple),
    },
    Rule {
        id: "ws-accept-mismatch",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.1 response item 4, 4.2.2 step 5.4, 1.3",
        tier: 1,
        subject: Subject::Response,
        summary: "Sec-WebSocket-Accept is what the key calls for: base64 of the SHA-1 of the key and a fixed GUID.",
        why: "It is the server's proof that it speaks WebSocket; a client must fail the connection where it is wrong.",
        help: "Hash the key's text as it was sent, without decoding it. Otherwise look for a cache or proxy that answered in the server's place.",
        example: Some("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        judge: Judge::Response(accept_mismatch),
    },
    Rule {
        id: "ws-resp-upgrade-missing",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.1 response item 2, 4.2.2; RFC 9110, 7.8, 15.2.2",
        tier: 1,
        subject: Subject::Response,
        summary: "The 101 answers with Upgrade: websocket and nothing else.",
        why: "A client must fail the connection where the protocol that was switched to is not the one it asked for.",
        help: "Answer with Upgrade: websocket.",
        example: None,
        judge: Judge::Response(upgrade_missing),
    },
    Rule {
        id: "ws-resp-connection-missing-upgrade",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.1 response item 3, 4.2.2; RFC 9110, 7.8",
        tier: 1,
        subject: Subject::Response,
        summary: "The Connection field of the 101 lists upgrade.",
        why: "A client must fail the connection without it, and browsers do.",
        help: "Answer with Connection: Upgrade; a proxy may have dropped it.",
        example: None,
        judge: Judge::Response(connection_missing_upgrade),
    },
    Rule {
        id: "ws-resp-http-version",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.2.2; RFC 9110, 15.2",
        tier: 2,
        subject: Subject::Response,
        summary: "A 101 is sent in HTTP/1.1 or later.",
        why: "HTTP/1.0 has no interim and no switching status, so a client may take it for a broken response.",
        help: "Look for an old proxy between client and server.",
        example: Some("HTTP/1.0 101 Switching Protocols"),
        judge: Judge::Response(http_version),
    },
    Rule {
        id: "ws-resp-101-body-framing",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 9110, 8.6; RFC 9112, 6.1, 6.3",
        tier: 1,
        subject: Subject::Response,
        summary: "A 101 has no Content-Length and no Transfer-Encoding.",
        why: "Frames follow its head at once; a client that believes the field waits for a body instead.",
        help: "Remove the field from the response.",
        example: None,
        judge: Judge::Response(body_framing),
    },
];

type Judged = fn(&HandshakeFacts<'_>) -> Outcome;

/// The rules that oblige a server to refuse (RFC 6455, section 4.2.1), with their names.
const MUST_REFUSE: [(&str, Judged); 13] = [
    ("the method", request::method),
    ("the HTTP version", request::version),
    ("Host missing", request::host_missing),
    ("the Host", request::host_multiple),
    ("Upgrade", request::upgrade_missing),
    ("Connection", request::connection_missing_upgrade),
    ("the key missing", keys::key_missing),
    ("the key", keys::key_invalid),
    ("the version missing", keys::version_missing),
    ("the version", keys::version_invalid),
    ("the version", keys::version_unsupported),
    ("the extensions", offers::extension_grammar),
    ("the subprotocols", offers::subprotocol_invalid),
];

/// A rule about a 101 alone.
macro_rules! of_switch {
    ($($(#[$doc:meta])* fn $name:ident($response:ident) $body:block)*) => {
        $($(#[$doc])* pub(super) fn $name(facts: &HandshakeFacts<'_>) -> Outcome {
            let Some($response) = facts.switching() else {
                return Outcome::NotApplicable;
            };
            $body
        })*
    };
}
pub(super) use of_switch;

/// A rule about a 101 and the request that it answers.
macro_rules! of_answer {
    ($($(#[$doc:meta])* fn $name:ident($request:ident, $response:ident) $body:block)*) => {
        $($(#[$doc])* pub(super) fn $name(facts: &HandshakeFacts<'_>) -> Outcome {
            let Some(($request, $response)) = facts.switched() else {
                return facts.unpaired();
            };
            $body
        })*
    };
}
pub(super) use of_answer;

pub(super) fn accepts_bad_request(facts: &HandshakeFacts<'_>) -> Outcome {
    if facts.switched().is_none() {
        return facts.unpaired();
    }
    if facts.request_is_right {
        return Outcome::Pass;
    }
    let mut broken: Vec<&str> = MUST_REFUSE
        .iter()
        .filter(|(_, judge)| matches!(judge(facts), Outcome::Fail(..)))
        .map(|(name, _)| *name)
        .collect();
    broken.dedup();
    Outcome::error_if(!broken.is_empty(), || {
        format!(
            "the server accepted what it must refuse: {}",
            broken.join(", ")
        )
    })
}

of_switch! {
    fn accept_missing(response) {
        let missing = response.fields().first("Sec-WebSocket-Accept").is_none();
        Outcome::error_if(missing, || "the 101 has no Sec-WebSocket-Accept".to_string())
    }

    fn accept_multiple(response) {
        let count = response.fields().values("Sec-WebSocket-Accept").count();
        Outcome::error_if(count > 1, || format!("Sec-WebSocket-Accept stands {count} times"))
    }

    fn upgrade_missing(response) {
        let mut members = response.fields().members("Upgrade");
        let only = members.next().filter(|_| members.next().is_none());
        let right = only.is_some_and(|member| member.eq_ignore_ascii_case(b"websocket"));
        Outcome::error_if(!right, || {
            format!("the 101 has Upgrade {}; it must be websocket", listed(response.fields(), "Upgrade"))
        })
    }

    fn connection_missing_upgrade(response) {
        let missing = !response.fields().has_member("Connection", "upgrade");
        Outcome::error_if(missing, || {
            format!("the 101 has Connection {}; it must list upgrade", listed(response.fields(), "Connection"))
        })
    }

    fn http_version(response) {
        Outcome::error_if(matches!(response.version(), b"0.9" | b"1.0"), || {
            format!("the 101 is in HTTP/{}", response.version_text())
        })
    }

    fn body_framing(response) {
        let names = ["Content-Length", "Transfer-Encoding"];
        let name = names.into_iter().find(|name| response.fields().first(name).is_some());
        Outcome::error_if(name.is_some(), || {
            format!("the 101 has {}; frames begin right behind its head", name.unwrap_or_default())
        })
    }
}

fn accept_mismatch(facts: &HandshakeFacts<'_>) -> Outcome {
    let Some((request, response)) = facts.switched() else {
        return facts.unpaired();
    };
    let accept = response.fields().first("Sec-WebSocket-Accept");
    let Some((key, (accept, expected))) = key(request).zip(accept.zip(facts.expected)) else {
        return Outcome::NotApplicable;
    };
    Outcome::error_if(accept != expected, || {
        let recipe = recipe(request, key, accept);
        format!(
            "Sec-WebSocket-Accept is {}, and the key calls for {}{recipe}",
            shown(accept),
            shown(&expected)
        )
    })
}

/// The usual mistake that makes this accept value of the key, in words.
fn recipe(request: &RequestHead, key: &[u8], accept: &[u8]) -> &'static str {
    const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let digest = |parts: [&[u8]; 2]| {
        Sha1::new()
            .chain_update(parts[0])
            .chain_update(parts[1])
            .finalize()
    };
    let coded = |parts: [&[u8]; 2]| STANDARD.encode(digest(parts)).into_bytes();
    let hexadecimal = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .into_bytes()
    };
    let right = digest([key, GUID]);
    let hex = hexadecimal(&right);
    let with_line_end = [key, b"\r\n"].concat();
    let with_newline = [key, b"\n"].concat();
    let lower = GUID.to_ascii_lowercase();
    let other_keys = request.fields().values("Sec-WebSocket-Key").skip(1);
    if STANDARD
        .decode(key)
        .is_ok_and(|bytes| coded([&bytes, GUID]) == accept)
    {
        ": it was made of the decoded key"
    } else if hex.eq_ignore_ascii_case(accept) {
        ": it is the digest in hexadecimal digits"
    } else if STANDARD.encode(&hex).as_bytes() == accept {
        ": it is the base64 of hexadecimal digits"
    } else if coded([key, &lower]) == accept {
        ": the GUID was hashed in lower case"
    } else if coded([&with_line_end, GUID]) == accept || coded([&with_newline, GUID]) == accept {
        ": the key was hashed with its line end"
    } else if STANDARD.encode(accept_for(key)).as_bytes() == accept {
        ": it was coded twice"
    } else if coded([key, b""]) == accept {
        ": the key was hashed without the GUID"
    } else if key == accept {
        ": it is the key itself"
    } else if other_keys.into_iter().any(|key| accept_for(key) == accept) {
        ": it belongs to another key of the same request"
    } else {
        ""
    }
}
