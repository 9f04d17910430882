//! Laws 1 and 2 for what is found: it does not depend on how the streams were cut, nor on the order or the number of their segments.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wscope::capture::{LinkType, Packet};
use wscope::check::Finding;
use wscope::direction::Direction;
use wscope::time::Timestamp;

use super::alone::cases;
use super::{Kept, found, packets};
use crate::conversations::conversation;
use crate::fixtures::{self, complaints};
use crate::laws;
use crate::traffic::{Rng, Segments};

/// Rules about packets and their times, which the streams do not have.
const OF_PACKETS: [&str; 7] = [
    "perf-header-payload-split",
    "perf-frame-per-segment",
    "perf-nagle-delay",
    "tcp-retransmission",
    "tcp-overlap-conflict",
    "tcp-rst-without-close",
    "tcp-zero-window",
];

/// Their words tell a time, which other segments of the same streams have otherwise.
const TELL_A_TIME: [&str; 2] = ["ws-close-missing", "ws-ping-interval"];

/// Everything that is said of whom, without packets and times.
fn said(findings: &[Finding]) -> BTreeMap<(u64, &'static str, Option<&'static str>), String> {
    findings
        .iter()
        .filter(|finding| !OF_PACKETS.contains(&finding.rule.id))
        .map(|finding| {
            let key = (
                finding.place.connection,
                finding.rule.id,
                finding.sender.map(Direction::sender),
            );
            let (severity, count) = (finding.severity.name(), finding.count);
            let explanation = if TELL_A_TIME.contains(&finding.rule.id) {
                ""
            } else {
                finding.explanation.as_str()
            };
            (key, format!("{severity} {count}: {explanation}"))
        })
        .collect()
}

/// Where two runs differ.
fn differences(one: &[Finding], other: &[Finding]) -> Vec<String> {
    let (one, other) = (said(one), said(other));
    let keys: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
    keys.into_iter()
        .filter(|key| one.get(*key) != other.get(*key))
        .map(|key| format!("{key:?}: {:?}, then {:?}", one.get(key), other.get(key)))
        .collect()
}

/// A packet as it is changed here.
#[derive(Clone, Debug)]
struct Cut {
    packet: Packet<'static>,
    bytes: Vec<u8>,
    sender: u16,
    has_payload: bool,
}

/// TCP over IPv4 without options: where its IP header stands.
fn ip_at(link: LinkType) -> Option<usize> {
    match link {
        LinkType::ETHERNET => Some(14),
        LinkType::RAW => Some(0),
        _ => None,
    }
}

/// Cuts every segment into some of `size` bytes. None where this test does not know the layers.
fn cut(packet: &Packet<'_>, size: usize) -> Option<Vec<Cut>> {
    let ip = ip_at(packet.link)?;
    let bytes = packet.bytes;
    let whole = packet.original_len as usize == bytes.len();
    if !whole || bytes.get(ip)? != &0x45 || bytes.get(ip + 9)? != &6 {
        return None;
    }
    let number = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let is_fragment = number(ip + 6)? & 0x3fff != 0;
    if is_fragment {
        return None;
    }
    let tcp = ip + 20;
    let from = tcp + usize::from(bytes.get(tcp + 12)? >> 4) * 4;
    let to = ip + usize::from(number(ip + 2)?);
    let payload = bytes.get(from..to)?;
    let seq = u32::from_be_bytes(bytes.get(tcp + 4..tcp + 8)?.try_into().ok()?);
    let parts: Vec<&[u8]> = if payload.is_empty() {
        vec![payload]
    } else {
        payload.chunks(size).collect()
    };
    let mut at = 0u32;
    let last = parts.len() - 1;
    let parts = parts.into_iter().enumerate().map(|(index, part)| {
        let mut bytes = [&bytes[..from], part].concat();
        let len = (bytes.len() - ip) as u16;
        bytes[ip + 2..ip + 4].copy_from_slice(&len.to_be_bytes());
        // Other packets than the one that was cut, by their identification.
        bytes[ip + 4..ip + 6]
            .copy_from_slice(&((packet.number as u16) << 6 | index as u16 & 63).to_be_bytes());
        bytes[tcp + 4..tcp + 8].copy_from_slice(&seq.wrapping_add(at).to_be_bytes());
        if index < last {
            bytes[tcp + 13] &= !1;
        }
        at += part.len() as u32;
        Cut {
            packet: Packet {
                bytes: &[],
                original_len: bytes.len() as u32,
                ..*packet
            },
            sender: u16::from_be_bytes([bytes[tcp], bytes[tcp + 1]]),
            has_payload: !part.is_empty(),
            bytes,
        }
    });
    Some(parts.collect())
}

/// Everything that is found in packets that are cut, shuffled within what one side sends in a row, and here and there copied.
fn found_in<'a>(
    packets: impl Iterator<Item = Packet<'a>>,
    size: usize,
    seed: Option<u64>,
) -> Option<Vec<Finding>> {
    let mut all = Vec::new();
    for packet in packets {
        all.extend(cut(&packet, size)?);
    }
    if let Some(seed) = seed {
        let mut rng = Rng(seed);
        let times: Vec<Timestamp> = all.iter().map(|cut| cut.packet.time).collect();
        for run in all.chunk_by_mut(|one, other| {
            one.sender == other.sender
                && one.has_payload
                && other.has_payload
                && one.packet.time == other.packet.time
        }) {
            // Not farther than what may wait behind a hole.
            for near in run.chunks_mut(200) {
                for at in (1..near.len()).rev() {
                    near.swap(at, rng.next() as usize % (at + 1));
                }
            }
        }
        let again: Vec<Cut> = std::mem::take(&mut all);
        for (cut, time) in again.into_iter().zip(times) {
            let copies = 1 + usize::from(rng.next().is_multiple_of(8));
            let packet = Packet { time, ..cut.packet };
            all.extend(std::iter::repeat_n(Cut { packet, ..cut }, copies));
        }
    }
    Some(found((1..).zip(&all).map(|(number, cut)| Packet {
        number,
        bytes: &cut.bytes,
        ..cut.packet
    })))
}

#[test]
fn no_cut_order_or_copy_of_a_case_changes_what_is_found() {
    let mut complaints = Vec::new();
    for case in cases() {
        for (name, script) in [("broken", &case.broken), ("near", &case.near)] {
            let plain = found(script.packets());
            let long: usize = script.packets.iter().map(|(_, bytes)| bytes.len()).sum();
            let sizes: &[usize] = if long > 200_000 {
                &[1000]
            } else {
                &[1, 2, 7, 100]
            };
            for size in sizes {
                for seed in [None, Some(1), Some(2)] {
                    let other = found_in(script.packets(), *size, seed).unwrap();
                    for difference in differences(&plain, &other) {
                        complaints.push(format!(
                            "{} ({name}), cut at {size}, {seed:?}: {difference}",
                            case.rule
                        ));
                    }
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn no_cut_order_or_copy_of_a_fixture_changes_what_is_found() {
    let complaints = complaints(&fixtures::readable(), |case| {
        let all = packets(&case.path(case.capture.as_deref().unwrap()));
        let plain = found(all.iter().map(Kept::packet));
        let mut complaints = Vec::new();
        let long: usize = all.iter().map(|kept| kept.bytes.len()).sum();
        let sizes: &[usize] = if long > 100_000 { &[300] } else { &[1, 7, 100] };
        for size in sizes {
            for seed in [None, Some(1)] {
                let Some(other) = found_in(all.iter().map(Kept::packet), *size, seed) else {
                    continue;
                };
                for difference in differences(&plain, &other) {
                    complaints.push(format!(
                        "{}, cut at {size}, {seed:?}: {difference}",
                        case.name
                    ));
                }
            }
        }
        complaints
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn found_of(segments: &Segments) -> Vec<Finding> {
    found(segments.recording().packets())
}

proptest! {
    #![proptest_config(laws::config())]

    #[test]
    fn any_cut_order_and_copies_of_a_conversation_find_the_same(
        conversation in conversation(), mss in laws::mss(), seed in any::<u64>(), again in 0usize..6, copies in 0usize..6,
    ) {
        let traffic = conversation.traffic();
        let plain = found_of(&traffic.segmented(1460));
        let segments = traffic.reseeded(seed).segmented(mss);
        let differ = differences(&plain, &found_of(&segments));
        prop_assert!(differ.is_empty(), "cut: {differ:#?}");
        let shuffled = segments.clone().reordered(seed);
        let differ = differences(&plain, &found_of(&shuffled));
        prop_assert!(differ.is_empty(), "reordered: {differ:#?}");
        let repeated = segments.retransmitted(again).reordered(seed).duplicated(copies);
        let differ = differences(&plain, &found_of(&repeated));
        prop_assert!(differ.is_empty(), "repeated: {differ:#?}");
    }

    /// What a conversation that breaks no rule is accused of, whatever happened to its packets.
    #[test]
    fn no_loss_from_a_conversation_accuses(
        conversation in conversation(), mss in laws::mss(), faults in prop::collection::vec(laws::fault(), 0..5),
    ) {
        let segments = faults.iter().fold(conversation.traffic().segmented(mss), |segments, fault| fault.on(segments));
        let plain = found_of(&conversation.traffic().segmented(mss));
        let added = super::losses::added(&plain, &found_of(&segments));
        prop_assert!(added.is_empty(), "{added:#?}");
    }
}
