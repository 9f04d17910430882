//! Bounds: what waits for what never comes is given up, says so, and is charged all the same.

use wscope::direction::Direction::{ToClient, ToServer};
use wscope::notice::Kind;
use wscope::span::Trust;

use crate::collect::Rows;
use crate::traffic::Traffic;

/// The rows of a conversation, whose ledger is held against the capture; and how often a limit was reached.
fn read(traffic: &Traffic) -> (Rows, usize) {
    let recording = traffic.segmented(1400).recording();
    let rows = Rows::of(recording.packets());
    let captured: u64 = recording
        .packets()
        .map(|packet| u64::from(packet.original_len))
        .sum();
    assert_eq!(rows.ledger.sum().total(), captured);
    let limits = rows.notices.iter();
    let limits = limits.filter(|notice| notice.kind == Kind::LimitReached);
    let count = limits.count();
    (rows, count)
}

/// A handshake that nobody answers, and so many kilobytes of frames behind it.
fn unanswered(kilobytes: usize) -> Traffic {
    let mut traffic = Traffic::new(7).handshake();
    traffic.turns.pop();
    (0..kilobytes).fold(traffic.left_open(), |traffic, _| {
        traffic.binary(ToServer, 1000)
    })
}

#[test]
fn frames_behind_a_handshake_without_an_answer_wait_and_are_not_read() {
    let (rows, limits) = read(&unanswered(200));
    assert_eq!((rows.frames.len(), limits), (0, 0));
}

#[test]
fn frames_behind_a_handshake_without_an_answer_wait_up_to_a_bound_and_are_then_found() {
    let (rows, limits) = read(&unanswered(600));
    assert_eq!(limits, 1);
    assert!(rows.frames.len() > 500, "{}", rows.frames.len());
    assert!(rows.frames.iter().all(|frame| frame.trust > Trust::Carried));
    assert_eq!(rows.exchanges.len(), 1);
}

#[test]
fn requests_that_nobody_answers_are_kept_up_to_a_bound() {
    let mut traffic = Traffic::new(7).left_open();
    let filler = "x".repeat(900);
    for number in 0..3000 {
        traffic.say(
            ToServer,
            format!("GET /{number} HTTP/1.1\r\nHost: a\r\nX: {filler}\r\n\r\n"),
        );
    }
    let (rows, limits) = read(&traffic);
    assert!((1..=3).contains(&limits), "{limits}");
    assert!(rows.exchanges.len() > 2900, "{}", rows.exchanges.len());
    let exact = rows.exchanges.iter();
    let exact = exact.filter(|exchange| exchange.trust == Trust::Exact);
    assert!((1000..1300).contains(&exact.count()));
}

#[test]
fn lengths_that_no_number_holds_together_are_as_long_as_one_can_be() {
    let mut traffic = Traffic::new(7).handshake().left_open();
    traffic.say(ToClient, b"\x01\x05hello");
    traffic.say(ToClient, b"\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xffab");
    let (rows, _) = read(&traffic);
    let [message] = rows.messages.as_slice() else {
        panic!("{:?}", rows.messages);
    };
    assert_eq!((message.coded_length, message.complete), (u64::MAX, false));
}
