//! What `wscope overhead` makes of the ledger: the costs of answers, the break-even, the what-ifs, held against what was really sent.

use std::path::PathBuf;

use serde_json::Value;
use wscope::direction::Direction::{self, ToClient, ToServer};

use crate::collect::Rows;
use crate::fixtures;
use crate::program;
use crate::traffic::Traffic;

fn folder(name: &str) -> PathBuf {
    fixtures::root().join(name)
}

fn overhead(name: &str, arguments: &[&str]) -> Vec<Value> {
    let capture = format!("{name}.pcap");
    let mut all = vec!["overhead", &capture];
    all.extend(arguments);
    program::records(&folder(name), &all).unwrap()
}

/// The record of these names, of which there must be one.
fn one<'a>(records: &'a [Value], names: &[(&str, &str)]) -> &'a Value {
    let is = |record: &&Value| names.iter().all(|(column, name)| record[*column] == *name);
    let found: Vec<&Value> = records.iter().filter(is).collect();
    assert_eq!(found.len(), 1, "{names:?}: {found:?}");
    found[0]
}

#[test]
fn the_same_answer_costs_185_bytes_over_http_and_73_over_websocket() {
    let records = overhead("seed-both", &[]);
    let response = one(
        &records,
        &[("type", "comparison"), ("unit", "http_response")],
    );
    assert_eq!(response["wire_median"], 185);
    assert_eq!(
        (&response["payload_median"], &response["overhead_median"]),
        (&3.into(), &182.into())
    );
    let names = [("unit", "websocket_message"), ("sender", "server")];
    let message = one(&records, &names);
    assert_eq!(message["wire_median"], 73);
    assert_eq!(
        (&message["payload_median"], &message["overhead_median"]),
        (&3.into(), &70.into())
    );
    let alone = one(&records, &[("way", "one_frame"), ("sender", "server")]);
    assert_eq!(alone["wire_median"], 71);
}

#[test]
fn a_person_sees_how_an_answer_divides() {
    for arguments in [vec!["overhead"], vec![]] {
        let run = program::wscope(&folder("seed-both"))
            .args(&arguments)
            .arg("seed-both.pcap")
            .output()
            .unwrap();
        let page = String::from_utf8(run.stdout).unwrap();
        let has = |words: &[&str]| {
            let wanted = |line: &str| {
                let mut rest = line.split_whitespace();
                words.iter().all(|word| rest.any(|other| other == *word))
            };
            assert!(page.lines().any(wanted), "{words:?} in\n{page}");
        };
        has(&["HTTP", "response", "185", "B", "66", "116", "3"]);
        has(&["WebSocket", "message,", "server", "73", "B", "66", "4", "3"]);
        has(&[
            "in",
            "one",
            "frame",
            "(computed)",
            "71",
            "B",
            "66",
            "2",
            "3",
        ]);
    }
    let run = program::wscope(&folder("seed-both"))
        .args(["overhead", "seed-both.pcap"])
        .output()
        .unwrap();
    let page = String::from_utf8(run.stdout).unwrap();
    assert!(page.contains(" balances: 3,842 bytes\n"), "{page}");
}

#[test]
fn a_websocket_has_paid_for_its_handshake_at_the_fourth_answer() {
    let records = overhead("seed-both", &["--record", "break_even"]);
    let even = one(&records, &[("type", "break_even")]);
    assert_eq!(even["http_basis"], "measured");
    let number = |column: &str| even[column].as_u64().unwrap();
    let cost = |side: &str, n: u64| {
        number(&format!("{side}_opening")) + n * number(&format!("{side}_per_unit"))
    };
    assert_eq!(cost("websocket", 0), 148 + 376 + 297);
    assert_eq!(cost("http", 1), 148 + 144 + 185);
    assert_eq!(number("even_kept"), 4);
    assert!(cost("websocket", 3) >= cost("http", 3) && cost("websocket", 4) < cost("http", 4));
    // Both close with two FINs; the WebSocket with two Close frames before them.
    assert_eq!(number("http_closing"), 2 * 66);
    assert_eq!(number("websocket_closing"), 2 * 66 + 144);
    let whole = |side: &str, n| cost(side, n) + number(&format!("{side}_closing"));
    assert_eq!(number("even_kept_closed"), 5);
    assert!(whole("websocket", 4) >= whole("http", 4) && whole("websocket", 5) < whole("http", 5));
    // An ACK for the request and one for the response; those for SYN and FIN belong to neither.
    assert_eq!(number("http_acks_per_unit"), 2 * 66);
    assert_eq!(number("http_opening_acks"), 66);
    // Of the WebSocket's eight ACKs three are for its opening (SYN-ACK, request, response), three for six messages, the rest for FINs.
    assert_eq!(number("websocket_opening_acks"), 3 * 66);
    assert_eq!(number("websocket_acks_per_unit"), 2 * 3 * 66 / 6);
    assert_eq!(number("even_kept_acks"), 4);
    // From the SYN in packet 11 to the first answer of the server in packet 19.
    assert_eq!(number("websocket_first_microseconds"), 1272);
}

/// A model of HTTP takes the heads of all exchanges, and the payloads of messages that are pairs; means do not depend on what is shown.
#[test]
fn what_is_not_shown_still_tells_what_http_looks_like() {
    let even = |capture, more: &[&str]| {
        let more = [&["--record", "break_even"], more].concat();
        one(&overhead(capture, &more), &[("type", "break_even")]).clone()
    };
    let whole = even("seed-both", &[]);
    let alone = even("seed-both", &["--connection", "1"]);
    assert_eq!(alone["http_basis"], "modelled");
    let assumes = alone["assumes"].as_str().unwrap();
    let heads = "request heads of 78 and response heads of 116 bytes (medians of this capture)";
    assert!(assumes.starts_with(heads), "{assumes}");
    for part in [&alone, &even("seed-both", &["--packets", "11-22"])] {
        for column in ["websocket_acks_per_unit", "websocket_closing"] {
            assert_eq!(part[column], whole[column], "{column}");
        }
    }
    // Where the first answer is not among what is shown, nothing is said of its time.
    let part = even("seed-both", &["--packets", "24-25"]);
    assert!(part["websocket_first_microseconds"].is_null(), "{part}");
    // Of three messages of the client, one is answered.
    let even = even("frames-frag-control", &[]);
    let assumes = even["assumes"].as_str().unwrap();
    assert!(
        assumes.contains("payload of 28 and 4000 bytes"),
        "{assumes}"
    );
}

/// HTTP and WebSocket are set beside each other with the same payload: that of the median pair, and not of each side's median.
#[test]
fn a_model_of_http_carries_what_the_pair_carries() {
    let records = overhead("tcp-reorder", &["--record", "break_even"]);
    let even = one(&records, &[("type", "break_even")]);
    assert_eq!(even["http_basis"], "modelled");
    let assumes = even["assumes"].as_str().unwrap();
    assert!(
        assumes.contains("payload of 11 and 2089 bytes"),
        "{assumes}"
    );
    // A request in one packet, and a response in two, each with headers of 66 bytes at least.
    let per_unit = even["http_per_unit"].as_u64().unwrap();
    assert!(per_unit >= 500 + 11 + 66 + 300 + 2089 + 2 * 66, "{even}");
    assert_eq!(even["even_kept"], 1);
}

#[test]
fn what_no_connection_shows_is_set_against_nothing() {
    let of = |capture| one(&overhead(capture, &["--record", "break_even"]), &[]).clone();
    let cut = of("file-truncated");
    for column in [
        "websocket_closing",
        "http_closing",
        "even_kept_closed",
        "even_new",
    ] {
        assert!(cut[column].is_null(), "{column}: {cut}");
    }
    // Its HTTP was spoken on what became a WebSocket.
    let later = of("hs-keepalive-upgrade");
    assert_eq!(later["http_basis"], "measured");
    assert_eq!(
        (&later["http_opening"], &later["http_closing"]),
        (&148.into(), &132.into())
    );
}

#[test]
fn a_websocket_that_is_set_beside_http_has_its_control_frames() {
    let records = overhead("seed-both", &[]);
    let of_websocket = |record: &&Value| record["connection"] == 1 && record["sender"].is_null();
    let ledger = records.iter().find(of_websocket).unwrap();
    let unpaid = ledger["rows"]["ack"]["total"].as_u64().unwrap();
    for way in [
        "polling_kept",
        "polling_new",
        "long_polling",
        "server_sent_events",
    ] {
        let actual = one(&records, &[("way", way)])["actual_bytes"]
            .as_u64()
            .unwrap();
        assert_eq!(actual, ledger["total"].as_u64().unwrap() - unpaid, "{way}");
    }
}

/// Its HTTP half brought the same answer five times on one connection, and three times on a connection each.
#[test]
fn the_model_of_polling_is_within_a_twentieth_of_what_polling_cost() {
    let records = overhead("http-vs-ws", &[]);
    let total = |connection: u64, row: &str| {
        let ledger = records.iter().find(|record| {
            record["connection"] == connection
                && record["sender"].is_null()
                && record["type"] == "ledger"
        });
        let ledger = ledger.unwrap();
        let row = &ledger["rows"][row]["total"];
        ledger["total"].as_u64().unwrap() - row.as_u64().unwrap_or(0)
    };
    let kept = total(0, "ack");
    let new: u64 = [1, 2, 3]
        .into_iter()
        .map(|connection| total(connection, "ack"))
        .sum();
    for (way, real, times) in [("polling_kept", kept, 1), ("polling_new", new, 3)] {
        let computed = one(&records, &[("way", way)])["wire_bytes"]
            .as_u64()
            .unwrap();
        // The WebSocket brought five answers; on new connections HTTP brought three.
        let computed = if times == 3 {
            computed * 3 / 5
        } else {
            computed
        };
        assert!(
            computed.abs_diff(real) * 20 <= real,
            "{way}: {computed} for {real}"
        );
    }
}

#[test]
fn stated_heads_make_a_model_even_where_there_is_http() {
    let stated = [
        "--http-request-bytes",
        "900",
        "--http-response-bytes",
        "100",
    ];
    let records = overhead("seed-both", &stated);
    let even = one(&records, &[("type", "break_even")]);
    assert_eq!(even["http_basis"], "modelled");
    // A request with the 6 bytes of the client's message and a response with the server's 3, in a packet each.
    assert_eq!(even["http_per_unit"], 66 + 900 + 6 + 66 + 100 + 3);
    assert!(even["assumes"].as_str().unwrap().contains("900"), "{even}");
}

#[test]
fn each_type_of_record_has_its_own_csv() {
    let first = |record: &str| {
        let run = program::wscope(&folder("seed-both"))
            .args([
                "overhead", "--format", "csv", "--medium", "ethernet", "--record", record,
            ])
            .arg("seed-both.pcap")
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", program::stderr(&run));
        let text = String::from_utf8(run.stdout).unwrap();
        let columns = |line: &str| line.split(',').count();
        let header = columns(text.lines().next().unwrap());
        // Text in quotes may hold commas; no other row may differ.
        for line in text.lines().filter(|line| !line.contains('"')) {
            assert_eq!(columns(line), header, "{line}");
        }
        text
    };
    assert!(first("ledger").starts_with("type,capture,connection,sender,row,packets,link,"));
    assert!(
        first("comparison")
            .starts_with("type,capture,unit,sender,count,payload_bytes,application_bytes,")
    );
    assert!(first("break_even").contains(",measured,"));
    assert!(
        first("what_if")
            .contains("\nwhat_if,seed-both.pcap,one_frame,server,computed,3,0,9,219,213,71,")
    );
    assert!(first("artefact").contains("\nartefact,seed-both.pcap,loopback,42,"));
    // 42 packets, none shorter than 60 bytes: 24 bytes more each.
    assert!(first("medium").contains(",3842,42,3842,0,168,336,504,4850\n"));
}

#[test]
fn one_connection_has_three_ledgers_and_no_other_stands_beside_them() {
    let records = overhead("seed-both", &["--connection", "1", "--record", "ledger"]);
    let senders: Vec<&Value> = records.iter().map(|record| &record["sender"]).collect();
    assert_eq!(senders, [&Value::Null, &"client".into(), &"server".into()]);
    assert!(records.iter().all(|record| record["connection"] == 1));
    assert_eq!(records[0]["total"], 2096);
}

/// Ethernet, IPv4, TCP with timestamps; each message in a packet of its own.
#[test]
fn messages_cost_what_the_check_values_say() {
    let wire = |sender: Direction, len: usize| {
        // What the other side says before keeps it out of the packet of the handshake.
        let traffic = Traffic::new(1).handshake().binary(sender.other(), 1);
        let segments = traffic.binary(sender, len).segmented(65_000);
        let rows = Rows::of(segments.recording().packets());
        let message = rows.messages.last().unwrap();
        assert_eq!(message.sender, sender);
        let alone = message.frames == 1 && message.span.first_packet == message.span.last_packet;
        assert!(alone, "{message:?}");
        message.wire.total()
    };
    assert_eq!(wire(ToClient, 13), 81);
    assert_eq!(wire(ToServer, 13), 85);
    assert_eq!(wire(ToServer, 125), 197);
    assert_eq!(wire(ToServer, 126), 200);
}

#[test]
fn a_capture_without_messages_has_a_page_too() {
    for name in [
        "seed-http",
        "http-mix",
        "link-ip-fragments",
        "file-header-only",
        "tls-nokeys",
    ] {
        let case = fixtures::readable()
            .into_iter()
            .find(|case| case.name == name)
            .unwrap();
        let run = program::wscope(&case.folder)
            .args([
                "overhead",
                "--medium",
                "ethernet",
                case.capture.as_deref().unwrap(),
            ])
            .output()
            .unwrap();
        let page = String::from_utf8(run.stdout).unwrap();
        assert!(page.contains(" balances: "), "{name}: {page}");
        assert!(
            !page.contains("WHAT IF") || name == "link-ip-fragments",
            "{name}: {page}"
        );
    }
}

/// The page of a fixture.
fn page(name: &str, arguments: &[&str]) -> String {
    let case = fixtures::readable()
        .into_iter()
        .find(|case| case.name == name)
        .unwrap();
    let run = program::wscope(&case.folder)
        .arg("overhead")
        .args(arguments)
        .arg(case.capture.as_deref().unwrap())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", program::stderr(&run));
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn a_section_of_which_there_is_nothing_says_why() {
    let no_http = "Nothing to compare with: this capture has no complete HTTP exchange beside opening handshakes.";
    let no_messages = "No break-even, no what-if: this capture has no WebSocket message that is complete and exactly placed.";
    let neither = "No comparison, no break-even, no what-if: this capture has no complete HTTP exchange and no WebSocket message";
    let whole = "As on a network, as far as packets show:";
    for (name, arguments, said, not) in [
        ("seed-both", &[][..], None, ["Nothing to compare", whole]),
        ("seed-ws", &[], Some(no_http), ["No break-even", whole]),
        (
            "seed-http",
            &[],
            Some(no_messages),
            ["Nothing to compare", "No comparison"],
        ),
        (
            "tls-nokeys",
            &[],
            Some(neither),
            [no_http, "No break-even,"],
        ),
        ("link-vlan", &[], Some(whole), ["NOT AS ON", "No what-if"]),
        (
            "seed-both",
            &["--connection", "0", "--record", "what_if"],
            Some("No what-if: what is shown has no WebSocket message"),
            ["break-even", whole],
        ),
        (
            "seed-http",
            &["--record", "comparison"],
            Some("Nothing to compare with: this capture has no WebSocket message"),
            ["break-even", whole],
        ),
        (
            "seed-both",
            &["--record", "medium"],
            Some("No medium is named"),
            ["ON ETHERNET", whole],
        ),
    ] {
        let page = page(name, arguments);
        assert!(
            said.is_none_or(|said| page.contains(said)),
            "{name}: {page}"
        );
        let wrong = not.iter().find(|not| page.contains(**not));
        assert_eq!(wrong, None, "{name}: {page}");
    }
}

#[test]
fn packets_that_are_counted_and_not_shown_are_said_to_be_of_the_whole_capture() {
    let of = |arguments: &[&str]| {
        page(
            "seed-both",
            &[arguments, &["--medium", "ethernet"]].concat(),
        )
    };
    let one = of(&["--connection", "1"]);
    assert!(
        one.contains("loopback: 42 packets of the whole capture\n"),
        "{one}"
    );
    assert!(
        one.contains(" 42 packets of the whole capture take 42 frames"),
        "{one}"
    );
    let part = of(&["--packets", "1-10"]);
    assert!(
        part.contains(" 42 packets of the whole capture take 42 frames"),
        "{part}"
    );
    let all = of(&[]);
    assert!(!all.contains("of the whole capture"), "{all}");
}

#[test]
fn what_a_ledger_misses_stands_beside_its_rows_in_csv() {
    let case = fixtures::readable()
        .into_iter()
        .find(|case| case.name == "tcp-capture-drops")
        .unwrap();
    let capture = case.capture.as_deref().unwrap();
    let ledgers = overhead("tcp-capture-drops", &["--record", "ledger"]);
    let run = program::wscope(&case.folder)
        .args(["overhead", "--format", "csv", capture])
        .output()
        .unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(text.lines().next().unwrap().ends_with(",total,missing"));
    let name = |value: &Value| value.to_string().replace("null", "").replace('"', "");
    let mut some = 0;
    for ledger in &ledgers {
        let begins = format!(
            "ledger,{capture},{},{},",
            name(&ledger["connection"]),
            name(&ledger["sender"])
        );
        let missing = format!(",{}", ledger["missing"]);
        let rows: Vec<&str> = text
            .lines()
            .filter(|row| row.starts_with(&begins))
            .collect();
        assert_eq!(rows.len(), ledger["rows"].as_object().unwrap().len());
        assert!(rows.iter().all(|row| row.ends_with(&missing)), "{text}");
        some += ledger["missing"].as_u64().unwrap();
    }
    assert!(some > 0, "a capture that misses something");
}

/// The page of a command over a fixture, in one line.
fn flat_page(name: &str, arguments: &[&str]) -> String {
    let run = program::wscope(&folder(name))
        .args(arguments)
        .arg(format!("{name}.pcap"))
        .output()
        .unwrap();
    let page = String::from_utf8(run.stdout).unwrap();
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn payloads_that_are_not_alike_are_told_with_how_to_compare_alike() {
    const TOLD: &str =
        "They do not carry the same: 1,693 B of what each costs over HTTP are payload, and";
    let unlike = flat_page("browser-chromium-node", &["overhead"]);
    assert!(unlike.contains(TOLD), "{unlike}");
    let begin = unlike.find("With --http-request-bytes").unwrap();
    let options: Vec<&str> = unlike[begin..].split(' ').skip(1).take(4).collect();
    let alike = flat_page(
        "browser-chromium-node",
        &[&["overhead"], options.as_slice()].concat(),
    );
    assert!(alike.contains("HTTP (modelled)") && !alike.contains("They do not carry the same"));
    let records = overhead("browser-chromium-node", &options);
    let even = one(&records, &[("type", "break_even")]);
    assert_eq!(
        even["http_payload_per_unit"],
        even["websocket_payload_per_unit"]
    );
    assert!(!flat_page("seed-both", &["overhead"]).contains("They do not carry the same"));
}

#[test]
fn what_joining_frames_saves_is_told_beside_deflating() {
    const TOLD: &str = "Deflated messages are in one frame each";
    assert!(flat_page("frames-frag-control", &["overhead"]).contains(TOLD));
    assert!(!flat_page("frames-frag-control", &["overhead", "--deflate", "none"]).contains(TOLD));
    assert!(!flat_page("browser-chromium-node", &["overhead"]).contains(TOLD));
}

#[test]
fn a_summary_says_how_many_messages_are_not_all_there() {
    let page_of = |name| flat_page(name, &["summary"]);
    let told = "1 of them is incomplete; its payload counts as far as it is there.";
    assert!(page_of("tcp-rst-halfopen").contains(told));
    assert!(!page_of("seed-both").contains("incomplete"));
}
