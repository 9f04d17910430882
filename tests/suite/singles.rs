//! What is told in short is what is told at length: a message and its only frame.

use wscope::analysis::{Analysis, Options, Wanted};
use wscope::capture::{Capture, Item};
use wscope::direction::Direction;
use wscope::event::{Event, MessageKind};
use wscope::ledger::Ledger;
use wscope::span::Span;
use wscope::websocket::Opcode;
use wscope::wire::Wire;

use crate::fixtures::{self, Fixture};

/// What a summary can know of a message, or of a frame.
type Told = (u64, Direction, [u64; 2], Wire);

#[derive(Debug, Default, PartialEq)]
struct Whole {
    messages: Vec<(Told, Option<MessageKind>, Option<bool>, bool)>,
    frames: Vec<(Told, u8)>,
    ledger: Ledger,
}

#[test]
fn singles_are_messages_and_their_only_frames() {
    let cases = fixtures::readable();
    let singles = std::sync::atomic::AtomicUsize::new(0);
    let complaints = fixtures::complaints(&cases, |case| {
        let (at_length, none) = read(case, false);
        let (in_short, some) = read(case, true);
        assert_eq!(none, 0);
        singles.fetch_add(some, std::sync::atomic::Ordering::Relaxed);
        let same = at_length == in_short;
        Vec::from_iter((!same).then(|| format!("{}: it is told otherwise in short", case.name)))
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(
        singles.into_inner() > 500,
        "hardly any message is told in short"
    );
}

fn packets(span: &Span) -> [u64; 2] {
    [span.first_packet, span.last_packet]
}

/// All that a capture holds, and how much of it was told in short.
fn read(case: &Fixture, singles: bool) -> (Whole, usize) {
    let mut analysis = Analysis::new(Options {
        wanted: Wanted {
            singles,
            ..Wanted::ALL
        },
        ..Options::default()
    });
    let (mut whole, mut count) = (Whole::default(), 0);
    let mut keep = |event: &Event<'_>| match event {
        Event::Frame(frame) => {
            let place = (frame.place.connection, frame.direction);
            let told = (place.0, place.1, packets(&frame.span), frame.wire);
            whole.frames.push((told, frame.header.opcode.value()));
        }
        Event::Message(message) => {
            let place = (message.place.connection, message.direction);
            let told = (place.0, place.1, packets(&message.span), message.wire);
            let sure = message.complete && message.payload_length == Some(message.wire.payload);
            whole
                .messages
                .push((told, message.kind, message.valid_utf8, sure));
        }
        Event::Single(single) => {
            count += 1;
            let (connection, packets) = (single.place.connection, [single.packet; 2]);
            let told = (connection, single.direction, packets, single.wire);
            let opcode = match single.kind {
                MessageKind::Text => Opcode::Text,
                MessageKind::Binary => Opcode::Binary,
            };
            whole.frames.push((told, opcode.value()));
            whole
                .messages
                .push((told, Some(single.kind), single.valid_utf8, true));
        }
        _ => {}
    };
    let mut capture = Capture::open(&case.path(case.capture.as_deref().unwrap())).unwrap();
    while let Some(item) = capture.next_item().unwrap() {
        match item {
            Item::Packet(packet) => analysis.push(&packet, &mut keep),
            Item::Secrets(text) => analysis.secrets("capture", 0, text, &mut keep),
            Item::Notice(_) | Item::Pause => {}
        }
    }
    analysis.finish(&mut keep);
    whole.ledger = *analysis.ledger();
    (whole, count)
}
