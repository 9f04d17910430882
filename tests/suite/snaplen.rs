//! What is there of HTTP where the snapshot length cut packets off: the lines that are whole, and nothing else.

use wscope::capture::Packet;
use wscope::direction::Direction::{ToClient, ToServer};
use wscope::event::{Protocol, Verdict};
use wscope::span::Trust;

use crate::collect::Rows;
use crate::traffic::Traffic;

/// Ethernet, IPv4, and TCP with a time stamp.
const HEADERS: usize = 66;

/// What is read of a conversation of whose payloads the capture has so many bytes at most.
fn cut(traffic: &Traffic, payload: usize) -> Rows {
    let recording = traffic.segmented(1460).recording();
    let packets = recording.packets().map(|packet| {
        let held = packet.bytes.len().min(HEADERS + payload);
        Packet {
            bytes: &packet.bytes[..held],
            ..packet
        }
    });
    Rows::of(packets)
}

/// A GET and its answer, then a WebSocket.
fn conversation() -> Traffic {
    (0..4).fold(Traffic::new(5).handshake(), |traffic, _| {
        traffic.client_text("Hello").server_text("Hello yourself")
    })
}

#[test]
fn of_a_handshake_that_is_cut_off_its_whole_lines_are_told_and_its_verdict_is_unknown() {
    let traffic = conversation();
    let (request, response) = (&traffic.turns[0].bytes, &traffic.turns[1].bytes);
    let line = "GET /chat HTTP/1.1\r\n".len();
    let status = "HTTP/1.1 101 ".len();
    for payload in 16..=request.len().max(response.len()) {
        let rows = cut(&traffic, payload);
        let is_whole = |head: &[u8]| payload >= head.len();
        let (asked, answered) = (payload >= line, payload >= status);
        assert_eq!(rows.handshakes.len(), usize::from(answered), "{payload}");
        for (handshake, exchange) in rows.handshakes.iter().zip(&rows.exchanges) {
            let both = is_whole(request) && is_whole(response);
            let verdict = if both {
                Verdict::Valid
            } else {
                Verdict::Unknown
            };
            assert_eq!(handshake.verdict, verdict, "{payload}");
            assert_eq!(exchange.method.as_deref(), asked.then_some("GET"));
            assert_eq!(handshake.target.as_deref(), asked.then_some("/chat"));
            assert_eq!(handshake.status, Some(101));
            let expected = is_whole(request).then_some(request.len() as u64);
            assert_eq!(handshake.request_length, expected, "{payload}");
            let expected = is_whole(response).then_some(response.len() as u64);
            assert_eq!(handshake.response_length, expected, "{payload}");
            // A field is there once its line is.
            let host = payload >= line + "Host: example.com\r\n".len();
            assert_eq!(exchange.host.as_deref(), host.then_some("example.com"));
            assert!(handshake.reasons.is_empty());
        }
        // Frames are shorter, and all there.
        assert_eq!(rows.messages.len(), 8, "{payload}");
        for frame in &rows.frames {
            let known = match frame.sender {
                ToServer => is_whole(request),
                ToClient => is_whole(response),
            };
            let trust = if known { Trust::Exact } else { Trust::Resynced };
            assert_eq!(frame.trust, trust, "{payload}");
        }
    }
}

/// A conversation in which a 101 answers this request, and what follows is no WebSocket.
fn switching(request: &str, response: &str) -> Rows {
    let mut traffic = Traffic::new(5);
    traffic.say(
        ToServer,
        format!("{request}\r\n{}: y\r\n\r\n", "x".repeat(200)),
    );
    traffic.say(
        ToClient,
        format!("{response}\r\n{}: y\r\n\r\n", "x".repeat(200)),
    );
    traffic.say(ToServer, vec![0; 40]);
    traffic.say(ToClient, vec![0; 40]);
    cut(&traffic, 100)
}

#[test]
fn a_101_that_is_cut_off_is_no_handshake_where_what_is_there_names_another_protocol() {
    let websocket = "HTTP/1.1 101 Switching Protocols";
    let other = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c";
    for (request, response) in [
        ("GET / HTTP/1.1\r\nUpgrade: h2c", websocket),
        ("GET / HTTP/1.1", other),
        ("GET / HTTP/1.1\r\nUpgrade: h2c", other),
        ("POST /exec HTTP/1.1", websocket),
    ] {
        let rows = switching(request, response);
        assert_eq!(rows.handshakes, [], "{request}, {response}");
        assert_eq!(rows.connections[0].protocol, Protocol::Http);
        let exchange = &rows.exchanges[0];
        assert_eq!(exchange.status, Some(101));
        assert!(!exchange.upgrade && !exchange.complete);
    }
    let rows = switching("GET / HTTP/1.1\r\nUpgrade: h2c, websocket", websocket);
    assert_eq!(rows.handshakes.len(), 1);
}

#[test]
fn requests_and_responses_whose_heads_are_cut_off_are_paired_by_their_first_lines() {
    let traffic = (0..5).fold(Traffic::new(5), |traffic, index| {
        traffic.http_get(&format!("/{index}"), 200 + index, &[b'x'; 300])
    });
    let said = traffic.truth.exchanges.clone();
    let rows = cut(&traffic, 30);
    assert_eq!(rows.exchanges.len(), said.len());
    for (exchange, said) in rows.exchanges.iter().zip(&said) {
        assert_eq!(exchange.method.as_deref(), Some("GET"));
        assert_eq!(exchange.target.as_ref(), Some(&said.target));
        assert_eq!(exchange.status, Some(said.status));
        assert!(!exchange.complete);
        assert_eq!(exchange.request_head_length, None);
        assert_eq!(exchange.response_head_length, None);
        assert_eq!(
            (exchange.request_wire, exchange.response_wire),
            (None, None)
        );
    }
}
