//! TLS: what was said inside is what is read, however the records travel, and nothing is made up without the right keys.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Output, Stdio};

use proptest::prelude::*;
use wscope::analysis::{Analysis, Options};
use wscope::capture::{Capture, Item, Packet};
use wscope::direction::Direction;
use wscope::event::Protocol;
use wscope::ledger::Row;
use wscope::notice::Kind;
use wscope::tls::{KeyLog, Keys};

use crate::collect::{Costs, Rows};
use crate::conversations::conversation;
use crate::fixtures;
use crate::laws::{
    balances, config, connections_balance, fault, invents_nothing, mss, tells_the_truth,
};
use crate::program;
use crate::traffic::Traffic;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_was_said_under_tls_is_what_is_read(conversation in conversation(), mss in mss(), seed in any::<u64>()) {
        let (traffic, log) = conversation.traffic().under_tls(seed);
        let recording = traffic.segmented(mss).recording();
        let rows = Rows::opened(recording.packets(), &log);
        balances(&rows, &recording)?;
        tells_the_truth(&rows, &traffic)?;
        prop_assert!(rows.connections[0].encrypted);
    }

    /// Law 1, under TLS: what records and their content cost does not depend on the segments either.
    #[test]
    fn any_cut_into_segments_gives_the_same_events_under_tls(
        conversation in conversation(), one in mss(), other in mss(), seed in any::<u64>(),
    ) {
        let (traffic, log) = conversation.traffic().under_tls(seed);
        let one = Rows::opened(traffic.segmented(one).recording().packets(), &log);
        let other = traffic.clone().reseeded(seed).segmented(other);
        let other = Rows::opened(other.recording().packets(), &log);
        prop_assert_eq!(one.content(Costs::Own), other.content(Costs::Own));
    }

    /// Law 2, under TLS.
    #[test]
    fn any_order_of_the_same_segments_gives_the_same_rows_under_tls(
        conversation in conversation(), mss in mss(), seed in any::<u64>(),
    ) {
        let (traffic, log) = conversation.traffic().under_tls(seed);
        let segments = traffic.segmented(mss);
        let plain = Rows::opened(segments.recording().packets(), &log);
        let shuffled = Rows::opened(segments.reordered(seed).recording().packets(), &log);
        prop_assert_eq!(plain.content(Costs::All), shuffled.content(Costs::All));
    }

    #[test]
    fn keys_that_come_late_open_the_same(
        conversation in conversation(), mss in mss(), seed in any::<u64>(), behind in 1usize..60,
    ) {
        let (traffic, log) = conversation.traffic().under_tls(seed);
        let recording = traffic.segmented(mss).recording();
        let early = Rows::opened(recording.packets(), &log);
        let late = Rows::opened_late(recording.packets(), &log, behind);
        balances(&late, &recording)?;
        prop_assert_eq!(early.content(Costs::All), late.content(Costs::All));
    }

    /// Laws 5 and 6, under TLS.
    #[test]
    fn whatever_happens_to_the_packets_balances_and_invents_nothing_under_tls(
        conversation in conversation(), mss in mss(), seed in any::<u64>(), faults in prop::collection::vec(fault(), 0..5),
    ) {
        let (traffic, log) = conversation.traffic().under_tls(seed);
        let segments = faults.iter().fold(traffic.segmented(mss), |segments, fault| fault.on(segments));
        let recording = segments.recording();
        let rows = Rows::opened(recording.packets(), &log);
        balances(&rows, &recording)?;
        invents_nothing(&rows, &traffic.truth)?;
    }

    /// Law 8 in small, under TLS.
    #[test]
    fn damaged_packets_balance_too_under_tls(
        conversation in conversation(), mss in mss(), seed in any::<u64>(),
        damage in prop::collection::vec((any::<usize>(), any::<usize>(), any::<u8>()), 1..30),
    ) {
        let (traffic, log) = conversation.traffic().under_tls(seed);
        let mut recording = traffic.segmented(mss).recording();
        for (packet, at, value) in damage {
            let index = packet % recording.packets.len();
            let bytes = &mut recording.packets[index].bytes;
            // Behind the headers, as damage in them is tried elsewhere.
            let at = 66 + at % bytes.len().saturating_sub(66).max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        let rows = Rows::opened(recording.packets(), &log);
        balances(&rows, &recording)?;
        invents_nothing(&rows, &traffic.truth)?;
    }

    #[test]
    fn without_the_right_keys_nothing_is_read(
        conversation in conversation(), mss in mss(), seed in any::<u64>(), wrong in any::<bool>(),
    ) {
        let (traffic, log) = conversation.traffic().under_tls(seed);
        let recording = traffic.segmented(mss).recording();
        let log = if wrong { with_other_secrets(&log) } else { String::new() };
        let rows = Rows::opened(recording.packets(), &log);
        balances(&rows, &recording)?;
        closed(&rows)?;
    }
}

/// The same log, with a digit of each secret changed.
fn with_other_secrets(log: &str) -> String {
    let mut other = String::new();
    for line in log.lines() {
        let (line, last) = line.split_at(line.len() - 1);
        other += line;
        other += if last == "0" { "1\n" } else { "0\n" };
    }
    other
}

fn closed(rows: &Rows) -> Result<(), TestCaseError> {
    prop_assert!(rows.frames.is_empty() && rows.messages.is_empty() && rows.exchanges.is_empty());
    prop_assert!(
        rows.connections
            .iter()
            .all(|connection| connection.protocol == Protocol::Tls && connection.encrypted)
    );
    prop_assert!(
        rows.notices
            .iter()
            .any(|notice| notice.kind == Kind::NoKeys)
    );
    Ok(())
}

/// A packet, with bytes of its own.
type Kept = (Packet<'static>, Vec<u8>);

struct Case {
    name: &'static str,
    packets: Vec<Kept>,
    log: String,
}

const CASES: [&str; 8] = [
    "tls-browser-chromium",
    "tls-resumption",
    "tls-suites",
    "tls12-cbc",
    "tls12-gcm",
    "tls12-rsa",
    "tls13-ciphers",
    "tls13-keyupdate",
];

fn case(name: &'static str) -> Case {
    let folder = fixtures::root().join(name);
    let mut capture = Capture::open(&folder.join(format!("{name}.pcap"))).unwrap();
    let mut packets = Vec::new();
    while let Some(item) = capture.next_item().unwrap() {
        if let Item::Packet(packet) = item {
            let bytes = packet.bytes.to_vec();
            packets.push((
                Packet {
                    bytes: &[],
                    ..packet
                },
                bytes,
            ));
        }
    }
    Case {
        name,
        packets,
        log: fs::read_to_string(folder.join(format!("{name}.keys"))).unwrap(),
    }
}

impl Case {
    fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        self.without(usize::MAX)
    }

    fn without(&self, index: usize) -> impl Iterator<Item = Packet<'_>> {
        let packets = self.packets.iter().enumerate();
        packets
            .filter(move |(at, _)| *at != index)
            .map(|(_, (packet, bytes))| Packet { bytes, ..*packet })
    }

    fn total(&self) -> u64 {
        let lens = self.packets.iter().map(|(packet, _)| packet.original_len);
        lens.map(u64::from).sum()
    }
}

#[test]
fn every_suite_of_openssl_opens_to_the_page_that_names_it() {
    let case = case("tls-suites");
    let rows = Rows::opened(case.packets(), &case.log);
    let pages: Vec<(u64, String)> = rows
        .exchanges
        .iter()
        .map(|exchange| {
            assert!(
                exchange.complete && exchange.status == Some(200),
                "{exchange:?}"
            );
            let body = exchange.response_body.as_deref().unwrap_or_default();
            (
                exchange.connection,
                String::from_utf8_lossy(body).into_owned(),
            )
        })
        .collect();
    let connections: Vec<u64> = pages.iter().map(|(connection, _)| *connection).collect();
    assert_eq!(connections, (0..47).collect::<Vec<_>>());
    let made = fs::read_to_string(fixtures::root().join("tls-suites/make.sh")).unwrap();
    for (connection, page) in &pages {
        // The connections with early data are answered without a page.
        if [43, 44].contains(connection) {
            assert_eq!(page, "early");
            continue;
        }
        let (_, rest) = page.split_once("Cipher is ").unwrap();
        let suite = rest.split_whitespace().next().unwrap();
        let by_default = [
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES256-GCM-SHA384",
            "TLS_AES_256_GCM_SHA384",
        ];
        assert!(
            made.contains(suite) || by_default.contains(&suite),
            "{suite}"
        );
    }
    let targets: Vec<_> = rows
        .exchanges
        .iter()
        .filter_map(|row| row.target.as_deref())
        .collect();
    assert_eq!(targets[44..], ["/early", "/again", "/renegotiated"]);
}

#[test]
fn every_capture_balances_with_its_keys_without_them_and_with_others() {
    let cases = CASES.map(case);
    for case in &cases {
        let others = cases.iter().find(|other| other.name != case.name).unwrap();
        let own = Rows::opened(case.packets(), &case.log);
        let other = Rows::opened(case.packets(), &others.log);
        let none = Rows::of(case.packets());
        for rows in [&own, &other, &none] {
            assert_eq!(rows.ledger.total(), case.total(), "{}", case.name);
            connections_balance(rows).unwrap();
        }
        assert!(!own.exchanges.is_empty(), "{}", case.name);
        closed(&other).unwrap();
        closed(&none).unwrap();
        assert_eq!(other.ledger, none.ledger, "{}", case.name);
        // What is read is no more than what was there to be read.
        let unread = |rows: &Rows| rows.ledger.row(Row::Unread).wire;
        assert!(
            unread(&own).total() < unread(&none).total(),
            "{}",
            case.name
        );
    }
}

#[test]
fn a_premaster_secret_opens_what_its_master_secret_does_by_either_of_its_names() {
    let case = case("tls12-rsa");
    let by_random = fixtures::root().join("tls12-rsa/tls12-rsa.pms.keys");
    let by_random = fs::read_to_string(by_random).unwrap();
    let made = fs::read_to_string(fixtures::root().join("tls12-rsa/make.sh")).unwrap();
    for log in [&case.log, &by_random] {
        let rows = Rows::opened(case.packets(), log);
        assert_eq!(rows.exchanges.len(), 12);
        for (index, exchange) in rows.exchanges.iter().enumerate() {
            assert!(exchange.complete && exchange.connection == index as u64);
            let page = exchange.response_body.as_deref().unwrap_or_default();
            let page = String::from_utf8_lossy(page).into_owned();
            let (_, rest) = page.split_once("Cipher is ").unwrap();
            assert!(made.contains(rest.split_whitespace().next().unwrap()));
            // The second half of the connections has no extended master secret, as the page says too.
            let extended = page.contains("Extended master secret: yes");
            assert_eq!(extended, index < 6, "{page}");
        }
        let again = rows.notices.iter();
        let again = again.filter(|notice| notice.kind == Kind::Renegotiation);
        assert_eq!(again.count(), 2);
        // Each line opens what it names, and nothing else.
        let lines: Vec<&str> = log.lines().collect();
        let one = Rows::opened(case.packets(), lines[0]);
        assert_eq!(one.exchanges.len(), 1);
        let late = Rows::opened_late(case.packets(), log, 60);
        assert_eq!(late.exchanges.len(), 12);
    }
}

#[test]
fn a_packet_left_out_of_a_capture_costs_what_it_carried_and_invents_nothing() {
    for case in [
        "tls12-cbc",
        "tls12-gcm",
        "tls12-rsa",
        "tls13-ciphers",
        "tls13-keyupdate",
    ]
    .map(case)
    {
        let whole = Rows::opened(case.packets(), &case.log);
        for index in 0..case.packets.len() {
            let rows = Rows::opened(case.without(index), &case.log);
            connections_balance(&rows).unwrap();
            for message in rows.messages.iter().filter(|message| message.complete) {
                let said = whole.messages.iter().any(|said| {
                    (said.connection, said.sender, said.kind, &said.payload)
                        == (
                            message.connection,
                            message.sender,
                            message.kind,
                            &message.payload,
                        )
                });
                assert!(
                    said,
                    "{} without packet {}: {message:?}",
                    case.name,
                    index + 1
                );
            }
        }
    }
}

/// The log comes behind the last packet, and a line at a time.
#[test]
fn what_waits_for_keys_is_read_when_they_come_and_not_with_its_next_packet() {
    let (traffic, log) = Traffic::new(5)
        .handshake()
        .client_text("one")
        .server_text("two")
        .under_tls(11);
    let recording = traffic.segmented(1400).recording();
    let mut rows = Rows::default();
    let mut analysis = Analysis::new(Options {
        keep_messages: u64::MAX,
        ..Options::default()
    })
    .with_keys(Keys::new(KeyLog::default().into(), true));
    for packet in recording.packets() {
        analysis.push(&packet, &mut |event| rows.keep(event));
    }
    assert!(rows.messages.is_empty());
    for (behind, line) in (0..).zip(log.split_inclusive('\n')) {
        analysis.secrets("log", behind, line.as_bytes(), &mut |event| {
            rows.keep(event);
        });
    }
    let whole = rows.whole_messages().len();
    assert_eq!(whole, 2);
    analysis.finish(&mut |event| rows.keep(event));
    assert_eq!(rows.whole_messages().len(), whole);
    assert_eq!(analysis.ledger().total(), recording.total());
}

#[test]
fn without_the_secrets_of_the_handshake_nothing_that_an_application_said_is_lost() {
    for case in ["tls13-ciphers", "tls13-keyupdate"].map(case) {
        let lines = case.log.split_inclusive('\n');
        let without: String = lines.filter(|line| !line.contains("HANDSHAKE")).collect();
        let whole = Rows::opened(case.packets(), &case.log);
        let rows = Rows::opened(case.packets(), &without);
        assert_eq!(whole.content(Costs::Own), rows.content(Costs::Own));
        assert!(!rows.messages.is_empty() && rows.notices.is_empty());
    }
}

#[test]
fn behind_a_hole_the_next_records_are_found_again() {
    let mut traffic = Traffic::new(7).handshake();
    for _ in 0..40 {
        traffic = traffic
            .binary(Direction::ToClient, 3000)
            .client_text("and?");
    }
    let (traffic, log) = traffic.under_tls(3);
    let segments = traffic.segmented(1400);
    let whole = Rows::opened(segments.recording().packets(), &log);
    assert_eq!(whole.whole_messages().len(), 80);
    // Somewhere in the middle of what the server says, three segments are missing.
    let at = segments.list.len() / 2;
    let holed = (0..3).fold(segments, |segments, _| segments.without(at));
    let rows = Rows::opened(holed.recording().packets(), &log);
    let found = rows.whole_messages().len();
    assert!(found >= 74, "{found} of 80");
    assert!(
        rows.notices
            .iter()
            .any(|notice| notice.kind == Kind::Resync)
    );
}

/// What the program prints about a fixture, with a key log or without.
fn messages(folder: &str, capture: &str, keys: Option<&str>) -> Output {
    let mut command = program::wscope(&fixtures::root().join(folder));
    command.env_remove("SSLKEYLOGFILE");
    command.args(["messages", "--format", "ndjson", capture]);
    if let Some(keys) = keys {
        command.args(["--keylog", keys]);
    }
    command.output().unwrap()
}

fn lines(run: &Output) -> usize {
    run.stdout.lines().count()
}

#[test]
fn secrets_in_the_capture_are_found_by_themselves() {
    let run = messages("tls-dsb", "tls-dsb.pcapng", None);
    assert_eq!(lines(&run), 8, "{}", program::stderr(&run));
}

#[test]
fn the_environment_names_a_key_log_and_an_option_overrules_it() {
    let folder = fixtures::root().join("tls12-gcm");
    let capture = "tls12-gcm.pcap";
    let by_environment = |keys: &str, more: &[&str]| {
        let mut command = program::wscope(&folder);
        command.env("SSLKEYLOGFILE", keys);
        command
            .args(["messages", "--format", "ndjson", capture])
            .args(more);
        command.output().unwrap()
    };
    assert_eq!(lines(&by_environment("tls12-gcm.keys", &[])), 24);
    let overruled = ["--keylog", "../tls12-cbc/tls12-cbc.keys"];
    assert_eq!(lines(&by_environment("tls12-gcm.keys", &overruled)), 0);
    let absent = by_environment("no-such.keys", &[]);
    assert_eq!((absent.status.code(), lines(&absent)), (Some(0), 0));
    assert!(program::stderr(&absent).contains("no-such.keys, which SSLKEYLOGFILE names"));
}

#[test]
fn a_key_log_that_is_asked_for_and_not_there_is_an_error() {
    let run = messages("tls12-gcm", "tls12-gcm.pcap", Some("no-such.keys"));
    assert_eq!((run.status.code(), lines(&run)), (Some(2), 0));
    let said = program::stderr(&run);
    assert!(
        said.contains("no-such.keys") && said.contains("SSLKEYLOGFILE"),
        "{said}"
    );
}

#[test]
fn bad_lines_of_a_key_log_are_told_by_number_and_nothing_of_them_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("bad.keys");
    let good = case("tls12-gcm").log;
    fs::write(
        &keys,
        format!("{good}CLIENT_RANDOM abcdef0123 secretsecret\n"),
    )
    .unwrap();
    let run = messages("tls12-gcm", "tls12-gcm.pcap", keys.to_str());
    assert_eq!(lines(&run), 24);
    let number = good.lines().count() + 1;
    let said = program::stderr(&run);
    assert!(
        said.contains(&format!("line {number} is no secret")),
        "{said}"
    );
    assert!(
        !said.contains("abcdef0123") && !said.contains("secretsecret"),
        "{said}"
    );
}

#[test]
fn a_key_log_that_grows_is_read_on_while_packets_come() {
    let case = case("tls13-ciphers");
    let capture = fs::read(fixtures::root().join("tls13-ciphers/tls13-ciphers.pcap")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("growing.keys");
    // The first line is half written.
    fs::write(&keys, &case.log[..100]).unwrap();
    let mut child = program::wscope(folder.path())
        .env_remove("SSLKEYLOGFILE")
        .args([
            "messages",
            "--format",
            "ndjson",
            "-",
            "--keylog",
            "growing.keys",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    // The first connection's handshake, in the file's first two kilobytes; then its secrets; then what it says.
    input.write_all(&capture[..2000]).unwrap();
    fs::write(&keys, &case.log).unwrap();
    input.write_all(&capture[2000..]).unwrap();
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    assert!(first.contains("\"message\":0"), "{first}");
    drop(input);
    assert_eq!(output.lines().count(), 23);
    let told = child.wait_with_output().unwrap();
    assert!(told.status.success());
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(!told.contains("is no secret"), "{told}");
}

/// Runs over standard input: the key log holds `first` at the beginning, and `then` once all packets were written and read.
fn with_growing_keys(case: &str, first: &str, then: &str) -> Output {
    let capture = fs::read(fixtures::root().join(format!("{case}/{case}.pcap"))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("growing.keys");
    fs::write(&keys, first).unwrap();
    let mut child = program::wscope(folder.path())
        .env_remove("SSLKEYLOGFILE")
        .args(["messages", "--format", "ndjson", "-"])
        .args(["--keylog", "growing.keys"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&capture).unwrap();
    // The packets are read by now, most likely; where they are not, the outcome is the same.
    std::thread::sleep(std::time::Duration::from_millis(200));
    fs::write(&keys, [first, then].concat()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

#[test]
fn keys_that_are_logged_behind_the_last_packet_still_open_all() {
    let log = case("tls13-ciphers").log;
    let run = with_growing_keys("tls13-ciphers", "", &log);
    assert_eq!(lines(&run), 24, "{}", program::stderr(&run));
}

#[test]
fn the_last_line_of_a_log_needs_no_end_once_the_capture_has_one() {
    let log = case("tls13-ciphers").log;
    let log = log.trim_end();
    for (first, then) in [(log, ""), ("", log)] {
        let run = with_growing_keys("tls13-ciphers", first, then);
        assert_eq!(lines(&run), 24, "{}", program::stderr(&run));
    }
}

#[test]
fn bad_lines_of_a_log_that_grows_are_told_by_their_numbers_in_the_file() {
    let log = case("tls13-ciphers").log;
    let (first, then) = log.split_at(log.find('\n').unwrap() + 1);
    let number = log.lines().count() + 1;
    let run = with_growing_keys("tls13-ciphers", first, &format!("{then}no secret here\n"));
    assert_eq!(lines(&run), 24);
    let said = program::stderr(&run);
    assert!(
        said.contains(&format!("growing.keys: line {number} is no secret")),
        "{said}"
    );
}
