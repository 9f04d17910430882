//! What the rules want to know of a connection's segments: ends, silences, windows, waits.

use std::net::IpAddr;

use crate::check::{Checks, Line, Reach, Small};
use crate::decode::Segment;
use crate::direction::Direction;
use crate::tcp::{Side, State};
use crate::time::Timestamp;

/// Between which times, in nanoseconds, a pause before a small write looks like one that waited for an acknowledgment.
const WAIT: std::ops::Range<i64> = 35_000_000..250_000_000;

/// How soon behind the acknowledgment the write follows, in nanoseconds, if it waited for it.
const AT_ONCE: i64 = 5_000_000;

/// Below which payload a write is small: Nagle's algorithm holds nothing back that fills a segment.
const SMALL: u32 = 500;

/// The checks of a connection that begins with this segment.
pub(super) fn begin(segment: &Segment<'_>, unjudged: bool) -> Box<Checks> {
    let ends = [segment.source.address, segment.destination.address];
    let reach = if ends.iter().all(IpAddr::is_loopback) {
        Reach::Loopback
    } else if ends.iter().all(is_private) {
        Reach::Private
    } else {
        Reach::Public
    };
    Box::new(Checks::new(reach, unjudged))
}

fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

/// Takes a segment before its payload is read.
pub(super) fn before(checks: &mut Checks, tcp: &State, side: Side, segment: &Segment<'_>) {
    let now = (segment.time, segment.packet);
    let line = &mut checks.lines[side];
    if segment.flags.fin() {
        let other = &tcp.half(side.other()).assembler;
        let acked = segment.ack.and_then(|ack| other.offset(ack)).unwrap_or(0);
        line.note_fin(now, acked);
    }
    if segment.flags.rst() {
        let assembler = &tcp.half(side).assembler;
        let in_order = assembler.is_next(segment.seq) && !assembler.has_hole();
        line.note_reset(now, in_order);
        return;
    }
    if segment.window == 0 && !segment.flags.syn() {
        let troubles = line.troubles_mut();
        troubles.zero_since.get_or_insert(now);
    } else if let Some(troubles) = line.troubles_if_any()
        && let Some((since, packet)) = troubles.zero_since.take()
    {
        troubles.zero = troubles.zero.saturating_add(segment.time.since(since));
        troubles.zero_at.get_or_insert((since, packet));
    }
    if segment.payload_len > 0 {
        line.bytes += u64::from(segment.payload_len);
        if let Some(small) = line.take_small() {
            note_wait(line, small, segment);
        }
    }
}

/// Takes note of a write that waited for the acknowledgment of the one before, in the middle of a message.
fn note_wait(line: &mut Line, small: Small, segment: &Segment<'_>) {
    let waited = segment.time.since(small.time);
    let follows = small
        .acked
        .is_some_and(|acked| segment.time.since(acked) < AT_ONCE);
    if follows && WAIT.contains(&waited) {
        let troubles = line.troubles_mut();
        troubles.waits += 1;
        troubles.waited = troubles.waited.saturating_add(waited);
        troubles
            .waits_at
            .get_or_insert((segment.time, segment.packet));
    }
}

/// Takes note of bytes that came again.
pub(super) fn again(checks: &mut Checks, side: Side, len: u32, segment: &Segment<'_>) {
    let line = &mut checks.lines[side];
    line.bytes = line.bytes.saturating_sub(u64::from(len));
    let last_new = line.last_new.get();
    let troubles = line.troubles_mut();
    troubles.again += u64::from(len);
    troubles
        .again_at
        .get_or_insert((segment.time, segment.packet));
    if let Some(last) = last_new {
        troubles.stall = troubles.stall.max(segment.time.since(last));
    }
}

/// Takes a plain segment after its payload was read, as [`before`] and [`after`] would: reading such a payload looks at
/// nothing that these keep.
pub(super) fn plain(
    checks: &mut Checks,
    tcp: &State,
    client: Side,
    side: Side,
    segment: &Segment<'_>,
) {
    let line = &mut checks.lines[side];
    if segment.window == 0 || line.has_troubles() {
        before(checks, tcp, side, segment);
    } else if segment.payload_len > 0 {
        line.bytes += u64::from(segment.payload_len);
        if let Some(small) = line.take_small() {
            note_wait(line, small, segment);
        }
    }
    read(checks, tcp, client, side, segment);
    if let Some(ack) = segment.ack {
        acknowledged(checks, tcp, side, ack, segment.time);
    }
}

/// Takes a segment after its payload was read.
pub(super) fn after(
    checks: &mut Checks,
    tcp: &State,
    client: Side,
    side: Side,
    segment: &Segment<'_>,
) {
    if segment.flags.rst() {
        return;
    }
    let used = u32::from(segment.flags.syn()) + u32::from(segment.flags.fin());
    let end = segment
        .seq
        .wrapping_add(segment.payload_len)
        .wrapping_add(used);
    let assembler = &tcp.half(side).assembler;
    if assembler.is_next(end) && !assembler.holds() {
        read(checks, tcp, client, side, segment);
    }
    if let Some(ack) = segment.ack {
        acknowledged(checks, tcp, side, ack, segment.time);
    }
}

/// A side has sent nothing that was not read, up to the end of this segment.
#[inline]
fn read(checks: &mut Checks, tcp: &State, client: Side, side: Side, segment: &Segment<'_>) {
    let inside = segment.payload_len > 0 && segment.payload_len < SMALL && {
        let direction = if client == side {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        checks.is_inside(direction)
    };
    let line = &mut checks.lines[side];
    line.read_until = line.read_until.max(segment.time.into());
    if segment.payload_len > 0 {
        line.last_new = segment.time.into();
        line.keep_small(inside.then(|| Small {
            time: segment.time,
            end: tcp.half(side).assembler.next_offset(),
            acked: None,
        }));
    }
}

/// A side has acknowledged the other's bytes.
#[inline]
fn acknowledged(checks: &mut Checks, tcp: &State, side: Side, ack: u32, time: Timestamp) {
    let other = &tcp.half(side.other()).assembler;
    let line = &mut checks.lines[side.other()];
    line.acked = line.acked.max(other.acknowledged());
    if other.is_next(ack) && !line.is_fin_read() {
        line.open_at = line.open_at.max(time.into());
    }
    if let Some(small) = line.small_mut()
        && small.acked.is_none()
        && other.acknowledged() >= small.end
    {
        small.acked = Some(time);
    }
}
