//! Said: what a comparison needs of a message, however it was told.

use super::recast::Recast;
use crate::direction::Direction;
use crate::event::{Message, MessageKind, Payload, Single};
use crate::span::Trust;
use crate::time::Timestamp;
use crate::wire::Wire;

/// A message.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub(super) connection: u64,
    pub(super) direction: Direction,
    /// When its last byte was captured.
    pub(super) time: Timestamp,
    pub(super) wire: &'a Wire,
    /// Whether it is whole and exactly placed, so that its cost is known.
    pub(super) is_sure: bool,
    /// Its payload as the application sees it, in bytes, where that is known.
    pub(super) application: Option<u64>,
    /// Its payload as sent, in bytes.
    pub(super) coded_length: u64,
    /// Its payload as the application sees it, or where that is not known, as sent.
    pub(super) length: u64,
    pub(super) in_one_packet: bool,
    kind: Option<MessageKind>,
    payload: Told<'a>,
}

/// A payload as it was told.
#[derive(Debug)]
enum Told<'a> {
    /// Whole and as the application sees it, or only the beginning of it, or nothing of it.
    Message(&'a Message<'a>),
    /// Whole, perhaps under its mask.
    Single(&'a Single<'a>),
}

impl<'a> Said<'a> {
    pub(super) fn message(message: &'a Message<'a>) -> Self {
        Self {
            connection: message.place.connection,
            direction: message.direction,
            time: message.span.end_time,
            wire: &message.wire,
            is_sure: message.complete && message.trust == Trust::Exact,
            application: message.payload_length,
            coded_length: message.coded_length,
            length: message.payload_length.unwrap_or(message.coded_length),
            in_one_packet: message.span.first_packet == message.span.last_packet,
            kind: message.kind,
            payload: Told::Message(message),
        }
    }

    #[inline]
    pub(super) fn single(single: &'a Single<'a>) -> Self {
        Self {
            connection: single.place.connection,
            direction: single.direction,
            time: single.time,
            wire: &single.wire,
            is_sure: single.trust == Trust::Exact,
            application: Some(single.wire.payload),
            coded_length: single.wire.payload,
            length: single.wire.payload,
            in_one_packet: true,
            kind: Some(single.kind),
            payload: Told::Single(single),
        }
    }

    /// What of its cost stays as it was; see [`Recast::of`].
    pub(super) fn recast(&self, headers: u64) -> Recast {
        Recast::of(self.direction, self.wire, self.in_one_packet, headers)
    }

    /// Whether its only frame is told with it.
    pub(super) fn is_single(&self) -> bool {
        matches!(self.payload, Told::Single(_))
    }

    pub(super) fn is_binary(&self) -> bool {
        self.kind == Some(MessageKind::Binary)
    }

    /// How many line feeds are in what is there of a text, which an event of a stream needs to know.
    pub(super) fn line_feeds(&self) -> u64 {
        let line_feeds = |text: &[u8]| bytecount::count(text, b'\n') as u64;
        match self.payload {
            Told::Message(message) => match message.payload {
                Some(Payload::Text(text)) => line_feeds(text.as_bytes()),
                _ => 0,
            },
            Told::Single(single) if single.valid_utf8 != Some(true) => 0,
            Told::Single(single) if single.masking_key.is_none() => line_feeds(single.masked),
            Told::Single(single) => {
                let mut text = Vec::new();
                single.unmask_to(&mut text);
                line_feeds(&text)
            }
        }
    }

    /// Whether its whole payload is there, as the application sees it.
    pub(super) fn has_payload(&self) -> bool {
        match self.payload {
            Told::Single(_) => true,
            Told::Message(message) => {
                let len = bytes(message).map(|payload| payload.len() as u64);
                let whole = !message.payload_truncated && len == message.payload_length;
                whole && message.payload_length.is_some()
            }
        }
    }

    /// Appends what is there of its payload, as the application sees it.
    pub(super) fn append_payload(&self, out: &mut Vec<u8>) {
        match self.payload {
            Told::Single(single) => single.unmask_to(out),
            Told::Message(message) => out.extend_from_slice(bytes(message).unwrap_or_default()),
        }
    }
}

fn bytes<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    message.payload.map(|payload| match payload {
        Payload::Text(text) => text.as_bytes(),
        Payload::Data(data) => data,
    })
}
