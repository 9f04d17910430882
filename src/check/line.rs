//! Line: what is kept of one side of a TCP connection for the rules that look at its times and numbers.

use crate::time::Timestamp;

/// One side of a TCP connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    /// Its first FIN.
    pub(crate) fin: Option<(Timestamp, u64)>,
    /// How far its FIN acknowledged the other side's bytes: with several copies of it, the least.
    pub(crate) fin_acked: Option<u64>,
    /// Whether all bytes before its FIN were read, or known to be missing inside payloads.
    pub(crate) fin_read: bool,
    /// Its RST, and whether all bytes before it were there.
    pub(crate) reset: Option<(Timestamp, u64, bool)>,
    /// Everything that it had sent at this time was read: a packet said so by its sequence number.
    pub(crate) read_until: Option<Timestamp>,
    /// At this time the other side had no FIN of it: a packet said so by its acknowledgment number.
    pub(crate) open_at: Option<Timestamp>,
    /// How far the other side has acknowledged its bytes.
    pub(crate) acked: u64,
    /// Bytes that were acknowledged and never seen, or that wait behind a hole.
    pub(crate) has_hole: bool,
    /// Payload bytes of its packets, each once.
    pub(crate) bytes: u64,
    pub(crate) last_new: Option<Timestamp>,
    /// The last segment that it sent, where that was small and ended inside a message.
    pub(crate) small: Option<Small>,
    /// Once there is any.
    pub(crate) troubles: Option<Box<Troubles>>,
}

/// What most lines never have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Troubles {
    /// Payload bytes that came again, and where first.
    pub(crate) again: u64,
    pub(crate) again_at: Option<(Timestamp, u64)>,
    /// The longest time from new bytes to old ones that came again, in nanoseconds.
    pub(crate) stall: i64,
    /// Two copies of its bytes disagreed, in this packet.
    pub(crate) conflict: Option<(Timestamp, u64)>,
    /// Since when its receive window is zero.
    pub(crate) zero_since: Option<(Timestamp, u64)>,
    /// For how long it was, in nanoseconds, and where first.
    pub(crate) zero: i64,
    pub(crate) zero_at: Option<(Timestamp, u64)>,
    /// Small writes that waited for an acknowledgment: how many, for how long in all, and where first.
    pub(crate) waits: u64,
    pub(crate) waited: i64,
    pub(crate) waits_at: Option<(Timestamp, u64)>,
}

/// A small segment that ended inside a frame or a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Small {
    pub(crate) time: Timestamp,
    /// The offset behind it.
    pub(crate) end: u64,
    /// When it was acknowledged.
    pub(crate) acked: Option<Timestamp>,
}

impl Line {
    /// Its troubles; those of a line that has none are all zero.
    pub(super) fn troubles(&self) -> Troubles {
        self.troubles.as_deref().copied().unwrap_or_default()
    }

    /// Whether the stream ended, and all of it was there to be read.
    pub(super) fn ended(&self) -> bool {
        self.fin_read || self.fin.is_none() && self.reset.is_some_and(|(_, _, in_order)| in_order)
    }

    /// When and in which packet it ended, as far as the capture shows.
    pub(super) fn end(&self) -> Option<(Timestamp, u64)> {
        self.fin
            .or(self.reset.map(|(time, packet, _)| (time, packet)))
    }
}
