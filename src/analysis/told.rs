//! Told: events that were told on another thread, kept until their turn comes.

use std::ops::Range;

use super::shards::Order;
use crate::check::{Closed, Finding, Unjudged};
use crate::direction::Both;
use crate::event::{Connection, Event, Exchange, Frame, Handshake, Message, Payload, Single};
use crate::ledger::Ledger;
use crate::notice::Notice;
use crate::private::Private;

/// Something that one step has brought.
#[derive(Debug)]
pub(super) struct Told {
    /// The number of the step.
    pub(super) step: u64,
    /// Its place among what the step has brought.
    pub(super) order: Order,
    pub(super) what: What,
}

/// What was told. What it borrowed is kept beside it.
#[derive(Debug)]
pub(super) enum What {
    /// A connection begins: its provisional number.
    Born(u64),
    Single(Single<'static>, Range<usize>),
    Frame(Frame<'static>, Option<Range<usize>>, Option<Kept>),
    Message(Message<'static>, Option<Kept>),
    Exchange(Box<Exchange<'static>>, Box<ExchangeTexts>),
    Handshake(Box<Handshake<'static>>, Box<HandshakeTexts>),
    Connection(Box<Connection>),
    Notice(Box<Notice>),
    Finding(Box<Finding>),
    Unjudged(Unjudged),
    /// What a connection leaves behind for the rules over several.
    Left(Box<(Connection, Closed)>),
}

/// A payload.
#[derive(Debug)]
pub(super) enum Kept {
    Text(Range<usize>),
    Data(Range<usize>),
}

/// The texts of an exchange, in the order of its fields, and its two bodies.
#[derive(Debug)]
pub(super) struct ExchangeTexts {
    texts: [Option<Range<usize>>; 6],
    bodies: [Option<Range<usize>>; 2],
}

/// The texts of a handshake, in the order of its fields, and its lists.
#[derive(Debug)]
pub(super) struct HandshakeTexts {
    texts: [Option<Range<usize>>; 10],
    lists: [Vec<Range<usize>>; 3],
    reasons: Vec<&'static str>,
}

impl HandshakeTexts {
    /// The texts are not wanted. The reasons are none of them.
    pub(super) fn forget(&mut self) {
        self.texts = Default::default();
        self.lists = Default::default();
    }
}

/// What events borrow, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Borrowed {
    text: Private<String>,
    data: Private<Vec<u8>>,
    /// How many bytes stand in boxes of the events themselves.
    boxed: usize,
}

impl Borrowed {
    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.data.clear();
        self.boxed = 0;
    }

    /// In bytes, with what the events have in boxes.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.data.len() + self.boxed
    }

    /// How much room there is, in bytes.
    pub(super) fn room(&self) -> usize {
        self.text.capacity() + self.data.capacity()
    }

    fn boxed<T>(&mut self, value: T) -> Box<T> {
        self.boxed += size_of::<T>();
        Box::new(value)
    }

    fn keep_text(&mut self, text: &str) -> Range<usize> {
        let from = self.text.len();
        self.text.push_str(text);
        from..self.text.len()
    }

    fn keep_data(&mut self, data: &[u8]) -> Range<usize> {
        let from = self.data.len();
        self.data.extend_from_slice(data);
        from..self.data.len()
    }

    fn keep_payload(&mut self, payload: Payload<'_>) -> Kept {
        match payload {
            Payload::Text(text) => Kept::Text(self.keep_text(text)),
            Payload::Data(data) => Kept::Data(self.keep_data(data)),
        }
    }

    fn text(&self, at: &Range<usize>) -> &str {
        self.text.get(at.clone()).unwrap_or_default()
    }

    fn data(&self, at: &Range<usize>) -> &[u8] {
        self.data.get(at.clone()).unwrap_or_default()
    }

    fn payload(&self, kept: &Kept) -> Payload<'_> {
        match kept {
            Kept::Text(at) => Payload::Text(self.text(at)),
            Kept::Data(at) => Payload::Data(self.data(at)),
        }
    }

    fn texts<'a, const N: usize>(
        &'a self,
        texts: &[Option<Range<usize>>; N],
    ) -> [Option<&'a str>; N] {
        texts
            .each_ref()
            .map(|text| text.as_ref().map(|at| self.text(at)))
    }
}

impl What {
    /// Keeps an event.
    pub(super) fn of(event: &Event<'_>, borrowed: &mut Borrowed) -> Self {
        match *event {
            Event::Single(single) => {
                let masked = borrowed.keep_data(single.masked);
                Self::Single(apart_single(single), masked)
            }
            Event::Frame(frame) => {
                let reason = frame.close_reason.map(|text| borrowed.keep_text(text));
                let payload = frame.payload.map(|payload| borrowed.keep_payload(payload));
                Self::Frame(apart_frame(frame), reason, payload)
            }
            Event::Message(message) => {
                let payload = message
                    .payload
                    .map(|payload| borrowed.keep_payload(payload));
                Self::Message(apart_message(message), payload)
            }
            Event::Exchange(exchange) => {
                let texts = [
                    exchange.method,
                    exchange.target,
                    exchange.host,
                    exchange.http_version,
                    exchange.content_type,
                    exchange.content_encoding,
                ];
                let bodies = [exchange.request_body, exchange.response_body];
                let texts = ExchangeTexts {
                    texts: texts.map(|text| Some(borrowed.keep_text(text?))),
                    bodies: bodies.map(|body| Some(borrowed.keep_data(body?))),
                };
                Self::Exchange(
                    borrowed.boxed(apart_exchange(exchange)),
                    borrowed.boxed(texts),
                )
            }
            Event::Handshake(handshake) => {
                let texts = [
                    handshake.method,
                    handshake.target,
                    handshake.host,
                    handshake.origin,
                    handshake.http_version,
                    handshake.version,
                    handshake.key,
                    handshake.accept,
                    handshake.accept_expected,
                    handshake.subprotocol,
                ];
                let lists = [
                    handshake.subprotocols_offered,
                    handshake.extensions_offered,
                    handshake.extensions,
                ];
                let texts = HandshakeTexts {
                    texts: texts.map(|text| Some(borrowed.keep_text(text?))),
                    lists: lists.map(|list| {
                        let kept = list.iter().map(|text| borrowed.keep_text(text));
                        kept.collect()
                    }),
                    reasons: handshake.reasons.to_vec(),
                };
                Self::Handshake(
                    borrowed.boxed(apart_handshake(handshake)),
                    borrowed.boxed(texts),
                )
            }
            Event::Connection(connection) => {
                if connection.ledgers.is_some() {
                    borrowed.boxed += size_of::<Both<Ledger>>();
                }
                Self::Connection(borrowed.boxed(connection.clone()))
            }
            Event::Notice(notice) => {
                borrowed.boxed += notice.explanation.len();
                Self::Notice(borrowed.boxed(notice.clone()))
            }
            Event::Finding(finding) => {
                borrowed.boxed += finding.explanation.len();
                Self::Finding(borrowed.boxed(finding.clone()))
            }
            Event::Unjudged(unjudged) => Self::Unjudged(*unjudged),
        }
    }

    /// What a connection leaves behind.
    pub(super) fn left(connection: Connection, closed: Closed, borrowed: &mut Borrowed) -> Self {
        Self::Left(borrowed.boxed((connection, closed)))
    }

    /// The number of its connection, where it has one.
    pub(super) fn number_mut(&mut self) -> Option<&mut u64> {
        Some(match self {
            Self::Single(single, _) => &mut single.place.connection,
            Self::Frame(frame, ..) => &mut frame.place.connection,
            Self::Message(message, _) => &mut message.place.connection,
            Self::Exchange(exchange, _) => &mut exchange.place.connection,
            Self::Handshake(handshake, _) => &mut handshake.place.connection,
            Self::Connection(connection) => &mut connection.number,
            Self::Finding(finding) => &mut finding.place.connection,
            Self::Unjudged(unjudged) => &mut unjudged.connection,
            Self::Notice(notice) => return notice.connection.as_mut(),
            Self::Left(left) => &mut left.0.number,
            Self::Born(_) => return None,
        })
    }

    /// Tells the event; nothing where it is none.
    pub(super) fn retell(&self, borrowed: &Borrowed, out: &mut dyn FnMut(&Event<'_>)) {
        match self {
            Self::Single(single, masked) => out(&Event::Single(&Single {
                masked: borrowed.data(masked),
                ..*single
            })),
            Self::Frame(frame, None, None) => out(&Event::Frame(frame)),
            Self::Frame(frame, reason, payload) => out(&Event::Frame(&Frame {
                close_reason: reason.as_ref().map(|at| borrowed.text(at)),
                payload: payload.as_ref().map(|kept| borrowed.payload(kept)),
                ..frame.clone()
            })),
            Self::Message(message, None) => out(&Event::Message(message)),
            Self::Message(message, payload) => out(&Event::Message(&Message {
                payload: payload.as_ref().map(|kept| borrowed.payload(kept)),
                ..message.clone()
            })),
            Self::Exchange(exchange, kept) => {
                let [
                    method,
                    target,
                    host,
                    http_version,
                    content_type,
                    content_encoding,
                ] = borrowed.texts(&kept.texts);
                let bodies = kept.bodies.each_ref();
                let [request_body, response_body] =
                    bodies.map(|body| body.as_ref().map(|at| borrowed.data(at)));
                out(&Event::Exchange(&Exchange {
                    method,
                    target,
                    host,
                    http_version,
                    content_type,
                    content_encoding,
                    request_body,
                    response_body,
                    ..(**exchange).clone()
                }));
            }
            Self::Handshake(handshake, kept) => {
                let [
                    method,
                    target,
                    host,
                    origin,
                    http_version,
                    version,
                    key,
                    accept,
                    accept_expected,
                    subprotocol,
                ] = borrowed.texts(&kept.texts);
                let lists = kept.lists.each_ref();
                let [subprotocols_offered, extensions_offered, extensions] =
                    lists.map(|list| list.iter().map(|at| borrowed.text(at)).collect::<Vec<_>>());
                out(&Event::Handshake(&Handshake {
                    method,
                    target,
                    host,
                    origin,
                    http_version,
                    version,
                    key,
                    accept,
                    accept_expected,
                    subprotocol,
                    subprotocols_offered: &subprotocols_offered,
                    extensions_offered: &extensions_offered,
                    extensions: &extensions,
                    reasons: &kept.reasons,
                    ..(**handshake).clone()
                }));
            }
            Self::Connection(connection) => out(&Event::Connection(connection)),
            Self::Notice(notice) => out(&Event::Notice(notice)),
            Self::Finding(finding) => out(&Event::Finding(finding)),
            Self::Unjudged(unjudged) => out(&Event::Unjudged(unjudged)),
            Self::Born(_) | Self::Left(_) => {}
        }
    }
}

/// An event without what it borrows.
macro_rules! apart {
    ($name:ident, $type:ident, [$($own:ident),*], {$($borrowed:ident: $nothing:expr),*}) => {
        fn $name(event: &$type<'_>) -> $type<'static> {
            $type {
                $($own: event.$own,)*
                $($borrowed: $nothing,)*
            }
        }
    };
}

apart!(
    apart_single,
    Single,
    [place, direction, packet, time, kind, trust, valid_utf8, wire, masking_key],
    { masked: &[] }
);
apart!(
    apart_frame,
    Frame,
    [
        place, index, direction, span, header, message, complete, trust, close_code,
        payload_truncated, wire
    ],
    { close_reason: None, payload: None }
);
apart!(
    apart_message,
    Message,
    [
        place, index, direction, span, kind, frames, compressed, inflated, coded_length,
        payload_length, complete, has_hole, trust, valid_utf8, payload_truncated, wire
    ],
    { payload: None }
);
apart!(
    apart_exchange,
    Exchange,
    [
        place, index, span, status, request_head_length, request_body_length, response_head_length,
        response_body_length, response_content_length, response_decoded_length, upgrade, complete,
        trust, request_wire, response_wire
    ],
    {
        method: None, target: None, host: None, http_version: None, content_type: None,
        content_encoding: None, request_body: None, response_body: None
    }
);
apart!(
    apart_handshake,
    Handshake,
    [
        place, exchange, span, request_packet, response_packet, status, request_length,
        response_length, verdict, wire
    ],
    {
        method: None, target: None, host: None, origin: None, http_version: None, version: None,
        key: None, accept: None, accept_expected: None, subprotocol: None,
        subprotocols_offered: &[], extensions_offered: &[], extensions: &[], reasons: &[]
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn an_event_counts_with_what_it_has_in_boxes() {
        let mut borrowed = Borrowed::default();
        let mut len = |event: &Event<'_>| {
            borrowed.clear();
            assert_eq!(borrowed.len(), 0);
            What::of(event, &mut borrowed);
            borrowed.len()
        };
        let mut connections = 0;
        let mut take = |event: &Event<'_>| {
            let Event::Connection(connection) = event else {
                return;
            };
            let bare = Connection {
                ledgers: None,
                ..(*connection).clone()
            };
            let without = len(&Event::Connection(&bare));
            assert!(without >= size_of::<Connection>());
            assert!(len(event) >= without + 2 * size_of::<Ledger>());
            connections += 1;
        };
        let capture = "fixtures/seed-both/seed-both.pcap";
        crate::read(capture, Options::default(), &mut take).unwrap();
        assert_eq!(connections, 3);
    }
}
