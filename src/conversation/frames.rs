//! The WebSocket of a channel: frames and messages of both directions, with what they cost.

use super::inflation::Inflation;
use super::kept::{Beginning, Kept};
use super::midstream::{Extent, Hole};
use super::{Context, Scratch};
use crate::check::{Agreement, FrameFacts, LONG, MessageFacts, Shape, Spot};
use crate::direction::{Both, Direction};
use crate::event::{Event, Frame, Message, MessageKind};
use crate::http::{Likely, begins_request};
use crate::ledger::{Ledger, Row};
use crate::notice::{Kind, Notice};
use crate::reader::{Cost, Layer, Piece, Pieces, Reader, Step};
use crate::span::Trust;
use crate::websocket::deflate::{Inflated, Limit};
use crate::websocket::resync::{self, Expected};
use crate::websocket::{
    Compression, FrameEvent, FrameReader, Header, Opcode, Utf8, close_body, unmask,
};

/// How many bytes wait at most for a boundary to be found again: more than enough for the chains of frames that confirm
/// each other, where frames are not huge.
const SEARCHED: usize = 256 << 10;

/// A control frame's payload as its header must announce it (RFC 6455, section 5.5), which is read whole.
const CONTROL_PAYLOAD: u64 = 125;

/// A payload of at most so many bytes is read in one go where it is there whole: what is unmasked of it stays in the nearest cache.
const STRIDE: usize = 16 << 10;

/// Frames and messages of one WebSocket.
#[derive(Debug)]
pub(super) struct WebSocket {
    halves: Both<Half>,
    frames: u64,
    messages: u64,
    /// Whether RSV1 may be set on messages: permessage-deflate is agreed, or may be.
    rsv1: bool,
    /// Counted by sender, for the connection's record.
    pub(super) messages_sent: Both<u64>,
    /// Code of the first close frame that has one.
    pub(super) close_code: Option<u16>,
    /// Who sent the first close frame.
    pub(super) closed_by: Option<Direction>,
}

#[derive(Debug, Default)]
struct Half {
    reader: FrameReader,
    /// A frame of which not all bytes are there. Most frames are never here.
    frame: Option<Box<OpenFrame>>,
    /// A message of which not all frames are there.
    message: Option<Box<OpenMessage>>,
    inflation: Inflation,
    /// How sure the next frame's boundary is.
    trust: Trust,
    lost: Option<Lost>,
    /// Whether the boundary behind the open frame must be found, because it is not sure how long a hole inside was.
    unconfirmed: bool,
    /// Whether a message may be open whose beginning is not known.
    fragmentation_unknown: bool,
}

/// A boundary that is looked for.
#[derive(Clone, Copy, Debug)]
struct Lost {
    /// How many waiting bytes the next attempt needs.
    next_attempt: usize,
    /// What a boundary that is found is worth.
    trust: Trust,
    /// Bytes passed over so far.
    skipped: u64,
    /// Where that began, once anything was.
    from: Option<u64>,
}

/// When a search is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Attempt {
    /// As the waiting bytes reach the next size.
    WhenEnough,
    /// Before a hole, or where the capture ends.
    Now,
    /// Before bytes that were cut off a packet, which ended so far from the first that waits.
    BeforeCut(u64),
    /// Where the stream ends.
    AtEnd,
}

impl Lost {
    const FIRST_ATTEMPT: usize = 4 << 10;

    fn at(trust: Trust) -> Self {
        Self {
            next_attempt: Self::FIRST_ATTEMPT,
            trust,
            skipped: 0,
            from: None,
        }
    }
}

#[derive(Debug)]
struct OpenFrame {
    index: u64,
    header: Header,
    cost: Cost,
    complete: bool,
    trust: Trust,
    message: Option<u64>,
    /// Payload that has been read or passed over.
    read: u64,
    /// Payload whose cost is already in `cost`.
    prepaid: u64,
    kept: Kept,
}

#[derive(Debug)]
struct OpenMessage {
    index: u64,
    kind: Option<MessageKind>,
    compressed: bool,
    frames: u64,
    coded_length: u64,
    cost: Cost,
    complete: bool,
    trust: Trust,
    utf8: Utf8,
    inflated: Option<Inflated>,
    /// Whether its last frame's end was read.
    finished: bool,
    kept: Kept,
}

impl OpenMessage {
    fn new(index: u64, kind: Option<MessageKind>, trust: Trust) -> Self {
        Self {
            index,
            kind,
            compressed: false,
            frames: 0,
            coded_length: 0,
            cost: Cost::default(),
            complete: kind.is_some(),
            trust,
            utf8: Utf8::default(),
            inflated: None,
            finished: false,
            kept: Kept::default(),
        }
    }

    /// Whether it is read whether its bytes are UTF-8.
    fn is_judged(&self) -> bool {
        self.kind == Some(MessageKind::Text) && self.complete
    }

    /// Takes more of what the application sees.
    fn take(&mut self, plain: &[u8]) {
        if self.kept.wants() {
            self.kept.push(plain);
        }
        if self.is_judged() {
            self.utf8.push(plain);
        }
    }

    /// Whether every byte that the application sees is known, if nothing is missing.
    fn is_known(&self) -> bool {
        !self.compressed || self.inflated.is_some_and(|inflated| inflated.is_whole())
    }

    /// What the application sees, in bytes, where that is known.
    fn payload_length(&self, may_be_compressed: bool) -> Option<u64> {
        if self.compressed {
            self.inflated.and_then(|inflated| inflated.length)
        } else {
            (self.kind.is_some() || !may_be_compressed).then_some(self.coded_length)
        }
    }
}

impl WebSocket {
    /// A WebSocket whose both directions are at a boundary that is so sure.
    pub(super) fn new(trust: Both<Trust>, compression: Compression) -> Self {
        let half = |direction| Half {
            trust: trust[direction],
            inflation: Inflation::new(compression, direction),
            fragmentation_unknown: trust[direction] > Trust::Carried,
            ..Half::default()
        };
        Self {
            halves: Both {
                to_server: half(Direction::ToServer),
                to_client: half(Direction::ToClient),
            },
            frames: 0,
            messages: 0,
            rsv1: compression.may_be(),
            messages_sent: Both::default(),
            close_code: None,
            closed_by: None,
        }
    }

    /// Marks one direction's boundary as not known.
    pub(super) fn lose(&mut self, direction: Direction, trust: Trust) {
        let half = &mut self.halves[direction];
        half.reader = FrameReader::default();
        half.fragmentation_unknown = true;
        half.inflation.begins_unknown();
        half.lost = Some(Lost::at(trust));
    }

    /// How many frames were read.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Takes note of a request inside of what was no valid upgrade (RFC 9112, section 11.2); `bytes` are the client's.
    pub(super) fn note_request(&self, bytes: &[u8], pieces: &Pieces, cx: &mut Context<'_>) {
        let half = &self.halves.to_server;
        let begins = half.frame.is_none() && half.trust <= Trust::Carried && half.lost.is_none();
        if let Some(checks) = cx.checks.as_mut().filter(|_| begins)
            && begins_request(bytes) == Likely::Yes
        {
            let spot = Spot {
                stream_offset: Some(pieces.offset()),
                ..Spot::of_packet(cx.packet, cx.time)
            };
            let how = "a request follows inside of what was no valid upgrade";
            checks
                .http
                .tunnel
                .get_or_insert((Direction::ToServer, how, spot));
        }
    }

    /// Reads what can be read of the bytes that wait; says how many were taken.
    pub(super) fn read(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> usize {
        let mut used = 0;
        if self.halves[direction].lost.is_some() {
            used += self.search(direction, bytes, Attempt::WhenEnough, pieces, ledger, cx);
            if self.halves[direction].lost.is_some() {
                return used;
            }
        }
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let half = &mut self.halves[direction];
            match half.reader.read(rest) {
                Step::Incomplete => return used,
                Step::Event(len, FrameEvent::Header(header)) => {
                    used += len;
                    let prepaid = header.payload_len.min((rest.len() - len) as u64);
                    let cost = pieces.take_item(
                        len as u64,
                        prepaid,
                        Layer::Payload,
                        row_of(header.opcode),
                        ledger,
                    );
                    if prepaid == header.payload_len && self.is_plain(direction, &header) {
                        let (payload, _) = rest
                            .get(len..)
                            .and_then(|rest| rest.split_at_checked(to_usize(prepaid)))
                            .unwrap_or_default();
                        used += payload.len();
                        self.plain_frame(direction, header, cost, payload, cx);
                    } else {
                        self.begin_frame(direction, header, cost, prepaid, cx);
                    }
                }
                Step::Event(len, FrameEvent::Payload) => {
                    used += len;
                    let payload = rest.get(..len).unwrap_or_default();
                    self.payload(direction, payload, pieces, ledger, cx);
                }
                Step::Event(_, FrameEvent::End) => {
                    self.end_frame(direction, cx);
                    if self.halves[direction].lost.is_some() {
                        let rest = bytes.get(used..).unwrap_or_default();
                        return used + self.read(direction, rest, pieces, ledger, cx);
                    }
                }
            }
        }
    }

    /// Whether a frame that is there whole is its own message, or none's, and nothing need be remembered of it.
    fn is_plain(&self, direction: Direction, header: &Header) -> bool {
        let half = &self.halves[direction];
        header.fin
            && header.payload_len <= STRIDE as u64
            && match header.opcode {
                Opcode::Text | Opcode::Binary => {
                    half.message.is_none() && !half.inflation.compresses(header)
                }
                Opcode::Ping | Opcode::Pong => true,
                Opcode::Continuation | Opcode::Close | Opcode::Reserved(_) => false,
            }
    }

    /// Reads a plain frame, the usual case, in one go.
    fn plain_frame(
        &mut self,
        direction: Direction,
        header: Header,
        cost: Cost,
        payload: &[u8],
        cx: &mut Context<'_>,
    ) {
        let half = &mut self.halves[direction];
        half.reader.skip(header.payload_len);
        half.reader.read(&[]);
        let trust = half.trust;
        let kind = match header.opcode {
            Opcode::Text => Some(MessageKind::Text),
            Opcode::Binary => Some(MessageKind::Binary),
            _ => None,
        };
        let mut frame = OpenFrame {
            index: self.frames,
            header,
            cost,
            complete: true,
            trust,
            message: None,
            read: header.payload_len,
            prepaid: 0,
            kept: Kept::default(),
        };
        self.frames += 1;
        frame.message = kind.map(|_| self.messages);
        let (of_frame, of_message) = (cx.options.keep_frames, cx.options.keep_messages);
        let is_text = kind == Some(MessageKind::Text);
        if cx.checks.is_some() {
            let half = &self.halves[direction];
            let open = (!half.fragmentation_unknown).then_some(half.message.is_some());
            frame.note_header(direction, open, false, cx);
            frame.note_wire(direction, payload, cx);
        }
        let wanted = is_text || cx.checks.is_some() && kind.is_none();
        let mut unmasked = std::mem::take(&mut cx.scratch.unmasked);
        let plain = match header.masking_key {
            Some(key) if wanted || of_frame > 0 || of_message > 0 => {
                unmasked.clear();
                unmask(payload, key, 0, &mut unmasked);
                &unmasked
            }
            _ => payload,
        };
        if let Some(kind) = kind {
            let mut message = OpenMessage {
                cost,
                ..OpenMessage::new(self.messages, Some(kind), trust)
            };
            self.messages += 1;
            self.messages_sent[direction] += 1;
            self.halves[direction].fragmentation_unknown = false;
            message.frames = 1;
            message.coded_length = header.payload_len;
            message.finished = true;
            if is_text {
                message.utf8.push(plain);
            }
            if is_text && header.payload_len > LONG {
                frame.note_text(direction, plain, true, cx);
            }
            let kept = Beginning::of(plain, of_frame);
            self.give_frame(direction, &frame, false, kept, cx);
            let kept = Beginning::of(plain, of_message);
            self.give_message(direction, &message, kept, cx);
        } else {
            frame.note_control(direction, Some(plain), cx);
            let kept = Beginning::of(plain, of_frame);
            self.give_frame(direction, &frame, false, kept, cx);
        }
        cx.scratch.unmasked = unmasked;
        let goes_on = self.halves[direction].message.is_some();
        if let Some(checks) = &mut cx.checks {
            checks.end_frame(direction, goes_on);
        }
    }

    fn begin_frame(
        &mut self,
        direction: Direction,
        header: Header,
        cost: Cost,
        prepaid: u64,
        cx: &mut Context<'_>,
    ) {
        let index = self.frames;
        self.frames += 1;
        let half = &mut self.halves[direction];
        let trust = half.trust;
        let open = (!half.fragmentation_unknown).then_some(half.message.is_some());
        let message = match header.opcode {
            Opcode::Text | Opcode::Binary => {
                self.abandon_message(direction, cx);
                let kind = if header.opcode == Opcode::Text {
                    MessageKind::Text
                } else {
                    MessageKind::Binary
                };
                let compressed = self.halves[direction].inflation.compresses(&header);
                self.begin_message(direction, Some(kind), compressed, trust, cx);
                self.add_frame(direction, trust)
            }
            Opcode::Continuation => {
                if half.message.is_none() && half.fragmentation_unknown {
                    self.begin_message(direction, None, false, trust, cx);
                }
                self.add_frame(direction, trust)
            }
            _ => None,
        };
        let wanted =
            header.opcode == Opcode::Close || header.opcode.is_control() && cx.checks.is_some();
        let limit = if wanted {
            cx.options.keep_frames.max(CONTROL_PAYLOAD)
        } else {
            cx.options.keep_frames
        };
        let frame = Box::new(OpenFrame {
            index,
            header,
            cost,
            complete: true,
            trust,
            message,
            read: 0,
            prepaid,
            kept: Kept::of_at_most(limit),
        });
        let is_split = prepaid == 0 && header.payload_len > 0;
        frame.note_header(direction, open, is_split, cx);
        self.halves[direction].frame = Some(frame);
    }

    fn begin_message(
        &mut self,
        direction: Direction,
        kind: Option<MessageKind>,
        compressed: bool,
        trust: Trust,
        cx: &mut Context<'_>,
    ) {
        let index = self.messages;
        self.messages += 1;
        self.messages_sent[direction] += 1;
        let half = &mut self.halves[direction];
        if compressed {
            half.inflation.begin(cx);
        }
        half.message = Some(Box::new(OpenMessage {
            compressed,
            kept: Kept::of_at_most(cx.options.keep_messages),
            ..OpenMessage::new(index, kind, trust)
        }));
    }

    fn add_frame(&mut self, direction: Direction, trust: Trust) -> Option<u64> {
        let message = self.halves[direction].message.as_mut()?;
        message.frames += 1;
        message.trust = message.trust.max(trust);
        Some(message.index)
    }

    fn payload(
        &mut self,
        direction: Direction,
        payload: &[u8],
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        let half = &mut self.halves[direction];
        let Some(frame) = &mut half.frame else { return };
        let len = payload.len() as u64;
        let paid = len.min(frame.prepaid);
        frame.prepaid -= paid;
        if len > paid {
            frame.cost.add(&pieces.take(
                len - paid,
                Layer::Payload,
                row_of(frame.header.opcode),
                ledger,
            ));
        }
        let at = frame.read;
        frame.read += len;
        frame.note_wire(direction, payload, cx);
        let long_text = frame.header.opcode == Opcode::Text
            && frame.header.payload_len > LONG
            && frame.trust <= Trust::Carried;
        let spot = frame.spot();
        let Half {
            message, inflation, ..
        } = half;
        let mut message = message
            .as_mut()
            .filter(|message| frame.message == Some(message.index));
        let for_message = message
            .as_ref()
            .is_some_and(|message| message.compressed || message.is_judged());
        let kept_for_message = message.as_ref().is_some_and(|message| message.kept.wants());
        if !(for_message || kept_for_message || frame.kept.wants()) {
            return;
        }
        let key = frame.header.masking_key;
        let Scratch {
            unmasked, workshop, ..
        } = &mut *cx.scratch;
        let mut checks = cx.checks.as_deref_mut();
        let mut begins = at == 0;
        let payload_len = frame.header.payload_len;
        let mut take = |payload: &[u8]| {
            frame.kept.push(payload);
            let Some(message) = &mut message else { return };
            if message.compressed {
                inflation.push(payload, workshop, |plain| {
                    message.take(plain);
                    if let Some(checks) = &mut checks {
                        checks.inflated(direction, plain);
                    }
                });
            } else {
                message.take(payload);
                if let Some(checks) = checks.as_mut().filter(|_| long_text) {
                    let begins = std::mem::take(&mut begins);
                    checks.text(direction, payload_len, payload, begins, || spot);
                }
            }
        };
        match key {
            None => take(payload),
            Some(key) => {
                // In strides that stay in the nearest cache.
                let mut at = at;
                for stride in payload.chunks(STRIDE) {
                    unmasked.clear();
                    unmask(stride, key, at, unmasked);
                    take(unmasked);
                    at += stride.len() as u64;
                }
            }
        }
    }

    fn end_frame(&mut self, direction: Direction, cx: &mut Context<'_>) {
        let half = &mut self.halves[direction];
        let Some(frame) = half.frame.take() else {
            return;
        };
        let ends_message =
            frame.message.is_some() && frame.header.fin && frame.complete_to_the_end();
        if let Some(message) = half
            .message
            .as_mut()
            .filter(|message| frame.message == Some(message.index))
        {
            message.coded_length += frame.header.payload_len;
            message.cost.add(&frame.cost);
            message.complete &= frame.complete;
            message.finished |= ends_message;
            if message.compressed && message.complete && message.finished {
                message.inflated = half.inflation.end(direction, cx);
            }
        }
        if frame.header.fin && !frame.header.opcode.is_control() {
            half.fragmentation_unknown = false;
        }
        let compressed = half
            .message
            .as_ref()
            .is_some_and(|message| frame.message == Some(message.index) && message.compressed);
        if frame.header.opcode.is_control() {
            let payload = Some(frame.kept.beginning().bytes).filter(|_| frame.complete);
            frame.note_control(direction, payload, cx);
        }
        self.give_frame(direction, &frame, compressed, frame.kept.beginning(), cx);
        if ends_message {
            self.end_message(direction, cx);
        }
        let goes_on = self.halves[direction].message.is_some();
        if let Some(checks) = &mut cx.checks {
            checks.end_frame(direction, goes_on);
        }
        if std::mem::take(&mut self.halves[direction].unconfirmed) {
            self.abandon_message(direction, cx);
            self.lose(direction, Trust::Resynced);
            if let Some(checks) = &mut cx.checks {
                checks.lose(direction, Trust::Resynced);
            }
        }
    }

    /// Gives a frame; `compressed`: it is part of a compressed message.
    fn give_frame(
        &mut self,
        direction: Direction,
        frame: &OpenFrame,
        compressed: bool,
        kept: Beginning<'_>,
        cx: &mut Context<'_>,
    ) {
        let is_text = match frame.header.opcode {
            Opcode::Text | Opcode::Continuation => !compressed,
            Opcode::Binary | Opcode::Reserved(3..8) => false,
            _ => true,
        };
        let (close_code, close_reason) = if frame.header.opcode == Opcode::Close && frame.complete {
            close_body(kept.bytes)
        } else {
            (None, None)
        };
        let close_code = close_code.map(|code| code.0);
        if frame.header.opcode == Opcode::Close {
            self.closed_by.get_or_insert(direction);
            self.close_code = self.close_code.or(close_code);
        }
        let payload = (frame.complete && cx.options.keep_frames > 0).then(|| kept.payload(is_text));
        (cx.out)(&Event::Frame(&Frame {
            place: cx.place,
            index: frame.index,
            direction,
            span: frame.cost.span.unwrap_or_default(),
            header: frame.header,
            message: frame.message,
            complete: frame.complete,
            trust: frame.trust,
            close_code,
            close_reason: close_reason.filter(|_| close_code.is_some()),
            payload,
            payload_truncated: payload.is_some() && kept.truncated,
            wire: frame.cost.wire,
        }));
    }

    /// Gives the message that is open.
    fn end_message(&mut self, direction: Direction, cx: &mut Context<'_>) {
        let half = &mut self.halves[direction];
        let Some(message) = half.message.take() else {
            return;
        };
        if message.compressed && message.inflated.is_none() {
            half.inflation.lose(&mut cx.scratch.workshop);
        }
        self.give_message(direction, &message, message.kept.beginning(), cx);
    }

    fn give_message(
        &mut self,
        direction: Direction,
        message: &OpenMessage,
        kept: Beginning<'_>,
        cx: &mut Context<'_>,
    ) {
        let half = &self.halves[direction];
        let inflated = message.inflated;
        let complete = message.complete
            && message.finished
            && inflated.is_none_or(|inflated| inflated.unknown == 0);
        let is_text = message.kind == Some(MessageKind::Text);
        let cut = inflated.is_some_and(|inflated| inflated.limit == Some(Limit::Message));
        let payload = (complete && (message.is_known() || cut) && cx.options.keep_messages > 0)
            .then(|| kept.payload(is_text));
        let valid_utf8 = match message.utf8 {
            _ if !is_text => None,
            utf8 if utf8.is_invalid() => inflated
                .is_none_or(|inflated| inflated.unknown == 0)
                .then_some(false),
            utf8 if complete && message.is_known() => Some(utf8.is_valid_at_end()),
            _ => None,
        };
        if let Some(checks) = &mut cx.checks {
            checks.message(MessageFacts {
                direction,
                index: message.index,
                span: &message.cost.span.unwrap_or_default(),
                trust: message.trust,
                kind: message.kind,
                frames: message.frames,
                compressed: message.compressed,
                coded_length: message.coded_length,
                payload_length: message.payload_length(half.inflation.may_compress()),
                finished: message.finished,
                complete,
                valid_utf8,
                inflated,
                shape: Shape::default(),
                agreement: Agreement::default(),
                wants_binary: false,
            });
        }
        (cx.out)(&Event::Message(&Message {
            place: cx.place,
            index: message.index,
            direction,
            span: message.cost.span.unwrap_or_default(),
            kind: message.kind,
            frames: message.frames,
            compressed: message.compressed,
            inflated,
            coded_length: message.coded_length,
            payload_length: message.payload_length(half.inflation.may_compress()),
            complete,
            trust: message.trust,
            valid_utf8,
            payload,
            payload_truncated: payload.is_some() && (cut || kept.truncated),
            wire: message.cost.wire,
        }));
    }

    /// Gives a message that will get no more frames, as incomplete.
    fn abandon_message(&mut self, direction: Direction, cx: &mut Context<'_>) {
        if let Some(message) = &mut self.halves[direction].message {
            message.complete = false;
            self.end_message(direction, cx);
        }
    }

    /// Passes over bytes that cannot be shown; where they were cut from a packet, they are charged to their place in the stream.
    /// `bytes` are those that wait before them; all are taken.
    pub(super) fn gap(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        hole: Hole,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        let Hole { len, extent, cut } = hole;
        let mut waiting = bytes.len() as u64;
        if self.halves[direction].lost.is_some() {
            // The last chance to find frames before this hole.
            let attempt = match cut {
                Some(_) => Attempt::BeforeCut(bytes.len() as u64 + len),
                None => Attempt::Now,
            };
            let mut used = self.search(direction, bytes, attempt, pieces, ledger, cx);
            if self.halves[direction].lost.is_none() {
                used += self.read(
                    direction,
                    bytes.get(used..).unwrap_or_default(),
                    pieces,
                    ledger,
                    cx,
                );
            }
            waiting -= used as u64;
        }
        let half = &mut self.halves[direction];
        // A header that has begun waits before the hole, and is lost with it.
        let owed = half
            .reader
            .owed()
            .filter(|_| waiting == 0 && extent != Extent::AtMost)
            .unwrap_or(0);
        let inside = owed.min(len);
        if half.frame.is_some() && inside > 0 {
            half.unconfirmed |= extent == Extent::Likely;
            half.reader.skip(inside);
            self.skip_payload(
                direction,
                inside,
                cut.map(|piece| piece.split_at(to_u32(inside)).0),
                pieces,
                ledger,
                cx,
            );
            self.halves[direction].trust = self.halves[direction].trust.max(Trust::Carried);
            if inside == len {
                if let Step::Event(_, FrameEvent::End) = self.halves[direction].reader.read(&[]) {
                    self.end_frame(direction, cx);
                }
                return;
            }
        }
        let behind = cut.map(|piece| piece.split_at(to_u32(inside)).1);
        self.lose_place(direction, waiting, pieces, ledger, cx);
        match behind {
            Some(piece) => {
                pieces.push(piece);
                pieces.take(u64::from(piece.len), Layer::Payload, Row::Unread, ledger);
            }
            None => pieces.skip(len - inside),
        }
    }

    fn skip_payload(
        &mut self,
        direction: Direction,
        len: u64,
        cut: Option<Piece>,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        let half = &mut self.halves[direction];
        let Some(frame) = &mut half.frame else { return };
        frame.complete = false;
        frame.read += len;
        if let Some(message) = half
            .message
            .as_mut()
            .filter(|message| frame.message == Some(message.index))
        {
            message.complete = false;
            if message.compressed {
                half.inflation.lose(&mut cx.scratch.workshop);
            }
        }
        match cut {
            Some(piece) => {
                pieces.push(piece);
                frame.cost.add(&pieces.take(
                    len,
                    Layer::Payload,
                    row_of(frame.header.opcode),
                    ledger,
                ));
            }
            None => pieces.skip(len),
        }
    }

    /// The place in the stream is lost: what is open ends as it is, what waits is not understood.
    fn lose_place(
        &mut self,
        direction: Direction,
        waiting: u64,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        if let Some(checks) = &mut cx.checks {
            checks.lose(direction, Trust::Resynced);
        }
        self.close_open(direction, cx);
        let from = pieces.offset();
        pieces.take(waiting, Layer::Payload, Row::Unread, ledger);
        let half = &mut self.halves[direction];
        let mut lost = half
            .lost
            .take()
            .unwrap_or_else(|| Lost::at(Trust::Resynced));
        lost.from.get_or_insert(from);
        lost.skipped += waiting;
        lost.next_attempt = Lost::FIRST_ATTEMPT;
        half.lost = Some(lost);
        half.reader = FrameReader::default();
        half.fragmentation_unknown = true;
        half.inflation.lose(&mut cx.scratch.workshop);
    }

    fn close_open(&mut self, direction: Direction, cx: &mut Context<'_>) {
        if let Some(frame) = &mut self.halves[direction].frame {
            frame.complete &= frame.read == frame.header.payload_len;
            self.end_frame(direction, cx);
        }
        self.abandon_message(direction, cx);
    }

    /// The direction has ended: gives what is still open. `bytes` are those that wait; all are taken.
    pub(super) fn end(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        with_fin: bool,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        let mut used = 0;
        if self.halves[direction].lost.is_some() {
            let attempt = if with_fin {
                Attempt::AtEnd
            } else {
                Attempt::Now
            };
            used = self.search(direction, bytes, attempt, pieces, ledger, cx);
            if self.halves[direction].lost.is_none() {
                used += self.read(
                    direction,
                    bytes.get(used..).unwrap_or_default(),
                    pieces,
                    ledger,
                    cx,
                );
            }
        }
        pieces.take(
            (bytes.len() - used) as u64,
            Layer::Payload,
            Row::Unread,
            ledger,
        );
        if let Some(lost) = self.halves[direction].lost.take() {
            let skipped = lost.skipped + (bytes.len() - used) as u64;
            if skipped > 0 {
                notice_skipped(direction, &lost, skipped, false, cx);
            }
        }
        let inside_a_frame = self.halves[direction].frame.is_some();
        self.note_open(direction, (bytes.len() - used) as u64, cx);
        self.close_open(direction, cx);
        self.halves[direction].inflation.close();
        if inside_a_frame {
            // What comes behind an end belongs to no frame that anybody waits for.
            self.lose(direction, Trust::Resynced);
        }
    }

    /// Says what is open where the direction ends; `waiting` bytes begin a header.
    fn note_open(&self, direction: Direction, waiting: u64, cx: &mut Context<'_>) {
        let half = &self.halves[direction];
        let Some(checks) = cx.checks.as_deref_mut().filter(|_| half.lost.is_none()) else {
            return;
        };
        let frame = half.frame.as_ref();
        if let Some(frame) = frame.filter(|frame| !frame.complete_to_the_end()) {
            let missing = frame.header.payload_len - frame.read;
            checks.open_frame(direction, frame.index, missing, frame.spot());
        } else if waiting > 0 {
            checks.open_frame(direction, self.frames, 0, Spot::default());
        }
        if let Some(message) = half.message.as_ref().filter(|message| !message.finished) {
            let span = message
                .cost
                .span
                .or(frame.and_then(|frame| frame.cost.span));
            let spot = Spot::of_span(&span.unwrap_or_default(), message.trust);
            let message = Some(message.index);
            checks.open_message(direction, Spot { message, ..spot });
        }
    }

    /// Looks for a boundary in the bytes that wait; says how many before it were taken as not understood.
    fn search(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        attempt: Attempt,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) -> usize {
        let half = &mut self.halves[direction];
        let Some(lost) = &mut half.lost else { return 0 };
        if attempt == Attempt::WhenEnough && bytes.len() < lost.next_attempt {
            return 0;
        }
        let expected = Expected {
            masked: Some(direction == Direction::ToServer),
            rsv1: self.rsv1,
            at_end: attempt == Attempt::AtEnd,
        };
        let starts = pieces.packet_starts(bytes.len());
        let offset = match attempt {
            Attempt::BeforeCut(end) => resync::ends_with_packet(bytes, end, expected, &starts),
            _ => None,
        }
        .or_else(|| {
            resync::find(bytes, expected, |at| starts.binary_search(&at).is_ok())
                .map(|found| found.offset)
        });
        if let Some(offset) = offset {
            pieces.take(offset as u64, Layer::Payload, Row::Unread, ledger);
            half.trust = lost.trust;
            let lost = *lost;
            half.lost = None;
            notice_skipped(direction, &lost, lost.skipped + offset as u64, true, cx);
            return offset;
        }
        if bytes.len() < SEARCHED {
            lost.next_attempt = (lost.next_attempt * 4).min(SEARCHED);
            return 0;
        }
        // Nothing in so many bytes: keep the latest part, which the next bytes may explain.
        let passed = bytes.len() - SEARCHED / 4;
        lost.skipped += passed as u64;
        lost.next_attempt = SEARCHED;
        pieces.take(passed as u64, Layer::Payload, Row::Unread, ledger);
        passed
    }
}

impl OpenFrame {
    /// Where it stands.
    fn spot(&self) -> Spot {
        Spot::of_span(&self.cost.span.unwrap_or_default(), self.trust)
            .in_frame(self.index, self.message)
    }

    /// The offset behind its last byte.
    fn end(&self) -> u64 {
        let begin = self.cost.span.map_or(0, |span| span.stream_offset);
        begin
            .saturating_add(u64::from(self.header.header_len))
            .saturating_add(self.header.payload_len)
    }

    /// Tells the rules of its header; `open` says whether a message was open before it.
    #[inline]
    fn note_header(
        &self,
        direction: Direction,
        open: Option<bool>,
        is_split: bool,
        cx: &mut Context<'_>,
    ) {
        if let Some(checks) = &mut cx.checks {
            checks.frame(FrameFacts {
                header: &self.header,
                direction,
                index: self.index,
                message: self.message,
                span: &self.cost.span.unwrap_or_default(),
                trust: self.trust,
                open,
                is_split,
                agreement: Agreement::default(),
            });
        }
    }

    /// Tells the rules what its payload looks like on the wire.
    #[inline]
    fn note_wire(&self, direction: Direction, wire: &[u8], cx: &mut Context<'_>) {
        let masked = self.header.masking_key.is_some() && self.trust <= Trust::Carried;
        if let Some(checks) = cx.checks.as_mut().filter(|_| masked) {
            checks.wire(direction, wire, || self.spot());
        }
    }

    /// Tells the rules of a long text's payload.
    fn note_text(&self, direction: Direction, plain: &[u8], begins: bool, cx: &mut Context<'_>) {
        let sure = self.trust <= Trust::Carried;
        if let Some(checks) = cx.checks.as_mut().filter(|_| sure) {
            checks.text(direction, self.header.payload_len, plain, begins, || {
                self.spot()
            });
        }
    }

    /// Tells the rules of a control frame's payload, where all of it is there.
    fn note_control(&self, direction: Direction, payload: Option<&[u8]>, cx: &mut Context<'_>) {
        let sure = self.trust <= Trust::Carried;
        if let Some(checks) = cx.checks.as_mut().filter(|_| sure) {
            checks.control(direction, &self.header, payload, self.end(), self.spot());
        }
    }

    /// Whether its payload was read, or passed over, to its end.
    fn complete_to_the_end(&self) -> bool {
        self.read == self.header.payload_len
    }
}

fn notice_skipped(
    direction: Direction,
    lost: &Lost,
    skipped: u64,
    found: bool,
    cx: &mut Context<'_>,
) {
    if skipped == 0 {
        return;
    }
    let outcome = if found {
        "found again by the frames that follow"
    } else {
        "not found again"
    };
    let mut notice = Notice::new(
        Kind::Resync,
        format!("{skipped} bytes not understood after a loss; the frames' boundary was {outcome}"),
    );
    notice.connection = Some(cx.place.connection);
    notice.sender = Some(direction);
    notice.packet = Some(cx.packet);
    notice.stream_offset = lost.from;
    notice.length = Some(skipped);
    (cx.out)(&Event::Notice(&notice));
}

fn row_of(opcode: Opcode) -> Row {
    if opcode.is_control() {
        Row::Control
    } else {
        Row::Message
    }
}

fn to_u32(len: u64) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn to_usize(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
