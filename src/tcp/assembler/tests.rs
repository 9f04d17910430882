#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::disorder::HELD_SEGMENTS;
use super::*;

fn piece(len: usize) -> Piece {
    let len = u32::try_from(len).unwrap();
    Piece {
        packet: 1,
        of: len,
        len,
        packets: 1,
        ..Piece::default()
    }
}

/// What came out: bytes, with `None` for each that was given up.
#[derive(Default)]
struct Outcome {
    stream: Vec<Option<u8>>,
    fins: u32,
}

impl Outcome {
    fn insert(&mut self, assembler: &mut Assembler, seq: u32, payload: &[u8]) {
        let mut charged = 0;
        for run in assembler.insert(seq, payload, piece(payload.len())) {
            charged += run.piece.len as usize;
            if run.owner == Owner::Next {
                let from = run.piece.from as usize;
                self.stream.extend(
                    payload[from..from + run.piece.len as usize]
                        .iter()
                        .copied()
                        .map(Some),
                );
            }
        }
        assert!(charged <= payload.len());
        self.drain(assembler);
    }

    fn drain(&mut self, assembler: &mut Assembler) {
        while let Some(ready) = assembler.ready() {
            match ready {
                Ready::Bytes(bytes, piece) => {
                    assert_eq!(bytes.len(), piece.len as usize);
                    self.stream.extend(bytes.iter().copied().map(Some));
                }
                Ready::Gap(len) => self.stream.extend(std::iter::repeat_n(None, len as usize)),
                Ready::Fin => self.fins += 1,
            }
        }
    }
}

proptest! {
    #[test]
    fn equals_a_map_of_bytes_across_the_wrap_and_with_copies_that_disagree(
        base: u32,
        near_the_wrap: bool,
        segments in prop::collection::vec((0u32..300, prop::collection::vec(any::<u8>(), 1..40)), 1..60),
    ) {
        let base = if near_the_wrap { u32::MAX - base % 200 } else { base };
        let mut assembler = Assembler::default();
        assembler.begin(base);
        let mut outcome = Outcome::default();
        let mut map = BTreeMap::new();
        for (offset, payload) in &segments {
            outcome.insert(&mut assembler, base.wrapping_add(*offset), payload);
            for (at, byte) in (*offset..).zip(payload) {
                map.entry(at).or_insert(*byte);
            }
        }
        let end = map.keys().next_back().unwrap() + 1;
        assembler.fin(base.wrapping_add(end));
        assembler.give_up_below(u64::MAX);
        outcome.drain(&mut assembler);
        let expected: Vec<Option<u8>> = (0..end).map(|at| map.get(&at).copied()).collect();
        prop_assert_eq!(outcome.stream, expected);
        prop_assert_eq!(outcome.fins, 1);
    }

    #[test]
    fn any_order_of_segments_gives_the_stream(stream in prop::collection::vec(any::<u8>(), 1..400), size in 1usize..20, order in any::<u64>()) {
        let mut segments: Vec<(usize, &[u8])> = stream.chunks(size).enumerate().map(|(i, chunk)| (i * size, chunk)).collect();
        let mut state = order;
        for i in (1..segments.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            segments.swap(i, (state >> 33) as usize % (i + 1));
        }
        let mut assembler = Assembler::default();
        assembler.begin(7);
        let mut outcome = Outcome::default();
        for (offset, payload) in segments {
            outcome.insert(&mut assembler, 7 + offset as u32, payload);
        }
        prop_assert_eq!(outcome.stream, stream.into_iter().map(Some).collect::<Vec<_>>());
    }
}

#[test]
fn what_comes_after_its_hole_was_given_up_is_late_and_not_retransmitted() {
    use Owner::{Late, Retransmission};
    let mut assembler = Assembler::default();
    assembler.begin(0);
    let mut outcome = Outcome::default();
    outcome.insert(&mut assembler, 10, b"world");
    assembler.give_up_below(10);
    outcome.drain(&mut assembler);
    let mut owners = |seq, bytes: &[u8]| -> Vec<_> {
        let runs = assembler.insert(seq, bytes, piece(bytes.len()));
        runs.iter().map(|run| (run.owner, run.piece.len)).collect()
    };
    assert_eq!(owners(8, b"xxwor"), [(Late, 2), (Retransmission, 3)]);
    // It is late once.
    assert_eq!(owners(8, b"xxwor"), [(Retransmission, 5)]);
    assert_eq!(owners(3, b"yy"), [(Late, 2)]);
    assert_eq!(
        owners(0, b"zzzyyzzzxx"),
        [
            (Late, 3),
            (Retransmission, 2),
            (Late, 3),
            (Retransmission, 2)
        ]
    );
    assert_eq!(owners(0, b"zzzyyzzzxx"), [(Retransmission, 10)]);
}

#[test]
fn too_much_behind_a_hole_gives_it_up() {
    let mut assembler = Assembler::default();
    assembler.begin(0);
    let mut outcome = Outcome::default();
    for i in 0..=HELD_SEGMENTS as u32 {
        outcome.insert(&mut assembler, 1 + i, b"x");
    }
    assert!(assembler.take_overflow());
    assert_eq!(outcome.stream.len(), HELD_SEGMENTS + 2);
}

#[test]
fn copies_that_disagree_are_noticed() {
    let mut assembler = Assembler::default();
    assembler.begin(0);
    assembler.insert(5, b"later", piece(5));
    assembler.insert(5, b"later", piece(5));
    assert!(!assembler.take_conflict());
    assembler.insert(5, b"lAter", piece(5));
    assert!(assembler.take_conflict());
}
