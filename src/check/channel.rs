//! Channel: what is kept of a WebSocket for the rules that look at it as a whole. Its size does not grow with the connection.

use super::finding::Cause;
use super::frames::Agreement;
use super::line::Line;
use super::masks::{Masks, OnWire};
use super::messages::Shape;
use super::outcome::Spot;
use super::performance::{Base64Run, Sample, Split, Stream};
use super::pings::Pings;
use crate::direction::{Both, Direction};
use crate::time::Timestamp;

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
    pub(super) last_frame: Option<Timestamp>,
    /// The longest time without a frame, in nanoseconds, and where it ended.
    pub(super) idle: Option<(i64, Spot)>,
}

/// What one side said.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    pub(super) frames: u64,
    pub(super) messages: u64,
    pub(super) header_bytes: u64,
    pub(super) payload_bytes: u64,
    /// Its place was lost or never sure: frames are missing.
    pub(super) lost: Option<Cause>,
    /// Its first close frame.
    pub(super) close: Option<CloseSeen>,
    /// A frame that is not read to its end.
    pub(super) open_frame: Option<Box<OpenFrame>>,
    /// A message whose final frame has not come.
    pub(super) open_message: Option<Box<Spot>>,
    /// Whether a message began inside another, whose frames may still come.
    pub(super) interleaved: bool,
    /// Whether it is inside a frame or a message.
    pub(super) inside: bool,
    pub(super) shape: Shape,
    pub(super) largest_message: u64,
    /// Once there is a masking key.
    pub(super) masks: Option<Box<Masks>>,
    pub(super) on_wire: OnWire,
    /// Once there is one, of either side.
    pub(super) pings: Option<Box<Pings>>,
    pub(super) stream: Stream,
    pub(super) split: Split,
    /// Once there is something to try.
    pub(super) sample: Option<Box<Sample>>,
    /// The longest run of base64 in the text that is being read.
    pub(super) base64: Base64Run,
    pub(super) compression: super::deflate::Totals,
}

/// A close frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct CloseSeen {
    pub(super) code: Option<u16>,
    pub(super) spot: Spot,
    /// The offset behind its last byte.
    pub(super) end: u64,
    /// How far its sender had acknowledged the other side's bytes, at most; none where that is not known.
    pub(super) acked: Option<u64>,
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
            None if self.lines[direction].has_hole => Err(Cause::Gap),
            None => Ok(()),
        }
    }
}
