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
