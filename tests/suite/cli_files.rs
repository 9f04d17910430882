//! What the program does with files that are not there, are no captures, or end too early, and with outputs that cannot be written.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use wscope::direction::Direction::{ToClient, ToServer};

use crate::program::{stderr, wscope};
use crate::traffic::file::Compression;
use crate::traffic::{Rng, Traffic};

/// A folder with `whole.pcap`: a capture of 200 messages.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("whole.pcap"), capture()).unwrap();
    folder
}

fn capture() -> Vec<u8> {
    capture_of(100)
}

fn capture_of(pairs: usize) -> Vec<u8> {
    let mut traffic = Traffic::new(1).handshake();
    for _ in 0..pairs {
        traffic = traffic.binary(ToServer, 500).binary(ToClient, 500);
    }
    traffic.close(1000).segmented(1460).recording().pcap()
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    wscope(folder).args(arguments).output().unwrap()
}

/// Exit status 2, nothing on standard output, and one or two lines that name the file and why.
fn refuses(run: &Output, file: &str, why: &str) {
    let said = stderr(run);
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(
        run.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&run.stdout)
    );
    assert!((1..=2).contains(&said.lines().count()), "{said}");
    assert!(said.contains(file), "{said}");
    assert!(said.to_lowercase().contains(why), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

/// Exit status 0, some records, and one or two lines that name the file and say that it ends early.
fn reports_up_to_the_cut(run: &Output, file: &str, messages: usize) {
    let said = stderr(run);
    assert_eq!(run.status.code(), Some(0), "{said}");
    assert!((1..=2).contains(&said.lines().count()), "{said}");
    assert!(said.contains(file) || said.contains("cut"), "{said}");
    let count = String::from_utf8_lossy(&run.stdout).lines().count();
    assert!((10..messages).contains(&count), "{count} records");
}

#[test]
fn a_file_that_is_not_there() {
    refuses(
        &run(folder().path(), &["frames", "nowhere.pcap"]),
        "nowhere.pcap",
        "no such file",
    );
}

#[test]
fn a_folder_without_captures() {
    let folder = folder();
    fs::create_dir(folder.path().join("empty")).unwrap();
    refuses(
        &run(folder.path(), &["frames", "empty"]),
        "empty",
        "no captures",
    );
}

#[test]
fn a_file_of_no_bytes() {
    let folder = folder();
    fs::write(folder.path().join("empty.pcap"), []).unwrap();
    refuses(
        &run(folder.path(), &["frames", "empty.pcap"]),
        "empty.pcap",
        "empty",
    );
}

#[test]
fn noise_is_not_a_capture() {
    let folder = folder();
    fs::write(folder.path().join("noise.pcap"), Rng(1).bytes(20_000)).unwrap();
    refuses(
        &run(folder.path(), &["frames", "noise.pcap"]),
        "noise.pcap",
        "not a capture",
    );
}

#[test]
fn a_capture_that_is_cut_in_half_is_reported_up_to_the_cut() {
    let folder = folder();
    let whole = capture();
    fs::write(
        folder.path().join("half.pcap"),
        &whole[..whole.len() / 2 + 3],
    )
    .unwrap();
    let arguments = ["messages", "--format", "ndjson", "half.pcap"];
    reports_up_to_the_cut(&run(folder.path(), &arguments), "half.pcap", 200);
}

#[test]
fn a_compressed_capture_that_is_cut_in_half_is_reported_up_to_the_cut() {
    let folder = folder();
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Lz4] {
        // No decoder gives anything before the end of a block, so the capture has several.
        let whole = compression.of(&capture_of(800));
        let half = &whole[..whole.len() / 2];
        fs::write(folder.path().join("half.pcap"), half).unwrap();
        let run = run(
            folder.path(),
            &["messages", "--format", "ndjson", "half.pcap"],
        );
        reports_up_to_the_cut(&run, "half.pcap", 1600);
    }
}

#[test]
fn any_number_of_threads_writes_the_same() {
    let folder = folder();
    let plain = capture_of(800);
    for (name, compression) in [
        ("whole.pcap.gz", Compression::Gzip),
        ("whole.pcap.zst", Compression::Zstd),
        ("whole.pcap.lz4", Compression::Lz4),
    ] {
        let whole = compression.of(&plain);
        let cut = whole[..whole.len() / 3 * 2].to_vec();
        let mut damaged = whole.clone();
        damaged[whole.len() / 2] ^= 0x55;
        for bytes in [whole, cut, damaged] {
            fs::write(folder.path().join(name), bytes).unwrap();
            let told = |threads| {
                let run = run(
                    folder.path(),
                    &["frames", "--threads", threads, "--format", "csv", name],
                );
                (run.status.code(), run.stdout.clone(), stderr(&run))
            };
            let one = told("1");
            assert_eq!(told("2"), one, "{name}");
            assert_eq!(told("7"), one, "{name}");
        }
    }
}

#[test]
fn an_array_of_json_is_closed_where_a_capture_is_cut() {
    let folder = folder();
    let whole = capture();
    fs::write(
        folder.path().join("half.pcap"),
        &whole[..whole.len() / 2 + 3],
    )
    .unwrap();
    let run = run(
        folder.path(),
        &["messages", "--format", "json", "half.pcap"],
    );
    let records: Vec<Value> = serde_json::from_slice(&run.stdout).unwrap();
    assert!(
        (10..200).contains(&records.len()),
        "{} records",
        records.len()
    );
}

#[test]
fn the_other_captures_are_read_where_one_is_bad() {
    let folder = folder();
    let arguments = [
        "messages",
        "--format",
        "ndjson",
        "nowhere.pcap",
        "whole.pcap",
    ];
    let run = run(folder.path(), &arguments);
    let said = stderr(&run);
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(said.contains("nowhere.pcap"), "{said}");
    assert_eq!(String::from_utf8_lossy(&run.stdout).lines().count(), 200);
}

#[test]
fn a_folder_is_read_and_what_in_it_is_named_as_a_capture_and_is_none_is_said() {
    let folder = folder();
    fs::write(folder.path().join("README.md"), "no capture").unwrap();
    let arguments = ["messages", "--format", "ndjson", "."];
    let whole = run(folder.path(), &arguments);
    assert_eq!(
        (whole.status.code(), stderr(&whole).as_str()),
        (Some(0), "")
    );
    fs::write(folder.path().join("garbage.pcapng.gz"), "no capture").unwrap();
    let partly = run(folder.path(), &arguments);
    let said = stderr(&partly);
    assert_eq!(partly.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("wscope: ./garbage.pcapng.gz: not a capture"),
        "{said}"
    );
    assert_eq!(partly.stdout, whole.stdout);
}

#[test]
fn an_ending_that_the_command_does_not_write_is_refused() {
    let folder = folder();
    let output =
        |command: &str, name: &str| run(folder.path(), &[command, "-o", name, "whole.pcap"]);
    refuses(&output("frames", "frames.xml"), ".xml", "--format table");
    assert!(!folder.path().join("frames.xml").exists());
    assert!(output("check", "check.xml").status.success());
    assert!(output("frames", "frames.txt").status.success());
}

#[test]
fn an_output_file_that_cannot_be_made() {
    let arguments = ["messages", "-o", "nowhere/out.csv", "whole.pcap"];
    refuses(
        &run(folder().path(), &arguments),
        "nowhere/out.csv",
        "no such file",
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let folder = folder();
    let arguments = [
        "messages",
        "--format",
        "ndjson",
        "-o",
        "/dev/full",
        "whole.pcap",
    ];
    refuses(&run(folder.path(), &arguments), "/dev/full", "no space");
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let run = wscope(folder.path())
        .args(["messages", "--format", "ndjson", "whole.pcap"])
        .stdout(full)
        .output()
        .unwrap();
    refuses(&run, "standard output", "no space");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = folder();
    let mut child = wscope(folder.path())
        .args([
            "messages",
            "--format",
            "ndjson",
            "--max-payload",
            "all",
            "whole.pcap",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    let run = child.wait_with_output().unwrap();
    assert!(first.starts_with('{'), "{first}");
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert_eq!(stderr(&run), "");
}
