//! Plain frames, the usual case: there whole, and their own message or none's. They are read in one go, and nothing of them waits.

use super::frame::CONTROL_PAYLOAD;
use super::open_frame::OpenFrame;
use super::open_message::OpenMessage;
use super::{Half, STRIDE, WebSocket, row_of, to_usize};
use crate::check::{Agreement, FrameFacts, LONG};
use crate::conversation::Context;
use crate::conversation::kept::{Beginning, Kept};
use crate::direction::Direction;
use crate::event::{Event, Frame, Message, MessageKind, Payload, Single};
use crate::ledger::Row;
use crate::reader::{Cost, Layer, Piece};
use crate::websocket::{Header, Opcode, is_utf8, unmask};
use crate::wire::Wire;

impl WebSocket {
    /// Whether nothing is open in either direction.
    pub(in crate::conversation) fn is_smooth(&self) -> bool {
        let halves = [&self.halves.to_server, &self.halves.to_client];
        halves.into_iter().all(Half::is_smooth)
    }

    /// Whether bytes are plain frames and nothing else, in a WebSocket that is smooth.
    #[inline]
    pub(in crate::conversation) fn are_plain(
        &self,
        direction: Direction,
        mut bytes: &[u8],
    ) -> bool {
        while let Ok((behind, header)) = Header::parse_here(bytes)
            && let Some(rest) = behind.get(to_usize(header.payload_len)..)
            && self.is_plain(direction, &header)
        {
            if rest.is_empty() {
                return true;
            }
            bytes = rest;
        }
        false
    }

    /// Takes bytes that [are plain frames](Self::are_plain). They came in this piece, the first at this offset of the stream; `charge` is
    /// told for which row, how many packets, which no other frame of the row has counted, and what.
    #[inline]
    pub(in crate::conversation) fn plain_frames(
        &mut self,
        direction: Direction,
        mut bytes: &[u8],
        (mut piece, mut offset): (Piece, u64),
        cx: &mut Context<'_>,
        mut charge: impl FnMut(Row, u64, Wire),
    ) {
        let mut packets = [u64::from(piece.packets); 2];
        while let Ok((behind, header)) = Header::parse_here(bytes)
            && let Some((payload, rest)) = behind.split_at_checked(to_usize(header.payload_len))
        {
            let len = piece.len - u32::try_from(rest.len()).unwrap_or(0);
            let (taken, left) = piece.split_at(len);
            let cost = taken.cost(offset, u64::from(header.header_len), Layer::Payload);
            let row = row_of(header.opcode);
            let [of_messages, of_controls] = &mut packets;
            let first = if row == Row::Control {
                of_controls
            } else {
                of_messages
            };
            charge(row, std::mem::take(first), cost.wire);
            self.plain_frame(direction, header, cost, payload, cx);
            if rest.is_empty() {
                return;
            }
            (bytes, piece, offset) = (rest, left, offset + u64::from(len));
        }
    }

    /// Whether a frame that is there whole is its own message, or none's, and no part of it need be kept.
    #[inline]
    pub(super) fn is_plain(&self, direction: Direction, header: &Header) -> bool {
        let half = &self.halves[direction];
        header.fin
            && header.payload_len <= STRIDE as u64
            && match header.opcode {
                Opcode::Text | Opcode::Binary => {
                    half.message.is_none() && !half.inflation.compresses(header)
                }
                Opcode::Ping | Opcode::Pong => true,
                Opcode::Close => header.payload_len <= CONTROL_PAYLOAD,
                Opcode::Continuation | Opcode::Reserved(_) => false,
            }
    }

    /// Reads a plain frame, the usual case, in one go.
    pub(super) fn plain_frame(
        &mut self,
        direction: Direction,
        header: Header,
        cost: Cost,
        payload: &[u8],
        cx: &mut Context<'_>,
    ) {
        let kind = match header.opcode {
            Opcode::Text => MessageKind::Text,
            Opcode::Binary => MessageKind::Binary,
            _ => return self.plain_control(direction, header, cost, payload, cx),
        };
        if self.is_judged_plain(direction, kind, &header, &cost, payload, cx) {
            self.count_single(direction);
        } else if cx.checks.is_some() {
            self.judge_message(direction, kind, header, cost, payload, cx);
        } else if cx.options.wanted.singles && cost.is_of_one_packet() {
            self.tell_single(direction, kind, &header, &cost, payload, cx);
        } else {
            self.tell_message(direction, kind, header, &cost, payload, cx);
        }
    }

    fn count_single(&mut self, direction: Direction) {
        self.frames += 1;
        self.messages_sent[direction] += 1;
        self.halves[direction].fragmentation_unknown = false;
    }

    /// Whether a message and its frame were judged, nobody wants to hear of them, and that is all.
    #[inline]
    fn is_judged_plain(
        &self,
        direction: Direction,
        kind: MessageKind,
        header: &Header,
        cost: &Cost,
        payload: &[u8],
        cx: &mut Context<'_>,
    ) -> bool {
        let wanted = &cx.options.wanted;
        let Some(checks) = cx.checks.as_mut() else {
            return false;
        };
        let half = &self.halves[direction];
        if wanted.frames || wanted.messages || half.fragmentation_unknown {
            return false;
        }
        let valid_utf8 = valid_utf8(kind, header, payload, &mut cx.scratch.unmasked);
        let facts = FrameFacts {
            header,
            direction,
            index: self.frames,
            message: Some(self.messages()),
            span: &cost.span.unwrap_or_default(),
            trust: half.trust,
            open: Some(half.message.is_some()),
            is_split: false,
            agreement: Agreement::default(),
        };
        checks.single(&facts, payload, valid_utf8)
    }

    /// Tells a message and its frame in short.
    fn tell_single(
        &mut self,
        direction: Direction,
        kind: MessageKind,
        header: &Header,
        cost: &Cost,
        payload: &[u8],
        cx: &mut Context<'_>,
    ) {
        self.count_single(direction);
        let span = cost.span.unwrap_or_default();
        (cx.out)(&Event::Single(&Single {
            place: cx.place,
            direction,
            packet: span.first_packet,
            time: span.time,
            kind,
            trust: self.halves[direction].trust,
            valid_utf8: valid_utf8(kind, header, payload, &mut cx.scratch.unmasked),
            wire: cost.wire,
            masking_key: header.masking_key,
            masked: payload,
        }));
    }

    /// Tells of a frame and of its message what is wanted.
    fn tell_message(
        &mut self,
        direction: Direction,
        kind: MessageKind,
        header: Header,
        cost: &Cost,
        payload: &[u8],
        cx: &mut Context<'_>,
    ) {
        let (index, message) = (self.frames, self.messages());
        self.count_single(direction);
        let wanted = cx.options.wanted;
        let of_frame = cx.options.keep_frames * u64::from(wanted.frames);
        let of_message = cx.options.keep_messages * u64::from(wanted.messages);
        let is_text = kind == MessageKind::Text;
        let trust = self.halves[direction].trust;
        let span = cost.span.unwrap_or_default();
        let judged = (wanted.messages && of_message == 0)
            .then(|| valid_utf8(kind, &header, payload, &mut cx.scratch.unmasked));
        let shown = of_frame > 0 || of_message > 0;
        let plain = plain(payload, &header, shown, &mut cx.scratch.unmasked);
        if wanted.frames {
            let kept = Beginning::of(plain, of_frame);
            (cx.out)(&Event::Frame(&Frame {
                place: cx.place,
                index,
                direction,
                span,
                header,
                message: Some(message),
                complete: true,
                trust,
                close_code: None,
                close_reason: None,
                payload: (of_frame > 0).then(|| kept.payload(is_text)),
                payload_truncated: kept.truncated,
                wire: cost.wire,
            }));
        }
        if wanted.messages {
            let kept = Beginning::of(plain, of_message);
            let shown = (of_message > 0).then(|| kept.payload(is_text));
            // To show a text as one is to judge it.
            let valid_utf8 = judged.unwrap_or_else(|| match shown {
                Some(shown) if !kept.truncated => {
                    is_text.then_some(matches!(shown, Payload::Text(_)))
                }
                _ => is_text.then(|| simdutf8::basic::from_utf8(plain).is_ok()),
            });
            (cx.out)(&Event::Message(&Message {
                place: cx.place,
                index: message,
                direction,
                span,
                kind: Some(kind),
                frames: 1,
                compressed: false,
                inflated: None,
                coded_length: header.payload_len,
                payload_length: Some(header.payload_len),
                complete: true,
                has_hole: false,
                trust,
                valid_utf8,
                payload: shown,
                payload_truncated: kept.truncated,
                wire: cost.wire,
            }));
        }
    }

    /// Lets the rules see a message and its frame, and tells of them what is wanted.
    fn judge_message(
        &mut self,
        direction: Direction,
        kind: MessageKind,
        header: Header,
        cost: Cost,
        payload: &[u8],
        cx: &mut Context<'_>,
    ) {
        let index = self.messages();
        let frame = self.open_plain(direction, Some(index), header, cost, payload, cx);
        let is_text = kind == MessageKind::Text;
        let (of_frame, of_message) = (cx.options.keep_frames, cx.options.keep_messages);
        let wanted = is_text || of_frame > 0 || of_message > 0;
        let mut unmasked = std::mem::take(&mut cx.scratch.unmasked);
        let plain = plain(payload, &header, wanted, &mut unmasked);
        self.messages_sent[direction] += 1;
        self.halves[direction].fragmentation_unknown = false;
        if is_text && header.payload_len > LONG {
            frame.note_text(direction, plain, true, cx);
        }
        let kept = Beginning::of(plain, of_frame);
        self.give_frame(direction, &frame, false, kept, cx);
        let mut message = OpenMessage {
            cost,
            frames: 1,
            coded_length: header.payload_len,
            finished: true,
            ..OpenMessage::new(index, Some(kind), frame.trust)
        };
        if is_text {
            message.utf8.push(plain);
        }
        let kept = Beginning::of(plain, of_message);
        self.give_message(direction, &message, kept, cx);
        cx.scratch.unmasked = unmasked;
        self.close_plain(direction, cx);
    }

    fn plain_control(
        &mut self,
        direction: Direction,
        header: Header,
        cost: Cost,
        payload: &[u8],
        cx: &mut Context<'_>,
    ) {
        let frame = self.open_plain(direction, None, header, cost, payload, cx);
        let of_frame = if header.opcode == Opcode::Close {
            cx.options.keep_frames.max(CONTROL_PAYLOAD)
        } else {
            cx.options.keep_frames
        };
        let wanted = cx.checks.is_some() || of_frame > 0;
        let mut unmasked = std::mem::take(&mut cx.scratch.unmasked);
        let plain = plain(payload, &header, wanted, &mut unmasked);
        frame.note_control(direction, Some(plain), cx);
        let kept = Beginning::of(plain, of_frame);
        self.give_frame(direction, &frame, false, kept, cx);
        cx.scratch.unmasked = unmasked;
        self.close_plain(direction, cx);
    }

    fn open_plain(
        &mut self,
        direction: Direction,
        message: Option<u64>,
        header: Header,
        cost: Cost,
        payload: &[u8],
        cx: &mut Context<'_>,
    ) -> OpenFrame {
        let half = &self.halves[direction];
        let frame = OpenFrame {
            index: self.frames,
            header,
            cost,
            complete: true,
            trust: half.trust,
            message,
            read: header.payload_len,
            prepaid: 0,
            kept: Kept::default(),
        };
        self.frames += 1;
        if cx.checks.is_some() {
            let open = (!half.fragmentation_unknown).then_some(half.message.is_some());
            frame.note_header(direction, open, false, cx);
            frame.note_wire(direction, 0, payload, cx);
        }
        frame
    }

    fn close_plain(&self, direction: Direction, cx: &mut Context<'_>) {
        let goes_on = self.halves[direction].message.is_some();
        if let Some(checks) = &mut cx.checks {
            checks.end_frame(direction, goes_on);
        }
    }
}

impl Half {
    fn is_smooth(&self) -> bool {
        self.inside.is_none() && self.message.is_none() && !self.unconfirmed
    }
}

/// Whether a text is UTF-8; none for binary.
fn valid_utf8(
    kind: MessageKind,
    header: &Header,
    payload: &[u8],
    room: &mut Vec<u8>,
) -> Option<bool> {
    (kind == MessageKind::Text).then(|| is_utf8(payload, header.masking_key, room))
}

/// A payload without its mask, if it is wanted.
fn plain<'a>(payload: &'a [u8], header: &Header, wanted: bool, room: &'a mut Vec<u8>) -> &'a [u8] {
    match header.masking_key {
        Some(key) if wanted => {
            room.clear();
            unmask(payload, key, 0, room);
            room
        }
        _ => payload,
    }
}
