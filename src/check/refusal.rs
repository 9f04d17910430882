//! Rules: a response that does not accept an opening handshake, or comes late (RFC 6455, sections 4.1 and 4.2.2).

use super::finding::{Cause, Severity};
use super::handshake::HandshakeFacts;
use super::key::is_version;
use super::outcome::Outcome;
use super::request::{shown, shown_origin};
use super::rule::{Answer, Fault, Judge, Rule, Subject};
use super::transport::LineFacts;
use crate::direction::Direction;

/// From when on the answer to a handshake is slow.
const SLOW: i64 = 1_000_000_000;

/// For how long it is waited for.
const WAIT: i64 = 10_000_000_000;
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-resp-not-101",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 1.3, 4.1 response item 1",
        tier: 1,
        subject: Subject::Response,
        summary: "The handshake is answered with 101.",
        why: "Everything behind another status is plain HTTP: there is no WebSocket here.",
        help: "400: a bad field. 401, 403: credentials or Origin. 404: the path. 426: the version. 200 or 3xx: no WebSocket endpoint. 502 to 504: the proxy does not reach its backend.",
        example: None,
        judge: Judge::Response(not_101),
    },
    Rule {
        id: "ws-resp-version-header-missing",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 4.2.2 version, 4.4",
        tier: 1,
        subject: Subject::Response,
        summary: "A server that refuses a version names those it speaks.",
        why: "Without the list a client cannot try again with a version that works.",
        help: "Add Sec-WebSocket-Version: 13 to the refusal.",
        example: None,
        judge: Judge::Response(version_header_missing),
    },
    Rule {
        id: "ws-resp-426-without-upgrade",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 9110, 7.8, 15.5.22",
        tier: 1,
        subject: Subject::Response,
        summary: "A 426 has an Upgrade field.",
        why: "The status says that another protocol is needed, and the field must say which.",
        help: "Send Upgrade: websocket and Connection: Upgrade with the 426.",
        example: None,
        judge: Judge::Response(upgrade_missing),
    },
    Rule {
        id: "ws-resp-redirect",
        severity: Severity::Warning,
        fault: Fault::Server,
        source: "RFC 6455, 4.1, 4.2.2; WHATWG WebSockets",
        tier: 2,
        subject: Subject::Response,
        summary: "A handshake is not redirected.",
        why: "Clients may follow a redirection and browsers never do.",
        help: "Connect to the final address at once.",
        example: None,
        judge: Judge::Response(redirect),
    },
    Rule {
        id: "ws-resp-auth-challenge",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 4.1 response item 1, 4.2.2 step 2",
        tier: 3,
        subject: Subject::Response,
        summary: "A handshake is not asked for credentials.",
        why: "A page cannot add an Authorization field to a WebSocket, so a browser cannot answer.",
        help: "Use a cookie, or a short-lived ticket in the first message.",
        example: None,
        judge: Judge::Response(auth_challenge),
    },
    Rule {
        id: "ws-resp-missing",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 4.1",
        tier: 2,
        subject: Subject::Response,
        summary: "A complete handshake request gets a response before the connection ends, and within 10 seconds.",
        why: "The client waits for nothing, and most give up silently.",
        help: "Look at a proxy's time limit, or at a backend that does not speak HTTP.",
        example: None,
        judge: Judge::Line(missing),
    },
    Rule {
        id: "ws-handshake-slow",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "practice",
        tier: 3,
        subject: Subject::Response,
        summary: "The response to a handshake begins within a second.",
        why: "Nothing can be sent until the 101 has come, so every new connection waits for as long.",
        help: "Compare with the connection's round trip: what is longer was spent in the server or its proxy.",
        example: None,
        judge: Judge::Response(slow),
    },
];

/// A rule about a handshake that was refused.
macro_rules! of_refusal {
    ($(fn $name:ident($request:ident, $response:ident) $body:block)*) => {
        $(fn $name(facts: &HandshakeFacts<'_>) -> Outcome {
            let Some(($request, $response)) = facts.refused() else {
                return facts.unpaired();
            };
            $body
        })*
    };
}

of_refusal! {
    fn not_101(_request, response) {
        Outcome::Fail(
            Severity::Info,
            format!("the handshake was answered with {} {}", response.status(), shown(response.reason())),
        )
    }

    fn version_header_missing(request, response) {
        let version = request.fields().first("Sec-WebSocket-Version");
        let refused_for_it = matches!(response.status(), 400 | 426)
            && version.is_some_and(|version| is_version(version) && version != b"13");
        let missing = refused_for_it && response.fields().first("Sec-WebSocket-Version").is_none();
        Outcome::error_if(missing, || "a version was refused, and none is named that would do".to_string())
    }

    fn upgrade_missing(_request, response) {
        let missing = response.status() == 426 && response.fields().first("Upgrade").is_none();
        Outcome::error_if(missing, || "the 426 has no Upgrade".to_string())
    }

    fn redirect(_request, response) {
        let redirects = (300..400).contains(&response.status()) && response.status() != 304;
        Outcome::warning_if(redirects, || {
            // A location may hold user information and a query.
            let location = response.fields().first("Location").unwrap_or_default();
            let place = if location.starts_with(b"/") && !location.starts_with(b"//") {
                shown(location.split(|byte| b"?#".contains(byte)).next().unwrap_or_default())
            } else {
                shown_origin(location)
            };
            format!("the handshake was redirected to {place}")
        })
    }

    fn auth_challenge(_request, response) {
        let name = match response.status() {
            401 => "WWW-Authenticate",
            407 => "Proxy-Authenticate",
            _ => return Outcome::Pass,
        };
        let scheme = response.fields().first(name).unwrap_or(b"no scheme");
        let scheme = scheme.split(|byte| *byte == b' ').next().unwrap_or_default();
        Outcome::Fail(Severity::Info, format!("the server asks for credentials ({})", shown(scheme)))
    }
}

fn slow(facts: &HandshakeFacts<'_>) -> Outcome {
    match facts.waited.filter(|_| facts.answer().is_some()) {
        Some(waited) => Outcome::info_if(waited > SLOW, || {
            format!("the answer began {} behind the request", duration(waited))
        }),
        None => facts.unpaired(),
    }
}

/// Nanoseconds for a sentence, rounded: in milliseconds below a second, else in seconds with a digit behind the point.
pub(super) fn duration(nanoseconds: i64) -> String {
    let nanoseconds = nanoseconds.max(0).unsigned_abs();
    let milliseconds = (nanoseconds + 500_000) / 1_000_000;
    if milliseconds < 1000 {
        return format!("{milliseconds} ms");
    }
    let tenths = (nanoseconds + 50_000_000) / 100_000_000;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

fn missing(facts: &LineFacts<'_>, direction: Direction) -> Answer {
    let Some(request) = facts
        .http
        .unanswered
        .as_deref()
        .filter(|_| direction == Direction::ToClient)
    else {
        return Answer::none();
    };
    let line = facts.lines.to_client;
    let waited = line
        .read_until
        .get()
        .map_or(0, |until| until.since(request.spot.time));
    // A server need not answer a client that has ended its side, or that has gone: what it acknowledged says whether it knew.
    let client = facts.lines.to_server;
    let knew = line.fin_acked().unwrap_or(client.acked) > request.end;
    let client_first = match (client.end(), line.end()) {
        (Some(own), Some(other)) => own.1 < other.1,
        (own, _) => own.is_some(),
    };
    let ended = line.ended() && !knew && !client_first;
    let hole = line.has_hole().then_some(Cause::Gap);
    let outcome = if let Some(cause) = request.lost.or(hole) {
        Outcome::Unknown(cause)
    } else if client.acked < request.end || !(ended || waited >= WAIT) {
        Outcome::Unknown(Cause::CaptureEnd)
    } else {
        let how = if waited >= WAIT {
            "10 s went by"
        } else {
            "the connection ended"
        };
        Outcome::Fail(
            Severity::Warning,
            format!("{how}, and the handshake had no response"),
        )
    };
    Answer::of(direction, outcome, request.spot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded() {
        assert_eq!(duration(0), "0 ms");
        assert_eq!(duration(24_500_000), "25 ms");
        assert_eq!(duration(999_499_999), "999 ms");
        assert_eq!(duration(999_500_000), "1.0 s");
        assert_eq!(duration(2_949_999_999), "2.9 s");
        assert_eq!(duration(2_950_000_000), "3.0 s");
    }
}
