//! Why something cannot be judged, and what needs no judging.

use wscope::analysis::{Analysis, Options};
use wscope::event::Event;

use super::alone::agreeing;

/// The causes for which messages of the server's are not judged, each with the first rule that names it.
fn causes(agreed: &str, line: &str) -> Vec<(&'static str, &'static str)> {
    let mut causes: Vec<(&str, &str)> = Vec::new();
    let mut keep = |event: &Event<'_>| {
        if let Event::Unjudged(unjudged) = event
            && (unjudged.rule.id.starts_with("ws-text") || unjudged.rule.id.starts_with("ws-pmd"))
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
    let script = agreeing(agreed, line);
    for packet in script.packets() {
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
