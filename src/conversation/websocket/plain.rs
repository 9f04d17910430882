//! Plain frames, the usual case: there whole, and their own message or none's. They are read in one go, and nothing of them waits.

use super::open_frame::OpenFrame;
use super::open_message::OpenMessage;
use super::{STRIDE, WebSocket};
use crate::check::LONG;
use crate::conversation::Context;
use crate::conversation::kept::{Beginning, Kept};
use crate::direction::Direction;
use crate::event::MessageKind;
use crate::reader::{Cost, Reader as _};
use crate::websocket::{Header, Opcode, unmask};

impl WebSocket {
    /// Whether a frame that is there whole is its own message, or none's, and nothing need be remembered of it.
    pub(super) fn is_plain(&self, direction: Direction, header: &Header) -> bool {
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
    pub(super) fn plain_frame(
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
            frame.note_wire(direction, 0, payload, cx);
        }
        let wanted = is_text && cx.wants_messages() || cx.checks.is_some() && kind.is_none();
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
            let index = self.messages;
            self.messages += 1;
            self.messages_sent[direction] += 1;
            self.halves[direction].fragmentation_unknown = false;
            if is_text && header.payload_len > LONG {
                frame.note_text(direction, plain, true, cx);
            }
            let kept = Beginning::of(plain, of_frame);
            self.give_frame(direction, &frame, false, kept, cx);
            if cx.wants_messages() {
                let mut message = OpenMessage {
                    cost,
                    frames: 1,
                    coded_length: header.payload_len,
                    finished: true,
                    ..OpenMessage::new(index, Some(kind), trust)
                };
                if is_text {
                    message.utf8.push(plain);
                }
                let kept = Beginning::of(plain, of_message);
                self.give_message(direction, &message, kept, cx);
            }
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
}
