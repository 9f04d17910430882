//! The opening handshake, judged (RFC 6455, section 4; RFC 7692, section 7).
//!
//! Comes in: the heads of a request and of its response, as far as the capture has them. Goes out: a verdict, and the rules that were
//! broken. To add a rule: one row in its table, one function below.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smallvec::SmallVec;

use crate::event::Verdict;
use crate::http::{RequestHead, ResponseHead, is_token};
use crate::websocket::{Deflate, Extension, accept_for, upgrades_to_websocket};

/// What the capture shows of an opening handshake.
#[derive(Clone, Copy, Debug)]
pub struct HandshakeFacts<'a> {
    /// The request's head.
    pub request: Option<&'a RequestHead>,
    /// The head of the final response.
    pub response: Option<&'a ResponseHead>,
    /// Whether the client sent more before it could have seen the response.
    pub early_data: bool,
}

/// A verdict with its reasons.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Judgement {
    /// What can be said of the handshake.
    pub verdict: Verdict,
    /// The rules that were broken, by the side that broke them: first the client's, then the server's.
    pub reasons: SmallVec<[&'static str; 4]>,
}

/// Judges an opening handshake.
pub fn judge(facts: &HandshakeFacts<'_>) -> Judgement {
    let mut reasons = SmallVec::new();
    if let Some(request) = facts.request {
        reasons.extend(
            REQUEST_RULES
                .iter()
                .filter(|(_, broken)| broken(request))
                .map(|(rule, _)| *rule),
        );
        if facts.early_data {
            reasons.push("ws-early-client-data");
        }
    }
    let (Some(request), Some(response)) = (facts.request, facts.response) else {
        return Judgement {
            verdict: Verdict::Unknown,
            reasons,
        };
    };
    if response.status() != 101 {
        return Judgement {
            verdict: Verdict::Refused,
            reasons,
        };
    }
    if REQUEST_RULES
        .iter()
        .take(SERVER_MUST_REFUSE)
        .any(|(_, broken)| broken(request))
    {
        reasons.push("ws-resp-accepts-bad-request");
    }
    reasons.extend(
        RESPONSE_RULES
            .iter()
            .filter(|(_, broken)| broken(request, response))
            .map(|(rule, _)| *rule),
    );
    let verdict = if reasons.is_empty() {
        Verdict::Valid
    } else {
        Verdict::Invalid
    };
    Judgement { verdict, reasons }
}

type RequestRule = (&'static str, fn(&RequestHead) -> bool);
type ResponseRule = (&'static str, fn(&RequestHead, &ResponseHead) -> bool);

/// How many of the request's rules a server must not pass over (RFC 6455, section 4.2.1): they stand first.
const SERVER_MUST_REFUSE: usize = 11;

/// What a client MUST do (RFC 6455, section 4.1).
const REQUEST_RULES: &[RequestRule] = &[
    ("ws-req-method-not-get", |request| {
        request.method() != b"GET"
    }),
    ("ws-req-http-version", |request| {
        matches!(request.version(), b"0.9" | b"1.0")
    }),
    ("ws-req-host-missing", |request| {
        request.fields().first("Host").is_none()
    }),
    ("ws-req-upgrade-missing", |request| {
        !upgrades_to_websocket(request.fields())
    }),
    ("ws-req-connection-missing-upgrade", |request| {
        upgrades_to_websocket(request.fields())
            && !request.fields().has_member("Connection", "upgrade")
    }),
    ("ws-req-key-missing", |request| {
        request.fields().first("Sec-WebSocket-Key").is_none()
    }),
    ("ws-req-key-invalid", |request| {
        request
            .fields()
            .first("Sec-WebSocket-Key")
            .is_some_and(|key| !is_key(key))
    }),
    ("ws-req-key-multiple", |request| {
        request.fields().values("Sec-WebSocket-Key").count() > 1
    }),
    ("ws-req-version-missing", |request| {
        request.fields().first("Sec-WebSocket-Version").is_none()
    }),
    ("ws-req-version-invalid", |request| {
        request
            .fields()
            .first("Sec-WebSocket-Version")
            .is_some_and(|version| !is_version(version))
    }),
    ("ws-req-version-unsupported", |request| {
        request
            .fields()
            .first("Sec-WebSocket-Version")
            .is_some_and(|version| is_version(version) && version != b"13")
    }),
    ("ws-req-target-fragment", |request| {
        request.target().contains(&b'#')
    }),
    ("ws-req-host-multiple", |request| {
        request.fields().values("Host").count() > 1
    }),
    ("ws-req-subprotocol-invalid", |request| {
        request
            .fields()
            .members("Sec-WebSocket-Protocol")
            .any(|name| !name.iter().all(|byte| is_token(*byte)))
    }),
    ("ws-req-subprotocol-duplicate", has_duplicate_subprotocol),
    ("ws-req-extension-grammar", |request| {
        Extension::all(request.fields()).iter().any(Option::is_none)
    }),
    ("ws-req-pmd-offer-invalid", |request| {
        Extension::all(request.fields())
            .iter()
            .flatten()
            .any(|offer| offer.is_deflate() && Deflate::read(offer, true).is_none())
    }),
];

/// What a server MUST do in a response of 101 (RFC 6455, sections 4.1 and 4.2.2; RFC 7692, section 7.1).
const RESPONSE_RULES: &[ResponseRule] = &[
    ("ws-accept-missing", |_, response| {
        response.fields().first("Sec-WebSocket-Accept").is_none()
    }),
    ("ws-accept-multiple", |_, response| {
        response.fields().values("Sec-WebSocket-Accept").count() > 1
    }),
    ("ws-accept-mismatch", accept_mismatch),
    ("ws-resp-upgrade-missing", |_, response| {
        !upgrades_to_websocket(response.fields())
    }),
    ("ws-resp-connection-missing-upgrade", |_, response| {
        !response.fields().has_member("Connection", "upgrade")
    }),
    ("ws-resp-http-version", |_, response| {
        matches!(response.version(), b"0.9" | b"1.0")
    }),
    ("ws-resp-101-body-framing", |_, response| {
        response.fields().first("Content-Length").is_some()
            || response.fields().first("Transfer-Encoding").is_some()
    }),
    ("ws-resp-subprotocol-not-offered", |request, response| {
        response
            .fields()
            .members("Sec-WebSocket-Protocol")
            .any(|chosen| {
                !request
                    .fields()
                    .members("Sec-WebSocket-Protocol")
                    .any(|offered| offered == chosen)
            })
    }),
    ("ws-resp-subprotocol-multiple", |_, response| {
        response.fields().members("Sec-WebSocket-Protocol").count() > 1
    }),
    ("ws-resp-extension-not-offered", |request, response| {
        let offers = Extension::all(request.fields());
        let is_offered = |name: &str| {
            offers
                .iter()
                .flatten()
                .any(|offer| offer.name.eq_ignore_ascii_case(name))
        };
        Extension::all(response.fields())
            .iter()
            .flatten()
            .any(|extension| !is_offered(&extension.name))
    }),
    ("ws-resp-extension-grammar", |_, response| {
        Extension::all(response.fields())
            .iter()
            .any(Option::is_none)
    }),
    ("ws-resp-pmd-params-invalid", |_, response| {
        deflates(response)
            .iter()
            .any(|extension| Deflate::read(extension, false).is_none())
    }),
    ("ws-resp-pmd-duplicate", |_, response| {
        deflates(response).len() > 1
    }),
    (
        "ws-resp-pmd-client-bits-not-offered",
        |request, response| {
            agreed(response).is_some_and(|agreed| agreed.client_max_window_bits.is_some())
                && !offers(request).is_empty()
                && offers(request)
                    .iter()
                    .all(|offer| offer.client_max_window_bits.is_none())
        },
    ),
    ("ws-resp-pmd-offer-not-honoured", |request, response| {
        agreed(response).is_some_and(|agreed| {
            !offers(request).is_empty()
                && !offers(request).iter().any(|offer| honours(agreed, *offer))
        })
    }),
];

/// A key: 16 bytes in base64 (RFC 6455, section 4.1); pad bits that are not zero are another rule's.
fn is_key(key: &[u8]) -> bool {
    let Some((letters, b"==")) = key.split_at_checked(22) else {
        return false;
    };
    letters
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        && STANDARD
            .decode([letters.get(..21).unwrap_or_default(), b"A=="].concat())
            .is_ok_and(|key| key.len() == 16)
}

/// 0 to 255 in decimal without leading zeros (RFC 6455, section 4.3).
fn is_version(version: &[u8]) -> bool {
    let text = std::str::from_utf8(version).unwrap_or_default();
    text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u8>().is_ok()
        && (text.len() == 1 || !text.starts_with('0'))
}

fn has_duplicate_subprotocol(request: &RequestHead) -> bool {
    let mut names: Vec<&[u8]> = request.fields().members("Sec-WebSocket-Protocol").collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    names.len() < all
}

fn accept_mismatch(request: &RequestHead, response: &ResponseHead) -> bool {
    match (
        request.fields().first("Sec-WebSocket-Key"),
        response.fields().first("Sec-WebSocket-Accept"),
    ) {
        (Some(key), Some(accept)) => accept != accept_for(key),
        _ => false,
    }
}

fn deflates(response: &ResponseHead) -> Vec<Extension> {
    Extension::all(response.fields())
        .into_iter()
        .flatten()
        .filter(Extension::is_deflate)
        .collect()
}

fn agreed(response: &ResponseHead) -> Option<Deflate> {
    deflates(response)
        .first()
        .and_then(|extension| Deflate::read(extension, false))
}

fn offers(request: &RequestHead) -> Vec<Deflate> {
    Extension::all(request.fields())
        .iter()
        .flatten()
        .filter(|offer| offer.is_deflate())
        .filter_map(|offer| Deflate::read(offer, true))
        .collect()
}

/// Whether a response keeps what an offer asks of the server (RFC 7692, sections 7.1.1.1 and 7.1.2.1).
fn honours(agreed: Deflate, offer: Deflate) -> bool {
    let takeover = !offer.server_no_context_takeover || agreed.server_no_context_takeover;
    let window = offer.server_max_window_bits.is_none_or(|most| {
        agreed
            .server_max_window_bits
            .is_some_and(|bits| bits <= most)
    });
    takeover && window
}
