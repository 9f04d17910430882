//! A message that inflates to a thousand times its size.

use std::fs;
use std::process::Stdio;

use serde_json::Value;
use wscope::direction::Direction::ToClient;
use wscope::event::MessageKind;

use crate::program::wscope;
use crate::traffic::Traffic;
use crate::traffic::compressed::{Compressor, End};

/// Three megabytes that inflate to three thousand: what compresses a megabyte of zeros, again and again.
fn bomb() -> Vec<u8> {
    let mut compressor = Compressor::new(9, true);
    let zeros = vec![0; 1 << 20];
    compressor.message(&zeros, End::Flush);
    let mut block = compressor.message(&zeros, End::Flush);
    block.extend([0x00, 0x00, 0xff, 0xff]);
    let mut coded = block.repeat(3 << 20 >> 10);
    coded.truncate(coded.len() - 4);
    let first = Compressor::new(9, true).message(&zeros, End::Flush);
    [first, vec![0x00, 0x00, 0xff, 0xff], coded].concat()
}

fn traffic() -> Traffic {
    let coded = bomb();
    let hello = Compressor::new(6, false).message(b"Hello", End::Flush);
    Traffic::new(1)
        .handshake_agreeing("; server_no_context_takeover")
        .compressed(ToClient, MessageKind::Binary, b"", &coded, &[])
        .compressed(ToClient, MessageKind::Text, b"Hello", &hello, &[])
        .close(1000)
}

/// Runs wscope over the bomb in 512 MiB of address space; what it printed, and what it said.
#[cfg(target_os = "linux")]
fn run(max_inflate: &str) -> (Vec<Value>, String) {
    let folder = tempfile::tempdir().unwrap();
    let capture = traffic().segmented(1400).recording().pcap();
    fs::write(folder.path().join("bomb.pcap"), capture).unwrap();
    let program = wscope(folder.path());
    let run = std::process::Command::new("sh")
        .current_dir(folder.path())
        .args(["-c", "ulimit -v 524288; exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args([
            "messages",
            "--format",
            "ndjson",
            "--max-inflate",
            max_inflate,
            "bomb.pcap",
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.success(), "{told}");
    let printed = String::from_utf8(run.stdout).unwrap();
    let records = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (records.collect(), told)
}

#[test]
#[cfg(target_os = "linux")]
fn a_bomb_needs_no_memory_is_given_up_and_the_connection_is_read_on() {
    let (records, told) = run("64M");
    assert_eq!(records[0]["payload_length"], Value::Null);
    assert_eq!(
        (&records[0]["complete"], &records[0]["payload_truncated"]),
        (&true.into(), &true.into())
    );
    assert_eq!(records[1]["text"], "Hello");
    assert!(
        told.contains("inflates to more than 67,108,864 bytes"),
        "{told}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_bomb_that_may_go_off_needs_no_more_memory() {
    let (records, _) = run("all");
    let length = records[0]["payload_length"].as_u64().unwrap();
    let coded = records[0]["coded_length"].as_u64().unwrap();
    assert!(length > 900 * coded, "{length} from {coded}");
    assert_eq!(records[1]["text"], "Hello");
}
