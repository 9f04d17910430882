//! Messages of one direction: a head, its body, an end, and the next.

use super::chunked::{Chunked, Part};
use super::framing::Framing;
use super::head::{RequestHead, ResponseHead};
use super::method::Method;
use super::recognise::{Likely, begins_request, begins_response, without_empty_lines};
use crate::reader::{Reader, Step};

/// The longest head that is waited for. Servers refuse beyond 8 to 80 KiB; what is longer is no head.
const LONGEST_HEAD: usize = 256 << 10;

/// What the bytes before the reader turned out to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HttpEvent {
    /// The head of a request, with the empty lines before it.
    Request(RequestHead),
    /// The head of a response.
    Response(ResponseHead),
    /// Content.
    Body,
    /// The chunked coding's own lines, trailers among them.
    Framing,
    /// The message is over.
    End,
    /// These bytes are no HTTP; the reader stays where it is.
    NotHttp,
    /// A head longer than the bound.
    TooLong,
}

/// Bytes in, messages out.
#[derive(Clone, Debug)]
pub struct MessageReader {
    side: Side,
    state: State,
    /// How much of a head was looked through for its end.
    looked: usize,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Requests,
    Responses(Method),
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

impl MessageReader {
    /// A reader of requests.
    pub fn requests() -> Self {
        Self {
            side: Side::Requests,
            state: State::Head,
            looked: 0,
        }
    }

    /// A reader of responses.
    pub fn responses() -> Self {
        Self {
            side: Side::Responses(Method::Other),
            state: State::Head,
            looked: 0,
        }
    }

    /// What the next response answers; to be told before its head is read.
    pub fn answers(&mut self, method: Method) {
        if let Side::Responses(answered) = &mut self.side {
            *answered = method;
        }
    }

    /// Whether no message is open.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Head)
    }

    /// The stream has ended: true where that completes the open message.
    pub fn end(&mut self) -> bool {
        let completes = matches!(self.state, State::UntilClose);
        if completes {
            self.state = State::Head;
        }
        completes
    }

    fn read_head(&mut self, bytes: &[u8]) -> Step<HttpEvent> {
        let likely = match self.side {
            Side::Requests => begins_request(bytes),
            Side::Responses(_) => begins_response(bytes),
        };
        if likely == Likely::No && !without_empty_lines(bytes).is_empty() {
            return Step::Event(0, HttpEvent::NotHttp);
        }
        // A head that comes whole, as nearly all do, is looked through once. Of another the end is looked for first, so that what
        // comes a byte at a time is not read again with each.
        let at_once = match self.looked {
            0 => self.head(bytes, false),
            _ => None,
        };
        let head = if at_once.is_some() {
            at_once
        } else {
            let Some(len) = head_len(bytes, self.looked) else {
                self.looked = bytes.len();
                return if bytes.len() > LONGEST_HEAD {
                    Step::Event(0, HttpEvent::TooLong)
                } else {
                    Step::Incomplete
                };
            };
            self.looked = 0;
            self.head(bytes.get(..len).unwrap_or_default(), true)
        };
        let Some((len, framing, event)) = head else {
            return Step::Event(0, HttpEvent::NotHttp);
        };
        self.state = match framing {
            Framing::None => State::Length(0),
            Framing::Length(len) => State::Length(len),
            Framing::Chunked => State::Chunked(Chunked::default()),
            Framing::UntilClose => State::UntilClose,
        };
        Step::Event(len, event)
    }

    /// The head at the beginning of bytes, or the head that all of them are.
    fn head(&self, bytes: &[u8], all: bool) -> Option<(usize, Framing, HttpEvent)> {
        match self.side {
            Side::Requests => RequestHead::read(bytes, all)
                .map(|(head, len)| (len, Framing::of_request(&head), HttpEvent::Request(head))),
            Side::Responses(method) => ResponseHead::read(bytes, all).map(|(head, len)| {
                let framing = Framing::of_response(&head, method);
                (len, framing, HttpEvent::Response(head))
            }),
        }
    }
}

impl Reader for MessageReader {
    type Event = HttpEvent;

    fn read(&mut self, bytes: &[u8]) -> Step<HttpEvent> {
        match &mut self.state {
            State::Head if bytes.is_empty() => Step::Incomplete,
            State::Head => self.read_head(bytes),
            State::Length(0) => self.finish(),
            State::Length(_) | State::UntilClose if bytes.is_empty() => Step::Incomplete,
            State::Length(left) => {
                let len = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= len as u64;
                Step::Event(len, HttpEvent::Body)
            }
            State::UntilClose => Step::Event(bytes.len(), HttpEvent::Body),
            State::Chunked(chunked) => match chunked.read(bytes) {
                Part::Coding(len) => Step::Event(len, HttpEvent::Framing),
                Part::Content(len) => Step::Event(len, HttpEvent::Body),
                Part::End => self.finish(),
                Part::Incomplete => Step::Incomplete,
                Part::Broken => Step::Event(0, HttpEvent::NotHttp),
            },
        }
    }

    fn skip(&mut self, len: u64) -> bool {
        match &mut self.state {
            State::Head => false,
            State::UntilClose => true,
            State::Chunked(chunked) => chunked.skip(len),
            State::Length(left) => match left.checked_sub(len) {
                Some(rest) => {
                    *left = rest;
                    true
                }
                None => false,
            },
        }
    }
}

impl MessageReader {
    fn finish(&mut self) -> Step<HttpEvent> {
        self.state = State::Head;
        Step::Event(0, HttpEvent::End)
    }
}

/// The length of a head up to and with its empty line; `looked` bytes are known to hold no end. Lines may end in LF alone
/// (RFC 9112, section 2.2).
fn head_len(bytes: &[u8], looked: usize) -> Option<usize> {
    let leading = bytes.len() - without_empty_lines(bytes).len();
    let begin = looked.saturating_sub(3).max(leading);
    let rest = bytes.get(begin..)?;
    memchr::memchr_iter(b'\n', rest).find_map(|at| match rest.get(at + 1..)? {
        [b'\n', ..] => Some(begin + at + 2),
        [b'\r', b'\n', ..] => Some(begin + at + 3),
        _ => None,
    })
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]
mod tests {
    use super::*;

    /// What a reader makes of a stream that comes in pieces: kinds of events with the bytes that each took.
    fn transcript(
        mut reader: MessageReader,
        stream: &[u8],
        size: usize,
    ) -> Vec<(&'static str, Vec<u8>)> {
        let (mut events, mut from): (Vec<(&'static str, Vec<u8>)>, usize) = (Vec::new(), 0);
        let mut to = 0;
        while to < stream.len() {
            to = (to + size).min(stream.len());
            while let Step::Event(len, event) = reader.read(&stream[from..to]) {
                let name = match event {
                    HttpEvent::Request(_) => "request",
                    HttpEvent::Response(_) => "response",
                    HttpEvent::Body => "body",
                    HttpEvent::Framing => "framing",
                    HttpEvent::End => "end",
                    HttpEvent::NotHttp | HttpEvent::TooLong => return events,
                };
                match events.last_mut() {
                    Some((last, bytes)) if *last == name && name == "body" => {
                        bytes.extend(&stream[from..from + len]);
                    }
                    _ => events.push((name, stream[from..from + len].to_vec())),
                }
                from += len;
            }
        }
        events
    }

    /// Every example is read whole, byte by byte, and with more behind it.
    fn read_three_ways(reader: &MessageReader, stream: &[u8], expected: &[(&'static str, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_bytes().to_vec()))
            .collect();
        for size in 1..=stream.len() {
            assert_eq!(
                transcript(reader.clone(), stream, size),
                expected,
                "in pieces of {size}"
            );
        }
        let more = [stream, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"].concat();
        assert!(transcript(reader.clone(), &more, more.len()).starts_with(&expected));
    }

    #[test]
    fn a_response_with_a_length() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
        read_three_ways(
            &MessageReader::responses(),
            format!("{head}Yo!").as_bytes(),
            &[("response", head), ("body", "Yo!"), ("end", "")],
        );
    }

    #[test]
    fn requests_in_a_pipeline() {
        let (first, second) = (
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nPOST /2 HTTP/1.1\nContent-Length: 2\n\n",
        );
        read_three_ways(
            &MessageReader::requests(),
            format!("{first}{second}ok").as_bytes(),
            &[
                ("request", first),
                ("end", ""),
                ("request", second),
                ("body", "ok"),
                ("end", ""),
            ],
        );
    }

    #[test]
    fn chunks_with_extensions_and_trailers() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
        read_three_ways(
            &MessageReader::responses(),
            format!("{head}3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n").as_bytes(),
            &[
                ("response", head),
                ("framing", "3;a=b\r\n"),
                ("body", "abc"),
                ("framing", "\r\n"),
                ("framing", "0\r\n"),
                ("framing", "X: y\r\n"),
                ("framing", "\r\n"),
                ("end", ""),
            ],
        );
    }

    #[test]
    fn interim_responses_and_answers_to_head_have_no_body() {
        let (interim, head) = (
            "HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        );
        let mut reader = MessageReader::responses();
        reader.answers(Method::Head);
        read_three_ways(
            &reader,
            format!("{interim}{head}").as_bytes(),
            &[
                ("response", interim),
                ("end", ""),
                ("response", head),
                ("end", ""),
            ],
        );
    }

    #[test]
    fn a_body_until_the_end_is_completed_by_it() {
        let mut reader = MessageReader::responses();
        let stream = b"HTTP/1.0 200 OK\r\n\r\nall of this";
        let Step::Event(len, HttpEvent::Response(_)) = reader.read(stream) else {
            panic!("a response")
        };
        assert_eq!(
            reader.read(&stream[len..]),
            Step::Event(11, HttpEvent::Body)
        );
        assert!(!reader.is_idle());
        assert!(reader.end());
    }

    #[test]
    fn a_hole_inside_a_body_keeps_the_place_and_one_over_a_head_loses_it() {
        let mut reader = MessageReader::responses();
        assert!(!reader.skip(1));
        let stream = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
        assert!(matches!(
            reader.read(stream),
            Step::Event(_, HttpEvent::Response(_))
        ));
        assert!(reader.skip(9));
        assert_eq!(reader.read(b""), Step::Event(0, HttpEvent::End));
    }

    #[test]
    fn a_head_without_an_end_is_given_up() {
        let mut reader = MessageReader::requests();
        let mut stream = b"GET / HTTP/1.1\r\n".to_vec();
        stream.resize(LONGEST_HEAD + 1, b'a');
        assert_eq!(reader.read(&stream), Step::Event(0, HttpEvent::TooLong));
    }
}
