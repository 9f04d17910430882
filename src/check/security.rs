//! Rules: risks of an opening handshake (RFC 6455, section 10). No value of a credential, a cookie or a query is told.

use super::finding::Severity;
use super::handshake::{HandshakeFacts, Reach};
use super::outcome::Outcome;
use super::request::{shown, shown_origin};
use super::rule::{Answer, Fault, Judge, Rule, Subject};
use super::transport::LineFacts;
use super::tunnel::Tunnel;
use crate::direction::Direction;
use crate::http::RequestHead;
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "sec-cleartext-credentials",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 10.6; RFC 9110, 11.6.2; RFC 6265, 8.3",
        tier: 2,
        subject: Subject::Security,
        summary: "Credentials and cookies are not sent in the clear.",
        why: "Everybody on the way can read them and use them. Only an info where they never left the machine.",
        help: "Use wss.",
        example: None,
        judge: Judge::Request(cleartext_credentials),
    },
    Rule {
        id: "sec-token-in-url",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 10.5, 10.6; RFC 9110, 17.9",
        tier: 2,
        subject: Subject::Security,
        summary: "The request target carries no token.",
        why: "Targets end up in logs, histories and referrers. Only an info under TLS.",
        help: "Use a cookie, a subprotocol or the first message; keep tickets short-lived.",
        example: None,
        judge: Judge::Request(token_in_url),
    },
    Rule {
        id: "sec-cswsh-risk",
        severity: Severity::Warning,
        fault: Fault::Server,
        source: "RFC 6455, 10.2, 4.2.2 origin",
        tier: 2,
        subject: Subject::Security,
        summary: "A server does not accept cookies from a page of another origin.",
        why: "WebSocket knows no same-origin policy: any page can connect with the user's cookies. This is a hint, since the server may allow that origin.",
        help: "Check Origin against a list, or ask for a token that another page cannot know.",
        example: None,
        judge: Judge::Response(cswsh_risk),
    },
    Rule {
        id: "sec-failed-upgrade-tunnel",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 9112, 11.2; RFC 9110, 7.8; RFC 6455, 4.2.2",
        tier: 2,
        subject: Subject::Security,
        summary: "A connection is not used as a tunnel after its upgrade failed.",
        why: "A proxy that believes in a tunnel passes on requests that it never looked at.",
        help: "Let the proxy wait for a 101 with the right accept value.",
        example: None,
        judge: Judge::Line(failed_upgrade_tunnel),
    },
    Rule {
        id: "sec-pipelined-behind-upgrade",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 9112, 9.3.2, 11.2; RFC 6455, 4.1",
        tier: 2,
        subject: Subject::Security,
        summary: "No request is sent behind an upgrade before its answer.",
        why: "A proxy and the server behind it disagree on what those bytes are, which allows smuggling.",
        help: "Wait for the answer. Where this was not the client, look for an attack.",
        example: None,
        judge: Judge::Request(pipelined_behind_upgrade),
    },
    Rule {
        id: "sec-h2c-upgrade",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 9113, 3.1, 8.2.2; RFC 9110, 7.8",
        tier: 2,
        subject: Subject::Security,
        summary: "No request asks to upgrade to h2c.",
        why: "RFC 9113 retired that upgrade; it hides later requests from a proxy's rules. An error where a proxy passed it on and 101 was the answer.",
        help: "Block it at the proxy, and use HTTP/2 over TLS.",
        example: None,
        judge: Judge::Exchange(h2c_upgrade),
    },
    Rule {
        id: "sec-tls-not-used",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 10.6",
        tier: 3,
        subject: Subject::Security,
        summary: "A connection to a public address uses TLS.",
        why: "Everybody on the way can read and change it, and proxies break clear WebSocket more often.",
        help: "Use wss.",
        example: None,
        judge: Judge::Request(tls_not_used),
    },
];

/// Fields of a request that let their reader act in the user's name.
const CREDENTIALS: [&str; 3] = ["Authorization", "Proxy-Authorization", "Cookie"];

/// Parameters of a query that are usually secrets.
const SECRETS: [&[u8]; 13] = [
    b"token",
    b"access_token",
    b"id_token",
    b"jwt",
    b"auth",
    b"authorization",
    b"api_key",
    b"apikey",
    b"key",
    b"secret",
    b"password",
    b"session",
    b"sid",
];

/// From how many letters on a value is taken for a secret.
const SECRET_LEN: usize = 8;

fn cleartext_credentials(facts: &HandshakeFacts<'_>) -> Outcome {
    let Some(request) = facts.request.filter(|_| !facts.encrypted) else {
        return Outcome::NotApplicable;
    };
    let sent = CREDENTIALS
        .into_iter()
        .find(|name| request.fields().first(name).is_some());
    let set = facts
        .answer()
        .is_some_and(|(_, response)| response.fields().first("Set-Cookie").is_some());
    let name = sent.or(set.then_some("Set-Cookie"));
    let severity = if facts.reach == Reach::Loopback {
        Severity::Info
    } else {
        Severity::Warning
    };
    Outcome::fail_if(name.is_some(), severity, || {
        format!("{} is sent without TLS", name.unwrap_or_default())
    })
}

fn token_in_url(facts: &HandshakeFacts<'_>) -> Outcome {
    let Some(request) = facts.request else {
        return Outcome::Unknown(facts.missing);
    };
    let target = request.target();
    let query = target
        .splitn(2, |byte| *byte == b'?')
        .nth(1)
        .unwrap_or_default();
    let socket_io = query.windows(4).any(|part| part == b"EIO=");
    let secret = query.split(|byte| *byte == b'&').find_map(|parameter| {
        let at = memchr::memchr(b'=', parameter)?;
        let (name, value) = parameter.split_at(at);
        let value = value.get(1..).unwrap_or_default();
        let named = SECRETS
            .iter()
            .any(|secret| name.eq_ignore_ascii_case(secret));
        let exempt = socket_io && name == b"sid";
        (named && !exempt && value.len() >= SECRET_LEN || is_jwt(value)).then_some(name)
    });
    let severity = if facts.encrypted {
        Severity::Info
    } else {
        Severity::Warning
    };
    Outcome::fail_if(secret.is_some(), severity, || {
        format!(
            "the request target carries {}=***",
            shown(secret.unwrap_or_default())
        )
    })
}

/// A JSON Web Token (RFC 7519): three parts in base64url, of which the first is an object.
fn is_jwt(value: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    value.starts_with(b"eyJ")
        && value.split(|byte| *byte == b'.').count() == 3
        && value
            .split(|byte| *byte == b'.')
            .all(|part| part.iter().all(letter))
}

fn cswsh_risk(facts: &HandshakeFacts<'_>) -> Outcome {
    let Some((request, _)) = facts.switched() else {
        return facts.unpaired();
    };
    let fields = request.fields();
    let cookie = fields.first("Cookie").is_some();
    let Some((origin, host)) = fields
        .first("Origin")
        .zip(fields.first("Host"))
        .filter(|_| cookie)
    else {
        return Outcome::NotApplicable;
    };
    let foreign = !without_port(origin_host(origin)).eq_ignore_ascii_case(without_port(host));
    Outcome::warning_if(foreign, || {
        format!(
            "the server accepted cookies from origin {} for host {}; it may allow that origin",
            shown_origin(origin),
            shown_origin(host)
        )
    })
}

fn origin_host(origin: &[u8]) -> &[u8] {
    memchr::memmem::find(origin, b"://")
        .and_then(|at| origin.get(at + 3..))
        .unwrap_or(origin)
}

fn without_port(host: &[u8]) -> &[u8] {
    let end = memchr::memrchr(b':', host)
        .filter(|&at| !host.get(at..).unwrap_or_default().contains(&b']'));
    host.get(..end.unwrap_or(host.len())).unwrap_or(host)
}

fn pipelined_behind_upgrade(facts: &HandshakeFacts<'_>) -> Outcome {
    if facts.answer().is_none() {
        return facts.unpaired();
    }
    let request = facts.early.is_some_and(|early| early.is_request);
    Outcome::warning_if(request, || {
        "a second request follows the upgrade before its answer".to_string()
    })
}

fn h2c_upgrade(facts: &HandshakeFacts<'_>) -> Outcome {
    let Some(request) = facts.request else {
        return Outcome::NotApplicable;
    };
    if !request.fields().has_member("Upgrade", "h2c") {
        return Outcome::Pass;
    }
    let switched = facts.switched().is_some();
    let severity = if switched && is_proxied(request) {
        Severity::Error
    } else {
        Severity::Warning
    };
    let answer = if switched {
        ", and was answered with 101"
    } else {
        ""
    };
    let explanation = format!("the request asks to upgrade to h2c{answer}");
    Outcome::Fail(severity, explanation)
}

fn tls_not_used(facts: &HandshakeFacts<'_>) -> Outcome {
    let Some(request) = facts.request else {
        return Outcome::Unknown(facts.missing);
    };
    let exposed = !facts.encrypted && facts.reach == Reach::Public;
    Outcome::info_if(exposed, || {
        let host = request.fields().first("Host").unwrap_or_default();
        format!(
            "the handshake with {} is in the clear, at a public address",
            shown_origin(host)
        )
    })
}

fn is_proxied(request: &RequestHead) -> bool {
    ["Via", "X-Forwarded-For"]
        .into_iter()
        .any(|name| request.fields().first(name).is_some())
}

fn failed_upgrade_tunnel(facts: &LineFacts<'_>, direction: Direction) -> Answer {
    match facts.http.tunnel.as_deref() {
        Some(Tunnel::Used(how, spot)) if direction == Direction::ToServer => Answer::of(
            direction,
            Outcome::Fail(Severity::Warning, (*how).to_string()),
            *spot,
        ),
        _ => Answer::none(),
    }
}
