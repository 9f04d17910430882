//! The whole way from packets to events.

use std::panic::AssertUnwindSafe;

use wscope::decode::Flags;
use wscope::direction::Direction::{self, ToClient, ToServer};
use wscope::event::Protocol;

use wscope::span::Trust;

use super::fuzz;
use crate::collect::{Costs, ExchangeRow, Rows};
use crate::traffic::tcp::Segment;
use crate::traffic::{Segments, Traffic};

/// Turns of a conversation: a byte whose lowest bit tells the sender, two bytes of length, and so many bytes.
pub(super) fn conversation(mut input: &[u8]) -> Traffic {
    let mut traffic = Traffic::new(1);
    while let Some((&[sender, high, low], rest)) = input.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (bytes, rest) = rest.split_at(len);
        traffic.say(if sender & 1 == 0 { ToServer } else { ToClient }, bytes);
        input = rest;
    }
    traffic
}

/// The same the other way round.
pub(super) fn written(traffic: &Traffic) -> Vec<u8> {
    let mut out = Vec::new();
    for turn in &traffic.turns {
        let len = u16::try_from(turn.bytes.len()).unwrap();
        out.push(u8::from(turn.sender == ToClient));
        out.extend(len.to_be_bytes());
        out.extend(&turn.bytes);
    }
    out
}

fn keeps_its_place(rows: &Rows) -> bool {
    rows.exchanges.iter().all(|row| row.trust <= Trust::Carried)
        && rows.frames.iter().all(|row| row.trust <= Trust::Carried)
}

#[test]
fn any_bytes_of_a_conversation_are_read_the_same_in_any_segments() {
    fuzz!("conversation", |input: &[u8]| {
        let traffic = conversation(input);
        let [one, other] = [16, 65_000].map(|mss| {
            let recording = traffic.segmented(mss).recording();
            let rows = Rows::of(recording.packets());
            assert_eq!(rows.ledger.total(), recording.total());
            rows
        });
        // Where the place is lost, a new one is looked for at the beginnings of packets.
        if [&one, &other].into_iter().all(keeps_its_place) {
            assert_eq!(one.content(Costs::Own), other.content(Costs::Own));
        }
    });
}

/// Found by the search above: a Close of the client that comes before the response to its handshake is whole.
#[test]
fn who_closed_first_is_told_by_the_packets() {
    let mut whole = Traffic::new(1).handshake();
    let response = whole.turns.pop().unwrap().bytes;
    let (begin, rest) = response.split_at(response.len() - 4);
    whole.say(ToClient, begin);
    // 1000, masked with zeros; and 1001 behind the rest of the response.
    whole.say(ToServer, [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
    whole.say(ToClient, [rest, &[0x88, 0x02, 0x03, 0xe9]].concat());
    for mss in [1, 3, 16, 65_000] {
        let rows = Rows::of(whole.segmented(mss).recording().packets());
        let connection = &rows.connections[0];
        let closed = (connection.closed_by, connection.close_code);
        assert_eq!(closed, (Some(ToServer), Some(1000)), "{mss}");
    }
}

/// Found by the search above: a request that goes on while a response comes that nothing asked for.
#[test]
fn a_response_too_many_takes_nothing_of_the_request_that_is_being_sent() {
    let empty = b"HTTP/1.1 204 No Content\r\n\r\n";
    let mut traffic = Traffic::new(1);
    traffic.say(
        ToServer,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n",
    );
    traffic.say(ToClient, empty);
    for _ in 0..300 {
        traffic.say(ToClient, empty);
    }
    // One of which would switch protocols waits for the request.
    let switch =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    for _ in 0..300 {
        traffic.say(ToClient, switch);
    }
    traffic.say(ToServer, [b'x'; 100]);
    for mss in [16, 65_000] {
        let rows = Rows::of(traffic.segmented(mss).recording().packets());
        let is_asked = |row: &&ExchangeRow| row.method.is_some();
        let (asked, others): (Vec<_>, Vec<_>) = rows.exchanges.iter().partition(is_asked);
        assert_eq!((asked.len(), others.len()), (1, 301));
        assert_eq!((asked[0].index, asked[0].complete), (0, true));
        assert_eq!(asked[0].request_body_length, Some(100));
    }
}

/// Found by the search above: frames behind a 101 that comes while its request is still being sent.
#[test]
fn frames_behind_an_early_switch_wait_for_the_request() {
    let mut traffic = Traffic::new(1).handshake();
    let (request, response) = (
        traffic.turns[0].bytes.clone(),
        traffic.turns[1].bytes.clone(),
    );
    traffic.turns.clear();
    let (line, end) = request.split_at(request.len() - 2);
    let begin = [line, b"Transfer-Encoding: chunked\r\n", end].concat();
    traffic.say(ToServer, begin);
    traffic.say(ToClient, response);
    traffic.say(ToClient, [0x89, 0x02, b'h', b'i']);
    traffic.say(ToServer, b"14\r\n01234567890123456789\r\n0\r\n\r\n");
    for mss in [5, 16, 65_000] {
        let rows = Rows::of(traffic.segmented(mss).recording().packets());
        assert_eq!(rows.exchanges[0].request_body_length, Some(31), "{mss}");
        assert_eq!(rows.frames.len(), 1, "{mss}");
    }
}

/// Found by the search above: a request that breaks off in its body, when its 101 is there already.
#[test]
fn an_early_switch_counts_where_its_request_breaks_off() {
    let mut traffic = Traffic::new(1).handshake();
    let (request, response) = (
        traffic.turns[0].bytes.clone(),
        traffic.turns[1].bytes.clone(),
    );
    traffic.turns.clear();
    let (line, end) = request.split_at(request.len() - 2);
    let begin = [line, b"Transfer-Encoding: chunked\r\n", end].concat();
    traffic.say(ToServer, begin);
    traffic.say(ToClient, response);
    traffic.say(ToServer, b"no size of a chunk\r\n");
    for mss in [16, 65_000] {
        let rows = Rows::of(traffic.segmented(mss).recording().packets());
        assert!(!rows.exchanges[0].complete, "{mss}");
        assert_eq!(rows.connections[0].protocol, Protocol::WebSocket, "{mss}");
    }
}

/// Segments of one connection that need not fit together: a byte of flags; a byte whose bits tell sender, whether it acknowledges and
/// whether it goes on where the last one of its sender ended; two bytes of place, two of acknowledgment, one of length.
fn segments(mut input: &[u8], mut segments: Segments) -> Segments {
    segments.list.clear();
    let mut next = [1u64; 2];
    while let Some((&[flags, bits, at, at2, ack, ack2, len], rest)) = input.split_first_chunk() {
        let sender = usize::from(bits & 1);
        let (payload, rest) = rest.split_at(usize::from(len).min(rest.len()));
        let apart = u64::from(u16::from_be_bytes([at, at2]));
        let at = if bits & 2 == 0 { next[sender] } else { apart };
        next[sender] = at + payload.len() as u64;
        segments.list.push(Segment {
            sender: [ToServer, ToClient][sender],
            at,
            ack: (bits & 4 == 0).then(|| {
                if bits & 8 == 0 {
                    next[1 - sender]
                } else {
                    u64::from(u16::from_be_bytes([ack, ack2]))
                }
            }),
            flags,
            payload: payload.to_vec(),
            id: u16::from(bits >> 4),
        });
        input = rest;
    }
    segments
}

/// Every captured byte is charged once, whatever the segments are, and what is read does not depend on the run.
#[test]
fn any_segments_are_charged_to_the_byte() {
    let nothing = AssertUnwindSafe(Traffic::new(1).segmented(100));
    fuzz!("segments", |input: &[u8]| {
        let recording = segments(input, nothing.clone()).recording();
        let rows = Rows::of(recording.packets());
        assert_eq!(rows.ledger.total(), recording.total());
    });
}

/// Found by the search above: a byte far behind its sender's FIN, when a reset ends the connection and another takes its ports.
#[test]
fn what_waits_behind_a_fin_is_charged() {
    let (ack, fin) = (Flags::ACK, Flags::FIN);
    let mut request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n".to_vec();
    request.resize(100, b'x');
    let mut segments = Traffic::new(1).segmented(100);
    segments.list = vec![
        segment(ToServer, 0, Some(1), Flags::SYN, b""),
        segment(ToServer, 1, Some(0), ack, &request),
        segment(ToServer, 201, Some(0), ack, b""),
        segment(ToClient, 111, Some(368), ack | fin, b""),
        segment(ToClient, 522, None, 0, b"T"),
        segment(ToServer, 368, None, Flags::RST | fin, b""),
        segment(ToClient, 606, Some(469), Flags::SYN | fin, b""),
    ];
    assert_balanced(&segments);
}

/// Found by the search for files: TLS records behind a reset that was sent before them.
#[test]
fn tls_records_behind_a_reset_are_charged() {
    let record = |len: u16| {
        let mut record = vec![0x17, 3, 3];
        record.extend_from_slice(&len.to_be_bytes());
        record.resize(5 + usize::from(len), 0x5a);
        record
    };
    let mut segments = Traffic::new(1).segmented(100);
    let mut hello = vec![0x16, 3, 1, 0, 0x40, 1, 0, 0, 0x3c, 3, 3];
    hello.resize(5 + 0x40, 0);
    segments.list = vec![
        segment(ToServer, 1, Some(1), Flags::ACK, &hello),
        segment(ToServer, 1700, None, Flags::RST, &record(28)),
        segment(ToServer, 1733, Some(1), Flags::ACK, &record(19)),
    ];
    assert_balanced(&segments);
}

/// Found by the search for files: TLS that begins behind a reset, and ends inside the header of a record.
#[test]
fn tls_that_begins_behind_a_reset_is_charged() {
    let mut segments = Traffic::new(1).segmented(100);
    let mut hello = vec![0x16, 3, 1, 0, 0x40, 1, 0, 0, 0x3c, 3, 3];
    hello.resize(5 + 0x40, 0);
    let mut answer = vec![0x16, 3, 3, 0, 0x40, 2, 0, 0, 0x3c, 3, 3];
    answer.resize(5 + 0x40, 0);
    answer.extend_from_slice(&[0x17, 3, 3, 1]);
    segments.list = vec![
        segment(
            ToClient,
            0,
            Some(1),
            Flags::SYN | Flags::RST | Flags::ACK,
            b"",
        ),
        segment(ToServer, 1, Some(1), Flags::ACK, &hello),
        segment(ToClient, 1, None, Flags::ACK, &answer),
    ];
    assert_balanced(&segments);
}

fn segment(sender: Direction, at: u64, ack: Option<u64>, flags: u8, payload: &[u8]) -> Segment {
    Segment {
        sender,
        at,
        ack,
        flags,
        payload: payload.to_vec(),
        id: 0,
    }
}

fn assert_balanced(segments: &Segments) {
    let recording = segments.recording();
    assert_eq!(
        Rows::of(recording.packets()).ledger.total(),
        recording.total()
    );
}
