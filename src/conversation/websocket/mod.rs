//! The WebSocket of a channel: frames and messages of both directions, with what they cost.

mod boundary;
mod closes;
mod frame;
mod loss;
mod message;
mod open_frame;
mod open_message;
mod plain;

use self::boundary::{Attempt, Lost};
use self::closes::Closes;
use self::open_frame::OpenFrame;
use self::open_message::OpenMessage;
use super::Context;
use super::inflation::Inflation;
use crate::check::{Cause, Spot};
use crate::direction::{Both, Direction};
use crate::ledger::{Ledger, Row};
use crate::reader::{Layer, Pieces, Reader as _, Step};
use crate::span::Trust;
use crate::tcp::Ending;
use crate::websocket::{Compression, FrameEvent, FrameReader, Opcode};

/// A payload of at most so many bytes is read in one go where it is there whole: what is unmasked of it stays in the nearest cache.
const STRIDE: usize = 16 << 10;

/// Frames and messages of one WebSocket.
#[derive(Debug)]
pub(super) struct WebSocket {
    halves: Both<Half>,
    frames: u64,
    /// Messages by sender.
    pub(super) messages_sent: Both<u64>,
    pub(super) closes: Closes,
}

#[derive(Debug, Default)]
struct Half {
    /// Where it stands, if not between two frames. Most frames are never here.
    inside: Option<Box<Inside>>,
    /// A message of which not all frames are there.
    message: Option<Box<OpenMessage>>,
    inflation: Inflation,
    /// How sure the next frame's boundary is.
    trust: Trust,
    /// Whether the boundary behind the open frame must be found, because it is not sure how long a hole inside was.
    unconfirmed: bool,
    /// Whether a message may be open whose beginning is not known.
    fragmentation_unknown: bool,
    /// How it has ended, once it has. More may come all the same, as long as the other side does not know.
    ended: Option<Ending>,
}

/// Where a direction stands that is not between two frames.
#[derive(Debug)]
enum Inside {
    /// In a frame of which not all bytes are there.
    Frame(FrameReader, OpenFrame),
    /// Nobody knows: its next boundary is looked for.
    Lost(Lost),
    /// In a frame that was given where the direction ended, so many bytes before its end.
    Rest(u64),
}

impl Half {
    fn frame(&self) -> Option<&OpenFrame> {
        match self.inside.as_deref() {
            Some(Inside::Frame(_, frame)) => Some(frame),
            _ => None,
        }
    }

    fn lost(&self) -> Option<&Lost> {
        match self.inside.as_deref() {
            Some(Inside::Lost(lost)) => Some(lost),
            _ => None,
        }
    }

    /// Bytes of the message that is open are missing.
    fn lose_of_message(&mut self, cause: Cause) {
        if let Some(message) = &mut self.message {
            message.lose(cause);
        }
    }

    fn lose(&mut self, lost: Lost) {
        self.inside = Some(Box::new(Inside::Lost(lost)));
    }
}

impl WebSocket {
    /// A WebSocket whose both directions are at a boundary that is so sure.
    pub(super) fn new(trust: Both<Trust>, compression: Compression) -> Self {
        let half = |direction| {
            let from_the_start = trust[direction] <= Trust::Carried;
            Half {
                trust: trust[direction],
                inflation: Inflation::new(compression, direction, from_the_start),
                fragmentation_unknown: !from_the_start,
                ..Half::default()
            }
        };
        Self {
            halves: Both {
                to_server: half(Direction::ToServer),
                to_client: half(Direction::ToClient),
            },
            frames: 0,
            messages_sent: Both::default(),
            closes: Closes::default(),
        }
    }

    /// Marks one direction's boundary as not known.
    pub(super) fn lose(
        &mut self,
        direction: Direction,
        trust: Trust,
        cause: Cause,
        cx: &mut Context<'_>,
    ) {
        let half = &mut self.halves[direction];
        half.fragmentation_unknown = true;
        half.inflation.lose(cause, &mut cx.scratch.workshop);
        half.lose(Lost::at(trust));
    }

    /// How many frames were read.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// How many messages have begun.
    fn messages(&self) -> u64 {
        self.messages_sent.to_server + self.messages_sent.to_client
    }

    /// Looks for a request at a boundary of the client's frames.
    #[cold]
    fn look_at_boundary(&self, bytes: &[u8], pieces: &Pieces, cx: &mut Context<'_>) {
        let sure = self.halves.to_server.trust <= Trust::Carried;
        let spot = Spot::of_packet(cx.packet, cx.time).at_offset(pieces.offset());
        let checks = cx.checks.as_mut().filter(|_| sure);
        if let Some(tunnel) = checks.and_then(|checks| checks.http.tunnel.as_mut()) {
            tunnel.at_boundary(bytes, pieces.offset(), spot);
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
        let tunnel = cx
            .checks
            .as_mut()
            .and_then(|checks| checks.http.tunnel.as_mut());
        let looked_at = direction == Direction::ToServer
            && tunnel.is_some_and(|tunnel| {
                tunnel.go_on(bytes, pieces.offset());
                tunnel.wants_boundaries()
            });
        let half = &self.halves[direction];
        if half.ended.is_some() && half.inside.is_some() {
            // What was open at the end is not known to have stayed so.
            if let Some(checks) = &mut cx.checks {
                checks.lose(direction, Cause::Resync);
            }
            used += self.pass_rest(direction, bytes, pieces, ledger);
        }
        if self.halves[direction].lost().is_some() {
            used += self.search(direction, bytes, Attempt::WhenEnough, pieces, ledger, cx);
            if self.halves[direction].lost().is_some() {
                return used;
            }
        }
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let mut between = FrameReader::default();
            let reader = match self.halves[direction].inside.as_deref_mut() {
                Some(Inside::Frame(reader, _)) => reader,
                _ => &mut between,
            };
            match reader.read(rest) {
                Step::Incomplete => return used,
                Step::Event(len, FrameEvent::Header(header)) => {
                    if looked_at {
                        self.look_at_boundary(rest, pieces, cx);
                    }
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
                        self.begin_frame(direction, (between, header), cost, prepaid, cx);
                    }
                }
                Step::Event(len, FrameEvent::Payload) => {
                    used += len;
                    let payload = rest.get(..len).unwrap_or_default();
                    self.payload(direction, payload, pieces, ledger, cx);
                }
                Step::Event(_, FrameEvent::End) => {
                    self.end_frame(direction, cx);
                    if self.halves[direction].lost().is_some() {
                        let rest = bytes.get(used..).unwrap_or_default();
                        return used + self.read(direction, rest, pieces, ledger, cx);
                    }
                }
            }
        }
    }
}

fn row_of(opcode: Opcode) -> Row {
    if opcode.is_control() {
        Row::Control
    } else {
        Row::Message
    }
}

fn to_usize(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
