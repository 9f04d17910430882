//! Messages of which only the beginning is there.

use std::fs;

use serde_json::Value;
use wscope::direction::Direction::{ToClient, ToServer};
use wscope::event::MessageKind;

use crate::program;
use crate::traffic::compressed::{Compressor, End};
use crate::traffic::{Segments, Traffic};

/// How the last message of a capture is shown: its row in the table behind the overhead, and its record.
fn shown(segments: &Segments, arguments: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.pcap"), segments.recording().pcap()).unwrap();
    let arguments = [&["messages"], arguments, &["a.pcap"]].concat();
    let run = program::wscope(folder.path())
        .args(&arguments)
        .output()
        .unwrap();
    let page = String::from_utf8(run.stdout.clone()).unwrap();
    let row = page.lines().rev().nth(2).unwrap();
    let (_, content) = row.rsplit_once(" B  ").unwrap();
    let counted = page.lines().rev().nth(1).unwrap();
    assert!(!counted.contains("--max-payload all"), "{page}");
    let record = program::records(folder.path(), &arguments)
        .unwrap()
        .pop()
        .unwrap();
    (content.to_string(), record)
}

/// The conversation up to the segment that brings `last` of its sender's payloads, and that segment as far as it is asked for.
fn up_to(traffic: &Traffic, bytes: &[u8], len: usize) -> Segments {
    let mut segments = traffic.clone().left_open().segmented(1460);
    let find = |payload: &[u8]| payload.windows(bytes.len()).position(|part| part == bytes);
    let (index, at) = (segments.list.iter().enumerate())
        .find_map(|(index, segment)| Some((index, find(&segment.payload)?)))
        .unwrap();
    segments.list.truncate(index + 1);
    segments.list[index].payload.truncate(at + len);
    segments
}

#[test]
fn a_text_that_goes_on_behind_the_capture_is_shown_as_far_as_it_came() {
    let text = "one, two — and more";
    let traffic = Traffic::new(1)
        .handshake()
        .client_text("Hi")
        .server_text(text);
    // In the middle of the dash.
    let segments = up_to(&traffic, text.as_bytes(), "one, two ".len() + 1);
    let (content, record) = shown(&segments, &[]);
    assert_eq!(content, "[incomplete] one, two  …");
    assert_eq!(record["text"], "one, two ");
    assert_eq!(record["payload_truncated"], true);
    assert_eq!(record["valid_utf8"], Value::Null);
    assert_eq!(record["complete"], false);
    let (content, record) = shown(&segments, &["--max-payload", "3"]);
    assert_eq!(content, "[incomplete] one …");
    assert_eq!(record["text"], "one");
    let (content, record) = shown(&segments, &["--max-payload", "none"]);
    assert_eq!(content, "[incomplete] ");
    assert_eq!(record["text"], Value::Null);
    assert_eq!(record["payload_truncated"], false);
    // Nothing came but the header.
    let (content, record) = shown(&up_to(&traffic, text.as_bytes(), 0), &[]);
    assert_eq!(content, "[incomplete] ");
    assert_eq!(record["payload_truncated"], false);
}

#[test]
fn what_stands_before_a_hole_is_shown_to_a_person_and_is_no_payload() {
    let lost = "SECOND".repeat(9);
    let text = format!("first {lost} third");
    let cuts = ["first ".len(), "first ".len() + lost.len()];
    for kind in [MessageKind::Text, MessageKind::Binary] {
        let traffic = Traffic::new(1).handshake();
        let traffic = traffic.fragmented(ToClient, kind, text.as_bytes(), &cuts, &[9, 10]);
        let segments = traffic.left_open().segmented(20);
        let inside = segments.list.iter().position(|segment| {
            let letters = segment
                .payload
                .iter()
                .filter(|byte| lost.as_bytes().contains(byte));
            letters.count() == 20
        });
        let segments = segments.without(inside.unwrap());
        let (content, record) = shown(&segments, &[]);
        let begun = match kind {
            MessageKind::Text => "[incomplete] [carried] first S",
            MessageKind::Binary => "[incomplete] [carried] 66 69 72 73 74 20",
        };
        assert!(
            content.starts_with(begun) && content.ends_with(" …"),
            "{content}"
        );
        assert!(!content.contains("third"), "{content}");
        assert_eq!(record["complete"], false);
        for name in ["text", "data", "valid_utf8"] {
            assert_eq!(record[name], Value::Null, "{record}");
        }
        assert_eq!(record["payload_truncated"], false);
    }
}

#[test]
fn a_compressed_text_is_shown_as_far_as_it_can_be_inflated() {
    let text = "one two three four five six seven eight nine ten ".repeat(20);
    let coded = Compressor::new(0, true).message(text.as_bytes(), End::Flush);
    let (traffic, kind) = (Traffic::new(1).handshake_agreeing(""), MessageKind::Text);
    let traffic = traffic.compressed(ToServer, kind, text.as_bytes(), &coded, &[300]);
    let mut segments = traffic.left_open().segmented(100);
    let last = segments
        .list
        .iter()
        .rposition(|segment| segment.payload.len() > 90);
    segments.list.truncate(last.unwrap());
    let (content, record) = shown(&segments, &[]);
    assert!(
        content.starts_with("[incomplete] one two three "),
        "{content}"
    );
    let shown = record["text"].as_str().unwrap();
    assert!(
        text.starts_with(shown) && (200..text.len()).contains(&shown.len()),
        "{shown}"
    );
    assert_eq!(record["payload_length"], Value::Null);
}
