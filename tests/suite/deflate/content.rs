//! HTTP content under each coding, as a server sends it.

use std::io::Write as _;

use wscope::analysis::{Analysis, Options};
use wscope::direction::Direction::{ToClient, ToServer};
use wscope::event::Event;
use wscope::notice::Kind;

use crate::collect::Rows;
use crate::traffic::{Segments, Traffic};

fn text() -> Vec<u8> {
    b"What is said again and again costs little. ".repeat(2000)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A GET and a response with these fields, whose body comes in chunks of 100 bytes.
fn exchange(mut traffic: Traffic, fields: &str, content: &[u8]) -> Traffic {
    traffic.say(ToServer, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    traffic.say(
        ToClient,
        format!("HTTP/1.1 200 OK\r\n{fields}Transfer-Encoding: chunked\r\n\r\n"),
    );
    let mut body = Vec::new();
    for chunk in content.chunks(100) {
        body.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        body.extend(chunk);
        body.extend(b"\r\n");
    }
    body.extend(b"0\r\n\r\n");
    traffic.say(ToClient, body);
    traffic
}

fn rows(segments: &Segments) -> Rows {
    Rows::of(segments.recording().packets())
}

#[test]
fn content_of_each_coding_is_decoded() {
    let text = text();
    for (coding, content) in [
        ("gzip", gzip(&text)),
        ("deflate", zlib(&text)),
        ("zstd", zstd::encode_all(text.as_slice(), 3).unwrap()),
        ("identity", text.clone()),
    ] {
        let fields = format!("Content-Encoding: {coding}\r\n");
        let traffic = exchange(Traffic::new(1), &fields, &content);
        let rows = rows(&traffic.segmented(333));
        let row = &rows.exchanges[0];
        assert_eq!(
            row.response_content_length,
            Some(content.len() as u64),
            "{coding}"
        );
        assert_eq!(
            row.response_decoded_length,
            Some(text.len() as u64),
            "{coding}"
        );
        assert!(
            row.response_body.as_deref() == Some(text.as_slice()),
            "{coding}"
        );
    }
}

#[test]
fn a_coding_that_is_not_read_leaves_the_content_as_it_was_sent() {
    for coding in ["compress", "gzip, br"] {
        let fields = format!("Content-Encoding: {coding}\r\n");
        let rows = rows(&exchange(Traffic::new(1), &fields, b"who knows").segmented(1400));
        assert_eq!(rows.exchanges[0].response_decoded_length, None, "{coding}");
        assert_eq!(
            rows.exchanges[0].response_body.as_deref(),
            Some(&b"who knows"[..])
        );
    }
}

#[test]
fn content_with_a_hole_or_without_its_end_has_no_decoded_length() {
    let mut noise = crate::traffic::Rng(3);
    let content = gzip(&noise.bytes(3000));
    let fields = "Content-Encoding: gzip\r\n";
    let cut = exchange(Traffic::new(1), fields, &content[..content.len() - 9]);
    let short = rows(&cut.segmented(300));
    assert_eq!(
        (
            short.exchanges[0].complete,
            short.exchanges[0].response_decoded_length
        ),
        (true, None)
    );
    let whole = exchange(Traffic::new(1), fields, &content).segmented(300);
    let span = rows(&whole).exchanges[0].span;
    for packet in span.first_packet..span.last_packet {
        let rows = rows(&whole.clone().without(packet as usize - 1));
        if rows.ledger.missing > 0 {
            let decoded = rows
                .exchanges
                .iter()
                .find_map(|row| row.response_decoded_length);
            assert!(
                decoded.is_none() || decoded == Some(3000),
                "without {packet}: {:?}",
                rows.exchanges
            );
        }
    }
}

#[test]
fn content_that_decodes_to_too_much_is_given_up_with_a_notice() {
    let content = gzip(&vec![0; 1 << 20]);
    let traffic = exchange(Traffic::new(1), "Content-Encoding: gzip\r\n", &content);
    let traffic = exchange(traffic, "Content-Encoding: gzip\r\n", &gzip(b"Yo!"));
    let mut analysis = Analysis::new(Options {
        decode_bodies: true,
        max_inflate: 1000,
        ..Options::default()
    });
    let (mut lengths, mut notices) = (Vec::new(), 0);
    let mut take = |event: &Event<'_>| match event {
        Event::Exchange(exchange) => lengths.push(exchange.response_decoded_length),
        Event::Notice(notice) => notices += u64::from(notice.kind == Kind::LimitReached),
        _ => {}
    };
    for packet in traffic.segmented(500).recording().packets() {
        analysis.push(&packet, &mut take);
    }
    analysis.finish(&mut take);
    assert_eq!((lengths, notices), (vec![None, Some(3)], 1));
}
