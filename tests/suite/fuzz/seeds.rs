//! Seeds: where a search begins.

use std::fs;
use std::path::Path;

use super::pipeline::written;
use crate::conversations::conversation;
use crate::fixtures::{self, Fixture};
use crate::traffic::compressed::{Compressor, End};
use crate::traffic::{Traffic, header_bytes};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use wscope::direction::Direction::{ToClient, ToServer};

/// The longest file that is a seed.
const LONGEST: u64 = 8 << 10;

/// The seeds of a target.
pub(super) fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "file" => captures(),
        "key_log" => small_files(|_, name| {
            Path::new(name)
                .extension()
                .is_some_and(|ending| ending == "keys")
        }),
        "conversation" => conversations().iter().map(written).collect(),
        "segments" => conversations().iter().map(segments).collect(),
        "frames" => streams(|bytes| bytes.first() != Some(&b'G') && bytes.first() != Some(&b'H')),
        "http" => streams(|bytes| matches!(bytes, [b'G' | b'H' | b'P', ..])),
        "deflate" => messages(),
        "tls" => tls(),
        "extension" => [
            "permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\"",
            "x-webkit-deflate-frame",
            "a; b=c; d=\"e\"",
        ]
        .map(|seed| seed.as_bytes().to_vec())
        .to_vec(),
        "utf8" => vec![behind_cuts("näïve 東京 🦀".as_bytes())],
        other => panic!("no target {other}"),
    }
}

/// The cuts that laws about pieces read first.
fn behind_cuts(bytes: &[u8]) -> Vec<u8> {
    [&[0, 6, 1, 40], bytes].concat()
}

fn captures() -> Vec<Vec<u8>> {
    let files = small_files(|case, name| case.capture.as_deref() == Some(name));
    files.iter().map(|file| behind_cuts(file)).collect()
}

fn small_files(wanted: impl Fn(&Fixture, &str) -> bool) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for case in fixtures::readable() {
        for entry in fs::read_dir(&case.folder).unwrap() {
            let entry = entry.unwrap();
            let is_small = entry.metadata().unwrap().len() <= LONGEST;
            if is_small && wanted(&case, &entry.file_name().to_string_lossy()) {
                files.push(fs::read(entry.path()).unwrap());
            }
        }
    }
    files
}

/// Conversations of every kind that the generator knows.
fn conversations() -> Vec<Traffic> {
    let mut runner = TestRunner::deterministic();
    let generated = (0..24).map(|_| {
        conversation()
            .new_tree(&mut runner)
            .unwrap()
            .current()
            .traffic()
    });
    let short = |traffic: &Traffic| {
        traffic
            .turns
            .iter()
            .map(|turn| turn.bytes.len())
            .sum::<usize>()
            <= 4000
    };
    let mut conversations: Vec<_> = generated.filter(short).collect();
    conversations.push(
        Traffic::new(1)
            .handshake()
            .client_text("Hi!")
            .server_text("Yo!")
            .close(1000),
    );
    let mut compressed = Traffic::new(2).handshake_agreeing("");
    let message = Compressor::new(6, true).message(b"Hello, hello, hello", End::Flush);
    let mut frame = header_bytes(true, 4, 1, None, message.len() as u64, 0);
    frame.extend(message);
    compressed.say(ToClient, frame);
    conversations.push(compressed);
    conversations
}

fn segments(traffic: &Traffic) -> Vec<u8> {
    let mut out = Vec::new();
    for segment in &traffic.segmented(200).list {
        out.extend([segment.flags, u8::from(segment.sender == ToClient) | 2]);
        out.extend((segment.at as u16).to_be_bytes());
        out.extend((segment.ack.unwrap_or(0) as u16).to_be_bytes());
        out.push(segment.payload.len() as u8);
        out.extend(&segment.payload);
    }
    out
}

fn streams(wanted: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
    let conversations = conversations();
    let turns = conversations.iter().flat_map(|traffic| &traffic.turns);
    turns
        .filter(|turn| wanted(&turn.bytes))
        .take(40)
        .map(|turn| behind_cuts(&turn.bytes))
        .collect()
}

fn messages() -> Vec<Vec<u8>> {
    let mut compressor = Compressor::new(6, true);
    ["Hello", "Hello", "", "a rose is a rose is a rose"]
        .iter()
        .flat_map(|text| {
            [End::Flush, End::FinalBlock]
                .map(|end| behind_cuts(&compressor.message(text.as_bytes(), end)))
        })
        .collect()
}

fn tls() -> Vec<Vec<u8>> {
    let (traffic, _) = Traffic::new(3).handshake().client_text("Hi!").under_tls(4);
    let side = |sender| {
        let turns = traffic.turns.iter().filter(|turn| turn.sender == sender);
        turns
            .flat_map(|turn| turn.bytes.clone())
            .collect::<Vec<u8>>()
    };
    [ToServer, ToClient]
        .map(|sender| behind_cuts(&side(sender)))
        .to_vec()
}
