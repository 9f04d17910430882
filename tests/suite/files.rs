//! Law 7 for files: the same packets in any form of capture file, under any compression, give the same records.

use std::fs;
use std::io::Cursor;
use std::process::Stdio;

use serde_json::Value;
use wscope::capture::{Capture, Item, LinkType};
use wscope::direction::Direction::{ToClient, ToServer};
use wscope::event::MessageKind;
use wscope::notice::Kind;

use crate::program;
use crate::traffic::Traffic;
use crate::traffic::file::{Compression, Form};
use crate::traffic::link::{IpVersion, Link, Recording};

const COMMANDS: [&str; 5] = ["connections", "handshakes", "frames", "messages", "http"];

fn recording() -> Recording {
    let traffic = Traffic::new(7)
        .http_get("/x", 200, b"Yo!")
        .handshake()
        .client_text("Hi, こんにちは")
        .fragmented(
            ToClient,
            MessageKind::Text,
            b"in three parts",
            &[2, 8],
            &[9, 10],
        )
        .binary(ToServer, 3000)
        .close(1000);
    traffic.segmented(536).under(Link::Ethernet, IpVersion::V4)
}

/// All records of a file, without its name.
fn records(folder: &std::path::Path, file: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for command in COMMANDS {
        let records = program::records(folder, &[command, "--max-payload", "all", file]);
        for mut record in records.unwrap_or_else(|complaint| panic!("{file}: {complaint}")) {
            record.as_object_mut().unwrap().remove("capture");
            all.push(record);
        }
    }
    all
}

#[test]
fn any_form_and_compression_of_a_capture_gives_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let recording = recording();
    fs::write(folder.path().join("plain"), recording.pcap()).unwrap();
    let plain = records(folder.path(), "plain");
    // One connection, one handshake, nine frames, three messages and two exchanges.
    assert_eq!(plain.len(), 16, "{plain:#?}");
    for form in Form::ALL {
        for compression in Compression::ALL {
            let file = format!("{form:?} {compression:?}");
            let bytes = compression.of(&recording.file(form));
            fs::write(folder.path().join(&file), bytes).unwrap();
            assert_eq!(records(folder.path(), &file), plain, "{file}");
        }
    }
}

/// As `cat` makes them of the files that a capture was rotated into.
#[test]
fn files_put_one_behind_the_other_are_one_capture() {
    let folder = tempfile::tempdir().unwrap();
    let recording = recording();
    fs::write(folder.path().join("plain"), recording.pcap()).unwrap();
    let plain = records(folder.path(), "plain");
    let mut first = recording;
    let second = Recording {
        packets: first.packets.split_off(first.packets.len() / 2),
        ..first
    };
    for one in Form::ALL {
        for other in Form::ALL {
            let file = format!("{one:?} {other:?}");
            let bytes = [first.file(one), second.file(other)].concat();
            fs::write(folder.path().join(&file), bytes).unwrap();
            assert_eq!(records(folder.path(), &file), plain, "{file}");
            // What is damaged where they meet costs nothing of the second.
            let bytes = [first.file(one), vec![0xff; 61], second.file(other)].concat();
            fs::write(folder.path().join(&file), bytes).unwrap();
            assert_eq!(records(folder.path(), &file), plain, "{file}");
        }
    }
}

/// When a packet was captured, under which header, how long it was and what of it there is.
type Captured = (i64, LinkType, u32, Vec<u8>);

/// The packets of a capture, and what damage it is said to have.
fn packets_of(bytes: Vec<u8>) -> (Vec<Captured>, Vec<String>) {
    let mut capture = Capture::from_reader("joined", Box::new(Cursor::new(bytes))).unwrap();
    let (mut packets, mut damage) = (Vec::new(), Vec::new());
    while let Some(item) = capture.next_item().unwrap() {
        match item {
            Item::Packet(packet) => packets.push((
                packet.time.0,
                packet.link,
                packet.original_len,
                packet.bytes.to_vec(),
            )),
            Item::Notice(notice) if notice.kind == Kind::DamagedRecord => {
                damage.push(notice.explanation);
            }
            _ => {}
        }
    }
    (packets, damage)
}

/// As where a capture was not written to its end, and another was put behind it.
#[test]
fn behind_a_file_that_is_cut_in_its_last_record_the_next_is_read_as_it_is_written() {
    let first = recording();
    let long = first
        .packets
        .iter()
        .rposition(|packet| packet.bytes.len() > 500);
    let (first, cut) = {
        let before = Recording {
            packets: first.packets[..long.unwrap()].to_vec(),
            ..first
        };
        let with = Recording {
            packets: first.packets[..=long.unwrap()].to_vec(),
            ..first
        };
        (before, with)
    };
    let other = Traffic::new(9)
        .handshake()
        .server_text("of another link type");
    let other = other.segmented(536).under(Link::Raw, IpVersion::V6);
    let short = Recording {
        packets: other.packets[..2].to_vec(),
        ..other
    };
    for one in Form::ALL {
        let (before, with) = (first.file(one), cut.file(one));
        for form in Form::ALL {
            for recording in [&other, &short] {
                // Where its packets end.
                let ends: Vec<usize> = (0..=recording.packets.len())
                    .map(|count| {
                        let part = Recording {
                            packets: recording.packets[..count].to_vec(),
                            ..recording.clone()
                        };
                        part.file(form).len()
                    })
                    .collect();
                let second = recording.file(form);
                let (expected, damage) = packets_of([&before[..], &second].concat());
                assert_eq!(damage, [] as [&str; 0]);
                for len in before.len() + 1..with.len() {
                    let lacks = with.len() - len;
                    if len - before.len() > 30 && lacks > 30 && lacks % 29 > 0 {
                        continue;
                    }
                    if ends.contains(&lacks) {
                        // The record ends where another does, and may be a packet that carries the file up to there.
                        continue;
                    }
                    let (packets, damage) = packets_of([&with[..len], &second].concat());
                    assert!(
                        packets == expected,
                        "{one:?} without {lacks} bytes, {form:?}"
                    );
                    let skipped = len - before.len();
                    let told = format!("{skipped} bytes were passed over");
                    assert!(
                        damage.len() == 1 && damage[0].contains(&told),
                        "{one:?} without {lacks} bytes, {form:?}: {damage:?}"
                    );
                }
            }
        }
    }
}

/// A packet may carry a file, or its beginning, as where one is fetched over HTTP.
#[test]
fn a_packet_that_carries_a_file_is_read_as_a_packet() {
    let recording = recording();
    for carried in Form::ALL {
        let mut with = recording.clone();
        let file = recording.file(carried);
        for (at, packet) in with.packets.iter_mut().enumerate() {
            packet.bytes.extend(&file[..(at * 37).min(file.len())]);
        }
        for form in Form::ALL {
            let (packets, damage) = packets_of(with.file(form));
            assert_eq!(damage, [] as [&str; 0], "{carried:?} in {form:?}");
            let bytes: Vec<&Vec<u8>> = packets.iter().map(|(.., bytes)| bytes).collect();
            let expected: Vec<_> = with.packets.iter().map(|packet| &packet.bytes).collect();
            assert_eq!(bytes, expected, "{carried:?} in {form:?}");
        }
    }
}

#[test]
fn files_in_the_wrong_order_are_told_whatever_their_form() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = recording();
    let second = Recording {
        packets: first.packets.split_off(first.packets.len() / 2),
        ..first
    };
    for one in Form::ALL {
        for other in Form::ALL {
            let bytes = [second.file(one), first.file(other)].concat();
            fs::write(folder.path().join("joined"), bytes).unwrap();
            let run = program::wscope(folder.path())
                .args(["connections", "joined"])
                .output()
                .unwrap();
            let notices = program::stderr(&run);
            assert!(
                notices.contains("time-order"),
                "{one:?} {other:?}: {notices}"
            );
        }
    }
}

/// What is said of a file, and the exit status.
fn said(folder: &std::path::Path, bytes: &[u8]) -> (String, Option<i32>) {
    fs::write(folder.join("cut"), bytes).unwrap();
    let run = program::wscope(folder)
        .args(["connections", "cut"])
        .output();
    let run = run.unwrap();
    (program::stderr(&run), run.status.code())
}

#[test]
fn a_header_that_is_cut_is_known_by_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let recording = recording();
    for form in Form::ALL {
        let whole = recording.file(form);
        for len in 1..24 {
            let (said, status) = said(folder.path(), &whole[..len]);
            let expected = match form {
                _ if len < 4 => "fewer bytes (".to_string(),
                Form::Pcapng { .. } => format!("in the middle of a record, {len} bytes behind"),
                _ => format!("begins as pcap does, and ends behind {len} of its header's 24 bytes"),
            };
            assert!(said.contains(&expected), "{form:?}, {len}: {said}");
            let is_read = len > 3 && matches!(form, Form::Pcapng { .. });
            assert_eq!(status, Some(if is_read { 0 } else { 2 }), "{said}");
        }
        let (said, _) = said(folder.path(), b"no capture, and long enough");
        assert!(said.contains("it begins with 6e 6f"), "{said}");
    }
}

#[test]
fn a_stream_that_is_cut_before_its_first_block_ends_is_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let whole = recording().pcap();
    for compression in Compression::ALL {
        let (name, bytes) = match compression {
            Compression::None => continue,
            Compression::Gzip => ("gzip", compression.of(&whole)),
            Compression::Zstd => ("zstd", compression.of(&whole)),
            Compression::Lz4 => ("lz4", compression.of(&whole)),
        };
        let (said_of_cut, status) = said(folder.path(), &bytes[..12]);
        let cut = format!("its {name} stream is cut off before anything of it can be read (");
        assert!(said_of_cut.contains(&cut), "{said_of_cut}");
        assert_eq!(status, Some(2));
        let (said_of_empty, status) = said(folder.path(), &compression.of(&[]));
        let empty = format!("there is nothing inside its {name} stream\n");
        assert!(said_of_empty.contains(&empty), "{said_of_empty}");
        assert_eq!(status, Some(2));
    }
}

/// Packets of an interface that no block describes, which nobody can read.
#[test]
fn packets_that_are_left_out_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let recording = recording();
    let whole = recording.file(Form::Pcapng { big_endian: false });
    // The section header is of 28 bytes, and the interface description behind it says how long it is.
    let described = u32::from_le_bytes(*whole[32..].first_chunk().unwrap()) as usize;
    let bytes = [&whole[..28], &whole[28 + described..]].concat();
    fs::write(folder.path().join("undescribed"), bytes).unwrap();
    let run = program::wscope(folder.path())
        .args(["check", "--strict", "undescribed"])
        .output()
        .unwrap();
    let notices = program::stderr(&run);
    assert_eq!(notices.matches("damaged-record").count(), 1, "{notices}");
    assert!(notices.contains("no block describes"), "{notices}");
}

/// Packets as blocks of pcapng of a type (enhanced, obsolete or simple), of which one announces another number of bytes than it has.
fn blocks(recording: &Recording, kind: u32, odd: Option<(usize, [u32; 2])>) -> Vec<u8> {
    let whole = recording.file(Form::Pcapng { big_endian: false });
    let (mut out, mut rest, mut packets) = (Vec::new(), whole.as_slice(), 0);
    while let Some(len) = rest.get(4..8) {
        let len = u32::from_le_bytes(*len.first_chunk().unwrap()) as usize;
        let (block, behind) = rest.split_at(len);
        rest = behind;
        if block[..4] != 6u32.to_le_bytes() {
            out.extend(block);
            continue;
        }
        let mut body = block[8..len - 4].to_vec();
        if let Some((_, lengths)) = odd.filter(|(packet, _)| *packet == packets) {
            body[12..20].copy_from_slice(&lengths.map(u32::to_le_bytes).concat());
        }
        packets += 1;
        if kind == 3 {
            body.drain(..16);
        }
        let len = body.len() as u32 + 12;
        let (kind, len) = (kind.to_le_bytes(), len.to_le_bytes());
        out.extend([&kind[..], &len, &body, &len].concat());
    }
    out
}

#[test]
fn a_block_that_has_fewer_bytes_than_it_announces_is_told_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let recording = recording();
    let odd = recording.packets.len() / 2;
    let len = recording.packets[odd].bytes.len() as u32;
    // A simple packet has only the length that it had on the wire.
    for (kind, lengths) in [
        (6, [len + 100, len]),
        (6, [u32::MAX, len]),
        (2, [len + 100, len]),
        (6, [len + 100, len + 100]),
        (2, [len + 100, len + 100]),
        (3, [len + 100, len + 100]),
    ] {
        let name = format!("{kind} {lengths:?}");
        fs::write(
            folder.path().join("as it was"),
            blocks(&recording, kind, None),
        )
        .unwrap();
        let bytes = blocks(&recording, kind, Some((odd, lengths)));
        fs::write(folder.path().join(&name), bytes).unwrap();
        let told = |file: &str| {
            let run = program::wscope(folder.path())
                .args(["messages", "--max-payload", "all", file])
                .output()
                .unwrap();
            assert!(run.status.success(), "{file}");
            program::stderr(&run)
        };
        let (mut records, mut expected) = (
            records(folder.path(), &name),
            records(folder.path(), "as it was"),
        );
        if lengths[1] != len {
            // What it is said to have been on the wire is charged.
            let of_wire = |name: &str| name.contains("wire") || name.contains("bytes");
            for record in records.iter_mut().chain(&mut expected) {
                record
                    .as_object_mut()
                    .unwrap()
                    .retain(|name, _| !of_wire(name));
            }
        }
        assert_eq!(records, expected, "{name}");
        let notices = told(&name);
        assert_eq!(notices.matches("damaged-record").count(), 1, "{notices}");
        let place = format!("packet {}, at offset ", odd + 1);
        assert!(notices.contains(&place), "{notices}");
        assert_eq!(told("as it was").matches("damaged-record").count(), 0);
    }
}

#[test]
fn a_block_of_secrets_that_has_fewer_bytes_than_it_announces_is_told_and_read() {
    let path = crate::fixtures::root()
        .join("tls-dsb")
        .join("tls-dsb.pcapng");
    let whole = fs::read(path).unwrap();
    let block = |at: &usize| whole[*at..].starts_with(&10u32.to_le_bytes());
    let at = (0..whole.len()).step_by(4).find(block).unwrap();
    let number = |at: usize| u32::from_le_bytes(*whole[at..].first_chunk().unwrap());
    let (room, announced) = (number(at + 4) - 20, number(at + 12));
    assert_eq!(room, announced.next_multiple_of(4));
    let folder = tempfile::tempdir().unwrap();
    for (said, is_told) in [(room, false), (room + 1, true), (u32::MAX, true)] {
        let mut bytes = whole.clone();
        bytes[at + 12..at + 16].copy_from_slice(&said.to_le_bytes());
        fs::write(folder.path().join("odd"), bytes).unwrap();
        let run = program::wscope(folder.path())
            .args(["frames", "odd"])
            .output()
            .unwrap();
        assert!(run.status.success());
        // Long numbers have commas in them.
        let notices = program::stderr(&run).replace(',', "");
        let told = format!(
            "the key log behind packet 0 at offset {at}: its block announces {said} bytes of it and has {room} which are read"
        );
        assert_eq!(notices.contains(&told), is_told, "{notices}");
        assert_eq!(notices.contains("damaged-record"), is_told, "{notices}");
        // What is there opens the connection.
        assert!(String::from_utf8(run.stdout).unwrap().contains("text"));
    }
}

#[test]
fn a_capture_from_a_pipe_gives_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = recording().pcap();
    fs::write(folder.path().join("plain"), &bytes).unwrap();
    let arguments = ["messages", "--format", "ndjson", "--max-payload", "all"];
    for compression in Compression::ALL {
        let piped = folder.path().join("piped");
        fs::write(&piped, compression.of(&bytes)).unwrap();
        let run = program::wscope(folder.path())
            .args(arguments)
            .arg("-")
            .stdin(Stdio::from(fs::File::open(&piped).unwrap()))
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{compression:?}: {}",
            program::stderr(&run)
        );
        let text = String::from_utf8(run.stdout).unwrap();
        assert_eq!(text.lines().count(), 3, "{compression:?}: {text}");
        assert!(text.contains("\"capture\":\"-\""), "{text}");
        let named = program::ndjson(
            folder.path(),
            &["messages", "--max-payload", "all", "plain"],
        );
        let named = named
            .unwrap()
            .replace("\"capture\":\"plain\"", "\"capture\":\"-\"");
        assert_eq!(text, named, "{compression:?}");
    }
}

/// Whatever way its packets are fetched, no more of a capture is read than was asked for.
#[test]
fn a_limit_stops_at_the_same_packet_however_packets_are_fetched() {
    let mut stopped = 0;
    for case in crate::fixtures::readable() {
        let capture = case.capture.as_deref().unwrap();
        let read = |merge: &[&str]| {
            let mut command = program::wscope(&case.folder);
            command.args(["overhead", "--limit", "1"]).args(merge);
            let run = command.arg(capture).output().unwrap();
            String::from_utf8(run.stdout).unwrap()
        };
        let page = read(&[]);
        stopped += usize::from(page.contains("1 connection"));
        assert_eq!(page, read(&["--merge"]), "{}", case.name);
    }
    assert!(stopped > 20, "{stopped} captures");
}
