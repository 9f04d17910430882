//! The differential test: what tshark reads in each fixture, against what wscope reads.
//!
//! Where there is no tshark the tests say so and pass, except in CI. Differences that are known stand in [`KNOWN`] and in
//! `fixtures/README.md`, with who is right; any other fails.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wscope::direction::Direction::{ToClient, ToServer};
use wscope::event::MessageKind;

use crate::fixtures::{self, Fixture};
use crate::program;
use crate::traffic::Traffic;
use crate::traffic::file::Form;
use crate::traffic::link::{IpVersion, Link};

/// A difference that is known.
struct Known {
    fixture: &'static str,
    what: What,
    only: Only,
    /// How many; none where it depends on how a boundary is found again.
    count: Option<u64>,
    why: &'static str,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum What {
    /// The number of packets.
    Packets,
    /// The number of connections.
    Connections,
    /// WebSocket frames that are whole, by connection, opcode, FIN, mask and payload length.
    Frames,
    /// Requests, by connection and method.
    Methods,
    /// Final responses, by connection and status.
    Statuses,
}

/// Who has what the other has not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Only {
    Wscope,
    Tshark,
}

const fn known(
    fixture: &'static str,
    what: What,
    only: Only,
    count: Option<u64>,
    why: &'static str,
) -> Known {
    Known {
        fixture,
        what,
        only,
        count,
        why,
    }
}

const KNOWN: &[Known] = &[
    known(
        "file-snaplen96",
        What::Frames,
        Only::Wscope,
        None,
        "wscope: tshark stops at the first segment that was cut; wscope knows where the next frame begins",
    ),
    known(
        "hs-bad-fields",
        What::Frames,
        Only::Wscope,
        Some(4),
        "wscope: frames do follow the 101 without Upgrade; tshark asks for the field",
    ),
    known(
        "hs-segmentation",
        What::Frames,
        Only::Wscope,
        Some(5),
        "wscope: two frames stand in the segment of the request, where tshark does not look; three follow a handshake that it does not recognise, a byte a segment",
    ),
    known(
        "hs-segmentation",
        What::Methods,
        Only::Wscope,
        Some(1),
        "wscope: a byte a segment, tshark does not recognise HTTP unless it is told the port",
    ),
    known(
        "hs-segmentation",
        What::Statuses,
        Only::Wscope,
        Some(1),
        "wscope: a byte a segment, tshark does not recognise HTTP unless it is told the port",
    ),
    known(
        "proxy-connect",
        What::Frames,
        Only::Wscope,
        Some(6),
        "wscope: the tunnel carries a handshake and frames; tshark does not look into it",
    ),
    known(
        "proxy-connect",
        What::Methods,
        Only::Wscope,
        None,
        "wscope: the tunnel carries a handshake and frames; tshark does not look into it",
    ),
    known(
        "proxy-connect",
        What::Statuses,
        Only::Wscope,
        Some(1),
        "wscope: the tunnel carries a handshake and frames; tshark does not look into it",
    ),
    known(
        "tcp-capture-drops",
        What::Frames,
        Only::Wscope,
        None,
        "wscope: tshark gives the connection up at the first hole; wscope finds the frames behind it again",
    ),
    known(
        "tcp-midstream",
        What::Frames,
        Only::Wscope,
        None,
        "wscope: tshark reads no WebSocket without its handshake; wscope recognises the frames",
    ),
    known(
        "tcp-one-direction",
        What::Frames,
        Only::Wscope,
        None,
        "wscope: tshark waits for the 101 that the capture lacks; wscope sees that frames follow the request",
    ),
    known(
        "tls-suites",
        What::Methods,
        Only::Tshark,
        Some(1),
        "wscope: the server refuses the early data, so the request counts when it is said again; tshark counts it twice",
    ),
    known(
        "tls-suites",
        What::Statuses,
        Only::Wscope,
        Some(45),
        "wscope: the pages end with their connections; tshark does not show what ends so under TLS",
    ),
    known(
        "tls12-rsa",
        What::Statuses,
        Only::Wscope,
        Some(12),
        "wscope: the pages end with their connections; tshark does not show what ends so under TLS",
    ),
    known(
        "viol-vs-node-ws",
        What::Frames,
        Only::Tshark,
        Some(1),
        "wscope: the frame announces 2^63 bytes and brings few, so it is never whole; tshark lists its header",
    ),
];

/// What a program found: a count for each thing.
type Counts = BTreeMap<(String, String), u64>;

fn there_is_tshark() -> bool {
    let there = Command::new("tshark")
        .arg("--version")
        .output()
        .is_ok_and(|run| run.status.success());
    if !there {
        let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!ci, "CI must have tshark");
        eprintln!("SKIPPED: there is no tshark to compare with");
    }
    there
}

#[test]
fn tshark_reads_the_same() {
    if !there_is_tshark() {
        return;
    }
    let complaints = fixtures::complaints(&fixtures::readable(), compare);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_known_difference_is_told_in_the_table_of_fixtures() {
    let readme = fs::read_to_string(fixtures::root().join("README.md")).unwrap();
    for known in KNOWN {
        let row = readme
            .lines()
            .any(|line| line.contains(known.fixture) && line.contains(known.why));
        assert!(
            row,
            "fixtures/README.md does not tell of {} ({})",
            known.fixture, known.why
        );
    }
}

fn compare(case: &Fixture) -> Vec<String> {
    let theirs = tshark(&case.path(case.capture.as_deref().unwrap()));
    let ours = match wscope(case) {
        Ok(ours) => ours,
        Err(complaint) => return vec![format!("{}: {complaint}", case.name)],
    };
    let whats = [
        What::Packets,
        What::Connections,
        What::Frames,
        What::Methods,
        What::Statuses,
    ];
    let mut complaints = Vec::new();
    for what in whats {
        for (only, these, those) in [
            (Only::Wscope, &ours, &theirs),
            (Only::Tshark, &theirs, &ours),
        ] {
            let surplus = surplus(these.of(what), &those.of(what));
            let total: u64 = surplus.values().sum();
            let same = |known: &&Known| {
                (known.fixture, known.what, known.only) == (&case.name, what, only)
            };
            let as_known = match KNOWN.iter().find(same) {
                Some(Known {
                    count: Some(count), ..
                }) => *count == total,
                Some(Known { count: None, .. }) => total > 0,
                None => total == 0,
            };
            if !as_known {
                complaints.push(format!(
                    "{}: {what:?}: only {only:?}: {surplus:?}",
                    case.name
                ));
            }
        }
    }
    complaints
}

/// What of `these` is not among `those`, or not as often.
fn surplus(mut these: Counts, those: &Counts) -> Counts {
    for (thing, count) in &mut these {
        *count = count.saturating_sub(those.get(thing).copied().unwrap_or(0));
    }
    these.retain(|_, count| *count > 0);
    these
}

/// Everything that a program found.
#[derive(Default)]
struct Found(BTreeMap<What, Counts>);

impl Found {
    fn add(&mut self, what: What, connection: &dyn Display, thing: &dyn Display, count: u64) {
        let counts = self.0.entry(what).or_default();
        let key = (connection.to_string(), thing.to_string());
        *counts.entry(key).or_default() += count;
    }

    fn of(&self, what: What) -> Counts {
        self.0.get(&what).cloned().unwrap_or_default()
    }
}

fn wscope(case: &Fixture) -> Result<Found, String> {
    let capture = case.capture.as_deref().unwrap();
    let mut found = Found::default();
    for record in program::records(&case.folder, &["summary", capture])? {
        if record["type"] == "summary" {
            found.add(
                What::Packets,
                &"",
                &"",
                record["packets"].as_u64().unwrap_or(0),
            );
            let connections = record["connections"]["total"].as_u64();
            found.add(What::Connections, &"", &"", connections.unwrap_or(0));
        }
    }
    for record in program::records(&case.folder, &["frames", "--max-payload", "none", capture])? {
        if record["complete"] == true {
            let bit = |name: &str| u8::from(record[name] == true);
            let (fin, masked) = (bit("fin"), bit("masked"));
            let thing = frame(&record["opcode"], fin, masked, &record["payload_length"]);
            found.add(What::Frames, &record["connection"], &thing, 1);
        }
    }
    for record in program::records(&case.folder, &["http", capture])? {
        if let Value::String(method) = &record["method"] {
            found.add(What::Methods, &record["connection"], method, 1);
        }
        if record["status"].is_u64() {
            found.add(What::Statuses, &record["connection"], &record["status"], 1);
        }
    }
    Ok(found)
}

fn frame(opcode: &dyn Display, fin: u8, masked: u8, len: &dyn Display) -> String {
    format!("opcode {opcode} fin {fin} mask {masked} length {len}")
}

/// The fields that are asked for, in the order of the columns.
const FIELDS: [&str; 9] = [
    "tcp.stream",
    "http.request.method",
    "http.response.code",
    "websocket.fin",
    "websocket.opcode",
    "websocket.mask",
    "websocket.payload_length",
    "websocket.payload_length_ext_16",
    "websocket.payload_length_ext_64",
];

fn tshark_command(capture: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("tshark");
    command
        .args(["-o", "tcp.reassemble_out_of_order:TRUE", "-n", "-r"])
        .arg(&capture);
    let folder = Path::new(&capture).parent();
    if let Some(keys) = folder.and_then(program::keys_in) {
        command.args(["-o", &format!("tls.keylog_file:{}", keys.display())]);
    }
    command
}

fn tshark(capture: &Path) -> Found {
    let mut command = tshark_command(capture);
    command.args(["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    // A capture that is cut off makes it fail after it has printed what there was.
    let run = command.output().unwrap();
    let mut found = Found::default();
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    let mut connections = 0;
    found.add(What::Packets, &"", &"", text.lines().count() as u64);
    for line in text.lines() {
        let columns: Vec<Vec<&str>> = line
            .split('\t')
            .map(|column| {
                column
                    .split(',')
                    .filter(|value| !value.is_empty())
                    .collect()
            })
            .collect();
        let [
            streams,
            methods,
            statuses,
            fins,
            opcodes,
            masks,
            lengths,
            longer,
            longest,
        ] = &columns[..]
        else {
            panic!("tshark: {line:?}");
        };
        let Some(stream) = streams.last() else {
            continue;
        };
        connections = connections.max(stream.parse::<u64>().unwrap() + 1);
        for method in methods {
            found.add(What::Methods, stream, method, 1);
        }
        // Interim responses belong to the exchange of the final one; 101 is final.
        for status in statuses
            .iter()
            .filter(|status| !status.starts_with('1') || **status == "101")
        {
            found.add(What::Statuses, stream, status, 1);
        }
        let (mut longer, mut longest) = (longer.iter(), longest.iter());
        for (index, length) in lengths.iter().enumerate() {
            let length = match *length {
                "126" => longer.next().unwrap(),
                "127" => longest.next().unwrap(),
                short => short,
            };
            let bit = |bits: &[&str]| u8::from(matches!(bits[index], "1" | "True"));
            let thing = frame(&opcodes[index], bit(fins), bit(masks), &length);
            found.add(What::Frames, stream, &thing, 1);
        }
    }
    found.add(What::Connections, &"", &"", connections);
    found
}

/// The traffic builder itself is held against tshark, so that the laws stand on packets as they are.
#[test]
fn tshark_reads_generated_captures_without_complaint() {
    if !there_is_tshark() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let traffic = Traffic::new(5)
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
        .binary(ToClient, 70_000)
        .close(1000);
    let mut wanted = Counts::new();
    for said in &traffic.truth.frames {
        let masked = u8::from(said.sender == ToServer);
        let thing = frame(
            &said.opcode,
            u8::from(said.fin),
            masked,
            &said.payload.len(),
        );
        *wanted.entry(("0".into(), thing)).or_default() += 1;
    }
    for (index, link) in Link::ALL.into_iter().enumerate() {
        // One version of IP under each link layer is enough here; tshark takes its time to start.
        let ip = [IpVersion::V4, IpVersion::V6][index % 2];
        let recording = traffic.segmented(1400).wrapped_seq().under(link, ip);
        let form = Form::ALL[index % Form::ALL.len()];
        let path = folder.path().join(format!("{link:?} {ip:?}"));
        fs::write(&path, recording.file(form)).unwrap();
        let complaints = tshark_command(&path)
            .args(["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y"])
            .arg("_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 || !tcp || tcp.analysis.flags")
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&complaints.stdout),
            "",
            "{link:?} {ip:?} {form:?}"
        );
        assert!(
            complaints.status.success(),
            "{}",
            program::stderr(&complaints)
        );
        let found = tshark(&path);
        assert_eq!(
            found.of(What::Packets)[&(String::new(), String::new())],
            recording.packets.len() as u64
        );
        assert_eq!(found.of(What::Frames), wanted, "{link:?} {ip:?} {form:?}");
    }
}
