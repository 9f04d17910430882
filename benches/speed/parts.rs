//! What is measured: each part prepares its input, and then does the same work as often as it is asked to.

use wscope::analysis::{Analysis, Options, Which};
use wscope::capture::{Capture, Item};
use wscope::event::Event;
use wscope::http::{HttpEvent, MessageReader};
use wscope::reader::{Piece, Reader, Step};
use wscope::report::{Context, Files, Form, Kind, Listing, Look, Output, Report};
use wscope::tcp::Assembler;
use wscope::time::Timestamp;
use wscope::websocket::{FrameEvent, FrameReader, Utf8, unmask};

use crate::random::Random;
use crate::traffic::{self, Plan};

/// A measurement.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// What the number that the work gives counts.
    pub(crate) unit: &'static str,
    pub(crate) prepare: Prepare,
}

/// Prepares the work, which gives how many units it did.
type Prepare = fn() -> Box<dyn FnMut() -> u64>;

/// Every part.
pub(crate) fn all() -> impl Iterator<Item = Part> {
    const PARTS: &[(&str, &str, Prepare)] = &[
        ("capture", "packet", capture),
        ("whole_small_messages", "packet", small_messages),
        ("whole_large_messages", "packet", large_messages),
        ("whole_short_connections", "packet", short_connections),
        ("whole_tls", "packet", crate::tls::whole),
        ("rows_csv", "packet", rows_csv),
        ("rows_ndjson", "packet", rows_ndjson),
        ("assembler_in_order", "segment", assembler_in_order),
        ("assembler_shuffled", "segment", assembler_shuffled),
        ("frame_headers", "frame", frame_headers),
        ("unmask_125", "KiB", unmask_125),
        ("unmask_16k", "KiB", unmask_16k),
        ("http_head", "head", http_head),
        ("utf8_ascii", "KiB", utf8_ascii),
        ("utf8_japanese", "KiB", utf8_japanese),
    ];
    PARTS.iter().map(|&(name, unit, prepare)| Part {
        name,
        unit,
        prepare,
    })
}

const SMALL: Plan = Plan {
    connections: 40,
    messages: 60,
    longest: 400,
    seed: 1,
};
const LARGE: Plan = Plan {
    connections: 2,
    messages: 20,
    longest: 60_000,
    seed: 2,
};
const SHORT: Plan = Plan {
    connections: 500,
    messages: 2,
    longest: 200,
    seed: 3,
};

/// Gives every packet of a capture to `take`.
pub(crate) fn read(file: &'static [u8], mut take: impl FnMut(&wscope::capture::Packet<'_>)) {
    let mut capture = Capture::from_reader("bench", Box::new(file)).unwrap();
    while let Some(item) = capture.next_item().unwrap() {
        if let Item::Packet(packet) = item {
            take(&packet);
        }
    }
}

/// A capture that stays for as long as the measurement, which ends with the program.
fn file(plan: &Plan) -> (&'static [u8], u64) {
    let (file, packets) = traffic::capture(plan);
    (file.leak(), packets)
}

fn capture() -> Box<dyn FnMut() -> u64> {
    let (file, packets) = file(&SMALL);
    Box::new(move || {
        let mut bytes = 0;
        read(file, |packet| bytes += u64::from(packet.original_len));
        assert!(bytes > 0);
        packets
    })
}

fn whole(plan: &Plan) -> Box<dyn FnMut() -> u64> {
    let (file, packets) = file(plan);
    Box::new(move || {
        let mut analysis = Analysis::new(Options {
            ledgers: Which::None,
            settled: Which::First(20),
            ..Options::default()
        });
        let mut messages = 0;
        let mut count =
            |event: &Event<'_>| messages += u64::from(matches!(event, Event::Message(_)));
        read(file, |packet| analysis.push(packet, &mut count));
        analysis.finish(&mut count);
        assert!(messages > 0);
        packets
    })
}

fn small_messages() -> Box<dyn FnMut() -> u64> {
    whole(&SMALL)
}

fn large_messages() -> Box<dyn FnMut() -> u64> {
    whole(&LARGE)
}

fn short_connections() -> Box<dyn FnMut() -> u64> {
    whole(&SHORT)
}

fn rows(form: Form) -> Box<dyn FnMut() -> u64> {
    let (file, packets) = file(&SMALL);
    Box::new(move || {
        let files = Files::new(vec!["bench.pcap".into()]);
        let context = Context {
            files: &files,
            start: Timestamp(0),
            look: Look::default(),
            several: false,
        };
        let mut output = Output::new(form, Box::new(std::io::sink()));
        let mut listing = Listing::new(Kind::Frames);
        let mut analysis = Analysis::new(Options {
            ledgers: Which::None,
            settled: Which::None,
            ..Options::default()
        });
        listing.begin(&context, &mut output);
        let mut rows = 0;
        let mut show = |event: &Event<'_>| rows += listing.event(&context, event, &mut output);
        read(file, |packet| analysis.push(packet, &mut show));
        analysis.finish(&mut show);
        assert!(rows > 0);
        packets
    })
}

fn rows_csv() -> Box<dyn FnMut() -> u64> {
    rows(Form::Csv)
}

fn rows_ndjson() -> Box<dyn FnMut() -> u64> {
    rows(Form::Ndjson)
}

/// Segments of 100 bytes in an order; a window of 64 is shuffled where it is asked for.
fn assembler(shuffled: bool) -> Box<dyn FnMut() -> u64> {
    const SEGMENTS: u32 = 4096;
    let mut order: Vec<u32> = (0..SEGMENTS).collect();
    if shuffled {
        let mut random = Random::new(4);
        for window in order.chunks_mut(64) {
            for last in (1..window.len()).rev() {
                window.swap(last, random.below(last as u64 + 1) as usize);
            }
        }
    }
    Box::new(move || {
        let mut assembler = Assembler::default();
        assembler.begin(0);
        let payload = [7; 100];
        for &number in &order {
            let piece = Piece {
                packet: 1,
                of: 100,
                len: 100,
                packets: 1,
                ..Piece::default()
            };
            if !assembler.take_next(number * 100, 100) {
                std::hint::black_box(assembler.insert(number * 100, &payload, piece));
            }
            while let Some(ready) = assembler.ready() {
                std::hint::black_box(ready);
            }
        }
        assert_eq!(assembler.next_offset(), u64::from(SEGMENTS) * 100);
        u64::from(SEGMENTS)
    })
}

fn assembler_in_order() -> Box<dyn FnMut() -> u64> {
    assembler(false)
}

fn assembler_shuffled() -> Box<dyn FnMut() -> u64> {
    assembler(true)
}

fn frame_headers() -> Box<dyn FnMut() -> u64> {
    let mut random = Random::new(5);
    let mut stream = Vec::new();
    for _ in 0..4096 {
        let len = random.below(300) as usize;
        stream.extend(traffic::frame(
            random.below(2) == 0,
            false,
            len,
            &mut random,
        ));
    }
    Box::new(move || {
        let mut reader = FrameReader::default();
        let (mut at, mut frames) = (0, 0);
        while let Step::Event(len, event) = reader.read(&stream[at..]) {
            at += len;
            frames += u64::from(event == FrameEvent::End);
        }
        assert_eq!(at, stream.len());
        frames
    })
}

fn unmasked(len: usize) -> Box<dyn FnMut() -> u64> {
    let masked = vec![0x55; len];
    let mut plain = Vec::with_capacity(len);
    Box::new(move || {
        let times = (1 << 20) / len;
        for _ in 0..times {
            plain.clear();
            unmask(std::hint::black_box(&masked), [1, 2, 3, 4], 3, &mut plain);
        }
        (times * len) as u64 >> 10
    })
}

fn unmask_125() -> Box<dyn FnMut() -> u64> {
    unmasked(125)
}

fn unmask_16k() -> Box<dyn FnMut() -> u64> {
    unmasked(16 << 10)
}

fn http_head() -> Box<dyn FnMut() -> u64> {
    let head: &[u8] = b"GET /socket?room=7 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\
        Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nOrigin: https://example.com\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: keep-alive, Upgrade\r\nCookie: a=b; c=d\r\n\
        Pragma: no-cache\r\nCache-Control: no-cache\r\nUpgrade: websocket\r\n\r\n";
    Box::new(move || {
        for _ in 0..256 {
            let mut reader = MessageReader::requests();
            let step = reader.read(std::hint::black_box(head));
            assert!(matches!(step, Step::Event(_, HttpEvent::Request(_))));
        }
        256
    })
}

fn utf8(text: &str) -> Box<dyn FnMut() -> u64> {
    let text = text.repeat(1400 / text.len());
    Box::new(move || {
        for _ in 0..1024 {
            let mut utf8 = Utf8::default();
            utf8.push(std::hint::black_box(text.as_bytes()));
            assert!(utf8.is_valid_at_end());
        }
        text.len() as u64
    })
}

fn utf8_ascii() -> Box<dyn FnMut() -> u64> {
    utf8("The quick brown fox jumps. ")
}

fn utf8_japanese() -> Box<dyn FnMut() -> u64> {
    utf8("いろはにほへと散りぬるを")
}
