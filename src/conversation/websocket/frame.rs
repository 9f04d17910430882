//! Frames that come in pieces: begun, filled, ended, given.

use super::open_frame::OpenFrame;
use super::{Half, Inside, STRIDE, WebSocket, row_of};
use crate::check::{Cause, LONG};
use crate::conversation::hole::Hole;
use crate::conversation::kept::{Beginning, Kept};
use crate::conversation::{Context, Scratch};
use crate::direction::Direction;
use crate::event::{Event, Frame, MessageKind};
use crate::ledger::Ledger;
use crate::reader::{Cost, Layer, Pieces, Reader as _};
use crate::span::Trust;
use crate::websocket::deflate::Plain;
use crate::websocket::{FrameReader, Header, Opcode, close_body, unmask};

/// A control frame's payload as its header must announce it (RFC 6455, section 5.5), which is read whole.
pub(super) const CONTROL_PAYLOAD: u64 = 125;

impl WebSocket {
    /// Begins a frame, whose header the reader has behind it.
    pub(super) fn begin_frame(
        &mut self,
        direction: Direction,
        (reader, header): (FrameReader, Header),
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
                self.end_message(direction, cx);
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
        let frame = OpenFrame {
            index,
            header,
            cost,
            complete: true,
            trust,
            message,
            read: 0,
            prepaid,
            kept: Kept::of_at_most(limit),
        };
        let is_split = prepaid == 0 && header.payload_len > 0;
        frame.note_header(direction, open, is_split, cx);
        self.halves[direction].inside = Some(Box::new(Inside::Frame(reader, frame)));
    }

    pub(super) fn payload(
        &mut self,
        direction: Direction,
        payload: &[u8],
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        let Half {
            inside,
            message,
            inflation,
            ..
        } = &mut self.halves[direction];
        let Some(Inside::Frame(_, frame)) = inside.as_deref_mut() else {
            return;
        };
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
        frame.note_wire(direction, at, payload, cx);
        let long_text = frame.header.opcode == Opcode::Text
            && frame.header.payload_len > LONG
            && frame.trust <= Trust::Carried;
        let spot = frame.spot();
        let judges = cx.wants_messages();
        let mut message = message
            .as_mut()
            .filter(|message| frame.message == Some(message.index));
        let for_message = message
            .as_ref()
            .is_some_and(|message| message.compressed || message.is_judged() && judges);
        let kept_for_message = message.as_ref().is_some_and(|message| message.kept.wants());
        if !(for_message || kept_for_message || frame.kept.wants()) {
            return;
        }
        let key = frame.header.masking_key;
        if message.as_ref().is_some_and(|message| message.compressed) && cx.options.max_inflate > 0
        {
            cx.scratch.laboured += payload.len() as u64;
        }
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
                inflation.push(payload, workshop, |plain| match plain {
                    Plain::Known(plain) => {
                        message.take(plain);
                        if let Some(checks) = &mut checks {
                            checks.inflated(direction, plain);
                        }
                    }
                    Plain::Unknown(_) => message.miss(),
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

    pub(super) fn skip_payload(
        &mut self,
        direction: Direction,
        hole: Hole,
        pieces: &mut Pieces,
        ledger: &mut Ledger,
        cx: &mut Context<'_>,
    ) {
        let Hole {
            len, cut, cause, ..
        } = hole;
        let half = &mut self.halves[direction];
        let Some(Inside::Frame(reader, frame)) = half.inside.as_deref_mut() else {
            return;
        };
        reader.skip(len);
        frame.complete = false;
        frame.read += len;
        if let Some(message) = half
            .message
            .as_mut()
            .filter(|message| frame.message == Some(message.index))
        {
            message.lose(cause);
            if message.compressed {
                half.inflation.lose(cause, &mut cx.scratch.workshop);
            }
        }
        let row = row_of(frame.header.opcode);
        frame.cost.add(&pieces.pass_over(len, cut, row, ledger));
    }

    pub(super) fn end_frame(&mut self, direction: Direction, cx: &mut Context<'_>) {
        let half = &mut self.halves[direction];
        let inside = (half.inside).take_if(|inside| matches!(**inside, Inside::Frame(..)));
        let Some(Inside::Frame(_, frame)) = inside.as_deref() else {
            return;
        };
        let ends_message =
            frame.message.is_some() && frame.header.fin && frame.complete_to_the_end();
        if let Some(message) = half
            .message
            .as_mut()
            .filter(|message| frame.message == Some(message.index))
        {
            let announced = frame.header.payload_len;
            message.coded_length = message.coded_length.saturating_add(announced);
            message.cost.add(&frame.cost);
            message.finished |= ends_message;
            if message.compressed && message.is_complete() && message.finished {
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
        self.give_frame(direction, frame, compressed, frame.kept.beginning(), cx);
        if ends_message {
            self.end_message(direction, cx);
        }
        let goes_on = self.halves[direction].message.is_some();
        if let Some(checks) = &mut cx.checks {
            checks.end_frame(direction, goes_on);
        }
        if std::mem::take(&mut self.halves[direction].unconfirmed) {
            self.halves[direction].lose_of_message(Cause::Gap);
            self.end_message(direction, cx);
            self.lose(direction, Trust::Resynced, Cause::Gap, cx);
            if let Some(checks) = &mut cx.checks {
                checks.lose(direction, Cause::Resync);
            }
        }
    }

    /// Gives a frame; `compressed`: it is part of a compressed message.
    pub(super) fn give_frame(
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
            let packet = frame.cost.span.unwrap_or_default().first_packet;
            self.closes.note(direction, packet, close_code);
        }
        if !cx.options.wanted.frames {
            return;
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
}
