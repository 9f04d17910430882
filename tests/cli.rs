//! The program itself: exit statuses, streams, files.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;

const CAPTURE: &str = "fixtures/seed-both/seed-both.pcap";

/// Exit status, standard output, standard error.
fn wscope(arguments: &[&str]) -> (i32, String, String) {
    wscope_with(arguments, &[])
}

fn wscope_with(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let output = Command::cargo_bin("wscope")
        .unwrap()
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .write_stdin(input)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn bytes() -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(CAPTURE)).unwrap()
}

#[test]
fn a_file_that_does_not_exist_is_named_in_one_line() {
    let (status, out, err) = wscope(&["nofile.pcap"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert_eq!(err.lines().count(), 1);
    assert!(err.starts_with("wscope: nofile.pcap: "), "{err}");
}

#[test]
fn a_mistyped_command_is_answered_with_the_near_one() {
    let (status, out, err) = wscope(&["frmaes", "x.pcap"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("did you mean 'wscope frames'?"), "{err}");
}

#[test]
fn one_bad_file_does_not_keep_the_others_from_being_read() {
    let (status, out, err) = wscope(&["summary", "--format", "ndjson", "nofile.pcap", CAPTURE]);
    assert_eq!(status, 2);
    assert_eq!(out.lines().count(), 1);
    assert!(out.contains("\"packets\":42,\"bytes\":3842"), "{out}");
    assert!(err.contains("nofile.pcap"), "{err}");
}

#[test]
fn a_file_that_is_no_capture_is_refused() {
    let (status, out, err) = wscope(&["Cargo.toml"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(
        err.starts_with("wscope: Cargo.toml: not a capture"),
        "{err}"
    );
}

#[test]
fn options_that_do_not_exist_are_errors() {
    for option in ["--filter", "--redact", "--nonsense"] {
        let (status, out, err) = wscope(&["frames", option, CAPTURE]);
        assert_eq!((status, out.as_str()), (2, ""), "{option}");
        assert!(err.contains("unexpected argument"), "{err}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let (status, _, err) = wscope(&["frames", "-o", "/no/such/folder/x.json", CAPTURE]);
    assert_eq!(status, 2);
    assert!(
        err.starts_with("wscope: cannot write /no/such/folder/x.json: "),
        "{err}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    let (status, _, err) = wscope(&["--format", "json", "-o", "/dev/full", CAPTURE]);
    assert_eq!(status, 2);
    assert!(
        err.contains("cannot write /dev/full: No space left"),
        "{err}"
    );
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("wscope"))
        .args(["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_capture_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    fs::write(&path, bytes()).unwrap();
    let name = path.to_str().unwrap();
    let (status, _, err) = wscope(&["frames", "-o", name, name]);
    assert_eq!(status, 2);
    assert!(err.contains("is one of the captures"), "{err}");
    assert_eq!(fs::read(&path).unwrap(), bytes());
}

#[test]
fn the_ending_of_the_output_chooses_the_format() {
    let folder = tempfile::tempdir().unwrap();
    for (name, begin) in [
        ("x.json", "[\n{\"type\":\"summary\""),
        ("x.ndjson", "{\"type\":\"summary\""),
        ("x.csv", "type,capture,schema,"),
        ("x.md", "| column | value |"),
        ("x.txt", CAPTURE),
    ] {
        let path = folder.path().join(name);
        let (status, out, _) = wscope(&[CAPTURE, "-o", path.to_str().unwrap()]);
        assert_eq!((status, out.as_str()), (0, ""));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(begin), "{name}: {text}");
    }
}

#[test]
fn standard_input_is_a_dash() {
    let (status, out, _) = wscope_with(&["--format", "ndjson", "-"], &bytes());
    assert_eq!(status, 0);
    assert!(
        out.starts_with("{\"type\":\"summary\",\"capture\":\"-\""),
        "{out}"
    );
}

#[test]
fn merged_captures_are_one() {
    let (status, out, _) = wscope(&["--merge", "--format", "ndjson", CAPTURE, CAPTURE]);
    assert_eq!(status, 0);
    assert_eq!(out.lines().count(), 1);
    assert!(out.contains("\"packets\":84"), "{out}");
}

#[test]
fn a_cut_file_is_reported_up_to_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcap");
    let whole = bytes();
    fs::write(&path, whole.get(..whole.len() - 10).unwrap()).unwrap();
    let name = path.to_str().unwrap();
    let (status, out, err) = wscope(&["--format", "ndjson", name]);
    assert_eq!(status, 0);
    assert!(out.contains("\"packets\":41"), "{out}");
    assert!(out.contains("\"cut\":true"), "{out}");
    assert!(err.contains("cut-file"), "{err}");
    let (_, _, err) = wscope(&["--quiet", "--format", "ndjson", name]);
    assert_eq!(err, "");
    let (_, out, err) = wscope(&["--notices", "--format", "ndjson", name]);
    assert_eq!(err, "");
    assert!(out.contains("\"type\":\"notice\""), "{out}");
}

#[test]
fn notices_are_records_of_json_only() {
    let (status, _, err) = wscope(&["frames", "--notices", "--format", "csv", CAPTURE]);
    assert_eq!(status, 2);
    assert!(err.contains("--notices"), "{err}");
}

#[test]
fn follow_wants_a_connection() {
    let (status, _, err) = wscope(&["follow", CAPTURE]);
    assert_eq!(status, 2);
    assert!(err.contains("--connection N"), "{err}");
}

#[test]
fn a_connection_is_asked_for_by_a_number_that_there_is() {
    let (status, out, err) = wscope(&["frames", "--connection", "x", CAPTURE]);
    assert_eq!((status, out.as_str()), (2, ""));
    let expected = "a connection is given by its number; `wscope connections CAPTURE` lists them";
    assert!(err.contains(expected), "{err}");
    let (status, _, err) = wscope(&["frames", "--connection", "3", CAPTURE]);
    assert_eq!(status, 2);
    assert!(err.contains("there is no connection 3"), "{err}");
}

#[test]
fn a_part_of_the_capture_that_holds_nothing_is_said() {
    for (part, named) in [
        (&["--packets", "43-"][..], "--packets"),
        (&["--since", "7"], "--since"),
        (&["--until", "2000-01-01T00:00:00Z"], "--until"),
        (
            &["--packets", "1-10", "--since", "5"],
            "--packets and --since",
        ),
    ] {
        for command in ["summary", "frames", "check", "overhead"] {
            let (status, _, err) = wscope(&[&[command, CAPTURE], part].concat());
            let said = format!("wscope: nothing lies in the part that {named} asked for;");
            assert_eq!(status, 2, "{command} {part:?}");
            assert!(err.starts_with(&said), "{command} {part:?}: {err}");
        }
    }
    // A packet that no row tells of is something, and so is what goes on while no packet comes.
    for part in [["--packets", "1"], ["--packets", "42-"], ["--since", "6"]] {
        let (status, _, err) = wscope(&[&["frames", CAPTURE], &part[..]].concat());
        assert_eq!((status, err.as_str()), (0, ""), "{part:?}");
    }
    let between = ["connections", "--since", "1.4", "--until", "1.5", CAPTURE];
    let (status, out, err) = wscope(&between);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
}

#[test]
fn every_command_explains_itself() {
    for command in [
        "summary",
        "connections",
        "handshakes",
        "messages",
        "frames",
        "http",
        "follow",
        "demo",
        "schema",
        "completions",
        "man",
    ] {
        let (status, out, _) = wscope(&[command, "--help"]);
        assert_eq!(status, 0);
        assert!(out.contains("Usage: wscope"), "{out}");
        let (status, out, _) = wscope(&["man", command]);
        assert_eq!(status, 0);
        assert!(out.contains(".TH"), "{out}");
    }
    let (status, out, _) = wscope(&["completions", "bash"]);
    assert_eq!(status, 0);
    assert!(out.contains("_wscope"));
}

#[test]
fn the_schema_is_a_schema() {
    let (status, out, _) = wscope(&["schema"]);
    assert_eq!(status, 0);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(schema.get("schema"), Some(&serde_json::json!(1)));
    assert!(jsonschema::validator_for(&schema).is_ok());
}

#[test]
fn the_demo_tells_what_there_is_to_see() {
    let (status, out, err) = wscope(&["demo"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.contains("42 packets · 3,842 bytes"), "{out}");
    assert!(out.contains("hc8j+fqUPST8qwAoHW/emOFa8xo="), "{out}");
}
