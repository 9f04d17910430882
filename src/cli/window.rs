//! Window: which records are shown. It never changes what is read, so numbers stay what they are.

use super::options::Options;
use super::parse::Moment;
use crate::event::{Event, Place};
use crate::time::Timestamp;

/// Bounds on connection, packets and time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    connection: Option<u64>,
    packets: Option<(u64, u64)>,
    since: Option<Moment>,
    until: Option<Moment>,
    /// The last handshake, and whether it was shown.
    handshake: Option<(Place, bool)>,
}

impl Window {
    /// What the options ask for.
    pub(super) fn new(options: &Options) -> Self {
        Self {
            connection: options.connection,
            packets: options.packets,
            since: options.since,
            until: options.until,
            handshake: None,
        }
    }

    /// The options that ask for a part of the capture by its packets or times; none where all of it is asked for.
    pub(super) fn part(&self) -> Option<String> {
        let named = [
            ("--packets", self.packets.is_some()),
            ("--since", self.since.is_some()),
            ("--until", self.until.is_some()),
        ];
        let named: Vec<&str> = named
            .into_iter()
            .filter_map(|(name, given)| given.then_some(name))
            .collect();
        (!named.is_empty()).then(|| named.join(" and "))
    }

    /// Whether a packet lies in that part, in a capture that begins at `start`.
    pub(super) fn holds(&self, number: u64, time: Timestamp, start: Timestamp) -> bool {
        self.packets(number, number) && self.times(start, time, time)
    }

    /// Whether an event overlaps the window, in a capture that begins at `start`. The findings of a handshake come right behind it, and are
    /// shown where it is: it would be said to be invalid without a reason, or to be the reason of nothing.
    pub(super) fn shows(&mut self, event: &Event<'_>, start: Timestamp) -> bool {
        match (event, self.handshake) {
            (Event::Handshake(handshake), _) => {
                let shown = self.overlaps(event, start);
                self.handshake = Some((handshake.place, shown));
                shown
            }
            (Event::Finding(finding), Some((place, shown)))
                if finding.rule.judges_handshakes() && finding.place == place =>
            {
                shown
            }
            _ => self.overlaps(event, start),
        }
    }

    fn overlaps(&self, event: &Event<'_>, start: Timestamp) -> bool {
        match event {
            Event::Exchange(exchange) => {
                let span = &exchange.span;
                self.connection(exchange.place.connection)
                    && self.packets(span.first_packet, span.last_packet)
                    && self.times(start, span.time, span.end_time)
            }
            Event::Handshake(handshake) => {
                let first = handshake.request_packet.or(handshake.response_packet);
                let last = handshake.response_packet.or(handshake.request_packet);
                self.connection(handshake.place.connection)
                    && self.packets(first.unwrap_or(0), last.unwrap_or(u64::MAX))
                    && self.times(start, handshake.span.time, handshake.span.end_time)
            }
            Event::Frame(frame) => {
                let span = &frame.span;
                self.connection(frame.place.connection)
                    && self.packets(span.first_packet, span.last_packet)
                    && self.times(start, span.time, span.end_time)
            }
            Event::Message(message) => {
                let span = &message.span;
                self.connection(message.place.connection)
                    && self.packets(span.first_packet, span.last_packet)
                    && self.times(start, span.time, span.end_time)
            }
            Event::Single(single) => {
                self.connection(single.place.connection)
                    && self.packets(single.packet, single.packet)
                    && self.times(start, single.time, single.time)
            }
            Event::Connection(connection) => {
                self.connection(connection.number)
                    && self.packets(connection.first_packet, connection.last_packet)
                    && self.times(start, connection.time, connection.end_time)
            }
            Event::Finding(finding) => {
                self.connection(finding.place.connection)
                    && self.packets(finding.first_packet, finding.last_packet)
                    && self.times(start, finding.time, finding.time)
            }
            Event::Unjudged(unjudged) => self.connection(unjudged.connection),
            // What concerns the whole capture concerns every part of it.
            Event::Notice(notice) => {
                notice
                    .connection
                    .is_none_or(|number| self.connection(number))
                    && notice
                        .packet
                        .is_none_or(|packet| self.packets(packet, packet))
            }
        }
    }

    fn connection(&self, number: u64) -> bool {
        self.connection.is_none_or(|only| only == number)
    }

    fn packets(&self, first: u64, last: u64) -> bool {
        self.packets
            .is_none_or(|(from, to)| first <= to && last >= from)
    }

    fn times(&self, start: Timestamp, first: Timestamp, last: Timestamp) -> bool {
        self.since.is_none_or(|since| last >= since.after(start))
            && self.until.is_none_or(|until| first <= until.after(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Frame;
    use crate::report::Record;

    fn shows(mut window: Window, frame: &Frame<'_>) -> bool {
        window.shows(&Event::Frame(frame), Timestamp(1_000))
    }

    #[test]
    fn a_record_that_overlaps_is_shown() {
        let mut frame = Frame::blank();
        frame.place.connection = 3;
        (frame.span.first_packet, frame.span.last_packet) = (5, 9);
        (frame.span.time, frame.span.end_time) = (Timestamp(2_000), Timestamp(3_000));
        let open = Window::default();
        assert!(shows(open, &frame));
        let of = |connection| Window {
            connection: Some(connection),
            ..open
        };
        assert!(shows(of(3), &frame) && !shows(of(4), &frame));
        let among = |from, to| Window {
            packets: Some((from, to)),
            ..open
        };
        assert!(shows(among(9, 20), &frame) && shows(among(1, 5), &frame));
        assert!(!shows(among(10, 20), &frame) && !shows(among(1, 4), &frame));
        let since = |nanoseconds| Window {
            since: Some(Moment::Relative(nanoseconds)),
            ..open
        };
        assert!(shows(since(2_000), &frame) && !shows(since(2_001), &frame));
        let until = |nanoseconds| Window {
            until: Some(Moment::Absolute(Timestamp(nanoseconds))),
            ..open
        };
        assert!(shows(until(2_000), &frame) && !shows(until(1_999), &frame));
    }
}
