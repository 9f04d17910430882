//! The examples of RFC 7692, and messages of an independent compressor in any pieces.

use flate2::{Compress, FlushCompress};

use super::inflater::TAIL;
use super::*;
use crate::direction::Direction;

const TAKEOVER: Agreed = Agreed {
    takeover: true,
    window_bits: 15,
    certain: true,
};
const NO_TAKEOVER: Agreed = Agreed {
    takeover: false,
    ..TAKEOVER
};

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// An inflater and what it works with.
struct Receiver {
    inflater: Inflater,
    workshop: Workshop,
}

impl Receiver {
    fn new(agreed: Agreed) -> Self {
        Self::with(Inflater::new(agreed, 64 << 20, true, true))
    }

    /// A receiver that joins in the middle.
    fn late(agreed: Agreed) -> Self {
        Self::with(Inflater::new(agreed, 64 << 20, false, true))
    }

    fn with(inflater: Inflater) -> Self {
        Self {
            inflater,
            workshop: Workshop::default(),
        }
    }

    /// Inflates a message that comes in pieces; unknown bytes are shown as `?`.
    fn pieces<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Inflated) {
        let Self { inflater, workshop } = self;
        let mut plain = Vec::new();
        inflater.begin(workshop);
        for piece in pieces {
            inflater.push(piece, workshop, |piece| match piece {
                Plain::Known(known) => plain.extend_from_slice(known),
                Plain::Unknown(len) => plain.resize(plain.len() + len, b'?'),
            });
        }
        (plain, inflater.end(workshop))
    }

    fn message(&mut self, coded: &str) -> (Vec<u8>, Inflated) {
        self.pieces([bytes(coded).as_slice()])
    }

    fn reads(&mut self, coded: &str, text: &str) {
        let (plain, inflated) = self.message(coded);
        assert_eq!(String::from_utf8_lossy(&plain), text, "{coded}");
        assert_eq!(inflated.failure, None, "{coded}");
        assert_eq!(inflated.length, Some(text.len() as u64), "{coded}");
        assert!(inflated.is_whole());
    }
}

#[test]
fn one_block_as_in_section_7_2_3_1() {
    Receiver::new(TAKEOVER).reads("f248cdc9c90700", "Hello");
}

#[test]
fn the_second_message_refers_to_the_first_as_in_section_7_2_3_2() {
    let mut receiver = Receiver::new(TAKEOVER);
    receiver.reads("f248cdc9c90700", "Hello");
    receiver.reads("f200110000", "Hello");
}

#[test]
fn a_stored_block_as_in_section_7_2_3_3() {
    let mut receiver = Receiver::new(TAKEOVER);
    receiver.reads("000500faff48656c6c6f00", "Hello");
    receiver.reads("f200110000", "Hello");
}

#[test]
fn a_final_block_as_in_section_7_2_3_4_ends_nothing() {
    let mut receiver = Receiver::new(TAKEOVER);
    let (plain, inflated) = receiver.message("f348cdc9c9070000");
    assert_eq!(
        (plain.as_slice(), inflated.final_block),
        (&b"Hello"[..], true)
    );
    assert_eq!(inflated.failure, None);
    receiver.reads("f200110000", "Hello");
    receiver.reads("f200110000", "Hello");
}

#[test]
fn two_blocks_as_in_section_7_2_3_5() {
    Receiver::new(TAKEOVER).reads("f24805000000ffffcac9c90700", "Hello");
}

#[test]
fn an_empty_message_as_in_section_7_2_3_6() {
    let mut receiver = Receiver::new(TAKEOVER);
    receiver.reads("00", "");
    receiver.reads("f248cdc9c90700", "Hello");
    receiver.reads("00", "");
    receiver.reads("f200110000", "Hello");
}

#[test]
fn a_final_block_without_anything_behind_it_is_read_and_noted() {
    let mut receiver = Receiver::new(TAKEOVER);
    let (plain, inflated) = receiver.message("f348cdc9c90700");
    assert_eq!(
        (plain.as_slice(), inflated.length),
        (&b"Hello"[..], Some(5))
    );
    assert_eq!(inflated.failure, Some(Failure::Unfinished));
    receiver.reads("f200110000", "Hello");
}

#[test]
fn a_tail_that_was_left_in_is_read_and_noted() {
    let mut receiver = Receiver::new(TAKEOVER);
    let (plain, inflated) = receiver.message("f248cdc9c907000000ffff");
    assert_eq!(
        (plain.as_slice(), inflated.length),
        (&b"Hello"[..], Some(5))
    );
    assert!(inflated.tail_left_in);
    assert_eq!(inflated.failure, Some(Failure::Unfinished));
    receiver.reads("f200110000", "Hello");
}

#[test]
fn a_payload_without_a_byte_is_an_empty_message_and_harms_nothing() {
    let mut receiver = Receiver::new(TAKEOVER);
    receiver.reads("f248cdc9c90700", "Hello");
    receiver.reads("", "");
    receiver.reads("f200110000", "Hello");
}

#[test]
fn what_is_no_deflate_fails_for_its_reason() {
    for (coded, failure) in [
        ("ffffffff", Failure::BlockType),
        ("000500faf048656c6c6f00", Failure::StoredLength),
        ("f248cdc9c9070000", Failure::Unfinished),
        ("f248cdc9", Failure::Unfinished),
        ("000500faff48656c", Failure::Unfinished),
        ("f200110000", Failure::Reference),
        ("fcffffff", Failure::Codes),
    ] {
        let (_, inflated) = Receiver::new(TAKEOVER).message(coded);
        assert_eq!(inflated.failure, Some(failure), "{coded}");
        assert_eq!(inflated.length, None, "{coded}");
    }
}

#[test]
fn a_reference_to_an_earlier_message_without_takeover_is_told() {
    let mut receiver = Receiver::new(NO_TAKEOVER);
    receiver.reads("f248cdc9c90700", "Hello");
    for _ in 0..2 {
        let (plain, inflated) = receiver.message("f200110000");
        assert!(inflated.violates_takeover());
        assert_eq!(
            (plain.as_slice(), inflated.length),
            (&b"Hello"[..], Some(5))
        );
        receiver.reads("f248cdc9c90700", "Hello");
    }
    let piece = bytes("f200110000");
    let (plain, inflated) = receiver.pieces(piece.chunks(1));
    assert!(inflated.violates_takeover());
    assert_eq!(
        (plain.as_slice(), inflated.length),
        (&b"Hello"[..], Some(5))
    );
}

/// Two messages of which the second repeats the first, by a sender that does not forget the first.
fn two_alike() -> [Vec<u8>; 2] {
    let text: String = (0..200)
        .map(|number| format!("{{{number}:{}}}", number * 7919))
        .collect();
    let mut compressor = Compress::new(flate2::Compression::best(), false);
    [(); 2].map(|()| {
        let mut coded = Vec::with_capacity(10_000);
        compressor
            .compress_vec(text.as_bytes(), &mut coded, FlushCompress::Sync)
            .unwrap();
        coded.truncate(coded.len() - TAIL.len());
        coded
    })
}

#[test]
fn a_long_reference_to_an_earlier_message_without_takeover_is_told() {
    let [first, second] = two_alike();
    let mut receiver = Receiver::new(NO_TAKEOVER);
    let (wanted, _) = receiver.pieces([first.as_slice()]);
    for cut in [second.len(), 7] {
        let (plain, inflated) = receiver.pieces(second.chunks(cut));
        assert!(inflated.violates_takeover(), "{inflated:?}");
        assert!(plain == wanted && inflated.length == Some(wanted.len() as u64));
    }
}

#[test]
fn a_reference_to_before_the_first_message_fails() {
    let [first, second] = two_alike();
    let mut longer = second.clone();
    longer.extend([0x00, 0x00, 0xff, 0xff]);
    longer.extend(&first);
    for coded in [second, longer] {
        let (_, inflated) = Receiver::new(TAKEOVER).pieces([coded.as_slice()]);
        assert_eq!(inflated.failure, Some(Failure::Reference));
        let (_, inflated) = Receiver::new(NO_TAKEOVER).pieces([coded.as_slice()]);
        assert_eq!(inflated.length, None);
    }
}

/// Found by the search for any segments: the decompressor words a wrong reference by how many bytes it has at hand.
#[test]
fn a_failure_shows_at_the_same_byte_however_the_message_is_cut() {
    let [_, coded] = two_alike();
    for agreed in [TAKEOVER, NO_TAKEOVER] {
        let read = |len| Receiver::new(agreed).pieces(coded.chunks(len));
        let whole = read(coded.len());
        assert_eq!(whole.1.failure, Some(Failure::Reference));
        for len in [1, 7, 16, 100] {
            assert_eq!(read(len), whole, "{len}");
        }
    }
}

#[test]
fn lost_history_leaves_the_length_and_what_is_certain() {
    let mut receiver = Receiver::late(TAKEOVER);
    let (plain, inflated) = receiver.message("f200110000");
    assert_eq!(String::from_utf8_lossy(&plain), "H????");
    assert_eq!(
        (inflated.length, inflated.unknown, inflated.failure),
        (Some(5), 4, None)
    );
    assert!(!inflated.history_known);
    receiver.reads("f248cdc9c90700", "Hello");
}

#[test]
fn lost_history_is_whole_again_after_a_window_of_known_bytes() {
    let mut receiver = Receiver::late(TAKEOVER);
    let stored = format!("00ff7f0080{}00", "41".repeat(0x7fff));
    receiver.message(&stored);
    let (_, inflated) = receiver.message("000500faff48656c6c6f00");
    assert!(!inflated.history_known);
    let (_, inflated) = receiver.message("f200110000");
    assert!(inflated.history_known);
}

#[test]
fn without_takeover_the_next_message_is_whole_after_a_loss() {
    let mut receiver = Receiver::new(NO_TAKEOVER);
    receiver.inflater.begin(&mut receiver.workshop);
    receiver
        .inflater
        .push(&[0xf2], &mut receiver.workshop, |_| {});
    receiver.inflater.lose(&mut receiver.workshop);
    receiver.reads("f248cdc9c90700", "Hello");
}

#[test]
fn a_message_that_inflates_to_too_much_is_given_up_and_the_next_is_read() {
    let mut receiver = Receiver::with(Inflater::new(TAKEOVER, 4, true, false));
    let (_, inflated) = receiver.message("f248cdc9c90700");
    assert_eq!(
        (inflated.limit, inflated.length, inflated.failure),
        (Some(Limit::Message), None, None)
    );
    let (plain, inflated) = receiver.message("f200110000");
    assert_eq!(String::from_utf8_lossy(&plain), "H????");
    assert!(!inflated.history_known);
}

#[test]
fn windows_are_counted_and_given_back() {
    let mut workshop = Workshop::with_windows(crate::bound::Bound::new(2));
    let mut inflaters = [(); 3].map(|()| Inflater::new(TAKEOVER, 1 << 20, true, false));
    let inflate = |inflater: &mut Inflater, workshop: &mut Workshop| {
        inflater.begin(workshop);
        inflater.push(&bytes("f248cdc9c90700"), workshop, |_| {});
        inflater.end(workshop)
    };
    assert_eq!(inflate(&mut inflaters[0], &mut workshop).length, Some(5));
    assert_eq!(inflate(&mut inflaters[1], &mut workshop).length, Some(5));
    let third = inflate(&mut inflaters[2], &mut workshop);
    assert_eq!((third.limit, third.length), (Some(Limit::Windows), None));
    let [first, _, mut third] = inflaters;
    drop(first);
    // What it missed is missing, so it needs two windows, and has one.
    assert_eq!(
        inflate(&mut third, &mut workshop).limit,
        Some(Limit::Windows)
    );
}

#[test]
fn the_farthest_distance_is_measured_where_the_window_is_smaller() {
    let small = Agreed {
        window_bits: 9,
        ..TAKEOVER
    };
    let mut receiver = Receiver::new(small);
    let (_, inflated) = receiver.message("f248cdc9c90700");
    assert_eq!(inflated.farthest_distance, Some(0));
    let (_, inflated) = receiver.message("f200110000");
    assert_eq!(inflated.farthest_distance, Some(5));
    let (_, inflated) = Receiver::new(TAKEOVER).message("f248cdc9c90700");
    assert_eq!(inflated.farthest_distance, None);
}

#[test]
fn each_side_has_its_own_parameters() {
    let deflate = Deflate {
        server_no_context_takeover: true,
        client_no_context_takeover: false,
        server_max_window_bits: None,
        client_max_window_bits: Some(9),
    };
    let to_server = deflate.towards(Direction::ToServer);
    let to_client = deflate.towards(Direction::ToClient);
    assert_eq!((to_server.takeover, to_server.window()), (true, 512));
    assert_eq!((to_client.takeover, to_client.window()), (false, 32_768));
}
