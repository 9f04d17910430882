//! permessage-deflate, from compressors that wscope does not use to the messages that it shows.

mod against_zlib;
mod bomb;
mod content;
mod vectors;

use proptest::prelude::*;
use wscope::direction::Direction::{self, ToClient, ToServer};
use wscope::event::MessageKind;
use wscope::notice::Kind;
use wscope::websocket::deflate::{Agreed, Failure, Inflater, Plain, Workshop};

use crate::collect::{MessageRow, Rows};
use crate::conversations::sender;
use crate::traffic::compressed::{Compressor, End};
use crate::traffic::{Rng, Segments, Traffic};

/// A message on its way.
#[derive(Clone, Debug)]
struct Step {
    sender: Direction,
    compressed: bool,
    len: usize,
    end: End,
    /// Where it is cut, in parts of 1000.
    cuts: Vec<usize>,
}

/// A conversation over permessage-deflate.
#[derive(Clone, Debug)]
struct Compressed {
    seed: u64,
    takeover: [bool; 2],
    level: u8,
    steps: Vec<Step>,
}

fn step() -> impl Strategy<Value = Step> {
    (
        sender(),
        prop::bool::weighted(0.9),
        prop_oneof![4 => 0usize..300, 1 => 0usize..60_000],
        prop_oneof![5 => Just(End::Flush), 1 => Just(End::FinalBlock)],
        prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(0usize..=1000, 1..4)],
    )
        .prop_map(|(sender, compressed, len, end, mut cuts)| {
            cuts.sort_unstable();
            Step {
                sender,
                compressed,
                len,
                end,
                cuts,
            }
        })
}

fn conversation() -> impl Strategy<Value = Compressed> {
    (
        any::<u64>(),
        any::<[bool; 2]>(),
        0u8..10,
        prop::collection::vec(step(), 1..12),
    )
        .prop_map(|(seed, takeover, level, steps)| Compressed {
            seed,
            takeover,
            level,
            steps,
        })
}

impl Compressed {
    fn traffic(&self) -> Traffic {
        let [client, server] = self.takeover;
        let mut parameters = String::new();
        for (takeover, parameter) in [
            (client, "; client_no_context_takeover"),
            (server, "; server_no_context_takeover"),
        ] {
            if !takeover {
                parameters.push_str(parameter);
            }
        }
        let mut traffic = Traffic::new(self.seed).handshake_agreeing(&parameters);
        let mut rng = Rng(self.seed);
        let mut compressors = self
            .takeover
            .map(|takeover| Compressor::new(self.level, takeover));
        for (index, step) in self.steps.iter().enumerate() {
            let text = similar_text(index, step.len, &mut rng);
            let compressor = &mut compressors[usize::from(step.sender == ToClient)];
            traffic = if step.compressed {
                let coded = compressor.message(text.as_bytes(), step.end);
                let cuts: Vec<usize> = step
                    .cuts
                    .iter()
                    .map(|cut| cut * coded.len() / 1000)
                    .collect();
                traffic.compressed(
                    step.sender,
                    MessageKind::Text,
                    text.as_bytes(),
                    &coded,
                    &cuts,
                )
            } else {
                traffic.fragmented(step.sender, MessageKind::Text, text.as_bytes(), &[], &[])
            };
        }
        traffic.close(1000)
    }
}

/// Text that repeats itself and what was said before, and is never the same twice.
fn similar_text(index: usize, len: usize, rng: &mut Rng) -> String {
    let mut text = format!("{{\"number\":{index},");
    while text.len() < len {
        text.push_str(&format!("\"price\":{},\"名\":\"東京\",", rng.below(100)));
    }
    text
}

fn rows(segments: &Segments) -> Rows {
    Rows::of(segments.recording().packets())
}

fn said(traffic: &Traffic) -> Vec<(Direction, MessageKind, Vec<u8>)> {
    let said = traffic.truth.messages.iter();
    said.map(|message| (message.sender, message.kind, message.payload.clone()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn compressed_messages_are_read_as_they_were_said(conversation in conversation(), mss in 1usize..1500) {
        let traffic = conversation.traffic();
        let rows = rows(&traffic.segmented(mss.max(7)));
        prop_assert_eq!(rows.whole_messages(), said(&traffic));
        for row in &rows.messages {
            prop_assert_eq!(row.valid_utf8, Some(true));
            prop_assert_eq!(row.payload_length, row.payload.as_ref().map(|payload| payload.len() as u64));
        }
    }

    /// What is missing accuses nobody and invents nothing: a length that is told is right, and so is a text.
    #[test]
    fn a_lost_packet_leaves_only_what_is_sure(
        conversation in conversation(), mss in 200usize..1500, lost in any::<prop::sample::Index>(),
    ) {
        let traffic = conversation.traffic();
        let segments = traffic.segmented(mss);
        let lost = lost.index(segments.recording().packets().count());
        let rows = rows(&segments.without(lost));
        let said = said(&traffic);
        for message in rows.whole_messages() {
            prop_assert!(said.contains(&message), "invented: {message:?}");
        }
        for row in &rows.messages {
            let length = |message: &(Direction, MessageKind, Vec<u8>)| {
                message.0 == row.sender && Some(message.2.len() as u64) == row.payload_length
            };
            prop_assert!(row.payload_length.is_none() || !row.compressed || said.iter().any(length), "{row:?}");
            prop_assert!(row.valid_utf8 != Some(false), "{row:?}");
            prop_assert!(row.inflated.is_none_or(|inflated| inflated.failure.is_none()), "{row:?}");
        }
    }
}

proptest! {
    /// Also of what is damaged, or no compressed data at all.
    #[test]
    fn any_cut_of_a_payload_ends_the_same(
        text in "[a-c]{0,400}", noise in prop::collection::vec(any::<u8>(), 0..40), damage in any::<(prop::sample::Index, u8)>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5), takeover in any::<bool>(), late in any::<bool>(),
    ) {
        let mut compressor = Compressor::new(6, takeover);
        let first = compressor.message(text.as_bytes(), End::Flush);
        let mut second = compressor.message(text.as_bytes(), End::FinalBlock);
        let at = damage.0.index(second.len());
        second[at] ^= damage.1;
        let ends = |cuts: &[prop::sample::Index]| {
            let agreed = Agreed { takeover, window_bits: 15, certain: true };
            let mut inflater = Inflater::new(agreed, 100_000, !late, false);
            let mut workshop = Workshop::default();
            let mut ends = Vec::new();
            for message in [&first, &second, &noise, &first] {
                let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(message.len() + 1)).collect();
                cuts.sort_unstable();
                let mut from = 0;
                let mut plain = Vec::new();
                inflater.begin(&mut workshop);
                for cut in cuts.into_iter().chain([message.len()]) {
                    inflater.push(&message[from..cut], &mut workshop, |piece| match piece {
                        Plain::Known(known) => plain.extend_from_slice(known),
                        Plain::Unknown(len) => plain.resize(plain.len() + len, b'?'),
                    });
                    from = cut;
                }
                ends.push((plain, inflater.end(&mut workshop)));
            }
            ends
        };
        prop_assert_eq!(ends(&[]), ends(&cuts));
    }
}

/// Twelve similar texts of one side.
fn twelve(parameters: &str, takeover: bool) -> Traffic {
    let mut traffic = Traffic::new(1).handshake_agreeing(parameters);
    let mut compressor = Compressor::new(6, takeover);
    let mut rng = Rng(7);
    for index in 0..12 {
        let text = similar_text(index, 400, &mut rng);
        let coded = compressor.message(text.as_bytes(), End::Flush);
        traffic = traffic.compressed(ToServer, MessageKind::Text, text.as_bytes(), &coded, &[]);
    }
    traffic
}

/// Without a packet that brings the middle of the third message.
fn with_a_hole(traffic: &Traffic) -> Rows {
    let segments = traffic.segmented(30);
    let whole = rows(&segments);
    assert_eq!(whole.messages.len(), 12);
    let third = whole.messages[2].span;
    // Some packets in between are acknowledgments.
    let with_data = (third.first_packet + 1..third.last_packet)
        .map(|packet| rows(&segments.clone().without(packet as usize - 1)))
        .find(|rows| rows.ledger.missing > 0);
    with_data.expect("the message has a middle")
}

#[test]
fn after_a_hole_the_lengths_are_sure_and_the_texts_are_not() {
    let traffic = twelve("", true);
    let rows = with_a_hole(&traffic);
    assert_eq!(rows.messages.len(), 12);
    assert!(rows.messages[..2].iter().all(|row| row.complete));
    assert_eq!(
        (rows.messages[2].complete, rows.messages[2].payload_length),
        (false, None)
    );
    for (row, said) in rows.messages.iter().zip(&traffic.truth.messages).skip(3) {
        let inflated = row.inflated.unwrap();
        assert!(!row.complete && row.payload.is_none(), "{row:?}");
        assert_eq!((row.valid_utf8, inflated.failure), (None, None));
        assert!(inflated.unknown > 0 && !inflated.history_known);
        assert_eq!(row.payload_length, Some(said.payload.len() as u64));
    }
}

#[test]
fn after_a_hole_the_next_messages_are_whole_where_no_takeover_was_agreed() {
    let traffic = twelve("; client_no_context_takeover", false);
    let rows = with_a_hole(&traffic);
    let mut said = said(&traffic);
    said.remove(2);
    assert_eq!(rows.whole_messages(), said);
}

#[test]
fn the_flag_of_one_side_rules_the_messages_of_that_side() {
    let mut traffic = Traffic::new(1).handshake_agreeing("; server_no_context_takeover");
    let mut client = Compressor::new(6, true);
    let mut server = Compressor::new(6, false);
    for index in 0..6 {
        let text = similar_text(index, 200, &mut Rng(3));
        for (sender, compressor) in [(ToServer, &mut client), (ToClient, &mut server)] {
            let coded = compressor.message(text.as_bytes(), End::Flush);
            traffic = traffic.compressed(sender, MessageKind::Text, text.as_bytes(), &coded, &[]);
        }
    }
    let rows = rows(&traffic.segmented(500));
    assert_eq!(rows.whole_messages(), said(&traffic));
    let takeover = |row: &MessageRow| row.inflated.unwrap().agreed.takeover;
    assert!(
        rows.messages
            .iter()
            .all(|row| takeover(row) == (row.sender == ToServer))
    );
}

#[test]
fn without_its_handshake_a_connection_is_tried_and_the_notice_says_so() {
    let mut traffic = Traffic::new(5).handshake_agreeing("; client_no_context_takeover");
    let (mut client, mut server) = (Compressor::new(6, false), Compressor::new(6, true));
    for index in 0..8 {
        let text = similar_text(index, 300, &mut Rng(9));
        for (sender, compressor) in [(ToServer, &mut client), (ToClient, &mut server)] {
            let coded = compressor.message(text.as_bytes(), End::Flush);
            traffic = traffic.compressed(sender, MessageKind::Text, text.as_bytes(), &coded, &[]);
        }
    }
    let traffic = traffic.left_open();
    let rows = rows(&traffic.segmented(1400).midstream(7));
    let told = rows
        .notices
        .iter()
        .filter(|notice| notice.kind == Kind::CompressionAssumed);
    assert_eq!(told.count(), 2, "{:?}", rows.notices);
    let said = said(&traffic);
    let whole = rows.whole_messages();
    assert!(
        whole.iter().filter(|message| message.0 == ToServer).count() >= 7,
        "{whole:?}"
    );
    assert!(whole.iter().all(|message| said.contains(message)));
    for row in rows.messages.iter().filter(|row| row.sender == ToClient) {
        let length = row.payload_length.unwrap();
        assert!(said.iter().any(|message| message.2.len() as u64 == length));
        assert!(!row.inflated.unwrap().agreed.certain);
    }
}

#[test]
fn what_was_not_agreed_is_not_inflated() {
    let coded = Compressor::new(6, true).message(b"Hello", End::Flush);
    let traffic =
        Traffic::new(2)
            .handshake()
            .compressed(ToClient, MessageKind::Binary, &coded, &coded, &[]);
    let rows = rows(&traffic.segmented(1400));
    assert_eq!(rows.whole_messages(), said(&traffic));
    assert!(!rows.messages[0].compressed && rows.messages[0].inflated.is_none());
    assert!(rows.frames[0].header.rsv1());
}

#[test]
fn a_message_that_breaks_off_leaves_the_next_uncertain() {
    let mut compressor = Compressor::new(6, true);
    let first = compressor.message(b"Hello, hello, hello", End::Flush);
    let second = compressor.message(b"Hello, hello, hello again", End::Flush);
    let mut traffic = Traffic::new(2).handshake_agreeing("");
    let frame = crate::traffic::frame_bytes(false, 4, 1, None, &first[..3]);
    traffic.say(ToClient, frame);
    traffic = traffic.compressed(ToClient, MessageKind::Text, b"", &second, &[]);
    let rows = rows(&traffic.segmented(1400));
    let [broken, next] = rows.messages.as_slice() else {
        panic!("{:?}", rows.messages)
    };
    assert!(!broken.complete && broken.payload_length.is_none());
    assert_eq!((next.payload_length, next.complete), (Some(25), false));
    assert_eq!(next.inflated.unwrap().failure, None);
}

/// Behind a hole a text is known in parts, whose ends are no characters' ends.
#[test]
fn a_text_that_breaks_off_is_not_judged_by_parts_of_it() {
    let mut compressor = Compressor::new(6, true);
    let first = compressor.message("日本語と、もじの本、語の日".as_bytes(), End::Flush);
    let second = "本語、日もじと語の日日本語、木曜日の本語もじと、月曜日の日本語".repeat(3);
    let second = compressor.message(second.as_bytes(), End::Flush);
    let mut traffic = Traffic::new(2).handshake_agreeing("");
    for part in [&first[..9], &second[..second.len() - 4]] {
        let frame = crate::traffic::frame_bytes(false, 4, 1, None, part);
        traffic.say(ToClient, frame);
    }
    let rows = rows(&traffic.segmented(1400));
    let [_, text] = rows.messages.as_slice() else {
        panic!("{:?}", rows.messages)
    };
    assert_eq!((text.complete, text.valid_utf8), (false, None));
}

#[test]
fn a_message_behind_a_reset_may_refer_to_those_before_it() {
    let mut traffic = Traffic::new(2).handshake_agreeing("");
    let mut compressor = Compressor::new(6, true);
    for index in 0..6 {
        let text = similar_text(index, 200, &mut Rng(3));
        let coded = compressor.message(text.as_bytes(), End::Flush);
        traffic = traffic.compressed(ToClient, MessageKind::Text, text.as_bytes(), &coded, &[]);
    }
    let segments = traffic.segmented(1400);
    for index in 0..segments.list.len() {
        let rows = rows(&segments.clone().reset_early(ToServer, index));
        for message in &rows.messages {
            let inflated = message.inflated.unwrap();
            assert_eq!(
                (inflated.failure, inflated.length),
                (None, message.payload_length)
            );
        }
    }
}

#[test]
fn a_broken_message_does_not_keep_the_next_from_being_read() {
    let mut traffic = Traffic::new(2).handshake_agreeing("; server_no_context_takeover");
    traffic = traffic.compressed(ToClient, MessageKind::Text, b"", &[0xff; 4], &[]);
    let coded = Compressor::new(6, false).message(b"Hello", End::Flush);
    traffic = traffic.compressed(ToClient, MessageKind::Text, b"Hello", &coded, &[]);
    let rows = rows(&traffic.segmented(1400));
    assert_eq!(
        rows.messages[0].inflated.unwrap().failure,
        Some(Failure::BlockType)
    );
    assert_eq!(
        (rows.messages[0].payload_length, rows.messages[0].complete),
        (None, true)
    );
    assert_eq!(rows.messages[1].payload.as_deref(), Some(&b"Hello"[..]));
}
