//! Shards: the connections that a thread reads, cut into parts by their ends, and the clock that all parts go by.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::connections::Connections;
use super::numbers;
use super::shared::{Left, Shared};
use crate::bound::SHARDS;
use crate::check::Closed;
use crate::conversation::Security;
use crate::decode::Segment;
use crate::event::{Connection, Event};
use crate::ledger::Ledger;
use crate::options::Options;
use crate::tcp::{Key, Side};
use crate::time::Timestamp;
use crate::tls::Complaints;

/// For how long, in capture time, a closed connection stays: a late packet then opens no new number. Twice the longest
/// time that a segment is expected to live in a network.
const TOMBSTONE: i64 = 120_000_000_000;

/// For how long, in capture time, a closed connection stays whole: what capture queues bring in a wrong order comes within it.
const WHOLE: i64 = 1_000_000_000;

/// How often, in capture time, it is asked what has stayed for so long: every so many nanoseconds, as a power of two; an eighth of a
/// second, nearly.
const BEAT: u32 = 27;

/// With how many bytes of each packet to inflate or decrypt, or with how few packets a connection, more threads take less time. What else
/// a packet needs takes about as long as handing it over.
const LABORIOUS: u64 = 100;
const SHORT: u64 = 50;

/// Up to which packet connections may be many because a capture begins with the openings of all.
const BEGINNING: u64 = 10_000;

/// What came of a step, other than what a packet brings at once.
pub(super) trait Sink {
    /// An event. Those of one step are given in this order, by all threads together.
    fn event(&mut self, order: Order, event: &Event<'_>);

    /// What a connection leaves behind, where it is compared elsewhere.
    fn left(&mut self, order: Order, connection: Connection, closed: Closed);
}

/// The order of what comes of one step.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Order {
    /// What a packet brings at once, or what is told before the connections are asked.
    #[default]
    First,
    /// By shard: those that waited for keys.
    Woken(usize),
    /// By number: the end of what the capture leaves open.
    Ended(u64),
    /// By when they closed: those that are whole no longer.
    Buried(Timestamp, usize),
    /// The same: those that are forgotten.
    Forgotten(Timestamp, usize),
    /// By number: the records of what the capture leaves open.
    Open(u64),
}

/// All shards, or some: of the others there are no connections here.
#[derive(Debug)]
pub(super) struct Shards {
    all: Vec<Connections>,
    pub(super) shared: Shared,
    beat: i64,
    /// How many packets, bytes of labour and connections there were when it was asked last whether they are worth sharing.
    asked: [u64; 3],
}

impl Default for Shards {
    fn default() -> Self {
        Self::new(Shared::default())
    }
}

impl Shards {
    fn new(shared: Shared) -> Self {
        Self {
            all: (0..SHARDS).map(Connections::of_shard).collect(),
            shared,
            beat: 0,
            asked: [0; 3],
        }
    }

    /// No connections yet.
    pub(super) fn with_options(options: Options) -> Self {
        Self::new(Shared {
            options,
            ..Shared::default()
        })
    }

    /// Keys that open what is under TLS.
    pub(super) fn set_keys(&mut self, security: Security) {
        self.shared.scratch.secure = security;
    }

    /// Reads lines of a key log, behind so many.
    pub(super) fn read_keys(&mut self, text: &[u8], behind: u64) -> Complaints {
        self.shared.scratch.secure.keys.read(text, behind)
    }

    /// Whether what connections need is so much that other threads are worth handing it over, by the packets since this was asked last;
    /// there were so many in all.
    pub(super) fn are_worth_sharing(&mut self, packets: u64) -> bool {
        let (scratch, numbers) = (&self.shared.scratch, &self.shared.numbers);
        let now = [packets, scratch.laboured, numbers.count()];
        let [before, laboured, connections] = std::mem::replace(&mut self.asked, now);
        let new = packets - before;
        let is_much = self.shared.options.check
            || scratch.laboured - laboured >= new * LABORIOUS
            || packets > BEGINNING && (numbers.count() - connections) * SHORT >= new;
        // A connection is not shared.
        is_much && numbers.count() > 1
    }

    /// Takes out every shard of which the number leaves this remainder, for another thread.
    pub(super) fn part(&mut self, remainder: usize, parts: usize) -> Self {
        let mut part = Self::new(self.shared.another());
        for shard in (remainder..self.all.len()).step_by(parts) {
            if let (Some(from), Some(to)) = (self.all.get_mut(shard), part.all.get_mut(shard)) {
                std::mem::swap(from, to);
            }
        }
        part
    }

    /// Takes a segment.
    #[inline]
    pub(super) fn segment(&mut self, segment: &Segment<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        let (key, from_lower) = Key::of(segment);
        self.segment_of(key.shard(), &key, from_lower, segment, out);
    }

    /// Takes a segment of a shard.
    #[inline]
    pub(super) fn segment_of(
        &mut self,
        shard: usize,
        key: &Key,
        from_lower: bool,
        segment: &Segment<'_>,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        if let Some(connections) = self.all.get_mut(shard) {
            self.shared.scratch.turn(shard);
            connections.segment(key, from_lower, segment, &mut self.shared, out);
        }
    }

    /// Whether the clock has come to another beat.
    #[inline]
    pub(super) fn passes(&mut self, now: Timestamp) -> bool {
        let beat = now.0 >> BEAT;
        std::mem::replace(&mut self.beat, beat) != beat
    }

    /// Makes tombstones of what closed long enough ago, and gives up those that have stood long enough.
    #[cold]
    pub(super) fn settle(&mut self, now: Timestamp, sink: &mut dyn Sink) {
        self.bury(|closed| now.since(closed) >= WHOLE, sink);
        self.forget(|closed| now.since(closed) >= TOMBSTONE, sink);
    }

    fn bury(&mut self, due: impl Fn(Timestamp) -> bool, sink: &mut dyn Sink) {
        let first = |connections: &Connections| connections.first_closed().filter(|at| due(*at));
        self.by_time(first, Connections::bury, Order::Buried, sink);
    }

    fn forget(&mut self, due: impl Fn(Timestamp) -> bool, sink: &mut dyn Sink) {
        let first = |connections: &Connections| connections.first_over().filter(|at| due(*at));
        self.by_time(first, Connections::forget, Order::Forgotten, sink);
    }

    /// Acts on a shard as long as it has a first that is due, those of all shards by their times.
    fn by_time(
        &mut self,
        first: impl Fn(&Connections) -> Option<Timestamp>,
        act: impl Fn(&mut Connections, &mut Shared, &mut dyn FnMut(&Event<'_>)),
        order: impl Fn(Timestamp, usize) -> Order,
        sink: &mut dyn Sink,
    ) {
        let mut due: BinaryHeap<Reverse<(Timestamp, usize)>> = (0..)
            .zip(&self.all)
            .filter_map(|(shard, connections)| Some(Reverse((first(connections)?, shard))))
            .collect();
        while let Some(Reverse((time, shard))) = due.pop() {
            let order = order(time, shard);
            self.act(shard, order, sink, &act);
            let next = self.all.get(shard).and_then(&first);
            // Where times run backwards, who follows an earlier one has its turn behind that one.
            due.extend(next.map(|next| Reverse((next.max(time), shard))));
        }
    }

    fn act(
        &mut self,
        shard: usize,
        order: Order,
        sink: &mut dyn Sink,
        act: impl FnOnce(&mut Connections, &mut Shared, &mut dyn FnMut(&Event<'_>)),
    ) {
        let Some(connections) = self.all.get_mut(shard) else {
            return;
        };
        self.shared.scratch.turn(shard);
        act(connections, &mut self.shared, &mut |event| {
            sink.event(order, event);
        });
        self.hand_over(order, sink);
    }

    /// Hands over what connections have left behind.
    #[inline]
    pub(super) fn hand_over(&mut self, order: Order, sink: &mut dyn Sink) {
        if let Left::Handed(left) = &mut self.shared.left {
            for (connection, closed) in left.drain(..) {
                sink.left(order, connection, closed);
            }
        }
    }

    /// Keys have come: what waited for them is read, now or soon.
    pub(super) fn keys_came(&mut self, sink: &mut dyn Sink) {
        for shard in 0..self.all.len() {
            self.act(shard, Order::Woken(shard), sink, Connections::keys_came);
        }
    }

    /// Ends the capture: gives what was still open, and the connections that never closed, those by number. What is left is the sum of
    /// what all connections were charged.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) -> Ledger {
        let mut open: Vec<(u64, usize, u32)> = (0..)
            .zip(&self.all)
            .flat_map(|(shard, connections)| {
                let open = connections.open();
                open.map(move |(number, index)| (numbers::order(number), shard, index))
            })
            .collect();
        open.sort_unstable();
        for &(number, shard, index) in &open {
            let end = |connections: &mut Connections,
                       shared: &mut Shared,
                       out: &mut dyn FnMut(&Event<'_>)| {
                connections.end(index, shared, out);
            };
            self.act(shard, Order::Ended(number), sink, end);
        }
        self.bury(|_| true, sink);
        self.forget(|_| true, sink);
        for (number, shard, index) in open {
            let give = |connections: &mut Connections,
                        shared: &mut Shared,
                        out: &mut dyn FnMut(&Event<'_>)| {
                connections.give_open(index, shared, out);
            };
            self.act(shard, Order::Open(number), sink, give);
        }
        if let Left::Compared(across) = &mut self.shared.left {
            if let Some(notice) = across.take_notice() {
                sink.event(Order::default(), &Event::Notice(&notice));
            }
            let counts_unjudged = self.shared.options.unjudged;
            across.finish(counts_unjudged, &mut |event| {
                sink.event(Order::default(), event);
            });
        }
        let mut whole = std::mem::take(&mut self.shared.whole);
        for side in Side::ALL {
            whole += &std::mem::take(&mut self.shared.ledgers[side]);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::decode::{Endpoint, Flags};
    use crate::notice::Kind;

    fn syn(packet: u64, address: IpAddr, port: u16) -> Segment<'static> {
        let server = match address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        };
        Segment {
            packet,
            time: Timestamp(i64::try_from(packet).unwrap() * 1000),
            packets: 1,
            file: 0,
            source: Endpoint { address, port },
            destination: Endpoint {
                address: server,
                port: 443,
            },
            network: 0,
            seq: 0,
            ack: None,
            flags: Flags(Flags::SYN),
            window: 1,
            payload: &[],
            payload_len: 0,
            headers: [14, 20, 20],
            fingerprint: packet,
        }
    }

    /// What is told, and what stands in its order.
    #[derive(Default)]
    struct Kept(Vec<(Order, u64)>);

    impl Sink for Kept {
        fn event(&mut self, order: Order, event: &Event<'_>) {
            if let Event::Connection(connection) = event {
                self.0.push((order, connection.number));
            }
        }

        fn left(&mut self, _order: Order, _connection: Connection, _closed: Closed) {}
    }

    #[test]
    fn shards_have_as_many_connections_each() {
        let of_ports = (1..=64_000).map(|port| syn(1, Ipv4Addr::new(192, 0, 2, 1).into(), port));
        let of_v4 = (0..64_000).map(|n| syn(1, Ipv4Addr::from_bits(n * 256 + 7).into(), 5000));
        let of_v6 = (0..64_000).map(|n| syn(1, Ipv6Addr::from_bits(n << 64 | 1).into(), 5000));
        for (what, segments) in [
            ("ports", of_ports.collect::<Vec<_>>()),
            ("IPv4", of_v4.collect()),
            ("IPv6", of_v6.collect()),
        ] {
            let mut counts = [0; SHARDS];
            for segment in segments {
                counts[Key::of(&segment).0.shard()] += 1;
            }
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!((700..=1300).contains(least), "{what}: {least}");
            assert!((700..=1300).contains(most), "{what}: {most}");
        }
    }

    #[test]
    fn a_syn_with_another_number_begins_another_connection() {
        let address = Ipv4Addr::new(192, 0, 2, 1).into();
        let sent = |packet, seq| Segment {
            seq,
            ..syn(packet, address, 9)
        };
        for (again, connections) in [(7, 1), (8, 2)] {
            let mut shards = Shards::with_options(Options::default());
            let mut kept = Kept::default();
            for segment in [sent(1, 7), sent(2, again)] {
                shards.segment(&segment, &mut |_| {});
            }
            shards.finish(&mut kept);
            assert_eq!(kept.0.len(), connections, "{:?}", kept.0);
        }
    }

    #[test]
    fn a_full_shard_ends_what_was_idle_for_longest_and_no_other_does() {
        let mut shards = Shards::with_options(Options::default());
        let mut notices = Vec::new();
        let mut told = Vec::new();
        let mut out = |event: &Event<'_>| match event {
            Event::Notice(notice) => notices.push(((*notice).clone(), told.len())),
            Event::Connection(connection) => told.push(connection.number),
            _ => {}
        };
        let addresses = (0..).map(|n| IpAddr::V4(Ipv4Addr::from_bits(n)));
        let of_shard = addresses.filter(|address| Key::of(&syn(0, *address, 9)).0.shard() == 5);
        let another = syn(0, Ipv4Addr::new(1, 2, 3, 4).into(), 9);
        assert_ne!(Key::of(&another).0.shard(), 5);
        shards.segment(&another, &mut out);
        for (packet, address) in (1..=16_385).zip(of_shard) {
            shards.segment(&syn(packet, address, 9), &mut out);
        }
        let [(notice, at)] = notices.as_slice() else {
            panic!("{notices:?}");
        };
        assert_eq!(
            (notice.kind, notice.packet),
            (Kind::LimitReached, Some(16_385))
        );
        assert_eq!((*at, told.len()), (0, 2048));
        assert!(told.iter().eq(&(1..=2048).collect::<Vec<_>>()), "{told:?}");
        let mut rest = Kept::default();
        let ledger = shards.finish(&mut rest);
        assert_eq!(ledger.packets, 16_386);
        let numbers: Vec<u64> = rest.0.iter().map(|(_, number)| *number).collect();
        let expected: Vec<u64> = std::iter::once(0).chain(2049..=16_385).collect();
        assert_eq!(numbers, expected);
        assert!(rest.0.is_sorted());
    }
}
