//! What `wscope check` writes for other programs, read as they read it.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::fixtures;
use crate::program::{stderr, wscope};

const GOOD: &str = "seed-ws/seed-ws.pcap";
const BAD: &str = "hs-bad-fields/hs-bad-fields.pcap";

fn check(arguments: &[&str]) -> Output {
    let run = wscope(&fixtures::root())
        .arg("check")
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        run.status.code().is_some_and(|code| code < 3),
        "{}",
        stderr(&run)
    );
    run
}

fn text(format: &str, arguments: &[&str]) -> String {
    let run = check(&[&["--format", format], arguments].concat());
    String::from_utf8(run.stdout).unwrap()
}

/// How many findings there are, from the records.
fn findings(arguments: &[&str]) -> Vec<Value> {
    text("ndjson", arguments)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["type"] == "finding")
        .collect()
}

/// A file of expectations, of which one is met and one is not.
fn expectations(folder: &Path) -> String {
    let path = folder.join("x.toml");
    std::fs::write(&path, "[handshakes]\nvalid = 1\nrefused = 7\n").unwrap();
    path.to_str().unwrap().to_string()
}

#[test]
fn junit_opens_in_a_reader_of_junit() {
    let folder = tempfile::tempdir().unwrap();
    let expect = expectations(folder.path());
    let report = text("junit", &["--expect", &expect, GOOD, BAD]);
    let report = junit_parser::from_reader(report.as_bytes()).unwrap();
    let [good, bad] = report.suites.as_slice() else {
        panic!("{} suites", report.suites.len())
    };
    assert_eq!((good.name.as_str(), bad.name.as_str()), (GOOD, BAD));
    // Whether it can be judged, one connection, expectations.
    assert_eq!((good.tests, good.failures, good.errors), (3, 1, 0));
    let unmet = &good.cases[2];
    assert_eq!(unmet.original_name.as_str(), "expectations");
    let failure = unmet.status.failure_as_ref();
    assert_eq!(failure.message, "handshakes.refused: expected 7, seen 0");
    assert_eq!(bad.tests, 14);
    let failing: Vec<_> = bad
        .cases
        .iter()
        .filter(|case| case.status.is_failure())
        .collect();
    assert_eq!(failing.len() as u64, bad.failures);
    let errors = findings(&[BAD]);
    let errors = errors
        .iter()
        .filter(|finding| finding["severity"] == "error");
    let connections: std::collections::BTreeSet<u64> = errors
        .map(|finding| finding["connection"].as_u64().unwrap())
        .collect();
    assert_eq!(failing.len(), connections.len() + 1);
    let first = bad
        .cases
        .iter()
        .find(|case| case.original_name.starts_with("connection 0 "))
        .unwrap();
    let failure = first.status.failure_as_ref();
    assert!(
        failure.text.contains("ws-accept-mismatch"),
        "{}",
        failure.text
    );
    assert!(failure.text.contains("mend: "), "{}", failure.text);
}

#[test]
fn junit_tells_of_a_capture_that_cannot_be_read_or_judged() {
    let garbage = "file-garbage/file-garbage.pcap";
    let empty = "file-header-only/file-header-only.pcap";
    let report = text("junit", &[garbage, empty]);
    let report = junit_parser::from_reader(report.as_bytes()).unwrap();
    assert_eq!((report.errors, report.skipped), (1, 1));
    let report = text("junit", &["--strict", garbage, empty]);
    let report = junit_parser::from_reader(report.as_bytes()).unwrap();
    assert_eq!((report.errors, report.failures), (1, 1));
}

#[test]
fn a_report_is_written_although_no_capture_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let cases: [(&str, &str); 3] = [
        ("file-garbage/file-garbage.pcap", "not a capture"),
        ("not-there.pcap", "not-there.pcap"),
        (empty.to_str().unwrap(), "no captures in this folder"),
    ];
    for (capture, why) in cases {
        for format in ["junit", "sarif", "tap", "github", "markdown"] {
            let file = folder.path().join(format);
            let run = check(&["--format", format, "-o", file.to_str().unwrap(), capture]);
            assert_eq!(run.status.code(), Some(2), "{format}: {}", stderr(&run));
            let report = std::fs::read_to_string(&file).unwrap();
            assert!(report.contains(why), "{format}: {report}");
        }
        let report = std::fs::read(folder.path().join("junit")).unwrap();
        let report = junit_parser::from_reader(report.as_slice()).unwrap();
        assert_eq!((report.tests, report.errors), (1, 1));
        let sarif = std::fs::read(folder.path().join("sarif")).unwrap();
        let log: Value = serde_json::from_slice(&sarif).unwrap();
        assert_eq!(
            log["runs"][0]["invocations"][0]["executionSuccessful"],
            false
        );
        let merged = check(&["--merge", "--format", "tap", capture]);
        assert_eq!(merged.status.code(), Some(2));
    }
}

#[test]
fn sarif_passes_its_schema() {
    // As published, one pattern has a bracket too many, which not every reader of patterns forgives.
    let schema = include_str!("sarif-schema-2.1.0.json").replace("{2}]?$", "{2}\\\\]?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let expect = expectations(folder.path());
    for arguments in [
        &["."][..],
        &[
            "--strict",
            "--expect",
            &expect,
            GOOD,
            BAD,
            "file-garbage/file-garbage.pcap",
        ],
        &["file-header-only/file-header-only.pcap"],
    ] {
        let log: Value = serde_json::from_str(&text("sarif", arguments)).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&log)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{arguments:?}: {}", errors.join("\n"));
    }
}

#[test]
fn sarif_locates_results_by_their_packets() {
    let log: Value = serde_json::from_str(&text("sarif", &[BAD])).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let findings = findings(&[BAD]);
    assert_eq!(results.len(), findings.len());
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    for finding in findings {
        let packet = &finding["first_packet"];
        let found = results.iter().find(|result| {
            result["ruleId"] == finding["rule"]
                && result["locations"][0]["physicalLocation"]["region"]["startLine"] == *packet
        });
        let result = found.unwrap_or_else(|| panic!("{finding}"));
        let place = &result["locations"][0];
        assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], BAD);
        let name = format!("connection {}/packet {packet}", finding["connection"]);
        assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], name);
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], finding["rule"]);
    }
}

/// A workflow command: `::name key=value,key=value::message`, on one line.
#[test]
fn annotations_follow_the_grammar_of_workflow_commands() {
    let folder = tempfile::tempdir().unwrap();
    let expect = expectations(folder.path());
    let arguments = [
        "--expect",
        &expect,
        GOOD,
        BAD,
        "file-garbage/file-garbage.pcap",
    ];
    let lines = text("github", &arguments);
    let mut errors = 0;
    for line in lines.lines() {
        let rest = line.strip_prefix("::").unwrap_or_else(|| panic!("{line}"));
        let (head, message) = rest.split_once("::").unwrap_or_else(|| panic!("{line}"));
        let (name, properties) = head.split_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(["error", "warning", "notice"].contains(&name), "{line}");
        errors += usize::from(name == "error");
        for property in properties.split(',') {
            let (key, value) = property.split_once('=').unwrap_or_else(|| panic!("{line}"));
            assert!(["file", "line", "title"].contains(&key), "{line}");
            assert!(!value.contains(':') && !value.is_empty(), "{line}");
            assert!(key != "line" || value.parse::<u64>().is_ok(), "{line}");
        }
        assert!(!message.is_empty() && !message.contains('\r'), "{line}");
        let escapes = message.matches('%').count();
        let known = ["%25", "%0A", "%0D"].map(|escape| message.matches(escape).count());
        assert_eq!(escapes, known.iter().sum::<usize>(), "{line}");
    }
    assert!(errors > 10, "{lines}");
}

#[test]
fn tap_has_a_plan_that_its_tests_keep() {
    let folder = tempfile::tempdir().unwrap();
    let expect = expectations(folder.path());
    let report = text(
        "tap",
        &[
            "--expect",
            &expect,
            GOOD,
            BAD,
            "file-header-only/file-header-only.pcap",
        ],
    );
    let mut lines = report.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let mut tests = 0;
    let mut failures = 0;
    let mut yaml = false;
    let mut plan = None;
    for line in lines {
        match line {
            "  ---" => yaml = true,
            "  ..." => yaml = false,
            _ if yaml => assert!(line.starts_with("  "), "{line}"),
            _ if line.starts_with("1..") => plan = line[3..].parse().ok(),
            _ => {
                assert_eq!(plan, None, "{line}");
                tests += 1;
                failures += usize::from(line.starts_with("not "));
                let line = line.strip_prefix("not ").unwrap_or(line);
                assert!(line.starts_with(&format!("ok {tests} - ")), "{line}");
            }
        }
    }
    assert!(!yaml);
    assert_eq!(plan, Some(tests));
    assert!(failures >= 2, "{report}");
    assert_eq!(report.matches(" # SKIP ").count(), 1, "{report}");
}

#[test]
fn markdown_is_tables_in_which_no_cell_breaks_out() {
    let page = text("markdown", &[BAD, GOOD]);
    assert!(page.starts_with("## wscope check\n\n**failed: "), "{page}");
    let mut columns = None;
    for line in page.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        let bars = line
            .replace("\\\\", "")
            .replace("\\|", "")
            .matches('|')
            .count();
        assert_eq!(*columns.get_or_insert(bars), bars, "{line}");
    }
    assert!(
        page.contains("ws\\-accept\\-mismatch") || page.contains("ws-accept-mismatch"),
        "{page}"
    );
}

/// Whether a text holds what a terminal or a log would obey.
#[cfg(unix)]
fn obeyed(text: &str) -> Option<char> {
    let obeyed = |letter: &char| letter.is_control() && *letter != '\n' || *letter == '\u{202e}';
    text.chars().find(obeyed)
}

#[test]
#[cfg(unix)]
fn the_name_of_a_file_moves_no_cursor_and_begins_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let odd = |name: &str| format!("{name}\u{1b}[31m\u{202e}\u{9b}\r\n::error::.pcap");
    let (bad, garbage) = (odd("bad"), odd("garbage"));
    std::fs::copy(fixtures::root().join(BAD), folder.path().join(&bad)).unwrap();
    std::fs::write(folder.path().join(&garbage), "no capture, and long enough").unwrap();
    let expect = expectations(folder.path());
    for format in ["junit", "sarif", "tap", "github", "markdown", "table"] {
        let run = wscope(folder.path())
            .args(["check", "--format", format, "--expect", &expect])
            .args([&bad, &garbage])
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(2), "{format}");
        let report = String::from_utf8(run.stdout.clone()).unwrap();
        for text in [&report, &stderr(&run)] {
            assert_eq!(obeyed(text), None, "{format}: {text}");
            let lines = text.lines();
            let begun = lines.filter(|line| line.trim_start().starts_with("::error::"));
            assert_eq!(begun.count(), 0, "{format}: {text}");
        }
        let name = match format {
            "sarif" => "bad%1B%5B31m%E2%80%AE%C2%9B%0D%0A%3A%3Aerror%3A%3A.pcap",
            "github" => "file=bad␛[31m<U+202E><U+009B>␍␊%3A%3Aerror%3A%3A.pcap,line=",
            "junit" => "bad␛[31m&lt;U+202E&gt;&lt;U+009B&gt;␍␊::error::.pcap",
            "markdown" => "bad␛\\[31m\\<U+202E\\>\\<U+009B\\>␍␊::error::.pcap",
            _ => "bad␛[31m<U+202E><U+009B>␍␊::error::.pcap",
        };
        assert!(report.contains(name), "{format}: {report}");
    }
}

#[test]
#[cfg(unix)]
fn what_is_written_down_of_a_capture_can_be_read_whatever_its_name_is() {
    let folder = tempfile::tempdir().unwrap();
    let name = "good\u{1b}[31m\u{202e}\n.pcap";
    std::fs::copy(fixtures::root().join(GOOD), folder.path().join(name)).unwrap();
    for arguments in [&["--bless", name][..], &["--strict", name]] {
        let run = wscope(folder.path())
            .arg("check")
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(run.stdout.clone()).unwrap() + &stderr(&run);
        assert_eq!(run.status.code(), Some(0), "{arguments:?}: {said}");
        assert_eq!(obeyed(&said), None, "{arguments:?}: {said}");
    }
}

#[test]
#[cfg(unix)]
fn arguments_that_are_complained_of_are_shown_as_names_are() {
    let run = wscope(&fixtures::root())
        .args([
            "check",
            "--format",
            "e\u{1b}[31m\u{202e}\u{9b}\n::error::pwn",
        ])
        .output()
        .unwrap();
    let said = stderr(&run);
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert_eq!(obeyed(&said), None, "{said}");
    assert!(said.contains("<U+202E>"), "{said}");
    let mut lines = said.lines();
    assert!(
        !lines.any(|line| line.trim_start().starts_with("::")),
        "{said}"
    );
}

#[test]
fn records_are_those_of_the_schema() {
    let run = wscope(&fixtures::root()).arg("schema").output().unwrap();
    let schema: Value = serde_json::from_slice(&run.stdout).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let expect = expectations(folder.path());
    let records = text(
        "ndjson",
        &[
            "--unknown",
            "--expect",
            &expect,
            BAD,
            "tcp-capture-drops/tcp-capture-drops.pcap",
        ],
    );
    let mut types = std::collections::BTreeSet::new();
    for line in records.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert!(schema.is_valid(&record), "{line}");
        types.insert(record["type"].as_str().unwrap().to_string());
    }
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    assert_eq!(types, ["expectation", "finding", "unjudged"]);
    let array: Vec<Value> = serde_json::from_str(&text("json", &[BAD])).unwrap();
    assert_eq!(array.len(), findings(&[BAD]).len());
    let csv = text("csv", &[BAD]);
    assert_eq!(csv.lines().count(), array.len() + 1);
    assert!(
        csv.starts_with("type,capture,rule,severity,connection,"),
        "{csv}"
    );
}

#[test]
fn the_ending_of_the_output_chooses_the_format_and_the_totals_go_to_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    for (name, begin) in [
        ("a.xml", "<?xml"),
        ("a.sarif", "{\n"),
        ("a.tap", "TAP version 14\n"),
        ("a.md", "## wscope check\n"),
        ("a.json", "["),
        ("a.txt", BAD),
    ] {
        let path = folder.path().join(name);
        let run = check(&["-o", path.to_str().unwrap(), BAD]);
        assert_eq!(run.status.code(), Some(1));
        assert!(run.stdout.is_empty());
        assert!(
            stderr(&run).contains("failed: 1 capture"),
            "{}",
            stderr(&run)
        );
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with(begin), "{name}: {text}");
    }
}
