//! Channel: what is kept of a WebSocket for the rules that look at it as a whole. Its size does not grow with the connection.

use super::agreement::Agreement;
use super::deflate::Compressed;
use super::finding::Cause;
use super::frames::FrameFacts;
use super::line::{Line, Moment};
use super::masks::{Masks, OnWire};
use super::messages::Shape;
use super::outcome::{Maybe, Spot};
use super::performance::{self, Sample, Split, Stream};
use super::pings::{self, Pings};
use crate::direction::{Both, Direction};
use crate::span::Trust;
use crate::time::Timestamp;
use crate::websocket::{Header, Opcode};

/// What both sides said.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    pub(super) agreement: Agreement,
    /// Whether the subprotocol wants binary messages.
    pub(super) wants_binary: bool,
    /// Whether the client offered an extension.
    pub(super) offered_extension: bool,
    pub(super) talks: Both<Talk>,
    /// The last frame of either side.
    pub(super) last_frame: Moment,
    pub(super) idle: Idle,
    /// The client's masking keys.
    masks: Masks,
    /// Once a side has said that it ends, or has ended in the middle of something.
    ends: Option<Box<Both<End>>>,
}

/// The longest time without a frame.
#[derive(Debug, Default)]
pub(super) struct Idle {
    /// In nanoseconds; not below zero.
    longest: i64,
    /// Where it ended, if it is long.
    spot: Option<Box<Spot>>,
}

impl Idle {
    /// In nanoseconds.
    pub(super) fn longest(&self) -> i64 {
        self.longest
    }

    /// The same, and where it ended, if it was long.
    pub(super) fn long(&self) -> Option<(i64, Spot)> {
        Some((self.longest, *self.spot.as_deref()?))
    }
}

/// How what one side said ends.
#[derive(Debug, Default)]
struct End {
    /// Its first close frame.
    close: Option<CloseSeen>,
    /// A frame that is not read to its end.
    open_frame: Option<Box<OpenFrame>>,
    /// A message whose final frame has not come.
    open_message: Option<Box<Spot>>,
}

/// What one side said.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    pub(super) messages: u64,
    /// Of all its frames, of which each has some.
    pub(super) header_bytes: u64,
    pub(super) payload_bytes: u64,
    /// Its place was lost or never sure: frames are missing.
    pub(super) lost: Option<Cause>,
    /// Whether a message began inside another, whose frames may still come.
    pub(super) interleaved: bool,
    /// Whether it is inside a frame or a message.
    pub(super) inside: bool,
    pub(super) shape: Shape,
    pub(super) largest_message: u64,
    pub(super) stream: Stream,
    pub(super) split: Split,
    /// Messages that would be worth compressing and are not.
    pub(super) plain: u64,
    rare: Option<Box<Rare>>,
}

/// What most sides never say.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// A masked frame that comes in pieces.
    pub(super) on_wire: OnWire,
    /// A server's masking keys, which it should not have.
    masks: Option<Box<Masks>>,
    /// Once there is one, of either side.
    pub(super) pings: Option<Box<Pings>>,
    /// Once there is something to try.
    pub(super) sample: Option<Box<Sample>>,
    /// Once a message is marked as compressed.
    pub(super) compressed: Option<Box<Compressed>>,
    /// Where small frames in packets of their own became many.
    pub(super) crowd: Option<Spot>,
}

impl Channel {
    /// Takes note of how long there was no frame before this one.
    pub(super) fn note_idle(&mut self, facts: &FrameFacts<'_>) {
        let last = std::mem::replace(&mut self.last_frame, facts.span.time.into());
        if let Some(last) = last.get() {
            let idle = facts.span.time.since(last);
            if idle > self.idle.longest {
                self.idle.longest = idle;
                if idle >= pings::IDLE {
                    self.idle.spot = Some(Box::new(facts.spot()));
                }
            }
        }
    }

    /// The masking keys of a side.
    #[inline]
    pub(super) fn masks_mut(&mut self, direction: Direction) -> &mut Masks {
        match direction {
            Direction::ToServer => &mut self.masks,
            Direction::ToClient => {
                let rare = self.talks.to_client.rare_mut();
                rare.masks.get_or_insert_default()
            }
        }
    }

    /// Frames of a side are missing.
    pub(super) fn interrupt_masks(&mut self, direction: Direction) {
        match direction {
            Direction::ToServer => self.masks.interrupt(),
            Direction::ToClient => {
                let rare = self.talks.to_client.rare_if_any();
                if let Some(masks) = rare.and_then(|rare| rare.masks.as_mut()) {
                    masks.interrupt();
                }
            }
        }
    }

    /// Whether there was neither a Ping or Pong nor a long time without a frame.
    pub(super) fn is_silent(&self) -> bool {
        self.idle.spot.is_none()
            && Direction::ALL
                .into_iter()
                .all(|of| self.talks[of].pings().is_none())
    }

    fn end(&self, direction: Direction) -> Option<&End> {
        self.ends.as_ref().map(|ends| &ends[direction])
    }

    fn end_mut(&mut self, direction: Direction) -> &mut End {
        &mut self.ends.get_or_insert_default()[direction]
    }

    /// Whether neither side has said that it ends.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.ends.is_none()
    }

    /// A side's first close frame.
    pub(super) fn close(&self, direction: Direction) -> Option<CloseSeen> {
        self.end(direction)?.close
    }

    /// Both sides' first close frames, if there are two: the client's, then the server's.
    pub(super) fn both_closes(&self) -> Option<(CloseSeen, CloseSeen)> {
        let both = Direction::ALL.map(|direction| self.close(direction));
        let [client, server] = both;
        client.zip(server)
    }

    /// A side's frame that is not read to its end.
    pub(super) fn open_frame(&self, direction: Direction) -> Option<&OpenFrame> {
        self.end(direction)?.open_frame.as_deref()
    }

    /// A side's message whose final frame has not come.
    pub(super) fn open_message(&self, direction: Direction) -> Option<Spot> {
        self.end(direction)?.open_message.as_deref().copied()
    }

    pub(super) fn note_close(&mut self, direction: Direction, close: CloseSeen) {
        self.end_mut(direction).close.get_or_insert(close);
    }

    pub(super) fn note_open_frame(&mut self, direction: Direction, frame: OpenFrame) {
        self.end_mut(direction).open_frame = Some(Box::new(frame));
    }

    pub(super) fn note_open_message(&mut self, direction: Direction, spot: Spot) {
        self.end_mut(direction).open_message = Some(Box::new(spot));
    }

    /// Nothing is open in a direction that is known to be.
    pub(super) fn forget_open(&mut self, direction: Direction) {
        if let Some(ends) = &mut self.ends {
            let end = &mut ends[direction];
            (end.open_frame, end.open_message) = (None, None);
        }
    }
}

impl Talk {
    /// A message that began inside another is told once: the frames that go on with the other one are no fault of their own.
    pub(super) fn interleave(&mut self, facts: &mut FrameFacts<'_>) {
        match (facts.header.opcode, facts.open) {
            (Opcode::Text | Opcode::Binary, Some(true)) => self.interleaved = true,
            (Opcode::Continuation, Some(false)) if self.interleaved => {
                facts.open = Some(true);
                self.interleaved = !facts.header.fin;
            }
            _ => {}
        }
    }

    /// What is rare.
    pub(super) fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    /// The same, where there is any.
    pub(super) fn rare_if_any(&mut self) -> Option<&mut Rare> {
        self.rare.as_deref_mut()
    }

    /// The same, which there is from now on.
    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(super) fn pings(&self) -> Option<&Pings> {
        self.rare()?.pings.as_deref()
    }

    pub(super) fn sample(&self) -> Option<&Sample> {
        self.rare()?.sample.as_deref()
    }

    /// The same, which there is from now on.
    pub(super) fn sample_mut(&mut self) -> &mut Sample {
        self.rare_mut().sample.get_or_insert_default()
    }

    /// Takes the longest run of base64 in the texts since this was last asked.
    #[inline]
    pub(super) fn take_base64(&mut self) -> u64 {
        let sample = self.rare_if_any().and_then(|rare| rare.sample.as_mut());
        sample.map_or(0, |sample| sample.take_base64())
    }

    /// Counts a frame.
    #[inline]
    pub(super) fn add(&mut self, header: &Header) {
        self.header_bytes += u64::from(header.header_len);
        self.payload_bytes = self.payload_bytes.saturating_add(header.payload_len);
    }

    /// Takes note of how soon a small frame follows another.
    pub(super) fn note_stream(&mut self, facts: &FrameFacts<'_>) {
        let (packet, time) = (facts.span.first_packet, facts.span.time);
        if self.stream.push(facts.header.payload_len, packet, time) {
            self.rare_mut().crowd.get_or_insert_with(|| facts.spot());
        }
    }

    /// Counts a frame, and keeps what of it its message is judged by.
    pub(super) fn count(&mut self, header: &Header, agreement: Agreement) {
        self.add(header);
        if !header.opcode.is_control() {
            let begins = header.opcode != Opcode::Continuation;
            let before = if begins {
                self.take_base64();
                Shape::default()
            } else {
                self.shape
            };
            let tiny = u32::from(header.payload_len < performance::TINY);
            self.shape = Shape {
                tiny: before.tiny.saturating_add(tiny),
                header_bytes: before.header_bytes.saturating_add(header.header_len.into()),
                ends_empty: header.payload_len == 0,
                is_odd: before.is_odd
                    || header.rsv2()
                    || header.rsv3()
                    || header.rsv1() && !agreement.deflate,
            };
        }
    }
}

/// A close frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct CloseSeen {
    first_packet: u64,
    /// In how many packets more it stands.
    more_packets: u32,
    trust: Trust,
    pub(super) code: Option<u16>,
    pub(super) time: Timestamp,
    stream_offset: Maybe,
    frame: Maybe,
    /// The offset behind its last byte.
    pub(super) end: u64,
    /// How far its sender had acknowledged the other side's bytes, at most; none where that is not known.
    pub(super) acked: Maybe,
}

impl CloseSeen {
    /// One that stands here, in no message.
    pub(super) fn new(code: Option<u16>, spot: &Spot, end: u64, acked: Maybe) -> Self {
        let more_packets = spot.last_packet.saturating_sub(spot.first_packet);
        Self {
            first_packet: spot.first_packet,
            more_packets: u32::try_from(more_packets).unwrap_or(u32::MAX),
            trust: spot.trust,
            code,
            time: spot.time,
            stream_offset: spot.stream_offset,
            frame: spot.frame,
            end,
            acked,
        }
    }

    /// Where it stands.
    pub(super) fn spot(&self) -> Spot {
        Spot {
            first_packet: self.first_packet,
            last_packet: self.first_packet + u64::from(self.more_packets),
            time: self.time,
            stream_offset: self.stream_offset,
            frame: self.frame,
            trust: self.trust,
            ..Spot::default()
        }
    }
}

/// A frame that is not read to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenFrame {
    pub(super) index: u64,
    pub(super) missing: u64,
    pub(super) spot: Spot,
}

/// Everything that is known of a channel when its connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndFacts<'a> {
    pub(super) channel: &'a Channel,
    pub(super) lines: Both<&'a Line>,
    /// The packet and the time of the connection's last packet.
    pub(super) last: (u64, Timestamp),
}

impl EndFacts<'_> {
    /// Whether a side's bytes are read from the handshake to its FIN or its reset; else why that cannot be said.
    pub(super) fn whole(&self, direction: Direction) -> Result<(), Cause> {
        self.read(direction)?;
        if self.lines[direction].ended() {
            Ok(())
        } else {
            Err(Cause::CaptureEnd)
        }
    }

    /// Whether a side's frames are read without a loss so far; else why not.
    pub(super) fn read(&self, direction: Direction) -> Result<(), Cause> {
        match self.channel.talks[direction].lost {
            Some(cause) => Err(cause),
            None if self.lines[direction].has_hole() => Err(Cause::Gap),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_close_frames_leave_is_small() {
        assert!(size_of::<CloseSeen>() <= 64, "{}", size_of::<CloseSeen>());
        assert!(size_of::<Talk>() <= 96, "{}", size_of::<Talk>());
    }
}
