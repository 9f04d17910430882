//! Every format, from events made by hand.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;

use super::*;
use crate::capture::{LinkType, Packet};
use crate::compare;
use crate::decode::Endpoint;
use crate::direction::{Both, Direction};
use crate::event::{
    Closing, Connection, Exchange, Frame, Handshake, Message, MessageKind, Opening, Payload,
    Protocol, Roles, Verdict,
};
use crate::ledger::Row;
use crate::notice::{Kind as NoticeKind, Notice};
use crate::span::{Span, Trust};
use crate::time::Timestamp;
use crate::websocket::{Header, Opcode};
use crate::wire::Wire;

const START: i64 = 1_795_345_184_290_792_000;

fn at(microseconds: i64) -> Timestamp {
    Timestamp(START + microseconds * 1000)
}

fn frame() -> Frame<'static> {
    let mut frame = Frame::blank();
    frame.place.connection = 1;
    frame.span = Span::of_packet(310, 18, at(1105), 0);
    frame.header = Header {
        fin: false,
        rsv: 0,
        opcode: Opcode::Text,
        masking_key: Some([0x0a, 0xff, 0, 0x31]),
        payload_len: 6,
        header_len: 6,
    };
    frame.message = Some(0);
    frame.payload = Some(Payload::Text("\"Hi!\"\n"));
    frame.wire = Wire {
        link: 9,
        network: 13,
        transport: 21,
        tls: 0,
        head: 6,
        payload: 6,
    };
    frame
}

fn close() -> Frame<'static> {
    let mut frame = frame();
    frame.index = 13;
    frame.direction = Direction::ToClient;
    frame.span = Span::of_packet(208, 28, at(6_004_900), 0);
    frame.header = Header {
        fin: true,
        rsv: 0b100,
        opcode: Opcode::Close,
        masking_key: None,
        payload_len: 9,
        header_len: 2,
    };
    frame.message = None;
    frame.close_code = Some(1001);
    frame.close_reason = Some("bye, 世界");
    frame.payload = Some(Payload::Data(&[3, 0xe9]));
    frame
}

fn message() -> Message<'static> {
    let mut message = Message::blank();
    message.place.connection = 1;
    message.span = frame().span;
    message.kind = Some(MessageKind::Text);
    message.frames = 2;
    message.coded_length = 6;
    message.payload_length = Some(6);
    message.valid_utf8 = Some(true);
    message.payload = Some(Payload::Text("\"Hi!\"\n"));
    message.wire = Wire {
        payload: 6,
        head: 12,
        transport: 66,
        ..Wire::default()
    };
    message
}

fn handshake() -> Handshake<'static> {
    let mut handshake = Handshake::blank();
    handshake.place.connection = 1;
    handshake.span.time = at(400);
    handshake.request_packet = Some(14);
    handshake.response_packet = Some(16);
    handshake.method = Some("GET");
    handshake.target = Some("/");
    handshake.host = Some("127.0.0.1:8080");
    handshake.http_version = Some("1.1");
    handshake.version = Some("13");
    handshake.key = Some("zvutwMensoV/rMYUUfkQ6A==");
    handshake.accept = Some("hc8j+fqUPST8qwAoHW/emOFa8xo=");
    handshake.accept_expected = Some("hc8j+fqUPST8qwAoHW/emOFa8xo=");
    handshake.status = Some(101);
    handshake.extensions_offered = &["permessage-deflate; a=\"b\"", "x"];
    handshake.extensions = &["permessage-deflate"];
    handshake.verdict = Verdict::Valid;
    handshake
}

fn exchange() -> Exchange<'static> {
    let mut exchange = Exchange::blank();
    exchange.span = Span {
        stream_offset: 0,
        first_packet: 4,
        last_packet: 6,
        time: at(100),
        end_time: at(300),
        file: 0,
    };
    exchange.method = Some("GET");
    exchange.target = Some("/");
    exchange.host = Some("127.0.0.1:8081");
    exchange.http_version = Some("1.1");
    exchange.status = Some(200);
    exchange.content_type = Some("text/plain");
    exchange.response_content_length = Some(3);
    exchange.response_wire = Some(Wire {
        link: 14,
        network: 20,
        transport: 32,
        tls: 0,
        head: 116,
        payload: 3,
    });
    exchange
}

fn connection() -> Connection {
    let end = |port| Endpoint {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port,
    };
    Connection {
        number: 1,
        client: end(56228),
        server: end(8080),
        roles: Roles::Seen,
        protocol: Protocol::WebSocket,
        opening: Opening::Seen,
        closing: Closing::Fin,
        time: at(0),
        end_time: at(6_005_000),
        first_packet: 11,
        last_packet: 32,
        packets: Both {
            to_server: 13,
            to_client: 9,
        },
        bytes: Both {
            to_server: 1238,
            to_client: 858,
        },
        exchanges: 1,
        handshake: Some(Verdict::Valid),
        frames: 14,
        messages: Both {
            to_server: 3,
            to_client: 3,
        },
        close_code: Some(1000),
        closed_by: Some(Direction::ToServer),
        ..Connection::blank()
    }
}

fn notice() -> Notice {
    let mut notice = Notice::new(NoticeKind::Gap, "bytes are missing").at_packet(9);
    notice.length = Some(1448);
    notice
}

/// What a report writes of these events.
fn written(
    form: Form,
    look: Look,
    report: &mut dyn Report,
    show: impl FnOnce(&mut dyn FnMut(&Event<'_>)),
) -> String {
    let mut bytes = Vec::new();
    let mut files = Files::new(vec!["a b.pcap".to_string()]);
    files.packet(1, 0);
    let context = Context {
        files: &files,
        start: at(0),
        look,
        several: false,
    };
    let mut out = Output::new(form, Box::new(&mut bytes));
    report.begin(&context, &mut out);
    report.packet(&Packet {
        number: 1,
        time: at(0),
        link: LinkType::ETHERNET,
        fcs_len: 0,
        bytes: &[],
        original_len: 2096,
        file: 0,
    });
    show(&mut |event| {
        report.event(&context, event, &mut out);
    });
    let mut ledger = Ledger::default();
    ledger.charge(Row::Message, 18, 1, frame().wire);
    report.end(&context, &ledger, &mut out);
    out.finish().unwrap();
    String::from_utf8(bytes).unwrap()
}

fn all(show: &mut dyn FnMut(&Event<'_>)) {
    show(&Event::Exchange(&exchange()));
    show(&Event::Handshake(&handshake()));
    show(&Event::Frame(&frame()));
    show(&Event::Message(&message()));
    show(&Event::Frame(&close()));
    show(&Event::Notice(&notice()));
    show(&Event::Connection(&connection()));
}

fn listed(kind: Kind, form: Form) -> String {
    written(form, Look::default(), &mut Listing::new(kind), all)
}

#[test]
fn a_frame_as_json() {
    let text = listed(Kind::Frames, Form::Ndjson);
    assert_eq!(
        text.lines().next().unwrap(),
        concat!(
            r#"{"type":"frame","capture":"a b.pcap","connection":1,"http_stream":null,"frame":0,"sender":"client","#,
            r#""time":"2026-11-22T10:59:44.291897000Z","end_time":"2026-11-22T10:59:44.291897000Z","#,
            r#""first_packet":18,"last_packet":18,"stream_offset":310,"fin":false,"rsv1":false,"rsv2":false,"rsv3":false,"#,
            r#""opcode":1,"opcode_name":"text","masked":true,"masking_key":"0aff0031","header_length":6,"payload_length":6,"#,
            r#""message":0,"complete":true,"trust":"exact","close_code":null,"close_reason":null,"text":"\"Hi!\"\n","data":null,"#,
            r#""payload_truncated":false,"wire":{"link":9,"network":13,"transport":21,"tls":0,"head":6,"payload":6,"total":55}}"#,
        )
    );
}

#[test]
fn an_array_is_closed_whatever_comes() {
    let text = listed(Kind::Frames, Form::Json);
    let frames: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(frames.len(), 2);
    let nothing = written(
        Form::Json,
        Look::default(),
        &mut Listing::new(Kind::Frames),
        |_| {},
    );
    assert_eq!(
        serde_json::from_str::<Vec<Value>>(&nothing).unwrap().len(),
        0
    );
}

#[test]
fn handshakes_as_csv() {
    assert_eq!(
        listed(Kind::Handshakes, Form::Csv),
        "type,capture,connection,http_stream,exchange,time,request_packet,response_packet,method,target,host,origin,\
         http_version,version,key,accept,accept_expected,status,subprotocols_offered,subprotocol,extensions_offered,\
         extensions,request_length,response_length,verdict,reasons,wire_link,wire_network,wire_transport,wire_tls,\
         wire_head,wire_payload,wire_total\n\
         handshake,a b.pcap,1,,0,2026-11-22T10:59:44.291192000Z,14,16,GET,/,127.0.0.1:8080,,1.1,13,\
         zvutwMensoV/rMYUUfkQ6A==,hc8j+fqUPST8qwAoHW/emOFa8xo=,hc8j+fqUPST8qwAoHW/emOFa8xo=,101,[],,\
         \"[\"\"permessage-deflate; a=\\\"\"b\\\"\"\"\",\"\"x\"\"]\",\"[\"\"permessage-deflate\"\"]\",,,valid,[],0,0,0,0,0,0,0\n"
    );
}

#[test]
fn null_and_the_empty_string_differ_in_csv() {
    let mut empty = message();
    empty.payload = Some(Payload::Text(""));
    let mut none = message();
    none.payload = None;
    let text = written(
        Form::Csv,
        Look::default(),
        &mut Listing::new(Kind::Messages),
        |show| {
            show(&Event::Message(&empty));
            show(&Event::Message(&none));
        },
    );
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[1].contains(",true,\"\",,false,"), "{}", rows[1]);
    assert!(rows[2].contains(",true,,,false,"), "{}", rows[2]);
}

#[test]
fn a_missing_cost_has_empty_cells_in_csv() {
    let text = listed(Kind::Exchanges, Form::Csv);
    assert!(text.ends_with(",,,,,,,,14,20,32,0,116,3,185\n"), "{text}");
}

#[test]
fn csv_reads_back_as_what_json_says() {
    let kinds = [
        Kind::Connections,
        Kind::Handshakes,
        Kind::Exchanges,
        Kind::Messages,
        Kind::Frames,
    ];
    for kind in kinds {
        let csv = read_csv(&listed(kind, Form::Csv));
        let json: Vec<Value> = serde_json::from_str(&listed(kind, Form::Json)).unwrap();
        assert_eq!(csv.len(), json.len() + 1);
        for (row, object) in csv[1..].iter().zip(&json) {
            assert_eq!(row.len(), csv[0].len());
            for (name, cell) in csv[0].iter().zip(row) {
                let name = name.as_ref().unwrap();
                assert_eq!(cell, &flattened(object, name), "{name}");
            }
        }
    }
}

/// What CSV should say of a column.
fn flattened(object: &Value, name: &str) -> Option<String> {
    let value = object.get(name).unwrap_or_else(|| {
        let (outer, inner) = name.rsplit_once('_').unwrap();
        match &object[outer] {
            Value::Null => &Value::Null,
            outer => outer.get(inner).unwrap(),
        }
    });
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Reads CSV; an empty field without quotes is none.
fn read_csv(text: &str) -> Vec<Vec<Option<String>>> {
    let mut rows = vec![vec![]];
    let mut letters = text.chars().peekable();
    let mut field = String::new();
    let (mut inside, mut quoted) = (false, false);
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => {
                inside = !inside;
                quoted = true;
            }
            ',' | '\n' if !inside => {
                let none = field.is_empty() && !quoted;
                let field = std::mem::take(&mut field);
                rows.last_mut().unwrap().push((!none).then_some(field));
                quoted = false;
                if letter == '\n' {
                    rows.push(vec![]);
                }
            }
            letter => field.push(letter),
        }
    }
    rows.pop();
    rows
}

#[test]
fn every_record_keeps_to_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut types = Vec::new();
    let mut check = |text: &str| {
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            if let Err(error) = validator.validate(&record) {
                panic!("{error}: {line}");
            }
            types.push(record["type"].as_str().unwrap().to_string());
        }
    };
    for kind in [
        Kind::Connections,
        Kind::Handshakes,
        Kind::Exchanges,
        Kind::Messages,
        Kind::Frames,
    ] {
        let mut listing = Listing::new(kind).with_notices(true);
        check(&written(Form::Ndjson, Look::default(), &mut listing, all));
    }
    let mut summary = SummaryReport::new(false);
    check(&written(Form::Ndjson, Look::default(), &mut summary, all));
    let mut overhead = OverheadReport::new(compare::Options::default()).on_ethernet(true);
    check(&written(Form::Ndjson, Look::default(), &mut overhead, all));
    types.sort();
    types.dedup();
    assert_eq!(
        types,
        [
            "artefact",
            "break_even",
            "comparison",
            "connection",
            "exchange",
            "frame",
            "handshake",
            "ledger",
            "medium",
            "message",
            "notice",
            "summary",
            "what_if"
        ]
    );
}

#[test]
fn the_schema_refuses_what_is_no_record() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut record: Value =
        serde_json::from_str(listed(Kind::Frames, Form::Ndjson).lines().next().unwrap()).unwrap();
    assert!(validator.is_valid(&record));
    record["fin"] = Value::Null;
    assert!(!validator.is_valid(&record));
    record["fin"] = Value::Bool(true);
    record["sender"] = Value::String("nobody".to_string());
    assert!(!validator.is_valid(&record));
    record.as_object_mut().unwrap().remove("sender");
    assert!(!validator.is_valid(&record));
}

#[test]
fn a_ledger_stands_in_long_form_in_csv() {
    let mut record = LedgerRecord {
        connection: Some(1),
        ..LedgerRecord::default()
    };
    record.ledger.charge(Row::Message, 18, 1, frame().wire);
    record.ledger.missing = 7;
    let mut out = Vec::new();
    csv::header::<LedgerRow>(&mut out);
    let mut scratch = line::Scratch::default();
    for row in LedgerRow::rows(&record) {
        csv::write(&mut out, &mut scratch, "a", &row);
    }
    scratch.spill(&mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "type,capture,connection,sender,row,packets,link,network,transport,tls,head,payload,total,missing\n\
         ledger,a,1,,message,1,9,13,21,0,6,6,55,7\n"
    );
}

#[test]
fn frames_for_a_person() {
    assert_eq!(
        listed(Kind::Frames, Form::Table),
        " conn  frame  packet       time  sender  fin  rsv  opcode        masked  head  payload  content\n    \
         1      0      18   0.001105  client    0  -    text          yes        6      6 B  \"Hi!\"␊\n    \
         1     13      28   6.004900  server    1  1    close         no         2      9 B  1001 going away: bye, 世界\n\
         2 frames of 1 connection\n\
         Next: wscope messages --connection 1 'a b.pcap' · wscope follow --connection 1 'a b.pcap'\n"
    );
}

#[test]
fn an_exchange_found_again_behind_a_hole_says_so() {
    let mut exchange = exchange();
    exchange.trust = Trust::Resynced;
    for (form, words) in [
        (Form::Table, "[resynced] "),
        (Form::Ndjson, "\"trust\":\"resynced\""),
    ] {
        let listing = &mut Listing::new(Kind::Exchanges);
        let text = written(form, Look::default(), listing, |show| {
            show(&Event::Exchange(&exchange));
        });
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_table_fits_terminals_of_80_and_140_columns() {
    let long = "こんにちは👩‍👩‍👧‍👦 and so on, ".repeat(9);
    let kinds = [
        Kind::Handshakes,
        Kind::Exchanges,
        Kind::Messages,
        Kind::Frames,
        Kind::Connections,
    ];
    for width in [80, 140] {
        for kind in kinds {
            let look = Look {
                width: Some(width),
                ..Look::default()
            };
            let text = written(Form::Table, look, &mut Listing::new(kind), |show| {
                all(show);
                let mut frame = frame();
                frame.payload = Some(Payload::Text(&long));
                show(&Event::Frame(&frame));
                let mut message = message();
                message.payload = Some(Payload::Text(&long));
                show(&Event::Message(&message));
                let mut exchange = exchange();
                exchange.target = Some(&long);
                show(&Event::Exchange(&exchange));
                let mut handshake = handshake();
                handshake.target = Some(&long);
                show(&Event::Handshake(&handshake));
            });
            let rows = text.lines().take_while(|line| line.starts_with(' '));
            for row in rows {
                assert!(text::width(row) <= width, "{width} {kind:?}: {row}");
            }
            if kind != Kind::Connections {
                assert!(text.contains("to fit this terminal"), "{text}");
            }
        }
    }
}

#[test]
fn nothing_of_the_traffic_reaches_the_terminal_raw() {
    let mut message = message();
    message.payload = Some(Payload::Text("\u{1b}]0;title\u{7}\u{9b}31m\u{202e}abc\r"));
    for form in [Form::Table, Form::Markdown] {
        let text = written(
            form,
            Look::default(),
            &mut Listing::new(Kind::Messages),
            |show| show(&Event::Message(&message)),
        );
        let raw = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
        assert!(!text.chars().any(raw), "{text}");
        assert!(text.replace('\\', "").contains("␛]0;title␇"), "{text}");
    }
}

#[test]
fn colour_is_only_an_extra() {
    let look = Look {
        color: true,
        ..Look::default()
    };
    let colored = written(Form::Table, look, &mut Listing::new(Kind::Handshakes), all);
    assert!(colored.contains("\u{1b}[32mvalid\u{1b}[0m"), "{colored}");
    let mut plain = String::new();
    let mut parts = colored.split('\u{1b}');
    plain.push_str(parts.next().unwrap());
    for part in parts {
        plain.push_str(part.split_once('m').unwrap().1);
    }
    assert_eq!(plain, listed(Kind::Handshakes, Form::Table));
}

#[test]
fn handshakes_of_one_verdict() {
    let mut listing = Listing::new(Kind::Handshakes).of_verdict(Some(Verdict::Invalid));
    let text = written(Form::Ndjson, Look::default(), &mut listing, all);
    assert_eq!(text, "");
}

#[test]
fn a_transcript() {
    assert_eq!(
        written(Form::Table, Look::default(), &mut Follow::new(1), all),
        "      time  packet  sender     what               payload  content\n  \
         0.000100       4  client ->  request                  -  GET /  to 127.0.0.1:8081\n  \
         0.000300       6  <- server  response               3 B  200  text/plain  (185 B on the wire)\n  \
         0.000400      16  -          opening handshake        -  valid, accept key hc8j+fqUPST8qwAoHW/emOFa8xo=\n  \
         0.001105      18  client ->  text                   6 B  [2 frames] \"Hi!\"␊\n  \
         6.004900      28  <- server  close                  9 B  1001 going away: bye, 世界\n\
         connection 1: 127.0.0.1:56228 -> 127.0.0.1:8080, WebSocket, 22 packets, 1000 by client, fin\n\
         Next: wscope frames --connection 1 'a b.pcap'\n"
    );
}

#[test]
fn a_transcript_counts_the_rows_that_were_known_late() {
    let (message, mut earlier) = (message(), message());
    earlier.span.time = Timestamp(message.span.time.0 - 1);
    let written = |messages: &[&Message<'_>]| {
        written(Form::Table, Look::default(), &mut Follow::new(1), |show| {
            for message in messages {
                show(&Event::Message(message));
            }
        })
    };
    let in_order = written(&[&earlier, &message, &message]);
    assert!(!in_order.contains("known late"), "{in_order}");
    let late = written(&[&message, &earlier, &earlier, &message, &earlier]);
    let counted = " · 2 rows were known late: earlier than the row above\n";
    assert!(late.contains(counted), "{late}");
}

#[test]
fn a_page() {
    let text = written(
        Form::Table,
        Look::default(),
        &mut SummaryReport::new(false),
        all,
    );
    assert_eq!(
        text,
        "\
a b.pcap   1 packet · 2,096 bytes · 0 ms · Ethernet · 1 connection

CONNECTIONS
 #  client           server          protocol   packets  bytes  handshake  messages   closed
 1  127.0.0.1:56228  127.0.0.1:8080  WebSocket       22  2,096  valid      3 -> 3 <-  1000 by client, fin

HANDSHAKE of connection 1: valid
  packet 14  GET / HTTP/1.1                 Sec-WebSocket-Key     zvutwMensoV/rMYUUfkQ6A==
  packet 16  101 Switching Protocols        Sec-WebSocket-Accept  hc8j+fqUPST8qwAoHW/emOFa8xo=   as expected from the key
  extension    permessage-deflate, agreed and never used

MESSAGES      count  payload each  frames each  on the wire each  overhead each
 client text      1           6 B            2              84 B           78 B

FRAMES  2: 1 text, 1 close

BYTES   55 B = 43 B packet headers + 6 B protocol heads + 6 B payload
        1 HTTP exchange beside the handshakes: 185 B

NOT IN THE CAPTURE  1 gap
  1 packet was cut to at most 0 bytes, and what was cut off cannot be read; `tcpdump -s 0` captures packets whole

Next: wscope check 'a b.pcap' · wscope messages 'a b.pcap' · wscope overhead 'a b.pcap'
"
    );
}

#[test]
fn a_summary_page_fits_its_terminal() {
    for width in [80, 100, 140] {
        let look = Look {
            width: Some(width),
            ..Look::default()
        };
        let page = written(Form::Table, look, &mut SummaryReport::new(false), all);
        for line in page.lines() {
            assert!(text::width(line) <= width, "{width}: {line}");
        }
        // No word of the tables is broken.
        for word in [
            "handshake of",
            "127.0.0.1:56228",
            "Sec-WebSocket-Accept",
            "WebSocket",
        ] {
            let there = page.to_lowercase().contains(&word.to_lowercase());
            assert!(there, "{width}: {word}: {page}");
        }
    }
}

#[test]
fn an_overhead_page_fits_its_terminal() {
    for width in [60, 80, 100, 140] {
        let look = Look {
            width: Some(width),
            ..Look::default()
        };
        let mut report = OverheadReport::new(compare::Options::default()).on_ethernet(true);
        let page = written(Form::Table, look, &mut report, all);
        for part in [
            "WHERE THE BYTES WENT",
            "BREAK-EVEN",
            "WHAT IF",
            "ON ETHERNET",
        ] {
            assert!(page.contains(part), "{part} in\n{page}");
        }
        let wide = page
            .lines()
            .filter(|line| text::width(line.trim_end()) > width.max(80));
        assert_eq!(wide.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

#[test]
fn a_summary_keeps_only_the_first_connections() {
    let mut summary = Summary::default();
    for number in (0..100).rev() {
        let mut connection = connection();
        connection.number = number;
        summary.event(&Event::Connection(&connection));
        let mut handshake = handshake();
        handshake.verdict = Verdict::Invalid;
        summary.event(&Event::Handshake(&handshake));
    }
    assert_eq!(summary.connections.total, 100);
    let numbers: Vec<u64> = summary
        .first_connections
        .iter()
        .map(|connection| connection.number)
        .collect();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    assert_eq!(summary.handshakes, [0, 100, 0, 0]);
    assert_eq!(summary.invalid_handshakes.len(), 20);
}

#[test]
fn nothing_stands_before_what_is_said_of_a_message_without_bytes() {
    let mut message = message();
    message.compressed = true;
    let shown = |message: &Message<'_>| {
        let mut listing = Listing::new(Kind::Messages);
        let text = written(Form::Table, Look::default(), &mut listing, |show| {
            show(&Event::Message(message));
        });
        let begin = text.find("content").unwrap();
        text.lines().nth(1).unwrap()[begin..].to_string()
    };
    assert_eq!(shown(&message), "\"Hi!\"␊ [compressed to 6 B]");
    for empty in [Payload::Text(""), Payload::Data(&[])] {
        message.payload = Some(empty);
        assert_eq!(shown(&message), "[compressed to 6 B]");
        message.complete = false;
        assert_eq!(shown(&message), "[incomplete] [compressed to 6 B]");
        message.complete = true;
        // Not even its first character fits what was to be kept.
        message.payload_truncated = true;
        assert_eq!(shown(&message), "… [compressed to 6 B]");
        message.payload_truncated = false;
    }
}

#[test]
fn a_markdown_table_has_a_cell_for_each_column() {
    let mut message = message();
    message.payload = Some(Payload::Text("a|b\nc"));
    let text = written(
        Form::Markdown,
        Look::default(),
        &mut Listing::new(Kind::Messages),
        |show| show(&Event::Message(&message)),
    );
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 3);
    let cells = |row: &str| row.replace("\\|", "").matches('|').count();
    assert_eq!(cells(rows[0]), cells(rows[1]));
    assert_eq!(cells(rows[0]), cells(rows[2]));
    assert!(rows[2].contains("a\\|b␊c"), "{}", rows[2]);
}
