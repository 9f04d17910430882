//! What pages say to a person: every number is of what it is said of, and every hint leads somewhere.

use std::process::Output;

use crate::fixtures;
use crate::program::{stderr, wscope};

/// The page of a command over a fixture's capture.
fn page(fixture: &str, arguments: &[&str]) -> String {
    let run = run(fixture, arguments);
    assert!(run.status.success(), "{arguments:?}: {}", stderr(&run));
    String::from_utf8(run.stdout).unwrap()
}

fn run(fixture: &str, arguments: &[&str]) -> Output {
    let all = fixtures::readable();
    let case = all.iter().find(|case| case.name == fixture).unwrap();
    wscope(&case.folder)
        .args(arguments)
        .arg(case.capture.as_deref().unwrap())
        .output()
        .unwrap()
}

#[test]
fn a_summary_of_a_part_says_which_numbers_are_of_the_whole() {
    let whole = page("http-vs-ws", &["summary"]);
    assert!(
        whole.contains("8 HTTP exchanges beside the handshakes: 2,557 B"),
        "{whole}"
    );
    assert!(whole.contains("\nBYTES   6,824 B"), "{whole}");
    for part in [
        ["--connection", "1"],
        ["--packets", "23-32"],
        ["--since", "0.2"],
    ] {
        let page = page("http-vs-ws", &[&["summary"], &part[..]].concat());
        let head = page.lines().next().unwrap();
        assert!(
            head.contains("connection shown") || head.contains("connections shown"),
            "{page}"
        );
        let scope = "Packets, bytes and their time are of all that was read";
        assert!(page.contains(scope), "{page}");
        assert!(
            page.contains("\nBYTES OF THE WHOLE CAPTURE   6,824 B"),
            "{page}"
        );
        assert!(!page.contains("2,557 B"), "{page}");
    }
    let one = page("http-vs-ws", &["summary", "--connection", "1"]);
    assert!(
        one.contains("        shown: 1 HTTP exchange beside the handshakes: 314 B"),
        "{one}"
    );
    // Where the part is all there is, nothing is said of it.
    let only = page("seed-ws", &["summary", "--connection", "0"]);
    assert_eq!(only, page("seed-ws", &["summary"]));
}

#[test]
fn a_gap_is_told_at_the_packet_behind_it() {
    let gaps = |fixture| {
        let arguments = ["connections", "--notices", "--format", "ndjson"];
        let lines = page(fixture, &arguments);
        let records = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let gaps = records.filter(|record: &serde_json::Value| record["kind"] == "gap");
        gaps.map(|gap| {
            let packet = gap["packet"].as_u64().unwrap();
            let told = gap["explanation"].as_str().unwrap().to_string();
            (gap["sender"].as_str().unwrap().to_string(), packet, told)
        })
        .collect::<Vec<_>>()
    };
    let found = gaps("tcp-capture-drops");
    let places: Vec<(&str, u64)> = found
        .iter()
        .map(|(sender, packet, _)| (sender.as_str(), *packet))
        .collect();
    assert_eq!(places[0], ("client", 16), "{found:?}");
    assert!(places.contains(&("server", 17)), "{found:?}");
    assert!(
        found[0].2 == "631 bytes of the client are not in the capture, before those of packet 16",
        "{found:?}"
    );
    // Nothing is behind the hole: it is told at the packet that made it certain.
    let found = gaps("tcp-one-direction");
    assert_eq!((found[0].0.as_str(), found[0].1), ("server", 17));
    assert!(found[0].2.ends_with("nor any behind them"), "{found:?}");
}

#[test]
fn a_connection_tells_how_it_opened_and_closed() {
    let lines = page("tcp-rst-halfopen", &["connections"]);
    let refused = lines
        .lines()
        .find(|line| line.starts_with("  4  "))
        .unwrap();
    assert!(
        refused.ends_with("  refused: reset in answer to its SYN"),
        "{refused}"
    );
    let lines = page("tcp-one-direction", &["connections"]);
    assert!(
        lines.contains("fin of the client only, opening seen in part, 2,578 B missing"),
        "{lines}"
    );
    let lines = page("tcp-midstream", &["connections"]);
    assert!(lines.contains("opening not seen"), "{lines}");
}
