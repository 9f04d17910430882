//! Rules: the request of an opening handshake (RFC 6455, section 4.1): its line, its Host, Upgrade, Connection and Origin.

use super::finding::Severity;
use super::handshake::HandshakeFacts;
use super::outcome::Outcome;
use super::rule::{Fault, Judge, Rule, Subject};
use crate::http::{Fields, RequestHead};
use crate::websocket::upgrades_to_websocket;
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-req-method-not-get",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 2, 4.2.1 item 1",
        tier: 1,
        subject: Subject::Request,
        summary: "An opening handshake is a GET request; method names are case-sensitive.",
        why: "A server upgrades nothing but GET, and whatever stands between the two may treat another method as a request with a body.",
        help: "Send the handshake as GET. Where a proxy rewrote the method, turn that off for this path.",
        example: Some("POST /chat HTTP/1.1"),
        judge: Judge::Request(method),
    },
    Rule {
        id: "ws-req-http-version",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 2; RFC 9110, 7.8",
        tier: 1,
        subject: Subject::Request,
        summary: "An opening handshake asks in HTTP/1.1 or later.",
        why: "HTTP/1.0 has no Upgrade: a server must ignore it there, so the connection stays plain HTTP.",
        help: "Look at the proxy first: nginx speaks HTTP/1.0 to its upstreams unless proxy_http_version is 1.1.",
        example: Some("GET /chat HTTP/1.0"),
        judge: Judge::Request(version),
    },
    Rule {
        id: "ws-req-host-missing",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 4; RFC 9112, 3.2",
        tier: 1,
        subject: Subject::Request,
        summary: "The request has a Host field.",
        why: "Without it a server cannot tell which of its sites is meant, and must answer 400.",
        help: "Add Host with the server's name, and its port where that is not the default.",
        example: None,
        judge: Judge::Request(host_missing),
    },
    Rule {
        id: "ws-req-upgrade-missing",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 5, 4.2.1 item 3",
        tier: 1,
        subject: Subject::Request,
        summary: "The Upgrade field lists websocket.",
        why: "Without it the request is an ordinary GET, and the server answers it as one.",
        help: "Forward Upgrade and Connection explicitly: a proxy that drops hop-by-hop fields is the usual cause.",
        example: None,
        judge: Judge::Request(upgrade_missing),
    },
    Rule {
        id: "ws-req-connection-missing-upgrade",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 6, 4.2.1 item 4; RFC 9110, 7.6.1, 7.8",
        tier: 1,
        subject: Subject::Request,
        summary: "The Connection field lists upgrade beside an Upgrade that lists websocket.",
        why: "Upgrade counts only where Connection names it; a server must refuse the handshake otherwise.",
        help: "Send Connection: Upgrade. In nginx set it explicitly, because its default is close.",
        example: Some("Connection: keep-alive"),
        judge: Judge::Request(connection_missing_upgrade),
    },
    Rule {
        id: "ws-req-host-multiple",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 9112, 3.2",
        tier: 1,
        subject: Subject::Request,
        summary: "The request has one Host field, and its value is a host with an optional port.",
        why: "Two hosts let a proxy and the server behind it disagree on where a request goes, which attackers use.",
        help: "Send one Host line, with the host of the URI and its port where that is not the scheme's own. Where there are two, look for who added one.",
        example: None,
        judge: Judge::Request(host_multiple),
    },
    Rule {
        id: "ws-req-target-fragment",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 3",
        tier: 2,
        subject: Subject::Request,
        summary: "The request target has no fragment.",
        why: "A ws or wss URI has none, and servers disagree on what a number sign in a target means.",
        help: "Leave the fragment out, or write the number sign as %23.",
        example: Some("GET /chat#room1 HTTP/1.1"),
        judge: Judge::Request(target_fragment),
    },
    Rule {
        id: "ws-req-has-body",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 4.1; RFC 9112, 6.3; RFC 9110, 9.3.1",
        tier: 2,
        subject: Subject::Request,
        summary: "An opening handshake announces no body.",
        why: "Proxies disagree on where the tunnel begins behind a body, which allows request smuggling.",
        help: "Send no Content-Length and no Transfer-Encoding with the handshake.",
        example: None,
        judge: Judge::Request(has_body),
    },
    Rule {
        id: "ws-req-origin-missing-browser",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 8, 4.2.1 item 7, 10.2",
        tier: 2,
        subject: Subject::Request,
        summary: "A client whose User-Agent is a browser's sends Origin.",
        why: "Browsers always send it, and a server that checks it must refuse a handshake without.",
        help: "This is no browser, or a proxy removed the field: pass Origin on.",
        example: None,
        judge: Judge::Request(origin_missing),
    },
    Rule {
        id: "ws-req-origin-malformed",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 8; RFC 6454, 7",
        tier: 2,
        subject: Subject::Request,
        summary: "Origin stands once, and is null or a scheme, a host and an optional port.",
        why: "A server that compares origins as text never matches anything else.",
        help: "Send the scheme, the host and the port only, without a path.",
        example: Some("Origin: https://example.com/"),
        judge: Judge::Request(origin_malformed),
    },
    Rule {
        id: "ws-early-client-data",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 (after item 12)",
        tier: 1,
        subject: Subject::Request,
        summary: "The client sends nothing behind its request before it has seen the whole 101.",
        why: "Until then the connection is HTTP, and what is sent may be taken for another request.",
        help: "Wait for the 101 before the first frame.",
        example: None,
        judge: Judge::Request(early_client_data),
    },
];

/// A rule about the request alone.
macro_rules! of_request {
    ($($(#[$doc:meta])* fn $name:ident($request:ident) $body:block)*) => {
        $($(#[$doc])* pub(super) fn $name(facts: &HandshakeFacts<'_>) -> Outcome {
            let Some($request) = facts.request else {
                return Outcome::Unknown(facts.missing);
            };
            $body
        })*
    };
}
pub(super) use of_request;

of_request! {
    fn method(request) {
        Outcome::error_if(request.method() != b"GET", || {
            format!("the method is {}; a handshake is a GET", shown(request.method()))
        })
    }

    fn version(request) {
        Outcome::error_if(matches!(request.version(), b"0.9" | b"1.0"), || {
            format!("the request is in HTTP/{}; an upgrade needs HTTP/1.1", request.version_text())
        })
    }

    fn host_missing(request) {
        let missing = request.fields().first("Host").is_none();
        Outcome::error_if(missing, || "the request has no Host field".to_string())
    }

    fn host_multiple(request) {
        let count = request.fields().values("Host").count();
        let malformed = request.fields().values("Host").any(|host| !is_host(host));
        Outcome::error_if(count > 1 || malformed, || match count {
            1 => "the value of Host is no host with an optional port".to_string(),
            count => format!("{count} Host fields; exactly one is allowed"),
        })
    }

    fn upgrade_missing(request) {
        Outcome::error_if(!upgrades_to_websocket(request.fields()), || {
            format!("Upgrade {} does not list websocket", listed(request.fields(), "Upgrade"))
        })
    }

    fn connection_missing_upgrade(request) {
        let fields = request.fields();
        let missing = upgrades_to_websocket(fields) && !fields.has_member("Connection", "upgrade");
        Outcome::error_if(missing, || {
            format!("Connection {} does not list upgrade", listed(fields, "Connection"))
        })
    }

    fn target_fragment(request) {
        Outcome::error_if(request.target().contains(&b'#'), || {
            "the request target has a fragment".to_string()
        })
    }

    fn has_body(request) {
        let fields = request.fields();
        let announced = fields.first("Transfer-Encoding").map(|_| "Transfer-Encoding").or_else(|| {
            let empty = |length: &[u8]| !length.is_empty() && length.iter().all(|byte| *byte == b'0');
            fields.members("Content-Length").any(|length| !empty(length)).then_some("Content-Length")
        });
        Outcome::warning_if(announced.is_some(), || {
            format!("the handshake announces a body by {}", announced.unwrap_or_default())
        })
    }

    fn origin_missing(request) {
        let missing = is_browser(request) && request.fields().first("Origin").is_none();
        Outcome::warning_if(missing, || {
            "User-Agent names a browser, and there is no Origin".to_string()
        })
    }

    fn origin_malformed(request) {
        let count = request.fields().values("Origin").count();
        let malformed = request.fields().values("Origin").any(|origin| !is_origin(origin));
        Outcome::warning_if(count > 1 || malformed, || match count {
            1 => "the value of Origin is no serialized origin".to_string(),
            count => format!("{count} Origin fields"),
        })
    }
}

/// The proof is in the acknowledgment numbers: the bytes left before the client had acknowledged the response's head.
pub(super) fn early_client_data(facts: &HandshakeFacts<'_>) -> Outcome {
    if facts.answer().is_none() {
        return facts.unpaired();
    }
    match facts.early {
        Some(early) => Outcome::Fail(
            Severity::Error,
            format!(
                "the client sent {} bytes behind its request before it had the answer",
                early.len
            ),
        ),
        None => Outcome::Pass,
    }
}

/// Whether User-Agent is a browser's.
pub(super) fn is_browser(request: &RequestHead) -> bool {
    let agent = request.fields().first("User-Agent");
    agent.is_some_and(|agent| agent.starts_with(b"Mozilla/5.0"))
}

/// A host and an optional port (RFC 9110, section 7.2): nothing that would end an authority, or begin user information.
pub(super) fn is_host(host: &[u8]) -> bool {
    let port = |port: &[u8]| port.iter().all(u8::is_ascii_digit);
    let name = |byte: &&u8| HOST.get(usize::from(**byte)).is_some_and(|is| *is);
    let address = |byte: &u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
    match host
        .strip_prefix(b"[")
        .map(|rest| rest.split(|byte| *byte == b']'))
    {
        Some(mut parts) => {
            let inner = parts.next().unwrap_or_default();
            let behind = parts.next();
            inner.iter().all(address)
                && behind.is_some_and(|behind| {
                    behind.is_empty() || behind.strip_prefix(b":").is_some_and(port)
                })
                && parts.next().is_none()
        }
        None => {
            let len = host.iter().take_while(name).count();
            match host.get(len..).unwrap_or_default() {
                [b':', behind @ ..] => port(behind),
                behind => behind.is_empty(),
            }
        }
    }
}

/// Which bytes are characters of a registered name (RFC 3986, section 3.2.2), the percent sign before two digits among them.
#[expect(
    clippy::indexing_slicing,
    reason = "the compiler runs it, and a byte is below 256"
)]
const HOST: [bool; 256] = {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=%";
    let mut table = [false; 256];
    let mut at = 0;
    while at < letters.len() {
        table[letters[at] as usize] = true;
        at += 1;
    }
    table
};

/// A serialized origin (RFC 6454, section 7): `null`, or a scheme, a host and an optional port.
fn is_origin(origin: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(origin, b"://") else {
        return origin == b"null";
    };
    let (scheme, rest) = origin.split_at(at);
    let host = rest.get(3..).unwrap_or_default();
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
        && !host.is_empty()
        && is_host(host)
}

/// A list field as it is told to a person: its members, or that it is not there.
pub(super) fn listed(fields: &Fields, name: &str) -> String {
    let members: Vec<_> = fields.members(name).map(shown).collect();
    if members.is_empty() {
        "(none)".to_string()
    } else {
        format!("({})", members.join(", "))
    }
}

/// An origin or a host, of which user information, path and query are not shown: they may hold what nobody else should see.
pub(super) fn shown_origin(origin: &[u8]) -> String {
    let begin = memchr::memmem::find(origin, b"://").map_or(0, |at| at + 3);
    let (scheme, rest) = origin.split_at_checked(begin).unwrap_or((b"", origin));
    let rest = rest.strip_prefix(b"//").unwrap_or(rest);
    let mut parts = rest.split(|byte| b"/?#".contains(byte));
    let authority = parts.next().unwrap_or_default();
    let host = authority.rsplit(|byte| *byte == b'@').next();
    format!("{}{}", shown(scheme), shown(host.unwrap_or_default()))
}

/// A short text of the peer's, shortened and made printable.
pub(super) fn shown(text: &[u8]) -> String {
    const MOST: usize = 64;
    let mut shown: String = String::from_utf8_lossy(text.get(..MOST).unwrap_or(text)).into_owned();
    if text.len() > MOST {
        shown.push('…');
    }
    shown
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
