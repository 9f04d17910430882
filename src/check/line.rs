//! Line: what is kept of one side of a TCP connection for the rules that look at its times and numbers.

use crate::time::Timestamp;

/// A time that may not be known, in eight bytes: before all times that captures have.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Moment(i64);

impl Moment {
    pub(crate) fn get(self) -> Option<Timestamp> {
        (self.0 != i64::MIN).then_some(Timestamp(self.0))
    }
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        Self(time.0)
    }
}

impl Default for Moment {
    fn default() -> Self {
        Self(i64::MIN)
    }
}

/// One side of a TCP connection.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Everything that it had sent at this time was read: a packet said so by its sequence number.
    pub(crate) read_until: Moment,
    /// At this time the other side had no FIN of it: a packet said so by its acknowledgment number.
    pub(crate) open_at: Moment,
    pub(crate) last_new: Moment,
    /// How far the other side has acknowledged its bytes.
    pub(crate) acked: u64,
    /// Payload bytes of its packets, each once.
    pub(crate) bytes: u64,
    rare: Option<Box<Rare>>,
}

/// What a line does not have while it is plain.
#[derive(Debug, Default)]
struct Rare {
    /// Its first FIN.
    fin: Option<(Timestamp, u64)>,
    /// How far its FIN acknowledged the other side's bytes: with several copies of it, the least.
    fin_acked: Option<u64>,
    /// Its RST, and whether all bytes before it were there.
    reset: Option<(Timestamp, u64, bool)>,
    /// Whether all bytes before its FIN were read, or known to be missing inside payloads.
    fin_read: bool,
    /// Bytes that were acknowledged and never seen, or that wait behind a hole.
    has_hole: bool,
    /// The last segment that it sent, where that was small and ended inside a message.
    small: Option<Small>,
    /// Once there is any.
    troubles: Option<Box<Troubles>>,
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
    /// A FIN, which acknowledges so much of the other side's bytes.
    pub(crate) fn note_fin(&mut self, now: (Timestamp, u64), acked: u64) {
        let ends = self.rare.get_or_insert_default();
        ends.fin.get_or_insert(now);
        ends.fin_acked = Some(ends.fin_acked.map_or(acked, |least| least.min(acked)));
    }

    /// A RST; `in_order`: all bytes before it were there.
    pub(crate) fn note_reset(&mut self, (time, packet): (Timestamp, u64), in_order: bool) {
        let ends = self.rare.get_or_insert_default();
        ends.reset.get_or_insert((time, packet, in_order));
    }

    /// All bytes before its FIN were read, or are known to be missing inside payloads.
    pub(crate) fn note_fin_read(&mut self) {
        self.rare.get_or_insert_default().fin_read = true;
    }

    /// Whether that was so.
    #[inline]
    pub(crate) fn is_fin_read(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.fin_read)
    }

    /// Whether bytes were acknowledged and never seen, or wait behind a hole.
    pub(crate) fn set_hole(&mut self, has_hole: bool) {
        if has_hole || self.rare.is_some() {
            self.rare.get_or_insert_default().has_hole = has_hole;
        }
    }

    /// The same.
    pub(super) fn has_hole(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.has_hole)
    }

    /// Its first FIN.
    pub(super) fn fin(&self) -> Option<(Timestamp, u64)> {
        self.rare.as_ref()?.fin
    }

    /// How far its FIN acknowledged the other side's bytes: with several copies of it, the least.
    pub(super) fn fin_acked(&self) -> Option<u64> {
        self.rare.as_ref()?.fin_acked
    }

    /// Its RST, and whether all bytes before it were there.
    pub(super) fn reset(&self) -> Option<(Timestamp, u64, bool)> {
        self.rare.as_ref()?.reset
    }

    /// Whether it had no troubles and was not reset.
    pub(super) fn is_smooth(&self) -> bool {
        (self.rare.as_ref()).is_none_or(|rare| rare.troubles.is_none() && rare.reset.is_none())
    }

    /// Whether it had troubles.
    #[inline]
    pub(crate) fn has_troubles(&self) -> bool {
        (self.rare.as_ref()).is_some_and(|rare| rare.troubles.is_some())
    }

    /// Its troubles, where it has any.
    pub(crate) fn troubles_if_any(&mut self) -> Option<&mut Troubles> {
        self.rare.as_mut()?.troubles.as_deref_mut()
    }

    /// Its troubles, which it has from now on.
    pub(crate) fn troubles_mut(&mut self) -> &mut Troubles {
        let rare = self.rare.get_or_insert_default();
        rare.troubles.get_or_insert_default()
    }

    /// Takes the last segment that it sent, where that was small and ended inside a message.
    #[inline]
    pub(crate) fn take_small(&mut self) -> Option<Small> {
        self.rare.as_mut()?.small.take()
    }

    /// Keeps the last segment that it sent, where it is such a one.
    #[inline]
    pub(crate) fn keep_small(&mut self, small: Option<Small>) {
        if small.is_some() || self.rare.is_some() {
            self.rare.get_or_insert_default().small = small;
        }
    }

    /// The same.
    #[inline]
    pub(crate) fn small_mut(&mut self) -> Option<&mut Small> {
        self.rare.as_mut()?.small.as_mut()
    }

    /// Its troubles; those of a line that has none are all zero.
    pub(super) fn troubles(&self) -> Troubles {
        let troubles = (self.rare.as_ref()).and_then(|rare| rare.troubles.as_deref());
        troubles.copied().unwrap_or_default()
    }

    /// Whether the stream ended, and all of it was there to be read.
    pub(super) fn ended(&self) -> bool {
        self.is_fin_read()
            || self.fin().is_none() && self.reset().is_some_and(|(_, _, in_order)| in_order)
    }

    /// When and in which packet it ended, as far as the capture shows.
    pub(super) fn end(&self) -> Option<(Timestamp, u64)> {
        let reset = self.reset().map(|(time, packet, _)| (time, packet));
        self.fin().or(reset)
    }
}
