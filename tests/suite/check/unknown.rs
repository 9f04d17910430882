//! Why something cannot be judged, and what needs no judging.

use flate2::{Compress, Compression, FlushCompress};
use wscope::analysis::{Analysis, Options};
use wscope::capture::Packet;
use wscope::event::Event;

use super::alone::{agreeing, refused};
use super::script::Script;
use crate::traffic::{Rng, frame_bytes};

/// The causes for which messages of the server's are not judged, each with the first rule that names it.
fn causes(agreed: &str, line: &str) -> Vec<(&'static str, &'static str)> {
    causes_of(&agreeing(agreed, line), usize::MAX, &["ws-text", "ws-pmd"])
}

/// The causes for which rules are not judged that are named so; of each packet the capture has so many bytes at most.
fn causes_of(script: &Script, snaplen: usize, named: &[&str]) -> Vec<(&'static str, &'static str)> {
    let mut causes: Vec<(&str, &str)> = Vec::new();
    let mut keep = |event: &Event<'_>| {
        if let Event::Unjudged(unjudged) = event
            && named
                .iter()
                .any(|named| unjudged.rule.id.starts_with(named))
            && causes
                .iter()
                .all(|(cause, _)| *cause != unjudged.cause.name())
        {
            causes.push((unjudged.cause.name(), unjudged.rule.id));
        }
    };
    let mut analysis = Analysis::new(Options {
        check: true,
        unjudged: true,
        ..Options::default()
    });
    for packet in script.packets() {
        let held = packet.bytes.len().min(snaplen);
        let packet = Packet {
            bytes: &packet.bytes[..held],
            ..packet
        };
        analysis.push(&packet, &mut keep);
    }
    analysis.finish(&mut keep);
    causes
}

#[test]
fn a_text_that_goes_on_behind_the_capture_is_left_to_its_end() {
    let expected = [("capture-end", "ws-text-invalid-utf8")];
    for line in [
        // In the middle of a frame, between two, and in the middle of a header.
        "Q R s=810568 s=656c",
        "Q R s=010168",
        "Q R s=010168 s=80",
        // A reset is no word of the sender's that there is no more.
        "Q R s=010168 sr",
        "Q R s=010168 cr",
    ] {
        assert_eq!(causes("", line), expected, "{line}");
    }
    let causes = causes("permessage-deflate", "Q R s=c20568");
    assert_eq!(causes, [("capture-end", "ws-pmd-inflate-failed")]);
}

#[test]
fn a_text_with_a_hole_is_left_to_the_gap() {
    let expected = [("gap", "ws-text-invalid-utf8")];
    for line in [
        "Q R s=810568 lost s=656c s=6c6f ca",
        "Q R s=810568 lost s=656c s=6c ca",
        "Q R s=010168 lost s=010165 s=800165 ca",
    ] {
        assert_eq!(causes("", line), expected, "{line}");
    }
}

/// The heads of the handshake are shorter.
const SNAPLEN: usize = 350;

#[test]
fn a_text_that_the_snapshot_length_cut_is_left_to_that() {
    let messages = ["ws-text", "ws-pmd"];
    for line in [
        "Q R s=817e0190x400.",
        "Q R s=017e0190x400. s=800165",
        "Q R s=817e0190x400. sf ca cf sa",
    ] {
        let causes = causes_of(&agreeing("", line), SNAPLEN, &messages);
        assert_eq!(causes, [("snaplen", "ws-text-invalid-utf8")], "{line}");
    }
    let compressed = agreeing("permessage-deflate", "Q R s=c17e0190x400.");
    assert_eq!(
        causes_of(&compressed, SNAPLEN, &messages),
        [("snaplen", "ws-text-invalid-utf8")]
    );
}

#[test]
fn a_text_that_refers_to_what_the_snapshot_length_cut_is_left_to_that() {
    let mut compress = Compress::new(Compression::default(), false);
    let noise: String = (Rng(3).bytes(400).iter())
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut line = "Q R".to_string();
    for opcode in [2, 1] {
        let mut coded = Vec::with_capacity(noise.len() + 64);
        compress
            .compress_vec(noise.as_bytes(), &mut coded, FlushCompress::Sync)
            .unwrap();
        coded.truncate(coded.len() - 4);
        let frame = frame_bytes(true, 4, opcode, None, &coded);
        assert_eq!(frame.len() + 40 > SNAPLEN, opcode == 2);
        line += " s=";
        line.extend(frame.iter().map(|byte| format!("{byte:02x}")));
    }
    let script = agreeing("permessage-deflate", &line);
    let causes = causes_of(&script, SNAPLEN, &["ws-text"]);
    assert_eq!(causes, [("snaplen", "ws-text-invalid-utf8")]);
    assert_eq!(causes_of(&script, usize::MAX, &["ws-text"]), []);
}

#[test]
fn frames_behind_a_header_that_the_snapshot_length_cut_off_are_left_to_that() {
    // A second frame begins in what was cut off; those behind it are found again.
    let line = "Q R s=817e0190x400.817e0040 s=x64. s=810161*8 sf ca cf sa";
    let causes = causes_of(
        &agreeing("", line),
        SNAPLEN,
        &["ws-server-frame", "ws-opcode"],
    );
    assert_eq!(causes, [("snaplen", "ws-server-frame-masked")], "{line}");
    let lost = line
        .replacen("s=8", "lost s=8", 1)
        .replacen("s=x64.", "s=x64. ca", 1);
    let causes = causes_of(
        &agreeing("", &lost),
        SNAPLEN,
        &["ws-server-frame", "ws-opcode"],
    );
    assert_eq!(causes, [("resync", "ws-server-frame-masked")], "{lost}");
}

#[test]
fn a_text_that_its_sender_left_unfinished_is_told_by_other_rules() {
    for line in [
        "Q R s=810568 s=656c sf ca cf sa",
        "Q R s=010168 sf ca cf sa",
        "Q R s=010168 s=810165 sf ca cf sa",
    ] {
        assert_eq!(causes("", line), [], "{line}");
    }
}

#[test]
fn a_text_that_is_no_deflate_is_told_by_the_rule_on_that() {
    let causes = causes("permessage-deflate", "Q R s=c1050700000000 sf ca cf sa");
    assert_eq!(causes, []);
}

#[test]
fn handshakes_that_are_too_many_to_be_compared_are_left_to_the_limit() {
    let reused = "ws-req-key-reused";
    for (handshakes, expected) in [(8, vec![]), (9, vec![("limit", reused)])] {
        let script = refused("13", "403 Forbidden", &"Q R ".repeat(handshakes));
        assert_eq!(causes_of(&script, usize::MAX, &[reused]), expected);
    }
}
