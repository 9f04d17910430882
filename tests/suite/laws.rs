//! The laws of the analysis, tried on generated conversations.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use proptest::prelude::*;
use wscope::check::Severity;
use wscope::direction::Both;
use wscope::direction::Direction::{self, ToClient, ToServer};
use wscope::event::{Closing, MessageKind, Opening, Protocol, Verdict};
use wscope::notice::Kind;
use wscope::websocket::Header;

use crate::balance;
use crate::check::{found, ids};
use crate::collect::{Costs, Rows};
use crate::conversations::{conversation, sender};
use crate::traffic::link::{IpVersion, Link, Recording};
use crate::traffic::{Ending, SaidMessage, Segments, Traffic, Truth, header_bytes};

/// How many conversations each law is tried on: few enough that all laws together take seconds.
const CASES: u32 = 40;

pub fn config() -> ProptestConfig {
    ProptestConfig {
        cases: CASES,
        // A failing conversation is printed when it has been made small; nothing is written beside the tests.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Segment sizes from a byte to more than a link carries.
pub fn mss() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![1usize, 2, 7, 100, 536, 1460, 9000, 65_000])
}

fn rows(segments: &Segments) -> Rows {
    Rows::of(segments.recording().packets())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_was_said_is_what_is_read(conversation in conversation(), mss in mss()) {
        let traffic = conversation.traffic();
        let rows = rows(&traffic.segmented(mss));
        tells_the_truth(&rows, &traffic)?;
    }

    /// Law 1.
    #[test]
    fn any_cut_into_segments_gives_the_same_events(
        conversation in conversation(), one in mss(), other in mss(), seed in any::<u64>(),
    ) {
        let one = rows(&conversation.traffic().segmented(one));
        let other = rows(&conversation.traffic().reseeded(seed).segmented(other));
        prop_assert_eq!(one.content(Costs::Own), other.content(Costs::Own));
        let order = |rows: &Rows| -> Vec<_> {
            rows.frames.iter().map(|frame| (frame.index, frame.sender, frame.span.stream_offset)).collect()
        };
        prop_assert_eq!(order(&one), order(&other));
    }

    /// Law 2.
    #[test]
    fn any_order_of_the_same_segments_gives_the_same_rows(
        conversation in conversation(), mss in mss(), seed in any::<u64>(),
    ) {
        let segments = conversation.traffic().segmented(mss);
        let plain = rows(&segments);
        let shuffled = rows(&segments.reordered(seed));
        prop_assert_eq!(plain.content(Costs::All), shuffled.content(Costs::All));
    }

    /// Law 2.
    #[test]
    fn copies_and_retransmissions_change_no_row(
        conversation in conversation(), mss in mss(), copies in 0usize..6, again in 0usize..6, seed in any::<u64>(),
    ) {
        let segments = conversation.traffic().segmented(mss);
        let plain = rows(&segments);
        let repeated = segments.retransmitted(again).reordered(seed).duplicated(copies);
        let recording = repeated.recording();
        let rows = Rows::of(recording.packets());
        balances(&rows, &recording)?;
        prop_assert_eq!(plain.content(Costs::All), rows.content(Costs::All));
    }

    /// Law 2, for captures that take several queues. Which of two close frames came first is said by the capture's order alone.
    #[test]
    fn data_shortly_after_its_own_ack_is_filled_in(conversation in conversation(), mss in mss()) {
        let segments = conversation.traffic().segmented(mss);
        let content = |segments: &Segments| {
            let mut content = rows(segments).content(Costs::All);
            for connection in &mut content.connections {
                connection.closed_by = None;
            }
            content
        };
        let plain = content(&segments);
        prop_assert_eq!(plain, content(&segments.late_after_ack()));
    }

    /// Law 3 as far as it shows from outside; the assembler has its own.
    #[test]
    fn segments_that_overlap_change_no_row(
        conversation in conversation(), mss in mss(), count in 1usize..6, seed in any::<u64>(),
    ) {
        let segments = conversation.traffic().segmented(mss);
        let plain = rows(&segments);
        let recording = segments.overlapping(count).reordered(seed).recording();
        let rows = Rows::of(recording.packets());
        balances(&rows, &recording)?;
        prop_assert_eq!(plain.content(Costs::Own), rows.content(Costs::Own));
    }

    /// Law 3 as far as it shows from outside.
    #[test]
    fn sequence_numbers_that_wrap_change_no_row(
        conversation in conversation(), mss in mss(), seed in any::<u64>(),
    ) {
        let segments = conversation.traffic().segmented(mss).reordered(seed);
        let plain = rows(&segments);
        let wrapped = rows(&segments.wrapped_seq());
        prop_assert_eq!(plain.content(Costs::All), wrapped.content(Costs::All));
    }

    /// Law 4.
    #[test]
    fn a_header_written_and_read_is_the_same_header(
        fin in any::<bool>(), rsv in 0u8..8, opcode in 0u8..16, key in any::<Option<[u8; 4]>>(), len in any::<u64>(), more in 0usize..3,
    ) {
        for (form, payload_len) in [(0, len % 126), (2, len % 65_536), (8, len)] {
            let mut bytes = header_bytes(fin, rsv, opcode, key, payload_len, form);
            let header_len = bytes.len();
            for cut in 0..header_len {
                prop_assert!(Header::parse(&bytes[..cut]).is_err());
            }
            bytes.resize(header_len + more, 0xff);
            let (rest, header) = Header::parse(&bytes).unwrap();
            prop_assert_eq!(rest.len(), more);
            prop_assert_eq!(header, Header {
                fin, rsv, opcode: opcode.into(), masking_key: key, payload_len, header_len: header_len as u8,
            });
            prop_assert_eq!(header.opcode.value(), opcode);
        }
    }

    /// Law 5.
    #[test]
    fn the_ledger_balances_whatever_happened_to_the_packets(
        conversation in conversation(), mss in mss(), faults in prop::collection::vec(fault(), 0..5),
    ) {
        let segments = faults.iter().fold(conversation.traffic().segmented(mss), |segments, fault| fault.on(segments));
        let recording = segments.recording();
        balances(&Rows::of(recording.packets()), &recording)?;
    }

    /// Law 6, as long as nothing judges: what the capture lacks invents nothing.
    #[test]
    fn a_packet_left_out_invents_no_message(
        conversation in conversation(), mss in mss(), left_out in prop::collection::vec(any::<usize>(), 1..4), seed in any::<u64>(),
    ) {
        let traffic = conversation.traffic();
        let segments = left_out.iter().fold(traffic.segmented(mss), |segments, &index| segments.without(index));
        invents_nothing(&rows(&segments), &traffic.truth)?;
        invents_nothing(&rows(&segments.reordered(seed)), &traffic.truth)?;
    }

    /// Law 6, for a connection that ends while much is on its way: what comes behind a reset is in the middle of anything.
    #[test]
    fn what_comes_behind_a_reset_invents_nothing(
        conversation in conversation(), mss in mss(), sender in sender(), index in any::<usize>(),
    ) {
        let traffic = conversation.traffic();
        let whole = traffic.segmented(mss);
        let reset = whole.clone().reset_early(sender, index);
        let recording = reset.recording();
        let rows = Rows::of(recording.packets());
        balances(&rows, &recording)?;
        invents_nothing(&rows, &traffic.truth)?;
        let errors = |segments: &Segments| ids(&found(segments.recording().packets()), Severity::Error);
        prop_assert_eq!(&errors(&reset) - &errors(&whole), BTreeSet::new());
    }

    /// Law 6.
    #[test]
    fn a_capture_that_begins_late_or_sees_one_side_invents_no_message(
        conversation in conversation(), mss in mss(), first in 0usize..30, kept in prop::option::of(sender()),
    ) {
        let traffic = conversation.traffic();
        let segments = traffic.segmented(mss).midstream(first);
        let segments = match kept {
            Some(kept) => segments.one_direction(kept),
            None => segments,
        };
        let recording = segments.recording();
        let rows = Rows::of(recording.packets());
        balances(&rows, &recording)?;
        invents_nothing(&rows, &traffic.truth)?;
    }

    /// Law 7, for what stands below IP; `files.rs` has it for files.
    #[test]
    fn the_layers_below_tcp_change_no_row(conversation in conversation(), mss in mss()) {
        let segments = conversation.traffic().segmented(mss);
        let plain = rows(&segments).content(Costs::AboveIp);
        for link in Link::ALL {
            for ip in [IpVersion::V4, IpVersion::V6] {
                let recording = segments.under(link, ip);
                let rows = Rows::of(recording.packets());
                balances(&rows, &recording)?;
                prop_assert_eq!(&plain, &rows.content(Costs::AboveIp), "{:?} {:?}", link, ip);
            }
        }
    }

    /// Law 8 in small: damaged packets neither panic nor upset the balance.
    #[test]
    fn damaged_packets_balance_too(
        conversation in conversation(), mss in mss(), damage in prop::collection::vec((any::<usize>(), any::<usize>(), any::<u8>()), 1..30),
    ) {
        let mut recording = conversation.traffic().segmented(mss).recording();
        for (packet, at, value) in damage {
            let index = packet % recording.packets.len();
            let bytes = &mut recording.packets[index].bytes;
            // Half of the damage goes where the headers are.
            let span = if at % 2 == 0 { bytes.len().min(80) } else { bytes.len() };
            bytes[at / 2 % span] = value;
        }
        let rows = Rows::of(recording.packets());
        prop_assert_eq!(rows.ledger.total(), recording.total());
        connections_balance(&rows)?;
    }
}

/// Something that happens to packets on their way into a capture.
#[derive(Clone, Debug)]
pub enum Fault {
    Reordered(u64),
    Duplicated(usize),
    Retransmitted(usize),
    Overlapping(usize),
    Without(usize),
    LateAfterAck,
    Wrapped,
    Midstream(usize),
    OneDirection(Direction),
}

impl Fault {
    pub fn on(&self, segments: Segments) -> Segments {
        match self {
            Self::Reordered(seed) => segments.reordered(*seed),
            Self::Duplicated(count) => segments.duplicated(*count),
            Self::Retransmitted(count) => segments.retransmitted(*count),
            Self::Overlapping(count) => segments.overlapping(*count),
            Self::Without(index) => segments.without(*index),
            Self::LateAfterAck => segments.late_after_ack(),
            Self::Wrapped => segments.wrapped_seq(),
            Self::Midstream(count) => segments.midstream(*count),
            Self::OneDirection(kept) => segments.one_direction(*kept),
        }
    }
}

pub fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        any::<u64>().prop_map(Fault::Reordered),
        (1usize..5).prop_map(Fault::Duplicated),
        (1usize..5).prop_map(Fault::Retransmitted),
        (1usize..5).prop_map(Fault::Overlapping),
        any::<usize>().prop_map(Fault::Without),
        Just(Fault::LateAfterAck),
        Just(Fault::Wrapped),
        (0usize..20).prop_map(Fault::Midstream),
        sender().prop_map(Fault::OneDirection),
    ]
}

pub fn tells_the_truth(rows: &Rows, traffic: &Traffic) -> Result<(), TestCaseError> {
    let truth = &traffic.truth;
    for sender in Direction::ALL {
        let said: Vec<_> = truth
            .messages
            .iter()
            .filter(|said| said.sender == sender)
            .collect();
        let read: Vec<_> = rows
            .messages
            .iter()
            .filter(|row| row.sender == sender)
            .collect();
        prop_assert_eq!(said.len(), read.len(), "messages of {:?}", sender);
        for (said, read) in said.into_iter().zip(read) {
            prop_assert!(read.complete);
            prop_assert_eq!(Some(said.kind), read.kind);
            prop_assert_eq!(said.frames, read.frames);
            prop_assert_eq!(said.payload.len() as u64, read.coded_length);
            prop_assert_eq!(Some(said.payload.len() as u64), read.payload_length);
            prop_assert_eq!(Some(&said.payload), read.payload.as_ref());
            prop_assert_eq!(
                read.valid_utf8,
                (said.kind == MessageKind::Text).then_some(true)
            );
            prop_assert_eq!(read.wire.payload, said.payload.len() as u64);
        }
    }
    prop_assert_eq!(truth.frames.len(), rows.frames.len());
    for (index, (said, read)) in truth.frames.iter().zip(&rows.frames).enumerate() {
        prop_assert!(read.complete);
        prop_assert_eq!(read.index, index as u64);
        prop_assert_eq!(said.sender, read.sender);
        prop_assert_eq!(said.fin, read.header.fin);
        prop_assert_eq!(said.opcode, read.header.opcode.value());
        prop_assert_eq!(read.header.masking_key.is_some(), said.sender == ToServer);
        prop_assert_eq!(Some(&said.payload), read.payload.as_ref());
        prop_assert_eq!(read.wire.head, u64::from(read.header.header_len));
    }
    prop_assert_eq!(truth.exchanges.len(), rows.exchanges.len());
    for (said, read) in truth.exchanges.iter().zip(&rows.exchanges) {
        prop_assert_eq!(Some(&said.method), read.method.as_ref());
        prop_assert_eq!(Some(&said.target), read.target.as_ref());
        prop_assert_eq!(Some(said.status), read.status);
        prop_assert_eq!(Some(said.request_head_length), read.request_head_length);
        prop_assert_eq!(Some(said.request_body_length), read.request_body_length);
        prop_assert_eq!(Some(said.response_head_length), read.response_head_length);
        prop_assert_eq!(Some(said.response_body_length), read.response_body_length);
        prop_assert_eq!(
            Some(said.response_content_length),
            read.response_content_length
        );
        prop_assert_eq!(said.upgrade, read.upgrade);
        prop_assert!(read.complete);
    }
    let upgraded = truth.exchanges.iter().any(|exchange| exchange.upgrade);
    let verdicts: Vec<_> = rows
        .handshakes
        .iter()
        .map(|handshake| handshake.verdict)
        .collect();
    prop_assert_eq!(verdicts, vec![Verdict::Valid; usize::from(upgraded)]);
    prop_assert_eq!(rows.connections.len(), 1);
    let connection = &rows.connections[0];
    let closing = match traffic.ending {
        Ending::Fin(_) => Closing::Fin,
        Ending::Open => Closing::Open,
    };
    prop_assert_eq!(connection.closing, closing);
    prop_assert_eq!(connection.opening, Opening::Seen);
    let protocol = match (upgraded, truth.exchanges.is_empty()) {
        (true, _) => Protocol::WebSocket,
        (false, false) => Protocol::Http,
        (false, true) => Protocol::Empty,
    };
    prop_assert_eq!(connection.protocol, protocol);
    prop_assert_eq!(connection.missing_bytes, Both::default());
    prop_assert_eq!(connection.frames, truth.frames.len() as u64);
    prop_assert_eq!(connection.exchanges, truth.exchanges.len() as u64);
    prop_assert!(rows.notices.is_empty(), "{:?}", rows.notices);
    Ok(())
}

/// A client that goes away resets the connection while the server's frames are on their way.
#[test]
fn what_comes_whole_behind_a_reset_is_read() {
    let mut traffic = Traffic::new(4).handshake();
    for _ in 0..4 {
        traffic = traffic.binary(ToClient, 3000).server_text("short");
    }
    let whole = traffic.left_open().segmented(1000);
    let said = rows(&whole).whole_messages();
    assert_eq!(said.len(), 8);
    // Behind the handshake.
    for index in 4..whole.list.len() - 3 {
        let reset = whole.clone().reset_early(ToServer, index);
        let rows = rows(&reset);
        let read = rows.whole_messages();
        assert!(read.iter().all(|message| said.contains(message)));
        // A frame that several packets bring is given at the end of the first of them.
        let short = read.iter().filter(|message| message.2 == b"short").count();
        assert!(short >= 3, "{index}: {short}");
        let resynced = (rows.notices.iter()).filter(|notice| notice.kind == Kind::Resync);
        assert_eq!(resynced.count(), 0, "{index}");
    }
}

/// Whole messages are among those that were said, each no more often, and what is there of another is how one of them begins.
pub fn invents_nothing(rows: &Rows, truth: &Truth) -> Result<(), TestCaseError> {
    let mut said = HashMap::new();
    for message in &truth.messages {
        *said
            .entry((message.sender, message.kind, message.payload.clone()))
            .or_insert(0) += 1;
    }
    let said = said;
    for (message, count) in counted(rows.whole_messages()) {
        let real = said.get(&message).copied().unwrap_or(0);
        prop_assert!(
            count <= real,
            "{} of {:?}, which was said {} times",
            count,
            message,
            real
        );
    }
    for row in rows.messages.iter().filter(|row| !row.complete) {
        let Some(begun) = &row.payload else { continue };
        let begins = |said: &&SaidMessage| {
            (said.sender, Some(said.kind)) == (row.sender, row.kind)
                && said.payload.starts_with(begun)
        };
        prop_assert!(truth.messages.iter().any(|said| begins(&said)), "{:?}", row);
        prop_assert!(row.payload_truncated && !begun.is_empty() && row.valid_utf8 != Some(true));
    }
    Ok(())
}

fn counted<T: Eq + Hash>(items: impl IntoIterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts
}

/// Every sum of the ledger that must hold.
pub fn balances(rows: &Rows, recording: &Recording) -> Result<(), TestCaseError> {
    prop_assert_eq!(rows.ledger.total(), recording.total());
    prop_assert_eq!(rows.ledger.packets, recording.packets.len() as u64);
    connections_balance(rows)
}

pub fn connections_balance(rows: &Rows) -> Result<(), TestCaseError> {
    prop_assert_eq!(balance::unbalanced(rows), None);
    Ok(())
}

/// The builder's own promises, on which the laws stand.
mod builder {
    use super::*;

    #[test]
    fn no_ack_overtakes_the_data_that_it_covers() {
        let traffic = Traffic::new(3)
            .handshake()
            .client_text("Hi")
            .server_text("Yo")
            .binary(ToClient, 9000)
            .close(1000);
        for seed in 0..50 {
            let plain = traffic.segmented(200);
            let shuffled = plain.clone().retransmitted(5).reordered(seed);
            let mut seen: Both<Vec<(u64, u64)>> = Both::default();
            for segment in &shuffled.list {
                let own = (segment.at, segment.at + segment.payload.len() as u64);
                seen[segment.sender].push(own);
                let Some(ack) = segment.ack else { continue };
                let other = segment.sender.other();
                for before in plain.list.iter().filter(|before| {
                    before.sender == other && before.at < ack && !before.payload.is_empty()
                }) {
                    let run = (before.at, before.at + before.payload.len() as u64);
                    assert!(
                        seen[other].contains(&run),
                        "seed {seed}: {run:?} after its ack {ack}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_shuffle_does_shuffle() {
        let segments = Traffic::new(1)
            .handshake()
            .binary(ToServer, 9000)
            .segmented(100);
        assert_ne!(segments.list, segments.clone().reordered(1).list);
    }

    #[test]
    fn each_side_says_what_its_turns_say() {
        let traffic = Traffic::new(9)
            .http_get("/x", 200, b"body")
            .handshake()
            .binary(ToClient, 5000)
            .close(1000);
        for mss in [1, 7, 1460, 65_000] {
            let segments = traffic.segmented(mss);
            for sender in Direction::ALL {
                let turns = traffic.turns.iter().filter(|turn| turn.sender == sender);
                let said: Vec<u8> = turns.flat_map(|turn| turn.bytes.clone()).collect();
                let sent: Vec<u8> = segments
                    .list
                    .iter()
                    .filter(|s| s.sender == sender)
                    .flat_map(|s| s.payload.clone())
                    .collect();
                assert_eq!(said, sent);
            }
        }
    }

    #[test]
    fn the_sequence_numbers_of_both_sides_do_wrap() {
        let segments = Traffic::new(9)
            .handshake()
            .close(1000)
            .segmented(10)
            .wrapped_seq();
        for sender in Direction::ALL {
            let len = segments.stream_len(sender) as u32;
            assert!(segments.isn[sender].checked_add(len).is_none());
        }
    }
}
