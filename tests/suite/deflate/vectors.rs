//! The byte examples of RFC 7692, section 7.2.3, and violations of it, as a server would send them.
//!
//! `vectors.json` holds for each the stream of frames, what was agreed, the messages (with null for what cannot be inflated) and why the
//! last one is no message as the RFC asks for.

use serde_json::Value;
use sha1::{Digest as _, Sha1};
use wscope::analysis::{Analysis, Options};
use wscope::direction::Direction::ToClient;
use wscope::websocket::deflate::Failure;

use crate::collect::Rows;
use crate::traffic::Traffic;

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn traffic(vector: &Value) -> Traffic {
    let mut parameters = String::new();
    if vector["no_context_takeover"] == true {
        parameters.push_str("; server_no_context_takeover");
    }
    let bits = vector["max_window_bits"].as_u64().unwrap();
    if bits < 15 {
        parameters.push_str(&format!("; server_max_window_bits=\"{bits}\""));
    }
    let mut traffic = Traffic::new(1).handshake_agreeing(&parameters);
    traffic.say(ToClient, bytes(vector["stream"].as_str().unwrap()));
    traffic
}

fn failure(name: Option<&str>) -> Option<Failure> {
    name.map(|name| match name {
        "unfinished" => Failure::Unfinished,
        "block-type" => Failure::BlockType,
        "stored-length" => Failure::StoredLength,
        "takeover" => Failure::Takeover,
        other => panic!("{other}"),
    })
}

#[test]
fn every_vector_is_read_as_it_says_however_it_is_cut() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 25);
    for vector in &vectors {
        let name = vector["name"].as_str().unwrap();
        for mss in [1, 2, 7, 1400] {
            let rows = Rows::of(traffic(vector).segmented(mss).recording().packets());
            let wanted = vector["messages"].as_array().unwrap();
            assert_eq!(rows.messages.len(), wanted.len(), "{name}");
            for (row, wanted) in rows.messages.iter().zip(wanted) {
                assert_eq!(
                    row.payload_length,
                    wanted["length"].as_u64(),
                    "{name}: {row:?}"
                );
                if let Some(payload) = wanted["payload"].as_str() {
                    assert_eq!(
                        row.payload.as_deref(),
                        Some(bytes(payload).as_slice()),
                        "{name}"
                    );
                }
                if let Some(digest) = wanted["sha1"].as_str() {
                    let payload = row.payload.as_deref().unwrap();
                    assert_eq!(Sha1::digest(payload).as_slice(), bytes(digest), "{name}");
                }
            }
            let last = rows.messages.last().and_then(|row| row.inflated);
            let found = last.and_then(|inflated| inflated.failure);
            assert_eq!(found, failure(vector["failure"].as_str()), "{name}");
        }
    }
}

fn last_inflated(name: &str) -> wscope::websocket::deflate::Inflated {
    let vectors = vectors();
    let vector = vectors
        .iter()
        .find(|vector| vector["name"] == name)
        .unwrap();
    let mut analysis = Analysis::new(Options {
        measure_distances: true,
        ..Options::default()
    });
    let mut last = None;
    let mut take = |event: &wscope::event::Event<'_>| {
        if let wscope::event::Event::Message(message) = event {
            last = message.inflated;
        }
    };
    for packet in traffic(vector).segmented(1400).recording().packets() {
        analysis.push(&packet, &mut take);
    }
    analysis.finish(&mut take);
    last.unwrap()
}

#[test]
fn a_reference_beyond_the_agreed_window_is_measured() {
    let exceeded = last_inflated("window-exceeded");
    assert_eq!(
        (exceeded.agreed.window(), exceeded.farthest_distance),
        (512, Some(710))
    );
    let within = last_inflated("window-ok");
    assert_eq!(
        (within.agreed.window(), within.farthest_distance),
        (1024, Some(710))
    );
}

#[test]
fn the_marks_of_a_message_are_told() {
    assert!(last_inflated("tail-left-in").tail_left_in);
    assert!(last_inflated("7.2.3.4-bfinal").final_block);
    assert!(!last_inflated("bfinal-then-next").final_block);
    assert!(last_inflated("takeover-violated").violates_takeover());
    assert!(!last_inflated("7.2.3.2-no-takeover").violates_takeover());
}
