//! Whatever stands in an analysis, printing its state shows nothing of what was said, and no keys.

use std::fmt::Write as _;
use std::sync::Arc;

use wscope::analysis::{Analysis, Options};
use wscope::capture::{Capture, Item, Packet};
use wscope::direction::Direction::{ToClient, ToServer};
use wscope::event::MessageKind;
use wscope::tls::{KeyLog, Keys};

use crate::fixtures;
use crate::traffic::compressed::{Compressor, End};
use crate::traffic::{Body, Http, Traffic};

/// Stands in all that is said.
const WORD: &str = "Zwiebelfisch";

fn said() -> Traffic {
    let long = WORD.repeat(300);
    let mut compressor = Compressor::new(6, true);
    let coded = compressor.message(long.as_bytes(), End::Flush);
    Traffic::new(1)
        .http(&Http {
            method: "POST",
            target: format!("/{WORD}?{WORD}={WORD}"),
            status: 200,
            request_body: Body::Length(long.clone().into()),
            response_body: Body::Chunked(vec![WORD.into(), long.clone().into()]),
            expects_continue: false,
        })
        .handshake_with(
            &format!(
                "Cookie: {WORD}\r\nOrigin: https://{WORD}.example\r\nSec-WebSocket-Protocol: {WORD}\r\n\
                 Sec-WebSocket-Extensions: permessage-deflate, x-{WORD}; {WORD}={WORD}\r\n"
            ),
            &format!(
                "Set-Cookie: {WORD}\r\nSec-WebSocket-Protocol: {WORD}\r\nSec-WebSocket-Extensions: permessage-deflate, x-{WORD}; {WORD}={WORD}\r\n"
            ),
        )
        .client_text(&long)
        .server_text(&long)
        .ping(ToServer, WORD.as_bytes())
        .pong(ToClient, WORD.as_bytes())
        .fragmented(ToClient, MessageKind::Text, long.as_bytes(), &[7, 900], &[9])
        .fragmented(ToServer, MessageKind::Binary, long.as_bytes(), &[50], &[9])
        .compressed(ToClient, MessageKind::Text, long.as_bytes(), &coded, &[20])
        .left_open()
}

/// Bytes as programs print them.
fn printed(bytes: &[u8]) -> [String; 4] {
    let bytes = &bytes[..bytes.len().min(6)];
    let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let text = String::from_utf8_lossy(bytes).into_owned();
    [list.join(", "), hex.to_uppercase(), hex, text]
}

/// The secrets of a key log.
fn secrets(log: &str) -> Vec<Vec<u8>> {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
            .collect()
    };
    let lines = log.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| Some(hex(line.split(' ').nth(2)?)))
        .collect()
}

/// Lists of numbers that look like bytes of keys or of traffic, other than those of packed ledgers.
fn byte_lists(state: &str) -> Vec<&str> {
    let is_bytes = |list: &str| {
        let numbers: Option<Vec<u8>> = list.split(", ").map(|word| word.parse().ok()).collect();
        numbers.is_some_and(|mut numbers| {
            let len = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            len >= 8 && numbers.len() >= 4
        })
    };
    let opened: Vec<&str> = state.split('[').collect();
    let lists = opened.windows(2).filter_map(|pair| {
        let list = pair[1].split(']').next()?;
        (!pair[0].ends_with("ledgers: ") && is_bytes(list)).then_some(list)
    });
    lists.collect()
}

/// Prints the state again and again.
fn is_private<'p>(
    packets: impl Iterator<Item = Packet<'p>>,
    log: &str,
    threads: usize,
    found: bool,
) {
    let options = Options {
        keep_frames: u64::MAX,
        keep_messages: u64::MAX,
        keep_bodies: u64::MAX,
        decode_bodies: true,
        check: true,
        unjudged: true,
        ..Options::default()
    };
    let mut given = KeyLog::default();
    if !found {
        given.read(log.as_bytes(), 0);
    }
    let mut analysis = Analysis::new(options)
        .with_keys(Keys::new(Arc::new(given), true))
        .with_threads(threads)
        .sharing_behind(1);
    let forbidden: Vec<String> = std::iter::once(WORD.as_bytes().to_vec())
        .chain(secrets(log))
        .flat_map(|secret| printed(&secret))
        .collect();
    let look = |analysis: &Analysis, packet: u64| {
        let state = format!("{analysis:?}");
        for forbidden in &forbidden {
            let at = state.find(forbidden);
            let around = at.map(|at| &state[at.saturating_sub(300)..at + 40]);
            assert_eq!(around, None, "behind packet {packet}");
        }
        let lists = byte_lists(&state);
        assert!(lists.is_empty(), "behind packet {packet}: {lists:?}");
    };
    let mut last = 0;
    for packet in packets {
        analysis.push(&packet, &mut |_| {});
        last = packet.number;
        if found && last == 10 {
            analysis.secrets("a log", 0, log.as_bytes(), &mut |_| {});
        }
        if last % 3 == 0 {
            look(&analysis, last);
        }
    }
    analysis.finish(&mut |_| {});
    look(&analysis, last + 1);
}

#[test]
fn the_state_of_an_analysis_shows_nothing_that_was_said() {
    let (secret, log) = said().under_tls(3);
    for (traffic, log) in [(said(), ""), (secret, log.as_str())] {
        let segments = traffic.segmented(500);
        for recording in [
            segments.recording(),
            segments.clone().reordered(7).recording(),
            segments.clone().without(9).recording(),
        ] {
            for (threads, found) in [(1, false), (1, true), (3, false), (3, true)] {
                is_private(recording.packets(), log, threads, found);
            }
        }
    }
}

#[test]
fn the_state_of_an_analysis_shows_no_keys_of_any_fixture() {
    let mut count = 0;
    for case in fixtures::readable() {
        let Ok(log) = std::fs::read_to_string(case.path(&format!("{}.keys", case.name))) else {
            continue;
        };
        count += 1;
        let mut capture = Capture::open(&case.path(case.capture.as_deref().unwrap())).unwrap();
        let mut packets = Vec::new();
        while let Ok(Some(item)) = capture.next_item() {
            if let Item::Packet(packet) = item {
                packets.push((
                    Packet {
                        bytes: &[],
                        ..packet
                    },
                    packet.bytes.to_vec(),
                ));
            }
        }
        let packets = || {
            packets
                .iter()
                .take(60)
                .map(|(packet, bytes)| Packet { bytes, ..*packet })
        };
        is_private(packets(), &log, 1, false);
        is_private(packets(), &log, 2, true);
    }
    assert!(count > 5, "hardly any fixture has keys");
}
