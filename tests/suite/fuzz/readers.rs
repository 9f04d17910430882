//! The readers of protocols, each alone: they give the same events however their bytes come.

use std::fmt::Debug;

use wscope::direction::Direction::{ToClient, ToServer};
use wscope::http::{HttpEvent, MessageReader, RequestHead, ResponseHead};
use wscope::reader::{Reader, Step};
use wscope::tls::{self, Keys, RecordEvent, RecordReader, Session};
use wscope::websocket::deflate::{Agreed, Inflater, Plain, Workshop};
use wscope::websocket::{Extension, FrameEvent, FrameReader, Utf8};

use super::{cuts, fuzz, pieces};

/// The events of a reader that gets its bytes in these pieces, each with the bytes it took. What is `open` may come in any
/// number of parts; what is `last` ends it.
fn events<R: Reader<Event: Clone + Debug + PartialEq>>(
    mut reader: R,
    pieces: &[&[u8]],
    open: impl Fn(&R::Event) -> bool,
    last: impl Fn(&R::Event) -> bool,
) -> Vec<(usize, R::Event)> {
    let mut events: Vec<(usize, R::Event)> = Vec::new();
    let mut waiting = Vec::new();
    for piece in pieces {
        waiting.extend_from_slice(piece);
        while let Step::Event(len, event) = reader.read(&waiting) {
            assert!(
                len <= waiting.len(),
                "{event:?} of {len} bytes where {} wait",
                waiting.len()
            );
            waiting.drain(..len);
            if last(&event) {
                events.push((len, event));
                return events;
            }
            match events.last_mut() {
                Some((before, same)) if open(&event) && *same == event => *before += len,
                _ => events.push((len, event)),
            }
        }
    }
    events
}

#[test]
fn any_frames_are_read_the_same_in_any_pieces() {
    fuzz!("frames", |input: &[u8]| {
        let (lens, bytes) = cuts(input);
        let read = |pieces: &[&[u8]]| {
            events(
                FrameReader::default(),
                pieces,
                |event| matches!(event, FrameEvent::Payload),
                |_| false,
            )
        };
        let whole = read(&[bytes]);
        assert_eq!(read(&pieces(bytes, lens)), whole);
        let taken: usize = whole.iter().map(|(len, _)| len).sum();
        assert!(
            bytes.len() - taken < 14,
            "more waits than a header may have"
        );
    });
}

#[test]
fn any_http_is_read_the_same_in_any_pieces() {
    fuzz!("http", |input: &[u8]| {
        let (lens, bytes) = cuts(input);
        for reader in [MessageReader::requests(), MessageReader::responses()] {
            let read = |pieces: &[&[u8]]| {
                let open =
                    |event: &HttpEvent| matches!(event, HttpEvent::Body | HttpEvent::Framing);
                let last =
                    |event: &HttpEvent| matches!(event, HttpEvent::NotHttp | HttpEvent::TooLong);
                events(reader.clone(), pieces, open, last)
            };
            assert_eq!(read(&pieces(bytes, lens.clone())), read(&[bytes]));
        }
    });
}

/// What another parser takes for a head is one here, with the same parts.
#[test]
fn any_head_that_httparse_reads_is_read_the_same() {
    fuzz!("http", |input: &[u8]| {
        let (_, bytes) = cuts(input);
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut fields);
        if let Ok(httparse::Status::Complete(len)) = request.parse(bytes) {
            let head = RequestHead::parse(&bytes[..len]).expect("a request");
            assert_eq!(Some(&*head.method_text()), request.method);
            assert_eq!(Some(&*head.target_text()), request.path);
            same_fields(
                head.fields().iter().map(|field| (field.name, field.value)),
                request.headers,
            );
        }
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut fields);
        if let Ok(httparse::Status::Complete(len)) = response.parse(bytes) {
            let head = ResponseHead::parse(&bytes[..len]).expect("a response");
            assert_eq!(Some(head.status()), response.code);
            same_fields(
                head.fields().iter().map(|field| (field.name, field.value)),
                response.headers,
            );
        }
    });
}

fn same_fields<'a>(
    ours: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    theirs: &[httparse::Header<'_>],
) {
    let ours: Vec<_> = ours
        .map(|(name, value)| (name, value.trim_ascii()))
        .collect();
    let theirs: Vec<_> = theirs
        .iter()
        .map(|field| (field.name.as_bytes(), field.value.trim_ascii()))
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn any_compressed_message_ends_the_same_in_any_pieces() {
    fuzz!("deflate", |input: &[u8]| {
        let (lens, bytes) = cuts(input);
        let (takeover, history_known) = (bytes.len() % 2 == 0, bytes.len() % 3 != 0);
        let inflate = |pieces: &[&[u8]]| {
            let agreed = Agreed {
                takeover,
                window_bits: 15,
                certain: true,
            };
            let mut inflater = Inflater::new(agreed, 1 << 16, history_known, false);
            let mut workshop = Workshop::default();
            let mut ends = Vec::new();
            // Twice, for what the second may refer to.
            for _ in 0..2 {
                inflater.begin(&mut workshop);
                let mut plain = Vec::new();
                for piece in pieces {
                    inflater.push(piece, &mut workshop, |part| match part {
                        Plain::Known(bytes) => plain.extend(bytes.iter().map(|byte| Some(*byte))),
                        Plain::Unknown(len) => plain.extend(std::iter::repeat_n(None, len)),
                    });
                }
                let end = inflater.end(&mut workshop);
                if let Some(length) = end.length {
                    assert_eq!(length, plain.len() as u64);
                }
                ends.push((end, plain));
            }
            ends
        };
        assert_eq!(inflate(&pieces(bytes, lens)), inflate(&[bytes]));
    });
}

#[test]
fn any_records_are_read_the_same_in_any_pieces() {
    fuzz!("tls", |input: &[u8]| {
        let (lens, bytes) = cuts(input);
        let read = |pieces: &[&[u8]]| {
            let open = |event: &RecordEvent| matches!(event, RecordEvent::Fragment(_));
            events(RecordReader::default(), pieces, open, |event| {
                *event == RecordEvent::NotTls
            })
        };
        assert_eq!(read(&pieces(bytes, lens)), read(&[bytes]));
    });
}

/// Hellos and what follows them, from both sides: no step takes more than there is, and each goes on or waits.
#[test]
fn any_session_takes_what_is_there() {
    fuzz!("tls", |input: &[u8]| {
        let (lens, bytes) = cuts(input);
        let mut session = Session::default();
        let keys = Keys::default();
        let mut waiting = [Vec::new(), Vec::new()];
        let mut plain = Vec::new();
        let pieces = pieces(bytes, lens);
        for (turn, piece) in pieces.iter().enumerate() {
            let (direction, waiting) = if turn % 2 == 0 {
                (ToServer, &mut waiting[0])
            } else {
                (ToClient, &mut waiting[1])
            };
            waiting.extend_from_slice(piece);
            let at_end = turn + 2 >= pieces.len();
            while !waiting.is_empty() {
                match session.read(direction, waiting, at_end, &keys, &mut plain) {
                    tls::Step::Skip(len) | tls::Step::Record(len, _) => {
                        assert!(0 < len && len <= waiting.len());
                        waiting.drain(..len);
                    }
                    tls::Step::Incomplete(_) | tls::Step::Held(_) => break,
                    tls::Step::Closed(_) => waiting.clear(),
                }
            }
        }
    });
}

/// What an extension is read as is read again as the same when it is written down.
#[test]
fn any_extension_is_read_as_it_is_written() {
    fuzz!("extension", |input: &[u8]| {
        let Some(extension) = Extension::parse(input) else {
            return;
        };
        let mut written = extension.name.clone();
        for (name, value) in &extension.parameters {
            written.push_str("; ");
            written.push_str(name);
            if let Some(value) = value {
                written.push('=');
                written.push_str(value);
            }
        }
        assert_eq!(Extension::parse(written.as_bytes()), Some(extension));
    });
}

#[test]
fn any_text_is_judged_the_same_in_any_pieces() {
    fuzz!("utf8", |input: &[u8]| {
        let (lens, bytes) = cuts(input);
        let mut judge = Utf8::default();
        for piece in pieces(bytes, lens) {
            judge.push(piece);
        }
        assert_eq!(judge.is_valid_at_end(), std::str::from_utf8(bytes).is_ok());
    });
}
