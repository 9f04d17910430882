//! Analysis: packets in, events out. The sans-IO core of the whole.

use crate::capture::Packet;
use crate::event::Event;
use crate::ledger::Ledger;

/// What is kept beside lengths and counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// How many bytes of each frame's payload are kept.
    pub keep_frames: u64,
    /// How many bytes of each message's payload are kept.
    pub keep_messages: u64,
    /// How many bytes of each HTTP body are kept.
    pub keep_bodies: u64,
}

/// Takes packets in the order of a capture and gives events as soon as they are known.
#[derive(Debug, Default)]
pub struct Analysis {
    options: Options,
    ledger: Ledger,
}

impl Analysis {
    /// An analysis that has seen nothing.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ledger: Ledger::default(),
        }
    }

    /// Takes the next packet.
    pub fn push(&mut self, packet: &Packet<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        let _ = (packet, out, self.options);
    }

    /// Ends the capture: gives what was still open, and the connections that never closed.
    pub fn finish(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        let _ = out;
    }

    /// The whole capture's ledger; complete after [`finish`](Self::finish).
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
