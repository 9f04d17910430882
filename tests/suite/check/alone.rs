//! Each rule alone: what breaks it, and what nearly does.

use std::collections::BTreeSet;

use wscope::check::{Finding, RULES, Severity};

use super::script::Script;
use super::{Kept, found, ids, packets};
use crate::fixtures;

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: q83vEjRWeJq83vASNFZ4kA==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: S7aNi1ipdelJ9niR4lWf4t9lcHI=\r\n\r\n";

/// A rule, a text of the two heads, what stands in its place to break the rule, and what does not quite. `^` and `$` are the ends of
/// the request's and of the response's fields.
#[rustfmt::skip]
const HEADS: &[(&str, &str, &str, &str)] = &[
    ("ws-req-method-not-get", "GET /chat", "POST /chat", "GET /POST"),
    ("ws-req-http-version", "/chat HTTP/1.1", "/chat HTTP/1.0", "/HTTP/1.0 HTTP/1.1"),
    ("ws-req-host-missing", "Host: example.com\r\n", "", "hOST: example.com\r\n"),
    ("ws-req-host-multiple", "^", "Host: other.example\r\n", "X-Host: other.example\r\n"),
    ("ws-req-host-multiple", "Host: example.com", "Host: a/b", "Host: [::1]:8080"),
    ("ws-req-upgrade-missing", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key", "Connection: Upgrade\r\nSec-WebSocket-Key", "upgrade: h2c, WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key"),
    ("ws-req-connection-missing-upgrade", "Connection: Upgrade\r\nSec-WebSocket-Key", "Connection: keep-alive\r\nSec-WebSocket-Key", "Connection: keep-alive, upgrade\r\nSec-WebSocket-Key"),
    ("ws-req-target-fragment", "/chat", "/chat#room", "/chat%23room"),
    ("ws-req-has-body", "^", "Content-Length: 5\r\n", "Content-Length: 0\r\n"),
    ("ws-req-origin-missing-browser", "^", "User-Agent: Mozilla/5.0\r\n", "User-Agent: Mozilla/5.0\r\nOrigin: http://example.com\r\n"),
    ("ws-req-origin-malformed", "^", "Origin: http://example.com/\r\n", "Origin: http://example.com:8080\r\n"),
    ("ws-req-key-missing", "Sec-WebSocket-Key: q83vEjRWeJq83vASNFZ4kA==\r\n", "", "sec-websocket-key: q83vEjRWeJq83vASNFZ4kA==\r\n"),
    ("ws-req-key-invalid", "q83vEjRWeJq83vASNFZ4kA==", "q83vEjRWeJq83vASNFZ4", "q83vEjRWeJq83vASNFZ4kg=="),
    ("ws-req-key-multiple", "^", "Sec-WebSocket-Key: q83vEjRWeJq83vASNFZ4kA==\r\n", "Sec-WebSocket-Keys: none\r\n"),
    ("ws-req-key-noncanonical", "q83vEjRWeJq83vASNFZ4kA==", "q83vEjRWeJq83vASNFZ4kB==", "q83vEjRWeJq83vASNFZ4kQ=="),
    ("ws-req-key-weak", "q83vEjRWeJq83vASNFZ4kA==", "AAAAAAAAAAAAAAAAAAAAAA==", "AAECAAAAAAAAAAAAAAAAAA=="),
    ("ws-req-version-missing", "Sec-WebSocket-Version: 13\r\n", "", "sec-websocket-version: 13\r\n"),
    ("ws-req-version-invalid", "Version: 13", "Version: 013", "Version: 8"),
    ("ws-req-version-unsupported", "Version: 13", "Version: 8", "Version: x"),
    ("ws-req-subprotocol-invalid", "^", "Sec-WebSocket-Protocol: chat/1\r\n", "Sec-WebSocket-Protocol: chat.1\r\n"),
    ("ws-req-subprotocol-duplicate", "^", "Sec-WebSocket-Protocol: chat, chat\r\n", "Sec-WebSocket-Protocol: chat, Chat\r\n"),
    ("ws-req-extension-grammar", "^", "Sec-WebSocket-Extensions: a; b=\r\n", "Sec-WebSocket-Extensions: a; b=\"c\"\r\n"),
    ("ws-req-extension-unregistered", "^", "Sec-WebSocket-Extensions: deflate-frame\r\n", "Sec-WebSocket-Extensions: Permessage-Deflate\r\n"),
    ("ws-req-pmd-offer-invalid", "^", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7\r\n", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8\r\n"),
    ("ws-accept-mismatch", "S7aNi1ipdelJ9niR4lWf4t9lcHI=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "  S7aNi1ipdelJ9niR4lWf4t9lcHI="),
    ("ws-accept-missing", "Sec-WebSocket-Accept: S7aNi1ipdelJ9niR4lWf4t9lcHI=\r\n", "", "sec-websocket-accept: S7aNi1ipdelJ9niR4lWf4t9lcHI=\r\n"),
    ("ws-accept-multiple", "$", "Sec-WebSocket-Accept: S7aNi1ipdelJ9niR4lWf4t9lcHI=\r\n", "X-Accept: none\r\n"),
    ("ws-resp-upgrade-missing", "Protocols\r\nUpgrade: websocket\r\n", "Protocols\r\n", "Protocols\r\nUpgrade: WebSocket\r\n"),
    ("ws-resp-connection-missing-upgrade", "Connection: Upgrade\r\nSec-WebSocket-Accept", "Connection: keep-alive\r\nSec-WebSocket-Accept", "Connection: a, UPGRADE\r\nSec-WebSocket-Accept"),
    ("ws-resp-accepts-bad-request", "Version: 13", "Version: 25", "Version:  13"),
    ("ws-resp-http-version", "HTTP/1.1 101", "HTTP/1.0 101", "HTTP/1.1  101"),
    ("ws-resp-101-body-framing", "$", "Content-Length: 0\r\n", "Content-Type: none\r\n"),
    ("ws-resp-subprotocol-not-offered", "$", "Sec-WebSocket-Protocol: chat\r\n", ""),
    ("ws-resp-subprotocol-multiple", "$", "Sec-WebSocket-Protocol: a, b\r\n", "Sec-WebSocket-Protocol: a\r\n"),
    ("ws-resp-subprotocol-none", "^", "Sec-WebSocket-Protocol: chat\r\n", "X-Protocol: chat\r\n"),
    ("ws-resp-extension-not-offered", "$", "Sec-WebSocket-Extensions: permessage-deflate\r\n", ""),
    ("ws-resp-extension-grammar", "$", "Sec-WebSocket-Extensions: ;\r\n", "Sec-WebSocket-Extensions: a;b\r\n"),
    ("ws-resp-pmd-params-invalid", "$", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8\r\n"),
    ("ws-resp-pmd-duplicate", "$", "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n", "Sec-WebSocket-Extensions: permessage-deflate, other\r\n"),
    ("ws-resp-not-101", "101 Switching Protocols", "404 Not Found\r\nContent-Length: 0", "101 Not Found"),
    ("http-te-and-cl", "^", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "Content-Length: 0\r\n"),
    ("http-te-invalid", "$", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: gzip, chunked\r\n"),
    ("http-cl-conflict", "$", "Content-Length: 1, 2\r\n", "Content-Length: 1, 1\r\n"),
    ("http-header-malformed", "$", "X-Name : a\r\n", "X-Name: a b\t\r\n"),
    ("sec-cleartext-credentials", "^", "Cookie: a=b\r\n", "X-Cookie: a=b\r\n"),
    ("sec-token-in-url", "/chat", "/chat?token=abcdefgh", "/chat?token=abcdefg"),
    ("sec-cswsh-risk", "^", "Cookie: a=b\r\nOrigin: http://evil.example\r\n", "Cookie: a=b\r\nOrigin: http://example.com:81\r\n"),
    ("sec-h2c-upgrade", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key", "Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Key", "Upgrade: h2cx, websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key"),
];

/// A rule, what both heads agree on more, a script that breaks the rule, and one that does not quite.
#[rustfmt::skip]
const TALKS: &[(&str, &str, &str, &str)] = &[
    ("ws-early-client-data", "", "Q c=8100 R", "Q R ca c=8100"),
    ("sec-pipelined-behind-upgrade", "", "Q C\"GET / HTTP/1.1\\r\\n\\r\\n\" R", "Q c=8100 R"),
    ("ws-client-frame-unmasked", "", "Q R C=8101aa", "Q R c=8101aa"),
    ("ws-server-frame-masked", "", "Q R s=818137fa213d56", "Q R s=810137"),
    ("ws-rsv-unnegotiated", "", "Q R s=a10161", "Q R s=810161"),
    ("ws-rsv-unnegotiated", "permessage-deflate", "Q R s=a10100", "Q R s=c10100"),
    ("ws-pmd-rsv1-on-control", "permessage-deflate", "Q R s=c90178", "Q R s=890178"),
    ("ws-pmd-rsv1-on-continuation", "permessage-deflate", "Q R s=4103f248cdc004c9c90700", "Q R s=4103f248cd8004c9c90700"),
    ("ws-opcode-reserved", "", "Q R s=8300", "Q R s=8200"),
    ("ws-length-not-minimal", "", "Q R s=827e007dx125.", "Q R s=827e007ex126."),
    ("ws-length-msb-set", "", "Q R s=827f8000000000000005", "Q R s=827f0000000000010000"),
    ("ws-frame-huge", "", "Q R s=827f0000000001000001", "Q R s=827f0000000001000000"),
    ("ws-control-too-long", "", "Q R s=897e007ex126.", "Q R s=897dx125."),
    ("ws-control-fragmented", "", "Q R s=0900", "Q R s=8900"),
    ("ws-continuation-unexpected", "", "Q R s=800178", "Q R s=010178 s=8900 s=800178"),
    ("ws-continuation-expected", "", "Q R s=010178 s=810178", "Q R s=010178 s=8900 s=800178 s=810178"),
    ("ws-frame-truncated", "", "Q R s=81056161 sf ca cf", "Q R s=81026161 sf ca cf"),
    ("ws-message-unfinished", "", "Q R s=010161 sf ca cf", "Q R s=010161 s=8000 sf ca cf"),
    ("ws-text-invalid-utf8", "", "Q R s=8102c0af", "Q R s=8102c3a9"),
    ("ws-text-invalid-utf8", "", "Q R s=0101c3 s=800141", "Q R s=0101c3 s=8001a9"),
    ("ws-message-too-large", "", "Q R s=827f0000000000100001 s=x60000.*17 s=x28577.", "Q R s=827f0000000000100000 s=x60000.*17 s=x28576."),
    ("ws-message-refused-too-big", "", "Q R c=8201aa s=880203f1", "Q R s=880203f1"),
    ("ws-subprotocol-wrong-type", "mqtt", "Q R c=810161", "Q R c=820161"),
    ("ws-pmd-inflate-failed", "permessage-deflate", "Q R s=c104ffffffff", "Q R s=c107f248cdc9c90700"),
    ("ws-pmd-context-takeover-violated", "permessage-deflate; server_no_context_takeover", "Q R s=c107f248cdc9c90700 s=c105f200110000", "Q R c=c107f248cdc9c90700 c=c105f200110000"),
    ("ws-pmd-tail-not-removed", "permessage-deflate", "Q R s=c10bf248cdc9c907000000ffff", "Q R s=c107f248cdc9c90700"),
    ("ws-pmd-empty-payload", "permessage-deflate", "Q R s=c100", "Q R s=c10100"),
    ("ws-pmd-bfinal", "permessage-deflate", "Q R s=c108f348cdc9c9070000", "Q R s=c107f248cdc9c90700"),
    ("ws-pmd-expansion", "permessage-deflate", "Q R s=c107f248cdc9c90700", "Q R s=8105x5."),
    ("ws-pmd-never-used", "permessage-deflate", "Q R s=827e0101x257.*20", "Q R s=827e0101x257.*19"),
    ("ws-mask-zero", "", "Q R C=818000000000", "Q R C=818000000001"),
    ("ws-mask-reused", "", "Q R C=8180a1b2c3d4 C=8180a1b2c3d4", "Q R C=8180a1b2c3d4 C=8180a1b2c3d5"),
    ("ws-mask-predictable", "", "Q R C=8180a1b2c3d4 C=8180a1b2c3d5 C=8180a1b2c3d6 C=8180a1b2c3d7", "Q R C=8180a1b2c3d4 C=8180a1b2c3d5 C=8180a1b2c3d6 C=8180a1b2c4d7"),
    ("ws-mask-wire-looks-like-http", "", "Q R C=828e00000001474554202f20485454502f312e31", "Q R C=828e00000001474554202e20485454502f312e31"),
    ("ws-close-payload-one-byte", "", "Q R s=880103", "Q R s=8800"),
    ("ws-close-code-reserved-on-wire", "", "Q R s=880203ed", "Q R s=880203e8"),
    ("ws-close-code-invalid", "", "Q R s=880203e7", "Q R s=880203e8"),
    ("ws-close-code-wrong-sender", "", "Q R s=880203f2", "Q R s=880203f3"),
    ("ws-close-code-wrong-sender", "permessage-deflate", "Q R s=880203f2", "Q R c=880203f2"),
    ("ws-close-reason-invalid-utf8", "", "Q R s=880403e8c0af", "Q R s=880403e8c3a9"),
    ("ws-close-protocol-error-sent", "", "Q R c=8100 s=880203ea", "Q R c=8100 s=880203e8"),
    ("ws-data-after-close", "", "Q R s=880203e8 s=8100", "Q R s=8100 s=880203e8"),
    ("ws-close-no-reply", "", "Q R s=880203e8 ca cf sa sf ca", "Q R s=880203e8 ca c=880203e8 cf sa sf ca"),
    ("ws-close-missing", "", "Q R s=8100 ca cf sf ca", "Q R s=8800 ca cf sf ca"),
    ("ws-close-client-closed-tcp-first", "", "Q R c=8800 s=8800 cf sf ca", "Q R c=8800 s=8800 sf cf sa"),
    ("ws-close-tcp-lingers", "", "Q R c=8800 s=8800 +3000 cf sf ca", "Q R c=8800 s=8800 sf +3000 cf sa"),
    ("ws-close-half-open", "", "Q R cf sa +11000 s=8100 sf ca", "Q R cf sa +9000 s=8100 sf ca"),
    ("ws-close-code-differs", "", "Q R c=880203e8 s=880203e9", "Q R c=880203e8 s=880203e8"),
    ("ws-pong-mismatch", "", "Q R s=890161 c=8a0162 cf sa sf ca", "Q R s=890161 c=8a0161 cf sa sf ca"),
    ("ws-ping-unanswered", "", "Q R s=890161 ca +11000 ca", "Q R s=890161 ca +11000 c=8a0161"),
    ("ws-pong-unsolicited", "", "Q R c=8a0161", "Q R s=890161 c=8a0161"),
    ("ws-ping-interval", "", "Q R +1000|s=8900*6", "Q R +20000|s=8900*6"),
    ("ws-idle-no-keepalive", "", "Q R s=8100 +61000 s=8100", "Q R s=8100 +61000 s=8900"),
    ("ws-resp-missing", "", "Q sa +5000 sf ca", "Q sa R"),
    ("ws-handshake-slow", "", "Q +1100 R", "Q +900 R"),
    ("sec-pmd-bomb", "permessage-deflate", "Q R B", "Q R Z"),
    ("perf-tiny-fragments", "", "Q R s=010178 s=000178*5 s=007e0258x600. s=800178", "Q R s=010178 s=000178*5 s=007e0158x344. s=800178"),
    ("perf-empty-final-fragment", "", "Q R s=010161 s=8000", "Q R s=0100 s=800161"),
    ("perf-header-payload-split", "", "Q R s=8202|s=x2.*12", "Q R s=8202|s=x2.*4 s=8202x2.*8"),
    ("perf-nagle-delay", "", "Q R s=8202|+40|ca|s=x2.*4", "Q R s=8202|+40|s=x2.*4"),
    ("perf-frame-per-segment", "", "Q R s=810161*55", "Q R s=810161*45"),
    ("perf-base64-in-text", "", "Q R s=817e1388 s=61425a79*1250", "Q R s=817e0fa0 s=61425a79*1000"),
    ("perf-base64-in-text", "", "Q R s=817e1388 s=61425a79*1250", "Q R s=817e1388x5000."),
    ("perf-overhead", "", "Q R s=810161*12", "Q R s=8105x5.*12"),
    ("tcp-retransmission", "", "Q R s=8102x2. again", "Q R s=8102x2. s=8102x2."),
    ("tcp-overlap-conflict", "", "Q R s=8102x2. other", "Q R s=8102x2. again"),
    ("tcp-rst-without-close", "", "Q R s=8102x2. cr", "Q R s=8102x2. c=8800 cr"),
    ("tcp-zero-window", "", "Q R c0 +1500 ca", "Q R c0 +500 ca"),
    ("ws-req-key-reused", "", "Q R +2000 ( Q R", "Q R"),
    ("ws-reconnect-no-backoff", "", "Q R s=8100 ca cf sf ca ( Q R s=8100 ca cf sf ca ( Q R s=8100 ca cf sf ca ( Q R s=8100", "Q R s=8100 ca cf sf ca +500 ( Q R s=8100 ca cf sf ca ( Q R s=8100 ca cf sf ca ( Q R s=8100"),
    ("perf-short-connections", "", "Q R cf sf ca (|Q|R|cf|sf|ca*4", "Q R cf sf ca (|Q|R|cf|sf|ca*3"),
    ("ws-req-parallel-connecting", "", "Q ( Q R cf sf ca ) R cf sf ca", "Q R ( Q R cf sf ca ) cf sf ca"),
    ("perf-http-polling", "", "P|+1000*10", "P|+1000*9"),
    ("perf-json-uncompressed", "", "Q R s=817e0fa07bx3999.*20", "Q R s=817e0fa07bx3999.*10"),
    ("ws-pmd-no-takeover-cost", "permessage-deflate; server_no_context_takeover", "Q R Z*20", "Q R Z*19"),
    ("sec-failed-upgrade-tunnel", "", "Q s\"HTTP/1.1 403 No\\r\\nContent-Length: 0\\r\\n\\r\\n\" c=81008100", "Q s\"HTTP/1.1 403 No\\r\\nContent-Length: 0\\r\\n\\r\\n\" C\"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\""),
    ("sec-failed-upgrade-tunnel", "", "Q s\"HTTP/1.1 403 No\\r\\nContent-Length: 0\\r\\n\\r\\n\" c=81026162 s=8100 c=8100", "Q s\"HTTP/1.1 403 No\\r\\nContent-Length: 0\\r\\n\\r\\n\" c=81026162 s=8100 C\"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\""),
    ("sec-failed-upgrade-tunnel", "", "Q s\"HTTP/1.1 403 No\\r\\nContent-Length: 0\\r\\n\\r\\n\" C=81 C=8000000000 C=89 C=8000000000", "Q s\"HTTP/1.1 403 No\\r\\nContent-Length: 0\\r\\n\\r\\n\" C=81 C=8000000000 C=8300"),
    ("sec-failed-upgrade-tunnel", "bad-accept", "Q R C=81800000000047455420", "Q R C=818000000000474554"),
    ("sec-failed-upgrade-tunnel", "bad-accept", "Q R C=818000000000 C=47 C=4554 C=20", "Q R C=818000000000 C=47 lost C=4554 C=20 C=818000000000"),
    ("sec-failed-upgrade-tunnel", "bad-accept", "Q R C\"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"", "Q R c=8100"),
    ("sec-tls-not-used", "", "Q R", "home Q R"),
];

/// A rule, the extension that is offered, an answer that breaks the rule, and one that does not quite.
#[rustfmt::skip]
const ANSWERS: &[(&str, &str, &str, &str)] = &[
    ("ws-resp-pmd-client-bits-not-offered", "permessage-deflate", "; client_max_window_bits=10", "; server_max_window_bits=10"),
    ("ws-resp-pmd-offer-not-honoured", "permessage-deflate; server_max_window_bits=10", "; server_max_window_bits=11", "; server_max_window_bits=9"),
];

/// A rule, the version that is asked for, a refusal that breaks the rule, and one that does not quite.
#[rustfmt::skip]
const REFUSALS: &[(&str, &str, &str, &str)] = &[
    ("ws-resp-version-header-missing", "8", "426 Upgrade Required\r\nUpgrade: websocket", "426 Upgrade Required\r\nSec-WebSocket-Version: 13"),
    ("ws-resp-426-without-upgrade", "8", "426 Upgrade Required\r\nSec-WebSocket-Version: 13", "426 Upgrade Required\r\nUpgrade: websocket"),
    ("ws-resp-redirect", "13", "302 Found\r\nLocation: /", "304 Not Modified"),
    ("ws-resp-auth-challenge", "13", "401 Unauthorized\r\nWWW-Authenticate: Basic", "403 Forbidden"),
];

/// Rules whose bytes are long, by the vectors that break them and do not quite; `vectors.rs` judges those.
const VECTORS: &[(&str, &str, &str)] = &[(
    "ws-pmd-window-exceeded",
    "pmd-window-exceeded",
    "pmd-window-ok",
)];

/// A rule, a script that breaks it and one that does not quite.
#[derive(Clone, Debug)]
pub struct Case {
    pub rule: &'static str,
    pub broken: Script,
    pub near: Script,
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |rule, bad, near| {
        cases.push(Case {
            rule,
            broken: bad,
            near,
        });
    };
    for &(rule, from, bad, near) in HEADS {
        add(rule, edited(rule, from, bad), edited(rule, from, near));
    }
    for &(rule, agreed, bad, near) in TALKS {
        add(rule, agreeing(agreed, bad), agreeing(agreed, near));
    }
    for &(rule, offered, bad, near) in ANSWERS {
        add(rule, answered(offered, bad), answered(offered, near));
    }
    for &(rule, version, bad, near) in REFUSALS {
        add(
            rule,
            refused(version, bad, "Q R"),
            refused(version, near, "Q R"),
        );
    }
    cases
}

fn edited(rule: &str, from: &str, to: &str) -> Script {
    let (request, response) = match from {
        "^" => (with(REQUEST, to), RESPONSE.to_string()),
        "$" => (REQUEST.to_string(), with(RESPONSE, to)),
        _ => {
            assert!(
                REQUEST.contains(from) || RESPONSE.contains(from),
                "{rule}: {from}"
            );
            (
                REQUEST.replacen(from, to, 1),
                RESPONSE.replacen(from, to, 1),
            )
        }
    };
    Script::of([&request, &response], "Q R")
}

pub(super) fn agreeing(agreed: &str, line: &str) -> Script {
    let (request, response) = match agreed {
        "" => (REQUEST.to_string(), RESPONSE.to_string()),
        "bad-accept" => (REQUEST.to_string(), RESPONSE.replace("S7aN", "AAAA")),
        "mqtt" => both("Sec-WebSocket-Protocol: mqtt\r\n"),
        extension => both(&format!("Sec-WebSocket-Extensions: {extension}\r\n")),
    };
    Script::of([&request, &response], line)
}

fn answered(offered: &str, parameters: &str) -> Script {
    let request = with(REQUEST, &format!("Sec-WebSocket-Extensions: {offered}\r\n"));
    let answer = format!("Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n");
    Script::of([&request, &with(RESPONSE, &answer)], "Q R")
}

pub(super) fn refused(version: &str, status: &str, line: &str) -> Script {
    let request = REQUEST.replace("Version: 13", &format!("Version: {version}"));
    let response = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    Script::of([&request, &response], line)
}

fn both(field: &str) -> (String, String) {
    (with(REQUEST, field), with(RESPONSE, field))
}

/// A head with another field.
fn with(head: &str, field: &str) -> String {
    let fields = head.strip_suffix("\r\n").unwrap();
    format!("{fields}{field}\r\n")
}

#[test]
fn every_case_breaks_its_rule_and_its_neighbour_does_not() {
    let mut complaints = Vec::new();
    for case in cases() {
        let broken = ids(&found(case.broken.packets()), Severity::Info);
        let near = ids(&found(case.near.packets()), Severity::Info);
        if !broken.contains(case.rule) {
            complaints.push(format!("{}: not found; found {broken:?}", case.rule));
        }
        if near.contains(case.rule) {
            complaints.push(format!("{}: found where it is kept", case.rule));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_rule_says_where_it_is_taken_otherwise_than_it_is_listed() {
    let mut captures: Vec<Vec<Finding>> = Vec::new();
    for case in cases() {
        captures.push(found(case.broken.packets()));
        captures.push(found(case.near.packets()));
    }
    for case in fixtures::readable() {
        let packets = packets(&case.path(case.capture.as_deref().unwrap()));
        captures.push(found(packets.iter().map(Kept::packet)));
    }
    let mut otherwise: BTreeSet<(&str, &str)> = captures
        .iter()
        .flatten()
        .filter(|finding| finding.severity != finding.rule.severity)
        .map(|finding| (finding.rule.id, finding.severity.name()))
        .collect();
    assert!(!otherwise.is_empty());
    // What no capture here shows.
    otherwise.extend([
        ("ws-close-code-invalid", "warning"),
        ("ws-data-after-close", "warning"),
        ("ws-mask-reused", "warning"),
        ("ws-mask-zero", "error"),
        ("ws-message-unfinished", "info"),
        ("ws-req-key-reused", "info"),
        ("ws-resp-subprotocol-none", "error"),
        ("sec-cleartext-credentials", "info"),
        ("sec-h2c-upgrade", "error"),
        ("sec-token-in-url", "info"),
    ]);
    let silent: Vec<&(&str, &str)> = otherwise
        .iter()
        .filter(|(id, severity)| {
            let rule = RULES.iter().find(|rule| rule.id == *id).unwrap();
            ![rule.why, rule.help]
                .iter()
                .any(|text| text.contains(severity))
        })
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn every_rule_has_a_case() {
    let mut tried: BTreeSet<&str> = cases().iter().map(|case| case.rule).collect();
    tried.extend(VECTORS.iter().map(|(rule, ..)| *rule));
    let all: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(tried, all);
}

#[test]
fn the_vectors_that_stand_for_cases_are_there() {
    let vectors = include_str!("../../vectors.json");
    for (rule, broken, near) in VECTORS {
        let is_there = |text: &&str| vectors.contains(&format!("\"{text}\""));
        assert!([rule, broken, near].into_iter().all(is_there));
    }
}

#[test]
fn no_value_of_a_credential_a_cookie_or_a_query_is_told() {
    let fields =
        "Cookie: id=hidden1\r\nAuthorization: Basic hidden2\r\nOrigin: http://evil.example\r\n";
    let request =
        with(REQUEST, fields).replace("/chat", "/chat?token=hidden3&key=hidden33#hidden4");
    let accepted = with(RESPONSE, "Set-Cookie: id=hidden5\r\n");
    let redirected =
        "HTTP/1.1 302 Found\r\nLocation: /in?ticket=hidden6\r\nContent-Length: 0\r\n\r\n";
    for response in [accepted.as_str(), redirected] {
        let findings = found(Script::of([&request, response], "Q R").packets());
        assert!(findings.len() >= 3, "{findings:?}");
        for finding in findings {
            assert!(
                !finding.explanation.contains("hidden"),
                "{}",
                finding.explanation
            );
        }
    }
}

#[test]
fn a_host_that_is_none_is_not_called_one_too_many() {
    let request = REQUEST.replace("Host: example.com", "Host: a/b");
    let findings = found(Script::of([&request, RESPONSE], "Q R").packets());
    let accepted = (findings.iter())
        .find(|finding| finding.rule.id == "ws-resp-accepts-bad-request")
        .unwrap();
    assert!(accepted.explanation.ends_with(": the Host"), "{accepted:?}");
}
